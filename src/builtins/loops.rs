//! What the functions of `stdlib/prelude.nab` that call a function again and again need beside the language.

use super::declare::builtins;
use crate::interp::Value;

builtins! {
    elements Settled;

    /// A long `scan` while a graph is made, as one operation of it: the last state and the outputs.
    /// None where the turns must run one by one. Where `alone`, outputs that are no arrays are such a case.
    fn _staged(f, init, xs, alone = false)
        ex "graph(|xs| scan(|s, x| (s + x, (x=x, s=s)), 0, xs)[0])(0..100)" => "4950";
        ex "graph(|xs| sum(map(|x| x * x, xs)))(0..100)" => "328350";
        fails "graph(|x| scan(|s, i| s, x, 0..100))(1.0)" => "type";
    = |machine, args| {
        let alone = args.bool(3)?;
        Ok(match machine.staged_scan(args.get(0), args.get(1), args.get(2), alone)? {
            Some((state, outputs)) => Value::tuple(vec![state, outputs]),
            None => Value::None,
        })
    };
}

//! What the functions of `stdlib/prelude.nab` that call a function again and again need beside the language.

use super::declare::builtins;
use crate::interp::{Scanned, Value};
use crate::transform::waiting;

builtins! {
    elements Settled;

    /// Runs the turns of a long `scan` while a graph is made, as one operation of it.
    /// Gives the last state, the outputs, and none. Where the turns must run one by one: the state and a list of outputs
    /// behind those that have run, and the items that are left. Where `alone`, outputs that are no arrays are such a case.
    fn _staged(f, init, xs, alone = false)
        ex "graph(|xs| scan(|s, x| (s + x, (x=x, s=s)), 0, xs)[0])(0..100)" => "4950";
        ex "graph(|xs| sum(map(|x| x * x, xs)))(0..100)" => "328350";
        fails "graph(|x| scan(|s, i| s, x, 0..100))(1.0)" => "type";
    = |machine, args| {
        let alone = args.bool(3)?;
        let Scanned { state, outputs, ahead } = machine.staged_scan(args.get(0), args.get(1), args.get(2), alone)?;
        Ok(Value::tuple(vec![state, outputs, ahead.unwrap_or(Value::None)]))
    };

    /// Runs what waits for statements to come, and tells whether there was anything.
    fn _waited()
        effect true;
        ex "timeit(|| ones(10)).runs > 0" => "True";
    = |machine, _| {
        let waited = waiting::any_behind(&machine.host.cx);
        waiting::settle_all(&mut machine.host.cx)?;
        Ok(Value::bool(waited))
    };
}

//! Printing, help, the outside world.

use super::declare::builtins;
use crate::interp::Value;

builtins! {
    /// Writes values, separated by `sep` and ended by `end`.
    fn print(*values, sep = " ", end = "\n", oneline = false)
        ex "print(1, [1, 2])" => "1 [1 2]";
    = |machine, args| {
        let values = args.rest(0);
        let (sep, end, oneline) = (args.text(1)?.to_string(), args.text(2)?.to_string(), args.bool(3)?);
        let before = machine.host.print.oneline;
        machine.host.print.oneline |= oneline;
        let texts: Vec<String> = values.iter().map(|value| machine.host.text(value)).collect();
        machine.host.print.oneline = before;
        machine.host.write(&(texts.join(&sep) + &end))?;
        Ok(Value::None)
    };
}

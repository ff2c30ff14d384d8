//! `stop_gradient(x)`: what derivatives do not follow.

use crate::builtins::declare::builtins;
use crate::interp::Value;
use crate::ops;

builtins! {
    elements Waiting;

    /// x itself, as a constant to all derivatives around: nothing moves through it.
    /// Of a structure every number; text and functions stay as they are.
    fn stop_gradient(x)
        ex "grad(|x| x * stop_gradient(x))(3.0)" => "3.0";
        ex "stop_gradient((w=[1.0, 2.0], name=\"a\"))" => "(w=[1. 2.], name='a')";
        fails "stop_gradient()" => "type";
    = |machine, args| {
        let x = args.get(0).clone();
        machine.map_leaves(x, &mut |machine, leaf| match leaf {
            Value::Array(array) => {
                ops::stop::stop_gradient(&mut machine.host.cx, array).map(Value::Array)
            }
            other => Ok(other),
        })
    };
}

//! Random numbers, the same for one seed on every machine and device.

use super::Args;
use super::arrays::dtype_or_f64;
use super::declare::builtins;
use crate::context::RandomState;
use crate::diagnostics::{Error, Result};
use crate::interp::{Machine, Value};
use crate::ops::random;
use crate::tensor::DType;

/// Starts the stream of a seed.
pub(super) fn start(machine: &mut Machine, args: &Args) -> Result<Value> {
    let seed = args.int(0)?;
    let seed = u64::try_from(seed).map_err(|_| Error::value(format!("a seed is 0 or more, not {seed}")))?;
    machine.host.cx.random = RandomState::seeded(seed);
    Ok(Value::None)
}

builtins! {
    elements Settled;

    /// Uniform random numbers in [0, 1).
    /// The shape is given as lengths or as one tuple; without a shape it is one number. `dtype` is `f64` or `f32`.
    fn rand(*shape, dtype = f64)
        creates true;
        ex "seed(1); rand(2, 3).shape" => "(2, 3)";
        ex "seed(1); x = rand((1000,)); (min(x) >= 0, max(x) < 1)" => "(True, True)";
        fails "rand(-1)" => "value";
        fails "rand(2, dtype=i64)" => "type";
    = |machine, args| {
        let (shape, dtype) = (args.rest_ints(0)?, dtype_or_f64(args, 1)?);
        random::rand(&mut machine.host.cx, &shape, dtype).map(Value::Array)
    };

    /// Normal random numbers, of mean 0 and variance 1.
    /// The shape is given as lengths or as one tuple; without a shape it is one number. `dtype` is `f64` or `f32`.
    fn randn(*shape, dtype = f64)
        creates true;
        ex "randn((2, 3), dtype=f32).dtype" => "f32";
        ex "seed(7); a = randn(3); seed(7); all(a == randn(3))" => "True";
        fails "randn(\"3\")" => "type";
    = |machine, args| {
        let (shape, dtype) = (args.rest_ints(0)?, dtype_or_f64(args, 1)?);
        random::randn(&mut machine.host.cx, &shape, dtype).map(Value::Array)
    };

    /// Random integers from `low` up to but not including `high`.
    /// One limit is `high`, and `low` is then 0. `shape` is a length or a tuple of them; without it, it is one number.
    /// `dtype` is one of integers that has all that may be drawn, or `bool`.
    fn randint(low, high = none, shape = none, dtype = i64)
        creates true;
        ex "x = randint(1, 7, 100); (min(x) >= 1, max(x) <= 6)" => "(True, True)";
        ex "randint(10, shape=(2, 2)).shape" => "(2, 2)";
        fails "randint(5, 5)" => "value";
        fails "randint(0, 300, 100, dtype=u8)" => "value";
        fails "randint(5, dtype=f64)" => "type";
    = |machine, args| {
        let (low, high) = match args.optional_int(1)? {
            Some(high) => (args.int(0)?, high),
            None => (0, args.int(0)?),
        };
        let (shape, dtype) = (args.optional_ints(2)?.unwrap_or_default(), args.dtype(3)?.unwrap_or(DType::I64));
        random::randint(&mut machine.host.cx, low, high, &shape, dtype).map(Value::Array)
    };

    /// Starts the random numbers anew: the same seed gives the same numbers.
    fn seed(n)
        effect true;
        ex "seed(42); a = rand(); seed(42); a == rand()" => "True";
        fails "seed(-1)" => "value";
        fails "seed(0.5)" => "type";
    = |machine, args| start(machine, args);
}

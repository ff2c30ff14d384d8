//! The module `random`: what its functions in `stdlib/random.nab` take from the table of operations.

use super::Args;
use super::declare::builtins;
use crate::context::Context;
use crate::diagnostics::{Error, Result};
use crate::interp::{Value, operand_array};
use crate::ops::parameter::{self, Domain};
use crate::ops::{Entry, cast, choose, create, random, reshape, sample};
use crate::tensor::shape::{self, Shape};
use crate::tensor::{Array, DType};

const DOMAINS: &[(&str, Domain)] = &[
    ("number", Domain::Number),
    ("vector", Domain::Vector),
    ("not negative", Domain::NotNegative),
    ("finite", Domain::Finite),
    ("positive", Domain::Positive),
    ("shape", Domain::Shape),
    ("shapes", Domain::Shapes),
    ("above 1", Domain::AboveOne),
    ("probability", Domain::Probability),
    ("chance", Domain::Chance),
    ("below 1", Domain::BelowOne),
    ("mean", Domain::Mean),
    ("count", Domain::Count),
    ("distribution", Domain::Distribution),
];

const SAMPLERS: &[&Entry] = &[
    &sample::LOG_GAMMA,
    &sample::POISSON,
    &sample::BINOMIAL,
    &sample::NEGATIVE_BINOMIAL,
    &sample::GEOMETRIC,
    &sample::HYPERGEOMETRIC,
    &sample::LOGSERIES,
    &sample::ZIPF,
    &sample::VONMISES,
    &sample::WALD,
    &sample::NONCENTRAL,
];

/// A parameter of a distribution.
fn numbers(value: &Value, name: &str) -> Result<Array> {
    let wrong = || {
        let error = Error::ty(format!("`{name}` has to be numbers, this is {}", value.describe()));
        if let Value::Tuple(_) = value { error.help("write an array: `[1, 2]`, or `array(x)`") } else { error }
    };
    value.as_array().ok_or_else(|| value.unknown().unwrap_or_else(wrong))
}

/// The parameters in a `*rest`, which have been checked.
fn rest(args: &Args, number: usize) -> Result<Vec<Array>> {
    args.rest(number).iter().map(|value| value.as_array().ok_or_else(|| args.wrong(number, "numbers"))).collect()
}

/// The shape of what is drawn: `size`, or else what the parameters broadcast to. They must fit a size.
fn drawn_shape(size: Option<&[i64]>, parameters: &[Array]) -> Result<Shape> {
    let differ = |mismatch: shape::Mismatch| {
        let names: Vec<String> = parameters.iter().map(Array::type_name).collect();
        let message = format!("cannot broadcast the parameters {}", names.join(" and "));
        Error::shape(format!("{message}: axis {} has lengths {} and {}", mismatch.axis, mismatch.left, mismatch.right))
    };
    let mut common = Shape::new();
    for parameter in parameters {
        common = shape::broadcast(&common, parameter.shape()).map_err(differ)?;
    }
    let Some(size) = size else { return Ok(common) };
    let size = create::lengths(size)?;
    match shape::broadcast(&common, &size) {
        Ok(both) if both == size => Ok(size),
        _ => Err(Error::shape(format!(
            "`size` {} does not fit the parameters, which broadcast to {}",
            shape::text(&size),
            shape::text(&common)
        ))
        .help("the parameters are stretched to `size`; without a size each of their elements is drawn for once")),
    }
}

fn tuple(lengths: &[i64]) -> Value {
    Value::tuple(lengths.iter().map(|&length| Value::int(length)).collect())
}

fn lengths(shape: &[usize]) -> Vec<i64> {
    shape.iter().map(|&length| length as i64).collect()
}

/// Indices of a population in this shape, chosen alike or with the probabilities `p`.
fn choice(cx: &mut Context, population: i64, p: Option<Array>, shape: &[i64], replace: bool) -> Result<Array> {
    let count = shape::size(&create::lengths(shape)?);
    if population <= 0 && count > 0 {
        return Err(Error::value(format!("`a` has to hold something to choose from, not {population} items")));
    }
    let chosen = match p {
        Some(p) => {
            if p.shape() != [population as usize] {
                let message = format!("`p` has to hold a probability for each of {population}, this is");
                return Err(Error::shape(format!("{message} {}", p.type_name())));
            }
            let p = parameter::check(cx, p, "p", Domain::Distribution)?;
            choose::choice(cx, p, count, replace)?
        }
        None if replace => return random::randint(cx, 0, population.max(1), shape, DType::I64),
        None => choose::order(cx, population.max(0) as usize, &[count.min(i64::MAX as usize) as i64])?,
    };
    reshape(cx, chosen, shape)
}

builtins! {
    elements Settled;

    /// Random integers from `low` up to but not including `high`, or up to it with `endpoint`.
    /// One limit is `high`, and `low` is then 0. Limits that are arrays broadcast, and have to fit `size`, if that is given.
    /// Single limits draw what `randint` draws. `dtype` is one of integers that has all that may be drawn, or `bool`.
    fn integers(low, high = none, size = none, dtype = i64, endpoint = false)
        creates true;
        ex "seed(1); random.integers(1, 6, size=5, endpoint=true)" => "[6 5 6 4 4]";
        ex "seed(1); random.integers([1, 10, 100], [2, 20, 200])" => "[  1  14 126]";
        ex "seed(1); random.integers([10, 1000], size=(2, 2))" => "[[  0 469]\n [  2 521]]";
        fails "random.integers(5, 5)" => "value";
        fails "random.integers([5, 2], 4)" => "value";
        fails "random.integers(0.5, 2)" => "type";
        fails "random.integers(0, 300, size=100, dtype=u8)" => "value";
        fails "random.integers(0, [3, 300], dtype=u8)" => "value";
        fails "random.integers(5, dtype=f64)" => "type";
    = |machine, args| {
        let cx = &mut machine.host.cx;
        let (dtype, endpoint) = (args.dtype(3)?.unwrap_or(DType::I64), args.bool(4)?);
        let (low, high) = if args.is_none(1) { (Array::Int(0), 0) } else { (args.number(0)?, 1) };
        let size = args.optional_ints(2)?;
        let single = if high == 0 { Some(0) } else { args.get(0).as_int() };
        if let (Some(low), Some(high)) = (single, args.get(high).as_int())
            // what ends where i64 ends is drawn as between arrays
            && let Some(end) = high.checked_add(endpoint.into())
        {
            if low >= end {
                return Err(sample::no_integers(low, high, ""));
            }
            return random::randint(cx, low, end, size.as_deref().unwrap_or(&[]), dtype).map(Value::Array);
        }
        let (first, last) = random::integers(dtype)?;
        let end = if endpoint { last } else { last.saturating_add(1) };
        let low = parameter::check(cx, low, "low", Domain::Between(first, last))?;
        let high = parameter::check(cx, args.number(high)?, "high", Domain::Between(first, end))?;
        let limits = [low, high];
        let shape = lengths(&drawn_shape(size.as_deref(), &limits)?);
        let entry = if endpoint { &sample::INTEGERS_TO } else { &sample::INTEGERS };
        let drawn = sample::sample(cx, entry, &shape, &limits)?;
        cast(cx, drawn, dtype).map(Value::Array)
    };

    /// Starts the random numbers anew: `builtin.seed`.
    /// The same seed gives the same numbers.
    fn seed(n)
        effect true;
        ex "random.seed(42); a = random.random(); seed(42); a == random.random()" => "True";
        fails "random.seed(-1)" => "value";
    = |machine, args| super::random::start(machine, args);

    /// The parameter `name` of a distribution, all of which lies in a domain.
    fn _parameter(x, name, domain)
        ex "random.exponential(0)" => "0.0";
        fails "random.exponential(-1)" => "value";
        fails "random.poisson(nan)" => "value";
        fails "random.binomial(1.5, 0.5)" => "type";
    = |machine, args| {
        let (name, domain) = (args.text(1)?, args.text(2)?);
        let x = numbers(args.get(0), name)?;
        let found = DOMAINS.iter().find(|(name, _)| *name == domain);
        let (_, domain) = found.ok_or_else(|| args.wrong(2, "the name of a domain"))?;
        parameter::check(&mut machine.host.cx, x, name, *domain).map(Value::Array)
    };

    /// The shape of what is drawn: `size`, or else what the parameters broadcast to.
    fn _shape(size, *parameters)
        ex "random.normal([0, 10], [[1], [2]]).shape" => "(2, 2)";
        ex "random.normal([0, 10], size=(3, 2)).shape" => "(3, 2)";
        fails "random.normal([0, 10], size=3)" => "shape";
        fails "random.normal([0, 10], [1, 2, 3])" => "shape";
    = |_, args| {
        let size = args.optional_ints(0)?;
        drawn_shape(size.as_deref(), &rest(args, 1)?).map(|shape| tuple(&lengths(&shape)))
    };

    /// Numbers of a distribution in this shape, drawn by trying until one is accepted.
    fn _sample(distribution, shape, *parameters)
        creates true;
        ex "seed(1); random.poisson(3.0, size=4)" => "[1 3 2 3]";
    = |machine, args| {
        let (name, shape) = (args.text(0)?, args.ints(1)?);
        let found = SAMPLERS.iter().find(|entry| entry.name == name);
        let entry = found.ok_or_else(|| args.wrong(0, "the name of a distribution"))?;
        sample::sample(&mut machine.host.cx, entry, &shape, &rest(args, 2)?).map(Value::Array)
    };

    /// `x` in a dtype of floats; as it is without one.
    fn _float(x, dtype)
        ex "random.standard_gamma(2, dtype=f32).dtype" => "f32";
        fails "random.standard_gamma(2, dtype=i64)" => "type";
    = |machine, args| {
        let (x, dtype) = (args.number(0)?, args.dtype(1)?);
        match dtype {
            Some(dtype) => cast(&mut machine.host.cx, x, random::float(dtype)?).map(Value::Array),
            None => Ok(Value::Array(x)),
        }
    };

    /// What is chosen from or brought into order: an array, or a whole number.
    fn _items(x)
        ex "seed(1); random.shuffle([1, 2, 3])" => "[2 1 3]";
        fails "random.choice((1, 2))" => "type";
        fails "random.shuffle(\"abc\")" => "type";
        fails "random.permuted((1, 2))" => "type";
    = |_, args| {
        let x = args.get(0);
        if operand_array(x).is_some_and(|items| items.dtype() != DType::Str || items.ndim() > 0) {
            return Ok(args.take(0));
        }
        let message = format!("what is chosen from has to be an array or a whole number, this is {}", x.describe());
        Err(Error::ty(message).operand(0, x.type_name()).help("`stack(items)` makes an array of a tuple"))
    };

    /// Different whole numbers below `x`, in random order along the last axis of this shape.
    fn _order(x, shape)
        creates true;
        ex "seed(1); random.permutation(5)" => "[1 0 3 2 4]";
        fails "random.permutation(-1)" => "value";
        fails "random.permutation(2.5)" => "type";
    = |machine, args| {
        let population = args.int(0)?;
        let negative = |_| Error::value(format!("there is no order of {population} items"));
        let population = usize::try_from(population).map_err(negative)?;
        let shape = args.ints(1)?;
        if shape.is_empty() {
            return Err(args.wrong(1, "a shape with an axis"));
        }
        choose::order(&mut machine.host.cx, population, &shape).map(Value::Array)
    };

    /// Random indices of `a` items in this shape, with the probabilities `p`, or alike where it is none.
    fn _choice(a, p, shape, replace)
        creates true;
        ex "seed(1); random.choice(5, 3, replace=false)" => "[1 0 3]";
        fails "random.choice(5, 6, replace=false)" => "value";
        fails "random.choice(2, p=[0.5, 0.6])" => "value";
    = |machine, args| {
        let p = if args.is_none(1) { None } else { Some(args.number(1)?) };
        let (n, shape, replace) = (args.int(0)?, args.ints(2)?, args.bool(3)?);
        choice(&mut machine.host.cx, n, p, &shape, replace).map(Value::Array)
    };
}

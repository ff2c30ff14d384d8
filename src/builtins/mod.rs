//! Builtin functions: one file per family, every function declared once.
//!
//! A declaration is signature, documentation, examples and the function. Dispatch, argument errors, `help`, completion
//! and a test that runs every example come from it. Builtins compose operations of the table and never touch a kernel;
//! functions best said in Nabla itself stand in `stdlib/` and are loaded when first named.

mod args;
mod declare;

mod arithmetic;
mod arrays;
mod batches;
mod characters;
mod derivatives;
mod distributions;
mod elementwise;
mod files;
mod graphs;
mod library;
mod linalg;
mod linear;
mod logic;
mod loops;
mod math;
mod random;
mod reductions;
mod sequences;
mod shapes;
mod sorting;
mod strings;
mod structures;
mod system;
mod tables;

pub use args::Args;
pub use declare::{Builtin, Elements, Param};
pub use library::{
    FUTURE_MODULES, Library, function_names, is_member, libraries, library_names, library_of, module_with,
};

use crate::interp::Value;
use crate::tensor::{DType, Device};
use rustc_hash::FxHashMap;
use std::sync::LazyLock;

const FAMILIES: &[&[Builtin]] = &[
    arithmetic::TABLE,
    arrays::TABLE,
    batches::TABLE,
    characters::TABLE,
    files::TABLE,
    graphs::TABLE,
    linear::TABLE,
    logic::TABLE,
    math::TABLE,
    random::TABLE,
    reductions::TABLE,
    sequences::TABLE,
    shapes::TABLE,
    sorting::TABLE,
    strings::TABLE,
    structures::TABLE,
    system::TABLE,
    tables::TABLE,
];

/// Names of the language that later work fills with meaning.
pub const FUTURE: &[&str] = &["c128", "f16", "bf16", "fft"];

/// Every builtin, family by family, those of libraries last.
pub fn table() -> impl Iterator<Item = &'static Builtin> {
    global().chain(libraries().flat_map(|library| library.builtins))
}

/// The builtins whose names are known everywhere.
fn global() -> impl Iterator<Item = &'static Builtin> {
    FAMILIES.iter().chain(derivatives::FAMILIES).copied().flatten()
}

/// The builtin of a name.
pub fn find(name: &str) -> Option<&'static Builtin> {
    static BY_NAME: LazyLock<FxHashMap<&'static str, &'static Builtin>> =
        LazyLock::new(|| global().flat_map(|builtin| builtin.names().map(move |name| (name, builtin))).collect());
    BY_NAME.get(name).copied()
}

/// Names that have a meaning before a program gives them another.
pub fn names() -> impl Iterator<Item = &'static str> {
    let dtypes = DTYPES.iter().map(|dtype| dtype.name());
    global().flat_map(Builtin::names).chain(library_names()).chain(dtypes).chain(CONSTANTS.iter().copied())
}

const DTYPES: [DType; 7] = [DType::Bool, DType::U8, DType::I32, DType::I64, DType::F32, DType::F64, DType::Str];
const CONSTANTS: &[&str] = &["pi", "e", "inf", "nan", "newaxis", "cpu", "gpu"];

/// What a name means before a program gives it another meaning; functions written in Nabla excepted.
pub fn predefined(name: &str) -> Option<Value> {
    Some(match name {
        "pi" => Value::float(std::f64::consts::PI),
        "e" => Value::float(std::f64::consts::E),
        "inf" => Value::float(f64::INFINITY),
        "nan" => Value::float(f64::NAN),
        "newaxis" => Value::None,
        "cpu" => Value::Device(Device::Cpu),
        "gpu" => Value::Device(Device::Gpu(0)),
        _ => match DTYPES.iter().find(|dtype| dtype.name() == name) {
            Some(&dtype) => Value::DType(dtype),
            None => Value::Builtin(find(name)?),
        },
    })
}

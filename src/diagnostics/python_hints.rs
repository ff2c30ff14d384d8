//! Names that users of Python, NumPy, TensorFlow, PyTorch, JAX and Julia paste, each with its Nabla spelling.
//!
//! Data only: it is asked when a name, a module or an attribute is not known, and never changes what a program means.

const SELF: &str =
    "a function takes the value it works on as an argument: `fn step(p, x) = ...`, called as `p.step(x)`";
const NO_PREFIX: &str = "array functions need no prefix: `zeros((2, 3))`, `matmul(a, b)`; derivatives are `grad(f)`";
const LITERAL: &str = "write the array itself: `[[1, 2], [3, 4]]`";
const RECORD: &str = "a record is a map: `(a=1, b=2)`, read as `r.a` or `r[\"a\"]`";
const FORMAT: &str = "format with `f\"{x}\"`";
const GRADIENT: &str = "write `grad(f)` or `value_and_grad(f)`";
const TABLES: &str = "read a table with `read_csv(path)`: it is a record of columns";
const PLACE: &str = "write `x @ gpu`";

/// Names, each with its advice.
const NAMES: &[(&str, &str)] = &[
    // Values and words that stand alone; those that start a statement are the grammar's.
    ("null", "write `none`"),
    ("nil", "write `none`"),
    ("nothing", "write `none`"),
    ("undefined", "write `none`"),
    ("pass", "an empty block is `{ }`"),
    ("end", "a block ends with `}`"),
    ("self", SELF),
    ("this", SELF),
    // Builtins of other languages
    ("range", "write `0..n`, or `arange(start, stop, step)` for an array"),
    ("xrange", "write `0..n`"),
    ("list", "write an array `[1, 2, 3]` or a tuple `(1, \"a\")`"),
    ("tuple", "write a tuple `(1, \"a\")`"),
    ("dict", RECORD),
    ("Dict", RECORD),
    ("string", FORMAT),
    ("repr", FORMAT),
    ("int", "write `i64(x)`"),
    ("float", "write `f64(x)`"),
    ("double", "write `f64(x)`"),
    ("boolean", "write `bool(x)`"),
    ("int8", "the small integer type is `u8`"),
    ("uint8", "write `u8`"),
    ("int32", "write `i32`"),
    ("int64", "write `i64`"),
    ("float32", "write `f32`"),
    ("float64", "write `f64`"),
    ("Int32", "write `i32`"),
    ("Int64", "write `i64`"),
    ("Float32", "write `f32`"),
    ("Float64", "write `f64`"),
    ("complex", "write a complex literal: `1 + 2j`"),
    ("println", "write `print(x)`"),
    ("printf", "write `print(f\"{x:.3f}\")`"),
    ("puts", "write `print(x)`"),
    ("echo", "write `print(x)`"),
    ("disp", "write `print(x)`"),
    ("display", "write `print(x)`"),
    ("show", "write `print(x)`"),
    ("length", "write `len(x)`, or `x.size` for the number of elements"),
    ("numel", "write `x.size`"),
    ("isinstance", "compare `type(x)`, or state the type in the signature: `fn f(x: f32[n])`"),
    ("typeof", "write `type(x)`"),
    ("open", "write `read_text(path)`, `write_text(path, text)`, `read_csv(path)` or `load(path)`"),
    ("genfromtxt", "write `read_csv(path)`, which reads tables with gaps"),
    ("to_csv", "write `write_csv(path, table)`"),
    ("DataFrame", "a table is a record of columns: `(x=[1, 2], y=[3, 4])`"),
    ("quit", "write `exit(0)`, or press Ctrl-D at the prompt"),
    ("foldl", "write `reduce(f, xs, init)`"),
    ("fold", "write `reduce(f, xs, init)`"),
    ("push", "write `xs = append(xs, v)`"),
    ("isnull", "compare with `x == none`"),
    // Array libraries
    ("np", NO_PREFIX),
    ("numpy", NO_PREFIX),
    ("jnp", NO_PREFIX),
    ("jax", "`grad(f)`, `vmap(f)` and `graph(f)` need no prefix"),
    ("tf", NO_PREFIX),
    ("tensorflow", NO_PREFIX),
    ("torch", NO_PREFIX),
    ("math", "mathematics needs no prefix: `sqrt(x)`, `pi`"),
    ("plt", "there is no plotting; write the numbers with `print` or `write_text`"),
    ("ndarray", LITERAL),
    ("tensor", LITERAL),
    ("Tensor", LITERAL),
    ("constant", LITERAL),
    ("Variable", LITERAL),
    ("tolist", "an array needs no conversion: index it, loop over it, print it"),
    ("mgrid", "write `indices(shape)`, or `meshgrid(x, y, indexing=\"ij\")`"),
    ("ogrid", "write `indices(shape, sparse=true)`, or `meshgrid(x, y, indexing=\"ij\", sparse=true)`"),
    ("r_", "write `[...a, ...b]`, or `concatenate((a, b))`"),
    ("c_", "write `column_stack((a, b))`"),
    ("reduce_sum", "write `sum(x, axis=0)`"),
    ("reduce_mean", "write `mean(x, axis=0)`"),
    ("reduce_max", "write `max(x, axis=0)`"),
    ("reduce_min", "write `min(x, axis=0)`"),
    ("cat", "write `concatenate((a, b))`"),
    ("hcat", "write `concatenate((a, b), axis=1)`"),
    ("vcat", "write `concatenate((a, b))`"),
    ("mm", "write `a @ b`"),
    ("bmm", "write `a @ b`"),
    ("mul", "write `a * b`"),
    ("permute", "write `transpose(x, axes)`"),
    ("view", "write `reshape(x, shape)`"),
    ("unsqueeze", "write `x[newaxis]`"),
    ("fill", "write `full(shape, value)`"),
    ("random_normal", "write `randn(shape)`"),
    ("random_uniform", "write `rand(shape)`"),
    ("rng", "`seed(n)` starts the random numbers, then `random.normal(loc, scale, size)` draws some"),
    ("manual_seed", "write `seed(n)`"),
    ("set_seed", "write `seed(n)`"),
    ("GradientTape", GRADIENT),
    ("backward", GRADIENT),
    ("derivative", "write `grad(f)` or `∇f`, or `jacobian(f)` where the result is no single number"),
    ("jacfwd", "write `jacobian(f)`"),
    ("jacrev", "write `jacobian(f)`"),
    ("linearize", "write `jvp(f, x, v)`"),
    ("remat", "write `checkpoint(f)`"),
    ("custom_vjp", "write `custom_grad(f, rule)`"),
    ("gradcheck", "write `check_grad(f, x)`"),
    ("expit", "write `sigmoid(x)`"),
    ("requires_grad", "write `grad(f)`: it differentiates by the arguments of `f`"),
    ("no_grad", "nothing is recorded outside `grad`; inside, write `stop_gradient(x)`"),
    ("detach", "write `stop_gradient(x)`"),
    ("jit", "write `graph(f)`"),
    ("cuda", PLACE),
    ("to_device", PLACE),
    ("device_put", PLACE),
];

/// Attributes of the array libraries' modules that are spelled otherwise here. Names not listed are the same without
/// their prefix.
const ATTRIBUTES: &[(&str, &str)] = &[
    ("linalg", "`linalg.inv(x)`, `linalg.solve(a, b)`, `linalg.norm(x)`"),
    ("random", "`random.normal(loc, scale, size)` and its like, or `rand(shape)`, `randn(shape)`; `seed(n)`"),
    ("bool_", "`bool`"),
    ("function", "`graph(f)`"),
    ("keras", "`import nn`"),
    ("nn", "`import nn`"),
    ("optim", "`import optim`"),
];

/// Modules whose functions are builtins here.
const ARRAY_MODULES: &[&str] = &["np", "numpy", "jnp", "jax", "tf", "tensorflow", "torch", "math", "random"];

/// Members of modules of random numbers that are spelled otherwise here.
const DRAWS: &[(&str, &str)] = &[
    ("rand", "`rand(shape)`"),
    ("randn", "`randn(shape)`"),
    ("randint", "`randint(low, high, shape)`"),
    ("randrange", "`randint(low, high)`"),
    ("gauss", "`random.normal(loc, scale)`"),
    ("normalvariate", "`random.normal(loc, scale)`"),
    ("sample", "`random.choice(x, count, replace=false)`, or `random.random(size)` for numbers in [0, 1)"),
    ("choices", "`random.choice(x, count)`"),
    ("expovariate", "`random.exponential(1 / rate)`"),
    ("betavariate", "`random.beta(a, b)`"),
    ("gammavariate", "`random.gamma(shape, scale)`"),
    ("lognormvariate", "`random.lognormal(mean, sigma)`"),
    ("vonmisesvariate", "`random.vonmises(mu, kappa)`"),
    ("paretovariate", "`1 + random.pareto(a)`"),
    ("weibullvariate", "`scale * random.weibull(a)`"),
    ("ranf", "`random.random(size)`"),
    ("random_sample", "`random.random(size)`"),
    ("random_integers", "`random.integers(low, high, size, endpoint=true)`"),
    ("default_rng", "`seed(n)`, then `random.normal(loc, scale, size)` and its like"),
    ("Generator", "`seed(n)`, then `random.normal(loc, scale, size)` and its like"),
    ("RandomState", "`seed(n)`, then `random.normal(loc, scale, size)` and its like"),
];

/// Other modules people import.
const MODULES: &[(&str, &str)] = &[
    ("matplotlib", "there is no plotting; write the numbers with `print` or `write_text`"),
    ("scipy", "array functions need no prefix, `linalg` and `random` no import: `linalg.solve(a, b)`"),
    ("pandas", TABLES),
    ("pd", TABLES),
    ("json", "there is no JSON: `savez(path, record)` and `load(path)` keep arrays, `read_csv` and `write_csv` tables"),
    ("csv", "read a table with `read_csv(path)`, write one with `write_csv(path, table)`"),
    ("pickle", "save arrays with `savez(path, record)`, read them with `load(path)`"),
    ("gzip", "files are compressed where their name ends in `.gz`, and read by their first bytes"),
    ("os", "`args`, `env(name)`, `exit(code)` are builtins: no import is needed"),
    ("sys", "`args`, `env(name)`, `exit(code)` are builtins: no import is needed"),
    ("time", "`clock()`, `sleep(s)` and `timeit(|| f(x))` are builtins: no import is needed"),
    ("timeit", "`timeit(|| f(x))` is a builtin: no import is needed"),
    ("functools", "`map`, `filter`, `reduce` and `scan` are builtins: no import is needed"),
    ("itertools", "`map`, `filter`, `reduce` and `scan` are builtins: no import is needed"),
    ("keras", "layers are in the standard library: `import nn`"),
    ("flax", "layers are in the standard library: `import nn`"),
    ("optax", "optimisers are in the standard library: `import optim`"),
];

/// Advice for a name that is not known, or for a word that is no word of the language.
pub fn hint_for_name(name: &str) -> Option<String> {
    find(NAMES, name).map(str::to_string)
}

/// Advice for `import numpy`, of the module or of a part of it (`numpy.linalg`).
pub fn hint_for_import(module: &str) -> Option<String> {
    let root = module.split('.').next().unwrap_or(module);
    if module.ends_with(".linalg") {
        return Some("no import is needed: write `linalg.solve(a, b)`".to_string());
    }
    if module.ends_with(".random") {
        return Some("no import is needed: write `random.normal(loc, scale, size)`".to_string());
    }
    if ARRAY_MODULES.contains(&root) {
        return Some("array functions are builtins: no import is needed, write `zeros((2, 3))`, `grad(f)`".to_string());
    }
    find(MODULES, root).map(str::to_string)
}

/// Advice for a member that the module `random` does not have.
pub fn hint_for_draw(name: &str) -> Option<String> {
    find(DRAWS, name).map(|spelling| format!("write {spelling}"))
}

/// Advice for a name that is not known, given the text behind it: of `np.random.randn(3)` it sees the whole path.
/// `draws` are the members of the module `random`.
pub fn hint_for_use(name: &str, behind: &str, draws: impl Fn(&str) -> bool) -> Option<String> {
    let end = behind.find(|c: char| c != '.' && c != '_' && !c.is_alphanumeric()).unwrap_or(behind.len());
    let is_array_module = ARRAY_MODULES.contains(&name) || ["scipy", "sp"].contains(&name);
    if let Some(member) = behind[..end].strip_prefix(".linalg.").filter(|_| is_array_module) {
        return Some(format!("the module `linalg` needs no prefix: write `linalg.{member}`"));
    }
    let attribute = behind[..end].starts_with('.').then(|| behind[..end].rsplit('.').next()).flatten();
    match attribute.filter(|attribute| !attribute.is_empty() && ARRAY_MODULES.contains(&name)) {
        // the module of distributions is called so here, too
        Some(attribute) if is_draw(&behind[..end], attribute) => match hint_for_draw(attribute) {
            Some(hint) => Some(hint),
            None if draws(attribute) => Some(format!("write `random.{attribute}`")),
            None => Some(format!("the module `random` has no `{attribute}`: `help(random)` lists what it has")),
        },
        Some(attribute) => match find(ATTRIBUTES, attribute) {
            Some(spelling) => Some(format!("write {spelling}")),
            None => hint_for_name(attribute)
                .or_else(|| Some(format!("array functions need no prefix: write `{attribute}`"))),
        },
        None => hint_for_name(name).or_else(|| {
            let module = find(MODULES, name)?;
            attribute.and_then(hint_for_name).or_else(|| Some(module.to_string()))
        }),
    }
}

/// Is it a member of a module `random`?
fn is_draw(path: &str, attribute: &str) -> bool {
    path.strip_suffix(attribute).is_some_and(|path| path.ends_with(".random."))
}

fn find(table: &[(&str, &'static str)], key: &str) -> Option<&'static str> {
    table.iter().find(|(name, _)| *name == key).map(|(_, advice)| *advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_stands_once() {
        for table in [NAMES, ATTRIBUTES, DRAWS, MODULES] {
            for (index, (name, _)) in table.iter().enumerate() {
                assert!(table[..index].iter().all(|(earlier, _)| earlier != name), "`{name}` stands twice");
            }
        }
    }

    #[test]
    fn pasted_python_is_understood() {
        let hint = |name, behind| hint_for_use(name, behind, |draw| draw == "normal").unwrap_or_default();
        assert_eq!(hint("np", ".zeros((2, 3))"), "array functions need no prefix: write `zeros`");
        assert_eq!(hint("np", ".random.randn(3)\n"), "write `randn(shape)`");
        assert!(hint("np", ".random.standard_zeta(3)").contains("the module `random` has no `standard_zeta`"));
        assert_eq!(hint("np", ".random.gauss(0, 1)"), "write `random.normal(loc, scale)`");
        assert_eq!(hint_for_draw("gauss").as_deref(), Some("write `random.normal(loc, scale)`"));
        assert_eq!(hint_for_draw("normal"), None);
        assert_eq!(hint("np", ".random.normal(0, 1, 3)\n"), "write `random.normal`");
        assert!(hint("np", ".random.default_rng(0)").starts_with("write `seed(n)`, then `random.normal("));
        assert_eq!(hint("np", ".float32"), "write `f32`");
        assert_eq!(hint("np", ".linalg.inv(a)"), "the module `linalg` needs no prefix: write `linalg.inv`");
        assert_eq!(hint("scipy", ".linalg.solve(a, b)"), "the module `linalg` needs no prefix: write `linalg.solve`");
        assert_eq!(hint("np", ""), NO_PREFIX);
        assert_eq!(hint("np", " + 1"), NO_PREFIX);
        assert_eq!(hint("tf", ".constant([1])"), LITERAL);
        assert_eq!(hint("math", ".sqrt(2)"), "array functions need no prefix: write `sqrt`");
        assert_eq!(hint("nil", ""), "write `none`");
        assert!(hint("os", ".environ").contains("`env(name)`"));
        assert_eq!(hint_for_use("model", ".zeros", |_| false), None);
        assert_eq!(hint("pd", ".read_csv(\"x\")"), TABLES);
        assert!(hint("pd", ".DataFrame({})").starts_with("a table is a record of columns"));
        assert!(hint("json", ".load(file)").starts_with("there is no JSON"));
        assert!(hint_for_import("json").is_some_and(|hint| hint.starts_with("there is no JSON")));
        assert!(hint_for_import("numpy.linalg").is_some_and(|hint| hint.contains("`linalg.solve(a, b)`")));
        assert!(hint_for_import("numpy.random").is_some_and(|hint| hint.contains("`random.normal(loc, scale, size)`")));
        assert!(hint_for_import("model").is_none());
        assert_eq!(hint_for_name("frobnicate"), None);
    }
}

//! Every function in every power, or on the list in `functions.txt` with the reason why it is not.
//!
//! A line of the list is a call with `x` in it, and the value of `x`. The value of the call is compared with what a graph
//! of it gives, with the rows of a batch, with central differences for its first and second derivative, and with the GPU
//! in single precision, once with `x` there and once in a block where all is made there. A section says which of these its
//! calls leave out.

use crate::Runner;
use nabla::builtins;
use std::collections::BTreeSet;

const LIST: &str = include_str!("functions.txt");

/// What the calls are compared with. Weights and directions are the same at every run and no two alike.
const COMPARISONS: &str = "
fn spread(x, start) = start + 0.1 * reshape(0..array(x).size, array(x).shape)
fn near(what, found, expected, within) {
    for (a, b) in leaves(found, expected) {
        (a, b) = (a @ cpu, b)
        assert(a.shape == b.shape, f\"{what}: {a.shape} for {b.shape}\")
        gap = where((a == b) or (isnan(a) and isnan(b)), 0.0, abs(f64(a) - f64(b)) / maximum(abs(f64(b)), 1))
        assert(all(gap <= within), f\"{what}: {a} for {b}\")
    }
}
fn weighed(f) = |x| {
    total = 0.0
    for y in leaves(f(x)) {
        if y.dtype == f64 { total = total + sum(y * spread(y, 0.7)) }
    }
    total
}
fn typed(what, found, expected) {
    for (a, b) in leaves(found, expected) { assert(a.dtype == b.dtype, f\"{what}: {a.dtype} for {b.dtype}\") }
}
fn in_a_graph(f, x) {
    (found, y) = (graph(f)(x), f(x))
    typed(\"graph\", found, y)
    near(\"graph\", found, y, 1e-14)
}
fn in_rows(f, x) {
    turned = if x.ndim == 0 { x } else { x[::-1] }
    rows = stack((x, turned, x))
    found = vmap(f)(rows)
    typed(\"vmap\", found, f(x))
    for (i, row) in enumerate(rows) { near(\"vmap\", map_leaves(|y| y[i], found), f(row), 1e-13) }
}
fn slopes(f, x) {
    (of, d) = (weighed(f), spread(x, 0.3))
    first = jvp(of, x, d)[1]
    near(\"jvp\", first, (of(x + 1e-6 * d) - of(x - 1e-6 * d)) / 2e-6, 2e-6)
    near(\"grad\", sum(grad(of)(x) * d), first, 1e-12)
}
fn curvature(f, x) {
    (of, d) = (weighed(f), spread(x, 0.3))
    along = |x| sum(grad(of)(x) * d)
    near(\"second derivative\", jvp(along, x, d)[1], (along(x + 1e-5 * d) - along(x - 1e-5 * d)) / 2e-5, 2e-5)
}
fn in_a_block(f, x, there) {
    found = try { there() } catch err {
        if err.kind == \"device\" and \"a GPU has no\" in err.message { return none }
        error(f\"in a block: {err.message}\")
    }
    near(\"in a block\", found, f(x), 2e-5)
}
fn on_gpu(f, x) {
    y = f(x)
    found = try { f(x @ gpu) } catch err {
        # an operation that a GPU lacks says so; which these are, the table of operations knows
        if err.kind == \"device\" and \"a GPU has no\" in err.message { return none }
        error(f\"gpu: {err.message}\")
    }
    near(\"gpu\", found, y, 2e-5)
}
";

/// A call that is compared, and what is left out.
struct Case {
    name: String,
    call: String,
    x: String,
    without: Vec<String>,
}

/// The cases, and the names that are in no power.
fn list() -> (Vec<Case>, Vec<String>) {
    let (mut cases, mut exempt, mut without) = (Vec::new(), Vec::new(), Vec::new());
    for line in LIST.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        if let Some(names) = line.strip_prefix('-') {
            exempt.extend(names.split_whitespace().map(String::from));
        } else if let Some(section) = line.strip_prefix('[') {
            let (left_out, reason) = section.split_once(']').expect("a section closes");
            without = left_out.split_whitespace().map(String::from).collect();
            assert!(without.is_empty() || reason.len() > 10, "{line}: no reason");
        } else {
            let (call, x) = line.rsplit_once(" @ ").unwrap_or_else(|| panic!("{line}: no x"));
            let name = call.split('(').next().expect("a call").trim().to_string();
            cases.push(Case { name, call: call.into(), x: x.into(), without: without.clone() });
        }
    }
    (cases, exempt)
}

#[test]
fn every_function_is_compared_or_listed() {
    let (cases, exempt) = list();
    let listed: BTreeSet<String> = cases.into_iter().map(|case| case.name).chain(exempt).collect();
    let names: BTreeSet<String> = builtins::function_names().collect();
    let missing: Vec<&String> = names.difference(&listed).collect();
    let unknown: Vec<&String> = listed.difference(&names).collect();
    assert!(missing.is_empty(), "functions that no line is about: {missing:?}");
    assert!(unknown.is_empty(), "lines about functions that are not there: {unknown:?}");
}

#[test]
fn functions_agree_in_every_power() {
    let mut runner = Runner::new();
    runner.eval(COMPARISONS, "the comparisons");
    let (cases, _) = list();
    let mut wrong = Vec::new();
    for Case { call, x, without, .. } in &cases {
        for (power, check) in [
            ("graph", "in_a_graph"),
            ("vmap", "in_rows"),
            ("grad", "slopes"),
            ("second", "curvature"),
            ("gpu", "on_gpu"),
            ("block", "in_a_block"),
        ] {
            let moves = if matches!(power, "grad" | "second") { "x.dtype == f64 and any_float(f(x))" } else { "true" };
            if without.iter().any(|left_out| {
                left_out == power || matches!((power, left_out.as_str()), ("second", "grad") | ("block", "gpu"))
            }) {
                continue;
            }
            // draws are the same at every call
            let seeded = if call.starts_with("random.") { "seed(7); " } else { "" };
            let there =
                if power == "block" { format!(", || @ gpu {{ x = array({x}); {call} }}") } else { String::new() };
            let code = format!(
                "fn any_float(y) {{ for leaf in leaves(y) {{ if leaf.dtype == f64 {{ return true }} }}; false }}
f = |x| {{ {seeded}{call} }}
x = array({x})
try {{ if {moves} {{ {check}(f, x{there}) }} }} catch err {{ print(f\"{{err.kind}}: {{err.message}}\") }}"
            );
            let said = runner.eval(&code, call);
            if !said.is_empty() {
                wrong.push(format!("{call} @ {x}: {power}: {}", said.trim_end()));
            }
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

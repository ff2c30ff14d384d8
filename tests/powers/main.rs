//! Every power against the others: random programs evaluated eagerly, traced, batched, differentiated, on the GPU.
//!
//! The comparisons are written in Nabla, and run with the programs.

mod functions;
#[path = "../support/printed.rs"]
mod printed;
mod program;
mod scripts;
mod statements;

use nabla::gpu::Choice;
use nabla::{Session, Source};
use printed::Printed;
use program::{Dice, Program};
use std::sync::Arc;

/// Programs of the whole test, unless `NABLA_PROGRAMS` says how many.
const PROGRAMS: u64 = 5_000;
/// As graphs all of them are compared; in every other power one of so many, which takes much longer.
const EVERY: u64 = 8;
/// On the GPU two of five.
const ON_GPU: [u64; 2] = [2, 5];

fn programs() -> u64 {
    std::env::var("NABLA_PROGRAMS").ok().and_then(|count| count.parse().ok()).unwrap_or(PROGRAMS)
}

struct Runner {
    session: Session,
    printed: Printed,
}

impl Runner {
    fn new() -> Runner {
        let printed = Printed::default();
        let mut session = Session::new(Box::new(printed.clone()));
        // without it the test fails: it is never skipped in silence
        session.set_devices(Choice::Software, true);
        let mut runner = Runner { session, printed };
        runner.eval(PRELUDE, "the comparisons");
        runner
    }

    /// Runs code that prints what is wrong with what it compares.
    fn eval(&mut self, code: &str, what: &str) -> String {
        let source = Arc::new(Source::new("<powers>", code));
        if let Err(errors) = self.session.eval(source) {
            let text = nabla::diagnostics::render(&errors, false);
            panic!("{what}: {text}\n{code}");
        }
        self.printed.take()
    }
}

/// What the programs are compared with. `drawn` gives a function the random numbers of one seed.
const PRELUDE: &str = "
fn drawn(f, x) {
    seed(5)
    f(x)
}
fn differ(what, found, expected, within, slack=0) {
    excess = item(max(abs((found @ cpu) - expected) - within * abs(expected) - slack))
    if not (excess <= 0) { print(what, found, expected, excess) }
}
fn exactly(what, found, expected) {
    if not item(all(found == expected)) { print(what, found, expected) }
}
";

/// The same value and vector, bit for bit: a graph runs the same operations on the same numbers.
const GRAPH: &str = "
exactly(\"graph\", drawn(graph(f), x), drawn(f, x))
exactly(\"graph of the vector\", drawn(graph(vector), x), drawn(vector, x))
exactly(\"graph of graph\", drawn(graph(graph(f)), x), drawn(f, x))
";

/// Against central differences in f64. Their error is that of a third derivative times 1e-10, and the rounding of every
/// operation over the distance. On the line from x - h to x + h all conditions must go one way.
fn derivatives(terms: usize) -> String {
    let rounding = f64::EPSILON / 2e-5 * terms as f64;
    format!(
        "
slope = jvp(|x| drawn(f, x), x, d)[1]
h = 1e-5 * d
if drawn(ways, x + h) == drawn(ways, x - h) {{
    differ(\"jvp\", slope, (drawn(f, x + h) - drawn(f, x - h)) / 2e-5, 1e-6, {rounding:e} * drawn(f, x))
}}
differ(\"grad\", sum(grad(|x| drawn(f, x))(x) * d), slope, 1e-12)
"
    )
}

/// Transforms of graphs. The derivative of a graph adds in another order than that of the function; draws inside an `if`
/// have no derivative in a graph, and programs have none there.
const TRANSFORMS_OF_GRAPHS: &str = "
differ(\"grad of graph\", drawn(grad(graph(f)), x), drawn(grad(f), x), 1e-12)
differ(\"jvp of graph\", jvp(|x| drawn(graph(f), x), x, d)[1], slope, 1e-12)
";

/// Where no graph needs to know how many turns a `while` takes.
const GRAPH_OF_DERIVATIVE: &str = "
differ(\"graph of grad\", drawn(graph(grad(f)), x), drawn(grad(f), x), 1e-12)
";

/// Row by row: sums and products over axes may add in another order.
const ROWS: &str = "
rows = [x, x * 0.5 + 0.2, x * 1.5]
found = vmap(f)(rows)
slopes = vmap(grad(f))(rows)
for (i, row) in enumerate(rows) {
    differ(\"vmap\", found[i], f(row), 1e-13)
    differ(\"vmap of grad\", slopes[i], grad(f)(row), 1e-12)
}
differ(\"vmap of graph\", vmap(graph(f))(rows), found, 1e-13)
";

/// In single precision: 8 units in the last place for every operation on the way.
fn on_gpu(terms: usize) -> String {
    let within = 8.0 * f64::from(f32::EPSILON) * terms as f64;
    format!(
        "
there = x @ gpu
differ(\"gpu\", drawn(f, there), drawn(f, x), {within:e})
differ(\"graph on gpu\", drawn(graph(f), there), drawn(f, x), {within:e})
differ(\"grad on gpu\", drawn(grad(f), there), drawn(grad(f), x), {:e})
",
        // a gradient goes there and back
        2.0 * within
    )
}

/// All but graphs of the function itself.
fn other_powers(program: &Program) -> String {
    let mut code = derivatives(program.terms);
    if !program.has_while {
        code += TRANSFORMS_OF_GRAPHS;
        code += GRAPH_OF_DERIVATIVE;
    } else if !program.draws {
        code += TRANSFORMS_OF_GRAPHS;
    }
    if !program.draws {
        code += ROWS;
    }
    code
}

fn compare(programs: impl Iterator<Item = u64>) {
    let mut runner = Runner::new();
    for number in programs {
        let program = Program::random(number);
        let mut dice = Dice::new(number + 1_000_000);
        let mut numbers =
            |count: usize| -> String { (0..count).map(|_| dice.number().to_string()).collect::<Vec<_>>().join(", ") };
        let len = program.len;
        let matrix = if len <= 5 { len } else { 1 };
        let mut code = program.source();
        code += &format!("x = [{}]\nd = [{}]\n", numbers(len), numbers(len));
        code += &format!("m = reshape([{}], ({matrix}, {matrix})) / {matrix}\n", numbers(matrix * matrix));
        code += GRAPH;
        // neighbours go to different tests
        if number / 2 % EVERY == 0 {
            code += &other_powers(&program);
        }
        if number % ON_GPU[1] < ON_GPU[0] {
            code += &on_gpu(program.terms);
        }
        let wrong = runner.eval(&code, &format!("program {number}"));
        assert!(wrong.is_empty(), "program {number}:\n{wrong}\n{code}");
    }
}

// one test for every core of a small machine
#[test]
fn random_programs_agree_in_every_power_even() {
    compare((0..programs()).step_by(2));
}

#[test]
fn random_programs_agree_in_every_power_odd() {
    compare((1..programs()).step_by(2));
}

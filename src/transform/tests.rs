//! What runs together on a graphics card: how many kernels and submits a program comes to, and that its numbers are those
//! of the operations one by one.

use crate::gpu::Gpu;
use crate::session::Session;
use crate::session::tests::{card, session};

/// Dispatches and submits of code that runs in a session.
fn counts(session: &mut Session, code: &str) -> (u64, u64) {
    let gpu = card(session, "none");
    let before = (gpu.dispatches(), gpu.submits());
    card(session, code);
    (gpu.dispatches() - before.0, gpu.submits() - before.1)
}

/// The network of the benchmarks, on the card, and a step of its training as a graph.
const NETWORK: &str = "seed(3)
fn layer(rows, columns) = (w=(0.05 * randn([rows, columns])) @ gpu, b=zeros([columns]) @ gpu)
p = (layer(784, 256), layer(256, 128), layer(128, 10))
x = randn([128, 784]) @ gpu
y = randint(0, 10, [128]) @ gpu
rows = arange(128) @ gpu
fn network(p, x) {
    for layer in p[:-1] { x = relu(x @ layer.w + layer.b) }
    x @ p[-1].w + p[-1].b
}
fn loss(p) = -mean(log_softmax(network(p, x))[rows, y])
fn step(p) {
    (value, slope) = value_and_grad(loss)(p)
    (value, p - 0.1 * slope)
}
g = graph(step)
(value, p) = g(p)
item(value)";

#[test]
fn a_step_of_a_network_is_thirty_kernels_and_one_submit() {
    let mut session = session();
    card(&mut session, NETWORK);
    // what a submit may be is measured, and the machine may be busy with something else at one time, but not every time
    let steps: Vec<_> = (0..5).map(|_| counts(&mut session, "(value, p) = g(p)\nitem(value)")).collect();
    assert!(steps.iter().all(|(dispatches, _)| *dispatches <= 30), "{steps:?}");
    assert!(steps.iter().any(|(_, submits)| *submits == 1), "{steps:?}");
    // another batch is another graph, but no other kernels where its rows are whole quads, too
    let gpu =
        card(&mut session, "x = randn([256, 784]) @ gpu\ny = randint(0, 10, [256]) @ gpu\nrows = arange(256) @ gpu");
    let compiled = gpu.compiled();
    card(&mut session, "(value, p) = g(p)\nassert(item(value) > 0)");
    assert_eq!(gpu.compiled(), compiled);
}

#[test]
fn a_long_chain_is_few_submits() {
    let mut session = session();
    let program = format!(
        "x = rand([1_000_000]) @ gpu
fn chain(x) {{ for _ in 0..1000 {{ x = x * 1.0001 }}; x }}
fn recurrence(x) {{\n{}x\n}}
g = graph(recurrence)
loop = graph(chain)
sums = (item(sum(x)), item(sum(g(x))))",
        "x = x * 0.999 + 0.001\n".repeat(500)
    );
    card(&mut session, &program);
    // statement by statement, as a loop of a graph, as a graph without one
    let grown = "sums[0] * 1.0001 ** 1000";
    for (code, expected) in [("chain(x)", grown), ("loop(x)", grown), ("g(x)", "sums[1]")] {
        let code = format!("assert_close(item(sum({code})), {expected}, rtol=1e-3)");
        // a submit is so much time at most, and the machine may be busy with something else at one time, not every time
        let mut tries = vec![counts(&mut session, &code)];
        while tries.len() < 20 && tries.iter().all(|(_, submits)| *submits > 10) {
            tries.push(counts(&mut session, &code));
        }
        let few =
            tries.iter().all(|(dispatches, _)| *dispatches <= 25) && tries.iter().any(|(_, submits)| *submits <= 10);
        assert!(few, "{code}: {tries:?}");
    }
}

/// Bytes of a card that are in use, or were.
fn taken(gpu: &Gpu) -> u64 {
    let memory = gpu.memory();
    memory.live + memory.pooled
}

/// What several statements share is no result of any kernel: three variables are three buffers.
#[test]
fn statements_run_together() {
    let mut session = session();
    let oscillator = "fn turns(x, turns, each) {
    v = x * 0
    work = x * 0
    for _ in 0..turns {
        v = v - 0.1 * x
        x = x + 0.1 * v
        work = work + (v * v + x * x)
        each()
    }
    (x, v, work)
}
x = rand([1_000_000]) @ gpu
apart = turns(x, 30, || clock())
assert(all(isfinite(apart[2]) @ cpu))";
    let before = taken(&card(&mut session, oscillator));
    let (dispatches, _) = counts(&mut session, "together = turns(x, 30, || none)\nclock()");
    let after = taken(&card(&mut session, "none"));
    assert!(after <= before + 30_000_000, "{before} bytes before, {after} after");
    // thirty turns of eight operations
    assert!(dispatches <= 7, "{dispatches} dispatches");
    card(&mut session, "for (t, a) in zip(together, apart) { assert(all((t == a) @ cpu)) }");
}

/// What a variable held before is not made when it gets another value.
#[test]
fn what_a_variable_held_is_not_made() {
    let mut session = session();
    let before = taken(&card(&mut session, "x = ones([1_000_000]) @ gpu\nclock()"));
    let after = taken(&card(&mut session, "for i in 0..200 { x = x + 1 }\nassert(item(x[7]) == 201)"));
    // what is read and what is made
    assert!(after < before + 5_000_000, "{before} bytes before, {after} after");
}

/// What waits holds what it reads: little, or no more than it would take itself.
#[test]
fn what_waits_holds_little() {
    let mut session = session();
    session.limit_gpu_memory(30_000_000);
    card(
        &mut session,
        "total = zeros([1_000_000]) @ gpu\nfor _ in 0..20 { total = total + (rand([1_000_000]) @ gpu) }",
    );
    card(&mut session, "x = rand([1_000, 1_000]) @ gpu\nfor _ in 0..20 { x = x + x @ x * 1e-3 }");
    // too large is an error where it is asked for
    let large = "y = none
try { y = reshape(total[:10_000], [10_000, 1]) * total[:10_000] } catch e { caught = (e.kind, e.line) }
assert(caught == (\"memory\", 2) and y == none)";
    card(&mut session, large);
}

/// A value that waits is of what there was when it was asked for, whatever is written behind it.
#[test]
fn what_waits_reads_what_there_was() {
    let mut session = session();
    let program = "x = arange(2000.0) @ gpu
y = x * 2
x[1] = 50
z = x + y
x[2:5] += 1
t = (a=x * 2, b=y)
u = t
x = x - x
assert(item(y[1]) == 2 and item(z[1]) == 52 and item(t.a[3]) == 8 and item(sum(x)) == 0)
x[0] = 1
w = y
w[1] = 7
assert(item(u.b[1]) == 2 and item(w[1]) == 7 and item(sum(x)) == 1)
assert(all((u.a == t.a) @ cpu) and item(z[2]) == 6)";
    card(&mut session, program);
    let (dispatches, _) = counts(&mut session, "for _ in 0..10 { unread = exp(y) }\nclock()");
    // what nobody can read any more is not computed
    assert!(dispatches <= 2, "{dispatches} dispatches");
}

/// Programs and the megabytes of a card in which they run; an array of a million numbers takes 4.2 of them.
const IN_LITTLE_ROOM: &[(&str, usize)] = &[
    ("x = ones([1_000_000]) @ gpu\nfor i in 0..100 { x = x + 1 }\nassert(item(x[7]) == 101)", 9),
    (
        "fn f(x, v) { for i in 0..50 { v = v + 1; x = x + v }\nx }
x = f(ones([1_000_000]) @ gpu, zeros([1_000_000]) @ gpu)\nassert(item(x[7]) == 1276)",
        13,
    ),
    // a small part holds all of what it is a part of
    (
        "fn f(n) {
    parts = ()
    for i in 0..n { large = rand([1_000_000]) @ gpu; part = large[:50] * 2; parts = (...parts, part) }
    sum([item(sum(part)) for part in parts])
}
assert(f(40) > 0)",
        20,
    ),
    // an error where it is asked for, and nothing has changed
    (
        "x = ones([1_300_000]) @ gpu
(a, b) = (rand([1_300_000]) @ gpu, rand([1_300_000]) @ gpu)
try { x = x * 2 } catch e { failed = e.line; a = none; x = x * 2 }
assert(failed == 3 and item(x[0]) == 2)
(failed, c) = (0, none)
y = x * 3
try { c = x * 4 } catch e { failed = e.line }
assert(failed == 7 and c == none and item(y[0]) == 6)
n = try { 1 } catch e { e.kind }
assert(n == 1)",
        20,
    ),
    // statement by statement, not operation by operation
    (
        "fn some() = ones([1_000_000]) @ gpu
(large, a, b) = (some(), some(), some())
z = large * 2
large = none
y = a * 2 + b * 3
assert(item(y[0]) == 5 and item(z[0]) == 2)",
        18,
    ),
    // shapes of which one waits for the other
    (
        "v = ones([1_000_000]) @ gpu
x = ones([2, 1]) @ gpu
failed = try { pair = (x + v * 2, x - v * 2); 0 } catch e { e.line }
assert(failed == 3 and item(v[0]) == 1)
s = v * 2
r = reshape(s, [1000, 1000]) * s[0]
assert(item(r[9, 9]) == 4)",
        14,
    ),
    (
        "(row, column) = (ones([1, 1000]) @ gpu, ones([1000, 1]) @ gpu)
fn some() = rand([1_000_000]) @ gpu
all = (some(), some(), some(), some())
u = all[0] * 2
u = none
failed = 0
a = row * column
try { b = row * column } catch e { failed = e.line }
assert(failed == 8 and item(a[0, 0]) == 1)",
        23,
    ),
];

#[test]
fn what_waits_needs_no_more_room() {
    for (program, megabytes) in IN_LITTLE_ROOM {
        let mut session = session();
        session.limit_gpu_memory(megabytes * 1_000_000);
        card(&mut session, program);
    }
}

/// What was computed before an error, and waits, is taken in by what comes behind.
#[test]
fn products_outlive_what_failed_beside_them() {
    let mut session = session();
    let program = "x = ones([4, 4]) @ gpu
fn failing() = try { error(\"a\") } catch e { 1 }
fn f(p, q) { n = failing(); a = p + n; b = q + n; a + b }
assert(item(sum(f(x @ x, x @ x))) == 160)
fn g(p) { n = failing(); a = p + n; b = a + x @ x; item(sum(b) + sum(a)) }
assert(g(x @ x) == 224)
k = x * 2
k = k + 1
r = x @ x + x @ x
assert(item(sum(r)) == 128 and item(sum(k)) == 48)";
    card(&mut session, program);
}

/// The same bits, wherever kernels begin and end: in the middle of this function, too.
#[test]
fn what_waits_is_rounded_as_it_would_be_alone() {
    for before in 58..68 {
        let mut session = session();
        let program = format!(
            "seed(2)
x = rand([5000]) @ gpu
fn f(x, each) {{
    t = x * 1.1
    each()
    y = x * 0.7
    each()
    t = t + y * x
    each()
    y = t * 1.3
    each()
    (t, item(sum(y)))
}}
expected = f(x, || clock())
clock()
z = ones(7) @ gpu
for k in 0..{before} {{ z = z * 1.5 }}
found = f(x, || none)
assert(all((found[0] == expected[0]) @ cpu) and found[1] == expected[1])"
        );
        card(&mut session, &program);
    }
}

/// Where kernels are new every time, statements soon do not wait any more.
#[test]
fn statements_that_come_as_they_like_run_alone() {
    let mut session = session();
    let program = "seed(4)
fn run(x, v, n) {
    for i in 0..n {
        u = rand()
        if u < 0.3 { v = v * 0.9 } else if u < 0.5 { x = x + v } else if u < 0.6 { x = maximum(x, 0) }
        x = x * 0.99
    }
    (x, v)
}
run(rand([1000]) @ gpu, rand([1000]) @ gpu, 1000)";
    let compiled = card(&mut session, program).compiled();
    assert!(compiled <= 20, "{compiled} kernels");
}

/// What waits on a card is no part of what the CPU does meanwhile.
#[test]
fn the_cpu_goes_on_beside_what_waits() {
    let mut session = session();
    let program = "y = ones([2000]) @ gpu
z = y * 2
a = ones(2000)
for i in 0..2000 { a = a * 1.001 - 0.001 }
assert(item(sum(z)) == 4000 and abs(a[0] - 1) < 1e-6)";
    card(&mut session, program);
}

/// Kernels of many functions take long to compile.
#[test]
fn functions_wait_for_few_others() {
    let mut session = session();
    card(&mut session, "x = rand([2000]) @ gpu");
    let (dispatches, _) = counts(&mut session, "for _ in 0..60 { x = sin(x) }\nclock()");
    assert!((8..=15).contains(&dispatches), "{dispatches} dispatches");
}

/// Code with a result in `y`, and what makes the same in `z` statement by statement; the most dispatches of the first.
const TOGETHER: &[(&str, &str, u64)] = &[
    // bias and activation behind a product
    ("y = relu(a @ b + r)", "p = a @ b\nq = p + r\nz = relu(q)", 1),
    ("y = exp(-(a @ b)) * r", "p = a @ b\np = -p\np = exp(p)\nz = p * r", 1),
    ("y = tanh((c @ c) * 0.1 - (c @ c).T[0])", "p = c @ c\nq = p.T[0]\np = p * 0.1\np = p - q\nz = tanh(p)", 2),
    // the same where a sum is split
    ("y = 2 * (l @ l)", "p = l @ l\nz = 2 * p", 2),
    ("y = maximum(k.T @ k, 1) / 3", "p = k.T @ k\np = maximum(p, 1)\nz = p / 3", 2),
    // nothing to sum
    ("y = zeros([3, 0]) @ (zeros([0, 5]) @ gpu) + 1", "z = ones([3, 5]) @ gpu", 2),
    // of two products one is made before
    ("y = relu(a @ b + a @ b)", "p = a @ b\np = p + p\nz = relu(p)", 2),
    ("y = a @ b + c @ a", "p = a @ b\nq = c @ a\nz = p + q", 2),
    // truth is written by a kernel of its own
    ("y = a @ b > r", "p = a @ b\nz = p > r", 2),
    // integers
    ("y = (i @ i) * 3 - 1", "p = i @ i\np = p * 3\nz = p - 1", 1),
    // reductions of what waits
    ("y = sum(exp(v))", "p = exp(v)\nz = sum(p)", 2),
    ("y = max(a * r, axis=1)", "p = a * r\nz = max(p, axis=1)", 1),
    ("y = min(a.T - 1, axis=1)", "p = a.T\np = p - 1\nz = min(p, axis=1)", 1),
    ("y = any(a > 2, axis=0)", "p = a > 2\nz = any(p, axis=0)", 2),
    ("y = prod(sin(r) > 0)", "p = sin(r)\np = p > 0\nz = prod(p)", 1),
    ("y = argmax(v * v)", "p = v * v\nz = argmax(p)", 2),
    ("y = argmin(abs(c), axis=1)", "p = abs(c)\nz = argmin(p, axis=1)", 1),
    ("y = sum(i * 2)", "p = i * 2\nz = sum(p)", 1),
    // an intermediate result that others read, too
    (
        "y = graph(|c| exp(c) / sum(exp(c), axis=1, keepdims=true))(c)",
        "e = exp(c)\ns = sum(e, axis=1, keepdims=true)\nz = e / s",
        2,
    ),
    ("y = log_softmax(a @ b + r)", "p = a @ b\np = p + r\nz = log_softmax(p)", 6),
];

#[test]
fn together_is_as_one_by_one() {
    let mut session = session();
    card(
        &mut session,
        "seed(5)
a = randn([70, 100]) @ gpu
b = randn([100, 100]) @ gpu
c = randn([70, 70]) @ gpu
r = randn([100]) @ gpu
l = randn([300_000]) @ gpu
k = randn([20_000, 40]) @ gpu
v = randn([50_000]) @ gpu
i = randint(-50, 50, [40, 40]) @ gpu",
    );
    for (together, apart, most) in TOGETHER {
        let (dispatches, _) = counts(&mut session, together);
        assert!(dispatches <= *most, "{together}: {dispatches} dispatches");
        // `clock` lets nothing wait
        let apart = apart.replace('\n', "\nclock()\n");
        let all = format!(
            "{apart}\nassert(shape(y) == shape(z) and type(y) == type(z), \"{together}\")\nassert(all((y == z) @ cpu))"
        );
        card(&mut session, &all);
    }
}

/// What the way back reads of a product is written by its kernel, too.
#[test]
fn the_slope_of_an_activation_reads_what_its_kernel_wrote() {
    let mut session = session();
    card(
        &mut session,
        "x = randn([40, 30]) @ gpu\nw = randn([30, 50]) @ gpu\nb = randn([50]) @ gpu
fn f(w) = sum(tanh(x @ w + b))
slow = x.T @ (1 - tanh(x @ w + b) ** 2)",
    );
    let (dispatches, _) = counts(&mut session, "fast = grad(f)(w)");
    // forward, the sum, the cotangent 1, what goes through the activation, the product
    assert!(dispatches <= 5, "{dispatches} dispatches");
    card(&mut session, "assert_close(fast, slow, rtol=1e-4, atol=1e-5)");
}

/// What may fail for its values is told at its line, also where a product or a reduction takes it in.
#[test]
fn faults_are_found_by_the_kernel_that_takes_a_check_in() {
    let mut session = session();
    let code = "fn say(f) = try { f() } catch err { (err.message, err.line) }
i = randint(-50, 50, [40, 40]) @ gpu
z = reshape(arange(1600), [40, 40]) @ gpu
v = arange(3000) @ gpu
fn product() {
    q = (i @ i) // z
    q
}
fn total() {
    sum(v // (v - 2999))
}
p = i @ i
assert(say(product) == (\"integer division by zero at [0, 0]\", 6))
assert(say(total) == (\"integer division by zero at [2999]\", 10))
assert(all(((i @ i) // (z + 1) == p // (z + 1)) @ cpu))
assert(item(sum(v // (v + 1))) == 0)";
    card(&mut session, code);
    let (dispatches, _) = counts(&mut session, "q = (i @ i) // (z + 1)");
    assert_eq!(dispatches, 1);
}

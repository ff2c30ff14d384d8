"""What `benches/run` measures: names, what they stand for, and the bars they must keep to."""
from typing import NamedTuple


class Case(NamedTuple):
    name: str  # how the programs and `--only` call it
    what: str  # how the table calls it
    bar: float | None = None  # the greatest ratio to the peer
    jax: bool = False  # whether `arrays_jax.py` or `graphs_jax.py` has it
    jax_bar: float | None = None
    tf: bool = False  # whether `networks_tf.py` has it
    tf_bar: float | None = None
    beside: str | None = None  # what of Nabla's own it is measured beside, instead of NumPy
    times: int = 1  # so many times
    limit: float | None = None  # the greatest time in seconds; it has no peer


LOOPS = [
    Case("sumsq", "`t += i * i` for i in 0..1000000", 0.25),
    Case("mandelbrot", "mandelbrot by scalars, 400 × 300 × 50", 0.25),
    Case("fib", "`fib(24)`", 0.5),
    Case("vectors", "`a = a + v * 0.5` of 3 elements, 1e5 times", 0.3),
    Case("elements", "`a[i % 1000] = i * 0.5`, 1e5 times", 0.5),
]

# They read a file of TABLE rows and columns.
TABLE = (100000, 5)
TABLES = [
    Case("loadtxt", "`loadtxt` of 1e5 × 5 numbers between commas", 0.5),
    Case("read_csv", "`read_csv` of them, beside `numpy.loadtxt`", 0.5),
]

DTYPES = ("f32", "f64")
SIZES = (64, 128, 256, 512, 1024, 2048)

# The square products of floats: their bar, and that of the geometric mean of their ratios.
SQUARE = [f"matmul/{dtype}/{n}" for dtype in DTYPES for n in SIZES]
SQUARE_BAR, SQUARE_MEAN_BAR = 1.05, 0.95


def matmul():
    for dtype in DTYPES:
        for n in SIZES:
            yield Case(f"matmul/{dtype}/{n}", f"`a @ b`, {n} × {n}, {dtype}", SQUARE_BAR, n in (512, 1024))
        yield Case(f"matmul/{dtype}/4096x64x4096", f"`a @ b`, 4096 × 64 by 64 × 4096, {dtype}", 1.05)
        yield Case(f"matvec/{dtype}/1024", f"`a @ x`, 1024 × 1024, {dtype}", 1.05)
    yield Case("matmul/i64/512", "`a @ b`, 512 × 512, i64", 0.15)


def elementwise():
    for dtype in reversed(DTYPES):
        yield Case(f"chain/{dtype}", f"`sqrt(x * x + y * y) * exp(-x)`, 1e7, {dtype}", 0.25, True, 1.0)
        yield Case(f"axpb/{dtype}", f"`x * 2 + 1`, 1e7, {dtype}", 0.5, True)
        double = dtype == "f64"
        yield Case(f"exp/{dtype}", f"`exp(x)`, 1e7, {dtype}", 0.6 if double else None, True)
        yield Case(f"log/{dtype}", f"`log(x)`, 1e7, {dtype}", 0.6 if double else None)
        yield Case(f"tanh/{dtype}", f"`tanh(x)`, 1e7, {dtype}", 0.6 if double else None)
        yield Case(f"sin/{dtype}", f"`sin(x)`, 1e7, {dtype}", 0.3 if double else None)
    yield Case("outer_sum", "`column + row`, 4000 × 1 and 1 × 2500", 0.6)
    yield Case("softmax", "`softmax(x, axis=1)`, 1000 × 1000", 0.4, True)


def reductions():
    for name, bars in (
        ("sum", (0.7, 0.7, 0.7)),
        ("mean", (0.7, 0.7, 0.7)),
        ("var", (0.15, 0.15, 0.15)),
        ("argmax", (None, 0.3, None)),
    ):
        for axis, bar in zip(("none", 0, 1), bars):
            yield Case(f"{name}/{axis}", f"`{name}(x, axis={axis})`, 4000 × 2500", bar)
    yield Case("sum_of_squares", "`sum(x * x)`, 1e7", 0.3)
    yield Case("cumsum", "`cumsum(x)`, 1e7", 0.6)
    yield Case("count", "`count_nonzero(x > 0)`, 1e7", 0.4)
    yield Case("histogram", "`histogram(x, 50)`, 1e7", 0.6)


MOVES = [
    Case("mask", "`x[x > 0]`, 1e7", 0.4),
    Case("where", "`where(x > 0, x, 0)`, 1e7", 0.4),
    Case("concatenate", "`concatenate((x, x))`, 1e7", 0.8),
    Case("take", "`x[i]`, 1e6 random of 1e7", 1.4),
    Case("transpose", "copy of `x.T`, 4000 × 4000", 0.8),
]

SORTING = [
    Case("sort/1e6", "`sort(x)`, 1e6", 2.0),
    Case("argsort/1e6", "`argsort(x)`, 1e6", 1.1),
    Case("sort/1e7", "`sort(x)`, 1e7", 1.0),
    Case("argsort/1e7", "`argsort(x)`, 1e7", 1.1),
    Case("unique", "`unique(x)`, 1e6 of i64 below 100,000", 0.3),
]

NUMERIC = [
    Case("solve", "`linalg.solve(a, b)`, 500 × 500", 1.2),
    Case("randn", "`randn(1e6)`", 1.0),
]


def small():
    for shape in ("10", "3x3"):
        size = {"10": "10 elements", "3x3": "3 × 3"}[shape]
        for name, what in (("add", "x + y"), ("axpb", "x * 2 + 1"), ("sum", "sum(x)"), ("product", "x @ y")):
            yield Case(f"{name}/{shape}", f"`{what}`, {size}")


NETWORK = "784-256-128-10"
DERIVATIVES = [
    Case("mlp/step", f"step of a network {NETWORK}, 128 rows, f32", 1.45, tf=True, tf_bar=0.35),
    Case("mlp/gradient", "`value_and_grad(loss)` of it, beside `loss`", 2.5, beside="mlp/loss"),
    Case("mlp/vmap", "`vmap` of it over 1,000 rows, beside matrices", 1.3, beside="mlp/batch"),
    Case("chain/gradient", "`grad` of `sum(sqrt(x * x + y * y) * exp(-x))`, 1e6, beside it", 4.0, beside="chain/value"),
    Case(
        "rosenbrock/hessian",
        "`hessian` of Rosenbrock's function of 100 numbers, beside 30 gradients",
        1.0,
        beside="rosenbrock/gradient",
        times=30,
    ),
]

GRAPHS = [
    Case("call", "call of `graph(|x| x + 1)`, 10 elements, more than `x + 1`", limit=1e-6),
    Case(
        "mlp/graph",
        "step of the network as a graph, beside eager",
        jax=True,
        jax_bar=1.0,
        tf=True,
        tf_bar=0.7,
        beside="mlp/step",
    ),
    Case("mlp/trace", "its tracing and compiling", limit=5e-3),
    Case("pendulum", "pendulum by `scan`, 1e5 steps of 10 operations: one operation", limit=40e-9),
    Case("digits/graph", "training of `digits_network` as a graph, beside eager", 0.6, beside="digits/eager"),
]

# What `residuals.nab` runs, and its peak memory over the bytes that must be there at once.
RESIDUALS = [
    Case("residuals/gradient", "gradient of 20 layers", 1.15),
    Case("residuals/checkpoint", "the same, a checkpoint every 5 layers", 0.5),
    Case("residuals/graph", "a step of training of 20 layers as a graph", 1.1),
]

# Group, its cases: functions of these names in the programs `arrays*`, or all of the programs `derivatives*`, `graphs*`.
ARRAYS = {
    "matmul": list(matmul()),
    "elementwise": list(elementwise()),
    "reductions": list(reductions()),
    "moves": MOVES,
    "sorting": SORTING,
    "numeric": NUMERIC,
    "small": list(small()),
    "derivatives": DERIVATIVES,
    "graphs": GRAPHS,
}

# The time over that of a plain copy of as many elements may be this much more for 1e8 of them than for 1e7.
GROWTH_BAR = 1.3
GROWTH = [
    Case("axpb", "`x * 2 + 1`"),
    Case("exp", "`exp(x)`"),
    Case("chain", "`sqrt(x * x + y * y) * exp(-x)`"),
    Case("sum", "`sum(x)`"),
    Case("var", "`var(x)`"),
]

# What it is, the program.
LARGE = [
    ("a literal of a million numbers", lambda: "x = [" + ", ".join(str(i * 0.5) for i in range(1000000)) + "]\n"),
    ("a file of 100,000 statements", lambda: "".join(f"x{i % 1000} = {i} + 1\n" for i in range(100000))),
    ("1e5 appends to an array", lambda: "xs = []\nfor i in 0..100000 { xs = append(xs, i) }\n"),
    ("1e5 appends to a tuple", lambda: "xs = ()\nfor i in 0..100000 { xs = append(xs, i) }\n"),
    ("1e5 new fields of a record", lambda: 'r = (a=1)\nfor i in 0..100000 { r[f"x{i}"] = i }\n'),
    ("1e5 times `s += \"x\"`", lambda: 's = ""\nfor i in 0..100000 { s += "x" }\n'),
]
SECONDS_OF_LARGE = 2.0

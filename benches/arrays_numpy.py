"""The cases of `arrays.nab` in NumPy."""
import numpy as np

from timer import case, run_group

np.seterr(divide="ignore")  # one of the random numbers may be 0, and its logarithm -inf
rng = np.random.default_rng(0)
DTYPES = {"f32": np.float32, "f64": np.float64}


def randn(*shape, dtype=np.float64):
    return rng.standard_normal(shape, dtype=dtype)


def rand(*shape, dtype=np.float64):
    return rng.random(shape, dtype=dtype)


def matmul():
    for name, dtype in DTYPES.items():
        for n in (64, 128, 256, 512, 1024, 2048):
            a, b = randn(n, n, dtype=dtype), randn(n, n, dtype=dtype)
            case(f"matmul/{name}/{n}", lambda: a @ b)
        a, b = randn(4096, 64, dtype=dtype), randn(64, 4096, dtype=dtype)
        case(f"matmul/{name}/4096x64x4096", lambda: a @ b)
        a, x = randn(1024, 1024, dtype=dtype), randn(1024, dtype=dtype)
        case(f"matvec/{name}/1024", lambda: a @ x)
    a, b = rng.integers(9, size=(512, 512)), rng.integers(9, size=(512, 512))
    case("matmul/i64/512", lambda: a @ b)


def elementwise():
    for name, dtype in DTYPES.items():
        x, y = rand(10**7, dtype=dtype), rand(10**7, dtype=dtype)
        case(f"chain/{name}", lambda: np.sqrt(x * x + y * y) * np.exp(-x))
        case(f"axpb/{name}", lambda: x * 2 + 1)
        case(f"exp/{name}", lambda: np.exp(x))
        case(f"log/{name}", lambda: np.log(x))
        case(f"tanh/{name}", lambda: np.tanh(x))
        case(f"sin/{name}", lambda: np.sin(x))
    column, row = rand(4000, 1), rand(1, 2500)
    case("outer_sum", lambda: column + row)

    def softmax(x):
        e = np.exp(x - x.max(1, keepdims=True))
        return e / e.sum(1, keepdims=True)

    x = randn(1000, 1000)
    case("softmax", lambda: softmax(x))


def reductions():
    x = randn(4000, 2500)
    for name, axis in (("none", None), ("0", 0), ("1", 1)):
        case(f"sum/{name}", lambda: np.sum(x, axis=axis))
        case(f"mean/{name}", lambda: np.mean(x, axis=axis))
        case(f"var/{name}", lambda: np.var(x, axis=axis))
        case(f"argmax/{name}", lambda: np.argmax(x, axis=axis))
    x = randn(10**7)
    case("sum_of_squares", lambda: np.sum(x * x))
    case("cumsum", lambda: np.cumsum(x))
    case("count", lambda: np.count_nonzero(x > 0))
    case("histogram", lambda: np.histogram(x, 50))


def moves():
    x = randn(10**7)
    case("mask", lambda: x[x > 0])
    case("where", lambda: np.where(x > 0, x, 0))
    case("concatenate", lambda: np.concatenate((x, x)))
    i = rng.integers(10**7, size=10**6)
    case("take", lambda: x[i])
    square = randn(4000, 4000)
    case("transpose", lambda: square.T.copy())


def sorting():
    for name, n in (("1e6", 10**6), ("1e7", 10**7)):
        x = randn(n)
        case(f"sort/{name}", lambda: np.sort(x))
        case(f"argsort/{name}", lambda: np.argsort(x))
    x = rng.integers(100000, size=10**6)
    case("unique", lambda: np.unique(x))


def numeric():
    a, b = randn(500, 500), randn(500)
    case("solve", lambda: np.linalg.solve(a, b))
    case("randn", lambda: rng.standard_normal(10**6))


def small():
    for name, x in (("10", np.arange(10.0)), ("3x3", np.arange(9.0).reshape(3, 3))):
        y = x + 1
        case(f"add/{name}", lambda: x + y)
        case(f"axpb/{name}", lambda: x * 2 + 1)
        case(f"sum/{name}", lambda: np.sum(x))
        case(f"product/{name}", lambda: x @ y)


run_group(matmul, elementwise, reductions, moves, sorting, numeric, small)

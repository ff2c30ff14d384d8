"""Writes derivatives.txt: gradients of functions by JAX, and how they move along a direction.

Run with JAX: JAX_ENABLE_X64=1 python3 tests/data/make_derivatives.py > tests/data/derivatives.txt

Results are weighed with cos(0.7 + 1.7 i) and added up; the direction is cos(0.3 + 1.7 i); i counts the elements of all
arrays. A case is a call of Nabla with its arguments, and the same function in JAX.
"""
import jax
import jax.numpy as jnp
from jax.scipy.linalg import solve_triangular
from jax.scipy.special import erf, i0

M = [[2.5, 0.5], [0.25, 3.0]]
N = [[1.0, -0.5], [0.2, 0.7]]
M3 = [[2.5, 0.5, 1.0], [0.25, 3.0, -1.0], [0.3, 0.7, 2.0]]
SYMMETRIC = [[2.5, 0.5, 0.2], [0.5, 4.0, -0.4], [0.2, -0.4, 1.0]]
TALL = [[2.5, 0.5], [0.25, 3.0], [1.0, 2.0]]
WIDE = [[0.5, 1.5, 1.0], [2.0, 3.0, -1.0]]
V = [0.5, 1.5, 2.5]
W = [0.3, -1.2, 0.7]


def eigh(a):
    w, v = jnp.linalg.eigh((a + a.T) / 2)
    return w, v * v


def svd(a):
    u, s, vh = jnp.linalg.svd(a, full_matrices=False)
    return u * u, s, vh * vh


def qr(a):
    q, r = jnp.linalg.qr(a)
    return q * q, r * r


def sampled(x):
    return jnp.interp(x, jnp.array([1.0, 2.0, 4.0]), jnp.array([3.0, 2.0, 0.0]))


CASES = [
    ("abs(a)", jnp.abs, dict(a=W)),
    ("sqrt(a)", jnp.sqrt, dict(a=V)),
    ("cbrt(a)", jnp.cbrt, dict(a=V)),
    ("square(a)", jnp.square, dict(a=W)),
    ("reciprocal(a)", jnp.reciprocal, dict(a=W)),
    ("exp(a)", jnp.exp, dict(a=W)),
    ("exp2(a)", jnp.exp2, dict(a=W)),
    ("expm1(a)", jnp.expm1, dict(a=W)),
    ("log(a)", jnp.log, dict(a=V)),
    ("log2(a)", jnp.log2, dict(a=V)),
    ("log10(a)", jnp.log10, dict(a=V)),
    ("log1p(a)", jnp.log1p, dict(a=V)),
    ("sin(a)", jnp.sin, dict(a=W)),
    ("cos(a)", jnp.cos, dict(a=W)),
    ("tan(a)", jnp.tan, dict(a=W)),
    ("asin(a)", jnp.arcsin, dict(a=[0.3, -0.9, 0.7])),
    ("acos(a)", jnp.arccos, dict(a=[0.3, -0.9, 0.7])),
    ("atan(a)", jnp.arctan, dict(a=W)),
    ("sinh(a)", jnp.sinh, dict(a=W)),
    ("cosh(a)", jnp.cosh, dict(a=W)),
    ("tanh(a)", jnp.tanh, dict(a=W)),
    ("asinh(a)", jnp.arcsinh, dict(a=W)),
    ("acosh(a)", jnp.arccosh, dict(a=[1.5, 2.5, 4.0])),
    ("atanh(a)", jnp.arctanh, dict(a=[0.3, -0.9, 0.7])),
    ("erf(a)", erf, dict(a=W)),
    ("sigmoid(a)", jax.nn.sigmoid, dict(a=W)),
    ("relu(a)", jax.nn.relu, dict(a=W)),
    ("sinc(a)", jnp.sinc, dict(a=[0.0, 0.3, -1.2])),
    ("i0(a)", i0, dict(a=[0.5, 2.5, 9.0])),
    ("a * b", jnp.multiply, dict(a=W, b=V)),
    ("a / b", jnp.divide, dict(a=W, b=V)),
    ("a ** b", jnp.power, dict(a=V, b=W)),
    ("a ** 3", lambda a: a**3, dict(a=[0.0, -1.2, 0.7])),
    ("a % b", jnp.mod, dict(a=[5.5, -2.5, 0.7], b=[2.0, 1.6, 0.3])),
    ("fmod(a, b)", jnp.fmod, dict(a=[5.5, -2.5, 0.7], b=[2.0, 1.6, 0.3])),
    ("hypot(a, b)", jnp.hypot, dict(a=W, b=V)),
    ("atan2(a, b)", jnp.arctan2, dict(a=W, b=V)),
    ("logaddexp(a, b)", jnp.logaddexp, dict(a=W, b=V)),
    ("maximum(a, b)", jnp.maximum, dict(a=[1.0, 2.0, 3.0], b=[1.0, 3.0, 2.0])),
    ("minimum(a, b)", jnp.minimum, dict(a=[1.0, 2.0, 3.0], b=[1.0, 3.0, 2.0])),
    ("clip(a, 0, 1)", lambda a: jnp.clip(a, 0, 1), dict(a=[0.0, 0.5, 1.0, 2.0])),
    ("where(a > 1, a * b, b / a)", lambda a, b: jnp.where(a > 1, a * b, b / a), dict(a=V, b=W)),
    ("sum(a, axis=0)", lambda a: jnp.sum(a, axis=0), dict(a=WIDE)),
    ("prod(a, axis=1)", lambda a: jnp.prod(a, axis=1), dict(a=[[0.5, 0.0, 1.5], [2.0, -3.0, 0.7], [0.0, 0.0, 2.0]])),
    ("mean(a, axis=1)", lambda a: jnp.mean(a, axis=1), dict(a=WIDE)),
    ("var(a, axis=1, ddof=1)", lambda a: jnp.var(a, axis=1, ddof=1), dict(a=WIDE)),
    ("std(a, axis=0)", lambda a: jnp.std(a, axis=0), dict(a=WIDE)),
    ("max(a, axis=1)", lambda a: jnp.max(a, axis=1), dict(a=[[2.0, 2.0, 1.0], [0.0, 1.0, 3.0]])),
    ("min(a, axis=0)", lambda a: jnp.min(a, axis=0), dict(a=[[2.0, 2.0, 1.0], [2.0, 1.0, 3.0]])),
    ("logsumexp(a, axis=1)", lambda a: jax.nn.logsumexp(a, axis=1), dict(a=WIDE)),
    ("softmax(a)", jax.nn.softmax, dict(a=W)),
    ("log_softmax(a)", jax.nn.log_softmax, dict(a=W)),
    ("cumsum(a)", jnp.cumsum, dict(a=W)),
    ("cumprod(a)", jnp.cumprod, dict(a=[0.5, 0.0, -1.5, 0.7])),
    ("sort(a)", jnp.sort, dict(a=W)),
    ("median(a)", jnp.median, dict(a=W)),
    ("quantile(a, 0.3)", lambda a: jnp.quantile(a, 0.3), dict(a=W)),
    ("a[[0, 2, 0, 1]]", lambda a: a[jnp.array([0, 2, 0, 1])], dict(a=W)),
    ("a[[0, 2, 0]] += b; a * a", lambda a, b: a.at[jnp.array([0, 2, 0])].add(b) ** 2, dict(a=W, b=V)),
    ("a[:, 1] = b; a * a", lambda a, b: a.at[:, 1].set(b) ** 2, dict(a=M, b=[2.0, 5.0])),
    ("take_along_axis(a, [[1], [0]], 1)", lambda a: jnp.take_along_axis(a, jnp.array([[1], [0]]), 1), dict(a=M)),
    ("concatenate((a, b)) ** 2", lambda a, b: jnp.concatenate([a, b]) ** 2, dict(a=W, b=V)),
    ("pad(a, 2, mode=\"reflect\") ** 2", lambda a: jnp.pad(a, 2, mode="reflect") ** 2, dict(a=W)),
    ("a @ b", jnp.matmul, dict(a=TALL, b=M)),
    ("einsum(\"ij,kj->ik\", a, b)", lambda a, b: jnp.einsum("ij,kj->ik", a, b), dict(a=TALL, b=M)),
    ("tensordot(a, b)", lambda a, b: jnp.tensordot(a, b), dict(a=M, b=N)),
    ("kron(a, b)", jnp.kron, dict(a=M, b=N)),
    ("outer(a, b)", jnp.outer, dict(a=W, b=V)),
    ("cross(a, b)", jnp.cross, dict(a=W, b=V)),
    ("convolve(a, b)", jnp.convolve, dict(a=W, b=V)),
    ("interp(a, [1.0, 2.0, 4.0], [3.0, 2.0, 0.0])", sampled, dict(a=[1.5, 2.0, 3.0, 9.0])),
    ("trapezoid(a, x=b)", jnp.trapezoid, dict(a=W, b=V)),
    ("polyval(a, b)", jnp.polyval, dict(a=W, b=V)),
    ("linspace(a, b, 4)", lambda a, b: jnp.linspace(a, b, 4), dict(a=0.5, b=2.0)),
    ("cov(a)", jnp.cov, dict(a=WIDE)),
    ("linalg.solve(a, b)", jnp.linalg.solve, dict(a=M, b=TALL[:2])),
    ("linalg.inv(a)", jnp.linalg.inv, dict(a=M3)),
    ("linalg.det(a)", jnp.linalg.det, dict(a=M3)),
    ("linalg.slogdet(a).logabsdet", lambda a: jnp.linalg.slogdet(a)[1], dict(a=M3)),
    ("linalg.cholesky(a)", lambda a: jnp.linalg.cholesky(jnp.tril(a) + jnp.tril(a, -1).T), dict(a=SYMMETRIC)),
    ("(q, r) = linalg.qr(a); (q * q, r * r)", qr, dict(a=TALL)),
    ("(w, v) = linalg.eigh((a + a.T) / 2); (w, v * v)", eigh, dict(a=SYMMETRIC)),
    ("(u, s, vh) = linalg.svd(a, full_matrices=false); (u * u, s, vh * vh)", svd, dict(a=TALL)),
    ("linalg.svdvals(a)", lambda a: jnp.linalg.svd(a, compute_uv=False), dict(a=TALL)),
    ("linalg.pinv(a)", jnp.linalg.pinv, dict(a=TALL)),
    ("linalg.norm(a)", jnp.linalg.norm, dict(a=M)),
    ("linalg.norm(a, \"nuc\")", lambda a: jnp.linalg.norm(a, "nuc"), dict(a=M)),
    ("linalg.norm(a, 2)", lambda a: jnp.linalg.norm(a, 2), dict(a=M)),
    ("linalg.norm(a, inf)", lambda a: jnp.linalg.norm(a, jnp.inf), dict(a=M)),
    ("linalg.norm(a, 3)", lambda a: jnp.linalg.norm(a, 3), dict(a=W)),
    ("linalg.matrix_power(a, -2)", lambda a: jnp.linalg.matrix_power(a, -2), dict(a=M)),
    ("linalg.lstsq(a, b)[0]", lambda a, b: jnp.linalg.lstsq(a, b)[0], dict(a=TALL, b=V)),
    ("linalg.solve(tril(a), b)", lambda a, b: solve_triangular(a, b, lower=True), dict(a=M3, b=V)),
    ("linalg.det(a)", lambda a: a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0], dict(a=[[1.0, 2.0], [2.0, 4.0]])),
]


def spread(arrays, start):
    found = []
    for x in arrays:
        found.append(jnp.cos(start + 1.7 * jnp.arange(x.size)).reshape(x.shape))
        start += 1.7 * x.size
    return tuple(found)


def weighed(f):
    def of(args):
        results = jax.tree.leaves(f(*args))
        return sum(jnp.sum(y * weights) for y, weights in zip(results, spread(results, 0.7)))
    return of


def shown(name, arrays):
    numbers = [repr(float(x) + 0.0) for array in arrays for x in array.ravel()]
    assert all(number not in ("nan", "inf", "-inf") for number in numbers), name
    return name + " " + " ".join(numbers)


HEAD = "a call and its arguments, the gradient, and how that moves along a direction"
print(f"# Written by JAX {jax.__version__}: {HEAD}")
for call, f, arguments in CASES:
    args = tuple(jnp.array(value) for value in arguments.values())
    direction = spread(args, 0.3)
    gradient = jax.grad(weighed(f))
    slopes, curve = jax.jvp(gradient, (args,), (direction,))
    print(" | ".join([call, *(f"{name} = {value}" for name, value in arguments.items())]))
    print(shown("gradient", slopes))
    print(shown("curve", curve))

"""Writes calls.txt: calls of functions that are written in Nabla, and what NumPy gives of them.

Run with NumPy 2: python3 tests/data/make_calls.py > tests/data/calls.txt
A line is a call, ` => `, and its results: dtype, shape and elements of each, or `error`.
"""
import warnings
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

warnings.simplefilter("ignore")
random = np.random.default_rng(1)
DTYPES = {"float64": "f64", "float32": "f32", "int64": "i64", "int32": "i32", "uint8": "u8", "bool": "bool",
          # sums of bytes: there is one wide integer
          "uint64": "i64"}
seen = set()


def written(value):
    """A value as Nabla writes it."""
    if isinstance(value, tuple):
        return "(" + ", ".join(map(written, value)) + ("," if len(value) == 1 else "") + ")"
    if isinstance(value, list):
        return "[" + ", ".join(map(written, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None:
        return "none"
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, (int, float)):
        return repr(value)
    dtype = DTYPES[str(value.dtype)]
    if value.size == 0:
        return f"zeros({written(value.shape)}, dtype={dtype})"
    elements = written(value.tolist())
    return elements if dtype in ("f64", "i64", "bool") else f"{dtype}({elements})"


def shown(result):
    """Dtype, shape and elements of every array of a result."""
    if isinstance(result, (tuple, list)):
        return "; ".join(map(shown, result))
    if isinstance(result, str):
        return "str " + result
    array = np.asarray(result)
    return " ".join([DTYPES[str(array.dtype)], str(array.shape), *map(str, array.ravel().tolist())])


def call(name, *args, f=None, **named):
    code = f"{name}({', '.join([*map(written, args), *(f'{key}={written(x)}' for key, x in named.items())])})"
    if code in seen:
        return
    seen.add(code)
    try:
        result = shown((f or getattr(np, name))(*args, **named))
    except (ValueError, TypeError, IndexError):
        result = "error"
    except KeyError:
        return  # of a dtype that there is not, as half precision
    print(code, "=>", result)


def changed(name):
    """A function that changes its argument as one that returns what it becomes."""
    def f(a, *args, **named):
        a = np.array(a)
        getattr(np, name)(a, *args, **named)
        return a
    return f


def floats(*shape):
    return np.round(random.normal(size=shape) * 3, 1)


def ints(*shape, low=-5, high=9):
    return random.integers(low, high, size=shape)


def holes(*shape):
    x = floats(*shape)
    x[random.random(shape) < 0.3] = np.nan
    return x


METHODS = """inverted_cdf averaged_inverted_cdf closest_observation interpolated_inverted_cdf hazen weibull linear
median_unbiased normal_unbiased lower higher midpoint nearest""".split()

print(f"# Written by NumPy {np.__version__} with make_calls.py")

# quantiles
for dtype in ("f8", "f4", "i8", "u1"):
    a = np.abs(floats(2, 3) * 2).astype(dtype)
    for axis in (None, 0, -1, (0, 1)):
        for keepdims in (False, True):
            call("median", a, axis=axis, keepdims=keepdims)
            call("quantile", a, 0.3, axis=axis, keepdims=keepdims)
            call("quantile", a, np.array([0, 0.25, 1.0]), axis=axis, keepdims=keepdims)
    for method in METHODS:
        call("quantile", a[0], np.linspace(0, 1, 6), method=method)
        call("percentile", ints(4).astype("f8"), np.array([[10, 30], [50, 99]]), method=method)
for axis in (None, 0, 1, (0, 1)):
    x = holes(3, 4)
    x[1] = np.nan
    for keepdims in (False, True):
        for name in "nansum nanprod nanmax nanmin nanmean nanvar nanstd nanmedian".split():
            call(name, x, axis=axis, keepdims=keepdims)
        call("nanquantile", x, np.array([0.2, 0.75]), axis=axis, keepdims=keepdims, method=METHODS[ints(1, low=0)[0]])
    call("median", x, axis=axis)
    call("quantile", x, 0.3, axis=axis)
    if axis in (None, 1, 0):
        call("nancumsum", x, axis=axis)
        call("nancumprod", x, axis=axis)
call("nanargmax", holes(2, 5), axis=1)
call("nanargmin", holes(7))
call("median", np.array([]))
call("quantile", np.array([1.0, 2.0]), 1.5)
call("median", np.array([1e308, 1.7e308, 1e308]))

# means and their relatives
for axis in (None, 0, 1, (1, 0)):
    x = floats(2, 3)
    call("average", x, axis=axis)
    call("average", x, axis=axis, weights=np.abs(floats(2, 3)) + 1, returned=True)
call("average", floats(2, 3), axis=0, weights=np.array([1, 2]))
call("average", floats(2, 3), weights=np.array([1, 2]))
call("average", floats(2, 3, 2), axis=(2, 0), weights=np.abs(floats(2, 2)) + 1)
m, y = floats(2, 4), floats(1, 4)
for rowvar in (True, False):
    call("cov", m, rowvar=rowvar)
    call("corrcoef", m, rowvar=rowvar)
for name in ("cov", "corrcoef"):
    call(name, m, y)
    call(name, m[0])
call("cov", m, bias=True)
for ddof in (None, 0, 2):
    call("cov", m, ddof=ddof, fweights=np.array([1, 2, 3, 1]))
    call("cov", m, ddof=ddof, aweights=np.array([1.0, 0.5, 2, 1]))
    call("cov", m, ddof=ddof, fweights=np.array([1, 2, 3, 1]), aweights=np.array([1.0, 0.5, 2, 1]))

# histograms
for bins in (3, np.array([-3.0, -1, 0, 2]), "auto", "sturges", "fd", "sqrt", "rice", "scott", "doane"):
    for x in (floats(20), ints(9)):
        call("histogram", x, bins, density=True)
        if not isinstance(bins, str):
            call("histogram", x, bins, weights=ints(len(x)))
        if not isinstance(bins, np.ndarray):
            call("histogram", x, bins, range=(-1.0, 2.0))
for bad in ((np.array([1.0, np.nan]),), (np.array([1, 2]), 0), (np.array([1]), np.array([2, 1]))):
    call("histogram", *bad)
call("histogram", np.array([]), 2)
call("histogram", np.array([2, 2]), 2)
for bins in (2, (2, 3), (np.array([-2.0, 0, 1]), 2)):
    call("histogram2d", floats(8), floats(8), bins, density=True)
    call("histogram2d", floats(8), floats(8), bins, range=((-2.0, 2.0), (0.0, 3.0)))
for bins in (np.array([-1.0, 0, 1, 2.5]), np.array([3.0, 2, 1, 0])):
    for right in (False, True):
        call("digitize", floats(5), bins, right=right)
        call("digitize", ints(5), bins, right=right)

# shapes
for a in (np.array(3), ints(3), ints(2, 3), ints(2, 2, 3)):
    for name in ("atleast_1d", "atleast_2d", "atleast_3d"):
        call(name, a)
    for reps in (3, (2, 2), (2, 1, 2)):
        call("tile", a, reps)
    if a.ndim:
        call("roll", a, 2)
        call("roll", a, -1, axis=-1)
    if a.ndim > 1:
        for k in range(-1, 3):
            call("rot90", a, k, axes=(1, 0) if k else (0, 1))
        call("roll", a, (1, -1), axis=(0, 1))
        for axis, start in ((0, 2), (1, 0), (-1, 0), (0, -1)):
            call("rollaxis", a, axis, start)
        call("array_split", a, 2, axis=1)
        call("split", a, np.array([1]), axis=1)
        call("hsplit", a, np.array([1, 2]))
        call("vsplit", a, 2)
call("array_split", ints(8), 3)
call("split", ints(7), 3)
call("split", ints(6), (1, 4, 9))
call("column_stack", (ints(3), ints(3, 2)))
call("dstack", (ints(3), ints(3)))
call("broadcast_arrays", ints(3), ints(2, 1), ints(1))
call("broadcast_arrays", ints(3), ints(2))
for window, axis in ((2, 0), ((2, 2), None), ((2, 2), (1, 0)), ((2, 2), (1, -1)), (4, 0)):
    call("sliding_window_view", ints(3, 3), window, axis=axis, f=sliding_window_view)

# grids
for named in ({"num": 4}, {"num": 4, "endpoint": False}, {"num": 1}, {"num": 0}):
    call("logspace", 0.5, 2.0, **named)
    call("geomspace", -1000.0, -1.0, **named)
    call("geomspace", np.array([1.0, 2]), np.array([10.0, 20]), axis=-1, **named)
call("logspace", 0.0, 2.0, num=3, base=np.array([2.0, 3.0]), axis=-1)
for k in (-1, 0, 2):
    call("tri", 3, 4, k)
    call("tril_indices", 3, k)
    call("triu_indices", 3, k, 4)
call("vander", ints(3))
call("vander", floats(2), 3, increasing=True)
for indexing in ("xy", "ij"):
    for sparse in (False, True):
        call("meshgrid", ints(3), ints(2), indexing=indexing, sparse=sparse)
        call("meshgrid", ints(2), ints(2), ints(2), indexing=indexing, sparse=sparse)
call("indices", (2, 3))
call("ix_", np.array([0, 2]), np.array([True, False, True]))
for order in ("C", "F"):
    call("unravel_index", ints(4, low=0, high=24), (3, 2, 4), order=order,
         f=lambda places, shape, order: tuple(np.unravel_index(places, shape, order=order)))
    for mode in ("clip", "wrap", ("clip", "wrap")):
        call("ravel_multi_index", (ints(4), ints(4)), (3, 4), order=order, mode=mode)

# edits
for a in (ints(3), ints(2, 3)):
    for axis in (None, 0, -1):
        n = a.size if axis is None else a.shape[axis]
        for place in (0, -1, n, np.array([0, 1]), (1, 1, 0), np.array([1]), n + 1):
            call("insert", a, place, 99, axis=axis)
        for place in (0, -1, (1, 0), n):
            call("delete", a, place, axis=axis)
call("insert", ints(3, 2), 1, np.array([[7], [8], [9]]), axis=1)
call("insert", ints(3, 2), np.array([1]), np.array([[7], [8], [9]]), axis=1)
call("insert", ints(3, 2), 1, np.array([7, 8, 9]), axis=1)
call("resize", ints(3), (2, 4))
for trim in ("fb", "f", "b"):
    call("trim_zeros", np.array([[0, 0, 0, 0], [0, 1, 0, 2], [0, 0, 0, 0]]), trim)
    call("trim_zeros", np.array([0, 0]), trim)
for a in (ints(4), floats(2, 3), np.array([1.5])):
    for width in ((1, 3), 5):
        for mode in "constant edge reflect symmetric wrap linear_ramp maximum minimum mean median".split():
            call("pad", a, width, mode=mode)
        for mode in ("reflect", "symmetric"):
            call("pad", a, width, mode=mode, reflect_type="odd")
        call("pad", a, width, mode="mean", stat_length=(1, 2))
call("pad", floats(2, 3), ((1, 2), (0, 3)), constant_values=((1, 2), (3, 4)))
call("pad", ints(4), 3, mode="linear_ramp", end_values=(4, -6))

# elements
values = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0, 1.0, -2.5, 1e-310, 1e300])
for name in "fabs sinc nan_to_num isneginf isposinf isreal iscomplex real imag angle modf frexp".split():
    call(name, floats(3))
    call(name, holes(3).astype("f4"))
    call(name, ints(3))
for name in ("fmax", "fmin", "heaviside", "isclose", "array_equal"):
    x = holes(6)
    call(name, x, holes(6))
    call(name, x, x)
call("divmod", floats(4), np.array([1.5, -2.0, 0.5, 3.0]))
call("ldexp", floats(3), np.array([1023, -1074, 2000]))
call("logaddexp2", floats(3), floats(3))
call("float_power", ints(3, low=1), -2)

# differences and sums
for a in (floats(4), ints(3, 4), np.array([1, 5, 2], dtype="u1"), np.array([True, False, False])):
    for n in (0, 1, 2):
        call("diff", a, n)
    if a.dtype.kind in "fi":
        call("diff", a, axis=0, prepend=3, append=a)
        call("trapezoid", a, dx=0.5)
        call("trapezoid", a, x=np.array([0.0, 1, 3, 4]))
        for edge_order in (1, 2):
            call("gradient", a, edge_order=edge_order)
            call("gradient", a, np.array([0.0, 1, 3, 4]), axis=-1, edge_order=edge_order)
            call("gradient", a, *[2.0] * a.ndim, edge_order=edge_order)
call("gradient", np.array([1.0]))
call("gradient", floats(3), 1.0, 2.0)
call("ediff1d", ints(4), to_end=np.array([1, 2]), to_begin=-3)
for m, n in ((3, 3), (2, 3), (3, 2), (2, 2)):
    call("cross", ints(m), ints(n))
    call("cross", ints(m, 2), ints(n, 2), axisa=0, axisb=0)

# samples
for m, n in ((1, 1), (4, 2), (2, 5), (3, 3)):
    for mode in ("full", "same", "valid"):
        call("convolve", ints(m), floats(n), mode)
        call("correlate", ints(m), floats(n), mode)
xp, fp = np.array([-2.0, 0.5, 1, 4]), floats(4)
for x in (floats(4), 1.0, np.array([-2.0, 4.0, np.nan])):
    call("interp", x, xp, fp)
    call("interp", x, xp, fp, left=-9, right=9.5)
    call("interp", x, xp[::-1], fp, period=5.0)
for period in (4, 5, 3.0):
    call("unwrap", ints(6), period=period)
    call("unwrap", floats(2, 4) * 3, axis=0, period=period)
for n in (0, 1, 2, 5):
    for name in ("bartlett", "blackman", "hamming", "hanning"):
        call(name, n)
    call("kaiser", n, 8.6)
call("i0", np.array([0, 0.5, 7.9, 8.0, 8.1, 100]))

# selection
choices = (ints(4), ints(4), ints(4))
for mode in ("raise", "clip", "wrap"):
    call("choose", ints(4, low=-3, high=6), choices, mode=mode)
    call("choose", ints(2, 4, low=0, high=3), choices, mode=mode)
    call("put", ints(5), np.array([7, -9, 2]), np.array([90, 80]), mode=mode, f=changed("put"))
call("putmask", ints(5), np.array([True, False, True, True, False]), np.array([90, 80]), f=changed("putmask"))
call("place", ints(5), np.array([True, False, True, True, False]), np.array([90, 80]), f=changed("place"))
for shape in ((3, 3), (2, 4), (7, 3), (2, 2, 2), (3, 3, 2)):
    for wrap in (False, True):
        call("fill_diagonal", ints(*shape), np.array([70, 80]), wrap=wrap, f=changed("fill_diagonal"))
for axis, length in ((None, 4), (0, 2), (1, 2), (0, 3)):
    call("compress", np.array([True, False, True, True][:length]), ints(2, 3), axis=axis)

# bits
for shape in ((3,), (9,), (2, 3)):
    for bitorder in ("big", "little"):
        call("packbits", ints(*shape, low=0, high=2), axis=-1, bitorder=bitorder)
        for count in (None, 5, -3, 30):
            call("unpackbits", ints(*shape, low=0, high=256).astype("u1"), axis=0, bitorder=bitorder, count=count)
for n in (0, 5, -1, -8, 127, 2**63 - 1):
    for width in (None, 3, 4, 8):
        call("binary_repr", n, width=width)
    for base in (2, 3, 36):
        call("base_repr", n, base, 2)

# polynomials
for m in range(1, 4):
    p = floats(m)
    call("polyval", p, floats(2))
    call("poly", p)
    for k in range(3):
        call("polyder", ints(m), k)
        call("polyint", p, k, k=np.array([1.0, 2]))
    for n in range(1, 4):
        for name in ("polyadd", "polysub", "polymul"):
            call(name, ints(m, low=1), ints(n, low=1))
        call("polydiv", ints(m, low=1), ints(n, low=1))

# every dtype: what is computed in a narrow one must not wrap on the way
NARROW = [np.array([9, 6, 4, 2], dtype="u1"), np.array([-2000000000, 2000000000, 7, 9], dtype="i4"),
          np.array([1.5, 4.0, 2.5, 8.0], dtype="f4"), np.array([True, False, True, True])]
for x in NARROW:
    for name in ("diff", "nansum", "nanmean", "median", "trapezoid", "ediff1d", "nancumsum", "nanmax", "flipud", "tri"):
        if name != "tri" and not (name in ("diff", "ediff1d") and x.dtype == bool):
            call(name, x)
    call("quantile", x.astype("f8"), 0.3)
    if x.dtype != np.float32:  # of single precision NumPy's is double, and ours single
        call("interp", np.array([0.5, 5.0]), np.sort(x), np.arange(4.0))
    call("convolve", x, np.array([1.0, np.inf]))
    call("correlate", np.array([np.nan, 1.0, 2.0]), x, "full")
    call("roll", x, 1)
    call("insert", x, 1, x[:1])
    call("average", x, weights=np.array([1, 2, 3, 4]))
    call("isin", x, np.array([2, 9]))
    call("histogram", x, 3) if x.dtype not in (bool, np.float32) else None
    call("cov", x)
    call("nan_to_num", x)
    call("ptp", x) if x.dtype not in (bool, np.uint8) and x.dtype != np.int32 else None
    if x.dtype != bool:
        call("gradient", np.array([5.0, 2.0, 4.0, 8.0]), x.astype("i8").astype(x.dtype))
        call("poly", x)
        if x.dtype != np.float32:  # a number that is written out does not widen
            call("polyval", x, 2.0)

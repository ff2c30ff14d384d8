"""Writes special.txt: what NumPy's functions give of zeros with signs, infinities, NaN, the smallest and largest numbers.

Run with NumPy 2: python3 tests/data/make_special.py > tests/data/special.txt
"""
import warnings
import numpy as np

warnings.simplefilter("ignore")
VALUES = [0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, np.nan, 0.5, -0.5, 2.0, -2.0, 3.0, -3.0, 1e-300, -1e-300, 1e300, -1e300,
          5e-324, 0.1, 10.0, 100.5, -1.5, 2.5, np.pi / 2]
UNARY = """abs negative sign square sqrt cbrt reciprocal exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh
cosh tanh asinh acosh atanh deg2rad rad2deg floor ceil trunc rint isnan isinf isfinite signbit""".split()
BINARY = """add subtract multiply divide floor_divide remainder power fmod maximum minimum equal less greater_equal atan2
hypot logaddexp copysign nextafter""".split()


def shown(results):
    return [str(bool(x)) if results.dtype == bool else repr(float(x)) for x in results]


x = np.array(VALUES)
print(f"# Written by NumPy {np.__version__}: `values`, then for each function its results; of two operands for all pairs")
print("values", *shown(x))
for name in UNARY:
    print(name, *shown(getattr(np, name)(x)))
a, b = (m.ravel() for m in np.meshgrid(x, x, indexing="ij"))
for name in BINARY:
    print(name, *shown(getattr(np, name)(a, b)))

"""Writes promotion.txt: the dtypes that NumPy's functions give, for every dtype and every pair of dtypes.

Run with NumPy 2: python3 tests/data/make_promotion.py > tests/data/promotion.txt
"""
import warnings
import numpy as np

warnings.simplefilter("ignore")
NAMES = {"bool": "bool", "uint8": "u8", "int32": "i32", "int64": "i64", "float32": "f32", "float64": "f64",
         # dtypes that Nabla lacks: the ones it has in their place
         "int8": "i64", "int16": "i64", "float16": "f64", "uint64": "i64"}
DTYPES = ["bool", "uint8", "int32", "int64", "float32", "float64"]
WEAK = [True, 1, 1.0]
BINARY = """add subtract multiply divide floor_divide remainder power fmod gcd lcm bitwise_and bitwise_or bitwise_xor
left_shift right_shift logical_and logical_or logical_xor maximum minimum equal not_equal less less_equal greater
greater_equal atan2 hypot logaddexp copysign nextafter""".split()
UNARY = """abs negative sign square sqrt cbrt exp exp2 expm1 log log2 log10 log1p sin cos tan asin acos atan sinh cosh tanh
asinh acosh atanh deg2rad rad2deg floor ceil trunc rint invert logical_not isnan isinf isfinite signbit""".split()
WHOLE = """sum prod max min any all argmax argmin mean var std ptp cumsum cumprod sort argsort count_nonzero round""".split()


def shown(f, *args):
    try:
        return NAMES[np.asarray(f(*args)).dtype.name]
    except TypeError:
        return "-"


def one(dtype):
    return np.ones(2, dtype=dtype)


print(f"# Written by NumPy {np.__version__}. `binary f left: ...`: the dtype of f(left, right), right being of "
      "bool u8 i32 i64 f32 f64 and the weak true 1 1.0; `unary f: ...` for the first six; - is an error")
for name in BINARY:
    for left in DTYPES:
        rights = [one(right) for right in DTYPES] + WEAK
        print(f"binary {name} {NAMES[left]}:", *[shown(getattr(np, name), one(left), right) for right in rights])
for name in UNARY + WHOLE:
    print(f"unary {name}:", *[shown(getattr(np, name), one(dtype)) for dtype in DTYPES])
for left in DTYPES:
    rights = [one(right) for right in DTYPES] + WEAK
    print(f"binary where {NAMES[left]}:", *[shown(lambda a, b: np.where(np.array([True, False]), a, b), one(left), r) for r in rights])
    print(f"binary concatenate {NAMES[left]}:", *[shown(lambda a, b: np.concatenate((a, b)), one(left), one(r)) for r in DTYPES])
    print(f"binary matmul {NAMES[left]}:", *[shown(np.matmul, one(left), one(r)) for r in DTYPES])

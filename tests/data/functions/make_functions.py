"""Writes a file for each function of real numbers: arguments, the correctly rounded result, and what it lacks in ulps.

    python make_functions.py        needs mpmath and NumPy 2

A line is `argument [argument] result rest`: bits in hexadecimal, sixteen digits for f64, eight for f32; the exact value
is result + rest * ulp(result). Of zeros, infinities and NaN the results are NumPy's.
"""

import math
import pathlib
import random
import struct
import warnings

import numpy as np
from mpmath import mp, mpf

mp.prec = 300
warnings.simplefilter("ignore")
INF, NAN, LN2 = math.inf, math.nan, math.log(2)


class Type:
    def __init__(self, code, word, digits, least, most, number):
        self.code, self.word, self.digits, self.number = code, word, digits, number
        self.least, self.most = least, most  # exponents of the least and the largest number

    def rounded(self, x):
        """To the type: doubles of Python that are one."""
        return float(self.number(x))

    def bits(self, x):
        width = struct.calcsize(self.word) * 2
        return format(struct.unpack(self.word, struct.pack(self.code, x))[0], f"0{width}x")

    def nearest(self, exact):
        """The correctly rounded value of a number of mpmath, and the rest in ulps."""
        if exact == 0:
            return 0.0, mpf(0)
        _, exponent = mp.frexp(exact)
        ulp = mp.ldexp(1, max(int(exponent) - self.digits, self.least))
        quotient = exact / ulp
        whole = mp.nint(quotient)
        value = whole * ulp
        if abs(value) >= mp.ldexp(1, self.most):
            return math.copysign(INF, exact), mpf(0)
        return math.copysign(float(value), exact), quotient - whole


F64 = Type("<d", "<Q", 53, -1074, 1024, np.float64)
F32 = Type("<f", "<I", 24, -149, 128, np.float32)



class Draw:
    """Random arguments, of one type."""

    def __init__(self, type, seed):
        self.type, self.random = type, random.Random(seed)

    def even(self, low, high, count):
        return [self.random.uniform(low, high) for _ in range(count)]

    def sizes(self, low, high, count, signs=(1, -1)):
        """Even in the exponent."""
        chosen = [self.random.uniform(math.log2(low), math.log2(high)) for _ in range(count)]
        return [self.random.choice(signs) * 2.0**x for x in chosen]

    def around(self, points, count):
        """A few units beside each."""
        step = 2.0 ** (2 - self.type.digits)
        return [p * (1 + step * self.random.randint(-8, 8)) for p in points for _ in range(count)]


def unary_arguments(name, type):
    d = Draw(type, name)
    least, most = 2.0 ** (type.least + 1), 2.0 ** (type.most - 0.01)
    top, bottom = type.most * LN2, (type.least - 1) * LN2
    edges = [top, top + LN2, bottom, -(type.most - 2) * LN2, LN2 / 2, -LN2 / 2, 1.5 * LN2]
    match name:
        case "exp" | "expm1" | "sigmoid" | "sinh" | "cosh" | "tanh" | "erf":
            knees = edges + [0.625, 1.0, 6.0, 25.0, -40.0]
            spread = d.even(bottom, top, 60) + d.even(-2, 2, 80) + d.even(-30, 30, 60) + d.sizes(least, 800, 120)
            return spread + d.around(knees, 4)
        case "exp2":
            knees = [type.most, type.least, type.least - 1, 3 - type.most, 0.5, -0.5]
            whole = [float(k) for k in range(type.least, type.most, 29)]
            spread = d.even(type.least, type.most, 80) + d.even(-2, 2, 80) + d.sizes(least, 900, 80)
            return spread + d.around(knees, 4) + whole
        case "log" | "log2" | "log10":
            exact = [2.0**k for k in range(-60, 60, 7)] + [10.0**k for k in range(0, 11)]
            roots = [math.sqrt(0.5), math.sqrt(2), 2.0 ** (1 - type.most + 1)]
            near = [1 + x for x in d.sizes(2.0 ** (2 - type.digits), 0.4, 100)]
            spread = d.sizes(least, most, 160, [1]) + near + d.even(0.5, 2, 80)
            return spread + d.around(roots, 6) + exact + [-1.0, -1e-3]
        case "log1p":
            knees = [math.sqrt(0.5) - 1, math.sqrt(2) - 1, 1e18, -0.5, 1.0]
            spread = d.sizes(least, most, 140, [1]) + d.sizes(least, 0.999, 100) + d.even(-1, 1, 100)
            return spread + d.around(knees, 4) + [-1.0, -1.5]
        case "sin" | "cos" | "tan":
            multiples = [k * math.pi / 2 for k in (1, 2, 3, 4, 5, 12, 101, 4001, 50000, 63661)]
            knees = [math.pi / 4, 3 * math.pi / 4, 1e5, 9e5]
            spread = d.even(-10, 10, 120) + d.sizes(least, most, 140) + d.even(-1e5, 1e5, 80)
            return spread + d.around(multiples + knees, 3)
        case "asinh" | "atan" | "cbrt":
            knees = [math.tan(math.pi / 8), 1.0, math.tan(3 * math.pi / 8), 1e-3, 1e150 if type is F64 else 1e30]
            cubes = [float(k**3) for k in range(1, 20)]
            return d.sizes(least, most, 160) + d.even(-3, 3, 160) + d.around(knees, 4) + cubes
        case "acosh":
            near = [1 + x for x in d.sizes(2.0 ** (2 - type.digits), 1, 120, [1])]
            return d.sizes(1, most, 160, [1]) + near + d.even(1, 4, 80) + [0.5, 1.0, -2.0]
        case "asin" | "acos" | "atanh":
            near = [math.copysign(1 - abs(x), x) for x in d.sizes(2.0 ** (1 - type.digits), 0.5, 100)]
            spread = d.sizes(least, 1, 120) + near + d.even(-1, 1, 140)
            return spread + d.around([0.5, -0.5, 1e-3], 4) + [1.0, -1.0, 1.5, -2.0]
    raise ValueError(name)


def binary_arguments(name, type):
    d = Draw(type, name)
    least, most = 2.0 ** (type.least + 1), 2.0 ** (type.most - 0.01)
    wide = list(zip(d.sizes(least, most, 120), d.sizes(least, most, 120)))
    near = list(zip(d.sizes(1e-3, 1e3, 120), d.sizes(1e-3, 1e3, 120)))
    if name != "pow":
        return wide + near + list(zip(d.even(-50, 50, 80), d.even(-50, 50, 80)))
    pairs = [(x, float(d.random.randint(-9, 9))) for x in d.sizes(1e-3, 1e3, 40)] + [(3.0, k / 2) for k in range(-8, 9)]
    for x in d.sizes(least, most, 120, [1]) + [1 + x for x in d.sizes(2.0 ** (3 - type.digits), 0.5, 80)]:
        pairs.append((x, d.random.uniform((type.least - 1) * LN2, type.most * LN2) / math.log(type.rounded(x) or 0.5)))
    parity = [(-2.0, 2.0**53), (-2.0, 2.0**52 + 1), (-1.0, 2.0**52 + 1), (-1.0, -(2.0**51) - 0.5)]
    return pairs + wide[:60] + near + parity


def logaddexp(a, b):
    return max(a, b) + mp.log1p(mp.exp(-abs(a - b)))


def power(x, y):
    return mp.power(x, y) if x > 0 or y == mp.floor(y) else NAN


EXACT = {
    "exp": mp.exp, "exp2": lambda x: mp.power(2, x), "expm1": mp.expm1, "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
    "log": mp.log, "log1p": mp.log1p, "log2": lambda x: mp.log(x, 2), "log10": mp.log10,
    "sin": mp.sin, "cos": mp.cos, "tan": mp.tan, "asin": mp.asin, "acos": mp.acos, "atan": mp.atan,
    "sinh": mp.sinh, "cosh": mp.cosh, "tanh": mp.tanh, "asinh": mp.asinh, "acosh": mp.acosh, "atanh": mp.atanh,
    "cbrt": lambda x: mp.cbrt(x) if x > 0 else -mp.cbrt(-x), "erf": mp.erf,
    "atan2": mp.atan2, "hypot": mp.hypot, "logaddexp": logaddexp, "pow": power,
}  # fmt: skip
BINARY = ("atan2", "hypot", "logaddexp", "pow")
NUMPY = {name: name.replace("a", "arc", 1) for name in EXACT if name[:2] in ("as", "ac", "at")} | {"pow": "power"}
SPECIAL = [0.0, -0.0, INF, -INF, NAN]
BESIDE = SPECIAL + [1.0, -1.0, 0.5, -0.5, 2.0, -3.0]


def by_numpy(name, arguments):
    if name == "erf":
        return math.erf(*arguments)
    if name == "sigmoid":
        return float(1 / (1 + np.exp(-np.float64(arguments[0]))))
    # Of arrays: with a scalar exponent NumPy takes a square root, which differs for -0.
    return float(getattr(np, NUMPY.get(name, name))(*(np.array([x, x]) for x in arguments))[0])


def line(name, type, arguments):
    arguments = [type.rounded(x) for x in arguments]
    finite = all(math.isfinite(x) and (x != 0 or name == "logaddexp") for x in arguments)
    exact = None
    if finite:
        exact = EXACT[name](*map(mpf, arguments)) if name not in ("log", "log2", "log10") or arguments[0] > 0 else NAN
        poles = name in ("log1p", "atanh") and abs(arguments[0]) == 1
        if isinstance(exact, mp.mpc) or poles or not mp.isfinite(exact):
            exact = None
    if name == "logaddexp" and exact is not None and abs(exact) < abs(max(arguments)):
        return None  # Digits cancel: what is left is no matter of ulps.
    if exact is None:
        result, rest = type.rounded(by_numpy(name, arguments)), mpf(0)
    else:
        result, rest = type.nearest(exact)
    result = "nan" if math.isnan(result) else type.bits(result)
    return " ".join([*map(type.bits, arguments), result, f"{float(rest):.3f}"])


def main():
    folder = pathlib.Path(__file__).parent
    for name in EXACT:
        lines = []
        for type in (F64, F32):
            if name in BINARY:
                arguments = [(a, b) for a in BESIDE for b in BESIDE] + binary_arguments(name, type)
            else:
                arguments = [(x,) for x in SPECIAL + unary_arguments(name, type)]
            lines += [line(name, type, a) for a in arguments]
        folder.joinpath(f"{name}.txt").write_text("\n".join(x for x in lines if x) + "\n")


main()

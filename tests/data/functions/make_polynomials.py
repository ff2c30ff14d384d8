"""Prints the polynomials of src/cpu/functions: minimax by Remez' exchange, in 60 digits.

    python make_polynomials.py [NAME ...]        needs mpmath
"""

import sys

from mpmath import mp, mpf

mp.dps = 60


def minimax(f, low, high, degree, weight):
    """The polynomial whose largest weighted error on [low, high] is least; low coefficients first, and the error."""
    count = degree + 2
    half, middle = (high - low) / 2, (high + low) / 2
    grid = [middle - half * mp.cos(mp.pi * (2 * i + 1) / (2 * 40 * count)) for i in range(40 * count)]
    values = [(x, f(x), weight(x)) for x in grid]
    picks = [values[40 * i + 20] for i in range(count)]
    for _ in range(12):
        rows = [[x**k for k in range(degree + 1)] + [(-1) ** i / w] for i, (x, _, w) in enumerate(picks)]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([y for _, y, _ in picks]))
        coefficients = list(solution[: degree + 1])
        errors = [(y - mp.polyval(coefficients[::-1], x)) * w for x, y, w in values]
        # One extreme of each stretch of equal sign.
        extremes = []
        for point, error in zip(values, errors):
            if extremes and (extremes[-1][1] > 0) == (error > 0):
                if abs(error) > abs(extremes[-1][1]):
                    extremes[-1] = (point, error)
            else:
                extremes.append((point, error))
        while len(extremes) > count:
            del extremes[0 if abs(extremes[0][1]) < abs(extremes[-1][1]) else -1]
        if len(extremes) < count:
            break
        picks = [point for point, _ in extremes]
        if max(abs(e) for _, e in extremes) < mpf("1.001") * min(abs(e) for _, e in extremes):
            break
    return coefficients, max(abs(e) for e in errors)


def rational(f, low, high, above, below):
    """P / Q through Chebyshev's nodes, Q(0) = 1; low coefficients first, and the largest relative error."""
    count = above + 1 + below
    half, middle = (high - low) / 2, (high + low) / 2
    nodes = [middle - half * mp.cos(mp.pi * (2 * i + 1) / (2 * count)) for i in range(count)]
    rows = [[x**k for k in range(above + 1)] + [-f(x) * x**k for k in range(1, below + 1)] for x in nodes]
    solution = list(mp.lu_solve(mp.matrix(rows), mp.matrix([f(x) for x in nodes])))
    p, q = solution[: above + 1], [mpf(1)] + solution[above + 1 :]
    grid = [low + (high - low) * i / 997 for i in range(1, 997)]
    return p, q, max(abs(mp.polyval(p[::-1], x) / mp.polyval(q[::-1], x) / f(x) - 1) for x in grid)


def root(f):
    """Of an even function of x, as a function of z = x * x."""
    return lambda z: f(mp.sqrt(z))


LN2 = mp.log(2)
TAN8 = mp.tan(mp.pi / 8)
exp = (lambda r: (mp.exp(r) - 1 - r - r * r / 2) / r**3, -LN2 / 2 * mpf("1.001"), LN2 / 2 * mpf("1.001"))
exp2 = (lambda r: (mpf(2) ** r - 1) / r, mpf("-0.5005"), mpf("0.5005"))
log = (root(lambda s: (2 * mp.atanh(s) / s - 2) / s**2), mpf(0), mpf("0.02945"))
log_rest = (root(lambda s: (2 * mp.atanh(s) / s - 2 - s * s * 2 / 3) / s**4), mpf(0), mpf("0.02945"))
sin = (root(lambda r: (mp.sin(r) / r - 1) / r**2), mpf(0), (mp.pi / 4 * mpf("1.001")) ** 2)
cos = (root(lambda r: (mp.cos(r) - 1 + r * r / 2) / r**4), mpf(0), (mp.pi / 4 * mpf("1.001")) ** 2)
atan = (root(lambda t: (mp.atan(t) / t - 1) / t**2), mpf(0), (TAN8 * mpf("1.001")) ** 2)
asin = (root(lambda x: (mp.asin(x) / x - 1) / x**2), mpf(0), mpf("0.2501"))
erf = (root(lambda x: mp.erf(x) / x - 1), mpf(0), mpf(1))
erfc = (lambda u: mp.exp((u + 2) ** 2) * mp.erfc(u + 2), mpf("-1.01"), mpf(4))
cbrt = (mp.cbrt, mpf(1), mpf(2))

POLYNOMIALS = {
    # The weight turns the error into one relative to the function's result.
    "EXP": (*exp, 8, lambda r: r * r),
    "EXP2": (*exp2, 10, lambda r: 1),
    "EXP2_F32": (*exp2, 6, lambda r: 1),
    "LOG": (*log, 6, lambda z: z / 2),
    "LOG_F32": (*log, 2, lambda z: z / 2),
    "LOG_POWER_F32": (*log, 4, lambda z: z / 2),
    "LOG_POWER": (*log_rest, 6, lambda z: z * z / 2),
    "SIN": (*sin, 5, lambda z: z),
    "SIN_F32": (*sin, 3, lambda z: z),
    "COS": (*cos, 5, lambda z: z * z),
    "COS_F32": (*cos, 2, lambda z: z * z),
    "ATAN": (*atan, 10, lambda z: z),
    "ATAN_F32": (*atan, 4, lambda z: z),
    "ASIN": (*asin, 12, lambda z: z),
    "ASIN_F32": (*asin, 5, lambda z: z),
    "ERF": (*erf, 12, lambda z: 1),
    "ERF_F32": (*erf, 7, lambda z: 1),
    "ERFC": (*erfc, 20, lambda u: mp.exp(-(u + 2) ** 2)),
    "ERFC_F32": (*erfc, 9, lambda u: mp.exp(-(u + 2) ** 2)),
    "CBRT": (*cbrt, 6, lambda x: 1 / mp.cbrt(x)),
}
RATIONALS = {"TANH": (root(lambda x: (mp.tanh(x) / x - 1) / x**2), mpf(0), mpf("0.391"), 2, 3)}


def show(name, coefficients):
    print(f"const {name}: [f64; {len(coefficients)}] = [")
    for c in coefficients:
        print(f"    {float(c)!r},")
    print("];")


def main():
    chosen = sys.argv[1:]
    for name, arguments in POLYNOMIALS.items():
        if not chosen or name in chosen:
            coefficients, error = minimax(*arguments)
            print(f"// error 2^{float(mp.log(error, 2)):.1f}")
            show(name, coefficients)
    for name, arguments in RATIONALS.items():
        if not chosen or name in chosen:
            p, q, error = rational(*arguments)
            print(f"// error 2^{float(mp.log(error, 2)):.1f}")
            show(name + "_ABOVE", p)
            show(name + "_BELOW", q)


main()

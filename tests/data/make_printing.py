"""Writes printing.jsonl: arrays and the text NumPy prints for them. Needs NumPy 2.4.

Run in this folder: python3 make_printing.py
"""

import itertools
import json
import re

import numpy as np

rng = np.random.default_rng(20)
DTYPES = {"f64": np.float64, "f32": np.float32, "i64": np.int64, "i32": np.int32, "u8": np.uint8, "bool": np.bool_}
DEFAULTS = dict(precision=8, threshold=1000, edgeitems=3, linewidth=75, suppress=False)
rows = []


def literal(dtype, x):
    if dtype == "str":
        return x
    if dtype == "bool":
        return "true" if x else "false"
    return str(x) if dtype == "f32" else repr(x.item())


def add(dtype, array, oneline=False, **options):
    with np.printoptions(**{**DEFAULTS, **options}):
        text = str(array)
    if oneline:
        text = re.sub(r"\n+ *", " ", text)
        options["oneline"] = True
    data = [literal(dtype, x) for x in array.ravel()]
    rows.append(dict(dtype=dtype, shape=array.shape, data=data, options=options, text=text))


def floats(dtype, values, **options):
    add(dtype, np.array(values, dtype=DTYPES[dtype]), **options)


specials = [0.0, -0.0, np.nan, np.inf, -np.inf]
edges = [1e-4, 9.999e-5, 1e-5, 0.1, 1.0, 3.0, 999999.0, 999999.94, 1e6, 1e7, 99999999.0, 1e8, 9999999999999998.0, 1e16, 5e-324, 1.7e308]
for dtype in ["f64", "f32"]:
    with np.errstate(all="ignore"):
        for x in specials + edges:
            floats(dtype, x)
            floats(dtype, [x])
            floats(dtype, [x, 1.0, -2.5])
    floats(dtype, [1.0, 2.0, 3.0])
    floats(dtype, specials)
    floats(dtype, [1e3, 1.0])
    floats(dtype, [1000.1, 1.0])
    floats(dtype, [[1.5, np.nan], [-np.inf, 100.25]])
    # Halfway between two shortest texts: the even digit.
    floats(dtype, [-3.58203125, 0.4140625])
    floats(dtype, [10000000.0009765625])
    floats(dtype, 10000000.0009765625)
    floats(dtype, [1.123456785, 0.5, 1.5, 2.5, 0.125])
    for precision, suppress in itertools.product([0, 1, 2, 4, 12, 17], [False, True]):
        floats(dtype, [0.1234567891234, 0.006, 0.004, 1.5, 2.5], precision=precision, suppress=suppress)
        floats(dtype, [1e-9, 123.456, -0.0], precision=precision, suppress=suppress)
        floats(dtype, [1.5e9, 2.5, 3.0], precision=precision, suppress=suppress)

for dtype in ["i64", "i32", "u8"]:
    limits = np.iinfo(DTYPES[dtype])
    add(dtype, np.array([limits.min, 0, limits.max], dtype=DTYPES[dtype]))
    add(dtype, np.array(limits.max, dtype=DTYPES[dtype]))
    summarised = [(1200,), (30, 50), (4, 400), (2, 7, 101)] if dtype == "i64" else []
    for shape in [(3,), (2, 2), (2, 3, 2), (1, 2, 1, 3), (2, 1, 2, 1, 2), (40,), (3, 40), *summarised]:
        add(dtype, rng.integers(0, 120, size=shape).astype(DTYPES[dtype]))
    add(dtype, np.array([[7, 10], [15, 22]], dtype=DTYPES[dtype]), oneline=True)
    add(dtype, rng.integers(0, 99, size=(2, 2, 40)).astype(DTYPES[dtype]), oneline=True)
for shape in [(), (1,), (2, 3), (30,), (40, 40)]:
    add("bool", rng.random(shape) < 0.5 if shape else np.array(True))
for dtype, kind in DTYPES.items():
    for shape in [(0,), (3, 0), (0, 3), (2, 0, 2)]:
        add(dtype, np.zeros(shape, dtype=kind))

words = ["a", "bb", "it's", '"', "'\"", "", "é", "日本", "a\tb", "line\nbreak", "\x00x", "\u200b", "\xa0", "e\u0301", "\U0001f600", "\\", "rather a long word"]
texts = np.dtypes.StringDType()
add("str", np.array(words, dtype=texts))
add("str", np.array(words[:4], dtype=texts).reshape(2, 2))
add("str", np.array("it's\nraw", dtype=texts))
add("str", np.array([str(i) for i in range(1500)], dtype=texts))

# A summarised array looks only at what it shows.
hidden = np.arange(2000.0)
hidden[1000] = 1e30
add("f64", hidden)
hidden[1000] = np.nan
add("f64", hidden.reshape(40, 50), threshold=20, edgeitems=2)
for _ in range(120):
    dtype = str(rng.choice(list(DTYPES)))
    shape = tuple(int(n) for n in rng.integers(1, 9, size=rng.integers(1, 5)))
    if int(np.prod(shape)) > 300:
        continue
    if dtype in ("f64", "f32"):
        values = rng.normal(size=shape) * 10.0 ** rng.integers(-6, 7)
        if rng.random() < 0.4:
            values = np.round(values, int(rng.integers(0, 4)))
        values = np.where(rng.random(shape) < 0.05, rng.choice(specials), values)
    else:
        values = rng.integers(0, 2 if dtype == "bool" else 10 ** rng.integers(1, 3), size=shape)
    options = {}
    if rng.random() < 0.6:
        options = dict(precision=int(rng.integers(0, 10)), threshold=int(rng.choice([0, 20, 1000])), edgeitems=int(rng.integers(1, 5)), linewidth=int(rng.choice([1, 10, 30, 75, 120])), suppress=bool(rng.random() < 0.5))
    add(dtype, values.astype(DTYPES[dtype]), **options)

with open("printing.jsonl", "w", encoding="utf-8") as out:
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")

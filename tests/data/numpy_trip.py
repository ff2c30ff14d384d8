"""The far side of a round trip: makes what Nabla reads, then checks what Nabla wrote.

usage: numpy_trip.py make FOLDER COUNT SEED      arrays, archives, tables of text with what NumPy makes of them
       numpy_trip.py check FOLDER COUNT          what was written from them against them
"""

import io
import json
import sys
import warnings
from pathlib import Path

import numpy as np

READ_AS = {"b1": "?", "u1": "u1", "i1": "i4", "i2": "i4", "i4": "i4", "u2": "i4", "i8": "i8", "u4": "i8", "u8": "i8",
           "f2": "f4", "f4": "f4", "f8": "f8"}
SPECIAL = [0.0, -0.0, np.nan, np.inf, -np.inf, 1e-8, 1.0]
LETTERS = list("abc xyz,\"'\näöü€😀") + ["\0"]
FORMATS = ["%.18e", "%d", "%i", "%f", "%e", "%g", "%s", "%5.2f", "%-8.3e", "%+d", "%08.2f", "%.3g", "%10s", "x%gy"]


def random_array(choose):
    code = choose.choice(list(READ_AS) + ["U1", "U3", "U12"])
    shape = tuple(choose.choice([0, 1, 2, 3, 5, 17], size=choose.integers(0, 5)))
    size = int(np.prod(shape, dtype=int))
    if code[0] == "U":
        text = ["".join(choose.choice(LETTERS, choose.integers(0, 1 + int(code[1:])))) for _ in range(size)]
        array = np.array(text, code).reshape(shape)
    elif code[0] == "f":
        with np.errstate(over="ignore"):
            array = (choose.standard_normal(size) * 10.0 ** choose.integers(-5, 5, size)).astype(code)
        special = choose.random(size) < 0.2
        array[special] = choose.choice(SPECIAL, special.sum())
        array = array.reshape(shape)
    elif code == "b1":
        array = choose.random(shape) < 0.5
    else:
        limits = np.iinfo(code)
        most = min(limits.max, 2**63 - 1)
        array = np.array(choose.integers(limits.min, most, shape, endpoint=True)).astype(code)
    if choose.random() < 0.4:
        array = array.astype(array.dtype.newbyteorder(">"))
    if choose.random() < 0.4:
        array = np.asfortranarray(array)
    return array


def make(folder, count, seed):
    choose = np.random.default_rng(seed)
    arrays = [random_array(choose) for _ in range(count)]
    for number, array in enumerate(arrays):
        with open(folder / f"in_{number}.npy", "wb") as file:
            version = [(1, 0), (2, 0), (3, 0)][choose.integers(3)]
            with warnings.catch_warnings(action="ignore"):
                np.lib.format.write_array(file, array, version=version)
    named = {f"{'ä' if number % 7 == 0 else 'x'}{number}": array for number, array in enumerate(arrays)}
    np.savez(folder / "in.npz", **named)
    np.savez_compressed(folder / "packed.npz", **named)
    for number in range(count):
        text(choose, folder, number)


def text(choose, folder, number):
    """A table, how it is to be written, and what NumPy makes of that."""
    rows, columns = choose.integers(0, 6), choose.integers(1, 4)
    kind = choose.choice(["f8", "f4", "i8", "u1", "b1", "U4"])
    if kind == "U4":
        table = choose.choice(["a", "bc", "ä", ""], (rows, columns)).astype(kind)
    else:
        table = (choose.standard_normal((rows, columns)) * 50).astype(kind)
        if kind[0] == "f" and choose.random() < 0.3:
            table[choose.random(table.shape) < 0.3] = choose.choice([np.inf, -np.inf, -0.0, 1e20, 1e-10])
    formats = ["%s", "%7s", "%-4s|", "%.1s"] if kind == "U4" else FORMATS
    if kind[0] == "f" and not np.isfinite(table).all():
        formats = [form for form in formats if form[-1] not in "di"]
    style = choose.integers(3)
    form = str(choose.choice(formats))
    if style == 1:
        form = [str(choose.choice(formats)) for _ in range(columns)]
    elif style == 2:
        form = " ; ".join(str(choose.choice(formats)) for _ in range(columns))
    if choose.random() < 0.2:
        table = table[:, 0]
        form = form if isinstance(form, str) and style == 0 else str(choose.choice(formats))
    options = dict(
        fmt=form,
        delimiter=str(choose.choice([" ", ",", "\t", " | "])),
        newline=str(choose.choice(["\n", "\r\n"])),
        header=str(choose.choice(["", "", "a b", "two\nlines"])),
        footer=str(choose.choice(["", "", "end", "\n"])),
        comments=str(choose.choice(["# ", "// "])),
    )
    out = io.BytesIO()
    np.savetxt(out, table, encoding="utf-8", **options)
    (folder / f"text_{number}.txt").write_bytes(out.getvalue())
    np.save(folder / f"table_{number}.npy", table)
    try:
        with warnings.catch_warnings(action="ignore"):
            out.seek(0)
            mark = options["comments"].strip()
            read = np.loadtxt(out, delimiter=options["delimiter"], comments=mark, encoding="utf-8")
        np.save(folder / f"wanted_{number}.npy", read)
        options["reads"] = mark
    except (TypeError, ValueError):
        options["reads"] = None
    (folder / f"text_{number}.json").write_text(json.dumps(options))


def same(found, array, what):
    code = array.dtype.str[1:]
    wanted = array if code[0] == "U" else array.astype(READ_AS[code])
    assert found.dtype.kind == wanted.dtype.kind, (what, found.dtype, wanted.dtype)
    assert code[0] == "U" or found.dtype == wanted.dtype.newbyteorder("="), (what, found.dtype, wanted.dtype)
    assert found.shape == wanted.shape, (what, found.shape, wanted.shape)
    assert found.dtype.isnative and found.flags.c_contiguous, what
    if code[0] == "f":
        np.testing.assert_array_equal(np.signbit(found), np.signbit(wanted), what)
    np.testing.assert_array_equal(found, wanted, what)


def check(folder, count):
    arrays = [np.load(folder / f"in_{number}.npy") for number in range(count)]
    for number, array in enumerate(arrays):
        found = np.load(folder / f"out_{number}.npy")
        same(found, array, f"array {number}")
        if found.dtype.kind != "U":
            ours = io.BytesIO()
            np.save(ours, found)
            assert ours.getvalue() == (folder / f"out_{number}.npy").read_bytes(), f"bytes of array {number}"
    for written in ["out.npz", "out_packed.npz"]:
        with np.load(folder / "in.npz") as before, np.load(folder / written) as after:
            assert before.files == after.files, written
            for name in before.files:
                same(after[name], before[name], f"{written} {name}")
    for wanted in folder.glob("wanted_*.npy"):
        read = folder / wanted.name.replace("wanted", "read")
        np.testing.assert_array_equal(np.load(read), np.load(wanted), wanted.name)
    print("the same")


folder, count = Path(sys.argv[2]), int(sys.argv[3])
if sys.argv[1] == "make":
    make(folder, count, int(sys.argv[4]))
else:
    check(folder, count)

"""Writes npy/: arrays as NumPy saves them, and manifest.jsonl with what each holds, in row-major order.

Floats stand in the manifest as the bits of the dtype they are read as, so that a test compares them exactly; a file
that must be refused has the kind of the error in place of values.

Run in this folder: python3 make_npy.py
"""

import json
from pathlib import Path

import numpy as np

# What NumPy's dtypes are read as.
READ_AS = {"b1": "bool", "u1": "u8", "i1": "i32", "i2": "i32", "i4": "i32", "u2": "i32", "i8": "i64", "u4": "i64",
           "u8": "i64", "f2": "f32", "f4": "f32", "f8": "f64"}
BITS = {"f32": (np.float32, np.uint32), "f64": (np.float64, np.uint64)}

folder = Path(__file__).parent / "npy"
folder.mkdir(exist_ok=True)
for old in folder.iterdir():
    old.unlink()
manifest = []


def values(array):
    code = array.dtype.str[1:]
    dtype = "str" if code[0] == "U" else READ_AS[code]
    if dtype in BITS:
        wide, bits = BITS[dtype]
        return dtype, [str(x) for x in array.astype(wide).ravel().view(bits)]
    return dtype, [str(x) if dtype == "str" else int(x) for x in array.ravel()]


def add(name, array, version=(1, 0)):
    with open(folder / f"{name}.npy", "wb") as file:
        np.lib.format.write_array(file, array, version=version)
    dtype, items = values(array)
    manifest.append(dict(file=f"{name}.npy", dtype=dtype, shape=array.shape, values=items))


def refuse(name, array, kind):
    np.save(folder / f"{name}.npy", array, allow_pickle=True)
    manifest.append(dict(file=f"{name}.npy", error=kind))


floats = [0.0, -0.0, 1.0, -1.5, 0.1, 65504.0, 6e-8, np.inf, -np.inf, np.nan]
with np.errstate(over="ignore"):
    for code in ["i1", "i2", "i4", "i8", "u1", "u2", "u4"]:
        limits = np.iinfo(code)
        whole = [limits.min, limits.max, 0, 1, limits.max // 3, limits.min // 3]
        for order in "<>" if code[1] != "1" else "|":
            add(f"{code}_{'big' if order == '>' else 'little'}", np.array(whole, order + code))
    for order in "<>":
        name = "big" if order == ">" else "little"
        add(f"u8_{name}", np.array([0, 1, 2**63 - 1], order + "u8"))
        for code in ["f2", "f4", "f8"]:
            add(f"{code}_{name}", np.array(floats, order + code))
        add(f"text_{name}", np.array([["", "a", "ä€😀"], ["two\nlines", "x\0y", " "]], order + "U9"))
add("bool", np.array([[True, False], [False, True]]))
add("fortran_i4", np.asfortranarray(np.arange(24, dtype=np.int32).reshape(2, 3, 4)))
add("fortran_text", np.asfortranarray(np.array([["a", "bc"], ["d", "e"], ["", "f"]])))
add("scalar_f8", np.array(2.5))
add("scalar_text", np.array("one"))
add("empty_f8", np.zeros((0,)))
add("empty_3_0_2", np.zeros((3, 0, 2), np.int16))
add("version_2", np.arange(6.0).reshape(2, 3), (2, 0))
add("version_3", np.arange(6.0).reshape(2, 3), (3, 0))
refuse("complex", np.array([1j]), "type")
refuse("object", np.array([{}, None], object), "type")
refuse("structured", np.zeros(2, [("a", "<f8"), ("b", "<i4")]), "type")
refuse("dates", np.array(["2000-01-01"], "M8[D]"), "type")
refuse("bytes", np.array([b"abc"]), "type")
refuse("u8_beyond", np.array([[1, 2**63]], np.uint64), "value")

arrays = {"x": np.arange(4.0), "ä": np.array([True]), "names": np.array(["a", "bc"])}
np.savez(folder / "plain.npz", np.arange(3), **arrays)
np.savez_compressed(folder / "packed.npz", np.arange(3), **arrays)
np.savez(folder / "empty.npz")

with open(folder / "manifest.jsonl", "w") as out:
    out.writelines(json.dumps(row) + "\n" for row in manifest)

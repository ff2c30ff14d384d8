"""Writes format.jsonl: numbers and strings formatted by Python's mini-language; text is null where Python refuses.

Run in this folder: python3 make_format.py
"""

import json
import random

choose = random.Random(7)
rows = []


def add(kind, spec, value):
    try:
        text = format(value, spec)
    except (ValueError, OverflowError):
        text = None
    rows.append(dict(kind=kind, spec=spec, value=repr(value) if kind == "float" else str(value), text=text))


def spec(types):
    parts = [
        choose.choice(["", "", "<", ">", "^", "=", "*<", "é^", "0=", "<>"]),
        choose.choice(["", "", "+", "-", " "]),
        choose.choice(["", "", "", "z"]),
        choose.choice(["", "", "#"]),
        choose.choice(["", "", "0"]),
        choose.choice(["", "", "3", "8", "13", "20"]),
        choose.choice(["", "", "", ",", "_"]),
        choose.choice(["", "", ".0", ".2", ".5", ".17"]),
        choose.choice(["", *types]),
    ]
    keep = choose.choice([0.3, 0.7, 1.0])
    return "".join(part if choose.random() < keep else "" for part in parts)


floats = [0.0, -0.0, 1.0, 0.5, 1.5, 2.5, -0.001, 1e16, 1e15, 123456.789, 0.0001, 0.00001, 99999.95, 999999.5, 9.5, 1e-7, 1.7e308, 5e-324, 10000000.0009765625, float("nan"), float("inf"), float("-inf")]
for value in floats:
    for text in ["", ".2f", ".3e", "g", ".3", "010.1f", ",.2f", "%", "+", "n", "#.3g", "z.1f", "E", "G"]:
        add("float", text, value)
for value in [0, 1, -1, 65, 1000, -123456, 2**63 - 1, -(2**63)]:
    for text in ["", "d", "5", "05", "<6", "^7", "+", ",", "_", "x", "#X", "_b", "#o", "c", ".2f", "e", "08,"]:
        add("int", text, value)
for _ in range(250):
    add("float", spec("eEfFgGn%"), choose.choice([*floats, choose.gauss(0, 1) * 10 ** choose.randint(-9, 9)]))
    add("int", spec("bcdnoxXf"), choose.choice([0, 7, -7, 1234567, choose.randint(-(10**12), 10**12)]))
    add("str", spec("s"), choose.choice(["", "a", "hello", "日本語", "rather long"]))
for text in ["q", ".", ".2.3", "5q5", "ff", "1,_", "d", "s"]:
    add("float", text, 1.5)

with open("format.jsonl", "w", encoding="utf-8") as out:
    for row in rows:
        out.write(json.dumps(row, ensure_ascii=False) + "\n")

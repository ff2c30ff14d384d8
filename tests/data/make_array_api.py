"""Writes array_api.txt: the names of the Python array API standard, with their signatures.

Run on a checkout of https://github.com/data-apis/array-api:
python3 tests/data/make_array_api.py array-api/src/array_api_stubs/_2024_12 > tests/data/array_api.txt
"""
import ast
import pathlib
import sys

SECTIONS = ["constants", "data_types", "creation_functions", "data_type_functions", "elementwise_functions",
            "indexing_functions", "linear_algebra_functions", "linalg", "manipulation_functions", "searching_functions",
            "set_functions", "sorting_functions", "statistical_functions", "utility_functions", "fft"]


def signature(args):
    """Parameters as they are written: positional ones, `/`, keyword ones behind `*`."""
    parts = []
    positional = args.posonlyargs + args.args
    defaults = [None] * (len(positional) - len(args.defaults)) + args.defaults
    for number, (arg, default) in enumerate(zip(positional, defaults)):
        if args.posonlyargs and number == len(args.posonlyargs):
            parts.append("/")
        parts.append(arg.arg + (f"={ast.unparse(default)}" if default is not None else ""))
    if args.posonlyargs and len(positional) == len(args.posonlyargs):
        parts.append("/")
    if args.vararg:
        parts.append("*" + args.vararg.arg)
    elif args.kwonlyargs:
        parts.append("*")
    for arg, default in zip(args.kwonlyargs, args.kw_defaults):
        parts.append(arg.arg + (f"={ast.unparse(default)}" if default is not None else ""))
    return ", ".join(parts)


print("# Written by make_array_api.py: names of the Python array API standard 2024.12 with their signatures")
for section in SECTIONS:
    path = pathlib.Path(sys.argv[1]) / f"{section}.py"
    tree = ast.parse(path.read_text())
    print(f"[{section.replace('_', ' ')}]")
    prefix = section + "." if section in ("linalg", "fft") else ""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            print(f"{prefix}{node.name}({signature(node.args)})")
        elif section in ("constants", "data_types") and isinstance(node, ast.Assign):
            print(*[target.id for target in node.targets if target.id != "__all__"], sep="\n", end="\n" if node.targets[0].id != "__all__" else "")

//! Tuples, records and closures that hold each other many times over.

use crate::bounded::{fails, fails_with, run_with, works};

const DEEP_TUPLE: &str = "x = ()\nfor _ in 0..300000 { x = (x,) }\n";
const DEEP_RECORD: &str = "x = (a=1)\nfor _ in 0..300000 { x = (a=x) }\n";
/// 2 ** 61 parts in no memory at all.
const SHARED: &str = "x = (1, 1)\nfor _ in 0..60 { x = (x, x) }\n";

#[test]
fn deep_structures_are_shown_in_part() {
    for make in [DEEP_TUPLE, DEEP_RECORD, SHARED] {
        let said = run_with(&[], format!("{make}print(x)\nprint(type(x))\nx"));
        assert_eq!((said.status, said.err.as_str()), (Some(0), ""));
        assert!(said.out.contains("...") && said.out.len() < 50 << 20, "{}", said.out.len());
    }
}

#[test]
fn operations_on_deep_structures_are_errors() {
    for make in [DEEP_TUPLE, DEEP_RECORD] {
        for operation in ["x + x", "x * 2", "2 * x", "-x", "not x", "sqrt(x)", "f32(x)", "leaves(x)", "x in (x,)"] {
            fails(format!("{make}{operation}"), "overflow", "a structure nested deeper than 1000");
        }
        for operation in ["map_leaves(|y| y, x)", "zeros_like(x)", "assert_close(x, x)", "y = x; x == y"] {
            fails(format!("{make}{operation}"), "overflow", "a structure nested deeper than 1000");
        }
        works(format!("{make}y = x\nx = 1\ny = 2\ny"), "2\n");
    }
    works(format!("{DEEP_TUPLE}while len(x) == 1 {{ (x,) = x }}\nx"), "()\n");
    works(format!("{DEEP_RECORD}y = x\nx.a.a.a = 1\ny == x"), "False\n");
}

#[test]
fn operations_on_shared_structures_stop() {
    for operation in ["x + 1", "x + x", "-x", "sqrt(x)", "f32(x)", "zeros_like(x)"] {
        fails_with(&["--max-memory", "1MB"], format!("{SHARED}{operation}"), "memory", "a structure like this one");
    }
    for operation in ["leaves(x)", "y = x; x == y", "map_leaves(|y| y, x)", "array(x)"] {
        let said = run_with(&["--max-memory", "1MB", "--timeout", "1"], format!("{SHARED}{operation}"));
        assert_eq!(said.status, Some(1), "{operation}");
        let stopped = ["error[memory]: ", "error[interrupted]: "].iter().any(|start| said.err.starts_with(start));
        assert!(stopped, "{operation}: {}", said.err);
    }
}

#[test]
fn long_chains_of_closures_are_released() {
    works("fn wrap(g) = || g()\nx = || 1\nfor _ in 0..300000 { x = wrap(x) }\nx = 1\nx", "1\n");
    works("fn wrap(g) = || (g,)\nx = || 1\nfor _ in 0..300000 { x = (a=wrap(x)) }\nx = 1\nx", "1\n");
    fails("fn wrap(g) = || g()\nx = || 1\nfor _ in 0..100000 { x = wrap(x) }\nx()", "overflow", "calls nested");
}

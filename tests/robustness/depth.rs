//! Nested text and nested calls.

use crate::bounded::{fails, works};

fn nested(open: &str, inside: &str, close: &str, depth: usize) -> String {
    [&open.repeat(depth), inside, &close.repeat(depth)].concat()
}

const NESTING: [(&str, &str, &str); 25] = [
    ("(", "1", ")"),
    ("[", "1", "]"),
    ("x = {", "1", "}"),
    ("-", "1", ""),
    ("~", "1", ""),
    ("not ", "true", ""),
    ("|x| ", "1", ""),
    ("2 ** ", "1", ""),
    ("", "1", " ** 1"),
    ("", "1", ".T"),
    ("", "1", ".max()"),
    ("", "1", "[0]"),
    ("∇", "1", ""),
    ("abs(", "1", ")"),
    ("(1, ", "1", ")"),
    ("[1, ", "1", "]"),
    ("(a=", "1", ")"),
    ("a[", "1", "]"),
    ("fn f() { ", "1", " }"),
    ("if true { ", "1", " }"),
    ("while true { ", "1", " }"),
    ("try { ", "1", " } catch e { 1 }"),
    ("[x for x in ", "1", "]"),
    ("f(|x| ", "1", ")"),
    ("f\"{", "1", "}\""),
];

#[test]
fn text_nested_too_deeply_is_a_syntax_error() {
    for depth in [20_000, 100_000] {
        for (open, inside, close) in NESTING {
            fails(nested(open, inside, close, depth), "syntax", "");
        }
        fails("if false { 1 }".to_string() + &" else if false { 1 }".repeat(depth), "syntax", "too long");
        fails("(".repeat(depth), "syntax", "nested too deeply");
        fails("[".repeat(depth), "syntax", "nested too deeply");
    }
}

#[test]
fn two_hundred_and_fifty_six_brackets_work() {
    for (open, inside, close, shown) in [
        ("(", "1", ")", "1"),
        ("[", "1", "].size", "1"),
        ("abs(", "-1", ")", "1"),
        ("(|x| ", "1", ")", "fn(x)"),
        ("|x| ", "1", "", "fn(x)"),
        ("-", "1", "", "1"),
        ("not ", "true", "", "True"),
        ("", "[3, 4]", ".T", "[3 4]"),
        ("", "[3, 4]", ".max()", "4"),
        ("if true { ", "1", " }", "1"),
        ("[x for x in ", "0..3", "]", "[0 1 2]"),
    ] {
        let close = close.strip_suffix(".size").map_or(close.repeat(256), |close| close.repeat(256) + ".size");
        works([&open.repeat(256), inside, &close].concat(), &format!("{shown}\n"));
    }
    works(nested("x = {", "1", "}", 256), "");
    works(format!("x = {}\nx[0], x[1][1][0]", nested("(1, ", "1", ")", 256)), "(1, 1)\n");
    works(format!("x = {}\nx.a.a.a == x", nested("(a=", "1", ")", 256)), "False\n");
    fails(nested("[1, ", "1", "]", 256), "shape", "row 1 is i64[2]");
}

#[test]
fn long_sums_work() {
    works(format!("x = 1\nx{}", " + x".repeat(9_999)), "10000\n");
    works(format!("x = [1, 2]\nx{}", " + x".repeat(9_999)), "[10000 20000]\n");
    works(format!("x = \"a\"\nlen(x{})", " + x".repeat(9_999)), "10000\n");
    works(format!("true{}", " and true".repeat(9_999)), "True\n");
    works(format!("16.0{}", " |> sqrt |> square".repeat(5_000)), "16.0\n");
}

#[test]
fn large_functions_and_literals_work_or_are_a_syntax_error() {
    works(format!("x = 1\nlen(({}))", "x, ".repeat(70_000)), "70000\n");
    works(format!("x = 1\nlen([{}])", "x, ".repeat(70_000)), "70000\n");
    let fields: String = (0..70_000).map(|i| format!("x{i}={i}, ")).collect();
    works(format!("r = ({fields})\nr.x69999"), "69999\n");
    let locals: String = (0..70_000).map(|i| format!("x{i} = {i}.5\n")).collect();
    works(format!("fn f() {{\n{locals}x69999 }}\nf()"), "69999.5\n");
    fails(format!("fn f({}) = 1", (0..70_000).map(|i| format!("x{i}, ")).collect::<String>()), "syntax", "parameters");
    fails(format!("max({})", "1, ".repeat(70_000)), "syntax", "arguments");
    works(format!("{}1{}", "try { ".repeat(256), " } catch e { e }".repeat(256)), "1\n");
    works(format!("len(f\"{}\")", "{1}".repeat(70_000)), "70000\n");
}

#[test]
fn endless_recursion_is_an_error() {
    for program in [
        "fn f(n) = f(n + 1)\nf(0)",
        "fn f(n) = g(n + 1)\nfn g(n) = f(n)\nf(0)",
        "f = |x| x(x)\nf(f)",
        "fn f(n = f()) = n\nf()",
        "fn f(n) = map(|x| f(x), [n, n])\nf(0)",
        "fn f(n) = reduce(|x, y| f(x), [n, n], 0)\nf(0)",
        "fn f(n) = filter(|x| f(x), [n, n])\nf(0)",
        "fn f(n) = scan(|s, x| f(x), 0, [n, n])\nf(0)",
        "fn f(n) = map_leaves(f, (n, n))\nf(0)",
        "fn f(n) = timeit(|| f(n))\nf(0)",
        "fn f(n) = [f(x) for x in 0..2]\nf(0)",
        "fn f(n) { try { f(n + 1) } catch e { f(n + 1) } }\nf(0)",
    ] {
        fails(program, "overflow", "calls nested deeper than 10000");
    }
}

#[test]
fn deep_recursion_works() {
    works("fn f(n) = if n == 0 { 0 } else { 1 + f(n - 1) }\nf(9990)", "9990\n");
    works("fn f(n) = if n == 0 { 0 } else { g(n - 1) + 1 }\nfn g(n) = f(n)\nf(4990)", "4990\n");
    works("fn f(n) = if n == 0 { 0 } else { 1 + map(|x| f(n - 1), [0])[0] }\nf(90)", "90\n");
}

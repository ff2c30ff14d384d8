//! What the crate's other users rely on: places, decoded literals, comments, continued input, names.

use nabla_grammar::tree::*;
use nabla_grammar::{Parsed, RESERVED, is_name, parse, parse_continuing, to_sexpr};

fn valid(source: &str) -> Parsed {
    let parsed = parse(source);
    assert!(parsed.diagnostics.is_empty(), "{source}: {:?}", parsed.diagnostics);
    parsed
}

/// The expression of a program that is one.
fn expr(source: &str) -> Expr {
    let mut parsed = valid(source);
    match parsed.stmts.pop().map(|stmt| stmt.kind) {
        Some(StmtKind::Expr(e)) if parsed.stmts.is_empty() => e,
        other => panic!("{source}: {other:?}"),
    }
}

fn string(source: &str) -> String {
    match expr(source).kind {
        ExprKind::Str(text) => text.into(),
        other => panic!("{source}: {other:?}"),
    }
}

#[test]
fn strings_are_decoded() {
    assert_eq!(string(r#""a\n\t\r\0\\\"\'b""#), "a\n\t\r\0\\\"'b");
    assert_eq!(string(r"'\u{41}\u{3c0}\u{10ffff}'"), "Aπ\u{10ffff}");
    assert_eq!(string("'é∇😀\u{0}\u{7}'"), "é∇😀\u{0}\u{7}");
    assert_eq!(string("''"), "");
}

#[test]
fn pieces_of_f_strings() {
    let source = r#"f"a{{\n{x + 1:>8.3f}{y}\u{7d}""#;
    let ExprKind::FString(parts) = expr(source).kind else { panic!("an f-string") };
    let [FPart::Text(text), FPart::Value { value: x, spec }, FPart::Value { value: y, spec: None }, FPart::Text(end)] =
        &parts[..]
    else {
        panic!("{parts:?}")
    };
    assert_eq!((&**text, &**end), ("a{\n", "}"));
    assert_eq!(spec.as_deref(), Some(">8.3f"));
    assert_eq!((x.span.text(source), y.span.text(source)), ("x + 1", "y"));
    let ExprKind::FString(parts) = expr("f\"{(|y: f32| y)(a[1:2]):}\"").kind else { panic!("an f-string") };
    assert!(matches!(&parts[..], [FPart::Value { spec: Some(spec), .. }] if spec.is_empty()));
}

#[test]
fn numbers() {
    assert!(matches!(expr("0x7fff_ffff_ffff_ffff").kind, ExprKind::Int(0x7fff_ffff_ffff_ffff)));
    assert!(matches!(expr("1_0.5_0e1_0").kind, ExprKind::Float(x) if x == 10.5e10));
    assert!(matches!(expr("5e-324").kind, ExprKind::Float(x) if x == 5e-324));
    assert!(matches!(expr("2e3j").kind, ExprKind::Imag(x) if x == 2000.0));
    let ExprKind::Unary { op: UnaryOp::Neg, operand, .. } = expr("-9223372036854775808").kind else {
        panic!("a minus")
    };
    assert!(matches!(operand.kind, ExprKind::Int(0x8000_0000_0000_0000)));
}

#[test]
fn chains_are_flat_and_have_places() {
    let source = "π + b - (c + d)";
    let sum = expr(source);
    assert_eq!(sum.span.text(source), source);
    let ExprKind::Binary { first, rest } = sum.kind else { panic!("a sum") };
    assert_eq!(first.span.text(source), "π");
    let parts: Vec<_> = rest.iter().map(|o| (o.op, o.op_span.text(source), o.right.span.text(source))).collect();
    assert_eq!(parts, [(BinaryOp::Add, "+", "b"), (BinaryOp::Sub, "-", "(c + d)")]);
    assert!(matches!(rest[1].right.kind, ExprKind::Paren(_)));

    let source = "x.f(a)[0].T";
    let ExprKind::Postfix { base, suffixes } = expr(source).kind else { panic!("a chain") };
    assert_eq!(base.span.text(source), "x");
    let steps: Vec<_> = suffixes.iter().map(|s| s.span.text(source)).collect();
    assert_eq!(steps, [".f(a)", "[0]", ".T"]);

    let source = "a not  in b";
    let ExprKind::Compare { rest, .. } = expr(source).kind else { panic!("a comparison") };
    assert_eq!((rest[0].op, rest[0].op_span.text(source)), (CompareOp::NotIn, "not  in"));

    let ExprKind::If { arms, otherwise } = expr("if a { } else if b { } else if c { } else { }").kind else {
        panic!("an if")
    };
    assert_eq!((arms.len(), otherwise.is_some()), (3, true));
}

#[test]
fn depth_counts_levels() {
    for (source, depth) in [
        ("x", 1),
        ("x + y + z", 2),
        ("(x)", 2),
        ("-x * y", 3),
        ("f(g(x))", 3),
        ("a.b.c.d", 2),
        ("{ for x in xs { (x) } }.y", 5),
        ("f\"{-x}\"", 3),
        ("|x: f32 @ gpu[i]| x", 3),
    ] {
        assert_eq!(expr(source).depth, depth, "{source}");
    }
}

#[test]
fn statements_have_places() {
    let source = "\u{feff}a = 1; b;\r\nc # end\rd\n";
    let parsed = valid(source);
    let texts: Vec<_> = parsed.stmts.iter().map(|stmt| (stmt.span.text(source), stmt.quiet)).collect();
    assert_eq!(texts, [("a = 1", false), ("b", true), ("c", false), ("d", false)]);
    assert_eq!(parsed.comments[0].span.text(source), "# end");

    let source = "a[0].b **= 2";
    let StmtKind::AugAssign { op, op_span, target: Target::Place { name, path, span }, .. } =
        valid(source).stmts.remove(0).kind
    else {
        panic!("an assignment")
    };
    assert_eq!(
        (op, op_span.text(source), &*name.text, path.len(), span.text(source)),
        (BinaryOp::Pow, "**=", "a", 2, "a[0].b")
    );

    let source = "@ gpu\nfn f(x: f32[n] = 1, *r) -> f32 = x";
    let StmtKind::Fn(def) = valid(source).stmts.remove(0).kind else { panic!("a function") };
    let params: Vec<_> = def.params.iter().map(|p| p.span.text(source)).collect();
    assert_eq!(params, ["x: f32[n] = 1", "*r"]);
    assert_eq!(def.ret.map(|ty| ty.span.text(source)), Some("f32"));
    assert_eq!(def.decorators[0].span.text(source), "gpu");
}

#[test]
fn every_comment_is_kept() {
    let source = "# one\nx = [1, # two\n 2]\n## three\nfn f() { ## four\n}\n#";
    let comments: Vec<_> = valid(source).comments.iter().map(|comment| comment.span.text(source)).collect();
    assert_eq!(comments, ["# one", "# two", "## three", "## four", "#"]);
}

#[test]
fn documentation_keeps_its_indentation() {
    let source = "## Finds a root.  \n##\n##   newton(f, 1.0)\nfn newton(f, x) = x";
    let StmtKind::Fn(def) = valid(source).stmts.remove(0).kind else { panic!("a function") };
    assert_eq!(def.doc.as_deref(), Some("Finds a root.\n\n  newton(f, 1.0)"));
}

#[test]
fn several_errors_in_one_run() {
    let source = "a = 1\nb = = 2\nc = 3\nd = (4\nfn f() = 5\n) g\nh = 6";
    let parsed = parse(source);
    assert_eq!(to_sexpr(source, &parsed.stmts), "(= a 1) (= c 3) (fn f () 5) (= h 6)");
    assert_eq!(parsed.diagnostics.len(), 3);
    assert!(parsed.diagnostics.is_sorted_by_key(|diagnostic| diagnostic.span.start));
    assert!(!parsed.is_incomplete());
}

#[test]
fn incomplete_input() {
    for source in ["f(", "x = 1\nf(", "fn f() {", "a +", "## doc", "try { a }", "@ gpu", "[\"a\", \"b"] {
        let expected = source != "[\"a\", \"b";
        assert_eq!(parse(source).is_incomplete(), expected, "{source}");
    }
    for source in ["", "x", "x = = 1\nf(", "a b", "## doc\n\n", "x\n## doc", "f\"{a +}\"", "f\"{(}\""] {
        assert!(!parse(source).is_incomplete(), "{source}");
    }
}

#[test]
fn continued_input_applies_to_the_last_value() {
    for (source, tree) in [
        ("|> f", "(|> _ f)"),
        (" # why\n |> f\n |> g(1)", "(|> (|> _ f) (call g 1))"),
        (".T", "(. _ T)"),
        (".f(x)[0] + 1", "(+ (idx (.f _ x) 0) 1)"),
        ("x\n.T", "(. x T)"),
        (".5", "0.5"),
        ("x; y", "x y"),
    ] {
        let parsed = parse_continuing(source);
        assert!(parsed.diagnostics.is_empty(), "{source}: {:?}", parsed.diagnostics);
        assert_eq!(to_sexpr(source, &parsed.stmts), tree, "{source}");
    }
    assert!(parse_continuing("|>").is_incomplete());
    assert!(!parse_continuing("+ + * 1").diagnostics.is_empty());
    assert!(!parse_continuing("x;\n|> f").diagnostics.is_empty());
    assert!(!parse("|> f").diagnostics.is_empty());
}

#[test]
fn control_characters_are_errors_outside_of_strings() {
    for (source, message) in [
        ("a\u{0}", "unexpected control character U+0000"),
        ("\u{c}a", "unexpected control character U+000C"),
        ("a = \u{1b}[1m", "unexpected control character U+001B"),
        ("a\u{feff}b", "unexpected invisible character U+FEFF"),
        ("a = \u{2028}", "unexpected invisible character U+2028"),
        ("a = \u{3000}1", "unexpected blank U+3000"),
    ] {
        let parsed = parse(source);
        assert_eq!(parsed.diagnostics[0].message, message, "{source:?}");
        assert_eq!(parsed.diagnostics[0].span.text(source).chars().count(), 1, "{source:?}");
    }
    valid("a\u{a0}= 1 # \u{0}\u{1b}");
}

#[test]
fn names() {
    for name in ["x", "_", "_1", "π", "grüße", "数", "def", "f"] {
        assert!(is_name(name), "{name}");
        assert!(matches!(expr(name).kind, ExprKind::Name(text) if &*text == name), "{name}");
    }
    for text in ["", "1a", "a b", "a.b", "∇", "²", "×", "a-b", "é!"] {
        assert!(!is_name(text), "{text}");
    }
    for word in RESERVED {
        assert!(!is_name(word));
        assert!(!parse(&format!("{word} = 1")).diagnostics.is_empty(), "{word}");
    }
}

#[test]
fn operators_know_their_spelling() {
    for (source, op) in [("a |> b", BinaryOp::Pipe), ("a >> b", BinaryOp::Shr), ("a // b", BinaryOp::FloorDiv)] {
        let ExprKind::Binary { rest, .. } = expr(source).kind else { panic!("{source}") };
        assert_eq!((rest[0].op, rest[0].op.spelling()), (op, rest[0].op_span.text(source)));
        assert_eq!(BinaryOp::from_spelling(op.spelling()), Some(op));
    }
    assert_eq!(CompareOp::from_spelling("not in"), Some(CompareOp::NotIn));
    assert_eq!((UnaryOp::Nabla.spelling(), CompareOp::Ge.spelling()), ("∇", ">="));
}

//! A session survives whatever runs in it, and knows nothing of its neighbours.

use crate::printed::Printed;
use nabla::{Error, Kind, Session, Source};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn start() -> (Session, Printed) {
    let page = Printed::default();
    (Session::new(Box::new(page.clone())), page)
}

fn eval(session: &mut Session, code: &str) -> Result<(), Vec<Error>> {
    session.eval(Arc::new(Source::new("<test>", code)))
}

/// What a program printed in a session.
fn printed(session: &mut Session, page: &Printed, code: &str) -> String {
    page.take();
    eval(session, code).unwrap_or_else(|errors| panic!("{code}: {}", nabla::diagnostics::render(&errors, false)));
    page.take()
}

/// Statements that end in an error, each at another place of the machine.
const FAILING: [&str; 24] = [
    "undefined_name",
    "kept = kept + undefined_name",
    "kept[9] = 1",
    "kept[0] = \"text\"",
    "kept[0] = [1, 2, 3]",
    "kept += [1, 2]",
    "kept = append(kept, \"text\")",
    "kept.field = 1",
    "record.b.c = 1",
    "record.a[7] = 1",
    "record = (...record, ...kept)",
    "(kept, record) = (1, 2, 3)",
    "x = [[1, 2], [3]]",
    "[error(\"in a comprehension\") for _ in kept]",
    "map(|x| error(\"in a callback\"), kept)",
    "reduce(|a, b| a + undefined_name, kept, 0)",
    "fn f(n) = f(n + 1)\nf(0)",
    "fn f(n) = map(|x| f(x), kept)\nf(0)",
    "for i in 0..3 { for j in 0..3 { if i + j == 3 { error(\"in a loop\") } } }",
    "try { error(\"a\") } catch e { error(\"b\") }",
    "f\"{kept:.q}\"",
    "zeros(10 ** 16)",
    "fn f(x: f32[n], y: [n]) = x\nf(kept, kept)",
    "while true { kept }",
];

#[test]
fn names_survive_every_error() {
    let (mut session, page) = start();
    session.limits_mut().depth = 300;
    let setup = "kept = [1, 2, 3]\nrecord = (a=[1.5], b=2)\nfn twice(x) = 2 * x\nshared = kept";
    assert!(eval(&mut session, setup).is_ok());
    for round in 0..40 {
        for code in FAILING {
            session.limits_mut().deadline = Instant::now().checked_add(Duration::from_millis(100));
            let errors = eval(&mut session, code).expect_err(code);
            assert_eq!(errors.len(), 1, "{code}");
            assert!(errors[0].details().kind != Kind::Internal, "{code}: {:?}", errors[0]);
            session.limits_mut().deadline = None;
            let shown = printed(&mut session, &page, "kept\nrecord\ntwice(kept)\nshared");
            assert_eq!(shown, "[1 2 3]\n(a=[1.5], b=2)\n[2 4 6]\n[1 2 3]\n", "round {round}, after {code}");
        }
        // errors leave nothing behind that keeps a value shared or half done
        let shown = printed(&mut session, &page, "t = kept; t[0] = 9; t, kept");
        assert_eq!(shown, "([9 2 3], [1 2 3])\n");
    }
}

#[test]
fn an_interrupted_session_goes_on() {
    let (mut session, page) = start();
    let interrupt = session.interrupt();
    for _ in 0..3 {
        let other = interrupt.clone();
        let thread = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            other.raise();
        });
        let errors = eval(&mut session, "kept = 7; while true { }").expect_err("it is endless");
        assert!(thread.join().is_ok());
        assert_eq!(errors[0].details().kind, Kind::Interrupted);
        interrupt.clear();
        assert_eq!(printed(&mut session, &page, "kept"), "7\n");
    }
}

/// Statements whose operations take over the buffer of `x`, which is all ones; what they make of it is all one number.
const REPLACING: [&str; 7] = [
    "x = x + 1",
    "x += y * 2",
    "x = exp(x)",
    "x = where(y > 0, x, y)",
    "x = y - (x + 1)",
    "x -= sum(y)",
    "x = append(x * 2, x)",
];

#[test]
fn what_an_interrupted_statement_was_to_replace_stays() {
    let (mut session, page) = start();
    let interrupt = session.interrupt();
    for code in REPLACING {
        eval(&mut session, "x = ones(5000); y = x * 1").expect("it is well");
        interrupt.raise();
        let errors = eval(&mut session, code).expect_err(code);
        assert_eq!(errors[0].details().kind, Kind::Interrupted, "{code}");
        interrupt.clear();
        assert_eq!(printed(&mut session, &page, "x.shape, min(x), max(x)"), "((5000,), 1.0, 1.0)\n", "{code}");
    }
}

#[test]
fn an_interrupted_statement_leaves_a_structure_whole() {
    let (mut session, page) = start();
    let interrupt = session.interrupt();
    for code in ["p = exp(p)", "p = p * 2", "p -= 0.5 * p", "p = where(p > 0, 3, p)"] {
        eval(&mut session, "p = (a=ones(5000), b=(ones(5000), ones(5000)))").expect("it is well");
        interrupt.raise();
        eval(&mut session, code).expect_err(code);
        interrupt.clear();
        let parts = "[p.a, p.b[0], p.b[1]]";
        assert_eq!(printed(&mut session, &page, &format!("min({parts}), max({parts})")), "(1.0, 1.0)\n", "{code}");
    }
}

#[test]
fn an_interrupted_run_gives_back_its_inputs() {
    let (mut session, page) = start();
    let interrupt = session.interrupt();
    // forty steps, so that it may be interrupted though it could write on `x`
    let long = format!("x += {}", ["x * 0.5"; 20].join(" + "));
    // so few that it runs to its end once it has begun
    let short = "x = x + 1";
    for (code, after) in [(long.as_str(), "11.0"), (short, "2.0")] {
        let mut interrupted = 0;
        for milliseconds in [0, 1, 5, 20, 40, 60] {
            eval(&mut session, "x = ones(8000000)").expect("it is well");
            let other = interrupt.clone();
            let thread = std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(milliseconds));
                other.raise();
            });
            let result = eval(&mut session, code);
            assert!(thread.join().is_ok());
            interrupt.clear();
            let expected = if result.is_err() { "1.0" } else { after };
            let found = printed(&mut session, &page, "min(x), max(x)");
            assert_eq!(found, format!("({expected}, {expected})\n"), "{code}, {milliseconds} ms");
            interrupted += usize::from(result.is_err());
        }
        assert!(code == short || interrupted > 1, "{interrupted} interrupted");
    }
}

#[test]
fn two_sessions_side_by_side() {
    let ((mut first, here), (mut second, there)) = (start(), start());
    for session in [&mut first, &mut second] {
        session.seed(1);
    }
    assert_eq!(printed(&mut first, &here, "x = 1; print_options(precision=2); [1 / 3]"), "[0.33]\n");
    assert_eq!(eval(&mut second, "x").expect_err("it is not known here")[0].details().kind, Kind::Name);
    assert_eq!(printed(&mut second, &there, "x = 2; [1 / 3]"), "[0.33333333]\n");
    first.interrupt().raise();
    assert_eq!(printed(&mut second, &there, "for i in 0..100000 { }; x"), "2\n");
    first.interrupt().clear();
    first.limits_mut().memory = 1000;
    assert_eq!(eval(&mut first, "zeros(1000)").expect_err("it is too large")[0].details().kind, Kind::Memory);
    assert_eq!(printed(&mut second, &there, "zeros(1000).size"), "1000\n");
    let draws: Vec<String> = ["rand(3)", "rand(3)"].map(|code| printed(&mut second, &there, code)).into();
    assert_ne!(draws[0], draws[1]);
    first.limits_mut().memory = usize::MAX;
    let alike = printed(&mut first, &here, "print_options(precision=8)\nrand(3)\nrand(3)");
    assert_eq!(alike, draws.concat());
    drop(first);
    assert_eq!(printed(&mut second, &there, "x"), "2\n");
}

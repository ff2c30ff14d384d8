use super::*;
use crate::diagnostics::{Kind, Source};

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source::new(name, text))
}

/// The span of the first `part` in `text`.
fn span(text: &str, part: &str) -> Span {
    let start = text.find(part).expect("the part is in the text");
    Span::new(start, start + part.len())
}

#[test]
fn looks_as_promised() {
    let text = "# the model\n\ny = x @ w\n";
    let error = Error::shape("cannot multiply [2, 3] by [2, 3]: inner dimensions 3 and 2 differ")
        .at(&source("model.nab", text), span(text, "@"))
        .label(span(text, "x"), "f64[2, 3]")
        .label(span(text, "w\n"), "f64[2, 3]")
        .help("x @ w.T would be [2, 2]");
    let expected = "\
error[shape]: cannot multiply [2, 3] by [2, 3]: inner dimensions 3 and 2 differ
  ┌─ model.nab:3:5
3 │ y = x @ w
  │     ─ ^ ─ f64[2, 3]
  │     f64[2, 3]
  = help: x @ w.T would be [2, 2]
";
    assert_eq!(render(std::slice::from_ref(&error), false), expected);
    let coloured = render(&[error], true);
    assert!(coloured.contains("\x1b["));
    let plain: String = coloured.lines().map(|line| without_style(line) + "\n").collect();
    assert_eq!(plain, expected);
}

#[test]
fn several_errors_are_parted_by_a_blank_line() {
    let errors = [Error::value("one"), Error::value("two").help("try three")];
    assert_eq!(render(&errors, false), "error[value]: one\n\nerror[value]: two\n  = help: try three\n");
    let many = vec![Error::value("again"); 1000];
    let text = render(&many, false);
    assert!(text.ends_with("\nand 980 more errors\n"), "{text}");
}

#[test]
fn marks_lines_apart() {
    let text = "fn f(a, b) = a\n\n\n\nf(1)\n";
    let error = Error::ty("`f` needs `b`")
        .at(&source("a.nab", text), span(text, "f(1)"))
        .label(span(text, "b"), "declared here");
    let expected = "\
error[type]: `f` needs `b`
  ┌─ a.nab:5:1
1 │ fn f(a, b) = a
  │         ─ declared here
  ·
5 │ f(1)
  │ ^^^^
";
    assert_eq!(render(&[error], false), expected);
}

#[test]
fn wide_letters_tabs_and_control_characters_keep_the_marks_in_place() {
    let text = "\t変数 = \"\0\x1b[31m\" + x";
    let error = Error::new(Kind::Name, "`x` is not known").at(&source("\x1b.nab", text), span(text, "x"));
    let expected = "\
error[name]: `x` is not known
  ┌─ ␛.nab:1:18
1 │     変数 = \"␀␛[31m\" + x
  │                       ^
";
    assert_eq!(render(&[error], false), expected);
}

#[test]
fn long_lines_are_cut_around_the_mark() {
    let text = format!("[{}, oops, {}]", "1, ".repeat(100_000), "2, ".repeat(100_000));
    let error = Error::new(Kind::Name, "`oops` is not known").at(&source("a.nab", &text), span(&text, "oops"));
    let shown = render(&[error], false);
    assert!(shown.len() < 1000, "{} bytes", shown.len());
    let lines: Vec<&str> = shown.lines().collect();
    assert!(lines[2].starts_with("1 │ …") && lines[2].ends_with('…'), "{}", lines[2]);
    let mark = lines[3].chars().position(|c| c == '^').expect("there is a mark");
    let under: String = lines[2].chars().skip(mark).take(4).collect();
    assert_eq!(under, "oops");
}

#[test]
fn spans_that_point_nowhere_do_no_harm() {
    let text = "é\r\n";
    for (start, end) in [(0, 9), (1, 1), (4, 4), (100, 200), (3, 1), (u32::MAX as usize, u32::MAX as usize)] {
        let error = Error::value("v").at(&source("a.nab", text), Span { start: start as u32, end: end as u32 });
        let shown = render(&[error.label(Span { start: 77, end: 3 }, "label")], false);
        assert!(shown.starts_with("error[value]: v\n  ┌─ a.nab:") && shown.contains('^'), "{shown}");
    }
}

#[test]
fn a_long_trail_is_shortened() {
    let text = "fn f(n) = f(n + 1)\nf(1)\n";
    let model = source("a.nab", text);
    let call =
        |part| Call { function: "f".to_string(), place: Place { source: model.clone(), span: span(text, part) } };
    let mut error = Error::new(Kind::Overflow, "too deep").at(&model, span(text, "f(n + 1)"));
    error.details_mut().trail = vec![call("f(n + 1)"), call("f(n + 1)"), call("f(1)")];
    let expected = "\
error[overflow]: too deep
  ┌─ a.nab:1:11
1 │ fn f(n) = f(n + 1)
  │           ^^^^^^^^
  = in f called at a.nab:1:11, 2 times
  = in f called at a.nab:2:1
";
    assert_eq!(render(&[error.clone()], false), expected);

    error.details_mut().trail = (0..TRAIL_ENDS).flat_map(|_| [call("f(n + 1)"), call("f(1)")]).collect();
    error.details_mut().trail_left_out = 9980;
    let shown = render(&[error], false);
    let notes: Vec<&str> = shown.lines().filter(|line| line.starts_with("  = ")).collect();
    assert_eq!(notes.len(), 2 * TRAIL_ENDS + 1);
    assert_eq!(notes[TRAIL_ENDS], "  = ... 9980 calls between");
}

#[test]
fn an_error_without_a_left_operand_stands_where_its_mark_is() {
    let text = "print(1, 2";
    let error = Error::new(Kind::Syntax, "missing `)`")
        .at(&source("a.nab", text), Span::new(text.len(), text.len()))
        .label(span(text, "("), "opened here");
    let expected = "\
error[syntax]: missing `)`
  ┌─ a.nab:1:11
1 │ print(1, 2
  │      ─    ^
  │      opened here
";
    assert_eq!(render(&[error], false), expected);
}

#[test]
fn long_messages_are_cut() {
    let shown = render(&[Error::value("é\x07".repeat(1_000_000)).help("h".repeat(1_000_000))], false);
    assert!(shown.len() < 5 * MESSAGE_LENGTH, "{} bytes", shown.len());
}

//! No text makes the parser panic, and every place it names lies in the text.

use nabla_grammar::{Parsed, parse, parse_continuing, to_sexpr};

const PROGRAMS: &[&str] = &[
    include_str!("programs/newton.nab"),
    include_str!("programs/tour.nab"),
    "x = [1, 2.5, 0xff]; y = (a=1, ...p)\nf\"π = {π:.3f} and {(1, 'é')}\" # ∇\n## doc\n@ gpu\nfn g(x: f32[n, ...] @ gpu = 1, *r) -> [n] = ∇f(x) |> |y| y ** 2\n",
    "try { a.b(c)[1:, ::2, ...] } catch e { e.kind }\nif a { b } else if c { d } else { e }\nwhile not a { break; continue }\n",
];

/// A small generator of its own, so that a failure can be had again.
struct Random(u64);

impl Random {
    fn below(&mut self, n: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % n.max(1) as u64) as usize
    }
    fn pick<'a>(&mut self, words: &[&'a str]) -> &'a str {
        words[self.below(words.len())]
    }
}

fn check(source: &str) {
    for parsed in [parse(source), parse_continuing(source)] {
        check_parsed(source, &parsed);
    }
}

fn check_parsed(source: &str, parsed: &Parsed) {
    for (start, end) in spans(&format!("{parsed:?}")) {
        assert!(start <= end && source.get(start..end).is_some(), "span {start}..{end} in {source:?}");
    }
    for stmts in parsed.stmts.windows(2) {
        assert!(stmts[0].span.end <= stmts[1].span.start, "order of statements in {source:?}");
    }
    for diagnostic in &parsed.diagnostics {
        assert!(!diagnostic.message.is_empty() && !diagnostic.message.contains('\n'), "{diagnostic:?} in {source:?}");
    }
    to_sexpr(source, &parsed.stmts);
}

/// All spans of a tree, read from its debug form: none can be forgotten.
fn spans(debug: &str) -> Vec<(usize, usize)> {
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok();
    let span = |text: &str| {
        let rest = text.strip_prefix(" start: ")?;
        Some((number(rest)?, number(rest.split_once("end: ")?.1)?))
    };
    debug.split("Span {").skip(1).filter_map(span).collect()
}

#[test]
fn programs_are_valid() {
    for source in PROGRAMS {
        let parsed = parse(source);
        assert!(parsed.diagnostics.is_empty() && !parsed.stmts.is_empty(), "{:?}", parsed.diagnostics);
        assert!(spans(&format!("{parsed:?}")).len() > 20);
        check(source);
    }
}

#[test]
fn every_prefix_and_suffix() {
    for source in PROGRAMS {
        for (at, _) in source.char_indices() {
            check(&source[..at]);
            check(&source[at..]);
        }
    }
}

#[test]
fn without_any_one_character() {
    for source in PROGRAMS {
        for (at, c) in source.char_indices() {
            check(&[&source[..at], &source[at + c.len_utf8()..]].concat());
        }
    }
}

const WORDS: &[&str] = &[
    "fn",
    "if",
    "else",
    "while",
    "for",
    "in",
    "break",
    "continue",
    "return",
    "import",
    "as",
    "and",
    "or",
    "not",
    "try",
    "catch",
    "true",
    "none",
    "x",
    "y",
    "f",
    "π",
    "1",
    "2.5",
    "0x1f",
    "3j",
    "1.",
    ".5",
    "\"s\"",
    "'t'",
    "f\"{x}\"",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    ".",
    "..",
    "...",
    "=",
    "+=",
    "->",
    "|>",
    "||",
    "|",
    "==",
    "<",
    "^",
    "&",
    "<<",
    "+",
    "-",
    "*",
    "/",
    "//",
    "%",
    "@",
    "**",
    "~",
    "∇",
    ";",
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "# c\n",
    "## d\n",
    "!",
    "?",
    "$",
    "\\",
    "`",
    "\"",
    "'",
    "f\"{",
    "\"\"\"",
    "“",
    "×",
    "\u{feff}",
    "\u{0}",
    "\u{200b}",
    "é",
    "🎉",
    "9223372036854775808",
    "1abc",
    "def",
    "lambda",
    "print",
    "elif",
    "let",
    "is",
    "x.f(",
    "a[",
    "fn f(",
    "|x|",
    "@ gpu",
    "if c {",
    "for x in xs {",
];

#[test]
fn soup_of_words() {
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    for _ in 0..15_000 {
        let mut source = String::new();
        for _ in 0..random.below(16) {
            source.push_str(random.pick(WORDS));
            source.push_str(random.pick(&["", " ", " "]));
        }
        check(&source);
    }
}

#[test]
fn mutations_of_programs() {
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    for _ in 0..3_000 {
        let mut source = random.pick(PROGRAMS).to_string();
        for _ in 0..1 + random.below(4) {
            let places: Vec<usize> = source.char_indices().map(|(at, _)| at).collect();
            let at = places[random.below(places.len())];
            let to = places[random.below(places.len())].max(at).min(at + 12);
            let to = (to..=source.len()).find(|&to| source.is_char_boundary(to)).unwrap_or(source.len());
            let word = match random.below(3) {
                0 => String::new(),
                1 => random.pick(WORDS).to_string(),
                _ => source[at..to].repeat(2),
            };
            source.replace_range(at..to, &word);
        }
        check(&source);
    }
}

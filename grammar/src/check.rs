//! Rules the grammar does not express: parameters, arguments, record fields and assignment targets.

use crate::diagnostic::Diagnostic;
use crate::tree::*;
use std::collections::HashMap;

/// The expression of an item.
pub fn value(item: &Item) -> &Expr {
    match item {
        Item::Pos(e) | Item::Named(_, e) | Item::Spread(e) => e,
    }
}

/// Names already seen, each with its place.
struct Seen<'t> {
    places: HashMap<&'t str, Span>,
    what: &'static str,
}

impl<'t> Seen<'t> {
    fn new(what: &'static str) -> Seen<'t> {
        Seen { places: HashMap::new(), what }
    }

    fn add(&mut self, name: &'t Name, out: &mut Vec<Diagnostic>) {
        if let Some(first) = self.places.insert(&name.text, name.span) {
            let message = format!("{} `{}` stands here twice", self.what, name.text);
            out.push(Diagnostic::new(name.span, message).label(first, "here first"));
        }
    }
}

/// Positional arguments and spreads come first; a keyword comes once.
pub fn arguments(items: &[Item], out: &mut Vec<Diagnostic>) {
    let mut seen = Seen::new("the argument");
    let mut keyword: Option<&Name> = None;
    for item in items {
        match (item, keyword) {
            (Item::Named(name, _), _) => {
                seen.add(name, out);
                keyword = Some(name);
            }
            (Item::Pos(e) | Item::Spread(e), Some(name)) => {
                out.push(
                    Diagnostic::new(e.span, "keyword arguments follow positional ones")
                        .label(name.span, "a keyword argument before it"),
                );
                return;
            }
            _ => {}
        }
    }
}

/// All fields of a record have names, each its own.
pub fn record(items: &[Item], out: &mut Vec<Diagnostic>) {
    let mut seen = Seen::new("the field");
    for item in items {
        match item {
            Item::Named(name, _) => seen.add(name, out),
            Item::Spread(_) => {}
            Item::Pos(e) => {
                let help = "a record names all its fields, `(a=1, b=2)`; a tuple names none";
                out.push(Diagnostic::new(e.span, "this field of a record has no name").help(help));
                return;
            }
        }
    }
}

/// Names differ, `_` aside; one `*rest` at most; what has no default comes first.
pub fn params(params: &[Param], out: &mut Vec<Diagnostic>) {
    let mut seen = Seen::new("the parameter");
    let (mut star, mut default): (Option<Span>, Option<Span>) = (None, None);
    for param in params {
        bind(&param.pattern, &mut seen, out);
        if param.star {
            if let Some(first) = star.replace(param.span) {
                out.push(
                    Diagnostic::new(param.span, "a function gathers the rest of its arguments once")
                        .label(first, "here first"),
                );
            }
        } else if param.default.is_some() {
            default = Some(param.span);
        } else if let (Some(first), None) = (default, star) {
            out.push(
                Diagnostic::new(param.span, "a parameter without a default follows one with a default")
                    .label(first, "this one has a default")
                    .help("put it first, or give it a default as well"),
            );
        }
    }
}

fn bind<'t>(pattern: &'t Pattern, seen: &mut Seen<'t>, out: &mut Vec<Diagnostic>) {
    match pattern {
        Pattern::Name(name) if &*name.text == "_" => {}
        Pattern::Name(name) => seen.add(name, out),
        Pattern::Tuple(patterns, _) => patterns.iter().for_each(|pattern| bind(pattern, seen, out)),
    }
}

/// Reads an expression as what stands left of `=`.
pub fn target(expr: Expr, source: &str) -> Result<Target, Box<Diagnostic>> {
    let span = expr.span;
    match expr.kind {
        ExprKind::Name(text) => Ok(Target::Place { name: Name { text, span }, path: Vec::new(), span }),
        ExprKind::Postfix { base, suffixes } => place(*base, suffixes, span),
        ExprKind::Tuple { items, .. } if !items.is_empty() => {
            let targets = items.into_iter().map(|item| match item {
                Item::Pos(e) => target(e, source),
                Item::Named(_, e) | Item::Spread(e) => Err(Box::new(
                    Diagnostic::new(e.span, "a target takes no `...`").help("take the tuple apart by index"),
                )),
            });
            Ok(Target::Tuple(targets.collect::<Result<_, _>>()?, span))
        }
        kind => Err(Box::new(no_target(&kind, span, source))),
    }
}

fn place(base: Expr, suffixes: Vec<Suffix>, span: Span) -> Result<Target, Box<Diagnostic>> {
    if let Some(at) = suffixes.iter().position(|s| matches!(s.kind, SuffixKind::Call(_) | SuffixKind::Method(..))) {
        let diagnostic = Diagnostic::new(base.span.to(suffixes[at].span), "cannot assign to a call");
        return Err(Box::new(
            if matches!((&base.kind, &suffixes[..]), (ExprKind::Name(_), [Suffix { kind: SuffixKind::Call(_), .. }])) {
                diagnostic.help("a function is written `fn f(x) = ...`; an element is `a[i]`")
            } else {
                diagnostic.help("give the value a name and assign to its parts")
            },
        ));
    }
    match base.kind {
        ExprKind::Name(text) => Ok(Target::Place { name: Name { text, span: base.span }, path: suffixes, span }),
        _ => Err(Box::new(Diagnostic::new(base.span, "a target starts with a name").help(TARGETS))),
    }
}

const TARGETS: &str = "a target is a name with any `.field` and `[index]`, or a tuple of targets";

fn no_target(kind: &ExprKind, span: Span, source: &str) -> Diagnostic {
    let text = span.text(source);
    let (message, help) = match kind {
        ExprKind::Bool(_) | ExprKind::None => (format!("`{text}` is a reserved word"), "choose another name"),
        ExprKind::Int(_) | ExprKind::Float(_) | ExprKind::Imag(_) => ("cannot assign to a number".into(), TARGETS),
        ExprKind::Str(_) | ExprKind::FString(_) => ("cannot assign to a string".into(), TARGETS),
        ExprKind::Tuple { .. } => ("cannot assign to an empty tuple".into(), TARGETS),
        ExprKind::Record(_) => ("cannot assign to a record".into(), "take its fields by name: `w = p.w`"),
        ExprKind::Array(_) => ("cannot assign to an array".into(), "take a value apart with a tuple: `a, b = t`"),
        ExprKind::Paren(_) => {
            ("cannot assign to parentheses".into(), "write the name alone, or `(a,)` for a tuple of one")
        }
        ExprKind::Binary { .. } if text.contains("++") || text.contains("--") => {
            ("cannot assign to an expression".into(), "there is no `++`: write `x += 1`")
        }
        _ => ("cannot assign to an expression".into(), TARGETS),
    };
    Diagnostic::new(span, message).help(help)
}

//! What is wrong with a text, and where.

use crate::tree::Span;

#[derive(Clone, Debug, PartialEq)]
pub struct Diagnostic {
    pub span: Span,
    pub message: String,
    /// How to mend it.
    pub help: Option<String>,
    /// Other places that matter, each with a word on why.
    pub labels: Vec<(Span, String)>,
    /// The text is right as far as it goes: more of it could make it whole.
    pub incomplete: bool,
}

impl Diagnostic {
    pub fn new(span: Span, message: impl Into<String>) -> Diagnostic {
        Diagnostic { span, message: message.into(), help: None, labels: Vec::new(), incomplete: false }
    }

    pub fn help(mut self, help: impl Into<String>) -> Diagnostic {
        self.help = Some(help.into());
        self
    }

    pub fn label(mut self, span: Span, text: impl Into<String>) -> Diagnostic {
        self.labels.push((span, text.into()));
        self
    }
}

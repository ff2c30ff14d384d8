//! Errors: what went wrong, where, and what to do about it.
//!
//! An error is raised with a kind and a message by whoever notices it, often without knowing the source. On its way up
//! the interpreter adds the place, the spans of the operands that the error speaks of, and the calls that led there.
//! Rendering for people is in `render`; nothing here prints.

use super::source::Source;
use nabla_grammar::tree::Span;
use std::fmt;
use std::sync::Arc;

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    Syntax,
    Name,
    Type,
    Shape,
    Value,
    Index,
    Device,
    Io,
    Overflow,
    Memory,
    Assert,
    Graph,
    /// Raised by the program itself with `error(...)`.
    Error,
    Interrupted,
    Internal,
}

impl Kind {
    /// Those that a program may raise itself.
    pub const RAISED: [Kind; 11] = [
        Kind::Error,
        Kind::Type,
        Kind::Shape,
        Kind::Value,
        Kind::Index,
        Kind::Overflow,
        Kind::Device,
        Kind::Io,
        Kind::Memory,
        Kind::Graph,
        Kind::Assert,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Kind::Syntax => "syntax",
            Kind::Name => "name",
            Kind::Type => "type",
            Kind::Shape => "shape",
            Kind::Value => "value",
            Kind::Index => "index",
            Kind::Device => "device",
            Kind::Io => "io",
            Kind::Overflow => "overflow",
            Kind::Memory => "memory",
            Kind::Assert => "assert",
            Kind::Graph => "graph",
            Kind::Error => "error",
            Kind::Interrupted => "interrupted",
            Kind::Internal => "internal",
        }
    }
}

/// A stretch of one source.
#[derive(Clone, Debug)]
pub struct Place {
    pub source: Arc<Source>,
    pub span: Span,
}

/// Calls kept at each end of a long trail.
pub const TRAIL_ENDS: usize = 10;

/// A call on the way to an error.
#[derive(Clone, Debug)]
pub struct Call {
    /// The function called.
    pub function: String,
    /// Where it was called from.
    pub place: Place,
}

/// Numbers that a trace needs to know.
#[derive(Clone, Debug)]
pub struct Demand {
    /// Inputs of graphs: the level of the trace, and which input.
    pub inputs: Vec<(u64, usize)>,
    /// They decide about control flow, which is recorded for floats: only integers are worth a trace of their own.
    pub integers: bool,
}

/// Kept small: a `Result` with it travels through every hot path.
#[derive(Clone, Debug)]
pub struct Error(Box<Details>);

#[derive(Clone, Debug)]
pub struct Details {
    pub kind: Kind,
    pub message: String,
    pub help: Vec<String>,
    /// Code that would work, `{0}` and `{1}` standing for operands: help once their names are known.
    pub instead: Option<String>,
    /// What is to be said of operands, by their number: `(0, "f64[2, 3]")`.
    pub operands: Vec<(usize, String)>,
    pub place: Option<Place>,
    /// Further spots in the same source.
    pub labels: Vec<(Span, String)>,
    /// The calls that led here, innermost first.
    pub trail: Vec<Call>,
    /// Calls left out of a long trail, behind the first `TRAIL_ENDS`.
    pub trail_left_out: usize,
    /// A limit of the session (depth, memory, time): `try` does not catch it.
    pub limit: bool,
    /// The fault is the caller's: its place is the call.
    pub blame_caller: bool,
    /// Not an error: the program asked to end with this status.
    pub exit: Option<i32>,
    /// A trace cannot go on without some numbers.
    pub demand: Option<Demand>,
    /// It arose while both ways of an `if` were recorded: whether it would happen is not known.
    pub recorded: bool,
    /// The function that a builtin called and in which the error arose: its call is noted where the builtin was called.
    pub inside: Option<String>,
    /// The reader of our output has gone: end quietly.
    pub broken_pipe: bool,
}

impl Error {
    #[cold]
    pub fn new(kind: Kind, message: impl Into<String>) -> Error {
        Error(Box::new(Details {
            kind,
            message: message.into(),
            help: Vec::new(),
            instead: None,
            operands: Vec::new(),
            place: None,
            labels: Vec::new(),
            trail: Vec::new(),
            trail_left_out: 0,
            limit: false,
            blame_caller: false,
            exit: None,
            demand: None,
            recorded: false,
            inside: None,
            broken_pipe: false,
        }))
    }

    #[cold]
    pub fn ty(message: impl Into<String>) -> Error {
        Error::new(Kind::Type, message)
    }
    #[cold]
    pub fn shape(message: impl Into<String>) -> Error {
        Error::new(Kind::Shape, message)
    }
    #[cold]
    pub fn value(message: impl Into<String>) -> Error {
        Error::new(Kind::Value, message)
    }
    #[cold]
    pub fn index(message: impl Into<String>) -> Error {
        Error::new(Kind::Index, message)
    }
    #[cold]
    pub fn overflow(message: impl Into<String>) -> Error {
        Error::new(Kind::Overflow, message)
    }

    /// A name of the language that later work fills with meaning.
    #[cold]
    pub fn not_yet(what: &str) -> Error {
        Error::new(Kind::Name, format!("`{what}` is not yet available"))
    }

    #[cold]
    pub fn exit(status: i32) -> Error {
        let mut error = Error::new(Kind::Interrupted, format!("exit with status {status}"));
        error.0.exit = Some(status);
        error
    }

    /// An advice, shown as `= help: ...`.
    pub fn help(mut self, text: impl Into<String>) -> Error {
        self.0.help.push(text.into());
        self
    }

    /// An advice to show instead of the help so far where the operands `{0}` and `{1}` are names in the source.
    pub fn instead(mut self, template: impl Into<String>) -> Error {
        self.0.instead = Some(template.into());
        self
    }

    /// Says something of operand `number` (from 0): the interpreter turns it into a label under that operand.
    pub fn operand(mut self, number: usize, text: impl Into<String>) -> Error {
        self.0.operands.push((number, text.into()));
        self
    }

    pub fn label(mut self, span: Span, text: impl Into<String>) -> Error {
        self.0.labels.push((span, text.into()));
        self
    }

    pub fn at(mut self, source: &Arc<Source>, span: Span) -> Error {
        self.0.place = Some(Place { source: source.clone(), span });
        self
    }

    pub fn limit(mut self) -> Error {
        self.0.limit = true;
        self
    }

    /// Leaves the place to be that of the call.
    pub fn at_call(mut self) -> Error {
        self.0.blame_caller = true;
        self
    }

    pub fn kind(&self) -> Kind {
        self.0.kind
    }
    pub fn message(&self) -> &str {
        &self.0.message
    }
    pub fn details(&self) -> &Details {
        &self.0
    }
    pub fn details_mut(&mut self) -> &mut Details {
        &mut self.0
    }

    /// The transform in which it arose was left: from here on it is an error like any other.
    pub fn settled(mut self) -> Error {
        self.0.recorded = false;
        self
    }

    /// May `try` catch it?
    pub fn catchable(&self) -> bool {
        self.0.demand.is_none() && !self.0.recorded && self.is_of_program()
    }

    /// Is it one of what the program does, and not of the session or of its limits?
    pub fn is_of_program(&self) -> bool {
        !self.0.limit
            && self.0.exit.is_none()
            && !self.0.broken_pipe
            && !matches!(self.0.kind, Kind::Interrupted | Kind::Internal)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error[{}]: {}", self.0.kind.name(), self.0.message)
    }
}

impl std::error::Error for Error {}

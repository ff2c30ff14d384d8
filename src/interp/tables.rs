//! What instructions refer to by number: places in the source, shapes of calls, closures, paths, handlers, types.

use super::code::{Code, Reg};
use nabla_grammar::tree::Span;
use std::fmt;
use std::rc::Rc;

/// The tables of one function's code, filled while it is compiled.
#[derive(Clone, Default)]
pub struct Tables {
    pub call_shapes: Vec<CallShape>,
    pub record_shapes: Vec<Vec<Rc<str>>>,
    pub protos: Vec<Proto>,
    pub index_specs: Vec<Vec<SubSpec>>,
    pub paths: Vec<Path>,
    pub handlers: Vec<Handler>,
    pub branches: Vec<Branch>,
    pub loops: Vec<Loop>,
    pub imports: Vec<ImportSpec>,
    pub types: Vec<TypeCheck>,
    /// The stated type of the result.
    pub ret: Option<TypeCheck>,
}

/// Where in the source an instruction comes from.
#[derive(Clone, Debug, Default)]
pub struct Site {
    pub span: Span,
    /// Spans of its operands, by number.
    pub operands: Box<[Span]>,
}

#[derive(Clone)]
pub struct ParamInfo {
    pub name: Rc<str>,
    pub star: bool,
    pub has_default: bool,
    /// The default as written, for signatures.
    pub default_text: Box<str>,
    pub type_text: Box<str>,
}

impl fmt::Display for ParamInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.star {
            f.write_str("*")?;
        }
        f.write_str(&self.name)?;
        if !self.type_text.is_empty() {
            write!(f, ": {}", self.type_text)?;
        }
        if self.has_default {
            write!(f, "{}{}", if self.type_text.is_empty() { "=" } else { " = " }, self.default_text)?;
        }
        Ok(())
    }
}

/// Arguments that are not simply positional.
#[derive(Clone)]
pub struct CallShape {
    pub args: Vec<ArgKind>,
}

#[derive(Clone, Debug)]
pub enum ArgKind {
    Pos,
    Named(Rc<str>),
    Spread,
}

/// A closure to be made: code over what it captures from the running function.
#[derive(Clone)]
pub struct Proto {
    pub code: Rc<Code>,
    pub captures: Rc<[CaptureFrom]>,
    pub siblings: Rc<[Rc<Code>]>,
}

/// Where a captured value is found.
#[derive(Clone, Copy, Debug)]
pub enum CaptureFrom {
    Reg(Reg),
    Far(u32),
    Capture(u32),
    Sibling(u32),
    Myself,
}

/// A subscript; values are in the registers from the instruction's `b` on, in order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SubSpec {
    At,
    Rest,
    Slice { start: bool, stop: bool, step: bool },
}

/// Left of `=`: a variable and the steps into it.
#[derive(Clone)]
pub struct Path {
    pub root: Root,
    pub name: Rc<str>,
    pub steps: Vec<Step>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    Reg(Reg),
    Far(u32),
    Global(u32),
}

#[derive(Clone)]
pub enum Step {
    Field { name: Rc<str>, span: Span },
    Index { first: Reg, spec: Vec<SubSpec>, span: Span },
}

/// `try`: an error between `start` and `end` goes on at `target`, with the error in `d`.
#[derive(Clone, Copy, Debug)]
pub struct Handler {
    pub start: u32,
    pub end: u32,
    pub target: u32,
    pub d: Option<Reg>,
}

/// A condition: jumps between `start` and `end` choose between an arm of an `if` and what follows, and both ways meet at
/// `join`. That of a loop or a filter has none.
#[derive(Clone, Debug)]
pub struct Branch {
    pub start: u32,
    pub end: u32,
    pub join: Option<u32>,
    /// The arm, and what else there is.
    pub then: Span,
    pub otherwise: Option<Span>,
    /// The registers that are read behind the join.
    pub live: Vec<Reg>,
    /// What is read there is the truth value itself.
    pub decides: bool,
}

/// A loop: where a turn of it lies in the code.
#[derive(Clone, Debug)]
pub struct Loop {
    /// The instruction that begins the iteration; that of a `while` has none.
    pub entry: Option<u32>,
    /// Where the body begins, where it is decided about the next turn, and what comes behind.
    pub start: u32,
    pub next: u32,
    pub end: u32,
    /// The register of the iteration, with two behind it, the last of which gets the item.
    pub iteration: Reg,
    /// The list that a comprehension makes.
    pub list: Option<Reg>,
    /// What decides, and what is done in a turn.
    pub head: Span,
    pub body: Span,
    /// The registers that a turn writes and that are read in the next one or behind the loop, each with the last
    /// instruction that writes it.
    pub carried: Vec<(Reg, u32)>,
}

#[derive(Clone)]
pub struct ImportSpec {
    pub path: nabla_grammar::tree::ModulePath,
    /// Names to be taken out of it into the registers from `d` on; none for the module itself.
    pub names: Option<Vec<(Rc<str>, Span)>>,
}

/// A stated type: what a call checks.
#[derive(Clone)]
pub struct TypeCheck {
    pub param: Rc<str>,
    pub dtype: Option<crate::tensor::DType>,
    pub dims: Option<Vec<DimCheck>>,
    pub text: Box<str>,
    pub span: Span,
    /// The device as written, if one is required.
    pub device: Option<Box<str>>,
}

#[derive(Clone)]
pub enum DimCheck {
    Rest,
    Size(usize),
    /// A name that must agree across the call; its value is kept in a register of the function.
    Name(Rc<str>, Reg),
}

//! The syntax tree: what a program says, with the place of every part in its source.
//!
//! The tree is plain data. It knows nothing of names' meanings, of values or of evaluation. Chains that a program may
//! make long (`a + b + ...`, `x.f().g()...`, `else if ...`) are flat vectors, and every expression carries its depth,
//! which the parser bounds: so no walk and no drop of a tree can overflow the stack.

/// A half-open range of bytes in the source text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Span {
    pub start: u32,
    pub end: u32,
}

impl Span {
    pub fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }
    /// The smallest span that holds both.
    pub fn to(self, other: Span) -> Span {
        Span { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
    pub fn text(self, source: &str) -> &str {
        source.get(self.start as usize..self.end as usize).unwrap_or("")
    }
}

/// A word and its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Name {
    pub text: Box<str>,
    pub span: Span,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Block {
    pub span: Span,
    pub stmts: Vec<Stmt>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Stmt {
    pub span: Span,
    /// A `;` ended its line: its value is not shown.
    pub quiet: bool,
    pub kind: StmtKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum StmtKind {
    Expr(Expr),
    Assign {
        target: Target,
        value: Expr,
    },
    /// `target op= value`; `op_span` covers `op=`.
    AugAssign {
        op: BinaryOp,
        op_span: Span,
        target: Target,
        value: Expr,
    },
    Return(Option<Expr>),
    Break,
    Continue,
    While {
        cond: Expr,
        body: Block,
    },
    For {
        pattern: Pattern,
        iter: Expr,
        body: Block,
    },
    Import(Import),
    Fn(Box<FnDef>),
}

/// What stands left of `=`.
#[derive(Clone, Debug, PartialEq)]
pub enum Target {
    /// A name with any `.field` and `[index]` behind it: only `Field` and `Index` suffixes occur.
    Place {
        name: Name,
        path: Vec<Suffix>,
        span: Span,
    },
    Tuple(Vec<Target>, Span),
}

/// Names bound by `for`, a comprehension, a lambda or a parameter.
#[derive(Clone, Debug, PartialEq)]
pub enum Pattern {
    Name(Name),
    Tuple(Vec<Pattern>, Span),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Import {
    pub path: ModulePath,
    pub alias: Option<Name>,
    /// `import m (a, b as c)`: the names, each with what it is called here.
    pub names: Option<Vec<(Name, Option<Name>)>>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ModulePath {
    /// `nn` or `nn.layers`
    Library(Name),
    /// `"model.nab"`, decoded
    File(Name),
}

#[derive(Clone, Debug, PartialEq)]
pub struct FnDef {
    /// The text of the `##` lines above, without the marks.
    pub doc: Option<Box<str>>,
    pub decorators: Vec<Expr>,
    pub name: Name,
    pub params: Vec<Param>,
    pub ret: Option<Type>,
    /// An expression; a body in braces is `ExprKind::Block`.
    pub body: Expr,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Param {
    pub span: Span,
    /// `*rest`
    pub star: bool,
    pub pattern: Pattern,
    pub ty: Option<Type>,
    pub default: Option<Expr>,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Type {
    pub span: Span,
    pub dtype: Option<Name>,
    pub dims: Option<Vec<Dim>>,
    pub device: Option<Expr>,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Dim {
    /// `...`
    Rest(Span),
    Size(u64, Span),
    Name(Name),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Expr {
    pub span: Span,
    /// Levels of nodes below and including this one; bounded by the parser.
    pub depth: u16,
    pub kind: ExprKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum ExprKind {
    /// At most 2^63 - 1, or exactly 2^63 directly behind a minus.
    Int(u64),
    Float(f64),
    Imag(f64),
    Bool(bool),
    None,
    /// Decoded text.
    Str(Box<str>),
    FString(Vec<FPart>),
    Name(Box<str>),
    /// `(e)`: kept, because `(a < b) == c` and `(x.f)(a)` differ from what they are without it.
    Paren(Box<Expr>),
    Unary {
        op: UnaryOp,
        op_span: Span,
        operand: Box<Expr>,
    },
    /// One tier of left-associative operators, flat: `a + b - c`. `**` has one operator and nests to the right.
    Binary {
        first: Box<Expr>,
        rest: Vec<Operand>,
    },
    /// `a < b == c`, which means `a < b and b == c`.
    Compare {
        first: Box<Expr>,
        rest: Vec<Comparison>,
    },
    /// `start..end`
    Range {
        start: Box<Expr>,
        end: Box<Expr>,
    },
    Lambda(Box<Lambda>),
    /// `base.f(x)[0].T`, flat.
    Postfix {
        base: Box<Expr>,
        suffixes: Vec<Suffix>,
    },
    /// Items are `Pos` and `Spread`; `bare` stands without parentheses.
    Tuple {
        items: Vec<Item>,
        bare: bool,
    },
    /// Items are `Named` and `Spread`, with at least one `Named`.
    Record(Vec<Item>),
    /// Items are `Pos` and `Spread`.
    Array(Vec<Item>),
    Comprehension {
        body: Box<Expr>,
        clauses: Vec<Clause>,
    },
    If {
        arms: Vec<(Expr, Block)>,
        otherwise: Option<Block>,
    },
    Try {
        body: Block,
        name: Option<Name>,
        handler: Block,
    },
    Block(Block),
    /// `@ device { ... }`
    On {
        device: Box<Expr>,
        body: Block,
    },
}

/// An operator of a `Binary` chain and the operand on its right.
#[derive(Clone, Debug, PartialEq)]
pub struct Operand {
    pub op: BinaryOp,
    pub op_span: Span,
    pub right: Expr,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Comparison {
    pub op: CompareOp,
    pub op_span: Span,
    pub right: Expr,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum UnaryOp {
    Neg,
    Pos,
    BitNot,
    Not,
    /// `∇f`: the gradient of `f`.
    Nabla,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum BinaryOp {
    Pipe,
    Or,
    And,
    BitOr,
    BitXor,
    BitAnd,
    Shl,
    Shr,
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Rem,
    At,
    Pow,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CompareOp {
    Eq,
    Ne,
    Lt,
    Le,
    Gt,
    Ge,
    In,
    NotIn,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Lambda {
    pub params: Vec<Param>,
    pub body: Expr,
}

/// One step of a `Postfix` chain. The span covers the step alone: `.T`, `(x, 1)`, `[0]`.
#[derive(Clone, Debug, PartialEq)]
pub struct Suffix {
    pub span: Span,
    pub kind: SuffixKind,
}

#[derive(Clone, Debug, PartialEq)]
pub enum SuffixKind {
    /// `.name` not called
    Field(Name),
    /// `.name(...)`
    Method(Name, Vec<Item>),
    /// Positional and spread items, then named ones.
    Call(Vec<Item>),
    /// At least one subscript.
    Index(Vec<Subscript>),
}

#[derive(Clone, Debug, PartialEq)]
pub enum Item {
    Pos(Expr),
    Named(Name, Expr),
    /// `...e`
    Spread(Expr),
}

#[derive(Clone, Debug, PartialEq)]
// Few in a program: boxes would save nothing that counts.
#[allow(clippy::large_enum_variant)]
pub enum Subscript {
    At(Expr),
    /// `...`
    Rest(Span),
    Slice {
        start: Option<Expr>,
        stop: Option<Expr>,
        step: Option<Expr>,
        span: Span,
    },
}

#[derive(Clone, Debug, PartialEq)]
pub enum Clause {
    For { pattern: Pattern, iter: Expr },
    If(Expr),
}

/// A piece of an f-string.
#[derive(Clone, Debug, PartialEq)]
pub enum FPart {
    /// Decoded text.
    Text(Box<str>),
    /// `{value:spec}`; `spec` is the text behind the colon.
    Value { value: Expr, spec: Option<Box<str>> },
}

/// A comment and its place; `##` lines are among them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comment {
    pub span: Span,
}

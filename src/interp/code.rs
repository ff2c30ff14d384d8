//! Register bytecode: what the compiler makes and the machine runs.
//!
//! An instruction is eight bytes. Operands `d`, `a`, `b`, ... are registers of the running frame, at most 256 of them;
//! further variables lie in far slots behind them. Code never changes once made.

use super::tables::{ParamInfo, Site, Tables};
use super::value::Value;
use crate::diagnostics::Source;
use nabla_grammar::tree::{BinaryOp, CompareOp};
use std::rc::Rc;
use std::sync::Arc;

pub type Reg = u8;

/// Registers below this may hold variables; the rest is for intermediate values.
pub const MAX_VARIABLES: usize = 160;
/// Size of a frame's window of registers.
pub const WINDOW: usize = 256;

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Instr {
    // ---- loads and moves
    Const {
        d: Reg,
        k: u32,
    },
    /// An array that was written out, made where new values are.
    Literal {
        d: Reg,
        k: u32,
    },
    Int {
        d: Reg,
        value: i32,
    },
    Bool {
        d: Reg,
        value: bool,
    },
    None {
        d: Reg,
    },
    Copy {
        d: Reg,
        a: Reg,
    },
    /// `a` is left without a value.
    Move {
        d: Reg,
        a: Reg,
    },
    GetFar {
        d: Reg,
        slot: u32,
    },
    SetFar {
        a: Reg,
        slot: u32,
    },
    GetGlobal {
        d: Reg,
        slot: u32,
    },
    SetGlobal {
        a: Reg,
        slot: u32,
    },
    /// Loads a global that a method call may mean; it may lack a value.
    GetFunction {
        d: Reg,
        slot: u32,
    },
    GetCapture {
        d: Reg,
        index: u32,
    },
    /// A function defined beside the running one.
    Sibling {
        d: Reg,
        index: u32,
    },
    /// The running function.
    Myself {
        d: Reg,
    },
    /// Errors if the variable in `a` has no value yet; `name` is a constant.
    Check {
        a: Reg,
        name: u32,
    },
    /// Register `a` mirrors a global that is about to get what the next instructions compute: lets go of it, so that
    /// they may work in place.
    Lend {
        a: Reg,
        slot: u32,
    },

    // ---- operators
    Add {
        d: Reg,
        a: Reg,
        b: Reg,
    },
    Sub {
        d: Reg,
        a: Reg,
        b: Reg,
    },
    Mul {
        d: Reg,
        a: Reg,
        b: Reg,
    },
    Div {
        d: Reg,
        a: Reg,
        b: Reg,
    },
    /// Any operator; those above have instructions of their own for speed.
    Binary {
        op: BinaryOp,
        d: Reg,
        a: Reg,
        b: Reg,
    },
    /// `a + value`, and `a - value` as its negative.
    AddInt {
        d: Reg,
        a: Reg,
        value: i32,
    },
    SubInt {
        d: Reg,
        a: Reg,
        value: i32,
    },
    MulInt {
        d: Reg,
        a: Reg,
        value: i32,
    },
    /// `c + a * b`, two roundings: done at once on weak scalars of one kind, else by the two instructions behind it.
    MulAdd {
        d: Reg,
        a: Reg,
        b: Reg,
        c: Reg,
    },
    /// `c - a * b`, likewise.
    MulSub {
        d: Reg,
        a: Reg,
        b: Reg,
        c: Reg,
    },
    /// `a * b + c * e`, or the difference, three roundings: done at once on weak floats, else by the four instructions
    /// behind it, of which the second is one of the above.
    Products {
        d: Reg,
        a: Reg,
        b: Reg,
        c: Reg,
        e: Reg,
        minus: bool,
    },
    Neg {
        d: Reg,
        a: Reg,
    },
    Pos {
        d: Reg,
        a: Reg,
    },
    BitNot {
        d: Reg,
        a: Reg,
    },
    Not {
        d: Reg,
        a: Reg,
    },
    Compare {
        op: CompareOp,
        d: Reg,
        a: Reg,
        b: Reg,
    },
    /// The meet of a short-circuit: `a and b` (`or`), where `a` did not decide.
    Both {
        or: bool,
        d: Reg,
        a: Reg,
        b: Reg,
    },
    Range {
        d: Reg,
        a: Reg,
        b: Reg,
    },

    // ---- jumps; `to` is an index into the code
    Jump {
        to: u32,
    },
    /// Jumps to where it is decided whether a `for` has a first turn, unless all turns are recorded at once.
    Begin {
        to: u32,
    },
    JumpIf {
        a: Reg,
        sense: bool,
        to: u32,
    },
    /// Jumps if `a` is one bool equal to `sense`; goes on if it is another bool or an array of bools.
    ShortCircuit {
        a: Reg,
        sense: bool,
        to: u32,
    },
    JumpLt {
        sense: bool,
        a: Reg,
        b: Reg,
        to: u32,
    },
    JumpLe {
        sense: bool,
        a: Reg,
        b: Reg,
        to: u32,
    },
    JumpEq {
        sense: bool,
        a: Reg,
        b: Reg,
        to: u32,
    },
    JumpLtInt {
        sense: bool,
        a: Reg,
        value: i8,
        to: u32,
    },
    JumpLeInt {
        sense: bool,
        a: Reg,
        value: i8,
        to: u32,
    },
    JumpEqInt {
        sense: bool,
        a: Reg,
        value: i8,
        to: u32,
    },
    /// Jumps if `a` holds a value at all.
    JumpGiven {
        a: Reg,
        to: u32,
    },
    /// Jumps if `a` can be called.
    JumpCallable {
        a: Reg,
        to: u32,
    },

    // ---- loops: registers `a` and `a + 1` hold the iteration
    IterNew {
        a: Reg,
    },
    /// Iterates from the integer in `a` up to the one in `a + 1`.
    IterRange {
        a: Reg,
    },
    IterNext {
        a: Reg,
        d: Reg,
        to: u32,
    },

    // ---- calls: callee in `a`, arguments behind it, the result in `a`
    Call {
        a: Reg,
        count: u8,
    },
    CallWith {
        a: Reg,
        count: u8,
        shape: u32,
    },
    /// A call of a global, which is not loaded first.
    CallGlobal {
        a: Reg,
        count: u8,
        slot: u32,
    },
    /// `receiver.name(...)`: receiver in `a + 1`. Takes the field or module member if it has one, else skips an instruction.
    Method {
        a: Reg,
        name: u32,
    },
    Return {
        a: Reg,
    },
    Closure {
        d: Reg,
        proto: u32,
    },

    // ---- building
    Tuple {
        d: Reg,
        a: Reg,
        count: u8,
    },
    Record {
        d: Reg,
        a: Reg,
        count: u8,
        shape: u32,
    },
    /// An array of the `count` values from `a` on.
    Stack {
        d: Reg,
        a: Reg,
        count: u8,
    },
    /// Lists grow in a register as a tuple nobody else holds.
    ListNew {
        d: Reg,
    },
    ListPush {
        d: Reg,
        a: Reg,
    },
    ListSpread {
        d: Reg,
        a: Reg,
    },
    ListStack {
        d: Reg,
    },
    RecordNew {
        d: Reg,
    },
    RecordPush {
        d: Reg,
        a: Reg,
        name: u32,
    },
    RecordSpread {
        d: Reg,
        a: Reg,
    },
    /// Text of a value in an f-string; `spec` is a constant.
    Format {
        d: Reg,
        a: Reg,
        spec: u32,
    },
    Join {
        d: Reg,
        a: Reg,
        count: u8,
    },
    /// Takes a tuple (or the first axis of a tensor) apart into the `count` registers from `d` on.
    Unpack {
        d: Reg,
        a: Reg,
        count: u8,
    },

    // ---- access
    Field {
        d: Reg,
        a: Reg,
        name: u32,
    },
    Index {
        d: Reg,
        a: Reg,
        b: Reg,
    },
    IndexMany {
        d: Reg,
        a: Reg,
        b: Reg,
        spec: u32,
    },
    /// Moves the `count` registers from `a` on to far slots, and back: room for deep expressions.
    Spill {
        a: Reg,
        count: u8,
        slot: u32,
    },
    Unspill {
        a: Reg,
        count: u8,
        slot: u32,
    },
    /// Assigns `a` to a place; its subscripts are in registers.
    SetPath {
        a: Reg,
        path: u32,
    },
    /// `d[b] = a`: a path of one index into a register.
    SetIndex {
        d: Reg,
        b: Reg,
        a: Reg,
        path: u32,
    },
    /// `place op= a`
    AugPath {
        op: BinaryOp,
        a: Reg,
        path: u32,
    },

    // ---- devices
    /// New values are made on the device in `a` from here on; the slot keeps what was before.
    EnterHome {
        a: Reg,
        slot: u32,
    },
    /// Before a `try`: keeps where new values are made; what went wrong before is no matter of the `try`.
    SaveHome {
        slot: u32,
    },
    /// New values are made where the slot says.
    LeaveHome {
        slot: u32,
    },
    /// The end of what a `try` guards, whose value is in `a`.
    Finish {
        a: Reg,
    },

    // ---- statements
    Show {
        a: Reg,
    },
    Import {
        d: Reg,
        import: u32,
    },
    CheckType {
        a: Reg,
        ty: u32,
    },
    CheckReturn {
        a: Reg,
    },
    /// A part of the language that later work gives its meaning; `what` is a constant.
    NotYet {
        what: u32,
    },
}

impl Instr {
    /// The register that gets what it computes of arrays.
    pub fn result(self) -> Option<Reg> {
        use Instr::*;
        match self {
            Add { d, .. }
            | Sub { d, .. }
            | Mul { d, .. }
            | Div { d, .. }
            | Binary { d, .. }
            | AddInt { d, .. }
            | SubInt { d, .. }
            | MulInt { d, .. }
            | Neg { d, .. }
            | Pos { d, .. }
            | BitNot { d, .. }
            | Not { d, .. }
            | Compare { d, .. }
            | Both { d, .. }
            | Tuple { d, .. }
            | Record { d, .. }
            | Stack { d, .. }
            | Field { d, .. }
            | Index { d, .. }
            | IndexMany { d, .. } => Some(d),
            _ => Option::None,
        }
    }
}

const _: () = assert!(size_of::<Instr>() == 8);

/// A function's code, or that of one top-level statement.
#[derive(Clone)]
pub struct Code {
    pub name: Rc<str>,
    pub doc: Option<Box<str>>,
    pub source: Arc<Source>,
    pub instrs: Vec<Instr>,
    /// For each instruction, which of its operands are dead behind it: bit 0 for `a`, bit 1 for `b`.
    pub kills: Vec<u8>,
    /// For each instruction, its entry in `places`.
    pub place_of: Vec<u32>,
    pub places: Vec<Site>,
    pub consts: Vec<Value>,
    /// Registers in use, and how many of them are variables.
    pub registers: usize,
    pub variables: usize,
    /// The names of the variables in registers.
    pub names: Vec<Rc<str>>,
    /// Far slots in use.
    pub far: usize,
    pub params: Vec<ParamInfo>,
    /// Takes positional arguments alone, with nothing to fill in or gather.
    pub plain: bool,
    /// A plain call of it only needs a window: there are no variables but the parameters, and no far slots.
    pub light: bool,
    pub tables: Tables,
    /// The code that this is a part of.
    pub whole: Option<Rc<Code>>,
}

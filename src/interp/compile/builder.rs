//! One function's code in the making: instructions, constants, registers.
//!
//! Variables have registers of their own from 0 on (beyond `MAX_VARIABLES` they lie in far slots); intermediate values
//! stand above them like on a stack. An expression writes its destination with its last instruction alone, so that
//! `x = a + x` may be computed straight into `x`.

use super::super::code::*;
use super::super::tables::*;
use super::super::value::Value;
use super::liveness;
use crate::diagnostics::{Error, Kind, Result, Source};
use nabla_grammar::tree::Span;
use rustc_hash::{FxHashMap, FxHashSet};
use std::rc::Rc;
use std::sync::Arc;

/// Where a name is found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Place {
    Reg(Reg),
    Far(u32),
    Capture(u32),
    Sibling(u32),
    Myself,
    Global(u32),
}

/// A jump whose target is not yet known.
pub struct Patch(usize);

/// A loop being compiled.
pub struct Loop {
    pub breaks: Vec<Patch>,
    pub continues: Vec<Patch>,
    /// Blocks `@ device { }` and `try` that the loop stands in.
    pub homes: usize,
    pub tries: usize,
}

pub struct Builder {
    pub name: Rc<str>,
    pub source: Arc<Source>,
    pub doc: Option<Box<str>>,
    pub instrs: Vec<Instr>,
    place_of: Vec<u32>,
    places: Vec<Site>,
    consts: Vec<Value>,
    const_numbers: FxHashMap<(bool, u64), u32>,
    const_names: FxHashMap<Rc<str>, u32>,
    pub vars: FxHashMap<Rc<str>, Place>,
    far: u32,
    /// First register that is free.
    pub top: usize,
    temps_from: usize,
    high: usize,
    /// Variables that surely have a value here.
    pub assigned: FxHashSet<Rc<str>>,
    pub loops: Vec<Loop>,
    /// The slots of the blocks `@ device { }` around, innermost last.
    pub homes: Vec<u32>,
    /// How many bodies of `try` are around.
    pub tries: usize,
    /// The last place a jump lands at.
    landed: u32,
    /// Registers below it stay where they are: the handler of a `try` around reads them there.
    pub floor: usize,
    /// Registers that hold the constants of the loops around, by their number in `consts`.
    loop_consts: Option<LoopConsts>,
    /// Variables of the comprehensions around, innermost last.
    pub shadows: Vec<(Rc<str>, Place)>,
    /// The global that a register was last loaded from.
    loaded: Vec<(Reg, u32)>,
    pub params: Vec<ParamInfo>,
    pub plain: bool,
    pub tables: Tables,
    /// A statement of the top level, whose names are globals.
    pub top_level: bool,
}

/// What `set_aside` keeps.
pub struct Aside {
    loop_consts: Option<LoopConsts>,
    shadows: Vec<(Rc<str>, Place)>,
    loops: Vec<Loop>,
}

struct LoopConsts {
    first: Reg,
    held: Vec<u32>,
}

/// Constants that a loop may keep in registers.
const LOOP_CONSTS: usize = 8;
/// Above this register a deep expression moves what it holds out of the way.
const CROWDED: usize = 224;

impl Builder {
    pub fn new(name: Rc<str>, source: Arc<Source>, top_level: bool) -> Builder {
        Builder {
            name,
            source,
            doc: None,
            instrs: vec![],
            place_of: vec![],
            places: vec![],
            consts: vec![],
            const_numbers: FxHashMap::default(),
            const_names: FxHashMap::default(),
            vars: FxHashMap::default(),
            far: 0,
            top: 0,
            temps_from: 0,
            high: 0,
            assigned: FxHashSet::default(),
            loops: vec![],
            homes: vec![],
            tries: 0,
            landed: 0,
            floor: 0,
            loop_consts: None,
            shadows: vec![],
            loaded: vec![],
            params: vec![],
            plain: true,
            tables: Tables::default(),
            top_level,
        }
    }

    pub fn finish(mut self) -> Code {
        let kills = liveness::mark(&mut self.instrs, &mut self.tables);
        let mut names: Vec<Rc<str>> = vec!["".into(); self.temps_from];
        for (name, place) in self.vars {
            if let Place::Reg(reg) = place
                && let Some(slot) = names.get_mut(usize::from(reg))
            {
                *slot = name;
            }
        }
        Code {
            name: self.name,
            doc: self.doc,
            source: self.source,
            instrs: self.instrs,
            kills,
            place_of: self.place_of,
            places: self.places,
            consts: self.consts,
            registers: self.high,
            variables: self.temps_from,
            names,
            far: self.far as usize,
            light: self.plain && self.far == 0 && self.temps_from == self.params.len(),
            params: self.params,
            plain: self.plain,
            tables: self.tables,
            whole: None,
        }
    }

    pub fn error(&self, kind: Kind, message: impl Into<String>, span: Span) -> Error {
        Error::new(kind, message).at(&self.source, span)
    }

    // ---- registers

    /// Gives a variable its place. All variables come before the first intermediate value.
    pub fn declare(&mut self, name: &str) -> Place {
        let place = if self.top < MAX_VARIABLES {
            self.top += 1;
            self.high = self.high.max(self.top);
            self.temps_from = self.top;
            Place::Reg((self.top - 1) as Reg)
        } else {
            self.far_slot()
        };
        self.vars.insert(name.into(), place);
        place
    }

    pub fn far_slot(&mut self) -> Place {
        self.far += 1;
        Place::Far(self.far - 1)
    }

    pub fn far_slots(&mut self, count: usize) -> u32 {
        let first = self.far;
        self.far += count as u32;
        first
    }

    /// The next free register.
    pub fn temp(&mut self, span: Span) -> Result<Reg> {
        self.temps(1, span)
    }

    /// The first of `count` free registers in a row.
    pub fn temps(&mut self, count: usize, span: Span) -> Result<Reg> {
        let first = self.top;
        // all that are held at once can be counted in a byte
        if first + count >= WINDOW {
            return Err(self
                .error(Kind::Syntax, "this expression holds too many values at once", span)
                .help("give parts of it names on lines of their own"));
        }
        self.top += count;
        self.high = self.high.max(self.top);
        self.loaded.retain(|&(reg, _)| (reg as usize) < first);
        Ok(first as Reg)
    }

    /// A register with free ones behind it: `d` itself if it is the last intermediate value.
    pub fn row_from(&mut self, d: Reg, span: Span) -> Result<Reg> {
        if !self.is_variable(d) && usize::from(d) + 1 == self.top { Ok(d) } else { self.temp(span) }
    }

    /// Is there little room left, and something that can be moved away?
    pub fn is_crowded(&self) -> bool {
        self.top > CROWDED && self.floor < CROWDED
    }

    pub fn is_variable(&self, reg: Reg) -> bool {
        (reg as usize) < self.temps_from
    }

    /// The intermediate values held now, as far as they can be moved away.
    pub fn held(&self) -> (Reg, usize) {
        let first = self.temps_from.max(self.floor);
        (first as Reg, self.top - first)
    }

    // ---- instructions

    pub fn emit(&mut self, instr: Instr, span: Span) -> usize {
        self.emit_with(instr, span, &[])
    }

    /// Emits with the spans of the operands, for labels in messages.
    pub fn emit_with(&mut self, instr: Instr, span: Span, operands: &[Span]) -> usize {
        let fresh = match self.places.last() {
            Some(last) => last.span != span || *last.operands != *operands,
            None => true,
        };
        if fresh {
            self.places.push(Site { span, operands: operands.into() });
        }
        self.place_of.push(self.places.len() as u32 - 1);
        self.instrs.push(instr);
        self.instrs.len() - 1
    }

    pub fn here(&self) -> u32 {
        self.instrs.len() as u32
    }

    /// Emits a jump forward.
    pub fn jump(&mut self, instr: Instr, span: Span) -> Patch {
        Patch(self.emit(instr, span))
    }

    pub fn jump_with(&mut self, instr: Instr, span: Span, operands: &[Span]) -> Patch {
        Patch(self.emit_with(instr, span, operands))
    }

    pub fn land(&mut self, patch: Patch) {
        let here = self.here();
        self.land_at(patch, here);
    }

    pub fn land_all(&mut self, patches: Vec<Patch>) {
        patches.into_iter().for_each(|patch| self.land(patch));
    }

    /// Emits a sum or difference. If its product was computed just before, both can be done at once on floats.
    pub fn emit_sum(&mut self, instr: Instr, span: Span, operands: &[Span]) {
        let product = match self.instrs.last() {
            Some(&Instr::Mul { d, a, b }) if !self.is_variable(d) && self.landed != self.here() => Some((d, a, b)),
            _ => None,
        };
        if let Some((t, x, y)) = product {
            let fused = match instr {
                Instr::Add { d, a, b } if b == t && a != t => Some(Instr::MulAdd { d, a: x, b: y, c: a }),
                Instr::Add { d, a, b } if a == t && b != t => Some(Instr::MulAdd { d, a: x, b: y, c: b }),
                Instr::Sub { d, a, b } if b == t && a != t => Some(Instr::MulSub { d, a: x, b: y, c: a }),
                _ => None,
            };
            if let Some(fused) = fused {
                let at = self.instrs.len() - 1;
                self.instrs.insert(at, fused);
                self.place_of.insert(at, self.place_of[at]);
                self.join_products(at);
            }
        }
        self.emit_with(instr, span, operands);
    }

    /// If the other side of a fused sum is a product, too, computed just before it, all can be done at once.
    fn join_products(&mut self, at: usize) {
        let (c, minus, d, x, y) = match self.instrs[at] {
            Instr::MulAdd { d, a, b, c } => (c, false, d, a, b),
            Instr::MulSub { d, a, b, c } => (c, true, d, a, b),
            _ => return,
        };
        let Some(before) = at.checked_sub(1) else { return };
        if let Instr::Mul { d: product, a, b } = self.instrs[before]
            && product == c
            && !self.is_variable(c)
            && x != c
            && y != c
            // a jump past it would land one instruction too early
            && self.landed as usize <= before
        {
            self.instrs.insert(before, Instr::Products { d, a, b, c: x, e: y, minus });
            self.place_of.insert(before, self.place_of[before]);
        }
    }

    pub fn land_at(&mut self, patch: Patch, target: u32) {
        self.landed = self.landed.max(target);
        if let Some(to) = self.instrs[patch.0].target_mut() {
            *to = target;
        }
    }

    /// Notes that `reg` holds a copy of a global, so that an assignment to that global may work in place.
    pub fn note_loaded(&mut self, reg: Reg, slot: u32) {
        self.loaded.push((reg, slot));
    }

    /// Notes that `to` holds what `from` held.
    pub fn note_passed_on(&mut self, from: Reg, to: Reg) {
        if let Some(&(_, slot)) = self.loaded.iter().rev().find(|&&(reg, _)| reg == from) {
            self.loaded.push((to, slot));
        }
    }

    /// The last instruction, but for moves of its result, makes the value that global `slot` is about to get: if it also
    /// reads it, let go of it.
    pub fn lend(&mut self, slot: u32) {
        let maker = self.instrs.iter().rposition(|instr| !matches!(instr, Instr::Move { .. }));
        // a jump past it would land one instruction too early
        let Some(at) = maker.filter(|&at| self.landed as usize <= at) else { return };
        let last = self.instrs[at];
        let reads = |reg: Reg| match last {
            Instr::Add { a, b, .. }
            | Instr::Sub { a, b, .. }
            | Instr::Mul { a, b, .. }
            | Instr::Div { a, b, .. }
            | Instr::Binary { a, b, .. } => a == reg || b == reg,
            Instr::AddInt { a, .. } | Instr::SubInt { a, .. } | Instr::MulInt { a, .. } | Instr::Neg { a, .. } => {
                a == reg
            }
            Instr::Call { a, count } | Instr::CallGlobal { a, count, .. } => reg > a && reg - a <= count,
            _ => false,
        };
        let Some(&(a, _)) = self.loaded.iter().rev().find(|&&(reg, from)| from == slot && reads(reg)) else { return };
        // a fused instruction skips the two behind it: nothing may come between them
        let fused = |at: &usize| matches!(self.instrs[*at], Instr::MulAdd { .. } | Instr::MulSub { .. });
        let at = at.checked_sub(2).filter(fused).unwrap_or(at);
        let joined = |at: &usize| matches!(self.instrs[*at], Instr::Products { .. });
        let at = at.checked_sub(2).filter(joined).unwrap_or(at);
        let (instr, place) = (Instr::Lend { a, slot }, self.place_of[at]);
        self.instrs.insert(at, instr);
        self.place_of.insert(at, place);
    }

    // ---- constants

    pub fn constant(&mut self, value: Value) -> u32 {
        use crate::tensor::Array;
        let key = match &value {
            Value::Array(Array::Int(v)) => Some((false, *v as u64)),
            Value::Array(Array::Float(v)) => Some((true, v.to_bits())),
            _ => None,
        };
        if let Some(&at) = key.and_then(|key| self.const_numbers.get(&key)) {
            return at;
        }
        self.consts.push(value);
        let at = self.consts.len() as u32 - 1;
        if let Some(key) = key {
            self.const_numbers.insert(key, at);
        }
        at
    }

    /// A string constant: a field's or a variable's name.
    pub fn name_constant(&mut self, name: &str) -> u32 {
        if let Some(&at) = self.const_names.get(name) {
            return at;
        }
        let at = self.constant(Value::str(name));
        self.const_names.insert(name.into(), at);
        at
    }

    /// The register that keeps a number during the loops around, if there is one to spare.
    pub fn loop_constant(&mut self, value: &Value) -> Option<Reg> {
        self.loop_consts.as_ref()?;
        let k = self.constant(value.clone());
        let consts = self.loop_consts.as_mut()?;
        let at = match consts.held.iter().position(|&held| held == k) {
            Some(at) => at,
            None if consts.held.len() < LOOP_CONSTS => {
                consts.held.push(k);
                consts.held.len() - 1
            }
            None => return None,
        };
        Some(consts.first + at as Reg)
    }

    /// Puts what belongs to the registers held aside while they are spilled: constants of loops, variables of
    /// comprehensions (found in far slots meanwhile), loops that cannot be left from there.
    pub fn set_aside(&mut self, first: Reg, slot: u32) -> Aside {
        let shadows = self.shadows.clone();
        for (_, place) in &mut self.shadows {
            if let Place::Reg(reg) = *place
                && reg >= first
            {
                *place = Place::Far(slot + u32::from(reg - first));
            }
        }
        Aside { loop_consts: self.loop_consts.take(), shadows, loops: std::mem::take(&mut self.loops) }
    }

    pub fn take_back(&mut self, aside: Aside) {
        self.loop_consts = aside.loop_consts;
        self.shadows = aside.shadows;
        self.loops = aside.loops;
    }

    /// Opens a loop. The outermost one of a function loads its constants once, in a stretch of code behind it.
    pub fn enter_loop(&mut self, span: Span) -> Result<Option<Patch>> {
        self.loops.push(Loop { breaks: vec![], continues: vec![], homes: self.homes.len(), tries: self.tries });
        if self.loop_consts.is_some() {
            return Ok(None);
        }
        let first = self.temps(LOOP_CONSTS, span)?;
        self.loop_consts = Some(LoopConsts { first, held: vec![] });
        Ok(Some(self.jump(Instr::Jump { to: 0 }, span)))
    }

    /// Closes it: breaks land behind.
    pub fn leave_loop(&mut self, entry: Option<Patch>, span: Span) {
        let Some(Loop { breaks, .. }) = self.loops.pop() else { return };
        self.land_all(breaks);
        let (Some(entry), true) = (entry, self.loop_consts.is_some()) else { return };
        let Some(LoopConsts { first, held }) = self.loop_consts.take() else { return };
        let back = entry.0 as u32 + 1;
        if held.is_empty() {
            self.land_at(entry, back);
            return;
        }
        let over = self.jump(Instr::Jump { to: 0 }, span);
        self.land(entry);
        for (i, k) in held.into_iter().enumerate() {
            self.emit(Instr::Const { d: first + i as Reg, k }, span);
        }
        self.emit(Instr::Jump { to: back }, span);
        self.land(over);
    }
}

impl Instr {
    /// Where it may jump to.
    pub fn target_mut(&mut self) -> Option<&mut u32> {
        match self {
            Instr::Jump { to }
            | Instr::Begin { to }
            | Instr::JumpIf { to, .. }
            | Instr::ShortCircuit { to, .. }
            | Instr::JumpLt { to, .. }
            | Instr::JumpLe { to, .. }
            | Instr::JumpEq { to, .. }
            | Instr::JumpLtInt { to, .. }
            | Instr::JumpLeInt { to, .. }
            | Instr::JumpEqInt { to, .. }
            | Instr::JumpGiven { to, .. }
            | Instr::JumpCallable { to, .. }
            | Instr::IterNext { to, .. } => Some(to),
            _ => None,
        }
    }

    pub fn target(mut self) -> Option<u32> {
        self.target_mut().copied()
    }
}

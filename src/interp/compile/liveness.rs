//! Finds where a register is read for the last time, so that its value moves instead of being shared.
//!
//! A backward walk over the finished code, repeated until nothing changes. What a `try` may resume with is live all
//! through it. A value that moves can be changed in place; a mistake here would change a value somebody still needs,
//! so every instruction states its reads and writes in one place: `effects`.

use super::super::code::*;
use super::super::tables::*;

/// A set of registers.
#[derive(Clone, Copy, Default, PartialEq)]
struct Set([u64; 4]);

impl Set {
    fn add(&mut self, reg: Reg) {
        self.0[reg as usize / 64] |= 1 << (reg % 64);
    }
    fn remove(&mut self, reg: Reg) {
        self.0[reg as usize / 64] &= !(1 << (reg % 64));
    }
    fn has(&self, reg: Reg) -> bool {
        self.0[reg as usize / 64] >> (reg % 64) & 1 == 1
    }
    fn join(&mut self, other: &Set) {
        for (mine, theirs) in self.0.iter_mut().zip(other.0) {
            *mine |= theirs;
        }
    }
}

/// For each instruction which operands die with it: bit 0 for `a`, bit 1 for `b`.
/// Copies of dying registers become moves; branches learn what is read where they meet, loops what turns hand on.
pub fn mark(instrs: &mut [Instr], tables: &mut Tables) -> Vec<u8> {
    let mut live_in = vec![Set::default(); instrs.len() + 1];
    loop {
        let mut changed = false;
        for at in (0..instrs.len()).rev() {
            let mut live = live_out(instrs[at], at, &live_in);
            let (reads, writes) = effects(instrs[at], tables);
            writes.iter().for_each(|reg| live.remove(reg));
            reads.iter().for_each(|reg| live.add(reg));
            live.join(&resumed(at, &tables.handlers, &live_in));
            if live != live_in[at] {
                live_in[at] = live;
                changed = true;
            }
        }
        if !changed {
            break;
        }
    }
    for branch in &mut tables.branches {
        let live = branch.join.and_then(|join| live_in.get(join as usize)).copied().unwrap_or_default();
        branch.live = (0..=Reg::MAX).filter(|&reg| live.has(reg)).collect();
    }
    for number in 0..tables.loops.len() {
        let Loop { start, next, end, .. } = tables.loops[number];
        let live = live_in.get(next as usize).copied().unwrap_or_default();
        let mut written = [None; 256];
        for at in start..end {
            let Some(&instr) = instrs.get(at as usize) else { continue };
            effects(instr, tables).1.iter().for_each(|reg| written[usize::from(reg)] = Some(at));
            if let Some(Root::Reg(reg)) = root(instr, tables) {
                written[usize::from(reg)] = Some(at);
            }
        }
        let carried = (0..=Reg::MAX).filter(|&reg| live.has(reg));
        tables.loops[number].carried = carried.filter_map(|reg| Some((reg, written[usize::from(reg)]?))).collect();
    }
    let mut kills = vec![0; instrs.len()];
    for at in 0..instrs.len() {
        let mut live = live_out(instrs[at], at, &live_in);
        let (_, writes) = effects(instrs[at], tables);
        writes.iter().for_each(|reg| live.remove(reg));
        live.join(&resumed(at, &tables.handlers, &live_in));
        if let Some(a) = instrs[at].a() {
            kills[at] |= u8::from(!live.has(a) && root(instrs[at], tables) != Some(Root::Reg(a)));
        }
        if let Some(b) = instrs[at].b() {
            kills[at] |= u8::from(!live.has(b)) << 1;
        }
        if let (Instr::Copy { d, a }, 1) = (instrs[at], kills[at]) {
            instrs[at] = Instr::Move { d, a };
        }
    }
    kills
}

fn live_out(instr: Instr, at: usize, live_in: &[Set]) -> Set {
    let mut live = match instr {
        Instr::Jump { .. } | Instr::Begin { .. } | Instr::Return { .. } => Set::default(),
        // on scalars it sets its result and skips the two instructions behind it
        Instr::MulAdd { d, .. } | Instr::MulSub { d, .. } => {
            let mut skipped = live_in.get(at + 3).copied().unwrap_or_default();
            skipped.remove(d);
            skipped.join(&live_in[at + 1]);
            skipped
        }
        // likewise with four
        Instr::Products { d, .. } => {
            let mut skipped = live_in.get(at + 5).copied().unwrap_or_default();
            skipped.remove(d);
            skipped.join(&live_in[at + 1]);
            skipped
        }
        // skips the next instruction when it finds no field
        Instr::Method { .. } => {
            let mut live = live_in[at + 1];
            live.join(live_in.get(at + 2).unwrap_or(&Set::default()));
            live
        }
        _ => live_in[at + 1],
    };
    if let Some(to) = instr.target() {
        let mut jumped = live_in.get(to as usize).copied().unwrap_or_default();
        // only a turn that goes on gets a new element
        if let Instr::IterNext { d, .. } = instr {
            jumped.remove(d);
        }
        live.join(&jumped);
    }
    live
}

/// What is needed if this instruction fails inside a `try`.
fn resumed(at: usize, handlers: &[Handler], live_in: &[Set]) -> Set {
    let mut live = Set::default();
    for handler in handlers {
        if (handler.start..handler.end).contains(&(at as u32)) {
            let mut resumed = live_in[handler.target as usize];
            if let Some(d) = handler.d {
                resumed.remove(d);
            }
            live.join(&resumed);
        }
    }
    live
}

/// Registers read or written: single ones, and stretches.
#[derive(Default)]
struct Regs {
    single: Vec<Reg>,
    stretches: Vec<(Reg, usize)>,
}

impl Regs {
    fn of(regs: &[Reg]) -> Regs {
        Regs { single: regs.to_vec(), stretches: vec![] }
    }
    fn stretch(first: Reg, count: usize) -> Regs {
        Regs { single: vec![], stretches: vec![(first, count)] }
    }
    fn iter(&self) -> impl Iterator<Item = Reg> + '_ {
        let stretches = self.stretches.iter().flat_map(|&(first, count)| (0..count).map(move |i| first + i as Reg));
        self.single.iter().copied().chain(stretches)
    }
}

/// The registers an instruction reads, and those it writes.
fn effects(instr: Instr, tables: &Tables) -> (Regs, Regs) {
    use Instr::*;
    match instr {
        Const { d, .. }
        | Literal { d, .. }
        | Int { d, .. }
        | Bool { d, .. }
        | None { d }
        | GetFar { d, .. }
        | GetGlobal { d, .. }
        | GetFunction { d, .. }
        | GetCapture { d, .. }
        | Sibling { d, .. }
        | Myself { d }
        | ListNew { d }
        | RecordNew { d }
        | Import { d, .. } => (Regs::default(), Regs::of(&[d])),
        Copy { d, a }
        | Move { d, a }
        | AddInt { d, a, .. }
        | SubInt { d, a, .. }
        | MulInt { d, a, .. }
        | Neg { d, a }
        | Pos { d, a }
        | BitNot { d, a }
        | Not { d, a }
        | Format { d, a, .. }
        | Field { d, a, .. } => (Regs::of(&[a]), Regs::of(&[d])),
        Add { d, a, b }
        | Sub { d, a, b }
        | Mul { d, a, b }
        | Div { d, a, b }
        | Binary { d, a, b, .. }
        | Compare { d, a, b, .. }
        | Both { d, a, b, .. }
        | Range { d, a, b }
        | Index { d, a, b } => (Regs::of(&[a, b]), Regs::of(&[d])),
        SetFar { a, .. }
        | SetGlobal { a, .. }
        | Check { a, .. }
        | Lend { a, .. }
        | JumpIf { a, .. }
        | ShortCircuit { a, .. }
        | JumpLtInt { a, .. }
        | JumpLeInt { a, .. }
        | JumpEqInt { a, .. }
        | JumpGiven { a, .. }
        | JumpCallable { a, .. }
        | Return { a }
        | EnterHome { a, .. }
        | Show { a } => (Regs::of(&[a]), Regs::default()),
        Finish { a } => (Regs::of(&[a]), Regs::of(&[a])),
        CheckReturn { a } => {
            let mut reads = dim_registers(tables.ret.as_ref());
            reads.single.push(a);
            (reads, Regs::default())
        }
        JumpLt { a, b, .. } | JumpLe { a, b, .. } | JumpEq { a, b, .. } => (Regs::of(&[a, b]), Regs::default()),
        Jump { .. } | Begin { .. } | NotYet { .. } | SaveHome { .. } | LeaveHome { .. } => {
            (Regs::default(), Regs::default())
        }
        IterNew { a } => (Regs::of(&[a]), Regs::stretch(a, 2)),
        IterRange { a } => (Regs::stretch(a, 2), Regs::stretch(a, 2)),
        IterNext { a, .. } => (Regs::stretch(a, 2), Regs::default()),
        Call { a, count } | CallWith { a, count, .. } => {
            (Regs::stretch(a, 1 + usize::from(count)), Regs::stretch(a, 1 + usize::from(count)))
        }
        // whether it writes depends on the values
        MulAdd { a, b, c, .. } | MulSub { a, b, c, .. } => (Regs::of(&[a, b, c]), Regs::default()),
        Products { a, b, c, e, .. } => (Regs::of(&[a, b, c, e]), Regs::default()),
        // the arguments are read; the result takes the callee's place
        CallGlobal { a, count, .. } => (Regs::stretch(a + 1, count.into()), Regs::stretch(a, 1 + usize::from(count))),
        Method { a, .. } => (Regs::of(&[a + 1]), Regs::of(&[a])),
        Closure { d, proto } => {
            let regs = tables.protos[proto as usize].captures.iter().filter_map(|capture| match capture {
                CaptureFrom::Reg(reg) => Some(*reg),
                _ => Option::None,
            });
            (Regs { single: regs.collect(), stretches: vec![] }, Regs::of(&[d]))
        }
        Tuple { d, a, count } | Stack { d, a, count } | Join { d, a, count } => {
            (Regs::stretch(a, count.into()), Regs::of(&[d]))
        }
        Record { d, a, count, .. } => (Regs::stretch(a, count.into()), Regs::of(&[d])),
        ListPush { d, a } | ListSpread { d, a } | RecordPush { d, a, .. } | RecordSpread { d, a } => {
            (Regs::of(&[d, a]), Regs::of(&[d]))
        }
        ListStack { d } => (Regs::of(&[d]), Regs::of(&[d])),
        Unpack { d, a, count } => (Regs::of(&[a]), Regs::stretch(d, count.into())),
        IndexMany { d, a, b, spec } => {
            let count = tables.index_specs[spec as usize].iter().map(|sub| sub.registers()).sum();
            (Regs { single: vec![a], stretches: vec![(b, count)] }, Regs::of(&[d]))
        }
        SetIndex { d, b, a, .. } => (Regs::of(&[d, b, a]), Regs::default()),
        SetPath { a, path } | AugPath { a, path, .. } => {
            let mut reads = path_reads(&tables.paths[path as usize]);
            reads.single.push(a);
            (reads, Regs::default())
        }
        CheckType { a, ty } => {
            let mut reads = dim_registers(Some(&tables.types[ty as usize]));
            reads.single.push(a);
            (reads, Regs::default())
        }
        Spill { a, count, .. } => (Regs::stretch(a, count.into()), Regs::default()),
        Unspill { a, count, .. } => (Regs::default(), Regs::stretch(a, count.into())),
    }
}

/// The registers that keep the sizes a stated type names.
fn dim_registers(ty: Option<&TypeCheck>) -> Regs {
    let dims = ty.into_iter().flat_map(|ty| ty.dims.iter().flatten());
    let named = dims.filter_map(|dim| match dim {
        DimCheck::Name(_, reg) => Some(*reg),
        _ => Option::None,
    });
    Regs { single: named.collect(), stretches: vec![] }
}

/// The variable an instruction assigns into: `x[i] = x` must find it there.
fn root(instr: Instr, tables: &Tables) -> Option<Root> {
    match instr {
        Instr::SetIndex { path, .. } | Instr::SetPath { path, .. } | Instr::AugPath { path, .. } => {
            Some(tables.paths[path as usize].root)
        }
        _ => None,
    }
}

fn path_reads(path: &Path) -> Regs {
    let mut regs = Regs::default();
    if let Root::Reg(reg) = path.root {
        regs.single.push(reg);
    }
    for step in &path.steps {
        if let Step::Index { first, spec, .. } = step {
            regs.stretches.push((*first, spec.iter().map(|sub| sub.registers()).sum()));
        }
    }
    regs
}

impl SubSpec {
    /// Registers that hold its parts.
    pub fn registers(self) -> usize {
        match self {
            SubSpec::At => 1,
            SubSpec::Rest => 0,
            SubSpec::Slice { start, stop, step } => usize::from(start) + usize::from(stop) + usize::from(step),
        }
    }
}

impl Instr {
    /// The operand whose death is noted in bit 0.
    fn a(self) -> Option<Reg> {
        use Instr::*;
        match self {
            Copy { a, .. }
            | AddInt { a, .. }
            | SubInt { a, .. }
            | MulInt { a, .. }
            | Neg { a, .. }
            | Pos { a, .. }
            | BitNot { a, .. }
            | Not { a, .. }
            | Field { a, .. }
            | Add { a, .. }
            | Sub { a, .. }
            | Mul { a, .. }
            | Div { a, .. }
            | Binary { a, .. }
            | Both { a, .. }
            | Compare { a, .. }
            | Index { a, .. }
            | IndexMany { a, .. }
            | SetFar { a, .. }
            | SetGlobal { a, .. }
            | Return { a }
            | ListPush { a, .. }
            | ListSpread { a, .. }
            | RecordPush { a, .. }
            | RecordSpread { a, .. }
            | Unpack { a, .. }
            | IterNew { a }
            | SetPath { a, .. }
            | SetIndex { a, .. }
            | AugPath { a, .. }
            | Show { a } => Some(a),
            _ => Option::None,
        }
    }

    /// The operand whose death is noted in bit 1.
    fn b(self) -> Option<Reg> {
        use Instr::*;
        match self {
            Add { b, .. }
            | Sub { b, .. }
            | Mul { b, .. }
            | Div { b, .. }
            | Binary { b, .. }
            | Both { b, .. }
            | Compare { b, .. }
            | Index { b, .. } => Some(b),
            _ => Option::None,
        }
    }
}

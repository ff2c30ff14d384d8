//! Code from text: statements compiled and run, modules loaded, globals by name.

use super::super::code::{Code, Instr, Reg};
use super::super::compile::{self, Names};
use super::super::function::{Env, Function};
use super::super::module::{Module, Namespace};
use super::super::tables::ImportSpec;
use super::super::value::Value;
use super::Machine;
use super::registers::Window;
use crate::builtins::{self, Elements, Library};
use crate::diagnostics::suggest::nearest;
use crate::diagnostics::{Error, Kind, Result, Source, load, python_hints};
use crate::tensor::Array;
use crate::transform::{pending, waiting};
use nabla_grammar::tree::{ModulePath, Stmt};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;

impl Machine {
    /// Parses a program; all its syntax errors at once.
    pub fn parse(source: &Arc<Source>, continuing: bool) -> std::result::Result<Vec<Stmt>, Vec<Error>> {
        let parse = if continuing { nabla_grammar::parse_continuing } else { nabla_grammar::parse };
        let parsed = parse(&source.text);
        if parsed.diagnostics.is_empty() {
            return Ok(parsed.stmts);
        }
        Err(parsed.diagnostics.into_iter().map(|diagnostic| syntax_error(source, diagnostic)).collect())
    }

    /// Compiles and runs a top-level statement in a module.
    pub fn run_statement(&mut self, module: &Rc<Module>, source: &Arc<Source>, stmt: &Stmt) -> Result<()> {
        let code = self.compile(module, source, stmt)?;
        let function = Function { code: Rc::new(code), env: Rc::new(Env::default()) };
        let result = self.run(Rc::new(function)).map(|_| ());
        if result.is_err() {
            // what it asked for, and is not done, is no part of what comes next
            waiting::forget(&mut self.host.cx);
        }
        result
    }

    fn compile(&mut self, module: &Rc<Module>, source: &Arc<Source>, stmt: &Stmt) -> Result<Code> {
        let mut names = Namespace::new(module, &mut self.modules, &mut self.globals);
        let code = compile::statement(&mut names, source, stmt)?;
        let Some(wanted) = names.wanted else { return Ok(code) };
        // a function written in Nabla itself: loaded when first named, then the names resolve
        self.load_library(wanted)?;
        self.compile(module, source, stmt)
    }

    /// What the standard library gives under a name: a function, or a module.
    pub fn of_library(&mut self, name: &str) -> Result<Option<Value>> {
        let Some(library) = builtins::library_of(name) else { return Ok(None) };
        if self.modules.library(library.name).is_none() {
            self.load_library(library)?;
        }
        let Some(module) = self.modules.library(library.name) else { return Ok(None) };
        if library.is_module {
            return Ok(Some(Value::Module(module)));
        }
        Ok(module.member(name).map(|slot| self.globals[slot as usize].clone()))
    }

    fn load_library(&mut self, library: &'static Library) -> Result<()> {
        let module = Rc::new(Module::new(library.name.to_string()));
        for builtin in library.builtins {
            for name in builtin.names() {
                self.set_global(&module, name, Value::Builtin(builtin));
            }
        }
        let source = Arc::new(Source::library(format!("<{}>", library.name), library.text));
        self.modules.set_library(library.name, module.clone());
        self.run_module(&module, &source)
    }

    fn run_module(&mut self, module: &Rc<Module>, source: &Arc<Source>) -> Result<()> {
        let stmts = Machine::parse(source, false).map_err(|mut errors| errors.swap_remove(0))?;
        self.host.quiet += 1;
        // a module is no part of what imports it: of a trace, of a batch, of a block on a device
        let suspended = self.host.cx.modes.suspend();
        let home = self.host.cx.devices.home.take();
        let result = stmts.iter().try_for_each(|stmt| self.run_statement(module, source, stmt));
        self.host.cx.devices.home = home;
        self.host.cx.modes.resume(suspended);
        self.host.quiet -= 1;
        result
    }

    /// What an `import` statement binds.
    pub(super) fn import(&mut self, code: &Code, spec: &ImportSpec) -> Result<Vec<Value>> {
        let module = match &spec.path {
            ModulePath::Library(name) => self.import_library(&name.text)?,
            ModulePath::File(name) => self.import_file(&name.text, &code.source)?,
        };
        let Some(names) = &spec.names else { return Ok(vec![Value::Module(module)]) };
        let module = Value::Module(module);
        names
            .iter()
            .map(|(name, span)| {
                self.field(&module, &Value::str(&**name)).map_err(|error| error.at(&code.source, *span))
            })
            .collect()
    }

    fn import_library(&mut self, name: &str) -> Result<Rc<Module>> {
        if name == "builtin" {
            return Ok(self.modules.builtin_module(&mut self.globals));
        }
        if let Some(Value::Module(module)) = self.of_library(name)? {
            return Ok(module);
        }
        if let Some(hint) = python_hints::hint_for_import(name) {
            return Err(Error::new(Kind::Name, format!("there is no module `{name}`")).help(hint));
        }
        if builtins::FUTURE_MODULES.contains(&name) {
            return Err(Error::not_yet(name));
        }
        Err(Error::new(Kind::Name, format!("there is no module `{name}`"))
            .help(format!("a file is imported by its path: `import \"{name}.nab\"`")))
    }

    fn import_file(&mut self, name: &str, from: &Source) -> Result<Rc<Module>> {
        let base = match from.name.starts_with('<') {
            true => PathBuf::new(),
            false => Path::new(&from.name).parent().map(Path::to_path_buf).unwrap_or_default(),
        };
        let shown = base.join(name);
        let path = self.host.directory.join(&shown);
        let key = path.canonicalize().unwrap_or(path.clone());
        if let Some(module) = self.modules.loaded(&key) {
            return Ok(module);
        }
        self.modules.begin(&key, &shown.to_string_lossy())?;
        let result = self.read_module(&path, &shown);
        self.modules.end(&key, result.as_ref().ok());
        result
    }

    fn read_module(&mut self, path: &Path, shown: &Path) -> Result<Rc<Module>> {
        let text = load::load_file(path)?;
        let source = Arc::new(Source::new(shown.to_string_lossy(), text.text.clone()));
        let name = shown.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
        let module = Rc::new(Module::new(name));
        self.run_module(&module, &source)?;
        Ok(module)
    }

    /// Gives a name of a module a value.
    pub fn set_global(&mut self, module: &Rc<Module>, name: &str, value: Value) {
        let slot = Namespace::new(module, &mut self.modules, &mut self.globals).slot(name);
        module.bind(slot);
        self.globals[slot as usize] = value;
    }

    /// A global without a value; `behind` is the source text behind its name.
    #[cold]
    pub(super) fn unknown_name(&self, slot: u32, behind: &str) -> Error {
        let name = self.modules.slot_name(slot);
        if builtins::FUTURE.contains(&&*name) {
            return Error::not_yet(&name);
        }
        let error = Error::new(Kind::Name, format!("there is no `{name}`"));
        if let Some(hint) = python_hints::hint_for_use(&name, behind, |draw| builtins::is_member("random", draw)) {
            return error.help(hint);
        }
        if let Some(module) = builtins::module_with(&name) {
            return error.help(format!("it is `{module}.{name}`"));
        }
        let known: Vec<Rc<str>> = self.modules.names_beside(slot, &self.globals);
        let own = nearest(&name, known.iter().map(|name| &**name));
        match own.or_else(|| nearest(&name, builtins::names())) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error,
        }
    }

    /// Lets go of a global whose value is in register `a` and about to be replaced, so that the next instruction may
    /// work on it in place. Functions of the language may read the global: for them it stays.
    pub(super) fn lend(&mut self, regs: &Window, a: Reg, slot: u32, next: Instr) {
        let callee = match next {
            Instr::Call { a, .. } => Some(&regs[a as usize]),
            Instr::CallGlobal { slot, .. } => Some(&self.globals[slot as usize]),
            _ => None,
        };
        let is_structure = matches!(regs[a as usize], Value::Tuple(_) | Value::Record(_));
        match callee {
            // what fails half way through a structure, or waits, could not give it back
            None if is_structure => return,
            Some(Value::Builtin(builtin)) if is_structure && builtin.elements == Elements::Waiting => return,
            None => {}
            // a builtin that is given a function may call it, and it may read the global
            Some(Value::Builtin(_)) if !arguments(regs, next).iter().any(Value::is_callable) => {}
            Some(_) => return,
        }
        let global = &mut self.globals[slot as usize];
        if same(&regs[a as usize], global) {
            let address = match &global {
                Value::Array(Array::Tensor(tensor)) => tensor.address(),
                _ => 0,
            };
            *global = Value::Undefined;
            self.lent = Some(Lent { reg: a, slot, address });
        }
    }

    /// Puts back what was lent, when what was to replace it failed, or was interrupted.
    pub(super) fn give_back(&mut self, regs: &[Value]) {
        let Some(Lent { reg, slot, address }) = self.lent.take() else { return };
        let value = regs[usize::from(reg)].clone();
        let before = match &value {
            Value::Array(array) => pending::before(array, address).map(Value::Array),
            _ => None,
        };
        self.globals[slot as usize] = before.unwrap_or(value);
    }
}

/// A global whose value is in a register alone.
pub(super) struct Lent {
    /// Where the value is, or what was computed from it.
    pub reg: Reg,
    slot: u32,
    /// Of a tensor.
    address: usize,
}

/// The arguments of a call.
fn arguments(regs: &Window, call: Instr) -> &[Value] {
    match call {
        Instr::Call { a, count } | Instr::CallGlobal { a, count, .. } => {
            let first = usize::from(a) + 1;
            regs.get(first..first + usize::from(count)).unwrap_or(&[])
        }
        _ => &[],
    }
}

/// Do both hold the very same value on the heap?
fn same(x: &Value, y: &Value) -> bool {
    match (x, y) {
        (Value::Array(Array::Tensor(x)), Value::Array(Array::Tensor(y))) => x.is_same(y),
        (Value::Str(x), Value::Str(y)) => Rc::ptr_eq(x, y),
        (Value::Tuple(x), Value::Tuple(y)) => Rc::ptr_eq(x, y),
        (Value::Record(x), Value::Record(y)) => Rc::ptr_eq(x, y),
        _ => false,
    }
}

fn syntax_error(source: &Arc<Source>, diagnostic: nabla_grammar::Diagnostic) -> Error {
    let mut error = Error::new(Kind::Syntax, diagnostic.message).at(source, diagnostic.span);
    for (span, text) in diagnostic.labels {
        error = error.label(span, text);
    }
    match diagnostic.help {
        Some(help) => error.help(help),
        None => error,
    }
}

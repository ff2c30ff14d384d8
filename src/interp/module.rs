//! Modules and their names: every top-level name has a slot among the session's globals.

use super::compile::Names;
use super::value::Value;
use crate::builtins::{self, Library};
use crate::diagnostics::{Error, Kind, Result};
use rustc_hash::{FxHashMap, FxHashSet};
use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;

pub struct Module {
    pub name: String,
    /// Names that its code binds or uses.
    names: RefCell<FxHashMap<Rc<str>, u32>>,
    /// Names it gives a value itself: what others see of it.
    bound: RefCell<FxHashSet<u32>>,
}

impl Module {
    pub fn new(name: String) -> Module {
        Module { name, names: RefCell::default(), bound: RefCell::default() }
    }

    /// The names others see, in alphabetical order; one that begins with `_` is seen by who knows it.
    pub fn member_names(&self) -> Vec<Rc<str>> {
        let (names, bound) = (self.names.borrow(), self.bound.borrow());
        let is_shown = |(name, slot): &(&Rc<str>, &u32)| bound.contains(*slot) && !name.starts_with('_');
        let mut names: Vec<Rc<str>> = names.iter().filter(is_shown).map(|(name, _)| name.clone()).collect();
        names.sort();
        names
    }

    /// The slots of all names that it gives a value itself.
    pub fn members(&self) -> Vec<u32> {
        let mut slots: Vec<u32> = self.bound.borrow().iter().copied().collect();
        slots.sort_unstable();
        slots
    }

    /// The slot of a name others see.
    pub fn member(&self, name: &str) -> Option<u32> {
        self.slot(name).filter(|slot| self.bound.borrow().contains(slot))
    }

    /// Notes that the module itself gives a name its value.
    pub fn bind(&self, slot: u32) {
        self.bound.borrow_mut().insert(slot);
    }

    pub fn slot(&self, name: &str) -> Option<u32> {
        self.names.borrow().get(name).copied()
    }
}

/// All modules of a session, and whose slot is whose.
#[derive(Default)]
pub struct Modules {
    /// For each global its name and the module it belongs to.
    slots: Vec<(Rc<str>, Rc<Module>)>,
    files: FxHashMap<PathBuf, Rc<Module>>,
    /// Files being loaded, outermost first, with the names to show.
    loading: Vec<(PathBuf, String)>,
    libraries: FxHashMap<&'static str, Rc<Module>>,
    builtin: Option<Rc<Module>>,
}

impl Modules {
    pub fn slot_name(&self, slot: u32) -> Rc<str> {
        self.slots[slot as usize].0.clone()
    }

    /// Names with a value in the module that a slot belongs to.
    pub fn names_beside(&self, slot: u32, globals: &[Value]) -> Vec<Rc<str>> {
        let names = self.slots[slot as usize].1.names.borrow();
        names
            .iter()
            .filter(|(_, slot)| !globals[**slot as usize].is_undefined())
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Is it the module `builtin`, and not a file of that name?
    pub fn is_builtin(&self, module: &Rc<Module>) -> bool {
        self.builtin.as_ref().is_some_and(|builtin| Rc::ptr_eq(builtin, module))
    }

    /// Can nobody give this global another value? So it is with the predefined names that a library uses.
    pub fn is_constant(&self, slot: u32) -> bool {
        let module = &self.slots[slot as usize].1;
        let of_library = self.libraries.values().any(|library| Rc::ptr_eq(library, module));
        of_library && !module.bound.borrow().contains(&slot)
    }

    pub fn set_library(&mut self, name: &'static str, module: Rc<Module>) {
        self.libraries.insert(name, module);
    }

    pub fn library(&self, name: &str) -> Option<Rc<Module>> {
        self.libraries.get(name).cloned()
    }

    pub fn loaded(&self, path: &Path) -> Option<Rc<Module>> {
        self.files.get(path).cloned()
    }

    /// Notes that a file is being loaded; errors if it is already.
    pub fn begin(&mut self, path: &Path, shown: &str) -> Result<()> {
        if let Some(at) = self.loading.iter().position(|(other, _)| other == path) {
            let mut chain: Vec<&str> = self.loading[at..].iter().map(|(_, shown)| shown.as_str()).collect();
            chain.push(shown);
            return Err(Error::new(
                Kind::Name,
                format!("modules import each other in a circle: {}", chain.join(" -> ")),
            ));
        }
        if self.loading.len() >= MAX_IMPORTS {
            return Err(Error::new(Kind::Overflow, format!("imports nested deeper than {MAX_IMPORTS}")));
        }
        self.loading.push((path.to_path_buf(), shown.to_string()));
        Ok(())
    }

    pub fn end(&mut self, path: &Path, module: Option<&Rc<Module>>) {
        self.loading.retain(|(other, _)| other != path);
        if let Some(module) = module {
            self.files.insert(path.to_path_buf(), module.clone());
        }
    }

    /// The module `builtin`: what every name means before a program gives it another meaning.
    pub fn builtin_module(&mut self, globals: &mut Vec<Value>) -> Rc<Module> {
        if let Some(module) = &self.builtin {
            return module.clone();
        }
        let module = Rc::new(Module::new("builtin".into()));
        self.builtin = Some(module.clone());
        for name in builtins::names() {
            let mut namespace = Namespace::new(&module, self, globals);
            let slot = namespace.slot(name);
            module.bind(slot);
        }
        module
    }
}

/// Imports nested in each other.
const MAX_IMPORTS: usize = 50;

/// The names of one module while its code is compiled.
pub struct Namespace<'m> {
    module: &'m Rc<Module>,
    modules: &'m mut Modules,
    globals: &'m mut Vec<Value>,
    /// A library of functions written in Nabla that has to be loaded first.
    pub wanted: Option<&'static Library>,
}

impl<'m> Namespace<'m> {
    pub fn new(module: &'m Rc<Module>, modules: &'m mut Modules, globals: &'m mut Vec<Value>) -> Namespace<'m> {
        Namespace { module, modules, globals, wanted: None }
    }

    /// What a name means before a program gives it another meaning.
    fn predefined(&mut self, name: &str) -> Option<Value> {
        if name == "builtin" {
            return Some(Value::Module(self.modules.builtin_module(self.globals)));
        }
        if let Some(library) = builtins::library_of(name) {
            let Some(module) = self.modules.libraries.get(library.name) else {
                self.wanted = Some(library);
                return None;
            };
            if library.is_module {
                return Some(Value::Module(module.clone()));
            }
            // inside the library itself its own names are meant
            if Rc::ptr_eq(module, self.module) {
                return None;
            }
            return module.slot(name).map(|slot| self.globals[slot as usize].clone());
        }
        builtins::predefined(name)
    }
}

impl Names for Namespace<'_> {
    fn slot(&mut self, name: &str) -> u32 {
        if let Some(slot) = self.module.slot(name) {
            // a name may have waited for its library
            if self.globals[slot as usize].is_undefined()
                && builtins::library_of(name).is_some()
                && let Some(value) = self.predefined(name)
            {
                self.globals[slot as usize] = value;
            }
            return slot;
        }
        let value = self.predefined(name).unwrap_or_default();
        let (slot, name): (u32, Rc<str>) = (self.globals.len() as u32, name.into());
        self.globals.push(value);
        self.modules.slots.push((name.clone(), self.module.clone()));
        self.module.names.borrow_mut().insert(name, slot);
        slot
    }

    fn bind(&mut self, slot: u32) {
        self.module.bind(slot);
    }

    fn builtin(&mut self, name: &str) -> Option<Value> {
        self.predefined(name)
    }
}

//! From the tree to bytecode, one top-level statement at a time.
//!
//! Names become registers, captures or global slots here; nothing is looked up by name when the code runs, but for
//! fields. The compiler never evaluates a program, and reports what is wrong whatever path would be taken: `return`
//! outside a function, `break` outside a loop.

mod access;
mod builder;
mod call;
mod expr;
mod flow;
mod function;
mod literal;
mod liveness;
mod stmt;

use super::code::Code;
use super::scope::{Scope, Scopes};
use super::value::Value;
use crate::diagnostics::{Error, Kind, Result, Source};
use builder::{Builder, Place};
use nabla_grammar::tree::*;
use rustc_hash::FxHashMap;
use std::rc::Rc;
use std::sync::Arc;

/// The names of the module that code belongs to.
pub trait Names {
    /// The global slot of a name; made, with the predefined value if there is one, when it is new.
    fn slot(&mut self, name: &str) -> u32;
    /// Notes that the module itself gives this name a value.
    fn bind(&mut self, slot: u32);
    /// The predefined function of that name, whatever the module has made of the name.
    fn builtin(&mut self, name: &str) -> Option<Value>;
}

/// Compiles a top-level statement to code without parameters.
pub fn statement(names: &mut dyn Names, source: &Arc<Source>, stmt: &Stmt) -> Result<Code> {
    let mut scopes = Scopes::default();
    scopes.add_statement(stmt);
    let builder = Builder::new("".into(), source.clone(), true);
    let mut compiler = Compiler {
        names,
        scopes: &scopes,
        b: builder,
        scope: Rc::default(),
        groups: FxHashMap::default(),
        outer: FxHashMap::default(),
    };
    compiler.top_statement(stmt)?;
    let d = compiler.b.temp(stmt.span)?;
    compiler.b.emit(super::code::Instr::None { d }, stmt.span);
    compiler.b.emit(super::code::Instr::Return { a: d }, stmt.span);
    Ok(compiler.b.finish())
}

/// The compiler of one function; nested ones get one of their own.
pub(super) struct Compiler<'c, 't> {
    names: &'c mut dyn Names,
    scopes: &'c Scopes<'t>,
    b: Builder,
    scope: Rc<Scope<'t>>,
    /// Functions defined directly in this one, by name.
    groups: FxHashMap<&'t str, Rc<function::Group>>,
    /// What the environment of this function offers: captures, siblings, itself.
    outer: FxHashMap<Rc<str>, Place>,
}

impl<'t> Compiler<'_, 't> {
    /// Where a name is found from here.
    fn resolve(&mut self, name: &str) -> Place {
        if let Some(place) = self.resolve_inside(name) {
            return place;
        }
        Place::Global(self.names.slot(if name == "π" { "pi" } else { name }))
    }

    /// The same, without making a global of an unknown name.
    fn resolve_inside(&self, name: &str) -> Option<Place> {
        let shadow = self.b.shadows.iter().rev().find(|(shadow, _)| **shadow == *name).map(|(_, place)| place);
        shadow.or_else(|| self.b.vars.get(name)).or_else(|| self.outer.get(name)).copied()
    }

    fn error(&self, kind: Kind, message: impl Into<String>, span: Span) -> Error {
        self.b.error(kind, message, span)
    }
}

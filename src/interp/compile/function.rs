//! Functions and lambdas: parameters, types, and what they capture.

use super::super::code::*;
use super::super::tables::*;
use super::Compiler;
use super::builder::{Builder, Place};
use crate::diagnostics::{Kind, Result};
use crate::tensor::DType;
use nabla_grammar::tree::*;
use rustc_hash::FxHashMap;
use std::rc::Rc;

const MAX_PARAMS: usize = 64;

/// Functions defined beside each other that name each other: they share one environment.
pub(super) struct Group {
    captures: Vec<Rc<str>>,
    codes: Rc<[Rc<Code>]>,
    members: Vec<Box<str>>,
}

/// What a function's code is made from.
struct Definition<'t> {
    name: &'t str,
    doc: Option<&'t str>,
    params: &'t [Param],
    ret: Option<&'t Type>,
    body: &'t Expr,
}

impl<'t> Compiler<'_, 't> {
    pub(super) fn lambda(&mut self, lambda: &'t Lambda, d: Reg, span: Span) -> Result<()> {
        let def = Definition { name: "", doc: None, params: &lambda.params, ret: None, body: &lambda.body };
        self.closure(&def, d, span)
    }

    /// `fn name(...)`, with its decorators applied from the inside out.
    pub(super) fn fn_statement(&mut self, def: &'t FnDef, span: Span) -> Result<()> {
        let callees = self.b.top;
        for decorator in &def.decorators {
            self.fresh(decorator)?;
        }
        let d = self.b.temp(span)?;
        let sibling = self.scope.functions.iter().any(|f| std::ptr::eq(*f, def)) && !self.b.top_level;
        if sibling {
            let group = self.group(def)?;
            let captures = self.captures(&group.captures, def.name.span)?;
            let at = group.members.iter().position(|name| *name == def.name.text).unwrap_or(0);
            self.b.tables.protos.push(Proto { code: group.codes[at].clone(), captures, siblings: group.codes.clone() });
            let proto = self.b.tables.protos.len() as u32 - 1;
            self.b.emit(Instr::Closure { d, proto }, def.name.span);
        } else {
            self.closure(&definition(def), d, def.name.span)?;
        }
        // each result lies where its decorator was: right behind the next decorator
        for (i, decorator) in def.decorators.iter().enumerate().rev() {
            let a = (callees + i) as Reg;
            self.b.emit_with(Instr::Call { a, count: 1 }, decorator.span, &[def.name.span]);
        }
        let value = if def.decorators.is_empty() { d } else { callees as Reg };
        self.assign_name(&def.name, value)
    }

    /// A function that no other one beside it is tied to.
    fn closure(&mut self, def: &Definition<'t>, d: Reg, span: Span) -> Result<()> {
        let scope = self.scopes.of(def.body);
        let names: Vec<Rc<str>> =
            scope.free.iter().filter(|name| self.resolve_inside(name).is_some()).map(|name| (**name).into()).collect();
        let outer = names.iter().enumerate().map(|(i, name)| (name.clone(), Place::Capture(i as u32))).collect();
        let code = self.code(def, outer)?;
        let captures = self.captures(&names, span)?;
        self.b.tables.protos.push(Proto { code, captures, siblings: [].into() });
        let proto = self.b.tables.protos.len() as u32 - 1;
        self.b.emit(Instr::Closure { d, proto }, span);
        Ok(())
    }

    fn captures(&mut self, names: &[Rc<str>], span: Span) -> Result<Rc<[CaptureFrom]>> {
        names
            .iter()
            .map(|name| match self.resolve_inside(name) {
                Some(Place::Reg(reg)) => Ok(CaptureFrom::Reg(reg)),
                Some(Place::Far(slot)) => Ok(CaptureFrom::Far(slot)),
                Some(Place::Capture(index)) => Ok(CaptureFrom::Capture(index)),
                Some(Place::Sibling(index)) => Ok(CaptureFrom::Sibling(index)),
                Some(Place::Myself) => Ok(CaptureFrom::Myself),
                Some(Place::Global(_)) | None => Err(self.error(Kind::Internal, "a capture without a place", span)),
            })
            .collect()
    }

    /// The group of a function defined in this one, compiled when the first of its members is met.
    fn group(&mut self, def: &'t FnDef) -> Result<Rc<Group>> {
        if let Some(group) = self.groups.get(&*def.name.text) {
            return Ok(group.clone());
        }
        let scope = self.scope.clone();
        let find = |name: &str| scope.functions.iter().position(|f| *f.name.text == *name);
        // all that are tied to this one, whoever names whom
        let mut members = vec![find(&def.name.text).unwrap_or(0)];
        loop {
            let before = members.len();
            for (at, function) in scope.functions.iter().enumerate() {
                let named: Vec<usize> = self.scopes.of(&function.body).free.iter().filter_map(|n| find(n)).collect();
                if members.contains(&at) {
                    named.into_iter().for_each(|n| {
                        if !members.contains(&n) {
                            members.push(n)
                        }
                    });
                } else if named.iter().any(|n| members.contains(n)) {
                    members.push(at);
                }
            }
            if members.len() == before {
                break;
            }
        }
        let functions: Vec<&'t FnDef> = members.iter().map(|&at| scope.functions[at]).collect();
        let mut captures: Vec<Rc<str>> = vec![];
        for function in &functions {
            for name in &self.scopes.of(&function.body).free {
                let tied = functions.iter().any(|f| *f.name.text == **name);
                if !tied && self.resolve_inside(name).is_some() && !captures.iter().any(|c| **c == **name) {
                    captures.push((*name).into());
                }
            }
        }
        let mut codes = vec![];
        for function in &functions {
            let mut outer: FxHashMap<Rc<str>, Place> =
                captures.iter().enumerate().map(|(i, name)| (name.clone(), Place::Capture(i as u32))).collect();
            for (i, sibling) in functions.iter().enumerate() {
                let place = if std::ptr::eq(*sibling, *function) { Place::Myself } else { Place::Sibling(i as u32) };
                outer.insert((*sibling.name.text).into(), place);
            }
            codes.push(self.code(&definition(function), outer)?);
        }
        let members = functions.iter().map(|f| f.name.text.clone()).collect();
        let group = Rc::new(Group { captures, codes: codes.into(), members });
        for function in functions {
            self.groups.insert(&function.name.text, group.clone());
        }
        Ok(group)
    }

    /// Compiles a function's body with a compiler of its own.
    fn code(&mut self, def: &Definition<'t>, outer: FxHashMap<Rc<str>, Place>) -> Result<Rc<Code>> {
        let mut b = Builder::new(def.name.into(), self.b.source.clone(), false);
        b.doc = def.doc.map(Into::into);
        let mut inner = Compiler {
            names: &mut *self.names,
            scopes: self.scopes,
            b,
            scope: self.scopes.of(def.body),
            groups: FxHashMap::default(),
            outer,
        };
        inner.function_body(def)?;
        Ok(Rc::new(inner.b.finish()))
    }

    fn function_body(&mut self, def: &Definition<'t>) -> Result<()> {
        if def.params.len() > MAX_PARAMS {
            return Err(self.error(
                Kind::Syntax,
                format!("more than {MAX_PARAMS} parameters"),
                def.params[MAX_PARAMS].span,
            ));
        }
        for (i, param) in def.params.iter().enumerate() {
            let name: Rc<str> = match &param.pattern {
                Pattern::Name(name) => (*name.text).into(),
                Pattern::Tuple(..) => format!("argument {}", i + 1).into(),
            };
            self.b.declare(&name);
            if param.default.is_none() {
                self.b.assigned.insert(name.clone());
            }
            self.b.params.push(self.param_info(param, name));
            self.b.plain &= !param.star;
        }
        let scope = self.scope.clone();
        for name in &scope.locals {
            if !self.b.vars.contains_key(*name) {
                self.b.declare(name);
            }
        }
        for (i, param) in def.params.iter().enumerate() {
            let reg = i as Reg;
            if let Some(default) = &param.default {
                let given = self.b.jump(Instr::JumpGiven { a: reg, to: 0 }, default.span);
                let assigned = self.b.assigned.clone();
                self.expr(default, reg)?;
                self.b.assigned = assigned;
                self.b.assigned.insert(self.b.params[i].name.clone());
                self.b.land(given);
            }
            if let Some(ty) = &param.ty {
                let check = self.type_check(ty, self.b.params[i].name.clone())?;
                self.b.tables.types.push(check);
                let ty_number = self.b.tables.types.len() as u32 - 1;
                self.b.emit(Instr::CheckType { a: reg, ty: ty_number }, ty.span);
            }
            if let Pattern::Tuple(..) = param.pattern {
                self.bind_pattern(&param.pattern, reg)?;
            }
        }
        if let Some(ret) = def.ret {
            self.b.tables.ret = Some(self.type_check(ret, "".into())?);
        }
        let a = self.operand(def.body)?;
        self.return_value(a, def.body.span);
        Ok(())
    }

    fn param_info(&self, param: &Param, name: Rc<str>) -> ParamInfo {
        let text = |span: Span| span.text(&self.b.source.text).into();
        ParamInfo {
            name,
            star: param.star,
            has_default: param.default.is_some(),
            default_text: param.default.as_ref().map_or("".into(), |e| text(e.span)),
            type_text: param.ty.as_ref().map_or("".into(), |ty| text(ty.span)),
        }
    }

    fn type_check(&mut self, ty: &'t Type, param: Rc<str>) -> Result<TypeCheck> {
        let dtype = match &ty.dtype {
            None => None,
            Some(name) => Some(DType::from_name(&name.text).ok_or_else(|| {
                self.error(Kind::Type, format!("`{}` is no dtype", name.text), name.span)
                    .help("the dtypes are bool, u8, i32, i64, f32, f64 and str")
            })?),
        };
        let mut dims = None;
        if let Some(stated) = &ty.dims {
            let mut checks = vec![];
            for dim in stated {
                checks.push(match dim {
                    Dim::Rest(_) => DimCheck::Rest,
                    Dim::Size(size, span) => DimCheck::Size(
                        usize::try_from(*size).map_err(|_| self.error(Kind::Value, "this size is too large", *span))?,
                    ),
                    Dim::Name(name) => {
                        if let Some(Place::Reg(reg)) = self.resolve_inside(&name.text) {
                            self.b.assigned.insert((*name.text).into());
                            DimCheck::Name((*name.text).into(), reg)
                        } else {
                            return Err(self.error(Kind::Syntax, "this function has too many variables", name.span));
                        }
                    }
                });
            }
            if checks.iter().filter(|check| matches!(check, DimCheck::Rest)).count() > 1 {
                return Err(self.error(Kind::Syntax, "a type has at most one `...`", ty.span));
            }
            dims = Some(checks);
        }
        let device = match &ty.device {
            Some(device) => Some(device.span.text(&self.b.source.text).into()),
            None => None,
        };
        Ok(TypeCheck { param, dtype, dims, device, text: ty.span.text(&self.b.source.text).into(), span: ty.span })
    }
}

fn definition(def: &FnDef) -> Definition<'_> {
    Definition {
        name: &def.name.text,
        doc: def.doc.as_deref(),
        params: &def.params,
        ret: def.ret.as_ref(),
        body: &def.body,
    }
}

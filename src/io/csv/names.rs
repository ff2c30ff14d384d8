//! Which columns there are, which are wanted, and of what dtype.

use super::messages::{no_column, twice};
use super::read::{DTypes, Layout, Wanted};
use super::records::File;
use crate::diagnostics::{Error, Result};
use crate::io::field::counted;
use crate::tensor::DType;
use rustc_hash::{FxHashMap, FxHashSet};

/// The names of all columns: those given, those in the file, or `f0`, `f1`, ...
pub fn names(file: &File, layout: &Layout, width: usize, in_file: Vec<String>, record: usize) -> Result<Vec<String>> {
    if let Some(names) = &layout.names {
        if names.len() != width && width > 0 {
            let message =
                format!("{} are given, the line has {}", counted(names.len(), "name"), counted(width, "field"));
            return Err(file.error(record, None, &message));
        }
        return match distinct(names) {
            Ok(()) => Ok(names.clone()),
            Err((_, name)) => Err(twice(name)),
        };
    }
    if width == 0 {
        let error = Error::value(format!("`{}` holds no table: there is no line in it", file.name));
        return Err(error.help("`names` tells the columns of an empty table"));
    }
    let named =
        |at: usize| in_file.get(at).filter(|name| !name.is_empty()).cloned().unwrap_or_else(|| format!("f{at}"));
    let names: Vec<String> = (0..width).map(named).collect();
    if let Err((at, twice)) = distinct(&names) {
        let error = file.error(record, Some(at), &format!("a second column is named {twice:?}"));
        return Err(error.help("`names` gives other names, `header=false` takes the line as numbers or text"));
    }
    Ok(names)
}

/// Where a name stands for the second time, and which it is.
pub fn distinct(names: &[String]) -> std::result::Result<(), (usize, &str)> {
    let mut seen = FxHashSet::default();
    match names.iter().position(|name| !seen.insert(name)) {
        Some(at) => Err((at, &names[at])),
        None => Ok(()),
    }
}

/// The numbers of the columns that are read.
pub fn chosen(file: &str, layout: &Layout, names: &[String]) -> Result<Vec<usize>> {
    let Some(wanted) = &layout.columns else { return Ok((0..names.len()).collect()) };
    let mut seen = FxHashSet::default();
    let number = |wanted: &Wanted| match wanted {
        Wanted::Name(name) => names.iter().position(|other| other == name).ok_or_else(|| no_column(file, name, names)),
        Wanted::Number(number) => {
            let from_start = if *number < 0 { number.saturating_add(names.len() as i64) } else { *number };
            usize::try_from(from_start).ok().filter(|&at| at < names.len()).ok_or_else(|| {
                Error::value(format!("`{file}` has no column {number}: it has {}", counted(names.len(), "column")))
            })
        }
    };
    let chosen: Vec<usize> = wanted.iter().map(number).collect::<Result<_>>()?;
    match chosen.iter().find(|at| !seen.insert(**at)) {
        Some(&twice) => Err(Error::value(format!("`usecols` has the column {:?} twice", names[twice]))),
        None => Ok(chosen),
    }
}

/// The dtype that is asked for of every column.
pub fn dtypes(file: &str, layout: &Layout, names: &[String]) -> Result<Vec<Option<DType>>> {
    match &layout.dtypes {
        DTypes::All(dtype) => Ok(vec![*dtype; names.len()]),
        DTypes::Some(dtypes) => {
            if let Some((unknown, _)) = dtypes.iter().find(|(name, _)| !names.contains(name)) {
                return Err(no_column(file, unknown, names));
            }
            let asked: FxHashMap<&str, DType> = dtypes.iter().map(|(name, dtype)| (name.as_str(), *dtype)).collect();
            Ok(names.iter().map(|name| asked.get(name.as_str()).copied()).collect())
        }
    }
}

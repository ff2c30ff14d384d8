//! A column of a table in the making: its dtype is that of the narrowest kind that all fields seen so far are of.
//!
//! Kinds: truth values, whole numbers, numbers, text. Whole numbers never lose a digit: if some are missing they are
//! floats where those hold them all, and text where not.

use crate::io::field::{Field, truth};
use crate::tensor::{DType, Data, TEXT_OVERHEAD, Text};

/// Fields that hold no value, besides empty ones. In quotes they are text.
pub const MISSING: &[&str] = &["NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "none"];

/// The fields of one column.
pub struct Column {
    /// What was asked for; else it is found out.
    wanted: Option<DType>,
    cells: Option<Data>,
    /// Fields ahead of the first value, all missing.
    leading: usize,
    /// Bytes that the texts take.
    texts: usize,
    /// Among floats: a whole number was met that they may not hold, and one that is not whole.
    beyond: bool,
    fractional: bool,
    /// Missing fields among truth values were met, or text behind numbers: all of it is text and has to be read again.
    text: bool,
}

/// A field that cannot be in a column of this dtype.
pub struct Unreadable(pub DType);

impl Column {
    pub fn new(wanted: Option<DType>) -> Column {
        let cells = wanted.map(|dtype| Data::zeros(dtype, 0));
        Column { wanted, cells, leading: 0, texts: 0, beyond: false, fractional: false, text: false }
    }

    /// Bytes of memory taken.
    pub fn memory(&self) -> usize {
        match &self.cells {
            Some(Data::Str(_)) | None => self.leading.saturating_mul(TEXT_OVERHEAD).saturating_add(self.texts),
            Some(cells) => cells.len().saturating_mul(cells.dtype().size()),
        }
    }

    /// Takes a field; `missing` if it holds no value.
    pub fn push(&mut self, field: &str, missing: bool) -> Result<(), Unreadable> {
        match self.wanted {
            Some(dtype) => self.push_as(dtype, field, missing),
            None => {
                if !self.text {
                    self.infer(field, missing);
                }
                Ok(())
            }
        }
    }

    fn push_as(&mut self, dtype: DType, field: &str, missing: bool) -> Result<(), Unreadable> {
        let Some(cells) = &mut self.cells else { return Ok(()) };
        match cells {
            Data::Str(cells) => {
                self.texts += push_text(cells, field, missing);
                Some(())
            }
            Data::F64(cells) => push(cells, if missing { Some(f64::NAN) } else { f64::parse(field) }),
            Data::F32(cells) => push(cells, if missing { Some(f32::NAN) } else { f32::parse(field) }),
            _ if missing => None,
            Data::I64(cells) => push(cells, Field::parse(field)),
            Data::I32(cells) => push(cells, Field::parse(field)),
            Data::U8(cells) => push(cells, Field::parse(field)),
            Data::Bool(cells) => push(cells, Field::parse(field)),
        }
        .ok_or(Unreadable(dtype))
    }

    fn infer(&mut self, field: &str, missing: bool) {
        match &mut self.cells {
            None if missing => self.leading += 1,
            None => {
                self.cells = Some(self.first(field));
                self.infer(field, missing);
            }
            Some(Data::Str(cells)) => self.texts += push_text(cells, field, missing),
            Some(Data::Bool(cells)) => match truth(field) {
                Some(value) if !missing => cells.push(value),
                _ => self.text = true,
            },
            Some(Data::I64(cells)) => match Field::parse(field) {
                Some(value) if !missing => cells.push(value),
                _ => {
                    self.beyond = cells.iter().any(|value| value.unsigned_abs() > EXACT as u64);
                    self.cells = Some(Data::F64(cells.iter().map(|&value| value as f64).collect()));
                    self.infer(field, missing);
                }
            },
            Some(Data::F64(cells)) => match f64::parse(field) {
                _ if missing => cells.push(f64::NAN),
                Some(value) => {
                    cells.push(value);
                    self.fractional = self.fractional || !is_whole(field);
                    self.beyond |= !self.fractional && value.abs() >= EXACT && !is_exact(field);
                }
                None => self.text = true,
            },
            Some(_) => {}
        }
    }

    /// An empty column of the kind of its first value, with what was missing ahead of it.
    fn first(&self, field: &str) -> Data {
        let leading = self.leading;
        if leading == 0 && truth(field).is_some() {
            Data::Bool(Vec::new())
        } else if leading == 0 && i64::parse(field).is_some() {
            Data::I64(Vec::new())
        } else if f64::parse(field).is_some() {
            Data::F64(vec![f64::NAN; leading])
        } else {
            Data::Str(vec![Text::default(); leading])
        }
    }

    /// Is it text that was found so too late? Then it is to be read again, as text.
    pub fn is_late_text(&self) -> bool {
        self.text || self.beyond && !self.fractional
    }

    /// Lets go of the values.
    pub fn clear(&mut self) {
        self.cells = None;
    }

    /// The values; where there are none, missing numbers.
    pub fn finish(self) -> Data {
        self.cells.unwrap_or_else(|| Data::F64(vec![f64::NAN; self.leading]))
    }
}

/// Up to here floats hold every whole number.
const EXACT: f64 = (1u64 << f64::MANTISSA_DIGITS) as f64;

/// Also gives the bytes that it takes.
fn push_text(cells: &mut Vec<Text>, field: &str, missing: bool) -> usize {
    let text = if missing { "" } else { field };
    cells.push(Text::from(text));
    TEXT_OVERHEAD + text.len()
}

fn push<T>(cells: &mut Vec<T>, value: Option<T>) -> Option<()> {
    cells.push(value?);
    Some(())
}

/// Do floats hold this whole number?
fn is_exact(field: &str) -> bool {
    i64::parse(field).is_some_and(|value| value.unsigned_abs() <= EXACT as u64)
}

fn is_whole(field: &str) -> bool {
    let number = field.trim();
    number.strip_prefix(['-', '+']).unwrap_or(number).bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The dtype of a column of these fields, whatever their order.
    fn dtype(fields: &[&str]) -> DType {
        let found = |fields: &mut dyn Iterator<Item = &&str>| {
            let mut column = Column::new(None);
            for field in fields {
                let missing = field.is_empty() || MISSING.contains(field);
                assert!(column.push(field, missing).is_ok());
            }
            if column.is_late_text() { DType::Str } else { column.finish().dtype() }
        };
        let ahead = found(&mut fields.iter());
        assert_eq!(ahead, found(&mut fields.iter().rev()), "{fields:?}");
        ahead
    }

    #[test]
    fn the_narrowest_kind_holds_all_fields_in_any_order() {
        for (fields, expected) in [
            (&["true", "FALSE"][..], DType::Bool),
            (&["true", "1"], DType::Str),
            (&["true", ""], DType::Str),
            (&["1", "-2", " 3 "], DType::I64),
            (&["1", "", "3"], DType::F64),
            (&["1", "NA"], DType::F64),
            (&["1", "2.5"], DType::F64),
            (&["1", "x"], DType::Str),
            (&["1.5", "x", ""], DType::Str),
            (&["true", "1.5"], DType::Str),
            (&["9223372036854775807", "1"], DType::I64),
            (&["9223372036854775808", "1"], DType::Str),
            (&["9223372036854775808", "1", "0.5"], DType::F64),
            (&["9007199254740993", "NA"], DType::Str),
            (&["9007199254740993", "1"], DType::I64),
            (&["9007199254740993", "NA", "0.5"], DType::F64),
            (&["inf", "-1e5"], DType::F64),
            (&["", "NA"], DType::F64),
            (&[], DType::F64),
        ] {
            assert_eq!(dtype(fields), expected, "{fields:?}");
        }
    }

    #[test]
    fn missing_fields_keep_their_place() {
        let mut column = Column::new(None);
        for field in ["", "1", "", "2"] {
            assert!(column.push(field, field.is_empty()).is_ok());
        }
        let Data::F64(cells) = column.finish() else { panic!("numbers with gaps are floats") };
        assert_eq!(cells.iter().map(|cell| cell.is_nan()).collect::<Vec<_>>(), [true, false, true, false]);
        assert_eq!((cells[1], cells[3]), (1.0, 2.0));
    }

    #[test]
    fn what_is_said_to_be_missing_is_so_in_every_column() {
        let column = |wanted: Option<DType>, fields: &[&str]| {
            let mut column = Column::new(wanted);
            let pushed = fields.iter().try_for_each(|field| column.push(field, *field == "-9" || *field == "false"));
            pushed
                .map(|()| (column.is_late_text(), format!("{:?}", column.finish())))
                .map_err(|unreadable| unreadable.0)
        };
        assert_eq!(column(None, &["1", "-9", "2"]), Ok((false, "F64([1.0, NaN, 2.0])".to_string())));
        assert_eq!(column(None, &["0.5", "-9"]), Ok((false, "F64([0.5, NaN])".to_string())));
        assert!(column(None, &["true", "false"]).is_ok_and(|(late, _)| late));
        assert_eq!(column(Some(DType::I64), &["1", "-9"]), Err(DType::I64));
        assert_eq!(column(Some(DType::Bool), &["true", "false"]), Err(DType::Bool));
        assert_eq!(column(Some(DType::Str), &["a", "-9"]), Ok((false, "Str([\"a\", \"\"])".to_string())));
    }
}

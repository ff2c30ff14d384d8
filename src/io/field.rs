//! Fields of tables: read as elements, and what messages say of them.
//!
//! All tables read fields the same way; no format has a parser of its own.

use crate::tensor::{Element, Text};

/// An element that a field can be read as.
pub trait Field: Element {
    /// Blanks around numbers and truth values do not count; text is taken as it stands.
    fn parse(field: &str) -> Option<Self>;
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Field for $number {
            #[inline]
            fn parse(field: &str) -> Option<Self> {
                field.trim().parse().ok()
            }
        }
    )*};
}

numbers!(u8, i32, i64, f32, f64);

impl Field for bool {
    fn parse(field: &str) -> Option<bool> {
        truth(field).or_else(|| match field.trim() {
            "1" => Some(true),
            "0" => Some(false),
            _ => None,
        })
    }
}

impl Field for Text {
    fn parse(field: &str) -> Option<Text> {
        Some(Text::from(field))
    }
}

/// A truth value in words.
pub fn truth(field: &str) -> Option<bool> {
    match field.trim() {
        "true" | "True" | "TRUE" => Some(true),
        "false" | "False" | "FALSE" => Some(false),
        _ => None,
    }
}

/// The start of a text, for messages.
pub fn shortened(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text.to_string(),
    }
}

/// Characters of a field that a message shows.
pub const SHOWN: usize = 40;

/// `1 field`, `2 fields`
pub fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blanks_count_in_text_alone() {
        assert_eq!(f64::parse(" 1.5\t"), Some(1.5));
        assert_eq!(i64::parse(" -3 "), Some(-3));
        assert_eq!(u8::parse("256"), None);
        assert_eq!(Text::parse(" a "), Some(Text::from(" a ")));
        for word in ["true", "True", " TRUE ", "1"] {
            assert_eq!(bool::parse(word), Some(true), "{word}");
        }
        for word in ["false", "False", "FALSE", " 0"] {
            assert_eq!(bool::parse(word), Some(false), "{word}");
        }
        assert_eq!((bool::parse("2"), bool::parse(""), truth("1")), (None, None, None));
    }

    #[test]
    fn long_texts_are_cut_between_characters() {
        assert_eq!(shortened("äöü", 3), "äöü");
        assert_eq!(shortened("äöü€", 3), "äöü...");
        assert_eq!(shortened("", 0), "");
    }
}

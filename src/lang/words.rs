//! What words may be, and how values are called in a sentence.

use super::ast::Value;

/// True when `word` can be written bare, as a name; else it is written as text.
pub fn is_name(word: &str) -> bool {
    word.starts_with(|c: char| c.is_ascii_lowercase())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

impl Value {
    /// What it is, for a sentence: "a number", "a list".
    pub fn noun(&self) -> &'static str {
        match self {
            Self::Range(..) => "a range",
            Self::Number(number) if number.unit.is_some() => "a quantity",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(..) => "a list",
            Self::Record(..) => "a record",
            Self::Call(_) => "a call",
            Self::Reference(reference) if reference.record.is_some() => "a name with a record",
            Self::Reference(_) => "a name",
        }
    }

    /// The word or text that it is, for places where both are the same: class names, channels.
    pub fn word(&self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text.value.clone()),
            Self::Reference(reference) if reference.record.is_none() => Some(reference.path.text()),
            _ => None,
        }
    }
}

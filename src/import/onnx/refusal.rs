//! Why a node can't be converted, and what to do.

use std::fmt;

use crate::tensor::TooLarge;

/// Why a node can't be converted.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The operator, one of its attributes or element types is not supported: what, and what to do.
    Unsupported(String),
    /// An input must be known when the model is converted.
    Value {
        /// The input's name.
        input: String,
        /// The model's inputs that it depends on.
        depends: Vec<String>,
    },
    /// The node is not what the operator's definition allows.
    Invalid(String),
    /// It needs more memory than a program may have.
    TooLarge(Vec<usize>),
    /// It depends on a node that was refused.
    Poisoned,
}

impl From<TooLarge> for Refusal {
    fn from(too_large: TooLarge) -> Self {
        Self::TooLarge(too_large.shape)
    }
}

/// The node is not supported because of what `text` says.
pub fn unsupported<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Unsupported(text.into()))
}

/// The node is wrong because of what `text` says.
pub fn invalid<T>(text: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal::Invalid(text.into()))
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unsupported(what) => write!(f, "{what} is not supported"),
            Self::Value { input, .. } => write!(f, "`{input}` must be known"),
            Self::Invalid(what) => f.write_str(what),
            Self::TooLarge(shape) => write!(f, "a tensor of shape {shape:?}, or more than 1 GiB in all"),
            Self::Poisoned => f.write_str("its input is missing"),
        }
    }
}

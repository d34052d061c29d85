//! The table of operators, by their word in a spec.

use super::operator::Operator;
use super::{dense, dropout, flatten, relu, softmax};

const TABLE: &[&dyn Operator] = &[&dense::Dense, &dropout::Dropout, &flatten::Flatten, &relu::Relu, &softmax::Softmax];

/// Every operator, by word.
pub fn all() -> &'static [&'static dyn Operator] {
    TABLE
}

/// The operator called `word`.
pub fn find(word: &str) -> Option<&'static dyn Operator> {
    TABLE.iter().copied().find(|op| op.word() == word)
}

//! What the user may say about a model besides its bytes.

use std::collections::BTreeMap;

use crate::tensor::Literal;

/// Shapes and values of inputs, by name.
#[derive(Clone, Default, Debug)]
pub struct Options {
    /// `--shape NAME=1,3,32,32`: shapes of inputs whose declared ones are open.
    pub shapes: BTreeMap<String, Vec<usize>>,
    /// `--input-value NAME=file.npy`: inputs that always have this value; they become constants.
    pub values: BTreeMap<String, Literal>,
}

//! Names and their values while a graph is converted, and the shapes of the model's inputs.

use std::collections::BTreeMap;

use crate::tensor::{DType, Tensor};

use super::options::Options;
use super::proto::{Dim, ValueInfo};
use super::tensor;

/// What a name stands for.
#[derive(Clone, Debug)]
pub enum Slot {
    /// A tensor.
    Tensor(Tensor),
    /// What a refused node would have given.
    Poisoned,
}

/// Names of a graph and of the graphs around it, innermost last.
#[derive(Default)]
pub struct Scopes {
    levels: Vec<BTreeMap<String, Slot>>,
}

impl Scopes {
    /// Enters a graph.
    pub fn enter(&mut self) {
        self.levels.push(BTreeMap::new());
    }

    /// Leaves it: its names are gone.
    pub fn leave(&mut self) {
        self.levels.pop();
    }

    /// Names of a function's body: those of the caller are not seen. Give it back to `restore`.
    #[must_use]
    pub fn isolate(&mut self) -> Self {
        std::mem::take(self)
    }

    /// The names of the caller again.
    pub fn restore(&mut self, outer: Self) {
        *self = outer;
    }

    /// Gives a name a value.
    pub fn set(&mut self, name: &str, slot: Slot) {
        if let Some(level) = self.levels.last_mut() {
            level.insert(name.to_string(), slot);
        }
    }

    /// The tensor behind a name, if it is one.
    pub fn tensor(&self, name: &str) -> Option<Tensor> {
        if let Some(Slot::Tensor(tensor)) = self.get(name) { Some(tensor.clone()) } else { None }
    }

    /// The value of a name.
    pub fn get(&self, name: &str) -> Option<&Slot> {
        self.levels.iter().rev().find_map(|level| level.get(name))
    }
}

/// Element type and shape of an input of the model; a note if a dimension was chosen.
///
/// # Errors
/// What is missing, in words that follow the input's name.
pub fn input(info: &ValueInfo, options: &Options) -> Result<(DType, Vec<usize>, Option<String>), String> {
    if let Some(other) = info.other {
        return Err(format!("is {other}; only tensors are supported"));
    }
    let dtype = tensor::dtype(info.kind).map_err(|kind| format!("holds {kind}, which C doesn't have"))?;
    if let Some(shape) = options.shapes.get(&info.name) {
        return Ok((dtype, shape.clone(), None));
    }
    let Some(declared) = &info.shape else {
        return Err(format!("has no shape; give `--shape {}=…`", info.name));
    };
    let mut note = None;
    let mut shape = Vec::new();
    for (axis, dim) in declared.iter().enumerate() {
        match dim {
            Dim::Size(size) if *size >= 0 => shape.push(*size as usize),
            _ if axis == 0 => {
                shape.push(1);
                note = Some(format!("the first dimension of `{}` is open; it was taken as 1", info.name));
            }
            Dim::Name(name) => return Err(format!("has an open dimension `{name}`; give `--shape {}=…`", info.name)),
            _ => return Err(format!("has an open dimension {axis}; give `--shape {}=…`", info.name)),
        }
    }
    Ok((dtype, shape, note))
}

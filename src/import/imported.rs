//! What an importer gives: a network of ours, and how the file's callers see its ends.

use crate::net::{Net, QNet};

/// A foreign model, understood.
#[derive(Clone, Debug)]
pub struct Imported {
    /// The network.
    pub network: Network,
    /// What the file's callers give.
    pub input: End,
    /// What they get.
    pub output: End,
    /// Facts that a user wants to know: what was left out, folded or taken differently.
    pub notes: Vec<String>,
}

/// A network in the arithmetic of its file.
#[derive(Clone, Debug)]
pub enum Network {
    /// With its own scales, bit for bit.
    Int8(QNet),
    /// In floats, to be calibrated.
    Float(Net),
}

/// The type of a model's input or output in its file. Ours are int8; others are converted by the caller.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// int8, as ours.
    Int8,
    /// uint8: ours is 128 less.
    Uint8,
    /// float: the file quantises or dequantises it; ours is the int8 value.
    Float,
}

impl Network {
    /// Dimensions of one input, without the batch.
    pub fn input(&self) -> &[usize] {
        match self {
            Self::Int8(net) => &net.input.dims,
            Self::Float(net) => &net.input.dims,
        }
    }

    /// Dimensions of one output.
    pub fn output(&self) -> &[usize] {
        match self {
            Self::Int8(net) => &net.output().dims,
            Self::Float(net) => &net.output().dims,
        }
    }
}

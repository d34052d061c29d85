//! How int8 weights are laid out for the kernels of cores with the DSP extension.
//!
//! Knows: words of weights, constants of scales, the orders in which kernels read them, when they are exact.
//! Never: computes an output; looks at float weights.
//! Add here: a file for each family of kernels.

mod columns;
mod pairs;
mod planes;
mod rows;
mod strip;

pub(super) use columns::Columns;
pub(super) use planes::Planes;
pub(super) use rows::Rows;

//! The operators: one file each, shared by training and inference.
//!
//! Knows: each operator's schema, shapes, float forward and backward, int8 form and C constants.
//! Never: looks at another operator.
//! Add here: `x.rs`, its word in `table.rs`, its template `stdlib/kernels/x.c.j2`.

mod args;
mod dense;
mod dropout;
mod flatten;
mod operator;
mod packed;
mod relu;
mod softmax;
mod table;

pub use args::Args;
pub use operator::{
    Backward, Capabilities, Channels, Context, Derived, Dropped, Example, Lowered, Operator, Overlap, Place, Storage,
    Variant,
};
pub use table::{all, find};

//! The model as mathematics.
//!
//! Knows: operators, training, int8, arena.
//! Never: opens a file, reads a clock, uses the platform's `exp`; same seed, same bits on every host and thread count.
//! Add here: an operator: one file in `ops/`, one template in `stdlib/kernels/`, one word in the table.

pub mod arena;
pub mod artifact;
pub mod closed;
mod compound;
pub mod deviation;
pub mod fixed;
pub mod forward;
pub mod gemm;
pub mod graph;
mod lanes;
pub mod level;
pub mod observe;
pub mod ops;
pub mod passes;
pub mod qnet;
pub mod quantize;
pub mod train;
pub mod tuning;

pub use compound::Compound;
pub use gemm::Isa;
pub use graph::{Net, Node};
pub use qnet::{QNet, QNode, Quant};
pub use quantize::quantize;

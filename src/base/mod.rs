//! Words that everyone speaks.
//!
//! Knows: spans, diagnostics, integer quantities, parameter schemas, shapes, digests, exact maths, seeded randomness.
//! Never: holds state.
//! Add here: a word that at least three rooms need and that has no better home.

pub mod amount;
pub mod diag;
pub mod digest;
pub mod math;
pub mod npy;
pub mod params;
pub mod quantity;
pub mod rng;
pub mod shape;
pub mod source;
pub mod suggest;
pub mod table;
pub mod xml;

pub use diag::{Diag, Diags, Severity};
pub use digest::Digest;
pub use params::{Kind, Param, Params};
pub use quantity::{Decimal, Dimension, Quantity};
pub use shape::{Element, Shape};
pub use source::{Source, Span};

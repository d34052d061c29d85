//! Tree to meaning.
//!
//! Knows: names, units, types, shapes, defaults.
//! Never: does I/O; leaves a field unread; loses a span.
//! Add here: a field: one line in its schema.

pub mod model;

pub use model::Spec;

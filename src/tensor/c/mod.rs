//! Programs as C11 without dependencies: one function a step, static buffers, `<math.h>` where a step needs it.

mod emit;
mod expr;
mod place;
mod support;

pub use emit::{Source, emit};

//! What a user's function must pass before it gets into firmware.

pub mod answer;
pub mod cases;
#[expect(clippy::module_inception, reason = "the folder is named after the step")]
mod gate;
pub mod prompt;
mod symbols;
mod text;

pub use gate::{Evidence, Gate};

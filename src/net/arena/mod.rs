//! The memory plan: where each int8 value and each kernel's scratch memory lives while it is needed.

mod pieces;
mod place;
mod plan;

pub use plan::{Home, InputHome, Plan, plan};

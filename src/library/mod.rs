//! The standard library and the project's overlay.
//!
//! Knows: the std tree, the overlay, boards, cores, signatures, the template environment.
//! Never: decides anything.
//! Add here: a kind of library file; the files themselves go into `stdlib/`.

pub mod accuracy;
pub mod board;
mod boot2;
pub mod core;
pub mod feature;
mod front;
mod pin;
pub mod record;
mod tables;
pub mod template;
mod timer;
pub mod tree;

pub use accuracy::Accuracy;
pub use board::Board;
pub use feature::Feature;
pub use tree::{Entry, Library, Origin};

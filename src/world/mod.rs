//! The doors to the outside.
//!
//! Knows: disk, processes, toolchains, clock, network, environment.
//! Never: decides; parses meaning; shows a secret.
//! Add here: a door; every other room stays pure.
#![expect(clippy::disallowed_methods, reason = "this room is where the outside begins")]

pub mod clock;
pub mod files;
#[expect(clippy::module_inception, reason = "the room is named after the type that it hands out")]
pub mod world;

pub use clock::Clock;
pub use files::{FileLock, Files, Stat};
pub use tempfile::TempDir;
pub use world::World;

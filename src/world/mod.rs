//! The doors to the outside.
//!
//! Knows: disk, processes, toolchains, clock, network, environment.
//! Never: decides; parses meaning; shows a secret.
//! Add here: a door; every other room stays pure.
#![expect(clippy::disallowed_methods, reason = "this room is where the outside begins")]

mod clock;
mod compiler;
mod disk;
mod env;
mod fetch;
mod files;
mod flags;
mod link;
pub mod llm;
mod native;
mod process;
mod sandbox;
mod settings;
mod toolchain;
#[expect(clippy::module_inception, reason = "the room is named after the type that it hands out")]
mod world;
mod zig;

pub use clock::Clock;
pub use compiler::{CompileError, Object, Unit};
pub use disk::disk_error;
pub use env::{Env, Terminal};
pub use fetch::Patience;
pub use files::{FileLock, Files, Stat};
pub use flags::{Target, base_flags, link_flags};
pub use link::Link;
pub use native::native_arguments;
pub use process::{Command, Finished, Stopped};
pub use sandbox::Sandbox;
pub use settings::{ProviderSettings, Settings};
pub use tempfile::TempDir;
pub use toolchain::{Family, Identity, Toolchain, ToolchainKind, ToolchainOptions};
pub use world::World;

//! The doors to the outside, at the real disk, with real processes and a real compiler. What needs zig is skipped, with
//! a printed reason, where it isn't in the cache; `TINYML_TEST_NETWORK=1` lets the tests fetch it.
#![expect(clippy::unwrap_used, reason = "tests")]
#![expect(clippy::print_stderr, reason = "skipped tests say so")]
#![expect(clippy::disallowed_methods, reason = "tests prepare the disk behind the world's back")]

#[path = "world/compiler.rs"]
mod compiler;
#[path = "world/fetch.rs"]
mod fetch;
#[path = "world/files.rs"]
mod files;
#[path = "world/llm.rs"]
mod llm;
#[path = "world/process.rs"]
mod process;
#[path = "world/toolchain.rs"]
mod toolchain;

use std::ffi::OsString;
use std::path::Path;

use tinyml::world::{Toolchain, ToolchainKind, ToolchainOptions, World};

/// This environment with `changes`; an empty value removes a variable.
fn world_with(changes: &[(&str, &Path)]) -> World {
    let mut variables: std::collections::BTreeMap<OsString, OsString> = std::env::vars_os().collect();
    for (name, value) in changes {
        variables.insert(name.into(), value.into());
    }
    World::with_environment(variables)
}

fn network_allowed() -> bool {
    std::env::var("TINYML_TEST_NETWORK").is_ok_and(|value| value == "1")
}

/// The pinned zig, or none with a printed reason.
fn zig(world: &World) -> Option<Toolchain> {
    let options = ToolchainOptions { offline: !network_allowed(), progress: &|text| eprintln!("{text}") };
    match world.toolchain(ToolchainKind::Zig, &options) {
        Ok(zig) => Some(zig),
        Err(diag) => {
            eprintln!("skipped: {diag} (TINYML_TEST_NETWORK=1 fetches it)");
            None
        }
    }
}

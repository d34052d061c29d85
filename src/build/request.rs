//! How a build is asked for: what the command line says, after settings and defaults.

use std::path::PathBuf;

use crate::world::ToolchainKind;

/// How a build is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where results go: `tinyml/SPEC/` below it.
    pub target_dir: PathBuf,
    /// Where finished steps are kept; none: below the target folder.
    pub shared_store: Option<PathBuf>,
    /// Steps at once.
    pub jobs: usize,
    /// The lock must not change.
    pub locked: bool,
    /// Run every test row on the simulated board.
    pub full: bool,
    /// Hash every input file again.
    pub verify_inputs: bool,
    /// The compiler, if the command line names one.
    pub toolchain: Option<ToolchainKind>,
}

impl Request {
    /// Where the store is.
    pub fn store(&self) -> PathBuf {
        self.shared_store.clone().unwrap_or_else(|| self.results())
    }

    /// Where the folders of specs are.
    pub fn results(&self) -> PathBuf {
        self.target_dir.join("tinyml")
    }
}

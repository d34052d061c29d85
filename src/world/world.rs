//! The world that a build runs in: one value that hands out the doors.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::clock::Clock;
use super::env::Env;
use super::files::Files;
use super::toolchain::{Family, Toolchain, ToolchainKind};

/// The outside: everything that isn't a function of its arguments goes through here. Clones share their state.
#[derive(Clone, Debug)]
pub struct World {
    files: Files,
    clock: Clock,
    env: Env,
    offline: bool,
    interrupted: Arc<AtomicBool>,
    /// Toolchains that this process has looked at and found whole.
    pub(super) toolchains: Arc<Mutex<BTreeMap<(ToolchainKind, Family), Toolchain>>>,
}

impl World {
    /// The real world: this machine's disk, clock, processes, and the environment of this process.
    pub fn new() -> Self {
        Self::with_environment(std::env::vars_os())
    }

    /// The real world under another environment: for tests.
    pub fn with_environment(variables: impl IntoIterator<Item = (OsString, OsString)>) -> Self {
        let interrupted = Arc::new(AtomicBool::new(false));
        Self {
            files: Files::new(interrupted.clone()),
            clock: Clock::start(),
            env: Env::new(variables),
            offline: false,
            interrupted,
            toolchains: Arc::default(),
        }
    }

    /// The same world without a network (`--offline`): whatever would need one is refused in one sentence.
    #[must_use]
    pub fn without_network(self, offline: bool) -> Self {
        Self { offline, ..self }
    }

    /// True if the network must not be used.
    pub fn offline(&self) -> bool {
        self.offline
    }

    /// The disk.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The user's environment.
    pub fn env(&self) -> &Env {
        &self.env
    }

    /// True once the user has asked to stop (Ctrl-C or SIGTERM).
    pub fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
    }

    /// Asks to stop, as Ctrl-C does.
    pub fn interrupt(&self) {
        self.interrupted.store(true, Ordering::Relaxed);
    }

    /// From now on the first Ctrl-C only raises `interrupted`; a second one ends the process with code 130.
    pub fn watch_signals(&self) -> io::Result<()> {
        for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
            // The order matters: the exit is registered first, so that it sees the flag of an *earlier* signal.
            signal_hook::flag::register_conditional_shutdown(signal, 130, self.interrupted.clone())?;
            signal_hook::flag::register(signal, self.interrupted.clone())?;
        }
        Ok(())
    }
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

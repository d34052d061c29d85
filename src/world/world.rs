//! The world that a build runs in: one value that hands out the doors.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::clock::Clock;
use super::files::Files;

/// The outside: everything that isn't a function of its arguments goes through here.
#[derive(Clone, Debug)]
pub struct World {
    files: Files,
    clock: Clock,
    interrupted: Arc<AtomicBool>,
}

impl World {
    /// The real world: this machine's disk, clock and processes.
    pub fn new() -> Self {
        let interrupted = Arc::new(AtomicBool::new(false));
        Self { files: Files::new(interrupted.clone()), clock: Clock::start(), interrupted }
    }

    /// The disk.
    pub fn files(&self) -> &Files {
        &self.files
    }

    /// The clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// True once the user has asked to stop (Ctrl-C or SIGTERM).
    pub fn interrupted(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed)
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

//! The only clock: seconds since the world began, which never run backwards.

use std::time::Instant;

/// A monotonic clock.
#[derive(Clone, Debug)]
pub struct Clock(Instant);

impl Clock {
    /// A clock that starts at zero.
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Seconds since the world was made.
    pub fn now(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

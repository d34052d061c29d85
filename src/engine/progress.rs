//! What the engine tells while it works. Painting is `cli`'s.

use crate::base::Diag;

use super::key::Key;
use super::outcome::StepOutcome;

/// One moment of a build. Events of different steps interleave.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// First of all: the steps that will be done, looked up or skipped, as id and title.
    Plan {
        /// Id and title, each step after those it reads.
        steps: &'a [(String, String)],
    },
    /// Another build does this step; ours waits for it.
    Blocked {
        /// The step.
        id: &'a str,
        /// For people.
        title: &'a str,
    },
    /// A step isn't in the store and runs now.
    Started {
        /// The step.
        id: &'a str,
        /// For people.
        title: &'a str,
        /// What it will be kept under.
        key: Key,
    },
    /// A running step tells how far it is.
    Working {
        /// The step.
        id: &'a str,
        /// For people.
        title: &'a str,
        /// What it does now.
        text: &'a str,
        /// How much is done.
        done: u64,
        /// Of how much; 0 if unknown.
        total: u64,
    },
    /// A step ran, was found in the store, failed, or was skipped because another failed or the user stopped.
    Finished {
        /// All about it, with its warnings or errors.
        step: &'a StepOutcome,
    },
    /// Something about the build as a whole.
    Diagnostic {
        /// What.
        diag: &'a Diag,
    },
}

/// Who is told. Called from several threads at once.
pub trait Progress: Sync {
    /// Something happened.
    fn event(&self, event: &Event<'_>);
}

/// Tells nobody.
pub struct Silent;

impl Progress for Silent {
    fn event(&self, _: &Event<'_>) {}
}

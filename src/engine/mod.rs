//! Steps, keys, store.
//!
//! Knows: readiness, keys, blobs, threads, locks.
//! Never: names a stage; trusts an mtime for correctness; trusts a damaged entry; lets a step see an undeclared input.
//! Add here: nothing about machine learning.

pub mod content;
pub mod draw;
mod execute;
pub mod explain;
pub mod graph;
pub mod job;
pub mod key;
mod last;
pub mod outcome;
pub mod plan;
pub mod progress;
mod record;
pub mod run;
mod session;
mod stat;
mod store;

pub use explain::{Change, Explanation, Reason, explain};
pub use graph::{Filter, Graph, Input, Node, StepId};
pub use job::{Bytes, Job, Outputs, Pool, Stage};
pub use key::{Facts, Key};
pub use outcome::{Artifact, Finish, Outcome, StepOutcome};
pub use plan::{Forecast, StepPlan, plan};
pub use progress::{Event, Progress, Silent};
pub use run::{Options, run};

//! What a build came to: each step's end, and the artifacts it made or found.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::base::{Diag, Diags, Digest, Severity};

use super::execute::Stop;
use super::job::Bytes;
use super::key::Key;
use super::session::Session;

/// Content of the store: its address and length in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Artifact {
    /// Of the content.
    pub digest: Digest,
    /// Bytes.
    pub size: u64,
}

/// How a step ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Finish {
    /// It ran.
    Ran,
    /// It was in the store.
    Cached,
    /// It ran or wanted to run, and failed.
    Failed,
    /// It didn't run, because a step it reads failed or the user stopped the build.
    Skipped,
}

impl Finish {
    /// The word in reports and events.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ran => "run",
            Self::Cached => "cached",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
        }
    }
}

/// The end of one step.
#[derive(Clone, Debug)]
pub struct StepOutcome {
    /// What people call it: `train:net`.
    pub id: String,
    /// What people saw while it ran.
    pub title: String,
    /// How it ended.
    pub finish: Finish,
    /// What this build spent on it.
    pub seconds: f64,
    /// What its work took when it was done, in this build or an earlier one.
    pub cost: f64,
    /// None if it wasn't known before the end.
    pub key: Option<Key>,
    /// What it made, by name.
    pub outputs: BTreeMap<String, Artifact>,
    /// Its errors if it failed, else its warnings.
    pub diags: Vec<Diag>,
}

/// The end of a build.
pub struct Outcome<'a> {
    /// Every wanted step, each after those it reads.
    pub steps: Vec<StepOutcome>,
    /// The user stopped it: what is missing is skipped, not failed.
    pub interrupted: bool,
    /// From beginning to end.
    pub seconds: f64,
    /// About the build as a whole: a store that can't be written.
    pub warnings: Vec<Diag>,
    pub(super) session: Session<'a>,
}

impl Outcome<'_> {
    /// The end of the step of that id.
    pub fn step(&self, id: &str) -> Option<&StepOutcome> {
        self.steps.iter().find(|step| step.id == id)
    }

    /// True if every wanted step ran or was in the store.
    pub fn complete(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.finish, Finish::Ran | Finish::Cached))
    }

    /// How many steps ended so.
    pub fn count(&self, finish: Finish) -> usize {
        self.steps.iter().filter(|step| step.finish == finish).count()
    }

    /// All errors of all failed steps, an equal one once.
    pub fn errors(&self) -> Diags {
        self.diags(Severity::Error)
    }

    /// All warnings: the build's, then those of the steps, an equal one once.
    pub fn all_warnings(&self) -> Diags {
        self.diags(Severity::Warning)
    }

    fn diags(&self, severity: Severity) -> Diags {
        let mut seen = BTreeSet::new();
        let all = self.warnings.iter().chain(self.steps.iter().flat_map(|step| &step.diags));
        let wanted = all.filter(|diag| diag.severity == severity && seen.insert(format!("{diag:?}")));
        Diags(wanted.cloned().collect())
    }

    /// What the step made under that name, if it came so far.
    pub fn artifact(&self, id: &str, output: &str) -> Option<Artifact> {
        self.step(id)?.outputs.get(output).copied()
    }

    /// The artifact's bytes, checked. A damaged one is made again by running its step.
    pub fn bytes(&self, id: &str, output: &str) -> Result<Bytes, Diags> {
        let missing = || Diag::error("tml::bug", format!("bug: `{id}` has no output `{output}`"));
        let step = self.session.graph.find(id).ok_or_else(missing)?;
        self.artifact(id, output).ok_or_else(missing)?;
        self.session.load(step, output).map_err(|stop| match stop {
            Stop::Failed(diags) => diags,
            Stop::Interrupted => Diag::error("tml::interrupted", "the build was stopped").into(),
        })
    }
}

impl fmt::Debug for Outcome<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{:>8} {} {:?}", step.finish.word(), step.id, step.diags)?;
        }
        Ok(())
    }
}

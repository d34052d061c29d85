//! One step, from its key to its record: wait for another build that does the same, get the inputs, run, keep. An
//! input that turns out to be damaged is made again first.

use std::any::Any;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::{Diag, Diags, Digest};

use super::content;
use super::graph::{Input, StepId};
use super::job::{Bytes, Fault, Job, Outputs};
use super::key;
use super::outcome::{Finish, StepOutcome};
use super::progress::Event;
use super::record::Record;
use super::session::{Evaluated, Session};

/// A file that changes under every one of so many tries isn't data.
const TRIES: usize = 4;

/// Why a step has no result.
pub(super) enum Stop {
    /// Told by the stage, or about it.
    Failed(Diags),
    /// The user stopped the build.
    Interrupted,
}

impl From<Diag> for Stop {
    fn from(diag: Diag) -> Self {
        Self::Failed(diag.into())
    }
}

impl From<Diags> for Stop {
    fn from(diags: Diags) -> Self {
        Self::Failed(diags)
    }
}

/// Why a try came to nothing though nothing failed.
enum Retry {
    /// A file isn't what the key says.
    Stale(PathBuf),
    /// An artifact of that step is damaged.
    Damaged(StepId),
    /// No reason to try again.
    Stop(Stop),
}

impl<T: Into<Stop>> From<T> for Retry {
    fn from(stop: T) -> Self {
        Self::Stop(stop.into())
    }
}

/// The step's key now, and its end if the store has it.
pub(super) fn check(session: &Session, step: StepId) -> Result<(Evaluated, Option<StepOutcome>), Stop> {
    guarded(session, step, || {
        let evaluated = session.evaluate(step)?;
        let record = session.store.look_up(evaluated.key);
        let end = record.map(|record| session.cached(step, evaluated.key, record));
        Ok((evaluated, end))
    })
}

/// Runs the step, unless another build has done so when its lock is free.
pub(super) fn perform(session: &Session, step: StepId, mut evaluated: Evaluated) -> Result<StepOutcome, Stop> {
    let mut last = None;
    for _ in 0..TRIES {
        match guarded(session, step, || attempt(session, step, &evaluated)) {
            Ok(end) => return Ok(end),
            Err(Retry::Stop(stop)) => return Err(stop),
            Err(Retry::Damaged(producer)) => heal(session, producer)?,
            Err(Retry::Stale(path)) => {
                session.forget(&path);
                last = Some(path);
            }
        }
        evaluated = session.evaluate(step)?;
    }
    let id = &session.node(step).id;
    let diag = match last {
        Some(path) => Diag::error("tml::changing", format!("`{}` changes while it is read", path.display()))
            .help("let whatever writes it finish, then build again"),
        None => Diag::error("tml::disk", format!("what `{id}` reads is damaged again each time it is made"))
            .help("check the disk under the store"),
    };
    Err(diag.into())
}

fn attempt(session: &Session, step: StepId, evaluated: &Evaluated) -> Result<StepOutcome, Retry> {
    let (node, key) = (session.node(step), evaluated.key);
    let title = node.stage.title();
    let mut blocked = || session.progress.event(&Event::Blocked { id: &node.id, title: &title });
    let held = session.store.lock(key, &mut blocked).map_err(|_| Stop::Interrupted)?;
    let end = if let Some(record) = session.store.look_up(key) {
        session.cached(step, key, record)
    } else {
        let inputs = inputs(session, step, evaluated)?;
        session.progress.event(&Event::Started { id: &node.id, title: &title, key });
        let begin = session.world.clock().now();
        let (outputs, warnings) = work(session, step, evaluated, inputs)?;
        let seconds = session.world.clock().now() - begin;
        let outputs = outputs.into_iter().map(|(name, bytes)| (name, session.store.put(bytes))).collect();
        let facts = key::lines(node, &evaluated.inputs);
        let record = Record { title, seconds, outputs, facts, warnings };
        session.store.put_record(key, &record);
        let _ = session.world.files().remove_file(&session.store.unfinished_path(key));
        StepOutcome { finish: Finish::Ran, seconds, ..session.cached(step, key, record) }
    };
    session.store.unlock(key, held);
    Ok(end)
}

/// The contents of all inputs but trees, which are read while the step works.
fn inputs(session: &Session, step: StepId, evaluated: &Evaluated) -> Result<BTreeMap<String, Bytes>, Retry> {
    let mut loaded = BTreeMap::new();
    for input in &session.node(step).inputs {
        let bytes = match input {
            Input::Tree { .. } => continue,
            Input::Step { name, step, .. } => session.store.get(evaluated.inputs[name]).ok_or(Retry::Damaged(*step))?,
            Input::File { name, path } => {
                let bytes = session.world.files().read(path).map_err(|error| content::unreadable(path, &error))?;
                if Digest::of(&bytes) != evaluated.inputs[name] {
                    return Err(Retry::Stale(path.clone()));
                }
                Arc::new(bytes)
            }
        };
        loaded.insert(input.name().to_string(), bytes);
    }
    Ok(loaded)
}

fn work(
    session: &Session,
    step: StepId,
    evaluated: &Evaluated,
    inputs: BTreeMap<String, Bytes>,
) -> Result<(Outputs, Vec<Diag>), Retry> {
    let node = session.node(step);
    let title = node.stage.title();
    let report = |text: &str, done: u64, total: u64| {
        session.progress.event(&Event::Working { id: &node.id, title: &title, text, done, total });
    };
    let (cancel, jobs) = (session.options.cancel.clone(), session.options.jobs);
    let job = Job::new(session.world, inputs, evaluated.trees.clone(), &report, cancel, session.scratch(), jobs);
    let job = job.unfinished(session.store.unfinished_path(evaluated.key));
    let result = node.stage.run(&job);
    let saw_cancel = job.saw_cancel();
    let (warnings, fault) = job.finish();
    match (fault, result) {
        // A tool that the same Ctrl-C ended is no failure either.
        _ if saw_cancel => Err(Stop::Interrupted.into()),
        (_, Err(_)) if session.cancelled() => Err(Stop::Interrupted.into()),
        (Some(Fault::Stale(path)), _) => Err(Retry::Stale(path)),
        (Some(Fault::Unreadable(diag)), _) => Err(diag.into()),
        (None, Ok(outputs)) => Ok((outputs, warnings)),
        (None, Err(mut diags)) => {
            diags.0.extend(warnings);
            Err(diags.into())
        }
    }
}

/// Makes again what `step` made: a blob of it is gone, so it is no longer a hit.
fn heal(session: &Session, step: StepId) -> Result<(), Stop> {
    let (evaluated, end) = check(session, step)?;
    let end = match end {
        Some(end) => end,
        None => perform(session, step, evaluated)?,
    };
    session.finish(step, end);
    Ok(())
}

impl Session<'_> {
    /// The bytes that `step` made under that name, made again if they are damaged.
    pub(super) fn load(&self, step: StepId, output: &str) -> Result<Bytes, Stop> {
        for _ in 0..TRIES {
            if let Some(bytes) = self.store.get(self.artifact(step, output)?.digest) {
                return Ok(bytes);
            }
            heal(self, step)?;
        }
        let id = &self.node(step).id;
        Err(Diag::error("tml::disk", format!("`{output}` of `{id}` is damaged again each time it is made")).into())
    }
}

/// A stage that panics fails its step, not the build.
fn guarded<T, E: From<Diag>>(session: &Session, step: StepId, f: impl FnOnce() -> Result<T, E>) -> Result<T, E> {
    catch_unwind(AssertUnwindSafe(f)).unwrap_or_else(|panic| {
        let id = &session.node(step).id;
        let diag = Diag::error("tml::bug", format!("`{id}` stopped by a bug in cargo-tinyml: {}", message(&*panic)));
        Err(diag.help("report it, with the spec if you can; the other steps are not touched").into())
    })
}

fn message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("unknown")
}

//! The scheduler: every step is in exactly one state, and threads take what is ready.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use crate::base::Diags;
use crate::world::World;

use super::execute::{self, Stop};
use super::graph::{Graph, StepId};
use super::job::{Pool, lock};
use super::last::Last;
use super::outcome::{Finish, Outcome, StepOutcome};
use super::progress::{Event, Progress};
use super::session::{Evaluated, Session};

/// How often a thread without work looks whether the user has asked to stop.
const POLL: Duration = Duration::from_millis(50);

/// How a build is done.
#[derive(Clone, Debug)]
pub struct Options {
    /// The cache folder, for example `target/tinyml`; the store is `store-v1` in it.
    pub store: PathBuf,
    /// Whose last run `explain` compares with: the spec's name.
    pub scope: String,
    /// How many steps may use a processor at once (`-j`); at least one.
    pub jobs: usize,
    /// Which steps are wanted, with all they read; none means all.
    pub targets: Vec<String>,
    /// Hash every file again, whatever its size and time say.
    pub verify_inputs: bool,
    /// Raised by whoever wants the build to stop; Ctrl-C does the same through the world.
    pub cancel: Arc<AtomicBool>,
}

impl Options {
    /// All steps, `jobs` at once, with the store in the cache folder `store`.
    pub fn new(store: impl Into<PathBuf>, scope: impl Into<String>, jobs: usize) -> Self {
        Self {
            store: store.into(),
            scope: scope.into(),
            jobs: jobs.max(1),
            targets: Vec::new(),
            verify_inputs: false,
            cancel: Arc::default(),
        }
    }
}

/// Where a step is. Queues are only views of this.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// Nobody has asked for it.
    Unknown,
    /// Wanted; something it reads isn't done.
    Want,
    /// All it reads is done; its key is looked up, now or as soon as a thread is free.
    Ready,
    /// Not in the store; waits for a place in its pool.
    Queued,
    /// A thread works on it.
    Running,
    /// Its artifacts are known.
    Done,
    /// It failed, or something it reads did.
    Failed,
}

enum Task {
    Check(StepId),
    Perform(StepId, Evaluated),
}

struct Schedule<'a> {
    graph: &'a Graph,
    jobs: usize,
    states: Vec<State>,
    ready: BTreeSet<StepId>,
    queued: BTreeMap<StepId, Evaluated>,
    running: Vec<Pool>,
    left: usize,
}

/// Does what `options` want of `graph`. A failing step stops those that read it, and no other. `Err` only if a target
/// doesn't exist.
pub fn run<'a>(
    graph: &'a Graph,
    options: &Options,
    world: &'a World,
    progress: &'a dyn Progress,
) -> Result<Outcome<'a>, Diags> {
    let begin = world.clock().now();
    let wanted = wanted(graph, options)?;
    let session = Session::new(graph, options, world, progress);
    let steps: Vec<(String, String)> =
        wanted.iter().map(|step| (graph.node(*step).id.clone(), graph.node(*step).stage.title())).collect();
    progress.event(&Event::Plan { steps: &steps });
    let schedule = Mutex::new(Schedule::new(graph, options.jobs, &wanted));
    let changed = Condvar::new();
    let waiting =
        wanted.iter().filter(|step| graph.node(**step).stage.pool() == Pool::Net).count().min(places(Pool::Net, 0));
    std::thread::scope(|scope| {
        for _ in 1..(options.jobs + waiting).min(wanted.len()) {
            scope.spawn(|| take_tasks(&session, &schedule, &changed));
        }
        take_tasks(&session, &schedule, &changed);
    });
    let schedule = schedule.into_inner().unwrap_or_else(PoisonError::into_inner);
    for step in schedule.unfinished() {
        session.finish(step, session.end(step, Finish::Skipped));
    }
    Ok(close(session, schedule.left > 0, begin))
}

/// The steps that `options` want, with all they read.
pub(super) fn wanted(graph: &Graph, options: &Options) -> Result<BTreeSet<StepId>, Diags> {
    if options.targets.is_empty() {
        return Ok(graph.steps().collect());
    }
    let targets: Result<Vec<StepId>, _> = options.targets.iter().map(|word| graph.look_up(word)).collect();
    Ok(graph.cone(targets?))
}

fn close(session: Session<'_>, interrupted: bool, begin: f64) -> Outcome<'_> {
    session.stats.save(session.world.files());
    let steps = session.ends();
    let mut last = Last::load(session.world, &session.store, &session.options.scope);
    for (step, key) in steps.iter().filter_map(|step| Some((step, step.key?))) {
        last.set(&step.id, key);
    }
    last.save(&session.store, &session.options.scope);
    let seconds = session.world.clock().now() - begin;
    Outcome { steps, interrupted, seconds, warnings: session.store.broken().into_iter().collect(), session }
}

fn take_tasks(session: &Session, schedule: &Mutex<Schedule>, changed: &Condvar) {
    let mut guard = lock(schedule);
    while guard.left > 0 && !session.cancelled() {
        let Some(task) = guard.next() else {
            guard = changed.wait_timeout(guard, POLL).unwrap_or_else(PoisonError::into_inner).0;
            continue;
        };
        drop(guard);
        let (step, result) = match task {
            Task::Check(step) => (step, check(session, schedule, step)),
            Task::Perform(step, evaluated) => (step, execute::perform(session, step, evaluated).map(Some)),
        };
        match result {
            Ok(None) => {}
            Ok(Some(end)) => {
                session.finish(step, end);
                lock(schedule).done(step);
            }
            Err(stop) => stopped(session, schedule, step, stop),
        }
        changed.notify_all();
        guard = lock(schedule);
    }
    drop(guard);
    changed.notify_all();
}

/// The step's end if it is in the store; else it is queued.
fn check(session: &Session, schedule: &Mutex<Schedule>, step: StepId) -> Result<Option<StepOutcome>, Stop> {
    let (evaluated, end) = execute::check(session, step)?;
    if end.is_none() {
        lock(schedule).queue(step, evaluated);
    }
    Ok(end)
}

fn stopped(session: &Session, schedule: &Mutex<Schedule>, step: StepId, stop: Stop) {
    let diags = match stop {
        Stop::Failed(diags) => diags.0,
        Stop::Interrupted => return lock(schedule).give_back(step),
    };
    session.finish(step, StepOutcome { diags, ..session.end(step, Finish::Failed) });
    for below in lock(schedule).failed(step) {
        session.finish(below, session.end(below, Finish::Skipped));
    }
}

/// How many steps of a pool may run at once.
fn places(pool: Pool, jobs: usize) -> usize {
    match pool {
        Pool::Cpu => jobs,
        Pool::Heavy => 1,
        Pool::Net => 4,
    }
}

impl<'a> Schedule<'a> {
    fn new(graph: &'a Graph, jobs: usize, wanted: &BTreeSet<StepId>) -> Self {
        let mut schedule = Self {
            graph,
            jobs,
            states: vec![State::Unknown; graph.len()],
            ready: BTreeSet::new(),
            queued: BTreeMap::new(),
            running: Vec::new(),
            left: wanted.len(),
        };
        for step in wanted {
            schedule.states[step.0] = State::Want;
        }
        schedule.wake();
        schedule
    }

    /// Wanted steps of which all they read is done become ready.
    fn wake(&mut self) {
        for step in self.graph.steps() {
            let is_done = |above: &StepId| self.states[above.0] == State::Done;
            if self.states[step.0] == State::Want && self.graph.node(step).upstream().iter().all(is_done) {
                self.states[step.0] = State::Ready;
                self.ready.insert(step);
            }
        }
    }

    /// Looking up is cheap and may free others, so it goes first.
    fn next(&mut self) -> Option<Task> {
        if let Some(step) = self.ready.pop_first() {
            return Some(Task::Check(step));
        }
        let step = *self.queued.keys().find(|step| self.has_place(self.pool(**step)))?;
        let evaluated = self.queued.remove(&step)?;
        self.states[step.0] = State::Running;
        self.running.push(self.pool(step));
        Some(Task::Perform(step, evaluated))
    }

    fn pool(&self, step: StepId) -> Pool {
        self.graph.node(step).stage.pool()
    }

    fn has_place(&self, pool: Pool) -> bool {
        let count = |wanted: &dyn Fn(Pool) -> bool| self.running.iter().filter(|pool| wanted(**pool)).count();
        let local = count(&|running| running != Pool::Net);
        count(&|running| running == pool) < places(pool, self.jobs) && (pool == Pool::Net || local < self.jobs)
    }

    fn queue(&mut self, step: StepId, evaluated: Evaluated) {
        self.states[step.0] = State::Queued;
        self.queued.insert(step, evaluated);
    }

    /// Frees the step's place in its pool, if it had one.
    fn leave(&mut self, step: StepId, state: State) {
        if self.states[step.0] == State::Running {
            let pool = self.pool(step);
            let at = self.running.iter().position(|running| *running == pool);
            at.map(|at| self.running.swap_remove(at));
        }
        self.states[step.0] = state;
    }

    fn done(&mut self, step: StepId) {
        self.leave(step, State::Done);
        self.left -= 1;
        self.wake();
    }

    /// The steps that can't be done any more because `step` failed.
    fn failed(&mut self, step: StepId) -> Vec<StepId> {
        self.leave(step, State::Failed);
        let mut below = Vec::new();
        for reader in self.graph.steps() {
            let has_failed = |above: &StepId| self.states[above.0] == State::Failed;
            if self.states[reader.0] == State::Want && self.graph.node(reader).upstream().iter().any(has_failed) {
                self.states[reader.0] = State::Failed;
                below.push(reader);
            }
        }
        self.left -= 1 + below.len();
        below
    }

    /// The step was stopped half-way; it is wanted as before.
    fn give_back(&mut self, step: StepId) {
        self.leave(step, State::Want);
        self.wake();
    }

    fn unfinished(&self) -> Vec<StepId> {
        let is_open = |step: &StepId| !matches!(self.states[step.0], State::Unknown | State::Done | State::Failed);
        self.graph.steps().filter(is_open).collect()
    }
}

//! A step's work, and all that it sees of the build while it works: its declared inputs and nothing else.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::base::{Diag, Diags, Digest};
use crate::world::{TempDir, World};

use super::content::Manifest;
use super::key::Facts;

/// One step of work: a function of its inputs and its facts, as far as the store is concerned.
pub trait Stage: Send + Sync {
    /// What people see while it runs: `train net#3`. Not part of the key.
    fn title(&self) -> String;
    /// All that may change the result, besides inputs.
    fn facts(&self, out: &mut dyn Facts);
    /// What it competes for.
    fn pool(&self) -> Pool {
        Pool::Cpu
    }
    /// Does the work. The same inputs and facts must give the same bytes, on any machine and any number of threads.
    fn run(&self, job: &Job) -> Result<Outputs, Diags>;
}

/// What a step competes for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Pool {
    /// One processor; as many at once as `-j` allows.
    Cpu,
    /// Much memory or all processors; one at once.
    Heavy,
    /// Waiting for somebody else's computer; four at once, beside the others.
    Net,
}

/// What a step makes: bytes by name.
pub type Outputs = BTreeMap<String, Vec<u8>>;

/// An artifact's bytes, cheap to clone.
pub type Bytes = Arc<Vec<u8>>;

/// Why a step's result can't be used, whatever the stage returned.
#[derive(Clone, Debug)]
pub(super) enum Fault {
    /// A file isn't what the key says it is: the path as the cache of file stats knows it.
    Stale(PathBuf),
    /// A file can't be read.
    Unreadable(Diag),
}

/// Where a job tells how far it is: what it does, how much is done, of how much (0: unknown).
pub(super) type Report<'a> = &'a (dyn Fn(&str, u64, u64) + Sync);

/// What a running step sees.
pub struct Job<'a> {
    world: &'a World,
    inputs: BTreeMap<String, Bytes>,
    trees: BTreeMap<String, (PathBuf, Manifest)>,
    threads: usize,
    report: Report<'a>,
    cancel: Arc<AtomicBool>,
    saw_cancel: AtomicBool,
    scratch_parent: PathBuf,
    scratch: OnceLock<TempDir>,
    /// Where an unfinished run may leave what the next one goes on from.
    unfinished: Option<PathBuf>,
    warnings: Mutex<Vec<Diag>>,
    fault: Mutex<Option<Fault>>,
}

impl<'a> Job<'a> {
    /// A job outside any graph, for calling a stage directly (tests): inputs by name, no trees, one thread.
    pub fn detached(world: &'a World, inputs: BTreeMap<String, Vec<u8>>) -> Self {
        let inputs = inputs.into_iter().map(|(name, bytes)| (name, Arc::new(bytes))).collect();
        let cancel = Arc::new(AtomicBool::new(false));
        Self::new(world, inputs, BTreeMap::new(), &|_, _, _| {}, cancel, world.env().scratch_root(), 1)
    }

    pub(super) fn new(
        world: &'a World,
        inputs: BTreeMap<String, Bytes>,
        trees: BTreeMap<String, (PathBuf, Manifest)>,
        report: Report<'a>,
        cancel: Arc<AtomicBool>,
        scratch_parent: PathBuf,
        threads: usize,
    ) -> Self {
        Self {
            world,
            inputs,
            trees,
            threads,
            report,
            cancel,
            saw_cancel: AtomicBool::new(false),
            scratch_parent,
            scratch: OnceLock::new(),
            unfinished: None,
            warnings: Mutex::default(),
            fault: Mutex::default(),
        }
    }

    /// The bytes of the input of that name, checked against its digest.
    ///
    /// # Panics
    /// If the step declared no such file or output: our bug.
    pub fn input(&self, name: &str) -> &[u8] {
        self.inputs.get(name).unwrap_or_else(|| panic!("bug: the step reads `{name}`, which it didn't declare"))
    }

    /// True if the step declared a file or output of that name.
    pub fn has_input(&self, name: &str) -> bool {
        self.inputs.contains_key(name)
    }

    /// The names of all declared files and outputs, sorted.
    pub fn inputs(&self) -> impl Iterator<Item = &str> {
        self.inputs.keys().map(String::as_str)
    }

    /// The files of the tree of that name, sorted by path: relative path (`/` between parts) and bytes, each read when
    /// it is asked for and checked against its digest. A file that can't be read, or has changed since it was
    /// digested, ends the iterator and fails (or repeats) the step, whatever the stage then returns.
    ///
    /// # Panics
    /// If the step declared no such tree: our bug.
    pub fn tree(&self, name: &str) -> Tree<'_> {
        let (root, manifest) =
            self.trees.get(name).unwrap_or_else(|| panic!("bug: the step reads `{name}`, which it didn't declare"));
        Tree { job: self, root, files: manifest.files.iter() }
    }

    /// The doors, for stages that run tools. Files of the project are inputs: read them through the job.
    pub fn world(&self) -> &'a World {
        self.world
    }

    /// How many threads the stage may use; its result must not depend on it.
    pub fn threads(&self) -> usize {
        self.threads
    }

    /// Tells how far the work is: `done` of `total` (0: unknown).
    pub fn progress(&self, text: &str, done: u64, total: u64) {
        (self.report)(text, done, total);
    }

    /// Tells something that doesn't stop the build. It is kept with the result, and told again on a cache hit.
    pub fn warn(&self, diag: Diag) {
        lock(&self.warnings).push(diag);
    }

    /// True once the build should stop: return early, with anything. The result is then dropped.
    pub fn cancelled(&self) -> bool {
        let cancelled = self.cancel.load(Ordering::Relaxed) || self.world.interrupted();
        if cancelled {
            self.saw_cancel.store(true, Ordering::Relaxed);
        }
        cancelled
    }

    /// A private folder, the same at every call, removed with all in it when the step ends. Its name must not get
    /// into the outputs.
    pub fn scratch(&self) -> Result<PathBuf, Diag> {
        if let Some(folder) = self.scratch.get() {
            return Ok(folder.path().to_path_buf());
        }
        let files = self.world.files();
        let folder = files
            .temp_dir(&self.scratch_parent)
            .or_else(|_| files.temp_dir(&self.world.env().scratch_root()))
            .map_err(|error| Diag::error("tml::disk", format!("can't make a temporary folder: {error}")))?;
        Ok(self.scratch.get_or_init(|| folder).path().to_path_buf())
    }

    /// The same job with a place for what an unfinished run leaves.
    pub(super) fn unfinished(mut self, path: PathBuf) -> Self {
        self.unfinished = Some(path);
        self
    }

    /// What an earlier run of this step, with the same key, left with [`Job::keep`] before it was killed. A step that uses
    /// it must end in the bytes of a run from the beginning.
    pub fn resume(&self) -> Option<Vec<u8>> {
        let bytes = self.world.files().read(self.unfinished.as_ref()?).ok()?;
        let (digest, state) = bytes.split_at_checked(HEX)?;
        (Digest::of(state).hex().as_bytes() == digest).then(|| state.to_vec())
    }

    /// Leaves `state` for a next run of this step, should this one be killed; it is forgotten when the step ends. A disk that
    /// refuses it costs nothing but that.
    pub fn keep(&self, state: &[u8]) {
        if let Some(path) = &self.unfinished {
            let bytes = [Digest::of(state).hex().as_bytes(), state].concat();
            let _ = path.parent().map(|folder| self.world.files().create_dir_all(folder));
            let _ = self.world.files().write_atomic(path, &bytes, false);
        }
    }

    pub(super) fn saw_cancel(&self) -> bool {
        self.saw_cancel.load(Ordering::Relaxed)
    }

    /// What the work left behind besides its result: warnings, and why the result can't be used.
    pub(super) fn finish(self) -> (Vec<Diag>, Option<Fault>) {
        let inner = PoisonError::into_inner;
        (
            self.warnings.into_inner().unwrap_or_else(inner),
            self.fault.into_inner().unwrap_or_else(PoisonError::into_inner),
        )
    }
}

/// Digits of a digest.
const HEX: usize = 64;

/// Locks, also after a panic elsewhere: what these locks guard is whole at every moment.
pub(super) fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The files of a tree, one at a time.
pub struct Tree<'a> {
    job: &'a Job<'a>,
    root: &'a Path,
    files: std::slice::Iter<'a, (String, Digest)>,
}

impl Tree<'_> {
    /// How many files are left.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// True if no file is left.
    pub fn is_empty(&self) -> bool {
        self.files.len() == 0
    }
}

impl Iterator for Tree<'_> {
    type Item = (String, Vec<u8>);

    fn next(&mut self) -> Option<Self::Item> {
        let mut fault = lock(&self.job.fault);
        if fault.is_some() {
            return None;
        }
        let (path, digest) = self.files.next()?;
        let full = self.root.join(path);
        match self.job.world.files().read(&full) {
            Ok(bytes) if Digest::of(&bytes) == *digest => Some((path.clone(), bytes)),
            Ok(_) => {
                *fault = Some(Fault::Stale(full));
                None
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                *fault = Some(Fault::Stale(full));
                None
            }
            Err(error) => {
                *fault = Some(Fault::Unreadable(super::content::unreadable(&full, &error)));
                None
            }
        }
    }
}

//! What all threads of one build share, and the question they ask first: which key does this step have now?

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::base::{Diag, Diags, Digest};
use crate::world::World;

use super::content::{self, Manifest};
use super::graph::{Graph, Input, Node, StepId};
use super::job::lock;
use super::key::{self, InputDigests, Key};
use super::outcome::{Artifact, Finish, StepOutcome};
use super::progress::{Event, Progress};
use super::record::Record;
use super::run::Options;
use super::stat::StatCache;
use super::store::Store;

/// One build, or one look at what a build would do.
pub(super) struct Session<'a> {
    pub(super) graph: &'a Graph,
    pub(super) options: Options,
    pub(super) world: &'a World,
    pub(super) progress: &'a dyn Progress,
    pub(super) store: Store<'a>,
    pub(super) stats: StatCache,
    ends: Mutex<Vec<Option<StepOutcome>>>,
    told_broken: AtomicBool,
}

/// A step's key, and the contents that it stands for.
pub(super) struct Evaluated {
    pub(super) key: Key,
    pub(super) inputs: InputDigests,
    pub(super) trees: BTreeMap<String, (PathBuf, Manifest)>,
}

impl<'a> Session<'a> {
    pub(super) fn new(graph: &'a Graph, options: &Options, world: &'a World, progress: &'a dyn Progress) -> Self {
        let store = Store::new(world.files(), &options.store);
        Self {
            stats: StatCache::new(store.path("stat"), !options.verify_inputs),
            store,
            graph,
            options: options.clone(),
            world,
            progress,
            ends: Mutex::new(vec![None; graph.len()]),
            told_broken: AtomicBool::new(false),
        }
    }

    pub(super) fn node(&self, step: StepId) -> &'a Node {
        self.graph.node(step)
    }

    /// True once the user has asked to stop.
    pub(super) fn cancelled(&self) -> bool {
        self.options.cancel.load(Ordering::Relaxed) || self.world.interrupted()
    }

    /// The key that the step has now. All it reads from other steps must be known.
    pub(super) fn evaluate(&self, step: StepId) -> Result<Evaluated, Diags> {
        let node = self.node(step);
        let (mut inputs, mut trees, mut diags) = (BTreeMap::new(), BTreeMap::new(), Diags::default());
        for input in &node.inputs {
            let digest = match input {
                Input::Step { step, output, .. } => self.upstream(*step, output),
                Input::File { path, .. } => content::file(self.world, &self.stats, path),
                Input::Tree { name, root, pattern } => {
                    content::tree(self.world, &self.stats, root, pattern, self.options.jobs).map(|manifest| {
                        let digest = manifest.digest();
                        trees.insert(name.clone(), (root.clone(), manifest));
                        digest
                    })
                }
            };
            match digest {
                Ok(digest) => drop(inputs.insert(input.name().to_string(), digest)),
                Err(diag) => diags.push(self.placed(step, diag)),
            }
        }
        diags.into_result(())?;
        Ok(Evaluated { key: key::key(node, &inputs), inputs, trees })
    }

    fn placed(&self, step: StepId, diag: Diag) -> Diag {
        match &self.node(step).span {
            Some(span) if diag.labels.is_empty() => diag.at(span, "needed here"),
            _ => diag,
        }
    }

    fn upstream(&self, step: StepId, output: &str) -> Result<Digest, Diag> {
        self.artifact(step, output).map(|artifact| artifact.digest)
    }

    /// What `step` made in this build under that name.
    pub(super) fn artifact(&self, step: StepId, output: &str) -> Result<Artifact, Diag> {
        let ends = lock(&self.ends);
        let made = ends[step.0].as_ref().and_then(|end| end.outputs.get(output));
        let id = &self.node(step).id;
        made.copied().ok_or_else(|| Diag::error("tml::bug", format!("bug: `{id}` made no `{output}`")))
    }

    /// The end of a step whose record is in the store.
    pub(super) fn cached(&self, step: StepId, key: Key, record: Record) -> StepOutcome {
        let mut end = self.end(step, Finish::Cached);
        end.cost = record.seconds;
        end.key = Some(key);
        end.outputs = record.outputs;
        end.diags = record.warnings;
        end
    }

    /// An end of which nothing is known but how.
    pub(super) fn end(&self, step: StepId, finish: Finish) -> StepOutcome {
        let node = self.node(step);
        StepOutcome {
            id: node.id.clone(),
            title: node.stage.title(),
            finish,
            seconds: 0.0,
            cost: 0.0,
            key: None,
            outputs: BTreeMap::new(),
            diags: Vec::new(),
        }
    }

    /// Remembers a step's end, without telling anybody.
    pub(super) fn remember(&self, step: StepId, end: StepOutcome) {
        lock(&self.ends)[step.0] = Some(end);
    }

    /// Remembers a step's end and tells it.
    pub(super) fn finish(&self, step: StepId, end: StepOutcome) {
        self.progress.event(&Event::Finished { step: &end });
        self.remember(step, end);
        if let Some(diag) = self.store.broken()
            && !self.told_broken.swap(true, Ordering::Relaxed)
        {
            self.progress.event(&Event::Diagnostic { diag: &diag });
        }
    }

    /// The ends of all steps that have come to one, in the graph's order.
    pub(super) fn ends(&self) -> Vec<StepOutcome> {
        lock(&self.ends).iter().flatten().cloned().collect()
    }

    /// Where private folders of steps are made.
    pub(super) fn scratch(&self) -> PathBuf {
        self.store.path("scratch")
    }

    /// Drops what the cache of stats says about `path`.
    pub(super) fn forget(&self, path: &Path) {
        self.stats.forget(path);
    }
}

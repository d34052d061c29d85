//! The graph: steps, and what each one reads. Static and acyclic, because a step can only name steps added before it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use crate::base::{Diag, Span, suggest};

use super::job::Stage;

/// A step of one graph, in the order of adding: a step reads only smaller ones.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct StepId(pub(super) usize);

/// What a step reads. The name is how the step asks for it, and part of its key; places on disk are not.
#[derive(Clone, Debug)]
pub enum Input {
    /// One output of an earlier step.
    Step {
        /// The reader's word for it.
        name: String,
        /// Who makes it.
        step: StepId,
        /// The maker's word for it.
        output: String,
    },
    /// One file.
    File {
        /// The reader's word for it.
        name: String,
        /// Where it is.
        path: PathBuf,
    },
    /// All files below a folder that a filter takes.
    Tree {
        /// The reader's word for it.
        name: String,
        /// The folder.
        root: PathBuf,
        /// Which files of it.
        pattern: Filter,
    },
}

impl Input {
    /// One output of an earlier step.
    pub fn step(name: impl Into<String>, step: StepId, output: impl Into<String>) -> Self {
        Self::Step { name: name.into(), step, output: output.into() }
    }

    /// One file.
    pub fn file(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self::File { name: name.into(), path: path.into() }
    }

    /// All files below `root` that `pattern` takes.
    pub fn tree(name: impl Into<String>, root: impl Into<PathBuf>, pattern: Filter) -> Self {
        Self::Tree { name: name.into(), root: root.into(), pattern }
    }

    /// The reader's word for it.
    pub fn name(&self) -> &str {
        match self {
            Self::Step { name, .. } | Self::File { name, .. } | Self::Tree { name, .. } => name,
        }
    }
}

/// Which files of a folder are read: a predicate over relative paths (`/` between parts), and its canonical text.
#[derive(Clone)]
pub struct Filter {
    text: String,
    takes: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

impl Filter {
    /// A filter. Equal texts must mean equal predicates: the text stands for the predicate in the key.
    pub fn new(text: impl Into<String>, takes: impl Fn(&str) -> bool + Send + Sync + 'static) -> Self {
        Self { text: text.into(), takes: Arc::new(takes) }
    }

    /// The canonical text.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// True if the file is read.
    pub fn takes(&self, path: &str) -> bool {
        (self.takes)(path)
    }
}

impl fmt::Debug for Filter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// One step of the graph.
pub struct Node {
    /// What people call it: `train:net`.
    pub id: String,
    /// The verb: `train`. Part of the key.
    pub kind: String,
    /// The work.
    pub stage: Box<dyn Stage>,
    /// What it reads, by name.
    pub inputs: Vec<Input>,
    /// The place in the spec that asks for it, for diagnostics.
    pub span: Option<Span>,
}

impl Node {
    /// The earlier steps it reads, each once, in order.
    pub fn upstream(&self) -> BTreeSet<StepId> {
        self.inputs
            .iter()
            .filter_map(|input| match input {
                Input::Step { step, .. } => Some(*step),
                Input::File { .. } | Input::Tree { .. } => None,
            })
            .collect()
    }
}

/// Steps and edges, known before the first byte of data is read.
#[derive(Default)]
pub struct Graph {
    nodes: Vec<Node>,
    by_id: BTreeMap<String, StepId>,
}

impl Graph {
    /// A graph without steps.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a step that reads `inputs`, in any order.
    ///
    /// # Panics
    /// If the id or an input's name is used twice, or an input is of a step that isn't in this graph: our bugs.
    pub fn add(
        &mut self,
        id: impl Into<String>,
        kind: impl Into<String>,
        stage: Box<dyn Stage>,
        inputs: Vec<Input>,
    ) -> StepId {
        let (id, step) = (id.into(), StepId(self.nodes.len()));
        let names: BTreeSet<&str> = inputs.iter().map(Input::name).collect();
        assert!(names.len() == inputs.len(), "bug: two inputs of `{id}` share a name");
        let node = Node { id: id.clone(), kind: kind.into(), stage, inputs, span: None };
        assert!(node.upstream().iter().all(|above| *above < step), "bug: `{id}` reads a step that isn't in the graph");
        assert!(self.by_id.insert(id, step).is_none(), "bug: two steps are called `{}`", node.id);
        self.nodes.push(node);
        step
    }

    /// Remembers the place in the spec that asks for `step`.
    pub fn place(&mut self, step: StepId, span: Span) {
        self.nodes[step.0].span = Some(span);
    }

    /// The step of that id.
    pub fn find(&self, id: &str) -> Option<StepId> {
        self.by_id.get(id).copied()
    }

    /// The step that a person means: its id, or its verb or name where only one step has that.
    pub fn look_up(&self, word: &str) -> Result<StepId, Diag> {
        if let Some(step) = self.find(word) {
            return Ok(step);
        }
        let is_part = |id: &str| id.split_once(':').is_some_and(|(kind, name)| kind == word || name == word);
        let meant: Vec<StepId> = self.steps().filter(|step| is_part(&self.node(*step).id)).collect();
        if let [one] = meant[..] {
            return Ok(one);
        }
        let ids: Vec<&str> = self.nodes.iter().map(|node| node.id.as_str()).collect();
        let diag = Diag::error("tml::step", format!("there is no step `{word}`"));
        let known: Vec<&str> = if meant.is_empty() {
            suggest::nearest(word, ids.iter().copied()).map_or(ids, |near| vec![near])
        } else {
            meant.iter().map(|step| self.node(*step).id.as_str()).collect()
        };
        Err(diag.help(format!("ask for `{}`", known.join("`, `"))))
    }

    /// The step's node.
    pub fn node(&self, step: StepId) -> &Node {
        &self.nodes[step.0]
    }

    /// All steps, each after those it reads.
    pub fn steps(&self) -> impl DoubleEndedIterator<Item = StepId> + use<> {
        (0..self.nodes.len()).map(StepId)
    }

    /// How many steps there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// True if there is no step.
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// `targets` and all that they read, directly or not.
    pub fn cone(&self, targets: impl IntoIterator<Item = StepId>) -> BTreeSet<StepId> {
        let mut wanted: BTreeSet<StepId> = targets.into_iter().collect();
        for step in self.steps().rev() {
            if wanted.contains(&step) {
                wanted.extend(self.node(step).upstream());
            }
        }
        wanted
    }
}

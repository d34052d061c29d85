//! The words that a spec doesn't define itself: boards, features, layers. One narrow view of the rooms above.

use crate::base::{Diag, Params, Shape, Source};
use crate::library::feature::{Misfit, Signal};
use crate::library::{Board, Feature, Library};
use crate::net::{Compound, Net, ops};

/// A layer as the spec sees it: its schema, and the shape that comes out.
pub struct Callable<'a> {
    /// One sentence for people.
    pub doc: String,
    /// What it takes; positional arguments follow this order.
    pub params: Params,
    /// Canonical arguments and input shape to output shape, or why not.
    pub infer: Box<Infer<'a>>,
}

/// Canonical arguments and input shape to output shape.
pub type Infer<'a> = dyn Fn(&[(String, String)], &Shape) -> Result<Shape, String> + 'a;

/// A layer's word and its canonical arguments.
pub type LayerCall = (String, Vec<(String, String)>);

/// A feature as the spec sees it.
pub struct FeatureWord<'a> {
    /// One sentence for people.
    pub doc: String,
    /// What it takes; positional arguments follow this order.
    pub params: Params,
    /// Those of them that name channels.
    pub channels: Vec<String>,
    /// Its arguments are steps.
    pub steps: bool,
    /// It has constants that are fitted on the training part.
    pub fitted: bool,
    /// Canonical arguments and what goes in to what comes out, or why not.
    pub infer: Box<InferFeature<'a>>,
}

/// Canonical arguments and what goes in to what comes out.
pub type InferFeature<'a> = dyn Fn(&[(String, String)], &Signal) -> Result<Signal, Misfit> + 'a;

/// Where a spec's words come from.
pub trait Vocabulary {
    /// Names of all boards of the library and the project's overlay.
    fn boards(&self) -> Vec<String>;
    /// The board called `name`; an error when its file can't be read as one.
    fn board(&self, name: &str) -> Option<Result<Board, Diag>>;
    /// A board from a file of the user's.
    fn board_from(&self, source: &Source, name: &str) -> Result<Board, Diag>;
    /// Names of all features of the library and the project's overlay.
    fn features(&self) -> Vec<String>;
    /// The feature called `name`; an error when its file can't be read as one.
    fn feature(&self, name: &str) -> Option<Result<FeatureWord<'_>, Diag>>;
    /// Words of all layers.
    fn layers(&self) -> Vec<String>;
    /// The layer called `word`.
    fn layer(&self, word: &str) -> Option<Callable<'_>>;
    /// Whether the layers make a network that can be trained and compiled; the reason when they don't.
    fn network(&self, input: &Shape, layers: &[LayerCall]) -> Result<(), String>;
}

impl Vocabulary for Library {
    fn boards(&self) -> Vec<String> {
        self.list("boards")
    }

    fn board(&self, name: &str) -> Option<Result<Board, Diag>> {
        Self::board(self, name)
    }

    fn board_from(&self, source: &Source, name: &str) -> Result<Board, Diag> {
        Self::board_from(self, source, name)
    }

    fn features(&self) -> Vec<String> {
        self.list("features")
    }

    fn feature(&self, name: &str) -> Option<Result<FeatureWord<'_>, Diag>> {
        let word = |feature: Feature| FeatureWord {
            doc: feature.doc.clone(),
            params: feature.params.clone(),
            channels: feature.channels.clone(),
            steps: feature.steps,
            fitted: feature.fit.is_some(),
            infer: Box::new(move |args, input| feature.infer(args, input)),
        };
        Some(Self::feature(self, name)?.map(word))
    }

    fn layers(&self) -> Vec<String> {
        ops::all()
            .iter()
            .filter(|operator| operator.arity().contains(&1))
            .map(|operator| operator.word())
            .chain(Compound::ALL.iter().map(|compound| compound.word()))
            .map(String::from)
            .collect()
    }

    fn layer(&self, word: &str) -> Option<Callable<'_>> {
        if let Some(compound) = Compound::find(word) {
            return Some(Callable {
                doc: compound.doc().to_string(),
                params: compound.params(),
                infer: Box::new(move |args, input| compound.infer(args, input)),
            });
        }
        let operator = ops::find(word).filter(|operator| operator.arity().contains(&1))?;
        Some(Callable {
            doc: operator.doc().to_string(),
            params: operator.params(),
            infer: Box::new(move |args, input| operator.infer(args, std::slice::from_ref(input))),
        })
    }

    fn network(&self, input: &Shape, layers: &[LayerCall]) -> Result<(), String> {
        Net::build(input, layers).map(|_| ())
    }
}

//! The meaning of a spec: typed, resolved, units converted, shapes inferred, defaults filled.
//!
//! If a `Spec` exists, a build can only fail on the world, not on the text.

use crate::base::{Decimal, Digest, Quantity, Shape, Span};
use crate::library::board::Board;
pub use crate::net::observe::Calibration;
pub use crate::net::train::{Augment, Balance, Loss, Optimizer, Schedule};

pub use super::candidate::{Candidate, Minimize, Search};
pub use super::goal::{Bound, DETECTED, Decide, Fit, Limit, Metric, Requirement, Smooth, Task, Threshold};
pub use crate::data::formats::csv::Header;
pub use crate::data::{Channel, Column, Missing, Source};

/// A resolved spec. References between blocks are indices into these lists.
#[derive(Clone, Debug)]
pub struct Spec {
    /// The file's stem: names the report's folder.
    pub name: String,
    /// Data sets, in the order written.
    pub datasets: Vec<Dataset>,
    /// `generate` and `extern` functions.
    pub functions: Vec<Function>,
    /// Feature chains.
    pub features: Vec<Features>,
    /// Models.
    pub models: Vec<Model>,
    /// Deployments.
    pub deploys: Vec<Deploy>,
    /// Digests that `dataset { fetch = […] }` names.
    pub fetches: Vec<Fetch>,
}

impl Spec {
    /// Shape of what the firmware of `model` takes: a window or a recording; the model's input where that is given.
    pub fn sample(&self, model: &Model) -> Shape {
        match model.input {
            Input::Dataset(index) => self.datasets[index].row.clone(),
            Input::Features(index) => self.features[index].input.clone(),
            Input::Given => model.shape.clone(),
        }
    }

    /// Names of the answers of `model`: its data set's classes, `normal` and `anomaly`, or none.
    pub fn answers(&self, model: &Model) -> Vec<String> {
        model.task.answers(self.datasets.get(model.dataset).map_or(&[], |dataset| &dataset.classes))
    }

    /// The chain that cuts the recordings of `model` into windows, where one does.
    pub fn windows(&self, model: &Model) -> Option<&Window> {
        match model.input {
            Input::Features(index) => self.features[index].window.as_ref(),
            Input::Dataset(_) | Input::Given => None,
        }
    }
}

/// A file that `cargo tinyml fetch` brings, checked by its digest.
#[derive(Clone, Debug)]
pub struct Fetch {
    /// Where it goes, relative to the spec's folder.
    pub path: String,
    /// Where it comes from.
    pub url: String,
    /// What it must be.
    pub digest: Digest,
    /// The `http(…)` call.
    pub span: Span,
}

/// A data set.
#[derive(Clone, Debug)]
pub struct Dataset {
    /// Its name.
    pub name: String,
    /// Its `///` lines.
    pub docs: Vec<String>,
    /// Where the rows come from.
    pub source: Source,
    /// The channels, in order. One-hot text channels have one entry per category.
    pub channels: Vec<Channel>,
    /// What names the class of a row.
    pub label: Column,
    /// Class names in the order of the model's outputs.
    pub classes: Vec<String>,
    /// Columns with the numbers that a model learns to tell, instead of classes; empty for classification.
    pub targets: Vec<Column>,
    /// Shape of one recording; of one sample of it where it is a stream.
    pub row: Shape,
    /// Recordings are streams of samples of any length, which a chain cuts into windows.
    pub stream: bool,
    /// Sampling rate in mHz, if declared.
    pub rate: Option<Quantity>,
    /// What an empty or NaN cell means.
    pub missing: Missing,
    /// Further cells that mean that a number is missing.
    pub absent: Vec<String>,
    /// Index of the class of labels that aren't in `classes`; `None`: they are refused.
    pub other: Option<usize>,
    /// What can't be read is left out with a warning.
    pub skip: bool,
    /// How rows are divided.
    pub split: Split,
    /// The block's header.
    pub span: Span,
    /// The `classes` field.
    pub classes_span: Span,
    /// The `source` field.
    pub source_span: Span,
}

impl Dataset {
    /// Names of the targets, for tables and requirements.
    pub fn target_names(&self) -> Vec<String> {
        self.targets.iter().map(ToString::to_string).collect()
    }
}

/// How rows are divided; the three ratios are in ppm and sum to a million, less where the data names a part.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Split {
    /// Training part, ppm.
    pub train: u32,
    /// Validation part, ppm.
    pub valid: u32,
    /// Test part, ppm.
    pub test: u32,
    /// Rows that agree in this column stay together.
    pub by: Option<Column>,
    /// The column that names parts, and its words for each; their ratios are 0, and the others are of the rest.
    pub given: Option<(Column, [Vec<String>; 3])>,
    /// Seed.
    pub seed: u64,
    /// The `split` field, or the block's header.
    pub span: Span,
}

/// A user's C function.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name, in the spec and in C.
    pub name: String,
    /// Its `///` lines.
    pub docs: Vec<String>,
    /// Parameters in order.
    pub params: Vec<(String, Shape)>,
    /// Result; `None` for an application.
    pub result: Option<Shape>,
    /// Who writes it.
    pub origin: Origin,
    /// The block's header.
    pub span: Span,
}

/// Who writes a function.
#[derive(Clone, Debug)]
pub enum Origin {
    /// The user: a C file, relative to the spec's folder.
    Extern {
        /// Its path.
        path: String,
    },
    /// A model provider, from this prompt; pinned in `tinyml.lock`.
    Generate {
        /// What is asked for.
        prompt: String,
        /// CSV of inputs and expected outputs, relative to the spec's folder.
        cases: Option<String>,
        /// Relative tolerance of a case.
        tolerance: Decimal,
    },
}

/// A chain of feature steps.
#[derive(Clone, Debug)]
pub struct Features {
    /// Its name.
    pub name: String,
    /// Index of the data set.
    pub dataset: usize,
    /// How streams are cut into windows; `None` where a recording is a sample.
    pub window: Option<Window>,
    /// What the first step takes: a window or a recording.
    pub input: Shape,
    /// Steps in order.
    pub steps: Vec<Step>,
    /// What comes out.
    pub output: Shape,
    /// The block's header.
    pub span: Span,
}

impl Features {
    /// Every step, those within others too.
    pub fn all_steps(&self) -> Vec<&Step> {
        self.steps.iter().flat_map(Step::all).collect()
    }
}

/// How a stream is cut: `window(1 s, stride = 250 ms)`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Window {
    /// Samples of a window.
    pub length: usize,
    /// Samples from one window's start to the next one's.
    pub stride: usize,
    /// What becomes of recordings, and of their ends, that are shorter than a window.
    pub short: Short,
    /// The call.
    pub span: Span,
}

/// What becomes of a recording that is shorter than a window.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Short {
    /// Zeros follow it.
    Pad,
    /// It is left out and counted.
    Drop,
    /// An error that names it.
    Refuse,
}

/// One feature step.
#[derive(Clone, Debug)]
pub struct Step {
    /// What is called.
    pub call: Callee,
    /// Arguments by name, as written in canonical form (defaults filled).
    pub args: Vec<(String, String)>,
    /// What goes in.
    pub input: Shape,
    /// Samples a second along the first dimension of what goes in, if known.
    pub rate: Option<f64>,
    /// What comes out.
    pub output: Shape,
    /// Chains that this step runs side by side (`join`); empty for all others.
    pub branches: Vec<Vec<Step>>,
    /// The call.
    pub span: Span,
}

impl Step {
    /// The step and all within it.
    pub fn all(&self) -> Vec<&Step> {
        let inner = self.branches.iter().flatten().flat_map(Step::all);
        std::iter::once(self).chain(inner).collect()
    }
}

/// What a feature step calls.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Callee {
    /// `stdlib/features/NAME.c.j2`
    Std(String),
    /// Index of one of the spec's functions.
    User(usize),
}

/// Where a model's input comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Input {
    /// A data set, straight: index.
    Dataset(usize),
    /// A feature chain: index.
    Features(usize),
    /// int8 values as the model takes them: there is no data set, and nothing is computed before the model.
    Given,
}

/// A model.
#[derive(Clone, Debug)]
pub struct Model {
    /// Its name.
    pub name: String,
    /// Its `///` lines.
    pub docs: Vec<String>,
    /// Where its input comes from.
    pub input: Input,
    /// Index of the data set at the root; of no meaning where the input is given.
    pub dataset: usize,
    /// Shape of one input.
    pub shape: Shape,
    /// Numbers of one output.
    pub outputs: usize,
    /// What its outputs mean.
    pub task: Task,
    /// The file that it is imported from, instead of trained.
    pub import: Option<Import>,
    /// Layers in order; none where it is imported.
    pub layers: Vec<Layer>,
    /// How it is trained.
    pub train: Train,
    /// How it is quantised.
    pub quantize: Quantize,
    /// The candidates that it is chosen from, where its lines hold choices; its own layers are then the first one's.
    pub search: Option<Search>,
    /// The block's header.
    pub span: Span,
}

/// A model in a file of another program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Import {
    /// The file, relative to the spec's folder.
    pub path: String,
    /// Its format.
    pub format: Format,
    /// Whether it computes in floats, and is to be calibrated; known once the file is read.
    pub float: bool,
    /// The `import` field.
    pub span: Span,
}

/// A format of foreign models.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// `tflite("…")`
    Tflite,
    /// `onnx("…")`
    Onnx,
}

/// One layer. The operator's schema (`net::ops`) has checked the arguments.
#[derive(Clone, PartialEq, Debug)]
pub struct Layer {
    /// The operator's word: `dense`, `relu`, `softmax`.
    pub op: String,
    /// Arguments by name, as canonical text (defaults filled); classes are resolved to their count.
    pub args: Vec<(String, String)>,
    /// What goes in.
    pub input: Shape,
    /// What comes out.
    pub output: Shape,
    /// The call.
    pub span: Span,
}

/// Training options; see [`crate::net::train::Options`].
#[derive(Clone, PartialEq, Debug)]
pub struct Train {
    /// Passes over the training part, at most; 0: by the number of rows.
    pub epochs: u32,
    /// Samples a step; 0: by the number of rows.
    pub batch: u32,
    /// What is made small; `None`: what fits the task.
    pub loss: Option<Loss>,
    /// Optimiser.
    pub optimizer: Optimizer,
    /// Learning-rate schedule.
    pub schedule: Schedule,
    /// Share of all steps over which the learning rate climbs.
    pub warmup: f32,
    /// Longest gradient of a step; 0: no bound.
    pub clip: f32,
    /// Take a running mean of the weights.
    pub average: bool,
    /// Stop after this many epochs that aren't better on the validation part; 0: never.
    pub patience: u32,
    /// Whether rare classes weigh more.
    pub balance: Balance,
    /// Random changes of training samples.
    pub augment: Vec<Augment>,
    /// Seed of initialisation, shuffles and changes.
    pub seed: u64,
}

impl Default for Train {
    fn default() -> Self {
        Self {
            epochs: 0,
            batch: 0,
            loss: None,
            optimizer: Optimizer::Adam { lr: 3e-3, decay: 0.0 },
            schedule: Schedule::Cosine,
            warmup: 0.05,
            clip: 0.0,
            average: false,
            patience: 0,
            balance: Balance::No,
            augment: Vec::new(),
            seed: 1,
        }
    }
}

/// Quantisation options.
#[derive(Clone, PartialEq, Debug)]
pub struct Quantize {
    /// How many training samples calibrate activations.
    pub calibrate: u32,
    /// How ranges follow from them; `None`: the way that is best on the validation part.
    pub method: Option<Calibration>,
    /// Whether training goes on with rounded numbers.
    pub aware: Aware,
}

impl Default for Quantize {
    fn default() -> Self {
        Self { calibrate: 256, method: None, aware: Aware::Auto }
    }
}

/// Whether training goes on with rounded numbers (quantisation-aware training).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Aware {
    /// Where rounding costs more than a point.
    Auto,
    /// Always.
    Yes,
    /// Never.
    No,
}

/// A deployment.
#[derive(Clone, Debug)]
pub struct Deploy {
    /// Its name.
    pub name: String,
    /// Its `///` lines.
    pub docs: Vec<String>,
    /// Index of the model.
    pub model: usize,
    /// Boards.
    pub boards: Vec<BoardUse>,
    /// Index of the application function.
    pub app: Option<usize>,
    /// How outputs become answers.
    pub decide: Decide,
    /// Requirements in the order written.
    pub requirements: Vec<Requirement>,
    /// The block's header.
    pub span: Span,
}

/// A board with its overrides applied.
#[derive(Clone, Debug)]
pub struct BoardUse {
    /// The board.
    pub board: Board,
    /// Where the deployment names it.
    pub span: Span,
}

//! The meaning of a spec: typed, resolved, units converted, shapes inferred, defaults filled.
//!
//! If a `Spec` exists, a build can only fail on the world, not on the text.

use crate::base::{Decimal, Digest, Quantity, Shape, Span};
use crate::library::board::Board;
pub use crate::net::observe::Calibration;
pub use crate::net::train::{Augment, Balance, Loss, Optimizer, Schedule};

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
    pub source: CsvSource,
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
    /// How rows are divided.
    pub split: Split,
    /// The block's header.
    pub span: Span,
    /// The `classes` field.
    pub classes_span: Span,
    /// The `source` field.
    pub source_span: Span,
}

/// CSV files below the spec's folder.
#[derive(Clone, Debug)]
pub struct CsvSource {
    /// Path pattern relative to the spec's folder: `data/{label}/*.csv`.
    pub pattern: String,
    /// Whether the first row names the columns.
    pub header: Header,
    /// Field separator; `None`: found out per file among `,` `;` tab.
    pub separator: Option<char>,
    /// True when numbers use a decimal comma.
    pub decimal_comma: bool,
}

/// Whether the first row names the columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Header {
    /// It does when it has the named columns.
    Auto,
    /// It does.
    Yes,
    /// It doesn't; columns are addressed by position.
    No,
}

/// A column of a file, or a name bound by the path pattern.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Column {
    /// By name; a binding of the path pattern goes before a header.
    Named(String),
    /// By position, from 0.
    At(usize),
}

/// One input channel.
#[derive(Clone, PartialEq, Debug)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// The column that it reads.
    pub column: Column,
    /// `Some(category)`: 1 where the cell's text is the category, else 0.
    pub category: Option<String>,
}

/// What an empty cell, `NaN`, `NA` or `?` means.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Missing {
    /// An error that names file and line.
    Refuse,
    /// The row is left out and counted.
    Drop,
    /// The channel's mean over the training part.
    Mean,
    /// This number.
    Value(Decimal),
}

/// How rows are divided; the three ratios are in ppm and sum to a million.
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
    /// What comes out.
    pub output: Shape,
    /// The call.
    pub span: Span,
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

/// How a model is chosen among candidates.
#[derive(Clone, Debug)]
pub struct Search {
    /// What is to be small, once accuracy is met; `None`: the best on the validation part wins.
    pub minimize: Option<Minimize>,
    /// Bound on the estimated time of all trials.
    pub budget: Quantity,
    /// Seed of the draw among more candidates than trials.
    pub seed: u64,
    /// How many ways there are through the choices.
    pub space: u64,
    /// Those that are tried, in the order of the draw.
    pub candidates: Vec<Candidate>,
    /// Those that were drawn and make no network, with the reason.
    pub misfits: Vec<(String, String)>,
    /// Whether layers come from `auto`.
    pub auto: bool,
}

/// What a search makes small.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Minimize {
    /// Bytes of program memory.
    Flash,
    /// Bytes of work memory.
    Ram,
    /// Time of one inference.
    Latency,
}

/// One way through a model's choices.
#[derive(Clone, PartialEq, Debug)]
pub struct Candidate {
    /// What was chosen: `conv1d 16, lr 0.001`.
    pub choices: String,
    /// Its layers.
    pub layers: Vec<Layer>,
    /// How it is trained.
    pub train: Train,
}

/// What a model's outputs mean.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Task {
    /// One score a class; the largest is the answer.
    Classify,
    /// The numbers themselves.
    Regress,
    /// The input again; the mean square of what is wrong with it, above a threshold, is an anomaly.
    Detect {
        /// Indices of the classes that are normal: only these are learnt.
        normal: Vec<usize>,
    },
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

/// A limit that the build judges.
#[derive(Clone, PartialEq, Debug)]
pub struct Requirement {
    /// What is measured.
    pub metric: Metric,
    /// How it is compared.
    pub relation: Bound,
    /// With what.
    pub limit: Quantity,
    /// The line.
    pub span: Span,
}

/// At least or at most.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bound {
    /// `>=`
    AtLeast,
    /// `<=`
    AtMost,
}

/// What a requirement measures. A class is an index into the data set's classes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Metric {
    /// Share of test rows whose class is right.
    Accuracy,
    /// Share of a class's rows that are found.
    Recall(usize),
    /// Share of a class's answers that are right.
    Precision(usize),
    /// F1: of one class, or the mean over classes.
    F1(Option<usize>),
    /// One inference with its features, seconds.
    Latency,
    /// Bytes of flash.
    Flash,
    /// Bytes of RAM.
    Ram,
}

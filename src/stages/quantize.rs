//! Quantize: a float network and calibration rows to the int8 network, and its answers over the test part, which
//! every later step must reproduce byte for byte.

use serde::{Deserialize, Serialize};

use super::arrays::of_part;
use super::rows::{Rows, TEST, TRAINING, VALIDATION};
use crate::base::npy::Array;
use crate::base::rng::Rng;
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Pool, Stage};
use crate::net::deviation::{Deviation, deviations, worst};
use crate::net::level::{Level, level};
use crate::net::quantize::quantize_with;
use crate::net::train::{Epoch, Targets, TrainData, train_rounded};
use crate::net::{Net, QNet, Quant, artifact, passes};
use crate::spec::model::{Aware, Calibration, Model, Task};

/// An int8 network this much worse than its float one is worth a warning (share of test rows).
const WORTH_A_WARNING: f64 = 0.01;

/// Rows of the validation part that choose how ranges are found.
const CHOOSING: usize = 500;

/// The ways to find ranges that are compared where none is asked for.
const METHODS: [Calibration; 3] = [Calibration::MinMax, Calibration::Percentile(1e-4), Calibration::Mse];

/// The step `quantize:MODEL`. Inputs: `net.json`, `weights.npy`, `train.json`, `x.npy`, `y.npy`, `part.npy`. Makes
/// `qnet.json`, `qweights.npy`, `qbias.npy`, `expected.npy` i8[test rows, outputs], `labels.npy` i32[test rows] or
/// f32[test rows, targets], `summary.json`, `levels.json`: what a regression's outputs stand for.
pub struct Quantize(pub Model);

/// What quantisation came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Share of test rows that the int8 reference gets right, of a classifier.
    pub accuracy: Option<f64>,
    /// The same of the float network, where there is one.
    pub float_accuracy: Option<f64>,
    /// The share of right test rows; of numbers, the share of their variance that is explained (R²).
    pub score: f64,
    /// The same of the float network, where there is one.
    pub float_score: Option<f64>,
    /// How ranges were found: `minmax`, `percentile`, `mse`.
    pub method: String,
    /// Training went on with rounded numbers.
    pub aware: bool,
    /// Training rows that calibrated the activations.
    pub calibrated: usize,
    /// Bytes of the int8 weights and int32 biases.
    pub constants: usize,
}

impl Stage for Quantize {
    fn title(&self) -> String {
        format!("quantize {}", self.0.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("scheme", "int8");
        out.text("calibrate", &self.0.quantize.calibrate.to_string());
        out.text("method", &format!("{:?}", self.0.quantize.method));
        out.text("aware", &format!("{:?}", self.0.quantize.aware));
        out.text("task", &format!("{:?}", self.0.task));
        // What training goes on with, where rounding costs too much.
        super::train::facts(&self.0.train, out);
    }

    fn pool(&self) -> Pool {
        Pool::Heavy
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let failed = |why: String| {
            Diag::error("tml::quantize", format!("`{}` can't be quantised: {why}", self.0.name))
                .at(&self.0.span, "this model")
        };
        let net = artifact::read_net(job.input("net.json"), job.input("weights.npy")).map_err(failed)?;
        let float: super::train::Summary = serde_json::from_slice(job.input("train.json"))
            .map_err(|error| Diag::error("tml::bug", format!("bug: summary.json: {error}")))?;
        let rows = Rows::read(job, &self.0.task)?;
        let chosen = self.calibration(&rows);
        let calibration = rows.inputs(&chosen);
        let (net, levels) = if self.0.task == Task::Regress { level(&net, &calibration) } else { (net, Vec::new()) };
        let mut best = self.best((&net, &levels), &rows, &calibration).map_err(failed)?;
        let mut quantised = net;
        let aware = self.aware(job, (&quantised, &levels), &best, &rows, &calibration).map_err(failed)?;
        if let Some((trained, better)) = aware {
            (quantised, best) = (trained, better);
        }
        let qnet = passes::optimise(&best.qnet).map_err(failed)?;
        let float = Some(float.score);
        let outputs = judge((&qnet, &levels), &rows, float, &best, chosen.len());
        self.warn(job, &outputs, &deviations(&passes::fuse(&quantised), &best.qnet, &calibration));
        Ok(outputs)
    }
}

/// A quantised network, layer for layer as it was fused, and how its ranges were found.
struct Candidate {
    qnet: QNet,
    method: &'static str,
    /// Training went on with rounded numbers.
    aware: bool,
}

/// Points that rounding may cost, on the validation part, before training goes on with rounded numbers.
const WORTH_TRAINING: f64 = 0.01;

impl Quantize {
    /// Training with rounded numbers, where it is asked for, or where rounding costs more than a point and the result is
    /// better than without: the network and what int8 makes of it.
    fn aware(
        &self,
        job: &Job,
        (net, levels): (&Net, &[Level]),
        plain: &Candidate,
        rows: &Rows,
        calibration: &[f32],
    ) -> Result<Option<(Net, Candidate)>, String> {
        let (wanted, choosing) = (self.0.quantize.aware, choosing(rows));
        let inputs = rows.inputs(&choosing);
        let score = |qnet: &QNet| rows.score(&choosing, &reals((qnet, levels), &qnet.run(&inputs)));
        let before = score(&plain.qnet);
        let lost = || rows.score(&choosing, &values(net.forward(&inputs), levels)) - before > WORTH_TRAINING;
        // An imported model says nothing of how it was trained: it is only trained on where that is asked for.
        if wanted == Aware::No || wanted == Aware::Auto && (self.0.import.is_some() || !lost()) {
            return Ok(None);
        }
        let fused = passes::fuse(net);
        let quants: Vec<Quant> =
            std::iter::once(plain.qnet.quant).chain(plain.qnet.nodes.iter().map(|node| node.lowered.quant)).collect();
        let part = rows.learnt();
        let levelled: Vec<f32>;
        let y = match rows.targets() {
            Targets::Values(values) if !levels.is_empty() => {
                let pairs = values.iter().zip(levels.iter().cycle());
                levelled = pairs.map(|(value, level)| (value - level.offset) / level.scale).collect();
                Targets::Values(&levelled)
            }
            others => others,
        };
        let data = TrainData { x: &rows.x, y, part: &part };
        let options = super::train::options(&self.0.train, job.threads()).gentle(of_part(&part, 0).len());
        let mut progress = |epoch: &Epoch| {
            job.progress("train with rounded numbers", u64::from(epoch.epoch), u64::from(epoch.epochs));
            !job.cancelled()
        };
        let trained = train_rounded(&fused, &quants, &data, &options, &mut progress)?;
        let better = Candidate { aware: true, ..self.best((&trained.net, levels), rows, calibration)? };
        let kept = wanted == Aware::Yes || score(&better.qnet) > before;
        Ok(kept.then_some((trained.net, better)))
    }

    /// The asked way to find ranges, or the best one on the validation part: by its score, then by its distance from the
    /// float network's outputs.
    fn best(&self, (net, levels): (&Net, &[Level]), rows: &Rows, calibration: &[f32]) -> Result<Candidate, String> {
        let make = |method: Calibration| {
            let qnet = quantize_with(net, calibration, method)?;
            Ok::<_, String>(Candidate { qnet, method: word(method), aware: false })
        };
        if let Some(method) = self.0.quantize.method {
            return make(method);
        }
        let choosing = choosing(rows);
        let inputs = rows.inputs(&choosing);
        let reference = values(net.forward(&inputs), levels);
        let mut best: Option<((f64, f64), Candidate)> = None;
        for method in METHODS {
            let candidate = make(method)?;
            let outputs = reals((&candidate.qnet, levels), &candidate.qnet.run(&inputs));
            let distance =
                outputs.iter().zip(&reference).map(|(a, b)| f64::from(a - b) * f64::from(a - b)).sum::<f64>();
            let worth = (rows.score(&choosing, &outputs), -distance);
            if best.as_ref().is_none_or(|best| worth > best.0) {
                best = Some((worth, candidate));
            }
        }
        best.map(|best| best.1).ok_or_else(|| "there is no way to find ranges".to_string())
    }

    /// Training rows, chosen by the seed, in order.
    fn calibration(&self, rows: &Rows) -> Vec<usize> {
        let mut chosen = rows.judged(TRAINING);
        Rng::new(self.0.train.seed, "calibration").shuffle(&mut chosen);
        chosen.truncate(self.0.quantize.calibrate.max(1) as usize);
        chosen.sort_unstable();
        chosen
    }

    fn warn(&self, job: &Job, outputs: &Outputs, deviations: &[Deviation]) {
        let summary = outputs.get("summary.json").and_then(|bytes| serde_json::from_slice::<Summary>(bytes).ok());
        let lost = summary.map_or(0.0, |summary| summary.float_score.unwrap_or(summary.score) - summary.score);
        if lost <= WORTH_A_WARNING {
            return;
        }
        let what = if self.0.task == Task::Classify { "accuracy" } else { "R²" };
        let title = format!("int8 costs `{}` {:.1} points of {what}", self.0.name, 100.0 * lost);
        let mut diag = Diag::warning("tml::quantize::loss", title).at(&self.0.span, "this model");
        if let Some(worst) = worst(deviations) {
            let (from, to) = (100.0 * worst.before, 100.0 * worst.error);
            diag = diag.note(format!("{} adds most: its error is {to:.1}%, that of its input {from:.1}%", worst.layer));
        }
        job.warn(diag.help(
            "calibrate with more rows: `quantize { calibrate = 1000 }`, or bring the inputs to one scale: `scale()`",
        ));
    }
}

/// Rows that choose: of the validation part, or of the training part where there is none.
fn choosing(rows: &Rows) -> Vec<usize> {
    let mut choosing = rows.judged(VALIDATION);
    if choosing.is_empty() {
        choosing = rows.judged(TRAINING);
    }
    choosing.truncate(CHOOSING);
    choosing
}

fn word(method: Calibration) -> &'static str {
    match method {
        Calibration::MinMax => "minmax",
        Calibration::Percentile(_) => "percentile",
        Calibration::Mse => "mse",
    }
}

/// The reals that int8 outputs stand for.
fn reals((qnet, levels): (&QNet, &[Level]), outputs: &[i8]) -> Vec<f32> {
    let quant = qnet.output_quant();
    values(outputs.iter().map(|q| quant.dequantize(*q)).collect(), levels)
}

/// The values that a network's outputs stand for.
fn values(mut outputs: Vec<f32>, levels: &[Level]) -> Vec<f32> {
    for (output, level) in outputs.iter_mut().zip(levels.iter().cycle()) {
        *output = level.value(*output);
    }
    outputs
}

/// The outputs of this step.
fn judge(int8: (&QNet, &[Level]), rows: &Rows, float: Option<f64>, made: &Candidate, calibrated: usize) -> Outputs {
    outputs(int8, rows, float, (made.method, made.aware), calibrated)
}

/// The outputs of a step that reads an int8 network: the network, its answers over the test part, what they are worth.
pub(super) fn judge_foreign(qnet: &QNet, rows: &Rows) -> Outputs {
    outputs((qnet, &[]), rows, None, ("", false), 0)
}

fn outputs(
    (qnet, levels): (&QNet, &[Level]),
    rows: &Rows,
    float_score: Option<f64>,
    (method, aware): (&str, bool),
    calibrated: usize,
) -> Outputs {
    let (test, judged) = (rows.of_part(TEST), rows.judged(TEST));
    let answers = qnet.run(&rows.inputs(&test));
    let width = qnet.output().len();
    // Rows that say what a network is worth are among those of the test part, in the same order.
    let mut kept = judged.iter().peekable();
    let known = test.iter().zip(answers.chunks_exact(width)).filter(|(at, _)| kept.next_if_eq(at).is_some());
    let known: Vec<i8> = known.flat_map(|(_, answer)| answer).copied().collect();
    let score = rows.score(&judged, &reals((qnet, levels), &known));
    let summary = Summary {
        accuracy: rows.accuracy(score),
        float_accuracy: float_score.and_then(|score| rows.accuracy(score)),
        score,
        float_score,
        method: method.into(),
        aware,
        calibrated,
        constants: qnet.constants_len(),
    };
    let (structure, weights, bias) = artifact::write_qnet(qnet);
    Outputs::from([
        ("qnet.json".to_string(), structure),
        ("qweights.npy".to_string(), weights),
        ("qbias.npy".to_string(), bias),
        ("expected.npy".to_string(), Array::i8(&[test.len(), width], answers).to_bytes()),
        ("labels.npy".to_string(), rows.labels(&test).to_bytes()),
        ("levels.json".to_string(), super::json(&levels)),
        ("summary.json".to_string(), super::json(&summary)),
    ])
}

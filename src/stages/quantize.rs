//! Quantize: a float network and calibration rows to the int8 network, and its answers over the test part, which
//! every later step must reproduce byte for byte.

use serde::{Deserialize, Serialize};

use super::arrays::{TEST, bytes, integers, of_part, row, rows};
use crate::base::npy::Array;
use crate::base::rng::Rng;
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::net::qnet::argmax;
use crate::net::{QNet, artifact, passes};
use crate::spec::model::Model;

/// The part that calibrates.
const TRAINING: u8 = 0;

/// An int8 network this much worse than its float one is worth a warning (share of test rows).
const WORTH_A_WARNING: f64 = 0.01;

/// The step `quantize:MODEL`. Inputs: `net.json`, `weights.npy`, `train.json`, `x.npy`, `y.npy`, `part.npy`. Makes
/// `qnet.json`, `qweights.npy`, `qbias.npy`, `expected.npy` i8[test rows, classes], `labels.npy` i32[test rows],
/// `summary.json`.
pub struct Quantize(pub Model);

/// What quantisation came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Share of test rows that the int8 reference gets right.
    pub accuracy: f64,
    /// The same of the float network, where there is one.
    pub float_accuracy: Option<f64>,
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
        out.text("seed", &self.0.train.seed.to_string());
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let failed = |why: String| {
            Diag::error("tml::quantize", format!("`{}` can't be quantised: {why}", self.0.name))
                .at(&self.0.span, "this model")
        };
        let net = artifact::read_net(job.input("net.json"), job.input("weights.npy")).map_err(failed)?;
        let float: super::train::Summary = serde_json::from_slice(job.input("train.json"))
            .map_err(|error| Diag::error("tml::bug", format!("bug: summary.json: {error}")))?;
        let rows = judged_rows(job)?;
        let chosen = self.calibration(&rows.part);
        let calibration: Vec<f32> = chosen.iter().flat_map(|index| row(&rows.x, rows.width, *index)).copied().collect();
        let qnet = crate::net::quantize(&net, &calibration).and_then(|net| passes::optimise(&net)).map_err(failed)?;
        let outputs = judge(&qnet, &rows, Some(float.accuracy), chosen.len());
        self.warn(job, &outputs, float.accuracy);
        Ok(outputs)
    }
}

/// Rows with their labels and parts.
pub(super) struct JudgedRows {
    x: Vec<f32>,
    width: usize,
    y: Vec<i32>,
    part: Vec<u8>,
}

/// The rows among a job's inputs.
pub(super) fn judged_rows(job: &Job) -> Result<JudgedRows, Diag> {
    let (x, width) = rows(job, "x.npy")?;
    Ok(JudgedRows { x, width, y: integers(job, "y.npy")?, part: bytes(job, "part.npy")? })
}

/// The outputs of a step that gives an int8 network: the network, its answers over the test part, what they are worth.
pub(super) fn judge(qnet: &QNet, rows: &JudgedRows, float_accuracy: Option<f64>, calibrated: usize) -> Outputs {
    let test = of_part(&rows.part, TEST);
    let answers: Vec<Vec<i8>> = test.iter().map(|index| qnet.run(row(&rows.x, rows.width, *index))).collect();
    let labels: Vec<i32> = test.iter().map(|index| rows.y[*index]).collect();
    let right = answers.iter().zip(&labels).filter(|(answer, label)| argmax(answer) == **label as usize).count();
    let accuracy = right as f64 / test.len().max(1) as f64;
    let summary = Summary { accuracy, float_accuracy, calibrated, constants: qnet.constants_len() };
    outputs(qnet, &answers, labels, &summary)
}

impl Quantize {
    /// Training rows, chosen by the seed, in order.
    fn calibration(&self, part: &[u8]) -> Vec<usize> {
        let mut rows = of_part(part, TRAINING);
        Rng::new(self.0.train.seed, "calibration").shuffle(&mut rows);
        rows.truncate(self.0.quantize.calibrate.max(1) as usize);
        rows.sort_unstable();
        rows
    }

    fn warn(&self, job: &Job, outputs: &Outputs, float_accuracy: f64) {
        let summary = outputs.get("summary.json").and_then(|bytes| serde_json::from_slice::<Summary>(bytes).ok());
        let lost = summary.map_or(0.0, |summary| float_accuracy - summary.accuracy);
        if lost > WORTH_A_WARNING {
            let title = format!("int8 costs `{}` {:.1} points of accuracy", self.0.name, 100.0 * lost);
            job.warn(Diag::warning("tml::quantize::loss", title).at(&self.0.span, "this model").help(
                "calibrate with more rows: `quantize { calibrate = 1000 }`, or bring the inputs to one scale: `scale()`",
            ));
        }
    }
}

fn outputs(qnet: &QNet, answers: &[Vec<i8>], labels: Vec<i32>, summary: &Summary) -> Outputs {
    let (structure, weights, bias) = artifact::write_qnet(qnet);
    let classes = qnet.output().len();
    let expected = Array::i8(&[answers.len(), classes], answers.concat());
    Outputs::from([
        ("qnet.json".to_string(), structure),
        ("qweights.npy".to_string(), weights),
        ("qbias.npy".to_string(), bias),
        ("expected.npy".to_string(), expected.to_bytes()),
        ("labels.npy".to_string(), Array::i32(&[labels.len()], labels).to_bytes()),
        ("summary.json".to_string(), super::json(summary)),
    ])
}

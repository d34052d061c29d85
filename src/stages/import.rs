//! Import: a foreign model file to the int8 network, and seeded random rows that say whether everything made of it
//! gives the same answers.

use serde::{Deserialize, Serialize};

use super::quantize;
use super::rows::{Rows, TEST};
use super::train;
use super::tune::read_qnet;
use crate::base::npy::Array;
use crate::base::rng::Rng;
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::import::{Imported, Network};
use crate::net::{artifact, passes};
use crate::spec;
use crate::spec::model::Model;

/// The step `import:MODEL` of an int8 model. Input: `model`, the file. Makes `qnet.json`, `qweights.npy`, `qbias.npy`
/// and `import.json`.
pub struct Import(pub Model);

/// What an import came to.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Facts that a user wants to know.
    pub notes: Vec<String>,
    /// Multiply-accumulates in the file, before channels that never change are taken out.
    pub macs: usize,
    /// Bytes of weights in the file.
    pub weights: usize,
}

impl Stage for Import {
    fn title(&self) -> String {
        format!("import {}", self.0.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("format", &format_of(&self.0));
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let imported = foreign(&self.0, job)?;
        let Network::Int8(net) = imported.network else {
            let diag = refused(&self.0, "its numbers are floats, and int8 ranges come from data");
            return Err(diag.help("import it in a spec, beside a `dataset`, or convert it to int8 first").into());
        };
        let weights = |net: &crate::net::QNet| net.nodes.iter().map(|node| node.lowered.weights.len()).sum::<usize>();
        let summary = Summary { notes: imported.notes, macs: net.macs(), weights: weights(&net) };
        let net = passes::optimise(&net).map_err(|why| refused(&self.0, why))?;
        let (structure, weights, bias) = artifact::write_qnet(&net);
        Ok(Outputs::from([
            ("qnet.json".to_string(), structure),
            ("qweights.npy".to_string(), weights),
            ("qbias.npy".to_string(), bias),
            ("import.json".to_string(), super::json(&summary)),
        ]))
    }
}

/// The step `import:MODEL` of an int8 model that data judges. Inputs: `model`, `x.npy`, `y.npy`, `part.npy`. Makes what
/// `quantize:MODEL` makes of a trained one: the int8 network, `expected.npy`, `labels.npy`, `summary.json`.
pub struct ImportJudged(pub Model);

impl Stage for ImportJudged {
    fn title(&self) -> String {
        format!("import {}", self.0.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("format", &format_of(&self.0));
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let imported = foreign(&self.0, job)?;
        let Network::Int8(net) = imported.network else {
            return Err(Diag::error("tml::bug", "bug: a float model where an int8 one was planned").into());
        };
        let net = passes::optimise(&net).map_err(|why| refused(&self.0, why))?;
        Ok(quantize::judge_foreign(&net, &Rows::read(job, &self.0.task)?))
    }
}

/// The step `import:MODEL` of a float model. Inputs: `model`, `x.npy`, `y.npy`, `part.npy`. Makes what `train:MODEL`
/// makes of layers: `net.json`, `weights.npy`, `summary.json`.
pub struct ImportFloat(pub Model);

impl Stage for ImportFloat {
    fn title(&self) -> String {
        format!("import {}", self.0.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("format", &format_of(&self.0));
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let Network::Float(net) = foreign(&self.0, job)?.network else {
            return Err(Diag::error("tml::bug", "bug: an int8 model where a float one was planned").into());
        };
        let summary = train::judge(&net, &Rows::read(job, &self.0.task)?);
        let (structure, weights) = artifact::write_net(&net);
        Ok(Outputs::from([
            ("net.json".to_string(), structure),
            ("weights.npy".to_string(), weights),
            ("summary.json".to_string(), super::json(&summary)),
        ]))
    }
}

fn format_of(model: &Model) -> String {
    model.import.as_ref().map_or_else(String::new, |import| format!("{:?}", import.format))
}

fn foreign(model: &Model, job: &Job) -> Result<Imported, Diags> {
    let Some(file) = &model.import else { return Err(Diag::error("tml::bug", "bug: nothing to import").into()) };
    spec::read_model(&file.path, file.format, job.input("model"))
}

fn refused(model: &Model, why: impl Into<String>) -> Diag {
    Diag::error("tml::model::shape", format!("`{}` can't be imported", model.name)).note(why)
}

/// Multiply-accumulates that the rows of a self-test take together, about: seconds of simulation.
const WORK: usize = 40_000_000;

/// The step `samples:MODEL`. Inputs: `qnet.json`, `qweights.npy`, `qbias.npy`. Makes `x.npy` i8[rows, inputs],
/// `part.npy` (all of the test part) and `expected.npy` i8[rows, outputs], the reference's answers.
pub struct Samples(pub Model);

impl Stage for Samples {
    fn title(&self) -> String {
        format!("draw rows for {}", self.0.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("seed", "1");
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let net = read_qnet(job)?;
        let rows = (WORK / net.macs().max(1)).clamp(2, 16);
        let (inputs, outputs) = (net.input.len(), net.output().len());
        let mut rng = Rng::new(1, "samples");
        // All values, values around one, and extremes in turn: sums of each kind are exercised.
        let value = |row: usize, rng: &mut Rng| match row % 3 {
            0 => rng.below(256) as i32 - 128,
            1 => (20.0 * rng.normal()).round() as i32,
            _ => [-128, 127, 0][rng.below(3)],
        };
        let x: Vec<i8> = (0..rows)
            .flat_map(|row| vec![row; inputs])
            .map(|row| value(row, &mut rng).clamp(-128, 127) as i8)
            .collect();
        let expected = net.run_i8(&x);
        Ok(Outputs::from([
            ("x.npy".to_string(), Array::i8(&[rows, inputs], x).to_bytes()),
            ("part.npy".to_string(), Array::u8(&[rows], vec![TEST; rows]).to_bytes()),
            ("expected.npy".to_string(), Array::i8(&[rows, outputs], expected).to_bytes()),
        ]))
    }
}

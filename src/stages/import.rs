//! Import: a foreign model file to the int8 network, and seeded random rows that say whether everything made of it
//! gives the same answers.

use serde::{Deserialize, Serialize};

use super::arrays::TEST;
use super::tune::read_qnet;
use crate::base::npy::Array;
use crate::base::rng::Rng;
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::import::{Imported, Network, tflite};
use crate::net::{artifact, passes};
use crate::spec::model::{Format, Model};

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

/// Reads a model file. Errors: those of its format, and `tml::model::shape` for what no int8 network comes of.
pub fn import(name: &str, format: Format, bytes: &[u8]) -> Result<Imported, Diags> {
    match format {
        Format::Tflite => tflite::import(name, bytes),
    }
}

impl Stage for Import {
    fn title(&self) -> String {
        format!("import {}", self.0.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        let format = self.0.import.as_ref().map(|import| format!("{:?}", import.format));
        out.text("format", format.as_deref().unwrap_or_default());
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let Some(file) = &self.0.import else { return Err(Diag::error("tml::bug", "bug: nothing to import").into()) };
        let imported = import(&file.path, file.format, job.input("model"))?;
        let failed =
            |why: String| Diag::error("tml::model::shape", format!("`{}` can't be imported", file.path)).note(why);
        let Network::Int8(net) = imported.network else {
            let diag = failed("its numbers are floats, and int8 ranges come from data".into());
            return Err(diag.help("import it in a spec, beside a `dataset`, or convert it to int8 first").into());
        };
        let weights = |net: &crate::net::QNet| net.nodes.iter().map(|node| node.lowered.weights.len()).sum::<usize>();
        let summary = Summary { notes: imported.notes, macs: net.macs(), weights: weights(&net) };
        let net = passes::optimise(&net).map_err(failed)?;
        let (structure, weights, bias) = artifact::write_qnet(&net);
        Ok(Outputs::from([
            ("qnet.json".to_string(), structure),
            ("qweights.npy".to_string(), weights),
            ("qbias.npy".to_string(), bias),
            ("import.json".to_string(), super::json(&summary)),
        ]))
    }
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

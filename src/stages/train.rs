//! Train: rows, classes and parts to the weights of a float network.

use serde::{Deserialize, Serialize};

use super::arrays::{TEST, bytes, integers, of_part, row, rows};
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Pool, Stage};
use super::search::{Goal, Quality};
use crate::net::train::{self, Epoch, TrainData, Trained};
use crate::net::{Isa, Net, artifact};
use crate::spec::model::{Model, Optimizer, Schedule, Train as Options};

/// The step `train:MODEL`. Inputs: `x.npy`, `y.npy`, `part.npy`. Makes `net.json`, `weights.npy`, `history.csv`,
/// `summary.json`.
pub struct Train(pub Model);

/// What training came to.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Summary {
    /// Epochs that were run.
    pub epochs: usize,
    /// The epoch whose weights were kept, from 1.
    pub best: u32,
    /// Share of test rows that the float network gets right.
    pub accuracy: f64,
    /// Weights and biases.
    pub parameters: usize,
    /// Multiply-accumulates of one inference.
    pub macs: usize,
}

impl Stage for Train {
    fn title(&self) -> String {
        format!("train {}", self.0.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("input", &self.0.shape.to_string());
        out.group("layers", &mut |out| {
            for (index, layer) in self.0.layers.iter().enumerate() {
                out.text(&index.to_string(), &super::call_text(&layer.op, &layer.args));
            }
        });
        let train = &self.0.train;
        out.text("epochs", &train.epochs.to_string());
        out.text("batch", &train.batch.to_string());
        out.text("optimizer", &format!("{:?}", train.optimizer));
        out.text("schedule", &format!("{:?}", train.schedule));
        out.text("patience", &train.patience.to_string());
        out.text("balance", &train.balance.to_string());
        out.text("seed", &train.seed.to_string());
    }

    fn pool(&self) -> Pool {
        Pool::Heavy
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        Ok(self.learn(job, None, job.threads())?.1)
    }
}

impl Train {
    /// Trains the network anew, or goes on from `start`; gives it with the step's outputs.
    pub(super) fn learn(&self, job: &Job, start: Option<Net>, threads: usize) -> Result<(Trained, Outputs), Diags> {
        let (x, width) = rows(job, "x.npy")?;
        let (y, part) = (integers(job, "y.npy")?, bytes(job, "part.npy")?);
        let layers: Vec<_> = self.0.layers.iter().map(|layer| (layer.op.clone(), layer.args.clone())).collect();
        let fresh = start.is_none();
        let net = match start {
            Some(net) => net,
            None => Net::build(&self.0.shape, &layers).map_err(|why| self.failed(&why))?,
        };
        let data = TrainData { x: &x, y: &y, part: &part };
        let mut progress = |epoch: &Epoch| {
            let text = format!("loss {:.3}, validation {:.1}%", epoch.loss, 100.0 * epoch.valid_accuracy);
            job.progress(&text, u64::from(epoch.epoch), u64::from(epoch.epochs));
            !job.cancelled()
        };
        let trained = train::train(&net, &data, &train::Options { fresh, ..options(&self.0.train, threads) }, &mut progress)
            .map_err(|why| self.failed(&why))?;
        let mut summary = judge(&trained.net, (&x, width), &y, &part);
        (summary.epochs, summary.best) = (trained.history.len(), trained.best);
        let (structure, weights) = artifact::write_net(&trained.net);
        let outputs = Outputs::from([
            ("net.json".to_string(), structure),
            ("weights.npy".to_string(), weights),
            ("history.csv".to_string(), train::history_csv(&trained.history).into_bytes()),
            ("summary.json".to_string(), super::json(&summary)),
        ]);
        Ok((trained, outputs))
    }

    fn failed(&self, why: &str) -> Diag {
        Diag::error("tml::train", format!("`{}` can't be trained: {why}", self.0.name)).at(&self.0.span, "this model")
    }
}

/// What a trained network is worth on the validation part; on the training part where that has no rows.
pub(super) fn quality(trained: &Trained, job: &Job, model: &Model, goal: &Goal) -> Result<Quality, Diags> {
    let (x, width) = rows(job, "x.npy")?;
    let (y, part) = (integers(job, "y.npy")?, bytes(job, "part.npy")?);
    let judged = [1, 0].map(|wanted| of_part(&part, wanted)).into_iter().find(|rows| !rows.is_empty());
    let mut confusion = vec![vec![0; model.outputs]; model.outputs];
    for index in judged.unwrap_or_default() {
        let answer = best(&trained.net.forward(row(&x, width, index)));
        confusion[y[index] as usize][answer] += 1;
    }
    let kept = trained.history.iter().find(|epoch| epoch.epoch == trained.best);
    Ok(goal.judge(&confusion, kept.map_or(f64::MAX, |epoch| f64::from(epoch.valid_loss))))
}

/// Options with what is found by the number of rows.
pub(super) fn settled(train: &Options, _rows: usize) -> Options {
    train.clone()
}

/// What a float network is worth on the test part; trained in no epochs.
pub(super) fn judge(net: &Net, (x, width): (&[f32], usize), y: &[i32], part: &[u8]) -> Summary {
    let test = of_part(part, TEST);
    let right = test.iter().filter(|index| best(&net.forward(row(x, width, **index))) == y[**index] as usize);
    Summary {
        epochs: 0,
        best: 0,
        accuracy: right.count() as f64 / test.len().max(1) as f64,
        parameters: net.weights.len(),
        macs: net.macs(),
    }
}

/// The first of the largest.
fn best(scores: &[f32]) -> usize {
    let mut best = 0;
    for (index, score) in scores.iter().enumerate() {
        if *score > scores[best] {
            best = index;
        }
    }
    best
}

fn options(options: &Options, threads: usize) -> train::Options {
    train::Options {
        epochs: options.epochs,
        batch: options.batch,
        optimizer: match options.optimizer {
            Optimizer::Sgd { lr, momentum } => train::Optimizer::Sgd { lr, momentum },
            Optimizer::Adam { lr, decay } => train::Optimizer::Adam { lr, decay },
        },
        schedule: match options.schedule {
            Schedule::Constant => train::Schedule::Constant,
            Schedule::Cosine => train::Schedule::Cosine,
        },
        patience: options.patience,
        balance: options.balance,
        seed: options.seed,
        threads,
        isa: Isa::detect(),
        fresh: true,
    }
}

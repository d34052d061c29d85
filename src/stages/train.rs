//! Train: rows, targets and parts to the weights of a float network.

use serde::{Deserialize, Serialize};

use super::rows::{Rows, TEST};
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Pool, Stage};
use crate::net::train::{self, Epoch, Keeper, TrainData};
use crate::net::{Isa, Net, artifact};
use crate::spec::model::{Model, Task, Train as Options};

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
    /// Share of test rows that the float network gets right, of a classifier.
    pub accuracy: Option<f64>,
    /// The same; of numbers, the share of their variance over the test rows that is explained (R²).
    pub score: f64,
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
        out.text("task", &format!("{:?}", self.0.task));
        facts(&self.0.train, out);
    }

    fn pool(&self) -> Pool {
        Pool::Heavy
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        Ok(self.trained(job, None, job.threads())?.1)
    }
}

impl Train {
    /// The network and the step's outputs, from fresh weights or from those of `start`, a network of the same layers.
    pub(super) fn trained(&self, job: &Job, start: Option<Net>, threads: usize) -> Result<(Net, Outputs), Diags> {
        let rows = Rows::read(job, &self.0.task)?;
        let layers: Vec<_> = self.0.layers.iter().map(|layer| (layer.op.clone(), layer.args.clone())).collect();
        let fresh = start.is_none();
        let net = start.map_or_else(|| Net::build(&self.0.shape, &layers).map_err(|why| self.failed(&why)), Ok)?;
        let part = rows.learnt();
        let data = TrainData { x: &rows.x, y: rows.targets(), part: &part };
        let begin = job.world().clock().now();
        let mut first = None;
        let mut progress = |epoch: &Epoch| {
            let first = *first.get_or_insert(epoch.epoch - 1);
            let seconds = (job.world().clock().now() - begin) / f64::from(epoch.epoch - first);
            let text = line(&self.0.task, epoch) + &left(seconds * f64::from(epoch.epochs - epoch.epoch));
            job.progress(&text, u64::from(epoch.epoch), u64::from(epoch.epochs));
            !job.cancelled()
        };
        // The trials of a search are many and short: they aren't kept.
        let mut shelf = Shelf { job, last: begin, used: fresh };
        let options = train::Options { fresh, ..options(&self.0.train, threads) };
        let trained =
            train::train_kept(&net, &data, &options, &mut progress, &mut shelf).map_err(|why| self.failed(&why))?;
        let mut summary = judge(&trained.net, &rows);
        (summary.epochs, summary.best) = (trained.history.len(), trained.best);
        let (structure, weights) = artifact::write_net(&trained.net);
        let outputs = Outputs::from([
            ("net.json".to_string(), structure),
            ("weights.npy".to_string(), weights),
            ("history.csv".to_string(), train::history_csv(&trained.history).into_bytes()),
            ("summary.json".to_string(), super::json(&summary)),
        ]);
        Ok((trained.net, outputs))
    }

    fn failed(&self, why: &str) -> Diag {
        Diag::error("tml::train", format!("`{}` can't be trained: {why}", self.0.name)).at(&self.0.span, "this model")
    }
}

/// Seconds between two checkpoints.
const PAUSE: f64 = 5.0;

/// The place of the step's checkpoints.
struct Shelf<'a, 'b> {
    job: &'a Job<'b>,
    last: f64,
    used: bool,
}

impl Keeper for Shelf<'_, '_> {
    fn resume(&mut self) -> Option<Vec<u8>> {
        if self.used { self.job.resume() } else { None }
    }

    fn due(&mut self) -> bool {
        self.used && self.job.world().clock().now() - self.last > PAUSE
    }

    fn keep(&mut self, state: Vec<u8>) {
        self.job.keep(&state);
        self.last = self.job.world().clock().now();
    }
}

/// `, 2 min left`; nothing when it is less than ten seconds.
fn left(seconds: f64) -> String {
    match seconds {
        ..10.0 => String::new(),
        ..100.0 => format!(", {seconds:.0} s left"),
        ..6000.0 => format!(", {:.0} min left", seconds / 60.0),
        _ => format!(", {:.1} h left", seconds / 3600.0),
    }
}

/// Everything among the options that may change a weight.
pub(super) fn facts(train: &Options, out: &mut dyn Facts) {
    out.group("train", &mut |out| {
        out.text("epochs", &train.epochs.to_string());
        out.text("batch", &train.batch.to_string());
        out.text("loss", &format!("{:?}", train.loss));
        out.text("optimizer", &format!("{:?}", train.optimizer));
        out.text("schedule", &format!("{:?}", train.schedule));
        out.text("warmup", &train.warmup.to_string());
        out.text("clip", &train.clip.to_string());
        out.text("average", &train.average.to_string());
        out.text("patience", &train.patience.to_string());
        out.text("balance", &format!("{:?}", train.balance));
        out.text("augment", &format!("{:?}", train.augment));
        out.text("seed", &train.seed.to_string());
    });
}

/// An epoch in a line of progress.
fn line(task: &Task, epoch: &Epoch) -> String {
    match task {
        Task::Classify => format!("loss {:.3}, validation {:.1}%", epoch.loss, 100.0 * epoch.valid_score),
        Task::Regress | Task::Detect { .. } => {
            format!("loss {:.4}, validation {:.4}, R² {:.3}", epoch.loss, epoch.valid_loss, epoch.valid_score)
        }
    }
}

/// What a float network is worth on the test part; trained in no epochs.
pub(super) fn judge(net: &Net, rows: &Rows) -> Summary {
    let test = rows.judged(TEST);
    let score = rows.score(&test, &net.forward(&rows.inputs(&test)));
    Summary {
        epochs: 0,
        best: 0,
        accuracy: rows.accuracy(score),
        score,
        parameters: net.weights.len(),
        macs: net.macs(),
    }
}

/// The trainer's options for a spec's.
pub(super) fn options(options: &Options, threads: usize) -> train::Options {
    train::Options {
        epochs: options.epochs,
        batch: options.batch,
        loss: options.loss,
        optimizer: options.optimizer,
        schedule: options.schedule,
        warmup: options.warmup,
        clip: options.clip,
        average: options.average,
        patience: options.patience,
        balance: options.balance,
        augment: options.augment.clone(),
        seed: options.seed,
        fresh: true,
        threads,
        isa: Isa::detect(),
    }
}

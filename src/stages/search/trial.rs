//! Trial: one candidate in one round. In the first round a place is a candidate; in later ones, place j takes the
//! results of all places before, and goes on with the j-th best of them: so the graph is known before anything runs.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::super::arrays::{bytes, of_part};
use super::super::rows::{Rows, TRAINING};
use super::super::train::{Train, options};
use super::super::{call_text, json};
use super::cost::Costs;
use super::fit::Worst;
use super::ladder::{Ladder, epoch_seconds};
use super::quality::quality;
use super::rank::{Goal, Quality};
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Pool, Stage};
use crate::net::{Net, artifact};
use crate::spec::model::{Candidate, Model};

/// The step `trial:MODEL/ROUND.PLACE`. Inputs: `x.npy`, `y.npy`, `part.npy`; in the first round `fits.json`, else of each
/// place before `PLACE.outcome`, `PLACE.net`, `PLACE.weights` and of each candidate `CANDIDATE.worst`. Makes
/// `outcome.json`, `net.json`, `weights.npy`, `history.csv`, `summary.json`; all empty but the first for no candidate.
pub struct Trial {
    /// The model, with its candidates.
    pub model: Model,
    /// The rounds.
    pub ladder: Ladder,
    /// What is looked for.
    pub goal: Goal,
    /// From 0.
    pub round: usize,
    /// From 0; in the first round, the candidate.
    pub place: usize,
}

/// What a place came to.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Outcome {
    /// Who had it.
    pub candidate: Option<usize>,
    /// What it is worth; absent where it failed.
    pub quality: Option<Quality>,
    /// Epochs in this round.
    pub epochs: u32,
    /// Epochs in all rounds.
    pub total: u32,
    /// What it costs, where the order depends on it.
    pub costs: Costs,
    /// Seconds of this round, as estimated for the fixed machine.
    pub seconds: f64,
    /// Seconds of all rounds before, of all candidates.
    pub before: f64,
    /// Why there is nothing to go on with.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed: Option<String>,
}

/// Who has a place, from where, and for how long.
struct Start {
    candidate: usize,
    epochs: u32,
    seconds: f64,
    before: f64,
    last: Option<Last>,
}

/// What the candidate came to in the round before.
struct Last {
    outcome: Outcome,
    place: usize,
}

impl Stage for Trial {
    fn title(&self) -> String {
        let name = &self.model.name;
        let (place, of) = (self.place + 1, self.ladder.places[self.round]);
        format!("try {name}: round {} of {}, {place} of {of}", self.round + 1, self.ladder.rounds())
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("input", &self.model.shape.to_string());
        out.text("task", &format!("{:?}", self.model.task));
        out.text("place", &format!("{}.{}", self.round, self.place));
        out.text("ladder", &format!("{:?}", self.ladder));
        out.text("required", &format!("{:?}", self.goal));
        out.group("candidates", &mut |out| {
            for (at, candidate) in self.candidates().iter().enumerate() {
                // How long the others take decides how many epochs fit into the budget.
                let layers = candidate.layers.iter().map(|layer| call_text(&layer.op, &layer.args));
                let text = format!("{}; {:?}", layers.collect::<Vec<_>>().join(" "), candidate.train);
                out.text(&at.to_string(), &text);
            }
        });
    }

    fn pool(&self) -> Pool {
        if self.alone() { Pool::Heavy } else { Pool::Cpu }
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let start = if self.round == 0 { self.first(job)? } else { self.later(job)? };
        let Some(start) = start else { return Ok(nothing(&Outcome::default())) };
        let Candidate { layers, mut train, .. } = self.candidates()[start.candidate].clone();
        train.epochs = start.epochs;
        // Every round has its own shuffles.
        train.seed = train.seed.wrapping_add(self.round as u64);
        let net = start.last.as_ref().map(|last| read(job, last.place)).transpose()?;
        let model = Model { layers, train, search: None, ..self.model.clone() };
        let threads = if self.alone() { job.threads() } else { 1 };
        let total = start.epochs + start.last.as_ref().map_or(0, |last| last.outcome.total);
        let mut outcome = Outcome {
            candidate: Some(start.candidate),
            epochs: start.epochs,
            total,
            seconds: start.seconds,
            before: start.before,
            ..Outcome::default()
        };
        let mut outputs = match Train(model).trained(job, net, threads) {
            Ok((net, outputs)) => {
                let rows = Rows::read(job, &self.model.task)?;
                let loss = least_loss(&outputs);
                outcome.quality = Some(quality((&net, loss), &rows, &self.model.task, &self.goal));
                outputs
            }
            // Some choice may make it diverge: the others go on.
            Err(diags) if diags.0.iter().all(|diag| diag.code == "tml::train") => {
                outcome.failed = diags.0.first().map(|diag| diag.title.clone());
                nothing(&outcome)
            }
            Err(diags) => return Err(diags),
        };
        if let Some(last) = &start.last
            && !self.better(&outcome, &last.outcome)
        {
            // What was learnt before is kept; the time is spent all the same.
            outcome.quality = last.outcome.quality;
            outcome.failed.clone_from(&last.outcome.failed);
            for (name, input) in FILES {
                outputs.insert(name.into(), job.input(&format!("{}.{input}", last.place)).to_vec());
            }
        }
        outputs.insert("outcome.json".into(), json(&outcome));
        Ok(outputs)
    }
}

/// What a place hands on, and what the reader calls it.
pub(super) const FILES: [(&str, &str); 4] =
    [("net.json", "net"), ("weights.npy", "weights"), ("history.csv", "history"), ("summary.json", "summary")];

fn nothing(outcome: &Outcome) -> Outputs {
    let empty = FILES.iter().map(|(name, _)| ((*name).to_string(), Vec::new()));
    empty.chain([("outcome.json".to_string(), json(outcome))]).collect()
}

/// A record of ours among a job's inputs.
pub(super) fn record<T: DeserializeOwned>(job: &Job, name: &str) -> Result<T, Diag> {
    serde_json::from_slice(job.input(name)).map_err(|error| Diag::error("tml::bug", format!("bug: {name}: {error}")))
}

impl Trial {
    fn candidates(&self) -> &[Candidate] {
        let all = self.model.search.as_ref().map_or(&[][..], |search| &search.candidates);
        &all[..self.ladder.trials().min(all.len())]
    }

    /// Whether so few places have work that each may use all processors.
    fn alone(&self) -> bool {
        self.ladder.places[self.round] < 3
    }

    fn better(&self, new: &Outcome, old: &Outcome) -> bool {
        let mut both = [new.clone(), old.clone()];
        both[0].costs = Costs::default();
        both[1].costs = Costs::default();
        // Of equals the new one, which has seen more.
        self.goal.sort(&mut both);
        both[0].total == new.total
    }

    /// The place's own candidate, unless it can't meet the limits or the budget has no time for it.
    fn first(&self, job: &Job) -> Result<Option<Start>, Diags> {
        let fits: bool = record(job, "fits.json")?;
        if !fits {
            return Ok(None);
        }
        let rows = training_rows(job)?;
        let mut seconds = Vec::new();
        for candidate in self.candidates() {
            seconds.push(self.seconds(candidate, rows)?);
        }
        let share = self.ladder.share(0, 0.0);
        let affordable = seconds.iter().scan(0.0, |sum, one| {
            *sum += one;
            Some(*sum)
        });
        // Two are compared however short the time is.
        let tried = affordable.take_while(|sum| *sum <= share).count().max(2);
        if self.place >= tried {
            return Ok(None);
        }
        let epochs = self.epochs(self.place, rows, share / seconds.iter().take(tried).sum::<f64>());
        Ok(Some(Start {
            candidate: self.place,
            epochs,
            seconds: f64::from(epochs) * seconds[self.place],
            before: 0.0,
            last: None,
        }))
    }

    /// Of the round before, the candidate that this place goes on with.
    fn later(&self, job: &Job) -> Result<Option<Start>, Diags> {
        let mut outcomes = Vec::new();
        for place in 0..self.ladder.places[self.round - 1] {
            let mut outcome: Outcome = record(job, &format!("{place}.outcome"))?;
            if let Some(candidate) = outcome.candidate {
                let worst: Worst = record(job, &format!("{candidate}.worst"))?;
                outcome.costs = worst.costs.unwrap_or_default();
            }
            outcomes.push((place, outcome));
        }
        let before: f64 = outcomes.iter().map(|(_, outcome)| outcome.seconds).sum::<f64>()
            + outcomes.iter().map(|(_, outcome)| outcome.before).fold(0.0, f64::max);
        let places: Vec<Option<usize>> = outcomes.iter().map(|(_, outcome)| outcome.candidate).collect();
        let mut sorted: Vec<Outcome> = outcomes.into_iter().map(|(_, outcome)| outcome).collect();
        self.goal.sort(&mut sorted);
        sorted.retain(|outcome| outcome.quality.is_some());
        sorted.truncate(self.ladder.places[self.round]);
        let rows = training_rows(job)?;
        let mut all = 0.0;
        for outcome in &sorted {
            let candidate = &self.candidates()[outcome.candidate.unwrap_or(0)];
            all += self.seconds(candidate, rows)?;
        }
        let Some(outcome) = sorted.into_iter().nth(self.place) else { return Ok(None) };
        let Some(candidate) = outcome.candidate else { return Ok(None) };
        let epochs = self.epochs(candidate, rows, self.ladder.share(self.round, before) / all);
        let seconds = f64::from(epochs) * self.seconds(&self.candidates()[candidate], rows)?;
        let place = places.iter().position(|known| *known == Some(candidate)).unwrap_or(0);
        Ok(Some(Start { candidate, epochs, seconds, before, last: Some(Last { outcome, place }) }))
    }

    /// Epochs of this round, of which time allows `affordable`.
    fn epochs(&self, candidate: usize, rows: usize, affordable: f64) -> u32 {
        let train = options(&self.candidates()[candidate].train, 1).settle(rows);
        let planned = self.ladder.epochs(self.round, train.epochs, rows.div_ceil(train.batch.max(1) as usize));
        planned.min(affordable.clamp(1.0, 1e9) as u32)
    }

    /// Seconds of an epoch.
    fn seconds(&self, candidate: &Candidate, rows: usize) -> Result<f64, Diag> {
        let layers: Vec<_> = candidate.layers.iter().map(|layer| (layer.op.clone(), layer.args.clone())).collect();
        let net = Net::build(&self.model.shape, &layers).map_err(|why| {
            Diag::error("tml::search", format!("a candidate of `{}` can't be built: {why}", self.model.name))
                .at(&self.model.span, "this model")
        })?;
        Ok(epoch_seconds(&net, rows))
    }
}

/// The validation loss of the weights that were kept, from the history.
fn least_loss(outputs: &Outputs) -> f64 {
    let history = outputs.get("history.csv").map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
    let mut lines = history.lines().map(|line| line.split(','));
    let names: Vec<&str> = lines.next().map(Iterator::collect).unwrap_or_default();
    let column = |name: &str| names.iter().position(|known| *known == name).unwrap_or(usize::MAX);
    let (loss, best) = (column("valid_loss"), column("best"));
    let rows: Vec<Vec<&str>> = lines.map(Iterator::collect).collect();
    let kept = rows.iter().rfind(|row| row.get(best) == Some(&"1"));
    kept.and_then(|row| row.get(loss)?.parse().ok()).unwrap_or(f64::MAX)
}

fn training_rows(job: &Job) -> Result<usize, Diag> {
    Ok(of_part(&bytes(job, "part.npy")?, TRAINING).len())
}

/// The network of a place before.
fn read(job: &Job, place: usize) -> Result<Net, Diag> {
    let input = |name: &str| job.input(&format!("{place}.{name}"));
    artifact::read_net(input("net"), input("weights"))
        .map_err(|why| Diag::error("tml::bug", format!("bug: the network of place {place}: {why}")))
}

//! Choose: the candidate that the search ends with, and what became of all others.

use serde::{Deserialize, Serialize};

use super::super::json;
use super::cost::Costs;
use super::fit::Worst;
use super::ladder::Ladder;
use super::rank::{Goal, Quality};
use super::trial::{FILES, Outcome, record};
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::spec::model::{Candidate, Layer, Minimize, Model, Search};

/// The step `search:MODEL`. Inputs: of each place of each round `ROUND.PLACE.outcome`, `.net`, `.weights`, `.history` and
/// `.summary`; of each candidate `CANDIDATE.worst`. Makes what `train` makes, of the winner, and `search.json`.
pub struct Choose {
    /// The model, with its candidates.
    pub model: Model,
    /// The rounds.
    pub ladder: Ladder,
    /// What is looked for.
    pub goal: Goal,
    /// Boards on which candidates were measured.
    pub boards: Vec<String>,
}

/// What a search found.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Found {
    /// The model.
    pub model: String,
    /// `flash`, `ram`, `latency`, or nothing: the best wins.
    pub minimize: Option<String>,
    /// The budget, seconds.
    pub budget: f64,
    /// Seconds that training was estimated to take, for the fixed machine of the budget.
    pub spent: f64,
    /// Ways through the choices.
    pub space: u64,
    /// Candidates that were drawn, but for which the budget has no time.
    pub left: usize,
    /// Boards on which candidates were measured; costs are the largest over them.
    pub boards: Vec<String>,
    /// What candidates were compared by, on the validation part: `accuracy`, `r2`, `auc`, or the mean of what is required.
    pub measure: String,
    /// Whether something is required of answers.
    pub required: bool,
    /// Every candidate, in the order of the draw.
    pub tried: Vec<Tried>,
    /// Ways that make no network, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub misfits: Vec<(String, String)>,
    /// The winner's layers, as a spec would say them.
    pub layers: Vec<String>,
}

/// What became of a candidate.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Tried {
    /// What was chosen.
    pub choices: String,
    /// Its layers, as a spec would say them.
    pub layers: Vec<String>,
    /// What it costs at most on a board, with random weights.
    pub costs: Option<Costs>,
    /// Epochs that it was trained for.
    pub epochs: u32,
    /// What it is worth on the validation part.
    pub quality: Option<Quality>,
    /// What became of it.
    pub fate: Fate,
    /// Why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
    /// Whether no other trained candidate is at least as good in everything.
    pub pareto: bool,
}

/// What became of a candidate.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Fate {
    /// It breaks a limit, and was never trained.
    Unfit,
    /// The budget had no time for it.
    Untried,
    /// Training it failed.
    Failed,
    /// Others were better after a round.
    Stopped,
    /// It is the model.
    Chosen,
}

impl Stage for Choose {
    fn title(&self) -> String {
        format!("choose {}", self.model.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("name", &self.model.name);
        out.text("ladder", &format!("{:?}", self.ladder));
        out.text("required", &format!("{:?}", self.goal));
        out.text("boards", &self.boards.join(" "));
        let search = self.search();
        out.text("space", &search.space.to_string());
        out.text("budget", &search.budget.to_string());
        out.text("misfits", &format!("{:?}", search.misfits));
        out.group("candidates", &mut |out| {
            for (at, candidate) in search.candidates.iter().enumerate() {
                out.text(&at.to_string(), &format!("{}: {}", candidate.choices, spoken(&candidate.layers).join(" ")));
            }
        });
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let mut last: Vec<Option<(String, Outcome)>> = vec![None; self.candidates().len()];
        let mut spent = 0.0;
        for (round, places) in self.ladder.places.iter().enumerate() {
            for place in 0..*places {
                let name = format!("{round}.{place}");
                let outcome: Outcome = record(job, &format!("{name}.outcome"))?;
                spent += outcome.seconds;
                if let Some(candidate) = outcome.candidate {
                    last[candidate] = Some((name, outcome));
                }
            }
        }
        let mut tried = Vec::new();
        for (at, candidate) in self.candidates().iter().enumerate() {
            let worst: Worst = record(job, &format!("{at}.worst"))?;
            tried.push(Tried::new(candidate, last[at].as_mut().map(|(_, outcome)| outcome), worst));
        }
        let mut ends: Vec<Outcome> = last.iter().flatten().map(|(_, outcome)| outcome.clone()).collect();
        self.goal.sort(&mut ends);
        let winner = ends.first().filter(|outcome| outcome.quality.is_some()).and_then(|outcome| outcome.candidate);
        let Some(winner) = winner else { return Err(self.nothing(&tried).into()) };
        tried[winner].fate = Fate::Chosen;
        mark(&mut tried);
        let place = last[winner].as_ref().map_or(String::new(), |(place, _)| place.clone());
        let mut outputs = Outputs::new();
        for (name, input) in FILES {
            outputs.insert(name.into(), job.input(&format!("{place}.{input}")).to_vec());
        }
        outputs.insert("search.json".into(), json(&self.found(tried, winner, spent)));
        Ok(outputs)
    }
}

impl Choose {
    fn search(&self) -> &Search {
        self.model.search.as_ref().unwrap_or_else(|| panic!("bug: a search over no candidates"))
    }

    fn candidates(&self) -> &[Candidate] {
        &self.search().candidates[..self.ladder.trials()]
    }

    fn found(&self, tried: Vec<Tried>, winner: usize, spent: f64) -> Found {
        let search = self.search();
        let word = |minimize: Minimize| match minimize {
            Minimize::Flash => "flash",
            Minimize::Ram => "ram",
            Minimize::Latency => "latency",
        };
        Found {
            model: self.model.name.clone(),
            minimize: search.minimize.map(|minimize| word(minimize).to_string()),
            budget: search.budget.to_f64(),
            spent,
            space: search.space,
            left: search.candidates.len().saturating_sub(self.ladder.trials()),
            boards: self.boards.clone(),
            measure: self.goal.measure(&self.model.task),
            required: !self.goal.required.is_empty(),
            layers: tried[winner].layers.clone(),
            tried,
            misfits: search.misfits.clone(),
        }
    }

    /// None is left: mostly because all break a limit.
    fn nothing(&self, tried: &[Tried]) -> Diag {
        let name = &self.model.name;
        if let Some(failed) = tried.iter().find(|tried| tried.fate == Fate::Failed) {
            let title = format!("no candidate of `{name}` can be trained: {}", failed.reasons.join(", "));
            return Diag::error("tml::search", title).at(&self.model.span, "this model");
        }
        let title = format!("none of {} candidates of `{name}` meets what is required of its boards", tried.len());
        let least = |cost: fn(&Costs) -> f64| {
            let known = tried.iter().filter(|tried| tried.costs.is_some());
            known.min_by(|a, b| {
                let of = |tried: &Tried| tried.costs.as_ref().map_or(f64::MAX, cost);
                of(a).total_cmp(&of(b))
            })
        };
        let diag = Diag::error("tml::search", title).at(&self.model.span, "this model");
        let closest = least(|costs| costs.latency).or(tried.first());
        let diag = match closest {
            Some(tried) => diag.note(format!("the fastest, {}: {}", tried.choices, tried.reasons.join(", "))),
            None => diag,
        };
        diag.help("add smaller choices, or loosen `require`")
    }
}

impl Tried {
    fn new(candidate: &Candidate, outcome: Option<&mut Outcome>, worst: Worst) -> Self {
        let (mut fate, mut reasons) = (Fate::Untried, Vec::new());
        if !worst.reasons.is_empty() {
            (fate, reasons) = (Fate::Unfit, worst.reasons);
        }
        let (mut epochs, mut quality) = (0, None);
        if let Some(outcome) = outcome {
            outcome.costs = worst.costs.clone().unwrap_or_default();
            (epochs, quality) = (outcome.total, outcome.quality);
            fate = if quality.is_some() { Fate::Stopped } else { Fate::Failed };
            reasons.extend(outcome.failed.clone());
        }
        Self {
            choices: candidate.choices.clone(),
            layers: spoken(&candidate.layers),
            costs: worst.costs,
            epochs,
            quality,
            fate,
            reasons,
            pareto: false,
        }
    }
}

/// Marks the candidates that no other one is at least as good as in score, flash, memory and time, and better in one.
fn mark(tried: &mut [Tried]) {
    let values = |tried: &Tried| {
        let (quality, costs) = (tried.quality?, tried.costs.as_ref()?);
        Some([-quality.score, costs.flash as f64, costs.ram as f64, costs.latency])
    };
    let all: Vec<Option<[f64; 4]>> = tried.iter().map(values).collect();
    let beats =
        |a: &[f64; 4], b: &[f64; 4]| a.iter().zip(b).all(|(a, b)| a <= b) && a.iter().zip(b).any(|(a, b)| a < b);
    for (tried, own) in tried.iter_mut().zip(&all) {
        tried.pareto = own.is_some_and(|own| !all.iter().flatten().any(|other| beats(other, &own)));
    }
}

/// Layers as a spec says them: arguments that have their defaults are left out.
fn spoken(layers: &[Layer]) -> Vec<String> {
    layers.iter().map(Layer::text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pareto_set_has_what_nothing_beats() {
        let tried = |score: f64, flash: u64| Tried {
            choices: String::new(),
            layers: Vec::new(),
            costs: Some(Costs { flash, ..Costs::default() }),
            epochs: 1,
            quality: Some(Quality { score, ..Quality::default() }),
            fate: Fate::Stopped,
            reasons: Vec::new(),
            pareto: false,
        };
        let mut all = vec![tried(0.9, 10), tried(0.8, 20), tried(0.95, 30), tried(0.9, 10), tried(0.5, 5)];
        all.push(Tried { quality: None, ..tried(1.0, 1) });
        mark(&mut all);
        let marked: Vec<bool> = all.iter().map(|tried| tried.pareto).collect();
        assert_eq!(marked, [true, false, true, true, true, false]);
    }
}

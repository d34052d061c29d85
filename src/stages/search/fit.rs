//! Fit: whether a candidate can meet what its deployments require of flash, memory and time.

use serde::{Deserialize, Serialize};

use super::super::json;
use super::cost::Costs;
use crate::base::amount::{Toward, amount};
use crate::base::{Diag, Diags};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::spec::model::{Metric, Requirement};

/// What one deployment on one board allows.
#[derive(Clone, PartialEq, Debug)]
pub struct Limit {
    /// `DEPLOY@BOARD`, as the input with the costs begins.
    pub place: String,
    /// The board.
    pub board: String,
    /// The deployment's requirements.
    pub requirements: Vec<Requirement>,
}

/// The step `fit:MODEL#CANDIDATE`. Inputs: `PLACE.json`, the costs on each board. Makes `fits.json`: whether it is worth
/// training, and nothing else, so that a cost that changes within its limits trains nothing anew; and `worst.json`.
pub struct Fit {
    /// The model and the candidate's number, for titles.
    pub title: String,
    /// Every place where the model is deployed.
    pub limits: Vec<Limit>,
}

/// The largest costs over all boards, and why the candidate is left out.
#[derive(Clone, PartialEq, Debug, Default, Serialize, Deserialize)]
pub(super) struct Worst {
    /// The largest of each cost; absent where a board is too small.
    pub costs: Option<Costs>,
    /// Which requirements can't be met.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reasons: Vec<String>,
}

impl Stage for Fit {
    fn title(&self) -> String {
        format!("compare {} with the limits", self.title)
    }

    fn facts(&self, out: &mut dyn Facts) {
        for limit in &self.limits {
            let required = limit.requirements.iter().filter(|one| cost_of(one.metric, &Costs::default()).is_some());
            let limits: Vec<String> = required.map(|one| format!("{:?} {}", one.metric, one.limit.to_f64())).collect();
            out.text(&limit.place, &limits.join(", "));
        }
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let mut worst = Worst { costs: Some(Costs::default()), reasons: Vec::new() };
        for limit in &self.limits {
            let costs: Costs = serde_json::from_slice(job.input(&format!("{}.json", limit.place)))
                .map_err(|error| Diag::error("tml::bug", format!("bug: cost.json: {error}")))?;
            worst.add(limit, &costs);
        }
        let fits = json(&worst.reasons.is_empty());
        Ok(Outputs::from([("fits.json".to_string(), fits), ("worst.json".to_string(), json(&worst))]))
    }
}

impl Worst {
    fn add(&mut self, limit: &Limit, costs: &Costs) {
        if let Some(refused) = &costs.refused {
            self.reasons.push(refused.clone());
            self.costs = None;
            return;
        }
        for required in &limit.requirements {
            let Some((word, cost, unit)) = cost_of(required.metric, costs) else { continue };
            let most = required.limit.to_f64();
            if cost > most {
                let (cost, most) = (amount(cost, unit, Toward::More), amount(most, unit, Toward::Less));
                self.reasons.push(format!("{word} {cost} on {}, limit {most}", limit.board));
            }
        }
        if let Some(worst) = &mut self.costs {
            worst.flash = worst.flash.max(costs.flash);
            worst.ram = worst.ram.max(costs.ram);
            worst.cycles = worst.cycles.max(costs.cycles);
            worst.latency = worst.latency.max(costs.latency);
        }
    }
}

/// The word, value and unit of a metric that training doesn't change.
fn cost_of(metric: Metric, costs: &Costs) -> Option<(&'static str, f64, &'static str)> {
    match metric {
        Metric::Latency => Some(("latency", costs.latency, "s")),
        Metric::Flash => Some(("flash", costs.flash as f64, "B")),
        Metric::Ram => Some(("ram", costs.ram as f64, "B")),
        _ => None,
    }
}

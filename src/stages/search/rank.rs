//! What a candidate is worth on the validation part, and in which order candidates go on.

use std::cmp::Ordering;

use serde::{Deserialize, Serialize};

use super::trial::Outcome;
use crate::spec::model::{Bound, Metric, Minimize, Requirement, Task};

/// Without a required accuracy, candidates this close to the best one count as good as it.
const CLOSE: f64 = 0.01;

/// What a search looks for.
#[derive(Clone, PartialEq, Debug)]
pub struct Goal {
    /// What is required of answers: metric, whether at least or at most, limit.
    pub required: Vec<(Metric, Bound, f64)>,
    /// What is to be small.
    pub minimize: Option<Minimize>,
}

/// What a candidate's answers are worth.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Quality {
    /// The mean of what is required (errors negative), or the task's own measure; the larger the better.
    pub score: f64,
    /// The smallest distance to a limit, negative where one isn't met; absent where nothing is required.
    pub margin: Option<f64>,
    /// The loss over the same rows, the smaller the better.
    pub loss: f64,
}

impl Goal {
    /// From the requirements of all deployments.
    pub fn new<'a>(requirements: impl Iterator<Item = &'a Requirement>, minimize: Option<Minimize>) -> Self {
        let of_answers = |metric: &Metric| !matches!(metric, Metric::Latency | Metric::Flash | Metric::Ram);
        let mut required: Vec<(Metric, Bound, f64)> = Vec::new();
        for one in requirements.filter(|one| of_answers(&one.metric)) {
            let new = (one.metric, one.relation, one.limit.to_f64());
            match required.iter_mut().find(|known| known.0 == new.0) {
                Some(known) if new.1 == Bound::AtLeast => known.2 = known.2.max(new.2),
                Some(known) => known.2 = known.2.min(new.2),
                None => required.push(new),
            }
        }
        Self { required, minimize }
    }

    /// What scores are of, in a word.
    pub(super) fn measure(&self, task: &Task) -> String {
        match (self.required.as_slice(), task) {
            ([(Metric::Accuracy, ..)], _) | ([], Task::Classify) => "accuracy".into(),
            ([], Task::Regress) => "r2".into(),
            ([], Task::Detect { .. }) => "auc".into(),
            ([_], _) => "what is required".into(),
            _ => "mean of what is required".into(),
        }
    }

    /// The quality of answers: `value` gives a metric of them, `usual` is the task's own measure, `loss` the mean loss.
    pub(super) fn judge(&self, value: &dyn Fn(Metric) -> Option<f64>, usual: f64, loss: f64) -> Quality {
        let values: Vec<(f64, f64)> = self
            .required
            .iter()
            .filter_map(|(metric, bound, limit)| {
                let value = value(*metric)?;
                let sign = if *bound == Bound::AtLeast { 1.0 } else { -1.0 };
                Some((sign * value, sign * (value - limit)))
            })
            .collect();
        let mean = values.iter().map(|(value, _)| value).sum::<f64>() / values.len().max(1) as f64;
        Quality {
            score: if values.is_empty() { usual } else { mean },
            margin: values.iter().map(|(_, margin)| *margin).min_by(f64::total_cmp),
            loss,
        }
    }

    /// The outcomes in the order in which they are wanted; empty places and failures last.
    pub fn sort(&self, outcomes: &mut [Outcome]) {
        let qualities = outcomes.iter().filter_map(|outcome| outcome.quality);
        let best = qualities.map(|quality| quality.score).fold(f64::NEG_INFINITY, f64::max);
        let met = |quality: &Quality| quality.margin.map_or(quality.score >= best - CLOSE, |margin| margin >= 0.0);
        outcomes.sort_by(|a, b| match (&a.quality, &b.quality) {
            (Some(one), Some(other)) => met(other)
                .cmp(&met(one))
                .then_with(|| if met(one) { self.cheaper(a, b) } else { Ordering::Equal })
                .then_with(|| other.score.total_cmp(&one.score))
                .then_with(|| one.loss.total_cmp(&other.loss))
                .then_with(|| a.candidate.cmp(&b.candidate)),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => a.candidate.cmp(&b.candidate),
        });
    }

    fn cheaper(&self, a: &Outcome, b: &Outcome) -> Ordering {
        let cost = |outcome: &Outcome| match self.minimize {
            None => 0,
            Some(Minimize::Flash) => outcome.costs.flash,
            Some(Minimize::Ram) => outcome.costs.ram,
            Some(Minimize::Latency) => outcome.costs.cycles,
        };
        cost(a).cmp(&cost(b))
    }
}

/// A metric of a confusion matrix (rows by class, then by answer).
pub(super) fn of_confusion(metric: Metric, counts: &[Vec<u64>]) -> Option<f64> {
    let right = |class: usize| counts.get(class).and_then(|row| row.get(class)).copied().unwrap_or(0);
    let rows = |class: usize| counts.get(class).map_or(0, |row| row.iter().sum::<u64>());
    let answers = |class: usize| counts.iter().filter_map(|row| row.get(class)).sum::<u64>();
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let f1 = |class: usize| share(2 * right(class), rows(class) + answers(class));
    match metric {
        Metric::Accuracy => share((0..counts.len()).map(right).sum(), counts.iter().flatten().sum()),
        Metric::Recall(class) => share(right(class), rows(class)),
        // No answer of the class at all is no precision.
        Metric::Precision(class) => share(right(class), answers(class)).or(Some(0.0)),
        Metric::F1(Some(class)) => f1(class),
        Metric::F1(None) => {
            let all: Vec<f64> = (0..counts.len()).filter_map(f1).collect();
            (!all.is_empty()).then(|| all.iter().sum::<f64>() / all.len() as f64)
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::cost::Costs;
    use super::*;

    fn outcome(candidate: usize, score: f64, flash: u64) -> Outcome {
        let quality = Quality { score, margin: None, loss: 1.0 };
        let costs = Costs { flash, ..Costs::default() };
        Outcome { candidate: Some(candidate), quality: Some(quality), costs, ..Outcome::default() }
    }

    fn order(goal: &Goal, mut outcomes: Vec<Outcome>) -> Vec<usize> {
        goal.sort(&mut outcomes);
        outcomes.iter().filter_map(|outcome| outcome.candidate).collect()
    }

    #[test]
    fn the_best_goes_on_or_the_cheapest_that_is_good_enough() {
        let all = vec![outcome(0, 0.9, 30), outcome(1, 0.949, 20), outcome(2, 0.95, 40), outcome(3, 0.94, 10)];
        let mut goal = Goal { required: Vec::new(), minimize: None };
        assert_eq!(order(&goal, all.clone()), [2, 1, 3, 0]);
        goal.minimize = Some(Minimize::Flash);
        assert_eq!(order(&goal, all.clone()), [3, 1, 2, 0]);
        goal.required = vec![(Metric::Accuracy, Bound::AtLeast, 0.945)];
        let judged = |mut outcome: Outcome| {
            let right = (outcome.quality.unwrap().score * 1000.0).round() as u64;
            let counts = [vec![right, 1000 - right], vec![0, 0]];
            outcome.quality = Some(goal.judge(&|metric| of_confusion(metric, &counts), 0.0, 1.0));
            outcome
        };
        assert_eq!(order(&goal, all.into_iter().map(judged).collect()), [1, 2, 3, 0]);
    }

    #[test]
    fn failures_and_empty_places_are_last() {
        let goal = Goal { required: Vec::new(), minimize: None };
        let failed = Outcome { candidate: Some(0), ..Outcome::default() };
        let mut all = vec![Outcome::default(), failed, outcome(5, 0.1, 1)];
        goal.sort(&mut all);
        assert_eq!(all[0].candidate, Some(5));
    }

    #[test]
    fn metrics_fold_the_matrix() {
        let counts = [vec![6, 2], vec![1, 1]];
        let value = |metric| of_confusion(metric, &counts).unwrap();
        assert!((value(Metric::Accuracy) - 0.7).abs() < 1e-12);
        assert!((value(Metric::Recall(1)) - 0.5).abs() < 1e-12);
        assert!((value(Metric::Precision(1)) - 1.0 / 3.0).abs() < 1e-12);
        assert!((value(Metric::F1(None)) - f64::midpoint(0.8, 0.4)).abs() < 1e-12);
        assert_eq!(of_confusion(Metric::Precision(0), &[vec![0, 0], vec![0, 3]]), Some(0.0));
    }
}

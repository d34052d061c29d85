//! What a trained candidate is worth on the validation part, by task.

use super::super::rows::{Rows, TRAINING, VALIDATION};
use super::rank::{Goal, Quality, of_confusion};
use crate::net::Net;
use crate::spec::model::{Metric, Task};

/// The worth of a candidate with this validation loss; on the training part where the validation part has no rows.
pub(super) fn quality((net, loss): (&Net, f64), rows: &Rows, task: &Task, goal: &Goal) -> Quality {
    let part = [VALIDATION, TRAINING].into_iter().find(|part| !rows.judged(*part).is_empty()).unwrap_or(TRAINING);
    let judged = rows.judged(part);
    let outputs = net.forward(&rows.inputs(&judged));
    let score = rows.score(&judged, &outputs);
    match task {
        Task::Classify => {
            let counts = rows.confusion(&judged, &outputs);
            goal.judge(&|metric| of_confusion(metric, &counts), score, loss)
        }
        Task::Regress => {
            let misses = rows.misses(&judged, &outputs);
            let mean = |target: Option<usize>, of: usize| match target {
                Some(target) => misses.get(target).map(|errors| errors[of]),
                None => Some(misses.iter().map(|errors| errors[of]).sum::<f64>() / misses.len().max(1) as f64),
            };
            let value = |metric| match metric {
                Metric::Mae(target) => mean(target, 0),
                Metric::Rmse(target) => mean(target, 1),
                Metric::R2(target) => mean(target, 2),
                _ => None,
            };
            goal.judge(&value, score, loss)
        }
        Task::Detect { .. } => {
            let all = rows.of_part(part);
            let errors = rows.errors(&all, &net.forward(&rows.inputs(&all)));
            // Without an anomaly among the rows, the one that tells normal rows best.
            let area = area(&errors);
            goal.judge(&|metric| area.filter(|_| matches!(metric, Metric::Auc(_))), area.unwrap_or(score), loss)
        }
    }
}

/// The area under the ROC curve: how often an anomaly has the larger error than a normal row; equal ones count half.
fn area(errors: &[(f64, bool)]) -> Option<f64> {
    let mut sorted = errors.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let anomalies = sorted.iter().filter(|row| row.1).count();
    let normal = sorted.len() - anomalies;
    if anomalies == 0 || normal == 0 {
        return None;
    }
    let (mut above, mut below) = (0.0, 0.0);
    let mut rest = sorted.as_slice();
    while let Some((error, _)) = rest.first() {
        let equal = rest.iter().take_while(|row| row.0 <= *error).count();
        let (group, after) = rest.split_at(equal);
        let odd = group.iter().filter(|row| row.1).count() as f64;
        let usual = equal as f64 - odd;
        above += odd * (below + usual / 2.0);
        below += usual;
        rest = after;
    }
    Some(above / (anomalies * normal) as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_area_counts_pairs_in_order() {
        let close = |rows: &[(f64, bool)], wanted: f64| assert!((area(rows).unwrap() - wanted).abs() < 1e-12);
        close(&[(1.0, false), (2.0, true)], 1.0);
        close(&[(1.0, true), (2.0, false)], 0.0);
        close(&[(1.0, false), (1.0, true)], 0.5);
        close(&[(1.0, false), (2.0, true), (3.0, false), (4.0, true)], 0.75);
        assert_eq!(area(&[(1.0, false)]), None);
    }
}

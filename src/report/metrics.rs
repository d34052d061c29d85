//! What answers over the test part are worth, as sums over plain numbers: ranks, errors, alarms. A metric without any
//! row to speak of is `None`, never NaN.

use super::measure::{Alarms, Auc, ErrorRange, Errors, Quantile, TargetErrors};

/// Ranges of truth that a target's table has.
const RANGES: usize = 4;

/// Area under the ROC curve: the share of pairs of a positive and another row in which the positive one has the larger
/// score, equal scores counting half (Mann and Whitney 1947; Hanley and `McNeil` 1982). `None` without such a pair.
pub fn auc(rows: impl Iterator<Item = (f64, bool)>) -> Option<f64> {
    let mut rows: Vec<(f64, bool)> = rows.collect();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let positives = rows.iter().filter(|row| row.1).count() as f64;
    let pairs = positives * (rows.len() as f64 - positives);
    let (mut below, mut won, mut at) = (0.0, 0.0, 0);
    while at < rows.len() {
        let equal = rows[at..].iter().take_while(|row| row.0.total_cmp(&rows[at].0).is_eq()).count();
        let mine = rows[at..at + equal].iter().filter(|row| row.1).count() as f64;
        let others = equal as f64 - mine;
        won += mine * (below + others / 2.0);
        below += others;
        at += equal;
    }
    (pairs > 0.0).then(|| won / pairs)
}

/// AUC of each class against the rest, and their mean. `scores` has a row of `classes` scores for each of `truth`.
/// Of two classes the difference of their scores counts, so that both have one curve.
pub fn one_against_rest(scores: &[f32], truth: &[usize], classes: usize) -> Auc {
    let score = |row: &[f32], class: usize| match row {
        [first, second] => f64::from(row[class]) - f64::from(if class == 0 { *second } else { *first }),
        _ => f64::from(row[class]),
    };
    let of = |class: usize| {
        auc(scores.chunks_exact(classes).zip(truth).map(|(row, truth)| (score(row, class), *truth == class)))
    };
    let classes: Vec<Option<f64>> = (0..classes).map(of).collect();
    let known: Vec<f64> = classes.iter().flatten().copied().collect();
    let mean = (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64);
    Auc { mean, classes }
}

/// Counts of answers by true class; answers of no class have a column of their own behind the classes, where there are any.
pub fn confusion(answers: &[usize], truth: &[usize], classes: usize) -> Vec<Vec<u64>> {
    let unknown = answers.iter().any(|answer| *answer >= classes);
    let mut counts = vec![vec![0; classes + usize::from(unknown)]; classes];
    for (answer, truth) in answers.iter().zip(truth) {
        counts[*truth][(*answer).min(classes)] += 1;
    }
    counts
}

/// False alarms of each class: stretches of windows of one recording with that answer, none of which is of the class.
pub fn alarms(answers: &[usize], truth: &[usize], recording: &[i32], classes: usize, hours: f64) -> Alarms {
    let mut counts = vec![0; classes];
    let mut at = 0;
    while at < answers.len() {
        let (answer, place) = (answers[at], recording[at]);
        let mut end = at + 1;
        while end < answers.len() && answers[end] == answer && recording[end] == place {
            end += 1;
        }
        if answer < classes && truth[at..end].iter().all(|truth| *truth != answer) {
            counts[answer] += 1;
        }
        at = end;
    }
    Alarms { hours, counts }
}

/// The value below which `share` of the sorted values lie, between neighbours by straight line.
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let place = share.clamp(0.0, 1.0) * sorted.len().saturating_sub(1) as f64;
    let (low, high) = (place.floor() as usize, place.ceil() as usize);
    match (sorted.get(low), sorted.get(high)) {
        (Some(low), Some(high)) => low + (high - low) * place.fract(),
        _ => 0.0,
    }
}

/// Quantiles of values, which are sorted for it.
pub fn quantiles(mut values: Vec<f64>, shares: &[f64]) -> Vec<Quantile> {
    values.sort_by(f64::total_cmp);
    let of = |share: &f64| Quantile { share: *share, value: quantile(&values, *share) };
    if values.is_empty() { Vec::new() } else { shares.iter().map(of).collect() }
}

/// Mean absolute error, root of the mean square error, and R² (1 − squared errors / squared deviations of the truth from
/// its mean; `None` when the truth never changes) of pairs (truth, answer).
pub fn errors(pairs: &[(f64, f64)]) -> Errors {
    if pairs.is_empty() {
        return Errors::default();
    }
    let rows = pairs.len() as f64;
    let mean = pairs.iter().map(|pair| pair.0).sum::<f64>() / rows;
    let square = |value: f64| value * value;
    let squares: f64 = pairs.iter().map(|(truth, answer)| square(answer - truth)).sum();
    let spread: f64 = pairs.iter().map(|pair| square(pair.0 - mean)).sum();
    Errors {
        mae: Some(pairs.iter().map(|(truth, answer)| (answer - truth).abs()).sum::<f64>() / rows),
        rmse: Some((squares / rows).sqrt()),
        r2: (spread > 0.0).then(|| 1.0 - squares / spread),
    }
}

/// All that the report says of one target. `float` are the pairs of the float network, where there is one.
pub fn target(name: &str, pairs: &[(f64, f64)], float: Option<&[(f64, f64)]>) -> TargetErrors {
    let sizes = pairs.iter().map(|(truth, answer)| (answer - truth).abs()).collect();
    TargetErrors {
        name: name.to_string(),
        rows: pairs.len() as u64,
        int8: errors(pairs),
        float: float.map(errors),
        quantiles: quantiles(sizes, &[0.5, 0.9, 0.99, 1.0]),
        ranges: ranges(pairs),
    }
}

/// Rows sorted by truth in parts of equal size: where the errors are.
fn ranges(pairs: &[(f64, f64)]) -> Vec<ErrorRange> {
    let mut sorted = pairs.to_vec();
    sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
    let parts = RANGES.min(sorted.len());
    let part = |at: usize| {
        let rows = &sorted[at * sorted.len() / parts..(at + 1) * sorted.len() / parts];
        let count = rows.len() as f64;
        Some(ErrorRange {
            low: rows.first()?.0,
            high: rows.last()?.0,
            rows: rows.len() as u64,
            mae: rows.iter().map(|(truth, answer)| (answer - truth).abs()).sum::<f64>() / count,
            bias: rows.iter().map(|(truth, answer)| answer - truth).sum::<f64>() / count,
        })
    };
    (0..parts).filter_map(part).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auc_of(rows: &[(f64, bool)]) -> Option<f64> {
        auc(rows.iter().copied())
    }

    #[test]
    fn auc_counts_pairs_and_halves_of_ties() {
        assert_eq!(auc_of(&[(0.1, false), (0.2, false), (0.8, true), (0.9, true)]), Some(1.0));
        assert_eq!(auc_of(&[(0.9, false), (0.1, true)]), Some(0.0));
        assert_eq!(auc_of(&[(0.5, false), (0.5, true)]), Some(0.5));
        // sklearn.metrics.roc_auc_score([0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]) is 0.75 (its documentation).
        assert_eq!(auc_of(&[(0.1, false), (0.4, false), (0.35, true), (0.8, true)]), Some(0.75));
        assert_eq!((auc_of(&[(0.5, true)]), auc_of(&[])), (None, None));
    }

    #[test]
    fn two_classes_share_a_curve_and_many_are_averaged() {
        let two = one_against_rest(&[0.9, 0.1, 0.4, 0.6, 0.3, 0.7], &[0, 1, 1], 2);
        assert_eq!((two.mean, two.classes), (Some(1.0), vec![Some(1.0), Some(1.0)]));
        let three = one_against_rest(&[0.9, 0.1, 0.0, 0.2, 0.7, 0.1], &[0, 1], 3);
        assert_eq!(three.classes, [Some(1.0), Some(1.0), None]);
    }

    #[test]
    fn errors_of_four_rows() {
        // sklearn.metrics.r2_score([3, -0.5, 2, 7], [2.5, 0.0, 2, 8]) is 0.948… (its documentation).
        let found = errors(&[(3.0, 2.5), (-0.5, 0.0), (2.0, 2.0), (7.0, 8.0)]);
        assert_eq!(found.mae, Some(0.5));
        assert!((found.rmse.unwrap() - 0.612_372_435_695_794_5).abs() < 1e-15);
        assert!((found.r2.unwrap() - 0.948_608_137_044_967_9).abs() < 1e-15);
        assert_eq!(errors(&[(1.0, 1.5), (1.0, 1.0)]).r2, None);
        assert_eq!(errors(&[]), Errors::default());
    }

    #[test]
    fn an_alarm_is_a_stretch_and_false_when_none_of_it_is_true() {
        let answers = [1, 1, 0, 1, 1, 1, 2, 1];
        let truth = [0, 0, 0, 0, 1, 0, 0, 0];
        let found = alarms(&answers, &truth, &[0, 0, 0, 0, 0, 0, 0, 1], 2, 0.5);
        // The first stretch and the one of the other recording; the second has a true window; 2 is no class.
        assert_eq!(found.counts, [0, 2]);
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        let found = quantiles(vec![4.0, 1.0, 3.0, 2.0], &[0.0, 0.5, 1.0]);
        assert_eq!(found.iter().map(|at| at.value).collect::<Vec<_>>(), [1.0, 2.5, 4.0]);
        assert!(quantiles(vec![], &[0.5]).is_empty());
        assert_eq!(confusion(&[0, 2, 1], &[0, 0, 1], 2), [[1, 0, 1], [0, 1, 0]]);
    }
}

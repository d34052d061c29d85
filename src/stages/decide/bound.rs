//! The bound between normal and anomalous scores, from the validation part.

/// Share of normal validation rows below the bound where no anomaly says more.
const USUAL: f64 = 0.995;

/// The bound with the largest F1 of the anomalies among `rows` (score, anomaly), in the middle of its gap; of equal ones
/// the widest gap, as a ratio of scores. `None` without an anomaly or a normal row.
pub(super) fn best(rows: &[(f32, bool)]) -> Option<f32> {
    let mut rows = rows.to_vec();
    rows.sort_by(|a, b| a.0.total_cmp(&b.0));
    let anomalies = rows.iter().filter(|row| row.1).count();
    if anomalies == 0 || anomalies == rows.len() {
        return None;
    }
    let mut best: Option<(f64, f64, f32)> = None;
    let mut missed = 0;
    for (at, pair) in rows.windows(2).enumerate() {
        missed += usize::from(pair[0].1);
        let (low, high) = (pair[0].0, pair[1].0);
        if low >= high {
            continue;
        }
        let answered = rows.len() - at - 1;
        let f1 = 2.0 * (anomalies - missed) as f64 / (answered + anomalies) as f64;
        let gap = f64::from(high) / f64::from(low).max(1e-30);
        let better = best.is_none_or(|(old, wide, _)| f1 > old || f1 >= old && gap > wide);
        if better {
            best = Some((f1, gap, f32::midpoint(low, high)));
        }
    }
    best.map(|(.., bound)| bound)
}

/// The score below which `share` of the normal rows are; by default that of nearly all. `None` without normal rows.
pub(super) fn quantile(rows: &[(f32, bool)], share: Option<f64>) -> Option<f32> {
    let mut normal: Vec<f64> = rows.iter().filter(|row| !row.1).map(|row| f64::from(row.0)).collect();
    normal.sort_by(f64::total_cmp);
    let place = share.unwrap_or(USUAL) * normal.len().checked_sub(1)? as f64;
    let (low, high) = (normal[place.floor() as usize], normal[place.ceil() as usize]);
    Some((low + (high - low) * place.fract()) as f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_lies_in_the_widest_gap_of_the_best_f1() {
        assert_eq!(best(&[(1.0, false), (2.0, false), (6.0, true), (7.0, true)]), Some(4.0));
        // One anomaly looks normal: it is given up rather than two normal rows.
        assert_eq!(best(&[(1.0, true), (2.0, false), (3.0, false), (5.0, true), (9.0, true)]), Some(4.0));
        assert_eq!(best(&[(1.0, false), (2.0, false)]), None);
        assert_eq!(best(&[(1.0, true)]), None);
        assert_eq!(best(&[(1.0, true), (1.0, false)]), None, "nothing divides equal scores");
    }

    #[test]
    fn quantiles_are_of_normal_rows() {
        let rows = [(1.0, false), (3.0, false), (100.0, true)];
        assert_eq!(quantile(&rows, Some(0.5)), Some(2.0));
        assert_eq!(quantile(&rows, Some(1.0)), Some(3.0));
        assert_eq!(quantile(&rows[2..], None), None);
    }
}

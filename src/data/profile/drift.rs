//! Whether training and test part come from the same world: the two-sample Kolmogorov–Smirnov statistic of each channel.
//! Recordings count by their mean, because samples of one recording aren't independent.

use super::view::View;

/// Recordings of a part that are looked at.
const MOST: usize = 5000;
/// Distances below this are of no consequence, however certain.
const LARGE: f64 = 0.3;

/// The distance for channel `index` of the view; none where a part has less than five recordings.
pub(super) fn drift(view: &View, index: usize) -> Option<f64> {
    let part = |part: u8| {
        let rows: Vec<usize> = (0..view.len()).filter(|row| view.part[*row] == part).collect();
        let few = rows.iter().step_by(rows.len().div_ceil(MOST).max(1));
        let mut means: Vec<f64> = few.map(|row| view.mean(*row, index)).collect();
        means.sort_by(f64::total_cmp);
        means
    };
    let (train, test) = (part(0), part(2));
    (train.len() >= 5 && test.len() >= 5).then(|| distance(&train, &test))
}

/// True when `distance` is both certain (alpha = 0.001: Smirnov's bound 1.95) and large.
pub(super) fn matters(distance: f64, train: usize, test: usize) -> bool {
    let (train, test) = (train.min(MOST) as f64, test.min(MOST) as f64);
    distance >= LARGE && distance > 1.95 * ((train + test) / (train * test).max(1.0)).sqrt()
}

/// Largest difference of the two distribution functions; both sorted.
fn distance(a: &[f64], b: &[f64]) -> f64 {
    let (mut i, mut j, mut largest) = (0, 0, 0.0_f64);
    while i < a.len() && j < b.len() {
        let value = a[i].min(b[j]);
        while i < a.len() && a[i] <= value {
            i += 1;
        }
        while j < b.len() && b[j] <= value {
            j += 1;
        }
        largest = largest.max((i as f64 / a.len() as f64 - j as f64 / b.len() as f64).abs());
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_are_those_of_the_definition() {
        assert!(distance(&[1.0, 2.0, 3.0], &[1.0, 2.0, 3.0]) < 1e-12);
        assert!((distance(&[1.0, 2.0], &[3.0, 4.0]) - 1.0).abs() < 1e-12);
        // scipy.stats.ks_2samp([1, 2, 3, 4], [2.5, 3.5, 4.5]).statistic
        assert!((distance(&[1.0, 2.0, 3.0, 4.0], &[2.5, 3.5, 4.5]) - 0.5).abs() < 1e-12);
        assert!(matters(0.5, 100, 100) && !matters(0.5, 10, 10) && !matters(0.1, 5000, 5000));
    }
}

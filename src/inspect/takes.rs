//! How many rows a take has, where a file holds one behind the other: a length that divides every file, at whose
//! multiples the values jump.

/// A take has at least so many rows.
const SHORTEST: usize = 16;
/// And at most so many.
const LONGEST: usize = 20_000;
/// A jump is this many times the usual step.
const JUMP: f64 = 3.0;

/// The length of a take; none where rows don't come in takes. `files[file][column]` are the values in order.
pub(super) fn take(files: &[Vec<&[f32]>]) -> Option<usize> {
    let lengths: Vec<usize> = files.iter().map(|columns| columns.first().map_or(0, |column| column.len())).collect();
    let common = lengths.iter().copied().fold(0, divisor);
    let several = |length: usize| lengths.iter().any(|rows| *rows > length);
    if (SHORTEST..=LONGEST).contains(&common) && lengths.len() > 1 && lengths.iter().all(|rows| *rows == common) {
        return Some(common);
    }
    let candidates = (SHORTEST..=common.min(LONGEST)).filter(|length| common % length == 0 && several(*length));
    candidates.into_iter().find(|length| jumps(files, *length))
}

fn divisor(a: usize, b: usize) -> usize {
    if b == 0 { a } else { divisor(b, a % b) }
}

/// True when most multiples of `length` are jumps.
fn jumps(files: &[Vec<&[f32]>], length: usize) -> bool {
    let (mut large, mut all) = (0, 0);
    for columns in files {
        let rows = columns.first().map_or(0, |column| column.len());
        let usual: Vec<f64> = columns.iter().map(|column| step(column)).collect();
        for at in (length..rows).step_by(length) {
            all += 1;
            let ratio = |(column, usual): (&&[f32], &f64)| {
                let step = f64::from((column[at] - column[at - 1]).abs());
                if *usual > 0.0 { step / usual } else { 0.0 }
            };
            let mean = columns.iter().zip(&usual).map(ratio).sum::<f64>() / columns.len().max(1) as f64;
            large += usize::from(mean > JUMP);
        }
    }
    all > 0 && large * 3 >= all * 2
}

/// The mean step of a column.
fn step(column: &[f32]) -> f64 {
    let steps = column.windows(2).map(|pair| f64::from((pair[1] - pair[0]).abs()));
    steps.filter(|step| step.is_finite()).sum::<f64>() / column.len().max(2) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_end_where_values_jump() {
        // Ramps of 119 samples from different heights: the common divisor of 3 and 4 times 595 is 595.
        let file = |takes: usize| -> Vec<f32> {
            (0..takes * 119).map(|at| (at % 119) as f32 * 0.1 + (at / 119 % 5) as f32 * 40.0).collect()
        };
        let (a, b) = (file(15), file(20));
        assert_eq!(take(&[vec![&a], vec![&b]]), Some(119));
        let smooth: Vec<f32> = (0..1200).map(|at| at as f32 * 0.1).collect();
        assert_eq!(take(&[vec![&smooth]]), None);
        assert_eq!(take(&[vec![&smooth[..150]], vec![&smooth[150..300]]]), Some(150), "files of one length");
    }
}

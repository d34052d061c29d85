//! Detectors whose weights follow from the rows at once: nothing is trained, and a seed decides only where clusters begin.
//!
//! Both are reconstructions, so that one score serves all detectors: the mean square of what is wrong with the output.

use crate::base::rng::Rng;

use super::graph::Net;

/// Most rounds of k-means; it mostly ends much earlier, when no row changes its cluster.
const ROUNDS: usize = 100;

/// What is added to each variance, as a share of their mean: directions that never change would else count without bound,
/// and eight bits of input don't resolve them.
const RIDGE: f64 = 1e-3;

/// Range of the scores that choose a cluster: wide enough for one to win, narrow enough for 256 steps.
const SPREAD: f64 = 64.0;

/// Weights of a network of one dense layer that gives x − L⁻¹(x − mean), where L Lᵀ is the covariance of `rows` (row behind
/// row): what is wrong with it is the whitened row, whose mean square is the squared Mahalanobis distance by the width
/// (Mahalanobis 1936). Errors are sentences for the user.
pub fn mahalanobis(net: &Net, rows: &[f32]) -> Result<Net, String> {
    let width = net.input.len();
    let count = rows.len() / width;
    if count < 2 {
        return Err(format!("{count} normal rows have no covariance"));
    }
    let mean = mean(rows, width);
    let inverse = inverse(&cholesky(covariance(rows, &mean)));
    let mut weights = vec![0.0; net.weights.len()];
    let (matrix, bias) = weights.split_at_mut(width * width);
    for at in 0..width {
        for other in 0..width {
            let one = if at == other { 1.0 } else { 0.0 };
            matrix[at * width + other] = (one - inverse[at][other]) as f32;
        }
        bias[at] = inverse[at].iter().zip(&mean).map(|(w, m)| w * m).sum::<f64>() as f32;
    }
    finite(net, weights)
}

/// Weights of a network dense – softmax – dense that gives the nearest of `clusters` means of `rows` (Lloyd 1982; begun as by
/// Arthur and Vassilvitskii 2007): what is wrong with it is the distance to that mean. A row
/// between means, equally far from each, is given as their middle, so its score is too small. Errors are sentences for the user.
pub fn means(net: &Net, rows: &[f32], clusters: usize, seed: u64) -> Result<Net, String> {
    let width = net.input.len();
    let count = rows.len() / width;
    if count < clusters {
        return Err(format!("{count} normal rows can't have {clusters} clusters"));
    }
    let centers = lloyd(rows, width, clusters, seed);
    // The nearest mean c has the largest 2·x·c − c·c.
    let square = |center: &[f64]| center.iter().map(|c| c * c).sum::<f64>();
    let score = |row: &[f32], center: &[f64]| {
        2.0 * row.iter().zip(center).map(|(x, c)| f64::from(*x) * c).sum::<f64>() - square(center)
    };
    let scores = || rows.chunks_exact(width).flat_map(|row| centers.iter().map(|center| score(row, center)));
    let (low, high) = scores().fold((f64::MAX, f64::MIN), |(low, high), s| (low.min(s), high.max(s)));
    let steep = SPREAD / (high - low).max(1e-12);
    let mut weights = vec![0.0; net.weights.len()];
    let (first, rest) = weights.split_at_mut(clusters * width);
    let (bias, second) = rest.split_at_mut(clusters);
    for (cluster, center) in centers.iter().enumerate() {
        for (at, c) in center.iter().enumerate() {
            first[cluster * width + at] = (2.0 * steep * c) as f32;
            second[at * clusters + cluster] = *c as f32;
        }
        bias[cluster] = (-steep * square(center)) as f32;
    }
    finite(net, weights)
}

fn finite(net: &Net, weights: Vec<f32>) -> Result<Net, String> {
    if weights.iter().all(|weight| weight.is_finite()) {
        Ok(Net { weights, ..net.clone() })
    } else {
        Err("its rows are too large to be squared; bring them to one scale: `scale()`".into())
    }
}

fn mean(rows: &[f32], width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        sums.iter_mut().zip(row).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    let count = (rows.len() / width) as f64;
    sums.iter_mut().for_each(|sum| *sum /= count);
    sums
}

fn covariance(rows: &[f32], mean: &[f64]) -> Vec<Vec<f64>> {
    let width = mean.len();
    let mut sums = vec![vec![0.0; width]; width];
    let mut off = vec![0.0; width];
    for row in rows.chunks_exact(width) {
        off.iter_mut().zip(row.iter().zip(mean)).for_each(|(off, (x, mean))| *off = f64::from(*x) - mean);
        for (at, sums) in sums.iter_mut().enumerate() {
            sums[..=at].iter_mut().zip(&off).for_each(|(sum, other)| *sum += off[at] * other);
        }
    }
    let count = (rows.len() / width - 1) as f64;
    sums.iter_mut().flatten().for_each(|sum| *sum /= count);
    let ridge = RIDGE * (0..width).map(|at| sums[at][at]).sum::<f64>() / width as f64;
    (0..width).for_each(|at| sums[at][at] += ridge.max(1e-12));
    sums
}

/// The lower triangle L with L Lᵀ = `matrix`, whose lower triangle is read. The ridge keeps it positive.
fn cholesky(mut matrix: Vec<Vec<f64>>) -> Vec<Vec<f64>> {
    for at in 0..matrix.len() {
        let (above, below) = matrix.split_at_mut(at);
        let row = &mut below[0];
        for (column, upper) in above.iter().enumerate() {
            let sum: f64 = row[..column].iter().zip(&upper[..column]).map(|(a, b)| a * b).sum();
            row[column] = (row[column] - sum) / upper[column];
        }
        let sum: f64 = row[..at].iter().map(|value| value * value).sum();
        row[at] = (row[at] - sum).max(1e-12).sqrt();
        row[at + 1..].fill(0.0);
    }
    matrix
}

/// The inverse of a lower triangle, row by row: each follows from those above it.
fn inverse(lower: &[Vec<f64>]) -> Vec<Vec<f64>> {
    let mut inverse: Vec<Vec<f64>> = Vec::with_capacity(lower.len());
    for (at, row) in lower.iter().enumerate() {
        let of = |column: usize| {
            let sum: f64 = row[..at].iter().zip(&inverse).map(|(factor, above)| factor * above[column]).sum();
            let one = if at == column { 1.0 } else { 0.0 };
            (one - sum) / row[at]
        };
        let next = (0..lower.len()).map(|column| if column <= at { of(column) } else { 0.0 }).collect();
        inverse.push(next);
    }
    inverse
}

fn distance(row: &[f32], center: &[f64]) -> f64 {
    row.iter().zip(center).map(|(x, c)| (f64::from(*x) - c) * (f64::from(*x) - c)).sum()
}

/// The nearest of the centers, the first of equally near ones, and its squared distance.
fn nearest(row: &[f32], centers: &[Vec<f64>]) -> (usize, f64) {
    let all = centers.iter().map(|center| distance(row, center)).enumerate();
    all.fold((0, f64::INFINITY), |best, next| if next.1 < best.1 { next } else { best })
}

fn lloyd(rows: &[f32], width: usize, clusters: usize, seed: u64) -> Vec<Vec<f64>> {
    let row = |at: usize| &rows[at * width..(at + 1) * width];
    let count = rows.len() / width;
    let real = |at: usize| row(at).iter().map(|x| f64::from(*x)).collect::<Vec<f64>>();
    let mut rng = Rng::new(seed, "k-means");
    let mut centers = vec![real(rng.below(count))];
    while centers.len() < clusters {
        // The next one by chance, in proportion to the squared distance from those that there are.
        let far: Vec<f64> = (0..count).map(|at| nearest(row(at), &centers).1).collect();
        let mut left = f64::from(rng.range(0.0, 1.0)) * far.iter().sum::<f64>();
        let chosen = far.iter().position(|far| {
            left -= far;
            left < 0.0
        });
        centers.push(real(chosen.unwrap_or(count - 1)));
    }
    let mut home = vec![usize::MAX; count];
    for _ in 0..ROUNDS {
        let now: Vec<usize> = (0..count).map(|at| nearest(row(at), &centers).0).collect();
        if now == home {
            break;
        }
        home = now;
        for (cluster, center) in centers.iter_mut().enumerate() {
            let mine: Vec<f32> = (0..count).filter(|at| home[*at] == cluster).flat_map(row).copied().collect();
            if !mine.is_empty() {
                *center = mean(&mine, width);
            }
        }
    }
    centers
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Shape;

    fn net(width: usize, layers: &[(&str, usize)]) -> Net {
        let layer = |(word, units): &(&str, usize)| match *word {
            "dense" => {
                ("dense".to_string(), vec![("units".into(), units.to_string()), ("activation".into(), "none".into())])
            }
            other => (other.to_string(), Vec::new()),
        };
        Net::build(&Shape::f32(&[width]), &layers.iter().map(layer).collect::<Vec<_>>()).unwrap()
    }

    /// Mean square of what is wrong with each row's reconstruction.
    fn scores(net: &Net, rows: &[f32], width: usize) -> Vec<f64> {
        let answers = net.forward(rows);
        let wrong = |(row, answer): (&[f32], &[f32])| {
            row.iter().zip(answer).map(|(x, y)| f64::from(x - y) * f64::from(x - y)).sum::<f64>() / width as f64
        };
        rows.chunks_exact(width).zip(answers.chunks_exact(width)).map(wrong).collect()
    }

    #[test]
    fn whitened_rows_have_unit_variance_and_odd_ones_stand_out() {
        let mut rng = Rng::new(2, "mahalanobis");
        let rows: Vec<f32> = (0..2000)
            .flat_map(|_| {
                let (a, b) = (rng.normal(), rng.normal());
                [5.0 + a, 2.0 * a + 0.1 * b, 3.0 * b]
            })
            .collect();
        let net = mahalanobis(&net(3, &[("dense", 3)]), &rows).unwrap();
        let all = scores(&net, &rows, 3);
        let mean = all.iter().sum::<f64>() / all.len() as f64;
        // Rank two and a ridge: two of the three directions have variance 1, the third nearly none.
        assert!((0.55..1.05).contains(&mean), "{mean}");
        // Each value is usual, but not together with the others.
        let odd = scores(&net, &[5.0, 2.0, 0.0], 3)[0];
        assert!(odd > 20.0 * mean, "{odd} against {mean}");
        assert!(mahalanobis(&net, &rows[..3]).is_err());
    }

    #[test]
    fn a_row_is_given_as_the_mean_of_its_cluster() {
        let mut rng = Rng::new(4, "means");
        let centers = [[0.0, 0.0], [10.0, 0.0], [0.0, 10.0]];
        let rows: Vec<f32> = (0..300).flat_map(|at| centers[at % 3].map(|c: f32| c + rng.range(-0.5, 0.5))).collect();
        let net = means(&net(2, &[("dense", 3), ("softmax", 0), ("dense", 2)]), &rows, 3, 1).unwrap();
        assert!(scores(&net, &rows, 2).iter().all(|score| *score < 0.5));
        let odd = scores(&net, &[2.0, 16.0], 2)[0];
        assert!(odd > 12.0, "{odd}");
        assert!(means(&net, &rows[..4], 3, 1).is_err());
    }
}

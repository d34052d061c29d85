//! Losses: of one sample, and its slope by the network's outputs. Sums run in order.

use crate::base::math;

use super::options::Loss;

/// The loss of one sample whose outputs are `scores`, its slope written over `slope`, both times `weight`.
pub(super) fn score(loss: Loss, scores: &[f32], target: &[f32], weight: f32, slope: &mut [f32]) -> f32 {
    if let Loss::CrossEntropy { .. } = loss {
        return cross_entropy(scores, target, weight, slope);
    }
    let share = weight / scores.len().max(1) as f32;
    let mut sum = 0.0;
    for ((score, target), slope) in scores.iter().zip(target).zip(slope) {
        let (value, rise) = element(loss, *score, *target);
        sum += value;
        *slope = share * rise;
    }
    share * sum
}

/// The softmax of `scores`, to be near the shares `target`.
fn cross_entropy(scores: &[f32], target: &[f32], weight: f32, slope: &mut [f32]) -> f32 {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    slope.iter_mut().zip(scores).for_each(|(slope, score)| *slope = math::exp(score - top));
    let sum: f32 = slope.iter().sum();
    let log = math::ln(sum) + top;
    let mut loss = 0.0;
    for ((slope, score), target) in slope.iter_mut().zip(scores).zip(target) {
        *slope = weight * (*slope / sum - target);
        // A share of zero doesn't turn an infinite distance into NaN.
        loss += if *target > 0.0 { target * (log - score) } else { 0.0 };
    }
    weight * loss
}

/// Loss and slope of one output.
fn element(loss: Loss, score: f32, target: f32) -> (f32, f32) {
    let error = score - target;
    match loss {
        Loss::BinaryCrossEntropy => {
            // ln(1 + e^score) − target · score, written so that nothing overflows.
            let small = math::exp(-score.abs());
            let sigmoid = if score >= 0.0 { 1.0 / (1.0 + small) } else { small / (1.0 + small) };
            (score.max(0.0) - target * score + math::ln(1.0 + small), sigmoid - target)
        }
        Loss::AbsoluteError => (error.abs(), if error > 0.0 { 1.0 } else { -f32::from(u8::from(error < 0.0)) }),
        Loss::Huber { delta } if error.abs() > delta => (delta * (error.abs() - 0.5 * delta), delta.copysign(error)),
        Loss::Huber { .. } => (0.5 * error * error, error),
        Loss::SquaredError | Loss::CrossEntropy { .. } => (error * error, 2.0 * error),
    }
}

/// The first of the largest.
pub(super) fn top(scores: &[f32]) -> usize {
    (0..scores.len()).fold(0, |best, at| if scores[at] > scores[best] { at } else { best })
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the very numbers are meant")]
mod tests {
    use super::*;

    #[test]
    fn slopes_are_the_numeric_derivatives() {
        let losses = [
            (Loss::CrossEntropy { smoothing: 0.0 }, [0.0, 1.0, 0.0, 0.0]),
            (Loss::CrossEntropy { smoothing: 0.2 }, [0.05, 0.85, 0.05, 0.05]),
            (Loss::BinaryCrossEntropy, [1.0, 0.0, 1.0, 0.0]),
            (Loss::SquaredError, [0.5, -1.0, 3.0, 0.2]),
            (Loss::AbsoluteError, [0.5, -1.0, 3.0, 0.2]),
            (Loss::Huber { delta: 0.5 }, [0.5, -1.0, 3.0, 0.2]),
        ];
        let scores = [0.3, -1.2, 2.0, 0.1];
        for (loss, target) in losses {
            let mut slope = [0.0; 4];
            score(loss, &scores, &target, 0.7, &mut slope);
            for at in 0..4 {
                let value = |delta: f32| {
                    let mut moved = scores;
                    moved[at] += delta;
                    score(loss, &moved, &target, 0.7, &mut [0.0; 4])
                };
                let numeric = (value(1e-2) - value(-1e-2)) / 2e-2;
                assert!((numeric - slope[at]).abs() < 1e-3, "{loss:?} {at}: {numeric} {}", slope[at]);
            }
        }
    }

    #[test]
    fn far_scores_stay_finite() {
        let mut slope = [0.0; 2];
        let loss = score(Loss::CrossEntropy { smoothing: 0.0 }, &[1e30, -1e30], &[0.0, 1.0], 1.0, &mut slope);
        assert!(loss > 1e29 && slope.iter().all(|slope| slope.is_finite()));
        let loss = score(Loss::BinaryCrossEntropy, &[1e30, -1e30], &[1.0, 1.0], 1.0, &mut slope);
        assert!(loss > 1e29 && loss.is_finite() && slope == [0.0, -0.5]);
    }
}

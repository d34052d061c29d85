//! Softmax and cross-entropy in one: the loss of a sample and its slope by the scores.

use crate::base::math;

/// The loss of one sample, its slope written over `slope`, both times `weight`; and whether the sample is right.
pub(super) fn cross_entropy(scores: &[f32], class: usize, weight: f32, slope: &mut [f32]) -> (f32, bool) {
    let top = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    slope.iter_mut().zip(scores).for_each(|(slope, score)| *slope = math::exp(score - top));
    let sum: f32 = slope.iter().sum();
    for slope in slope.iter_mut() {
        *slope *= weight / sum;
    }
    slope[class] -= weight;
    let first = (0..scores.len()).fold(0, |best, at| if scores[at] > scores[best] { at } else { best });
    (weight * (math::ln(sum) + top - scores[class]), first == class)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slope_is_the_numeric_derivative() {
        let scores = [0.3, -1.2, 2.0, 0.1];
        let mut slope = [0.0; 4];
        cross_entropy(&scores, 1, 0.7, &mut slope);
        for at in 0..4 {
            let loss = |delta: f32| {
                let mut moved = scores;
                moved[at] += delta;
                cross_entropy(&moved, 1, 0.7, &mut [0.0; 4]).0
            };
            let numeric = (loss(1e-2) - loss(-1e-2)) / 2e-2;
            assert!((numeric - slope[at]).abs() < 1e-3, "{at}: {numeric} {}", slope[at]);
        }
    }

    #[test]
    fn far_scores_stay_finite() {
        let mut slope = [0.0; 2];
        let (loss, right) = cross_entropy(&[1e30, -1e30], 1, 1.0, &mut slope);
        assert!(loss > 1e29 && !right && slope.iter().all(|slope| slope.is_finite()));
    }
}

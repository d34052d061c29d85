//! Optimisers: element by element, so that no order of summation is involved.

use crate::base::math;

use super::options::{Optimizer, Schedule};

/// An optimiser with what it remembers of earlier steps.
pub(super) struct Descent {
    optimizer: Optimizer,
    /// Momentum, or Adam's first moment.
    first: Vec<f32>,
    /// Adam's second moment.
    second: Vec<f32>,
    /// Which weights decay.
    decays: Vec<bool>,
    /// Adam's β₁ᵗ and β₂ᵗ.
    powers: (f64, f64),
}

const BETA1: f32 = 0.9;
const BETA2: f32 = 0.999;

impl Descent {
    pub(super) fn new(optimizer: Optimizer, decays: Vec<bool>) -> Self {
        let zeros = vec![0.0; decays.len()];
        Self { optimizer, first: zeros.clone(), second: zeros, decays, powers: (1.0, 1.0) }
    }

    /// Moves the weights one step down the gradient, at `share` of the full learning rate.
    pub(super) fn step(&mut self, weights: &mut [f32], gradient: &[f32], share: f32) {
        match self.optimizer {
            Optimizer::Sgd { lr, momentum } => {
                for ((weight, slope), speed) in weights.iter_mut().zip(gradient).zip(&mut self.first) {
                    *speed = momentum * *speed + slope;
                    *weight -= lr * share * *speed;
                }
            }
            Optimizer::Adam { lr, decay } => self.adam(weights, gradient, lr * share, decay),
        }
    }

    fn adam(&mut self, weights: &mut [f32], gradient: &[f32], rate: f32, decay: f32) {
        self.powers.0 *= f64::from(BETA1);
        self.powers.1 *= f64::from(BETA2);
        let step = (f64::from(rate) / (1.0 - self.powers.0)) as f32;
        let unbias = (1.0 / (1.0 - self.powers.1)) as f32;
        if decay > 0.0 {
            for (weight, decays) in weights.iter_mut().zip(&self.decays) {
                *weight -= if *decays { rate * decay * *weight } else { 0.0 };
            }
        }
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((weight, slope), (first, second)) in weights.iter_mut().zip(gradient).zip(moments) {
            *first = BETA1 * *first + (1.0 - BETA1) * slope;
            *second = BETA2 * *second + (1.0 - BETA2) * slope * slope;
            *weight -= step * *first / ((*second * unbias).sqrt() + 1e-8);
        }
    }
}

/// The share of the full learning rate at step `at` of `all`.
pub(super) fn share(schedule: Schedule, at: u64, all: u64) -> f32 {
    match schedule {
        Schedule::Constant => 1.0,
        Schedule::Cosine => {
            let turn = std::f64::consts::PI * at as f64 / all.max(1) as f64;
            (0.5 * (1.0 + math::cos64(turn))) as f32
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_optimizer_finds_the_bottom_of_a_bowl() {
        let all = [
            Optimizer::Sgd { lr: 0.02, momentum: 0.9 },
            Optimizer::Adam { lr: 0.05, decay: 0.0 },
            Optimizer::Adam { lr: 0.05, decay: 1e-4 },
        ];
        for optimizer in all {
            let mut descent = Descent::new(optimizer, vec![true, false]);
            let mut weights = [5.0, -3.0];
            for at in 0..600 {
                let gradient = [2.0 * (weights[0] - 1.0), 20.0 * (weights[1] - 2.0)];
                descent.step(&mut weights, &gradient, share(Schedule::Cosine, at, 600));
            }
            assert!((weights[0] - 1.0).abs() < 0.02 && (weights[1] - 2.0).abs() < 0.02, "{optimizer:?} {weights:?}");
        }
    }
}

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

    /// What it remembers: both moments and the powers' bits.
    pub(super) fn state(&self) -> (&[f32], &[f32], [u64; 2]) {
        (&self.first, &self.second, [self.powers.0.to_bits(), self.powers.1.to_bits()])
    }

    /// Remembers what [`Descent::state`] told.
    pub(super) fn restore(&mut self, first: Vec<f32>, second: Vec<f32>, powers: [u64; 2]) {
        (self.first, self.second) = (first, second);
        self.powers = (f64::from_bits(powers[0]), f64::from_bits(powers[1]));
    }

    /// Moves the weights one step down the gradient, at `share` of the full learning rate.
    pub(super) fn step(&mut self, weights: &mut [f32], gradient: &[f32], share: f32) {
        match self.optimizer {
            Optimizer::Sgd { lr, momentum, decay } => {
                self.shrink(weights, lr * share * decay);
                for ((weight, slope), speed) in weights.iter_mut().zip(gradient).zip(&mut self.first) {
                    *speed = momentum * *speed + slope;
                    *weight -= lr * share * *speed;
                }
            }
            Optimizer::Adam { lr, decay } => self.adam(weights, gradient, lr * share, decay),
        }
    }

    /// Decoupled weight decay.
    fn shrink(&self, weights: &mut [f32], by: f32) {
        if by > 0.0 {
            for (weight, decays) in weights.iter_mut().zip(&self.decays) {
                *weight -= if *decays { by * *weight } else { 0.0 };
            }
        }
    }

    fn adam(&mut self, weights: &mut [f32], gradient: &[f32], rate: f32, decay: f32) {
        self.powers.0 *= f64::from(BETA1);
        self.powers.1 *= f64::from(BETA2);
        let step = (f64::from(rate) / (1.0 - self.powers.0)) as f32;
        let unbias = (1.0 / (1.0 - self.powers.1)) as f32;
        self.shrink(weights, rate * decay);
        let moments = self.first.iter_mut().zip(&mut self.second);
        for ((weight, slope), (first, second)) in weights.iter_mut().zip(gradient).zip(moments) {
            *first = BETA1 * *first + (1.0 - BETA1) * slope;
            *second = BETA2 * *second + (1.0 - BETA2) * slope * slope;
            *weight -= step * *first / ((*second * unbias).sqrt() + 1e-8);
        }
    }
}

/// The steps of a training.
#[derive(Clone, Copy)]
pub(super) struct Course {
    /// Steps of an epoch.
    pub(super) epoch: u64,
    /// All steps.
    pub(super) all: u64,
    /// The first ones, over which the rate climbs.
    pub(super) warmup: u64,
}

/// The share of the full learning rate at step `at`.
pub(super) fn share(schedule: Schedule, at: u64, course: Course) -> f32 {
    if at < course.warmup {
        return ((at + 1) as f64 / (course.warmup + 1) as f64) as f32;
    }
    match schedule {
        Schedule::Constant => 1.0,
        Schedule::Step { every, factor } => {
            let times = at / course.epoch.max(1) / u64::from(every.max(1));
            (0..times.min(1000)).fold(1.0, |share, _| share * factor)
        }
        Schedule::Cosine => {
            let turn = (at - course.warmup) as f64 / (course.all - course.warmup).max(1) as f64;
            (0.5 * (1.0 + math::cos64(std::f64::consts::PI * turn))) as f32
        }
    }
}

/// Shortens a gradient that is longer than `most`; 0: no bound. The sum runs in fixed chunks, in order.
pub(super) fn clip(gradient: &mut [f32], most: f32) {
    if most <= 0.0 {
        return;
    }
    let squares = |chunk: &[f32]| chunk.iter().map(|slope| f64::from(*slope) * f64::from(*slope)).sum::<f64>();
    let length = gradient.chunks(4096).map(squares).sum::<f64>().sqrt();
    if length > f64::from(most) {
        let factor = (f64::from(most) / length) as f32;
        gradient.iter_mut().for_each(|slope| *slope *= factor);
    }
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the very numbers are meant")]
mod tests {
    use super::*;

    #[test]
    fn every_optimizer_finds_the_bottom_of_a_bowl() {
        let all = [
            Optimizer::Sgd { lr: 0.02, momentum: 0.9, decay: 0.0 },
            Optimizer::Adam { lr: 0.05, decay: 0.0 },
            Optimizer::Adam { lr: 0.05, decay: 1e-4 },
        ];
        for optimizer in all {
            let mut descent = Descent::new(optimizer, vec![true, false]);
            let mut weights = [5.0, -3.0];
            for at in 0..600 {
                let gradient = [2.0 * (weights[0] - 1.0), 20.0 * (weights[1] - 2.0)];
                let course = Course { epoch: 10, all: 600, warmup: 20 };
                descent.step(&mut weights, &gradient, share(Schedule::Cosine, at, course));
            }
            assert!((weights[0] - 1.0).abs() < 0.02 && (weights[1] - 2.0).abs() < 0.02, "{optimizer:?} {weights:?}");
        }
    }

    #[test]
    fn rates_climb_hold_and_fall() {
        let course = Course { epoch: 10, all: 100, warmup: 4 };
        let at = |schedule, step| share(schedule, step, course);
        assert_eq!([0, 1, 3].map(|step| at(Schedule::Constant, step)), [0.2, 0.4, 0.8]);
        assert_eq!([4, 99].map(|step| at(Schedule::Constant, step)), [1.0, 1.0]);
        let step = Schedule::Step { every: 3, factor: 0.5 };
        assert_eq!([4, 29, 30, 59, 60].map(|at_step| at(step, at_step)), [1.0, 1.0, 0.5, 0.5, 0.25]);
        assert!(at(Schedule::Cosine, 4) == 1.0 && at(Schedule::Cosine, 99) < 1e-3);
    }

    #[test]
    fn long_gradients_are_shortened() {
        let mut gradient = [3.0, 4.0];
        clip(&mut gradient, 10.0);
        assert_eq!(gradient, [3.0, 4.0]);
        clip(&mut gradient, 0.5);
        assert!((gradient[0] - 0.3).abs() < 1e-6 && (gradient[1] - 0.4).abs() < 1e-6);
    }
}

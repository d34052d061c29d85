//! One slice of a batch: its forward and backward pass into its own gradient.

use crate::base::rng::Rng;
use crate::net::forward::Forward;
use crate::net::graph::Net;
use crate::net::ops::Backward;

use super::goal::Goal;
use super::loss;
use super::options::Loss;

/// What one slice came to, kept from step to step.
#[derive(Clone, Default)]
pub(super) struct Slice {
    /// Sum of the slopes of all samples' losses by the weights.
    pub(super) gradient: Vec<f32>,
    /// Sum of the samples' losses.
    pub(super) loss: f64,
    /// How many samples are right; of numbers, the sum of their squared errors.
    pub(super) right: f64,
    /// How many samples there were.
    pub(super) rows: usize,
    /// Class and answer of each sample, where there are classes.
    pub(super) answers: Vec<(usize, usize)>,
}

/// Memory of one thread, which computes one slice after the other: it stays in the cache.
#[derive(Default)]
pub(super) struct Workspace {
    /// Conditioned inputs, sample behind sample; the caller fills them.
    pub(super) input: Vec<f32>,
    /// What the outputs should be, sample behind sample; the caller fills them.
    pub(super) targets: Vec<f32>,
    /// Weight of each sample in the loss; the caller fills them.
    pub(super) weights: Vec<f32>,
    values: Vec<Vec<f32>>,
    slopes: Vec<Vec<f32>>,
}

impl Workspace {
    /// Empties it for the next samples.
    pub(super) fn clear(&mut self) {
        self.input.clear();
        self.targets.clear();
        self.weights.clear();
    }

    /// Forward and, with `noise`, backward over its samples.
    pub(super) fn run(
        &mut self,
        slice: &mut Slice,
        net: &Net,
        pass: &Forward<'_>,
        goal: &Goal<'_>,
        noise: Option<&Rng>,
    ) {
        (slice.loss, slice.right, slice.rows) = (0.0, 0.0, self.weights.len());
        slice.answers.clear();
        slice.gradient.clear();
        if self.weights.is_empty() {
            // A batch smaller than the number of slices leaves some without samples.
            slice.gradient.resize(if noise.is_some() { net.weights.len() } else { 0 }, 0.0);
            return;
        }
        pass.run(&self.input, noise, &mut self.values);
        self.score(slice, goal);
        if let Some(noise) = noise {
            slice.gradient.resize(net.weights.len(), 0.0);
            self.backward(&mut slice.gradient, net, pass, noise);
        }
    }

    /// Losses, and their slopes by the network's output.
    fn score(&mut self, slice: &mut Slice, goal: &Goal<'_>) {
        self.slopes.resize(self.values.len(), Vec::new());
        let (Some(scores), Some(slope)) = (self.values.last(), self.slopes.last_mut()) else { return };
        slope.resize(scores.len(), 0.0);
        let rows = scores.chunks_exact(goal.width).zip(slope.chunks_exact_mut(goal.width));
        let targets = self.targets.chunks_exact(goal.width).zip(&self.weights);
        for ((scores, slope), (target, weight)) in rows.zip(targets) {
            slice.loss += f64::from(loss::score(goal.loss, scores, target, *weight, slope));
            if goal.classes() > 0 {
                let (class, answer) = (loss::top(target), loss::top(scores));
                slice.right += f64::from(u8::from(class == answer));
                slice.answers.push((class, answer));
            } else if goal.loss == Loss::BinaryCrossEntropy {
                let right = scores.iter().zip(target).filter(|(score, target)| (**score > 0.0) == (**target > 0.5));
                slice.right += right.count() as f64 / goal.width as f64;
            } else {
                let squares = scores.iter().zip(target).map(|(score, target)| f64::from(score - target));
                slice.right += squares.map(|error| error * error).sum::<f64>();
            }
        }
    }

    fn backward(&mut self, gradient: &mut [f32], net: &Net, pass: &Forward<'_>, noise: &Rng) {
        // The network's input has no slope: an empty one asks for nothing.
        for at in 1..self.values.len() - 1 {
            self.slopes[at].clear();
            self.slopes[at].resize(self.values[at].len(), 0.0);
        }
        for (at, node) in net.nodes.iter().enumerate().rev() {
            let mut slope = std::mem::take(&mut self.slopes[at + 1]);
            let mut input_slopes: Vec<Vec<f32>> = Vec::with_capacity(node.inputs.len());
            for (number, value) in node.inputs.iter().enumerate() {
                // A value that is taken twice gets the second slope into memory of its own, added below.
                let again = node.inputs[..number].contains(value) && *value > 0;
                let taken = std::mem::take(&mut self.slopes[*value]);
                input_slopes.push(if again { vec![0.0; self.values[*value].len()] } else { taken });
            }
            let inputs: Vec<&[f32]> = node.inputs.iter().map(|value| self.values[*value].as_slice()).collect();
            let step = Backward {
                inputs: &inputs,
                output: &self.values[at + 1],
                slope: &mut slope,
                input_slopes: &mut input_slopes,
                gradient: &mut gradient[node.range()],
            };
            node.op.backward(&pass.place(at, Some(noise)), step);
            for (value, slope) in node.inputs.iter().zip(input_slopes) {
                let kept = &mut self.slopes[*value];
                if kept.is_empty() {
                    *kept = slope;
                } else {
                    kept.iter_mut().zip(slope).for_each(|(sum, slope)| *sum += slope);
                }
            }
            self.slopes[at + 1] = slope;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Shape;
    use crate::net::gemm::Isa;
    use crate::net::train::options::{Balance, Targets, TrainData};

    /// dense → sum of the value with itself: its weights' slopes are twice those without the sum.
    #[test]
    fn a_value_taken_twice_gets_both_slopes() {
        let units = vec![("units".to_string(), "3".to_string())];
        let mut once = Net::build(&Shape::f32(&[2]), &[("dense".to_string(), units.clone())]).unwrap();
        once.initialise(1);
        let mut twice = once.clone();
        twice.push("add", &[], vec![1, 1]).unwrap();
        twice.push("constant", &[("shape".into(), "[1]".into())], vec![]).unwrap();
        twice.push("mul", &[], vec![2, 3]).unwrap();
        *twice.weights.last_mut().unwrap() = 0.5;
        let gradient = |net: &Net| {
            let pass = Forward::new(net, Isa::Baseline);
            let (input, targets) = (vec![0.3, -0.7, 1.0, 0.2], vec![0.0, 1.0, 0.0, 0.0, 0.0, 1.0]);
            let data = TrainData { x: &input, y: Targets::Classes(&[1, 2]), part: &[0, 0] };
            let goal = Goal::new(net, &data, &[0, 1], None, Balance::No).unwrap();
            let mut space =
                Workspace { input: input.clone(), targets, weights: vec![1.0, 1.0], ..Workspace::default() };
            let mut slice = Slice::default();
            space.run(&mut slice, net, &pass, &goal, Some(&Rng::new(1, "slice")));
            slice.gradient
        };
        let (once, twice) = (gradient(&once), gradient(&twice));
        assert!(once.iter().zip(&twice).all(|(a, b)| (a - b).abs() < 1e-6), "{once:?} {twice:?}");
        assert!(once.iter().any(|slope| slope.abs() > 0.01));
    }
}

//! One slice of a batch: its forward and backward pass into its own gradient.

use crate::base::rng::Rng;
use crate::net::forward::Forward;
use crate::net::graph::Net;
use crate::net::ops::Backward;

use super::loss::cross_entropy;

/// Memory of one slice, kept from step to step.
#[derive(Clone, Default)]
pub(super) struct Slice {
    /// Conditioned inputs, sample behind sample; the caller fills them.
    pub(super) input: Vec<f32>,
    /// Class and weight of each sample; the caller fills them.
    pub(super) targets: Vec<(usize, f32)>,
    /// Sum of the slopes of all samples' losses by the weights.
    pub(super) gradient: Vec<f32>,
    /// Sum of the samples' losses.
    pub(super) loss: f64,
    /// How many samples are right.
    pub(super) right: usize,
    values: Vec<Vec<f32>>,
    slopes: Vec<Vec<f32>>,
}

impl Slice {
    /// Empties it for the next samples.
    pub(super) fn clear(&mut self) {
        self.input.clear();
        self.targets.clear();
    }

    /// Forward and, with `noise`, backward over its samples.
    pub(super) fn run(&mut self, net: &Net, pass: &Forward<'_>, noise: Option<&Rng>) {
        (self.loss, self.right) = (0.0, 0);
        self.gradient.clear();
        if self.targets.is_empty() {
            // A batch smaller than the number of slices leaves some without samples.
            self.gradient.resize(if noise.is_some() { net.weights.len() } else { 0 }, 0.0);
            return;
        }
        pass.run(&self.input, noise, &mut self.values);
        self.score(net);
        if let Some(noise) = noise {
            self.gradient.resize(net.weights.len(), 0.0);
            self.backward(net, pass, noise);
        }
    }

    /// Losses, and their slopes by the network's output.
    fn score(&mut self, net: &Net) {
        let classes = net.output().len();
        self.slopes.resize(self.values.len(), Vec::new());
        let (Some(scores), Some(slope)) = (self.values.last(), self.slopes.last_mut()) else { return };
        slope.resize(scores.len(), 0.0);
        let rows = scores.chunks_exact(classes).zip(slope.chunks_exact_mut(classes));
        for ((scores, slope), (class, weight)) in rows.zip(&self.targets) {
            let (loss, right) = cross_entropy(scores, *class, *weight, slope);
            self.loss += f64::from(loss);
            self.right += usize::from(right);
        }
    }

    fn backward(&mut self, net: &Net, pass: &Forward<'_>, noise: &Rng) {
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
                gradient: &mut self.gradient[node.range()],
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
            let mut slice =
                Slice { input: vec![0.3, -0.7, 1.0, 0.2], targets: vec![(1, 1.0), (2, 1.0)], ..Slice::default() };
            slice.run(net, &pass, Some(&Rng::new(1, "slice")));
            slice.gradient
        };
        let (once, twice) = (gradient(&once), gradient(&twice));
        assert!(once.iter().zip(&twice).all(|(a, b)| (a - b).abs() < 1e-6), "{once:?} {twice:?}");
        assert!(once.iter().any(|slope| slope.abs() > 0.01));
    }
}

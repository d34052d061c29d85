//! Conditioning: the trainer sees inputs of mean 0 and deviation near 1, and the first layer's weights take that in
//! when training ends, so that the network itself reads the inputs as they are.

use crate::net::graph::Net;

use super::goal;

/// `(x − mean) · factor` by input element.
pub(super) struct Condition {
    mean: Vec<f32>,
    factor: Vec<f32>,
}

/// Elements that hardly vary aren't blown up beyond this share of the usual deviation: they would carry noise, and
/// their large weights would coarsen the int8 scale of all others.
const LEAST: f64 = 0.5;

/// How finely inputs are conditioned, the best first: as far as the first layer's weights can take it in.
const GRAINS: [Grain; 3] = [
    Grain { channels: false, means: true },
    Grain { channels: true, means: true },
    Grain { channels: true, means: false },
];

#[derive(Clone, Copy)]
struct Grain {
    /// One mean and factor a channel (the last dimension), not an element.
    channels: bool,
    /// Means are taken off.
    means: bool,
}

impl Condition {
    /// From the training samples `rows` of `x`. With `reconstruct`, the network's outputs are to be its inputs, so that its
    /// last layer must be able to undo what is done to them.
    pub(super) fn of(net: &Net, x: &[f32], rows: &[usize], reconstruct: bool) -> Self {
        let width = net.input.len();
        let plain = || Self { mean: vec![0.0; width], factor: vec![1.0; width] };
        if rows.is_empty() {
            return plain();
        }
        let (mean, variance) = moments(x, rows, width);
        let made = GRAINS.iter().map(|grain| grain.condition(net, mean.clone(), variance.clone()));
        let fits = |made: &Self| made.absorbed(&mut net.clone()) && (!reconstruct || made.undone(&mut net.clone()));
        made.into_iter().find(fits).unwrap_or_else(plain)
    }

    /// Appends the conditioned `sample`.
    pub(super) fn apply(&self, sample: &[f32], to: &mut Vec<f32>) {
        let constants = self.mean.iter().zip(&self.factor);
        to.extend(sample.iter().zip(constants).map(|(x, (mean, factor))| (x - mean) * factor));
    }

    /// The network that computes from plain inputs what `net` computes from conditioned ones.
    pub(super) fn absorb(&self, mut net: Net) -> Net {
        self.absorbed(&mut net);
        net
    }

    /// The inverse of [`Condition::absorb`].
    pub(super) fn release(&self, mut net: Net) -> Net {
        let Some(at) = first(&net) else { return net };
        let node = &net.nodes[at];
        let back: Vec<f32> = self.factor.iter().map(|factor| 1.0 / factor).collect();
        node.op.absorb(&node.args, &node.takes, &mut net.weights[node.range()], &back, &self.mean);
        net
    }

    /// The inverse of [`Condition::undo`].
    pub(super) fn redo(&self, mut net: Net) -> Net {
        let channels = net.output().dims.last().copied().unwrap_or(1).min(self.mean.len());
        let offset: Vec<f32> = self.mean.iter().zip(&self.factor).map(|(mean, factor)| -mean * factor).collect();
        goal::scale_outputs(&mut net, &self.factor[..channels], &offset[..channels]);
        net
    }

    /// The network whose outputs are plain inputs, from the one that gives conditioned ones.
    pub(super) fn undo(&self, mut net: Net) -> Net {
        self.undone(&mut net);
        net
    }

    fn undone(&self, net: &mut Net) -> bool {
        let channels = net.output().dims.last().copied().unwrap_or(1);
        let deviations: Vec<f32> = self.factor.iter().map(|factor| 1.0 / factor).collect();
        let repeats = |values: &[f32]| values.chunks(channels).all(|chunk| chunk == &values[..chunk.len()]);
        let fits = self.mean.len() == net.output().len() && repeats(&deviations) && repeats(&self.mean);
        fits && goal::scale_outputs(net, &deviations[..channels], &self.mean[..channels])
    }

    fn absorbed(&self, net: &mut Net) -> bool {
        let Some(at) = first(net) else { return false };
        let node = &net.nodes[at];
        let offset: Vec<f32> = self.mean.iter().zip(&self.factor).map(|(mean, factor)| -mean * factor).collect();
        node.op.absorb(&node.args, &node.takes, &mut net.weights[node.range()], &self.factor, &offset)
    }
}

impl Grain {
    fn condition(self, net: &Net, mut mean: Vec<f64>, mut variance: Vec<f64>) -> Condition {
        let width = mean.len();
        let channels = net.input.dims.last().copied().unwrap_or(1);
        if !self.means {
            // Around zero: the spread is the root of the mean square.
            variance.iter_mut().zip(&mean).for_each(|(variance, mean)| *variance += mean * mean);
            mean.fill(0.0);
        }
        if self.channels {
            let pool = |values: &[f64]| {
                let mut sums = vec![0.0; channels];
                values.iter().enumerate().for_each(|(at, value)| sums[at % channels] += value);
                divide(&mut sums, width / channels);
                sums
            };
            let pooled = pool(&mean);
            let squares: Vec<f64> = variance.iter().zip(&mean).map(|(variance, mean)| variance + mean * mean).collect();
            let squares = pool(&squares);
            for at in 0..width {
                mean[at] = pooled[at % channels];
                variance[at] = (squares[at % channels] - mean[at] * mean[at]).max(0.0);
            }
        }
        let usual = (variance.iter().sum::<f64>() / width as f64).sqrt();
        let factor = |variance: &f64| {
            let deviation = variance.sqrt().max(LEAST * usual);
            if deviation > 1e-30 { (1.0 / deviation) as f32 } else { 1.0 }
        };
        let factor = variance.iter().map(factor).collect();
        Condition { mean: mean.iter().map(|mean| *mean as f32).collect(), factor }
    }
}

/// Mean and variance of every element over `rows` of `x`.
fn moments(x: &[f32], rows: &[usize], width: usize) -> (Vec<f64>, Vec<f64>) {
    let samples = || rows.iter().map(|row| &x[row * width..(row + 1) * width]);
    let mut mean = vec![0.0_f64; width];
    for sample in samples() {
        mean.iter_mut().zip(sample).for_each(|(sum, x)| *sum += f64::from(*x));
    }
    divide(&mut mean, rows.len());
    let mut variance = vec![0.0_f64; width];
    for sample in samples() {
        let squares = sample.iter().zip(&mean).map(|(x, mean)| (f64::from(*x) - mean) * (f64::from(*x) - mean));
        variance.iter_mut().zip(squares).for_each(|(sum, square)| *sum += square);
    }
    divide(&mut variance, rows.len());
    (mean, variance)
}

fn divide(sums: &mut [f64], count: usize) {
    for sum in sums {
        *sum /= count as f64;
    }
}

/// The first layer of a chain that isn't a mere identity.
fn first(net: &Net) -> Option<usize> {
    net.nodes.iter().position(|node| !node.op.identity())
}

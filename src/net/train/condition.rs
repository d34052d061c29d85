//! Conditioning: the trainer sees inputs of mean 0 and deviation near 1, and the first layer's weights take that in
//! when training ends, so that the network itself reads the inputs as they are.

use crate::net::graph::Net;

/// `(x − mean) · factor` by input element.
pub(super) struct Condition {
    mean: Vec<f32>,
    factor: Vec<f32>,
}

/// Elements that hardly vary aren't blown up beyond this share of the usual deviation: they would carry noise, and
/// their large weights would coarsen the int8 scale of all others.
const LEAST: f64 = 0.5;

impl Condition {
    /// From the training samples `rows` of `x`.
    pub(super) fn of(net: &Net, x: &[f32], rows: &[usize]) -> Self {
        let width = net.input.len();
        if !absorbs(net) || rows.is_empty() {
            return Self { mean: vec![0.0; width], factor: vec![1.0; width] };
        }
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
        let usual = (variance.iter().sum::<f64>() / width as f64).sqrt();
        let factor = |variance: &f64| {
            let deviation = variance.sqrt().max(LEAST * usual);
            if deviation > 1e-30 { (1.0 / deviation) as f32 } else { 1.0 }
        };
        Self { mean: mean.iter().map(|mean| *mean as f32).collect(), factor: variance.iter().map(factor).collect() }
    }

    /// Appends the conditioned `sample`.
    pub(super) fn apply(&self, sample: &[f32], to: &mut Vec<f32>) {
        let constants = self.mean.iter().zip(&self.factor);
        to.extend(sample.iter().zip(constants).map(|(x, (mean, factor))| (x - mean) * factor));
    }

    /// The network that computes from plain inputs what `net` computes from conditioned ones.
    pub(super) fn absorb(&self, mut net: Net) -> Net {
        if let Some(at) = first(&net) {
            let node = &net.nodes[at];
            let offset: Vec<f32> = self.mean.iter().zip(&self.factor).map(|(mean, factor)| -mean * factor).collect();
            node.op.absorb(&mut net.weights[node.range()], &self.factor, &offset);
        }
        net
    }
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

fn absorbs(net: &Net) -> bool {
    let width = net.input.len();
    let absorb = |at: usize| {
        let node = &net.nodes[at];
        let mut weights = net.weights[node.range()].to_vec();
        node.op.absorb(&mut weights, &vec![1.0; width], &vec![0.0; width])
    };
    first(net).is_some_and(absorb)
}

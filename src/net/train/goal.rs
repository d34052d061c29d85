//! Targets as the network's outputs see them: one row of numbers a sample, standardised where the last layer can take
//! that in when training ends.

use crate::net::graph::Net;

use super::condition::Condition;
use super::options::{Balance, Loss, Targets, TrainData};

/// What the network's outputs should be.
pub(super) struct Goal<'a> {
    targets: Targets<'a>,
    pub(super) loss: Loss,
    /// Numbers of one output.
    pub(super) width: usize,
    /// Weight of each class in the loss; empty without classes.
    weights: Vec<f32>,
    /// What is subtracted from a number, and the factor that follows.
    mean: Vec<f32>,
    factor: Vec<f32>,
    /// The epoch with the best mean F1 over classes is the best, not the one with the best score.
    pub(super) balanced: bool,
}

impl<'a> Goal<'a> {
    /// The goal of training `trunk` on the samples `rows`. Errors are sentences for the user.
    pub(super) fn new(
        trunk: &Net,
        data: &TrainData<'a>,
        rows: &[usize],
        loss: Option<Loss>,
        balance: Balance,
    ) -> Result<Self, String> {
        let width = trunk.output().len();
        let classes = matches!(data.y, Targets::Classes(_));
        let loss = loss.unwrap_or(if classes { Loss::CrossEntropy { smoothing: 0.0 } } else { Loss::SquaredError });
        let bits = |values: &[f32]| values.iter().all(|value| (0.0..=1.0).contains(value));
        match (loss, data.y) {
            (Loss::CrossEntropy { .. }, Targets::Values(_) | Targets::Input) => {
                return Err("cross-entropy needs classes: use `mse`, `mae` or `huber` for numbers".into());
            }
            (Loss::BinaryCrossEntropy, Targets::Values(values)) if !bits(values) => {
                return Err("binary cross-entropy needs targets between 0 and 1".into());
            }
            _ => {}
        }
        let mut goal = Self {
            targets: data.y,
            loss,
            width,
            weights: Vec::new(),
            mean: vec![0.0; width],
            factor: vec![1.0; width],
            balanced: false,
        };
        match data.y {
            Targets::Classes(y) => {
                let mut counts = vec![0_usize; width];
                rows.iter().for_each(|row| counts[y[*row] as usize] += 1);
                goal.balanced = balanced(&counts, balance);
                goal.weights = if goal.balanced { inverse(&counts) } else { vec![1.0; width] };
            }
            Targets::Values(y) if loss != Loss::BinaryCrossEntropy => goal.standardise(trunk, y, rows),
            Targets::Values(_) | Targets::Input => {}
        }
        Ok(goal)
    }

    /// Mean 0 and deviation 1 of each number, if the last layer can bring them back.
    fn standardise(&mut self, trunk: &Net, y: &[f32], rows: &[usize]) {
        if trunk.output().dims.len() > 1 || !scales_outputs(trunk) {
            return;
        }
        for at in 0..self.width {
            let values = || rows.iter().map(|row| f64::from(y[row * self.width + at]));
            let mean = values().sum::<f64>() / rows.len().max(1) as f64;
            let variance =
                values().map(|value| (value - mean) * (value - mean)).sum::<f64>() / rows.len().max(1) as f64;
            self.mean[at] = mean as f32;
            self.factor[at] = if variance > 1e-30 { (1.0 / variance.sqrt()) as f32 } else { 1.0 };
        }
    }

    /// Appends the target of sample `row`, which the network is given as `input`; answers its weight in the loss.
    pub(super) fn fill(&self, row: usize, input: &[f32], to: &mut Vec<f32>) -> f32 {
        match self.targets {
            Targets::Classes(y) => {
                let (class, smoothing) = (y[row] as usize, self.smoothing());
                let start = to.len();
                to.resize(start + self.width, smoothing / self.width as f32);
                to[start + class] += 1.0 - smoothing;
                self.weights[class]
            }
            Targets::Values(y) => {
                let constants = self.mean.iter().zip(&self.factor);
                let values = y[row * self.width..].iter().zip(constants);
                to.extend(values.map(|(value, (mean, factor))| (value - mean) * factor));
                1.0
            }
            Targets::Input => {
                to.extend_from_slice(input);
                1.0
            }
        }
    }

    fn smoothing(&self) -> f32 {
        if let Loss::CrossEntropy { smoothing } = self.loss { smoothing } else { 0.0 }
    }

    /// Whether a score is R², not a share of right answers.
    pub(super) fn explains(&self) -> bool {
        !matches!(self.targets, Targets::Classes(_)) && self.loss != Loss::BinaryCrossEntropy
    }

    /// The number of classes whose answers are counted; 0: none are.
    pub(super) fn classes(&self) -> usize {
        if matches!(self.targets, Targets::Classes(_)) { self.width } else { 0 }
    }

    /// Sum of squares of the targets of `rows` around their mean, over all numbers of an output.
    pub(super) fn spread(&self, rows: &[usize], data: &TrainData<'_>, condition: &Condition) -> f64 {
        if !self.explains() {
            return 0.0;
        }
        let width = data.x.len() / data.part.len().max(1);
        let (mut sums, mut squares) = (vec![0.0_f64; self.width], 0.0);
        let (mut input, mut target) = (Vec::new(), Vec::new());
        for row in rows {
            input.clear();
            target.clear();
            if matches!(self.targets, Targets::Input) {
                condition.apply(&data.x[row * width..(row + 1) * width], &mut input);
            }
            self.fill(*row, &input, &mut target);
            sums.iter_mut().zip(&target).for_each(|(sum, value)| *sum += f64::from(*value));
            squares += target.iter().map(|value| f64::from(*value) * f64::from(*value)).sum::<f64>();
        }
        let count = rows.len().max(1) as f64;
        squares - sums.iter().map(|sum| sum * sum / count).sum::<f64>()
    }

    /// The inverse of [`Goal::absorb`].
    pub(super) fn release(&self, mut net: Net) -> Net {
        if self.plain() {
            return net;
        }
        let offset: Vec<f32> = self.mean.iter().zip(&self.factor).map(|(mean, factor)| -mean * factor).collect();
        scale_outputs(&mut net, &self.factor, &offset);
        net
    }

    fn plain(&self) -> bool {
        self.factor.iter().all(|factor| factor.to_bits() == 1.0_f32.to_bits())
            && self.mean.iter().all(|mean| *mean == 0.0)
    }

    /// The network whose outputs are the targets themselves, from the one that gives standardised ones.
    pub(super) fn absorb(&self, mut net: Net) -> Net {
        if self.plain() {
            return net;
        }
        let scale: Vec<f32> = self.factor.iter().map(|factor| 1.0 / factor).collect();
        scale_outputs(&mut net, &scale, &self.mean);
        net
    }
}

/// Whether the last layer's weights can take factors and summands of its outputs in.
pub(super) fn scales_outputs(net: &Net) -> bool {
    let channels = net.output().dims.last().copied().unwrap_or(1);
    scale_outputs(&mut net.clone(), &vec![1.0; channels], &vec![0.0; channels])
}

/// Outputs `scale · y + offset` by channel; false when the last layer can't take that in.
pub(super) fn scale_outputs(net: &mut Net, scale: &[f32], offset: &[f32]) -> bool {
    // A flattened or reshaped output has the channels of the layer before only if their number stays.
    let Some(at) = net.nodes.iter().rposition(|node| !node.op.identity()) else { return false };
    if net.nodes[at].output.dims.last() != net.output().dims.last() {
        return false;
    }
    let node = &net.nodes[at];
    node.op.scale_outputs(&node.args, &node.takes, &mut net.weights[node.range()], scale, offset)
}

fn balanced(counts: &[usize], balance: Balance) -> bool {
    let most = counts.iter().max().copied().unwrap_or(0);
    let least = counts.iter().filter(|count| **count > 0).min().copied().unwrap_or(0);
    match balance {
        Balance::No => false,
        Balance::Yes => true,
        Balance::Auto => most > 3 * least,
    }
}

/// Inverse frequencies whose mean over the samples is 1.
fn inverse(counts: &[usize]) -> Vec<f32> {
    let all: usize = counts.iter().sum();
    let present = counts.iter().filter(|count| **count > 0).count();
    counts.iter().map(|count| if *count > 0 { all as f32 / (present * count) as f32 } else { 1.0 }).collect()
}

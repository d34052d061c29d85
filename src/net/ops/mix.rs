//! Weighted sums over input channels: which channels they can do without, and what is left of their constants then.

use crate::net::qnet::QNode;

use super::operator::{Dropped, Lowered};

/// Weights `[outputs, taps, inputs]`.
#[derive(Clone, Copy)]
pub(super) struct Mix {
    /// Positions that a sum sees.
    pub(super) taps: usize,
    /// Channels at each.
    pub(super) inputs: usize,
    /// Some taps lie outside, where every channel is zero.
    pub(super) padded: bool,
}

impl Mix {
    fn weight(self, node: &QNode, output: usize, tap: usize, input: usize) -> i32 {
        i32::from(node.lowered.weights[(output * self.taps + tap) * self.inputs + input])
    }

    pub(super) fn joins(self, node: &QNode, input: usize, output: usize) -> bool {
        (0..self.taps).any(|tap| self.weight(node, output, tap, input) != 0)
    }

    /// A constant joins the biases; under padding only if it is zero, since outside there is nothing else.
    pub(super) fn spares(self, node: &QNode, channel: usize, constant: Option<i8>) -> bool {
        let zero = node.quants[0].zero_point;
        let folds = constant.is_some_and(|value| !self.padded || i32::from(value) == zero);
        folds || (0..node.lowered.bias.len()).all(|output| !self.joins(node, channel, output))
    }

    pub(super) fn without(self, node: &QNode, dropped: &Dropped<'_>) -> Result<Lowered, String> {
        let zero = node.quants[0].zero_point;
        let constant = |input: usize| dropped.constants[0][input].map_or(0, |value| i64::from(value) - i64::from(zero));
        let (gone, stay): (Vec<usize>, Vec<usize>) = (0..self.inputs).partition(|input| dropped.inputs[0][*input]);
        let mut lowered = Lowered::plain(node.lowered.quant);
        // One scale for all stays one.
        let each = node.lowered.scales.len() == node.lowered.bias.len();
        if !each {
            lowered.scales.clone_from(&node.lowered.scales);
        }
        for output in (0..node.lowered.bias.len()).filter(|output| !dropped.output[*output]) {
            let mut bias = i64::from(node.lowered.bias[output]);
            for tap in 0..self.taps {
                let weight = |input: &usize| self.weight(node, output, tap, *input);
                bias += gone.iter().map(|input| i64::from(weight(input)) * constant(*input)).sum::<i64>();
                lowered.weights.extend(stay.iter().map(|input| weight(input) as i8));
            }
            lowered.bias.push(i32::try_from(bias).map_err(|_| "a bias exceeds 32 bits")?);
            if each {
                lowered.scales.push(node.lowered.scales[output]);
            }
        }
        Ok(lowered)
    }
}

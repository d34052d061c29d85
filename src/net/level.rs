//! Outputs of a regression brought to one level: eight bits of a pressure around 101,325 Pa would be steps of 400 Pa if they
//! had to reach zero, and a share beside it would have no step at all. Each output becomes (value − offset) / scale, which
//! the last layer takes in; what reads the outputs puts it back.

use serde::{Deserialize, Serialize};

use super::graph::Net;

/// value = network's output · scale + offset.
#[derive(Clone, Copy, PartialEq, Debug, Serialize, Deserialize)]
pub struct Level {
    /// Half of the range that calibration saw; above zero.
    pub scale: f32,
    /// Its middle.
    pub offset: f32,
}

impl Level {
    /// The value that a network's output stands for: one multiplication and one addition, as in C.
    pub fn value(self, output: f32) -> f32 {
        let product = output * self.scale;
        product + self.offset
    }
}

/// `net` with each output over −1 to 1 for `calibration` (any number of samples), and what its outputs stand for; the
/// network as it is and no levels where its last layer isn't one of weighted sums alone.
pub fn level(net: &Net, calibration: &[f32]) -> (Net, Vec<Level>) {
    let last = net.nodes.last().filter(|node| {
        let plain = node.args.iter().all(|(name, value)| name != "activation" || value == "none");
        node.op.word() == "dense" && plain && node.tensors.len() == 2
    });
    let width = net.output().len();
    let outputs = net.forward(calibration);
    let Some(last) = last.filter(|_| outputs.len() >= width) else { return (net.clone(), Vec::new()) };
    let range = |at: usize| {
        let mine = outputs.iter().skip(at).step_by(width);
        mine.fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), value| (low.min(*value), high.max(*value)))
    };
    let levels: Vec<Level> = (0..width).map(range).map(of_range).collect();
    if levels.iter().any(|level| !level.scale.is_normal() || !level.offset.is_finite()) {
        return (net.clone(), Vec::new());
    }
    let mut net = net.clone();
    let (matrix, bias) = net.weights[last.range()].split_at_mut(last.tensors[0].len());
    let inputs = matrix.len() / width;
    for ((row, bias), level) in matrix.chunks_exact_mut(inputs.max(1)).zip(bias).zip(&levels) {
        row.iter_mut().for_each(|weight| *weight /= level.scale);
        *bias = (*bias - level.offset) / level.scale;
    }
    (net, levels)
}

fn of_range((low, high): (f32, f32)) -> Level {
    let (scale, offset) = ((high - low) / 2.0, f32::midpoint(low, high));
    // An output that never changes needs any scale that isn't zero.
    Level { scale: if scale > 0.0 { scale } else { 1.0 }, offset }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Shape;

    #[test]
    fn levelled_outputs_stand_for_the_same_values() {
        let args = |units: &str| vec![("units".to_string(), units.to_string()), ("activation".into(), "none".into())];
        let mut net = Net::build(&Shape::f32(&[3]), &[("dense".to_string(), args("2"))]).unwrap();
        net.weights.copy_from_slice(&[50.0, -20.0, 5.0, 0.01, 0.02, -0.03, 101_325.0, 0.5]);
        let samples: Vec<f32> = (0..60).map(|at| (at * 7 % 13) as f32 / 13.0).collect();
        let (unit, levels) = level(&net, &samples);
        for (real, output) in net.forward(&samples).chunks(2).zip(unit.forward(&samples).chunks(2)) {
            for (at, (real, output)) in real.iter().zip(output).enumerate() {
                assert!(output.abs() <= 1.001, "{output}");
                let value = levels[at].value(*output);
                assert!((value - real).abs() <= 1e-5 * real.abs().max(0.01), "{value} for {real}");
            }
        }
        let curved = vec![("units".to_string(), "2".to_string()), ("activation".into(), "relu".into())];
        let net = Net::build(&Shape::f32(&[3]), &[("dense".to_string(), curved)]).unwrap();
        assert!(level(&net, &samples).1.is_empty());
    }
}

//! Rounding while training goes on (quantisation-aware training, Jacob et al. 2018): weights and values are what int8
//! makes of them, slopes pass as if they weren't rounded, and steps go to the weights as they are.

use crate::net::graph::{Net, Node};
use crate::net::qnet::Quant;

use super::condition::Condition;

/// How a network without batch norms is rounded.
pub(super) struct Rounding {
    /// Of the input and of what each layer gives; `None`: as it is.
    pub(super) values: Vec<Option<Quant>>,
}

impl Rounding {
    /// The network with the weights that int8 has for it. They are rounded as the board reads them, with the conditioning of
    /// inputs taken in.
    pub(super) fn weights(net: &Net, condition: &Condition) -> Net {
        let mut rounded = condition.absorb(net.clone());
        for at in 0..rounded.nodes.len() {
            let range = rounded.nodes[at].range();
            if let Some((len, last)) = matrix(&rounded.nodes[at]) {
                let channels = rounded.nodes[at].tensors[0].dims[if last { 2 } else { 0 }];
                round(&mut rounded.weights[range][..len], channels, last);
            }
        }
        condition.release(rounded)
    }
}

/// Length of the matrix of a layer that has one scale a channel, and whether channels are its last dimension.
fn matrix(node: &Node) -> Option<(usize, bool)> {
    let last = match node.op.word() {
        "dense" | "conv1d" | "conv2d" | "transpose_conv2d" => false,
        "depthwise_conv2d" => true,
        _ => return None,
    };
    node.tensors.first().map(|tensor| (tensor.len(), last))
}

/// Rounds each channel to 127 steps either way.
fn round(weights: &mut [f32], channels: usize, last: bool) {
    let each = weights.len() / channels.max(1);
    for channel in 0..channels {
        let place = |at: usize| if last { at * channels + channel } else { channel * each + at };
        let largest = (0..each).fold(0.0_f32, |largest, at| largest.max(weights[place(at)].abs()));
        let scale = largest / 127.0;
        if scale > 0.0 {
            for at in 0..each {
                let weight = &mut weights[place(at)];
                *weight = (*weight / scale).round().clamp(-127.0, 127.0) * scale;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_have_steps_of_a_127th() {
        let mut weights = [1.27, 0.004, -0.006, -25.4, 0.09, 0.31];
        round(&mut weights, 2, false);
        let expected = [1.27, 0.0, -0.01, -25.4, 0.0, 0.4];
        assert!(weights.iter().zip(expected).all(|(a, b)| (a - b).abs() < 1e-6), "{weights:?}");
        let mut weights = [1.27, 25.4, 0.004, 0.31];
        round(&mut weights, 2, true);
        assert!((weights[3] - 0.4).abs() < 1e-6 && weights[2] == 0.0, "{weights:?}");
    }
}

//! Operators that are another operator in disguise, for which there are faster kernels.

use crate::net::ops::{self, Args, Lowered};
use crate::net::qnet::{QNet, QNode};

use super::rewrite::{Fate, rewrite};

/// The network in which a depthwise convolution of a single channel is the convolution that it is: every filter sees that
/// channel. Outputs stay equal, bit for bit: both requantise each channel by the same rule.
pub fn recast(net: &QNet) -> Result<QNet, String> {
    rewrite(net, |_, node, _| {
        let single = node.op.word() == "depthwise_conv2d" && node.takes[0].dims.last() == Some(&1);
        Fate::Keep(Box::new(single.then(|| convolution(&node)).flatten().unwrap_or(node)))
    })
}

fn convolution(node: &QNode) -> Option<QNode> {
    let filters = node.lowered.bias.len();
    let mut args: Args = node.args.iter().filter(|arg| arg.0 != "multiplier").cloned().collect();
    args.push(("filters".into(), filters.to_string()));
    // From [taps, filters] to [filters, taps].
    let taps = node.lowered.weights.len() / filters.max(1);
    let weight = |at: usize| node.lowered.weights[at % taps * filters + at / taps];
    let weights = (0..node.lowered.weights.len()).map(weight).collect();
    let lowered = Lowered { weights, ..node.lowered.clone() };
    Some(QNode::new(ops::find("conv2d")?, &args, &node.inputs, &node.takes, &node.output, lowered))
}

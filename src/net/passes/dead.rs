//! Removes nodes whose value nobody reads.

use crate::net::qnet::QNet;

use super::rewrite::{Fate, rewrite};

/// The network without nodes that its output doesn't come from. Outputs stay equal, bit for bit.
pub fn drop_dead(net: &QNet) -> Result<QNet, String> {
    let mut needed = vec![false; net.nodes.len() + 1];
    needed[net.nodes.len()] = true;
    for (at, node) in net.nodes.iter().enumerate().rev() {
        if needed[at + 1] {
            node.inputs.iter().for_each(|value| needed[*value] = true);
        }
    }
    rewrite(net, |at, node, _| if needed[at + 1] { Fate::Keep(Box::new(node)) } else { Fate::Replace(0) })
}

//! Copies a quantised network node by node, as the passes over it want.

use crate::net::qnet::{QNet, QNode};

/// What becomes of a node.
pub(super) enum Fate {
    /// It stays, perhaps changed; its inputs are already renumbered.
    Keep(Box<QNode>),
    /// This value of the new network stands for its value.
    Replace(usize),
}

/// The network that `decide` makes of `net`: it sees each old node's number, the node with its inputs renumbered, and
/// what is kept so far. An error is our own bug: the constants were sound before.
pub(super) fn rewrite(net: &QNet, mut decide: impl FnMut(usize, QNode, &[QNode]) -> Fate) -> Result<QNet, String> {
    let mut kept: Vec<QNode> = Vec::with_capacity(net.nodes.len());
    let mut moved = vec![0];
    for (at, node) in net.nodes.iter().enumerate() {
        let mut node = node.clone();
        for value in &mut node.inputs {
            *value = moved[*value];
        }
        match decide(at, node, &kept) {
            Fate::Keep(node) => {
                kept.push(*node);
                moved.push(kept.len());
            }
            Fate::Replace(value) => moved.push(value),
        }
    }
    let output = moved[net.nodes.len()];
    // The last node gives the output: what stands behind the value that it became is dead.
    kept.truncate(output.max(1));
    QNet::new(net.input.clone(), net.quant, kept)
}

//! Common subexpressions: equal operators over equal values are computed once.

use crate::net::qnet::{QNet, QNode};

use super::rewrite::{Fate, rewrite};

/// The network in which no value is computed twice. Outputs stay equal, bit for bit.
pub fn share(net: &QNet) -> Result<QNet, String> {
    let last = net.nodes.len() - 1;
    rewrite(net, |at, node, kept| {
        // The output needs a node of its own at the end.
        let twin = kept.iter().position(|other| same(other, &node)).filter(|_| at != last);
        twin.map_or_else(|| Fate::Keep(Box::new(node)), |twin| Fate::Replace(twin + 1))
    })
}

fn same(a: &QNode, b: &QNode) -> bool {
    a.op.word() == b.op.word() && a.inputs == b.inputs && a.args == b.args && a.lowered == b.lowered
}

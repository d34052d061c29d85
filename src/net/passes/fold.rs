//! Constant folding: what doesn't depend on the input is computed here, not on the board.

use crate::net::ops::{self, Lowered, Storage};
use crate::net::qnet::{QNet, QNode};

use super::rewrite::{Fate, rewrite};

/// The network in which operators over constants became constants. Outputs stay equal, bit for bit.
pub fn fold_constants(net: &QNet) -> Result<QNet, String> {
    let Some(constant) = ops::find("constant") else { return Ok(net.clone()) };
    let last = net.nodes.len() - 1;
    rewrite(net, |at, node, kept| {
        let data = |value: &usize| {
            let before = value.checked_sub(1).map(|before| &kept[before])?;
            (before.op.storage() == Storage::Constant).then_some(before.lowered.weights.as_slice())
        };
        let inputs: Option<Vec<&[i8]>> = node.inputs.iter().map(data).collect();
        let Some(inputs) = inputs.filter(|inputs| !inputs.is_empty() && at != last) else {
            return Fate::Keep(Box::new(node));
        };
        let mut output = vec![0; node.output.len()];
        node.op.forward_i8(&node, &inputs, &mut output);
        let dims: Vec<String> = node.output.dims.iter().map(usize::to_string).collect();
        let args = vec![("shape".to_string(), format!("[{}]", dims.join(", ")))];
        let lowered = Lowered { weights: output, ..Lowered::plain(node.lowered.quant) };
        Fate::Keep(Box::new(QNode::new(constant, &args, &[], &[], &node.output, lowered)))
    })
}

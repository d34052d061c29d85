//! Removes what does nothing at inference, and lets a layer take in its activation.

use crate::net::graph::{Net, Node};

/// Drops layers that pass their input on in the same shape (dropout), and fuses an activation into the layer before
/// it where no other layer reads what is between them, and batch norms into the weights before them. Outputs stay
/// equal, bit for bit but for the rounding of those weights.
pub fn fuse(net: &Net) -> Net {
    take_in_activations(&fold_norms(&drop_identities(net)))
}

/// Lets the weights of a layer take in the factors and summands by channel behind it (batch norm), where no other
/// layer reads what is between them. Outputs stay equal up to rounding.
fn fold_norms(net: &Net) -> Net {
    let readers = |value: usize| net.nodes.iter().filter(|node| node.inputs.contains(&value)).count();
    rewrite(net, |kept, node, inputs| {
        let latest = kept.nodes.len();
        let (scale, offset) = node.op.affine(&node.args, &net.weights[node.range()])?;
        let before = kept.nodes.last().filter(|_| inputs == [latest] && readers(node.inputs[0]) == 1)?;
        let weights = &mut kept.weights[before.range()];
        let folds = before.op.scale_outputs(&before.args, &before.takes, weights, &scale, &offset);
        folds.then_some(latest)
    })
}

fn drop_identities(net: &Net) -> Net {
    rewrite(net, |kept, node, inputs| {
        let only = kept.nodes.is_empty() && node.output == *net.output();
        (node.op.identity() && node.takes.len() == 1 && node.takes[0] == node.output && !only).then(|| inputs[0])
    })
}

fn take_in_activations(net: &Net) -> Net {
    let readers = |value: usize| net.nodes.iter().filter(|node| node.inputs.contains(&value)).count();
    rewrite(net, |kept, node, inputs| {
        let latest = kept.nodes.len();
        let before = kept.nodes.last_mut().filter(|_| inputs == [latest] && readers(node.inputs[0]) == 1)?;
        before.args = before.op.take_in(&before.args, node.op.word())?;
        Some(latest)
    })
}

/// Copies `net` node by node. `replace` sees what is kept so far, the next node and where its inputs are now;
/// it answers with the value that stands for the node's, or `None` to keep the node.
fn rewrite(net: &Net, mut replace: impl FnMut(&mut Net, &Node, &[usize]) -> Option<usize>) -> Net {
    let mut kept = Net { input: net.input.clone(), nodes: Vec::new(), weights: Vec::new() };
    let mut moved = vec![0];
    for node in &net.nodes {
        let inputs: Vec<usize> = node.inputs.iter().map(|value| moved[*value]).collect();
        if let Some(value) = replace(&mut kept, node, &inputs) {
            moved.push(value);
            continue;
        }
        let offset = kept.weights.len();
        kept.weights.extend_from_slice(&net.weights[node.range()]);
        kept.nodes.push(Node { inputs, offset, ..node.clone() });
        moved.push(kept.nodes.len());
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Shape;
    use crate::base::rng::Rng;
    use crate::net::ops::Args;

    fn layer(word: &str, args: &[(&str, &str)]) -> (String, Args) {
        (word.into(), args.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
    }

    #[test]
    fn random_chains_keep_their_outputs() {
        let mut rng = Rng::new(7, "fuse");
        for seed in 0..60 {
            let units = ["1", "3", "17"];
            let layers: Vec<_> = (0..=rng.below(7))
                .map(|_| match rng.below(6) {
                    0 => layer("relu", &[]),
                    1 => layer("dropout", &[("rate", "0.5")]),
                    2 => layer("flatten", &[]),
                    3 => layer("softmax", &[]),
                    _ => layer("dense", &[("units", units[rng.below(3)]), ("activation", "none")]),
                })
                .collect();
            let mut net = Net::build(&Shape::f32(&[2, 3]), &layers).unwrap();
            net.initialise(seed);
            let fused = fuse(&net);
            let input: Vec<f32> = (0..30).map(|_| rng.range(-3.0, 3.0)).collect();
            assert_eq!(net.forward(&input), fused.forward(&input), "seed {seed}: {layers:?}");
            assert_eq!(net.output(), fused.output(), "seed {seed}: {layers:?}");
        }
    }

    #[test]
    fn norms_fold_into_every_layer_that_takes_them() {
        let mut rng = Rng::new(9, "fuse norms");
        let layers = [
            layer("conv2d", &[("filters", "4"), ("kernel", "3"), ("padding", "same")]),
            layer("batch_norm", &[]),
            layer("relu6", &[]),
            layer("depthwise_conv2d", &[("kernel", "3"), ("multiplier", "2")]),
            layer("dropout", &[("rate", "0.5")]),
            layer("batch_norm", &[]),
            layer("transpose_conv2d", &[("filters", "3"), ("kernel", "2"), ("stride", "2")]),
            layer("batch_norm", &[]),
            layer("dense", &[("units", "5")]),
            layer("batch_norm", &[]),
            layer("relu", &[]),
            layer("batch_norm", &[]),
        ];
        let mut net = Net::build(&Shape::f32(&[6, 5, 2]), &layers).unwrap();
        net.initialise(3);
        net.weights.iter_mut().for_each(|weight| *weight += rng.range(-0.2, 0.2));
        let fused = fuse(&net);
        let words: Vec<&str> = fused.nodes.iter().map(|node| node.op.word()).collect();
        assert_eq!(words, ["conv2d", "depthwise_conv2d", "transpose_conv2d", "dense", "batch_norm"]);
        let input: Vec<f32> = (0..180).map(|_| rng.range(-3.0, 3.0)).collect();
        for (plain, fused) in net.forward(&input).iter().zip(fused.forward(&input)) {
            assert!((plain - fused).abs() < 1e-4 * (1.0 + plain.abs()), "{plain} {fused}");
        }
    }

    #[test]
    fn a_relu_behind_dropout_fuses_into_dense() {
        let layers = [layer("dense", &[("units", "4")]), layer("dropout", &[("rate", "0.5")]), layer("relu", &[])];
        let fused = fuse(&Net::build(&Shape::f32(&[3]), &layers).unwrap());
        assert_eq!(fused.nodes.len(), 1);
        assert_eq!(fused.nodes[0].args.last().unwrap().1, "relu");
    }
}

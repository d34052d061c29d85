//! Every pass over a quantised network keeps its outputs, bit for bit, on random networks.

use tinyml::base::Shape;
use tinyml::base::rng::Rng;
use tinyml::net::ops::Args;
use tinyml::net::{Net, QNet, QNode, passes, quantize};

fn layer(word: &str, args: &[(&str, &str)]) -> (String, Args) {
    (word.into(), args.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect())
}

/// The network with a share of its output channels' weights set to zero, as pruning in training leaves it.
fn with_dead_channels(net: &QNet, rng: &mut Rng) -> QNet {
    let kill = |node: &QNode, rng: &mut Rng| {
        let mut node = QNode::new(node.op, &node.args, &node.inputs, &node.takes, &node.output, node.lowered.clone());
        let channels = node.lowered.bias.len();
        if let Some(weights) = node.lowered.weights.len().checked_div(channels) {
            for channel in 0..channels {
                if rng.below(2) == 0 {
                    node.lowered.weights[channel * weights..(channel + 1) * weights].fill(0);
                }
            }
        }
        node
    };
    let nodes = net.nodes.iter().map(|node| kill(node, rng)).collect();
    QNet::new(net.input.clone(), net.quant, nodes).expect("it fits")
}

fn chain(rng: &mut Rng, seed: u64) -> QNet {
    let mut layers = Vec::new();
    for _ in 0..=rng.below(4) {
        let (units, activation) = ((rng.below(20) + 1).to_string(), ["none", "relu"][rng.below(2)]);
        layers.push(layer("dense", &[("units", &units), ("activation", activation)]));
    }
    let mut net = Net::build(&Shape::f32(&[rng.below(30) + 1]), &layers).expect("it fits");
    net.initialise(seed);
    let samples: Vec<f32> = (0..16 * net.input.len()).map(|_| rng.range(-2.0, 2.0)).collect();
    quantize(&net, &samples).expect("it quantises")
}

fn inputs(net: &QNet, rng: &mut Rng) -> Vec<i8> {
    (0..12 * net.input.len()).map(|_| rng.below(256) as u8 as i8).collect()
}

#[test]
fn constant_channels_go_and_outputs_stay() {
    let mut rng = Rng::new(2, "constant channels");
    let mut saved = 0;
    for seed in 0..120 {
        let net = with_dead_channels(&chain(&mut rng, seed), &mut rng);
        let pruned = passes::drop_constant_channels(&net).expect("it prunes");
        let input = inputs(&net, &mut rng);
        assert_eq!(net.run_i8(&input), pruned.run_i8(&input), "seed {seed}");
        assert!(pruned.macs() <= net.macs());
        saved += net.macs() - pruned.macs();
        let optimised = passes::optimise(&net).expect("it optimises");
        assert_eq!(net.run_i8(&input), optimised.run_i8(&input), "seed {seed}");
    }
    assert!(saved > 1000, "half of the channels are dead, but only {saved} products went");
}

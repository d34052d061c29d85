//! Every pass over a quantised network keeps its outputs, bit for bit, on random networks.

use tinyml::base::Shape;
use tinyml::base::rng::Rng;
use tinyml::net::ops::Args;
use tinyml::net::{Net, QNet, QNode, passes, quantize};

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

fn given(args: &[(&str, &str)]) -> Args {
    args.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// A random network of convolutions, pools, sums of branches and constants, ending in a dense layer.
fn graph(rng: &mut Rng, seed: u64) -> QNet {
    let dims = [rng.below(7) + 1, rng.below(7) + 1, rng.below(6) + 1];
    let mut net = Net { input: Shape::f32(&dims), nodes: Vec::new(), weights: Vec::new() };
    let mut image = 0;
    for _ in 0..=rng.below(6) {
        let shape = net.shape(image).expect("a value").clone();
        let filters = (rng.below(9) + 1).to_string();
        let kernel = format!("[{}, {}]", rng.below(shape.dims[0].min(3)) + 1, rng.below(shape.dims[1].min(3)) + 1);
        let padding = ["same", "valid", "[1, 0, 0, 1]"][rng.below(3)];
        let activation = ["none", "relu", "relu6"][rng.below(3)];
        let window = [("kernel", kernel.as_str()), ("padding", padding)];
        let mut push = |word: &str, args: &[(&str, &str)], inputs: Vec<usize>| {
            net.push(word, &given(args), inputs).unwrap_or_else(|why| panic!("{word}: {why}"));
            net.nodes.len()
        };
        let filtered = [&window[..], &[("filters", &filters), ("activation", activation)]].concat();
        image = match rng.below(9) {
            0..=2 => push("conv2d", &filtered, vec![image]),
            3 => push("depthwise_conv2d", &[&window[..], &[("activation", activation)]].concat(), vec![image]),
            4 => {
                let multiplier = (rng.below(3) + 1).to_string();
                push("depthwise_conv2d", &[&window[..], &[("multiplier", &multiplier)]].concat(), vec![image])
            }
            5 => push(
                "max_pool2d",
                &[("kernel", kernel.as_str()), ("padding", ["same", "valid"][rng.below(2)])],
                vec![image],
            ),
            6 => {
                let word = ["add", "mul", "minimum"][rng.below(3)];
                let constant = push("constant", &[("shape", &format!("[{}]", shape.dims[2]))], vec![]);
                push(word, &[], vec![image, constant])
            }
            _ => {
                // Two branches, one of them twice, that a pass may share.
                let channels = shape.dims[2].to_string();
                let pointwise = [("filters", channels.as_str()), ("kernel", "1"), ("activation", activation)];
                let left = push("conv2d", &pointwise, vec![image]);
                let right = push("relu", &[], vec![image]);
                let again = push("relu", &[], vec![image]);
                let sum = push("add", &[("activation", activation)], vec![left, right]);
                push("maximum", &[], vec![sum, again])
            }
        };
    }
    if rng.below(2) == 0 {
        net.push("global_average_pool", &given(&[]), vec![image]).expect("it pools");
    }
    let units = (rng.below(9) + 1).to_string();
    net.push("dense", &given(&[("units", &units), ("activation", "none")]), vec![net.nodes.len()]).expect("it fits");
    net.initialise(seed);
    let mut fill = |at: usize| {
        let range = net.nodes[at].range();
        net.weights[range].fill_with(|| rng.range(-1.0, 1.0));
    };
    (0..net.nodes.len())
        .filter(|at| net.nodes[*at].op.word() == "constant")
        .collect::<Vec<_>>()
        .into_iter()
        .for_each(&mut fill);
    let samples: Vec<f32> = (0..16 * net.input.len()).map(|_| rng.range(-2.0, 2.0)).collect();
    quantize(&net, &samples).expect("it quantises")
}

fn inputs(net: &QNet, rng: &mut Rng) -> Vec<i8> {
    (0..12 * net.input.len()).map(|_| rng.below(256) as u8 as i8).collect()
}

type Pass = fn(&QNet) -> Result<QNet, String>;

/// Runs a pass over random networks with dead channels; gives how many products and how many nodes went.
fn keeps_outputs(name: &str, pass: Pass) -> (usize, usize) {
    let mut rng = Rng::new(2, name);
    let (mut products, mut nodes) = (0, 0);
    for seed in 0..400 {
        let net = with_dead_channels(&graph(&mut rng, seed), &mut rng);
        let passed = pass(&net).unwrap_or_else(|why| panic!("{name}, seed {seed}: {why}"));
        let input = inputs(&net, &mut rng);
        assert_eq!(net.run_i8(&input), passed.run_i8(&input), "{name}, seed {seed}");
        assert_eq!((net.output(), net.output_quant()), (passed.output(), passed.output_quant()));
        assert!(passed.macs() <= net.macs(), "{name}, seed {seed}");
        products += net.macs() - passed.macs();
        nodes += net.nodes.len() - passed.nodes.len().min(net.nodes.len());
    }
    (products, nodes)
}

#[test]
fn constant_channels_go() {
    let (products, _) = keeps_outputs("constant channels", passes::drop_constant_channels);
    assert!(products > 100_000, "half of the channels are dead, but only {products} products went");
}

#[test]
fn twins_and_the_dead_go() {
    let (_, nodes) = keeps_outputs("shared", |net| passes::drop_dead(&passes::share(net)?));
    assert!(nodes > 50, "{nodes}");
    let (_, nodes) = keeps_outputs("dead", passes::drop_dead);
    assert_eq!(nodes, 0, "all of these nodes are read");
}

#[test]
fn constants_fold() {
    keeps_outputs("folded", passes::fold_constants);
}

#[test]
fn single_channels_are_recast() {
    keeps_outputs("recast", passes::recast);
}

#[test]
fn the_order_is_free() {
    keeps_outputs("ordered", passes::order);
}

#[test]
fn all_together() {
    let (products, nodes) = keeps_outputs("optimised", passes::optimise);
    assert!(products > 100_000 && nodes > 50, "{products} products, {nodes} nodes");
}

//! Constant channels: what has the same value everywhere, whatever the input, needs no computing.
//!
//! An output channel whose weights are all zero emits its requantised bias. Where every reader can take that in, as an
//! addition to its biases or by leaving the channel out too, the channel is dropped. Under padding the readers see the
//! zero point at the border instead, so there a channel goes only if that is its value: operators answer for that in
//! `spares`. Lossless. Trained and pruned networks have many such channels (half of the `MLPerf` person detector's).

use crate::base::Shape;
use crate::net::ops::{Channels, Dropped, Storage};
use crate::net::qnet::{QNet, QNode};

/// The network without channels that are constant or that nobody uses. Outputs stay equal, bit for bit.
pub fn drop_constant_channels(net: &QNet) -> Result<QNet, String> {
    let constants = constants(net);
    let dropped = droppable(net, &constants);
    if dropped.iter().flatten().all(|gone| !gone) {
        return Ok(net.clone());
    }
    without(net, &constants, &dropped)
}

type Constants = Vec<Vec<Option<i8>>>;

fn width(shape: &Shape) -> usize {
    shape.dims.last().copied().unwrap_or(1)
}

/// By value and channel: the int8 value that it has everywhere.
fn constants(net: &QNet) -> Constants {
    let mut constants: Constants = vec![vec![None; width(&net.input)]];
    for node in &net.nodes {
        let found = if node.op.storage() == Storage::Constant {
            uniform(&node.lowered.weights, width(&node.output)).collect()
        } else {
            of_node(node, &constants)
        };
        constants.push(found);
    }
    constants
}

/// A channel that comes from constant channels alone is constant if it is so for any values of the others.
fn of_node(node: &QNode, constants: &Constants) -> Vec<Option<i8>> {
    let channels = width(&node.output);
    let of = |number: usize| &constants[node.inputs[number]];
    let links = node.op.channels(node);
    let settled = |output: usize| match &links {
        Channels::Opaque => false,
        Channels::Follow(inputs) => inputs
            .iter()
            .enumerate()
            .all(|(number, from)| from[output].is_none_or(|channel| of(number)[channel].is_some())),
        Channels::Mix => {
            (0..width(&node.takes[0])).all(|input| of(0)[input].is_some() || !node.op.joins(node, input, output))
        }
    };
    let settled: Vec<bool> = (0..channels).map(settled).collect();
    if settled.iter().all(|settled| !settled) {
        return vec![None; channels];
    }
    let fill = |(number, shape): (usize, &Shape)| -> Vec<i8> {
        let channels = of(number);
        (0..shape.len()).map(|at| channels[at % channels.len()].unwrap_or(0)).collect()
    };
    let inputs: Vec<Vec<i8>> = node.takes.iter().enumerate().map(fill).collect();
    let inputs: Vec<&[i8]> = inputs.iter().map(Vec::as_slice).collect();
    let mut output = vec![0; node.output.len()];
    node.op.forward_i8(node, &inputs, &mut output);
    uniform(&output, channels).zip(settled).map(|(value, settled)| value.filter(|_| settled)).collect()
}

/// By channel: the value that all positions share.
fn uniform(values: &[i8], channels: usize) -> impl Iterator<Item = Option<i8>> + '_ {
    (0..channels).map(move |channel| {
        let mut all = values.iter().skip(channel).step_by(channels);
        let first = all.next().copied()?;
        all.all(|value| *value == first).then_some(first)
    })
}

/// By value and channel: whether it can go. All go at first; then those come back that somebody can't do without.
fn droppable(net: &QNet, constants: &Constants) -> Vec<Vec<bool>> {
    let mut dropped: Vec<Vec<bool>> = constants.iter().map(|channels| vec![true; channels.len()]).collect();
    dropped[0].fill(false);
    dropped[net.nodes.len()].fill(false);
    loop {
        let mut changed = false;
        for (at, node) in net.nodes.iter().enumerate() {
            changed |= match node.op.channels(node) {
                Channels::Opaque => opaque(node, at, &mut dropped),
                Channels::Follow(inputs) => follow(node, at, &inputs, &mut dropped),
                Channels::Mix => mix(node, constants, &mut dropped),
            };
        }
        for channels in &mut dropped {
            // A shape can't be empty; and two channels keep what one scale for all channels means (see `ops/channels.rs`).
            let least = channels.len().min(2);
            while channels.iter().filter(|gone| !**gone).count() < least {
                let first = channels.iter().position(|gone| *gone);
                first.into_iter().for_each(|at| channels[at] = false);
                changed = true;
            }
        }
        if !changed {
            return dropped;
        }
    }
}

/// Brings a channel back.
fn keep(dropped: &mut [Vec<bool>], value: usize, channel: usize) -> bool {
    std::mem::replace(&mut dropped[value][channel], false)
}

fn opaque(node: &QNode, at: usize, dropped: &mut [Vec<bool>]) -> bool {
    let constant = node.op.storage() == Storage::Constant;
    let values = node.inputs.iter().copied().chain((!constant).then_some(at + 1));
    let mut changed = false;
    for value in values {
        for channel in 0..dropped[value].len() {
            changed |= keep(dropped, value, channel);
        }
    }
    changed
}

/// Channels that hang together go or stay together.
fn follow(node: &QNode, at: usize, inputs: &[Vec<Option<usize>>], dropped: &mut [Vec<bool>]) -> bool {
    let mut changed = false;
    for (number, from) in inputs.iter().enumerate() {
        for (output, channel) in from.iter().enumerate() {
            let Some(channel) = *channel else { continue };
            let value = node.inputs[number];
            if !dropped[at + 1][output] || !dropped[value][channel] {
                changed |= keep(dropped, value, channel) | keep(dropped, at + 1, output);
            }
        }
    }
    changed
}

fn mix(node: &QNode, constants: &Constants, dropped: &mut [Vec<bool>]) -> bool {
    let value = node.inputs[0];
    let mut changed = false;
    for channel in 0..dropped[value].len() {
        if dropped[value][channel] && !node.op.spares(node, channel, constants[value][channel]) {
            changed |= keep(dropped, value, channel);
        }
    }
    changed
}

fn without(net: &QNet, constants: &Constants, dropped: &[Vec<bool>]) -> Result<QNet, String> {
    let narrowed = |value: usize, shape: &Shape| {
        let mut shape = shape.clone();
        if let Some(last) = shape.dims.last_mut() {
            *last = dropped[value].iter().filter(|gone| !**gone).count();
        }
        shape
    };
    let mut nodes = Vec::with_capacity(net.nodes.len());
    for (at, node) in net.nodes.iter().enumerate() {
        let what = Dropped {
            inputs: node.inputs.iter().map(|value| dropped[*value].as_slice()).collect(),
            constants: node.inputs.iter().map(|value| constants[*value].as_slice()).collect(),
            output: &dropped[at + 1],
        };
        let whole = node.op.channels(node) == Channels::Opaque && node.op.storage() != Storage::Constant;
        let (args, lowered) =
            if whole { (node.args.clone(), node.lowered.clone()) } else { node.op.without(node, &what)? };
        let takes: Vec<Shape> =
            node.inputs.iter().zip(&node.takes).map(|(value, shape)| narrowed(*value, shape)).collect();
        // The operator says itself what it gives: a pass can't invent a shape.
        let output = node.op.infer(&args, &takes)?;
        if output != narrowed(at + 1, &node.output) {
            return Err(format!("bug: `{}` without channels gives {output}", node.op.word()));
        }
        nodes.push(QNode::new(node.op, &args, &node.inputs, &takes, &output, lowered));
    }
    QNet::new(net.input.clone(), net.quant, nodes)
}

//! The order of operators that needs the least memory.

use crate::net::ops::Storage;
use crate::net::qnet::{QNet, QNode};

/// Sets of nodes that are looked at, at most: networks with many parallel branches keep a good order, not the best.
const STATES: usize = 20_000;

/// The same nodes in an order that keeps the fewest bytes alive at once. A chain has one order only. Outputs stay
/// equal, bit for bit.
pub fn order(net: &QNet) -> Result<QNet, String> {
    let count = net.nodes.len();
    if count > 128 || !branches(net) {
        return Ok(net.clone());
    }
    match best(net) {
        Some(order) => QNet::new(net.input.clone(), net.quant, renumbered(net, &order)),
        None => Ok(net.clone()),
    }
}

fn branches(net: &QNet) -> bool {
    net.nodes.iter().enumerate().any(|(at, node)| node.inputs.iter().any(|value| *value != at))
}

/// A set of computed nodes, the largest need on the way there, and the way.
#[derive(Clone)]
struct State {
    done: u128,
    peak: usize,
    alive: usize,
    order: Vec<usize>,
}

/// Breadth first over sets of computed nodes; of two ways to one set the one with the lower peak is kept
/// (dynamic programming over down-sets; exact while no step has more than [`STATES`] sets).
fn best(net: &QNet) -> Option<Vec<usize>> {
    let mut states = vec![State { done: 0, peak: net.input.len(), alive: net.input.len(), order: Vec::new() }];
    for _ in 0..net.nodes.len() {
        let mut next: std::collections::BTreeMap<u128, State> = std::collections::BTreeMap::new();
        for state in &states {
            for at in (0..net.nodes.len()).filter(|at| ready(net, state.done, *at)) {
                let after = step(net, state, at);
                let old = next.get(&after.done);
                if old.is_none_or(|old| (after.peak, after.alive) < (old.peak, old.alive)) {
                    next.insert(after.done, after);
                }
            }
        }
        states = next.into_values().collect();
        if states.len() > STATES {
            states.sort_by_key(|state| (state.peak, state.alive));
            states.truncate(STATES);
        }
    }
    states.into_iter().min_by_key(|state| state.peak).map(|state| state.order)
}

fn has(done: u128, value: usize) -> bool {
    value == 0 || done & (1 << (value - 1)) != 0
}

/// Its inputs are there and it isn't; the last node stays the last.
fn ready(net: &QNet, done: u128, at: usize) -> bool {
    let last = net.nodes.len() - 1;
    let turn = at != last || done.count_ones() as usize == last;
    turn && !has(done, at + 1) && net.nodes[at].inputs.iter().all(|value| has(done, *value))
}

fn step(net: &QNet, state: &State, at: usize) -> State {
    let node = &net.nodes[at];
    let done = state.done | 1 << at;
    let own = if node.op.storage() == Storage::Own { node.output.len() } else { 0 };
    let peak = state.peak.max(state.alive + own);
    let mut freed = 0;
    for (number, value) in node.inputs.iter().enumerate() {
        let first = !node.inputs[..number].contains(value);
        let constant = *value > 0 && net.nodes[*value - 1].op.storage() != Storage::Own;
        let dead = readers(net, *value).all(|reader| has(done, reader + 1));
        if first && dead && !constant {
            freed += net.shape(*value).map_or(0, crate::base::Shape::len);
        }
    }
    let mut order = state.order.clone();
    order.push(at);
    State { done, peak, alive: state.alive + own - freed.min(state.alive + own), order }
}

fn readers(net: &QNet, value: usize) -> impl Iterator<Item = usize> + '_ {
    net.nodes.iter().enumerate().filter(move |(_, node)| node.inputs.contains(&value)).map(|(at, _)| at)
}

fn renumbered(net: &QNet, order: &[usize]) -> Vec<QNode> {
    let mut moved = vec![0; net.nodes.len() + 1];
    for (new, old) in order.iter().enumerate() {
        moved[old + 1] = new + 1;
    }
    let node = |old: &usize| {
        let mut node = net.nodes[*old].clone();
        node.inputs.iter_mut().for_each(|value| *value = moved[*value]);
        node
    };
    order.iter().map(node).collect()
}

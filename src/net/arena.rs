//! The memory plan: where each int8 value of a network lives while it is needed.

use super::ops::Storage;
use super::qnet::QNet;

/// Where a value lives.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Home {
    /// In the caller's input, which is never written.
    Input,
    /// In the caller's output.
    Output,
    /// In the arena, at this offset.
    Arena(usize),
}

/// Homes of all values (as numbered in the network) and the arena's size in bytes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Plan {
    /// One a value.
    pub homes: Vec<Home>,
    /// Bytes of the arena.
    pub size: usize,
}

/// A piece of memory that one or several values share, one after the other.
#[derive(Clone, Debug)]
struct Piece {
    bytes: usize,
    first: usize,
    last: usize,
    home: Option<Home>,
}

/// Plans a network's memory.
pub fn plan(net: &QNet) -> Plan {
    let (mut pieces, of_value) = pieces(net);
    let free: Vec<usize> = (0..pieces.len()).filter(|at| pieces[*at].home.is_none()).collect();
    let candidates = [Some(by_size(&pieces, &free)), alternating(&pieces, &free)];
    let best = candidates.into_iter().flatten().min_by_key(|offsets| extent(&pieces, &free, offsets));
    let offsets = best.unwrap_or_default();
    let size = extent(&pieces, &free, &offsets);
    for (at, offset) in free.iter().zip(&offsets) {
        pieces[*at].home = Some(Home::Arena(*offset));
    }
    let homes = of_value.iter().map(|piece| pieces[*piece].home.unwrap_or(Home::Arena(0))).collect();
    Plan { homes, size }
}

/// Values grouped into pieces: aliases and in-place results share their input's, where nobody reads it later.
fn pieces(net: &QNet) -> (Vec<Piece>, Vec<usize>) {
    let last_read = |value: usize| {
        let readers = net.nodes.iter().enumerate().filter(|(_, node)| node.inputs.contains(&value));
        readers.map(|(at, _)| at + 1).max().unwrap_or(net.nodes.len())
    };
    let mut pieces = vec![Piece { bytes: net.input.len(), first: 0, last: last_read(0), home: Some(Home::Input) }];
    let mut of_value = vec![0];
    for (at, node) in net.nodes.iter().enumerate() {
        let (step, value) = (at + 1, at + 1);
        let shared = of_value[node.inputs[0]];
        let dead = pieces[shared].last <= step && pieces[shared].home != Some(Home::Input);
        let shares = match node.op.storage() {
            Storage::Own => false,
            Storage::InPlace => dead,
            Storage::Alias => true,
        };
        if shares {
            pieces[shared].last = pieces[shared].last.max(last_read(value));
            pieces[shared].bytes = pieces[shared].bytes.max(node.output.len());
            of_value.push(shared);
        } else {
            of_value.push(pieces.len());
            pieces.push(Piece { bytes: node.output.len(), first: step, last: last_read(value), home: None });
        }
    }
    // The caller's output holds the last piece; an alias of the input can't be there and is copied by `predict`.
    let last = &mut pieces[of_value[net.nodes.len()]];
    last.home.get_or_insert(Home::Output);
    (pieces, of_value)
}

/// Offsets are multiples of four, so that kernels may load words.
fn words(bytes: usize) -> usize {
    bytes.next_multiple_of(4)
}

fn extent(pieces: &[Piece], free: &[usize], offsets: &[usize]) -> usize {
    free.iter().zip(offsets).map(|(at, offset)| offset + words(pieces[*at].bytes)).max().unwrap_or(0)
}

fn meet(a: &Piece, b: &Piece) -> bool {
    a.first <= b.last && b.first <= a.last
}

/// The largest first, each at the lowest offset where it meets no other (TFLM's greedy planner).
fn by_size(pieces: &[Piece], free: &[usize]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..free.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(pieces[free[*at]].bytes));
    let mut placed: Vec<(usize, usize)> = Vec::new();
    for at in order {
        let piece = &pieces[free[at]];
        let mut taken: Vec<(usize, usize)> = placed
            .iter()
            .filter(|(other, _)| meet(piece, &pieces[free[*other]]))
            .map(|(other, offset)| (*offset, offset + words(pieces[free[*other]].bytes)))
            .collect();
        taken.sort_unstable();
        let mut offset = 0;
        for (start, end) in taken {
            if offset + words(piece.bytes) > start {
                offset = offset.max(end);
            } else {
                break;
            }
        }
        placed.push((at, offset));
    }
    placed.sort_unstable();
    placed.into_iter().map(|(_, offset)| offset).collect()
}

/// For chains, in which a piece meets only its neighbours: in turn from the bottom and from the top, which is optimal.
fn alternating(pieces: &[Piece], free: &[usize]) -> Option<Vec<usize>> {
    let bytes: Vec<usize> = free.iter().map(|at| words(pieces[*at].bytes)).collect();
    let apart = |a: usize, b: usize| !meet(&pieces[free[a]], &pieces[free[b]]);
    let chain = (0..free.len()).all(|a| (a + 2..free.len()).all(|b| apart(a, b)));
    let single = bytes.iter().copied().max().unwrap_or(0);
    let size = bytes.windows(2).map(|pair| pair[0] + pair[1]).max().unwrap_or(0).max(single);
    let offset = |at: usize| if at.is_multiple_of(2) { 0 } else { size - bytes[at] };
    chain.then(|| (0..free.len()).map(offset).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::Shape;
    use crate::net::{Net, quantize};

    fn chain(layers: &[&str]) -> QNet {
        let args = |units: &str| vec![("units".to_string(), units.to_string())];
        let layer = |word: &&str| match word.parse::<usize>() {
            Ok(_) => ("dense".to_string(), args(word)),
            Err(_) => ((*word).to_string(), Vec::new()),
        };
        let layers: Vec<_> = layers.iter().map(layer).collect();
        quantize(&Net::build(&Shape::f32(&[4, 5]), &layers).unwrap(), &[1.0; 20]).unwrap()
    }

    #[test]
    fn a_chain_takes_its_largest_neighbours() {
        assert_eq!(plan(&chain(&["12", "8", "8", "12", "3"])).size, 20);
        assert_eq!(plan(&chain(&["10", "9", "8", "10", "3"])).size, 24);
        assert_eq!(plan(&chain(&["33", "3"])).size, 36);
        assert_eq!(
            plan(&chain(&["3", "softmax"])),
            Plan { homes: vec![Home::Input, Home::Output, Home::Output], size: 0 }
        );
    }

    #[test]
    fn the_input_is_never_written() {
        let plan = plan(&chain(&["flatten", "relu", "6"]));
        assert_eq!(plan.homes, [Home::Input, Home::Input, Home::Arena(0), Home::Output]);
        assert_eq!(super::plan(&chain(&["flatten"])).homes, [Home::Input, Home::Input]);
    }
}

//! The pieces of memory that a network asks for, their lifetimes, and which of them may overlap.

use crate::net::ops::{Overlap, Storage, Variant};
use crate::net::qnet::{QNet, QNode};

use super::place::{Memory, Piece, Relation};
use super::plan::InputHome;

/// Whose memory a value is in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Owner {
    /// A piece of the arena.
    Memory(usize),
    /// The caller's input.
    Input,
    /// The caller's output.
    Output,
    /// A constant node's weights.
    Flash(usize),
}

/// What a network asks for. Steps are counted from 1, one a node; step 0 is the caller's.
pub(super) struct Pieces {
    /// One a value.
    pub(super) values: Vec<Owner>,
    /// The piece of scratch memory of each node that has one.
    pub(super) scratch: Vec<Option<usize>>,
    /// The arena's pieces and relations.
    pub(super) memory: Memory,
}

impl Pieces {
    /// The pieces of `net`; values that alias each other share one.
    pub(super) fn of(net: &QNet, variants: &[Variant], input: InputHome) -> Self {
        let mut pieces = Self { values: Vec::new(), scratch: Vec::new(), memory: Memory::default() };
        let first = match input {
            InputHome::Caller => Owner::Input,
            InputHome::Arena => pieces.add(net.input.len(), 0, last_read(net, 0)),
        };
        pieces.values.push(first);
        for (at, node) in net.nodes.iter().enumerate() {
            let (step, until) = (at + 1, last_read(net, at + 1));
            let owner = match node.op.storage() {
                Storage::Constant => Owner::Flash(at),
                Storage::Alias => pieces.extend(pieces.values[node.inputs[0]], node.output.len(), until),
                Storage::Own => pieces.add(node.output.len(), step, until),
            };
            pieces.values.push(owner);
            let scratch = variants[at].scratch;
            let scratch = (scratch > 0).then(|| pieces.add(scratch, step, step));
            pieces.scratch.push(scratch.and_then(piece));
        }
        pieces.give_output(net, variants);
        pieces.relate(net, variants);
        pieces
    }

    fn add(&mut self, bytes: usize, first: usize, last: usize) -> Owner {
        self.memory.pieces.push(Piece { bytes, first, last });
        Owner::Memory(self.memory.pieces.len() - 1)
    }

    fn extend(&mut self, owner: Owner, bytes: usize, until: usize) -> Owner {
        if let Owner::Memory(at) = owner {
            let piece = &mut self.memory.pieces[at];
            (piece.bytes, piece.last) = (piece.bytes.max(bytes), piece.last.max(until));
        }
        owner
    }

    /// The caller's output holds the last value; where that lies in the input or in flash, `predict` copies it. It
    /// also holds the values before, as far as the operators behind them work in place.
    fn give_output(&mut self, net: &QNet, variants: &[Variant]) {
        let mut value = net.nodes.len();
        while let Owner::Memory(given) = self.values[value] {
            let piece = self.memory.pieces[given];
            if piece.first == 0 || piece.bytes > net.output().len() {
                return;
            }
            self.remove(given);
            // The step that made the piece.
            let node = &net.nodes[piece.first - 1];
            let Some(before) = node.inputs.first().copied().filter(|_| node.inputs.len() == 1) else { return };
            let overlap = node.op.overlap(node, &variants[piece.first - 1], 0);
            let in_place = matches!(overlap, Overlap::Lead(0) | Overlap::InPlace);
            let dies = |at: usize| self.memory.pieces[at].last == piece.first;
            if !in_place || !matches!(self.values[before], Owner::Memory(at) if dies(at)) {
                return;
            }
            value = before;
        }
    }

    /// Gives a piece to the caller's output.
    fn remove(&mut self, given: usize) {
        let renumber = |at: usize| if at > given { at - 1 } else { at };
        for owner in &mut self.values {
            match *owner {
                Owner::Memory(at) if at == given => *owner = Owner::Output,
                Owner::Memory(at) => *owner = Owner::Memory(renumber(at)),
                _ => {}
            }
        }
        for scratch in &mut self.scratch {
            *scratch = scratch.map(renumber);
        }
        self.memory.pieces.remove(given);
    }

    /// Outputs that may lie over an input which dies with that step.
    fn relate(&mut self, net: &QNet, variants: &[Variant]) {
        for (at, node) in net.nodes.iter().enumerate().filter(|(_, node)| node.op.storage() == Storage::Own) {
            let Some(output) = piece(self.values[at + 1]) else { continue };
            for value in &node.inputs {
                let Some(input) = piece(self.values[*value]) else { continue };
                let dies = self.memory.pieces[input].last == at + 1 && input != output;
                if let (true, Some((lead, exact))) = (dies, self.lead(node, &variants[at], input)) {
                    let relation = Relation { input, output, lead: lead.next_multiple_of(4), exact };
                    if !self.memory.relations.contains(&relation) {
                        self.memory.relations.push(relation);
                    }
                }
            }
        }
    }

    /// How far below `input` the output must begin, over all of the places where the node reads it, and whether just there.
    fn lead(&self, node: &QNode, variant: &Variant, input: usize) -> Option<(usize, bool)> {
        let reads = node.inputs.iter().enumerate().filter(|(_, value)| self.values[**value] == Owner::Memory(input));
        let overlaps: Vec<Overlap> = reads.map(|(number, _)| node.op.overlap(node, variant, number)).collect();
        let leads = overlaps.iter().map(|overlap| match overlap {
            Overlap::Apart => None,
            Overlap::InPlace => Some(0),
            Overlap::Lead(lead) => Some(*lead),
        });
        let lead = leads.collect::<Option<Vec<usize>>>()?.into_iter().max()?;
        let exact = overlaps.contains(&Overlap::InPlace);
        (lead == 0 || !exact).then_some((lead, exact))
    }
}

fn piece(owner: Owner) -> Option<usize> {
    if let Owner::Memory(at) = owner { Some(at) } else { None }
}

/// The last step that reads a value; the network's output lives to the end.
fn last_read(net: &QNet, value: usize) -> usize {
    let readers = net.nodes.iter().enumerate().filter(|(_, node)| node.inputs.contains(&value));
    let last = readers.map(|(at, _)| at + 1).max();
    if value == net.nodes.len() { net.nodes.len() + 1 } else { last.unwrap_or(value) }
}

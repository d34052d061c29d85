//! Dynamic storage allocation: offsets for pieces of memory with known lifetimes, in as little memory as possible.
//!
//! First fit over orders of the pieces: every optimal arrangement that is pushed down is the first fit of the order of
//! its offsets. Up to seven pieces all orders are tried; beyond, good ones and then random exchanges, until the lower
//! bound is met. Same pieces, same offsets.

use crate::base::rng::Rng;

/// A piece of memory, alive from step `first` to step `last`, both included.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Piece {
    pub(super) bytes: usize,
    pub(super) first: usize,
    pub(super) last: usize,
}

/// `output` may lie over `input` where it begins `lead` bytes or more below it, or just there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Relation {
    pub(super) input: usize,
    pub(super) output: usize,
    pub(super) lead: usize,
    pub(super) exact: bool,
}

/// What is to be placed.
#[derive(Clone, Default, Debug)]
pub(super) struct Memory {
    pub(super) pieces: Vec<Piece>,
    pub(super) relations: Vec<Relation>,
}

/// Offsets of all pieces, and their extent.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Placed {
    pub(super) offsets: Vec<usize>,
    pub(super) size: usize,
    pub(super) bound: usize,
}

/// Beyond this many pieces not all orders are tried.
const ALL_ORDERS: usize = 7;

/// Random exchanges, for a network of many branches; chains meet the bound in the first few.
const EXCHANGES: usize = 3000;

/// Offsets are multiples of four, so that kernels may load words.
fn words(bytes: usize) -> usize {
    bytes.next_multiple_of(4)
}

impl Memory {
    /// Bytes that some step needs whatever the arrangement: all that is alive, less what may overlap.
    fn bound(&self) -> usize {
        let steps = self.pieces.iter().map(|piece| piece.last).max().unwrap_or(0);
        let need = |step: usize| {
            let alive = self.pieces.iter().filter(|piece| piece.first <= step && step <= piece.last);
            let all: usize = alive.map(|piece| words(piece.bytes)).sum();
            let related = self.relations.iter().filter(|relation| self.pieces[relation.output].first == step);
            let saved = related.map(|relation| {
                let (input, output) =
                    (words(self.pieces[relation.input].bytes), words(self.pieces[relation.output].bytes));
                (input + output).saturating_sub(output.max(relation.lead + input))
            });
            all.saturating_sub(saved.sum())
        };
        let largest = self.pieces.iter().map(|piece| words(piece.bytes)).max().unwrap_or(0);
        (0..=steps).map(need).max().unwrap_or(0).max(largest)
    }

    /// Starts that are too low and ends that are too high for `piece` beside `other` at `offset`: open intervals.
    fn forbidden(&self, piece: usize, other: usize, offset: usize) -> Vec<(isize, isize)> {
        let (a, b) = (self.pieces[piece], self.pieces[other]);
        if a.first > b.last || b.first > a.last {
            return Vec::new();
        }
        let (own, its, offset) = (words(a.bytes) as isize, words(b.bytes) as isize, offset as isize);
        let (mut low, mut high) = (offset - own, offset + its);
        for relation in &self.relations {
            let lead = relation.lead as isize;
            let (over, under) = ((relation.output, relation.input), (relation.input, relation.output));
            if relation.exact && (over == (piece, other) || under == (piece, other)) {
                return vec![(low, offset), (offset, high)];
            }
            if over == (piece, other) {
                low = low.max(offset - lead);
            } else if under == (piece, other) {
                high = high.min(offset + lead);
            }
        }
        if low < high { vec![(low, high)] } else { Vec::new() }
    }

    /// Each piece in turn at the lowest offset that the ones before leave it.
    fn first_fit(&self, order: &[usize]) -> Placed {
        let mut offsets = vec![0; self.pieces.len()];
        let mut size = 0;
        for (count, piece) in order.iter().enumerate() {
            let before = order[..count].iter();
            let mut taken: Vec<(isize, isize)> =
                before.flat_map(|other| self.forbidden(*piece, *other, offsets[*other])).collect();
            taken.sort_unstable();
            let mut offset: isize = 0;
            for (low, high) in taken {
                if low < offset && offset < high {
                    offset = high;
                } else if low >= offset {
                    // Intervals come by their lower end: what begins above can't forbid this offset.
                    break;
                }
            }
            offsets[*piece] = offset as usize;
            size = size.max(offset as usize + words(self.pieces[*piece].bytes));
        }
        Placed { offsets, size, bound: 0 }
    }

    /// Orders that are often good: large first, long-lived first, in the order of time and against it.
    fn orders(&self) -> Vec<Vec<usize>> {
        let all = || (0..self.pieces.len()).collect::<Vec<_>>();
        let key = |at: usize| self.pieces[at];
        let (mut size, mut area, time, mut back) = (all(), all(), all(), all());
        size.sort_by_key(|at| std::cmp::Reverse(key(*at).bytes));
        area.sort_by_key(|at| std::cmp::Reverse(key(*at).bytes * (key(*at).last - key(*at).first + 1)));
        back.reverse();
        vec![size, area, time, back]
    }
}

/// The best arrangement found, and the bound that none can beat.
pub(super) fn best(memory: &Memory) -> Placed {
    let bound = memory.bound();
    let mut best: Option<Placed> = None;
    let mut order = Vec::new();
    for candidate in memory.orders() {
        let placed = memory.first_fit(&candidate);
        if best.as_ref().is_none_or(|best| placed.size < best.size) {
            (best, order) = (Some(placed), candidate);
        }
    }
    let mut best = best.unwrap_or_default();
    if best.size > bound && memory.pieces.len() <= ALL_ORDERS {
        permute(memory, &mut (0..memory.pieces.len()).collect(), 0, bound, &mut best);
    } else if best.size > bound {
        exchange(memory, order, bound, &mut best);
    }
    Placed { bound, ..best }
}

/// Every order of the pieces from `fixed` on.
fn permute(memory: &Memory, order: &mut Vec<usize>, fixed: usize, bound: usize, best: &mut Placed) {
    if best.size <= bound {
        return;
    }
    if fixed == order.len() {
        let placed = memory.first_fit(order);
        if placed.size < best.size {
            *best = placed;
        }
        return;
    }
    for at in fixed..order.len() {
        order.swap(fixed, at);
        permute(memory, order, fixed + 1, bound, best);
        order.swap(fixed, at);
    }
}

/// Random moves of one piece in the order; kept where they don't make it worse.
fn exchange(memory: &Memory, mut order: Vec<usize>, bound: usize, best: &mut Placed) {
    let mut rng = Rng::new(1, "arena exchanges");
    for _ in 0..EXCHANGES {
        let (from, to) = (rng.below(order.len()), rng.below(order.len()));
        let mut next = order.clone();
        let piece = next.remove(from);
        next.insert(to, piece);
        let placed = memory.first_fit(&next);
        if placed.size <= best.size {
            order = next;
            *best = placed;
        }
        if best.size <= bound {
            break;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(rng: &mut Rng, count: usize) -> Memory {
        let piece = |rng: &mut Rng| {
            let first = rng.below(6);
            Piece { bytes: rng.below(40) + 1, first, last: first + rng.below(4) }
        };
        let pieces: Vec<Piece> = (0..count).map(|_| piece(rng)).collect();
        let mut relations = Vec::new();
        for _ in 0..rng.below(count) {
            let (input, output) = (rng.below(count), rng.below(count));
            if pieces[input].last == pieces[output].first && input != output {
                let exact = rng.below(4) == 0;
                let lead = if exact { 0 } else { 4 * rng.below(6) };
                relations.push(Relation { input, output, lead, exact });
            }
        }
        Memory { pieces, relations }
    }

    #[test]
    fn pieces_that_live_together_lie_apart_or_lead() {
        let mut rng = Rng::new(3, "place");
        for _ in 0..400 {
            let count = rng.below(14) + 1;
            let memory = random(&mut rng, count);
            let placed = best(&memory);
            assert!(placed.size >= placed.bound, "{memory:?}");
            for a in 0..count {
                for b in 0..count {
                    let (p, q) = (memory.pieces[a], memory.pieces[b]);
                    let (x, y) = (placed.offsets[a], placed.offsets[b]);
                    let apart = p.first > q.last || q.first > p.last || x + p.bytes <= y || y + q.bytes <= x;
                    let leads = memory.relations.iter().any(|relation| {
                        (relation.input, relation.output) == (a, b)
                            && y + relation.lead <= x
                            && (!relation.exact || x == y)
                            || (relation.input, relation.output) == (b, a)
                                && x + relation.lead <= y
                                && (!relation.exact || x == y)
                    });
                    assert!(a == b || apart || leads, "{a} {b} {memory:?} {placed:?}");
                }
            }
        }
    }

    #[test]
    fn small_sets_are_placed_as_well_as_possible() {
        // Two pieces that never meet share, a third one lives beside both.
        let piece = |bytes, first, last| Piece { bytes, first, last };
        let pieces = vec![piece(16, 0, 1), piece(8, 0, 3), piece(16, 2, 3), piece(24, 4, 4)];
        let placed = best(&Memory { pieces, relations: Vec::new() });
        assert_eq!((placed.size, placed.bound), (24, 24));
    }
}

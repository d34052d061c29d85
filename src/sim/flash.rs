//! Flash wait states behind small caches of lines: the replacement that the board's manual names, at constant cost per hit.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::map::{Cache, FlashTiming, Region, Replacement};

const NONE: u32 = u32::MAX;

/// The flash as the core waits for it.
#[derive(Clone)]
pub(super) struct Flash {
    /// False where the flash never makes the core wait.
    pub active: bool,
    /// Cycles that the core waited so far.
    pub stalled: u64,
    /// Those of them that a profile has taken note of.
    noted: u64,
    origin: u32,
    shift: u32,
    wait: u64,
    prefetch: bool,
    instructions: Lines,
    /// None where instructions and data share a cache.
    data: Option<Lines>,
    /// The line that instructions come from, and when it was entered.
    line: u32,
    entered: u64,
}

impl Flash {
    /// The flash `region` with `timing`, its caches empty.
    pub(super) fn new(timing: &FlashTiming, region: &Region) -> Self {
        let shift = timing.line_bytes.max(4).next_power_of_two().trailing_zeros();
        let active = timing.wait_states > 0;
        let lines = if active { (region.size >> shift) + 1 } else { 0 };
        Self {
            active,
            stalled: 0,
            noted: 0,
            origin: region.origin,
            shift,
            wait: timing.wait_states.into(),
            prefetch: timing.prefetch,
            instructions: Lines::new(lines, timing.instructions),
            data: (!timing.shared).then(|| Lines::new(lines, timing.data)),
            line: NONE,
            entered: 0,
        }
    }

    /// Whether this flash makes a core wait at all.
    pub(super) fn is_slow(&self) -> bool {
        self.wait > 0
    }

    /// Cycles waited since the last call.
    pub(super) fn take_stalls(&mut self) -> u64 {
        self.stalled - std::mem::replace(&mut self.noted, self.stalled)
    }

    /// Stall cycles for executing the instruction at `pc` at cycle `now`.
    #[inline(always)]
    pub(super) fn fetch(&mut self, pc: u32, now: u64) -> u64 {
        let line = pc.wrapping_sub(self.origin) >> self.shift;
        if line == self.line {
            return 0;
        }
        self.enter(line, now)
    }

    /// The stall for instructions from another line.
    #[inline]
    fn enter(&mut self, line: u32, now: u64) -> u64 {
        let follows = line == self.line.wrapping_add(1);
        let since = now.wrapping_sub(self.entered);
        self.line = line;
        let hit = self.instructions.touch(line);
        let stall = match (hit, follows && self.prefetch) {
            (true, _) => 0,
            (false, true) => self.wait.saturating_sub(since),
            (false, false) => self.wait,
        };
        self.entered = now + stall;
        self.stalled += stall;
        stall
    }

    /// Stall cycles for loading data at `address`.
    #[inline]
    pub(super) fn load(&mut self, address: u32) -> u64 {
        let line = address.wrapping_sub(self.origin) >> self.shift;
        let cache = self.data.as_mut().unwrap_or(&mut self.instructions);
        if !self.active || cache.touch(line) {
            return 0;
        }
        self.stalled += self.wait;
        self.wait
    }
}

/// A cache.
#[derive(Clone)]
enum Lines {
    /// Any line anywhere, least recently used first out.
    Whole(Whole),
    /// Few places for each line, or another order.
    Sets(Sets),
}

impl Lines {
    /// An empty cache for a memory of `lines` lines.
    fn new(lines: u32, cache: Cache) -> Self {
        let capacity = cache.lines.max(1);
        let ways = if cache.ways == 0 { capacity } else { cache.ways.min(capacity) };
        if ways == capacity && cache.replacement == Replacement::Oldest {
            return Self::Whole(Whole::new(lines, capacity));
        }
        Self::Sets(Sets::new(lines, capacity / ways, ways, cache.replacement))
    }

    /// Makes `line` the most recently used; true if it was cached.
    #[inline]
    fn touch(&mut self, line: u32) -> bool {
        match self {
            Self::Whole(lines) => lines.touch(line),
            Self::Sets(lines) => lines.touch(line),
        }
    }
}

/// A cache in sets: a line has as many places as there are ways.
#[derive(Clone)]
struct Sets {
    /// The lines of each set, `NONE` in an empty place.
    tags: Vec<u32>,
    /// When each was used last.
    used: Vec<u64>,
    /// The place of each set that goes next, when they go in turn.
    turn: Vec<u32>,
    count: u32,
    ways: u32,
    replacement: Replacement,
    /// Lines there are; what lies behind is RAM, which has no wait states.
    lines: u32,
    newest: u32,
    time: u64,
    random: u32,
}

impl Sets {
    fn new(lines: u32, count: u32, ways: u32, replacement: Replacement) -> Self {
        let places = (count * ways) as usize;
        Self {
            tags: vec![NONE; places],
            used: vec![0; places],
            turn: vec![0; count as usize],
            count,
            ways,
            replacement,
            lines,
            newest: NONE,
            time: 0,
            random: 0x9e37_79b9,
        }
    }

    #[inline]
    fn touch(&mut self, line: u32) -> bool {
        if line == self.newest || line >= self.lines {
            return true;
        }
        self.newest = line;
        self.time += 1;
        let set = line % self.count;
        let first = (set * self.ways) as usize;
        let places = first..first + self.ways as usize;
        let found = self.tags[places.clone()].iter().position(|&tag| tag == line);
        let place = match found {
            Some(way) => first + way,
            None => first + self.victim(set, places),
        };
        self.tags[place] = line;
        self.used[place] = self.time;
        found.is_some()
    }

    /// The way of `set` that a new line takes: an empty one, else by the rule.
    fn victim(&mut self, set: u32, places: std::ops::Range<usize>) -> usize {
        if let Some(empty) = self.tags[places.clone()].iter().position(|&tag| tag == NONE) {
            return empty;
        }
        match self.replacement {
            Replacement::Oldest => {
                let used = self.used[places].iter().enumerate();
                used.min_by_key(|(_, time)| **time).map_or(0, |(way, _)| way)
            }
            Replacement::InTurn => {
                let turn = &mut self.turn[set as usize];
                let way = *turn;
                *turn = (way + 1) % self.ways;
                way as usize
            }
            Replacement::Random => {
                // Marsaglia's xorshift with 13, 17, 5.
                self.random ^= self.random << 13;
                self.random ^= self.random >> 17;
                self.random ^= self.random << 5;
                (self.random % self.ways) as usize
            }
        }
    }
}

/// A fully associative cache of lines as a doubly linked list over all lines there are.
#[derive(Clone)]
struct Whole {
    /// Towards the more and the less recently used; both `NONE` in lines that aren't cached.
    links: Vec<(u32, u32)>,
    capacity: u32,
    count: u32,
    newest: u32,
    oldest: u32,
}

impl Whole {
    fn new(lines: u32, capacity: u32) -> Self {
        Self { links: vec![(NONE, NONE); lines as usize], capacity, count: 0, newest: NONE, oldest: NONE }
    }

    /// Makes `line` the most recently used; true if it was cached.
    fn touch(&mut self, line: u32) -> bool {
        if line == self.newest {
            return true;
        }
        // Outside the flash: RAM has no wait states.
        let Some(&(newer, older)) = self.links.get(line as usize) else { return true };
        let hit = newer != NONE;
        if hit {
            self.unlink(newer, older);
        } else if self.count == self.capacity {
            self.evict();
        } else {
            self.count += 1;
        }
        self.link_newest(line);
        hit
    }

    fn unlink(&mut self, newer: u32, older: u32) {
        self.links[newer as usize].1 = older;
        match self.links.get_mut(older as usize) {
            Some(link) => link.0 = newer,
            None => self.oldest = newer,
        }
    }

    fn evict(&mut self) {
        let oldest = self.oldest;
        let newer = self.links[oldest as usize].0;
        self.links[oldest as usize] = (NONE, NONE);
        match self.links.get_mut(newer as usize) {
            Some(link) => link.1 = NONE,
            // The only line was evicted.
            None => self.newest = NONE,
        }
        self.oldest = newer;
    }

    fn link_newest(&mut self, line: u32) {
        self.links[line as usize] = (NONE, self.newest);
        match self.links.get_mut(self.newest as usize) {
            Some(link) => link.0 = line,
            None => self.oldest = line,
        }
        self.newest = line;
    }
}

#[cfg(test)]
mod tests {
    use super::super::map::{Cache, Replacement};
    use super::Lines;

    fn hits(lines: u32, ways: u32, replacement: Replacement, order: &[u32]) -> Vec<bool> {
        let mut cache = Lines::new(100, Cache { lines, ways, replacement });
        order.iter().map(|&line| cache.touch(line)).collect()
    }

    #[test]
    fn the_line_used_least_recently_goes_first() {
        let order = [1, 2, 3, 1, 4, 2, 1, 4, 2, 3];
        let expected = [false, false, false, true, false, false, true, true, true, false];
        assert_eq!(hits(3, 0, Replacement::Oldest, &order), expected);
    }

    #[test]
    fn one_line_is_a_cache_too() {
        assert_eq!(hits(1, 0, Replacement::Oldest, &[0, 0, 1, 0, 3, 3]), [false, true, false, false, false, true]);
        assert_eq!(hits(0, 0, Replacement::Oldest, &[0, 0, 1, 0]), [false, true, false, false]);
    }

    #[test]
    fn lines_of_a_set_drive_out_one_another() {
        // Two ways, four sets: 0, 4 and 8 share a set, 1 does not.
        let order = [0, 4, 1, 0, 8, 4, 1, 8];
        let expected = [false, false, false, true, false, false, true, true];
        assert_eq!(hits(8, 2, Replacement::Oldest, &order), expected);
    }

    #[test]
    fn in_turn_does_not_care_what_was_used() {
        // 0 was used last, but came first.
        let order = [0, 4, 0, 8, 0];
        assert_eq!(hits(8, 2, Replacement::InTurn, &order), [false, false, true, false, false]);
        assert_eq!(hits(8, 2, Replacement::Oldest, &order), [false, false, true, false, true]);
    }

    #[test]
    fn a_direct_mapped_cache_has_one_place() {
        assert_eq!(hits(4, 1, Replacement::Random, &[0, 4, 0, 1, 0]), [false, false, false, false, true]);
    }

    #[test]
    fn random_replacement_repeats_itself_and_uses_every_way() {
        let order: Vec<u32> = (0..4000).map(|step| step * 7 % 96).collect();
        let first = hits(64, 4, Replacement::Random, &order);
        assert_eq!(first, hits(64, 4, Replacement::Random, &order));
        assert!(first.iter().filter(|hit| **hit).count() > 100);
    }
}

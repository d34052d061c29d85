//! Flash wait states behind small caches of lines: exact least-recently-used order at constant cost per access.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::map::{FlashTiming, Region};

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
    data: Lines,
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
            instructions: Lines::new(lines, timing.instruction_lines.max(1)),
            data: Lines::new(lines, timing.data_lines.max(1)),
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
        if !self.active || self.data.touch(address.wrapping_sub(self.origin) >> self.shift) {
            return 0;
        }
        self.stalled += self.wait;
        self.wait
    }
}

/// A fully associative cache of lines as a doubly linked list over all lines there are.
#[derive(Clone)]
struct Lines {
    /// Towards the more and the less recently used; both `NONE` in lines that aren't cached.
    links: Vec<(u32, u32)>,
    capacity: u32,
    count: u32,
    newest: u32,
    oldest: u32,
}

impl Lines {
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
    use super::Lines;

    #[test]
    fn the_line_used_least_recently_goes_first() {
        let mut lines = Lines::new(10, 3);
        let hits: Vec<bool> = [1, 2, 3, 1, 4, 2, 1, 4, 2, 3].iter().map(|&line| lines.touch(line)).collect();
        assert_eq!(hits, [false, false, false, true, false, false, true, true, true, false]);
    }

    #[test]
    fn one_line_is_a_cache_too() {
        let mut lines = Lines::new(4, 1);
        let hits: Vec<bool> = [0, 0, 1, 0, 3, 3].iter().map(|&line| lines.touch(line)).collect();
        assert_eq!(hits, [false, true, false, false, false, true]);
    }
}

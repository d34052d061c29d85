//! The last taken branches: how a program came to where it is.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

/// The last taken branches, in a ring.
#[derive(Clone, Default)]
pub(super) struct Trail {
    ring: [(u32, u32); 8],
    count: usize,
}

impl Trail {
    #[inline(always)]
    pub(super) fn push(&mut self, from: u32, to: u32) {
        self.ring[self.count & 7] = (from, to);
        self.count = self.count.wrapping_add(1);
    }

    /// From and to, the latest first.
    pub(super) fn latest(&self) -> impl Iterator<Item = (u32, u32)> {
        (1..=self.count.min(8)).map(|back| self.ring[self.count.wrapping_sub(back) & 7])
    }
}

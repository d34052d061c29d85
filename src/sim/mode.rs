//! What a run pays attention to.

/// What a run counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Instructions only: each takes one cycle.
    Fast,
    /// Instructions and cycles.
    Cycles,
    /// Instructions and cycles, per function too.
    Profile,
}

//! Exit codes, as the language reference documents them.

use crate::base::{Diags, Severity};

/// All requirements met, or the command did what it was asked.
pub const OK: u8 = 0;
/// The spec or the build failed.
pub const FAILED: u8 = 1;
/// Wrong usage.
pub const USAGE: u8 = 2;
/// Built, but a requirement is not met.
pub const UNMET: u8 = 3;
/// A pin is missing or stale under `--locked`.
pub const LOCKED: u8 = 4;
/// Generated code awaits review where review is required.
pub const REVIEW: u8 = 5;
/// A budget or a provider stopped generation.
pub const PROVIDER: u8 = 6;
/// A simulated program used up its instructions: the number that `timeout` returns.
pub const BUDGET: u8 = 124;
/// A simulated program faulted.
pub const FAULT: u8 = 125;
/// Our bug.
pub const BUG: u8 = 101;
/// Interrupted.
pub const INTERRUPTED: u8 = 130;

/// Codes of diagnostics with an exit code of their own, the strongest first.
const BY_CODE: &[(&str, u8)] = &[
    ("tml::bug", BUG),
    ("tml::interrupted", INTERRUPTED),
    ("tml::locked", LOCKED),
    ("tml::review", REVIEW),
    ("tml::provider", PROVIDER),
];

/// The exit code for a simulated program that ended with `status`; only 0 is success, also where a byte is too small.
pub fn of_program(status: u32) -> u8 {
    if status == 0 { OK } else { (status as u8).max(u8::from(status.trailing_zeros() >= 8)) }
}

/// The exit code of a failure.
pub fn of(diags: &Diags) -> u8 {
    let errors: Vec<&str> =
        diags.0.iter().filter(|diag| diag.severity == Severity::Error).map(|diag| diag.code).collect();
    BY_CODE.iter().find(|(code, _)| errors.contains(code)).map_or(FAILED, |(_, exit)| *exit)
}

//! Outcome to verdict.
//!
//! Knows: judging and rendering.
//! Never: computes a measurement; prints a number without its kind.
//! Add here: a form of the report.

//! Specs through the front door of the room: what resolves and to what, and what is said about bad ones.
//!
//! Each file of `tests/spec/cases/` ends with the diagnostics that it must give; `UPDATE_EXPECT=1` rewrites them.
#![expect(clippy::disallowed_methods, reason = "tests read their own cases")]

#[path = "spec/diagnostics.rs"]
mod diagnostics;
#[path = "spec/documents.rs"]
mod documents;
#[path = "spec/meaning.rs"]
mod meaning;
#[path = "spec/search.rs"]
mod search;
#[path = "spec/words.rs"]
mod words;

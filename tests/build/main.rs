//! The program at its boundary: the real binary builds small projects in folders of their own. What compiles C is
//! skipped, with a printed reason, where zig is neither in the cache nor to be had.
#![expect(clippy::print_stderr, reason = "skipped tests say so")]
#![expect(clippy::disallowed_methods, reason = "tests arrange the disk and start the program")]

mod answers;
mod boards;
mod data;
mod disk;
mod engine;
mod input;
mod judge;
mod pins;
mod project;
mod stopped;
mod store;
mod tasks;

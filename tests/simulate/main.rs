//! `cargo tinyml sim`: the real program on images that the tests compile.
#![expect(
    clippy::disallowed_methods,
    reason = "tests run the program and compilers, and keep files in temporary folders"
)]

mod command;
mod compile;
mod lines;
mod print;

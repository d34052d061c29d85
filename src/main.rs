//! Hands the arguments to `cli` and exits with its code.

fn main() {}

//! The shipped examples through the real program: they check, build, keep their promises, and run elsewhere too.
//! What needs the compiler is skipped, with a printed reason, where it isn't in the cache; `TINYML_TEST_NETWORK=1` lets
//! the tests fetch it.
#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    reason = "tests run programs, read files and say what they skip"
)]

mod fruit;
mod images;
mod place;
mod readme;
mod shipped;
mod standalone;

#[path = "../common/qemu.rs"]
mod qemu;

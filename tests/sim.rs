//! The simulator against QEMU, the manuals and itself.
#![expect(clippy::disallowed_methods, reason = "tests run QEMU and compilers, and keep files in temporary folders")]

#[path = "sim/encodings.rs"]
mod encodings;
#[path = "sim/image.rs"]
mod image;
#[path = "sim/qemu.rs"]
mod qemu;
#[path = "sim/random.rs"]
mod random;

//! The simulator against QEMU, the manuals and itself.
#![expect(clippy::disallowed_methods, reason = "tests run QEMU and compilers, and keep files in temporary folders")]

#[path = "sim/behaviour.rs"]
mod behaviour;
#[path = "sim/builds.rs"]
mod builds;
#[path = "sim/decode.rs"]
mod decode;
#[path = "sim/encodings.rs"]
mod encodings;
#[path = "sim/exceptions.rs"]
mod exceptions;
#[path = "sim/faults.rs"]
mod faults;
#[path = "sim/fuzz.rs"]
mod fuzz;
#[path = "sim/image.rs"]
mod image;
#[path = "sim/micro.rs"]
mod micro;
#[path = "sim/programs.rs"]
mod programs;
#[path = "sim/published.rs"]
mod published;
#[path = "sim/qemu.rs"]
mod qemu;
#[path = "sim/random.rs"]
mod random;
#[path = "sim/riscv.rs"]
mod riscv;
#[path = "sim/riscv_asm.rs"]
mod riscv_asm;
#[path = "sim/riscv_decode.rs"]
mod riscv_decode;
#[path = "sim/riscv_micro.rs"]
mod riscv_micro;
#[path = "sim/speed.rs"]
mod speed;
#[path = "sim/unicorn.rs"]
mod unicorn;

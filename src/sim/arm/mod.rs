//! The Arm cores.
//!
//! Knows: `ARMv6-M`, `ARMv7E-M`, floating point, system registers, cycle costs.
//! Never: ignores an unknown opcode.
//! Add here: an instruction: in `decode`, `op`, an `execute` file and `cycles`; a core: `stdlib/cores/NAME.toml`.

mod core;
mod cpu;
mod cycles;
mod decode;
mod exceptions;
mod dual;
mod execute;
mod execute_data;
mod execute_dsp;
mod execute_float;
mod execute_memory;
mod execute_system;
mod fuse;
mod hazard;
mod ieee;
mod nvic;
mod op;
mod print;
mod print_float;
mod system;
mod systick;

pub(super) use cpu::Cpu;

//! The board as a machine.
//!
//! Knows: instruction sets, cores, memories, cycle costs.
//! Never: touches the host beyond its own memory; ignores an unknown opcode.
//! Add here: an instruction: in `decode` and `execute`; a core: `stdlib/cores/NAME.toml`.

mod code;
mod cpu;
mod cycles;
mod decode;
mod dual;
mod elf;
mod execute;
mod execute_data;
mod execute_dsp;
mod execute_float;
mod execute_memory;
mod execute_system;
mod fault;
mod flash;
mod hazard;
mod ieee;
mod machine;
mod map;
mod memory;
mod op;
mod profile;
mod rtt;
mod run;
mod system;

pub use elf::{LoadError, Symbol};
pub use fault::{Access, Branch, Fault, FaultKind};
pub use machine::{Machine, Mode};
pub use map::{Cache, Device, FlashTiming, MemoryMap, Region, Replacement};
pub use profile::FunctionProfile;

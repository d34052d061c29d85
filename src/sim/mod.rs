//! The board as a machine.
//!
//! Knows: instruction sets, cores, memories, cycle costs.
//! Never: touches the host beyond its own memory; ignores an unknown opcode.
//! Add here: an instruction: in `decode` and `execute`; a core: `stdlib/cores/NAME.toml`.

mod arm;
mod bus;
mod calls;
mod code;
mod elf;
mod fault;
mod flash;
mod hart;
mod isa;
mod lines;
mod machine;
mod map;
mod memory;
mod profile;
mod riscv;
mod rtt;
mod mode;
mod run;
mod trail;
mod semihosting;

pub use calls::CallNode;
pub use elf::{LoadError, Symbol};
pub use fault::{Access, Branch, Fault, FaultKind};
pub use lines::Line;
pub use machine::{Machine, Pause};
pub use map::{Cache, Counter, Device, FlashTiming, MemoryMap, Region, Replacement};
pub use memory::Touched;
pub use mode::Mode;
pub use profile::{FunctionProfile, InstructionProfile};
pub use semihosting::{Errno, Files, OpenBase, OpenMode, Services};

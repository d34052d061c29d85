//! The board as a machine.
//!
//! Knows: instruction sets, cores, memories, cycle costs.
//! Never: touches the host beyond its own memory; ignores an unknown opcode.
//! Add here: an instruction: in `decode` and `execute`; a core: `stdlib/cores/NAME.toml`.

//! One instruction at a time: what was executed and what it changed.

use std::fmt;

use crate::sim::{Fault, Machine, Pause};

/// An executed instruction.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TraceLine {
    /// Its address.
    pub address: u32,
    /// The function that it is in.
    pub function: Option<String>,
    /// Its bytes, in the order of memory.
    pub bytes: Vec<u8>,
    /// As an assembler writes it.
    pub text: String,
    /// Registers that it changed, with their values after it.
    pub changed: Vec<(&'static str, u32)>,
    /// Cycles that it took, with stalls.
    pub cycles: u64,
}

/// Executes one instruction.
pub(super) fn step(machine: &mut Machine) -> (TraceLine, Result<Pause, Fault>) {
    let address = machine.pc();
    let (before, cycles) = (machine.registers(), machine.cycles());
    let pause = machine.step();
    let changed = machine.registers().into_iter().zip(before).filter(|(now, then)| now != then && now.0 != "pc");
    let (text, size) = machine.disassemble(address).unwrap_or_else(|| ("?".to_string(), 2));
    let line = TraceLine {
        address,
        function: machine.function(address),
        bytes: machine.read(address, size.into()).map_or(Vec::new(), <[u8]>::to_vec),
        text,
        changed: changed.map(|(now, _)| now).collect(),
        cycles: machine.cycles() - cycles,
    };
    (line, pause)
}

impl fmt::Display for TraceLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: String = self.bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let changed: Vec<String> = self.changed.iter().map(|(name, value)| format!("{name}={value:#x}")).collect();
        let line = format!("{:#010x}  {bytes:<8}  {:<36} {}", self.address, self.text, changed.join(" "));
        f.write_str(line.trim_end())
    }
}

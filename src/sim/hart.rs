//! A core of either instruction set as the machine sees it.

use super::bus::Bus;
use super::calls::CallNode;
use super::code::flag;
use super::fault::FaultKind;
use super::flash::Flash;
use super::isa::Isa;
use super::mode::Mode;
use super::profile::{self, InstructionProfile};
use super::run::{Hart, Limits, RETURN};

/// What a machine does with its core.
pub(super) trait Processor: Send {
    /// A second core in the same state.
    fn duplicate(&self) -> Box<dyn Processor>;
    fn bus(&self) -> &Bus;
    fn bus_mut(&mut self) -> &mut Bus;
    /// Runs; on a fault, `pc` is at its instruction.
    fn run_to(&mut self, mode: Mode, limits: Limits) -> Result<(), FaultKind>;
    /// The state after reset, but for the memories' contents.
    fn reset(&mut self, stack: u32, pc: u32, flash: Flash);
    /// Prepares the call of `function`, to return to where nothing is.
    fn call(&mut self, function: u32, stack: u32, args: &[u32], floats: &[f32]);
    fn result(&self) -> (u32, f32);
    fn enable_fpu(&mut self);
    fn pc(&self) -> u32;
    fn registers(&self) -> Vec<(&'static str, u32)>;
    /// From and to of the last taken branches, the latest first.
    fn branches(&self) -> Vec<(u32, u32)>;
    fn profile(&self) -> Vec<InstructionProfile>;
    fn call_tree(&self) -> Vec<CallNode>;
    fn clear_profile(&mut self);
    /// The lowest stack pointer since the reset.
    fn deepest(&self) -> u32;
    /// Text and length in bytes of the instruction at `pc`, if code is there.
    fn disassemble(&self, pc: u32) -> Option<(String, u8)>;
}

impl<I: Isa> Processor for Hart<I> {
    fn duplicate(&self) -> Box<dyn Processor> {
        Box::new(self.clone())
    }

    fn bus(&self) -> &Bus {
        self.isa.bus()
    }

    fn bus_mut(&mut self) -> &mut Bus {
        self.isa.bus_mut()
    }

    fn run_to(&mut self, mode: Mode, limits: Limits) -> Result<(), FaultKind> {
        self.calls.begin(self.isa.pc(), None, self.isa.bus(), self.isa.stack());
        let result = Self::run_to(self, mode, limits);
        let stack = self.isa.stack();
        self.calls.settle(self.isa.bus_mut(), stack);
        result
    }

    fn reset(&mut self, stack: u32, pc: u32, flash: Flash) {
        self.isa.bus_mut().reset(flash);
        self.isa.reset(stack, pc);
        self.trail = super::trail::Trail::default();
        self.by_branch = true;
        self.calls.deepest = u32::MAX;
        self.clear_profile();
    }

    fn call(&mut self, function: u32, stack: u32, args: &[u32], floats: &[f32]) {
        self.isa.call(function, stack, args, floats, RETURN);
        self.by_branch = true;
        self.isa.bus_mut().deepest = self.isa.bus().deepest.min(stack);
        self.calls.begin(self.isa.pc(), Some(RETURN), self.isa.bus(), self.isa.stack());
    }

    fn result(&self) -> (u32, f32) {
        self.isa.result()
    }

    fn enable_fpu(&mut self) {
        self.isa.enable_fpu();
    }

    fn pc(&self) -> u32 {
        self.isa.pc()
    }

    fn registers(&self) -> Vec<(&'static str, u32)> {
        self.isa.registers()
    }

    fn branches(&self) -> Vec<(u32, u32)> {
        self.trail.latest().collect()
    }

    fn profile(&self) -> Vec<InstructionProfile> {
        profile::merged(self.parked.iter().chain([&self.code]).flat_map(profile::instructions).collect())
    }

    fn call_tree(&self) -> Vec<CallNode> {
        self.calls.tree()
    }

    fn clear_profile(&mut self) {
        for code in self.parked.iter_mut().chain([&mut self.code]) {
            code.counters.fill(super::code::Counter::default());
            code.retired.clear();
        }
        self.calls.clear(self.isa.bus());
    }

    fn deepest(&self) -> u32 {
        self.calls.deepest.min(self.isa.bus().deepest)
    }

    fn disassemble(&self, pc: u32) -> Option<(String, u8)> {
        let code = self.parked.iter().chain([&self.code]).find(|code| code.index(pc).is_some())?;
        let mark = code.index(pc).map(|at| code.marks[at]).filter(|mark| mark.flags & flag::DECODED != 0);
        if let Some(mark) = mark {
            return Some((I::print(mark.op, pc), mark.step * 2));
        }
        let half = |at: u32| {
            let bytes = self.isa.bus().memory.bytes(pc.wrapping_add(at), 2);
            bytes.map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
        };
        let decoded = self.isa.decode(pc, [half(0)?, half(2).unwrap_or(0)], false);
        Some((I::print(decoded.op, pc), decoded.size))
    }
}

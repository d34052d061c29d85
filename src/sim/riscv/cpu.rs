//! The state of a RISC-V core, and its way to memory.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use std::sync::Arc;

use super::csr::{Counts, Csrs};
use super::decode::{self, Context};
use super::op::Op;
use super::{cycles, print};
use crate::library::core::{Registers, Riscv, RiscvCycles};
use crate::sim::bus::Bus;
use crate::sim::fault::{Access, FaultKind};
use crate::sim::isa::{BranchCosts, Decoded, Flow, Isa, Kind, Stop};

/// The stack pointer and the return address, by the calling convention.
const SP: usize = 2;
const RA: usize = 1;
/// The first register for arguments and results; there are eight.
const A0: usize = 10;

/// A core with its memories.
#[derive(Clone)]
pub(in crate::sim) struct Cpu {
    /// x0 is never written, so it stays 0.
    pub(super) r: [u32; 32],
    /// The instruction that runs next; within a run, only up to date for the rarer instructions.
    pc: u32,
    pub(super) csrs: Csrs,
    /// Accesses may cross their natural alignment, and what that costs.
    unaligned: Option<u8>,
    registers: Registers,
    pub(super) rules: Arc<RiscvCycles>,
    pub(super) bus: Bus,
}

impl Cpu {
    /// A core with `rules`, before its reset.
    pub(in crate::sim) fn new(core: &Riscv, bus: Bus) -> Self {
        Self {
            r: [0; 32],
            pc: 0,
            csrs: Csrs::new(),
            unaligned: core.unaligned.then_some(core.cycles.unaligned),
            registers: core.registers,
            rules: Arc::new(core.cycles.clone()),
            bus,
        }
    }

    #[inline(always)]
    pub(super) fn get(&self, index: u8) -> u32 {
        self.r[usize::from(index & 31)]
    }

    /// Never of x0.
    #[inline(always)]
    pub(super) fn set(&mut self, index: u8, value: u32) {
        self.r[usize::from(index & 31)] = value;
    }

    pub(super) fn counts(&self) -> Counts {
        Counts { cycles: self.bus.cycles, instructions: self.bus.instructions }
    }

    #[inline(always)]
    pub(super) fn load32(&mut self, address: u32) -> Result<u32, Stop> {
        match self.bus.load32(address) {
            Some(value) => Ok(value),
            None => self.load_slow(address, 4),
        }
    }

    #[inline(always)]
    pub(super) fn load16(&mut self, address: u32) -> Result<u32, Stop> {
        match self.bus.load16(address) {
            Some(value) => Ok(value),
            None => self.load_slow(address, 2),
        }
    }

    #[inline(always)]
    pub(super) fn load8(&mut self, address: u32) -> Result<u32, Stop> {
        match self.bus.load8(address) {
            Some(value) => Ok(value),
            None => self.load_slow(address, 1),
        }
    }

    #[inline(always)]
    pub(super) fn store32(&mut self, address: u32, value: u32) -> Result<(), Stop> {
        if self.bus.store32(address, value) { Ok(()) } else { self.store_slow(address, 4, value) }
    }

    #[inline(always)]
    pub(super) fn store16(&mut self, address: u32, value: u32) -> Result<(), Stop> {
        if self.bus.store16(address, value) { Ok(()) } else { self.store_slow(address, 2, value) }
    }

    #[inline(always)]
    pub(super) fn store8(&mut self, address: u32, value: u32) -> Result<(), Stop> {
        if self.bus.store8(address, value) { Ok(()) } else { self.store_slow(address, 1, value) }
    }

    /// What an access costs more because it is unaligned, which may be a fault. A device is accessed only where the
    /// counters are exact.
    fn check(&self, address: u32, size: u32, access: Access) -> Result<u64, Stop> {
        if self.bus.memory.bytes(address, size).is_none() {
            self.bus.synchronise()?;
        }
        if address & (size - 1) == 0 {
            return Ok(0);
        }
        Ok(self.unaligned.ok_or(FaultKind::Misaligned { address, access })?.into())
    }

    #[inline(never)]
    fn load_slow(&mut self, address: u32, size: u32) -> Result<u32, Stop> {
        let cost = self.check(address, size, Access::Read)?;
        let value = self.bus.load_slow(address, size)?;
        self.bus.wait(cost);
        Ok(value)
    }

    #[inline(never)]
    fn store_slow(&mut self, address: u32, size: u32, value: u32) -> Result<(), Stop> {
        let cost = self.check(address, size, Access::Write)?;
        self.bus.store_slow(address, size, value)?;
        self.bus.wait(cost);
        Ok(())
    }
}

impl Isa for Cpu {
    type Op = Op;

    const SPECIAL: Op = Op::Pending;
    const OUTSIDE: Op = Op::Outside;

    #[inline(always)]
    fn bus(&self) -> &Bus {
        &self.bus
    }

    #[inline(always)]
    fn bus_mut(&mut self) -> &mut Bus {
        &mut self.bus
    }

    fn decode(&self, pc: u32, halves: [u16; 2], _conditional: bool) -> Decoded<Op> {
        decode::decode(Context { pc, registers: self.registers }, halves[0], halves[1])
    }

    fn opcode(halves: [u16; 2], size: u8) -> u32 {
        u32::from(halves[0]) | if size == 4 { u32::from(halves[1]) << 16 } else { 0 }
    }

    fn conditions(&self, _opcode: u32, _op: Op) -> Vec<u8> {
        Vec::new()
    }

    fn skip(&self, _conditions: &[u8], _ops: &[Op], _halfwords: u8, _cycles: i8) -> Option<Op> {
        None
    }

    fn fuse(_: Op, _: Op, _: u32) -> Option<Op> {
        None
    }

    fn passes(&self, _condition: u8) -> bool {
        true
    }

    fn cost(&self, op: Op, before: &[Op]) -> u8 {
        cycles::cost(op, before, &self.rules)
    }

    fn across(&self) -> u8 {
        0
    }

    fn branch_costs(&self) -> BranchCosts {
        BranchCosts { taken: self.rules.taken(), skipped: 0 }
    }

    fn kind(op: Op) -> Kind {
        match op {
            // x1 and x5 are the link registers (volume I, table 2.1).
            Op::JumpLink { d: 1 | 5, .. } | Op::JumpLinkReg { d: 1 | 5, .. } => Kind::Call,
            Op::Jump { .. } | Op::JumpLink { .. } | Op::JumpReg { .. } | Op::JumpLinkReg { .. } | Op::Undefined => {
                Kind::End
            }
            Op::Csr { .. } | Op::Ecall | Op::Ebreak | Op::Mret | Op::Wfi | Op::FenceInstruction => Kind::Synchronise,
            Op::GrowStack { .. } | Op::AddImm { d: 2, a: 2, .. } => Kind::Plain,
            _ if usize::from(cycles::destination(op)) == SP => Kind::Stack,
            _ => Kind::Plain,
        }
    }

    #[inline(always)]
    fn execute(&mut self, op: Op, next: u32) -> Result<Flow, Stop> {
        self.execute_op(op, next)
    }

    fn take_event(&mut self, _pc: u32) -> Result<Option<u32>, FaultKind> {
        Ok(None)
    }

    fn return_to(&mut self, pc: u32) -> Result<u32, FaultKind> {
        Err(FaultKind::NotCode { address: pc })
    }

    fn reset(&mut self, stack: u32, pc: u32) {
        self.r = [0; 32];
        self.r[SP] = stack;
        self.csrs = Csrs::new();
        self.pc = pc;
    }

    fn pc(&self) -> u32 {
        self.pc
    }

    fn set_pc(&mut self, pc: u32) {
        self.pc = pc;
    }

    fn stack(&self) -> u32 {
        self.r[SP]
    }

    /// Floats are passed as words where there is no FPU: the caller puts them among `args`.
    fn call(&mut self, function: u32, stack: u32, args: &[u32], _floats: &[f32], back: u32) {
        let spilled = args.get(8..).unwrap_or(&[]);
        // The stack pointer is a multiple of 16 at a call.
        let stack = stack.wrapping_sub(spilled.len() as u32 * 4) & !15;
        for (index, word) in spilled.iter().enumerate() {
            self.bus.memory.poke(stack.wrapping_add(index as u32 * 4), &word.to_le_bytes());
        }
        for (register, &word) in self.r[A0..].iter_mut().zip(args.iter().take(8)) {
            *register = word;
        }
        self.r[SP] = stack;
        self.r[RA] = back;
        self.pc = function & !1;
    }

    fn result(&self) -> (u32, f32) {
        (self.r[A0], f32::from_bits(self.r[A0]))
    }

    fn enable_fpu(&mut self) {}

    fn registers(&self) -> Vec<(&'static str, u32)> {
        let named = print::NAMES.iter().zip(self.r).skip(1).map(|(name, value)| (*name, value));
        named.chain([("pc", self.pc)]).collect()
    }

    fn print(op: Op, _pc: u32) -> String {
        print::print(op)
    }
}

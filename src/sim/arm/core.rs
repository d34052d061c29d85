//! An Arm core as the loop sees it.
#![expect(clippy::inline_always, reason = "the interpreter's inner loop must be one function")]

use super::cpu::Cpu;
use super::cycles;
use super::decode::{self, Context};
use super::fuse;
use super::hazard;
use super::op::Op;
use super::print;
use crate::sim::bus::Bus;
use crate::sim::fault::FaultKind;
use crate::sim::isa::{BranchCosts, Decoded, Flow, Isa, Kind, Stop};

impl Isa for Cpu {
    type Op = Op;

    const SPECIAL: Op = Op::Special;
    const OUTSIDE: Op = Op::Outside;

    #[inline]
    fn bus(&self) -> &Bus {
        &self.bus
    }

    #[inline]
    fn bus_mut(&mut self) -> &mut Bus {
        &mut self.bus
    }

    fn decode(&self, pc: u32, [first, second]: [u16; 2], conditional: bool) -> Decoded<Op> {
        let decoded = decode::decode(Context { pc, conditional, ..self.context }, first, second);
        Decoded { op: decoded.op.special(), size: decoded.size }
    }

    /// `ITSTATE` advances by shifting its lower five bits (DDI 0403E, A7.3.3).
    fn conditions(&self, opcode: u32, _: Op) -> Vec<u8> {
        let mut state = (opcode >> 16) as u8;
        let mut conditions = Vec::new();
        while state & 15 != 0 {
            conditions.push(state >> 4);
            state = if state.is_multiple_of(8) { 0 } else { state & 0xe0 | state << 1 & 0x1f };
        }
        conditions
    }

    fn skip(&self, conditions: &[u8], ops: &[Op], halfwords: u8, saved: i8) -> Option<Op> {
        let (&condition, rest) = conditions.split_first()?;
        let uniform = rest.iter().all(|other| *other == condition);
        let (_, earlier) = ops.split_last()?;
        let steady = earlier.iter().all(|op| !op.may_set_flags());
        (uniform && steady).then_some(Op::ItSkip { condition, halfwords, saved })
    }

    fn fuse(first: Op, second: Op, next: u32) -> Option<Op> {
        fuse::fuse(first, second, next)
    }

    #[inline]
    fn passes(&self, condition: u8) -> bool {
        self.holds(condition)
    }

    fn cost(&self, op: Op, before: &[Op]) -> u8 {
        cycles::cost(op, before, &self.rules)
    }

    fn across(&self) -> u8 {
        self.rules.taken_across
    }

    fn branch_costs(&self) -> BranchCosts {
        BranchCosts { taken: self.rules.taken, skipped: self.rules.data }
    }

    fn kind(op: Op) -> Kind {
        match op {
            Op::Branch { .. }
            | Op::BranchExchange { .. }
            | Op::BranchReg { .. }
            | Op::BranchAdd { .. }
            | Op::TableBranch { .. }
            | Op::LoadPc { .. }
            | Op::LoadPcReg { .. }
            | Op::LoadPcLiteral { .. }
            | Op::Undefined
            | Op::Outside => Kind::End,
            Op::LoadMultiple { list, .. } if list >> 15 == 1 => Kind::End,
            Op::BranchLink { .. } | Op::BranchLinkExchange { .. } => Kind::Call,
            Op::It | Op::ItSkip { .. } => Kind::Block,
            Op::WriteSystem { .. }
            | Op::Mask { .. }
            | Op::Barrier
            | Op::Supervisor { .. }
            | Op::Wait { .. }
            | Op::Breakpoint { .. } => Kind::Synchronise,
            // These check the pointer themselves, or raise it.
            Op::Push { .. }
            | Op::SubSp { .. }
            | Op::LoadMultiple { n: 13, before: false, .. }
            | Op::AddImm { d: 13, n: 13, .. } => Kind::Plain,
            op if hazard::writes(op) & 1 << 13 != 0 => Kind::Stack,
            _ => Kind::Plain,
        }
    }

    #[inline(always)]
    fn execute(&mut self, op: Op, next: u32) -> Result<Flow, Stop> {
        self.execute_op(op, next)
    }

    fn take_event(&mut self, pc: u32) -> Result<Option<u32>, FaultKind> {
        self.take_exception(pc)
    }

    fn return_to(&mut self, pc: u32) -> Result<u32, FaultKind> {
        self.return_from_exception(pc)
    }

    fn reset(&mut self, stack: u32, pc: u32) {
        self.r = [0; 16];
        (self.r[13], self.r[14], self.pc) = (stack, u32::MAX, pc);
        (self.n, self.z, self.c, self.v, self.q, self.ge) = (0, 1, false, false, false, 0);
        (self.s, self.fpscr) = ([0; 32], 0);
        (self.primask, self.faultmask, self.basepri) = (false, false, 0);
        (self.control, self.other_stack, self.exclusive, self.fpu_enabled) = (0, 0, false, false);
        (self.limits, self.exception, self.event, self.calling) = ([0; 2], 0, false, false);
        (self.other_deepest, self.float_ready) = (u32::MAX, false);
        self.update_stack_limit();
        self.system.reset();
    }

    fn pc(&self) -> u32 {
        self.pc
    }

    fn set_pc(&mut self, pc: u32) {
        self.pc = pc;
    }

    fn stack(&self) -> u32 {
        self.r[13]
    }

    fn call(&mut self, function: u32, stack: u32, args: &[u32], floats: &[f32], back: u32) {
        self.leave_handlers();
        let spilled = args.get(4..).unwrap_or(&[]);
        // AAPCS: the stack pointer is a multiple of 8 at a call.
        let stack = stack.wrapping_sub(spilled.len() as u32 * 4) & !7;
        for (index, word) in spilled.iter().enumerate() {
            self.bus.memory.poke(stack.wrapping_add(index as u32 * 4), &word.to_le_bytes());
        }
        for (register, &word) in self.r.iter_mut().zip(args.iter().take(4)) {
            *register = word;
        }
        for (register, float) in self.s.iter_mut().zip(floats.iter().take(16)) {
            *register = float.to_bits();
        }
        (self.r[13], self.r[14], self.pc) = (stack, back | 1, function & !1);
    }

    fn result(&self) -> (u32, f32) {
        (self.r[0], f32::from_bits(self.s[0]))
    }

    fn enable_fpu(&mut self) {
        self.fpu_enabled = self.has_fpu;
        self.system.enable_fpu();
    }

    fn registers(&self) -> Vec<(&'static str, u32)> {
        const NAMES: [&str; 15] =
            ["r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11", "r12", "sp", "lr"];
        let named = NAMES.iter().copied().zip(self.r);
        named.chain([("pc", self.pc), ("xpsr", self.xpsr())]).collect()
    }

    fn print(op: Op, pc: u32) -> String {
        print::print(op, pc)
    }
}

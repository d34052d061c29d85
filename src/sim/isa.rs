//! What the loop needs of an instruction set: decode once, know the cost, execute, take events.

use std::fmt;

use super::bus::Bus;
use super::fault::FaultKind;

/// A core of one instruction set, with its memories.
pub(super) trait Isa: Clone + Send + 'static {
    /// A decoded instruction: small, because it is read for every step.
    type Op: Copy + PartialEq + fmt::Debug + Send;

    /// Stands where the loop must look closer; executing it returns [`Stop::Look`].
    const SPECIAL: Self::Op;
    /// Stands where no code is; executing it is a fault.
    const OUTSIDE: Self::Op;

    /// The memories and counters.
    fn bus(&self) -> &Bus;
    /// The same, to change.
    fn bus_mut(&mut self) -> &mut Bus;

    /// Decodes the halfwords at `pc`. `conditional`: the instruction is in a block of conditional execution.
    fn decode(&self, pc: u32, halves: [u16; 2], conditional: bool) -> Decoded<Self::Op>;

    /// The bits of an instruction in the order in which its manual writes them.
    fn opcode(halves: [u16; 2], size: u8) -> u32 {
        u32::from(halves[0]) << 16 | if size == 4 { halves[1].into() } else { 0 }
    }

    /// For an instruction that makes the following ones conditional: the condition of each, in order.
    fn conditions(&self, opcode: u32, op: Self::Op) -> Vec<u8>;

    /// An instruction for such a block that tests once: on failure it skips `halfwords` and saves `cycles`.
    /// None where a condition must be tested again for every instruction.
    fn skip(&self, conditions: &[u8], ops: &[Self::Op], halfwords: u8, cycles: i8) -> Option<Self::Op>;

    /// One instruction for two that follow each other, where executing them together is quicker; the last argument is the
    /// address behind them. It may jump by [`Flow::JumpBehind`] only, and end by [`Stop::Behind`] after the first of the two.
    fn fuse(_first: Self::Op, _second: Self::Op, _next: u32) -> Option<Self::Op> {
        None
    }

    /// Whether `condition` holds.
    fn passes(&self, condition: u8) -> bool;

    /// Cycles of `op` after the instructions `before` it in a straight line, the oldest first; none after a taken branch.
    fn cost(&self, op: Self::Op, before: &[Self::Op]) -> u8;

    /// What a branch adds beside that where it leads to an instruction that no aligned word holds.
    fn across(&self) -> u8;

    /// Cycles that a taken branch adds, and those of an instruction whose condition fails.
    fn branch_costs(&self) -> BranchCosts;

    /// What kind of instruction the loop has before it.
    fn kind(op: Self::Op) -> Kind;

    /// Executes `op`; `next` is the address behind it.
    ///
    /// # Errors
    /// [`Stop::Look`] before an access to a device or a peripheral while [`Bus::precise`] is not set.
    fn execute(&mut self, op: Self::Op, next: u32) -> Result<Flow, Stop>;

    /// Called at the end of a block when [`Bus::event_at`] is reached and after synchronising instructions: where an
    /// interrupt goes that is taken before `pc`.
    fn take_event(&mut self, pc: u32) -> Result<Option<u32>, FaultKind>;

    /// A jump to `pc`, where no memory is: the return from an exception, or a fault.
    fn return_to(&mut self, pc: u32) -> Result<u32, FaultKind>;

    /// The state after reset, but for the memories; `stack` and `pc` are where the program starts.
    fn reset(&mut self, stack: u32, pc: u32);

    /// The address of the next instruction, exact outside a run.
    fn pc(&self) -> u32;
    /// Sets it.
    fn set_pc(&mut self, pc: u32);
    /// The stack pointer.
    fn stack(&self) -> u32;

    /// Makes the core call `function` with the arguments of the platform's calling convention, to return to `back`.
    fn call(&mut self, function: u32, stack: u32, args: &[u32], floats: &[f32], back: u32);
    /// What a function returned: a word and a float.
    fn result(&self) -> (u32, f32);
    /// Lets the program use the FPU.
    fn enable_fpu(&mut self);

    /// Registers by name, for people.
    fn registers(&self) -> Vec<(&'static str, u32)>;
    /// The text of an instruction at `pc`.
    fn print(op: Self::Op, pc: u32) -> String;
}

/// An instruction and its length in bytes, 2 or 4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Decoded<Op> {
    pub op: Op,
    pub size: u8,
}

/// Costs that only a run knows to apply.
#[derive(Clone, Copy, Debug)]
pub(super) struct BranchCosts {
    pub taken: u8,
    pub skipped: u8,
}

/// Where execution goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Flow {
    /// Behind the instruction.
    Next,
    /// At this address.
    Jump(u32),
    /// At this address, by the second of two fused instructions.
    JumpBehind(u32),
    /// Behind the instruction and so many halfwords more.
    Skip(u8),
    /// The following instructions have conditions of their own.
    Conditional,
}

/// Why an instruction wasn't executed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Stop {
    /// The loop must look closer first.
    Look,
    /// The same for the second of two fused instructions; the first was executed.
    Behind,
    /// The program ends here.
    Fault(FaultKind),
}

impl From<FaultKind> for Stop {
    fn from(kind: FaultKind) -> Self {
        Self::Fault(kind)
    }
}

/// What the loop must know of an instruction beside its effect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Nothing.
    Plain,
    /// Execution never goes on behind it.
    End,
    /// It calls a function.
    Call,
    /// It may write the stack pointer without checking its limit.
    Stack,
    /// What it does must be seen before the next instruction: it may unmask an interrupt, read the time, end the program.
    Synchronise,
    /// It makes the following instructions conditional.
    Block,
}

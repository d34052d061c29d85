//! What a run leaves: how it ended, its counts, its profile.

use super::{Output, Program, Request};
use crate::library::Board;
use crate::library::core::Core;
use crate::profile::{Block, CallTree, Counts, Heat, Instruction, blocks};
use crate::sim::{Fault, Machine, Mode};

/// How a run ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum End {
    /// By semihosting.
    Exit {
        /// 0 for success.
        status: u32,
    },
    /// The called function returned.
    Returned {
        /// The word that it returned.
        value: u32,
    },
    /// It came to the place where it was to stop.
    Reached {
        /// As the user named it.
        place: String,
    },
    /// Firmware of ours waits for the next input.
    Waiting,
    /// It did something that the board doesn't do.
    Fault(Box<Fault>),
    /// It used up its instructions.
    Budget,
    /// The user stopped it.
    Interrupted,
}

/// One inference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Recorded {
    /// Instructions from the call of `tml_infer` to its return.
    pub instructions: u64,
    /// Cycles of the same stretch.
    pub cycles: u64,
    /// What the outputs held then.
    pub outputs: Vec<Output>,
}

/// What a run leaves.
#[derive(Clone, PartialEq, Debug)]
pub struct Outcome {
    /// The program's file.
    pub program: String,
    /// The board.
    pub board: Board,
    /// The core's name for people.
    pub core: String,
    /// What the cycle counts are worth.
    pub accuracy: String,
    /// What was counted.
    pub mode: Mode,
    /// How it ended.
    pub end: End,
    /// The function in which it ended.
    pub function: Option<String>,
    /// Instructions from reset.
    pub instructions: u64,
    /// Cycles from reset.
    pub cycles: u64,
    /// Bytes of stack used at most.
    pub stack: u32,
    /// Inferences of firmware of ours.
    pub inferences: Vec<Recorded>,
    /// What the outputs held at the end.
    pub outputs: Vec<Output>,
    /// Who called whom at what cost; empty where nothing was profiled.
    pub tree: CallTree,
    /// The hottest code, where it was asked for.
    pub hot: Vec<Block>,
    /// What happened to the memories, where it was asked for.
    pub heat: Option<Heat>,
}

impl Outcome {
    pub(super) fn new(
        program: &Program,
        request: &Request,
        board: &Board,
        core: &Core,
        end: End,
        inferences: Vec<Recorded>,
        outputs: Vec<Output>,
    ) -> Self {
        let machine = &program.machine;
        let profiled = request.mode == Mode::Profile;
        let accuracy = if board.timing.accuracy.is_validated() { &board.timing.accuracy } else { &core.validation };
        Self {
            program: program.name.clone(),
            board: board.clone(),
            core: core.title.clone(),
            accuracy: accuracy.to_string(),
            mode: request.mode,
            end,
            function: machine.function(machine.pc()),
            instructions: machine.instructions(),
            cycles: machine.cycles(),
            stack: machine.stack_peak(),
            inferences,
            outputs,
            tree: if profiled { CallTree::of(machine) } else { CallTree::default() },
            hot: hottest(machine, request.hot_blocks),
            heat: (request.heat_block > 0).then(|| super::heat::of(machine, board, request.heat_block)),
        }
    }

    /// Seconds from reset, by the board's clock.
    pub fn seconds(&self) -> f64 {
        self.cycles as f64 / self.board.clock.to_f64()
    }
}

fn hottest(machine: &Machine, most: usize) -> Vec<Block> {
    if most == 0 {
        return Vec::new();
    }
    let mut blocks = blocks(instructions(machine));
    blocks.truncate(most);
    blocks
}

/// Every instruction that ran.
fn instructions(machine: &Machine) -> Vec<Instruction> {
    let profile = machine.instruction_profile();
    let addresses: Vec<u32> = profile.iter().map(|one| one.pc).collect();
    let lines = machine.lines(&addresses);
    let each = profile.into_iter().zip(lines).map(|(one, line)| {
        let text = machine.disassemble(one.pc).map_or_else(|| "?".to_string(), |(text, _)| text);
        Instruction {
            address: one.pc,
            bytes: machine.read(one.pc, one.size.into()).map_or(Vec::new(), <[u8]>::to_vec),
            ends_block: is_jump(&text),
            text,
            function: machine.function(one.pc),
            line,
            counts: Counts { instructions: one.count, cycles: one.cycles, stalls: one.stalls },
        }
    });
    each.collect()
}

/// Whether the instruction is a jump or a conditional branch, by its text; calls come back and are none.
fn is_jump(text: &str) -> bool {
    let name = text.split([' ', '.', '\t']).next().unwrap_or_default();
    let branch = name.starts_with('b')
        && !["bfc", "bfi", "bl", "blx", "bkpt"].contains(&name)
        && !(name.starts_with("bic") || name.starts_with("bset") || name.starts_with("bclr"));
    let writes_pc = text.contains("pc}") || text.contains(" pc, ");
    branch || writes_pc || ["cbz", "cbnz", "tbb", "tbh", "j", "jr", "ret", "mret"].contains(&name)
}

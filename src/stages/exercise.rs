//! Drives a linked image on the simulated board as a debugger would drive it on a desk: boot until it waits,
//! write an input, say go, run until it waits again, read the outputs.

use serde::{Deserialize, Serialize};

use crate::base::{Diag, Diags, Quantity};
use crate::engine::Facts;
use crate::library::board::{self, Board};
use crate::library::core::Core;
use crate::profile::CallTree;
use crate::sim::{Cache, Counter, Device, Fault, FaultKind, FlashTiming, Machine, MemoryMap, Region, Replacement};

/// The simulator's rules change with our sources, whose digest every key has; this names what the facts below are about.
const SIMULATOR: &str = "built-in, cycle mode";

/// The code of a stack that ran over its limit.
pub const STACK_OVERFLOW: &str = "tml::fault::stack";

/// Instructions that boot may take: start-up copies and clears at most a few hundred KiB.
const BOOT_BUDGET: u64 = 50_000_000;

/// Instructions that one inference may take; 40 s at 100 MHz is no TinyML.
const INFERENCE_BUDGET: u64 = 4_000_000_000;

/// A booted image.
pub struct Bench {
    machine: Machine,
    wait: u32,
    infer: u32,
    app: u32,
    stages: Vec<(String, u32)>,
    input: u32,
    output: (u32, u32),
    command: u32,
    feed: Option<Hops>,
    /// Label and scores of the application, and the scores' bytes; none where nothing is decided.
    decided: Option<(u32, u32, u32)>,
    /// The next sample is the first of a recording.
    fresh: bool,
    boot_cycles: u64,
}

/// Features that are computed hop by hop: the function that takes a hop.
#[derive(Clone, Copy)]
struct Hops {
    push: u32,
    /// Bytes of a hop.
    size: usize,
    /// Hops of a window.
    count: usize,
}

/// What one inference did.
pub struct Inference {
    /// `tml_output`.
    pub output: Vec<i8>,
    /// What the application was told: the label and the bytes of its scores; none where nothing is decided.
    pub decided: Option<(u8, Vec<u8>)>,
    /// Cycles from the call of `tml_infer` to its return: features, quantisation, model. Where features are computed
    /// hop by hop, the slowest hop of the window comes before it.
    pub cycles: u64,
    /// Instructions of the same stretch.
    pub instructions: u64,
    /// The same cycles by what they were spent on, in the order of the run, with all that it called.
    pub parts: Vec<Part>,
    /// What the application printed.
    pub printed: String,
}

/// The cycles of one part of an inference: a feature step, the input's quantisation, a layer.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Part {
    /// The function that does it.
    pub name: String,
    /// Cycles, with all that it called.
    pub cycles: u64,
    /// Instructions of the same stretch.
    pub instructions: u64,
    /// Those of the cycles in which the core waited for flash.
    pub stalls: u64,
}

/// The simulator's view of a board's memories.
pub fn memory_map(board: &Board) -> MemoryMap {
    let device = |region: &crate::library::board::Region| Device {
        origin: region.origin,
        size: region.size,
        presets: presets(board, region),
    };
    let replacement = match board.timing.replacement {
        board::Replacement::Oldest => Replacement::Oldest,
        board::Replacement::InTurn => Replacement::InTurn,
        board::Replacement::Random => Replacement::Random,
    };
    let cache = |lines, ways| Cache { lines, ways, replacement };
    MemoryMap {
        flash: Region { origin: board.flash.origin, size: board.flash.size, execute: true },
        ram: Region { origin: board.ram.origin, size: board.ram.size, execute: false },
        vectors: Some(board.vector_table()),
        devices: board.devices.iter().map(device).collect(),
        flash_timing: FlashTiming {
            wait_states: board.timing.miss as u8,
            line_bytes: board.timing.line,
            instructions: cache(board.timing.code_lines, board.timing.code_ways),
            data: cache(board.timing.data_lines, board.timing.data_ways),
            shared: board.timing.shared,
            prefetch: board.timing.prefetch,
        },
        data_window: board.flash.data,
        counters: counters(board),
    }
}

/// The registers that count time.
fn counters(board: &Board) -> Vec<Counter> {
    let counters = board.timer.as_ref().map_or(&[][..], |timer| &timer.counters);
    // Quantities of frequency are in thousandths of a hertz.
    let hertz = |frequency: &Quantity| (frequency.base / 1000) as u64;
    let clock = hertz(&board.clock);
    let counter = |counter: &board::Counter| Counter {
        register: counter.register,
        frequency: hertz(&counter.frequency),
        clock,
        shift: counter.shift,
    };
    counters.iter().map(counter).collect()
}

/// Bits that start-up waits for, as they read at once: (address, bits).
fn presets(board: &Board, region: &crate::library::board::Region) -> Vec<(u32, u32)> {
    let presets = board.presets().into_iter().filter(|(address, ..)| within(region, *address));
    presets.map(|(address, mask, value)| (address, value & mask)).collect()
}

fn within(region: &crate::library::board::Region, address: u32) -> bool {
    address >= region.origin && address - region.origin < region.size
}

impl Bench {
    /// Loads `elf` and runs it until it waits for an input. `stages` are the functions of an inference in the order of
    /// their calls; one that the compiler merged into its caller counts with what runs before it.
    pub fn boot(elf: &[u8], board: &Board, core: &Core, stages: &[String]) -> Result<Self, Diags> {
        let machine = Machine::load(elf, core, &memory_map(board))
            .map_err(|error| Diag::error("tml::bug", format!("bug: the linked image can't be loaded: {error}")))?;
        let symbol = |name: &str| {
            machine
                .symbol(name)
                .ok_or_else(|| Diag::error("tml::bug", format!("bug: the image has no symbol `{name}`")))
        };
        let output = symbol("tml_output")?;
        let mut bench = Self {
            wait: symbol("tml_wait")?.address,
            infer: symbol("tml_infer")?.address,
            app: symbol("tml_app")?.address,
            stages: stages.iter().filter_map(|name| Some((name.clone(), machine.symbol(name)?.address))).collect(),
            input: machine.symbol("tml_input").map_or(0, |symbol| symbol.address),
            output: (output.address, output.size),
            command: symbol("tml_command")?.address,
            feed: None,
            decided: machine
                .symbol("tml_label")
                .zip(machine.symbol("tml_scores"))
                .map(|(label, scores)| (label.address, scores.address, scores.size)),
            fresh: true,
            boot_cycles: 0,
            machine: machine.clone(),
        };
        bench.machine.run_until(bench.wait, BOOT_BUDGET).map_err(|fault| faulted("while it started", &fault))?;
        if bench.input == 0 {
            // The input is in the arena, at an address that the firmware gives once it has started.
            let pointer = peek(&bench.machine, symbol("tml_input_at")?.address, 4)?;
            bench.input = pointer.iter().rev().fold(0, |word, byte| word << 8 | u32::from(*byte));
        }
        bench.feed = hops(&bench.machine)?;
        bench.boot_cycles = bench.machine.cycles();
        bench.machine.clear_profile();
        Ok(bench)
    }

    /// Runs one inference on a raw sample: the bytes of its floats, or of its int8 values.
    pub fn infer(&mut self, sample: &[u8]) -> Result<Inference, Diags> {
        let pushed = self.feed(sample)?;
        let before = (self.machine.cycles(), self.machine.instructions());
        let mut parts = self.run_parts()?;
        parts.splice(0..0, pushed.clone());
        let after = (self.machine.cycles(), self.machine.instructions());
        self.run_to(self.wait)?;
        let (address, size) = self.output;
        let output = peek(&self.machine, address, size)?;
        let decided = match self.decided {
            Some((label, scores, size)) => {
                Some((peek(&self.machine, label, 1)?[0], peek(&self.machine, scores, size)?))
            }
            None => None,
        };
        Ok(Inference {
            decided,
            output: output.iter().map(|byte| *byte as i8).collect(),
            cycles: after.0 - before.0 + pushed.as_ref().map_or(0, |part| part.cycles),
            instructions: after.1 - before.1 + pushed.as_ref().map_or(0, |part| part.instructions),
            parts,
            printed: printed(&mut self.machine),
        })
    }

    /// Gives the firmware a sample, at once or hop by hop, and runs to its inference. What the slowest hop cost, if
    /// there are hops.
    fn feed(&mut self, sample: &[u8]) -> Result<Option<Part>, Diags> {
        let begins: u32 = if std::mem::take(&mut self.fresh) { 2 } else { 0 };
        let Some(Hops { push, size, count }) = self.feed else {
            poke(&mut self.machine, self.input, sample)?;
            poke(&mut self.machine, self.command, &(1 | begins).to_le_bytes())?;
            self.run_to(self.infer)?;
            return Ok(None);
        };
        let mut slowest: Option<Part> = None;
        for at in 0..count {
            // The last hop may reach beyond the window; no frame does.
            let start = sample.len().min(at * size);
            let mut hop = sample[start..sample.len().min(start + size)].to_vec();
            hop.resize(size, 0);
            poke(&mut self.machine, self.input, &hop)?;
            let command: u32 = if at == 0 { 5 | begins } else { 1 };
            poke(&mut self.machine, self.command, &command.to_le_bytes())?;
            self.run_to(push)?;
            let before = self.counts();
            self.run_to(if at + 1 == count { self.infer } else { self.wait })?;
            let after = self.counts();
            if slowest.as_ref().is_none_or(|part| after.0 - before.0 > part.cycles) {
                slowest = Some(Part {
                    name: "tml_push".into(),
                    cycles: after.0 - before.0,
                    instructions: after.1 - before.1,
                    stalls: after.2 - before.2,
                });
            }
        }
        Ok(slowest)
    }

    /// The next sample begins a recording: the firmware forgets what came before.
    pub fn restart(&mut self) {
        self.fresh = true;
    }

    /// The same in full suspicion of `arena`: a load from it before a store is a fault. Gives the bytes of it that
    /// were stored to, up to the last one; 0 where the image has no such symbol.
    pub fn infer_watched(&mut self, sample: &[u8], arena: &str) -> Result<(Inference, u32), Diags> {
        if let Some(symbol) = self.machine.symbol(arena) {
            self.machine.expect_stores(symbol.address, symbol.size);
        }
        let inference = self.infer(sample)?;
        Ok((inference, self.machine.stored()))
    }

    /// Runs from stage to stage until the application is called.
    fn run_parts(&mut self) -> Result<Vec<Part>, Diags> {
        let mut parts = Vec::new();
        let (mut name, mut since) = ("tml_infer".to_string(), self.counts());
        let end = std::iter::once((String::new(), self.app));
        for (next, address) in self.stages.clone().into_iter().chain(end) {
            self.run_to(address)?;
            let now = self.counts();
            parts.push(Part {
                name: std::mem::replace(&mut name, next),
                cycles: now.0 - since.0,
                instructions: now.1 - since.1,
                stalls: now.2 - since.2,
            });
            since = now;
        }
        Ok(parts)
    }

    /// Cycles, instructions and stalls so far.
    fn counts(&self) -> (u64, u64, u64) {
        (self.machine.cycles(), self.machine.instructions(), self.machine.stalls())
    }

    /// Who called whom at what cost, in all inferences.
    pub fn profile(&self) -> CallTree {
        CallTree::of(&self.machine)
    }

    fn run_to(&mut self, address: u32) -> Result<(), Diags> {
        self.machine.run_until(address, INFERENCE_BUDGET).map_err(|fault| faulted("during an inference", &fault).into())
    }

    /// Cycles from reset to the first wait for an input.
    pub fn boot_cycles(&self) -> u64 {
        self.boot_cycles
    }

    /// Bytes of stack used so far.
    pub fn stack_peak(&self) -> u32 {
        self.machine.stack_peak()
    }
}

/// How the image is fed hop by hop, if it is.
fn hops(machine: &Machine) -> Result<Option<Hops>, Diag> {
    let (Some(push), Some(hops), Some(input)) =
        (machine.symbol("tml_push"), machine.symbol("tml_hops"), machine.symbol("tml_input"))
    else {
        return Ok(None);
    };
    let count = peek(machine, hops.address, 4)?;
    let count = u32::from_le_bytes([count[0], count[1], count[2], count[3]]) as usize;
    Ok(Some(Hops { push: push.address, size: input.size as usize, count }))
}

/// Reads the memory of the board.
pub fn peek(machine: &Machine, address: u32, size: u32) -> Result<Vec<u8>, Diag> {
    machine.read(address, size).map(<[u8]>::to_vec).ok_or_else(|| outside(address))
}

/// Writes the work memory of the board.
pub fn poke(machine: &mut Machine, address: u32, bytes: &[u8]) -> Result<(), Diag> {
    if machine.write(address, bytes) { Ok(()) } else { Err(outside(address)) }
}

fn outside(address: u32) -> Diag {
    Diag::error("tml::bug", format!("bug: the image has a symbol at {address:#x}, where the board has no memory"))
}

/// What the program printed since the last time.
pub fn printed(machine: &mut Machine) -> String {
    String::from_utf8_lossy(&machine.drain_rtt()).into_owned()
}

/// A fault of the image as a diagnostic.
pub fn faulted(when: &str, fault: &Fault) -> Diag {
    let overflow = matches!(fault.kind, FaultKind::StackOverflow { .. });
    let code = if overflow { STACK_OVERFLOW } else { "tml::fault" };
    let diag = Diag::error(code, format!("the firmware stopped on the simulated board {when}: {}", fault.kind))
        .note(fault.to_string());
    if overflow {
        diag.help("use smaller local variables in the functions named here, or a board with more ram")
    } else {
        diag.help("if one of your own functions is named, correct it; else please report this build")
    }
}

/// What the simulated board's answers depend on.
pub fn facts(board: &Board, core: &Core, out: &mut dyn Facts) {
    out.text("simulator", SIMULATOR);
    out.text("memories", &format!("{:?}", memory_map(board)));
    out.text("core", &format!("{core:?}"));
}

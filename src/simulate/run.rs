//! A run: from reset to wherever it ends, in pieces, so that the console streams and Ctrl-C works.

use super::outcome::{End, Outcome, Recorded};
use super::trace::{self, TraceLine};
use super::{Input, OutputSpec, Program, Purpose};
use crate::base::{Diag, Diags};
use crate::sim::{Machine, Mode, Pause};

/// Instructions between two looks at the console and at Ctrl-C: a few hundredths of a second.
const PIECE: u64 = 4_000_000;

/// What to do.
#[derive(Clone, Debug)]
pub struct Request {
    /// What is counted.
    pub mode: Mode,
    /// The most instructions.
    pub budget: u64,
    /// What to write into variables, once start-up code has made them.
    pub inputs: Vec<Input>,
    /// What to show at the end, or after each inference.
    pub outputs: Vec<OutputSpec>,
    /// A function to call, with words as arguments, in place of running on.
    pub call: Option<(String, Vec<u32>)>,
    /// A function or an address to stop at.
    pub until: Option<String>,
    /// How many instructions to trace, from the beginning.
    pub trace: u64,
    /// Whether to list the hottest code, how many blocks of it.
    pub hot_blocks: usize,
    /// Whether to count accesses to memory, in blocks of so many bytes; 0: no.
    pub heat_block: u32,
}

/// Who is told what happens.
pub trait Listener {
    /// The program printed.
    fn console(&mut self, bytes: &[u8]);
    /// An instruction was executed.
    fn traced(&mut self, line: &TraceLine);
    /// Whether to stop.
    fn interrupted(&self) -> bool;
}

/// Drives a machine piece by piece.
struct Driver<'a> {
    machine: &'a mut Machine,
    listener: &'a mut dyn Listener,
    left: u64,
    trace: u64,
}

impl Driver<'_> {
    /// Runs until `stop`, or until a called function returns; the end if it comes before.
    fn go(&mut self, stop: Option<u32>) -> Result<(), End> {
        loop {
            if self.listener.interrupted() {
                return Err(End::Interrupted);
            }
            let piece = if self.trace > 0 { 1 } else { PIECE }.min(self.left);
            if piece == 0 {
                return Err(End::Budget);
            }
            let before = self.machine.instructions();
            let pause = if self.trace > 0 { self.step() } else { self.machine.advance(stop, piece) };
            self.left = self.left.saturating_sub(self.machine.instructions() - before);
            self.drain();
            match pause {
                Ok(Pause::Stop) => return Ok(()),
                // A piece that ends just where the run is to stop.
                Ok(Pause::Budget) if Some(self.machine.pc()) == stop => return Ok(()),
                Ok(Pause::Budget) => {}
                Ok(Pause::Exit { status }) => return Err(End::Exit { status }),
                Err(fault) => return Err(End::Fault(Box::new(fault))),
            }
        }
    }

    fn step(&mut self) -> Result<Pause, crate::sim::Fault> {
        self.trace -= 1;
        let (line, pause) = trace::step(self.machine);
        self.listener.traced(&line);
        pause
    }

    fn drain(&mut self) {
        for bytes in [self.machine.take_console(), self.machine.drain_rtt()] {
            if !bytes.is_empty() {
                self.listener.console(&bytes);
            }
        }
    }
}

/// Runs `program` from reset.
///
/// # Errors
/// What is wrong with the request: an unknown symbol, an input that doesn't fit. How the program ends is no error.
pub fn run(program: &mut Program, request: &Request, listener: &mut dyn Listener) -> Result<Outcome, Diags> {
    let plan = Plan::new(program, request)?;
    program.machine.set_mode(request.mode);
    if request.heat_block > 0 {
        program.machine.watch_memory();
    }
    let (board, core) = (program.board.clone(), program.core.clone());
    let mut driver = Driver { machine: &mut program.machine, listener, left: request.budget, trace: request.trace };
    let mut inferences = Vec::new();
    let end = match plan.drive(&mut driver, &mut inferences) {
        Ok(end) | Err(end) => end,
    };
    let outputs = plan.outputs(&program.machine);
    Ok(Outcome::new(program, request, &board, &core, end, inferences, outputs))
}

/// A request with its symbols looked up.
struct Plan<'a> {
    purpose: Purpose,
    outputs: Vec<(&'a OutputSpec, (u32, u32))>,
    inputs: Vec<(u32, Vec<Vec<u8>>)>,
    call: Option<(u32, &'a [u32])>,
    until: Option<(u32, &'a str)>,
    main: Option<u32>,
    /// How many inferences.
    repeats: usize,
}

impl<'a> Plan<'a> {
    fn new(program: &Program, request: &'a Request) -> Result<Self, Diags> {
        let mut diags = Diags::default();
        let mut keep = |diag: Diag| diags.push(diag);
        let driven = request.call.is_some() || request.until.is_some();
        let purpose = if driven { Purpose::Plain } else { program.purpose() };
        let repeats = matches!(purpose, Purpose::Firmware { .. });
        let outputs = request
            .outputs
            .iter()
            .filter_map(|spec| Some((spec, spec.place(program).map_err(&mut keep).ok()?)))
            .collect();
        let inputs: Vec<(u32, Vec<Vec<u8>>)> =
            request.inputs.iter().filter_map(|input| program.place(input, repeats).map_err(&mut keep).ok()).collect();
        let call = request
            .call
            .as_ref()
            .and_then(|(name, arguments)| Some((program.address(name).map_err(&mut keep).ok()?, arguments.as_slice())));
        let until = request
            .until
            .as_ref()
            .and_then(|name| Some((program.address(name).map_err(&mut keep).ok()?, name.as_str())));
        let counts: Vec<usize> = inputs.iter().map(|(_, samples)| samples.len()).filter(|count| *count > 1).collect();
        if counts.windows(2).any(|pair| pair[0] != pair[1]) {
            keep(
                Diag::error("tml::sim::input", format!("the inputs hold samples for {counts:?} inferences"))
                    .help("give each variable equally many samples, or one that stays"),
            );
        }
        let main = program.machine.symbol("main").map(|symbol| symbol.address);
        let repeats = counts.first().copied().unwrap_or(1);
        diags.into_result(Self { purpose, outputs, inputs, call, until, main, repeats })
    }

    fn outputs(&self, machine: &Machine) -> Vec<super::Output> {
        self.outputs.iter().map(|(spec, place)| spec.read(machine, *place)).collect()
    }

    /// Runs; an `Err` is an end that came before the one that was asked for.
    fn drive(&self, driver: &mut Driver<'_>, inferences: &mut Vec<Recorded>) -> Result<End, End> {
        match self.purpose {
            Purpose::Firmware { wait, command, infer, after, .. } => {
                driver.go(Some(wait))?;
                for sample in 0..self.repeats {
                    self.write(driver.machine, sample);
                    // The image is in RAM that was found before.
                    let _ = driver.machine.write(command.address, &1_u32.to_le_bytes());
                    if sample == 0 {
                        driver.machine.clear_profile();
                    }
                    driver.go(Some(infer))?;
                    let before = (driver.machine.instructions(), driver.machine.cycles());
                    driver.go(Some(after))?;
                    let (instructions, cycles) = (driver.machine.instructions(), driver.machine.cycles());
                    driver.go(Some(wait))?;
                    inferences.push(Recorded {
                        instructions: instructions - before.0,
                        cycles: cycles - before.1,
                        outputs: self.outputs(driver.machine),
                    });
                }
                Ok(End::Waiting)
            }
            Purpose::Plain => self.drive_plain(driver),
        }
    }

    fn drive_plain(&self, driver: &mut Driver<'_>) -> Result<End, End> {
        // Start-up code would overwrite what is written before it has run.
        if let Some(main) = self.main.filter(|_| self.call.is_some() || !self.inputs.is_empty()) {
            driver.go(Some(main))?;
        }
        self.write(driver.machine, 0);
        if let Some((function, arguments)) = self.call {
            driver.machine.clear_profile();
            driver.machine.enter(function, arguments);
        }
        driver.go(self.until.map(|(address, _)| address))?;
        Ok(match self.until {
            Some((_, name)) => End::Reached { place: name.to_string() },
            None => End::Returned { value: driver.machine.returned().0 },
        })
    }

    /// Writes the inputs of one inference; one that has a single sample stays.
    fn write(&self, machine: &mut Machine, sample: usize) {
        for (address, samples) in &self.inputs {
            if let Some(bytes) = samples.get(sample).or(samples.first()) {
                // Flash takes it too: a table of constants may be replaced. The place was looked up before.
                let _ = machine.patch(*address, bytes);
            }
        }
    }
}

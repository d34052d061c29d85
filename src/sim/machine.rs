//! A board with a program: load it, run it, call into it, look at it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::bus::Bus;
use super::calls::{CallNode, Calls};
use super::code::Code;
use super::elf::{self, Function, Image, LoadError, Symbol};
use super::fault::{Branch, Fault, FaultKind};
use super::flash::Flash;
use super::hart::Processor;
use super::isa::Isa;
use super::lines::{Line, Lines};
use super::map::MemoryMap;
use super::memory::{Memory, Touched};
use super::mode::Mode;
use super::profile::{self, FunctionProfile, InstructionProfile};
use super::run::{Hart, Limits, RETURN};
use super::semihosting::Services;
use super::trail::Trail;
use super::{arm, riscv};
use crate::library::core::{Core, Family};

/// Symbols that linker scripts give the lowest address of the stack.
const STACK_BOTTOMS: [&str; 5] = ["_stack_bottom", "__StackLimit", "__stack_limit", "_sstack", "__stack_end__"];

/// Symbols that linker scripts give the first address behind the variables.
const HEAP_STARTS: [&str; 5] = ["__HeapBase", "__heap_start", "end", "_end", "__end__"];

/// How a run paused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Pause {
    /// At the address where it was to stop, or a called function returned.
    Stop,
    /// After its instructions.
    Budget,
    /// The program ended.
    Exit {
        /// 0 for success.
        status: u32,
    },
}

/// A simulated board with a program in its memories. A clone is a second, independent board.
pub struct Machine {
    processor: Box<dyn Processor>,
    mode: Mode,
    functions: Arc<[(u32, Function)]>,
    symbols: Arc<BTreeMap<String, Symbol>>,
    lines: Arc<Lines>,
    map: Arc<MemoryMap>,
    /// What the image puts into RAM.
    initial: Arc<[(u32, Vec<u8>)]>,
    start: (u32, u32),
    stack_top: u32,
}

impl Clone for Machine {
    fn clone(&self) -> Self {
        Self {
            processor: self.processor.duplicate(),
            mode: self.mode,
            functions: Arc::clone(&self.functions),
            symbols: Arc::clone(&self.symbols),
            lines: Arc::clone(&self.lines),
            map: Arc::clone(&self.map),
            initial: Arc::clone(&self.initial),
            start: self.start,
            stack_top: self.stack_top,
        }
    }
}

impl Machine {
    /// Loads an ELF image into the memories of a board with `core`, and resets it.
    /// It counts instructions, cycles and functions until [`Machine::set_mode`] says otherwise.
    ///
    /// # Errors
    /// Where the image is no ELF for the core's family, or doesn't fit the memories.
    pub fn load(elf: &[u8], core: &Core, map: &MemoryMap) -> Result<Self, LoadError> {
        let image = elf::read(elf, &core.family)?;
        let mut flash = vec![0xff; map.flash.size as usize];
        let (mut initial, mut used) = (Vec::new(), 0);
        for (address, bytes) in &image.segments {
            let size = bytes.len() as u32;
            if map.flash.holds(*address, size) {
                let at = address - map.flash.origin;
                flash[at as usize..][..bytes.len()].copy_from_slice(bytes);
                used = used.max(at + size);
            } else if map.ram.holds(*address, size) {
                initial.push((*address, bytes.clone()));
            } else {
                return Err(LoadError::Outside { address: *address, size });
            }
        }
        let memory = Memory::new(flash.into(), map);
        let limit = STACK_BOTTOMS.iter().find_map(|name| image.symbols.get(*name)).map_or(0, |symbol| symbol.address);
        let bus = Bus::new(memory, Flash::new(&map.flash_timing, &map.flash), limit);
        let functions: Arc<[(u32, Function)]> = image.functions.clone().into();
        let mut machine = Self {
            processor: match &core.family {
                Family::Arm(family) => {
                    let vectors = map.vectors.unwrap_or(map.flash.origin);
                    hart(arm::Cpu::new(core, family, bus, vectors), map, &image, used, Arc::clone(&functions))
                }
                Family::Riscv(family) => hart(riscv::Cpu::new(family, bus), map, &image, used, Arc::clone(&functions)),
            },
            mode: Mode::Profile,
            stack_top: image.symbols.get("_stack_top").map_or(map.ram.end() as u32, |symbol| symbol.address),
            functions,
            symbols: Arc::new(image.symbols),
            lines: Arc::new(image.lines),
            map: Arc::new(map.clone()),
            initial: initial.into(),
            start: (0, 0),
        };
        machine.find_areas(limit);
        machine.fill_ram();
        machine.start = match core.family {
            Family::Arm(_) => machine.find_start(image.entry)?,
            Family::Riscv(_) if image.entry == 0 => return Err(LoadError::NoEntry),
            Family::Riscv(_) => (machine.stack_top, image.entry & !1),
        };
        machine.reset();
        Ok(machine)
    }

    /// Where heap and stack are, for `SYS_HEAPINFO`: the heap is what the image leaves of the RAM above its variables.
    fn find_areas(&mut self, stack_bottom: u32) {
        let heap = HEAP_STARTS.iter().find_map(|name| self.symbol(name)).map_or(0, |symbol| symbol.address);
        let end = if stack_bottom > heap { stack_bottom } else { self.map.ram.end() as u32 };
        let end = if heap == 0 { 0 } else { end };
        self.processor.bus_mut().host.areas = [heap, end, self.stack_top, stack_bottom];
    }

    fn fill_ram(&mut self) {
        for (address, bytes) in Arc::clone(&self.initial).iter() {
            self.processor.bus_mut().memory.poke(*address, bytes);
        }
    }

    /// Initial stack pointer and pc: from the vector table, or the entry point of an image without one.
    fn find_start(&self, entry: u32) -> Result<(u32, u32), LoadError> {
        let vectors = self.map.vectors.unwrap_or(self.map.flash.origin);
        let word =
            |address| self.read(address, 4).map(|bytes| u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]));
        if let (Some(stack), Some(pc)) = (word(vectors), word(vectors.wrapping_add(4))) {
            let in_ram = u64::from(stack) > u64::from(self.map.ram.origin) && u64::from(stack) <= self.map.ram.end();
            if in_ram && stack.is_multiple_of(4) && pc & 1 == 1 {
                return Ok((stack, pc & !1));
            }
        }
        if entry == 0 { Err(LoadError::NoEntry) } else { Ok((self.stack_top, entry & !1)) }
    }

    /// Back to the state after loading: memories, registers, counters, console. Mode and guards stay.
    pub fn reset(&mut self) {
        let flash = Flash::new(&self.map.flash_timing, &self.map.flash);
        self.processor.reset(self.start.0, self.start.1, flash);
        self.fill_ram();
    }

    /// Chooses what the next runs count.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// The symbol called `name`.
    pub fn symbol(&self, name: &str) -> Option<Symbol> {
        self.symbols.get(name).copied()
    }

    /// All symbols with their names, by name.
    pub fn symbols(&self) -> impl Iterator<Item = (&str, Symbol)> {
        self.symbols.iter().map(|(name, symbol)| (name.as_str(), *symbol))
    }

    /// The source line of each address, where the image has debug information for it.
    pub fn lines(&self, addresses: &[u32]) -> Vec<Option<Line>> {
        self.lines.find(addresses)
    }

    /// The registers by name.
    pub fn registers(&self) -> Vec<(&'static str, u32)> {
        self.processor.registers()
    }

    /// Says what the program finds behind semihosting from now on.
    pub fn serve(&mut self, services: Services) {
        self.processor.bus_mut().host.services = services;
    }

    /// Counts every access to RAM and flash from now on, which takes time.
    pub fn watch_memory(&mut self) {
        self.processor.bus_mut().memory.watch();
    }

    /// From now on a load of one of `size` bytes of RAM from `address` faults until the program has stored to it.
    pub fn expect_stores(&mut self, address: u32, size: u32) {
        self.processor.bus_mut().memory.expect_stores(address..address.saturating_add(size));
    }

    /// How many of these bytes the program uses: up to the last one that it stored to. Ends the watch.
    pub fn stored(&mut self) -> u32 {
        self.processor.bus_mut().memory.stored()
    }

    /// Accesses since then, or since the reset, to the words that `size` bytes from `address` lie in.
    pub fn touched(&self, address: u32, size: u32) -> &[Touched] {
        self.processor.bus().memory.touched(address, size)
    }

    /// Writes RAM or flash; false, and nothing written, where it isn't all one of them. Code that ran must not change.
    pub fn patch(&mut self, address: u32, bytes: &[u8]) -> bool {
        self.processor.bus_mut().memory.patch(address, bytes)
    }

    /// `size` bytes of flash or RAM from `address`; None where the board has neither.
    pub fn read(&self, address: u32, size: u32) -> Option<&[u8]> {
        self.processor.bus().memory.bytes(address, size)
    }

    /// Writes RAM; false, and nothing written, where it isn't all RAM.
    #[must_use]
    pub fn write(&mut self, address: u32, bytes: &[u8]) -> bool {
        self.processor.bus_mut().memory.poke(address, bytes)
    }

    /// Runs until the program reaches `pc` (again, if it is there already).
    ///
    /// # Errors
    /// When the program faults, ends, or executes `budget` instructions before.
    pub fn run_until(&mut self, pc: u32, budget: u64) -> Result<(), Fault> {
        self.run_to(pc & !1, budget)
    }

    /// Runs until the program ends by semihosting; returns its status.
    ///
    /// # Errors
    /// When the program faults or executes `budget` instructions before.
    pub fn run(&mut self, budget: u64) -> Result<u32, Fault> {
        match self.run_to(RETURN, budget) {
            Err(Fault { kind: FaultKind::Exit { status }, .. }) => Ok(status),
            Err(fault) => Err(fault),
            Ok(()) => Ok(0),
        }
    }

    /// Calls the function at `function` with words in r0 to r3 and on the stack; returns r0. The stack starts anew, so
    /// what the program was doing can't be continued. Run the start-up code first where the function needs `.data`.
    ///
    /// # Errors
    /// When the function faults or executes `budget` instructions before it returns.
    pub fn call(&mut self, function: u32, args: &[u32], budget: u64) -> Result<u32, Fault> {
        self.call_with(function, args, &[], budget).map(|(word, _)| word)
    }

    /// The same with floats in s0 to s15 (the calling convention of cores with an FPU); returns r0 and s0.
    ///
    /// # Errors
    /// As for [`Machine::call`].
    pub fn call_with(&mut self, function: u32, args: &[u32], floats: &[f32], budget: u64) -> Result<(u32, f32), Fault> {
        self.processor.call(function, self.stack_top, args, floats);
        self.run_to(RETURN, budget)?;
        Ok(self.processor.result())
    }

    /// Prepares a call of `function` as [`Machine::call`] does; [`Machine::advance`] runs it.
    pub fn enter(&mut self, function: u32, args: &[u32]) {
        self.processor.call(function, self.stack_top, args, &[]);
    }

    /// What the last function that returned gave back, as a word and as a float.
    pub fn returned(&self) -> (u32, f32) {
        self.processor.result()
    }

    /// Goes on until `stop` is reached (again, if the program is there already), a call from outside returns, or at
    /// least `budget` instructions are executed: a straight piece of code is finished first.
    ///
    /// # Errors
    /// When the program faults.
    pub fn advance(&mut self, stop: Option<u32>, budget: u64) -> Result<Pause, Fault> {
        self.pause(Limits { stop: stop.map_or(RETURN, |pc| pc & !1), budget, single: false })
    }

    /// Executes one instruction, or takes an interrupt.
    ///
    /// # Errors
    /// When it faults.
    pub fn step(&mut self) -> Result<Pause, Fault> {
        self.pause(Limits { stop: RETURN, budget: 1, single: true })
    }

    fn pause(&mut self, limits: Limits) -> Result<Pause, Fault> {
        match self.processor.run_to(self.mode, limits) {
            Ok(()) => Ok(Pause::Stop),
            Err(FaultKind::Budget { .. }) => Ok(Pause::Budget),
            Err(FaultKind::Exit { status }) => Ok(Pause::Exit { status }),
            Err(kind) => Err(self.fault(kind)),
        }
    }

    fn run_to(&mut self, stop: u32, budget: u64) -> Result<(), Fault> {
        self.processor.run_to(self.mode, Limits { stop, budget, single: false }).map_err(|kind| self.fault(kind))
    }

    fn fault(&self, kind: FaultKind) -> Fault {
        let pc = self.processor.pc();
        let branches = self.processor.branches();
        let addresses: Vec<u32> = std::iter::once(pc).chain(branches.iter().map(|(from, _)| *from)).collect();
        let mut lines = self.lines(&addresses).into_iter();
        let line = lines.next().flatten();
        let branch = |((from, to), line)| Branch { from, to, function: self.function(from), line };
        Fault {
            kind,
            pc,
            function: self.function(pc),
            line,
            registers: self.processor.registers(),
            branches: branches.into_iter().zip(lines).map(branch).collect(),
        }
    }

    /// The function that holds `pc`.
    pub fn function(&self, pc: u32) -> Option<String> {
        profile::function_at(&self.functions, pc).map(|at| self.functions[at].1.name.clone())
    }

    /// Lets the program use the FPU, if there is one, as start-up code does.
    pub fn enable_fpu(&mut self) {
        self.processor.enable_fpu();
    }

    /// Any access of the program inside `range` faults from now on.
    pub fn guard(&mut self, range: Range<u32>) {
        self.processor.bus_mut().memory.guard(range);
    }

    /// Removes all guards.
    pub fn clear_guards(&mut self) {
        self.processor.bus_mut().memory.clear_guards();
    }

    /// Instructions executed since the reset.
    pub fn instructions(&self) -> u64 {
        self.processor.bus().instructions
    }

    /// Cycles since the reset; in [`Mode::Fast`], one an instruction.
    pub fn cycles(&self) -> u64 {
        self.processor.bus().cycles
    }

    /// Those of them in which the core waited for flash.
    pub fn stalls(&self) -> u64 {
        self.processor.bus().flash.stalled
    }

    /// The address of the instruction that runs next.
    pub fn pc(&self) -> u32 {
        self.processor.pc()
    }

    /// Bytes of stack used at most since the reset.
    pub fn stack_peak(&self) -> u32 {
        self.stack_above(self.processor.deepest())
    }

    /// Bytes of stack in use where the stack pointer is `pointer`.
    pub fn stack_above(&self, pointer: u32) -> u32 {
        let top = self.symbol("_stack_top").map_or(self.start.0, |symbol| symbol.address);
        top.saturating_sub(pointer)
    }

    /// What each function did since the reset or the last [`Machine::clear_profile`], the most cycles first.
    pub fn profile(&self) -> Vec<FunctionProfile> {
        profile::fold(&self.instruction_profile(), &self.call_tree(), &self.functions)
    }

    /// What each instruction did in the same time, by address.
    pub fn instruction_profile(&self) -> Vec<InstructionProfile> {
        self.processor.profile()
    }

    /// What each function did in the same time, by its chain of callers; callers come before their callees.
    pub fn call_tree(&self) -> Vec<CallNode> {
        self.processor.call_tree()
    }

    /// Text and length in bytes of the instruction at `pc`, if code is there; outside a block of conditional execution
    /// unless it has run.
    pub fn disassemble(&self, pc: u32) -> Option<(String, u8)> {
        self.processor.disassemble(pc)
    }

    /// Sets the counters of all functions to zero.
    pub fn clear_profile(&mut self) {
        self.processor.clear_profile();
    }

    /// What the program printed by semihosting since the reset.
    pub fn console(&self) -> &[u8] {
        &self.processor.bus().host.console
    }

    /// Takes what the program printed since the last time.
    pub fn take_console(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.processor.bus_mut().host.console)
    }
}

/// A core with the code of its memories.
fn hart<I: Isa>(
    isa: I,
    map: &MemoryMap,
    image: &Image,
    used: u32,
    functions: Arc<[(u32, Function)]>,
) -> Box<dyn Processor> {
    let line = map.flash_timing.line_bytes;
    let everywhere = [(map.ram.origin, u32::MAX)];
    let mut parked = Vec::new();
    if map.ram.execute {
        parked.push(Code::new(&map.ram, map.ram.size, &everywhere, line, true));
    }
    let costs = isa.branch_costs();
    let code = Code::new(&map.flash, used, &image.code, line, false);
    Box::new(Hart { isa, code, parked, trail: Trail::default(), calls: Calls::new(functions), costs, by_branch: true })
}

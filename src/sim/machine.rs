//! A board with a program: load it, run it, call into it, look at it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::code::{Code, Counter, special};
use super::cpu::Cpu;
use super::decode::Context;
use super::elf::{self, Function, LoadError, Symbol};
use super::fault::{Fault, FaultKind};
use super::flash::Flash;
use super::map::MemoryMap;
use super::memory::Memory;
use super::profile::{self, FunctionProfile};
use super::run::{RETURN, Trail};
use super::system::System;
use crate::library::core::{Core, Fpu, Isa};

/// What a run counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode {
    /// Instructions only: each takes one cycle.
    Fast,
    /// Instructions and cycles.
    Cycles,
    /// Instructions and cycles, per function too.
    Profile,
}

/// A simulated board with a program in its memories. A clone is a second, independent board.
#[derive(Clone)]
pub struct Machine {
    pub(super) cpu: Cpu,
    pub(super) core: Arc<Core>,
    pub(super) context: Context,
    pub(super) mode: Mode,
    /// The code that runs, and that of the other memories.
    pub(super) code: Code,
    pub(super) parked: Vec<Code>,
    pub(super) trail: Trail,
    pub(super) taken_cost: u64,
    pub(super) deepest: u32,
    pub(super) stack_bottom: Option<u32>,
    pub(super) functions: Arc<[(u32, Function)]>,
    symbols: Arc<BTreeMap<String, Symbol>>,
    map: Arc<MemoryMap>,
    /// What the image puts into RAM.
    initial: Arc<[(u32, Vec<u8>)]>,
    start: (u32, u32),
    stack_top: u32,
}

impl Machine {
    /// Loads an ELF image into the memories of a board with `core`, and resets it.
    /// It counts instructions, cycles and functions until [`Machine::set_mode`] says otherwise.
    ///
    /// # Errors
    /// Where the image is no ELF for a 32-bit Arm core, or doesn't fit the memories.
    pub fn load(elf: &[u8], core: &Core, map: &MemoryMap) -> Result<Self, LoadError> {
        let image = elf::read(elf)?;
        let mut flash = vec![0xff; map.flash.size as usize];
        let (mut initial, mut used) = (Vec::new(), 0);
        for (address, bytes) in image.segments {
            let size = bytes.len() as u32;
            if map.flash.holds(address, size) {
                let at = address - map.flash.origin;
                flash[at as usize..][..bytes.len()].copy_from_slice(&bytes);
                used = used.max(at + size);
            } else if map.ram.holds(address, size) {
                initial.push((address, bytes));
            } else {
                return Err(LoadError::Outside { address, size });
            }
        }
        let memory = Memory::new(flash.into(), map.flash, map.ram, &map.devices);
        let code = Code::new(&map.flash, used, &image.code, false);
        let everywhere = [(map.ram.origin, u32::MAX)];
        let parked =
            if map.ram.execute { vec![Code::new(&map.ram, map.ram.size, &everywhere, true)] } else { Vec::new() };
        let mut machine = Self {
            cpu: cpu(core, map, memory),
            context: Context::new(core),
            core: Arc::new(core.clone()),
            mode: Mode::Profile,
            code,
            parked,
            trail: Trail::default(),
            taken_cost: core.cycles.taken.into(),
            deepest: u32::MAX,
            stack_bottom: image.symbols.get("_stack_bottom").map(|symbol| symbol.address),
            stack_top: image.symbols.get("_stack_top").map_or(map.ram.end() as u32, |symbol| symbol.address),
            functions: image.functions.into(),
            symbols: Arc::new(image.symbols),
            map: Arc::new(map.clone()),
            initial: initial.into(),
            start: (0, 0),
        };
        machine.mark_entries();
        machine.fill_ram();
        machine.start = machine.find_start(image.entry)?;
        machine.reset();
        Ok(machine)
    }

    fn mark_entries(&mut self) {
        let functions = Arc::clone(&self.functions);
        for (address, _) in functions.iter() {
            for code in self.parked.iter_mut().chain([&mut self.code]) {
                if let Some(at) = code.index(*address) {
                    code.slots[at].special |= special::ENTRY;
                }
            }
        }
    }

    fn fill_ram(&mut self) {
        for (address, bytes) in Arc::clone(&self.initial).iter() {
            self.cpu.memory.poke(*address, bytes);
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
        self.cpu.memory.reset();
        self.fill_ram();
        let fresh = cpu(&self.core, &self.map, Memory::new(Arc::from([]), self.map.flash, self.map.ram, &[]));
        let memory = std::mem::replace(&mut self.cpu, fresh).memory;
        self.cpu.memory = memory;
        self.cpu.r[13] = self.start.0;
        self.cpu.r[14] = u32::MAX;
        self.cpu.pc = self.start.1;
        self.deepest = u32::MAX;
        self.trail = Trail::default();
        self.clear_profile();
    }

    /// Chooses what the next runs count.
    pub fn set_mode(&mut self, mode: Mode) {
        self.mode = mode;
    }

    /// The symbol called `name`.
    pub fn symbol(&self, name: &str) -> Option<Symbol> {
        self.symbols.get(name).copied()
    }

    /// `size` bytes of flash or RAM from `address`; None where the board has neither.
    pub fn read(&self, address: u32, size: u32) -> Option<&[u8]> {
        self.cpu.memory.bytes(address, size)
    }

    /// Writes RAM; false, and nothing written, where it isn't all RAM.
    #[must_use]
    pub fn write(&mut self, address: u32, bytes: &[u8]) -> bool {
        self.cpu.memory.poke(address, bytes)
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
        let spilled = args.get(4..).unwrap_or(&[]);
        // AAPCS: the stack pointer is a multiple of 8 at a call.
        let stack = self.stack_top.wrapping_sub(spilled.len() as u32 * 4) & !7;
        for (index, word) in spilled.iter().enumerate() {
            self.cpu.memory.poke(stack.wrapping_add(index as u32 * 4), &word.to_le_bytes());
        }
        for (register, &word) in self.cpu.r.iter_mut().zip(args.iter().take(4)) {
            *register = word;
        }
        for (register, float) in self.cpu.s.iter_mut().zip(floats.iter().take(16)) {
            *register = float.to_bits();
        }
        self.cpu.r[13] = stack;
        self.deepest = self.deepest.min(stack);
        self.cpu.r[14] = RETURN | 1;
        self.cpu.pc = function & !1;
        self.run_to(RETURN, budget)?;
        Ok((self.cpu.r[0], f32::from_bits(self.cpu.s[0])))
    }

    /// Lets the program use the FPU, if there is one, as start-up code does.
    pub fn enable_fpu(&mut self) {
        self.cpu.fpu_enabled = self.cpu.has_fpu;
    }

    /// Any access of the program inside `range` faults from now on.
    pub fn guard(&mut self, range: Range<u32>) {
        self.cpu.memory.guard(range);
    }

    /// Removes all guards.
    pub fn clear_guards(&mut self) {
        self.cpu.memory.clear_guards();
    }

    /// Instructions executed since the reset.
    pub fn instructions(&self) -> u64 {
        self.cpu.instructions
    }

    /// Cycles since the reset; in [`Mode::Fast`], one an instruction.
    pub fn cycles(&self) -> u64 {
        self.cpu.cycles
    }

    /// The address of the instruction that runs next.
    pub fn pc(&self) -> u32 {
        self.cpu.pc
    }

    /// Bytes of stack used at most since the reset.
    pub fn stack_peak(&self) -> u32 {
        let top = self.symbol("_stack_top").map_or(self.start.0, |symbol| symbol.address);
        top.saturating_sub(self.deepest)
    }

    /// What each function did since the reset or the last [`Machine::clear_profile`], the most cycles first.
    pub fn profile(&self) -> Vec<FunctionProfile> {
        profile::fold(&self.codes(), &self.functions)
    }

    /// Sets the counters of all functions to zero.
    pub fn clear_profile(&mut self) {
        for code in self.parked.iter_mut().chain([&mut self.code]) {
            code.counters.fill(Counter::default());
        }
    }

    /// What the program printed by semihosting since the reset.
    pub fn console(&self) -> &[u8] {
        &self.cpu.console
    }
}

/// A core after reset.
fn cpu(core: &Core, map: &MemoryMap, memory: Memory) -> Cpu {
    let has_fpu = core.fpu != Fpu::None;
    Cpu {
        r: [0; 16],
        pc: 0,
        n: 0,
        z: 1,
        c: false,
        v: false,
        q: false,
        ge: 0,
        s: [0; 32],
        fpscr: 0,
        primask: false,
        faultmask: false,
        basepri: 0,
        control: 0,
        other_stack: 0,
        limits: [0; 2],
        exclusive: false,
        fpu_enabled: false,
        has_fpu,
        mainline: core.isa >= Isa::ArmV7M,
        rules: core.cycles.clone(),
        instructions: 0,
        cycles: 0,
        memory,
        system: System::new(core.cpuid, has_fpu),
        flash: Flash::new(&map.flash_timing, &map.flash),
        console: Vec::new(),
    }
}

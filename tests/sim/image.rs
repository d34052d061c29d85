//! Test images and boards: a minimal ELF around raw code, and the memory maps of QEMU's machines.

use tinyml::base::Source;
use tinyml::library::core::Core;
use tinyml::sim::{Device, FlashTiming, Machine, MemoryMap, Region};

/// The core called `name` of the standard library.
pub(crate) fn core(name: &str) -> Core {
    let path = format!("{}/stdlib/cores/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).expect("a core of the standard library");
    Core::parse(name, &Source::new(path, text)).expect("a core that parses")
}

/// A board with flash at 0 and RAM at 0x20000000, like QEMU's machines for Cortex-M.
pub(crate) fn board(flash: u32, ram: u32) -> MemoryMap {
    MemoryMap {
        flash: Region { origin: 0, size: flash, execute: true },
        ram: Region { origin: 0x2000_0000, size: ram, execute: false },
        devices: vec![Device { origin: 0x4000_0000, size: 0x2000_0000, presets: Vec::new() }],
        vectors: None,
        flash_timing: FlashTiming::default(),
        data_window: None,
        counters: Vec::new(),
    }
}

/// An ELF with one segment at address 0 and no sections.
pub(crate) fn elf(bytes: &[u8]) -> Vec<u8> {
    elf_at(0, bytes)
}

/// The same at `origin`.
pub(crate) fn elf_at(origin: u32, bytes: &[u8]) -> Vec<u8> {
    let mut elf = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    let half = |elf: &mut Vec<u8>, value: u16| elf.extend(value.to_le_bytes());
    let word = |elf: &mut Vec<u8>, value: u32| elf.extend(value.to_le_bytes());
    half(&mut elf, 2);
    half(&mut elf, 40);
    for value in [1, origin | 1, 52, 0, 0x0500_0200] {
        word(&mut elf, value);
    }
    for value in [52, 32, 1, 40, 0, 0] {
        half(&mut elf, value);
    }
    for value in [1, 84, origin, origin, bytes.len() as u32, bytes.len() as u32, 5, 4] {
        word(&mut elf, value);
    }
    elf.extend(bytes);
    elf
}

/// The same memories elsewhere.
pub(crate) fn board_at(flash_origin: u32, flash: u32, ram_origin: u32, ram: u32) -> MemoryMap {
    let mut map = board(flash, ram);
    map.flash.origin = flash_origin;
    map.ram.origin = ram_origin;
    map
}

/// Halfwords behind a vector table of two words: stack pointer 0x20001000, start at 8.
pub(crate) fn program(code: &[u16]) -> Vec<u8> {
    program_at(0, 0x2000_1000, code)
}

/// The same for an image at `origin` with its stack below `stack`.
pub(crate) fn program_at(origin: u32, stack: u32, code: &[u16]) -> Vec<u8> {
    let mut bytes = [stack.to_le_bytes(), (origin + 9).to_le_bytes()].concat();
    bytes.extend(code.iter().flat_map(|half| half.to_le_bytes()));
    bytes
}

/// A machine about to run `code`.
pub(crate) fn machine(core_name: &str, code: &[u16]) -> Machine {
    Machine::load(&elf(&program(code)), &core(core_name), &board(0x1_0000, 0x4000)).expect("an image that loads")
}

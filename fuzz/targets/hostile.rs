//! What hostile bytes are given to: images that are none, code that is none. Used by `cargo fuzz` and by `cargo test`.
//!
//! Nothing may panic, run past its budget, or take more memory than the board has and the file is large.
#![allow(dead_code, reason = "each target uses a part")]

use std::sync::OnceLock;

use tinyml::base::Source;
use tinyml::library::core::Core;
use tinyml::sim::{Cache, Device, FlashTiming, Machine, MemoryMap, Mode, Region};

/// Instructions of one run.
const BUDGET: u64 = 2000;

const CORES: &[(&str, &str)] = &[
    ("cortex_m0plus", include_str!("../../stdlib/cores/cortex_m0plus.toml")),
    ("cortex_m3", include_str!("../../stdlib/cores/cortex_m3.toml")),
    ("cortex_m4f", include_str!("../../stdlib/cores/cortex_m4f.toml")),
    ("cortex_m7", include_str!("../../stdlib/cores/cortex_m7.toml")),
    ("cortex_m33", include_str!("../../stdlib/cores/cortex_m33.toml")),
    ("esp32c3", include_str!("../../stdlib/cores/esp32c3.toml")),
];

fn cores() -> &'static [Core] {
    static PARSED: OnceLock<Vec<Core>> = OnceLock::new();
    PARSED.get_or_init(|| {
        let core =
            |(name, text): &(&str, &str)| Core::parse(name, &Source::new(*name, *text)).expect("a core that parses");
        CORES.iter().map(core).collect()
    })
}

/// Boards of several kinds: slow flash, RAM that executes, next to no RAM, vectors elsewhere.
fn board(kind: usize) -> MemoryMap {
    let lines = |lines| Cache { lines, ..Cache::default() };
    let timing = FlashTiming {
        wait_states: 3,
        line_bytes: 8,
        instructions: lines(4),
        data: lines(2),
        prefetch: kind == 0,
        ..FlashTiming::default()
    };
    MemoryMap {
        flash: Region { origin: if kind == 2 { 0x1000_0000 } else { 0 }, size: 0x8000, execute: true },
        ram: Region { origin: 0x2000_0000, size: [0x2000, 0x1000, 0][kind % 3], execute: kind == 1 },
        devices: vec![Device { origin: 0x4000_0000, size: 0x2000_0000, presets: vec![(0x4000_0000, 1)] }],
        vectors: (kind == 2).then_some(0x1000_0100),
        flash_timing: if kind == 1 { FlashTiming::default() } else { timing },
        data_window: (kind == 1).then_some(0x3c00_0000),
        counters: Vec::new(),
    }
}

/// Loads `data` on every board and runs what loads in every mode; how many runs that was.
pub(super) fn elf(data: &[u8]) -> u32 {
    let mut runs = 0;
    for core in cores() {
        for kind in 0..3 {
            let Ok(mut machine) = Machine::load(data, core, &board(kind)) else { continue };
            for mode in [Mode::Fast, Mode::Cycles, Mode::Profile] {
                machine.reset();
                machine.set_mode(mode);
                machine.run(BUDGET).ok();
                look(&mut machine);
                runs += 1;
            }
        }
    }
    runs
}

/// Runs `data` as code: its first bytes choose core, board, mode and registers. How many runs that was.
pub(super) fn code(data: &[u8]) -> u32 {
    let Some((head, code)) = data.split_at_checked(20) else { return 0 };
    let word = |at: usize| u32::from_le_bytes([head[at], head[at + 1], head[at + 2], head[at + 3]]);
    let core = &cores()[usize::from(head[0]) % cores().len()];
    let map = board(usize::from(head[1]) % 2);
    let code = &code[..code.len().min(0x4000)];
    let Ok(mut machine) = Machine::load(&wrapped(core, code), core, &map) else { return 0 };
    machine.set_mode([Mode::Fast, Mode::Cycles, Mode::Profile][usize::from(head[2]) % 3]);
    machine.enable_fpu();
    if head[3] & 1 != 0 {
        machine.guard(0x2000_0800..0x2000_0900);
    }
    let place =
        if map.ram.execute && machine.write(0x2000_0000, &code[..code.len().min(0x800)]) { 0x2000_0000 } else { 8 };
    let args = [word(4), word(8), word(12), word(16), 5];
    machine.call(place, &args, BUDGET).ok();
    machine.call_with(place + 2, &args, &[f32::from_bits(word(4)), 1.5], BUDGET).ok();
    machine.run_until(place + 4, BUDGET).ok();
    look(&mut machine);
    3
}

/// Everything that can be asked of a machine, whatever state it is in.
fn look(machine: &mut Machine) {
    let profile: u64 = machine.profile().iter().map(|line| line.instructions).sum();
    assert!(profile <= machine.instructions(), "the profile has more instructions than ran");
    assert!(machine.call_tree().iter().enumerate().all(|(at, node)| node.parent <= at), "a callee before its caller");
    machine.instruction_profile();
    machine.disassemble(machine.pc());
    machine.drain_rtt();
    machine.stack_peak();
    assert!(machine.console().len() <= 1 << 24, "the console grows");
}

/// A minimal ELF with `code` behind a vector table at address 0.
fn wrapped(core: &Core, code: &[u8]) -> Vec<u8> {
    let machine: u32 = if core.zig.target.starts_with("thumb") { 40 } else { 243 };
    let size = code.len() as u32 + 8;
    let words = [
        0x464c_457f,
        0x0001_0101,
        0,
        0,
        machine << 16 | 2,
        1,
        9,
        52,
        0,
        0x0500_0200,
        0x20 << 16 | 0x34,
        0x28 << 16 | 1,
        0,
    ]
    .into_iter()
    .chain([1, 84, 0, 0, size, size, 5, 4])
    .chain([0x2000_0800, 9]);
    words.flat_map(u32::to_le_bytes).chain(code.iter().copied()).collect()
}

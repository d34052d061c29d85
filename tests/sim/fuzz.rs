//! Fuzzing of the simulator in this process: hostile images and code, from a seed, mutated from a small corpus.
//!
//! The same targets run under `cargo fuzz` with coverage (fuzz/README.md). Here a few seconds of them are part of every
//! test run; `TINYML_FUZZ_SECONDS=600` makes it ten minutes with the clock's own seed, and says what ran.

#[path = "../../fuzz/targets/hostile.rs"]
mod hostile;

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tinyml::base::rng::Rng;
use tinyml::sim::{Access, FaultKind, LoadError, Machine, Mode};

use crate::builds::{Build, compilers};
use crate::image;
use crate::qemu::{self, ORACLES};

/// Words that are corners of sizes, offsets and counts.
const CORNERS: [u32; 12] =
    [0, 1, 2, 4, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0xffff_fff0, 0x2000_0000, 0x1_0000, 0x34, 40];
/// A mutated image is not larger.
const LARGEST: usize = 1 << 16;

/// Resident memory in KiB: now, and at most so far; zero where the system doesn't tell.
fn memory() -> (u64, u64) {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_whitespace().nth(1)).and_then(|word| word.parse().ok()).unwrap_or(0)
    };
    (field("VmRSS:"), field("VmHWM:"))
}

/// Changes `bytes` in one of the ways in which files break.
fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.below(bytes.len().max(1));
    match rng.below(8) {
        _ if bytes.len() < 4 => bytes.extend(rng.next_u64().to_le_bytes()),
        0 => bytes[at] = rng.next_u64() as u8,
        1 => bytes[at] ^= 1 << rng.below(8),
        2 => bytes.truncate(at),
        3 | 4 => {
            // A field of a header is a word or a halfword, most often near the front.
            let at = if rng.below(2) == 0 { rng.below(bytes.len().min(256)) } else { at } & !1;
            let value = CORNERS[rng.below(CORNERS.len())].to_le_bytes();
            let size = if rng.below(2) == 0 { 2 } else { 4 };
            bytes.iter_mut().skip(at).zip(&value[..size]).for_each(|(byte, new)| *byte = *new);
        }
        5 => {
            let size = rng.below((bytes.len() - at).min(64)) + 1;
            let piece = bytes[at..(at + size).min(bytes.len())].to_vec();
            let to = rng.below(bytes.len());
            bytes.splice(to..to, piece);
        }
        6 => {
            let size = rng.below((bytes.len() - at).min(64)) + 1;
            bytes.drain(at..(at + size).min(bytes.len()));
        }
        _ => {
            let from = rng.below(bytes.len());
            let size = rng.below(64).min(bytes.len() - from).min(bytes.len() - at);
            bytes.copy_within(from..from + size, at);
        }
    }
    bytes.truncate(LARGEST);
}

/// Images to begin with: one by hand, and real ones where a compiler is here.
fn images() -> Vec<Vec<u8>> {
    let mut all = vec![image::elf(&image::program(&[0x2001, 0xe7fe])), Vec::new()];
    let folder = tempfile::tempdir().expect("a temporary folder");
    let elf = folder.path().join("start.elf");
    for &compiler in compilers().iter().take(1) {
        for program in ["board_life", "varargs"] {
            Build { compiler, level: "-Os", program }.build(&ORACLES[1], &image::core("cortex_m3"), &[], &elf);
            all.push(std::fs::read(&elf).expect("the image that was just built"));
        }
    }
    all
}

/// Random bytes, half of them instructions of every kind.
fn random_code(rng: &mut Rng) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..20).map(|_| rng.next_u64() as u8).collect();
    for at in [4, 8, 12, 16] {
        // Registers are often addresses.
        if rng.below(2) == 0 {
            bytes[at..at + 4].copy_from_slice(&(0x2000_0000 + rng.below(0x2000) as u32).to_le_bytes());
        }
    }
    for _ in 0..rng.below(200) {
        let half = rng.next_u64() as u16;
        let wide = [0xe800, 0xf000, 0xf800][rng.below(3)];
        let half = if rng.below(3) == 0 { half & 0x7ff | wide } else { half };
        bytes.extend(half.to_le_bytes());
    }
    bytes
}

/// Runs `target` on inputs by `next` until the time is over; says how many there were and what memory they took.
fn run(name: &str, share: u32, mut next: impl FnMut(&mut Rng) -> Vec<u8>, target: fn(&[u8]) -> u32) {
    let asked = std::env::var("TINYML_FUZZ_SECONDS").ok().and_then(|text| text.parse::<u64>().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(2, |time| time.as_nanos() as u64);
    let seed = if asked.is_some() { now } else { 1 };
    let mut rng = Rng::new(seed, name);
    let (start, limit) = (Instant::now(), asked.map(Duration::from_secs));
    let (mut count, mut runs, mut slowest, before) = (0_u32, 0_u64, Duration::ZERO, memory().0);
    while limit.map_or(count < share, |limit| start.elapsed() < limit) {
        let input = next(&mut rng);
        let begun = Instant::now();
        let result = std::panic::catch_unwind(|| target(&input));
        runs += u64::from(*result.as_ref().unwrap_or(&0));
        if result.is_err() {
            let path = std::env::temp_dir().join(format!("tinyml-fuzz-{name}-{count}"));
            std::fs::write(&path, &input).ok();
            panic!("{name}: a panic on {} bytes, seed {seed}, number {count}; kept as {}", input.len(), path.display());
        }
        let took = begun.elapsed();
        assert!(took < Duration::from_secs(20), "{name}: {took:?} on one input, seed {seed}, number {count}");
        slowest = slowest.max(took);
        count += 1;
    }
    let (after, most) = memory();
    qemu::say(&format!(
        "{name}: {count} inputs, {runs} runs in {:.0} s, slowest {} ms, no panic; resident {before} KiB before, {after} KiB after, {most} KiB at most",
        start.elapsed().as_secs_f64(),
        slowest.as_millis()
    ));
    assert!(runs > 0, "{name}: nothing ran");
    assert!(after < before + (256 << 10), "{name}: memory grew from {before} to {after} KiB");
}

#[test]
fn hostile_images_are_refused_or_run() {
    let mut corpus = images();
    run(
        "elf",
        20_000,
        |rng| {
            let mut bytes = corpus[rng.below(corpus.len())].clone();
            for _ in 0..=rng.below(6) {
                mutate(&mut bytes, rng);
            }
            // What loads is worth more mutations.
            if corpus.len() < 200 && rng.below(20) == 0 {
                corpus.push(bytes.clone());
            }
            bytes
        },
        hostile::elf,
    );
}

/// An ELF of `size` bytes with `segments` headers of segments, each of all its bytes.
fn many_segments(segments: u16, size: usize) -> Vec<u8> {
    let mut elf = image::elf(&image::program(&[0xe7fe]));
    let header = elf[52..84].to_vec();
    elf.truncate(52);
    elf[44..46].copy_from_slice(&segments.to_le_bytes());
    for _ in 0..segments {
        elf.extend(&header);
        let at = elf.len() - 32;
        elf[at + 4..at + 8].copy_from_slice(&0_u32.to_le_bytes());
        elf[at + 16..at + 24].copy_from_slice(&[(size as u32).to_le_bytes(), u32::MAX.to_le_bytes()].concat());
    }
    elf.resize(size, 0);
    elf
}

/// An ELF with sections, of which the second has their names: name, type, flags, address, offset, size, link, info, alignment, size of an entry.
fn with_sections(sections: &[[u32; 10]], content: &[u8]) -> Vec<u8> {
    let mut elf = image::elf(&image::program(&[0xe7fe]));
    let start = elf.len() as u32;
    elf.extend(content);
    elf.resize(elf.len().next_multiple_of(4), 0);
    let table = elf.len() as u32;
    elf[32..36].copy_from_slice(&table.to_le_bytes());
    elf[48..50].copy_from_slice(&(sections.len() as u16).to_le_bytes());
    elf[50..52].copy_from_slice(&1_u16.to_le_bytes());
    for section in sections {
        let mut words = *section;
        words[4] += start;
        elf.extend(words.iter().flat_map(|word| word.to_le_bytes()));
    }
    elf
}

/// Each would take gigabytes or hours of a loader that believes what it reads.
#[test]
fn images_made_to_fill_memory_are_refused_or_small() {
    let before = memory().1;
    let (core, map) = (image::core("cortex_m4f"), image::board(0x40_0000, 0x4000));
    let refusal = |elf: &[u8]| match Machine::load(elf, &core, &map).err() {
        Some(LoadError::NotElf(reason)) => reason,
        other => format!("{other:?}"),
    };
    assert_eq!(refusal(&many_segments(60_000, 2_000_000)), "its segments share their bytes");
    assert!(Machine::load(&many_segments(1, 200), &core, &map).is_ok());
    // All of flash as code, sixty thousand times.
    let names = [0, 3, 0, 0, 0, 1, 0, 0, 1, 0];
    let code: Vec<[u32; 10]> =
        [[0; 10], names].into_iter().chain(vec![[0, 1, 6, 0, 0, 0x40_0000, 0, 0, 0, 0]; 60_000]).collect();
    assert_eq!(Machine::load(&with_sections(&code, &[0]), &core, &map).err(), None);
    // Symbols whose names are all endings of one name of a megabyte.
    let mut content = vec![b'x'; 1 << 20];
    content[0] = 0;
    content.push(0);
    let names = content.len() as u32;
    for at in 1..60_000_u32 {
        content.extend([at, 0, 4, 0x12 | 1 << 16].iter().flat_map(|word| word.to_le_bytes()));
    }
    let symbols = content.len() as u32 - names;
    let tables = [[0; 10], [0, 3, 0, 0, 0, names, 0, 0, 1, 0], [0, 2, 0, 0, names, symbols, 1, 0, 4, 16]];
    assert_eq!(refusal(&with_sections(&tables, &content)), "its symbols share their names");
    let grown = memory().1.saturating_sub(before);
    assert!(grown < 512 << 10, "{grown} KiB");
}

#[test]
fn a_program_that_runs_wild_over_devices_is_stopped() {
    // STR r1, [r0]; ADDS r0, #4; B -.
    let mut machine = image::machine("cortex_m3", &[0x6001, 0x3004, 0xe7fc]);
    let fault = machine.call(8, &[0x4000_0000, 7], 100_000_000).expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::Unmapped { address: 0x4040_0000, access: Access::Write });
}

#[test]
fn a_program_that_prints_without_end_takes_little_memory_and_time() {
    // SYS_WRITE0 of nearly all of RAM, again and again; then SYS_WRITE of a megabyte to a file that isn't open.
    let map = image::board(0x1000, 0x10_1000);
    for operation in [4_u16, 5] {
        let elf = image::elf(&image::program(&[0x2000 | operation, 0xbeab, 0xe7fc]));
        let mut machine = Machine::load(&elf, &image::core("cortex_m3"), &map).expect("an image");
        assert!(machine.write(0x2000_0000, &[1_u32, 0x2000_000c, 0x10_0000].map(u32::to_le_bytes).concat()));
        assert!(machine.write(0x2000_000c, &vec![b'x'; 0x10_0000]));
        let block = 0x2000_0000 + if operation == 4 { 12 } else { 0 };
        // A million calls of a megabyte each would take an hour.
        let budget = 3_000_000;
        let fault = machine.call(8, &[0, block], budget).expect_err("the budget");
        assert_eq!(fault.kind, FaultKind::Budget { instructions: budget });
        assert_eq!(machine.console().len(), if operation == 4 { 1 << 24 } else { 0 });
    }
}

#[test]
fn hostile_code_ends() {
    run("code", 15_000, random_code, hostile::code);
}

#[test]
fn code_entered_in_the_middle_of_an_instruction_is_counted_right() {
    // Found by fuzzing. From 8: VLDR d15, [lr, #-788] over 8 and 10; B at 12. From 10: SMLAL over 10 and 12; SVC at 14.
    let mut machine = image::machine("cortex_m4f", &[0xed1e, 0xfbc5, 0xe6d3, 0xdf13]);
    machine.enable_fpu();
    machine.call(8, &[], 10).expect_err("a misaligned load");
    assert_eq!(machine.instructions(), 1);
    machine.call(10, &[], 10).expect_err("a supervisor call");
    assert_eq!(machine.instructions(), 3);
    let counted: Vec<(u32, u64)> = machine.instruction_profile().iter().map(|line| (line.pc, line.count)).collect();
    assert_eq!(counted, [(8, 1), (10, 1), (14, 1)]);
}

#[test]
fn what_skipped_instructions_save_may_come_before_anything_was_counted() {
    // Found by fuzzing. CMP r0, r0; ITT LT; two MOVS; STR r3, [r1] misaligned; BX lr.
    for mode in [Mode::Fast, Mode::Cycles, Mode::Profile] {
        let mut machine = image::machine("cortex_m4f", &[0x4280, 0xbfbc, 0x2101, 0x2102, 0x600b, 0x4770]);
        machine.set_mode(mode);
        machine.call(8, &[0, 0x2000_0101, 0, 7], 10).expect("a return");
        assert_eq!(machine.instructions(), 6, "{mode:?}");
        assert!((6..20).contains(&machine.cycles()), "{mode:?}: {}", machine.cycles());
    }
}

/// Runs what a fuzzer found again: `TINYML_FUZZ_INPUT=FILE cargo test --test sim replay -- --ignored`.
#[test]
#[ignore = "needs an input that a fuzzer kept"]
fn replay() {
    let path = std::env::var("TINYML_FUZZ_INPUT").expect("TINYML_FUZZ_INPUT: the file");
    let bytes = std::fs::read(path).expect("a file that can be read");
    qemu::say(&format!("{} runs", hostile::elf(&bytes) + hostile::code(&bytes)));
}

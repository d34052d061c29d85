//! Decoding as a property: what is an instruction for us, for QEMU and for objdump.
//!
//! Samples are random words and instructions of every class with a bit or two changed. Nothing that another calls
//! undefined may be an instruction; what only we refuse must be unpredictable by a rule of the manual, named here.

use tinyml::base::rng::Rng;
use tinyml::sim::{FaultKind, Machine, Mode};

use crate::encodings;
use crate::image;
use crate::qemu::{self, ORACLES, Oracle};

/// Offsets in RAM: the registers' values behind the sample's return address, results, and where all registers point.
const TABLE: u32 = 0x100;
const RESULTS: u32 = 0x20_0000;
const MIDDLE: u32 = 0x10_0000;
const STACK: u32 = 0x8000;
/// All RAM: as code, supervisor calls, so that stray jumps come back.
const FILLED: u32 = 0xdfdf_dfdf;
/// UNDEFINSTR and NOCP in CFSR.
const UNDEFINED: u32 = 1 << 16 | 1 << 19;

/// Whether each word is undefined on `core`: executed one by one from an image that holds them all.
fn ours(core: &str, words: &[u32]) -> Vec<bool> {
    let halves: Vec<u16> = words.iter().flat_map(|word| [(word >> 16) as u16, *word as u16]).collect();
    let size = (halves.len() as u32 * 2 + 8).next_multiple_of(0x1000);
    let map = image::board(size, 0x4000);
    let elf = image::elf(&image::program(&halves));
    let mut machine = Machine::load(&elf, &image::core(core), &map).expect("an image");
    machine.set_mode(Mode::Fast);
    let undefined = |at: usize| {
        machine.enable_fpu();
        let ended = machine.call(8 + at as u32 * 4, &[0x2000_0100; 4], 1);
        matches!(ended, Err(fault) if matches!(fault.kind, FaultKind::Undefined { .. }))
    };
    (0..words.len()).map(undefined).collect()
}

/// A 32-bit encoding, anything at all or near an instruction.
fn sample(rng: &mut Rng, wide: &[&str]) -> u32 {
    let random = rng.next_u64() as u32;
    if rng.below(3) == 0 {
        return (0xe800 + rng.below(0x1800) as u32) << 16 | random & 0xffff;
    }
    let (bits, _) = encodings::fill(wide[rng.below(wide.len())], rng, &[]);
    let changed = match rng.below(4) {
        0 => bits,
        1 => bits ^ 1 << rng.below(29),
        2 => bits ^ 1 << rng.below(29) ^ 1 << rng.below(29),
        // Registers that most encodings don't take.
        _ => bits | [0xf, 0xd, 0xf00, 0xd00, 0xf000, 0xd000, 0xf_0000, 0xd_0000][rng.below(8)],
    };
    if changed >> 27 < 0b11101 { bits } else { changed }
}

fn samples(core: &str, count: usize, seed: u64) -> Vec<u32> {
    let mut rng = Rng::new(seed, core);
    let wide: Vec<&str> =
        encodings::CLASSES.iter().map(|class| class.pattern).filter(|pattern| pattern.len() == 32).collect();
    (0..count).map(|_| sample(&mut rng, &wide)).collect()
}

/// Branches, table branches, loads of pc (also those that are hints, which QEMU takes for loads) and system instructions:
/// they would leave QEMU's harness.
fn leaves(word: u32) -> bool {
    let to_pc = word & 0xff70_f000 == 0xf850_f000 || word & 0xfe50_8000 == 0xe810_8000;
    let narrow_to_pc = word & 0xfe10_f000 == 0xf810_f000 && word >> 21 & 3 != 2;
    word >> 27 == 0b11110 && word >> 15 & 1 == 1 || word & 0xfff0_ffe0 == 0xe8d0_f000 || narrow_to_pc || to_pc
}

/// Data processing into pc, stores relative to pc. QEMU jumps and stores; Arm calls all of it unpredictable (DDI 0403E,
/// "d == 15" and "n == 15" in A7.7).
fn changes_pc_or_code(word: u32) -> bool {
    let (first, d) = (word >> 16, word >> 8 & 15);
    let (code, s) = (first >> 5 & 15, first >> 4 & 1 == 1);
    let compares = s && matches!(code, 0 | 4 | 8 | 13);
    let modified = first >> 9 == 0b111_0101 || (first >> 11 == 0b11110 && first & 0x200 == 0);
    let plain = first >> 11 == 0b11110 && first & 0x200 != 0;
    let registers = matches!(first >> 8, 0xfa | 0xfb);
    let low = first >> 7 == 0x1f7 && word >> 4 & 15 != 15 && word >> 12 & 15 == 15;
    // Stores relative to pc would change the code.
    let stores = matches!(first >> 9, 0x74 | 0x76 | 0x7c) && first & 0x1f == 15;
    let moves_base = first & 0x20 != 0 && (matches!(first >> 9, 0x74 | 0x76)) && first & 15 == 15;
    let double = first & 0xfe50 == 0xe850 && first & 0x120 != 0 && (d == 15 || word >> 12 & 15 == 15);
    let t = word >> 12 & 15;
    let float = word & 0xff10_0e10 == 0xee10_0a10 && t == 15 && first & 0xf0 != 0xf0
        || word & 0xfff0_0e00 == 0xec50_0a00 && (t == 15 || first & 15 == 15);
    (d == 15 && (modified && !compares || plain || registers)) || low || stores || moves_base || double || float
}

/// `MOVW` and `MOVT`.
fn constant(code: &mut Vec<u16>, register: u32, value: u32) {
    for (opcode, half) in [(0xf240_0000, value & 0xffff), (0xf2c0_0000, value >> 16)] {
        let fields = half >> 12 << 16 | (half >> 11 & 1) << 26 | (half >> 8 & 7) << 12 | half & 0xff;
        let bits: u32 = opcode | fields | register << 8;
        code.extend([(bits >> 16) as u16, bits as u16]);
    }
}

/// An image that executes every word with all registers pointing into RAM; its fault handler notes CFSR and goes on.
/// Each sample is a call of a routine that prepares everything, and its instruction.
fn harness(oracle: &Oracle, words: &[u32]) -> Vec<u8> {
    let (origin, ram) = (oracle.flash_origin, oracle.ram_origin);
    let here = |code: &Vec<u16>| origin + 64 + code.len() as u32 * 2;
    // The handler, the routine and the start have a fixed size.
    let samples = origin + 0x240;
    let mut code = Vec::new();
    constant(&mut code, 3, ram + TABLE);
    // r1 = the instruction; the one behind it where this is the second fault: an instruction overwrote the next call.
    // LDR r1, [r3, #-4]; LSRS r0, r1, #1; BCS; ADDS r1, #9; SUBS r1, #1; STR r1, [r3, #-4]
    code.extend([0xf853, 0x1c04, 0x0848, 0xd200, 0x3109, 0x3901, 0xf843, 0x1c04]);
    constant(&mut code, 2, 0xe000_ed28);
    code.extend([0x6810, 0x6010]); // LDR r0, [r2]; STR r0, [r2]
    constant(&mut code, 2, samples + 4);
    constant(&mut code, 3, ram + RESULTS);
    code.extend([0x1a8a, 0x0852, 0x5098]); // SUBS r2, r1, r2; LSRS r2, #1; STR r0, [r3, r2]
    constant(&mut code, 2, ram + STACK - 0x20);
    // The frame's pc is wiped, lest a later load jumps there: STR r2, [r2, #24]. SUB.W r2, r2, #0x2000.
    // A new frame: pc behind the instruction, xPSR = T; MSR PSP, r2; MVN lr, #2; BX lr.
    code.extend([
        0x6192, 0xf5a2, 0x5200, 0x3104, 0x6191, 0x2001, 0x0600, 0x61d0, 0xf382, 0x8809, 0xf06f, 0x0e02, 0x4770,
    ]);
    let prepare = here(&code);
    constant(&mut code, 0, ram + TABLE);
    // After a jump back, on with the sample behind the last one: LDR r1, [r0, #-4]; CMP lr, r1; BHI; ADDS r1, #4; BX r1.
    code.extend([0xf850, 0x1c04, 0x458e, 0xd801, 0x3104, 0x4708]);
    constant(&mut code, 2, FILLED);
    code.extend([0xf840, 0xec04, 0x6801, 0x600a]); // STR lr, [r0, #-4]; LDR r1, [r0]; STR r2, [r1]
    constant(&mut code, 1, samples + 5);
    constant(&mut code, 2, ram + RESULTS);
    // The result is 0 until a fault; LDR sp, [r0, #-8]; LDM r0, {r0-r12}; BX lr.
    code.extend([0xebae, 0x0101, 0x0849, 0x2300, 0x5053, 0xf850, 0xdc08, 0xe890, 0x1fff, 0x4770]);
    let start = here(&code);
    // CPACR; faults on; no lazy or automatic saving of floats.
    for (address, value) in [(0xe000_ed88, 0x00f0_0000), (0xe000_ed24, 0x0007_0000), (0xe000_ef34, 0)] {
        constant(&mut code, 1, address);
        constant(&mut code, 0, value);
        code.push(0x6008);
    }
    for (from, to, word) in [
        (0, oracle.ram, FILLED),
        (TABLE, TABLE + 52, ram + MIDDLE),
        (TABLE - 8, TABLE - 4, ram + STACK),
        (TABLE - 4, TABLE, 0),
    ] {
        constant(&mut code, 0, ram + from);
        constant(&mut code, 1, ram + to);
        constant(&mut code, 2, word);
        code.extend([0xf840, 0x2b04, 0x4288, 0xd1fb]); // STR r2, [r0], #4; CMP r0, r1; BNE back
    }
    code.extend([0xf382, 0x8809, 0x2002, 0xf380, 0x8814, 0xf3bf, 0x8f6f]); // MSR PSP, r2; MSR CONTROL, #2; ISB
    assert!(here(&code) <= samples, "the samples begin too early");
    while here(&code) < samples {
        code.push(0xbf00);
    }
    for word in words {
        let offset = prepare.wrapping_sub(here(&code) + 4);
        code.extend([0xf400 | (offset >> 12 & 0x3ff) as u16, 0xf800 | (offset >> 1 & 0x7ff) as u16]); // BL back
        code.extend([(word >> 16) as u16, *word as u16]);
    }
    code.extend([0xf04f, 0x0000, 0xf380, 0x8814]); // MOV r0, #0; MSR CONTROL, r0
    // SYS_OPEN ":tt" to write, SYS_WRITE, SYS_EXIT.
    for (at, word) in [(0, ram + 16), (4, 4), (8, 3), (16, 0x0074_743a)] {
        constant(&mut code, 1, ram + at);
        constant(&mut code, 0, word);
        code.push(0x6008);
    }
    constant(&mut code, 1, ram);
    code.extend([0x2001, 0xbeab, 0x6008]);
    constant(&mut code, 0, ram + RESULTS);
    code.push(0x6048);
    constant(&mut code, 0, words.len() as u32 * 4);
    code.extend([0x6088, 0x2005, 0xbeab]);
    constant(&mut code, 1, 0x20026);
    code.extend([0x2018, 0xbeab, 0xe7fe]);
    let mut vectors = [origin + 65; 16];
    (vectors[0], vectors[1]) = (ram + 0x4000, start | 1);
    let mut bytes: Vec<u8> = vectors.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(code.iter().flat_map(|half| half.to_le_bytes()));
    // Jumps past the end come back too.
    bytes.resize(oracle.flash as usize, FILLED as u8);
    bytes
}

/// Why an encoding that QEMU executes is none to us.
fn unpredictable(_core: &str, _word: u32) -> Option<&'static str> {
    None
}

fn compare(oracle: &Oracle, count: usize, seed: u64) -> usize {
    let mut words = samples(oracle.core, count, seed);
    words.retain(|word| !leaves(*word));
    let (jumps, words): (Vec<u32>, Vec<u32>) = words.into_iter().partition(|word| changes_pc_or_code(*word));
    for (word, undefined) in jumps.iter().zip(ours(oracle.core, &jumps)) {
        assert!(undefined, "{word:08x} changes pc or code on {}", oracle.core);
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("decode.elf");
    std::fs::write(&path, image::elf_at(oracle.flash_origin, &harness(oracle, &words))).expect("a file");
    std::fs::copy(&path, "/tmp/armprobe/decode.elf").ok();
    let Some(theirs) = oracle.run(&path, &[]) else { return 0 };
    assert_eq!(theirs.len(), words.len() * 4, "{}, seed {seed}", oracle.core);
    let theirs = theirs.chunks(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    let mut accepted = Vec::new();
    let mut refused = Vec::new();
    for ((&word, mine), other) in words.iter().zip(ours(oracle.core, &words)).zip(theirs) {
        match (mine, other & UNDEFINED != 0) {
            // A jump passed over it.
            _ if other == FILLED => {}
            (false, true) => accepted.push(format!("{word:08x}")),
            (true, false) if unpredictable(oracle.core, word).is_none() => refused.push(format!("{word:08x}")),
            _ => {}
        }
    }
    std::fs::write(format!("/tmp/armprobe/accepted.{}", oracle.core), accepted.join("\n")).ok();
    std::fs::write(format!("/tmp/armprobe/refused.{}", oracle.core), refused.join("\n")).ok();
    if std::env::var("DUMP").is_ok() {
        return words.len();
    }
    assert!(
        accepted.is_empty(),
        "{}, seed {seed}: QEMU refuses {} {:?}",
        oracle.core,
        accepted.len(),
        &accepted[..accepted.len().min(20)]
    );
    assert!(
        refused.is_empty(),
        "{}, seed {seed}: only QEMU executes {} {:?}",
        oracle.core,
        refused.len(),
        &refused[..refused.len().min(20)]
    );
    words.len()
}

#[test]
fn what_qemu_refuses_is_no_instruction() {
    if !qemu::has("qemu-system-arm") {
        return qemu::skip("no qemu-system-arm");
    }
    for oracle in ORACLES.iter().filter(|oracle| oracle.core != "cortex_m0") {
        let compared: usize = (0..qemu::effort()).map(|round| compare(oracle, 40_000, 0xdec0 + round as u64)).sum();
        qemu::say(&format!("{}: {compared} encodings, as in QEMU", oracle.core));
    }
}

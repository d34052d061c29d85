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
        let place = 8 + at as u32 * 4;
        // A run ends with a straight line at the earliest: the fault must be the sample's.
        let ended = machine.call(place, &[0x2000_0100; 4], 1);
        matches!(ended, Err(fault) if fault.pc == place && matches!(fault.kind, FaultKind::Undefined { .. }))
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

/// Why an encoding that QEMU executes is none to us: the rule that makes it unpredictable.
fn unpredictable(core: &str, word: u32) -> Option<&'static str> {
    let (first, second) = (word >> 16, word & 0xffff);
    let (n, t, d, m) = (first & 15, second >> 12, second >> 8 & 15, second & 15);
    let odd_field = [n, t, d, m].iter().any(|register| matches!(register, 13 | 15));
    let writeback = second & 0x100 != 0 || second & 0x400 == 0;
    let (immediate, fraction) = (second & 255, (m << 1) | (second >> 5 & 1));
    match () {
        () if first & 0xfe40 == 0xe800 => {
            Some("a list with sp, pc or the base, or of one register (A7.7.40, A7.7.158)")
        }
        () if first & 0xfe40 == 0xe840 && (t == d || n == t || n == d) => Some("equal registers (A7.7.49, A7.7.163)"),
        () if first >> 7 == 0x1f7 && t == d => Some("equal halves of a product (A7.7.138)"),
        () if first >> 9 == 0x7c && second & 0x800 != 0 && writeback && n == t => Some("base and register (A7.7.42)"),
        () if first >> 9 == 0x76 && (immediate & 1 == 1 || immediate == 0 || immediate > 31 || d == 11 || d == 10) => {
            Some("an odd or empty list of doubles, or one past the last register (A7.7.228)")
        }
        () if first & 0xffaa == 0xeeaa && second & 0xe50 == 0xa40 && second & 0x80 == 0 && fraction > 16 => {
            Some("a fraction of more than 16 bits of 16 (A7.7.227)")
        }
        () if first & 0xff70 == 0xf320 && second & 0xf0d0 == 0x10 => Some("a bit of SSAT16 that should be zero"),
        () if first >> 9 & !2 == 0x78 && first & 0x400 == 0 && matches!(second >> 12, 1..=3) && immediate == 0 => {
            Some("zero repeated in a modified immediate (A5.3.2)")
        }
        () if word & 0xffe0_0fff == 0xfee0_0a10 => Some("QEMU 7.2 has VMSR and VMRS with 1111 as their first bits"),
        () if core == "cortex_m3" && !ours("cortex_m4f", &[word])[0] => Some("QEMU 7.2 has DSP instructions on the M3"),
        () if odd_field => Some("sp or pc where a register is wanted"),
        () => None,
    }
}

/// Whether QEMU refuses each word; None where it was never reached. Nothing without QEMU.
fn theirs(oracle: &Oracle, words: &[u32]) -> Option<Vec<Option<bool>>> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("decode.elf");
    std::fs::write(&path, image::elf_at(oracle.flash_origin, &harness(oracle, words))).expect("a file");
    let results = oracle.run(&path, &[])?;
    assert_eq!(results.len(), words.len() * 4, "{}", oracle.core);
    let results = results.chunks(4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    Some(results.map(|result| (result != FILLED).then_some(result & UNDEFINED != 0)).collect())
}

/// Words on which we and QEMU differ, with QEMU's opinion; those that a rule explains left out.
fn differences(oracle: &Oracle, words: &[u32]) -> Option<Vec<(u32, bool)>> {
    let theirs = theirs(oracle, words)?;
    let pairs = words.iter().copied().zip(ours(oracle.core, words).into_iter().zip(theirs));
    let differing = pairs.filter_map(|(word, (mine, other))| match (mine, other?) {
        (false, true) => Some((word, true)),
        (true, false) if unpredictable(oracle.core, word).is_none() => Some((word, false)),
        _ => None,
    });
    Some(differing.collect())
}

fn compare(oracle: &Oracle, count: usize, seed: u64) -> usize {
    let mut words = samples(oracle.core, count, seed);
    words.retain(|word| !leaves(*word));
    let (jumps, words): (Vec<u32>, Vec<u32>) = words.into_iter().partition(|word| changes_pc_or_code(*word));
    for (word, undefined) in jumps.iter().zip(ours(oracle.core, &jumps)) {
        assert!(undefined, "{word:08x} changes pc or code on {}", oracle.core);
    }
    let Some(first) = differences(oracle, &words) else { return 0 };
    // A stray store may have changed a sample before it ran: each is asked for once more.
    let alone = |word: u32| differences(oracle, &[word]).unwrap_or_default();
    let sure: Vec<String> = (first.iter().flat_map(|entry| alone(entry.0)))
        .map(|(word, refused)| format!("{word:08x} {}", if refused { "QEMU refuses" } else { "only QEMU executes" }))
        .collect();
    assert!(sure.is_empty(), "{}, seed {seed}: {} {:#?}", oracle.core, sure.len(), &sure[..sure.len().min(30)]);
    words.len()
}

/// `ours` for narrow encodings: each is followed by five times `NOP`, which may be in the block of an `IT`.
fn narrow(core: &str, halves: std::ops::Range<u32>) -> Vec<bool> {
    let words: Vec<u32> = halves.flat_map(|half| [half << 16 | 0xbf00, 0xbf00_bf00, 0xbf00_bf00]).collect();
    ours(core, &words).into_iter().step_by(3).collect()
}

/// The narrow encodings that Arm leaves undefined or unpredictable outside an `IT` block (DDI 0403E and DDI 0419E, A5.2).
fn is_narrow_undefined(half: u32, mainline: bool) -> bool {
    let (low, d, m) = (half & 255, half & 7 | half >> 4 & 8, half >> 3 & 15);
    match half >> 8 {
        0x44 => d == 15 && m == 15,
        // CMP of low registers has another encoding; none takes pc.
        0x45 => d == 15 || m == 15 || (d < 8 && m < 8),
        // BX, BLX.
        0x47 => half & 7 != 0 || m == 15,
        0xb1 | 0xb3 | 0xb9 | 0xbb => !mainline,
        // Lists of no register: PUSH, POP, STM, LDM.
        0xb4 | 0xbc | 0xc0..=0xcf => low == 0,
        // CPS; FAULTMASK is the Main Extension's.
        0xb6 if mainline => !matches!(half & 0xffef, 0xb661..=0xb663),
        0xb6 => half & 0xffef != 0xb662,
        0xb7 | 0xb8 | 0xde => true,
        0xba => low >> 6 == 2,
        // Hints; IT.
        0xbf if low.is_multiple_of(16) => false,
        0xbf => !mainline || low >> 4 == 15 || (low >> 4 == 14 && (low & 15).count_ones() != 1),
        _ => false,
    }
}

#[test]
fn every_narrow_encoding_is_what_the_manual_says() {
    for (core, mainline) in [("cortex_m0", false), ("cortex_m3", true), ("cortex_m7", true), ("cortex_m33", true)] {
        for (half, undefined) in (0..0xe800).zip(narrow(core, 0..0xe800)) {
            assert_eq!(undefined, is_narrow_undefined(half, mainline), "{half:04x} on {core}");
        }
    }
}

/// sp and pc where the manual lets them be: nothing random has them.
#[test]
fn sp_and_pc_are_operands_where_the_manual_says() {
    let words = [
        0xf10d_0008_u32, // ADD r0, sp, #8
        0xf10d_0d08,     // ADD sp, sp, #8
        0xf1ad_0d08,     // SUB sp, sp, #8
        0xf20d_0008,     // ADDW r0, sp, #8
        0xf2ad_0d08,     // SUBW sp, sp, #8
        0xf20f_0008,     // ADR r0
        0xeb0d_0001,     // ADD r0, sp, r1
        0xeb0d_0dc1,     // ADD sp, sp, r1, LSL #3
        0xebad_0d01,     // SUB sp, sp, r1
        0xea4f_000d,     // MOV r0, sp
        0xea4f_0d00,     // MOV sp, r0
        0xf1bd_0f01,     // CMP sp, #1
        0xebbd_0f01,     // CMP sp, r1
        0xf11d_0f01,     // CMN sp, #1
        0xf8dd_d004,     // LDR sp, [sp, #4]
        0xf8cd_d004,     // STR sp, [sp, #4]
        0xf8dd_f004,     // LDR pc, [sp, #4]
        0xf85d_fb04,     // LDR pc, [sp], #4
        0xf8df_0004,     // LDR r0, literal
        0xf8df_f004,     // LDR pc, literal
        0xf85f_d004,     // LDR sp, literal
        0xf89f_0004,     // LDRB r0, literal
        0xf89f_f004,     // PLD literal
        0xf890_f004,     // PLD
        0xf990_f004,     // PLI
        0xf810_f001,     // PLD by a register
        0xf810_fc04,     // PLD below the base
        0xf8dd_0004,     // LDR r0, [sp, #4]
        0xe9dd_0102,     // LDRD r0, r1, [sp, #8]
        0xe9df_0102,     // LDRD literal
        0xe8bd_8001,     // POP {r0, pc}
        0xe8bd_4001,     // POP {r0, lr}
        0xe92d_4001,     // PUSH {r0, lr}
        0xe8df_f000,     // TBB [pc, r0]
        0xe85d_0f01,     // LDREX r0, [sp, #4]
        0xf36f_0007,     // BFC
        0xfa0f_f180,     // SXTH r1, r0
        0xf3af_8000,     // NOP.W
        0xf3ef_8108,     // MRS r1, MSP
        0xf381_8808,     // MSR MSP, r1
        0xf3bf_8f4f,     // DSB
        0xf3bf_8f6f,     // ISB
        0xf3bf_8f2f,     // CLREX
        0xf810_0e04,     // LDRBT
        0xf840_0e04,     // STRT
        0xfb01_f002,     // MUL
    ];
    for (word, undefined) in words.iter().zip(ours("cortex_m3", &words)) {
        assert!(!undefined, "{word:08x}");
    }
    // Floats: VLDR literal, VPUSH, VPOP, VMRS APSR_nzcv; ARMv8-M: SG, TT, LDA [sp].
    let more = [0xed9f_0a01, 0xed2d_0a02, 0xecbd_0a02, 0xeef1_fa10, 0xe97f_e97f, 0xe841_f000, 0xe8dd_0faf];
    for (word, undefined) in more.iter().zip(ours("cortex_m33", &more)) {
        assert!(!undefined, "{word:08x}");
    }
    // Without the Security Extension: BXNS, BLXNS, TTA, VLLDM.
    let absent = [0x4704_bf00, 0x4784_bf00, 0xe841_f080, 0xec30_0a00];
    for (word, undefined) in absent.iter().zip(ours("cortex_m33", &absent)) {
        assert!(undefined, "{word:08x}");
    }
}

/// What objdump calls undefined, narrow and wide, on the core that has the most.
#[test]
fn what_objdump_calls_undefined_is_no_instruction() {
    if !qemu::has("arm-none-eabi-objdump") {
        return qemu::skip("no arm-none-eabi-objdump");
    }
    let folder = tempfile::tempdir().expect("a temporary folder");
    let path = folder.path().join("code.bin");
    for core in ["cortex_m7", "cortex_m33"] {
        for round in 0..qemu::effort() {
            let words = samples(core, 50_000, 0x0bd0 + round as u64);
            let halves = words.iter().flat_map(|word| [(word >> 16) as u16, *word as u16]);
            let bytes: Vec<u8> = halves.flat_map(u16::to_le_bytes).collect();
            std::fs::write(&path, bytes).expect("a file in the temporary folder");
            let output = std::process::Command::new("arm-none-eabi-objdump")
                .args(["-D", "-b", "binary", "-m", "arm", "-M", "force-thumb"])
                .arg(&path)
                .output()
                .expect("objdump, which was found before");
            let text = String::from_utf8_lossy(&output.stdout);
            let listed: Vec<&str> = text.lines().filter(|line| line.contains(":\t")).collect();
            assert_eq!(listed.len(), words.len(), "a line for each instruction");
            for ((line, word), undefined) in listed.iter().zip(&words).zip(ours(core, &words)) {
                assert!(undefined || !line.contains("UNDEFINED"), "{word:08x} on {core}: {line}");
            }
        }
    }
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

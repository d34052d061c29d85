//! Which bits are RISC-V instructions: every compressed pattern and random longer ones, with binutils as the oracle.

use std::path::Path;
use std::process::Command;

use tinyml::base::rng::Rng;
use tinyml::sim::{FaultKind, Machine, MemoryMap};

use crate::qemu;
use crate::riscv_asm::{self as asm, RAM};

/// Random 32-bit patterns in the usual share.
const PATTERNS: usize = 20_000;

/// Opcodes of RV32I, which half of the patterns have.
const OPCODES: [u32; 11] = [0x03, 0x0f, 0x13, 0x17, 0x23, 0x33, 0x37, 0x63, 0x67, 0x6f, 0x73];

/// Instructions of modes that a core with machine mode only doesn't have; binutils takes them on every core.
const OTHER_MODES: [&str; 5] = ["sret", "uret", "hret", "dret", "sfence.vm"];

/// A machine that executes from RAM, so that one image serves for all patterns.
fn machine() -> Machine {
    let mut map = MemoryMap { ..asm::board() };
    map.ram.size = 0x100;
    map.ram.execute = true;
    Machine::load(&asm::elf(&0x0000_006f_u32.to_le_bytes()), &asm::core(), &map).expect("an image")
}

/// Whether we take the bits for an instruction.
fn is_instruction(machine: &mut Machine, bits: u32) -> bool {
    assert!(machine.write(RAM + 0x80, &bits.to_le_bytes()));
    let arguments = [RAM, RAM + 0x10, 3, 0, 5];
    let ended = machine.call(RAM + 0x80, &arguments, 1);
    // The rest of the block may run too: only a fault of the first instruction counts.
    !matches!(ended, Err(fault) if fault.pc == RAM + 0x80 && matches!(fault.kind, FaultKind::Undefined { .. }))
}

/// The text of each instruction in `bytes` by binutils, all of `size` bytes; None without it.
fn disassemble(bytes: &[u8], size: usize, folder: &Path) -> Option<Vec<String>> {
    let run = |program: &str, arguments: &[&str]| {
        let output =
            Command::new(format!("riscv64-unknown-elf-{program}")).args(arguments).current_dir(folder).output();
        let output = output.ok()?;
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        Some(String::from_utf8_lossy(&output.stdout).into_owned())
    };
    std::fs::write(folder.join("patterns.bin"), bytes).expect("written");
    std::fs::write(folder.join("patterns.s"), ".text\n.incbin \"patterns.bin\"\n").expect("written");
    run("as", &["-march=rv32imc_zicsr_zifencei", "-mabi=ilp32", "patterns.s", "-o", "patterns.o"])?;
    // Without its symbols, of which one says that all of this is data.
    run("strip", &["patterns.o"])?;
    let text = run("objdump", &["-d", "-M", "no-aliases", "patterns.o"])?;
    let lines: Vec<String> = text.lines().filter_map(|line| Some(line.splitn(3, '\t').nth(2)?.to_string())).collect();
    assert_eq!(lines.len(), bytes.len() / size, "a line a pattern");
    Some(lines)
}

/// Whether binutils took the bits for an instruction.
fn is_known(text: &str) -> bool {
    !text.starts_with('.') && text != "c.unimp"
}

#[test]
fn riscv_compressed_patterns_are_instructions_where_binutils_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    // The other patterns begin longer instructions.
    let patterns: Vec<u16> = (0..=u16::MAX).filter(|bits| bits & 3 != 3).collect();
    assert_eq!(patterns.len(), 49_152);
    let bytes: Vec<u8> = patterns.iter().flat_map(|bits| bits.to_le_bytes()).collect();
    let Some(texts) = disassemble(&bytes, 2, folder.path()) else {
        return qemu::skip("no riscv64-unknown-elf-objdump");
    };
    let mut machine = machine();
    let mut differs = Vec::new();
    for (bits, text) in patterns.iter().zip(&texts) {
        let ours = is_instruction(&mut machine, u32::from(*bits));
        // RV32 has no shift by 32 or more, and C.ADDI16SP without an immediate is reserved (volume I, tables 16.5 to
        // 16.7): binutils has one mask for RV32 and RV64, and no check of that immediate.
        let wide_shift = matches!(text.split('\t').next(), Some("c.slli" | "c.srli" | "c.srai")) && bits >> 12 & 1 == 1;
        let explained = !ours && (wide_shift || *bits == 0x6101);
        if ours != is_known(text) && !explained {
            differs.push(format!("{bits:04x}: ours {ours}, binutils `{text}`"));
        }
    }
    assert!(differs.is_empty(), "{} differ:\n{}", differs.len(), differs.join("\n"));
}

/// Bits whose opcode and function are likely ones.
fn likely(rng: &mut Rng) -> u32 {
    let bits = rng.next_u64() as u32;
    let opcode = if rng.below(2) == 0 { OPCODES[rng.below(OPCODES.len())] } else { bits & 0x7f | 3 };
    let top = if rng.below(2) == 0 { [0, 1, 0x20][rng.below(3)] << 25 | bits & 0x01ff_ffff } else { bits };
    let bits = top & !0x7f | opcode;
    match rng.below(32) {
        0 => {
            [0x0000_0073, 0x0010_0073, 0x3020_0073, 0x1050_0073, 0x1020_0073][rng.below(5)] ^ 1 << rng.below(40).min(31)
        }
        _ => bits,
    }
}

/// Where we and binutils differ for a reason.
fn is_explained(bits: u32, text: &str, ours: bool) -> bool {
    let name = text.split('\t').next().unwrap_or_default();
    // Which CSRs there are, and may be written, is the core's matter.
    let csr = bits & 0x7f == 0x73 && bits >> 12 & 3 != 0;
    let other_mode = OTHER_MODES.iter().any(|other| name.starts_with(other));
    // Reserved fields of both fences are to be ignored (volume I, 2.7 and chapter 3); binutils wants them to be 0.
    let fence = ours && matches!(bits & 0x707f, 0x0f | 0x100f);
    // RV32 has no shift by 32 or more; binutils has one mask for RV32 and RV64.
    let wide_shift = matches!(name, "slli" | "srli" | "srai") && bits >> 25 & 1 == 1;
    !ours && (csr || other_mode || wide_shift) || fence
}

#[test]
fn riscv_patterns_of_32_bits_are_instructions_where_binutils_says_so() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut rng = Rng::new(0x32, "riscv patterns");
    let mut machine = machine();
    // Longer instructions than 32 bits: no core of ours has any.
    for _ in 0..1000 {
        let bits = rng.next_u64() as u32 | 0x1f;
        assert!(!is_instruction(&mut machine, bits), "{bits:08x}");
    }
    let mut differs = Vec::new();
    let mut known = 0;
    for _ in 0..qemu::effort() {
        let patterns: Vec<u32> = std::iter::repeat_with(|| likely(&mut rng))
            .filter(|bits| bits & 3 == 3 && bits & 0x1f != 0x1f)
            .take(PATTERNS)
            .collect();
        let bytes: Vec<u8> = patterns.iter().flat_map(|bits| bits.to_le_bytes()).collect();
        let Some(texts) = disassemble(&bytes, 4, folder.path()) else {
            return qemu::skip("no riscv64-unknown-elf-objdump");
        };
        for (bits, text) in patterns.iter().zip(&texts) {
            let ours = is_instruction(&mut machine, *bits);
            known += usize::from(ours);
            if ours != is_known(text) && !is_explained(*bits, text, ours) {
                differs.push(format!("{bits:08x}: ours {ours}, binutils `{text}`"));
            }
        }
    }
    assert!(known > PATTERNS / 8, "{known} of these are instructions");
    assert!(differs.is_empty(), "{} differ:\n{}", differs.len(), differs.join("\n"));
}

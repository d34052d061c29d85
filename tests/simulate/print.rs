//! The text of Arm instructions against binutils' `objdump`, over all 16-bit patterns and a sample of the 32-bit ones.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

use tinyml::base::rng::Rng;
use tinyml::library::Library;
use tinyml::sim::Machine;
use tinyml::stages::exercise::memory_map;

use crate::compile;

const BASE: u32 = 0x0800_0000;

/// The board with another core and `code` at the start of its flash, in an ELF with one segment.
fn load(core: &str, code: &[u8]) -> Machine {
    let library = Library::new(BTreeMap::new()).expect("the standard library is whole");
    let board = library.board("nucleo_l4r5zi").expect("shipped").expect("readable");
    let core = library.core(core).expect("shipped");
    let mut elf = b"\x7fELF\x01\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\x28\0".to_vec();
    let header = [1, BASE | 1, 52, 0, 0x0500_0200, 0x34 | 0x20 << 16, 1 | 0x28 << 16, 0];
    let segment = [1, 84, BASE, BASE, code.len() as u32, code.len() as u32, 5, 4];
    header.iter().chain(&segment).for_each(|word: &u32| elf.extend(word.to_le_bytes()));
    elf.extend(code);
    Machine::load(&elf, &core, &memory_map(&board)).expect("an image that loads")
}

/// Address to text, as objdump tells it.
fn objdump(folder: &Path, code: &[u8]) -> BTreeMap<u32, String> {
    let path = folder.join("code.bin");
    std::fs::write(&path, code).expect("a place for the code");
    let output = Command::new("arm-none-eabi-objdump")
        .args(["-D", "-b", "binary", "-m", "arm", "-M", "force-thumb,reg-names-std", "--adjust-vma=0x08000000"])
        .arg(&path)
        .output()
        .expect("a program that was found before");
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let line = |line: &str| {
        let mut parts = line.splitn(3, '\t');
        let address = u32::from_str_radix(parts.next()?.trim().strip_suffix(':')?, 16).ok()?;
        parts.next()?;
        Some((address, parts.next()?.replace('\t', " ")))
    };
    text.lines().filter_map(line).collect()
}

/// One spelling for what has several: numbers, widths, aliases, an operand that stands twice.
fn plain(text: &str) -> String {
    let text =
        text.split([';', '@']).next().unwrap_or_default().split('<').next().unwrap_or_default().trim().to_lowercase();
    let (name, operands) = text.split_once(' ').unwrap_or((&text, ""));
    let name = name.trim_end_matches(".w").trim_end_matches(".n");
    let name = match name {
        "addw" => "add",
        "subw" => "sub",
        "movw" => "mov",
        "ldmia" | "ldm" => "ldmia",
        "stmia" | "stm" => "stmia",
        "isb" | "dmb" => "dsb",
        "yield" | "wfe" | "wfi" | "sev" | "sevl" | "pld" | "pldw" | "pli" | "csdb" => "nop",
        "ldrt" => "ldr",
        "ldrbt" => "ldrb",
        "ldrht" => "ldrh",
        "ldrsbt" => "ldrsb",
        "ldrsht" => "ldrsh",
        "strt" => "str",
        "strbt" => "strb",
        "strht" => "strh",
        "fldmiax" => "vldmia",
        "fstmiax" => "vstmia",
        "fldmdbx" => "vldmdb",
        "fstmdbx" => "vstmdb",
        name => name,
    };
    if matches!(name, "nop" | "dsb") {
        return name.to_string();
    }
    let mut parts: Vec<String> = operands.split(", ").map(number).collect();
    if let ("mov" | "movs", [d, m, shift]) = (name, &parts[..])
        && let Some((shift, amount)) = shift.split_once(' ').or(Some((shift, "")))
    {
        let flags = name.trim_start_matches("mov");
        return plain(format!("{shift}{flags} {d}, {m}, {amount}").trim_end_matches(", "));
    }
    if let ("stmdb" | "ldmia", Some("sp!")) = (name, parts.first().map(String::as_str)) {
        return format!("{} {}", if name == "ldmia" { "pop" } else { "push" }, parts[1..].join(", "));
    }
    if (name, operands) == ("mov", "r8, r8") {
        return "nop".to_string();
    }
    // A narrow multiplication's last operand is its result.
    if name == "muls" && parts.len() == 3 && parts[0] == parts[2] {
        parts.pop();
    }
    if let ("negs" | "neg", [d, n]) = (name, &parts[..]) {
        let name = name.replace("neg", "rsb");
        return plain(&format!("{name} {d}, {n}, #0"));
    }
    // `#-0` subtracts nothing.
    if let Some(end) = parts.last().and_then(|last| last.strip_prefix("#0]")).map(|end| format!("]{end}")) {
        parts.pop();
        if let Some(last) = parts.last_mut() {
            last.push_str(&end);
        }
    }
    let negative =
        parts.last().and_then(|last| last.strip_prefix('#')?.parse::<i32>().ok()).filter(|value| *value <= 0);
    let name = match (name, negative) {
        ("add" | "sub", Some(value)) => {
            parts.pop();
            parts.push(format!("#{}", value.wrapping_neg()));
            if name == "add" && value != 0 { "sub" } else { "add" }
        }
        _ => name,
    };
    let repeated = parts.len() >= 3 && parts[0] == parts[1] && !parts[2].starts_with('{');
    if repeated && !name.starts_with('v') && !name.starts_with("smlal") && !name.starts_with("umlal") {
        parts.remove(1);
    }
    format!("{name} {}", parts.join(", "))
}

/// `#0x10` and `0x10` as `#16`, modulo 2³².
fn number(operand: &str) -> String {
    let digits = operand.trim_start_matches('#');
    let (digits, rest) = digits.split_at(digits.find([']', '!', '}']).unwrap_or(digits.len()));
    let parsed = match digits.strip_prefix("0x") {
        Some(hex) => i64::from_str_radix(hex, 16).ok(),
        None => digits.parse::<i64>().ok(),
    };
    let value = parsed.map(|value| value as u32 as i32);
    value.map_or_else(|| floats(operand), |value| format!("#{value}{rest}"))
}

/// Register lists of doubles as those of singles; a float as Rust writes it.
fn floats(operand: &str) -> String {
    if let Some(value) = operand.strip_prefix('#').and_then(|text| text.parse::<f32>().ok()) {
        return format!("#{value}");
    }
    let Some(list) = operand.strip_prefix("{d").and_then(|list| list.strip_suffix('}')) else {
        return operand.strip_prefix("{s").and_then(|list| list.strip_suffix('}')).map_or_else(
            || operand.to_string(),
            |list| match list.split_once("-s") {
                Some((first, last)) if first == last => format!("{{s{first}}}"),
                _ => operand.to_string(),
            },
        );
    };
    let (first, last) = list.split_once("-d").unwrap_or((list, list));
    let number = |text: &str| text.parse::<u32>().unwrap_or(0);
    format!("{{s{}-s{}}}", number(first) * 2, number(last) * 2 + 1)
}

/// What may differ: objdump's own words for what Arm leaves open, and our text for constants that pc was part of.
fn may_differ(ours: &str, theirs: &str) -> bool {
    let of_pc = ["add", "sub", "adr", "mov"].iter().any(|name| theirs.starts_with(name)) && theirs.contains("pc");
    let hint = ours == "nop" && theirs.starts_with("ldr") && theirs.contains(" pc, ");
    // A written-back offset of minus zero is told without its sign.
    let nothing = ours.strip_suffix('!') == Some(theirs);
    ours == "udf " || nothing || of_pc || hint || theirs.starts_with("it")
}

/// objdump tells a float constant by its eight bits (`VFPExpandImm`, DDI 0403E A6.4.1).
fn expanded(theirs: &str) -> String {
    let Some((before, bits)) = theirs.split_once('#').filter(|_| theirs.starts_with("vmov.f")) else {
        return theirs.to_string();
    };
    let bits: u32 = bits.split([' ', ';']).next().and_then(|bits| bits.parse().ok()).expect("eight bits");
    let exponent = (if bits & 0x40 != 0 { 0x7c } else { 0x80 }) + (bits >> 4 & 3);
    format!("{before}#{}", f32::from_bits((bits >> 7) << 31 | exponent << 23 | (bits & 15) << 19))
}

fn compare(core: &str, code: &[u8], least: usize) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (machine, theirs) = (load(core, code), objdump(folder.path(), code));
    let (mut same, mut wrong) = (0, Vec::new());
    for (address, theirs) in theirs {
        let Some((ours, _)) = machine.disassemble(address) else { continue };
        let (ours, theirs) = (plain(&ours), plain(&expanded(&theirs)));
        if ours == theirs {
            same += 1;
        } else if !may_differ(&ours, &theirs) {
            wrong.push(format!("{address:#x}: {ours:<40} objdump: {theirs}"));
        }
    }
    assert!(wrong.is_empty(), "{core}: {} of {same}:\n{}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
    assert!(same >= least, "{core}: only {same} instructions were compared");
}

#[test]
fn narrow_instructions_are_written_as_objdump_writes_them() {
    if !compile::has("arm-none-eabi-objdump") {
        return compile::skip("no arm-none-eabi-objdump");
    }
    // A nop behind each keeps it from an IT block or from being half of a wide one.
    let patterns = (0..0xe800_u32).filter(|half| half >> 8 != 0xbf || half.trailing_zeros() >= 4);
    let code: Vec<u8> = patterns.flat_map(|half| [half as u8, (half >> 8) as u8, 0x00, 0xbf]).collect();
    compare("cortex_m4f", &code, 50_000);
}

#[test]
fn wide_instructions_are_written_as_objdump_writes_them() {
    if !compile::has("arm-none-eabi-objdump") {
        return compile::skip("no arm-none-eabi-objdump");
    }
    let mut rng = Rng::new(0x0b1d, "wide instructions");
    for core in ["cortex_m4f", "cortex_m7"].repeat(compile::effort()) {
        let mut code = Vec::new();
        for _ in 0..100_000 {
            let random = rng.next_u64();
            let class = [0xe800, 0xec00, 0xee00, 0xf000, 0xf200, 0xf800, 0xfa00, 0xfb00][rng.below(8)];
            let first = class | (random as u16 & 0x03ff);
            let second = (random >> 16) as u16;
            // The FPU's number in coprocessor encodings, and ones where data processing wants them.
            let second = match class {
                0xec00 | 0xee00 => second & 0xf0ff | 0x0a00,
                0xfa00 => second | 0xf000,
                _ => second,
            };
            code.extend(first.to_le_bytes());
            code.extend(second.to_le_bytes());
        }
        compare(core, &code, 20_000);
    }
}

//! Source lines: equal to binutils' `addr2line` on every halfword of real images, and patient with damaged tables.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use tinyml::base::rng::Rng;
use tinyml::library::Library;
use tinyml::sim::Machine;
use tinyml::stages::exercise::memory_map;

use crate::compile::{self, Compiler};

/// The board with an image.
fn load(elf: &[u8]) -> Option<Machine> {
    let library = Library::new(BTreeMap::new()).expect("the standard library is whole");
    let board = library.board("nucleo_l4r5zi").expect("shipped").expect("readable");
    let core = library.core(&board.core).expect("shipped");
    Machine::load(elf, &core, &memory_map(&board)).ok()
}

/// What `addr2line` says about each address: `file:line`, `?` where it knows nothing.
fn oracle(elf: &Path, addresses: &[u32]) -> Vec<String> {
    let mut child = Command::new("arm-none-eabi-addr2line")
        .arg("-e")
        .arg(elf)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a program that was found before");
    let text: String = addresses.iter().map(|address| format!("{address:#x}\n")).collect();
    let mut input = child.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || input.write_all(text.as_bytes()));
    let output = child.wait_with_output().expect("its end");
    writer.join().expect("a writer").expect("written");
    String::from_utf8(output.stdout).expect("text").lines().map(plain).collect()
}

/// Without folders and without what it says about discriminators.
fn plain(line: &str) -> String {
    let line = line.split(" (discriminator").next().unwrap_or(line);
    let line = line.rsplit('/').next().unwrap_or(line);
    let unknown = line.starts_with('?') || line.ends_with(":?") || line.ends_with(":0");
    if unknown { "?".to_string() } else { line.to_string() }
}

fn check(compiler: Compiler, flags: &[&str]) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let elf = compile::program(compiler, "mix", &folder, flags);
    let machine = load(&std::fs::read(&elf).expect("an image")).expect("an image that loads");
    let start = machine.symbol("Reset_Handler").expect("a function").address & !511;
    let addresses: Vec<u32> = (start..start + 0x400).step_by(2).collect();
    let mut known = 0;
    for ((address, line), expected) in addresses.iter().zip(machine.lines(&addresses)).zip(oracle(&elf, &addresses)) {
        let found = line.as_ref().is_none_or(|line| {
            let folder = line.folder.as_deref().unwrap_or("/");
            Path::new(folder).join(&line.file).is_file()
        });
        assert!(found, "{compiler:?} {flags:?} {address:#x}: {line:?} is where its source lies");
        let line = line.map_or("?".to_string(), |line| plain(&line.to_string()));
        assert_eq!(line, expected, "{compiler:?} {flags:?} {address:#x}");
        known += usize::from(line != "?");
    }
    assert!(known > 150, "{compiler:?} {flags:?}: only {known} lines");
}

#[test]
fn lines_are_those_of_addr2line() {
    if !compile::has("arm-none-eabi-addr2line") {
        return compile::skip("no arm-none-eabi-addr2line");
    }
    for compiler in compile::compilers() {
        for flags in [["-gdwarf-3", "-O1"], ["-gdwarf-4", "-O2"], ["-gdwarf-5", "-O2"]] {
            check(compiler, &flags);
        }
    }
}

/// Any bytes in place of the tables: lines may be wrong or missing, but nothing panics or hangs.
#[test]
fn damaged_debug_information_does_no_harm() {
    let Some(&compiler) = compile::compilers().first() else { return };
    let folder = tempfile::tempdir().expect("a temporary folder");
    let whole = std::fs::read(compile::program(compiler, "mix", &folder, &[])).expect("an image");
    let addresses: Vec<u32> = (0x0800_0000..0x0800_0800).step_by(2).collect();
    let mut rng = Rng::new(0x11e5, "damaged debug information");
    let (mut loaded, mut found) = (0, 0);
    for _ in 0..500 * compile::effort() {
        let mut elf = whole.clone();
        for _ in 0..=rng.below(60) {
            let at = rng.below(elf.len() - 0x200) + 0x200;
            elf[at] = rng.next_u64() as u8;
        }
        let Some(machine) = load(&elf) else { continue };
        loaded += 1;
        found += machine.lines(&addresses).iter().flatten().count();
    }
    assert!(loaded > 100 && found > 1000, "{loaded} images, {found} lines: the damage hides what is tested");
}

//! Predicted against published cycles for programs that can't be shipped: the table of `benches/simulator.md`.
#![expect(clippy::print_stdout, reason = "the table is what this test is for")]

use std::fs;
use std::path::Path;

use tinyml::library::Library;
use tinyml::sim::{Machine, MemoryMap};
use tinyml::stages::exercise::memory_map;

use crate::{image, qemu};

/// A line of `benches/published.tsv`: file, core, board or `-` for memory without waits, first and last symbol of the measured
/// stretch, what to divide its cycles by, published cycles.
struct Program<'a> {
    file: &'a str,
    core: &'a str,
    board: &'a str,
    first: &'a str,
    last: &'a str,
    divisor: f64,
    published: f64,
}

fn program(line: &str) -> Option<Program<'_>> {
    let mut words = line.split_whitespace();
    let mut next = || words.next();
    let (file, core, board, first, last) = (next()?, next()?, next()?, next()?, next()?);
    let (divisor, published) = (next()?.parse().ok()?, next()?.parse().ok()?);
    Some(Program { file, core, board, first, last, divisor, published })
}

/// Memory without waits, as large as a part of the class has it.
fn ideal() -> MemoryMap {
    let board = Library::new(std::collections::BTreeMap::new()).expect("whole").board("nucleo_f446re");
    MemoryMap {
        flash_timing: tinyml::sim::FlashTiming::default(),
        ..memory_map(&board.expect("shipped").expect("readable"))
    }
}

#[test]
fn published_latencies() {
    let Ok(folder) = std::env::var("TINYML_VALIDATION") else {
        return qemu::skip(
            "TINYML_VALIDATION names no folder with the programs of benches/published.tsv; see benches/simulator.md",
        );
    };
    let folder = Path::new(&folder);
    let table = include_str!("../../benches/published.tsv");
    println!(
        "| program | core | board | instructions | predicted | published | error |\n|---|---|---|---|---|---|---|"
    );
    for program in table.lines().filter(|line| !line.starts_with('#')).filter_map(program) {
        let elf = fs::read(folder.join(program.file)).expect("a program of the list");
        let library = Library::new(std::collections::BTreeMap::new()).expect("whole");
        let map = match program.board {
            "-" => ideal(),
            name => memory_map(&library.board(name).expect("shipped").expect("readable")),
        };
        let mut machine = Machine::load(&elf, &image::core(program.core), &map).expect("an image that loads");
        let address = |machine: &Machine, name: &str| machine.symbol(name).expect("a symbol of the list").address;
        let (first, last) = (address(&machine, program.first), address(&machine, program.last));
        machine.run_until(first, 2_000_000_000).unwrap_or_else(|fault| panic!("{}: {fault}", program.file));
        let (cycles, instructions) = (machine.cycles(), machine.instructions());
        machine.run_until(last, 2_000_000_000).unwrap_or_else(|fault| panic!("{}: {fault}", program.file));
        let predicted = (machine.cycles() - cycles) as f64 / program.divisor;
        let instructions = (machine.instructions() - instructions) as f64 / program.divisor;
        let error = 100.0 * (predicted / program.published - 1.0);
        let (file, core, board) = (program.file, program.core, program.board);
        println!(
            "| {file} | {core} | {board} | {instructions:.0} | {predicted:.0} | {:.0} | {error:+.1} % |",
            program.published
        );
        if let Some(symbol) = machine.symbol("crc_list") {
            let sum = |name: &str| {
                let at = machine.symbol(name).expect("a sum of CoreMark").address;
                machine.read(at, 2).map(|bytes| u16::from_le_bytes([bytes[0], bytes[1]]))
            };
            assert_eq!(symbol.size, 2);
            let sums = [sum("crc_list"), sum("crc_matrix"), sum("crc_state")];
            assert_eq!(sums, [Some(0xe714), Some(0x1fd7), Some(0x8e3a)], "{file}: CoreMark's own check");
        }
    }
}

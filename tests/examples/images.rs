//! Linked firmware in QEMU, which knows nothing of our simulator: equal outputs, equal counts of instructions.

use std::fs;

use tempfile::{NamedTempFile, TempDir};
use tinyml::library::Library;
use tinyml::sim::{Machine, Symbol};
use tinyml::stages::exercise::{Bench, memory_map};

use crate::place::{Place, digits, has_toolchain, test_rows};
use crate::qemu::Qemu;

/// Test rows that are run.
const ROWS: usize = 12;

#[test]
fn the_image_of_digits_for_a_cortex_m4_runs_in_qemu_as_on_the_simulator() {
    let Some(place) = digits() else { return };
    // An STM32F405: flash and RAM begin where the board's begin.
    compare(place, "nucleo_l4r5zi", "netduinoplus2");
}

#[test]
fn the_image_of_digits_for_a_cortex_m0_runs_in_qemu_as_on_the_simulator() {
    if !has_toolchain() {
        return;
    }
    let folder = TempDir::new().expect("a folder");
    let place = Place::copy("digits", folder.path());
    place.replace("digits.tml", "use std.boards.{nucleo_l4r5zi, rp2040_pico}", "use std.boards.{microbit_v1}");
    place.replace("digits.tml", "[nucleo_l4r5zi, rp2040_pico]", "[microbit_v1]");
    // At 16 MHz it may be too slow for the requirement.
    place.build(&[]).expect(&[0, 3]);
    compare(&place, "microbit_v1", "microbit");
}

/// An image, stopped where it waits, in QEMU.
struct Emulated {
    qemu: Qemu,
    symbols: [Symbol; 6],
    log: NamedTempFile,
}

const SYMBOLS: [&str; 6] = ["tml_wait", "tml_infer", "tml_app", "tml_input", "tml_output", "tml_command"];

impl Emulated {
    fn boot(machine: &str, elf: &[u8], symbols: [Symbol; 6]) -> Option<Self> {
        let log = NamedTempFile::new().expect("a file");
        let mut emulated = Self { qemu: Qemu::start(machine, elf)?, symbols, log };
        emulated.run_to(0);
        emulated.count_instructions();
        Some(emulated)
    }

    fn run_to(&mut self, symbol: usize) {
        let reached = self.qemu.run_to(self.symbols[symbol].address);
        assert!(reached, "stopped at {:#x} on the way to {}", self.qemu.pc(), SYMBOLS[symbol]);
    }

    /// Lets QEMU translate one instruction at a time, which it logs when it executes it.
    fn count_instructions(&mut self) {
        // The newer name is since QEMU 8.1; each version refuses the other one's.
        self.monitor("one-insn-per-tb on");
        self.monitor("singlestep on");
        self.monitor(&format!("logfile {}", self.log.path().display()));
    }

    /// Gives QEMU's own console a command.
    fn monitor(&mut self, command: &str) {
        let digits: Vec<String> = command.bytes().map(|byte| format!("{byte:02x}")).collect();
        let mut answer = self.qemu.ask(&format!("qRcmd,{}", digits.concat()));
        // What the command prints comes first, in hexadecimal digits behind an O.
        while answer != "OK" {
            assert!(answer.starts_with('O'), "QEMU's console: {answer}");
            answer = self.qemu.answer();
        }
    }

    /// Runs to `symbol`; how many instructions that were. One whose condition in an IT block fails is one, too.
    fn count_to(&mut self, symbol: usize) -> u64 {
        let before = self.executed();
        self.monitor("log exec,nochain");
        self.run_to(symbol);
        self.monitor("log none");
        self.executed() - before
    }

    /// Instructions in the log: each that began, less those that were put off and begin again.
    fn executed(&self) -> u64 {
        let log = fs::read_to_string(self.log.path()).expect("text");
        let lines = |start: &str| log.lines().filter(|line| line.starts_with(start)).count() as u64;
        lines("Trace ") - lines("Stopped ")
    }

    /// One inference: its outputs, and the instructions from `tml_infer` to `tml_app`.
    fn infer(&mut self, sample: &[f32]) -> (Vec<i8>, u64) {
        let bytes: Vec<u8> = sample.iter().flat_map(|value| value.to_le_bytes()).collect();
        self.qemu.write(self.symbols[3].address, &bytes);
        self.qemu.write(self.symbols[5].address, &1_u32.to_le_bytes());
        self.run_to(1);
        let count = self.count_to(2);
        self.run_to(0);
        let output = self.qemu.read(self.symbols[4].address, self.symbols[4].size);
        (output.iter().map(|byte| *byte as i8).collect(), count)
    }
}

fn compare(place: &Place, board: &str, machine: &str) {
    let elf = place.result(&format!("digits/scanner/{board}/firmware.elf"));
    let library = Library::new([].into()).unwrap_or_else(|diags| panic!("{diags}"));
    let board = library.board(board).expect("shipped").expect("readable");
    let core = library.core(&board.core).expect("shipped");
    let mut bench = Bench::boot(&elf, &board, &core, &[]).unwrap_or_else(|diags| panic!("{diags}"));
    let image = Machine::load(&elf, &core, &memory_map(&board)).expect("loads");
    let symbols = SYMBOLS.map(|name| image.symbol(name).expect(name));
    let Some(mut emulated) = Emulated::boot(machine, &elf, symbols) else { return };

    let [x, part, expected] =
        place.arrays([("ingest:digits", "x.npy"), ("ingest:digits", "part.npy"), ("quantize:reader", "expected.npy")]);
    let (x, expected) = (x.as_f32().expect("rows"), expected.as_i8().expect("scores"));
    let test = test_rows(&part);
    for turn in 0..ROWS {
        let index = turn * test.len() / ROWS;
        let row = &x[test[index] * 64..(test[index] + 1) * 64];
        let bytes: Vec<u8> = row.iter().flat_map(|value| value.to_le_bytes()).collect();
        let ours = bench.infer(&bytes).unwrap_or_else(|diags| panic!("{diags}"));
        let (output, count) = emulated.infer(row);
        assert_eq!(output, expected[index * 10..(index + 1) * 10], "test row {index} in QEMU");
        assert_eq!(output, ours.output, "test row {index}");
        eprintln!("{}, test row {index}: simulator {} instructions, QEMU {count}", board.name, ours.instructions);
        assert!(ours.instructions.abs_diff(count) * 1000 <= count, "more than 0.1 % apart");
    }
}

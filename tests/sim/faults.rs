//! C programs that do wrong, on Arm and RISC-V: each must end in the right fault, with its function, its source line,
//! its registers and how it came there.

use tinyml::sim::{Access, Fault, FaultKind, Machine};

use crate::builds::{Build, compilers};
use crate::image;
use crate::qemu::{ORACLES, Oracle, RISCV};

const SOURCE: &str = include_str!("programs/faults.c");

/// A board with the program, after its start-up code has run.
struct Board {
    oracle: Oracle,
    machine: Machine,
    place: String,
}

/// The program on M0, M4F, M33 and RISC-V, by every compiler that is here.
fn boards() -> Vec<Board> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let elf = folder.path().join("faults.elf");
    let mut boards = Vec::new();
    for oracle in [ORACLES[0], ORACLES[2], ORACLES[4], RISCV] {
        for &compiler in compilers() {
            let core = image::core(oracle.core);
            Build { compiler, level: "-O2", program: "faults" }.build(
                &oracle,
                &core,
                &["-fno-omit-frame-pointer"],
                &elf,
            );
            let bytes = std::fs::read(&elf).expect("the image that was just built");
            let mut machine = Machine::load(&bytes, &core, &oracle.map()).expect("an image that loads");
            let place = format!("{compiler:?} on {}", oracle.core);
            assert_eq!(machine.run(10_000), Ok(0), "{place}");
            boards.push(Board { oracle, machine, place });
        }
    }
    boards
}

impl Board {
    fn address(&self, symbol: &str) -> u32 {
        self.machine.symbol(symbol).expect("a symbol").address
    }

    /// How a call of `function` ends, which isn't well. Its first argument is in the first argument's register then.
    fn fault(&mut self, function: &str, args: &[u32]) -> Fault {
        let address = self.address(function);
        let mut machine = self.machine.clone();
        machine.call(address, args, 20_000).expect_err(&format!("{function} by {}", self.place))
    }

    /// The same, where the fault is in that function, on its marked line.
    fn fault_in(&mut self, function: &str, inner: &str, args: &[u32]) -> Fault {
        let fault = self.fault(function, args);
        assert_eq!(fault.function.as_deref(), Some(inner), "{}: {fault}", self.place);
        assert_eq!(line_of(&fault), marked(inner), "{}: {fault}", self.place);
        fault
    }

    fn is_arm(&self) -> bool {
        self.oracle.core != "esp32c3"
    }
}

/// The lines on which `name` stands in a comment.
fn marked(name: &str) -> Vec<u32> {
    let comment = format!("/* {name} */");
    SOURCE.lines().zip(1..).filter(|(text, _)| text.contains(&comment)).map(|(_, number)| number).collect()
}

/// The fault's line in the form of [`marked`]: all lines that have the same name.
fn line_of(fault: &Fault) -> Vec<u32> {
    let Some(line) = fault.line.as_ref().filter(|line| line.file.ends_with("faults.c")) else { return Vec::new() };
    let text = SOURCE.lines().nth(line.line as usize - 1).unwrap_or_default();
    let name = text.rsplit("/* ").next().and_then(|rest| rest.split(" */").next()).unwrap_or_default();
    marked(name)
}

fn register(fault: &Fault, name: &str) -> u32 {
    fault.registers.iter().find(|register| register.0 == name).expect("a register").1
}

#[test]
fn writes_outside_a_buffer_are_told_with_function_and_line() {
    for mut board in boards() {
        let buffer = board.address("buffer");
        board.machine.guard(buffer + 16..buffer + 32);
        let fault = board.fault_in("store_byte", "store_byte", &[buffer, 16]);
        assert_eq!(fault.kind, FaultKind::Guard { address: buffer + 16, access: Access::Write }, "{}", board.place);
        board.machine.clear_guards();
        let end = board.oracle.ram_origin + board.oracle.ram;
        let fault = board.fault_in("store_byte", "store_byte", &[buffer, end - buffer]);
        assert_eq!(fault.kind, FaultKind::Unmapped { address: end, access: Access::Write }, "{}", board.place);
        let inside = board.address("store_byte");
        assert!((inside..inside + 32).contains(&fault.pc), "{}: {fault}", board.place);
    }
}

#[test]
fn a_write_to_flash_and_a_read_of_nothing_are_told() {
    for mut board in boards() {
        let flash = board.oracle.flash_origin + 0x100;
        let fault = board.fault_in("store_word", "store_word", &[flash, 5]);
        assert_eq!(fault.kind, FaultKind::WriteToFlash { address: flash }, "{}", board.place);
        let first = if board.is_arm() { "r0" } else { "a0" };
        assert_eq!(register(&fault, first), flash, "{}: {fault}", board.place);
        let nothing = 0x7000_0000;
        let fault = board.fault_in("outer", "load_word", &[nothing]);
        assert_eq!(fault.kind, FaultKind::Unmapped { address: nothing, access: Access::Read }, "{}", board.place);
        let branch = fault.branches.first().expect("a branch");
        assert_eq!(branch.function.as_deref(), Some("outer"), "{}: {fault}", board.place);
        assert_eq!(branch.to, board.address("load_word"), "{}: {fault}", board.place);
    }
}

#[test]
fn recursion_without_end_overflows_the_stack() {
    for mut board in boards() {
        let top = board.address("_stack_top");
        let fault = board.fault("recurse", &[top - 4]);
        let limit = board.oracle.ram_origin;
        assert!(matches!(fault.kind, FaultKind::StackOverflow { limit: told, .. } if told == limit), "{fault}");
        assert_eq!(fault.function.as_deref(), Some("recurse"), "{}: {fault}", board.place);
        assert!(fault.line.is_some_and(|line| line.file.ends_with("faults.c")), "{}", board.place);
        // Eight branches, all of the function into itself, or into a part of it.
        assert_eq!(fault.branches.len(), 8, "{}", board.place);
        let own = |name: Option<&str>| name == Some("recurse");
        assert!(fault.branches.iter().all(|branch| own(branch.function.as_deref())), "{}", board.place);
    }
}

#[test]
fn data_is_never_executed() {
    for mut board in boards() {
        let fault = board.fault("jump_into_data", &[]);
        let FaultKind::NotCode { address } = fault.kind else { panic!("{}: {fault}", board.place) };
        assert!(board.oracle.map().ram.holds(address, 2), "{}: {fault}", board.place);
        assert_eq!(fault.function, None, "{}: {fault}", board.place);
        let branch = fault.branches.first().expect("a branch");
        assert_eq!(branch.function.as_deref(), Some("jump_into_data"), "{}: {fault}", board.place);
        let line = branch.line.as_ref().map(|line| line.line);
        assert_eq!(line.into_iter().collect::<Vec<_>>(), marked("jump_into_data"), "{}: {fault}", board.place);
        assert_eq!((branch.to, fault.pc), (address, address), "{}: {fault}", board.place);
    }
}

#[test]
fn a_division_by_zero_traps_where_the_core_can() {
    for mut board in boards() {
        let address = board.address("divide");
        assert_eq!(
            board.machine.clone().call(address, &[-42_i32 as u32, 5], 2000),
            Ok(-8_i32 as u32),
            "{}",
            board.place
        );
        match board.oracle.core {
            // Library code: it returns what it likes, or calls a handler.
            "cortex_m0" => {}
            "esp32c3" => assert_eq!(board.machine.call(address, &[7, 0], 2000), Ok(u32::MAX), "{}", board.place),
            _ => {
                let fault = board.fault_in("divide", "divide", &[7, 0]);
                assert_eq!(fault.kind, FaultKind::DivideByZero, "{}", board.place);
            }
        }
    }
}

#[test]
fn an_undefined_instruction_is_told() {
    for mut board in boards() {
        let fault = board.fault_in("undefined", "undefined", &[]);
        let FaultKind::Undefined { opcode } = fault.kind else { panic!("{}: {fault}", board.place) };
        assert_eq!(opcode, if board.is_arm() { 0xde42_0000 } else { 0 }, "{}", board.place);
    }
}

#[test]
fn misaligned_accesses_fault_where_the_core_says_so() {
    for mut board in boards() {
        let place = board.address("buffer") + 1;
        let misaligned = FaultKind::Misaligned { address: place, access: Access::Read };
        match board.oracle.core {
            "cortex_m0" => assert_eq!(board.fault_in("load_word", "load_word", &[place]).kind, misaligned),
            _ => assert!(
                board.machine.clone().call(board.address("load_word"), &[place], 100).is_ok(),
                "{}",
                board.place
            ),
        }
        // LDM never takes them (DDI 0403E, A3.2.1); this RISC-V core takes all.
        if board.is_arm() {
            assert_eq!(board.fault_in("load_two", "load_two", &[place]).kind, misaligned, "{}", board.place);
        } else {
            assert!(board.machine.call(board.address("load_two"), &[place], 100).is_ok(), "{}", board.place);
        }
    }
}

#[test]
fn a_program_without_end_is_stopped_by_its_budget() {
    for mut board in boards() {
        let fault = board.fault_in("spin", "spin", &[]);
        assert_eq!(fault.kind, FaultKind::Budget { instructions: 20_000 }, "{}", board.place);
    }
}

//! Exceptions: a program that causes all it can must log what it logs in QEMU; and what only our board tells.

use std::path::Path;
use std::process::Command;

use tinyml::library::core::Family;
use tinyml::sim::{FaultKind, Machine, Mode};

use crate::image;
use crate::qemu::{self, ORACLES, Oracle};

/// Builds `tests/sim/programs/exceptions.c` for the memories of `oracle`; None without the compiler.
fn build(oracle: &Oracle, folder: &Path) -> Option<Vec<u8>> {
    if !qemu::has("arm-none-eabi-gcc") {
        qemu::skip("no arm-none-eabi-gcc");
        return None;
    }
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sim/programs");
    let script = std::fs::read_to_string(sources.join("board.ld")).expect("the linker script");
    let script = script
        .replace("ORIGIN = 0x00000000", &format!("ORIGIN = {:#x}", oracle.flash_origin))
        .replace("ORIGIN = 0x20000000", &format!("ORIGIN = {:#x}", oracle.ram_origin));
    let (ld, elf) = (folder.join("board.ld"), folder.join("exceptions.elf"));
    std::fs::write(&ld, script).expect("a file in the temporary folder");
    let mut command = Command::new("arm-none-eabi-gcc");
    command.args(&image::core(oracle.core).gcc.flags).args(["-O1", "-g", "-std=gnu11", "-ffreestanding", "-nostdlib"]);
    command.arg("-fno-tree-loop-distribute-patterns").arg("-T").arg(&ld).arg(sources.join("exceptions.c"));
    let output = command.arg("-lgcc").arg("-o").arg(&elf).output().expect("a compiler that was found before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(std::fs::read(&elf).expect("the image that was just built"))
}

#[test]
fn exceptions_happen_as_in_qemu() {
    for oracle in &ORACLES {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let Some(bytes) = build(oracle, folder.path()) else { return };
        let mut logs = Vec::new();
        for mode in [Mode::Fast, Mode::Cycles, Mode::Profile] {
            let mut machine = Machine::load(&bytes, &image::core(oracle.core), &oracle.map()).expect("an image");
            machine.set_mode(mode);
            machine.run(1_000_000).unwrap_or_else(|fault| {
                panic!("{}: {fault}\n{}", oracle.core, String::from_utf8_lossy(machine.console()))
            });
            logs.push(String::from_utf8_lossy(machine.console()).into_owned());
        }
        assert!(logs.iter().all(|log| *log == logs[0]), "{}: modes differ: {logs:#?}", oracle.core);
        assert!(logs[0].ends_with("wW\n"), "{}: {}", oracle.core, logs[0]);
        match oracle.run(&folder.path().join("exceptions.elf"), &[]) {
            Some(theirs) => assert_eq!(logs[0], String::from_utf8_lossy(&theirs), "{}", oracle.core),
            None => qemu::skip("no qemu-system-arm"),
        }
    }
}

/// An image with a full vector table: `handlers` by exception number, the start at 0x80.
fn with_vectors(handlers: &[(usize, u32)], code: &[u16]) -> Vec<u8> {
    let mut vectors = [0_u32; 32];
    (vectors[0], vectors[1]) = (0x2000_1000, 0x81);
    for &(number, address) in handlers {
        vectors[number] = address | 1;
    }
    let mut bytes: Vec<u8> = vectors.iter().flat_map(|word| word.to_le_bytes()).collect();
    bytes.extend(code.iter().flat_map(|half| half.to_le_bytes()));
    image::elf(&bytes)
}

fn machine(core: &str, elf: &[u8]) -> Machine {
    Machine::load(elf, &image::core(core), &image::board(0x1000, 0x4000)).expect("an image")
}

#[test]
fn entry_and_return_take_the_cycles_of_the_manual() {
    for (core, entry, exit) in [("cortex_m0", 16, 16), ("cortex_m0plus", 15, 15), ("cortex_m4f", 12, 10)] {
        // SVC #0; BKPT; the handler at 0x84: BX lr.
        let elf = with_vectors(&[(11, 0x84)], &[0xdf00, 0xbe00, 0x4770]);
        let mut machine = machine(core, &elf);
        machine.run_until(0x84, 10).expect("the handler");
        let there = machine.cycles();
        machine.run_until(0x82, 10).expect("behind the call");
        let Family::Arm(arm) = image::core(core).family else { panic!("{core} is an Arm core") };
        let costs = arm.cycles;
        assert_eq!(there, u64::from(costs.data) + entry, "{core}: SVC and entry");
        assert_eq!(
            machine.cycles() - there,
            u64::from(costs.branch_register + costs.taken) + exit,
            "{core}: BX and return"
        );
    }
}

#[test]
fn nothing_to_wait_for_is_a_fault() {
    for wait in [0xbf30, 0xbf20] {
        let elf = with_vectors(&[], &[wait, 0xbe00]);
        let fault = machine("cortex_m4f", &elf).run(10).expect_err("nobody wakes it");
        assert_eq!((fault.kind, fault.pc), (FaultKind::WaitsForever, 0x80));
    }
}

#[test]
fn a_missing_handler_and_a_wrong_return_are_told() {
    // MOVS r0, #1; LSLS r0, #28; LDR r1, =ICSR; STR r0, [r1]: PendSV without a vector.
    let pend = [0x2001, 0x0700, 0x4901, 0x6008, 0xbf00, 0xbe00, 0xed04, 0xe000];
    let fault = machine("cortex_m0", &with_vectors(&[], &pend)).run(10).expect_err("no handler");
    assert_eq!(fault.kind, FaultKind::Vector { exception: 14, address: 0 });
    // SVC; the handler: MOVS r0, #14; MVNS r0, r0 (0xfffffff1: to a handler that isn't there); BX r0.
    let wrong = with_vectors(&[(11, 0x84)], &[0xdf00, 0xbe00, 0x200e, 0x43c0, 0x4700]);
    let fault = machine("cortex_m0", &wrong).run(10).expect_err("no such return");
    assert_eq!(fault.kind, FaultKind::ExceptionReturn { value: 0xffff_fff0 });
    // A jump there from a thread.
    let thread = with_vectors(&[], &[0x2006, 0x43c0, 0x4700]);
    let fault = machine("cortex_m0", &thread).run(10).expect_err("no code");
    assert!(matches!(fault.kind, FaultKind::NotCode { .. }), "{fault}");
}

#[test]
fn a_stack_limit_register_holds_the_stack() {
    // LDR r0, =0x20000ff0; MSR MSPLIM, r0; PUSH {r0}; PUSH {r0-r7}.
    let code = [0x4802, 0xf380, 0x880a, 0xb401, 0xb4ff, 0xbe00, 0x0ff0, 0x2000];
    let fault = machine("cortex_m33", &with_vectors(&[], &code)).run(10).expect_err("an overflow");
    assert_eq!(fault.kind, FaultKind::StackOverflow { pointer: 0x2000_0fdc, limit: 0x2000_0ff0 });
    assert_eq!(fault.pc, 0x88);
}

#[test]
fn a_call_begins_outside_handlers() {
    // SVC; BKPT; handler: UDF; a function: MRS r0, IPSR; BX lr.
    let elf = with_vectors(&[(11, 0x84)], &[0xdf00, 0xbe00, 0xde00, 0xbf00, 0xf3ef, 0x8005, 0x4770]);
    let mut machine = machine("cortex_m4f", &elf);
    let fault = machine.run(10).expect_err("UDF");
    assert_eq!((fault.pc, fault.registers[16].1 & 0x1ff), (0x84, 11));
    assert_eq!(machine.call(0x88, &[], 10), Ok(0));
}

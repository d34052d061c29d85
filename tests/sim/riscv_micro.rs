//! RISC-V by hand: cycle counts from the rules of CV32E40P's user manual ("Pipeline Details"), traps, faults, counters.

use tinyml::library::core::{Family, Registers};
use tinyml::sim::{Access, FaultKind, Machine, Mode};

use crate::image;
use crate::riscv_asm::{self as asm, Code, FLASH, RAM, b, i, j, machine, r, s};

const NOP: u32 = 0x13;
const RET: u32 = 0x8067;

/// Cycles of `code` from the first instruction to the return, with a0 and a1.
fn cycles(code: &[u32], a0: u32, a1: u32) -> u64 {
    let mut program = Code::default();
    for word in code.iter().chain(&[RET]) {
        program.wide(*word);
    }
    let mut machine = machine(&program);
    machine.set_mode(Mode::Cycles);
    machine.call(FLASH, &[a0, a1], 1000).expect("it returns");
    machine.cycles()
}

/// Cycles of `code` alone: the return takes two.
fn alone(code: &[u32], a0: u32, a1: u32) -> u64 {
    cycles(code, a0, a1) - 2
}

#[test]
fn riscv_a_return_takes_two_cycles() {
    assert_eq!(cycles(&[], 0, 0), 2);
    assert_eq!(cycles(&[NOP, NOP, NOP], 0, 0), 5);
}

#[test]
fn riscv_loads_stall_the_instruction_that_uses_them() {
    let load = i(0x03, 2, 12, 10, 0);
    assert_eq!(alone(&[load], RAM, 0), 1);
    assert_eq!(alone(&[load, NOP], RAM, 0), 2);
    assert_eq!(alone(&[load, r(0, 0, 13, 12, 11)], RAM, 0), 3); // ADD uses it
    assert_eq!(alone(&[load, r(0, 0, 13, 11, 12)], RAM, 0), 3); // as the other operand
    assert_eq!(alone(&[load, NOP, r(0, 0, 13, 12, 11)], RAM, 0), 3); // one between
    assert_eq!(alone(&[load, s(2, 10, 12, 4)], RAM, 0), 3); // SW of it
    assert_eq!(alone(&[load, i(0x03, 2, 12, 11, 0)], RAM, RAM), 2); // written again, not used
    assert_eq!(alone(&[i(0x03, 2, 0, 10, 0), r(0, 0, 13, 0, 11)], RAM, 0), 2); // x0 is nobody's result
}

#[test]
fn riscv_branches_cost_by_where_they_are_decided() {
    let skip = b(0, 10, 11, 8); // BEQ over an instruction
    assert_eq!(alone(&[skip, NOP, NOP], 1, 2), 3); // not taken: 1
    assert_eq!(alone(&[skip, NOP, NOP], 1, 1), 4); // taken: 3
    assert_eq!(alone(&[j(0, 8), NOP, NOP], 0, 0), 3); // JAL: 2
    // A loop of 10 turns: ADDI, BNE; the last branch isn't taken.
    let turns = [i(0x13, 0, 12, 0, 10), i(0x13, 0, 12, 12, 0xfff), b(1, 12, 0, 4_u32.wrapping_neg())];
    assert_eq!(alone(&turns, 0, 0), 1 + 10 + 9 * 3 + 1);
}

#[test]
fn riscv_a_jump_to_a_fresh_register_waits() {
    // AUIPC, ADDI, JALR to the instruction behind it: 1 + 1 + 1 (the register) + 2.
    let code = [12 << 7 | 0x17, i(0x13, 0, 12, 12, 16), i(0x67, 0, 0, 12, 0), NOP, NOP];
    assert_eq!(alone(&code, 0, 0), 1 + 1 + 1 + 2 + 1);
    let apart = [12 << 7 | 0x17, i(0x13, 0, 12, 12, 20), NOP, i(0x67, 0, 0, 12, 0), NOP, NOP];
    assert_eq!(alone(&apart, 0, 0), 1 + 1 + 1 + 2 + 1);
}

#[test]
fn riscv_products_and_quotients_cost_as_published() {
    assert_eq!(alone(&[r(1, 0, 12, 10, 11)], 7, 9), 1); // MUL
    for funct3 in 1..4 {
        assert_eq!(alone(&[r(1, funct3, 12, 10, 11)], 7, 9), 5, "MULH, MULHSU, MULHU");
    }
    for funct3 in [5, 7] {
        assert_eq!(alone(&[r(1, funct3, 12, 10, 11)], 7, 0x8000_0000), 3, "no leading zero");
        assert_eq!(alone(&[r(1, funct3, 12, 10, 11)], 7, 0), 35, "by zero");
        assert_eq!(alone(&[r(1, funct3, 12, 10, 11)], 7, 0x0001_0000), 3 + 15);
    }
}

#[test]
fn riscv_unaligned_accesses_take_one_cycle_more_or_fault() {
    let load = [i(0x03, 2, 12, 10, 0)];
    assert_eq!(alone(&load, RAM + 2, 0), 2);
    let mut core = asm::core();
    if let Family::Riscv(riscv) = &mut core.family {
        riscv.unaligned = false;
    }
    let mut program = Code::default();
    program.wide(load[0]).wide(RET);
    let mut machine = Machine::load(&asm::elf(&program.bytes), &core, &asm::board()).expect("an image");
    let fault = machine.call(FLASH, &[RAM + 2], 10).expect_err("a fault");
    assert_eq!(fault.kind, FaultKind::Misaligned { address: RAM + 2, access: Access::Read });
}

/// How `code` ends.
fn end(code: &[u32]) -> FaultKind {
    let mut program = Code::default();
    for word in code {
        program.wide(*word);
    }
    machine(&program).run(1000).expect_err("a fault").kind
}

#[test]
fn riscv_faults_say_what_happened() {
    assert_eq!(end(&[0xffff_ffff]), FaultKind::Undefined { opcode: 0xffff_ffff });
    assert_eq!(end(&[0]), FaultKind::Undefined { opcode: 0 });
    assert_eq!(end(&[0x0010_0073]), FaultKind::Breakpoint { number: 0 });
    assert_eq!(end(&[0x0000_0073]), FaultKind::Supervisor { number: 0 });
    assert_eq!(end(&[i(0x03, 2, 10, 0, 0)]), FaultKind::Unmapped { address: 0, access: Access::Read });
    assert_eq!(end(&[i(0x03, 0, 0, 0, 4)]), FaultKind::Unmapped { address: 4, access: Access::Read }); // into x0
    assert_eq!(end(&[0x97, s(2, 1, 1, 0)]), FaultKind::WriteToFlash { address: FLASH });
    assert_eq!(end(&[j(0, 0x1000)]), FaultKind::NotCode { address: FLASH + 0x1000 });
    assert_eq!(end(&[j(0, 0)]), FaultKind::Budget { instructions: 1000 });
    // CSRRW of `cycle`, which is read-only; CSRRS of it without bits only reads.
    assert_eq!(end(&[0xc000_1073]), FaultKind::Undefined { opcode: 0xc000_1073 });
    assert_eq!(end(&[0xc000_2573, j(0, 0)]), FaultKind::Budget { instructions: 1000 });
}

#[test]
fn riscv_a_fault_shows_the_registers_by_name() {
    let mut program = Code::default();
    program.li(10, 0x1234_5678).wide(0xffff_ffff);
    let text = machine(&program).run(10).expect_err("a fault").to_string();
    assert!(text.contains("a0") && text.contains("0x12345678") && text.contains("0x80000008"), "{text}");
}

#[test]
fn riscv_environment_calls_trap_and_return() {
    let mut program = Code::default();
    // mtvec = FLASH + 0x40; mstatus.MIE on; ECALL; then a1 = mstatus; the end.
    program.li(5, FLASH + 0x40).wide(0x3052_9073).wide(0x3004_6073).wide(0x73).wide(0x3000_25f3).wide(0x0010_0073);
    while program.bytes.len() < 0x40 {
        program.wide(0);
    }
    // a0 = mcause, a2 = mepc, a3 = mstatus; mepc += 4; MRET.
    program.wide(0x3420_2573).wide(0x3410_2673).wide(0x3000_26f3).wide(i(0x13, 0, 5, 12, 4)).wide(0x3412_9073);
    program.wide(0x3020_0073);
    let fault = machine(&program).run(100).expect_err("the breakpoint");
    let register = |name: &str| fault.registers.iter().find(|(known, _)| *known == name).expect(name).1;
    assert_eq!(fault.kind, FaultKind::Breakpoint { number: 0 });
    assert_eq!((register("a0"), register("a2")), (11, FLASH + 16));
    assert_eq!(register("a3"), 0x1880, "in the handler interrupts are off, and were on before");
    assert_eq!(register("a1"), 0x1888, "afterwards they are on again");
}

#[test]
fn riscv_counters_are_exact() {
    // a0 = mcycle, NOP, NOP, a1 = mcycle, a2 = minstret, a0 = a1 - a0.
    let mut program = Code::default();
    program.wide(0xb000_2573).wide(NOP).wide(NOP).wide(0xb000_25f3).wide(0xb020_2673);
    program.wide(r(0x20, 0, 10, 11, 10)).wide(RET);
    let mut machine = machine(&program);
    machine.set_mode(Mode::Cycles);
    assert_eq!(machine.call(FLASH, &[], 100), Ok(3));
}

#[test]
fn riscv_espressifs_counter_counts_once_it_is_told_to() {
    // mpccr before; mpcer = 1, mpcmr = 1; mpccr = 0; three NOPs; a0 = mpccr.
    let code = [0x7e00_d073, 0x7e10_d073, 0x7e20_1073, NOP, NOP, NOP, 0x7e20_2573, RET];
    let mut program = Code::default();
    for word in code {
        program.wide(word);
    }
    let core = image::core("esp32c3");
    let Family::Riscv(riscv) = &core.family else { panic!("a RISC-V core") };
    assert_eq!(riscv.registers, Registers::Espressif);
    let mut machine = Machine::load(&asm::elf(&program.bytes), &core, &asm::board()).expect("an image");
    machine.set_mode(Mode::Cycles);
    assert_eq!(machine.call(FLASH, &[], 100), Ok(4));
    // The standard counters aren't there.
    let mut program = Code::default();
    program.wide(0xb000_2573);
    let mut machine = Machine::load(&asm::elf(&program.bytes), &core, &asm::board()).expect("an image");
    assert!(matches!(machine.run(1).expect_err("a fault").kind, FaultKind::Undefined { .. }));
}

#[test]
fn riscv_arguments_follow_the_calling_convention() {
    // a0 = a7 + the ninth argument, at the stack pointer.
    let mut program = Code::default();
    program.wide(i(0x03, 2, 5, 2, 0)).wide(r(0, 0, 10, 17, 5)).wide(RET);
    assert_eq!(machine(&program).call(FLASH, &[1, 2, 3, 4, 5, 6, 7, 8, 9], 100), Ok(17));
}

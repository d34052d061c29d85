//! Cycle counts of small programs, worked out by hand from Arm's manuals.

use tinyml::sim::FaultKind;

use crate::image;

/// Cycles of `code` up to a `BKPT` behind it.
fn cycles(core: &str, code: &[u16]) -> u64 {
    let code: Vec<u16> = code.iter().copied().chain([0xbe00]).collect();
    let mut machine = image::machine(core, &code);
    let end = 8 + (code.len() as u32 - 1) * 2;
    machine.run_until(end, 10_000).expect("a program that ends");
    machine.cycles()
}

const MOVS_R0_0: u16 = 0x2000;
/// `MOVW r1, #0`, `MOVT r1, #0x2000`: a pointer into RAM, 2 cycles; and an instruction that keeps it from stalling a load.
const POINTER: [u16; 5] = [0xf240, 0x0100, 0xf2c2, 0x0100, 0xbf00];

fn after_pointer(code: &[u16]) -> u64 {
    let with: Vec<u16> = POINTER.iter().chain(code).copied().collect();
    cycles("cortex_m4f", &with) - 3
}

#[test]
fn data_processing_takes_one_cycle_each() {
    // Cortex-M4 TRM r0p1, table 3-1: MOV, ADD, MUL, UMULL, SMLAD: 1 each.
    let code = [MOVS_R0_0, 0x1c40, 0x4348, 0xfba0, 0x2301, 0xfb20, 0x0001];
    assert_eq!(cycles("cortex_m4f", &code), 5);
}

#[test]
fn the_m3_multiplies_more_slowly() {
    // Cortex-M3 TRM r2p1, table 3-1: MLA 2; UMULL 3 to 5, here 4.
    assert_eq!(cycles("cortex_m3", &[0xfb00, 0x0000]), 2);
    assert_eq!(cycles("cortex_m3", &[0xfba0, 0x2301]), 4);
}

#[test]
fn loads_pipeline_unless_they_depend() {
    // Cortex-M4 TRM r0p1, 3.3.2: `LDR R0,[R1]; LDR R1,[R2]`: normally three cycles in total.
    assert_eq!(after_pointer(&[0x6808]), 2);
    assert_eq!(after_pointer(&[0x6808, 0x684a]), 3);
    // Three: `LDR R0,[R1,R5]; LDR R1,[R2]; LDR R2,[R3,#4]`: normally four cycles in total.
    assert_eq!(after_pointer(&[0x6808, 0x684a, 0x688b]), 4);
    // `LDR r1,[r1]; LDR r0,[r1]`: the address is the load's result; r1 becomes 0, which reads the vector table.
    assert_eq!(after_pointer(&[0x6809, 0x6808]), 4);
}

#[test]
fn stores_go_through_the_write_buffer() {
    // Cortex-M4 TRM r0p1, 3.3.2: `STR Rx,[Ry,#imm]` is always one cycle;
    // `LDR R0,[R1,R2]; STR R0,[R3,#20]`: normally three cycles in total; so is `LDR R0,[R1,R2]; STR R1,[R3,R2]`.
    assert_eq!(after_pointer(&[0x6008]), 1);
    assert_eq!(after_pointer(&[0x580a, 0x614a]), 3);
    assert_eq!(after_pointer(&[0x580a, 0x500b]), 3);
}

#[test]
fn an_address_computed_just_before_stalls() {
    // Cortex-M4 TRM r0p1, 3.3.2: "stalls the pipeline for an additional cycle while the register bank is updated".
    assert_eq!(after_pointer(&[0x3104, 0x6808]), 1 + 2 + 1);
    assert_eq!(after_pointer(&[0x3104, 0xbf00, 0x6808]), 1 + 1 + 2);
}

#[test]
fn the_small_cores_branch_faster_and_load_slower() {
    // Cortex-M0+ TRM r0p1, table 3-1: B<cond> 2 taken, 1 not; LDR 2; PUSH 1+N; POP with pc 3+N; BL 3.
    assert_eq!(cycles("cortex_m0plus", &[0x2003, 0x3801, 0xd1fd]), 1 + 3 + 2 * 2 + 1);
    assert_eq!(cycles("cortex_m0plus", &[0xb403, 0x9800, 0x9901]), 3 + 2 + 2);
    assert_eq!(cycles("cortex_m0plus", &[0xf000, 0xf801, 0xbf00, 0xbf00]), 3 + 1);
    // Cortex-M0 TRM r0p0, table 3-1: B<cond> 3 taken; BL 4.
    assert_eq!(cycles("cortex_m0", &[0x2003, 0x3801, 0xd1fd]), 1 + 3 + 2 * 3 + 1);
    assert_eq!(cycles("cortex_m0", &[0xf000, 0xf801, 0xbf00, 0xbf00]), 4 + 1);
    // ADR r0 (to the end, Thumb); PUSH {r0} with lr; POP {r0, pc}: 1 + 1 + 3 + 3+2 on the M0+.
    let pop = [0xa001, 0x3005, 0x4686, 0xb501, 0xbd01, 0xbf00];
    assert_eq!(cycles("cortex_m0plus", &pop), 1 + 1 + 1 + 3 + 5);
    assert_eq!(cycles("cortex_m0", &pop), 1 + 1 + 1 + 3 + 6);
}

#[test]
fn a_skipped_instruction_takes_a_cycle() {
    // CMP r0,r0; ITE NE; MOVNE r1,#1; MOVEQ r1,#2.
    let code = [0x4280, 0xbf14, 0x2101, 0x2102];
    let mut machine = image::machine("cortex_m4f", &[0x4280, 0xbf14, 0x2101, 0x2102, 0xbe07]);
    let fault = machine.run(100).expect_err("a breakpoint");
    assert_eq!(fault.kind, FaultKind::Breakpoint { number: 7 });
    assert_eq!(fault.registers[1].1, 2);
    assert_eq!(machine.instructions(), 5);
    assert_eq!(cycles("cortex_m4f", &code), 4);
}

#[test]
fn multiples_take_one_more_than_their_registers() {
    // Cortex-M4 TRM r0p1, table 3-1: PUSH 1+N, POP 1+N, LDM 1+N, LDRD 1+N.
    assert_eq!(cycles("cortex_m4f", &[0xb40f, 0xbc0f]), 10);
    assert_eq!(after_pointer(&[0xc90d]), 4);
    assert_eq!(after_pointer(&[0xe9d1, 0x2300]), 3);
    // 3.3.2: LDRD and LDM "cannot be pipelined with preceding or following instructions": LDR r0; LDRD; LDR r0.
    assert_eq!(after_pointer(&[0x6808, 0xe9d1, 0x2300, 0x6808]), 2 + 3 + 2);
}

#[test]
fn a_taken_branch_refills_the_pipeline() {
    // Cortex-M4 TRM r0p1, table 3-1: B 1+P, "P ranges from 1 to 3 depending on the alignment and width of the target
    // instruction, and whether the processor manages to speculate the address early". P is 1 here, 2 where the target is
    // a 32-bit instruction across two words. B<cond> takes 1 when not taken.
    assert_eq!(cycles("cortex_m4f", &[0xe7ff]), 2); // to the next instruction: taken all the same
    assert_eq!(cycles("cortex_m4f", &[0xe000, 0xbf00]), 2);
    // B; NOP; MOV.W at 12, and with another NOP at 14.
    assert_eq!(cycles("cortex_m4f", &[0xe000, 0xbf00, 0xf04f, 0x30ff]), 2 + 1);
    assert_eq!(cycles("cortex_m4f", &[0xe001, 0xbf00, 0xbf00, 0xf04f, 0x30ff]), 3 + 1);
    // MOVS r0,#3; SUBS r0,#1; BNE -: 1 + 3·1 + 2·2 + 1.
    assert_eq!(cycles("cortex_m4f", &[0x2003, 0x3801, 0xd1fd]), 9);
    // ADR r0, 16; ADDS r0, #1; BX r0; NOP; 16: NOP. The address comes from a register: P is 2.
    assert_eq!(cycles("cortex_m4f", &[0xa001, 0x3001, 0x4700, 0xbf00, 0xbf00]), 1 + 1 + 3 + 1);
}

#[test]
fn branches_through_memory_block() {
    // Cortex-M4 TRM r0p1, 3.3.2: LDR PC "takes at least five cycles". LDR pc, =21; NOP; NOP; 20: NOP.
    assert_eq!(cycles("cortex_m4f", &[0xf8df, 0xf004, 0xbf00, 0xbf00, 0x0015, 0x0000, 0xbf00]), 5 + 1);
    // "TBB and TBH … at least six cycles". MOVS r0, #0; NOP; TBB [pc, r0]; 1; NOP.
    assert_eq!(cycles("cortex_m4f", &[0x2000, 0xbf00, 0xe8df, 0xf000, 0x0001, 0xbf00]), 1 + 1 + 6 + 1);
    // POP with pc 1+N+P, where P is 3, as for LDR PC. ADR r0; ADDS r0, #5; MOV lr, r0; PUSH {r0, lr}; POP {r0, pc}.
    assert_eq!(cycles("cortex_m4f", &[0xa001, 0x3005, 0x4686, 0xb501, 0xbd01, 0xbf00]), 1 + 1 + 1 + 3 + 6);
}

#[test]
fn a_division_ends_early() {
    // Cortex-M4 TRM r0p1, table 3-1: UDIV 2 to 12, "depending on the number of leading ones and zeroes". Assumed: 2 for
    // a quotient of 0, else 4 and a cycle for every 4 bits of it.
    let divide = |code: &[u16]| {
        let with: Vec<u16> = code.iter().copied().chain([0xfbb0, 0xf3f2]).collect();
        cycles("cortex_m4f", &with) - cycles("cortex_m4f", code)
    };
    assert_eq!(divide(&[0x2003, 0x2204]), 2); // 3 / 4
    assert_eq!(divide(&[0x2003, 0x2202]), 5); // 3 / 2: one bit
    assert_eq!(divide(&[0x20ff, 0x2201]), 6); // 255 / 1: eight bits
    assert_eq!(divide(&[0xf04f, 0x30ff, 0x2201]), 12); // 2³²-1 / 1
    // Cortex-M3 TRM r2p1, table 3-1: the same.
    assert_eq!(cycles("cortex_m3", &[0x2003, 0x2204, 0xfbb0, 0xf3f2]), 1 + 1 + 2);
}

#[test]
fn accesses_across_their_size_are_several() {
    // Cortex-M3 TRM r2p1 and Cortex-M4 TRM r0p1, 3.3.2: a halfword at an odd address and a word at an even one take one
    // more cycle, a word at an odd address two.
    assert_eq!(after_pointer(&[0xf8d1, 0x0002]), 2 + 1); // LDR.W r0, [r1, #2]
    assert_eq!(after_pointer(&[0xf8d1, 0x0001]), 2 + 2);
    assert_eq!(after_pointer(&[0xf8b1, 0x0001]), 2 + 1); // LDRH.W r0, [r1, #1]
    assert_eq!(after_pointer(&[0xf8c1, 0x0001]), 1 + 2); // STR.W r0, [r1, #1]
}

/// Cycles of `code` on a Cortex-M4 with its FPU on and r1 pointing into RAM.
fn float(code: &[u16]) -> u64 {
    let fpu_on = [0xf64e, 0x5188, 0xf2ce, 0x0100, 0xf44f, 0x0070, 0x6008];
    let before: Vec<u16> = fpu_on.iter().chain(&POINTER).copied().collect();
    let with: Vec<u16> = before.iter().chain(code).copied().collect();
    cycles("cortex_m4f", &with) - cycles("cortex_m4f", &before)
}

#[test]
fn floats_take_their_latencies() {
    // Cortex-M4 TRM r0p1, table 7-1: VADD 1, VMUL 1, VMLA 3, VDIV 14, VLDR 2, VSTR 2, VMOV of two words 2; a result used
    // by the next instruction costs one more.
    assert_eq!(float(&[0xee30, 0x0a20]), 1); // VADD s0, s0, s1
    assert_eq!(float(&[0xee30, 0x0a20, 0xee31, 0x1a21]), 2); // VADD s2, s2, s3: independent
    assert_eq!(float(&[0xee30, 0x0a20, 0xee30, 0x1a21]), 3); // VADD s2, s0, s3
    assert_eq!(float(&[0xee01, 0x0a02]), 3); // VMLA s0, s2, s4
    assert_eq!(float(&[0xed91, 0x0a00]), 2); // VLDR s0, [r1]
    assert_eq!(float(&[0xed81, 0x0a00]), 2); // VSTR s0, [r1]
    // VLDR pipelines as LDR does: four loads take five cycles (measured, see benches/simulator.md).
    assert_eq!(float(&[0xed91, 0x0a00, 0xed91, 0x1a01, 0xed91, 0x2a02, 0xed91, 0x3a03]), 5);
}

#[test]
fn a_sum_may_come_late_to_a_multiplication() {
    // Cortex-M4 TRM r0p1, 7.2.3: multiplications with accumulation consume their addend one cycle later.
    assert_eq!(float(&[0xee31, 0x0a02, 0xee01, 0x0a02]), 1 + 3); // VADD s0, s2, s4; VMLA s0, s2, s4
    assert_eq!(float(&[0xee30, 0x1a02, 0xee01, 0x0a02]), 1 + 1 + 3); // VADD s2, s0, s4; VMLA s0, s2, s4
    assert_eq!(float(&[0xee01, 0x0a02, 0xee01, 0x0a02]), 3 + 3); // two VMLA s0, s2, s4
}

#[test]
fn a_float_division_passes_beside_integers() {
    // Cortex-M4 TRM r0p1, 7.2.3: integer instructions after VDIV complete out of order; VDIV takes 14 cycles.
    let divide = [0xee81, 0x0a02]; // VDIV s0, s2, s4
    let after = |code: &[u16]| float(&divide.iter().chain(code).copied().collect::<Vec<u16>>());
    assert_eq!(after(&[]), 1);
    assert_eq!(after(&[0xbf00, 0xbf00, 0xbf00]), 4);
    // VADD s6, s2, s4 needs the unit; VADD s6, s0, s4 the result, too.
    assert_eq!(after(&[0xee31, 0x3a02]), 14 + 1);
    assert_eq!(after(&[0xee30, 0x3a02]), 14 + 1 + 1);
    assert_eq!(after(&[0xbf00, 0xbf00, 0xbf00, 0xee31, 0x3a02]), 14 + 1);
}

#[test]
fn the_small_cores_have_no_interlocks() {
    // Cortex-M0+ TRM r0p1, table 3-1: LDR 2, STR 2, LDM 1+N, MULS 1, BX 2, MRS 3; Cortex-M0 TRM r0p0: BX 3, MRS 4.
    // PUSH {r0}; POP {r1}; SUB sp, #8; LDR r0, [sp]; STR r0, [sp]; MULS r0, r0.
    let memory = [0xb401, 0xbc02, 0xb082, 0x9800, 0x9000, 0x4340];
    for core in ["cortex_m0", "cortex_m0plus"] {
        assert_eq!(cycles(core, &memory), 2 + 2 + 1 + 2 + 2 + 1, "{core}");
    }
    let exchange = [0xa001, 0x3001, 0x4700, 0xbf00, 0xbf00];
    assert_eq!(cycles("cortex_m0plus", &exchange), 1 + 1 + 2 + 1);
    assert_eq!(cycles("cortex_m0", &exchange), 1 + 1 + 3 + 1);
    assert_eq!(cycles("cortex_m0plus", &[0xf3ef, 0x8000]), 3);
    assert_eq!(cycles("cortex_m0", &[0xf3ef, 0x8000]), 4);
}

/// Cycles of `code` on a Cortex-M7 that begins with an empty pipeline and r1 pointing into RAM.
fn pairs(code: &[u16]) -> u64 {
    let before: Vec<u16> = POINTER.iter().copied().chain([0xf3bf, 0x8f6f]).collect();
    let with: Vec<u16> = before.iter().chain(code).copied().collect();
    cycles("cortex_m7", &with) - cycles("cortex_m7", &before)
}

#[test]
fn the_m7_issues_two_at_once() {
    // ARMScheduleM7.td of LLVM: two ALUs, two loads, a store, a multiplier; EX2 is where arithmetic needs its operands.
    assert_eq!(pairs(&[0x3001, 0x3201, 0x3301, 0x3401]), 2); // four ADDS to different registers
    assert_eq!(pairs(&[0x3001, 0x3001, 0x3001]), 3); // a chain
    assert_eq!(pairs(&[0x3001; 20]), 20);
    let independent: Vec<u16> = [0x3001, 0x3201].iter().copied().cycle().take(20).collect();
    assert_eq!(pairs(&independent), 10);
    assert_eq!(pairs(&[0x6808, 0x3201]), 1); // LDR r0, [r1]; ADDS r2, #1
    assert_eq!(pairs(&[0x6808, 0x684a]), 1); // two loads
    assert_eq!(pairs(&[0x6008, 0x604a]), 2); // two stores
    assert_eq!(pairs(&[0xfb02, 0xf003, 0xfb02, 0xf503]), 2); // two MULs
}

#[test]
fn the_m7_waits_for_operands() {
    // ARMScheduleM7.td of LLVM: a word loaded is there in EX2, a byte in EX3; addresses are needed in EX1; a product takes
    // two cycles, but the sum of the next may come one later; UDIV 7, alone.
    assert_eq!(pairs(&[0x6808, 0x3001]), 2); // LDR r0, [r1]; ADDS r0, #1
    assert_eq!(pairs(&[0x7808, 0x3001]), 3); // LDRB r0, [r1]; ADDS r0, #1
    assert_eq!(pairs(&[0x3104, 0x6808]), 3); // ADDS r1, #4; LDR r0, [r1]
    assert_eq!(pairs(&[0xfb02, 0x0003, 0xfb02, 0x0003, 0xfb02, 0x0003]), 3); // MLA r0, r2, r3, r0
    assert_eq!(pairs(&[0xfb00, 0xf002, 0xfb00, 0xf002]), 3); // MUL r0, r0, r2
    assert_eq!(pairs(&[0xfbb0, 0xf3f2]), 7);
}

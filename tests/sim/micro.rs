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
fn multiples_take_one_more_than_their_registers() {
    // Cortex-M4 TRM r0p1, table 3-1: PUSH 1+N, POP 1+N, LDRD 1+N.
    assert_eq!(cycles("cortex_m4f", &[0xb40f, 0xbc0f]), 10);
    assert_eq!(after_pointer(&[0xe9d1, 0x2300]), 3);
}

#[test]
fn a_taken_branch_refills_the_pipeline() {
    // Cortex-M4 TRM r0p1, table 3-1: B 1+P, here P is 2; B<cond> 1 when not taken.
    assert_eq!(cycles("cortex_m4f", &[0xe7ff]), 3);
    assert_eq!(cycles("cortex_m4f", &[0xe000, 0xbf00]), 3);
    // MOVS r0,#3; SUBS r0,#1; BNE -: 1 + 3·1 + 2·3 + 1.
    assert_eq!(cycles("cortex_m4f", &[0x2003, 0x3801, 0xd1fd]), 11);
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
fn floats_take_their_latencies() {
    // Cortex-M4 TRM r0p1, table 7-1: VADD 1, VMUL 1, VMLA 3, VDIV 14, VLDR 2; a result used at once costs one more.
    let fpu_on = [0xf64e, 0x5188, 0xf2ce, 0x0100, 0xf44f, 0x0070, 0x6008];
    let float = |code: &[u16]| {
        let with: Vec<u16> = fpu_on.iter().chain(code).copied().collect();
        cycles("cortex_m4f", &with) - cycles("cortex_m4f", &fpu_on)
    };
    assert_eq!(float(&[0xee30, 0x0a20]), 1); // VADD s0, s0, s1
    assert_eq!(float(&[0xee30, 0x0a20, 0xee31, 0x1a21]), 2); // VADD s2, s2, s3: independent
    assert_eq!(float(&[0xee30, 0x0a20, 0xee30, 0x1a21]), 3); // VADD s2, s0, s3
    assert_eq!(float(&[0xee00, 0x0a20]), 3); // VMLA
    assert_eq!(float(&[0xee80, 0x0a20]), 14); // VDIV
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

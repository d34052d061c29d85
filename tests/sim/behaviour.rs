//! What a board refuses, and what it reports.

use tinyml::base::rng::Rng;
use tinyml::sim::{Access, Cache, Device, FaultKind, FlashTiming, LoadError, Machine, Mode};

use crate::image;

const CORES: [&str; 8] =
    ["cortex_m0", "cortex_m0plus", "cortex_m3", "cortex_m4", "cortex_m4f", "cortex_m7", "cortex_m7sp", "cortex_m33"];

/// How `code` ends on `core` within a thousand instructions.
fn end(core: &str, code: &[u16]) -> FaultKind {
    image::machine(core, code).run(1000).expect_err("a fault").kind
}

/// `MOVW r1`, `MOVT r1`.
fn pointer(address: u32) -> [u16; 4] {
    let (low, high) = (address & 0xffff, address >> 16);
    let fields = |half: u32| {
        [
            (half >> 12) as u16 | ((half >> 11 & 1) << 10) as u16,
            ((half >> 8 & 7) << 12) as u16 | 0x100 | (half & 0xff) as u16,
        ]
    };
    let ([a, b], [c, d]) = (fields(low), fields(high));
    [0xf240 | a, b, 0xf2c0 | c, d]
}

fn at(address: u32, code: &[u16]) -> Vec<u16> {
    pointer(address).iter().chain(code).copied().collect()
}

#[test]
fn every_halfword_is_an_instruction_or_a_fault_on_every_instruction_set() {
    let mut rng = Rng::new(7, "halfwords");
    for name in ["cortex_m0plus", "cortex_m7", "cortex_m33"] {
        let mut map = image::board(0x1000, 0x4000);
        map.ram.execute = true;
        let elf = image::elf(&image::program(&[0xbe00]));
        let mut machine = Machine::load(&elf, &image::core(name), &map).expect("an image");
        for half in 0..=u16::MAX {
            let second = rng.next_u64() as u16;
            let place = 0x2000_2000;
            assert!(machine.write(place, &[half.to_le_bytes(), second.to_le_bytes(), [0, 0xbe], [0, 0xbe]].concat()));
            machine.enable_fpu();
            let args = [0x2000_0100, rng.next_u64() as u32, 4, 0x2000_0200];
            let ended = machine.call(place, &args, 3);
            let narrow_undefined = matches!(half, 0xde00..=0xdeff) && ended.is_ok();
            assert!(!narrow_undefined, "{half:04x} is UDF");
        }
    }
}

#[test]
fn random_code_ends_without_a_panic() {
    let mut rng = Rng::new(8, "random code");
    for round in 0..400 {
        let code: Vec<u16> = (0..200).map(|_| rng.next_u64() as u16).collect();
        let mut map = image::board(0x1000, 0x4000);
        map.ram.execute = round % 2 == 0;
        map.flash_timing = FlashTiming {
            wait_states: 3,
            line_bytes: 8,
            instructions: Cache { lines: 4, ..Cache::default() },
            data: Cache { lines: 2, ..Cache::default() },
            shared: false,
            prefetch: round % 3 == 0,
        };
        let elf = image::elf(&image::program(&code));
        let mut machine = Machine::load(&elf, &image::core(CORES[round % CORES.len()]), &map).expect("an image");
        machine.enable_fpu();
        for start in (0..200).step_by(7) {
            machine.call(8 + start * 2, &[0x2000_0100, 3, 0x2000_0200, 9], 300).ok();
        }
        assert_eq!(machine.profile().iter().map(|line| line.instructions).sum::<u64>(), machine.instructions());
    }
}

#[test]
fn damaged_images_are_refused_or_run() {
    let mut rng = Rng::new(9, "damaged images");
    let good = image::elf(&image::program(&[0x2001, 0xe7fe]));
    let (core, map) = (image::core("cortex_m4f"), image::board(0x1000, 0x1000));
    for _ in 0..3000 {
        let mut bad = good.clone();
        for _ in 0..=rng.below(4) {
            let place = rng.below(bad.len());
            bad[place] = rng.next_u64() as u8;
        }
        bad.truncate(if rng.below(3) == 0 { rng.below(bad.len()) } else { bad.len() });
        if let Ok(mut machine) = Machine::load(&bad, &core, &map) {
            machine.run(50).ok();
        }
    }
    assert!(matches!(Machine::load(b"text", &core, &map), Err(LoadError::NotElf(_))));
    let large = image::elf(&vec![0; 0x1001]);
    assert_eq!(Machine::load(&large, &core, &map).err(), Some(LoadError::Outside { address: 0, size: 0x1001 }));
}

#[test]
fn a_core_faults_on_what_it_lacks() {
    let [udiv, smlad, vadd]: [&[u16]; 3] = [&[0xfbb0, 0xf0f1], &[0xfb20, 0x0001], &[0xee30, 0x0a20]];
    assert_eq!(end("cortex_m0plus", udiv), FaultKind::Undefined { opcode: 0xfbb0_f0f1 });
    assert_eq!(end("cortex_m3", smlad), FaultKind::Undefined { opcode: 0xfb20_0001 });
    assert_eq!(end("cortex_m4", vadd), FaultKind::Undefined { opcode: 0xee30_0a20 });
    assert_eq!(end("cortex_m4f", vadd), FaultKind::FpuDisabled);
    assert_eq!(end("cortex_m0", &[0xb100]), FaultKind::Undefined { opcode: 0xb100_0000 }); // CBZ
    assert_eq!(end("cortex_m4f", &[0xde42]), FaultKind::Undefined { opcode: 0xde42_0000 });
}

#[test]
fn accesses_that_the_board_refuses() {
    let read = |address| end("cortex_m4f", &at(address, &[0x6808]));
    let write = |address| end("cortex_m4f", &at(address, &[0x6008]));
    assert_eq!(read(0x3000_0000), FaultKind::Unmapped { address: 0x3000_0000, access: Access::Read });
    assert_eq!(read(0x2000_3ffe), FaultKind::Unmapped { address: 0x2000_3ffe, access: Access::Read });
    assert_eq!(write(0x2000_4000), FaultKind::Unmapped { address: 0x2000_4000, access: Access::Write });
    assert_eq!(write(0x100), FaultKind::WriteToFlash { address: 0x100 });
    assert_eq!(
        end("cortex_m0plus", &[0x4900, 0x6808, 0x0001, 0x2000]),
        FaultKind::Misaligned { address: 0x2000_0001, access: Access::Read }
    );
    let ldrd = at(0x2000_0002, &[0xe9d1, 0x2300]);
    assert_eq!(end("cortex_m4f", &ldrd), FaultKind::Misaligned { address: 0x2000_0002, access: Access::Read });
}

#[test]
fn execution_stays_in_code() {
    assert_eq!(end("cortex_m4f", &[0xbf00]), FaultKind::NotCode { address: 10 });
    assert_eq!(end("cortex_m4f", &at(0x2000_0001, &[0x4708])), FaultKind::NotCode { address: 0x2000_0000 });
    assert_eq!(end("cortex_m4f", &at(0x0000_0008, &[0x4708])), FaultKind::NotThumb { address: 8 });
    assert_eq!(end("cortex_m4f", &[0xe7fe]), FaultKind::Budget { instructions: 1000 });
    assert_eq!(end("cortex_m4f", &[0xdf05]), FaultKind::Supervisor { number: 5 });
}

#[test]
fn a_fault_tells_how_it_came_there() {
    let fault = image::machine("cortex_m4f", &at(0x2000_4000, &[0xe000, 0xbf00, 0x6008])).run(10).expect_err("a fault");
    assert_eq!((fault.pc, fault.registers[15].1, fault.registers[1].1), (20, 20, 0x2000_4000));
    assert_eq!((fault.branches[0].from, fault.branches[0].to), (16, 20));
    let text = fault.to_string();
    assert!(text.contains("write at 0x20004000, where the board has nothing (pc 0x00000014 in ?)"), "{text}");
}

#[test]
fn division_by_zero_gives_zero_or_traps() {
    // STR of 0x10 to CCR; UDIV r0, r0, r2.
    let trap = [&[0x2010][..], &pointer(0xe000_ed14), &[0x6008, 0xfbb0, 0xf0f2]].concat();
    assert_eq!(end("cortex_m3", &trap), FaultKind::DivideByZero);
    let mut machine = image::machine("cortex_m3", &[0xfbb0, 0xf0f2, 0x4770]);
    assert_eq!(machine.call(8, &[7, 0, 0], 10), Ok(0));
}

#[test]
fn a_stack_at_the_bottom_of_ram_overflows_into_a_fault() {
    // PUSH {r0-r7}; B -.
    let mut map = image::board(0x1000, 0x4000);
    map.devices.clear();
    let elf = image::elf(&image::program(&[0xb4ff, 0xe7fd]));
    let mut machine = Machine::load(&elf, &image::core("cortex_m4f"), &map).expect("an image");
    let kind = machine.run(100_000).expect_err("a fault").kind;
    assert_eq!(kind, FaultKind::Unmapped { address: 0x1fff_ffe0, access: Access::Write });
    assert_eq!(machine.stack_peak(), 0x1000);
}

#[test]
fn reads_of_memory_that_was_never_written_are_faults() {
    // r0[r1] = r2 as a byte; r0 = r0[r3] as a byte.
    let mut machine = image::machine("cortex_m4f", &[0x5442, 0x5cc0, 0x4770]);
    machine.expect_stores(0x2000_0100, 8);
    let read = |machine: &mut Machine, index: u32| machine.call(8, &[0x2000_0100, 5, 9, index], 10);
    assert_eq!(read(&mut machine, 5), Ok(9));
    assert_eq!(read(&mut machine, 8), Ok(0), "behind the range");
    let fault = read(&mut machine, 4).expect_err("a fault").kind;
    assert_eq!(fault, FaultKind::Unwritten { address: 0x2000_0104 });
    assert_eq!(machine.stored(), 6);
    assert_eq!(read(&mut machine, 4), Ok(0), "nobody watches any more");
}

#[test]
fn guards_catch_stray_accesses() {
    // r0[r1] = r2 as a byte.
    let mut machine = image::machine("cortex_m4f", &[0x5442, 0x4770]);
    assert_eq!(machine.call(8, &[0x2000_0100, 16, 5], 10), Ok(0x2000_0100));
    machine.guard(0x2000_0110..0x2000_0120);
    machine.guard(0x2000_00f0..0x2000_0100);
    assert_eq!(machine.call(8, &[0x2000_0100, 15, 6], 10), Ok(0x2000_0100));
    let hit = |index: u32| machine.clone().call(8, &[0x2000_0100, index, 5], 10).expect_err("a fault").kind;
    assert_eq!(hit(16), FaultKind::Guard { address: 0x2000_0110, access: Access::Write });
    assert_eq!(hit(u32::MAX), FaultKind::Guard { address: 0x2000_00ff, access: Access::Write });
    assert_eq!(machine.read(0x2000_010f, 2), Some(&[6, 5][..]));
    machine.clear_guards();
    assert!(machine.call(8, &[0x2000_0100, 16, 5], 10).is_ok());
}

#[test]
fn devices_keep_what_is_written_and_show_presets() {
    let mut map = image::board(0x1000, 0x1000);
    map.devices = vec![Device { origin: 0x4002_1000, size: 0x400, presets: vec![(0x4002_1000, 1 << 17)] }];
    // LDR r0, [r0, #0]; BX lr / STRB r1, [r0, #1]; LDR r0, [r0]; BX lr
    let elf = image::elf(&image::program(&[0x6800, 0x4770, 0x7041, 0x6800, 0x4770]));
    let mut machine = Machine::load(&elf, &image::core("cortex_m0"), &map).expect("an image");
    assert_eq!(machine.call(8, &[0x4002_1000], 10), Ok(1 << 17));
    assert_eq!(machine.call(12, &[0x4002_1000, 0xab], 10), Ok(1 << 17 | 0xab00));
    assert_eq!(machine.call(8, &[0x4002_1004], 10), Ok(0));
    assert!(machine.call(8, &[0x4002_1400], 10).is_err());
}

#[test]
fn vectors_may_lie_behind_a_boot_block() {
    let mut map = image::board(0x1000, 0x1000);
    map.vectors = Some(0x100);
    let mut bytes = vec![0xff; 0x100];
    bytes.extend([0x2000_0800_u32, 0x109].iter().flat_map(|word| word.to_le_bytes()));
    bytes.extend([0xbe09_u16, 0xbe09].iter().flat_map(|half| half.to_le_bytes()));
    let mut machine = Machine::load(&image::elf(&bytes), &image::core("cortex_m0plus"), &map).expect("an image");
    let fault = machine.run(5).expect_err("a breakpoint");
    assert_eq!((fault.pc, fault.registers[13].1), (0x108, 0x2000_0800));
}

#[test]
fn code_in_ram_may_change_itself() {
    let mut map = image::board(0x1000, 0x4000);
    map.ram.execute = true;
    let elf = image::elf(&image::program(&[0xbe00]));
    let mut machine = Machine::load(&elf, &image::core("cortex_m0plus"), &map).expect("an image");
    // MOVS r2, #1; STRH r1, [r0]; NOP (becomes ADDS r2, #7); MOV r0, r2; BX lr.
    let code = [0x2201_u16, 0x8001, 0xbf00, 0x4610, 0x4770];
    let bytes: Vec<u8> = code.iter().flat_map(|half| half.to_le_bytes()).collect();
    let place = 0x2000_2000;
    assert!(machine.write(place, &bytes));
    assert_eq!(machine.call(place, &[0x2000_0000, 0], 20), Ok(1));
    assert_eq!(machine.call(place, &[place + 4, 0x3207], 20), Ok(8));
    assert_eq!(machine.call(place, &[0x2000_0000, 0], 20), Ok(8));
    assert!(machine.write(place + 4, &0x3209_u16.to_le_bytes()));
    assert_eq!(machine.call(place, &[0x2000_0000, 0], 20), Ok(10));
}

#[test]
fn a_reset_and_a_clone_start_alike() {
    // ADDS r0, #1; B -.
    let mut machine = image::machine("cortex_m4f", &[0x3001, 0xe7fd]);
    machine.run_until(8, 100).expect("the loop's head");
    machine.run_until(8, 100).expect("the loop's head again");
    let (instructions, cycles) = (machine.instructions(), machine.cycles());
    assert_eq!((instructions, machine.pc()), (4, 8));
    assert!(machine.write(0x2000_0000, &[1, 2, 3]));
    machine.reset();
    assert_eq!((machine.instructions(), machine.cycles(), machine.read(0x2000_0000, 1)), (0, 0, Some(&[0][..])));
    let mut other = machine.clone();
    for machine in [&mut machine, &mut other] {
        machine.run_until(8, 100).expect("the loop's head");
        machine.run_until(8, 100).expect("the loop's head again");
        assert_eq!((machine.instructions(), machine.cycles()), (instructions, cycles));
    }
}

#[test]
fn fast_mode_counts_a_cycle_an_instruction() {
    let mut machine = image::machine("cortex_m4f", &[0x2003, 0x3801, 0xd1fd, 0xbe00]);
    machine.set_mode(Mode::Fast);
    machine.run(100).expect_err("the breakpoint");
    assert_eq!((machine.instructions(), machine.cycles()), (8, 8));
    assert!(machine.profile().is_empty());
}

#[test]
fn slow_flash_stalls_until_its_lines_are_cached() {
    let run = |lines: u32, prefetch: bool| {
        let mut map = image::board(0x1000, 0x1000);
        let instructions = Cache { lines, ..Cache::default() };
        map.flash_timing =
            FlashTiming { wait_states: 4, line_bytes: 8, instructions, prefetch, ..FlashTiming::default() };
        // MOVS r0, #3; four NOPs and SUBS; BNE back to the NOPs: 7 instructions from 8 to 22, two lines of 8 bytes.
        let elf = image::elf(&image::program(&[0x2003, 0xbf00, 0xbf00, 0xbf00, 0xbf00, 0x3801, 0xd1f9, 0xbe00]));
        let mut machine = Machine::load(&elf, &image::core("cortex_m4f"), &map).expect("an image");
        machine.run_until(22, 100).expect("the end");
        machine.cycles()
    };
    let ideal = 1 + 3 * 6 + 2;
    // Lines 8..16 and 16..24: both missed in each of three rounds, once, or hidden by as many cycles as the line took.
    assert_eq!(run(0, false), ideal + 3 * 2 * 4);
    assert_eq!(run(2, false), ideal + 2 * 4);
    assert_eq!(run(2, true), ideal + 4);
}

#[test]
fn a_program_measures_its_own_time() {
    // DWT: CTRL = 1; two NOPs; read CYCCNT. r0 = base.
    let code = [0x2101, 0x6001, 0xbf00, 0xbf00, 0x6840, 0x4770];
    let mut machine = image::machine("cortex_m4f", &code);
    let counted = machine.call(8, &[0xe000_1000], 20).expect("a return");
    assert_eq!(counted, 3);
    // SysTick: RVR = 9, CSR = 5, then CVR.
    let code = [0x2109, 0x6041, 0x2105, 0x6001, 0xbf00, 0x6880, 0x4770];
    let mut machine = image::machine("cortex_m4f", &code);
    assert_eq!(machine.call(8, &[0xe000_e010], 20), Ok(9 - 1));
}

#[test]
fn arguments_go_where_the_convention_says() {
    // LDR r0, [sp, #4]; ADDS r0, r0, r3; BX lr: the sixth argument plus the fourth.
    let mut machine = image::machine("cortex_m0", &[0x9801, 0x18c0, 0x4770]);
    assert_eq!(machine.call(8, &[1, 2, 3, 40, 5, 600], 10), Ok(640));
    // VADD.F32 s0, s0, s1; BX lr.
    let mut machine = image::machine("cortex_m4f", &[0xee30, 0x0a20, 0x4770]);
    machine.enable_fpu();
    assert_eq!(machine.call_with(8, &[], &[1.5, 2.25], 10).map(|(_, float)| float), Ok(3.75));
}

#[test]
fn every_core_file_parses_and_a_bad_one_says_where() {
    use tinyml::base::Source;
    use tinyml::library::core::Core;
    for name in CORES {
        assert_eq!(image::core(name).name, name);
    }
    let error = Core::parse("mine", &Source::new("cores/mine.toml", "title = \"x\"\nisa = \"armv7-m\"\nspeed = 3\n"))
        .expect_err("a bad core");
    assert_eq!(error.code, "tml::core");
    assert!(error.notes[0].contains("speed"), "{error:?}");
}

//! Whole C programs, built by gcc and by zig at several levels: what they print and how many instructions they take
//! must be what QEMU says.

use std::path::{Path, PathBuf};
use std::process::Command;

use tinyml::library::core::Core;
use tinyml::sim::{Cache, FaultKind, FlashTiming, Machine, MemoryMap, Mode};

use crate::image;
use crate::qemu::{self, ORACLES, Oracle};

const PROGRAMS: [&str; 10] =
    ["softfloat", "int64", "sort", "copies", "switches", "varargs", "kernels", "dsp", "floats", "mixed"];
const LEVELS: [&str; 3] = ["-Os", "-O2", "-O3"];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Compiler {
    Gcc,
    Zig,
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sim/programs").join(name)
}

fn compilers() -> Vec<Compiler> {
    let zig = Command::new("python3").args(["-m", "ziglang", "version"]).output();
    let has_zig = zig.is_ok_and(|output| output.status.success());
    let gcc = qemu::has("arm-none-eabi-gcc").then_some(Compiler::Gcc);
    let all: Vec<Compiler> = gcc.into_iter().chain(has_zig.then_some(Compiler::Zig)).collect();
    if all.len() < 2 {
        qemu::skip("arm-none-eabi-gcc or ziglang is missing");
    }
    all
}

fn build(compiler: Compiler, core: &Core, level: &str, program: &str, elf: &Path) {
    let mut command = match compiler {
        Compiler::Gcc => Command::new("arm-none-eabi-gcc"),
        Compiler::Zig => Command::new("python3"),
    };
    match compiler {
        Compiler::Gcc => command.args(&core.gcc.flags).args(["-nostdlib", "-fno-tree-loop-distribute-patterns"]),
        Compiler::Zig => command
            .args(["-m", "ziglang", "cc", "-target", &core.zig.target, &format!("-mcpu={}", core.zig.cpu)])
            .args(["-fno-sanitize=undefined", "-Wl,-e,Reset_Handler"]),
    };
    command.args([level, "-g", "-std=gnu11", "-ffreestanding", "-ffunction-sections", "-T"]).arg(source("board.ld"));
    command.arg(source(&format!("{program}.c"))).arg(source("support.c")).arg("-o").arg(elf);
    if compiler == Compiler::Gcc {
        command.arg("-lgcc");
    }
    let output = command.output().expect("a compiler that was found before");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Builds one program and runs it on both sides.
fn compare(oracle: &Oracle, compiler: Compiler, level: &str, program: &str) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (elf, log) = (folder.path().join("program.elf"), folder.path().join("log"));
    let core = image::core(oracle.core);
    build(compiler, &core, level, program, &elf);
    let place = format!("{program} by {compiler:?} {level} on {}", oracle.core);
    // One block an instruction, one line a block: the lines are the instructions.
    let counting = ["-singlestep", "-d", "exec,nochain", "-D", log.to_str().expect("a path in UTF-8")];
    let Some(theirs) = oracle.run(&elf, &counting) else { return };
    let bytes = std::fs::read(&elf).expect("the image that was just built");
    let mut machine = Machine::load(&bytes, &core, &oracle.map()).expect("an image that loads");
    let status = machine.run(50_000_000).unwrap_or_else(|fault| panic!("{place}: {fault}"));
    assert_eq!(status, 0, "{place}");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert_eq!(text(machine.console()), text(&theirs), "{place}");
    let lines = std::fs::read(&log)
        .expect("QEMU's log")
        .split(|byte| *byte == b'\n')
        .filter(|line| line.starts_with(b"Trace"))
        .count();
    assert_eq!(machine.instructions(), lines as u64, "{place}: instructions");
    check_profile(&machine, &place);
    assert!((32..4096).contains(&machine.stack_peak()), "{place}: a stack of {}", machine.stack_peak());
}

/// The profile must account for every instruction and cycle.
fn check_profile(machine: &Machine, place: &str) {
    let profile = machine.profile();
    let instructions: u64 = profile.iter().map(|line| line.instructions).sum();
    let cycles: u64 = profile.iter().map(|line| line.cycles).sum();
    assert_eq!((instructions, cycles), (machine.instructions(), machine.cycles()), "{place}: the profile's sums");
    let calls = |name: &str| profile.iter().find(|line| line.name == name).map(|line| line.calls);
    assert_eq!(calls("Reset_Handler"), Some(1), "{place}");
    assert_eq!(calls("program"), Some(1), "{place}");
}

/// Half of the programs, with compiler and level taking turns; all in all ways with more effort.
fn compare_core(at: usize) {
    if !qemu::has("qemu-system-arm") {
        return qemu::skip("no qemu-system-arm");
    }
    let compilers = compilers();
    let all: Vec<(Compiler, &str)> =
        compilers.iter().flat_map(|&compiler| LEVELS.iter().map(move |&level| (compiler, level))).collect();
    if all.is_empty() {
        return;
    }
    let least = qemu::effort() == 1;
    for (turn, program) in PROGRAMS.iter().enumerate().filter(|(turn, _)| !least || (turn + at).is_multiple_of(2)) {
        for share in 0..(qemu::effort() * 2 - 1).min(all.len()) {
            let (compiler, level) = all[(turn * 5 + at + share) % all.len()];
            compare(&ORACLES[at], compiler, level, program);
        }
    }
}

#[test]
fn programs_for_the_m0_run_as_in_qemu() {
    compare_core(0);
}

#[test]
fn programs_for_the_m3_run_as_in_qemu() {
    compare_core(1);
}

#[test]
fn programs_for_the_m4f_run_as_in_qemu() {
    compare_core(2);
}

#[test]
fn a_program_prints_by_rtt_and_overflows_its_stack() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let elf = folder.path().join("life.elf");
    for compiler in compilers() {
        let core = image::core("cortex_m3");
        build(compiler, &core, "-Os", "board_life", &elf);
        let bytes = std::fs::read(&elf).expect("the image that was just built");
        let mut machine = Machine::load(&bytes, &core, &ORACLES[1].map()).expect("an image that loads");
        let wait = machine.symbol("wait").expect("a function").address;
        machine.run_until(wait, 100_000).expect("the first stop");
        assert_eq!(machine.drain_rtt(), b"hello");
        assert_eq!(machine.drain_rtt(), b"");
        machine.run_until(wait, 100_000).expect("the second stop");
        assert_eq!(machine.drain_rtt(), b"you");
        let fault = machine.run(1_000_000).expect_err("an overflow");
        assert!(matches!(fault.kind, FaultKind::StackOverflow { limit: 0x2000_0000, .. }), "{fault}");
        assert_eq!(fault.function.as_deref(), Some("recurse"));
        assert!((4000..=4096).contains(&machine.stack_peak()), "{}", machine.stack_peak());
    }
}

/// Seconds that this thread computed: what other processes do doesn't count. Linux only.
fn busy_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).map_or(0.0, |n: f64| n / 1e9)
}

/// Millions of instructions a second: `cargo test --release --test sim speed -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement, not a check"]
fn speed_on_int8_kernels() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let elf = folder.path().join("kernels.elf");
    let lines = |lines| Cache { lines, ..Cache::default() };
    let slow = FlashTiming {
        wait_states: 5,
        line_bytes: 8,
        instructions: lines(128),
        data: lines(32),
        ..FlashTiming::default()
    };
    for compiler in compilers() {
        let core = image::core("cortex_m4f");
        build(compiler, &core, "-O2", "kernels", &elf);
        let bytes = std::fs::read(&elf).expect("the image that was just built");
        let none = FlashTiming::default();
        for (mode, flash) in [(Mode::Fast, none), (Mode::Cycles, none), (Mode::Profile, none), (Mode::Profile, slow)] {
            let map = MemoryMap { flash_timing: flash, ..ORACLES[2].map() };
            let mut machine = Machine::load(&bytes, &core, &map).expect("an image that loads");
            machine.set_mode(mode);
            machine.run(1_000_000).expect("a program that ends");
            let program = machine.symbol("program").expect("a function").address;
            let (start, before) = (busy_seconds(), machine.instructions());
            for _ in 0..400 {
                machine.call(program, &[], 1_000_000).expect("a program that returns");
            }
            let speed = (machine.instructions() - before) as f64 / 1e6 / (busy_seconds() - start);
            qemu::say(&format!(
                "{compiler:?} {mode:?}, {} wait states: {speed:.0} M instructions/s",
                flash.wait_states
            ));
        }
    }
}

//! Whole C programs, built by gcc, clang and zig at several levels: what they print, how they end and how many
//! instructions they take must be what QEMU says.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use tinyml::base::rng::Rng;
use tinyml::sim::{FaultKind, Machine, Mode};

use crate::builds::{Build, LEVELS, compilers};
use crate::image;
use crate::qemu::{self, ORACLES, Oracle, RISCV};

/// Programs for every core.
const PROGRAMS: &[&str] = &[
    "aes",
    "base64",
    "big_integers",
    "bit_fields",
    "bit_tricks",
    "bytecode",
    "callbacks",
    "checksums",
    "ciphers",
    "conv_padded",
    "conversions",
    "copies",
    "coroutines",
    "depthwise_dilated",
    "device_registers",
    "distances",
    "divisions",
    "doubles",
    "dsp",
    "dual_mac",
    "exponentials",
    "features",
    "fft_fixed",
    "fft_float",
    "filters",
    "floats",
    "formatting",
    "generators",
    "half_floats",
    "hash_table",
    "huffman",
    "int64",
    "kernels",
    "lexer",
    "life",
    "long_shifts",
    "lstm",
    "lz",
    "matrices",
    "memory_blocks",
    "mixed",
    "motion",
    "packed",
    "parser",
    "paths",
    "pixels",
    "pooling",
    "primes",
    "queens",
    "recursion",
    "requantise",
    "roots",
    "saturation",
    "sha256",
    "softfloat",
    "softmax_fixed",
    "sort",
    "sort_networks",
    "strings",
    "structures",
    "switches",
    "trees",
    "trigonometry",
    "utf8",
    "varargs",
    "variable_arrays",
];
/// Programs that need exclusive loads and stores, or an FPU.
const WITH_EXCLUSIVES: &[&str] = &["atomics"];
const WITH_FPU: &[&str] = &["float_modes"];

/// The machines whose cores the simulator has; with `TINYML_SIM_CORE`, the one of that core.
fn oracles() -> Vec<Oracle> {
    let wanted = std::env::var("TINYML_SIM_CORE").ok();
    let known = |oracle: &Oracle| {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("stdlib/cores/{}.toml", oracle.core)).exists()
    };
    let chosen = |oracle: &Oracle| wanted.as_deref().is_none_or(|core| core == oracle.core);
    ORACLES.into_iter().chain([RISCV]).filter(known).filter(chosen).collect()
}

/// The programs for a core.
fn programs(core: &str) -> impl Iterator<Item = &'static str> {
    let exclusives: &[&str] = if matches!(core, "cortex_m0" | "esp32c3") { &[] } else { WITH_EXCLUSIVES };
    let fpu: &[&str] = if matches!(core, "cortex_m4f" | "cortex_m7" | "cortex_m33") { WITH_FPU } else { &[] };
    PROGRAMS.iter().chain(exclusives).chain(fpu).copied()
}

/// Builds one program and runs it on both sides; panics where they differ.
fn compare(oracle: &Oracle, build: Build) {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (elf, log) = (folder.path().join("program.elf"), folder.path().join("log"));
    let core = image::core(oracle.core);
    build.build(oracle, &core, &[], &elf);
    let place = format!("{} by {:?} {} on {}", build.program, build.compiler, build.level, oracle.core);
    // One block an instruction, one line a block: the lines are the instructions.
    let counting = ["-singlestep", "-d", "exec,nochain", "-D", log.to_str().expect("a path in UTF-8")];
    let theirs = oracle.run(&elf, &counting).expect("QEMU, which was found before");
    let bytes = std::fs::read(&elf).expect("the image that was just built");
    let mut machine = Machine::load(&bytes, &core, &oracle.map()).expect("an image that loads");
    let count = instructions(oracle, &std::fs::read(&log).expect("QEMU's log"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    for mode in [Mode::Fast, Mode::Cycles, Mode::Profile] {
        machine.reset();
        machine.set_mode(mode);
        let status = machine.run(50_000_000).unwrap_or_else(|fault| panic!("{place}, {mode:?}: {fault}"));
        assert_eq!(status, 0, "{place}, {mode:?}");
        assert_eq!(text(machine.console()), text(&theirs), "{place}, {mode:?}");
        assert_eq!(machine.instructions(), count, "{place}, {mode:?}: instructions");
    }
    // A program's status is the last thing that it prints.
    assert!(theirs.ends_with(b"\n00000000\n"), "{place}: {}", text(&theirs));
    check_profile(&machine, &place);
    assert!((32..4096).contains(&machine.stack_peak()), "{place}: a stack of {}", machine.stack_peak());
}

/// How many instructions of the program are in QEMU's log; RISC-V's machine starts with some of its own.
fn instructions(oracle: &Oracle, log: &[u8]) -> u64 {
    let inside = |line: &&[u8]| {
        // Trace 0: 0x7f… [flags/PC/flags/flags] name
        let address = line.split(|byte| *byte == b'/').nth(1).and_then(|field| std::str::from_utf8(field).ok());
        let address = address.and_then(|text| u32::from_str_radix(text.trim_start_matches("0x"), 16).ok());
        line.starts_with(b"Trace") && address.is_some_and(|address| oracle.map().flash.holds(address, 2))
    };
    log.split(|byte| *byte == b'\n').filter(inside).count() as u64
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

/// What to run: every program once, in ways that a seed draws; more ways with more effort.
fn jobs() -> Vec<(Oracle, Build)> {
    let mut rng =
        Rng::new(std::env::var("TINYML_SIM_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1), "programs");
    let mut all: Vec<(Oracle, Build)> = Vec::new();
    for oracle in oracles() {
        for program in programs(oracle.core) {
            for &compiler in compilers() {
                all.extend(LEVELS.map(|level| (oracle, Build { compiler, level, program })));
            }
        }
    }
    if qemu::effort() >= qemu::ALL {
        return all;
    }
    let mut chosen = Vec::new();
    for program in PROGRAMS.iter().chain(WITH_EXCLUSIVES).chain(WITH_FPU) {
        let mut ways: Vec<_> = all.iter().filter(|job| job.1.program == *program).copied().collect();
        for _ in 0..qemu::effort().min(ways.len()) {
            chosen.push(ways.swap_remove(rng.below(ways.len())));
        }
    }
    chosen
}

#[test]
fn programs_run_as_in_qemu() {
    let missing: Vec<&str> = oracles().iter().map(Oracle::emulator).filter(|emulator| !qemu::has(emulator)).collect();
    if let Some(missing) = missing.first() {
        return qemu::skip(&format!("no {missing}"));
    }
    let (jobs, next, differences) = (jobs(), AtomicUsize::new(0), Mutex::new(Vec::new()));
    assert!(!jobs.is_empty(), "no compiler is here, or TINYML_SIM_CORE names no core");
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while let Some((oracle, build)) = jobs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if catch_unwind(AssertUnwindSafe(|| compare(oracle, *build))).is_err() {
                        let place = format!("{} {build:?}", oracle.core);
                        differences.lock().expect("no panic holds it").push(place);
                    }
                }
            });
        }
    });
    let differences = differences.into_inner().expect("no panic holds it");
    qemu::say(&format!(
        "{} builds of {} programs ran as in QEMU; {} differ",
        jobs.len() - differences.len(),
        PROGRAMS.len() + WITH_EXCLUSIVES.len() + WITH_FPU.len(),
        differences.len()
    ));
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}

#[test]
fn a_program_prints_by_rtt_and_overflows_its_stack() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let elf = folder.path().join("life.elf");
    for &compiler in compilers() {
        let core = image::core("cortex_m3");
        Build { compiler, level: "-Os", program: "board_life" }.build(&ORACLES[1], &core, &[], &elf);
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

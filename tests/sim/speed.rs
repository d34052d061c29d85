//! How fast the simulator is, beside QEMU in the same run: a measurement, not a check.
//!
//! `cargo test --release --test sim speed -- --ignored --nocapture --test-threads 1`

use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Instant;

use tinyml::sim::{Cache, FlashTiming, Machine, MemoryMap, Mode};

use crate::builds::{Build, compilers};
use crate::image;
use crate::qemu::{self, ORACLES, Oracle, RISCV};

const ROUNDS: usize = 5;

/// Seconds of processor time of this thread: what other processes do doesn't count. Linux only.
fn busy_seconds() -> f64 {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    text.split(' ').next().and_then(|nanoseconds| nanoseconds.parse().ok()).map_or(0.0, |n: f64| n / 1e9)
}

/// Seconds of processor time that QEMU takes for an image, by what the shell's `times` says of its children.
fn qemu_seconds(oracle: &Oracle, elf: &Path) -> Option<f64> {
    let firmware = if oracle.machine == "virt" { "-bios none" } else { "" };
    let script = format!(
        "{} -M {} -nographic -monitor none -serial none -semihosting-config enable=on,target=native {firmware} \
         -kernel '{}' >/dev/null 2>&1; times",
        oracle.emulator(),
        oracle.machine,
        elf.display()
    );
    let output = Command::new("sh").args(["-c", &script]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let user = text.lines().nth(1)?.split(' ').next()?;
    let (minutes, seconds) = user.trim_end_matches('s').split_once('m')?;
    Some(minutes.parse::<f64>().ok()? * 60.0 + seconds.parse::<f64>().ok()?)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Millions of instructions a second of one run.
fn once(machine: &Machine, mode: Mode) -> (u64, f64) {
    let mut machine = machine.clone();
    machine.set_mode(mode);
    let start = busy_seconds();
    machine.run(10_000_000_000).expect("a program that ends");
    let instructions = machine.instructions();
    (instructions, instructions as f64 / 1e6 / (busy_seconds() - start))
}

#[test]
#[ignore = "a measurement, not a check"]
fn speed_on_int8_kernels() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let elf = folder.path().join("kernels.elf");
    let lines = |lines| Cache { lines, ..Cache::default() };
    let (instructions, data) = (lines(128), lines(32));
    let slow = FlashTiming { wait_states: 5, line_bytes: 8, instructions, data, ..FlashTiming::default() };
    for oracle in [&ORACLES[2], &ORACLES[0], &RISCV] {
        for &compiler in compilers() {
            let core = image::core(oracle.core);
            Build { compiler, level: "-O2", program: "kernels_many" }.build(oracle, &core, &[], &elf);
            let bytes = std::fs::read(&elf).expect("the image that was just built");
            let none = FlashTiming::default();
            let mut total = 0;
            for (mode, flash) in [(Mode::Fast, none), (Mode::Cycles, none), (Mode::Cycles, slow), (Mode::Profile, slow)]
            {
                let map = MemoryMap { flash_timing: flash, ..oracle.map() };
                let machine = Machine::load(&bytes, &core, &map).expect("an image that loads");
                let runs: Vec<(u64, f64)> = (0..ROUNDS).map(|_| once(&machine, mode)).collect();
                total = runs[0].0;
                let speed = median(runs.into_iter().map(|run| run.1).collect());
                let wait = flash.wait_states;
                qemu::say(&format!("{} {compiler:?} {mode:?}, {wait} wait states: {speed:.0} M/s", oracle.core));
            }
            let theirs: Vec<f64> = (0..ROUNDS).filter_map(|_| qemu_seconds(oracle, &elf)).collect();
            if !theirs.is_empty() {
                let speed = total as f64 / 1e6 / median(theirs);
                qemu::say(&format!("{} {compiler:?} QEMU: {speed:.0} M/s", oracle.core));
            }
        }
    }
}

/// Independent inferences: a clone of the booted machine on each thread.
#[test]
#[ignore = "a measurement, not a check"]
fn speed_of_two_machines_at_once() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (elf, core) = (folder.path().join("kernels.elf"), image::core(ORACLES[2].core));
    let Some(&compiler) = compilers().first() else { return };
    Build { compiler, level: "-O2", program: "kernels_many" }.build(&ORACLES[2], &core, &[], &elf);
    let bytes = std::fs::read(&elf).expect("the image that was just built");
    let machine = Machine::load(&bytes, &core, &ORACLES[2].map()).expect("an image that loads");
    for threads in [1, 2] {
        let start = Instant::now();
        let total: u64 = thread::scope(|scope| {
            let machines = (0..threads).map(|_| machine.clone());
            let running: Vec<_> = machines.map(|own| scope.spawn(move || once(&own, Mode::Cycles).0)).collect();
            running.into_iter().map(|thread| thread.join().expect("a run")).sum()
        });
        let speed = total as f64 / 1e6 / start.elapsed().as_secs_f64();
        qemu::say(&format!("{threads} threads: {speed:.0} M/s of wall clock"));
    }
}

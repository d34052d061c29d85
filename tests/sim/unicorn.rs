//! The second oracle: the same random instructions in Unicorn, a Python wheel that is run as a process and never linked.

use std::path::Path;
use std::process::Command;

use tinyml::sim::{Machine, Mode};

use crate::image;
use crate::qemu::{self, ORACLES, Oracle};
use crate::random::{self, RESULTS, SCRATCH, STACK};

/// Arm's pseudocode of `VCVT` from fixed point rounds to nearest whatever FPSCR says. The QEMU that Unicorn is made of
/// (5.0) rounds as FPSCR says; QEMU 7.2 and we are as Arm writes.
const KNOWN: &str = "vcvt from fixed 32";

/// Runs the image at `image` in Unicorn; `size` bytes of its memory from `from`, or why there are none.
fn theirs(oracle: &Oracle, image: &Path, from: u32, size: u32) -> Result<Vec<u8>, String> {
    let (list, out) = (image.with_extension("list"), image.with_extension("out"));
    let cpu = oracle.core.trim_start_matches("cortex_").trim_end_matches('f').to_uppercase();
    let line = format!(
        "{cpu} {:x} {:x} {:x} {:x} {} {from:x} {size:x} {}\n",
        oracle.flash_origin,
        oracle.flash,
        oracle.ram_origin,
        oracle.ram,
        image.display(),
        out.display()
    );
    std::fs::write(&list, line).expect("a file in the temporary folder");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sim/in_unicorn.py");
    let output = Command::new("python3").arg(script).arg(list).output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&output.stdout).trim().to_string();
    if said == "absent" {
        return Err("the wheel `unicorn` isn't installed".to_string());
    }
    assert_eq!(said, "done", "{}: {}", oracle.core, String::from_utf8_lossy(&output.stderr));
    Ok(std::fs::read(out).expect("Unicorn's result"))
}

/// One batch in Unicorn and here; how many instructions were compared.
fn compare(oracle: &Oracle, seed: u64) -> Result<usize, String> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (batch, cases) = random::batch(oracle, seed);
    let program = image::program_at(oracle.flash_origin, oracle.ram_origin + STACK, &batch.code);
    let path = folder.path().join("random.bin");
    std::fs::write(&path, &program).expect("a file in the temporary folder");
    let case_size = batch.result_words() * 4;
    let (from, size) = (oracle.ram_origin + SCRATCH, RESULTS - SCRATCH + cases.len() as u32 * case_size);
    let theirs = theirs(oracle, &path, from, size)?;
    let elf = image::elf_at(oracle.flash_origin, &program);
    let mut machine = Machine::load(&elf, &image::core(oracle.core), &oracle.map()).expect("an image");
    machine.set_mode(Mode::Fast);
    machine.run(10_000_000).unwrap_or_else(|fault| panic!("{} seed {seed}: {fault}", oracle.core));
    let ours = machine.read(from, size).expect("results in RAM");
    let skip = (RESULTS - SCRATCH) as usize;
    for (number, case) in cases.iter().enumerate() {
        let range = skip + number * case_size as usize..skip + (number + 1) * case_size as usize;
        if case.class.name == KNOWN {
            continue;
        }
        assert_eq!(
            ours[range.clone()],
            theirs[range],
            "{} on {}, seed {seed}, case {number}: {:04x?}",
            case.class.name,
            oracle.core,
            &batch.code[case.start..case.end]
        );
    }
    assert_eq!(ours[..skip], theirs[..skip], "{}, seed {seed}: memory", oracle.core);
    Ok(batch.instructions)
}

/// Random instructions on `core`, in `rounds` batches for each unit of effort.
fn compare_core(core: &str, rounds: usize) {
    let oracle = ORACLES.iter().find(|oracle| oracle.core == core).expect("an oracle");
    let mut compared = 0;
    for round in 0..rounds * qemu::effort() {
        match compare(oracle, 0xca5e + round as u64) {
            Ok(count) => compared += count,
            Err(reason) => return qemu::skip(&reason),
        }
    }
    qemu::say(&format!("{core}: {compared} random instructions, as in Unicorn"));
}

#[test]
fn random_instructions_on_the_m0_are_as_in_unicorn() {
    compare_core("cortex_m0", 2);
}

#[test]
fn random_instructions_on_the_m33_are_as_in_unicorn() {
    compare_core("cortex_m33", 1);
}

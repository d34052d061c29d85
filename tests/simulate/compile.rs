//! C programs of the tests for the NUCLEO-L4R5ZI, by the compilers that this machine has.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Compiler {
    Gcc,
    Zig,
}

/// Says why a test proves nothing here.
#[expect(clippy::print_stderr, reason = "a skipped test must say so")]
pub(crate) fn skip(reason: &str) {
    eprintln!("skipped: {reason}");
}

/// Whether `program` can be started.
pub(crate) fn has(program: &str) -> bool {
    Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

/// How many times the usual share of random cases: `TINYML_SIM_EFFORT`, 1 by default.
pub(crate) fn effort() -> usize {
    std::env::var("TINYML_SIM_EFFORT").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// The compilers that there are; says which are not.
pub(crate) fn compilers() -> Vec<Compiler> {
    let zig = Command::new("python3").args(["-m", "ziglang", "version"]).output();
    let has_zig = zig.is_ok_and(|output| output.status.success());
    let found = [(Compiler::Zig, has_zig), (Compiler::Gcc, has("arm-none-eabi-gcc"))];
    for (compiler, _) in found.iter().filter(|(_, there)| !there) {
        skip(&format!("no {compiler:?}"));
    }
    found.into_iter().filter(|(_, there)| *there).map(|(compiler, _)| compiler).collect()
}

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/simulate/programs").join(name)
}

/// Builds `program`, a file of `programs/` or a text, into `folder`.
pub(crate) fn build(compiler: Compiler, program: &Path, folder: &TempDir, flags: &[&str]) -> PathBuf {
    let elf = folder.path().join("program.elf");
    let mut command = match compiler {
        Compiler::Gcc => Command::new("arm-none-eabi-gcc"),
        Compiler::Zig => Command::new("python3"),
    };
    match compiler {
        Compiler::Gcc => {
            command.args("-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16 -nostdlib".split(' '))
        }
        Compiler::Zig => command.args(
            "-m ziglang cc -target thumb-freestanding-eabihf -mcpu=cortex_m4+vfp4d16sp -fno-sanitize=undefined \
             -Wl,-e,Reset_Handler"
                .split_whitespace(),
        ),
    };
    command.args(["-O2", "-g", "-std=gnu11", "-ffreestanding", "-ffunction-sections", "-fno-builtin"]);
    if compiler == Compiler::Gcc {
        command.arg("-fno-tree-loop-distribute-patterns");
    }
    command.args(flags).arg("-I").arg(source("")).arg("-T").arg(source("nucleo.ld"));
    command.arg(program).arg(source("start.c")).arg("-o").arg(&elf);
    if compiler == Compiler::Gcc {
        command.arg("-lgcc");
    }
    // Sources are recorded by their whole paths, which lie elsewhere.
    let output = command.current_dir(folder.path()).output().expect("a compiler that was found before");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    elf
}

/// A program of `programs/`.
pub(crate) fn program(compiler: Compiler, name: &str, folder: &TempDir, flags: &[&str]) -> PathBuf {
    build(compiler, &source(&format!("{name}.c")), folder, flags)
}

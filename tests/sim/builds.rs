//! Test programs in C, built by every compiler that is here.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use tinyml::library::core::Core;

use crate::qemu::{self, Oracle};

/// A compiler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Compiler {
    Gcc,
    Clang,
    Zig,
}

/// Optimisation levels that users choose.
pub(crate) const LEVELS: [&str; 3] = ["-Os", "-O2", "-O3"];

/// A build of one program.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Build {
    pub(crate) compiler: Compiler,
    pub(crate) level: &'static str,
    pub(crate) program: &'static str,
}

/// The compilers that are here; says which are not. Debian's clang needs gcc's library of arithmetic.
pub(crate) fn compilers() -> &'static [Compiler] {
    static FOUND: OnceLock<Vec<Compiler>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let zig = Command::new("python3").args(["-m", "ziglang", "version"]).output();
        let gcc = qemu::has("arm-none-eabi-gcc");
        let all = [
            (Compiler::Gcc, gcc, "no arm-none-eabi-gcc"),
            (
                Compiler::Clang,
                gcc && qemu::has("clang-19") && qemu::has("ld.lld-19"),
                "no clang-19 with lld-19 and gcc",
            ),
            (Compiler::Zig, zig.is_ok_and(|output| output.status.success()), "no ziglang"),
        ];
        all.iter().filter(|entry| !entry.1).for_each(|entry| qemu::skip(entry.2));
        all.iter().filter(|entry| entry.1).map(|entry| entry.0).collect()
    })
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/sim/programs")
}

/// `board.ld` with the memories where `oracle` has them.
fn script(oracle: &Oracle) -> String {
    let text = std::fs::read_to_string(folder().join("board.ld")).expect("the linker script");
    text.replace("0x00000000", &format!("{:#x}", oracle.flash_origin))
        .replace("0x20000000", &format!("{:#x}", oracle.ram_origin))
}

impl Build {
    /// Builds the program for the machine of `oracle`, whose core is `core`, with `more` flags, into `elf`.
    pub(crate) fn build(&self, oracle: &Oracle, core: &Core, more: &[&str], elf: &Path) {
        let arm = core.zig.target.starts_with("thumb");
        let gcc = if arm { "arm-none-eabi-gcc" } else { "riscv64-unknown-elf-gcc" };
        let layout = elf.with_extension("ld");
        std::fs::write(&layout, script(oracle)).expect("a file beside the image");
        let mut command = match self.compiler {
            Compiler::Gcc => {
                let mut command = Command::new(gcc);
                command.args(&core.gcc.flags).args(["-nostdlib", "-fno-tree-loop-distribute-patterns"]);
                command.args(arm.then_some("-mfp16-format=ieee"));
                command
            }
            Compiler::Clang => {
                let mut command = Command::new("clang-19");
                let target = if arm { "arm-none-eabi" } else { "riscv32-none-elf" };
                command.arg(format!("--target={target}")).args(&core.gcc.flags);
                command.args(["-nostdlib", "-fuse-ld=lld-19", "-DWITH_LIBGCC"]);
                command
            }
            Compiler::Zig => {
                let mut command = Command::new("python3");
                command.args(["-m", "ziglang", "cc", "-target", &core.zig.target]);
                command.arg(format!("-mcpu={}", core.zig.cpu)).arg("-fno-sanitize=undefined");
                command
            }
        };
        command.args([self.level, "-g", "-std=gnu11", "-ffreestanding", "-fno-math-errno", "-ffunction-sections"]);
        command.args(more).arg(format!("-Wl,-e,{}", if arm { "Reset_Handler" } else { "start" }));
        command.arg("-T").arg(layout).arg(folder().join(format!("{}.c", self.program)));
        command.arg(folder().join("support.c")).arg("-o").arg(elf);
        match self.compiler {
            Compiler::Gcc => _ = command.arg("-lgcc"),
            Compiler::Clang => _ = command.arg(arithmetic(gcc, core)),
            Compiler::Zig => {}
        }
        let output = command.output().expect("a compiler that was found before");
        assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// gcc's library for `core`.
fn arithmetic(gcc: &str, core: &Core) -> String {
    let output = Command::new(gcc).args(&core.gcc.flags).arg("-print-libgcc-file-name").output();
    let path = output.expect("a compiler that was found before").stdout;
    String::from_utf8_lossy(&path).trim().to_string()
}

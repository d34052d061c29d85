//! C that runs on this machine: compiled as the board's is, fed through its standard input, read from its output.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use super::compiler::{Bench, CompileError, Object, find_host_compiler};
use super::disk::disk_error;
use super::flags::{Target, base_flags};
use super::process::{Command, Stopped};
use super::toolchain::{Toolchain, ToolchainKind};
use super::world::World;
use crate::base::Diag;

/// `tml_read` and `tml_write`: all that a native program has of the outside. It includes `native.h` and defines `main`.
const HEADER: (&str, &[u8]) = ("native.h", include_bytes!("native.h"));
const SOURCE: (&str, &[u8]) = ("native.c", include_bytes!("native.c"));
/// Most bytes that a native program may answer.
const MOST_OUTPUT: usize = 1 << 30;

impl World {
    /// Compiles and links C files (by name) into a program for this machine. Like the board's code they have no C
    /// library; `native.h` is at hand.
    pub fn native(
        &self,
        toolchain: &Toolchain,
        sources: &BTreeMap<String, Vec<u8>>,
        headers: &BTreeMap<String, Vec<u8>>,
        flags: &[String],
    ) -> Result<Object, CompileError> {
        let bench = Bench::new(self)?;
        for (name, bytes) in headers.iter().chain(sources) {
            bench.put(name, bytes)?;
        }
        bench.put(HEADER.0, HEADER.1)?;
        bench.put(SOURCE.0, SOURCE.1)?;
        let mut args: Vec<OsString> = toolchain.leading.iter().map(Into::into).collect();
        args.extend(native_arguments(toolchain.kind, flags).into_iter().map(Into::into));
        args.extend(bench.prefix_maps(toolchain));
        args.extend(sources.keys().map(Into::into));
        args.extend([SOURCE.0, "-o", "program"].map(Into::into));
        let program = match toolchain.kind {
            ToolchainKind::Zig => toolchain.program.clone(),
            ToolchainKind::Gcc => find_host_compiler(self)?,
        };
        let finished = match bench.run(program.clone(), args.clone()) {
            // Only code that needs more than memory functions pays for building the run-time library.
            Err(error) if is_bare(toolchain.kind) && !error.undefined().is_empty() => {
                bench.put("compiler_rt.o", &self.runtime(toolchain, &Target::Host)?)?;
                args.push("compiler_rt.o".into());
                bench.run(program, args)?
            }
            finished => finished?,
        };
        Ok(Object { bytes: bench.take("program")?, warnings: bench.messages(toolchain, &finished) })
    }

    /// Runs a program made by `native` on `stdin`; its whole standard output. It sees no environment and an empty
    /// folder, and is stopped after `limit`.
    pub fn run_native(&self, program: &[u8], stdin: &[u8], limit: Duration) -> Result<Vec<u8>, Diag> {
        let temporary = self.env().scratch_root();
        match self.run_native_in(&temporary, program, stdin, limit) {
            // Some systems forbid programs in their temporary folder.
            Err(Failed::Forbidden) => {
                let own = self.env().cache_dir().join("scratch");
                self.run_native_in(&own, program, stdin, limit).map_err(|failed| failed.into_diag(&own))
            }
            outcome => outcome.map_err(|failed| failed.into_diag(&temporary)),
        }
    }

    fn run_native_in(&self, parent: &Path, program: &[u8], stdin: &[u8], limit: Duration) -> Result<Vec<u8>, Failed> {
        let refused = |error| Failed::Said(disk_error("write a program in", parent, &error));
        let folder = self.files().temp_dir(parent).map_err(refused)?;
        let path = folder.path().join(if cfg!(windows) { "program.exe" } else { "program" });
        std::fs::write(&path, program).map_err(refused)?;
        make_executable(&path).map_err(refused)?;
        let env = if cfg!(windows) { self.env().for_tools() } else { BTreeMap::new() };
        let command = Command {
            program: path,
            args: Vec::new(),
            env,
            dir: folder.path().to_path_buf(),
            stdin: stdin.to_vec(),
            limit,
            most_output: MOST_OUTPUT,
        };
        let finished = self.run(&command).map_err(|stopped| match stopped {
            Stopped::NotStarted(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Failed::Forbidden,
            Stopped::Interrupted => Failed::Said(Diag::error("tml::interrupted", "interrupted")),
            stopped => Failed::Said(native_failed(&stopped.to_string(), &[])),
        })?;
        if !finished.success() {
            return Err(Failed::Said(native_failed(&finished.ending, &finished.stderr)));
        }
        Ok(finished.stdout)
    }
}

enum Failed {
    /// Programs in this folder aren't allowed to run.
    Forbidden,
    Said(Diag),
}

impl Failed {
    fn into_diag(self, folder: &Path) -> Diag {
        match self {
            Self::Said(diag) => diag,
            Self::Forbidden => disk_error("run a program in", folder, &std::io::ErrorKind::PermissionDenied.into()),
        }
    }
}

/// All arguments that matter for a native program, for the facts of a step.
pub fn native_arguments(kind: ToolchainKind, flags: &[String]) -> Vec<String> {
    let mut arguments = base_flags(kind, &Target::Host);
    if is_bare(kind) {
        arguments.extend(["-DTML_BARE", "-nostdlib", "-static", "-Wl,-e,_start"].map(String::from));
    }
    arguments.push("-s".into());
    arguments.extend_from_slice(flags);
    arguments
}

/// True if native programs do without a C library.
fn is_bare(kind: ToolchainKind) -> bool {
    kind == ToolchainKind::Zig && cfg!(target_os = "linux") && matches!(std::env::consts::ARCH, "x86_64" | "aarch64")
}

fn native_failed(how: &str, stderr: &[u8]) -> Diag {
    let diag = Diag::error("tml::native", format!("C code that runs on this machine failed: {how}"));
    let stderr = String::from_utf8_lossy(stderr);
    let last: Vec<&str> = stderr.lines().rev().take(5).collect();
    if last.is_empty() { diag } else { diag.note(last.into_iter().rev().collect::<Vec<_>>().join("\n")) }
}

#[cfg(unix)]
fn make_executable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn make_executable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

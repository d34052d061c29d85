//! Compiling one unit of C, in a private folder and with relative names, so that the bytes depend on the unit alone.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use tempfile::TempDir;

use super::disk::disk_error;
use super::flags::{Target, base_flags};
use super::process::{Command, Finished, Stopped};
use super::toolchain::{Family, Toolchain, ToolchainKind};
use super::world::World;
use crate::base::Diag;

/// Longest run of a compiler or a linker.
const LIMIT: Duration = Duration::from_mins(15);
/// Most lines of messages that are handed on: the first ones name the cause.
const MOST_LINES: usize = 60;

/// One C (or assembler) file and what it needs.
#[derive(Clone, Copy, Debug)]
pub struct Unit<'a> {
    /// What it is compiled for.
    pub target: &'a Target,
    /// Its name, which decides its language and shows in messages and debug information: `model.c`.
    pub name: &'a str,
    /// Its text.
    pub source: &'a [u8],
    /// All files that it may include, by name.
    pub headers: &'a BTreeMap<String, Vec<u8>>,
    /// Further arguments, after the base ones.
    pub flags: &'a [String],
}

/// What a compiler or a linker made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Object {
    /// An ELF file (on macOS and Windows, for the host, the system's own format).
    pub bytes: Vec<u8>,
    /// What it said though it succeeded, trimmed; mostly empty.
    pub warnings: String,
}

/// Why nothing was made.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CompileError {
    /// The sources are wrong; in the compiler's or linker's own words, trimmed, with relative names.
    Refused(String),
    /// The world is: a full disk, a compiler that can't be started, an interrupt.
    World(Diag),
}

impl Unit<'_> {
    /// All arguments that matter for the result, for the facts of a step.
    pub fn arguments(&self, kind: ToolchainKind) -> Vec<String> {
        let mut arguments = base_flags(kind, self.target);
        arguments.extend_from_slice(self.flags);
        arguments
    }
}

impl CompileError {
    /// As a diagnostic about `what` (for example "the C code of `model`").
    pub fn into_diag(self, what: &str) -> Diag {
        match self {
            Self::World(diag) => diag,
            Self::Refused(messages) => {
                Diag::error("tml::compile", format!("the compiler refuses {what}")).note(messages)
            }
        }
    }

    /// The memory region that an image doesn't fit into, and by how many bytes, if that is the reason; the worst one.
    pub fn overflow(&self) -> Option<(String, u64)> {
        let Self::Refused(messages) = self else { return None };
        // A linker tells every section that goes beyond the end; the last one in memory is the furthest beyond.
        messages.lines().filter_map(overflowed).max_by_key(|(_, bytes)| *bytes)
    }

    /// Names that are used and defined nowhere, sorted, if that is the reason.
    pub fn undefined(&self) -> Vec<String> {
        let Self::Refused(messages) = self else { return Vec::new() };
        let name = |line: &str| {
            let after = line.split_once("undefined symbol: ").or_else(|| line.split_once("undefined reference to "));
            Some(after?.1.trim_matches(['`', '\'', ' ', '"', '‘', '’']).to_string())
        };
        let mut names: Vec<String> = messages.lines().filter_map(name).collect();
        names.sort();
        names.dedup();
        names
    }
}

/// lld: `section '.text' will not fit in region 'FLASH': overflowed by 12 bytes`; ld: ``region `FLASH' overflowed by 12
/// bytes``.
fn overflowed(line: &str) -> Option<(String, u64)> {
    let (before, after) = line.split_once("overflowed by ")?;
    let bytes = after.split(' ').next()?.parse().ok()?;
    let name = before.rsplit("region ").next()?.trim_matches(|c: char| !c.is_alphanumeric() && c != '_');
    Some((name.to_string(), bytes))
}

impl From<Diag> for CompileError {
    fn from(diag: Diag) -> Self {
        Self::World(diag)
    }
}

impl World {
    /// Compiles one unit.
    pub fn compile(&self, toolchain: &Toolchain, unit: &Unit) -> Result<Object, CompileError> {
        let bench = Bench::new(self)?;
        bench.put(unit.name, unit.source)?;
        for (name, bytes) in unit.headers {
            bench.put(name, bytes)?;
        }
        let host_gcc = toolchain.kind == ToolchainKind::Gcc && *unit.target == Target::Host;
        let program = if host_gcc { find_host_compiler(self)? } else { toolchain.program.clone() };
        let mut args: Vec<OsString> = toolchain.leading.iter().map(Into::into).collect();
        args.extend(unit.arguments(toolchain.kind).into_iter().map(Into::into));
        args.extend(bench.prefix_maps(toolchain));
        args.extend(["-c", unit.name, "-o", "unit.o"].map(Into::into));
        let finished = bench.run(program, args)?;
        Ok(Object { bytes: bench.take("unit.o")?, warnings: bench.messages(toolchain, &finished) })
    }
}

/// A private folder that a tool works in, removed afterwards.
pub(super) struct Bench<'a> {
    world: &'a World,
    folder: TempDir,
    /// The folder as the tool sees it: without links.
    real: PathBuf,
}

impl<'a> Bench<'a> {
    pub(super) fn new(world: &'a World) -> Result<Self, Diag> {
        let root = world.env().scratch_root();
        let folder = world.files().temp_dir(&root).map_err(|error| disk_error("make a folder in", &root, &error))?;
        let real = folder.path().canonicalize().unwrap_or_else(|_| folder.path().to_path_buf());
        Ok(Self { world, folder, real })
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file under a relative name.
    pub(super) fn put(&self, name: &str, bytes: &[u8]) -> Result<(), Diag> {
        let inside = Path::new(name).components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
        assert!(inside && !name.is_empty(), "bug: `{name}` isn't a relative file name");
        let path = self.path(name);
        let failed = |error| disk_error("write", &path, &error);
        if let Some(folder) = path.parent() {
            self.world.files().create_dir_all(folder).map_err(failed)?;
        }
        std::fs::write(&path, bytes).map_err(failed)
    }

    /// Reads a file that a tool has made.
    pub(super) fn take(&self, name: &str) -> Result<Vec<u8>, Diag> {
        let path = self.path(name);
        self.world.files().read(&path).map_err(|error| disk_error("read", &path, &error))
    }

    /// Keeps the folder's and the toolchain's places out of debug information.
    pub(super) fn prefix_maps(&self, toolchain: &Toolchain) -> [OsString; 2] {
        let map = |from: &Path, to: &str| {
            let mut flag = OsString::from("-ffile-prefix-map=");
            flag.push(from);
            flag.push(to);
            flag
        };
        [map(&self.real, "=."), map(&toolchain.home, "=toolchain")]
    }

    /// Runs a tool in the folder; a tool that isn't content is an error.
    pub(super) fn run(&self, program: PathBuf, args: Vec<OsString>) -> Result<Finished, CompileError> {
        let mut env = self.world.env().for_tools();
        env.insert("TMPDIR".into(), self.real.clone().into());
        env.insert("TEMP".into(), self.real.clone().into());
        env.insert("TMP".into(), self.real.clone().into());
        // What zig builds once (parts of C libraries) is kept for the user; what it builds for this call isn't.
        // A cache that can't be written (a shared one of another user) costs time, not the build.
        let kept = self.world.env().cache_dir().join("zig");
        let writable = self.world.files().temp_dir(&kept).is_ok();
        let global = if writable { kept } else { self.real.join("zig-cache") };
        env.insert("ZIG_GLOBAL_CACHE_DIR".into(), global.into());
        env.insert("ZIG_LOCAL_CACHE_DIR".into(), self.real.join("zig-cache").into());
        let dir = self.real.clone();
        let command = Command { program, args, env, dir, stdin: Vec::new(), limit: LIMIT, most_output: 8 << 20 };
        let finished = self.world.run(&command).map_err(|stopped| not_run(&command.program, &stopped))?;
        if finished.success() {
            return Ok(finished);
        }
        let messages = self.trim(&finished.stderr);
        if messages.contains("No space left on device") || messages.contains("NoSpaceLeft") {
            let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
            return Err(disk_error("compile in", &self.real, &full).into());
        }
        Err(CompileError::Refused(if messages.is_empty() { finished.ending } else { messages }))
    }

    pub(super) fn messages(&self, toolchain: &Toolchain, finished: &Finished) -> String {
        self.trim(&finished.stderr).replace(&toolchain.home.display().to_string(), "toolchain")
    }

    fn trim(&self, stderr: &[u8]) -> String {
        let text = String::from_utf8_lossy(stderr).replace(&format!("{}/", self.real.display()), "");
        let mut lines: Vec<&str> = text.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let more = lines.len().saturating_sub(MOST_LINES);
        lines.truncate(MOST_LINES);
        let rest = format!("… {more} more lines");
        if more > 0 {
            lines.push(&rest);
        }
        lines.join("\n")
    }
}

fn not_run(program: &Path, stopped: &Stopped) -> CompileError {
    let code = if matches!(stopped, Stopped::Interrupted) { "tml::interrupted" } else { "tml::toolchain" };
    CompileError::World(Diag::error(code, format!("`{}` didn't finish: {stopped}", program.display())))
}

/// The name of the user's gcc for a family, as `cc` knows it (`CC_thumbv7em_none_eabi`, else `arm-none-eabi-gcc`).
pub(super) fn find_gcc(world: &World, family: Family) -> Result<PathBuf, String> {
    let target = match family {
        Family::Arm => "thumbv7em-none-eabi",
        Family::Riscv => "riscv32imc-unknown-none-elf",
    };
    find_compiler(world, target)
}

/// The user's compiler for this machine, for builds that don't use zig.
pub(super) fn find_host_compiler(world: &World) -> Result<PathBuf, Diag> {
    let missing = |why: String| {
        Diag::error("tml::toolchain", format!("no C compiler for this machine: {why}"))
            .help("install `gcc` or `clang`, or leave out `--toolchain gcc`")
    };
    let wanted = find_compiler(world, &host_triple()).map_err(missing)?;
    world.env().find_program(&wanted).ok_or_else(|| missing(format!("no `{}` on PATH", wanted.display())))
}

/// `cc` says `Ok` for a compiler that doesn't exist; the caller looks.
fn find_compiler(world: &World, target: &str) -> Result<PathBuf, String> {
    let mut build = cc::Build::new();
    build.target(target).host(&host_triple()).opt_level(2).out_dir(world.env().scratch_root());
    build.cargo_metadata(false).emit_rerun_if_env_changed(false).cargo_warnings(false).cargo_debug(false);
    build.try_get_compiler().map(|tool| tool.path().to_path_buf()).map_err(|error| error.to_string())
}

fn host_triple() -> String {
    let arch = std::env::consts::ARCH;
    match std::env::consts::OS {
        "macos" => format!("{arch}-apple-darwin"),
        "windows" => format!("{arch}-pc-windows-gnu"),
        os => format!("{arch}-unknown-{os}-gnu"),
    }
}

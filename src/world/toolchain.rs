//! Which compiler: what it is called, which version and bytes it is, and how it is found or fetched.

use std::path::PathBuf;

use super::flags::Target;
use super::process::Stopped;
use super::world::World;
use super::{compiler, zig};
use crate::base::{Diag, Digest};

/// The compilers that a build may use.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub enum ToolchainKind {
    /// The pinned zig (clang and lld for every core), fetched once into the cache. The default.
    #[default]
    Zig,
    /// The user's gcc, one program an instruction set, found on `PATH` or named by a variable: `arm-none-eabi-gcc`
    /// (`CC_thumbv7em_none_eabi`), `riscv64-unknown-elf-gcc` (`CC_riscv32imc_unknown_none_elf`).
    Gcc,
}

/// Instruction sets that gcc is one program for each of.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Family {
    /// Every Cortex-M.
    Arm,
    /// RV32.
    Riscv,
}

/// What a result made by a compiler depends on: part of a step's facts and of the lock.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// `zig` or `gcc`.
    pub name: &'static str,
    /// Its version, for example `0.17.1`.
    pub version: String,
    /// Algorithm and hexadecimal digest: for zig of the pinned wheel of this platform, else of the program and what it
    /// says about itself.
    pub digest: String,
}

/// A compiler that is on this machine and whole.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Toolchain {
    /// Which one.
    pub kind: ToolchainKind,
    /// What results depend on.
    pub identity: Identity,
    /// The executable.
    pub program: PathBuf,
    /// Arguments that come before a compiler's usual ones (`cc` for zig).
    pub leading: Vec<String>,
    /// The folder of its own headers, which must not show in debug information.
    pub(super) home: PathBuf,
}

/// How to look for a toolchain.
#[derive(Clone, Copy)]
pub struct ToolchainOptions<'a> {
    /// Never use the network; a world without network never does either.
    pub offline: bool,
    /// Told what is going on while the user waits, a short sentence each.
    pub progress: &'a dyn Fn(&str),
}

impl ToolchainKind {
    /// The kind called `word` in configs and on the command line.
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "zig" => Some(Self::Zig),
            "gcc" => Some(Self::Gcc),
            _ => None,
        }
    }

    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Zig => "zig",
            Self::Gcc => "gcc",
        }
    }
}

impl Family {
    /// The family of a target; of this machine, the one that every installation has.
    pub fn of(target: &Target) -> Self {
        match target {
            Target::Core { zig_target, .. } if zig_target.starts_with("riscv") => Self::Riscv,
            _ => Self::Arm,
        }
    }

    /// Its compiler as people install it: the program, and Debian's package.
    fn gcc(self) -> (&'static str, &'static str) {
        match self {
            Self::Arm => ("arm-none-eabi-gcc", "gcc-arm-none-eabi"),
            Self::Riscv => ("riscv64-unknown-elf-gcc", "gcc-riscv64-unknown-elf"),
        }
    }
}

impl Toolchain {
    /// True if linking brings `memcpy`, `memmove`, `memset`, `memcmp`. With gcc the image must contain its own, since
    /// no C library is linked.
    pub fn has_memory_functions(&self) -> bool {
        self.kind == ToolchainKind::Zig
    }
}

impl World {
    /// What results of this compiler depend on. Costs nothing for zig, which need not be here yet.
    pub fn toolchain_identity(&self, kind: ToolchainKind, family: Family) -> Result<Identity, Diag> {
        match kind {
            ToolchainKind::Zig => zig::identity(),
            ToolchainKind::Gcc => Ok(self.toolchain_for(kind, family, &ToolchainOptions::quiet())?.identity),
        }
    }

    /// The compiler for Arm cores and this machine.
    pub fn toolchain(&self, kind: ToolchainKind, options: &ToolchainOptions) -> Result<Toolchain, Diag> {
        self.toolchain_for(kind, Family::Arm, options)
    }

    /// The compiler, ready to run; zig is fetched if it is missing or damaged. The first call of a process checks that
    /// all of it is there.
    pub fn toolchain_for(
        &self,
        kind: ToolchainKind,
        family: Family,
        options: &ToolchainOptions,
    ) -> Result<Toolchain, Diag> {
        // zig is one program for all of them.
        let family = if kind == ToolchainKind::Zig { Family::Arm } else { family };
        // Held while looking, so that a process never fetches or checks twice; a poisoned lock only lost a check.
        let mut known = self.toolchains.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if let Some(toolchain) = known.get(&(kind, family)) {
            return Ok(toolchain.clone());
        }
        let toolchain = match kind {
            ToolchainKind::Zig => zig::ready(self, options)?,
            ToolchainKind::Gcc => self.gcc(family)?,
        };
        known.insert((kind, family), toolchain.clone());
        Ok(toolchain)
    }

    fn gcc(&self, family: Family) -> Result<Toolchain, Diag> {
        let (program, package) = family.gcc();
        let missing = |why: String| {
            Diag::error("tml::toolchain", format!("toolchain `gcc` isn't usable: {why}"))
                .help(format!("install `{program}` (Debian: `apt install {package}`), or leave out `--toolchain gcc`"))
        };
        let wanted = compiler::find_gcc(self, family).map_err(missing)?;
        let program =
            self.env().find_program(&wanted).ok_or_else(|| missing(format!("no `{}` on PATH", wanted.display())))?;
        let says = self.ask(&program, "--version").map_err(|stopped| missing(stopped.to_string()))?;
        let version = self.ask(&program, "-dumpfullversion").map_err(|stopped| missing(stopped.to_string()))?;
        let bytes = self.files().read(&program).map_err(|error| missing(error.to_string()))?;
        let digest = Digest::of(&[bytes.as_slice(), says.as_bytes()].concat());
        Ok(Toolchain {
            kind: ToolchainKind::Gcc,
            identity: Identity {
                name: "gcc",
                version: version.trim().to_string(),
                digest: format!("b3:{}", digest.hex()),
            },
            home: program.parent().and_then(|bin| bin.parent()).map(PathBuf::from).unwrap_or_default(),
            program,
            leading: Vec::new(),
        })
    }

    fn ask(&self, program: &std::path::Path, question: &str) -> Result<String, Stopped> {
        let command = super::process::Command {
            program: program.to_path_buf(),
            args: vec![question.into()],
            env: self.env().for_tools(),
            dir: self.env().scratch_root(),
            stdin: Vec::new(),
            limit: std::time::Duration::from_secs(30),
            most_output: 1 << 20,
        };
        Ok(String::from_utf8_lossy(&self.run(&command)?.stdout).into_owned())
    }
}

impl ToolchainOptions<'static> {
    /// Fetch if needed, and say nothing.
    pub fn quiet() -> Self {
        Self { offline: false, progress: &|_| {} }
    }
}

//! The arguments of every compiler and linker call, in one place: the calls and the facts of a step use the same lists.
//! No absolute path is among them, so equal lists and equal inputs give equal bytes in any folder.

use super::toolchain::ToolchainKind;

/// What code is made for.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Target {
    /// A core of a board.
    Core {
        /// zig's target, for example `thumb-freestanding-eabihf`.
        zig_target: String,
        /// zig's processor, for example `cortex_m4+vfp4d16sp`.
        zig_cpu: String,
        /// gcc's flags that say the same, for example `-mcpu=cortex-m4 -mthumb -mfloat-abi=hard -mfpu=fpv4-sp-d16`.
        gcc: Vec<String>,
    },
    /// This machine, its plainest processor, so that results don't depend on which one it has.
    Host,
}

/// C11, optimised, no C library, every multiplication and addition rounded on its own (so that host, board and
/// reference agree bit by bit), one section a function (so that the unused ones vanish), no warning tolerated.
const BASE: [&str; 15] = [
    "-std=c11",
    "-O2",
    "-g",
    "-ffreestanding",
    "-ffp-contract=off",
    "-ffunction-sections",
    "-fdata-sections",
    "-fno-common",
    "-fno-stack-protector",
    "-fno-unwind-tables",
    "-fno-asynchronous-unwind-tables",
    "-fno-sanitize=undefined",
    "-Wall",
    "-Wextra",
    "-Werror",
];

/// The arguments that every unit for `target` is compiled with; a unit's own come after them and win.
pub fn base_flags(kind: ToolchainKind, target: &Target) -> Vec<String> {
    let mut flags = target_flags(kind, target);
    flags.extend(BASE.map(String::from));
    if kind == ToolchainKind::Zig {
        // Start-up code in assembler gets the same list as C.
        flags.push("-Wno-unused-command-line-argument".into());
    }
    flags
}

/// The arguments that name the machine.
pub(super) fn target_flags(kind: ToolchainKind, target: &Target) -> Vec<String> {
    match (kind, target) {
        (ToolchainKind::Zig, Target::Core { zig_target, zig_cpu, .. }) => {
            vec!["-target".into(), zig_target.clone(), format!("-mcpu={zig_cpu}")]
        }
        (ToolchainKind::Zig, Target::Host) => vec!["-target".into(), zig_host().into(), "-mcpu=baseline".into()],
        (ToolchainKind::Gcc, Target::Core { gcc, .. }) => gcc.clone(),
        (ToolchainKind::Gcc, Target::Host) => Vec::new(),
    }
}

/// zig's target for this machine. On Linux programs do without a C library, since building one takes up to a minute.
pub(super) fn zig_host() -> &'static str {
    match (std::env::consts::OS, std::env::consts::ARCH) {
        ("linux", "x86_64") => "x86_64-freestanding-none",
        ("linux", "aarch64") => "aarch64-freestanding-none",
        ("macos", "x86_64") => "x86_64-macos",
        ("macos", "aarch64") => "aarch64-macos",
        ("windows", "aarch64") => "aarch64-windows-gnu",
        ("windows", _) => "x86_64-windows-gnu",
        _ => "native",
    }
}

/// The linker's arguments for an image, without the names of objects. `ENTRY()` in a script isn't enough for every
/// linker, so the entry is an argument.
pub fn link_flags(kind: ToolchainKind, target: &Target, entry: &str, symbols: &[(String, u64)]) -> Vec<String> {
    let mut own = vec!["--gc-sections".to_string(), "--build-id=none".into(), "-z".into(), "max-page-size=4096".into()];
    own.push(format!("--entry={entry}"));
    own.extend(symbols.iter().map(|(name, value)| format!("--defsym={name}={value:#x}")));
    match kind {
        ToolchainKind::Zig => own,
        ToolchainKind::Gcc => {
            let mut flags = target_flags(kind, target);
            flags.push("-nostdlib".into());
            flags.extend(own.into_iter().flat_map(|flag| ["-Xlinker".to_string(), flag]));
            flags
        }
    }
}

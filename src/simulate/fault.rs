//! A fault as a diagnostic: what, where in the source, with which registers, and how the program came there.

use std::path::{Path, PathBuf};

use super::Outcome;
use crate::base::{Diag, Source, Span};
use crate::sim::{Fault, FaultKind, Line};
use crate::stages::exercise::STACK_OVERFLOW;
use crate::world::World;

/// The diagnostic of `fault`; `text` is the instruction that it happened in.
pub fn diagnose(world: &World, outcome: &Outcome, fault: &Fault, text: Option<&str>) -> Diag {
    let overflow = matches!(fault.kind, FaultKind::StackOverflow { .. });
    let code = if overflow { STACK_OVERFLOW } else { "tml::fault" };
    let title = format!("`{}` stopped on {}: {}", outcome.program, outcome.board.name, fault.kind);
    let function = fault.function.as_deref().unwrap_or("?");
    let mut diag = Diag::error(code, title);
    let label = text.map_or_else(|| format!("in `{function}`"), |text| format!("`{text}` in `{function}`"));
    // What isn't code has no line: the branch that led there has one.
    let jump = fault.branches.first().filter(|_| fault.line.is_none());
    let jump = jump.and_then(|branch| Some((branch.line.as_ref()?, "it came from here".to_string())));
    if let Some((line, label)) = fault.line.as_ref().map(|line| (line, label)).or(jump)
        && let Some(span) = span(world, line)
    {
        diag = diag.at(&span, label);
    }
    let place = fault.line.as_ref().map_or(String::new(), |line| format!(" at {}", shown(world, line)));
    let instruction = text.map_or(String::new(), |text| format!(": `{text}`"));
    diag = diag.note(format!("pc {:#010x} in `{function}`{place}{instruction}", fault.pc));
    diag = diag.note(registers(fault));
    if !fault.branches.is_empty() {
        diag = diag.note(branches(world, fault));
    }
    match help(fault.kind) {
        Some(help) => diag.help(help),
        None => diag,
    }
}

fn registers(fault: &Fault) -> String {
    let row = |row: &[(&str, u32)]| {
        row.iter().map(|(name, value)| format!("{name:>4} {value:#010x}")).collect::<Vec<_>>().join(" ")
    };
    let rows: Vec<String> = fault.registers.chunks(4).map(row).collect();
    format!("registers\n{}", rows.join("\n"))
}

fn branches(world: &World, fault: &Fault) -> String {
    let lines = fault.branches.iter().map(|branch| {
        let line = branch.line.as_ref().map_or(String::new(), |line| format!(" at {}", shown(world, line)));
        format!(
            "{:#010x} to {:#010x} from `{}`{line}",
            branch.from,
            branch.to,
            branch.function.as_deref().unwrap_or("?")
        )
    });
    format!("the last branches, the latest first\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// The line of a source file that is still where the compiler read it.
fn span(world: &World, line: &Line) -> Option<Span> {
    let text = source(world, line)?;
    let start = text.split_inclusive('\n').take(line.line.checked_sub(1)? as usize).map(str::len).sum::<usize>();
    let code = text.get(start..)?.lines().next()?;
    let indent = code.len() - code.trim_start().len();
    let end = start + code.trim_end().len();
    (start + indent < end).then(|| Source::new(file(world, line), text).span(start + indent..end))
}

/// `file:line`, without the current folder.
pub fn shown(world: &World, line: &Line) -> String {
    format!("{}:{}", file(world, line), line.line)
}

fn file(world: &World, line: &Line) -> String {
    let here = world.env().current_dir().ok();
    let below = here.and_then(|here| Some(Path::new(&line.file).strip_prefix(here).ok()?.display().to_string()));
    below.unwrap_or_else(|| line.file.clone())
}

/// The text of the file that `line` is in.
pub fn source(world: &World, line: &Line) -> Option<String> {
    let folder = line.folder.as_ref().map(|folder| PathBuf::from(folder).join(&line.file));
    let bytes =
        folder.into_iter().chain([PathBuf::from(&line.file)]).find_map(|path| world.files().read(&path).ok())?;
    String::from_utf8(bytes).ok()
}

fn help(kind: FaultKind) -> Option<&'static str> {
    Some(match kind {
        FaultKind::StackOverflow { .. } => {
            "use smaller local variables and less recursion, or give the stack more room in the linker script"
        }
        FaultKind::FpuDisabled => {
            "set CP10 and CP11 in CPACR (0xe000ed88) before the first float, as start-up code does"
        }
        FaultKind::NotThumb { .. } => "Cortex-M has no Arm state: bit 0 of an address that is branched to must be set",
        FaultKind::NotCode { .. } => {
            "a function pointer or a return address was overwritten, or code was not copied to where it runs"
        }
        FaultKind::WriteToFlash { .. } => {
            "a pointer to a constant was written through; variables belong into .data or .bss"
        }
        FaultKind::Unmapped { .. } => "a pointer is wild, or the board's file has no device there",
        FaultKind::Undefined { .. } => "the image is built for another core than the board's, or data was executed",
        FaultKind::Supervisor { .. } | FaultKind::Breakpoint { .. } => "no debugger is attached that would serve it",
        FaultKind::Semihosting { .. } => "`cargo tinyml help sim` lists what is served",
        _ => return None,
    })
}

//! A run for people and for programs.

use serde_json::{Value, json};

use super::outcome::{End, Outcome, Recorded};
use super::output::Output;
use crate::base::amount::{Toward, amount, grouped};
use crate::profile::{chain_table, function_table, heat_table, hot_table};
use crate::sim::{FaultKind, Line, Mode};

/// Rows of a table for people; JSON has them all.
const ROWS: usize = 24;
const CHAINS: usize = 6;
/// Values that one line shows.
const VALUES: usize = 64;

/// One sentence on how the run ended and what it took, and what that is worth.
pub fn text(outcome: &Outcome) -> String {
    let place = outcome.function.as_ref().map_or(String::new(), |name| format!(" in `{name}`"));
    let end = match &outcome.end {
        End::Exit { status } => format!("ended with status {status}"),
        End::Returned { value } => format!("returned {value} ({value:#x})"),
        End::Reached { place } => format!("reached `{place}`"),
        End::Waiting => format!("{} inferences done", outcome.inferences.len()),
        End::Fault(fault) => format!("stopped: {}", fault.kind),
        End::Budget => format!("still running{place} after {} instructions", grouped(outcome.instructions)),
        End::Interrupted => format!("interrupted{place}"),
    };
    let mut text = format!("{} on {}: {end}\n", outcome.program, outcome.board.name);
    let stack = grouped(outcome.stack.into());
    if outcome.mode == Mode::Fast {
        text.push_str(&format!(
            "  {} instructions; cycles not counted; stack {stack} bytes\n",
            grouped(outcome.instructions)
        ));
        return text;
    }
    let time = amount(outcome.seconds(), "s", Toward::More);
    let (cycles, instructions) = (grouped(outcome.cycles), grouped(outcome.instructions));
    text.push_str(&format!(
        "  {cycles} cycles ({time} at {}), {instructions} instructions, simulated; stack {stack} bytes\n",
        outcome.board.clock
    ));
    text.push_str(&format!("  {}: {}\n", outcome.core, outcome.accuracy));
    text
}

/// What was asked for by flags: inferences, outputs, profile, hot code, memory.
pub fn details(outcome: &Outcome, profile: bool, source: &dyn Fn(&Line) -> (String, Option<String>)) -> String {
    let mut text = String::new();
    for (index, inference) in outcome.inferences.iter().enumerate() {
        text.push_str(&recorded(outcome, index, inference));
    }
    if outcome.inferences.is_empty() {
        outcome.outputs.iter().for_each(|output| text.push_str(&shown(output, "")));
    }
    if profile {
        text.push_str("\nprofile, cycles of each function without its callees\n\n");
        text.push_str(&function_table(&outcome.tree, ROWS));
        text.push_str("\ndeepest stacks, bytes\n\n");
        text.push_str(&chain_table(&outcome.tree, CHAINS));
    }
    if !outcome.hot.is_empty() {
        text.push_str("\nhot code\n\n");
        text.push_str(&hot_table(&outcome.hot, outcome.tree.total().cycles, source));
    }
    if let Some(heat) = &outcome.heat {
        text.push_str("\nmemory\n\n");
        text.push_str(&heat_table(heat, ROWS));
    }
    text
}

fn recorded(outcome: &Outcome, index: usize, inference: &Recorded) -> String {
    let counts = if outcome.mode == Mode::Fast {
        format!("{} instructions", grouped(inference.instructions))
    } else {
        let time = amount(inference.cycles as f64 / outcome.board.clock.to_f64(), "s", Toward::More);
        format!("{} cycles ({time}), {} instructions", grouped(inference.cycles), grouped(inference.instructions))
    };
    let mut text = format!("inference {index}: {counts}\n");
    inference.outputs.iter().for_each(|output| text.push_str(&shown(output, "  ")));
    text
}

/// Integers and floats where a type was given, else bytes in hexadecimal.
fn shown(output: &Output, indent: &str) -> String {
    let values: Vec<String> = match output.element {
        Some(_) => output.values().iter().map(ToString::to_string).collect(),
        None => output.bytes.iter().map(|byte| format!("{byte:02x}")).collect(),
    };
    let more = if values.len() > VALUES { format!(" … {} in all", values.len()) } else { String::new() };
    let first = values.iter().take(VALUES).map(String::as_str).collect::<Vec<_>>().join(" ");
    format!("{indent}{} = {first}{more}\n", output.symbol)
}

/// Everything, for programs.
pub fn value(outcome: &Outcome) -> Value {
    let mut value = json!({
        "program": outcome.program,
        "board": outcome.board.name,
        "core": outcome.board.core,
        "clock_hz": outcome.board.clock.to_f64(),
        "accuracy": outcome.accuracy,
        "mode": match outcome.mode { Mode::Fast => "fast", Mode::Cycles => "cycles", Mode::Profile => "profile" },
        "end": end(&outcome.end),
        "instructions": outcome.instructions,
        "cycles": (outcome.mode != Mode::Fast).then_some(outcome.cycles),
        "seconds": (outcome.mode != Mode::Fast).then(|| outcome.seconds()),
        "stack": outcome.stack,
        "outputs": outcome.outputs.iter().map(Output::value).collect::<Vec<_>>(),
        "inferences": outcome.inferences.iter().map(|one| json!({
            "instructions": one.instructions,
            "cycles": (outcome.mode != Mode::Fast).then_some(one.cycles),
            "outputs": one.outputs.iter().map(Output::value).collect::<Vec<_>>(),
        })).collect::<Vec<_>>(),
    });
    if outcome.mode == Mode::Profile {
        value["profile"] = outcome.tree.value();
    }
    if !outcome.hot.is_empty() {
        value["hot"] = json!(outcome.hot);
    }
    if let Some(heat) = &outcome.heat {
        value["memory"] = json!(heat);
    }
    value
}

fn end(end: &End) -> Value {
    match end {
        End::Exit { status } => json!({"kind": "exit", "status": status}),
        End::Returned { value } => json!({"kind": "returned", "value": value}),
        End::Reached { place } => json!({"kind": "reached", "place": place}),
        End::Waiting => json!({"kind": "waiting"}),
        End::Budget => json!({"kind": "budget"}),
        End::Interrupted => json!({"kind": "interrupted"}),
        End::Fault(fault) => json!({
            "kind": "fault",
            "fault": kind(fault.kind),
            "message": fault.kind.to_string(),
            "pc": fault.pc,
            "function": fault.function,
            "line": fault.line,
            "registers": fault.registers.iter().map(|(name, value)| ((*name).to_string(), json!(value)))
                .collect::<serde_json::Map<_, _>>(),
            "branches": fault.branches.iter().map(|branch| json!({
                "from": branch.from, "to": branch.to, "function": branch.function, "line": branch.line,
            })).collect::<Vec<_>>(),
        }),
    }
}

/// A word for each kind of fault.
fn kind(kind: FaultKind) -> &'static str {
    match kind {
        FaultKind::Undefined { .. } => "undefined",
        FaultKind::Unmapped { .. } => "unmapped",
        FaultKind::Misaligned { .. } => "misaligned",
        FaultKind::WriteToFlash { .. } => "write-to-flash",
        FaultKind::Guard { .. } => "guard",
        FaultKind::Unwritten { .. } => "unwritten",
        FaultKind::NotCode { .. } => "not-code",
        FaultKind::NotThumb { .. } => "not-thumb",
        FaultKind::StackOverflow { .. } => "stack-overflow",
        FaultKind::Budget { .. } => "budget",
        FaultKind::FpuDisabled => "fpu-disabled",
        FaultKind::DivideByZero => "divide-by-zero",
        FaultKind::Breakpoint { .. } => "breakpoint",
        FaultKind::Supervisor { .. } => "supervisor",
        FaultKind::Vector { .. } => "vector",
        FaultKind::ExceptionReturn { .. } => "exception-return",
        FaultKind::WaitsForever => "waits-forever",
        FaultKind::Semihosting { .. } => "semihosting",
        FaultKind::Reset => "reset",
        FaultKind::Exit { .. } => "exit",
    }
}

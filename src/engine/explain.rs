//! Why a step would run, or why it last ran: the facts of two runs side by side.

use std::collections::BTreeMap;
use std::fmt;

use crate::base::{Diag, Diags};
use crate::world::World;

use super::graph::{Graph, StepId};
use super::key::{self, ENGINE, INPUT};
use super::last::Last;
use super::plan::{self, Forecast, StepPlan};
use super::progress::Silent;
use super::record::Record;
use super::run::Options;
use super::session::Session;

/// Values longer than this are cut: a fact may be a whole function.
const LONGEST_VALUE: usize = 60;

/// Why a step would run, or last ran.
#[derive(Clone, Debug)]
pub struct Explanation {
    /// The step.
    pub id: String,
    /// What would happen to it now.
    pub forecast: Forecast,
    /// Why; for a step that is in the store, why it last ran.
    pub reason: Reason,
}

/// What differs between two runs of a step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Reason {
    /// There was no run before.
    First,
    /// These facts or inputs.
    Changed(Vec<Change>),
    /// Nothing that is known yet.
    Nothing,
    /// The facts are the same; the artifacts are gone from the store, or damaged.
    Damaged,
    /// There was a run before, but its record is gone from the store.
    Forgotten,
}

/// One fact that differs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Change {
    /// `fact`, `input` or `engine`, then the fact's name.
    pub name: String,
    /// Its value in the earlier run; none if it is new.
    pub before: Option<String>,
    /// Its value in the later run; none if it is gone.
    pub after: Option<String>,
}

/// Explains the step that `word` means: its id, or its verb or name if only one step has it.
pub fn explain(graph: &Graph, options: &Options, world: &World, word: &str) -> Result<Explanation, Diags> {
    let step = graph.look_up(word)?;
    let session = Session::new(graph, options, world, &Silent);
    let plans = plan::forecast(&session, &graph.cone([step]));
    // The step is the last one of its own cone.
    let plan = plans.into_iter().last().ok_or_else(|| Diag::error("tml::bug", "bug: an empty cone"))?;
    let reason = reason(&session, step, &plan);
    Ok(Explanation { id: plan.id, forecast: plan.forecast, reason })
}

fn reason(session: &Session, step: StepId, plan: &StepPlan) -> Reason {
    let last = Last::load(session.world, &session.store, &session.options.scope);
    let cached = plan.forecast == Forecast::Cached;
    let against = match last.get(&plan.id) {
        Some((last, before)) if cached && plan.key == Some(last) => before,
        Some((last, _)) if plan.key == Some(last) => return Reason::Damaged,
        Some((last, _)) => Some(last),
        None => None,
    };
    let Some(against) = against else { return Reason::First };
    let Some(record) = session.store.record(against) else { return Reason::Forgotten };
    let mut changes = differences(&record, &key::lines(session.node(step), &plan.inputs));
    if matches!(plan.forecast, Forecast::Waits(_) | Forecast::Blocked(_)) {
        // An input that isn't known yet hasn't gone.
        changes.retain(|change| change.after.is_some() || !change.name.starts_with(INPUT));
    }
    if changes.is_empty() { Reason::Nothing } else { Reason::Changed(changes) }
}

fn differences(record: &Record, after: &[String]) -> Vec<Change> {
    let (before, after) = (named(&record.facts), named(after));
    let names: Vec<&String> = after.keys().chain(before.keys().filter(|name| !after.contains_key(*name))).collect();
    let change = |name: &&String| Change {
        name: (*name).clone(),
        before: before.get(*name).cloned(),
        after: after.get(*name).cloned(),
    };
    names.iter().map(change).filter(|change| change.before != change.after).collect()
}

/// Lines by name; of lines that share one, the later get a number.
fn named(lines: &[String]) -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    for line in lines {
        let (name, value) = line.split_once(" = ").unwrap_or((line, ""));
        let mut unique = name.to_string();
        let mut number = 2;
        while named.contains_key(&unique) {
            unique = format!("{name} ({number})");
            number += 1;
        }
        named.insert(unique, value.to_string());
    }
    named
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (group, name) = self.name.split_once(' ').unwrap_or(("", &self.name));
        match (group, name) {
            (ENGINE, "sources") => return f.write_str("cargo-tinyml itself is another version"),
            (ENGINE, "store") => return f.write_str("the store has another layout"),
            (INPUT, name) => write!(f, "input `{name}`")?,
            (_, name) => write!(f, "`{name}`")?,
        }
        match (&self.before, &self.after) {
            (Some(before), Some(after)) => write!(f, " {} → {}", shown(before), shown(after)),
            (None, Some(after)) => write!(f, " is new: {}", shown(after)),
            (Some(before), None) => write!(f, " is gone, it was {}", shown(before)),
            (None, None) => Ok(()),
        }
    }
}

fn shown(value: &str) -> String {
    if let Some(digits) = value.strip_prefix("b3:").filter(|digits| digits.len() == 64) {
        return format!("{}…", &digits[..4]);
    }
    let line: String = value.chars().take(LONGEST_VALUE).map(|c| if c.is_control() { ' ' } else { c }).collect();
    if value.chars().count() > LONGEST_VALUE { format!("{line}…") } else { line }
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = &self.id;
        match &self.forecast {
            Forecast::Cached => write!(f, "`{id}` is up to date")?,
            Forecast::Run => write!(f, "`{id}` would run")?,
            Forecast::Waits(steps) => write!(f, "`{id}` waits for `{}`", steps.join("`, `"))?,
            Forecast::Blocked(diags) => {
                write!(f, "`{id}` can't run")?;
                diags.0.iter().try_for_each(|diag| write!(f, "\n  {diag}"))?;
            }
        }
        let cached = self.forecast == Forecast::Cached;
        match &self.reason {
            Reason::First if cached => writeln!(f, ", since its first run")?,
            Reason::First => writeln!(f, ": it never ran here")?,
            Reason::Nothing => writeln!(f)?,
            Reason::Damaged => writeln!(f, ": what it made is gone from the store, or damaged")?,
            Reason::Forgotten if cached => writeln!(f, "; the record of the run before is gone")?,
            Reason::Forgotten => writeln!(f, ": the record of its last run is gone from the store")?,
            Reason::Changed(changes) => {
                writeln!(f, "{}", if cached { "; compared with the run before:" } else { ":" })?;
                changes.iter().try_for_each(|change| writeln!(f, "  {change}"))?;
            }
        }
        Ok(())
    }
}

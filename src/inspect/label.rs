//! Which column is the label, which ones group rows or say their part, and which ones the model should not see.

use std::collections::BTreeMap;

use crate::data::cell;
use crate::data::columns::{Columns, Seen};

use super::words;

/// Classes that a column has at most, unless its name says that it is the label.
const FEW: usize = 24;

/// A column by its cells.
pub(super) struct Facts {
    pub(super) name: String,
    /// Where it stands; columns without a name are called by that.
    pub(super) at: usize,
    pub(super) named: bool,
    pub(super) numeric: bool,
    /// All numbers are whole.
    pub(super) whole: bool,
    pub(super) missing: usize,
    /// Different cells with their rows; missing ones are left out.
    pub(super) values: BTreeMap<String, usize>,
    pub(super) rows: usize,
}

impl Facts {
    pub(super) fn distinct(&self) -> usize {
        self.values.len()
    }

    /// As `channels` and `label` write it.
    pub(super) fn term(&self) -> String {
        if self.named { words::term(&self.name) } else { format!("column({})", self.at) }
    }
}

/// Counts the cells of every column.
pub(super) fn facts(columns: &Columns, decimal_comma: bool, named: bool) -> Vec<Facts> {
    columns.list.iter().enumerate().map(|(at, seen)| fact(seen, at, decimal_comma, named)).collect()
}

fn fact(seen: &Seen, at: usize, decimal_comma: bool, named: bool) -> Facts {
    let mut counts = vec![0_usize; seen.texts.len()];
    for code in &seen.codes {
        counts.get_mut(*code as usize).into_iter().for_each(|count| *count += 1);
    }
    let (mut missing, mut read, mut whole) = (0, 0, true);
    let mut values = BTreeMap::new();
    for (text, count) in seen.texts.iter().zip(&counts).filter(|(_, count)| **count > 0) {
        match cell::number(text, decimal_comma) {
            cell::Cell::Missing => {
                missing += count;
                continue;
            }
            cell::Cell::Number(value) => {
                read += count;
                whole &= value.fract() == 0.0;
            }
            cell::Cell::Text => {}
        }
        *values.entry(text.clone()).or_insert(0) += count;
    }
    let rows: usize = counts.iter().sum();
    let numeric = read > 0 && read == rows - missing;
    let named = named && seen.name != "row name" && !seen.name.starts_with("column ");
    Facts { name: seen.name.clone(), at, named, numeric, whole: whole && numeric, missing, values, rows }
}

/// The column with the class, by its name, else by its place: the last or the first one that has few different values.
pub(super) fn label(facts: &[Facts], by_path: bool) -> Option<usize> {
    let few = |facts: &Facts| {
        let most = if words::is_label(&facts.name) == 2 { 200 } else { FEW };
        (2..=most).contains(&facts.distinct()) && facts.distinct() * 4 <= facts.rows && (facts.whole || !facts.numeric)
    };
    let candidates = || facts.iter().enumerate().filter(|(_, column)| few(column));
    let by_name = |sure: usize| {
        let mut found: Vec<usize> = candidates()
            .filter(|(_, facts)| facts.named && words::is_label(&facts.name) >= sure)
            .map(|(at, _)| at)
            .collect();
        // Of several, the one that stands before its own kinds: `Machine failure`, then `TWF`, `HDF`.
        found.sort_by_key(|at| (std::cmp::Reverse(words::is_label(&facts[*at].name)), *at));
        found.first().copied()
    };
    by_name(2).or_else(|| if by_path { None } else { by_name(1).or_else(|| by_place(facts, &few)) })
}

fn by_place(facts: &[Facts], few: &dyn Fn(&Facts) -> bool) -> Option<usize> {
    let last = facts.len().checked_sub(1)?;
    // A column of few values among many like it is a sensor.
    let rest = |at: usize| facts.iter().enumerate().filter(|(other, _)| *other != at).filter(|(_, f)| few(f)).count();
    let alone = |at: &usize| few(&facts[*at]) && rest(*at) * 3 <= facts.len();
    [last, 0].into_iter().find(alone).or_else(|| {
        let texts: Vec<usize> = (0..facts.len()).filter(|at| few(&facts[*at]) && !facts[*at].numeric).collect();
        if let [only] = texts.as_slice() { Some(*only) } else { None }
    })
}

/// The parts of `channels`: columns `p0` to `p63` at once, where names or places follow each other.
pub(super) fn terms(chosen: &[&Facts]) -> Vec<String> {
    let numbered = |facts: &Facts| {
        let digits = facts.name.chars().rev().take_while(char::is_ascii_digit).count();
        let (prefix, number) = facts.name.split_at(facts.name.len() - digits);
        Some((prefix.to_string(), number.parse::<usize>().ok().filter(|value| value.to_string() == number)?))
    };
    let mut parts: Vec<String> = Vec::new();
    let mut at = 0;
    while at < chosen.len() {
        let named = chosen[at].named;
        let follows = |a: &Facts, b: &Facts| match (named, numbered(a), numbered(b)) {
            _ if a.named != b.named => false,
            (false, ..) => b.at == a.at + 1,
            (true, Some(a), Some(b)) => a.0 == b.0 && b.1 == a.1 + 1,
            _ => false,
        };
        let run = 1 + chosen[at..].windows(2).take_while(|pair| follows(pair[0], pair[1])).count();
        let (first, last) = (chosen[at], chosen[at + run - 1]);
        if run < 4 {
            parts.extend(chosen[at..at + run].iter().map(|facts| facts.term()));
        } else if named {
            let (prefix, from) = numbered(first).unwrap_or_default();
            parts.push(format!("columns({}, {from}..{})", words::quoted(&prefix), from + run - 1));
        } else {
            parts.push(format!("columns({}..{})", first.at, last.at));
        }
        at += run;
    }
    parts
}

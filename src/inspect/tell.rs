//! Why the fields of a table's spec are as they are: what was left out, what stands for "no value", what is open.

use std::collections::BTreeMap;

use super::found::{Form, Found};
use super::table::{Choice, Tables};
use super::words;

/// Says why each field is as it is, and what is open.
pub(super) fn explain(tables: &Tables, found: &mut Found, choice: &Choice, take: Option<&str>) {
    let files = tables.all.len();
    found.says.push(format!("{files} table{} of {} columns", if files == 1 { "" } else { "s" }, tables.facts.len()));
    match (&choice.label, &tables.layout.label) {
        (Some(label), _) => {
            found.because("label", format!("`{}` has {} different values", label.name, label.distinct()));
        }
        (None, Some(_)) => found.because("source", "the label is a part of the path"),
        (None, None) => {}
    }
    if tables.all.first().is_some_and(|first| first.table.row_names) {
        found.because("source", "rows have one field more than the header has names: the first is a row name");
    }
    if let Some(take) = take.filter(|take| *take != "file") {
        found.because("source", format!("values jump every {take} rows: that is a take"));
    }
    let mut by_reason: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for (name, why) in &choice.left {
        by_reason.entry(why).or_default().push(name.clone());
    }
    for (why, names) in by_reason {
        found.because("channels", format!("left out: {} ({why})", words::named(&names)));
    }
    if !choice.told.is_empty() {
        let names = words::named(&choice.told);
        found.open.push(format!("{names} alone tells the class: take it out of `channels` unless the board measures it before the answer is known"));
    }
    if found.missing.is_some() {
        found.because("missing", "some cells are empty");
    }
    sentinels(found, choice);
    if matches!(found.form, Form::Stream { rate: None, .. }) {
        found.open.push("the sampling rate isn't in the data: add `rate = … Hz`, and write windows as times".into());
    }
}

/// Numbers that stand for "no value": one of the usual marks, far from all other values.
fn sentinels(found: &mut Found, choice: &Choice) {
    let usual = ["-200", "-999", "-9999", "-99", "999", "9999", "-200.0", "-999.0", "65535", "-32768"];
    let mut marks: Vec<&str> = Vec::new();
    for facts in &choice.channels {
        let mut values: Vec<f64> = facts.values.keys().filter_map(|value| value.parse().ok()).collect();
        values.sort_by(f64::total_cmp);
        let count = |value: &str| facts.values.get(value).copied().unwrap_or(0);
        for word in usual.iter().filter(|word| count(word) >= 3 && values.len() > 4) {
            let Ok(mark) = word.parse::<f64>() else { continue };
            let rest: Vec<f64> = values.iter().copied().filter(|value| (value - mark).abs() > 1e-9).collect();
            let (low, high) = (rest[0], rest[rest.len() - 1]);
            if mark < low - 0.5 * (high - low) || mark > high + 0.5 * (high - low) {
                let rows = count(word);
                let often = rows * 20 > facts.rows;
                found
                    .because("absent", format!("`{}` is {word} in {rows} rows, far from its other values", facts.name));
                if !marks.contains(word) {
                    marks.push(word);
                }
                if often || found.missing.is_none() {
                    found.missing = Some(if often { "mean".into() } else { "drop".into() });
                }
            }
        }
    }
    found.absent = (!marks.is_empty()).then(|| format!("[{}]", marks.join(", ")));
}

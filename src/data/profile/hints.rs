//! What a column of a file looks like: an id, a column that gives the label away, a flag that is set where the answer is
//! known.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::data::cell::{self, Cell};
use crate::data::columns::{Columns, Seen};

use super::tree::Cells;

/// Fewer rows are told apart by chance.
const FEWEST: usize = 40;
/// Mean recall at which a column of many values gives the label away.
const TOLD: f64 = 0.99;
/// The same for a column of few values: a sensor is hardly ever so coarse and so good.
const TOLD_BY_FEW: f64 = 0.98;
/// Values up to which a column is one of few.
const FEW: usize = 8;
/// Share of a value's rows that are of one class, where the value gives that class away.
const PURE: f64 = 0.95;
/// Share of rows up to which a flag is rare.
const RARE: f64 = 0.2;

/// What a column looks like.
#[derive(Clone, PartialEq, Serialize, Deserialize, Debug)]
#[serde(rename_all = "snake_case")]
pub enum Hint {
    /// It tells the class all alone: mean recall over the classes, 0 to 1.
    Tells(f64),
    /// One of its values stands with one class only.
    Flag {
        /// The value.
        value: String,
        /// Name of the class.
        class: String,
        /// Rows that have the value.
        rows: usize,
    },
    /// A rare flag among others that give the label away.
    AmongFlags,
    /// It counts up with the rows.
    Counts,
    /// Hardly any two rows have the same text.
    Id,
    /// Each of its values stands with one class only: groups that say nothing about another class.
    OneClassEach,
}

/// What each column looks like, beside how many cells it has in how many forms.
pub struct Look {
    /// Its cells are numbers.
    pub numeric: bool,
    /// Different cells.
    pub distinct: usize,
    /// Where that matters.
    pub hint: Option<Hint>,
    flag: bool,
}

/// Looks at all columns; `skip` are those that are the label.
pub fn looks(columns: &Columns, classes: &[String], skip: &dyn Fn(&Seen) -> bool) -> Vec<Look> {
    let mut looks: Vec<Look> = columns.list.iter().map(|seen| look(seen, columns, classes, skip(seen))).collect();
    // Fields that are filled in together when the answer is known stand side by side.
    let gives = |look: &Look| matches!(look.hint, Some(Hint::Flag { .. } | Hint::Tells(_))) && look.distinct <= FEW;
    for at in 0..looks.len() {
        let run = |step: &dyn Fn(usize) -> Option<usize>| {
            let mut place = step(at);
            while let Some(next) = place.filter(|next| *next < columns.list.len()) {
                if gives(&looks[next]) {
                    return true;
                }
                if !looks[next].flag {
                    return false;
                }
                place = step(next);
            }
            false
        };
        let beside = run(&|at| at.checked_sub(1)) || run(&|at| Some(at + 1));
        if looks[at].flag && looks[at].hint.is_none() && beside && !skip(&columns.list[at]) {
            looks[at].hint = Some(Hint::AmongFlags);
        }
    }
    looks
}

fn look(seen: &Seen, columns: &Columns, classes: &[String], skip: bool) -> Look {
    let numbers: Vec<Option<f64>> = seen.texts.iter().map(|text| number(text)).collect();
    let value = |row: usize| numbers.get(seen.codes[row] as usize).copied();
    let rows = seen.codes.len();
    let present = (0..rows).filter(|row| seen.text(*row).is_some_and(|text| !cell::is_missing(text))).count();
    let read = (0..rows).filter(|row| value(*row).flatten().is_some_and(|number| !number.is_nan())).count();
    let numeric = read * 20 >= present * 19 && read > 0;
    let mut counts = vec![0_usize; seen.texts.len()];
    for code in &seen.codes {
        counts.get_mut(*code as usize).into_iter().for_each(|count| *count += 1);
    }
    let distinct = counts.iter().filter(|count| **count > 0).count();
    let rarest = counts.iter().filter(|count| **count > 0).min().copied().unwrap_or(0);
    let flag = distinct == 2 && (rarest as f64) < rows as f64 * RARE;
    let mut look = Look { numeric, distinct, hint: None, flag };
    if skip || present < FEWEST || distinct < 2 {
        return look;
    }
    let sequence = || (0..rows).filter_map(|row| value(row).flatten());
    look.hint = if numeric && distinct == present && counts_up(sequence()) {
        Some(Hint::Counts)
    } else if !numeric && distinct * 10 >= present * 9 {
        Some(Hint::Id)
    } else if classes.len() < 2 {
        None
    } else {
        tells(seen, columns, classes, numeric, &numbers, distinct)
            .or_else(|| one_value(seen, &counts, columns, classes, distinct))
    };
    look
}

/// NaN for a missing cell, none for a text.
fn number(text: &str) -> Option<f64> {
    match cell::number(text, false) {
        Cell::Number(_) => text.parse().ok(),
        Cell::Missing => Some(f64::NAN),
        Cell::Text => match cell::number(text, true) {
            Cell::Number(value) => Some(value.into()),
            _ => None,
        },
    }
}

/// True when whole numbers rise from row to row, but for a few starts from anew.
fn counts_up(values: impl Iterator<Item = f64>) -> bool {
    let (mut before, mut steps, mut rises, mut whole): (Option<f64>, usize, usize, bool) = (None, 0, 0, true);
    for value in values {
        whole &= value.fract() == 0.0;
        if let Some(before) = before.replace(value) {
            steps += 1;
            rises += usize::from(value > before);
        }
    }
    whole && steps > 0 && rises * 50 >= steps * 49
}

fn tells(
    seen: &Seen,
    columns: &Columns,
    classes: &[String],
    numeric: bool,
    numbers: &[Option<f64>],
    distinct: usize,
) -> Option<Hint> {
    let share = if numeric {
        let cells = seen.codes.iter().zip(&columns.classes);
        let values = cells.filter_map(|(code, class)| Some(((*numbers.get(*code as usize)?)?, *class)));
        Cells::new(values, classes.len())?.told()
    } else if distinct * 4 <= seen.codes.len() {
        by_text(seen, &columns.classes, classes.len())?
    } else {
        return None;
    };
    let enough = if distinct <= FEW { TOLD_BY_FEW } else { TOLD };
    (share >= enough).then_some(Hint::Tells(share))
}

/// Mean recall of the class that each text has most, learnt from every other row and tried on the rest.
fn by_text(seen: &Seen, of: &[u32], classes: usize) -> Option<f64> {
    let mut totals = vec![0.0_f64; classes];
    of.iter().for_each(|class| totals[*class as usize] += 1.0);
    let mut counts: HashMap<u32, Vec<f64>> = HashMap::new();
    for (code, class) in seen.codes.iter().zip(of).step_by(2) {
        counts.entry(*code).or_insert_with(|| vec![0.0; classes])[*class as usize] += 1.0 / totals[*class as usize];
    }
    let (mut right, mut all) = (vec![0_usize; classes], vec![0_usize; classes]);
    for (code, class) in seen.codes.iter().zip(of).skip(1).step_by(2) {
        let best = counts.get(code).and_then(|count| (0..classes).max_by(|a, b| count[*a].total_cmp(&count[*b])));
        all[*class as usize] += 1;
        right[*class as usize] += usize::from(best == Some(*class as usize));
    }
    let recalls: Vec<f64> =
        (0..classes).filter(|class| all[*class] > 0).map(|class| right[class] as f64 / all[class] as f64).collect();
    (recalls.len() > 1).then(|| recalls.iter().sum::<f64>() / recalls.len() as f64)
}

/// A value of a column of few values that stands with one class only, though most rows are of another.
fn one_value(seen: &Seen, counts: &[usize], columns: &Columns, classes: &[String], distinct: usize) -> Option<Hint> {
    if distinct > FEW {
        return None;
    }
    let rows = columns.classes.len();
    let mut base = vec![0_usize; classes.len()];
    columns.classes.iter().for_each(|class| base[*class as usize] += 1);
    let mut found: Option<Hint> = None;
    for (code, count) in counts.iter().enumerate().filter(|(_, count)| **count >= 5 && **count * 2 < rows) {
        let mut of = vec![0_usize; classes.len()];
        let here = seen.codes.iter().zip(&columns.classes).filter(|(at, _)| **at as usize == code);
        here.for_each(|(_, class)| of[*class as usize] += 1);
        let class = (0..of.len()).max_by_key(|class| of[*class]).unwrap_or(0);
        let rare = base[class] * 2 < rows;
        // A few rows of one class are chance among many columns; a flag finds a good part of the class.
        let finds = of[class] * 20 >= base[class];
        if rare && finds && of[class] as f64 >= *count as f64 * PURE {
            let value = seen.texts[code].clone();
            found = Some(Hint::Flag { value, class: classes[class].clone(), rows: *count });
        }
    }
    found
}

/// True when the texts of a column that groups rows stand with one class each, though there are several a class.
pub(super) fn one_class_each(group: &[u32], y: &[u32], groups: usize, classes: usize) -> bool {
    let mut first = vec![u32::MAX; groups];
    for (group, class) in group.iter().zip(y) {
        let seen = &mut first[*group as usize];
        if *seen != u32::MAX && *seen != *class {
            return false;
        }
        *seen = *class;
    }
    groups > 1 && classes > 1
}

//! Divides rows, fills missing cells with the training part's mean, and tells when that can't be done well.

use crate::base::{Diag, Span};
use crate::data::rows::Rows;

use super::assign::{PARTS, assign};
use super::given::{Given, fix};
use super::groups::Groups;

/// Names of the parts, by number.
pub const NAMES: [&str; PARTS] = ["train", "valid", "test"];

/// How rows are divided.
#[derive(Clone, Debug)]
pub struct Split {
    /// Shares of training, validation and test part in ppm; they sum to a million.
    pub shares: [u32; PARTS],
    /// Seed.
    pub seed: u64,
    /// The `by` column's name, for messages.
    pub by: Option<String>,
    /// Parts that the data names; their shares are 0, and the other shares are of the rest.
    pub given: Option<Given>,
    /// Where the spec says so.
    pub span: Span,
}

/// The part of each row, and what was learnt on the way.
#[derive(Clone, Debug)]
pub struct Parts {
    /// 0 training, 1 validation, 2 test.
    pub of: Vec<u8>,
    /// Sets of rows that had to stay together (single rows count).
    pub groups: usize,
    /// What is worth a look.
    pub warnings: Vec<Diag>,
}

impl Parts {
    /// Rows in each part.
    pub fn sizes(&self) -> [usize; PARTS] {
        let mut sizes = [0; PARTS];
        self.of.iter().for_each(|part| sizes[*part as usize] += 1);
        sizes
    }
}

/// Divides `rows`: seeded, stratified by class (or by the numbers to learn), rows of one group together, or, without
/// groups, equal rows, as near to the shares as that allows, after the parts that the data names itself. Where groups
/// or the data decide, equal rows may be in two parts; many of them are worth a warning. The same rows in another order get the same parts. Then NaN in `rows.x` becomes the channel's
/// mean over the training part. Errors: `tml::split` (an empty part), `tml::missing` (no value to take a mean of).
pub fn divide(rows: &mut Rows, split: &Split) -> Result<Parts, Diag> {
    let (fixed, mut told) = match &split.given {
        Some(given) => fix(rows, given, split.shares, &split.span)?,
        None => (vec![None; rows.len()], Vec::new()),
    };
    no_value(rows)?;
    let mut groups = Groups::new(rows);
    if rows.group.is_empty() {
        groups.join_equal(rows);
    }
    let (strata, count) = rows.strata();
    loop {
        let sets = groups.collect(rows, &strata, split.seed, &|row| fixed[row as usize].is_none());
        let chosen = assign(&sets, count, split.shares);
        let mut of: Vec<u8> = fixed.iter().map(|part| part.unwrap_or(0)).collect();
        for (set, part) in sets.iter().zip(chosen) {
            set.rows.iter().for_each(|row| of[*row as usize] = part);
        }
        let mut parts = Parts { of, groups: sets.len(), warnings: Vec::new() };
        refuse_empty(rows, split, &parts)?;
        let filled = filled(rows, &parts.of)?;
        // A filled row may have become equal to another one: join these too and divide again.
        if rows.group.is_empty() && filled.as_ref().is_some_and(|filled| groups.join_equal(filled) > 0) {
            continue;
        }
        if let Some(filled) = filled {
            rows.x = filled.x;
        }
        told.extend(warnings(rows, split, &parts));
        parts.warnings = told;
        return Ok(parts);
    }
}

/// A channel without any value: said before its equal rows are.
fn no_value(rows: &Rows) -> Result<(), Diag> {
    let width = rows.channels.len().max(1);
    let all = |channel: &usize| {
        let mut values = rows.x.iter().skip(*channel).step_by(width);
        !rows.x.is_empty() && values.all(|value| value.is_nan())
    };
    match (0..width).find(all) {
        Some(channel) => Err(nothing_to_fill(&rows.channels[channel], "anywhere")),
        None => Ok(()),
    }
}

fn nothing_to_fill(name: &str, place: &str) -> Diag {
    Diag::error("tml::missing", format!("`{name}` has no value {place} to take a mean of"))
        .help(format!("leave `{name}` out of `channels`, or write `missing = fill(0)`"))
}

/// The rows with NaN replaced by means over the training part; `None` when there is no NaN.
fn filled(rows: &Rows, of: &[u8]) -> Result<Option<Rows>, Diag> {
    if !rows.x.iter().any(|value| value.is_nan()) {
        return Ok(None);
    }
    let width = rows.channels.len();
    let mut filled = rows.clone();
    for channel in 0..width {
        let values = |row: usize| rows.range(row).skip(channel).step_by(width);
        let known = (0..rows.len()).filter(|row| of[*row] == 0).flat_map(values).map(|at| rows.x[at]);
        let (mut sum, mut count) = (0.0_f64, 0_usize);
        for value in known.filter(|value| !value.is_nan()) {
            sum += f64::from(value);
            count += 1;
        }
        let column = || (channel..rows.x.len()).step_by(width);
        if count == 0 && column().any(|at| rows.x[at].is_nan()) {
            return Err(nothing_to_fill(&rows.channels[channel], "in the training part"));
        }
        let mean = (sum / count as f64) as f32;
        for at in column().filter(|at| rows.x[*at].is_nan()) {
            filled.x[at] = mean + 0.0;
        }
    }
    Ok(Some(filled))
}

fn refuse_empty(rows: &Rows, split: &Split, parts: &Parts) -> Result<(), Diag> {
    let sizes = parts.sizes();
    let asked = |part: &usize| {
        split.shares[*part] > 0 || split.given.as_ref().is_some_and(|given| !given.words[*part].is_empty())
    };
    let Some(empty) = (0..PARTS).find(|part| asked(part) && sizes[*part] == 0) else { return Ok(()) };
    let name = NAMES[empty];
    let together = match &split.by {
        Some(by) => format!("in {} sets that stay together: rows of one `{by}`, and equal rows", parts.groups),
        None => format!("{} of them different; equal rows stay together", parts.groups),
    };
    let help = match &split.by {
        Some(by) if parts.groups < PARTS => {
            format!("bring data of more than {} `{by}`, or divide without `by`", rows.groups.len())
        }
        _ => format!("bring more rows, or do without this part: `{name} = 0%`"),
    };
    Err(Diag::error("tml::split", format!("the {name} part would be empty"))
        .at(&split.span, "divided here")
        .note(format!("there are {} rows, {together}", rows.len()))
        .help(help))
}

fn warnings(rows: &Rows, split: &Split, parts: &Parts) -> Vec<Diag> {
    let mut warnings = Vec::new();
    let total = rows.len().max(1) as f64;
    for (part, size) in parts.sizes().into_iter().enumerate() {
        let (got, asked) = (size as f64 / total, f64::from(split.shares[part]) / 1e6);
        if split.given.is_none() && (got - asked).abs() > 0.05 && rows.len() >= 20 {
            let title = format!(
                "the {} part has {:.0} % of the rows, {:.0} % were asked for",
                NAMES[part],
                got * 100.0,
                asked * 100.0
            );
            warnings.push(
                Diag::warning("tml::split", title).at(&split.span, "divided here").note(format!(
                    "{} sets of rows stay together; they don't divide closer to the shares",
                    parts.groups
                )),
            );
        }
    }
    let sizes = parts.sizes();
    for (part, name) in NAMES.iter().enumerate().filter(|(part, _)| sizes[*part] > 0 && !rows.classes.is_empty()) {
        let mut has = vec![false; rows.classes.len()];
        parts
            .of
            .iter()
            .zip(&rows.y)
            .filter(|(of, _)| **of as usize == part)
            .for_each(|(_, class)| has[*class as usize] = true);
        for class in (0..has.len()).filter(|class| !has[*class]) {
            let title = format!("the class `{}` has no rows in the {name} part", rows.classes[class]);
            warnings
                .push(Diag::warning("tml::split", title).at(&split.span, "divided here").help("bring more rows of it"));
        }
    }
    warnings.extend(contradictions(rows));
    warnings.extend(repeated(rows, split, parts));
    warnings
}

/// Rows of the test part that equal one of the training part, where more than one in twenty does: the accuracy is
/// partly one of remembering.
fn repeated(rows: &Rows, split: &Split, parts: &Parts) -> Option<Diag> {
    let of = &parts.of;
    let unit = split.given.as_ref().map(|given| &given.column).or(split.by.as_ref())?;
    let order = rows.neighbours();
    let (mut count, mut example) = (0, None);
    for run in order.chunk_by(|a, b| rows.compare(*a as usize, *b as usize).is_eq()) {
        let learnt = run.iter().find(|row| of[**row as usize] == 0);
        let tested = run.iter().filter(|row| of[**row as usize] == 2);
        if let Some(learnt) = learnt {
            count += tested.clone().count();
            example = example.or(tested.copied().next().map(|tested| (tested as usize, *learnt as usize)));
        }
    }
    let total = parts.sizes()[2];
    let (tested, learnt) = example?;
    let title = format!("{count} of {total} test rows equal a training row of another `{unit}`");
    (count * 20 > total).then(|| {
        let diag = Diag::warning("tml::split", title).at(&split.span, "divided here");
        diag.note(format!("for example {} and {}", rows.place(tested), rows.place(learnt)))
    })
}

/// Equal rows with different classes: no model can get all of them right.
fn contradictions(rows: &Rows) -> Option<Diag> {
    if rows.classes.is_empty() {
        return None;
    }
    let order = rows.neighbours();
    let equal = |a: &u32, b: &u32| rows.compare(*a as usize, *b as usize).is_eq();
    let (mut affected, mut example) = (0, None);
    for run in order.chunk_by(equal) {
        if let Some(other) = run.iter().find(|row| rows.y[**row as usize] != rows.y[run[0] as usize]) {
            affected += run.len();
            example = example.or(Some((run[0] as usize, *other as usize)));
        }
    }
    let (a, b) = example?;
    let title = format!("{affected} rows have equal values but different classes");
    let class = |row: usize| &rows.classes[rows.y[row] as usize];
    Some(Diag::warning("tml::label", title).note(format!(
        "for example {} (`{}`) and {} (`{}`); no model tells them apart",
        rows.place(a),
        class(a),
        rows.place(b),
        class(b)
    )))
}

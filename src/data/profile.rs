//! What a data set looks like: counts, ranges, quantiles, duplicates, and what is worth a warning.

use serde::Serialize;

use crate::base::Diag;

use super::rows::Rows;
use super::split::{NAMES, Parts};

/// `profile.json`.
#[derive(Clone, Serialize, Debug)]
pub struct Profile {
    /// Rows.
    pub rows: usize,
    /// Files.
    pub files: usize,
    /// Rows left out because a cell was missing.
    pub dropped: usize,
    /// Rows whose values occur elsewhere too: all rows less the different ones.
    pub duplicates: usize,
    /// Groups of the `by` column.
    pub groups: usize,
    /// Rows in each part: training, validation, test.
    pub parts: [usize; 3],
    /// Counts by class, in the order of `classes`.
    pub classes: Vec<Class>,
    /// Channels in order.
    pub channels: Vec<Channel>,
    /// What is worth a look, a sentence each.
    pub warnings: Vec<String>,
}

/// Rows of a class.
#[derive(Clone, Serialize, Debug)]
pub struct Class {
    /// Its name.
    pub name: String,
    /// Rows.
    pub rows: usize,
    /// Rows in each part: training, validation, test.
    pub parts: [usize; 3],
}

/// Values of a channel over all rows.
#[derive(Clone, Serialize, Debug)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// Missing cells.
    pub missing: usize,
    /// Smallest value.
    pub min: f32,
    /// A quarter of the values are at most this.
    pub q25: f32,
    /// Median (the lower one of two).
    pub median: f32,
    /// Three quarters of the values are at most this.
    pub q75: f32,
    /// Largest value.
    pub max: f32,
    /// Mean.
    pub mean: f64,
    /// Standard deviation over the population.
    pub std: f64,
}

/// Looks at divided rows.
pub fn profile(rows: &Rows, parts: &Parts) -> Profile {
    let mut classes: Vec<Class> =
        rows.classes.iter().map(|name| Class { name: name.clone(), rows: 0, parts: [0; 3] }).collect();
    for (class, part) in rows.y.iter().zip(&parts.of) {
        // Where numbers are learnt, there are no classes.
        if let Some(class) = classes.get_mut(*class as usize) {
            class.rows += 1;
            class.parts[*part as usize] += 1;
        }
    }
    let channels: Vec<Channel> = (0..rows.channels.len()).map(|index| channel(rows, index)).collect();
    let mut profile = Profile {
        rows: rows.len(),
        files: rows.files.len(),
        dropped: rows.dropped,
        duplicates: duplicates(rows),
        groups: rows.groups.len(),
        parts: parts.sizes(),
        classes,
        channels,
        warnings: Vec::new(),
    };
    profile.warnings = warnings(&profile).iter().chain(&rows.warnings).chain(&parts.warnings).map(sentence).collect();
    profile
}

/// What the numbers alone are worth warning of.
pub fn warnings(profile: &Profile) -> Vec<Diag> {
    let mut found = Vec::new();
    let constant: Vec<String> = profile
        .channels
        .iter()
        .filter(|channel| channel.min.to_bits() == channel.max.to_bits())
        .map(|channel| format!("`{}`", channel.name))
        .collect();
    if !constant.is_empty() {
        let (what, verb) = if constant.len() == 1 { ("channel", "is") } else { ("channels", "are") };
        let title = format!("{} {what} {verb} constant: {}", constant.len(), short(&constant));
        found.push(Diag::warning("tml::columns", title).help("leave them out: they cost flash and say nothing"));
    }
    let most = profile.classes.iter().max_by_key(|class| class.rows);
    let least = profile.classes.iter().min_by_key(|class| class.rows);
    if let (Some(most), Some(least)) = (most, least)
        && most.rows >= least.rows * 10
    {
        let title =
            format!("classes are imbalanced: `{}` {} rows, `{}` {} rows", most.name, most.rows, least.name, least.rows);
        let help = "weigh them: `train { balance = true }`, and require `f1` or `recall`, not accuracy alone";
        found.push(Diag::warning("tml::class", title).help(help));
    }
    if profile.duplicates * 10 >= profile.rows && profile.duplicates > 0 {
        let title =
            format!("{} of {} rows repeat another row; equal rows stay in one part", profile.duplicates, profile.rows);
        found.push(Diag::warning("tml::split", title));
    }
    let tested = profile.parts[2];
    if tested > 0 && tested < 30 {
        let step = 100.0 / tested as f64;
        let title = format!("the test part has {tested} rows: each is {step:.1} % of the accuracy");
        found.push(Diag::warning("tml::split", title));
    }
    if profile.dropped > 0 {
        let all = profile.rows + profile.dropped;
        found.push(Diag::warning(
            "tml::missing",
            format!("{} of {all} rows were left out: a cell is missing", profile.dropped),
        ));
    }
    found
}

/// For people: counts by class and part in a line each.
pub fn summary(profile: &Profile) -> String {
    let parts: Vec<String> = NAMES.iter().zip(profile.parts).map(|(name, size)| format!("{name} {size}")).collect();
    format!(
        "{} rows, {} channels, {} classes from {} files: {}",
        profile.rows,
        profile.channels.len(),
        profile.classes.len(),
        profile.files,
        parts.join(", ")
    )
}

fn sentence(diag: &Diag) -> String {
    diag.notes.iter().chain(&diag.help).fold(diag.title.clone(), |text, more| format!("{text}; {more}"))
}

fn short(names: &[String]) -> String {
    let shown = names.iter().take(8).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > 8 { format!("{shown} …") } else { shown }
}

fn duplicates(rows: &Rows) -> usize {
    let order = rows.neighbours();
    order.windows(2).filter(|pair| rows.compare(pair[0] as usize, pair[1] as usize).is_eq()).count()
}

fn channel(rows: &Rows, index: usize) -> Channel {
    let width = rows.channels.len();
    let mut values: Vec<f32> = rows.x.iter().skip(index).step_by(width).copied().collect();
    values.sort_by(f32::total_cmp);
    let at = |share: usize| values.get(values.len().saturating_sub(1) * share / 4).copied().unwrap_or(0.0);
    let count = values.len().max(1) as f64;
    let mean = values.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let variance =
        values.iter().map(|value| (f64::from(*value) - mean) * (f64::from(*value) - mean)).sum::<f64>() / count;
    Channel {
        name: rows.channels[index].clone(),
        missing: rows.missing.get(index).copied().unwrap_or(0),
        min: at(0),
        q25: at(1),
        median: at(2),
        q75: at(3),
        max: at(4),
        mean,
        std: variance.sqrt(),
    }
}

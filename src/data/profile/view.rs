//! Divided recordings as a profile sees them, whatever their form.

use crate::data::columns::{Columns, Seen};
use crate::data::rows::{Column, Rows};
use crate::data::split::{NAMES, Parts};

use super::facts::{Clock, Facts, Profile, Role};
use super::{count, drift, hints, warn};

/// Divided recordings. A recording is one sample or several, a sample is one number a channel.
#[derive(Clone, Debug)]
pub struct View<'a> {
    /// Names of a sample's numbers.
    pub channels: &'a [String],
    /// Class names; empty for regression.
    pub classes: &'a [String],
    /// All samples, one recording behind the other: `f32[samples, channels]`.
    pub x: &'a [f32],
    /// First sample of each recording, and behind the last one: one more than there are recordings.
    pub starts: Vec<usize>,
    /// Class of each recording.
    pub y: &'a [u32],
    /// Names of the targets of regression.
    pub targets: &'a [String],
    /// Targets: `f32[recordings, targets]`.
    pub values: &'a [f32],
    /// Part of each recording: 0 training, 1 validation, 2 test.
    pub part: &'a [u8],
    /// Group of each recording; empty without groups.
    pub group: &'a [u32],
    /// Names of the groups.
    pub groups: &'a [String],
    /// Missing cells of each channel.
    pub missing: &'a [usize],
    /// Rows left out.
    pub dropped: usize,
    /// Files.
    pub files: usize,
    /// What tables hold, and what the spec reads of them.
    pub columns: &'a Columns,
}

impl View<'_> {
    /// Recordings.
    pub fn len(&self) -> usize {
        self.starts.len().saturating_sub(1)
    }

    /// True without recordings.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The values of one recording.
    pub fn recording(&self, index: usize) -> &[f32] {
        let width = self.channels.len();
        &self.x[self.starts[index] * width..self.starts[index + 1] * width]
    }

    /// Mean of a channel over a recording.
    pub fn mean(&self, index: usize, channel: usize) -> f64 {
        let values = self.recording(index).iter().skip(channel).step_by(self.channels.len().max(1));
        let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + f64::from(*value), count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    }

    fn role(&self, seen: &Seen) -> Role {
        let is = |list: &[Column]| {
            list.iter().any(|column| match column {
                Column::Named(name) => *name == seen.name,
                Column::At(_) => *column == seen.column || seen.name == column.to_string(),
            })
        };
        if is(&self.columns.labels) {
            Role::Label
        } else if is(&self.columns.channels) {
            Role::Channel
        } else if is(&self.columns.groups) {
            Role::Group
        } else {
            Role::Unused
        }
    }
}

/// Looks at divided rows.
pub fn profile(rows: &Rows, parts: &Parts) -> Profile {
    let width = rows.channels.len().max(1);
    let mut starts: Vec<usize> = (0..rows.len()).map(|row| rows.range(row).start / width).collect();
    starts.push(rows.x.len() / width);
    let view = View {
        channels: &rows.channels,
        classes: &rows.classes,
        x: &rows.x,
        starts,
        y: &rows.y,
        targets: &rows.targets,
        values: &rows.values,
        part: &parts.of,
        group: &rows.group,
        groups: &rows.groups,
        missing: &rows.missing,
        dropped: rows.dropped,
        files: rows.files.len(),
        columns: &rows.columns,
    };
    let mut profile = profile_view(&view);
    let more = rows.warnings.iter().chain(&parts.warnings);
    profile.warnings.extend(more.clone().map(warn::sentence));
    profile.findings.extend(more.map(warn::finding));
    profile
}

/// Looks at divided recordings of any form.
pub fn profile_view(view: &View) -> Profile {
    let (duplicates, leaks) = count::duplicates(view);
    let mut parts = [0; 3];
    view.part.iter().for_each(|part| parts[usize::from(*part).min(2)] += 1);
    let mut channels = Vec::new();
    for (index, name) in view.channels.iter().enumerate() {
        let mut channel = count::channel(name, view.x, index, view.channels.len());
        channel.missing = view.missing.get(index).copied().unwrap_or(0);
        channel.drift = drift::drift(view, index);
        channels.push(channel);
    }
    for (index, name) in view.targets.iter().enumerate() {
        let mut channel = count::channel(name, view.values, index, view.targets.len());
        channel.target = true;
        channels.push(channel);
    }
    let mut profile = Profile {
        rows: view.len(),
        files: view.files,
        dropped: view.dropped,
        duplicates,
        leaks,
        groups: view.groups.len(),
        group_parts: count::group_parts(view),
        parts,
        classes: count::classes(view),
        channels,
        lengths: count::lengths(view),
        rate: view.columns.rate,
        clocks: clocks(view),
        columns: columns(view),
        warnings: Vec::new(),
        findings: Vec::new(),
    };
    let mut found = warn::warnings(&profile);
    found.extend(warn::unused(&profile));
    profile.warnings = found.iter().map(warn::sentence).collect();
    profile.findings = found.iter().map(warn::finding).collect();
    profile
}

fn columns(view: &View) -> Vec<Facts> {
    let is_label = |seen: &Seen| view.role(seen) == Role::Label;
    let looks = hints::looks(view.columns, view.classes, &is_label);
    let mut facts: Vec<Facts> = view
        .columns
        .list
        .iter()
        .zip(looks)
        .map(|(seen, look)| Facts {
            name: seen.name.clone(),
            role: view.role(seen),
            numeric: look.numeric,
            distinct: look.distinct,
            hint: look.hint,
        })
        .collect();
    if hints::one_class_each(view.group, view.y, view.groups.len(), view.classes.len())
        && let Some(group) = facts.iter_mut().find(|facts| facts.role == Role::Group)
    {
        group.hint = Some(hints::Hint::OneClassEach);
    }
    facts
}

fn clocks(view: &View) -> Vec<Clock> {
    let mut clocks = Vec::new();
    for seen in &view.columns.list {
        let Some(clock) = seen.clock.as_ref().filter(|clock| !clock.steps.is_empty()) else { continue };
        let mut steps = clock.steps.clone();
        steps.sort_by(f32::total_cmp);
        let median = f64::from(steps[steps.len() / 2]);
        let all = clock.steps.len() + clock.back;
        // A first column without a name is a clock only when it never goes back and isn't a count of rows.
        let counts = steps[0].to_bits() == steps[steps.len() - 1].to_bits();
        let guessed = seen.name == "column 0";
        if clock.unread * 10 > all || median <= 0.0 && clock.dated || guessed && (clock.back > 0 || counts) {
            continue;
        }
        let off = |step: &&f32| (f64::from(**step) - median).abs() > 0.1 * median;
        clocks.push(Clock {
            column: seen.name.clone(),
            step: median,
            longest: steps.last().map_or(0.0, |step| f64::from(*step)),
            irregular: steps.iter().filter(off).count() as f64 / steps.len() as f64,
            back: clock.back,
            dated: clock.dated,
        });
    }
    clocks
}

/// For people: counts by part in a line.
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

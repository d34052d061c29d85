//! A data set's profile for people: counts, channels, clocks, columns.

use super::text::{Ink, Style};
use crate::base::amount::grouped;
use crate::base::table::{self, Align, shortened};
use crate::data::Profile;
use crate::data::profile::{Facts, Hint, Role};

/// Lines of a table that people read.
const LISTED: usize = 40;

/// The profile as text, ending in a newline.
pub fn data_text(name: &str, profile: &Profile, style: &Style) -> String {
    let mut lines = vec![style.paint(Ink::Bold, &heading(name, profile)), String::new()];
    lines.extend(classes(profile));
    lines.extend(channels(profile, *style));
    lines.extend(facts(profile));
    lines.extend(columns(profile, *style));
    let mut text = lines.join("\n");
    text.push('\n');
    text
}

fn heading(name: &str, profile: &Profile) -> String {
    let what = if profile.lengths.is_some() { "recordings" } else { "rows" };
    format!("{name}: {} {what} from {} files", grouped(profile.rows as u64), grouped(profile.files as u64))
}

fn cells(texts: &[&str]) -> Vec<String> {
    texts.iter().map(ToString::to_string).collect()
}

fn classes(profile: &Profile) -> Vec<String> {
    let grouped_by = profile.groups > 0;
    let mut rows = vec![cells(&["class", "rows", "train", "valid", "test"])];
    if grouped_by {
        rows[0].push("groups".into());
    }
    let count = |number: usize| grouped(number as u64);
    for class in profile.classes.iter().take(LISTED) {
        let mut row = vec![class.name.clone(), count(class.rows)];
        row.extend(class.parts.map(count));
        row.extend(grouped_by.then(|| count(class.groups)));
        rows.push(row);
    }
    let mut all = vec!["all".to_string(), count(profile.rows)];
    all.extend(profile.parts.map(count));
    all.extend(grouped_by.then(|| count(profile.groups)));
    rows.push(all);
    let align = [Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right];
    let mut lines = table::lines(&rows, &align, 2);
    lines.push(String::new());
    lines
}

fn channels(profile: &Profile, style: Style) -> Vec<String> {
    let mut rows = vec![cells(&["channel", "min", "25 %", "median", "75 %", "max", "mean", "std", "missing", "drift"])];
    for channel in profile.channels.iter().take(LISTED) {
        let name = shortened(&channel.name, 28, style.ellipsis());
        let values = [channel.min, channel.q25, channel.median, channel.q75, channel.max].map(f64::from);
        let mut row = vec![if channel.target { format!("{name} (target)") } else { name }];
        row.extend(values.into_iter().chain([channel.mean, channel.std]).map(short));
        row.push(grouped(channel.missing as u64));
        row.push(channel.drift.map_or_else(|| "-".into(), |drift| format!("{drift:.2}")));
        rows.push(row);
    }
    let mut align = [Align::Right; 10];
    align[0] = Align::Left;
    let mut lines = table::lines(&rows, &align, 2);
    if profile.channels.len() > LISTED {
        lines.push(format!("  and {} more channels", profile.channels.len() - LISTED));
    }
    lines.push(String::new());
    lines
}

/// Four digits that count.
fn short(value: f64) -> String {
    let size = value.abs();
    if size > 0.0 && !(1e-3..1e6).contains(&size) {
        return format!("{value:.2e}");
    }
    let decimals = if size >= 1000.0 || value.fract() == 0.0 { 0 } else { 3 };
    format!("{value:.decimals$}")
}

fn facts(profile: &Profile) -> Vec<String> {
    let mut lines = Vec::new();
    let count = |number: usize| grouped(number as u64);
    if let Some(lengths) = &profile.lengths {
        let (min, median, max) = (count(lengths.min), count(lengths.median), count(lengths.max));
        let text =
            if lengths.min == lengths.max { format!("{max} each") } else { format!("{min} to {max}, median {median}") };
        lines.push(format!("  samples of a recording: {text}"));
    }
    if profile.duplicates > 0 {
        lines.push(format!(
            "  {} rows repeat another one; {} equal a row of another part",
            count(profile.duplicates),
            count(profile.leaks)
        ));
    }
    if profile.dropped > 0 {
        lines.push(format!("  {} rows left out for a missing cell", count(profile.dropped)));
    }
    for clock in &profile.clocks {
        let unit = if clock.dated { " s" } else { "" };
        lines.push(format!(
            "  clock `{}`: median step {}{unit}, longest {}{unit}, {:.1} % irregular, {} back",
            clock.column,
            short(clock.step),
            short(clock.longest),
            clock.irregular * 100.0,
            count(clock.back)
        ));
    }
    if !lines.is_empty() {
        lines.push(String::new());
    }
    lines
}

/// Columns of the files beside the channels, and what they look like.
fn columns(profile: &Profile, style: Style) -> Vec<String> {
    let beside = |facts: &&Facts| facts.role != Role::Channel || facts.hint.is_some();
    let listed: Vec<&Facts> = profile.columns.iter().filter(beside).take(LISTED).collect();
    if listed.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![cells(&["column", "is", "holds", "different", "looks like"])];
    for facts in listed {
        let role = match facts.role {
            Role::Channel => "channel",
            Role::Label => "label",
            Role::Group => "group",
            Role::Unused => "not read",
        };
        let holds = if facts.numeric { "numbers" } else { "text" };
        let name = shortened(&facts.name, 28, style.ellipsis());
        let hint = facts.hint.as_ref().map_or_else(String::new, hint);
        rows.push(vec![name, role.into(), holds.into(), grouped(facts.distinct as u64), hint]);
    }
    let align = [Align::Left, Align::Left, Align::Left, Align::Right, Align::Left];
    let mut lines = table::lines(&rows, &align, 2);
    lines.push(String::new());
    lines
}

fn hint(hint: &Hint) -> String {
    match hint {
        Hint::Tells(share) => format!("gives the label away: alone it finds {:.1} % of each class", share * 100.0),
        Hint::Flag { value, class, .. } => format!("gives the label away: `{value}` only with `{class}`"),
        Hint::AmongFlags => "a rare flag among those that give the label away".into(),
        Hint::Counts => "a count of rows".into(),
        Hint::Id => "an id".into(),
        Hint::OneClassEach => "one class each".into(),
    }
}

//! What is worth a warning: the fact, and what to do about it.

use crate::base::Diag;
use crate::base::amount::grouped;

use super::drift;
use super::facts::{Channel, Class, Facts, Finding, Profile, Role};
use super::hints::Hint;

/// Names that a message lists.
const LISTED: usize = 8;
/// Training rows below this are hardly enough for any network.
const FEW_ROWS: usize = 50;
/// The same for a class.
const FEW_OF_CLASS: usize = 10;
/// Groups below this don't say how well a model does with new ones.
const FEW_GROUPS: usize = 5;

/// What the numbers alone are worth warning of, what matters most first.
pub fn warnings(profile: &Profile) -> Vec<Diag> {
    let mut found = Vec::new();
    found.extend(giveaways(profile));
    found.extend(ids(profile));
    found.extend(repeated(profile));
    found.extend(constant(profile));
    found.extend(imbalance(profile));
    found.extend(few_rows(profile));
    found.extend(few_groups(profile));
    found.extend(drifted(profile));
    found.extend(clocks(profile));
    found.extend(missing(profile));
    found
}

/// A diagnostic as one sentence.
pub(super) fn sentence(diag: &Diag) -> String {
    diag.notes.iter().chain(&diag.help).fold(diag.title.clone(), |text, more| format!("{text}; {more}"))
}

/// A diagnostic by its parts.
pub(super) fn finding(diag: &Diag) -> Finding {
    let (code, title) = (diag.code.to_string(), diag.title.clone());
    Finding { code, title, notes: diag.notes.clone(), help: diag.help.clone() }
}

/// A fact that a hint states of a column; none where it gives nothing away.
fn given_away(facts: &Facts) -> Option<String> {
    let name = &facts.name;
    Some(match facts.hint.as_ref()? {
        Hint::Tells(share) => format!("`{name}` alone finds {:.1} % of each class", share * 100.0),
        Hint::Flag { value, class, rows } => {
            format!("`{name}` is `{value}` in {} rows, and these are all but all `{class}`", grouped(*rows as u64))
        }
        Hint::AmongFlags => format!("`{name}` is a rare flag that stands beside those"),
        Hint::Counts | Hint::Id | Hint::OneClassEach => return None,
    })
}

fn giveaways(profile: &Profile) -> Option<Diag> {
    let read = |facts: &&Facts| facts.role == Role::Channel && given_away(facts).is_some();
    let channels: Vec<&Facts> = profile.columns.iter().filter(read).collect();
    let names: Vec<String> = channels.iter().map(|facts| format!("`{}`", facts.name)).collect();
    let title = match channels.as_slice() {
        [] => return None,
        [one] => format!("the channel `{}` gives the label away", one.name),
        several => format!("{} channels give the label away: {}", several.len(), short(&names)),
    };
    let diag = Diag::warning("tml::leak", title);
    let diag = channels.iter().filter_map(|facts| given_away(facts)).take(LISTED).fold(diag, Diag::note);
    let them = if channels.len() == 1 { "it" } else { "them" };
    Some(
        diag.help(format!(
            "leave {them} out of `channels`, unless the board measures {them} before the answer is known"
        )),
    )
}

fn ids(profile: &Profile) -> Vec<Diag> {
    let mut found = Vec::new();
    for facts in &profile.columns {
        let name = &facts.name;
        match (facts.role, &facts.hint) {
            (Role::Channel, Some(Hint::Counts)) => {
                found.push(Diag::warning("tml::leak", format!("the channel `{name}` counts up with the rows")).help(
                    "leave it out of `channels`: it says where a row stands in the file, which no board measures",
                ));
            }
            (Role::Channel, Some(Hint::Id)) => found.push(
                Diag::warning("tml::leak", format!("the channel `{name}` is another text in almost every row"))
                    .help("leave it out of `channels`: an id says nothing about rows that are new"),
            ),
            (Role::Group, Some(Hint::OneClassEach)) => found.push(
                Diag::warning("tml::split", format!("each `{name}` has rows of one class only"))
                    .note("a model may learn who recorded, not what")
                    .help(format!("record every class with every `{name}`")),
            ),
            _ => {}
        }
    }
    found
}

/// Rows that repeat; that too many of them are in another part is the split's warning.
fn repeated(profile: &Profile) -> Option<Diag> {
    if profile.duplicates * 10 < profile.rows || profile.duplicates == 0 {
        return None;
    }
    let title = format!("{} of {} rows repeat another row", profile.duplicates, profile.rows);
    let diag = Diag::warning("tml::split", title);
    let diag = if profile.leaks == 0 {
        diag.note("equal rows stay in one part")
    } else {
        diag.note(format!("{} rows equal one of another part", grouped(profile.leaks as u64)))
    };
    Some(diag.help("record more: repeated rows teach nothing new, and make a test part of them too easy"))
}

fn constant(profile: &Profile) -> Option<Diag> {
    let constant: Vec<String> = profile
        .channels
        .iter()
        .filter(|channel| channel.min.to_bits() == channel.max.to_bits())
        .map(|channel| format!("`{}`", channel.name))
        .collect();
    if constant.is_empty() {
        return None;
    }
    let (what, verb) = if constant.len() == 1 { ("channel", "is") } else { ("channels", "are") };
    let title = format!("{} {what} {verb} constant: {}", constant.len(), short(&constant));
    Some(Diag::warning("tml::columns", title).help("leave them out: they cost flash and say nothing"))
}

fn imbalance(profile: &Profile) -> Option<Diag> {
    let most = profile.classes.iter().max_by_key(|class| class.rows)?;
    let least = profile.classes.iter().min_by_key(|class| class.rows)?;
    if most.rows < least.rows * 10 {
        return None;
    }
    let title =
        format!("classes are imbalanced: `{}` {} rows, `{}` {} rows", most.name, most.rows, least.name, least.rows);
    let always = most.rows as f64 * 100.0 / profile.rows.max(1) as f64;
    Some(
        Diag::warning("tml::class", title)
            .note(format!("always answering `{}` has an accuracy of {always:.1} %", most.name))
            .help("weigh them: `train { balance = yes }`, and require `f1` or `recall`, not accuracy alone"),
    )
}

fn few_rows(profile: &Profile) -> Vec<Diag> {
    let mut found = Vec::new();
    let few = |class: &&Class| (1..3).contains(&class.rows);
    for class in profile.classes.iter().filter(few).take(LISTED) {
        let rows = if class.rows == 1 { "one row".to_string() } else { format!("{} rows", class.rows) };
        let title = format!("the class `{}` has {rows}, which can't be in all three parts", class.name);
        let help = format!("record more of `{}`, or remove it from `classes` and its rows from the source", class.name);
        found.push(Diag::warning("tml::class", title).help(help));
    }
    let [train, _, test] = profile.parts;
    if train > 0 && train < FEW_ROWS {
        let title = format!("the training part has {train} rows");
        found.push(
            Diag::warning("tml::split", title)
                .note("a network learns so few by heart")
                .help("record more, or use a small model with strong regularisation (`dropout`, `adam(decay = …)`)"),
        );
    } else {
        let few = |class: &&Class| class.rows >= 3 && class.parts[0] < FEW_OF_CLASS;
        let names: Vec<String> =
            profile.classes.iter().filter(few).map(|class| format!("`{}` {}", class.name, class.parts[0])).collect();
        if !names.is_empty() {
            let title = format!("few training rows of {}", short(&names));
            found.push(Diag::warning("tml::class", title).help("record more of them; ten are hardly enough"));
        }
    }
    if test > 0 && test < 30 {
        let step = 100.0 / test as f64;
        let title = format!("the test part has {test} rows: each is {step:.1} % of the accuracy");
        let help = "record more, or give the test part a larger share: `split = { test = 30%, … }`";
        found.push(Diag::warning("tml::split", title).help(help));
    }
    found
}

fn few_groups(profile: &Profile) -> Option<Diag> {
    let by = profile.columns.iter().find(|facts| facts.role == Role::Group);
    let name = by.map_or("group", |facts| facts.name.as_str());
    if profile.groups == 0 || profile.groups >= FEW_GROUPS {
        return None;
    }
    let title = format!("there are {} groups (`{name}`); the test part has {}", profile.groups, profile.group_parts[2]);
    Some(
        Diag::warning("tml::split", title)
            .note("the result says little about a group that is new")
            .help("record with more of them before you trust the accuracy"),
    )
}

fn drifted(profile: &Profile) -> Option<Diag> {
    let [train, _, test] = profile.parts;
    let matters = |channel: &&Channel| channel.drift.is_some_and(|distance| drift::matters(distance, train, test));
    let mut channels: Vec<&Channel> = profile.channels.iter().filter(matters).collect();
    channels.sort_by(|a, b| b.drift.unwrap_or(0.0).total_cmp(&a.drift.unwrap_or(0.0)));
    let names: Vec<String> =
        channels.iter().map(|channel| format!("`{}` {:.2}", channel.name, channel.drift.unwrap_or(0.0))).collect();
    if names.is_empty() {
        return None;
    }
    let title = format!("training and test part differ in {}", short(&names));
    Some(
        Diag::warning("tml::drift", title)
            .note("the largest difference of their distribution functions, 0 to 1 (Kolmogorov–Smirnov)")
            .help("record the training part under the conditions of the test part too, or take values that don't drift (`lag`, `detrend`, `normalize`)"),
    )
}

fn clocks(profile: &Profile) -> Vec<Diag> {
    let mut found = Vec::new();
    for clock in &profile.clocks {
        let name = &clock.column;
        let unit = if clock.dated { " s" } else { "" };
        if clock.irregular > 0.05 {
            let percent = clock.irregular * 100.0;
            let title =
                format!("sampling is irregular: {percent:.0} % of the steps of `{name}` differ from their median");
            found.push(
                Diag::warning("tml::rate", title)
                    .note(format!("the median is {:.6}{unit}, the longest {:.6}{unit}", clock.step, clock.longest))
                    .help("resample the recordings to a fixed rate before windows and spectra mean anything"),
            );
        }
        if clock.back > 0 {
            let title = format!("`{name}` goes back {} times within a file", grouped(clock.back as u64));
            found.push(
                Diag::warning("tml::rate", title)
                    .help("sort the rows by time, and write each recording to a file of its own"),
            );
        }
        if let Some(rate) = profile.rate
            && let Some(real) = other_rate(clock.step, clock.dated, rate)
        {
            let title = format!("the spec says `rate = {rate} Hz`, but `{name}` steps by {:.6}{unit}", clock.step);
            found
                .push(Diag::warning("tml::rate", title).help(format!("write `rate = {real:.4} Hz`, or mend `{name}`")));
        }
    }
    found
}

/// The rate that a clock's step means, where it isn't `rate` in any usual unit.
fn other_rate(step: f64, dated: bool, rate: f64) -> Option<f64> {
    let units: &[f64] = if dated { &[1.0] } else { &[1.0, 1e3, 1e6, 1e9] };
    let agrees = |unit: &&f64| (**unit / step - rate).abs() <= 0.05 * rate;
    // Without a unit, a count of samples steps by one, and says nothing.
    if step <= 0.0 || (!dated && (step - 1.0).abs() < 1e-9) || units.iter().any(|unit| agrees(&unit)) {
        return None;
    }
    let nearest = units.iter().min_by(|a, b| {
        (rate * step / **a).max(**a / (rate * step)).total_cmp(&(rate * step / **b).max(**b / (rate * step)))
    })?;
    Some(nearest / step)
}

fn missing(profile: &Profile) -> Option<Diag> {
    if profile.dropped == 0 {
        return None;
    }
    let all = profile.rows + profile.dropped;
    let title = format!("{} of {all} rows were left out: a cell is missing", profile.dropped);
    Some(Diag::warning("tml::missing", title).help("to keep them, write `missing = mean` or `missing = fill(0)`"))
}

/// Columns that nothing reads are no fault, so no build warns of them; that they give the label away is good to know
/// before somebody adds them.
pub fn unused(profile: &Profile) -> Option<Diag> {
    let left = |facts: &&Facts| facts.role == Role::Unused && given_away(facts).is_some();
    let columns: Vec<&Facts> = profile.columns.iter().filter(left).collect();
    if columns.is_empty() {
        return None;
    }
    let names: Vec<String> = columns.iter().map(|facts| format!("`{}`", facts.name)).collect();
    let title = format!("columns that the model doesn't read give the label away: {}", short(&names));
    let diag = Diag::warning("tml::leak", title);
    let diag = columns.iter().filter_map(|facts| given_away(facts)).take(LISTED).fold(diag, Diag::note);
    Some(diag.help("keep them out of `channels`"))
}

fn short(names: &[String]) -> String {
    let shown = names.iter().take(LISTED).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > LISTED { format!("{shown} …") } else { shown }
}

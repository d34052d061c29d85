//! Everything that is wrong with the files of a data set, collected over all of them and told once, in few words.

use std::collections::BTreeMap;

use crate::base::suggest::nearest;
use crate::base::{Diag, Diags, Span};

use super::cell;
use super::formats::csv::Refusal;
use super::marks::decimal_comma;
use super::rows::Options;
use super::source::Format;

/// How many places of one kind are listed; the rest are counted.
const LISTED: usize = 10;

/// Places of one kind.
#[derive(Clone, Default, Debug)]
pub struct Places {
    count: usize,
    first: Vec<String>,
}

impl Places {
    /// Counts one more, and lists it while there is room.
    pub fn add(&mut self, place: impl FnOnce() -> String) {
        self.count += 1;
        if self.first.len() < LISTED {
            self.first.push(place());
        }
    }

    /// Adds those of the next file.
    pub fn merge(&mut self, other: Self) {
        self.count += other.count;
        self.first.extend(other.first);
        self.first.truncate(LISTED);
    }

    /// How many.
    pub fn count(&self) -> usize {
        self.count
    }

    /// Lists them below a message.
    pub fn note(&self, mut diag: Diag) -> Diag {
        for place in &self.first {
            diag = diag.note(place.clone());
        }
        let more = self.count - self.first.len();
        if more > 0 { diag.note(format!("and {more} more")) } else { diag }
    }
}

/// Faults by kind, each kind by what one would do about it.
#[derive(Default, Debug)]
pub struct Faults {
    /// Rows seen, right or wrong.
    pub rows: usize,
    /// Rows with a wrong number of fields.
    pub ragged: Places,
    /// Missing cells where the spec refuses them.
    pub missing: Places,
    /// Rows without a class or a group.
    pub nameless: BTreeMap<String, Places>,
    /// Cells that aren't numbers, by column.
    pub texts: BTreeMap<String, Texts>,
    /// Text cells outside the categories, by column and text.
    pub categories: BTreeMap<String, BTreeMap<String, Places>>,
    /// Labels outside the classes.
    pub labels: BTreeMap<String, Places>,
    /// Files that can't be read as asked, by reason.
    pub files: BTreeMap<Refusal, Places>,
}

/// Cells of a numeric column that aren't numbers.
#[derive(Default, Debug)]
pub struct Texts {
    /// Where.
    pub places: Places,
    /// Different texts, a few.
    pub texts: Vec<String>,
}

impl Texts {
    /// Counts a cell.
    pub fn add(&mut self, text: &str, place: impl FnOnce() -> String) {
        self.places.add(place);
        if self.texts.len() < LISTED && !self.texts.iter().any(|known| known == text) {
            self.texts.push(text.into());
        }
    }
}

impl Faults {
    /// Adds those of the next file.
    pub fn merge(&mut self, other: Self) {
        self.rows += other.rows;
        self.ragged.merge(other.ragged);
        self.missing.merge(other.missing);
        let each = |into: &mut BTreeMap<String, Places>, from: BTreeMap<String, Places>| {
            from.into_iter().for_each(|(name, places)| into.entry(name).or_default().merge(places));
        };
        each(&mut self.nameless, other.nameless);
        each(&mut self.labels, other.labels);
        for (column, texts) in other.texts {
            let own = self.texts.entry(column).or_default();
            own.places.merge(texts.places);
            own.texts.extend(texts.texts.into_iter().filter(|text| !own.texts.contains(text)).collect::<Vec<_>>());
            own.texts.truncate(LISTED);
        }
        for (column, categories) in other.categories {
            each(self.categories.entry(column).or_default(), categories);
        }
        for (refusal, places) in other.files {
            self.files.entry(refusal).or_default().merge(places);
        }
    }

    /// The same as warnings: what is wrong was left out.
    pub fn left_out(&self, options: &Options) -> Vec<Diag> {
        let warning = |diag: Diag| {
            let warning = Diag::warning(diag.code, format!("left out: {}", diag.title));
            Diag { labels: diag.labels, notes: diag.notes, ..warning }
        };
        self.diags(options).0.into_iter().map(warning).collect()
    }

    /// True when nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.ragged.count == 0
            && self.missing.count == 0
            && self.nameless.is_empty()
            && self.texts.is_empty()
            && self.categories.is_empty()
            && self.labels.is_empty()
            && self.files.is_empty()
    }

    /// One diagnostic a kind, those that explain others first.
    pub fn diags(&self, options: &Options) -> Diags {
        let span = &options.source_span;
        let mut diags = Diags::default();
        diags.0.extend(self.files.iter().take(LISTED).map(|(reason, places)| refusal(reason, places, options)));
        let more: usize = self.files.values().skip(LISTED).map(|places| places.count).sum();
        if more > 0 {
            let diag = Diag::error(unreadable(options), format!("{more} more files can't be read, for other reasons"));
            diags.push(diag.at(span, "from here").help("leave such files out, counted and named: `skip = true`"));
        }
        if self.ragged.count > 0 {
            let title = format!("{} {} a wrong number of fields", rows(self.ragged.count), have(self.ragged.count));
            let diag = Diag::error("tml::csv", title).at(span, "from here");
            diags.push(
                self.ragged.note(diag).help(
                    "mend these lines, name the separator: `separator = \";\"`, or leave them out: `skip = true`",
                ),
            );
        }
        diags.0.extend(self.texts.iter().take(LISTED).map(|(column, texts)| text(column, texts, self.rows, options)));
        diags.0.extend(self.categories.iter().map(|(column, texts)| category(column, texts, span)));
        for (what, places) in &self.nameless {
            let diag = Diag::error("tml::label", format!("{} {} no {what}", rows(places.count), have(places.count)));
            diags.push(
                places
                    .note(diag.at(span, "from here"))
                    .help("fill these cells, or leave such rows out: `missing = drop`"),
            );
        }
        if !self.labels.is_empty() {
            diags.push(self.unknown_labels(options));
        }
        if self.missing.count > 0 {
            let cells =
                if self.missing.count == 1 { "1 cell is" } else { &format!("{} cells are", self.missing.count) };
            let diag = Diag::error("tml::missing", format!("{cells} missing")).at(span, "from here");
            let help = "say what that means: `missing = drop`, `missing = mean` or `missing = fill(0)`";
            diags.push(self.missing.note(diag).help(help));
        }
        diags
    }

    fn unknown_labels(&self, options: &Options) -> Diag {
        let mut by_count: Vec<(&String, &Places)> = self.labels.iter().collect();
        by_count.sort_by_key(|(text, places)| (std::cmp::Reverse(places.count), *text));
        let total: usize = by_count.iter().map(|(_, places)| places.count).sum();
        let title = match by_count.as_slice() {
            [(label, _)] => format!("{} {} the label `{label}`, which isn't in `classes`", rows(total), have(total)),
            several => {
                format!("{} {} labels that aren't in `classes`: {} of them", rows(total), have(total), several.len())
            }
        };
        let mut diag = Diag::error("tml::class", title).at(&options.classes_span, "the classes");
        for (label, places) in by_count.iter().take(LISTED) {
            let first = places.first.first().map_or("", String::as_str);
            diag = diag.note(format!("`{label}`: {}, first at {first}", rows(places.count)));
        }
        let known = || options.classes.iter().map(String::as_str);
        if by_count.len() > LISTED {
            let column = &options.label;
            return diag.help(format!("is `{column}` the column with the class? `label = …` names it"));
        }
        let typo = by_count.iter().find_map(|(label, _)| Some((label, nearest(label, known())?)));
        diag.help(if let Some((label, class)) = typo {
            format!("did you mean `{class}`? else add `\"{label}\"` to `classes`")
        } else {
            let first = by_count[0].0;
            format!("add `\"{first}\"` to `classes`, say what they are: `other = …`, or leave them out: `skip = true`")
        })
    }
}

fn rows(count: usize) -> String {
    if count == 1 { "1 row".into() } else { format!("{count} rows") }
}

fn have(count: usize) -> &'static str {
    if count == 1 { "has" } else { "have" }
}

fn text(column: &str, texts: &Texts, rows: usize, options: &Options) -> Diag {
    let count = texts.places.count;
    let cells = if count == 1 { "1 cell".into() } else { format!("{count} cells") };
    let of = if count == 1 { "isn't a number" } else { "that aren't numbers" };
    let title = if count == 1 { format!("{cells} of `{column}` {of}") } else { format!("`{column}` has {cells} {of}") };
    let diag = texts.places.note(Diag::error("tml::number", title).at(&options.source_span, "from here"));
    let hint = texts.texts.iter().find_map(|text| cell::why_not(text, decimal_comma(options)));
    let list: Vec<String> = texts.texts.iter().map(|text| format!("{text:?}")).collect();
    diag.help(match hint {
        Some(hint) => hint.into(),
        None if count * 2 < rows => "mend these cells (an empty one, `NaN`, `NA` or `?` is a missing value), or leave the rows out: `skip = true`".into(),
        None if list.len() < LISTED => {
            format!("if these are categories, write `onehot({column}, [{}])`", list.join(", "))
        }
        None => format!("leave `{column}` out of `channels`, or mend these cells"),
    })
}

fn category(column: &str, texts: &BTreeMap<String, Places>, span: &Span) -> Diag {
    let total: usize = texts.values().map(|places| places.count).sum();
    let title = format!("{} {} a `{column}` outside the categories of its `onehot`", rows(total), have(total));
    let mut diag = Diag::error("tml::category", title).at(span, "from here");
    for (text, places) in texts.iter().take(LISTED) {
        let first = places.first.first().map_or("", String::as_str);
        diag = diag.note(format!("`{text}`: {}, first at {first}", rows(places.count)));
    }
    let list: Vec<String> = texts.keys().take(LISTED).map(|text| format!("{text:?}")).collect();
    diag.help(format!("add {} to `onehot({column}, […])`", list.join(", ")))
}

/// The code of a file that can't be read.
fn unreadable(options: &Options) -> &'static str {
    if matches!(options.source.format, Format::Csv { .. }) { "tml::csv" } else { "tml::format" }
}

fn refusal(reason: &Refusal, places: &Places, options: &Options) -> Diag {
    let span = &options.source_span;
    let file = places.first.first().map_or("", String::as_str);
    let others = match places.count {
        1 => String::new(),
        count => format!(" (and {} more)", count - 1),
    };
    let subject = format!("`{file}`{others}");
    let diag = |code, says: String| Diag::error(code, format!("{subject} {says}")).at(span, "from here");
    match reason {
        Refusal::Unreadable(why) => {
            let diag = diag(unreadable(options), why.clone());
            let diag = places.first.iter().skip(1).fold(diag, |diag, place| diag.note(format!("`{place}` too")));
            diag.help("mend or remove it, narrow the pattern of `source`, or leave such files out: `skip = true`")
        }
        Refusal::Twice(name) => diag("tml::columns", format!("has the column `{name}` twice"))
            .help("rename one of them, or address it by position: `column(3)`"),
        Refusal::Position { position, fields } => {
            let last = fields - 1;
            diag("tml::columns", format!("has no column {position}: its rows have {fields} fields"))
                .help(format!("positions count from 0, so the last one is {last}"))
        }
        Refusal::Columns { absent, found, fields } => columns(absent, found, *fields, diag),
    }
}

/// Named columns that a file doesn't have.
fn columns(absent: &[String], found: &[String], fields: usize, diag: impl Fn(&'static str, String) -> Diag) -> Diag {
    if found.is_empty() {
        let says = format!("has no header, so its {fields} columns have no names");
        let (channels, label) = (fields.saturating_sub(2), fields.saturating_sub(1));
        let help = format!("address them by position: `columns(0..{channels})` and `label = column({label})`");
        return diag("tml::columns", says).help(help);
    }
    let quoted = |names: &[String]| {
        let shown: Vec<String> = names.iter().take(LISTED * 2).map(|name| format!("`{name}`")).collect();
        let more = names.len().saturating_sub(LISTED * 2);
        if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
    };
    let what = if absent.len() == 1 { "column" } else { "columns" };
    let diag = diag("tml::columns", format!("has no {what} {}", quoted(absent)))
        .note(format!("its columns are {}", quoted(found)));
    let known = || found.iter().map(String::as_str);
    let typo = absent.iter().find_map(|name| Some((name, nearest(name, known())?)));
    match typo {
        Some((name, meant)) => diag.help(format!("did you mean `{meant}` by `{name}`?")),
        None if found.len() == 1 => diag.help("only one column was found; name the separator: `separator = \";\"`"),
        None => diag.help("name columns as the header does, in quotes where they aren't plain words"),
    }
}

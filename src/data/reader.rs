//! From the fields of one table to rows: which field feeds which channel, and what a cell means there.

use std::collections::{BTreeMap, HashMap};

use super::cell::{self, Cell};
use super::faults::Faults;
use super::formats::csv::{Record, Table, Wanted};
use super::rows::{Column, Missing, Options};

/// Rows of one file, before the files are put in order.
#[derive(Default, Debug)]
pub struct Block {
    /// The file's path.
    pub path: String,
    /// Values, a channel count a row.
    pub x: Vec<f32>,
    /// Class indices.
    pub y: Vec<u32>,
    /// Group keys.
    pub group: Vec<u32>,
    /// Lines.
    pub line: Vec<u32>,
    /// Rows left out.
    pub dropped: usize,
}

/// What is asked of every row of every file.
pub struct Reader<'a> {
    options: &'a Options,
    bound: Vec<String>,
    slots: Vec<Slot>,
    labels: HashMap<String, u32>,
    /// Key of each group's name, in the order met.
    pub groups: BTreeMap<String, u32>,
    /// Missing cells a channel.
    pub missing: Vec<usize>,
}

/// One column and the channels that read it.
struct Slot {
    column: Column,
    takes: Takes,
}

enum Takes {
    Number { channel: usize },
    OneHot { categories: Vec<(String, usize)> },
}

impl Slot {
    /// The channels that it feeds.
    fn channels(&self) -> Vec<usize> {
        match &self.takes {
            Takes::Number { channel } => vec![*channel],
            Takes::OneHot { categories } => categories.iter().map(|(_, channel)| *channel).collect(),
        }
    }
}

/// What a cell turned out to be.
enum Outcome {
    Set(usize, f32),
    Missing,
    Fault,
}

/// Where a column's text comes from, in one file.
enum From {
    Field(usize),
    Path(String),
}

/// What becomes of a row; the worst of its cells decides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Keep,
    Drop,
    Fault,
}

impl<'a> Reader<'a> {
    /// A reader for `options`.
    pub fn new(options: &'a Options) -> Self {
        let mut slots: Vec<Slot> = Vec::new();
        for (index, channel) in options.channels.iter().enumerate() {
            let Some(category) = &channel.category else {
                slots.push(Slot { column: channel.column.clone(), takes: Takes::Number { channel: index } });
                continue;
            };
            let entry = (category.clone(), index);
            let same = slots.iter_mut().find(|slot| slot.column == channel.column);
            match same.map(|slot| &mut slot.takes) {
                Some(Takes::OneHot { categories }) => categories.push(entry),
                _ => slots
                    .push(Slot { column: channel.column.clone(), takes: Takes::OneHot { categories: vec![entry] } }),
            }
        }
        Self {
            options,
            bound: options.pattern.bindings(),
            slots,
            labels: HashMap::new(),
            groups: BTreeMap::new(),
            missing: vec![0; options.channels.len()],
        }
    }

    /// The columns that a file must have.
    pub fn wanted(&self) -> Wanted {
        let mut wanted = Wanted::default();
        let numeric = |slot: &Slot| matches!(slot.takes, Takes::Number { .. });
        let channels = self.slots.iter().map(|slot| (&slot.column, numeric(slot)));
        for (column, numeric) in channels.chain([(&self.options.label, false)]).chain(self.by()) {
            match column {
                Column::Named(name) if self.bound.contains(name) || wanted.names.contains(name) => {}
                Column::Named(name) => wanted.names.push(name.clone()),
                Column::At(position) => {
                    wanted.last = wanted.last.max(Some(*position));
                    wanted.numeric.extend(numeric.then_some(*position));
                }
            }
        }
        wanted
    }

    /// Reads the rows of one file.
    pub fn read(&mut self, path: &str, bound: &BTreeMap<String, String>, table: &Table, faults: &mut Faults) -> Block {
        let from = |column: &Column| match column {
            Column::At(position) => From::Field(*position),
            Column::Named(name) => match bound.get(name) {
                Some(value) => From::Path(value.clone()),
                None => From::Field(table.position(name).unwrap_or(usize::MAX)),
            },
        };
        let slots: Vec<From> = self.slots.iter().map(|slot| from(&slot.column)).collect();
        let label = from(&self.options.label);
        let by = self.options.by.as_ref().map(from);
        let mut block = Block { path: path.into(), ..Block::default() };
        table.rows(&mut |line, record| {
            faults.rows += 1;
            if record.len() != table.width {
                faults.ragged.add(|| ragged(path, line, record, table.width));
                return;
            }
            let at = At { path, line, record };
            let start = block.x.len();
            let (class, class_verdict) = self.class(&at, &label, faults);
            let (group, group_verdict) = by.as_ref().map_or((0, Verdict::Keep), |by| self.group(&at, by, faults));
            let verdict = self.channels(&at, &slots, &mut block.x, faults).max(class_verdict).max(group_verdict);
            if verdict == Verdict::Keep {
                block.y.push(class);
                block.line.push(line);
                block.group.extend(by.as_ref().map(|_| group));
            } else {
                block.x.truncate(start);
                block.dropped += usize::from(verdict == Verdict::Drop);
            }
        });
        block
    }

    fn by(&self) -> impl Iterator<Item = (&Column, bool)> {
        self.options.by.iter().map(|column| (column, false))
    }

    /// Appends the values of one row.
    fn channels(&mut self, at: &At, slots: &[From], x: &mut Vec<f32>, faults: &mut Faults) -> Verdict {
        let start = x.len();
        x.resize(start + self.options.channels.len(), 0.0);
        let values = &mut x[start..];
        let mut verdict = Verdict::Keep;
        for (slot, from) in self.slots.iter().zip(slots) {
            let text = at.text(from);
            let outcome = match &slot.takes {
                Takes::Number { channel } => match cell::number(text, self.options.csv.decimal_comma) {
                    Cell::Number(value) => Outcome::Set(*channel, value),
                    Cell::Missing => Outcome::Missing,
                    Cell::Text => {
                        let texts = faults.texts.entry(slot.column.to_string()).or_default();
                        texts.add(text, || format!("{}: `{text}`", at.place()));
                        Outcome::Fault
                    }
                },
                Takes::OneHot { categories } => match find(categories, text) {
                    Some(channel) => Outcome::Set(channel, 1.0),
                    None if cell::is_missing(text) => Outcome::Missing,
                    None => {
                        let texts = faults.categories.entry(slot.column.to_string()).or_default();
                        texts.entry(text.into()).or_default().add(|| at.place());
                        Outcome::Fault
                    }
                },
            };
            verdict = verdict.max(match outcome {
                Outcome::Set(channel, value) => {
                    values[channel] = value;
                    Verdict::Keep
                }
                Outcome::Missing => {
                    for channel in slot.channels() {
                        self.missing[channel] += 1;
                        values[channel] = self.options.missing.fill();
                    }
                    absent(self.options.missing, at, slot, faults)
                }
                Outcome::Fault => Verdict::Fault,
            });
        }
        verdict
    }

    fn class(&mut self, at: &At, from: &From, faults: &mut Faults) -> (u32, Verdict) {
        let text = at.text(from);
        if let Some(class) = self.labels.get(text) {
            return (*class, Verdict::Keep);
        }
        let classes = &self.options.classes;
        let exact = classes.iter().position(|class| class == text);
        if let Some(class) = exact.or_else(|| classes.iter().position(|class| cell::same(text, class))) {
            self.labels.insert(text.into(), class as u32);
            return (class as u32, Verdict::Keep);
        }
        if cell::is_missing(text) {
            return (0, self.nameless("label", at, faults));
        }
        faults.labels.entry(text.into()).or_default().add(|| at.place());
        (0, Verdict::Fault)
    }

    fn group(&mut self, at: &At, from: &From, faults: &mut Faults) -> (u32, Verdict) {
        let text = at.text(from);
        if let Some(key) = self.groups.get(text) {
            return (*key, Verdict::Keep);
        }
        if cell::is_missing(text) {
            return (0, self.nameless("group", at, faults));
        }
        let key = self.groups.len() as u32;
        self.groups.insert(text.into(), key);
        (key, Verdict::Keep)
    }

    /// A row without a label or a group can only be left out.
    fn nameless(&self, what: &str, at: &At, faults: &mut Faults) -> Verdict {
        if self.options.missing == Missing::Drop {
            return Verdict::Drop;
        }
        let column = if what == "label" { Some(&self.options.label) } else { self.options.by.as_ref() };
        let name = column.map_or_else(String::new, |column| format!("{what} (`{column}`)"));
        faults.nameless.entry(name).or_default().add(|| at.place());
        Verdict::Fault
    }
}

/// A row and where it stands.
struct At<'a> {
    path: &'a str,
    line: u32,
    record: &'a Record,
}

impl At<'_> {
    fn text<'a>(&'a self, from: &'a From) -> &'a str {
        match from {
            From::Field(position) => self.record.get(*position).unwrap_or("").trim(),
            From::Path(value) => value,
        }
    }

    fn place(&self) -> String {
        format!("{}:{}", self.path, self.line)
    }
}

/// What a missing cell does to its row.
fn absent(missing: Missing, at: &At, slot: &Slot, faults: &mut Faults) -> Verdict {
    match missing {
        Missing::Refuse => {
            faults.missing.add(|| format!("{}: `{}`", at.place(), slot.column));
            Verdict::Fault
        }
        Missing::Drop => Verdict::Drop,
        Missing::Mean | Missing::Value(_) => Verdict::Keep,
    }
}

fn find(categories: &[(String, usize)], text: &str) -> Option<usize> {
    let exact = categories.iter().find(|(category, _)| category == text);
    exact.or_else(|| categories.iter().find(|(category, _)| cell::same(text, category))).map(|(_, channel)| *channel)
}

fn ragged(path: &str, line: u32, record: &Record, width: usize) -> String {
    let fields = record.len();
    let lines = record.iter().map(|field| field.matches('\n').count()).max().unwrap_or(0);
    let quote = if lines > 0 {
        format!("; a quoted field runs over {} lines: is a `\"` missing?", lines + 1)
    } else {
        String::new()
    };
    let s = if fields == 1 { "" } else { "s" };
    format!("{path}:{line}: {fields} field{s}, expected {width}{quote}")
}

//! What belongs to a recording besides its values: class, numbers to learn, group, part; and where each comes from.

use std::collections::{BTreeMap, HashMap};

use super::block::Block;
use super::cell::{self, Cell};
use super::rows::{Column, Missing, Options};

/// What becomes of a row; the worst of its cells decides.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// It is kept.
    Keep,
    /// It is left out, as the spec says.
    Drop,
    /// It is wrong.
    Fault,
}

/// Where a column's text comes from, in one file.
#[derive(Clone, Debug)]
pub enum From {
    /// A field of the row.
    Field(usize),
    /// The file's path, or a table beside it: the same text for the whole file.
    Fixed(String),
    /// A text for each recording of the file.
    Each(Vec<String>),
}

/// A recording's place in its file: its fields where it is a row, its number, and its line (0: none).
pub struct At<'a> {
    /// The file.
    pub path: &'a str,
    /// From 1; 0 where the file has no lines.
    pub line: u32,
    /// Which recording of the file.
    pub index: usize,
    /// The text of a field.
    pub field: &'a dyn Fn(usize) -> &'a str,
}

impl At<'_> {
    /// What `from` says here.
    pub fn text<'a>(&'a self, from: &'a From) -> &'a str {
        match from {
            From::Field(position) => (self.field)(*position),
            From::Fixed(text) => text,
            From::Each(texts) => texts.get(self.index).map_or("", String::as_str),
        }
    }

    /// For people: `data/a.csv:17`.
    pub fn place(&self) -> String {
        if self.line == 0 { self.path.into() } else { format!("{}:{}", self.path, self.line) }
    }
}

/// Where the marks of one file's recordings come from.
pub struct Marks<'a> {
    options: &'a Options,
    label: Option<From>,
    by: Option<From>,
    part: Option<From>,
    targets: Vec<From>,
    labels: HashMap<String, u32>,
}

/// The marks of one recording.
#[derive(Clone, PartialEq, Debug)]
pub struct Mark {
    /// Its class; 0 where numbers are learnt.
    pub class: u32,
    /// Its group.
    pub group: u32,
    /// The word for its part.
    pub part: u32,
    /// The numbers to learn.
    pub values: Vec<f32>,
}

/// What stands beside a file: bindings of its path, and its row in a table of labels.
#[derive(Clone, Default, Debug)]
pub struct Beside {
    /// By name.
    pub fixed: BTreeMap<String, String>,
    /// By name, a text for each recording.
    pub each: BTreeMap<String, Vec<String>>,
}

impl Beside {
    /// Where `name` comes from, unless it is for the file itself to say.
    pub fn find(&self, name: &str) -> Option<From> {
        let each = self.each.get(name).map(|texts| From::Each(texts.clone()));
        self.fixed.get(name).map(|text| From::Fixed(text.clone())).or(each)
    }
}

/// The columns that hold marks, with whether a number is expected.
pub fn columns(options: &Options) -> Vec<(&Column, bool)> {
    let label = options.targets.is_empty().then_some((&options.label, false));
    let others = options.by.iter().chain(&options.part).map(|column| (column, false));
    label.into_iter().chain(options.targets.iter().map(|column| (column, true))).chain(others).collect()
}

impl<'a> Marks<'a> {
    /// `from` finds a column.
    pub fn new(options: &'a Options, from: &dyn Fn(&Column) -> From) -> Self {
        Self {
            options,
            label: options.targets.is_empty().then(|| from(&options.label)),
            by: options.by.as_ref().map(from),
            part: options.part.as_ref().map(from),
            targets: options.targets.iter().map(from).collect(),
            labels: HashMap::new(),
        }
    }

    /// The marks of the recording at `at`; faults and names go to the block.
    pub fn read(&mut self, at: &At, block: &mut Block) -> (Mark, Verdict) {
        let (class, mut verdict) = self.class(at, block);
        let mut name = |from: &Option<From>, what: &str, column: Option<&Column>, block: &mut Block| {
            let Some(from) = from else { return 0 };
            let text = at.text(from);
            if !cell::is_missing(text) {
                return if what == "group" { block.groups.index(text) } else { block.parts.index(text) };
            }
            verdict = verdict.max(self.nameless(what, column, at, block));
            0
        };
        let group = name(&self.by, "group", self.options.by.as_ref(), block);
        let part = name(&self.part, "part", self.options.part.as_ref(), block);
        let mut values = Vec::with_capacity(self.targets.len());
        for (from, column) in self.targets.iter().zip(&self.options.targets) {
            let text = at.text(from);
            match cell::number(text, decimal_comma(self.options)) {
                Cell::Number(value) => values.push(value),
                Cell::Missing => verdict = verdict.max(self.nameless("target", Some(column), at, block)),
                Cell::Text => {
                    let texts = block.faults.texts.entry(column.to_string()).or_default();
                    texts.add(text, || format!("{}: `{text}`", at.place()));
                    verdict = Verdict::Fault;
                }
            }
        }
        (Mark { class, group, part, values }, verdict)
    }

    fn class(&mut self, at: &At, block: &mut Block) -> (u32, Verdict) {
        let Some(from) = &self.label else { return (0, Verdict::Keep) };
        let text = at.text(from);
        if let Some(class) = self.labels.get(text) {
            return (*class, Verdict::Keep);
        }
        let classes = &self.options.classes;
        let exact = classes.iter().position(|class| class == text);
        let found = exact.or_else(|| classes.iter().position(|class| cell::same(text, class)));
        let missing = cell::is_missing(text);
        if let Some(class) = found.or(self.options.other.filter(|_| !missing)) {
            self.labels.insert(text.into(), class as u32);
            return (class as u32, Verdict::Keep);
        }
        if missing {
            return (0, self.nameless("label", Some(&self.options.label), at, block));
        }
        block.faults.labels.entry(text.into()).or_default().add(|| at.place());
        (0, Verdict::Fault)
    }

    /// A row without a label or a group can only be left out.
    fn nameless(&self, what: &str, column: Option<&Column>, at: &At, block: &mut Block) -> Verdict {
        if self.options.missing == Missing::Drop {
            return Verdict::Drop;
        }
        let name = column.map_or_else(String::new, |column| format!("{what} (`{column}`)"));
        block.faults.nameless.entry(name).or_default().add(|| at.place());
        Verdict::Fault
    }
}

impl Block {
    /// Ends a recording whose values are in `x`.
    pub fn finish(&mut self, mark: &Mark, line: u32, options: &Options) {
        self.ends.push(self.x.len());
        self.y.push(mark.class);
        self.values.extend(&mark.values);
        self.group.extend(options.by.is_some().then_some(mark.group));
        self.part.extend(options.part.is_some().then_some(mark.part));
        self.line.push(line);
    }
}

/// Whether numbers in the files have a decimal comma.
pub fn decimal_comma(options: &Options) -> bool {
    matches!(&options.source.format, super::source::Format::Csv { csv, .. } if csv.decimal_comma)
}

//! Tables: separator and header, label, channels, takes, streams, missing cells, division.

use std::collections::BTreeMap;

use crate::base::Diag;
use crate::data::Pattern;
use crate::data::columns::{Columns, date};
use crate::data::formats::csv::{Csv, Header, Table, Wanted as Names};
use crate::data::formats::gzip;
use crate::data::profile::{Hint, looks};

use super::found::{File, Folder, Form, Found, Task, Wanted};
use super::label::{self, Facts};
use super::layout::{Layout, layout};
use super::matrix::{Matrix, smoothness};
use super::{division, takes, tell, words};

/// Bytes of a file, and of all, that are looked at.
const LARGEST: usize = 64 << 20;
const ALL: usize = 256 << 20;
/// Texts up to which a column becomes one channel each.
const CATEGORIES: usize = 12;

/// A table with how it is written.
pub(super) struct Opened {
    pub(super) path: String,
    pub(super) table: Table,
    pub(super) header: bool,
    pub(super) comma: bool,
}

/// All tables of one form.
pub(super) struct Tables {
    pub(super) all: Vec<Opened>,
    columns: Columns,
    pub(super) facts: Vec<Facts>,
    matrices: Vec<Matrix>,
    pub(super) layout: Layout,
}

/// What the columns are to the spec.
pub(super) struct Choice<'a> {
    pub(super) label: Option<&'a Facts>,
    pub(super) channels: Vec<&'a Facts>,
    pub(super) onehot: Vec<&'a Facts>,
    pub(super) group: Option<&'a Facts>,
    pub(super) part: Option<&'a Facts>,
    pub(super) clock: Option<f64>,
    pub(super) left: Vec<(String, &'static str)>,
    pub(super) told: Vec<String>,
}

/// Looks at the tables `files`. Errors: `tml::new` without a table that can be read, or without a label.
pub(super) fn look(folder: &Folder, files: &[File], wanted: &Wanted) -> Result<Found, Diag> {
    let (mut opened, broken) = open_all(folder, files);
    let key = |opened: &Opened| {
        if opened.header { opened.table.header.join("\u{1f}") } else { opened.table.width.to_string() }
    };
    let mut forms: BTreeMap<String, u64> = BTreeMap::new();
    let sizes: BTreeMap<&str, u64> = files.iter().map(|file| (file.path.as_str(), file.size)).collect();
    for table in &opened {
        let size = sizes.get(table.path.as_str()).copied().unwrap_or(0);
        *forms.entry(key(table)).or_insert(0) += size + 1;
    }
    let Some((best, _)) = forms.iter().max_by_key(|(_, size)| **size).map(|(key, size)| (key.clone(), *size)) else {
        return Err(Diag::error("tml::new", "no table can be read").note(broken.join("; ")).help("save it as CSV"));
    };
    let others: Vec<String> =
        opened.iter().filter(|table| key(table) != best).map(|table| table.path.clone()).collect();
    opened.retain(|table| key(table) == best);
    let mut tables = Tables::new(opened, wanted);
    let label = pick_label(&tables, wanted)?;
    tables.classes(label);
    let mut found = tables.found(label, wanted)?;
    for (names, what) in [(&others, "have other columns"), (&broken, "can't be read")] {
        if !names.is_empty() {
            found.open.push(format!(
                "{} {what} and are left out; `--from` takes a single file or folder",
                words::named(names)
            ));
        }
    }
    Ok(found)
}

fn open_all(folder: &Folder, files: &[File]) -> (Vec<Opened>, Vec<String>) {
    let (mut opened, mut broken, mut read) = (Vec::new(), Vec::new(), 0);
    for file in files {
        if read > ALL {
            break;
        }
        let bytes = (folder.read)(&file.path, LARGEST).unwrap_or_default();
        read += bytes.len();
        match open(&file.path, bytes) {
            Some(table) => opened.push(table),
            None => broken.push(file.path.clone()),
        }
    }
    (opened, broken)
}

/// Finds out header and decimal comma.
fn open(path: &str, bytes: Vec<u8>) -> Option<Opened> {
    let bytes = gzip::unpack(bytes).ok()?;
    let with = |header: Header, comma: bool| {
        let csv = Csv { header, decimal_comma: comma, ..Csv::default() };
        Table::open(bytes.clone(), &csv, &Names::default()).ok()
    };
    let bare = with(Header::No, false)?;
    let (mut first, mut commas, mut points, mut rows): (Vec<String>, usize, usize, usize) = (Vec::new(), 0, 0, 0);
    bare.rows(&mut |_, record| {
        rows += 1;
        if first.is_empty() {
            first = record.iter().map(|cell| cell.trim().to_string()).collect();
        } else if rows < 200 {
            for cell in record {
                let decimal = |mark: char| {
                    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                    cell.trim().trim_start_matches('-').split_once(mark).is_some_and(|(a, b)| digits(a) && digits(b))
                };
                commas += usize::from(decimal(','));
                points += usize::from(decimal('.'));
            }
        }
    });
    let comma = commas > 0 && points == 0;
    let number = |cell: &String| cell.replace(',', ".").parse::<f64>().is_ok() || date(cell).is_some();
    let header =
        rows > 1 && !first.is_empty() && !first.iter().any(number) && first.iter().any(|cell| !cell.is_empty());
    let table = with(if header { Header::Yes } else { Header::No }, comma)?;
    Some(Opened { path: path.into(), table, header, comma })
}

impl Tables {
    fn new(all: Vec<Opened>, wanted: &Wanted) -> Self {
        let mut columns = Columns::default();
        for opened in &all {
            columns.rows(&|_| Some(0), &opened.table);
        }
        let (comma, header) = all.first().map_or((false, false), |first| (first.comma, first.header));
        let facts = label::facts(&columns, comma, header);
        let matrices = all.iter().map(|opened| Matrix::of(&opened.table, opened.comma)).collect();
        let paths: Vec<&str> = all.iter().map(|opened| opened.path.as_str()).collect();
        let layout = layout(&paths, wanted.label.is_none() && wanted.task != Some(Task::Regress), "session");
        Self { all, columns, facts, matrices, layout }
    }

    /// Gives every kept row its class: the label column's text, or what the path says.
    fn classes(&mut self, label: Option<usize>) {
        let paths: Vec<&str> = self.all.iter().map(|opened| opened.path.as_str()).collect();
        if let Some(at) = label {
            self.layout = layout(&paths, false, "session");
            let names: Vec<&String> = self.facts[at].values.keys().collect();
            let seen = &self.columns.list[at];
            let of = |row: usize| seen.text(row).and_then(|text| names.iter().position(|name| *name == text));
            self.columns.classes = (0..seen.codes.len()).map(|row| of(row).unwrap_or(0) as u32).collect();
            return;
        }
        let Some(binding) = &self.layout.label else { return };
        let names: Vec<&String> = binding.values.keys().collect();
        let pattern = Pattern::parse(&self.layout.pattern).ok();
        let mut columns = Columns::default();
        for opened in &self.all {
            let bound = pattern.as_ref().and_then(|pattern| pattern.bind(&opened.path));
            let class = bound.and_then(|bound| names.iter().position(|name| Some(*name) == bound.get("label")));
            columns.rows(&|_| class.map(|class| class as u32), &opened.table);
        }
        self.columns = columns;
    }

    fn found(&self, label: Option<usize>, wanted: &Wanted) -> Result<Found, Diag> {
        let choice = self.choose(label);
        if choice.channels.is_empty() && choice.onehot.is_empty() {
            return Err(Diag::error("tml::new", "no column is left that a model could learn from")
                .help("name the label with `--label COLUMN`, if another column was taken for it"));
        }
        let rows: usize = self.matrices.iter().map(|matrix| matrix.rows).sum();
        let (form, take) = self.form(&choice, label);
        let count = match form {
            Form::Take(length, _) => rows / length.max(1),
            Form::Stream { .. } => self.all.len(),
            _ => rows,
        };
        let mut found = Found {
            source: self.source(wanted, take.as_deref()),
            channels: Some(channels(&choice)),
            label: choice.label.map(Facts::term),
            classes: self.class_counts(&choice, &form),
            target: None,
            normal: Vec::new(),
            rate: None,
            absent: None,
            skip: false,
            missing: missing(&choice, &form),
            split: None,
            form,
            count,
            why: Vec::new(),
            says: Vec::new(),
            open: Vec::new(),
        };
        if matches!(found.form, Form::Take(..) | Form::Stream { .. }) {
            found.rate = choice.clock.map(|step| rate(1.0 / step));
        }
        tell::explain(self, &mut found, &choice, take.as_deref());
        division::divide(self, &mut found, &choice);
        if let Some(label) = choice.label
            && regress(label, wanted)
        {
            found.target = Some(format!("[{}]", label.term()));
            (found.label, found.classes) = (None, Vec::new());
        }
        Ok(found)
    }

    fn choose(&self, label: Option<usize>) -> Choice<'_> {
        let classes: Vec<String> = match (label, &self.layout.label) {
            (Some(at), _) => self.facts[at].values.keys().cloned().collect(),
            (None, Some(binding)) => binding.values.keys().cloned().collect(),
            (None, None) => Vec::new(),
        };
        let mut choice = Choice {
            label: label.map(|at| &self.facts[at]),
            channels: Vec::new(),
            onehot: Vec::new(),
            group: None,
            part: None,
            clock: None,
            left: Vec::new(),
            told: Vec::new(),
        };
        let skip = |seen: &crate::data::columns::Seen| label.is_some_and(|at| self.facts[at].name == seen.name);
        let hints = looks(&self.columns, &classes, &skip);
        for (at, (facts, look)) in self.facts.iter().zip(&hints).enumerate() {
            if Some(at) != label {
                self.place(facts, look.hint.as_ref(), &mut choice);
            }
        }
        choice
    }

    fn place<'a>(&'a self, facts: &'a Facts, hint: Option<&Hint>, choice: &mut Choice<'a>) {
        let mut leave = |why: &'static str| choice.left.push((facts.name.clone(), why));
        let parts = facts.distinct() > 1 && facts.values.keys().all(|value| words::part(value).is_some());
        let clock = self.columns.list[facts.at].clock.as_ref().filter(|clock| !clock.steps.is_empty());
        if facts.name == "row name" {
            return leave("counts rows");
        }
        if facts.distinct() < 2 {
            return leave("is constant");
        }
        if parts && (facts.named && words::is_part(&facts.name)) {
            choice.part = Some(facts);
            return;
        }
        let groups = facts.named && words::is_group(&facts.name) && facts.distinct() * 4 <= facts.rows;
        if groups && choice.group.is_none() {
            choice.group = Some(facts);
            return;
        }
        if let Some(clock) = clock
            && clock.unread * 10 <= facts.rows
            && (facts.named || clock.back == 0)
            && clock.back * 20 <= clock.steps.len()
        {
            let mut steps = clock.steps.clone();
            steps.sort_by(f32::total_cmp);
            let median = f64::from(steps[steps.len() / 2]);
            let even = steps.iter().filter(|step| (f64::from(**step) - median).abs() <= 0.1 * median).count();
            let unit = seconds(&facts.name, clock.dated, median);
            if even * 20 >= steps.len() * 19 && median > 0.0 {
                choice.clock = choice.clock.or(Some(median * unit));
            }
            return leave("is a clock");
        }
        match hint {
            Some(Hint::Counts) => leave("counts rows"),
            Some(Hint::Id) => leave("is an id"),
            Some(Hint::Flag { .. }) => leave("gives the label away"),
            Some(Hint::AmongFlags) => leave("is a flag among those that give the label away"),
            Some(Hint::Tells(_)) if facts.distinct() <= 24 => leave("gives the label away"),
            _ if !facts.numeric && facts.distinct() <= CATEGORIES => choice.onehot.push(facts),
            _ if !facts.numeric => leave("is text of many kinds"),
            hint => {
                if matches!(hint, Some(Hint::Tells(_))) {
                    choice.told.push(facts.name.clone());
                }
                choice.channels.push(facts);
            }
        }
    }

    /// Rows, takes or streams; and the value of `take`.
    fn form(&self, choice: &Choice, label: Option<usize>) -> (Form, Option<String>) {
        let width = choice.channels.len() + choice.onehot.iter().map(|facts| facts.distinct()).sum::<usize>();
        if self.series(choice) {
            return (Form::Series(width), None);
        }
        let files: Vec<Vec<&[f32]>> = self
            .matrices
            .iter()
            .map(|matrix| choice.channels.iter().map(|facts| matrix.columns[facts.at].as_slice()).collect())
            .collect();
        let motion = choice.channels.iter().filter(|facts| facts.named && words::is_motion(&facts.name)).count() >= 2;
        let smooth = |columns: &Vec<&[f32]>| {
            columns.iter().map(|column| smoothness(column)).sum::<f64>() / columns.len().max(1) as f64
        };
        let mean = files.iter().take(20).map(smooth).sum::<f64>() / files.len().clamp(1, 20) as f64;
        let per_file = self.matrices.iter().map(|matrix| matrix.rows).min().unwrap_or(0);
        let follows = motion || (per_file >= 64 && mean > 0.8) || (choice.clock.is_some() && mean > 0.5);
        let by_file = label.is_none() && self.layout.label.is_some();
        if !follows || !choice.onehot.is_empty() || !(by_file || self.runs(choice) >= 100.0 && motion) {
            return (Form::Row(width), None);
        }
        if by_file && let Some(length) = takes::take(&files) {
            return (Form::Take(length, width), Some(length.to_string()));
        }
        let mut lengths: Vec<usize> = self.matrices.iter().map(|matrix| matrix.rows).collect();
        lengths.sort_unstable();
        let (typical, long) = (lengths[lengths.len() / 2], lengths[lengths.len() * 9 / 10]);
        let rate = choice.clock.map(|step| 1.0 / step);
        (Form::Stream { channels: width, typical, long, rate, sound: false }, Some("file".into()))
    }

    /// True when the columns of a row follow each other in time.
    fn series(&self, choice: &Choice) -> bool {
        let Some(matrix) = self.matrices.first() else { return false };
        let plain = choice.channels.iter().all(|facts| !facts.named) && choice.onehot.is_empty();
        if !plain || choice.channels.len() < 16 {
            return false;
        }
        let rows = matrix.rows.min(60);
        let row = |at: usize| -> Vec<f32> {
            choice.channels.iter().map(|facts| matrix.columns[facts.at].get(at).copied().unwrap_or(f32::NAN)).collect()
        };
        (0..rows).map(|at| smoothness(&row(at))).sum::<f64>() / rows.max(1) as f64 > 0.6
    }

    /// Mean length of runs of one label.
    fn runs(&self, choice: &Choice) -> f64 {
        let Some(label) = choice.label else { return 0.0 };
        let codes = &self.columns.list[label.at].codes;
        let changes = codes.windows(2).filter(|pair| pair[0] != pair[1]).count();
        codes.len() as f64 / (changes + 1) as f64
    }

    fn source(&self, wanted: &Wanted, take: Option<&str>) -> String {
        let mut source = format!("csv({}", words::quoted(&format!("{}{}", wanted.prefix, self.pattern())));
        if self.all.first().is_some_and(|first| !first.header) {
            source.push_str(", header = no");
        }
        if self.all.first().is_some_and(|first| first.comma) {
            source.push_str(", decimal = comma");
        }
        source.extend(take.map(|take| format!(", take = {take}")));
        source.push(')');
        source
    }

    /// The layout's pattern; the path itself where there is one file.
    fn pattern(&self) -> String {
        match self.all.as_slice() {
            [only] if self.layout.label.is_none() => only.path.clone(),
            _ => self.layout.pattern.clone(),
        }
    }

    fn class_counts(&self, choice: &Choice, form: &Form) -> Vec<(String, usize)> {
        if let Some(label) = choice.label {
            let rows: usize = self.matrices.iter().map(|matrix| matrix.rows).sum();
            let scale = rows as f64 / label.rows.max(1) as f64;
            let counts = label.values.iter().map(|(name, rows)| (name.clone(), (*rows as f64 * scale) as usize));
            return words::sorted(counts.collect());
        }
        let Some(binding) = &self.layout.label else { return Vec::new() };
        let pattern = Pattern::parse(&self.layout.pattern).ok();
        let mut counts: BTreeMap<String, usize> = binding.values.keys().map(|name| (name.clone(), 0)).collect();
        for (opened, matrix) in self.all.iter().zip(&self.matrices) {
            let bound = pattern.as_ref().and_then(|pattern| pattern.bind(&opened.path));
            if let Some(count) = bound.and_then(|bound| counts.get_mut(bound.get("label")?)) {
                *count += match form {
                    Form::Take(length, _) => matrix.rows / length.max(&1),
                    Form::Stream { .. } => 1,
                    _ => matrix.rows,
                };
            }
        }
        words::sorted(counts.into_iter().collect())
    }
}

/// What becomes of empty cells.
fn missing(choice: &Choice, form: &Form) -> Option<String> {
    let missing = choice.channels.iter().chain(&choice.onehot).map(|facts| facts.missing).max().unwrap_or(0);
    let rows = choice.channels.first().map_or(1, |facts| facts.rows);
    match form {
        _ if missing == 0 => None,
        Form::Series(_) => Some("fill(0)".into()),
        _ if missing * 20 <= rows => Some("drop".into()),
        _ => Some("mean".into()),
    }
}

fn channels(choice: &Choice) -> String {
    let onehot = |facts: &&Facts| {
        let categories: Vec<String> = facts.values.keys().map(|value| words::term(value)).collect();
        format!("onehot({}, [{}])", facts.term(), categories.join(", "))
    };
    let mut parts = label::terms(&choice.channels);
    parts.extend(choice.onehot.iter().map(onehot));
    match parts.as_slice() {
        [only] if only.starts_with("columns(") => only.clone(),
        _ => format!("[{}]", parts.join(", ")),
    }
}

/// Seconds of a clock's unit: by its name, else by what makes a usual rate.
fn seconds(name: &str, dated: bool, step: f64) -> f64 {
    let lower = name.to_ascii_lowercase();
    let ends = |marks: &[&str]| marks.iter().any(|mark| lower.contains(mark));
    match () {
        () if dated => 1.0,
        () if ends(&["_us", "micros", "(us)", "[us]"]) => 1e-6,
        () if ends(&["_ms", "millis", "(ms)", "[ms]"]) || lower == "ms" => 1e-3,
        () if ends(&["_ns", "nanos", "(ns)", "[ns]"]) => 1e-9,
        () if step >= 1e5 => 1e-6,
        () if step >= 2.0 => 1e-3,
        () => 1.0,
    }
}

/// A rate as the language writes it: whole hertz, or with a few decimals.
pub(super) fn rate(hertz: f64) -> String {
    let near = hertz.round();
    if near >= 1.0 && (hertz - near).abs() < 0.02 * near { format!("{near} Hz") } else { format!("{hertz:.3} Hz") }
}

fn regress(label: &Facts, wanted: &Wanted) -> bool {
    match wanted.task {
        Some(task) => task == Task::Regress,
        None => wanted.label.is_some() && label.numeric && label.distinct() > 24,
    }
}

fn pick_label(tables: &Tables, wanted: &Wanted) -> Result<Option<usize>, Diag> {
    if let Some(name) = &wanted.label {
        let at = name.parse::<usize>().ok().filter(|_| tables.all.first().is_some_and(|first| !first.header));
        let found = tables.facts.iter().position(|facts| facts.name == *name || Some(facts.at) == at);
        let known: Vec<String> = tables.facts.iter().map(|facts| facts.name.clone()).collect();
        return match found {
            Some(at) => Ok(Some(at)),
            None => Err(Diag::error("tml::new", format!("there is no column `{name}`"))
                .note(format!("there are {}", words::named(&known)))
                .help("name one of them: `--label COLUMN`; without a header, its position from 0")),
        };
    }
    let found = label::label(&tables.facts, tables.layout.label.is_some());
    if found.is_none() && tables.layout.label.is_none() {
        let known: Vec<String> = tables.facts.iter().map(|facts| facts.name.clone()).collect();
        return Err(Diag::error(
            "tml::new",
            "nothing looks like the label: no column, no folder, no part of the files' names",
        )
        .note(format!("the columns are {}", words::named(&known)))
        .help("name it: `--label COLUMN`; for numbers `--task regress --label COLUMN`"));
    }
    Ok(found)
}

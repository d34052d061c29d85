//! Labels in files of their own: a table or array with an entry for each recording, in their order, or found by the
//! name of the file that they belong to.

use std::collections::{BTreeMap, HashMap};

use crate::base::{Diag, Diags};

use super::formats::csv::{Refusal, Table, Wanted};
use super::formats::{gzip, idx, npy};
use super::marks::Beside;
use super::rows::{Column, Options};
use super::source::{LabelForm, Labels};

/// Texts by column, of all files of labels.
#[derive(Default)]
pub struct Side {
    /// Name of a file to its table and row.
    by_file: HashMap<String, (usize, usize)>,
    named: bool,
    tables: Vec<Entries>,
}

/// One file of labels.
struct Entries {
    bound: BTreeMap<String, String>,
    columns: BTreeMap<String, Vec<String>>,
}

impl Side {
    /// Reads the files of labels. Errors: `tml::source`, `tml::format`.
    pub fn read(options: &Options, files: Vec<(String, Vec<u8>)>) -> Result<Self, Diags> {
        let mut side = Self::default();
        let Some(labels) = &options.source.labels else { return Ok(side) };
        let mut wrong = Diags::default();
        for (path, bytes) in files {
            let Some(bound) = labels.pattern.bind(&path) else { continue };
            match entries(labels, bytes) {
                Ok((columns, names)) => {
                    side.named |= names.is_some();
                    let table = side.tables.len();
                    side.by_file
                        .extend(names.into_iter().flatten().enumerate().map(|(row, name)| (name, (table, row))));
                    side.tables.push(Entries { bound, columns });
                }
                Err(why) => wrong.push(
                    Diag::error("tml::format", format!("`{path}` {why}"))
                        .at(&options.source_span, "labels from here")
                        .help("mend it, or name its columns by position: `column = column(0)`"),
                ),
            }
        }
        if !wrong.0.is_empty() {
            return Err(wrong);
        }
        if side.tables.is_empty() {
            let diag = Diag::error("tml::source", format!("there is no file of labels `{}`", labels.pattern));
            return Err(diag.at(&options.source_span, "labels from here").help("correct the path of `labels`").into());
        }
        Ok(side)
    }

    /// True when the labels come in the order of the recordings of all files together.
    pub fn in_order(&self) -> bool {
        !self.named && !self.tables.is_empty()
    }

    /// What stands beside a file: what its path binds, and its labels; `at` recordings of other files come before it,
    /// and it has `count` of them.
    pub fn beside(&self, path: &str, bound: BTreeMap<String, String>, at: usize, count: usize) -> Beside {
        let mut beside = Beside { fixed: bound, each: BTreeMap::new() };
        if self.named {
            if let Some((table, row)) = suffixes(path).find_map(|name| self.by_file.get(name)) {
                let texts = self.tables[*table].columns.iter().map(|(name, texts)| (name.clone(), texts[*row].clone()));
                let own: Vec<(String, String)> = texts.filter(|(name, _)| !beside.fixed.contains_key(name)).collect();
                beside.fixed.extend(own);
            }
            return beside;
        }
        let agrees = |table: &&Entries| {
            table.bound.iter().all(|(name, text)| beside.fixed.get(name).is_none_or(|own| own == text))
        };
        let several = self.tables.len() > 1;
        if let Some(table) = self.tables.iter().find(agrees) {
            let slice = |texts: &Vec<String>| {
                if several { texts.clone() } else { texts.iter().skip(at).take(count).cloned().collect() }
            };
            beside.each = table.columns.iter().map(|(name, texts)| (name.clone(), slice(texts))).collect();
        }
        beside
    }

    /// How many labels there are for all recordings, where they come in one list.
    pub fn count(&self) -> Option<usize> {
        let [table] = self.tables.as_slice() else { return None };
        table.columns.values().next().map(Vec::len).filter(|_| !self.named)
    }
}

/// Columns by name, and the names of the files where a column has them.
type Read = (BTreeMap<String, Vec<String>>, Option<Vec<String>>);

fn entries(labels: &Labels, bytes: Vec<u8>) -> Result<Read, String> {
    let bytes = gzip::unpack(bytes)?;
    let label = |texts| BTreeMap::from([("label".to_string(), texts)]);
    let (csv, column, file) = match &labels.form {
        LabelForm::Npy => return Ok((label(npy::labels(&bytes)?), None)),
        LabelForm::Idx => return Ok((label(idx::labels(&bytes)?), None)),
        LabelForm::Csv { csv, column, file } => (csv, column, file),
    };
    let mut wanted = Wanted::default();
    for column in [Some(column), file.as_ref()].into_iter().flatten() {
        match column {
            Column::Named(name) => wanted.names.push(name.clone()),
            Column::At(position) => wanted.last = wanted.last.max(Some(*position)),
        }
    }
    let table = Table::open(bytes, csv, &wanted).map_err(|refusal| match refusal {
        Refusal::Unreadable(why) => why,
        Refusal::Columns { absent, found, .. } => {
            format!("has no column `{}`; it has `{}`", absent.join("`, `"), found.join("`, `"))
        }
        Refusal::Twice(name) => format!("has the column `{name}` twice"),
        Refusal::Position { position, fields } => format!("has no column {position}: its rows have {fields} fields"),
    })?;
    let at = |column: &Column| match column {
        Column::Named(name) => table.position(name).unwrap_or(usize::MAX),
        Column::At(position) => *position,
    };
    let mut places: BTreeMap<String, usize> =
        table.header.iter().filter_map(|name| Some((name.clone(), table.position(name)?))).collect();
    places.insert("label".into(), at(column));
    let mut columns: BTreeMap<String, Vec<String>> = places.keys().map(|name| (name.clone(), Vec::new())).collect();
    let mut names = file.as_ref().map(|_| Vec::new());
    table.rows(&mut |_, record| {
        let text = |place: usize| record.get(place).unwrap_or("").trim().to_string();
        for (texts, place) in columns.values_mut().zip(places.values()) {
            texts.push(text(*place));
        }
        if let (Some(names), Some(file)) = (&mut names, file) {
            names.push(text(at(file)).trim_start_matches("./").to_string());
        }
    });
    Ok((columns, names))
}

/// `a/b/c.wav`, `b/c.wav`, `c.wav`, and the same without what is behind the last point.
fn suffixes(path: &str) -> impl Iterator<Item = &str> {
    let stem = path.rsplit_once('.').map_or(path, |(stem, _)| stem);
    let tails = |text: &'_ str| {
        let starts: Vec<usize> = [0].into_iter().chain(text.match_indices('/').map(|(at, _)| at + 1)).collect();
        starts
    };
    let with = tails(path).into_iter().map(move |at| &path[at..]);
    with.chain(tails(stem).into_iter().map(move |at| &stem[at..]))
}

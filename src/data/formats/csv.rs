//! CSV in the forms that people have: any separator, a header or none, quotes, blank lines, row names without a name,
//! comments, lines of other things above the header, a header that comes again.

use std::collections::BTreeMap;

use csv::{Reader, ReaderBuilder, StringRecord};

use crate::data::cell;

use super::text;

/// The fields of one row.
pub type Record = StringRecord;

/// How a file is written.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Csv {
    /// Whether the first row names the columns.
    pub header: Header,
    /// Field separator, an ASCII character; `None`: found out per file. A blank stands for runs of blanks and tabs.
    pub separator: Option<char>,
    /// True when numbers use a decimal comma.
    pub decimal_comma: bool,
    /// Lines that start with this text are passed over; empty: none are.
    pub comment: String,
}

impl Default for Csv {
    fn default() -> Self {
        Self { header: Header::Auto, separator: None, decimal_comma: false, comment: String::new() }
    }
}

/// Whether the first row names the columns.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Header {
    /// It does when it has the named columns, or when the numeric positions of its first row aren't numbers.
    Auto,
    /// It does.
    Yes,
    /// It doesn't.
    No,
}

/// The columns that are asked for; names that the path binds aren't among them.
#[derive(Clone, Default, Debug)]
pub struct Wanted {
    /// By name.
    pub names: Vec<String>,
    /// By position, where a number is expected.
    pub numeric: Vec<usize>,
    /// The largest position asked for.
    pub last: Option<usize>,
}

/// A file, decoded and understood: separator, header and width are known.
pub struct Table {
    body: Body,
    /// Records above the first row of data: the header and what stands above it.
    skip: usize,
    /// Column names by position; empty without a header.
    pub header: Vec<String>,
    /// Fields that a row should have.
    pub width: usize,
    /// True when rows have one more field than the header: the first is a row name.
    pub row_names: bool,
    /// True when the bytes weren't UTF-8.
    pub latin1: bool,
    /// Lines of other things above the header.
    pub above: usize,
}

/// Where records come from.
enum Body {
    Text { text: String, separator: u8 },
    Records(Vec<(u32, StringRecord)>),
}

/// Why a file can't be read as asked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Refusal {
    /// Completes the sentence "`file` …".
    Unreadable(String),
    /// Named columns are missing.
    Columns {
        /// Names that aren't there.
        absent: Vec<String>,
        /// Column names of the file; empty when the first row looks like data.
        found: Vec<String>,
        /// Fields of the first row.
        fields: usize,
    },
    /// A name stands twice in the header.
    Twice(String),
    /// A position beyond the last column.
    Position {
        /// Asked for.
        position: usize,
        /// There are.
        fields: usize,
    },
}

/// Separators in the order of preference among those that fit equally well: a comma may be a decimal comma.
const SEPARATORS: &[char] = &['\t', ';', '|', ','];

/// Rows among which a header is looked for.
const ABOVE: usize = 64;

impl Table {
    /// Decodes a file and finds out its separator, header and width.
    pub fn open(bytes: Vec<u8>, csv: &Csv, wanted: &Wanted) -> Result<Self, Refusal> {
        let mut decoded = text::decode(bytes).map_err(Refusal::Unreadable)?;
        if !csv.comment.is_empty() {
            decoded.text = without_comments(&decoded.text, &csv.comment);
        }
        if decoded.text.trim().is_empty() {
            return Err(Refusal::Unreadable("is empty".into()));
        }
        let separator = csv.separator.unwrap_or_else(|| sniff(&decoded.text, csv, wanted));
        let text = if separator == ' ' { join_blanks(&decoded.text) } else { decoded.text };
        let separator = if separator == ' ' { b'\t' } else { separator as u8 };
        let mut table = Self::new(Body::Text { text, separator }, decoded.latin1);
        table.find_header(csv, wanted)?;
        table.find_width()?;
        table.has_position(wanted)?;
        Ok(table)
    }

    /// A table whose rows another format has taken apart; lines count from 1.
    pub fn from_records(header: Vec<String>, rows: Vec<(u32, StringRecord)>, wanted: &Wanted) -> Result<Self, Refusal> {
        if rows.is_empty() {
            return Err(Refusal::Unreadable("is empty".into()));
        }
        let absent: Vec<String> = wanted.names.iter().filter(|name| !header.contains(name)).cloned().collect();
        if !absent.is_empty() {
            return Err(Refusal::Columns { absent, fields: header.len(), found: header });
        }
        let width = header.len().max(rows[0].1.len());
        let table = Self { header, width, ..Self::new(Body::Records(rows), false) };
        table.has_position(wanted)?;
        Ok(table)
    }

    fn new(body: Body, latin1: bool) -> Self {
        Self { body, skip: 0, header: Vec::new(), width: 0, row_names: false, latin1, above: 0 }
    }

    fn has_position(&self, wanted: &Wanted) -> Result<(), Refusal> {
        match wanted.last.filter(|position| *position >= self.width) {
            Some(position) => Err(Refusal::Position { position, fields: self.width }),
            None => Ok(()),
        }
    }

    /// Position of the field that the column called `name` has in a row.
    pub fn position(&self, name: &str) -> Option<usize> {
        self.header.iter().position(|column| column == name).map(|at| at + usize::from(self.row_names))
    }

    /// Calls `each` with the line and the fields of every row below the header, blank rows left out.
    pub fn rows(&self, each: &mut dyn FnMut(u32, &StringRecord)) {
        let mut skip = self.skip;
        self.records(&mut |line, record| {
            if skip == 0 {
                each(line, record);
            }
            skip = skip.saturating_sub(1);
            true
        });
    }

    /// True when a row is the header again.
    pub fn is_header(&self, record: &StringRecord) -> bool {
        !self.header.is_empty()
            && record.len() == self.header.len()
            && record.iter().zip(&self.header).all(|(field, name)| field.trim() == name)
    }

    fn records(&self, each: &mut dyn FnMut(u32, &StringRecord) -> bool) {
        match &self.body {
            Body::Text { text, separator } => records(text, *separator, each),
            Body::Records(rows) => {
                let _ = rows.iter().all(|(line, record)| each(*line, record));
            }
        }
    }

    fn find_header(&mut self, csv: &Csv, wanted: &Wanted) -> Result<(), Refusal> {
        let mut top: Vec<Vec<String>> = Vec::new();
        self.records(&mut |_, record| {
            top.push(trimmed(record));
            top.len() < ABOVE
        });
        let Some(first) = top.first() else {
            return Err(Refusal::Unreadable("is empty".into()));
        };
        let has_names = |row: &&Vec<String>| wanted.names.iter().all(|name| row.contains(name));
        let above = match csv.header {
            // Loggers write other things above their header; it is the row that has all names.
            Header::Auto | Header::Yes if !wanted.names.is_empty() => {
                top.iter().position(|row| has_names(&row)).unwrap_or(0)
            }
            _ => 0,
        };
        let first = if above > 0 { top[above].clone() } else { first.clone() };
        let absent: Vec<String> = wanted.names.iter().filter(|name| !first.contains(name)).cloned().collect();
        let has_header = match csv.header {
            Header::Yes => true,
            Header::No => false,
            Header::Auto if wanted.names.is_empty() => starts_with_names(&first, csv, wanted),
            Header::Auto => absent.len() < wanted.names.len() || !looks_like_data(&first, csv),
        };
        if !absent.is_empty() || (!has_header && !wanted.names.is_empty()) {
            let found = if has_header { first.clone() } else { Vec::new() };
            return Err(Refusal::Columns { absent, found, fields: first.len() });
        }
        let twice = |name: &&String| first.iter().filter(|column| column == name).count() > 1;
        if has_header && let Some(name) = wanted.names.iter().find(twice) {
            return Err(Refusal::Twice(name.clone()));
        }
        if has_header {
            (self.header, self.skip, self.above) = (first, above + 1, above);
        }
        Ok(())
    }

    /// The width is the header's. Only when most rows have one field more, and it isn't an empty one behind
    /// a trailing separator, the first field is a row name, as R's `write.table` writes it.
    fn find_width(&mut self) -> Result<(), Refusal> {
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        let mut trailing = true;
        let named = self.header.len();
        self.rows(&mut |_, record| {
            *counts.entry(record.len()).or_default() += 1;
            trailing &= record.len() != named + 1 || record.get(named).is_some_and(|last| last.trim().is_empty());
        });
        let Some((common, _)) = counts.into_iter().max_by_key(|(_, count)| *count) else {
            return Err(Refusal::Unreadable("has a header but no rows".into()));
        };
        let one_more = self.skip > 0 && common == named + 1;
        self.row_names = one_more && !trailing;
        self.width = if self.skip > 0 && !one_more { named } else { common };
        Ok(())
    }
}

/// Reads records until `each` returns false. Lines count from 1; rows without any text are skipped.
fn records(text: &str, separator: u8, each: &mut dyn FnMut(u32, &StringRecord) -> bool) {
    let mut reader: Reader<&[u8]> = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .buffer_capacity(text.len().clamp(64, 1 << 14))
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    let (mut offset, mut line) = (0, 1);
    // The text is valid UTF-8 and rows may have any length, so the reader has nothing left to fail on.
    while reader.read_record(&mut record).unwrap_or(false) {
        // The position is that of the first blank line before the record.
        let mut start = record.position().map_or(0, |position| position.byte() as usize);
        start += text[start..].bytes().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        line += newlines(&text.as_bytes()[offset..start]);
        offset = start;
        if record.iter().all(|field| field.trim().is_empty()) {
            continue;
        }
        if !each(line, &record) {
            return;
        }
    }
}

/// Line ends of Unix, Windows and the old Macintosh.
fn newlines(bytes: &[u8]) -> u32 {
    let lone = |at: usize| bytes[at] == b'\r' && bytes.get(at + 1) != Some(&b'\n');
    (0..bytes.len()).filter(|at| bytes[*at] == b'\n' || lone(*at)).count() as u32
}

fn trimmed(record: &StringRecord) -> Vec<String> {
    record.iter().map(|field| field.trim().to_string()).collect()
}

/// The text with comment lines made blank, so that lines keep their numbers.
fn without_comments(text: &str, comment: &str) -> String {
    let keep = |line: &&str| !line.trim_start().starts_with(comment);
    text.split_inclusive('\n').map(|line| Some(line).filter(keep).unwrap_or("\n")).collect()
}

/// With positions only: the first row is a header when a position that should be a number holds text.
fn starts_with_names(first: &[String], csv: &Csv, wanted: &Wanted) -> bool {
    let text = |at: &usize| first.get(*at).is_some_and(|cell| is_text(cell, csv));
    wanted.numeric.iter().any(text)
}

/// True when at least half of the cells are numbers: such a row is data, not names.
fn looks_like_data(first: &[String], csv: &Csv) -> bool {
    let numbers = first.iter().filter(|cell| !is_text(cell, csv)).count();
    numbers * 2 >= first.len()
}

fn is_text(text: &str, csv: &Csv) -> bool {
    cell::number(text, csv.decimal_comma) == cell::Cell::Text
}

/// The separator under which the wanted names appear and rows agree in their number of fields.
fn sniff(text: &str, csv: &Csv, wanted: &Wanted) -> char {
    let candidates = SEPARATORS.iter().filter(|separator| !(csv.decimal_comma && **separator == ','));
    let mut best = (',', (0, 0));
    // A character that isn't there separates nothing.
    for separator in candidates.filter(|separator| text.contains(**separator)) {
        let score = score(text, *separator as u8, wanted);
        if score > best.1 {
            best = (*separator, score);
        }
    }
    if best.1 > (0, 0) || !text.trim().contains([' ', '\t']) {
        return best.0;
    }
    let (found, agreement) = score(&join_blanks(text), b'\t', wanted);
    if found * 2 >= wanted.names.len() && agreement > 0 { ' ' } else { best.0 }
}

/// Wanted names in the row that has most of them, and percent of the first rows that have the most common number of
/// fields.
fn score(text: &str, separator: u8, wanted: &Wanted) -> (usize, usize) {
    const SAMPLE: usize = 200;
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    let (mut rows, mut found) = (0, 0);
    records(text, separator, &mut |_, record| {
        if rows < ABOVE && found < wanted.names.len() {
            let fields: std::collections::HashSet<&str> = record.iter().map(str::trim).collect();
            found = found.max(wanted.names.iter().filter(|name| fields.contains(name.as_str())).count());
        }
        *counts.entry(record.len()).or_default() += 1;
        rows += 1;
        rows < SAMPLE
    });
    match counts.into_iter().max_by_key(|(_, count)| *count) {
        Some((fields, count)) if fields > 1 => (found, count * 100 / rows),
        _ => (0, 0),
    }
}

/// Runs of blanks and tabs become one tab.
fn join_blanks(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for line in text.lines() {
        for (index, field) in line.split_whitespace().enumerate() {
            if index > 0 {
                joined.push('\t');
            }
            joined.push_str(field);
        }
        joined.push('\n');
    }
    joined
}

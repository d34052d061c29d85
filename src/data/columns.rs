//! What the columns of tables hold, those that the model doesn't read too: enough of each to find ids, clocks, and columns
//! that give the label away. Bounded: rows are thinned evenly, texts are cut.

use std::collections::{BTreeMap, HashMap};

use super::cell;
use super::formats::csv::{Record, Table};
use super::rows::{Column, Options};

/// Rows that are kept before every other one is dropped.
const ROWS: usize = 40_000;
/// The same for cells.
const CELLS: usize = 8_000_000;
/// Wider tables hold samples of a signal or pixels side by side, not facts about a row.
const WIDEST: usize = 4096;
/// Letters of a text that tell it from others.
const LETTERS: usize = 64;
/// Steps of a clock that are kept.
const STEPS: usize = 200_000;
/// No cell: the file hasn't the column.
const ABSENT: u32 = u32::MAX;

/// Cells of every column of the tables, for an even selection of the rows.
#[derive(Clone, Default, Debug)]
pub struct Columns {
    /// Columns in the order of the first file.
    pub list: Vec<Seen>,
    /// Class of each kept row.
    pub classes: Vec<u32>,
    /// Columns that the model reads.
    pub channels: Vec<Column>,
    /// Columns with the label or the targets.
    pub labels: Vec<Column>,
    /// Columns that say which rows stay together.
    pub groups: Vec<Column>,
    /// Sampling rate that the spec declares, Hz.
    pub rate: Option<f64>,
    met: usize,
    stride: usize,
}

/// What was seen of one column.
#[derive(Clone, Debug)]
pub struct Seen {
    /// Its name in the header; `column 3` without one.
    pub name: String,
    /// Where it stands.
    pub column: Column,
    /// Different texts.
    pub texts: Vec<String>,
    /// For each kept row an index into `texts`; none where its file hasn't the column.
    pub codes: Vec<u32>,
    /// Steps from row to row within a file, where the column may be a clock.
    pub clock: Option<Clock>,
    known: HashMap<String, u32>,
}

/// Steps of a column that may be a clock.
#[derive(Clone, Default, Debug)]
pub struct Clock {
    /// Differences of neighbouring rows of a file, the first of them; seconds where the cells are dates.
    pub steps: Vec<f32>,
    /// Steps that go back.
    pub back: usize,
    /// Cells that are neither a number nor a date.
    pub unread: usize,
    /// True when cells are dates, so that steps are seconds.
    pub dated: bool,
    /// Files that have it.
    pub files: usize,
}

impl Columns {
    /// Nothing seen yet; what `options` ask of the columns.
    pub fn new(options: &Options) -> Self {
        Self {
            channels: options.channels.iter().map(|channel| channel.column.clone()).collect(),
            labels: if options.targets.is_empty() { vec![options.label.clone()] } else { options.targets.clone() },
            groups: options.by.iter().cloned().collect(),
            ..Self::default()
        }
    }

    /// Looks at the rows of one file; `bound` is what its path binds.
    pub fn table(&mut self, options: &Options, bound: &BTreeMap<String, String>, table: &Table) {
        let label = match &options.label {
            Column::Named(name) => bound.get(name).map_or_else(|| table.position(name).ok_or(""), |text| Err(text)),
            Column::At(position) => Ok(*position),
        };
        self.rows(
            &|record| {
                let text = label.map_or_else(|text| text, |at| record.get(at).unwrap_or("").trim());
                let classes = &options.classes;
                let exact = classes.iter().position(|class| class == text);
                let class = exact.or_else(|| classes.iter().position(|class| cell::same(text, class)));
                class.or(classes.is_empty().then_some(0)).map(|class| class as u32)
            },
            table,
        );
    }

    /// Looks at the rows of one file; those without a class are left out.
    pub fn rows(&mut self, class: &dyn Fn(&Record) -> Option<u32>, table: &Table) {
        if table.width > WIDEST {
            return;
        }
        let places: Vec<usize> = (0..table.width).map(|at| self.place(at, table)).collect();
        for at in &places {
            self.list[*at].clock.iter_mut().for_each(|clock| clock.files += 1);
        }
        let mut before: Vec<Option<f64>> = vec![None; table.width];
        self.stride = self.stride.max(1);
        table.rows(&mut |_, record| {
            if record.len() != table.width {
                return;
            }
            for (at, place) in places.iter().enumerate() {
                if let Some(clock) = &mut self.list[*place].clock {
                    clock.tick(record.get(at).unwrap_or("").trim(), &mut before[at]);
                }
            }
            self.met += 1;
            if !(self.met - 1).is_multiple_of(self.stride) {
                return;
            }
            let Some(class) = class(record) else { return };
            self.classes.push(class);
            let kept = self.classes.len();
            for (at, place) in places.iter().enumerate() {
                self.list[*place].add(record.get(at).unwrap_or("").trim(), kept);
            }
            if kept >= ROWS || kept * self.list.len() >= CELLS {
                self.thin();
            }
        });
    }

    /// The column of a file's field, by name where there is one.
    fn place(&mut self, at: usize, table: &Table) -> usize {
        let first = usize::from(table.row_names);
        let (name, column) = match table.header.get(at.wrapping_sub(first)) {
            Some(name) if !name.is_empty() => (name.clone(), Column::Named(name.clone())),
            _ if table.row_names && at == 0 => ("row name".to_string(), Column::At(0)),
            _ => (format!("column {at}"), Column::At(at)),
        };
        if let Some(place) = self.list.iter().position(|seen| seen.name == name) {
            return place;
        }
        let clock = is_clock(&name, at).then(Clock::default);
        let (texts, codes, known) = (Vec::new(), Vec::new(), HashMap::new());
        self.list.push(Seen { name, column, texts, codes, clock, known });
        self.list.len() - 1
    }

    /// Drops every other row.
    fn thin(&mut self) {
        fn halve(list: &mut Vec<u32>) {
            let mut index = 0;
            list.retain(|_| {
                index += 1;
                index % 2 == 1
            });
        }
        let kept = self.classes.len();
        for seen in &mut self.list {
            seen.codes.resize(kept, ABSENT);
            halve(&mut seen.codes);
        }
        halve(&mut self.classes);
        self.stride *= 2;
    }
}

impl Seen {
    /// The cell of a kept row.
    pub fn text(&self, row: usize) -> Option<&str> {
        let code = *self.codes.get(row)?;
        self.texts.get(code as usize).map(String::as_str)
    }

    fn add(&mut self, text: &str, kept: usize) {
        let text = &text[..text.floor_char_boundary(LETTERS)];
        let code = if let Some(code) = self.known.get(text) {
            *code
        } else {
            self.texts.push(text.into());
            self.known.insert(text.into(), self.texts.len() as u32 - 1);
            self.texts.len() as u32 - 1
        };
        self.codes.resize(kept - 1, ABSENT);
        self.codes.push(code);
    }
}

impl Clock {
    fn tick(&mut self, text: &str, before: &mut Option<f64>) {
        let number = text.parse::<f64>().ok().filter(|number| number.is_finite());
        let now = number.or_else(|| {
            let date = date(text);
            self.dated |= date.is_some();
            date
        });
        let Some(now) = now else {
            self.unread += 1;
            return;
        };
        if let Some(before) = before.replace(now) {
            self.back += usize::from(now < before);
            if now >= before && self.steps.len() < STEPS {
                self.steps.push((now - before) as f32);
            }
        }
    }
}

/// True when a column may be a clock: by its name, or as the first one of a table without names.
fn is_clock(name: &str, at: usize) -> bool {
    let lower = name.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|letter: char| !letter.is_ascii_alphanumeric()).collect();
    let known = ["t", "ts", "ms", "us", "time", "date", "datetime", "timestamp", "millis", "micros", "clock", "epoch"];
    words.iter().any(|word| known.contains(word) || word.ends_with("timestamp")) || (at == 0 && name == "column 0")
}

/// Seconds since 1970 of `2015-02-04 17:51:00`, with `T` or `/` and fractions; zones are ignored.
pub fn date(text: &str) -> Option<f64> {
    let (day, clock) = text.split_once(['T', ' ']).unwrap_or((text, "00:00:00"));
    let mut fields = day.split(['-', '/']).map(|field| field.parse::<i64>().ok());
    let (year, month, day) = (fields.next()??, fields.next()??, fields.next()??);
    if fields.next().is_some() || !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&day)
    {
        return None;
    }
    let clock = clock.trim_end_matches('Z').split('+').next()?;
    let mut fields = clock.split(':').map(|field| field.parse::<f64>().ok().filter(|field| field.is_finite()));
    let (hours, minutes) = (fields.next()??, fields.next()??);
    let seconds = fields.next().unwrap_or(Some(0.0))?;
    // Days from the civil calendar: Hinnant, "chrono-Compatible Low-Level Date Algorithms", 2013.
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(days as f64 * 86_400.0 + hours * 3600.0 + minutes * 60.0 + seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_seconds() {
        assert_eq!(date("1970-01-01 00:00:00"), Some(0.0));
        assert_eq!(date("2015-02-04T17:51:00.5Z"), Some(1_423_072_260.5));
        assert_eq!(date("2000/02/29 01:02"), Some(951_786_120.0));
        for wrong in ["12", "1-2", "2015-13-01", "a-b-c", "2015-02-04 x:y"] {
            assert_eq!(date(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn clocks_have_names() {
        for name in ["time", "Time (s)", "timestamp", "date", "t", "t_ms", "sample time"] {
            assert!(is_clock(name, 3), "{name}");
        }
        for name in ["temperature", "runtime_class", "torque"] {
            assert!(!is_clock(name, 3), "{name}");
        }
    }
}

//! From the fields of one table to recordings: which field feeds which channel, what a cell means there, and which
//! rows belong together.

use std::collections::HashMap;

use super::block::Block;
use super::cell::{self, Cell};
use super::formats::csv::{Record, Table, Wanted};
use super::marks::{At, Beside, From, Mark, Marks, Verdict, columns, decimal_comma};
use super::rows::{Column, Missing, Options};
use super::source::Take;

/// What is asked of every row of every file.
pub struct Reader<'a> {
    options: &'a Options,
    take: Take,
    slots: Vec<Slot>,
    decimal_comma: bool,
    absent: Vec<f32>,
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

/// A recording whose rows are still coming.
struct Open {
    mark: Mark,
    line: u32,
    start: usize,
    rows: usize,
    verdict: Verdict,
}

impl<'a> Reader<'a> {
    /// A reader for `options`.
    pub fn new(options: &'a Options, take: Take) -> Self {
        let mut slots: Vec<Slot> = Vec::new();
        let mut onehot: HashMap<&Column, usize> = HashMap::new();
        for (index, channel) in options.channels.iter().enumerate() {
            let column = &channel.column;
            let Some(category) = &channel.category else {
                slots.push(Slot { column: column.clone(), takes: Takes::Number { channel: index } });
                continue;
            };
            let at = *onehot.entry(column).or_insert_with(|| {
                slots.push(Slot { column: column.clone(), takes: Takes::OneHot { categories: Vec::new() } });
                slots.len() - 1
            });
            if let Takes::OneHot { categories } = &mut slots[at].takes {
                categories.push((category.clone(), index));
            }
        }
        let absent = options.absent.iter().filter_map(|text| text.parse().ok()).collect();
        Self { options, take, slots, decimal_comma: decimal_comma(options), absent }
    }

    /// The columns that a file must have when `beside` doesn't say them.
    pub fn wanted(&self, beside: &Beside) -> Wanted {
        let mut wanted = Wanted::default();
        let numeric = |slot: &Slot| matches!(slot.takes, Takes::Number { .. });
        let channels = self.slots.iter().map(|slot| (&slot.column, numeric(slot)));
        for (column, numeric) in channels.chain(columns(self.options)) {
            match column {
                Column::Named(name) if beside.find(name).is_some() => {}
                Column::Named(name) => wanted.names.push(name.clone()),
                Column::At(position) => {
                    wanted.last = wanted.last.max(Some(*position));
                    wanted.numeric.extend(numeric.then_some(*position));
                }
            }
        }
        let mut seen = std::collections::HashSet::new();
        wanted.names.retain(|name| seen.insert(name.clone()));
        wanted
    }

    /// Reads the recordings of one file.
    pub fn read(&self, path: &str, beside: &Beside, table: &Table) -> Block {
        let from = |column: &Column| match column {
            Column::At(position) => From::Field(*position),
            Column::Named(name) => {
                let field = || From::Field(table.position(name).unwrap_or(usize::MAX));
                beside.find(name).unwrap_or_else(field)
            }
        };
        let slots: Vec<From> = self.slots.iter().map(|slot| from(&slot.column)).collect();
        let mut marks = Marks::new(self.options, &from);
        let mut block = Block::new(path, self.options.channels.len());
        let mut open: Option<Open> = None;
        let mut index = 0;
        table.rows(&mut |line, record| {
            if table.is_header(record) {
                // A logger that was started again writes its header again: what came before is over.
                self.close(open.take(), &mut block);
                return;
            }
            block.faults.rows += 1;
            let field = |position: usize| record.get(position).unwrap_or("").trim();
            let at = At { path, line, index, field: &field };
            index += 1;
            if record.len() != table.width {
                block.faults.ragged.add(|| ragged(path, line, record, table.width));
                if let Some(open) = open.as_mut().filter(|_| self.is_sample(record, table.width)) {
                    self.skip_row(open);
                }
                return;
            }
            let (mark, marked) = marks.read(&at, &mut block);
            if open.as_ref().is_some_and(|open| self.ends(open, &mark, marked)) {
                self.close(open.take(), &mut block);
            }
            let start = block.x.len();
            let verdict = self.channels(&at, &slots, &mut block).max(marked);
            let open =
                open.get_or_insert_with(|| Open { mark: mark.clone(), line, start, rows: 0, verdict: Verdict::Keep });
            self.add(open, mark, verdict, &mut block);
        });
        self.close(open.take(), &mut block);
        block
    }

    /// True when a row can't belong to the recording that is open.
    fn ends(&self, open: &Open, mark: &Mark, marked: Verdict) -> bool {
        match self.take {
            Take::Row => true,
            Take::Rows(count) if open.rows >= count => true,
            Take::Rows(_) | Take::File => {
                let same = |a: &Mark, b: &Mark| (a.class, a.group, a.part) == (b.class, b.group, b.part);
                marked == Verdict::Keep && !same(&open.mark, mark)
            }
        }
    }

    /// True for a damaged row of numbers, which has a place in its take; a line of a log has none.
    fn is_sample(&self, record: &Record, width: usize) -> bool {
        let number = |text: &&str| matches!(cell::number(text.trim(), self.decimal_comma), Cell::Number(_));
        record.iter().filter(number).count() * 2 >= width
    }

    /// A row that can't be read at all: a gap in a stream, the end of a take's use.
    fn skip_row(&self, open: &mut Open) {
        if let Take::Rows(_) = self.take {
            open.rows += 1;
            open.verdict = Verdict::Fault;
        }
    }

    /// Adds a row, whose values stand at the end of `x`.
    fn add(&self, open: &mut Open, mark: Mark, verdict: Verdict, block: &mut Block) {
        if self.take == Take::File {
            if verdict == Verdict::Keep {
                open.rows += 1;
                open.mark.values = mark.values;
            } else {
                block.x.truncate(block.x.len() - self.options.channels.len());
                block.dropped += usize::from(verdict == Verdict::Drop);
            }
            return;
        }
        open.rows += 1;
        open.mark.values = mark.values;
        open.verdict = open.verdict.max(verdict);
    }

    /// Ends the recording that is open.
    fn close(&self, open: Option<Open>, block: &mut Block) {
        let Some(open) = open else { return };
        let whole = match self.take {
            Take::Row => true,
            Take::Rows(count) => open.rows == count,
            Take::File => open.rows > 0,
        };
        if whole && open.verdict == Verdict::Keep {
            block.finish(&open.mark, open.line, self.options);
            return;
        }
        block.x.truncate(open.start);
        if whole {
            block.dropped += usize::from(open.verdict == Verdict::Drop);
        } else if self.take != Take::File {
            block.left_over += open.rows;
        }
    }

    /// Appends the values of one row.
    fn channels(&self, at: &At, slots: &[From], block: &mut Block) -> Verdict {
        let start = block.x.len();
        block.x.resize(start + self.options.channels.len(), 0.0);
        let mut verdict = Verdict::Keep;
        for (slot, from) in self.slots.iter().zip(slots) {
            let text = at.text(from);
            verdict = verdict.max(match self.outcome(slot, text, at, block) {
                Outcome::Set(channel, value) => {
                    block.x[start + channel] = value;
                    Verdict::Keep
                }
                Outcome::Missing => {
                    for channel in slot.channels() {
                        block.missing[channel] += 1;
                        block.x[start + channel] = self.options.missing.fill();
                    }
                    absent(self.options.missing, at, slot, block)
                }
                Outcome::Fault => Verdict::Fault,
            });
        }
        verdict
    }

    fn outcome(&self, slot: &Slot, text: &str, at: &At, block: &mut Block) -> Outcome {
        if self.options.absent.iter().any(|word| word == text) {
            return Outcome::Missing;
        }
        match &slot.takes {
            Takes::Number { channel } => match cell::number(text, self.decimal_comma) {
                Cell::Number(value) if self.absent.iter().any(|word| word.to_bits() == value.to_bits()) => {
                    Outcome::Missing
                }
                Cell::Number(value) => Outcome::Set(*channel, value),
                Cell::Missing => Outcome::Missing,
                Cell::Text => {
                    let texts = block.faults.texts.entry(slot.column.to_string()).or_default();
                    texts.add(text, || format!("{}: `{text}`", at.place()));
                    Outcome::Fault
                }
            },
            Takes::OneHot { categories } => match find(categories, text) {
                Some(channel) => Outcome::Set(channel, 1.0),
                None if cell::is_missing(text) => Outcome::Missing,
                None => {
                    let texts = block.faults.categories.entry(slot.column.to_string()).or_default();
                    texts.entry(text.into()).or_default().add(|| at.place());
                    Outcome::Fault
                }
            },
        }
    }
}

/// What a missing cell does to its row.
fn absent(missing: Missing, at: &At, slot: &Slot, block: &mut Block) -> Verdict {
    match missing {
        Missing::Refuse => {
            block.faults.missing.add(|| format!("{}: `{}`", at.place(), slot.column));
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

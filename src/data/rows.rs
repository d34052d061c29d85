//! What is asked of the data, and what comes out of it: recordings of one shape, or streams, with a class each.

use crate::base::{Diag, Span};

use super::columns::Columns;
use super::source::Source;

/// What to read from the files of one data set.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which files, and how they are written.
    pub source: Source,
    /// Dimensions of a recording, or of one sample of a stream; never empty.
    pub dims: Vec<usize>,
    /// Channels in order, as many as the last dimension; never empty.
    pub channels: Vec<Channel>,
    /// What names the class of a row.
    pub label: Column,
    /// Class names, in the order of their indices; empty where numbers are learnt.
    pub classes: Vec<String>,
    /// The class of labels that aren't in `classes`; `None`: they are refused.
    pub other: Option<usize>,
    /// Columns with the numbers that are learnt instead of classes.
    pub targets: Vec<Column>,
    /// Samples a second, where the files are checked against it.
    pub rate: Option<f64>,
    /// What a missing number means.
    pub missing: Missing,
    /// Cells that mean that a number is missing, besides the usual ones.
    pub absent: Vec<String>,
    /// Rows that agree in this column form a group.
    pub by: Option<Column>,
    /// The column that says to which part a row belongs.
    pub part: Option<Column>,
    /// Leave out what can't be read, with a warning, instead of refusing it.
    pub skip: bool,
    /// Where the spec names the source, for diagnostics.
    pub source_span: Span,
    /// Where the spec lists the classes, for diagnostics.
    pub classes_span: Span,
}

/// A column of a file, or a name bound by the path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Column {
    /// By name; a binding of the path goes before a header.
    Named(String),
    /// By position, from 0.
    At(usize),
}

/// For people: the name, or `column 3`.
impl std::fmt::Display for Column {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Named(name) => f.write_str(name),
            Self::At(position) => write!(f, "column {position}"),
        }
    }
}

/// One input channel.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Channel {
    /// Its name.
    pub name: String,
    /// The column that it reads.
    pub column: Column,
    /// `Some(category)`: 1 where the cell is the category, else 0.
    pub category: Option<String>,
}

/// What a missing number means.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Missing {
    /// An error that names file and line.
    Refuse,
    /// The row (or the take that it is in) is left out and counted.
    Drop,
    /// The channel's mean over the training part: NaN until `split::divide` fills it.
    Mean,
    /// This number.
    Value(f32),
}

impl Missing {
    /// What stands in a missing cell of a row that is kept.
    pub fn fill(self) -> f32 {
        match self {
            Self::Value(value) => value,
            Self::Refuse | Self::Drop | Self::Mean => f32::NAN,
        }
    }
}

/// Recordings of a data set in the order of their files' paths; "row" is the short word for one.
#[derive(Clone, Default, Debug)]
pub struct Rows {
    /// Channel names.
    pub channels: Vec<String>,
    /// Class names.
    pub classes: Vec<String>,
    /// Dimensions of a row, or of one sample of a stream; the last one counts the channels.
    pub dims: Vec<usize>,
    /// Values; NaN only under `Missing::Mean`.
    pub x: Vec<f32>,
    /// Streams only: where each row ends in `x`.
    pub ends: Vec<usize>,
    /// Class index of each row; 0 where numbers are learnt.
    pub y: Vec<u32>,
    /// What the numbers to learn are called; empty where classes are learnt.
    pub targets: Vec<String>,
    /// The numbers to learn, `targets.len()` a row.
    pub values: Vec<f32>,
    /// Group of each row as an index into `groups`; empty without `by`.
    pub group: Vec<u32>,
    /// What the groups are called.
    pub groups: Vec<String>,
    /// What the data says of each row's part, as an index into `parts`; empty where it doesn't.
    pub part: Vec<u32>,
    /// The words for parts.
    pub parts: Vec<String>,
    /// File (an index into `files`) and line of each row.
    pub origin: Vec<(u32, u32)>,
    /// Paths of the files.
    pub files: Vec<String>,
    /// Rows left out because a cell was missing.
    pub dropped: usize,
    /// Missing cells of each channel, left-out rows included.
    pub missing: Vec<usize>,
    /// What the tables hold, columns that nothing reads too.
    pub columns: Columns,
    /// What is worth a look, though the build goes on.
    pub warnings: Vec<Diag>,
}

impl Rows {
    /// Number of rows.
    pub fn len(&self) -> usize {
        self.y.len()
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.y.is_empty()
    }

    /// True when rows are streams of any length.
    pub fn is_stream(&self) -> bool {
        !self.ends.is_empty()
    }

    /// Numbers of a row, or of one sample of a stream.
    pub fn width(&self) -> usize {
        self.dims.iter().product()
    }

    /// The values of one row.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.x[self.range(index)]
    }

    /// Where a row lies in `x`.
    pub fn range(&self, index: usize) -> std::ops::Range<usize> {
        let width = self.width();
        match self.ends.get(index) {
            Some(end) => index.checked_sub(1).map_or(0, |before| self.ends[before])..*end,
            None => index * width..(index + 1) * width,
        }
    }

    /// Samples of each row of a stream.
    pub fn lengths(&self) -> Vec<i32> {
        (0..self.ends.len()).map(|row| (self.range(row).len() / self.width().max(1)) as i32).collect()
    }

    /// Where a row came from: `data/a.csv:17`; only the file where it has no lines.
    pub fn place(&self, index: usize) -> String {
        let (file, line) = self.origin[index];
        let file = &self.files[file as usize];
        if line == 0 { file.clone() } else { format!("{file}:{line}") }
    }

    /// Compares two rows by their bits, NaN equal to NaN.
    pub fn compare(&self, a: usize, b: usize) -> std::cmp::Ordering {
        let bits = |row: usize| self.row(row).iter().map(|value| value.to_bits());
        bits(a).cmp(bits(b))
    }

    /// Row indices in an order in which equal rows are neighbours, the lower index first.
    pub fn neighbours(&self) -> Vec<u32> {
        let mix = |hash: u64, value: &f32| {
            (hash ^ u64::from(value.to_bits())).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
        };
        let hash = |row: usize| self.row(row).iter().fold(0x243f_6a88_85a3_08d3, mix);
        // Numbers sort much faster than rows; rows are compared only where their hashes are equal.
        let mut order: Vec<(u64, u32)> = (0..self.len()).map(|row| (hash(row), row as u32)).collect();
        order.sort_unstable();
        for run in order.chunk_by_mut(|a, b| a.0 == b.0) {
            if run.len() > 1 {
                run.sort_by(|a, b| self.compare(a.1 as usize, b.1 as usize).then(a.1.cmp(&b.1)));
            }
        }
        order.into_iter().map(|(_, row)| row).collect()
    }

    /// What rows are stratified by, and how many strata there are: their class, or, where numbers are learnt,
    /// the tenth of the first number's values that they are in (fewer than ten where there are few rows).
    pub fn strata(&self) -> (Vec<u32>, usize) {
        if self.targets.is_empty() {
            return (self.y.clone(), self.classes.len());
        }
        let width = self.targets.len();
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|a, b| self.values[a * width].total_cmp(&self.values[b * width]));
        let count = (self.len() / 10).clamp(1, 10);
        let mut strata = vec![0; self.len()];
        let mut before = None;
        for (rank, row) in order.iter().enumerate() {
            // Equal values share a stratum, so that the order of the rows doesn't matter.
            let value = self.values[row * width].to_bits();
            let stratum = match before {
                Some((last, stratum)) if last == value => stratum,
                _ => (rank * count / self.len().max(1)) as u32,
            };
            strata[*row] = stratum;
            before = Some((value, stratum));
        }
        (strata, count)
    }

    /// Keeps the rows for which `keep` is true.
    pub fn retain(&mut self, keep: &[bool]) {
        let chosen: Vec<usize> = (0..self.len()).filter(|row| keep[*row]).collect();
        let mut x = Vec::new();
        let mut ends = Vec::new();
        for row in &chosen {
            x.extend_from_slice(self.row(*row));
            ends.push(x.len());
        }
        if self.is_stream() {
            self.ends = ends;
        }
        let targets = self.targets.len();
        self.values = chosen.iter().flat_map(|row| &self.values[row * targets..(row + 1) * targets]).copied().collect();
        let pick = |list: &[u32]| chosen.iter().filter_map(|row| list.get(*row).copied()).collect::<Vec<u32>>();
        (self.y, self.group, self.part) = (pick(&self.y), pick(&self.group), pick(&self.part));
        self.origin = chosen.iter().map(|row| self.origin[*row]).collect();
        self.x = x;
    }
}

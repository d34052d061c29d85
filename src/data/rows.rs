//! What is asked of the data, and what comes out of it: rows of channels with a class each.

use crate::base::{Diag, Span};

use super::columns::Columns;
use super::formats::csv::Csv;
use super::pattern::Pattern;

/// What to read from the files of one data set.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which files, and what their paths bind.
    pub pattern: Pattern,
    /// How a file is written.
    pub csv: Csv,
    /// Channels in order; never empty.
    pub channels: Vec<Channel>,
    /// What names the class of a row.
    pub label: Column,
    /// Class names, in the order of their indices.
    pub classes: Vec<String>,
    /// What a missing number means.
    pub missing: Missing,
    /// Rows that agree in this column form a group.
    pub by: Option<Column>,
    /// Where the spec names the source, for diagnostics.
    pub source_span: Span,
    /// Where the spec lists the classes, for diagnostics.
    pub classes_span: Span,
}

/// A column of a file, or a name bound by the path.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
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
    /// The row is left out and counted.
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

/// Rows of a data set in the order of their files' paths. `x` is row-major `f32[len, channels]`.
#[derive(Clone, Default, Debug)]
pub struct Rows {
    /// Channel names.
    pub channels: Vec<String>,
    /// Class names.
    pub classes: Vec<String>,
    /// Values, `channels.len()` a row; NaN only under `Missing::Mean`.
    pub x: Vec<f32>,
    /// Class index of each row.
    pub y: Vec<u32>,
    /// Group of each row as an index into `groups`; empty without `by`.
    pub group: Vec<u32>,
    /// What the groups are called.
    pub groups: Vec<String>,
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

    /// The values of one row.
    pub fn row(&self, index: usize) -> &[f32] {
        let width = self.channels.len();
        &self.x[index * width..(index + 1) * width]
    }

    /// Where a row came from: `data/a.csv:17`.
    pub fn place(&self, index: usize) -> String {
        let (file, line) = self.origin[index];
        format!("{}:{line}", self.files[file as usize])
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
}

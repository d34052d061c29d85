//! What a spec says of its files: which ones, how they are written, and where their labels stand beside them.

use super::formats::csv::Csv;
use super::formats::image::Images;
use super::formats::raw::Raw;
use super::formats::wav::Wav;
use super::pattern::Pattern;
use super::rows::Column;

/// Files below the spec's folder.
#[derive(Clone, Debug)]
pub struct Source {
    /// Which files, and what their paths bind.
    pub pattern: Pattern,
    /// How a file is written.
    pub format: Format,
    /// What names the classes, where the files and their paths don't.
    pub labels: Option<Labels>,
}

/// How a file is written. Gzip around any of them is taken off.
#[derive(Clone, Debug)]
pub enum Format {
    /// Rows of text.
    Csv {
        /// How it is written.
        csv: Csv,
        /// How many rows a recording has.
        take: Take,
    },
    /// Sound.
    Wav(Wav),
    /// PNG, JPEG, BMP, PGM and PPM.
    Images(Images),
    /// Numbers without a header.
    Raw(Raw),
    /// One `NumPy` array, recordings along its first axis.
    Npy,
    /// Several `NumPy` arrays by name.
    Npz {
        /// The array with the recordings.
        x: String,
        /// The array with the labels; left out where something else names them.
        y: Option<String>,
    },
    /// Samples as Edge Impulse's data acquisition writes them: a file is a stream.
    Json {
        /// Convert other sampling rates.
        resample: bool,
    },
    /// A JSON object a line.
    Jsonl {
        /// Rows, or a stream a line.
        take: Take,
    },
    /// `label index:value …`
    Svmlight,
    /// The form of MNIST: big-endian, magic number, dimensions.
    Idx,
}

/// How many rows of a table make a recording.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Take {
    /// Each is one.
    Row,
    /// This many.
    Rows(usize),
    /// All that follow each other with one label and group: a stream.
    File,
}

/// Labels in files of their own.
#[derive(Clone, Debug)]
pub struct Labels {
    /// Which files.
    pub pattern: Pattern,
    /// How they are written.
    pub form: LabelForm,
}

/// How labels are written.
#[derive(Clone, Debug)]
pub enum LabelForm {
    /// A table: a row for each recording, in their order, or found by the name of the file.
    Csv {
        /// How it is written.
        csv: Csv,
        /// The column that is the label; others keep their names.
        column: Column,
        /// The column that names the file.
        file: Option<Column>,
    },
    /// A `NumPy` array with an element for each recording.
    Npy,
    /// An IDX file with an element for each recording.
    Idx,
}

impl Format {
    /// True when recordings have any length, so that a chain must cut them into windows.
    pub fn is_stream(&self) -> bool {
        match self {
            Self::Csv { take, .. } | Self::Jsonl { take } => *take == Take::File,
            Self::Wav(_) | Self::Json { .. } => true,
            Self::Images(_) | Self::Raw(_) | Self::Npy | Self::Npz { .. } | Self::Svmlight | Self::Idx => false,
        }
    }

    /// True when a file is one recording.
    pub fn is_single(&self) -> bool {
        matches!(self, Self::Wav(_) | Self::Images(_) | Self::Json { .. })
    }

    /// True when its files have columns of their own, which may name labels and groups.
    pub fn has_columns(&self) -> bool {
        matches!(self, Self::Csv { .. } | Self::Jsonl { .. } | Self::Svmlight | Self::Npz { y: Some(_), .. })
    }
}

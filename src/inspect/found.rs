//! What is asked, what there is, and what was found out: the words of this room.

/// A file of the data.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct File {
    /// Relative to the data's folder, with `/`.
    pub path: String,
    /// Bytes.
    pub size: u64,
}

/// The data's folder.
pub struct Folder<'a> {
    /// Every file below it, sorted.
    pub files: Vec<File>,
    /// The first bytes of a file, at most so many; none where it can't be read.
    pub read: &'a dyn Fn(&str, usize) -> Option<Vec<u8>>,
}

/// What the model is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Task {
    /// Which class.
    Classify,
    /// Which number.
    Regress,
    /// Whether something is as usual.
    Anomaly,
}

/// What the user wants.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// The project's name.
    pub name: String,
    /// The board's name in the library.
    pub board: String,
    /// The task; none: found out.
    pub task: Option<Task>,
    /// The column or binding with the label; none: found out.
    pub label: Option<String>,
    /// How the spec's folder reaches the data's: `data/`, or nothing.
    pub prefix: String,
    /// Bytes of flash that the board has.
    pub flash: u64,
    /// Bytes of RAM that the board has.
    pub ram: u64,
}

/// The form of one recording.
#[derive(Clone, PartialEq, Debug)]
pub enum Form {
    /// A row: so many channels.
    Row(usize),
    /// A row whose columns follow each other in time.
    Series(usize),
    /// So many samples of so many channels.
    Take(usize, usize),
    /// Samples of so many channels, any number of them: typical and shortest length, rate in Hz.
    Stream {
        /// Numbers of a sample.
        channels: usize,
        /// Median length in samples.
        typical: usize,
        /// The longest of nine tenths.
        long: usize,
        /// Samples a second.
        rate: Option<f64>,
        /// Sound, not motion or a sensor.
        sound: bool,
    },
    /// Height, width, channels.
    Image(usize, usize, usize),
}

/// What was found out of the data, ready to be written.
#[derive(Clone, Debug)]
pub struct Found {
    /// The value of `source`.
    pub source: String,
    /// The value of `channels`, where the format has none of its own.
    pub channels: Option<String>,
    /// The value of `label`; none: the binding `label`, or regression.
    pub label: Option<String>,
    /// Class names with their recordings (or rows), in the order of the model's outputs.
    pub classes: Vec<(String, usize)>,
    /// The value of `target`, for regression.
    pub target: Option<String>,
    /// Classes that are as usual, for the detection of anomalies.
    pub normal: Vec<String>,
    /// Samples a second as the spec writes it.
    pub rate: Option<String>,
    /// The value of `missing`.
    pub missing: Option<String>,
    /// The value of `absent`.
    pub absent: Option<String>,
    /// The value of `split`.
    pub split: Option<String>,
    /// Whether files that can't be read are left out instead of refused.
    pub skip: bool,
    /// The form of a recording.
    pub form: Form,
    /// Recordings, or rows.
    pub count: usize,
    /// Comments for the fields of `dataset`, by field.
    pub why: Vec<(&'static str, String)>,
    /// What was found, a sentence each, for people.
    pub says: Vec<String>,
    /// What couldn't be found out, and which flag or edit decides.
    pub open: Vec<String>,
}

impl Found {
    /// Adds the reason for a field.
    pub(super) fn because(&mut self, field: &'static str, text: impl Into<String>) {
        self.why.push((field, text.into()));
    }

    /// True when the largest class has ten times as many as the smallest, or more.
    pub(super) fn imbalanced(&self) -> bool {
        let rows = || self.classes.iter().map(|(_, rows)| *rows);
        rows().max().unwrap_or(0) >= 10 * rows().min().unwrap_or(0).max(1)
    }
}

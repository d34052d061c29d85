//! The step `cut:FEATURES`: streams to windows, which have their recording's class and part.

use crate::base::npy::{Array, Data};
use crate::base::{Diag, Diags, Shape};
use crate::engine::{Facts, Job, Outputs, Stage};
use crate::spec::model::{Features, Short, Window};

use super::arrays::{array, bytes, integers, rows};

/// Numbers in all windows together: 4 GiB of them.
const MOST: usize = 1 << 30;

/// The step. Inputs: `x.npy` `f32[samples, channels]`, `lengths.npy` `i32[n]`, `y.npy`, `part.npy`, `recordings.csv`. Makes
/// `x.npy` `f32[m, length, channels]`, `y.npy`, `part.npy` `u8[m]`, `recording.npy` `i32[m]`: which recording a window is of,
/// in the order of time within it.
pub struct Cut {
    /// The chain's name.
    pub name: String,
    /// How it is cut.
    pub window: Window,
    /// What a window is.
    pub shape: Shape,
}

impl Cut {
    /// The step for a chain over streams.
    pub fn new(features: &Features) -> Option<Self> {
        let window = features.window.clone()?;
        Some(Self { name: features.name.clone(), window, shape: features.input.clone() })
    }
}

impl Stage for Cut {
    fn title(&self) -> String {
        format!("cut {}", self.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        out.text("window", &format!("{} every {}, {:?}", self.window.length, self.window.stride, self.window.short));
        out.text("shape", &self.shape.to_string());
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let (x, width) = rows(job, "x.npy")?;
        let lengths = integers(job, "lengths.npy")?;
        let part = bytes(job, "part.npy")?;
        let cut = cut(&x, width, &lengths, &self.window);
        let name = |recording: usize| recording_name(job.input("recordings.csv"), recording);
        if self.window.short == Short::Refuse && !cut.short.is_empty() {
            return Err(self.refuse(&cut.short, &name).into());
        }
        let Some(x) = cut.x.filter(|_| !cut.recording.is_empty()) else {
            return Err(self.none(cut.recording.len()).into());
        };
        self.warn(job, &cut.short, lengths.len(), &name);
        let count = cut.recording.len();
        let mut dims = vec![count];
        dims.extend(&self.shape.dims);
        let recording: Vec<i32> = cut.recording.iter().map(|recording| *recording as i32).collect();
        let part = cut.recording.iter().map(|recording| part[*recording]).collect();
        Ok(Outputs::from([
            ("x.npy".to_string(), Array::f32(&dims, x).to_bytes()),
            ("y.npy".to_string(), answers(&array(job, "y.npy")?, &cut.recording).to_bytes()),
            ("part.npy".to_string(), Array::u8(&[count], part).to_bytes()),
            ("recording.npy".to_string(), Array::i32(&[count], recording).to_bytes()),
        ]))
    }
}

impl Cut {
    fn refuse(&self, short: &[usize], name: &dyn Fn(usize) -> String) -> Diag {
        let title = format!("{} recordings are shorter than a window of {} samples", short.len(), self.window.length);
        let diag = Diag::error("tml::window", title).at(&self.window.span, "cut here");
        let diag = short.iter().take(10).fold(diag, |diag, recording| diag.note(name(*recording)));
        diag.help("say what becomes of them: `short = pad` or `short = drop`, or take a shorter window")
    }

    fn none(&self, count: usize) -> Diag {
        let title = if count == 0 {
            "no recording is as long as a window".to_string()
        } else {
            format!("{count} windows of {} are more than {} GiB", self.shape, MOST >> 28)
        };
        let diag = Diag::error("tml::window", title).at(&self.window.span, "cut here");
        diag.help(if count == 0 { "take a shorter window, or `short = pad`" } else { "take a longer `stride`" })
    }

    fn warn(&self, job: &Job, short: &[usize], all: usize, name: &dyn Fn(usize) -> String) {
        let Some(first) = short.first() else { return };
        let (verb, what) = if short.len() == 1 { ("is", "it") } else { ("are", "them") };
        let fate = match self.window.short {
            Short::Drop => "left out".to_string(),
            Short::Pad | Short::Refuse => format!("zeros follow {what}"),
        };
        let length = self.window.length;
        let title =
            format!("{} of {all} recordings {verb} shorter than a window of {length} samples: {fate}", short.len());
        job.warn(
            Diag::warning("tml::window", title)
                .at(&self.window.span, "cut here")
                .note(format!("the first is {}", name(*first))),
        );
    }
}

/// Windows, and what was too short for one.
struct Windows {
    /// `None`: too many.
    x: Option<Vec<f32>>,
    recording: Vec<usize>,
    short: Vec<usize>,
}

/// A recording gives all windows that fit; what is left behind the last one is left out. One that is shorter than a
/// window gives one, with zeros behind it, where these are padded.
fn cut(x: &[f32], width: usize, lengths: &[i32], window: &Window) -> Windows {
    let mut starts: Vec<(usize, usize)> = Vec::new();
    let mut windows = Windows { x: None, recording: Vec::new(), short: Vec::new() };
    let mut begin = 0;
    for (recording, length) in lengths.iter().enumerate() {
        let length = *length as usize;
        if length < window.length {
            windows.short.push(recording);
            if window.short == Short::Pad {
                starts.push((begin, length));
                windows.recording.push(recording);
            }
        } else {
            for offset in (0..=length - window.length).step_by(window.stride) {
                starts.push((begin + offset, window.length));
                windows.recording.push(recording);
            }
        }
        begin += length;
    }
    let size = window.length * width;
    if starts.len().checked_mul(size).is_none_or(|count| count > MOST) {
        return windows;
    }
    let mut out = Vec::with_capacity(starts.len() * size);
    for (index, (start, length)) in starts.iter().enumerate() {
        out.extend_from_slice(&x[start * width..(start + length) * width]);
        out.resize((index + 1) * size, 0.0);
    }
    windows.x = Some(out);
    windows
}

/// The answer of each window: its recording's.
fn answers(y: &Array, recording: &[usize]) -> Array {
    let width: usize = y.dims.iter().skip(1).product();
    let mut dims = y.dims.clone();
    if let Some(count) = dims.first_mut() {
        *count = recording.len();
    }
    let data = match &y.data {
        Data::F32(values) => {
            Data::F32(recording.iter().flat_map(|row| &values[row * width..(row + 1) * width]).copied().collect())
        }
        Data::I32(classes) => Data::I32(recording.iter().map(|row| classes[*row]).collect()),
        other => other.clone(),
    };
    Array { dims, data }
}

/// `data/a.wav (412 samples)`, from the line of `recordings.csv`.
fn recording_name(table: &[u8], recording: usize) -> String {
    let text = String::from_utf8_lossy(table);
    text.lines().nth(recording + 1).map_or_else(String::new, |line| {
        let mut fields = line.rsplitn(5, ',');
        let samples = fields.next().unwrap_or_default().to_string();
        let (_, _, line, file) = (fields.next(), fields.next(), fields.next(), fields.next());
        let place = match line {
            None | Some("0") => String::new(),
            Some(line) => format!(":{line}"),
        };
        format!("{}{place}: {samples} samples", file.unwrap_or_default().trim_matches('"'))
    })
}

#[cfg(test)]
mod tests {
    use crate::base::Source;

    use super::*;

    fn window(length: usize, stride: usize, short: Short) -> Window {
        Window { length, stride, short, span: Source::new("t.tml", "w").span(0..1) }
    }

    #[test]
    fn windows_fit_into_their_recording() {
        let x: Vec<f32> = (0..14).map(|value| value as f32).collect();
        // Two recordings of two channels: five samples, and two.
        let made = cut(&x, 2, &[5, 2], &window(3, 2, Short::Pad));
        assert_eq!(made.recording, [0, 0, 1]);
        let rows: Vec<f32> = vec![0., 1., 2., 3., 4., 5., 4., 5., 6., 7., 8., 9., 10., 11., 12., 13., 0., 0.];
        assert_eq!(made.x.as_deref(), Some(rows.as_slice()));
        assert_eq!(made.short, [1]);
        assert_eq!(cut(&x, 2, &[5, 2], &window(3, 2, Short::Drop)).recording, [0, 0]);
        assert_eq!(cut(&x, 2, &[5, 2], &window(4, 4, Short::Drop)).recording, [0], "the tail is left out");
    }
}

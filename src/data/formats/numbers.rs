//! What a file of numbers holds once its form is understood: recordings one behind the other.

/// Recordings of one file.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Numbers {
    /// Values of all recordings; NaN where one is missing.
    pub x: Vec<f32>,
    /// Where each recording ends in `x`.
    pub ends: Vec<usize>,
    /// The label of each recording, where the file says it.
    pub labels: Option<Vec<String>>,
    /// The line of each recording, where the file has lines.
    pub lines: Vec<u32>,
}

impl Numbers {
    /// One recording.
    pub fn one(x: Vec<f32>) -> Self {
        Self { ends: vec![x.len()], x, ..Self::default() }
    }

    /// Recordings of `width` values each; the error completes the sentence "`file` …".
    pub fn rows(x: Vec<f32>, width: usize) -> Result<Self, String> {
        if width == 0 || x.is_empty() || !x.len().is_multiple_of(width) {
            return Err(format!("has {} numbers, which isn't a multiple of the {width} of a recording", x.len()));
        }
        Ok(Self { ends: (1..=x.len() / width).map(|row| row * width).collect(), x, ..Self::default() })
    }
}

//! Mel filter banks: triangles that overlap by half, equally wide on a scale of perceived pitch.

use serde::Serialize;

use crate::base::math::{exp64, ln64, pow64};

/// A filter bank by its non-zero weights.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub(in crate::library) struct Bank {
    /// The first bin that each filter sees.
    pub first: Vec<i64>,
    /// How many bins it sees.
    pub count: Vec<i64>,
    /// The weights, filter behind filter.
    pub weights: Vec<f64>,
    /// The weights as whole numbers: parts of the largest of their filter, as fine as sums of 16-bit numbers allow.
    pub whole: Vec<i64>,
    /// The binary logarithm of one of these parts, times 65536, for each filter.
    pub units: Vec<i64>,
    /// How many of these parts 1e-6 is, times 2^32, for each filter.
    pub least: Vec<i64>,
}

/// A pitch scale.
#[derive(Clone, Copy)]
enum Scale {
    /// Linear below 1 kHz, logarithmic above (Slaney 1998, "Auditory Toolbox"; librosa's default).
    Slaney,
    /// 2595 log10(1 + f / 700) (Young et al., "The HTK Book").
    Htk,
}

impl Scale {
    fn mel(self, hertz: f64) -> f64 {
        match self {
            Self::Slaney if hertz < 1000.0 => hertz * 3.0 / 200.0,
            Self::Slaney => 15.0 + ln64(hertz / 1000.0) * 27.0 / ln64(6.4),
            Self::Htk => 2595.0 / ln64(10.0) * ln64(1.0 + hertz / 700.0),
        }
    }

    fn hertz(self, mel: f64) -> f64 {
        match self {
            Self::Slaney if mel < 15.0 => mel * 200.0 / 3.0,
            Self::Slaney => 1000.0 * exp64((mel - 15.0) * ln64(6.4) / 27.0),
            Self::Htk => 700.0 * (pow64(10.0, mel / 2595.0) - 1.0),
        }
    }
}

/// `filters` triangles over the bins of an FFT of `fft` points, from `low` to `high` hertz. `like`: `librosa` has
/// triangles in hertz of area 2 (`librosa.filters.mel`), `tensorflow` triangles in mel of height 1
/// (`tf.signal.linear_to_mel_weight_matrix`, which is always HTK's scale). A filter between two bins has no weight.
pub(in crate::library) fn mel(
    like: &str,
    scale: &str,
    rate: f64,
    (fft, filters): (usize, usize),
    (low, high): (f64, f64),
) -> Bank {
    let in_mel = like == "tensorflow";
    let scale = if scale == "htk" || in_mel { Scale::Htk } else { Scale::Slaney };
    let (bottom, top) = (scale.mel(low), scale.mel(high));
    let step = (top - bottom) / (filters + 1) as f64;
    let edge = |at: usize| {
        let mel = bottom + step * at as f64;
        if in_mel { mel } else { scale.hertz(mel) }
    };
    let bins: Vec<f64> = (0..=fft / 2).map(|bin| bin as f64 * rate / fft as f64).collect();
    let place = |bin: usize| if in_mel { scale.mel(bins[bin]) } else { bins[bin] };
    // TensorFlow leaves out the constant part.
    let start = usize::from(in_mel);
    let mut bank = Bank::default();
    for filter in 0..filters {
        let (left, centre, right) = (edge(filter), edge(filter + 1), edge(filter + 2));
        let area = if in_mel { 1.0 } else { 2.0 / (right - left) };
        let weight = |bin: usize| {
            let at = place(bin);
            let height = f64::min((at - left) / (centre - left), (right - at) / (right - centre));
            f64::max(height, 0.0) * area
        };
        let inside = (start..bins.len()).filter(|bin| weight(*bin) > 0.0);
        let seen: Vec<usize> = inside.collect();
        bank.first.push(seen.first().copied().unwrap_or(0) as i64);
        bank.count.push(seen.len() as i64);
        bank.weights.extend(seen.into_iter().map(weight));
    }
    bank.quantise();
    bank
}

impl Bank {
    /// Fills in the whole numbers.
    fn quantise(&mut self) {
        let most = self.count.iter().copied().max().unwrap_or(1).max(1) as usize;
        let bits = (16 - most.next_power_of_two().trailing_zeros() as i32).clamp(1, 15);
        let top = f64::from((1_i32 << bits) - 1);
        let mut rest = self.weights.as_slice();
        for count in &self.count {
            let (own, behind) = rest.split_at(*count as usize);
            rest = behind;
            let largest = own.iter().copied().fold(0.0, f64::max);
            let largest = if largest > 0.0 { largest } else { 1.0 };
            self.whole.extend(own.iter().map(|weight| (weight / largest * top).round() as i64));
            self.units.push(log2_whole(largest / top));
            self.least.push((1e-6 * top / largest * 4_294_967_296.0).round().min(4_294_967_295.0) as i64);
        }
    }
}

/// The binary logarithm of a positive number, times 65536, rounded.
pub(in crate::library) fn log2_whole(value: f64) -> i64 {
    (ln64(value) / ln64(2.0) * 65536.0).round() as i64
}

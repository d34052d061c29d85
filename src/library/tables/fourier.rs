//! Constants of transforms: the twiddle factors of a real FFT, and the cosine transform of cepstra.

use std::f64::consts::PI;

use crate::base::math::{cos64, sin64};

/// Twiddle factors of a complex FFT of `points` (a power of two) by radix-4 stages, in the order of their use: for every
/// stage, for every k below its quarter h, the cosines and sines of 2πk/4h, 4πk/4h and 6πk/4h. The first stage, whose
/// factors are 1, has none.
pub(in crate::library) fn stages(points: usize) -> Vec<f64> {
    let mut factors = Vec::new();
    let odd = points.trailing_zeros() % 2 == 1;
    let mut quarter = if odd { 2 } else { 4 };
    while quarter * 4 <= points {
        for k in 0..quarter {
            for order in 1..4 {
                let angle = 2.0 * PI * (order * k) as f64 / (4 * quarter) as f64;
                factors.extend([cos64(angle), sin64(angle)]);
            }
        }
        quarter *= 4;
    }
    factors
}

/// Cosine and sine of 2πk/length for k from 1 to a quarter of it: what splits a complex FFT of half the points into the
/// spectrum of `length` real samples.
pub(in crate::library) fn split(length: usize) -> Vec<f64> {
    let angles = (1..=length / 4).map(|k| 2.0 * PI * k as f64 / length as f64);
    angles.flat_map(|angle| [cos64(angle), sin64(angle)]).collect()
}

/// The first `rows` rows of the cosine transform (DCT-II) of `columns` values. `ortho`: orthonormal
/// (`scipy.fft.dct(norm="ortho")`); else every row is scaled alike, as `tf.signal.mfccs_from_log_mel_spectrograms` does.
pub(in crate::library) fn dct(rows: usize, columns: usize, ortho: bool) -> Vec<f64> {
    let all = (2.0 / columns as f64).sqrt();
    let first = if ortho { (1.0 / columns as f64).sqrt() } else { all };
    let value = |row: usize, column: usize| {
        let angle = PI * (row * (2 * column + 1)) as f64 / (2 * columns) as f64;
        cos64(angle) * if row == 0 { first } else { all }
    };
    (0..rows).flat_map(|row| (0..columns).map(move |column| value(row, column))).collect()
}

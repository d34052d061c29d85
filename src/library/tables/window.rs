//! Window functions and the low-pass that goes before every reduction of the rate.

use std::f64::consts::PI;

use crate::base::math::{cos64, sin64};

/// `length` values of a window for spectra: periodic (`scipy.signal.get_window` with `fftbins=True`), so that a period of
/// it fits the transform (Harris 1978, "On the use of windows for harmonic analysis").
pub(in crate::library) fn window(kind: &str, length: usize) -> Result<Vec<f64>, String> {
    let terms: &[f64] = match kind {
        "none" => &[1.0],
        "hann" => &[0.5, 0.5],
        "hamming" => &[0.54, 0.46],
        "blackman" => &[0.42, 0.5, 0.08],
        _ => return Err(format!("there is no window `{kind}`")),
    };
    let value = |at: usize| {
        let angle = 2.0 * PI * at as f64 / length as f64;
        let signed = terms.iter().enumerate().map(|(order, term)| if order % 2 == 0 { *term } else { -term });
        signed.enumerate().map(|(order, term)| term * cos64(angle * order as f64)).sum()
    };
    Ok((0..length).map(value).collect())
}

/// `taps` coefficients (odd) of a low-pass with its edge at `cutoff` (in parts of half the rate): an ideal one under a
/// Hamming window, its sum 1 (`scipy.signal.firwin(taps, cutoff)`).
pub(in crate::library) fn lowpass(taps: usize, cutoff: f64) -> Vec<f64> {
    let middle = (taps as f64 - 1.0) / 2.0;
    let value = |at: usize| {
        let x = at as f64 - middle;
        let ideal = if x == 0.0 { cutoff } else { sin64(PI * cutoff * x) / (PI * x) };
        let span = (taps.max(2) - 1) as f64;
        ideal * (0.54 - 0.46 * cos64(2.0 * PI * at as f64 / span))
    };
    let values: Vec<f64> = (0..taps).map(value).collect();
    let sum: f64 = values.iter().sum();
    values.into_iter().map(|value| value / sum).collect()
}

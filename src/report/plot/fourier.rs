//! A spectrogram for the eye: Hann windows, a radix-2 transform (Cooley and Tukey, 1965), decibels.

use super::picture::Picture;
use crate::base::math::cos64;

/// Samples of a frame.
const FRAME: usize = 256;
/// Frames of a picture.
const COLUMNS: usize = 64;

/// Time runs from left to right, frequency from bottom to top; none for a signal shorter than a frame.
pub fn spectrogram(signal: &[f32]) -> Option<Picture> {
    if signal.len() < FRAME {
        return None;
    }
    let frames = ((signal.len() - FRAME) / (FRAME / 2) + 1).min(COLUMNS);
    let hop = if frames > 1 { (signal.len() - FRAME) as f64 / (frames - 1) as f64 } else { 0.0 };
    let cosine = |turn: f64| cos64(std::f64::consts::TAU * turn);
    let window: Vec<f64> = (0..FRAME).map(|at| 0.5 - 0.5 * cosine(at as f64 / FRAME as f64)).collect();
    let twiddles: Vec<(f64, f64)> =
        (0..FRAME / 2).map(|at| (cosine(at as f64 / FRAME as f64), -cosine(at as f64 / FRAME as f64 - 0.25))).collect();
    let rows = FRAME / 2;
    let mut values = vec![0.0; rows * frames];
    for frame in 0..frames {
        let start = (hop * frame as f64) as usize;
        let samples = signal[start..start + FRAME].iter().zip(&window);
        let mut line: Vec<(f64, f64)> = samples.map(|(sample, weight)| (f64::from(*sample) * weight, 0.0)).collect();
        transform(&mut line, &twiddles);
        for (bin, (re, im)) in line.iter().take(rows).enumerate() {
            let decibels = 10.0 * crate::base::math::ln64(re * re + im * im + 1e-10) / std::f64::consts::LN_10;
            values[(rows - 1 - bin) * frames + frame] = decibels as f32;
        }
    }
    let loudest = values.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    // Eighty decibels below the loudest, nothing is seen.
    values.iter_mut().for_each(|value| *value = value.max(loudest - 80.0));
    Some(Picture { rows, columns: frames, depth: 1, values })
}

/// In place; `line` has as many entries as the frame.
fn transform(line: &mut [(f64, f64)], twiddles: &[(f64, f64)]) {
    let bits = line.len().trailing_zeros();
    for at in 0..line.len() {
        let other = at.reverse_bits() >> (usize::BITS - bits);
        if at < other {
            line.swap(at, other);
        }
    }
    let mut half = 1;
    while half < line.len() {
        let turn = line.len() / (2 * half);
        for start in (0..line.len()).step_by(2 * half) {
            for at in 0..half {
                let (cos, sin) = twiddles[at * turn];
                let (re, im) = line[start + at + half];
                let product = (re * cos - im * sin, re * sin + im * cos);
                let (a, b) = line[start + at];
                line[start + at] = (a + product.0, b + product.1);
                line[start + at + half] = (a - product.0, b - product.1);
            }
        }
        half *= 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tone_is_a_line_at_its_frequency() {
        let tone: Vec<f32> =
            (0..4096).map(|at| cos64(std::f64::consts::TAU * f64::from(at) * 32.0 / 256.0) as f32).collect();
        let picture = spectrogram(&tone).expect("long enough");
        for frame in 0..picture.columns {
            let column = |row: usize| picture.values[row * picture.columns + frame];
            let loudest = (0..picture.rows).max_by(|a, b| column(*a).total_cmp(&column(*b))).expect("rows");
            assert_eq!(picture.rows - 1 - loudest, 32, "frame {frame}");
        }
        assert!(spectrogram(&tone[..100]).is_none());
    }
}

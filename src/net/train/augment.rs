//! Augmentation: random changes of a training sample that leave its meaning, drawn from the seed.
//!
//! A sample is `[length]`, `[time, channels]`, `[time, bands, 1]` or `[height, width, channels]`: the first dimension is
//! time or height, the second bands, channels or width. Masks are those of `SpecAugment` (Park et al. 2019).

use crate::base::math;
use crate::base::rng::Rng;

use super::slice::Workspace;

/// One kind of change. Shares are of a dimension's length, 0 to 1.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Augment {
    /// Moves it along the first dimension by up to this share either way; its edge is repeated.
    Shift(f32),
    /// Adds normal noise of this share of the sample's own deviation.
    Noise(f32),
    /// Multiplies all of it by up to this share more or less than 1.
    Scale(f32),
    /// Sets a stretch of up to this share of the first dimension to the sample's mean.
    TimeMask(f32),
    /// Sets a band of up to this share of the second dimension to the sample's mean.
    FrequencyMask(f32),
    /// Mirrors the second dimension of every other sample.
    Flip,
    /// Moves an image along both dimensions by up to this share either way; its edges are repeated.
    Crop(f32),
    /// Mixes samples and their targets in pairs, by a share from the beta distribution (α, α) (Zhang et al. 2018).
    Mixup(f32),
}

/// Rows, columns and channels of a sample.
struct Sizes {
    rows: usize,
    columns: usize,
    depth: usize,
}

impl Sizes {
    fn of(dims: &[usize]) -> Self {
        let columns = dims.get(1).copied().unwrap_or(1);
        Self { rows: dims.first().copied().unwrap_or(1), columns, depth: dims.iter().skip(2).product() }
    }
}

/// Changes one sample of shape `dims` in place.
pub(super) fn apply(augments: &[Augment], dims: &[usize], sample: &mut [f32], rng: &mut Rng) {
    let sizes = Sizes::of(dims);
    for augment in augments {
        match *augment {
            Augment::Shift(share) => shift(&sizes, sample, (step(share, sizes.rows, rng), 0)),
            Augment::Crop(share) => {
                let by = (step(share, sizes.rows, rng), step(share, sizes.columns, rng));
                shift(&sizes, sample, by);
            }
            Augment::Noise(share) => {
                let (_, deviation) = moments(sample);
                sample.iter_mut().for_each(|x| *x += share * deviation * rng.normal());
            }
            Augment::Scale(share) => {
                let factor = rng.range(1.0 - share, 1.0 + share);
                sample.iter_mut().for_each(|x| *x *= factor);
            }
            Augment::TimeMask(share) => {
                let masked = stretch(share, sizes.rows, rng);
                let row = sizes.columns * sizes.depth;
                let (mean, _) = moments(sample);
                sample[masked.start * row..masked.end * row].fill(mean);
            }
            Augment::FrequencyMask(share) => {
                let masked = stretch(share, sizes.columns, rng);
                let (mean, _) = moments(sample);
                for row in sample.chunks_exact_mut(sizes.columns * sizes.depth) {
                    row[masked.start * sizes.depth..masked.end * sizes.depth].fill(mean);
                }
            }
            Augment::Flip => {
                if rng.below(2) == 1 {
                    flip(&sizes, sample);
                }
            }
            // Needs more than one sample: see `mix`.
            Augment::Mixup(_) => {}
        }
    }
}

/// Mixes the samples of a slice with those next to them, where that is asked for.
pub(super) fn mix(augments: &[Augment], space: &mut Workspace, width: usize, outputs: usize, rng: &mut Rng) {
    let alpha =
        augments.iter().find_map(|augment| if let Augment::Mixup(alpha) = augment { Some(*alpha) } else { None });
    let (Some(alpha), count) = (alpha, space.weights.len()) else { return };
    if count < 2 {
        return;
    }
    let shares: Vec<f32> = (0..count).map(|_| beta(f64::from(alpha), rng)).collect();
    mix_rows(&mut space.input, width, &shares);
    mix_rows(&mut space.targets, outputs, &shares);
    mix_rows(&mut space.weights, 1, &shares);
}

/// Each row becomes `share` of itself and the rest of the next one, the last of the first.
fn mix_rows(rows: &mut [f32], width: usize, shares: &[f32]) {
    let first = rows[..width].to_vec();
    for (at, share) in shares.iter().enumerate() {
        for column in 0..width {
            let other = if at + 1 < shares.len() { rows[(at + 1) * width + column] } else { first[column] };
            let own = &mut rows[at * width + column];
            *own = *share * *own + (1.0 - share) * other;
        }
    }
}

/// From the beta distribution with both parameters `alpha` (Jöhnk 1964). Small ones end fast, and none goes on for ever.
fn beta(alpha: f64, rng: &mut Rng) -> f32 {
    for _ in 0..64 {
        let mut power = || math::pow64(f64::from(rng.unit()) + 1e-9, 1.0 / alpha);
        let (x, y) = (power(), power());
        if x + y <= 1.0 && x + y > 0.0 {
            return (x / (x + y)) as f32;
        }
    }
    0.5
}

/// A distance of up to `share` of `length` either way.
fn step(share: f32, length: usize, rng: &mut Rng) -> isize {
    let most = (share * length as f32).round() as usize;
    rng.below(2 * most + 1) as isize - most as isize
}

/// A stretch of up to `share` of `length`, anywhere.
fn stretch(share: f32, length: usize, rng: &mut Rng) -> std::ops::Range<usize> {
    let size = rng.below((share * length as f32).round() as usize + 1).min(length);
    let start = rng.below(length - size + 1);
    start..start + size
}

fn shift(sizes: &Sizes, sample: &mut [f32], by: (isize, isize)) {
    if by == (0, 0) {
        return;
    }
    let before = sample.to_vec();
    let from = |at: usize, by: isize, length: usize| (at as isize - by).clamp(0, length as isize - 1) as usize;
    for row in 0..sizes.rows {
        let source = from(row, by.0, sizes.rows) * sizes.columns;
        for column in 0..sizes.columns {
            let source = (source + from(column, by.1, sizes.columns)) * sizes.depth;
            let to = (row * sizes.columns + column) * sizes.depth;
            sample[to..to + sizes.depth].copy_from_slice(&before[source..source + sizes.depth]);
        }
    }
}

fn flip(sizes: &Sizes, sample: &mut [f32]) {
    for row in sample.chunks_exact_mut(sizes.columns * sizes.depth) {
        for column in 0..sizes.columns / 2 {
            for channel in 0..sizes.depth {
                row.swap(column * sizes.depth + channel, (sizes.columns - 1 - column) * sizes.depth + channel);
            }
        }
    }
}

/// Mean and deviation.
fn moments(sample: &[f32]) -> (f32, f32) {
    let count = sample.len().max(1) as f64;
    let mean = sample.iter().map(|x| f64::from(*x)).sum::<f64>() / count;
    let square = sample.iter().map(|x| (f64::from(*x) - mean) * (f64::from(*x) - mean)).sum::<f64>() / count;
    (mean as f32, square.sqrt() as f32)
}

#[cfg(test)]
#[expect(clippy::float_cmp, reason = "the very numbers are meant")]
mod tests {
    use super::*;

    fn changed(augment: Augment, seed: u64) -> Vec<f32> {
        let mut sample: Vec<f32> = (0..24).map(|at| at as f32).collect();
        apply(&[augment], &[4, 3, 2], &mut sample, &mut Rng::new(seed, "augment"));
        sample
    }

    #[test]
    fn each_change_does_what_it_says() {
        for seed in 0..40 {
            // A shift by rows keeps rows whole, and their order.
            let shifted = changed(Augment::Shift(0.5), seed);
            let rows: Vec<f32> = shifted.chunks(6).map(|row| row[0] / 6.0).collect();
            assert!(shifted.chunks(6).all(|row| row.windows(2).all(|pair| pair[1] == pair[0] + 1.0)), "{shifted:?}");
            assert!(rows.windows(2).all(|pair| pair[1] - pair[0] == 1.0 || pair[1] == pair[0]), "{rows:?}");
            let flipped = changed(Augment::Flip, seed);
            assert!(flipped[..6] == [0.0, 1.0, 2.0, 3.0, 4.0, 5.0] || flipped[..6] == [4.0, 5.0, 2.0, 3.0, 0.0, 1.0]);
            let masked = changed(Augment::TimeMask(0.5), seed);
            let gone = masked.chunks(6).filter(|row| row.iter().all(|x| *x == 11.5)).count();
            assert!(gone <= 2 && masked.iter().enumerate().filter(|(at, x)| **x != *at as f32).count() == 6 * gone);
            let masked = changed(Augment::FrequencyMask(0.34), seed);
            assert!(masked.iter().filter(|x| **x == 11.5).count() % 8 == 0);
            let scaled = changed(Augment::Scale(0.1), seed);
            assert!((0.9..=1.1).contains(&scaled[1]) && scaled[20] / scaled[1] - 20.0 < 1e-3);
            assert_eq!(changed(Augment::Noise(0.1), seed), changed(Augment::Noise(0.1), seed));
            let noise = changed(Augment::Noise(0.1), seed);
            assert!(noise.iter().enumerate().all(|(at, x)| (x - at as f32).abs() < 5.0 && *x != at as f32));
        }
        let moved = (0..40).map(|seed| changed(Augment::Crop(0.4), seed)).filter(|s| s[0] != 0.0).count();
        assert!(moved > 5, "{moved}");
    }

    #[test]
    fn mixing_keeps_sums() {
        let mut slice = Workspace::default();
        slice.input = vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0];
        (slice.targets, slice.weights) = (vec![1.0, 0.0, 0.0, 1.0, 1.0, 0.0], vec![1.0; 3]);
        mix(&[Augment::Mixup(0.3)], &mut slice, 2, 2, &mut Rng::new(1, "mix"));
        assert!(slice.targets.chunks(2).all(|row| (row[0] + row[1] - 1.0).abs() < 1e-6));
        assert!(slice.input != [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
        assert!(slice.input.chunks(2).all(|row| (row[1] - row[0] - 1.0).abs() < 1e-5));
    }
}

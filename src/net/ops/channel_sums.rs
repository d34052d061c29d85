//! Sums over rows, channel by channel: in registers for 32 rows, in double precision beyond, always in this order.
#![expect(clippy::inline_always, reason = "compiled anew within each instruction set's function")]

use crate::net::gemm::Isa;

/// Rows whose sum is kept in single precision.
const ROWS: usize = 32;

/// For each channel, the sums over rows of `x − middle` and of its square.
pub(super) fn moments(isa: Isa, x: &[f32], middle: &[f32]) -> [Vec<f64>; 2] {
    let mut sums = [vec![0.0; middle.len()], vec![0.0; middle.len()]];
    isa.compiled(
        #[inline(always)]
        || {
            blocks(x.len(), middle.len(), &mut sums, |at, channel| {
                let value = x[at] - middle[channel];
                (value, value * value)
            });
        },
    );
    sums
}

/// For each channel, the sums over rows of `slope` and of `slope · (x − middle)`.
pub(super) fn products(isa: Isa, x: &[f32], middle: &[f32], slope: &[f32]) -> [Vec<f64>; 2] {
    let mut sums = [vec![0.0; middle.len()], vec![0.0; middle.len()]];
    let slope = &slope[..x.len()];
    isa.compiled(
        #[inline(always)]
        || {
            blocks(x.len(), middle.len(), &mut sums, |at, channel| {
                let slope = slope[at];
                (slope, slope * (x[at] - middle[channel]))
            });
        },
    );
    sums
}

#[inline(always)]
fn blocks(len: usize, channels: usize, sums: &mut [Vec<f64>; 2], term: impl Fn(usize, usize) -> (f32, f32)) {
    let mut first = 0;
    while first + 16 <= channels {
        block::<16>(len, channels, first, sums, &term);
        first += 16;
    }
    while first + 8 <= channels {
        block::<8>(len, channels, first, sums, &term);
        first += 8;
    }
    while first < channels {
        block::<1>(len, channels, first, sums, &term);
        first += 1;
    }
}

/// `WIDTH` channels from `first` on.
#[inline(always)]
fn block<const WIDTH: usize>(
    len: usize,
    channels: usize,
    first: usize,
    sums: &mut [Vec<f64>; 2],
    term: &impl Fn(usize, usize) -> (f32, f32),
) {
    let rows = len / channels;
    let mut row = 0;
    while row < rows {
        let end = (row + ROWS).min(rows);
        let (mut a, mut b) = ([0.0_f32; WIDTH], [0.0_f32; WIDTH]);
        while row < end {
            for lane in 0..WIDTH {
                let (one, two) = term(row * channels + first + lane, first + lane);
                a[lane] += one;
                b[lane] += two;
            }
            row += 1;
        }
        for lane in 0..WIDTH {
            sums[0][first + lane] += f64::from(a[lane]);
            sums[1][first + lane] += f64::from(b[lane]);
        }
    }
}

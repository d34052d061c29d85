//! The float passes of a depthwise convolution with one output for each channel: vectors along channels, the sums of a
//! position and of a tap in registers, each one chain of fused multiply-adds in the order of taps or positions.
#![expect(unsafe_code, reason = "vectors read and write by pointers that are checked once")]
#![expect(clippy::inline_always, reason = "compiled anew within each instruction set's function")]

use crate::net::gemm::{Isa, Work};
use crate::net::lanes::Lanes;

use super::columns::{Reach, reaches};
use super::window::Window;

/// Taps that the slopes of the weights are summed for at once.
const TAPS: usize = 16;

/// Whether these passes can do it.
pub(super) fn fits(window: &Window) -> bool {
    window.kernel[0] * window.kernel[1] <= TAPS
}

/// `output[position] += Σ weights[tap] · input[pixel]`; any number of samples.
pub(super) fn convolve(isa: Isa, window: &Window, input: &[f32], weights: &[f32], output: &mut [f32]) {
    isa.run(Pass { window, rows: reaches(window, 0), along: reaches(window, 1), input, weights, output });
}

/// `gradient[tap] += Σ slope[position] · input[pixel]` over any number of samples.
pub(super) fn learn(isa: Isa, window: &Window, input: &[f32], slope: &[f32], gradient: &mut [f32]) {
    isa.run(Learn { window, rows: reaches(window, 0), along: reaches(window, 1), input, slope, gradient });
}

struct Pass<'a> {
    window: &'a Window,
    rows: Vec<Reach>,
    along: Vec<Reach>,
    input: &'a [f32],
    weights: &'a [f32],
    output: &'a mut [f32],
}

/// Elements of an image, of the image that comes out, and of all taps; checks that the slices have them.
fn sizes(window: &Window, input: usize, weights: usize, output: usize) -> (usize, usize, usize) {
    let image = window.input[0] * window.input[1] * window.channels;
    let made = window.positions() * window.channels;
    assert!(weights == window.kernel[0] * window.kernel[1] * window.channels, "bug: taps of another size");
    assert!(
        image > 0 && made > 0 && input.is_multiple_of(image) && output == input / image * made,
        "bug: other samples"
    );
    (image, made, weights)
}

impl Work for Pass<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { window, rows, along, input, weights, output } = self;
        let channels = window.channels;
        let (image, made, _) = sizes(window, input.len(), weights.len(), output.len());
        for (x, y) in input.chunks_exact(image).zip(output.chunks_exact_mut(made)) {
            let mut first = 0;
            while first < channels {
                let lanes = (channels - first).min(L::COUNT);
                for (at, row) in rows.iter().enumerate() {
                    for (column, reach) in along.iter().enumerate() {
                        // SAFETY: `sizes` has checked the slices; reaches stay inside of the image, `first + lanes` within
                        // the channels.
                        unsafe {
                            let to = y.as_mut_ptr().add((at * along.len() + column) * channels + first);
                            if lanes == L::COUNT {
                                position::<L, true>(
                                    window,
                                    (row, reach),
                                    x.as_ptr().add(first),
                                    weights.as_ptr().add(first),
                                    to,
                                    lanes,
                                );
                            } else {
                                position::<L, false>(
                                    window,
                                    (row, reach),
                                    x.as_ptr().add(first),
                                    weights.as_ptr().add(first),
                                    to,
                                    lanes,
                                );
                            }
                        }
                    }
                }
                first += lanes;
            }
        }
    }
}

/// One position of some channels.
///
/// # Safety
/// Pointers are to the first of these channels; reaches lie inside; see [`Lanes`].
#[inline(always)]
unsafe fn position<L: Lanes, const WHOLE: bool>(
    window: &Window,
    (row, along): (&Reach, &Reach),
    x: *const f32,
    weights: *const f32,
    to: *mut f32,
    lanes: usize,
) {
    let channels = window.channels;
    // SAFETY: the caller's promise.
    unsafe {
        let load = |from: *const f32| if WHOLE { L::load(from) } else { L::load_part(from, lanes) };
        let mut sum = load(to);
        for ky in row.taps.0..row.taps.1 {
            let line = (row.start + (ky - row.taps.0) * window.dilation[0]) * window.input[1];
            let mut pixel = x.add((line + along.start) * channels);
            let mut weight = weights.add((ky * window.kernel[1] + along.taps.0) * channels);
            for _ in along.taps.0..along.taps.1 {
                sum = L::fma(load(weight), load(pixel), sum);
                pixel = pixel.wrapping_add(window.dilation[1] * channels);
                weight = weight.wrapping_add(channels);
            }
        }
        if WHOLE { sum.store(to) } else { sum.store_part(to, lanes) }
    }
}

struct Learn<'a> {
    window: &'a Window,
    rows: Vec<Reach>,
    along: Vec<Reach>,
    input: &'a [f32],
    slope: &'a [f32],
    gradient: &'a mut [f32],
}

impl Work for Learn<'_> {
    #[inline(always)]
    fn run<L: Lanes>(self) {
        let Self { window, rows, along, input, slope, gradient } = self;
        let channels = window.channels;
        let (image, made, _) = sizes(window, input.len(), gradient.len(), slope.len());
        assert!(fits(window), "bug: too many taps");
        let mut first = 0;
        while first < channels {
            let lanes = (channels - first).min(L::COUNT);
            // SAFETY: `sizes` has checked the slices; reaches stay inside of the image, `first + lanes` within the channels,
            // taps within `TAPS`.
            unsafe {
                let load = |from: *const f32| if lanes == L::COUNT { L::load(from) } else { L::load_part(from, lanes) };
                let taps = window.kernel[0] * window.kernel[1];
                let mut sums = [L::splat(0.0); TAPS];
                for (tap, sum) in sums.iter_mut().enumerate().take(taps) {
                    *sum = load(gradient.as_ptr().add(tap * channels + first));
                }
                for (x, slope) in input.chunks_exact(image).zip(slope.chunks_exact(made)) {
                    let (x, slope) = (x.as_ptr().add(first), slope.as_ptr().add(first));
                    for (at, row) in rows.iter().enumerate() {
                        for (column, reach) in along.iter().enumerate() {
                            let slope = load(slope.add((at * along.len() + column) * channels));
                            for ky in row.taps.0..row.taps.1 {
                                let line = (row.start + (ky - row.taps.0) * window.dilation[0]) * window.input[1];
                                let mut pixel = x.add((line + reach.start) * channels);
                                for kx in reach.taps.0..reach.taps.1 {
                                    let sum = &mut sums[(ky * window.kernel[1] + kx) % TAPS];
                                    *sum = L::fma(slope, load(pixel), *sum);
                                    pixel = pixel.wrapping_add(window.dilation[1] * channels);
                                }
                            }
                        }
                    }
                }
                for (tap, sum) in sums.iter().enumerate().take(taps) {
                    let to = gradient.as_mut_ptr().add(tap * channels + first);
                    if lanes == L::COUNT { sum.store(to) } else { sum.store_part(to, lanes) }
                }
            }
            first += lanes;
        }
    }
}

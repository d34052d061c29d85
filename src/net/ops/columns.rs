//! Images as matrices: what each position of a window sees, one row a position (im2col), and back.

use std::ops::{AddAssign, Range};

use super::window::Window;

/// Fills `columns` `[positions, taps, channels]` with what the window sees of `channels` of one image; taps outside see
/// `outside`.
pub(super) fn gather<T: Copy>(window: &Window, channels: Range<usize>, image: &[T], outside: T, columns: &mut [T]) {
    let (count, taps) = (channels.len(), window.kernel[0] * window.kernel[1]);
    for (position, row) in columns.chunks_exact_mut(taps * count).enumerate() {
        if window.padded() {
            row.fill(outside);
        }
        each(window, position, |tap, pixel| {
            let from = &image[pixel * window.channels + channels.start..][..count];
            row[tap * count..(tap + 1) * count].copy_from_slice(from);
        });
    }
}

/// Adds `columns` to the places that [`gather`] takes them from.
pub(super) fn scatter<T: Copy + AddAssign>(window: &Window, channels: Range<usize>, columns: &[T], image: &mut [T]) {
    let (count, taps) = (channels.len(), window.kernel[0] * window.kernel[1]);
    for (position, row) in columns.chunks_exact(taps * count).enumerate() {
        each(window, position, |tap, pixel| {
            let to = &mut image[pixel * window.channels + channels.start..][..count];
            to.iter_mut().zip(&row[tap * count..(tap + 1) * count]).for_each(|(sum, slope)| *sum += *slope);
        });
    }
}

/// What the windows at one output row or column see along an axis.
#[derive(Clone, Copy)]
pub(super) struct Reach {
    /// The first tap that lies inside, and the one behind the last.
    pub(super) taps: (usize, usize),
    /// The input below the first.
    pub(super) start: usize,
}

/// The reach of every output along an axis.
pub(super) fn reaches(window: &Window, axis: usize) -> Vec<Reach> {
    let reach = |at: usize| {
        let taps = window.taps(axis, at);
        let start = if taps.is_empty() { 0 } else { window.at(axis, at, taps.start) };
        Reach { taps: (taps.start, taps.end), start }
    };
    (0..window.output[axis]).map(reach).collect()
}

/// Adds `columns` of some positions to the places that [`gather`] takes them from.
pub(super) fn scatter_block(window: &Window, columns: &[f32], positions: Range<usize>, image: &mut [f32]) {
    let (channels, row, [high, wide]) = (window.channels, window.input[1] * window.channels, window.kernel);
    let (rows, along) = (reaches(window, 0), reaches(window, 1));
    for (position, column) in positions.zip(columns.chunks_exact(high * wide * channels)) {
        let (y, x) = (rows[position / window.output[1]], along[position % window.output[1]]);
        for ky in y.taps.0..y.taps.1 {
            let to = (y.start + (ky - y.taps.0) * window.dilation[0]) * row;
            for kx in x.taps.0..x.taps.1 {
                let to = to + (x.start + (kx - x.taps.0) * window.dilation[1]) * channels;
                let from = &column[(ky * wide + kx) * channels..][..channels];
                image[to..to + channels].iter_mut().zip(from).for_each(|(sum, slope)| *sum += slope);
            }
        }
    }
}

/// The window that the slopes of a window's inputs see in the slopes of its outputs, for steps of 1: the same taps, last
/// first.
pub(super) fn reverse(window: &Window, outputs: usize) -> Option<Window> {
    let before = [0, 1].map(|axis| (window.reach(axis) - 1).checked_sub(window.before[axis]));
    (window.stride == [1, 1]).then_some(())?;
    Some(Window {
        input: window.output,
        channels: outputs,
        before: [before[0]?, before[1]?],
        output: window.input,
        ..*window
    })
}

/// Calls `see` with every tap of the window at `position` that lies inside, and the pixel below it.
pub(super) fn each(window: &Window, position: usize, mut see: impl FnMut(usize, usize)) {
    let (y, x) = (position / window.output[1], position % window.output[1]);
    for ky in window.taps(0, y) {
        let row = window.at(0, y, ky) * window.input[1];
        for kx in window.taps(1, x) {
            see(ky * window.kernel[1] + kx, row + window.at(1, x, kx));
        }
    }
}

/// True when the columns are the image itself.
pub(super) fn same(window: &Window) -> bool {
    window.kernel == [1, 1] && window.stride == [1, 1] && window.output == window.input && window.before == [0, 0]
}

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

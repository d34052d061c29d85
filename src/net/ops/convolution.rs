//! The float passes of convolutions: windows are rows of a matrix that lies in the padded image itself, a row of outputs
//! at a time, and every sum is one chain of a matrix product.

use std::ops::Range;

use crate::net::gemm::{Depth, Layout, Left, Repeat, Steps, gemm, product, transpose};

use super::columns;
use super::operator::{Backward, Place};
use super::window::Window;

/// Sizes of one convolution.
#[derive(Clone, Copy)]
pub(super) struct Convolution {
    pub(super) window: Window,
    pub(super) filters: usize,
    pub(super) groups: usize,
    /// Weights of one filter.
    pub(super) width: usize,
}

impl Convolution {
    /// Filters and input channels of a group.
    pub(super) fn group(&self, group: usize) -> (Range<usize>, Range<usize>) {
        let (filters, channels) = (self.filters / self.groups, self.window.channels / self.groups);
        (group * filters..(group + 1) * filters, group * channels..(group + 1) * channels)
    }

    /// The weights of each group, transposed: `[width, filters of the group]`. Behind them, where slopes of inputs are a
    /// convolution too, those with taps in reverse: `[taps, filters, channels]`.
    pub(super) fn prepare(&self, weights: &[f32]) -> Vec<f32> {
        let matrix = &weights[..self.filters * self.width];
        let group = matrix.len() / self.groups;
        let mut prepared: Vec<f32> =
            matrix.chunks_exact(group).flat_map(|group| transpose(group, self.width)).collect();
        if self.reverse().is_some() {
            let channels = self.window.channels;
            let taps = self.width / channels;
            prepared.reserve(matrix.len());
            for tap in (0..taps).rev() {
                for filter in 0..self.filters {
                    prepared.extend_from_slice(&matrix[filter * self.width + tap * channels..][..channels]);
                }
            }
        }
        prepared
    }

    fn reverse(&self) -> Option<Window> {
        columns::reverse(&self.window, self.filters).filter(|_| self.groups == 1)
    }

    /// `output` = bias + products.
    pub(super) fn forward(&self, place: &Place<'_>, input: &[f32], output: &mut [f32]) {
        let bias = &place.weights[self.filters * self.width..];
        output.chunks_exact_mut(self.filters).for_each(|row| row.copy_from_slice(bias));
        let right = &place.prepared[..self.filters * self.width];
        if self.groups > 1 {
            self.forward_groups(place, input, output);
        } else if columns::same(&self.window) {
            gemm(place.isa, self.filters, Left { data: input, row: self.width, column: 1 }, right, output);
        } else {
            convolve(place, &self.window, input, (right, self.filters), output);
        }
    }

    fn forward_groups(&self, place: &Place<'_>, input: &[f32], output: &mut [f32]) {
        let (positions, depth) = (self.window.positions(), self.filters / self.groups);
        let (mut seen, mut part) = (vec![0.0; positions * self.width], vec![0.0; positions * depth]);
        let samples = input.chunks_exact(place.takes[0].len()).zip(output.chunks_exact_mut(place.output.len()));
        for (x, y) in samples {
            for group in 0..self.groups {
                let (filters, channels) = self.group(group);
                let right = &place.prepared[filters.start * self.width..filters.end * self.width];
                columns::gather(&self.window, channels, x, 0.0, &mut seen);
                let rows = || y.chunks_exact(self.filters);
                part.chunks_exact_mut(depth).zip(rows()).for_each(|(to, y)| to.copy_from_slice(&y[filters.clone()]));
                gemm(place.isa, depth, Left { data: &seen, row: self.width, column: 1 }, right, &mut part);
                for (row, y) in part.chunks_exact(depth).zip(y.chunks_exact_mut(self.filters)) {
                    y[filters.clone()].copy_from_slice(row);
                }
            }
        }
    }

    /// Slopes of weights, biases and inputs; `step.slope` is that of the sums.
    pub(super) fn backward(&self, place: &Place<'_>, step: &mut Backward<'_>) {
        let (matrix, bias) = step.gradient.split_at_mut(self.filters * self.width);
        let slope: &[f32] = step.slope;
        place.isa.compiled(
            #[inline(always)]
            || {
                for row in slope.chunks_exact(bias.len()) {
                    bias.iter_mut().zip(row).for_each(|(sum, slope)| *sum += slope);
                }
            },
        );
        let to = &mut step.input_slopes[0];
        if self.groups > 1 {
            self.backward_groups(place, step.inputs[0], slope, matrix, to);
            return;
        }
        self.learn(place, step.inputs[0], slope, matrix);
        if to.is_empty() {
            return;
        }
        let reversed = &place.prepared[self.filters * self.width..];
        match self.reverse() {
            Some(_) if columns::same(&self.window) => {
                gemm(place.isa, self.width, Left { data: slope, row: self.filters, column: 1 }, reversed, to);
            }
            Some(window) => convolve(place, &window, slope, (reversed, self.window.channels), to),
            None => self.scatter(place, slope, to),
        }
    }

    /// Adds the slopes of the weights, a row of taps at a time.
    fn learn(&self, place: &Place<'_>, input: &[f32], slope: &[f32], matrix: &mut [f32]) {
        let filters = self.filters;
        if columns::same(&self.window) {
            gemm(place.isa, self.width, Left { data: slope, row: 1, column: filters }, input, matrix);
            return;
        }
        let Window { kernel: [high, wide], output, channels, stride, dilation, .. } = self.window;
        let mut frame = Frame::new(&self.window);
        let runs = if dilation[1] == 1 { 1 } else { wide };
        let taps = wide / runs * channels;
        let samples = input.chunks_exact(place.takes[0].len()).zip(slope.chunks_exact(output[0] * output[1] * filters));
        let row = frame.row;
        for (x, slope) in samples {
            let image = frame.fill(x);
            for run in 0..high * runs {
                let start = run / runs * dilation[0] * row + run % runs * dilation[1] * channels;
                let layout = Layout {
                    rows: filters,
                    columns: taps,
                    depth: Depth { outer: output[0], inner: output[1] },
                    a: Steps { row: 1, outer: output[1] * filters, inner: filters },
                    b: Steps { row: 0, outer: stride[0] * row, inner: stride[1] * channels },
                    c_row: self.width,
                    repeat: Repeat { count: 1, a: 0, c: 0 },
                };
                product(place.isa, layout, slope, &image[start..], &mut matrix[run * taps..]);
            }
        }
    }

    /// Adds the slopes of the inputs, for windows with larger steps.
    fn scatter(&self, place: &Place<'_>, slope: &[f32], to: &mut [f32]) {
        let (positions, filters) = (self.window.positions(), self.filters);
        let weights = &place.weights[..filters * self.width];
        let mut seen = Vec::new();
        for (to, slope) in to.chunks_exact_mut(place.takes[0].len()).zip(slope.chunks_exact(positions * filters)) {
            // A row of outputs at a time stays in the cache.
            for start in (0..positions).step_by(self.window.output[1]) {
                let block = start..start + self.window.output[1];
                seen.clear();
                seen.resize(block.len() * self.width, 0.0);
                let left = Left { data: &slope[block.start * filters..], row: filters, column: 1 };
                gemm(place.isa, self.width, left, weights, &mut seen);
                columns::scatter_block(&self.window, &seen, block, to);
            }
        }
    }

    fn backward_groups(&self, place: &Place<'_>, input: &[f32], slope: &[f32], matrix: &mut [f32], to: &mut [f32]) {
        let (width, size) = (self.width, place.takes[0].len());
        let mut seen = vec![0.0; self.window.positions() * width];
        for (at, slope) in slope.chunks_exact(place.output.len()).enumerate() {
            for group in 0..self.groups {
                let (filters, channels) = self.group(group);
                columns::gather(&self.window, channels.clone(), &input[at * size..(at + 1) * size], 0.0, &mut seen);
                let weights = filters.start * width..filters.end * width;
                let from = &slope[filters.start..];
                let left = Left { data: from, row: 1, column: self.filters };
                gemm(place.isa, width, left, &seen, &mut matrix[weights.clone()]);
                if !to.is_empty() {
                    seen.fill(0.0);
                    let left = Left { data: from, row: self.filters, column: 1 };
                    gemm(place.isa, width, left, &place.weights[weights], &mut seen);
                    columns::scatter(&self.window, channels, &seen, &mut to[at * size..(at + 1) * size]);
                }
            }
        }
    }
}

/// An image with its padding around it, so that no window reaches outside.
struct Frame<'a> {
    window: &'a Window,
    /// Floats of a row.
    row: usize,
    image: Vec<f32>,
    padded: bool,
}

impl<'a> Frame<'a> {
    fn new(window: &'a Window) -> Self {
        let size = |axis: usize| {
            let reach = (window.output[axis] - 1) * window.stride[axis] + window.reach(axis);
            reach.max(window.before[axis] + window.input[axis])
        };
        let padded = window.padded();
        let (high, wide) = if padded { (size(0), size(1)) } else { (window.input[0], window.input[1]) };
        let image = vec![0.0; if padded { high * wide * window.channels } else { 0 }];
        Self { window, row: wide * window.channels, image, padded }
    }

    fn fill<'b>(&'b mut self, image: &'b [f32]) -> &'b [f32] {
        if !self.padded {
            return image;
        }
        let row = self.window.input[1] * self.window.channels;
        let [top, left] = self.window.before;
        for (at, from) in image.chunks_exact(row).enumerate() {
            let to = (top + at) * self.row + left * self.window.channels;
            self.image[to..to + row].copy_from_slice(from);
        }
        &self.image
    }
}

/// Adds to `output` the products of what the windows see with `right`, `[width, channels]`: a row of outputs at a time.
fn convolve(place: &Place<'_>, window: &Window, input: &[f32], (right, filters): (&[f32], usize), output: &mut [f32]) {
    let Window { kernel: [high, wide], output: [rows, columns], channels, stride, dilation, .. } = *window;
    let size = window.input[0] * window.input[1] * channels;
    let mut frame = Frame::new(window);
    // Taps that lie side by side are one run of a sum.
    let (runs, steps) = if dilation[1] == 1 { (high, wide * channels) } else { (1, channels) };
    for (x, y) in input.chunks_exact(size).zip(output.chunks_exact_mut(rows * columns * filters)) {
        let row = frame.row;
        let image = frame.fill(x);
        let layout = Layout {
            rows: columns,
            columns: filters,
            depth: Depth { outer: runs, inner: steps },
            a: Steps { row: stride[1] * channels, outer: dilation[0] * row, inner: 1 },
            b: Steps { row: 0, outer: steps * filters, inner: filters },
            c_row: filters,
            repeat: Repeat { count: rows, a: stride[0] * row, c: columns * filters },
        };
        if dilation[1] == 1 {
            product(place.isa, layout, image, right, y);
            continue;
        }
        for tap in 0..high * wide {
            let start = tap / wide * dilation[0] * row + tap % wide * dilation[1] * channels;
            product(place.isa, layout, &image[start..], &right[tap * channels * filters..], y);
        }
    }
}

//! A window that slides over an image `[H, W, C]`: the shape and padding arithmetic of convolutions and pools.
//!
//! A sequence `[L, C]` is an image of height 1. Padding follows `TFLite`: with `same`, an output every `stride` inputs,
//! the odd pixel of padding behind; `valid`: none; or explicit `[top, bottom, left, right]`.

use std::ops::Range;

use serde_json::json;

use crate::base::{Kind, Param, Shape};
use crate::net::qnet::QNode;

use super::args::{list, text};
use super::operator::Context;

/// Largest kernel, stride and dilation along an axis.
const MOST: usize = 4096;

/// Geometry of one operator; every pair is (vertical, horizontal).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Window {
    /// Height and width of the input.
    pub input: [usize; 2],
    /// Channels of the input.
    pub channels: usize,
    /// Taps.
    pub kernel: [usize; 2],
    /// Distance between neighbouring windows.
    pub stride: [usize; 2],
    /// Distance between neighbouring taps.
    pub dilation: [usize; 2],
    /// Padding above and to the left.
    pub before: [usize; 2],
    /// Height and width of the output.
    pub output: [usize; 2],
}

/// The parameters of a window in `dims` dimensions.
pub(super) fn params(dims: usize, stride: &str, dilation: bool) -> Vec<Param> {
    let size = if dims == 1 { "length" } else { "[height, width]" };
    let one = if dims == 1 { "1" } else { "[1, 1]" };
    let sides = if dims == 1 { "[before, after]" } else { "[top, bottom, left, right]" };
    let mut params = vec![
        Param::required("kernel", Kind::Free, &format!("Taps: {size}, or one number for all sides.")),
        Param::optional("stride", Kind::Free, if stride.is_empty() { one } else { stride }, "Steps between outputs."),
    ];
    if dilation {
        params.push(Param::optional("dilation", Kind::Free, one, "Steps between taps."));
    }
    let doc = format!("`same`: an output every stride; `valid`: no padding; or {sides}.");
    params.push(Param::optional("padding", Kind::Free, "valid", &doc));
    params
}

/// One number a dimension, from `[h, w]` or a single number; `default` where nothing is given.
fn sides(
    word: &str,
    dims: usize,
    args: &[(String, String)],
    name: &str,
    default: Option<[usize; 2]>,
) -> Result<[usize; 2], String> {
    match (list(word, args, name, (1, MOST))?.as_deref(), default) {
        (Some([each]), _) => Ok(if dims == 1 { [1, *each] } else { [*each, *each] }),
        (Some([high, wide]), _) if dims == 2 => Ok([*high, *wide]),
        (None, Some(default)) => Ok(default),
        (None, None) => Err(format!("`{word}` needs `{name}`")),
        (Some(_), _) => Err(format!("`{name}` of `{word}` is one number or one for each of {dims} dimensions")),
    }
}

impl Window {
    /// The window that `args` describe over `takes`, in 1 or 2 dimensions. Errors are sentences for the user.
    pub(super) fn read(word: &str, dims: usize, args: &[(String, String)], takes: &Shape) -> Result<Self, String> {
        let (input, channels) = image(word, dims, takes)?;
        let kernel = sides(word, dims, args, "kernel", None)?;
        // Pools step by their own size where nothing is said.
        let unsaid =
            if text(args, "stride").is_none_or(str::is_empty) && word.contains("pool") { kernel } else { [1, 1] };
        let stride = if text(args, "stride") == Some("kernel") {
            kernel
        } else {
            sides(word, dims, args, "stride", Some(unsaid))?
        };
        let dilation = sides(word, dims, args, "dilation", Some([1, 1]))?;
        let mut window = Self { input, channels, kernel, stride, dilation, before: [0, 0], output: [0, 0] };
        let padding = text(args, "padding").unwrap_or("valid");
        let explicit = match padding {
            "same" | "valid" => None,
            _ => list(word, args, "padding", (0, MOST))?,
        };
        let explicit = match (explicit.as_deref(), dims) {
            (Some([each]), _) => Some([*each; 4]),
            (Some([before, after]), 1) => Some([0, 0, *before, *after]),
            (Some([top, bottom, left, right]), 2) => Some([*top, *bottom, *left, *right]),
            (Some(_), _) => return Err(format!("`padding` of `{word}` has one number a side")),
            (None, _) => None,
        };
        for axis in 0..2 {
            let (size, step) = (input[axis], stride[axis]);
            let reach = window.reach(axis);
            let spare = match explicit {
                None if padding == "same" => {
                    window.output[axis] = size.div_ceil(step);
                    window.before[axis] = ((window.output[axis] - 1) * step + reach).saturating_sub(size) / 2;
                    continue;
                }
                None => 0,
                Some(padding) => {
                    window.before[axis] = padding[2 * axis] * usize::from(dims == 2 || axis == 1);
                    window.before[axis] + padding[2 * axis + 1] * usize::from(dims == 2 || axis == 1)
                }
            };
            let Some(room) = (size + spare).checked_sub(reach) else {
                return Err(format!("the window of `{word}` covers {reach} values, but {takes} has {size} of them"));
            };
            window.output[axis] = room / step + 1;
        }
        Ok(window)
    }

    /// The window of a node whose arguments were checked before.
    pub fn of(node: &QNode) -> Self {
        Self::checked(node.op.word(), node.takes[0].dims.len() - 1, &node.args, &node.takes[0])
    }

    /// The window of arguments that were checked before.
    pub(super) fn checked(word: &str, dims: usize, args: &[(String, String)], takes: &Shape) -> Self {
        Self::read(word, dims, args, takes).unwrap_or_else(|error| panic!("bug: checked before: {error}"))
    }

    /// How many inputs the window spans along an axis.
    pub fn reach(&self, axis: usize) -> usize {
        (self.kernel[axis] - 1) * self.dilation[axis] + 1
    }

    /// Whether a tap can lie outside of the input.
    pub fn padded(&self) -> bool {
        (0..2).any(|axis| {
            let last = (self.output[axis] - 1) * self.stride[axis] + self.reach(axis);
            self.before[axis] > 0 || last > self.before[axis] + self.input[axis]
        })
    }

    /// The taps along an axis that lie inside of the input at output `at`.
    pub fn taps(&self, axis: usize, at: usize) -> Range<usize> {
        let (start, dilation) = (at * self.stride[axis], self.dilation[axis]);
        let first = self.before[axis].saturating_sub(start).div_ceil(dilation).min(self.kernel[axis]);
        let room = (self.input[axis] + self.before[axis]).saturating_sub(start);
        first..room.div_ceil(dilation).min(self.kernel[axis]).max(first)
    }

    /// The input below a tap that lies inside.
    pub fn at(&self, axis: usize, output: usize, tap: usize) -> usize {
        output * self.stride[axis] + tap * self.dilation[axis] - self.before[axis]
    }

    /// Outputs a channel.
    pub fn positions(&self) -> usize {
        self.output[0] * self.output[1]
    }

    /// The output's dimensions with `channels` channels, for an operator in `dims` dimensions.
    pub(super) fn shape(&self, dims: usize, channels: usize) -> Shape {
        if dims == 1 {
            Shape::f32(&[self.output[1], channels])
        } else {
            Shape::f32(&[self.output[0], self.output[1], channels])
        }
    }

    /// What every template of a window gets.
    pub(super) fn context(&self) -> Context {
        let pairs = [
            (["input_height", "input_width"], self.input),
            (["kernel_height", "kernel_width"], self.kernel),
            (["stride_height", "stride_width"], self.stride),
            (["dilation_height", "dilation_width"], self.dilation),
            (["pad_top", "pad_left"], self.before),
            (["output_height", "output_width"], self.output),
        ];
        let mut context: Context = pairs
            .into_iter()
            .flat_map(|(names, pair)| [(names[0], json!(pair[0])), (names[1], json!(pair[1]))])
            .collect();
        context.extend([("channels", json!(self.channels)), ("padded", json!(self.padded()))]);
        context
    }

    /// The first input pixel that the window at `position` reads, or `None` where it only sees padding.
    fn lowest(&self, position: usize) -> Option<usize> {
        let (y, x) = (position / self.output[1], position % self.output[1]);
        let (rows, columns) = (self.taps(0, y), self.taps(1, x));
        let seen = !rows.is_empty() && !columns.is_empty();
        seen.then(|| self.at(0, y, rows.start) * self.input[1] + self.at(1, x, columns.start))
    }

    /// The lead (see [`super::Overlap`]) of a kernel that computes positions in order, `block` of them at a time, and
    /// reads all channels of their windows in any order while it writes `channels` channels of each.
    pub fn lead(&self, channels: usize, block: usize) -> usize {
        let (mut lead, mut later) = (0, usize::MAX);
        let positions: Vec<usize> = (0..self.positions()).collect();
        for block in positions.chunks(block.max(1)).rev() {
            let lowest = block.iter().filter_map(|at| self.lowest(*at)).min();
            later = later.min(lowest.map_or(usize::MAX, |pixel| pixel * self.channels));
            let written = block.last().map_or(0, |last| (last + 1) * channels);
            lead = lead.max(written.saturating_sub(later));
        }
        lead
    }

    /// The lead of a kernel that computes positions in order, `block` of them at a time, and reads all that their windows
    /// see before it writes `channels` channels of each.
    pub fn block_lead(&self, channels: usize, block: usize) -> usize {
        let (mut lead, mut later) = (0, usize::MAX);
        let positions: Vec<usize> = (0..self.positions()).collect();
        for block in positions.chunks(block.max(1)).rev() {
            let written = block.last().map_or(0, |last| (last + 1) * channels);
            lead = lead.max(written.saturating_sub(later));
            let lowest = block.iter().filter_map(|at| self.lowest(*at)).min();
            later = later.min(lowest.map_or(usize::MAX, |pixel| pixel * self.channels));
        }
        lead
    }

    /// The lead of a kernel that computes positions in order and channels in order, each output channel from the same
    /// channel of the input: pools and depthwise convolutions of multiplier 1.
    pub fn channel_lead(&self) -> usize {
        let (mut lead, mut later) = (0, usize::MAX);
        for position in (0..self.positions()).rev() {
            // Between channels of one position, the next input channel is one byte further, as is the next output.
            let start = self.lowest(position).unwrap_or(usize::MAX);
            let within = position.saturating_sub(start) * self.channels;
            let behind = ((position + 1) * self.channels).saturating_sub(later.saturating_mul(self.channels));
            lead = lead.max(within).max(behind);
            later = later.min(start);
        }
        lead
    }
}

/// Height, width and channels of an image, or of a sequence as an image of height 1.
fn image(word: &str, dims: usize, takes: &Shape) -> Result<([usize; 2], usize), String> {
    match (dims, takes.dims.as_slice()) {
        (2, [high, wide, channels]) => Ok(([*high, *wide], *channels)),
        (1, [long, channels]) => Ok(([1, *long], *channels)),
        (2, _) => Err(format!("`{word}` takes an image [height, width, channels], but it is given {takes}")),
        _ => Err(format!("`{word}` takes a sequence [length, channels], but it is given {takes}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn random(rng: &mut Rng) -> Option<Window> {
        let mut side = |most: usize| format!("[{}, {}]", rng.below(most) + 1, rng.below(most) + 1);
        let args = [("kernel", side(4)), ("stride", side(3)), ("dilation", side(2))];
        let mut args: Vec<_> = args.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
        let explicit = format!("[{}, {}, {}, {}]", rng.below(4), rng.below(4), rng.below(4), rng.below(4));
        args.push(("padding".into(), ["same".to_string(), "valid".into(), explicit][rng.below(3)].clone()));
        let takes = Shape::f32(&[rng.below(7) + 1, rng.below(7) + 1, rng.below(3) + 1]);
        Window::read("conv2d", 2, &args, &takes).ok()
    }

    /// Bytes of the input that the window at `position` reads in one channel of each pixel.
    fn reads(window: &Window, position: usize) -> Vec<usize> {
        let (y, x) = (position / window.output[1], position % window.output[1]);
        let pixel = |(ky, kx): (usize, usize)| {
            let inside = |axis: usize, at: usize, tap: usize| {
                let at = (at * window.stride[axis] + tap * window.dilation[axis]).checked_sub(window.before[axis])?;
                (at < window.input[axis]).then_some(at)
            };
            Some(inside(0, y, ky)? * window.input[1] + inside(1, x, kx)?)
        };
        let taps = (0..window.kernel[0]).flat_map(|ky| (0..window.kernel[1]).map(move |kx| (ky, kx)));
        taps.filter_map(pixel).collect()
    }

    #[test]
    fn taps_are_those_inside() {
        let mut rng = Rng::new(3, "window taps");
        for window in (0..3000).filter_map(|_| random(&mut rng)) {
            for position in 0..window.positions() {
                let (y, x) = (position / window.output[1], position % window.output[1]);
                let (rows, columns) = (window.taps(0, y), window.taps(1, x));
                let found: Vec<usize> = rows
                    .flat_map(|ky| columns.clone().map(move |kx| (ky, kx)))
                    .map(|(ky, kx)| window.at(0, y, ky) * window.input[1] + window.at(1, x, kx))
                    .collect();
                assert_eq!(found, reads(&window, position), "{window:?} at {position}");
                let outside = found.len() < window.kernel[0] * window.kernel[1];
                assert!(!outside || window.padded(), "{window:?}");
            }
        }
    }

    /// Runs a kernel's events in order over one memory; true when every read still finds the input's byte.
    fn sound(lead: usize, events: &[(Vec<usize>, usize)]) -> bool {
        let mut last = std::collections::BTreeMap::new();
        for (time, (reads, _)) in events.iter().enumerate() {
            last.extend(reads.iter().map(|byte| (*byte, time)));
        }
        // Output byte j lies at input byte j − lead; it is written after the reads of its own event.
        events.iter().enumerate().all(|(time, (_, write))| {
            write.checked_sub(lead).and_then(|byte| last.get(&byte)).is_none_or(|read| *read <= time)
        })
    }

    #[test]
    fn leads_are_safe_and_channel_leads_are_least() {
        let mut rng = Rng::new(4, "window lead");
        for _ in 0..3000 {
            let Some(window) = random(&mut rng) else { continue };
            let (channels, block) = (rng.below(4) + 1, rng.below(3) + 1);
            let mut events = Vec::new();
            for start in (0..window.positions()).step_by(block) {
                let end = (start + block).min(window.positions());
                let all: Vec<usize> = (start..end).flat_map(|at| reads(&window, at)).collect();
                let all: Vec<usize> = all
                    .iter()
                    .flat_map(|pixel| (0..window.channels).map(move |c| pixel * window.channels + c))
                    .collect();
                events.extend((start * channels..end * channels).map(|write| (all.clone(), write)));
            }
            let lead = window.lead(channels, block);
            assert!(sound(lead, &events), "{window:?} {channels} {block}: {lead}");
            // The same with all reads of a block before its first write.
            let first = |write: usize| write.is_multiple_of(block * channels);
            let late =
                |(reads, write): &(Vec<usize>, usize)| (if first(*write) { reads.clone() } else { Vec::new() }, *write);
            let late: Vec<(Vec<usize>, usize)> = events.iter().map(late).collect();
            let block_lead = window.block_lead(channels, block);
            assert!(sound(block_lead, &late) && block_lead <= lead, "{window:?} {channels} {block}: {block_lead}");
            assert!(lead < 2 || !sound(lead - 2, &events), "{window:?} {channels} {block}: {lead} isn't least");
            let events: Vec<_> = (0..window.positions() * window.channels)
                .map(|write| {
                    let channel = write % window.channels;
                    let pixels = reads(&window, write / window.channels);
                    (pixels.iter().map(|pixel| pixel * window.channels + channel).collect(), write)
                })
                .collect();
            let lead = window.channel_lead();
            assert!(sound(lead, &events), "{window:?}: {lead}");
            assert!(
                lead < window.channels || !sound(lead - window.channels, &events),
                "{window:?}: {lead} isn't least"
            );
        }
    }
}

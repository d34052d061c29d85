//! How the values of each channel spread, class by class: a panel a channel, a line a class, areas of equal size.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, colour, legend_height};

/// One channel.
#[derive(Clone, Debug)]
pub struct Histogram {
    /// Its name.
    pub name: String,
    /// Lower edge of the first bin and upper edge of the last one.
    pub range: (f64, f64),
    /// Shares of each class's values by bin.
    pub classes: Vec<Vec<f64>>,
}

impl Histogram {
    /// Counts values with their class into bins between the smallest and the largest one.
    pub fn new(name: &str, values: &[(f32, u32)], classes: usize, bins: usize) -> Self {
        let finite = || values.iter().filter(|(value, _)| value.is_finite());
        let low = finite().map(|(value, _)| f64::from(*value)).fold(f64::INFINITY, f64::min);
        let high = finite().map(|(value, _)| f64::from(*value)).fold(f64::NEG_INFINITY, f64::max);
        let mut counts = vec![vec![0.0; bins.max(1)]; classes.max(1)];
        for (value, class) in finite() {
            let share = if high > low { (f64::from(*value) - low) / (high - low) } else { 0.5 };
            let bin = ((share * bins as f64) as usize).min(bins.max(1) - 1);
            if let Some(count) = counts.get_mut(*class as usize) {
                count[bin] += 1.0;
            }
        }
        for class in &mut counts {
            let total: f64 = class.iter().sum();
            class.iter_mut().for_each(|count| *count /= total.max(1.0));
        }
        Self { name: name.into(), range: (low, high), classes: counts }
    }
}

const PANEL: (f64, f64) = (220.0, 130.0);
const COLUMNS: usize = 4;
/// More panels can't be read.
const MOST: usize = 32;

/// A panel a channel.
pub fn histograms(title: &str, classes: &[String], all: &[Histogram]) -> String {
    let shown = &all[..all.len().min(MOST)];
    let columns = shown.len().clamp(1, COLUMNS);
    let rows = shown.len().div_ceil(columns);
    let width = (PANEL.0 * columns as f64 + 32.0).max(420.0);
    let top = 40.0 + legend_height(classes, width);
    let mut canvas = Canvas::new(width, top + PANEL.1 * rows as f64 + 8.0);
    let more = all.len() - shown.len();
    let title = if more > 0 { format!("{title} (the first {MOST} of {})", all.len()) } else { title.to_string() };
    canvas.text(16.0, 24.0, Anchor::Start, "title", &title);
    canvas.legend(16.0, 46.0, classes);
    for (index, histogram) in shown.iter().enumerate() {
        let x = 16.0 + PANEL.0 * (index % columns) as f64;
        let y = top + PANEL.1 * (index / columns) as f64;
        panel(&mut canvas, (x, y), histogram);
    }
    canvas.finish()
}

fn panel(canvas: &mut Canvas, (x, y): (f64, f64), histogram: &Histogram) {
    let (left, right, bottom) = (x, x + PANEL.0 - 20.0, y + PANEL.1 - 34.0);
    let name: String = histogram.name.chars().take(26).collect();
    canvas.text(left, y + 10.0, Anchor::Start, "", &name);
    let across = Axis::new(histogram.range.0, histogram.range.1, left, right);
    canvas.rule((left, bottom), (right, bottom));
    for (value, text) in across.ticks(3) {
        canvas.rule((across.at(value), bottom), (across.at(value), bottom + 4.0));
        canvas.text(across.at(value), bottom + 16.0, Anchor::Middle, "dim", &text);
    }
    let largest = histogram.classes.iter().flatten().copied().fold(1e-9, f64::max);
    let up = Axis::new(0.0, largest, bottom, y + 18.0);
    for (class, shares) in histogram.classes.iter().enumerate().filter(|(_, shares)| shares.iter().any(|s| *s > 0.0)) {
        let wide = (right - left) / shares.len() as f64;
        let mut points = vec![(left, bottom)];
        for (bin, share) in shares.iter().enumerate() {
            let from = left + wide * bin as f64;
            points.extend([(from, up.at(*share)), (from + wide, up.at(*share))]);
        }
        points.push((right, bottom));
        canvas.band(&points, colour(class));
        canvas.curve(&points, colour(class));
    }
}

//! Points against several axes side by side: what candidates are worth against each of their costs.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas};

const PANEL: (f64, f64) = (270.0, 230.0);
const LEFT: f64 = 64.0;
const TOP: f64 = 48.0;
const GAP: f64 = 28.0;

/// How a point is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mark {
    /// One of many.
    Usual,
    /// Of the set that stands out.
    Set,
    /// The one.
    Chosen,
}

/// A point: its height, its place on each axis, what it says when pointed at.
#[derive(Clone, PartialEq, Debug)]
pub struct Point {
    /// Its height.
    pub y: f64,
    /// Its place on each axis.
    pub x: Vec<f64>,
    /// How it is drawn.
    pub mark: Mark,
    /// What it says.
    pub title: String,
}

/// A panel for each of `axes` (name with unit), under `title`, and `legend` below. Points that aren't finite are left out.
pub fn scatter(title: &str, height: &str, axes: &[&str], points: &[Point], legend: &str) -> String {
    let wide = LEFT + axes.len() as f64 * (PANEL.0 + GAP);
    let mut canvas = Canvas::new(wide, TOP + PANEL.1 + 74.0);
    canvas.text(16.0, 24.0, Anchor::Start, "title", title);
    let finite = |point: &&Point| point.y.is_finite() && point.x.iter().all(|x| x.is_finite());
    // The ones that matter are drawn last, over the others.
    let mut shown: Vec<&Point> = points.iter().filter(finite).collect();
    shown.sort_by_key(|point| point.mark as u8);
    let bottom = TOP + PANEL.1;
    let y = axis(shown.iter().map(|point| point.y), bottom, TOP);
    for (value, text) in y.ticks(5) {
        canvas.text(LEFT - 8.0, y.at(value) + 4.0, Anchor::End, "dim", &text);
    }
    canvas.text(LEFT, TOP - 8.0, Anchor::Start, "dim", height);
    for (at, name) in axes.iter().enumerate() {
        let left = LEFT + at as f64 * (PANEL.0 + GAP);
        let values = shown.iter().filter_map(|point| point.x.get(at).copied());
        let x = axis(values, left, left + PANEL.0);
        for (value, _) in y.ticks(5) {
            canvas.rule((left, y.at(value)), (left + PANEL.0, y.at(value)));
        }
        for (value, text) in x.ticks(4) {
            canvas.rule((x.at(value), bottom), (x.at(value), bottom + 4.0));
            canvas.text(x.at(value), bottom + 18.0, Anchor::Middle, "dim", &text);
        }
        canvas.text(left + PANEL.0 / 2.0, bottom + 36.0, Anchor::Middle, "", name);
        for point in &shown {
            if let Some(value) = point.x.get(at) {
                let (fill, size) = match point.mark {
                    Mark::Usual => ("#8c8c8c", 6.0),
                    Mark::Set => ("#0072b2", 9.0),
                    Mark::Chosen => ("#d55e00", 11.0),
                };
                let corner = (x.at(*value) - size / 2.0, y.at(point.y) - size / 2.0);
                canvas.area(corner.0, corner.1, (size, size), fill, &point.title);
            }
        }
    }
    canvas.text(16.0, bottom + 62.0, Anchor::Start, "dim", legend);
    canvas.finish()
}

/// An axis over values, with a little room at both ends.
fn axis(values: impl Iterator<Item = f64> + Clone, start: f64, end: f64) -> Axis {
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.fold(f64::NEG_INFINITY, f64::max);
    let room = (high - low) * 0.06;
    Axis::new(low - room, high + room, start, end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_finite_point_is_drawn_on_every_axis() {
        let point = |y: f64, mark| Point { y, x: vec![1.0, 2.0 * y], mark, title: "a < b".into() };
        let points = [point(0.5, Mark::Chosen), point(0.7, Mark::Set), point(f64::NAN, Mark::Usual)];
        let svg = scatter("search", "accuracy", &["ms", "KiB"], &points, "legend");
        assert_eq!(svg.matches("<title>a &lt; b</title>").count(), 4);
        assert!(!svg.contains("NaN"), "{svg}");
    }
}

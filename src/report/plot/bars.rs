//! Rows of each class, stacked by part.

use super::canvas::{Anchor, Canvas, colour};
use crate::base::amount::grouped;

/// One class.
#[derive(Clone, Debug)]
pub struct Bar {
    /// Its name.
    pub name: String,
    /// Rows in each part.
    pub parts: [usize; 3],
}

const WIDTH: f64 = 720.0;
const LEFT: f64 = 150.0;
const ROW: f64 = 24.0;
/// More can't be read.
const MOST: usize = 200;

/// Bars of the classes, the largest as wide as the drawing.
pub fn bars(title: &str, parts: &[String], all: &[Bar]) -> String {
    let all = &all[..all.len().min(MOST)];
    let mut canvas = Canvas::new(WIDTH, 78.0 + ROW * all.len() as f64);
    canvas.text(16.0, 24.0, Anchor::Start, "title", title);
    canvas.legend(16.0, 46.0, parts);
    let total = |bar: &Bar| bar.parts.iter().sum::<usize>();
    let largest = all.iter().map(total).max().unwrap_or(0).max(1) as f64;
    for (index, bar) in all.iter().enumerate() {
        let y = 62.0 + ROW * index as f64;
        let name: String = bar.name.chars().take(20).collect();
        canvas.text(LEFT - 8.0, y + 14.0, Anchor::End, "", &name);
        let mut x = LEFT;
        for (part, rows) in bar.parts.iter().enumerate() {
            let wide = *rows as f64 / largest * (WIDTH - LEFT - 80.0);
            let says =
                format!("{}: {} {}", bar.name, grouped(*rows as u64), parts.get(part).map_or("", String::as_str));
            canvas.area(x, y, (wide, ROW - 6.0), colour(part), &says);
            x += wide;
        }
        canvas.text(x + 6.0, y + 14.0, Anchor::Start, "dim", &grouped(total(bar) as u64));
    }
    canvas.finish()
}

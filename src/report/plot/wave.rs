//! Mean and standard deviation of each channel over time, a row a class, a column a channel.

use super::axis::Axis;
use super::canvas::{Anchor, Canvas, colour};

/// One channel of one class.
#[derive(Clone, Debug)]
pub struct Wave {
    /// Mean at each sample.
    pub mean: Vec<f64>,
    /// Standard deviation at each sample.
    pub std: Vec<f64>,
}

const PANEL: (f64, f64) = (210.0, 110.0);
const LEFT: f64 = 120.0;
/// More can't be read.
const MOST: usize = 8;
const POINTS: usize = 200;

/// `all[class][channel]`; the classes of one channel share its scale.
pub fn waves(title: &str, classes: &[String], channels: &[String], all: &[Vec<Wave>]) -> String {
    let columns = channels.len().min(MOST);
    let rows = all.len().min(24);
    let width = LEFT + PANEL.0 * columns.max(2) as f64 + 16.0;
    let mut canvas = Canvas::new(width, 70.0 + PANEL.1 * rows as f64);
    canvas.text(16.0, 24.0, Anchor::Start, "title", title);
    for (column, name) in channels.iter().take(columns).enumerate() {
        let x = LEFT + PANEL.0 * column as f64;
        canvas.text(x, 50.0, Anchor::Start, "", &name.chars().take(24).collect::<String>());
        let (low, high) = range(all, column);
        for (row, class) in all.iter().take(rows).enumerate() {
            let y = 58.0 + PANEL.1 * row as f64;
            if column == 0 {
                let name: String = classes.get(row).map_or("", String::as_str).chars().take(15).collect();
                canvas.text(LEFT - 36.0, y + PANEL.1 / 2.0, Anchor::End, "", &name);
            }
            let Some(wave) = class.get(column) else { continue };
            let up = Axis::new(low, high, y + PANEL.1 - 20.0, y + 4.0);
            panel(&mut canvas, (x, x + PANEL.0 - 34.0), up, wave, row);
        }
    }
    canvas.finish()
}

/// What the bands of one channel span.
fn range(all: &[Vec<Wave>], channel: usize) -> (f64, f64) {
    let waves = || all.iter().filter_map(|class| class.get(channel));
    let edge =
        |sign: f64| waves().flat_map(move |wave| wave.mean.iter().zip(&wave.std).map(move |(m, s)| m + sign * s));
    (edge(-1.0).fold(f64::INFINITY, f64::min), edge(1.0).fold(f64::NEG_INFINITY, f64::max))
}

fn panel(canvas: &mut Canvas, (left, right): (f64, f64), up: Axis, wave: &Wave, class: usize) {
    for (value, text) in up.ticks(3) {
        canvas.rule((left, up.at(value)), (right, up.at(value)));
        canvas.text(left - 4.0, up.at(value) + 4.0, Anchor::End, "dim", &text);
    }
    let across = Axis::new(0.0, (wave.mean.len().max(2) - 1) as f64, left, right);
    let every = wave.mean.len().div_ceil(POINTS).max(1);
    let line = |sign: f64| -> Vec<(f64, f64)> {
        let samples = wave.mean.iter().zip(&wave.std).enumerate().step_by(every);
        samples.map(|(at, (mean, std))| (across.at(at as f64), up.at(mean + sign * std))).collect()
    };
    let mut band = line(1.0);
    band.extend(line(-1.0).into_iter().rev());
    canvas.band(&band, colour(class));
    canvas.curve(&line(0.0), colour(class));
}

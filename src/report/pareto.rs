//! A search as a picture: what candidates are worth against what they cost, in time, flash and memory.

use std::fmt::Write as _;

use super::search::score;
use crate::base::amount::{Toward, amount};
use crate::stages::search::{Costs, Fate, Found, Tried};

const PANEL: f64 = 300.0;
const HEIGHT: f64 = 250.0;
const LEFT: f64 = 64.0;
const TOP: f64 = 44.0;

/// A cost: its word, its unit, and its value.
type Axis = (&'static str, &'static str, fn(&Costs) -> f64);

const AXES: [Axis; 3] = [
    ("latency", "s", |costs| costs.latency),
    ("flash", "B", |costs| costs.flash as f64),
    ("ram", "B", |costs| costs.ram as f64),
];

/// An SVG with a panel for each cost. Filled points are those that no other candidate is better than in everything.
pub fn search_plot(found: &Found) -> String {
    let wide = LEFT + 3.0 * (PANEL + 24.0);
    let high = TOP + HEIGHT + 64.0;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {wide} {high}\" width=\"{wide}\" height=\"{high}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"{wide}\" height=\"{high}\" fill=\"#ffffff\"/>\n\
         <text x=\"{LEFT}\" y=\"20\" font-size=\"15\">search of {}: {} on the validation part against costs</text>\n",
        escaped(&found.model),
        escaped(&found.measure)
    );
    let shown: Vec<Point<'_>> = found
        .tried
        .iter()
        .filter_map(|tried| Some((tried, tried.quality?.score, tried.costs.as_ref()?)))
        .filter(|(_, score, _)| score.is_finite())
        .collect();
    let scores = span(shown.iter().map(|(_, score, _)| *score));
    for (at, axis) in AXES.iter().enumerate() {
        panel(&mut svg, LEFT + at as f64 * (PANEL + 24.0), *axis, (&shown, scores), found);
    }
    let y = high - 12.0;
    let _ = writeln!(
        svg,
        "<text x=\"{LEFT}\" y=\"{y}\" fill=\"#555\">orange: chosen; blue: nothing is better in everything; grey: others \
         (fewer epochs where they were stopped early)</text>\n</svg>"
    );
    svg
}

/// The least and the largest, with a little room.
fn span(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let low = values.clone().fold(f64::INFINITY, f64::min);
    let high = values.fold(f64::NEG_INFINITY, f64::max);
    if !low.is_finite() || !high.is_finite() {
        return (0.0, 1.0);
    }
    let room = ((high - low) * 0.06).max(high.abs() * 0.005).max(1e-9);
    (low - room, high + room)
}

/// A candidate, its score and its costs.
type Point<'a> = (&'a Tried, f64, &'a Costs);

fn panel(svg: &mut String, left: f64, axis: Axis, (shown, scores): (&[Point<'_>], (f64, f64)), found: &Found) {
    let (word, unit, of) = axis;
    let costs = span(shown.iter().map(|(_, _, costs)| of(costs)));
    let x = |value: f64| left + (value - costs.0) / (costs.1 - costs.0) * PANEL;
    let y = |value: f64| TOP + HEIGHT - (value - scores.0) / (scores.1 - scores.0) * HEIGHT;
    let _ = writeln!(
        svg,
        "<rect x=\"{left}\" y=\"{TOP}\" width=\"{PANEL}\" height=\"{HEIGHT}\" fill=\"none\" stroke=\"#bbb\"/>"
    );
    for part in 0..=2 {
        let share = f64::from(part) / 2.0;
        let (cost, worth) = (costs.0 + share * (costs.1 - costs.0), scores.0 + share * (scores.1 - scores.0));
        let anchor = ["start", "middle", "end"][part as usize];
        let _ = writeln!(
            svg,
            "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\" fill=\"#555\">{}</text>",
            x(cost),
            TOP + HEIGHT + 16.0,
            amount(cost.max(0.0), unit, Toward::More)
        );
        if left <= LEFT {
            let _ = writeln!(
                svg,
                "<text x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"end\" fill=\"#555\">{}</text>",
                left - 6.0,
                y(worth) + 4.0,
                score(worth, &found.measure)
            );
        }
    }
    let middle = left + PANEL / 2.0;
    let _ =
        writeln!(svg, "<text x=\"{middle:.1}\" y=\"{:.1}\" text-anchor=\"middle\">{word}</text>", TOP + HEIGHT + 34.0);
    for (tried, worth, costs) in shown {
        let (fill, radius) = match (tried.fate == Fate::Chosen, tried.pareto) {
            (true, _) => ("#e8710a", 6),
            (false, true) => ("#1a73e8", 5),
            (false, false) => ("#c8c8c8", 4),
        };
        let _ = writeln!(
            svg,
            "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\" fill=\"{fill}\"><title>{}\n{}, {} epochs, {word} \
             {}</title></circle>",
            x(of(costs)),
            y(*worth),
            escaped(&tried.choices),
            score(*worth, &found.measure),
            tried.epochs,
            amount(of(costs), unit, Toward::More)
        );
    }
}

/// With the characters that mean something in XML replaced.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

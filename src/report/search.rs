//! The candidates of a search for people: what each is worth and costs, what became of it, the winner's layers; as text
//! and as a picture.

use super::plot::{Mark, Point, scatter};
use super::text::{Ink, Style, wrapped};
use crate::base::amount::{Toward, amount, bytes};
use crate::base::table::{self, Align, shortened};
use crate::stages::search::{Fate, Found, Tried};

/// Candidates that are shown; all are in `report.json`.
const MOST: usize = 24;

/// The text of a search, ending in an empty line.
pub(super) fn lines(found: &Found, style: Style) -> Vec<String> {
    let trained = found.tried.iter().filter(|tried| tried.epochs > 0).count();
    let mut lines = vec![style.paint(Ink::Bold, &format!("search of {}", found.model))];
    let fact = format!(
        "{} candidates of {} ways, {trained} trained; the winner is {}",
        found.tried.len(),
        found.space,
        aim(found)
    );
    let fact = match found.left {
        0 => fact,
        left => format!("{fact}; the budget has no time for {left} more"),
    };
    lines.extend(wrapped(&fact, 2, style));
    let boards = found.boards.join(", ");
    let note = format!(
        "{} on the validation part; costs with random weights, the largest over {boards}: memory exact, latency \
         simulated; training estimated at {} of a budget of {}",
        found.measure,
        amount(found.spent, "s", Toward::More),
        amount(found.budget, "s", Toward::More)
    );
    lines.extend(wrapped(&note, 2, style).iter().map(|line| style.paint(Ink::Dim, line)));
    lines.push(String::new());
    lines.extend(candidates(found, style));
    lines.push(String::new());
    lines.push("  layers of the winner, as a spec says them".to_string());
    lines.extend(found.layers.iter().map(|layer| format!("    {layer}")));
    lines.push(String::new());
    lines
}

fn aim(found: &Found) -> String {
    match (&found.minimize, found.required) {
        (None, _) => "the best that fits".into(),
        (Some(cost), true) => format!("the one of least {cost} that meets what is required"),
        (Some(cost), false) => format!("the one of least {cost} within a point of the best"),
    }
}

fn candidates(found: &Found, style: Style) -> Vec<String> {
    let mut order: Vec<&Tried> = found.tried.iter().collect();
    order.sort_by_key(|tried| (tried.fate != Fate::Chosen, !tried.pareto, rank(tried.fate)));
    let head = ["", "candidate", &found.measure, "epochs", "latency", "flash", "ram", ""];
    let head: Vec<String> = head.iter().map(ToString::to_string).collect();
    let rows = |choices: usize, fate: bool| -> Vec<Vec<String>> {
        let rows = order.iter().take(MOST).map(|tried| row(tried, found, (choices, fate), style));
        std::iter::once(head.clone()).chain(rows).collect()
    };
    let align =
        [Align::Left, Align::Left, Align::Right, Align::Right, Align::Right, Align::Right, Align::Right, Align::Left];
    let fits = |lines: &[String]| lines.iter().all(|line| table::width(line) <= style.width);
    let mut made = table::lines(&rows(60, true), &align, 2);
    for choices in [40, 28, 20, 14] {
        if fits(&made) {
            break;
        }
        made = table::lines(&rows(choices, choices > 20), &align, 2);
    }
    let mut lines: Vec<String> =
        made.iter().map(|line| shortened(line, style.width, style.ellipsis()).trim_end().to_string()).collect();
    lines[0] = style.paint(Ink::Dim, &lines[0]);
    if order.len() > MOST {
        lines.push(format!("  and {} more candidates; all are in report.json", order.len() - MOST));
    }
    let unfit = order.iter().filter(|tried| !tried.reasons.is_empty());
    let reasons = unfit.take(6).map(|tried| format!("{}: {}", tried.choices, tried.reasons.join("; ")));
    lines.extend(reasons.flat_map(|reason| wrapped(&reason, 4, style)));
    let legend = if style.unicode {
        "◆ chosen  ● nothing is better in everything"
    } else {
        "* chosen  + nothing is better in everything"
    };
    lines.push(style.paint(Ink::Dim, &format!("  {legend}")));
    lines
}

fn rank(fate: Fate) -> u8 {
    match fate {
        Fate::Chosen => 0,
        Fate::Stopped => 1,
        Fate::Failed => 2,
        Fate::Unfit => 3,
        Fate::Untried => 4,
    }
}

fn row(tried: &Tried, found: &Found, (choices, fate): (usize, bool), style: Style) -> Vec<String> {
    let mark = match (tried.fate == Fate::Chosen, tried.pareto, style.unicode) {
        (true, _, true) => "◆",
        (true, _, false) => "*",
        (false, true, true) => "●",
        (false, true, false) => "+",
        (false, false, _) => " ",
    };
    let score = tried.quality.map_or("-".to_string(), |quality| score(quality.score, &found.measure));
    let cost = |text: &dyn Fn(&crate::stages::search::Costs) -> String| tried.costs.as_ref().map_or("-".into(), text);
    let words = match tried.fate {
        Fate::Chosen => "chosen",
        Fate::Stopped => "",
        Fate::Failed => "failed",
        Fate::Unfit => "doesn't fit",
        Fate::Untried => "no time",
    };
    vec![
        mark.to_string(),
        shortened(&tried.choices, choices, style.ellipsis()),
        score,
        if tried.epochs > 0 { tried.epochs.to_string() } else { "-".into() },
        cost(&|costs| amount(costs.latency, "s", Toward::More)),
        cost(&|costs| bytes(costs.flash as f64, Toward::More)),
        cost(&|costs| bytes(costs.ram as f64, Toward::More)),
        if fate { words.to_string() } else { String::new() },
    ]
}

/// A score as its measure is written.
fn score(score: f64, measure: &str) -> String {
    if measure == "accuracy" { amount(score, "ratio", Toward::Less) } else { format!("{score:.3}") }
}

/// The trained candidates as an SVG: what they are worth against time, flash and memory.
pub fn search_plot(found: &Found) -> String {
    let percent = found.measure == "accuracy";
    let point = |tried: &Tried| {
        let (quality, costs) = (tried.quality?, tried.costs.as_ref()?);
        let mark = match (tried.fate == Fate::Chosen, tried.pareto) {
            (true, _) => Mark::Chosen,
            (false, true) => Mark::Set,
            (false, false) => Mark::Usual,
        };
        let title = format!(
            "{}: {}, {} epochs, {}, flash {}, ram {}",
            tried.choices,
            score(quality.score, &found.measure),
            tried.epochs,
            amount(costs.latency, "s", Toward::More),
            bytes(costs.flash as f64, Toward::More),
            bytes(costs.ram as f64, Toward::More)
        );
        let y = if percent { 100.0 * quality.score } else { quality.score };
        let x = vec![1e3 * costs.latency, costs.flash as f64 / 1024.0, costs.ram as f64 / 1024.0];
        Some(Point { y, x, mark, title })
    };
    let points: Vec<Point> = found.tried.iter().filter_map(point).collect();
    let height = format!("{}{}, validation part", found.measure, if percent { " (%)" } else { "" });
    scatter(
        &format!("search of {}", found.model),
        &height,
        &["latency (ms, simulated)", "flash (KiB)", "ram (KiB)"],
        &points,
        "red: chosen; blue: nothing is better in everything; grey: others, with fewer epochs where they were stopped early",
    )
}

//! What the test part says in text, besides the confusion matrix: metrics in a line, a regression's errors, a detection's
//! scores.

use super::measure::{Detection, Errors, Quantile, TargetErrors};
use super::text::{Style, percent, wrapped};
use super::verdict::Test;
use crate::base::amount::{Toward, amount, grouped, number};
use crate::base::table::{self, Align, shortened, width};

/// `1,234 test rows, exact: accuracy 98.3%, as float 98.5%, f1 …`
pub(super) fn fact(test: &Test) -> String {
    let pair = |word: &str, value: Option<f64>, float: Option<f64>| {
        let float = float.map_or(String::new(), |float| format!(", as float {}", percent(Some(float))));
        format!("{word} {}{float}", percent(value))
    };
    let mut parts =
        vec![pair("accuracy", test.accuracy, test.float_accuracy), pair("f1", test.macro_f1, test.float_f1)];
    if let Some(auc) = test.auc.as_ref().filter(|auc| auc.mean.is_some()) {
        parts.push(pair("auc", auc.mean, test.float_auc));
    }
    format!("{} test rows, exact: {}", grouped(test.rows), parts.join(", "))
}

/// False alarms of a stream, by class.
pub(super) fn alarms(test: &Test, style: Style) -> Vec<String> {
    let Some(alarms) = &test.alarms else { return Vec::new() };
    let count = |(class, count): (&String, &u64)| format!("{class} {count}");
    let counts: Vec<String> = test.classes.iter().zip(&alarms.counts).map(count).collect();
    let length = amount(alarms.hours, "h", Toward::Less);
    wrapped(&format!("false alarms in {length} of the stream: {}", counts.join(", ")), 4, style)
}

/// Errors of each target: both networks, quantiles, and where they are.
pub(super) fn targets(targets: &[TargetErrors], style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for target in targets {
        let both = |word: &str, of: fn(&Errors) -> Option<f64>| {
            let float =
                target.float.as_ref().map(of).map_or(String::new(), |float| format!(", as float {}", plain(float)));
            format!("{word} {}{float}", plain(of(&target.int8)))
        };
        let parts =
            [both("mae", |errors| errors.mae), both("rmse", |errors| errors.rmse), both("r2", |errors| errors.r2)];
        let rows = grouped(target.rows);
        lines.extend(wrapped(&format!("{}: {rows} test rows, exact: {}", target.name, parts.join(", ")), 2, style));
        let quantile = |at: &Quantile| format!("{} {}", share(at.share), number(at.value));
        let quantiles: Vec<String> = target.quantiles.iter().map(quantile).collect();
        lines.extend(wrapped(&format!("errors up to, of the rows: {}", quantiles.join(", ")), 4, style));
        let mut rows = vec![["truth", "rows", "mae", "mean error"].map(String::from).to_vec()];
        rows.extend(target.ranges.iter().map(|range| {
            let dash = if style.unicode { "–" } else { ".." };
            let from = format!("{} {dash} {}", number(range.low), number(range.high));
            vec![from, grouped(range.rows), number(range.mae), number(range.bias)]
        }));
        lines.extend(table::lines(&rows, &[Align::Left, Align::Right, Align::Right, Align::Right], 4));
        lines.push(String::new());
    }
    lines
}

/// The threshold of a detection and the scores of each class.
pub(super) fn detection(detection: &Detection, style: Style) -> Vec<String> {
    let fact = format!("scores above {} are anomalies: {}", number(detection.threshold), detection.chosen);
    let mut lines = wrapped(&fact, 2, style);
    let mut rows = vec![vec!["class".to_string(), String::new(), "rows".into(), "anomalies".into()]];
    let shares = detection.classes.first().map(|class| class.quantiles.as_slice()).unwrap_or_default();
    rows[0].extend(shares.iter().map(|at| match at.share {
        share if share <= 0.0 => "least".to_string(),
        share if share >= 1.0 => "most".to_string(),
        other => share(other),
    }));
    for class in &detection.classes {
        let kind = if class.normal { "normal" } else { "anomaly" };
        let name = shortened(&class.class, 16, style.ellipsis());
        let mut row = vec![name, kind.to_string(), grouped(class.rows), grouped(class.anomalies)];
        row.extend(class.quantiles.iter().map(|at| number(at.value)));
        rows.push(row);
    }
    let mut align = vec![Align::Right; rows[0].len()];
    (align[0], align[1]) = (Align::Left, Align::Left);
    let mut table = table::lines(&rows, &align, 4);
    if table.iter().any(|line| width(line) > style.width) {
        rows.iter_mut().for_each(|row| row.truncate(4));
        table = table::lines(&rows, &align[..4], 4);
    }
    lines.extend(table);
    lines.push(String::new());
    lines
}

fn share(share: f64) -> String {
    format!("{}%", number(share * 100.0))
}

fn plain(value: Option<f64>) -> String {
    value.map_or("-".to_string(), number)
}

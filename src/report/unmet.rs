//! A requirement that isn't met as a diagnostic: by how much, and where the amount goes.

use crate::base::Diag;
use crate::spec::Spec;
use crate::spec::model::Requirement;

use super::confusion::Confusion;
use super::measure::TargetErrors;
use super::verdict::{Judged, OnBoard, Report};
use crate::base::amount::{Toward, amount, bytes, number};

/// `tml::require` for each requirement of `report` that isn't met, at its line in `spec`.
pub fn unmet(spec: &Spec, report: &Report) -> Vec<Diag> {
    let mut diags = Vec::new();
    for board in &report.boards {
        let Some(deploy) = spec.deploys.iter().find(|deploy| deploy.name == board.deploy) else { continue };
        let pairs = board.requirements.iter().zip(&deploy.requirements);
        diags.extend(
            pairs.filter(|(judged, _)| !judged.met).map(|(judged, requirement)| diag(judged, requirement, board)),
        );
    }
    diags
}

fn diag(judged: &Judged, requirement: &Requirement, board: &OnBoard) -> Diag {
    let metric = &judged.metric;
    let (Some(value), Some(margin)) = (judged.value, judged.margin) else {
        let title = format!("`{}` can't be judged by {metric} on {}", board.deploy, board.board);
        let note = judged.note.clone().unwrap_or_default();
        return Diag::error("tml::require", title).at(&requirement.span, "nothing was measured").note(note);
    };
    let shown = amount(value, &judged.unit, Toward::of(&judged.relation));
    let (deploy, name) = (&board.deploy, &board.board);
    let title = match metric.as_str() {
        "ram" | "flash" => format!("`{deploy}` needs {shown} of {metric} on {name}"),
        "latency" => format!("`{deploy}` takes {shown} on {name}"),
        _ if judged.relation == "<=" => format!("`{deploy}` has {metric} {shown} on {name}"),
        _ => format!("`{deploy}` reaches {shown} {metric} on {name}"),
    };
    let by = amount(-margin, &judged.unit, Toward::More);
    // A difference of percentages is in points.
    let by = by.strip_suffix('%').map_or(by.clone(), |points| format!("{points} points"));
    let label = if judged.relation == ">=" {
        format!("short by {by}, {}", judged.kind.word())
    } else {
        format!("over by {by}, {}", judged.kind.word())
    };
    let diag = Diag::error("tml::require", title).at(&requirement.span, label);
    match help(metric, board) {
        Some(help) => diag.help(help),
        None => diag,
    }
}

/// Where the amount goes.
fn help(metric: &str, board: &OnBoard) -> Option<String> {
    let sizes = |parts: &[(&str, u64)], total: u64| {
        let named: u64 = parts.iter().map(|(_, value)| value).sum();
        let all = parts.iter().copied().chain([("other", total.saturating_sub(named))]).filter(|(_, value)| *value > 0);
        all.map(|(name, value)| format!("{name} {}", bytes(value as f64, Toward::More))).collect::<Vec<_>>().join(", ")
    };
    match metric {
        "ram" => {
            board.ram.map(|ram| sizes(&[("arena", ram.arena), ("stack", ram.stack), ("data", ram.data)], ram.total))
        }
        "flash" => board.flash.map(|flash| sizes(&[("weights", flash.weights), ("code", flash.code)], flash.total)),
        "latency" => slowest(board),
        _ if board.targets.is_some() => errors(board),
        _ => mistakes(board),
    }
}

/// How large the errors are, and where the largest ones.
fn errors(board: &OnBoard) -> Option<String> {
    let one = |target: &TargetErrors| {
        let at = |share: f64| target.quantiles.iter().find(|at| at.share >= share).map_or(0.0, |at| at.value);
        let float = target.float.and_then(|float| float.mae);
        let float = float.map_or(String::new(), |mae| format!("; as float the mean is {}", number(mae)));
        format!(
            "half of the errors of `{}` are up to {}, 90% up to {}, the largest is {}{float}",
            target.name,
            number(at(0.5)),
            number(at(0.9)),
            number(at(1.0))
        )
    };
    Some(board.targets.as_ref()?.iter().map(one).collect::<Vec<_>>().join("; "))
}

fn slowest(board: &OnBoard) -> Option<String> {
    let cycles = board.cycles.as_ref()?;
    let mut layers: Vec<_> = cycles.layers.iter().filter(|layer| layer.cycles > 0).collect();
    layers.sort_by_key(|layer| std::cmp::Reverse(layer.cycles));
    let share = |count: u64| count as f64 * 100.0 / cycles.total.max(1) as f64;
    let parts: Vec<String> =
        layers.iter().take(3).map(|layer| format!("{} {:.0}%", layer.name, share(layer.cycles))).collect();
    (!parts.is_empty()).then(|| format!("most cycles: {}", parts.join(", ")))
}

fn mistakes(board: &OnBoard) -> Option<String> {
    let test = board.test.as_ref()?;
    let matrix = Confusion(&test.confusion);
    let name = |class: usize| test.classes.get(class).map_or("unknown", String::as_str);
    let pair = |(truth, answer, count): (usize, usize, u64)| {
        format!("{count} of {} rows of `{}` are answered as `{}`", matrix.rows(truth), name(truth), name(answer))
    };
    let worst: Vec<String> = matrix.mistakes().into_iter().take(3).map(pair).collect();
    let float =
        test.float_accuracy.map(|float| format!("; as float the accuracy is {}", amount(float, "ratio", Toward::Less)));
    (!worst.is_empty()).then(|| format!("{}{}", worst.join(", "), float.unwrap_or_default()))
}

//! A verdict for each requirement on each board: a pure fold over measurements.

use crate::base::{Dimension, Quantity};
use crate::spec::Spec;
use crate::spec::model::{BoardUse, Bound, Deploy, Metric, Requirement};

use super::confusion::Confusion;
use super::measure::{Measured, Measurements};
use super::verdict::{Certainty, Cycles, Judged, OnBoard, Report, Test, Verdict};

/// Version of `report.json`.
const SCHEMA: u32 = 1;

/// Judges every deployment of `spec` on each of its boards. What wasn't measured is not met.
pub fn judge(spec: &Spec, measurements: &Measurements) -> Report {
    let mut boards = Vec::new();
    for deploy in &spec.deploys {
        for place in &deploy.boards {
            let found =
                measurements.boards.iter().find(|found| found.deploy == deploy.name && found.board == place.board.name);
            let nothing = Measured::default();
            boards.push(on_board(spec, deploy, place, found.unwrap_or(&nothing)));
        }
    }
    let met = boards.iter().flat_map(|board| &board.requirements).all(|judged| judged.met);
    Report {
        schema: SCHEMA,
        spec: spec.name.clone(),
        verdict: if met { Verdict::Met } else { Verdict::Unmet },
        boards,
        searches: measurements.searches.clone(),
        steps: measurements.steps.clone(),
        toolchain: measurements.toolchain.clone(),
        overlays: measurements.overlays.clone(),
    }
}

fn on_board(spec: &Spec, deploy: &Deploy, place: &BoardUse, measured: &Measured) -> OnBoard {
    let board = &place.board;
    let classes = &spec.datasets[spec.models[deploy.model].dataset].classes;
    let judged = deploy.requirements.iter().map(|requirement| judge_one(requirement, classes, measured));
    let cycles = measured.latency.as_ref().map(|latency| Cycles {
        total: latency.cycles,
        instructions: latency.instructions,
        boot: latency.boot_cycles,
        layers: latency.layers.clone(),
        model: latency.model.clone(),
        accuracy: latency.accuracy.clone(),
    });
    OnBoard {
        deploy: deploy.name.clone(),
        board: board.name.clone(),
        title: format!("{}, {} at {}", board.title, board.core, board.clock),
        requirements: judged.collect(),
        test: measured.confusion.as_ref().map(|counts| test(counts, classes, measured.float_accuracy)),
        flash: measured.flash,
        flash_capacity: u64::from(board.flash.size),
        ram: measured.ram,
        ram_capacity: u64::from(board.ram.size),
        cycles,
        latency_s: measured.latency.as_ref().map(|latency| latency.seconds).filter(|seconds| seconds.is_finite()),
        verified: measured.verified,
        artifacts: measured.artifacts.clone(),
    }
}

fn test(counts: &[Vec<u64>], classes: &[String], float_accuracy: Option<f64>) -> Test {
    let matrix = Confusion(counts);
    Test {
        rows: matrix.total(),
        accuracy: matrix.accuracy(),
        float_accuracy: float_accuracy.filter(|accuracy| accuracy.is_finite()),
        macro_f1: matrix.macro_f1(),
        classes: classes.to_vec(),
        confusion: counts.to_vec(),
    }
}

fn judge_one(requirement: &Requirement, classes: &[String], measured: &Measured) -> Judged {
    let value = value(requirement.metric, measured).filter(|value| value.is_finite());
    let limit = requirement.limit.to_f64();
    let margin = value.map(|value| match requirement.relation {
        Bound::AtLeast => value - limit,
        Bound::AtMost => limit - value,
    });
    let note = value.is_none().then(|| nothing(requirement.metric, classes, measured));
    Judged {
        metric: name(requirement.metric, classes),
        relation: if requirement.relation == Bound::AtLeast { ">=" } else { "<=" }.to_string(),
        limit,
        value,
        margin,
        unit: unit(requirement.limit).to_string(),
        kind: certainty(requirement.metric),
        met: margin.is_some_and(|margin| margin >= 0.0),
        note,
    }
}

fn unit(limit: Quantity) -> &'static str {
    match limit.dimension {
        Dimension::Ratio => "ratio",
        Dimension::Time => "s",
        Dimension::Size => "B",
        Dimension::Frequency => "Hz",
        Dimension::Energy => "J",
    }
}

/// The metric as a requirement writes it.
pub fn name(metric: Metric, classes: &[String]) -> String {
    let class = |index: usize| classes.get(index).map_or("?", String::as_str);
    match metric {
        Metric::Accuracy => "accuracy".to_string(),
        Metric::Recall(index) => format!("recall({})", class(index)),
        Metric::Precision(index) => format!("precision({})", class(index)),
        Metric::F1(Some(index)) => format!("f1({})", class(index)),
        Metric::F1(None) => "f1".to_string(),
        Metric::Latency => "latency".to_string(),
        Metric::Flash => "flash".to_string(),
        Metric::Ram => "ram".to_string(),
    }
}

fn certainty(metric: Metric) -> Certainty {
    match metric {
        Metric::Latency => Certainty::Simulated,
        Metric::Accuracy | Metric::Recall(_) | Metric::Precision(_) | Metric::F1(_) | Metric::Flash | Metric::Ram => {
            Certainty::Exact
        }
    }
}

fn value(metric: Metric, measured: &Measured) -> Option<f64> {
    let matrix = measured.confusion.as_deref().map(Confusion);
    match metric {
        Metric::Accuracy => matrix?.accuracy(),
        Metric::Recall(class) => matrix?.recall(class),
        Metric::Precision(class) => matrix?.precision(class),
        Metric::F1(Some(class)) => matrix?.f1(class),
        Metric::F1(None) => matrix?.macro_f1(),
        Metric::Latency => measured.latency.as_ref().map(|latency| latency.seconds),
        Metric::Flash => measured.flash.map(|flash| flash.total as f64),
        Metric::Ram => measured.ram.map(|ram| ram.total as f64),
    }
}

/// Why there is no value.
fn nothing(metric: Metric, classes: &[String], measured: &Measured) -> String {
    let class = |index: usize| classes.get(index).map_or("?", String::as_str);
    match metric {
        _ if measured.confusion.is_some() => match metric {
            Metric::Recall(index) => format!("no test row is of class `{}`", class(index)),
            Metric::Precision(index) => format!("no row is answered with `{}`", class(index)),
            Metric::F1(Some(index)) => format!("no row is of class `{0}` or answered with it", class(index)),
            Metric::Accuracy | Metric::F1(None) => "there is no test row".to_string(),
            Metric::Latency | Metric::Flash | Metric::Ram => "not measured".to_string(),
        },
        _ => "not measured".to_string(),
    }
}

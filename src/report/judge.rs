//! A verdict for each requirement on each board: a pure fold over measurements.

use crate::base::Dimension;
use crate::spec::Spec;
use crate::spec::model::{BoardUse, Bound, Dataset, Deploy, Limit, Metric, Requirement};

use super::confusion::Confusion;
use super::measure::{Errors, Measured, Measurements};
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
    let model = &spec.models[deploy.model];
    let targets = spec.datasets.get(model.dataset).map_or_else(Vec::new, Dataset::target_names);
    let names = Names { answers: spec.answers(model), targets };
    let judged = deploy.requirements.iter().map(|requirement| judge_one(requirement, &names, measured));
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
        test: measured.confusion.as_ref().map(|counts| test(counts, &names.answers, measured)),
        targets: measured.targets.clone(),
        detection: measured.detection.clone(),
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

/// What metrics are named after.
struct Names {
    answers: Vec<String>,
    targets: Vec<String>,
}

fn test(counts: &[Vec<u64>], classes: &[String], measured: &Measured) -> Test {
    let matrix = Confusion(counts);
    let finite = |value: Option<f64>| value.filter(|value| value.is_finite());
    Test {
        rows: matrix.total(),
        accuracy: matrix.accuracy(),
        float_accuracy: finite(measured.float_accuracy),
        macro_f1: if measured.detection.is_some() { matrix.f1(1) } else { matrix.macro_f1() },
        float_f1: finite(measured.float_f1),
        auc: measured.auc.clone(),
        float_auc: finite(measured.float_auc),
        alarms: measured.alarms.clone(),
        classes: classes.to_vec(),
        confusion: counts.to_vec(),
    }
}

fn judge_one(requirement: &Requirement, names: &Names, measured: &Measured) -> Judged {
    let value = value(requirement.metric, measured).filter(|value| value.is_finite());
    let limit = requirement.limit.to_f64();
    let margin = value.map(|value| match requirement.relation {
        Bound::AtLeast => value - limit,
        Bound::AtMost => limit - value,
    });
    let note = value.is_none().then(|| nothing(requirement.metric, names, measured));
    Judged {
        metric: name(requirement.metric, names),
        relation: if requirement.relation == Bound::AtLeast { ">=" } else { "<=" }.to_string(),
        limit,
        value,
        margin,
        unit: unit(requirement.metric, requirement.limit).to_string(),
        kind: certainty(requirement.metric),
        met: margin.is_some_and(|margin| margin >= 0.0),
        note,
    }
}

fn unit(metric: Metric, limit: Limit) -> &'static str {
    match limit.dimension() {
        Some(Dimension::Ratio) => "ratio",
        Some(Dimension::Time) => "s",
        Some(Dimension::Size) => "B",
        Some(Dimension::Frequency) => "Hz",
        Some(Dimension::Energy) => "J",
        None if matches!(metric, Metric::FalseAlarms(_)) => "per hour",
        None => "number",
    }
}

/// The metric as a requirement writes it.
fn name(metric: Metric, names: &Names) -> String {
    let of = |word: &str, list: &[String], index: Option<usize>| match index {
        Some(index) => format!("{word}({})", list.get(index).map_or("?", String::as_str)),
        None => word.to_string(),
    };
    match metric {
        Metric::Accuracy => "accuracy".to_string(),
        Metric::Recall(class) => of("recall", &names.answers, Some(class)),
        Metric::Precision(class) => of("precision", &names.answers, Some(class)),
        Metric::F1(class) => of("f1", &names.answers, class),
        Metric::Auc(class) => of("auc", &names.answers, class),
        Metric::FalseAlarms(class) => of("false_alarms", &names.answers, Some(class)),
        Metric::Mae(target) => of("mae", &names.targets, target),
        Metric::Rmse(target) => of("rmse", &names.targets, target),
        Metric::R2(target) => of("r2", &names.targets, target),
        Metric::Latency => "latency".to_string(),
        Metric::Flash => "flash".to_string(),
        Metric::Ram => "ram".to_string(),
    }
}

fn certainty(metric: Metric) -> Certainty {
    match metric {
        Metric::Latency => Certainty::Simulated,
        Metric::Accuracy
        | Metric::Recall(_)
        | Metric::Precision(_)
        | Metric::F1(_)
        | Metric::Auc(_)
        | Metric::FalseAlarms(_)
        | Metric::Mae(_)
        | Metric::Rmse(_)
        | Metric::R2(_)
        | Metric::Flash
        | Metric::Ram => Certainty::Exact,
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
        Metric::Auc(Some(class)) => *measured.auc.as_ref()?.classes.get(class)?,
        Metric::Auc(None) => measured.auc.as_ref()?.mean,
        Metric::FalseAlarms(class) => measured.alarms.as_ref()?.rate(class),
        Metric::Mae(target) => over_targets(measured, target, |errors| errors.mae),
        Metric::Rmse(target) => over_targets(measured, target, |errors| errors.rmse),
        Metric::R2(target) => over_targets(measured, target, |errors| errors.r2),
        Metric::Latency => measured.latency.as_ref().map(|latency| latency.seconds),
        Metric::Flash => measured.flash.map(|flash| flash.total as f64),
        Metric::Ram => measured.ram.map(|ram| ram.total as f64),
    }
}

/// Of one target, or the mean over all of them.
fn over_targets(measured: &Measured, target: Option<usize>, of: fn(&Errors) -> Option<f64>) -> Option<f64> {
    let targets = measured.targets.as_ref()?;
    if let Some(index) = target {
        return of(&targets.get(index)?.int8);
    }
    let values: Option<Vec<f64>> = targets.iter().map(|target| of(&target.int8)).collect();
    values.filter(|values| !values.is_empty()).map(|values| values.iter().sum::<f64>() / values.len() as f64)
}

/// Why there is no value.
fn nothing(metric: Metric, names: &Names, measured: &Measured) -> String {
    let class = |index: usize| names.answers.get(index).map_or("?", String::as_str);
    if measured.confusion.is_none() && measured.targets.is_none() {
        return "not measured".to_string();
    }
    match metric {
        Metric::Recall(index) => format!("no test row is of class `{}`", class(index)),
        Metric::Precision(index) => format!("no row is answered with `{}`", class(index)),
        Metric::F1(Some(index)) => format!("no row is of class `{0}` or answered with it", class(index)),
        Metric::Auc(Some(index)) => format!("all test rows are of class `{0}`, or none is", class(index)),
        Metric::Auc(None) => "all test rows are of one class".to_string(),
        Metric::Accuracy | Metric::F1(None) | Metric::Mae(_) | Metric::Rmse(_) => "there is no test row".to_string(),
        Metric::R2(_) => "the target is the same in all test rows".to_string(),
        Metric::FalseAlarms(_) => "the test part has no length".to_string(),
        Metric::Latency | Metric::Flash | Metric::Ram => "not measured".to_string(),
    }
}

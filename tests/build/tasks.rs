//! Detections, regressions and decisions from the spec to the judged report, by way of the simulated board.

use std::fmt::Write as _;

use serde_json::Value;
use tinyml::base::rng::Rng;

use crate::project::{Project, Ran, SPEC};

/// A machine whose six sensors follow two causes, of which `bearing` and `belt` break the pattern.
fn machine(rows: usize) -> String {
    let mut rng = Rng::new(5, "machine");
    let mix: Vec<f32> = (0..12).map(|_| rng.range(-1.0, 1.0)).collect();
    let mut text = String::from("a,b,c,d,e,f,label\n");
    for row in 0..rows {
        let causes = [rng.range(-2.0, 2.0), rng.range(-2.0, 2.0)];
        let mut sensors: Vec<f32> =
            (0..6).map(|at| mix[at] * causes[0] + mix[at + 6] * causes[1] + rng.range(-0.05, 0.05)).collect();
        let label = match row {
            _ if row % 9 == 0 => {
                sensors.swap(0, 3);
                sensors[1] += 1.0;
                "bearing"
            }
            _ if row % 13 == 0 => {
                sensors[2] -= 2.0;
                "belt"
            }
            _ => "normal",
        };
        sensors.iter().for_each(|value| write!(text, "{value:.4},").expect("a text takes it"));
        writeln!(text, "{label}").expect("a text takes it");
    }
    text
}

const DETECTION: &str = r#"tml 1

use std.boards.{nucleo_f446re}
use std.features.{scale}

dataset machine {
  source   = csv("data/machine.csv")
  channels = [a, b, c, d, e, f]
  classes  = [normal, bearing, belt]
}

features scaled from machine {
  scale(method = standard)
}

extern on_machine(scores: f32[1], label: u8) { source = "on_machine.c" }

model net from scaled {
  detect = anomaly(normal = [normal])
  dense(12, activation = relu)
  dense(2)
  dense(12, activation = relu)
  dense(6)

  train { epochs = 80, batch = 16, optimizer = adam(lr = 0.01) }
}

deploy guard from net {
  boards = [nucleo_f446re]
  app    = on_machine

  require {
    auc               >= 90%
    f1                >= 80%
    recall            >= 80%
    precision(normal) >= 90%
  }
}
"#;

const ON_MACHINE: &str = "#include \"tml.h\"\n\nvoid on_machine(const float scores[1], uint8_t label)\n{\n    \
                          tml_led(0, label == 1 && scores[0] > 0.0f);\n}\n";

/// `text` as the spec of a copy of the built project, whose compiler is at hand.
fn project(text: &str) -> Option<Project> {
    let project = Project::built()?;
    project.write("net.tml", text);
    Some(project)
}

fn board(built: &Ran) -> Value {
    built.lines("verdict")[0]["report"]["boards"][0].clone()
}

fn value(board: &Value, metric: &str) -> f64 {
    let found = board["requirements"].as_array().expect("requirements").iter().find(|one| one["metric"] == metric);
    found.and_then(|one| one["value"].as_f64()).unwrap_or_else(|| panic!("no {metric} in {board}"))
}

#[test]
fn a_detection_is_judged_by_its_scores_on_the_board() {
    let Some(project) = project(DETECTION) else { return };
    project.write("data/machine.csv", machine(600));
    project.write("on_machine.c", ON_MACHINE);
    let built = project.build().exits(0);
    let board = board(&built);
    assert_eq!(board["test"]["classes"], serde_json::json!(["normal", "anomaly"]));
    let classes = board["detection"]["classes"].as_array().expect("classes");
    let sum = |wanted: bool, field: &str| -> u64 {
        let mine = classes.iter().filter(|class| class["normal"] == wanted);
        mine.map(|class| class[field].as_u64().expect("a count")).sum()
    };
    let confusion = &board["test"]["confusion"];
    assert_eq!(confusion[0][1].as_u64(), Some(sum(true, "anomalies")), "{board}");
    assert_eq!(confusion[1][1].as_u64(), Some(sum(false, "anomalies")), "{board}");
    let (found, all) = (sum(false, "anomalies") as f64, sum(false, "rows") as f64);
    assert!((value(&board, "recall(anomaly)") - found / all).abs() < 1e-12);
    assert_eq!(board["test"]["auc"]["mean"].as_f64(), Some(value(&board, "auc")));
    // The threshold lies between what most normal rows reach and what most anomalies do.
    let threshold = board["detection"]["threshold"].as_f64().expect("a threshold");
    let half = |class: &Value| class["quantiles"][1]["value"].as_f64().expect("a median");
    for class in classes {
        assert_eq!(half(class) < threshold, class["normal"] == true, "{board}");
    }
    assert!(board["verified"]["simulated_rows"].as_u64().expect("rows") >= 30);
    let decide =
        board["cycles"]["layers"].as_array().expect("layers").iter().any(|layer| layer["name"] == "tml_decide");
    assert!(decide, "its time counts: {board}");
}

#[test]
fn a_threshold_of_a_detection_is_a_share_of_normal_rows_or_a_score() {
    let Some(project) = project(DETECTION) else { return };
    project.write("data/machine.csv", machine(600));
    project.write("on_machine.c", ON_MACHINE);
    let with = |line: &str| {
        project.write("net.tml", DETECTION.replace("  require {", &format!("  decide {{ {line} }}\n\n  require {{")));
        let built = project.build();
        assert!(matches!(built.code, Some(0 | 3)), "{}", built.rendered());
        board(&built)
    };
    let strict = with("threshold = 50%");
    let normal = &strict["detection"]["classes"][0];
    let (anomalies, rows) = (normal["anomalies"].as_f64().expect("a count"), normal["rows"].as_f64().expect("a count"));
    assert!((0.3..0.7).contains(&(anomalies / rows)), "half of the normal rows are above: {normal}");
    let loose = with("threshold = 1000");
    assert_eq!(loose["detection"]["threshold"].as_f64(), Some(1000.0));
    assert_eq!(loose["test"]["confusion"][1][1].as_u64(), Some(0), "nothing is that wrong");
}

#[test]
fn below_the_threshold_a_class_is_unknown() {
    let decide = |line: &str| SPEC.replace("  require {", &format!("  decide {{ {line} }}\n\n  require {{"));
    let Some(project) = project(&decide("threshold = 99.9%")) else { return };
    let unknown = board(&project.build());
    let confusion = unknown["test"]["confusion"].as_array().expect("rows").clone();
    assert!(confusion.iter().all(|row| row.as_array().map(Vec::len) == Some(4)), "a column for unknown: {unknown}");
    let last: u64 = confusion.iter().map(|row| row[3].as_u64().expect("a count")).sum();
    assert!(last > 0, "no score of int8 reaches 99.9%: {unknown}");
    project.write("net.tml", decide("threshold = 99.9%, unknown = high"));
    let named = board(&project.build());
    let rows = named["test"]["confusion"].as_array().expect("rows").clone();
    assert!(rows.iter().all(|row| row.as_array().map(Vec::len) == Some(3)));
    for (row, before) in rows.iter().zip(&confusion) {
        let (high, before) = (row[2].as_u64(), before[2].as_u64().zip(before[3].as_u64()));
        assert_eq!(high, before.map(|(high, unknown)| high + unknown), "unknown is answered as high");
    }
}

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

const DETECTORS: [&str; 2] = ["mahalanobis()", "kmeans(12)"];

#[test]
fn detectors_are_fitted_at_once() {
    let begin = DETECTION.find("  dense(12").expect("layers");
    let end = DETECTION.find("deploy guard").expect("a deployment");
    let spec = |detector: &str| format!("{}  {detector}\n}}\n\n{}", &DETECTION[..begin], &DETECTION[end..]);
    let Some(project) = project(&spec(DETECTORS[0])) else { return };
    project.write("data/machine.csv", machine(600));
    project.write("on_machine.c", ON_MACHINE);
    for detector in DETECTORS {
        // Clusters know where rows are, not how their values belong together: they find less here.
        let text = spec(detector);
        project.write(
            "net.tml",
            if detector == "kmeans(12)" { text.replace("80%", "40%").replace("90%", "75%") } else { text },
        );
        let built = project.build().exits(0);
        assert!(built.run_steps().iter().any(|step| step == "train:net"), "{built:?}");
        assert!(value(&board(&built), "auc") >= 0.75, "{detector}: {}", board(&built));
    }
}

/// A plant: the temperature and the flow that follow from heat, pump and the time of day.
fn plant(rows: usize) -> String {
    let mut rng = Rng::new(7, "plant");
    let mut text = String::from("heat,pump,day,temperature,flow\n");
    for _ in 0..rows {
        let (heat, pump, day) = (rng.range(0.0, 10.0), rng.range(0.0, 1.0), rng.range(0.0, 1.0));
        let temperature = 20.0 + 4.0 * heat * (1.2 - pump) + 3.0 * day + rng.range(-0.3, 0.3);
        let flow = 2.0 * pump * pump + rng.range(-0.02, 0.02);
        writeln!(text, "{heat:.3},{pump:.3},{day:.3},{temperature:.3},{flow:.4}").expect("a text takes it");
    }
    text
}

const REGRESSION: &str = r#"tml 1

use std.boards.{nucleo_f446re}
use std.features.{scale}

dataset plant {
  source   = csv("data/plant.csv")
  channels = [heat, pump, day]
  target   = [temperature, flow]
}

features scaled from plant {
  scale(method = standard)
}

extern on_value(values: f32[2]) { source = "on_value.c" }

model net from scaled {
  dense(16, activation = relu)
  dense(16, activation = relu)
  dense(plant.targets)

  train { epochs = 60, batch = 16, optimizer = adam(lr = 0.01) }
}

deploy gauge from net {
  boards = [nucleo_f446re]
  app    = on_value

  require {
    mae(temperature)  <= 1.5
    rmse(temperature) <= 2
    r2(temperature)   >= 0.95
    r2(flow)          >= 70%
    mae               <= 1
    flash             <= 64 KiB
  }
}
"#;

#[test]
fn a_regression_is_judged_by_its_errors() {
    let Some(project) = project(REGRESSION) else { return };
    project.write("data/plant.csv", plant(800));
    let app = "#include \"tml.h\"\n\nvoid on_value(const float values[2])\n{\n    tml_led(0, values[0] > 40.0f);\n}\n";
    project.write("on_value.c", app);
    let built = project.build().exits(0);
    let board = board(&built);
    assert!(board["test"].is_null(), "there are no classes: {board}");
    let targets = board["targets"].as_array().expect("targets");
    assert_eq!(
        targets.iter().map(|one| one["name"].as_str().expect("a name")).collect::<Vec<_>>(),
        ["temperature", "flow"]
    );
    let mae = |at: usize| targets[at]["int8"]["mae"].as_f64().expect("a number");
    assert!((value(&board, "mae") - f64::midpoint(mae(0), mae(1))).abs() < 1e-12, "the mean over targets");
    for target in targets {
        let number = |list: &str, at: usize, field: &str| target[list][at][field].as_f64().expect("a number");
        // Targets of other ranges don't share one scale of eight bits.
        let (int8, float) = (&target["int8"]["rmse"], &target["float"]["rmse"]);
        let (int8, float) = (int8.as_f64().expect("a number"), float.as_f64().expect("a number"));
        assert!(float > 0.0 && int8 < 1.4 * float, "{target}");
        assert!(number("quantiles", 0, "value") <= number("quantiles", 3, "value"));
        let ranges = target["ranges"].as_array().expect("ranges");
        let rows: u64 = ranges.iter().map(|range| range["rows"].as_u64().expect("rows")).sum();
        assert_eq!(rows, target["rows"].as_u64().expect("rows"));
    }
    let people = project.run(&["build", "--offline"]).exits(0);
    for words in ["temperature: 120 test rows", "errors up to", "mean error", "r2"] {
        assert!(people.stdout.contains(words), "{words} in {}", people.stdout);
    }
    project.replace("net.tml", "mae(temperature)  <= 1.5", "mae(temperature) <= 0.001");
    let missed = project.build().exits(3);
    let diagnostic = missed.diagnostic("tml::require");
    assert!(diagnostic["message"].as_str().expect("a title").contains("has mae(temperature)"), "{diagnostic}");
    assert!(diagnostic["help"].as_str().expect("a help").contains("half of the errors"), "{diagnostic}");
    project.replace("net.tml", "mae(temperature) <= 0.001", "accuracy >= 90%");
    let wrong = project.build().exits(1);
    assert_eq!(wrong.codes(), ["tml::metric"]);
    let help = wrong.diagnostic("tml::metric")["help"].as_str().expect("a help").to_string();
    assert!(help.contains("`mae`, `rmse`, `r2`"), "{help}");
}

/// Streams of 400 samples that idle, or spin in bursts with noise between: single windows are often wrong.
fn stream(seed: u64, spin: bool) -> String {
    let mut rng = Rng::new(seed, "stream");
    let mut text = String::from("x,y\n");
    for at in 0..400 {
        let strong = spin && at % 60 < 40 || !spin && at % 60 >= 52;
        let size = if strong { 1.0 } else { 0.35 };
        writeln!(text, "{:.4},{:.4}", rng.range(-size, size), rng.range(-size, size)).expect("a text takes it");
    }
    text
}

const STREAMS: &str = r#"tml 1

use std.boards.{nucleo_f446re}
use std.features.{scale, statistics, window}

dataset motor {
  source   = csv("data/{label}-{take}.csv", take = file)
  channels = [x, y]
  classes  = [idle, spin]
  rate     = 10 Hz
  split    = { train = 50%, valid = 20%, test = 30%, by = take }
}

features motion from motor {
  window(1 s, stride = 500 ms)
  statistics()
  scale(method = standard)
}

model net from motion {
  dense(8, activation = relu)
  dense(motor.classes)
  softmax()

  train { epochs = 20, optimizer = adam(lr = 0.01) }
}

deploy watch from net {
  boards = [nucleo_f446re]

  decide {
    SMOOTH
  }

  require {
    accuracy           >= 60%
    false_alarms(spin) <= 2000
  }
}
"#;

#[test]
fn decisions_are_smoothed_over_the_windows_of_a_recording() {
    let Some(project) = project(&STREAMS.replace("SMOOTH", "smooth = none")) else { return };
    for take in 0..10 {
        project.write(&format!("data/idle-{take}.csv"), stream(take, false));
        project.write(&format!("data/spin-{take}.csv"), stream(100 + take, true));
    }
    let with = |smooth: &str, full: bool| {
        project.write("net.tml", STREAMS.replace("SMOOTH", smooth));
        let built = project.build_with(if full { &["--full"] } else { &[] }).exits(0);
        board(&built)
    };
    let right = |board: &Value| {
        let rows = board["test"]["confusion"].as_array().expect("rows");
        rows[0][0].as_u64().expect("a count") + rows[1][1].as_u64().expect("a count")
    };
    let alarms = |board: &Value| board["test"]["alarms"]["counts"][1].as_u64().expect("a count");
    let single = with("smooth = none", false);
    let mean = with("smooth = mean(5)", false);
    let vote = with("smooth = vote(5)", true);
    assert!(right(&mean) > right(&single), "means know more: {mean} against {single}");
    assert!(alarms(&vote) < alarms(&single), "votes are calmer: {vote} against {single}");
    // 6 takes of 79 windows, each half a second.
    let hours = mean["test"]["alarms"]["hours"].as_f64().expect("hours");
    assert_eq!(mean["test"]["rows"], 474, "{mean}");
    assert!((hours - 474.0 * 0.5 / 3600.0).abs() < 1e-9, "{hours}");
    let rate = value(&mean, "false_alarms(spin)");
    assert!((rate - alarms(&mean) as f64 / hours).abs() < 1e-9, "{rate}");
    assert!(mean["verified"]["simulated_rows"].as_u64().expect("rows") >= 20, "{mean}");
    assert_eq!(vote["verified"]["simulated_rows"], 474, "every decision of the test part: {vote}");
    // A threshold and a vote together.
    let both = with("threshold = 60%, smooth = vote(3), unknown = idle", false);
    assert_eq!(both["test"]["confusion"][0].as_array().map(Vec::len), Some(2));
}

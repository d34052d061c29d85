//! Measurements in, verdicts out: report.json, the text for people, and the diagnostic of a requirement that isn't met.
//!
//! `UPDATE_EXPECT=1` rewrites the goldens in `tests/golden/report/`.
#![expect(clippy::disallowed_methods, reason = "tests read their own goldens")]

use std::fs;
use std::path::Path;

use tinyml::base::Diags;
use tinyml::cli::paint::{self, Paint};
use tinyml::library::Accuracy;
use tinyml::report::measure::{Flash, Latency, Layer, Measured, Measurements, Ram, Step, Verified};
use tinyml::report::{Style, Verdict, judge, text, unmet};
use tinyml::spec::Spec;

#[path = "spec/words.rs"]
mod words;

const SPEC: &str = "tml 1

use std.boards.{nucleo_f446re, microbit_v2}

dataset imu {
  source   = csv(\"data/{label}/*.csv\")
  channels = [ax, ay, az]
  classes  = [rest, wave, fall]
}

model net from imu {
  dense(8, activation = relu)
  dense(imu.classes)
}

deploy band from net {
  boards = [nucleo_f446re, microbit_v2]

  require {
    accuracy        >= 92%
    recall(fall)    >= 95%
    precision(fall) >= 50%
    f1              >= 90%
    latency         <= 20 ms
    flash           <= 256 KiB
    ram             <= 64 KiB
  }
}
";

fn measured(board: &str) -> Measured {
    let layer = |name: &str, cycles| Layer { name: name.into(), cycles, instructions: cycles / 2, stalls: cycles / 8 };
    Measured {
        deploy: "band".into(),
        board: board.into(),
        confusion: Some(vec![vec![100, 2, 0], vec![1, 98, 1], vec![0, 0, 40]]),
        float_accuracy: Some(0.9876),
        verified: Some(Verified { host_rows: 242, simulated_rows: 16 }),
        latency: Some(Latency {
            seconds: 4.0e-4,
            cycles: 48_000,
            instructions: 39_123,
            boot_cycles: Some(812),
            layers: vec![
                layer("motion_step_0_window", 4_000),
                layer("net_layer_0_dense", 36_000),
                layer("net_layer_1_dense", 6_000),
            ],
            model: "cortex-m4: within about 10 % on int8 convolution and dense code".into(),
            accuracy: Some(Accuracy::Validated { band: "-3 % to +2 %".into(), source: "CoreMark".into() }),
        }),
        flash: Some(Flash { total: 12_345, weights: 2_048, code: 9_000 }),
        ram: Some(Ram { total: 3_000, arena: 1_024, stack: 1_500, data: 400 }),
        artifacts: [("elf".to_string(), "target/tinyml/gesture/firmware.elf".to_string())].into(),
        ..Measured::default()
    }
}

fn measurements() -> Measurements {
    let step = |title: &str, state: &str, seconds| Step { title: title.into(), state: state.into(), seconds };
    Measurements {
        boards: vec![measured("nucleo_f446re"), measured("microbit_v2")],
        searches: vec![],
        steps: vec![step("train net", "run", 1.5), step("link band@microbit_v2", "cached", 0.0)],
        toolchain: [("zig".to_string(), "0.17.1".to_string())].into(),
        overlays: vec![],
    }
}

fn spec() -> Spec {
    words::resolve(SPEC)
}

fn plain() -> Style {
    Style { width: 100, color: false, unicode: true }
}

fn too_big() -> Measurements {
    let mut measurements = measurements();
    let board = &mut measurements.boards[1];
    board.ram = Some(Ram { total: 72_909, arena: 49_152, stack: 6_247, data: 14_950 });
    board.latency.as_mut().expect("there is one").seconds = 0.025;
    board.confusion = Some(vec![vec![100, 2, 0], vec![1, 98, 1], vec![12, 0, 28]]);
    measurements
}

fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/report").join(name);
    if std::env::var("UPDATE_EXPECT").is_ok() {
        fs::write(&path, found).expect("writable");
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(found, expected, "{name} differs; UPDATE_EXPECT=1 rewrites it");
}

#[test]
fn met_on_both_boards() {
    let report = judge(&spec(), &measurements());
    assert_eq!(report.verdict, Verdict::Met);
    assert!(unmet(&spec(), &report).is_empty());
    golden("met.json", &report.json());
    golden("met.txt", &text(&report, &plain()));
}

#[test]
fn too_big_too_slow_too_wrong() {
    let report = judge(&spec(), &too_big());
    assert_eq!(report.verdict, Verdict::Unmet);
    golden("unmet.txt", &text(&report, &plain()));
    let rendered = paint::diags(&Diags(unmet(&spec(), &report)), Paint::PLAIN);
    golden("unmet_diagnostics.txt", &rendered);
}

#[test]
fn the_text_fits_narrow_and_plain_terminals() {
    let report = judge(&spec(), &too_big());
    let ascii = text(&report, &Style { width: 60, color: false, unicode: false });
    assert!(ascii.is_ascii(), "{ascii}");
    golden("narrow_ascii.txt", &ascii);
    let colored = text(&report, &Style { color: true, ..plain() });
    let without: String = strip(&colored);
    assert_eq!(without, text(&report, &plain()), "colour adds nothing but colour");
}

/// `text` without ANSI sequences.
fn strip(text: &str) -> String {
    let mut parts = text.split('\x1b');
    let first = parts.next().unwrap_or_default().to_string();
    parts.fold(first, |kept, part| kept + part.split_once('m').map_or("", |(_, rest)| rest))
}

#[test]
fn many_classes_are_listed_when_the_matrix_is_too_wide() {
    let names: Vec<String> = (0..30).map(|class| format!("class_{class}")).collect();
    let text_of = SPEC.replace("rest, wave, fall", &names.join(", ")).replace("(fall)", "(class_3)");
    let spec = words::resolve(&text_of);
    let mut counts = vec![vec![0; 30]; 30];
    counts[3][4] = 7;
    counts[3][3] = 33;
    let mut measurements = measurements();
    measurements.boards[0].confusion = Some(counts);
    let shown = text(&judge(&spec, &measurements), &plain());
    assert!(shown.contains("class_3 answered as class_4: 7 of 40"), "{shown}");
}

#[test]
fn nothing_to_measure_is_not_met_and_never_nan() {
    let mut measurements = measurements();
    measurements.boards[0].confusion = Some(vec![vec![10, 0, 0], vec![0, 10, 0], vec![0, 0, 0]]);
    measurements.boards[1] = Measured { deploy: "band".into(), board: "microbit_v2".into(), ..Measured::default() };
    let report = judge(&spec(), &measurements);
    assert_eq!(report.verdict, Verdict::Unmet);
    let first = &report.boards[0].requirements;
    assert_eq!((first[1].value, first[1].met), (None, false));
    assert_eq!(first[1].note.as_deref(), Some("no test row is of class `fall`"));
    assert!(report.boards[1].requirements.iter().all(|judged| !judged.met && judged.value.is_none()));
    let json = report.json();
    assert!(!json.contains("NaN") && !json.contains("inf"), "{json}");
    assert!(text(&report, &plain()).contains("recall(fall): no test row is of class `fall`\n"));
    assert_eq!(unmet(&spec(), &report).len(), 2 + 7);
}

#[test]
fn a_limit_that_is_just_reached_is_met() {
    let mut measurements = measurements();
    for board in &mut measurements.boards {
        // 46 of 50 rows are 92 %, as a fraction and as a float.
        board.confusion = Some(vec![vec![26, 4, 0], vec![0, 0, 0], vec![0, 0, 20]]);
        board.ram = Some(Ram { total: 65_536, ..Ram::default() });
        board.latency.as_mut().expect("there is one").seconds = 0.02;
    }
    let report = judge(&spec(), &measurements);
    let met = |at: usize| report.boards[0].requirements[at].met;
    assert!(met(0) && met(4) && met(6));
}

#[test]
fn the_report_reads_back() {
    let report = judge(&spec(), &too_big());
    let back: tinyml::report::Report = serde_json::from_str(&report.json()).expect("it is JSON");
    assert_eq!(back, report);
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let report = judge(&spec(), &too_big());
    for width in [68, 80, 100] {
        let shown = text(&report, &Style { width, ..plain() });
        let widest = shown.lines().max_by_key(|line| line.chars().count()).unwrap_or_default();
        assert!(widest.chars().count() <= width, "{width}: {widest}");
    }
}

//! Requirements, exit codes and the report for programs.

use serde_json::Value;

use crate::project::{Project, SPEC, STEPS};

#[test]
fn too_little_memory_exits_with_3_and_says_where_it_goes() {
    let Some(project) = Project::built() else { return };
    project.replace("net.tml", "ram         <= 8 KiB", "ram         <= 256 B");
    let built = project.build().exits(3);
    assert_eq!(built.codes(), ["tml::require"]);
    let diagnostic = built.diagnostic("tml::require");
    let line = 1 + project.read("net.tml").lines().position(|line| line.contains("256 B")).expect("a line") as u64;
    assert_eq!(diagnostic["spans"][0]["line"].as_u64(), Some(line));
    assert!(
        diagnostic["message"].as_str().is_some_and(|title| title.contains("of ram on nucleo_f446re")),
        "{diagnostic}"
    );
    assert!(diagnostic["spans"][0]["label"].as_str().is_some_and(|label| label.contains("over by")), "{diagnostic}");
    let help = diagnostic["help"].as_str().expect("a help");
    assert!(["arena", "stack", "data"].iter().all(|part| help.contains(part)), "{help}");
    assert_eq!(built.lines("verdict")[0]["report"]["verdict"], "unmet");
    assert_eq!(built.lines("build-finished")[0]["exit_code"], 3);
    assert!(built.artifacts().contains_key("nucleo_f446re/elf"), "the firmware is there all the same");
    let people = project.run(&["build", "--offline"]).exits(3);
    assert!(people.stderr.contains("tml::require") && people.stdout.contains("not met"), "{people:?}");
}

#[test]
fn every_metric_can_fail_and_all_failures_are_told() {
    let Some(project) = Project::built() else { return };
    let spec = SPEC
        .replace("accuracy    >= 80%", "accuracy >= 100%\n    f1 >= 100%\n    precision(high) >= 100%")
        .replace("latency     <= 10 ms", "latency <= 1 us")
        .replace("flash       <= 64 KiB", "flash <= 1 KiB")
        .replace("ram         <= 8 KiB", "ram <= 1 B");
    project.write("net.tml", spec);
    let built = project.build();
    assert_eq!(built.code, Some(3), "{}", built.rendered());
    let text = built.rendered();
    for words in ["of flash on", "of ram on", "takes", "weights", "code"] {
        assert!(text.contains(words), "{words} in {text}");
    }
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or_else(|| panic!("{value} is no number"))
}

fn whole(value: &Value) -> u64 {
    value.as_u64().unwrap_or_else(|| panic!("{value} is no whole number"))
}

#[test]
fn the_report_for_programs_has_every_field_in_base_units() {
    let Some(project) = Project::built() else { return };
    let built = project.build().exits(0);
    let report: Value = serde_json::from_str(&project.read("target/tinyml/net/report.json")).expect("JSON");
    assert_eq!(built.lines("verdict")[0]["report"], report, "the same report twice");
    assert_eq!((&report["schema"], &report["spec"], &report["verdict"]), (&1.into(), &"net".into(), &"met".into()));
    let boards = report["boards"].as_array().expect("boards");
    assert_eq!(boards.len(), 1);
    let board = &boards[0];
    assert_eq!((&board["deploy"], &board["board"]), (&"demo".into(), &"nucleo_f446re".into()));
    requirements(board);
    let (flash, ram) = (&board["flash"], &board["ram"]);
    assert!(whole(&flash["weights"]) + whole(&flash["code"]) <= whole(&flash["total"]));
    assert!(whole(&ram["arena"]) + whole(&ram["stack"]) + whole(&ram["data"]) <= whole(&ram["total"]));
    // 2·8 + 8·3 weights of one byte, 11 biases of four: no less can be there.
    assert!(whole(&flash["weights"]) >= 40 + 44, "{flash}");
    let cycles = &board["cycles"];
    let layers = cycles["layers"].as_array().expect("layers");
    let sum: u64 = layers.iter().map(|layer| whole(&layer["cycles"])).sum();
    assert_eq!(sum, whole(&cycles["total"]), "every cycle belongs to a layer: {cycles}");
    assert!(layers.iter().all(|layer| layer["name"].is_string()));
    let at_180_mhz = whole(&cycles["total"]) as f64 / 180e6;
    assert!((number(&board["latency_s"]) - at_180_mhz).abs() < 1e-9, "{}", board["latency_s"]);
    for kind in ["elf", "hex", "bin", "model_c"] {
        let path = board["artifacts"][kind].as_str().unwrap_or_else(|| panic!("no {kind} in {board}"));
        assert!(std::path::Path::new(path).is_file(), "{path}");
    }
    for step in report["steps"].as_array().expect("steps") {
        assert!(step["title"].is_string() && number(&step["seconds"]) >= 0.0);
        assert_eq!(step["state"], "cached");
    }
    assert_eq!(report["steps"].as_array().map(Vec::len), Some(STEPS.len()));
    assert!(report["toolchain"].as_object().is_some_and(|tools| tools.values().any(|value| value == "zig")));
}

/// Metric, relation, unit and kind of each line of `require`, values within their ranges, margins that agree.
fn requirements(board: &Value) {
    let expected = [
        ("accuracy", ">=", "ratio", "exact", 0.8),
        ("recall(mid)", ">=", "ratio", "exact", 0.5),
        ("latency", "<=", "s", "simulated", 0.01),
        ("flash", "<=", "B", "exact", 65536.0),
        ("ram", "<=", "B", "exact", 8192.0),
    ];
    let judged = board["requirements"].as_array().expect("requirements");
    assert_eq!(judged.len(), expected.len());
    for (one, (metric, relation, unit, kind, limit)) in judged.iter().zip(expected) {
        assert_eq!((&one["metric"], &one["relation"]), (&metric.into(), &relation.into()));
        assert_eq!((&one["unit"], &one["kind"], &one["met"]), (&unit.into(), &kind.into(), &true.into()), "{one}");
        let (value, margin) = (number(&one["value"]), number(&one["margin"]));
        assert!((number(&one["limit"]) - limit).abs() < 1e-12, "{one}");
        let away = if relation == ">=" { value - limit } else { limit - value };
        assert!((away - margin).abs() < 1e-9 && margin >= 0.0, "{one}");
        assert!(unit != "ratio" || (0.0..=1.0).contains(&value), "{one}");
        assert!(unit != "B" || one["value"].is_u64(), "{one}");
    }
    assert_eq!(judged[3]["value"], board["flash"]["total"]);
    assert_eq!(judged[4]["value"], board["ram"]["total"]);
}

#[test]
fn the_report_for_people_has_tables_and_no_colours() {
    let Some(project) = Project::built() else { return };
    let built = project.run(&["build", "--offline"]).exits(0);
    for words in
        ["demo on nucleo_f446re", "accuracy", "recall", "flash", "ram", "arena", "stack", "net_layer_0_dense", "cycles"]
    {
        assert!(built.stdout.contains(words), "{words} in {}", built.stdout);
    }
    for class in ["low", "mid", "high"] {
        assert!(built.stdout.lines().any(|line| line.trim_start().starts_with(class)), "{class}");
    }
    assert!(!built.stdout.contains('\u{1b}') && !built.stderr.contains('\u{1b}'));
    assert!(built.stderr.contains(&format!("{} cached", STEPS.len())), "{}", built.stderr);
    let quiet = project.run(&["build", "--offline", "-q"]).exits(0);
    assert_eq!(quiet.stderr, "");
    let forced = project.run(&["build", "--offline", "--color", "always"]).exits(0);
    assert!(forced.stdout.contains('\u{1b}'));
}

#[test]
fn wrong_usage_exits_with_2() {
    let project = Project::new();
    for args in [
        &["bild"][..],
        &["build", "--no-such-flag"],
        &["build", "-j", "many"],
        &["build", "--message-format", "xml"],
        &["graph", "--format", "png"],
        &["generate", "--adopt"],
        &["build", "a.tml", "b.tml"],
        &[],
    ] {
        let ran = project.run(args).exits(2);
        assert!(ran.stderr.contains("Usage") || ran.stderr.contains("--help"), "{args:?}: {}", ran.stderr);
        assert_eq!(ran.stdout, "");
    }
    assert!(project.run(&["bild"]).stderr.contains("build"), "a similar command is named");
    for args in [&["--help"][..], &["--version"], &["build", "--help"], &["tinyml", "--version"]] {
        let ran = project.run(args).exits(0);
        assert!(ran.stdout.contains("tinyml") && ran.stderr.is_empty(), "{ran:?}");
    }
}

#[test]
fn zero_jobs_are_one_job() {
    let Some(project) = Project::built() else { return };
    project.build_with(&["-j", "0"]).exits(0);
}

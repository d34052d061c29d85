//! Searches at the program's boundary: what fits, what is chosen, what runs again; the same on any number of threads.
//! What compiles C is skipped, with a printed reason, where zig is neither in the cache nor to be had.
#![expect(clippy::print_stderr, reason = "skipped tests say so")]
#![expect(clippy::disallowed_methods, reason = "tests arrange the disk and start the program")]

#[path = "build/project.rs"]
#[expect(dead_code, reason = "shared with the tests of builds")]
mod project;

use std::fmt::Write as _;

use serde_json::Value;
use tinyml::base::Shape;
use tinyml::base::rng::Rng;
use tinyml::net::Net;
use tinyml::net::ops::Args;
use tinyml::net::train::{Optimizer, Options, Targets, TrainData, train};

use project::{Project, Ran, SPEC};

/// The model of the small project, with choices. 600 units don't fit into its flash.
const CHOICES: &str = r"model net from scaled {
  dense(one_of(6, 12, 600), activation = relu)
  one_of(none, dropout(0.1))
  dense(blobs.classes)
  softmax()

  train  { epochs = 18, batch = 8, optimizer = adam(lr = 0.01) }
  search { trials = 6, minimize = flash, budget = 1 min }
}";

/// The small project with other lines for its model, and less flash.
fn spec(model: &str) -> String {
    let (before, rest) = SPEC.split_once("model net").expect("a model");
    let (_, after) = rest.split_once("\n}\n").expect("its end");
    format!("{before}{model}\n{after}").replace("flash       <= 64 KiB", "flash       <= 12 KiB")
}

fn project(model: &str) -> Option<Project> {
    let project = Project::built()?;
    project.write("net.tml", spec(model));
    Some(project)
}

fn found(built: &Ran) -> Value {
    built.lines("verdict").first().map_or(Value::Null, |line| line["report"]["searches"][0].clone())
}

/// The search in the report that the build left.
fn report(project: &Project) -> Value {
    let reports = project::files(&project.path("target"));
    let path = reports.iter().rfind(|path| path.ends_with("report.json")).expect("a report");
    let text = std::fs::read_to_string(path).expect("readable");
    serde_json::from_str::<Value>(&text).expect("JSON")["searches"][0].clone()
}

fn tried(search: &Value) -> Vec<&Value> {
    search["tried"].as_array().expect("candidates").iter().collect()
}

#[test]
fn the_smallest_that_is_good_enough_is_chosen() {
    let Some(project) = project(CHOICES) else { return };
    let built = project.build().exits(0);
    let search = report(&project);
    let all = tried(&search);
    assert_eq!(all.len(), 6, "{search:#}");
    for candidate in &all {
        let unfit = candidate["choices"].as_str().expect("a text").contains("600");
        assert_eq!(unfit, candidate["fate"] == "unfit", "{candidate:#}");
        assert_eq!(unfit, candidate["epochs"] == 0, "what doesn't fit isn't trained: {candidate:#}");
        let reason = candidate["reasons"][0].as_str().unwrap_or_default();
        assert_eq!(unfit, reason.contains("flash") && reason.contains("limit 12 KiB"), "{candidate:#}");
    }
    let chosen: Vec<_> = all.iter().filter(|candidate| candidate["fate"] == "chosen").collect();
    assert_eq!(chosen.len(), 1, "{search:#}");
    let flash = |candidate: &Value| candidate["costs"]["flash"].as_u64().expect("bytes");
    let good = |candidate: &&&Value| candidate["quality"]["margin"].as_f64().is_some_and(|margin| margin >= 0.0);
    let least = all.iter().filter(good).map(|candidate| flash(candidate)).min().expect("a good one");
    assert_eq!(flash(chosen[0]), least, "{search:#}");
    assert_eq!(search["layers"][0], "dense(6, activation = relu)");
    assert!(all.iter().any(|candidate| candidate["pareto"] == true));
    // What was measured before training is what the linked image of the winner takes, but for its weights' sake.
    let text = project.run(&["build", "--offline"]).exits(0).stdout;
    assert!(text.contains("search of net") && text.contains("dense(6, activation = relu)"), "{text}");
    assert!(built.artifacts().contains_key("all/search_svg"), "{:?}", built.artifacts());
    let _ = found(&built);
}

#[test]
fn a_second_build_runs_nothing_and_a_looser_limit_trains_nothing() {
    let Some(project) = project(CHOICES) else { return };
    let first = project.build().exits(0);
    assert!(first.run_steps().iter().any(|step| step == "trial:net/0.0"), "{:?}", first.run_steps());
    assert_eq!(project.build().exits(0).run_steps(), Vec::<String>::new());
    project.replace("net.tml", "latency     <= 10 ms", "latency     <= 12 ms");
    let again = project.build().exits(0).run_steps();
    assert!(!again.iter().any(|step| step.starts_with("trial:") || step.starts_with("cost:")), "{again:?}");
    // Another candidate's width: those that stay are measured no second time.
    project.replace("net.tml", "one_of(6, 12, 600)", "one_of(6, 12, 500)");
    let again = project.build().exits(0).run_steps();
    let costs = again.iter().filter(|step| step.starts_with("cost:")).count();
    assert_eq!(costs, 2, "500 units with and without dropout: {again:?}");
}

#[test]
fn one_and_two_jobs_find_the_same() {
    let Some(project) = project(CHOICES) else { return };
    let one = project.build_with(&["-j", "1", "--target-dir", "one"]).exits(0).artifacts();
    let two = project.build_with(&["-j", "2", "--target-dir", "two"]).exits(0).artifacts();
    assert!(one.contains_key("demo/elf") || one.keys().any(|key| key.ends_with("/elf")), "{one:?}");
    assert_eq!(one, two);
}

#[test]
fn auto_finds_a_network_whose_layers_can_be_pasted() {
    let Some(project) = project("model net from scaled {\n  auto\n\n  search { trials = 4, budget = 20 s }\n}") else {
        return;
    };
    project.build().exits(0);
    let search = report(&project);
    assert!(tried(&search).len() == 4, "{search:#}");
    let layers: Vec<&str> =
        search["layers"].as_array().expect("layers").iter().map(|layer| layer.as_str().expect("a text")).collect();
    project.write("net.tml", spec(&format!("model net from scaled {{\n  {}\n}}", layers.join("\n  "))));
    project.run(&["check"]).exits(0);
    project.write("net.tml", spec("model net from scaled { auto }"));
    project.run(&["check"]).exits(0);
    assert_eq!(project.run(&["fmt", "--check"]).code, Some(0));
}

#[test]
fn residual_networks_are_searched_like_any() {
    let Some(project) = project("") else { return };
    let mut text = String::from("label");
    (0..16).for_each(|pixel| write!(text, ",p{pixel}").expect("a text takes it"));
    let mut rng = Rng::new(5, "bars");
    for row in 0..240 {
        let (class, at) = (["across", "down"][row % 2], rng.below(4));
        write!(text, "\n{class}").expect("a text takes it");
        for pixel in 0..16 {
            let on = if row % 2 == 0 { pixel / 4 == at } else { pixel % 4 == at };
            let noise = rng.range(0.0, 0.6);
            write!(text, ",{:.3}", if on { 1.0 + noise } else { noise }).expect("a text takes it");
        }
    }
    project.write("data/bars.csv", text);
    project.write(
        "net.tml",
        r#"tml 1

use std.boards.{nucleo_f446re}

dataset bars {
  source   = csv("data/bars.csv")
  channels = columns("p", 16)
  classes  = [across, down]
}

model net from bars {
  reshape([4, 4, 1])
  residual(2..4)
  residual(4, stride = 2)
  flatten()
  dense(bars.classes)
  softmax()

  train  { epochs = 30, batch = 16 }
  search { trials = 2, budget = 30 s }
}

deploy demo from net {
  boards = [nucleo_f446re]

  require {
    accuracy >= 90%
  }
}
"#,
    );
    project.build().exits(0);
    assert_eq!(tried(&report(&project)).len(), 2);
}

#[test]
fn nothing_that_fits_is_told_with_the_closest() {
    let Some(project) = project(CHOICES) else { return };
    project.replace("net.tml", "latency     <= 10 ms", "latency     <= 1 us");
    let built = project.build().exits(1);
    let diag = built.diagnostic("tml::search");
    let rendered = diag["rendered"].as_str().expect("a text");
    assert!(rendered.contains("none of 6 candidates") && rendered.contains("latency"), "{rendered}");
    assert!(!built.run_steps().iter().any(|step| step.starts_with("quantize:")));
}

/// A step too small to move a weight leaves the network as it was: inputs and outputs are scaled as they were.
#[test]
fn going_on_begins_where_training_ended() {
    let layer = |word: &str, units: &str| -> (String, Args) { (word.into(), vec![("units".into(), units.into())]) };
    let mut rng = Rng::new(8, "going on");
    let x: Vec<f32> = (0..600).map(|at| [100.0, -3.0, 0.02][at % 3] * (1.0 + 0.1 * rng.normal())).collect();
    let classes: Vec<i32> = (0..200).map(|row| i32::from(x[3 * row] > 100.0)).collect();
    let values: Vec<f32> = (0..200).map(|row| 5000.0 + 40.0 * x[3 * row + 1]).collect();
    let part: Vec<u8> = (0..200).map(|row| u8::from(row % 4 == 0)).collect();
    let tasks = [("2", Targets::Classes(&classes)), ("1", Targets::Values(&values)), ("3", Targets::Input)];
    for (units, y) in tasks {
        let layers = [layer("dense", "8"), ("relu".into(), Vec::new()), layer("dense", units)];
        let net = Net::build(&Shape::f32(&[3]), &layers).expect("a network");
        let data = TrainData { x: &x, y, part: &part };
        let options = Options { epochs: 8, batch: 16, ..Options::default() };
        let first = train(&net, &data, &options, &mut |_| true).expect("it learns").net;
        let still = Optimizer::Sgd { lr: 1e-12, momentum: 0.0, decay: 0.0 };
        let options = Options { epochs: 1, fresh: false, optimizer: still, ..options };
        let second = train(&first, &data, &options, &mut |_| true).expect("it goes on").net;
        let (one, other) = (first.forward(&x), second.forward(&x));
        let size = one.iter().fold(0.0_f32, |most, value| most.max(value.abs()));
        let worst = one.iter().zip(&other).fold(0.0_f32, |most, (a, b)| most.max((a - b).abs()));
        assert!(worst <= 1e-4 * size, "{units} outputs: {worst} of {size}");
        let options = Options { seed: 3, fresh: true, ..options };
        let anew = train(&first, &data, &options, &mut |_| true).expect("it starts").net;
        let moved = one.iter().zip(anew.forward(&x)).any(|(a, b)| (a - b).abs() > 5e-4 * size);
        assert!(moved, "without going on, weights are drawn");
    }
}

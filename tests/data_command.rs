//! `cargo tinyml data` at its boundary: the real binary on small folders, and on ../shared where it is.
#![expect(clippy::print_stderr, reason = "skipped tests say so")]
#![expect(clippy::disallowed_methods, reason = "tests arrange the disk and start the program")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;
use tinyml::base::rng::Rng;

struct Project(TempDir);

impl Project {
    fn new(files: &[(&str, &str)]) -> Self {
        let project = Self(tempfile::Builder::new().prefix("tinyml data ").tempdir().expect("a temporary folder"));
        for (path, text) in files {
            let path = project.0.path().join(path);
            fs::create_dir_all(path.parent().expect("below the folder")).expect("made");
            fs::write(path, text).expect("written");
        }
        project
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tinyml"));
        command.current_dir(self.0.path()).env_remove("CARGO_TARGET_DIR").env("NO_COLOR", "1");
        command.arg("tinyml").args(arguments).output().expect("the program starts")
    }

    fn data(&self, more: &[&str]) -> Value {
        let output = self.run(&[&["data", "net.tml", "--format", "json"], more].concat());
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{error}");
        let value: Value = serde_json::from_slice(&output.stdout).expect("JSON on stdout");
        assert_eq!(value["schema"], "tinyml.data/1");
        value["datasets"][0].clone()
    }
}

fn spec(channels: &str, more: &str) -> String {
    format!(
        "tml 1\n\ndataset d {{\n  source   = csv(\"data/*.csv\")\n  channels = [{channels}]\n  label    = label\n  \
         classes  = [no, yes]\n{more}\n}}\n"
    )
}

/// 400 rows, a quarter `yes`; `x` is a sensor that helps, the others should not be there.
fn leaky() -> String {
    let mut rng = Rng::new(5, "leaky");
    let mut text = String::from("id,serial,x,copy,late,never,label\n");
    for row in 0..400 {
        let yes = rng.next_u64().is_multiple_of(4);
        let x = f64::from(u8::from(yes)) + (rng.next_u64() % 1000) as f64 / 500.0;
        let late = yes && rng.next_u64().is_multiple_of(5);
        let never = u8::from(row % 60 == 7);
        let copy = if yes { 20.0 } else { 3.0 } + (rng.next_u64() % 1000) as f64 / 999.0;
        let label = if yes { "yes" } else { "no" };
        writeln!(text, "{row},M{:05},{x},{copy},{},{never},{label}", row * 7 + 11, u8::from(late)).expect("a text");
    }
    text
}

fn findings(data: &Value, code: &str) -> Vec<String> {
    let all = data["findings"].as_array().cloned().unwrap_or_default();
    let of = all.iter().filter(|finding| finding["code"] == code);
    of.map(|finding| format!("{} {} {}", finding["title"], finding["notes"], finding["help"])).collect()
}

fn hint(data: &Value, name: &str) -> Value {
    let columns = data["columns"].as_array().cloned().unwrap_or_default();
    columns.into_iter().find(|column| column["name"] == name).expect("the column")["hint"].clone()
}

#[test]
fn channels_that_give_the_label_away_are_named() {
    let project = Project::new(&[("net.tml", &spec("id, x, copy, late, never", "")), ("data/a.csv", &leaky())]);
    let data = project.data(&[]);
    let leaks = findings(&data, "tml::leak");
    assert!(leaks[0].contains("`copy`, `late`") && leaks[0].contains("leave them out"), "{leaks:?}");
    assert!(!leaks[0].contains("`x`"), "a sensor that helps isn't a leak: {leaks:?}");
    assert!(leaks.iter().any(|leak| leak.contains("`id` counts up")), "{leaks:?}");
    assert_eq!(hint(&data, "x"), Value::Null);
    assert!(hint(&data, "copy")["tells"].as_f64().is_some_and(|share| share > 0.99), "{data}");
    assert_eq!(hint(&data, "late")["flag"]["class"], "yes");
    assert_eq!(hint(&data, "never"), "among_flags");
    assert_eq!(hint(&data, "serial"), "id");
    let text = String::from_utf8_lossy(&project.run(&["data", "net.tml"]).stderr).into_owned();
    assert!(text.contains("channels give the label away"), "the same as a warning: {text}");
}

#[test]
fn columns_that_nothing_reads_are_told_but_warned_of_by_no_build() {
    let project = Project::new(&[("net.tml", &spec("x", "")), ("data/a.csv", &leaky())]);
    let data = project.data(&[]);
    let leaks = findings(&data, "tml::leak");
    assert!(leaks.len() == 1 && leaks[0].contains("doesn't read") && leaks[0].contains("`copy`"), "{leaks:?}");
    let output = project.run(&["data", "net.tml"]);
    let (text, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(text.contains("gives the label away") && text.contains("an id"), "{text}");
    assert!(!error.contains("tml::leak"), "{error}");
}

#[test]
fn counts_and_ranges_are_those_of_the_rows() {
    let mut rows = String::from("x,label\n");
    for row in 0..200 {
        writeln!(rows, "{},{}", row, if row < 198 { "no" } else { "yes" }).expect("a text");
    }
    let data = Project::new(&[("net.tml", &spec("x", "")), ("data/a.csv", &rows)]).data(&[]);
    assert_eq!((data["rows"].as_u64(), data["classes"][1]["rows"].as_u64()), (Some(200), Some(2)));
    let x = &data["channels"][0];
    assert_eq!((x["min"].as_f64(), x["median"].as_f64(), x["max"].as_f64()), (Some(0.0), Some(99.0), Some(199.0)));
    assert!((x["mean"].as_f64().expect("a number") - 99.5).abs() < 1e-9);
    let classes = findings(&data, "tml::class");
    assert!(classes.iter().any(|text| text.contains("imbalanced") && text.contains("99.0 %")), "{classes:?}");
    assert!(classes.iter().any(|text| text.contains("can't be in all three parts")), "{classes:?}");
}

#[test]
fn clocks_are_checked_against_the_rate() {
    let table = |step: &dyn Fn(u32) -> f64| {
        let (mut text, mut time) = (String::from("time,x,label\n"), 0.0);
        for row in 0..300 {
            writeln!(text, "{time:.4},{},{}", row * 37 % 101, ["no", "yes"][row as usize / 3 % 2]).expect("a text");
            time += step(row);
        }
        text
    };
    let rate = "  rate     = 50 Hz";
    let even = Project::new(&[("net.tml", &spec("x", rate)), ("data/a.csv", &table(&|_| 0.02))]).data(&[]);
    assert!(findings(&even, "tml::rate").is_empty(), "{even}");
    assert!((even["clocks"][0]["step"].as_f64().expect("a number") - 0.02).abs() < 1e-6);
    let slow = Project::new(&[("net.tml", &spec("x", rate)), ("data/a.csv", &table(&|_| 0.04))]).data(&[]);
    let found = findings(&slow, "tml::rate");
    assert!(found[0].contains("rate = 25.0000 Hz"), "{found:?}");
    let ragged = table(&|row| if row % 5 == 0 { 0.09 } else { 0.02 });
    let ragged = Project::new(&[("net.tml", &spec("x", rate)), ("data/a.csv", &ragged)]).data(&[]);
    let found = findings(&ragged, "tml::rate");
    assert!(found[0].contains("irregular: 20 %"), "{found:?}");
}

#[test]
fn groups_of_one_class_and_few_of_them_are_told() {
    let mut rows = String::from("who,x,label\n");
    for row in 0..240 {
        let who = row % 4;
        writeln!(rows, "p{who},{}.{row},{}", row * 31 % 97, ["no", "yes"][who % 2]).expect("a text");
    }
    let split = "  split    = { train = 50%, valid = 25%, test = 25%, by = who }";
    let data = Project::new(&[("net.tml", &spec("x", split)), ("data/a.csv", &rows)]).data(&[]);
    let found = findings(&data, "tml::split");
    assert!(found.iter().any(|text| text.contains("each `who` has rows of one class only")), "{found:?}");
    assert!(found.iter().any(|text| text.contains("there are 4 groups (`who`)")), "{found:?}");
    assert_eq!(data["classes"][0]["groups"], 2);
}

#[test]
fn drawings_are_svg_whatever_the_names() {
    let mut rows = String::from("\"a<b>&\",label\n");
    for row in 0..90 {
        writeln!(rows, "{}.{row},{}", row * 31 % 17, ["no", "yes"][row % 2]).expect("a text");
    }
    let project = Project::new(&[("net.tml", &spec("\"a<b>&\"", "")), ("data/a.csv", &rows)]);
    let data = project.data(&["--plots"]);
    let plots: Vec<&str> = data["plots"].as_array().expect("a list").iter().filter_map(Value::as_str).collect();
    assert_eq!(plots.len(), 2, "{plots:?}");
    for plot in plots {
        let svg = fs::read_to_string(project.0.path().join(plot)).expect("readable");
        assert!(svg.starts_with("<svg") && svg.ends_with("</svg>\n") && svg.contains("prefers-color-scheme:dark"));
        assert!(!svg.contains("a<b>") && svg.matches("<text").count() == svg.matches("</text>").count(), "{svg}");
        assert!(!svg.contains("NaN") && !svg.contains("inf\""), "{svg}");
    }
}

#[test]
fn a_data_set_is_named_as_the_spec_names_it() {
    let project = Project::new(&[("net.tml", &spec("x", "")), ("data/a.csv", &leaky())]);
    let output = project.run(&["data", "net.tml", "e"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).contains("has no data set `e`"));
}

#[test]
fn the_failure_modes_of_ai4i2020_give_the_failure_away() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/ai4i2020/ai4i2020.csv");
    let Ok(rows) = fs::read_to_string(&shared) else {
        eprintln!("skipped: {} is not there", shared.display());
        return;
    };
    let spec = |label: &str, more: &str| {
        format!(
            "tml 1\n\ndataset d {{\n  source = csv(\"data/a.csv\")\n  channels = [\"Torque [Nm]\", {more}]\n  \
             label = \"{label}\"\n  classes = [\"0\", \"1\"]\n}}\n"
        )
    };
    let all = spec("Machine failure", "\"TWF\", \"HDF\", \"PWF\", \"OSF\", \"RNF\"");
    let data = Project::new(&[("net.tml", &all), ("data/a.csv", &rows)]).data(&[]);
    let leaks = findings(&data, "tml::leak");
    for name in ["TWF", "HDF", "PWF", "OSF", "RNF"] {
        assert!(leaks[0].contains(&format!("`{name}`")), "{name}: {leaks:?}");
    }
    assert!(!leaks[0].contains("Torque"), "{leaks:?}");
    let other = spec("TWF", "\"Machine failure\"");
    let data = Project::new(&[("net.tml", &other), ("data/a.csv", &rows)]).data(&[]);
    assert!(findings(&data, "tml::leak")[0].contains("`Machine failure` gives the label away"), "{data}");
}

//! What people and programs see of a build.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use serde_json::Value;
use tinyml::base::{Diag, Diags, Source};
use tinyml::cli::progress::{Human, Json, Painter, Verbosity};
use tinyml::engine::{self, Facts, Graph, Input, Job, Options, Outputs, Stage};
use tinyml::world::World;

#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Page {
    fn take(&self) -> String {
        String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap()
    }
}

struct Toy(&'static str);

impl Stage for Toy {
    fn title(&self) -> String {
        self.0.to_string()
    }
    fn facts(&self, out: &mut dyn Facts) {
        out.text("title", self.0);
    }
    fn run(&self, _: &Job) -> Result<Outputs, Diags> {
        if self.0 == "fail" {
            return Err(Diag::error("tml::toy", "it failed").into());
        }
        Ok(BTreeMap::from([("out".to_string(), b"x".to_vec())]))
    }
}

fn graph(second: &'static str) -> Graph {
    let mut graph = Graph::new();
    let first = graph.add("ingest:d", "ingest", Box::new(Toy("ingest d")), vec![]);
    graph.add("train:net", "train", Box::new(Toy(second)), vec![Input::step("d", first, "out")]);
    graph
}

fn build(graph: &Graph, painter: &dyn Painter, folder: &std::path::Path, exit_code: i32) {
    let world = World::new();
    let options = Options::new(folder, "spec", 1);
    let outcome = engine::run(graph, &options, &world, painter).unwrap();
    outcome.errors().0.iter().for_each(|diag| painter.diagnostic(diag));
    painter.finished(3.2, exit_code);
}

fn render() -> Box<dyn Fn(&Diag) -> String + Send + Sync> {
    Box::new(|diag| format!("error: {}", diag.title))
}

#[test]
fn people_read_lines_as_cargo_writes_them() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::default();
    let human = |verbosity, color| Human::new(Box::new(page.clone()), verbosity, color, render());
    build(&graph("train net"), &human(Verbosity::Normal, false), folder.path(), 0);
    assert_eq!(page.take(), "     Running ingest d\n     Running train net\n    Finished 2 steps in 3.20 s: 2 run\n");
    build(&graph("train net"), &human(Verbosity::Verbose, false), folder.path(), 0);
    assert_eq!(
        page.take(),
        "      Cached ingest d\n      Cached train net\n    Finished 2 steps in 3.20 s: 2 cached\n"
    );
    build(&graph("fail"), &human(Verbosity::Normal, true), folder.path(), 1);
    assert_eq!(
        page.take(),
        "\x1b[1;32m     Running\x1b[0m fail\n\x1b[1;31m      Failed\x1b[0m fail\nerror: it failed\n\
         \x1b[1;31m      Failed\x1b[0m 2 steps in 3.20 s: 1 cached, 1 failed\n"
    );
    build(&graph("fail"), &human(Verbosity::Quiet, false), folder.path(), 1);
    assert_eq!(page.take(), "error: it failed\n");
}

#[test]
fn programs_read_one_object_a_line() {
    let folder = tempfile::tempdir().unwrap();
    let page = Page::default();
    let json = Json::new(Box::new(page.clone()), render());
    build(&graph("fail"), &json, folder.path(), 1);
    let source = Source::new("net.tml", "tml 1\nmodel é net {\n");
    json.diagnostic(&Diag::warning("tml::x", "odd").at(&source.span(15..18), "this"));
    let text = page.take();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(lines.iter().all(|line| line["schema"] == 1));
    let reasons: Vec<&str> = lines.iter().map(|line| line["reason"].as_str().unwrap()).collect();
    assert_eq!(
        reasons,
        [
            "plan",
            "step-started",
            "step-finished",
            "step-started",
            "step-finished",
            "diagnostic",
            "build-finished",
            "diagnostic"
        ]
    );
    assert_eq!(lines[0]["steps"][1]["id"], "train:net");
    assert_eq!(lines[2]["state"], "run");
    assert_eq!(lines[2]["key"], lines[1]["key"]);
    assert_eq!(lines[2]["outputs"]["out"]["size"], 1);
    assert_eq!(lines[4]["state"], "failed");
    assert_eq!(lines[5]["rendered"], "error: it failed");
    assert_eq!(lines[6]["exit_code"], 1);
    let span = &lines[7]["spans"][0];
    assert_eq!([&span["line"], &span["column"], &span["end_column"]], [2, 9, 12]);
}

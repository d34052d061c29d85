//! A project in a folder of its own, the program run in it, and what the program said.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;
use tempfile::TempDir;
use tinyml::base::rng::Rng;

/// Three clouds of points, a small net, one board: a build of about a second.
pub(crate) const SPEC: &str = r#"tml 1

use std.boards.{nucleo_f446re}
use std.features.{scale}

dataset blobs {
  source   = csv("data/blobs.csv")
  channels = [a, b]
  classes  = [low, mid, high]
}

features scaled from blobs {
  scale(method = minmax)
}

model net from scaled {
  dense(8, activation = relu)
  dense(blobs.classes)
  softmax()

  train { epochs = 20, batch = 8, optimizer = adam(lr = 0.01) }
}

deploy demo from net {
  boards = [nucleo_f446re]

  require {
    accuracy    >= 80%
    recall(mid) >= 50%
    latency     <= 10 ms
    flash       <= 64 KiB
    ram         <= 8 KiB
  }
}
"#;

/// Steps of that project, each before those that read it.
pub(crate) const STEPS: [&str; 12] = [
    "ingest:blobs",
    "extract:scaled",
    "train:net",
    "quantize:net",
    "decide:demo",
    "tune:demo@nucleo_f446re",
    "emit:demo@nucleo_f446re",
    "host:demo@nucleo_f446re",
    "compile:demo@nucleo_f446re",
    "size:demo@nucleo_f446re",
    "link:demo@nucleo_f446re",
    "verify:demo@nucleo_f446re",
];

/// The data: 240 rows, 80 of each class.
pub(crate) fn blobs() -> String {
    let mut rng = Rng::new(3, "blobs");
    let mut near = |center: f64| {
        let noise: f64 = (0..12).map(|_| (rng.next_u64() % 1000) as f64 / 1000.0).sum::<f64>() - 6.0;
        center + 0.6 * noise
    };
    let mut text = String::from("a,b,label\n");
    for row in 0..240 {
        let (a, b, label) = [(0.0, 0.0, "low"), (5.0, 1.0, "mid"), (1.0, 6.0, "high")][row % 3];
        writeln!(text, "{:.3},{:.3},{label}", near(a), near(b)).expect("a text takes it");
    }
    text
}

/// A project of one test.
pub(crate) struct Project {
    folder: TempDir,
}

impl Project {
    /// The small project, never built.
    pub(crate) fn new() -> Self {
        let project = Self::empty();
        project.write("net.tml", SPEC);
        project.write("data/blobs.csv", blobs());
        project
    }

    /// A folder with nothing in it.
    pub(crate) fn empty() -> Self {
        let folder = tempfile::Builder::new().prefix("tinyml build ").tempdir().expect("a temporary folder");
        Self { folder }
    }

    /// The small project with a finished build in `target`; none, and a printed reason, without a compiler.
    pub(crate) fn built() -> Option<Self> {
        static TEMPLATE: OnceLock<Option<PathBuf>> = OnceLock::new();
        let template = TEMPLATE.get_or_init(template).as_ref();
        let Some(template) = template else {
            eprintln!("skipped: zig is neither in the cache nor to be had");
            return None;
        };
        let project = Self::empty();
        copy(template, project.root());
        Some(project)
    }

    pub(crate) fn root(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.root().join(name)
    }

    pub(crate) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        fs::write(&path, content).expect("written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Changes the file called `name`, which has `from` in it.
    pub(crate) fn replace(&self, name: &str, from: &str, to: &str) {
        let text = self.read(name);
        assert!(text.contains(from), "{name} has no {from:?}");
        self.write(name, text.replacen(from, to, 1));
    }

    /// The program with `args` in this folder, in an environment that says nothing about it.
    pub(crate) fn command(&self, args: &[&str]) -> Command {
        command(self.root(), args)
    }

    /// Runs the program.
    pub(crate) fn run(&self, args: &[&str]) -> Ran {
        ran(&mut self.command(args))
    }

    /// Builds without a network, for a program to read.
    pub(crate) fn build(&self) -> Ran {
        self.build_with(&[])
    }

    /// Builds without a network, with further arguments.
    pub(crate) fn build_with(&self, args: &[&str]) -> Ran {
        self.run(&[&["build", "--offline", "--message-format", "json"], args].concat())
    }
}

/// The program with `args` in `folder`.
pub(crate) fn command(folder: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tinyml"));
    command.args(args).current_dir(folder).env("NO_COLOR", "1").env("LC_ALL", "C.UTF-8").stdin(Stdio::null());
    for name in ["TINYML_CACHE_DIR", "CARGO_TARGET_DIR", "CI", "CLICOLOR_FORCE", "COLUMNS"] {
        command.env_remove(name);
    }
    command
}

/// Runs `command` to its end; it never panics and never finds a bug in itself.
pub(crate) fn ran(command: &mut Command) -> Ran {
    let output = command.output().expect("the program starts");
    let ran = Ran {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    };
    assert!(ran.code != Some(101) && !ran.stderr.contains("panicked"), "it panicked:\n{ran:?}");
    assert!(!ran.stdout.contains("tml::bug"), "it found a bug in itself:\n{ran:?}");
    ran
}

/// What one run of the program said.
#[derive(Debug)]
pub(crate) struct Ran {
    /// None if a signal ended it.
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// Itself, if it ended with `code`.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{}\n{}", self.stderr, self.rendered());
        self
    }

    /// The lines for programs whose reason is `reason`.
    pub(crate) fn lines(&self, reason: &str) -> Vec<Value> {
        let lines = self.stdout.lines().filter(|line| line.starts_with('{'));
        let values =
            lines.map(|line| serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{line}: {error}")));
        values.filter(|value| value["reason"] == reason).collect()
    }

    /// State of each step that ended.
    pub(crate) fn states(&self) -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().expect("a text").to_string();
        self.lines("step-finished").iter().map(|step| (text(&step["id"]), text(&step["state"]))).collect()
    }

    /// Steps that ran, in no order.
    pub(crate) fn run_steps(&self) -> Vec<String> {
        self.states().into_iter().filter(|(_, state)| state == "run").map(|(id, _)| id).collect()
    }

    /// Digests of what the build left, by board and kind; the report, which has times in it, left out.
    pub(crate) fn artifacts(&self) -> BTreeMap<String, String> {
        let lines = self.lines("artifact");
        let key = |line: &Value| {
            format!("{}/{}", line["board"].as_str().unwrap_or("all"), line["kind"].as_str().expect("a kind"))
        };
        let digest = |line: &Value| line["digest"].as_str().expect("a digest").to_string();
        lines.iter().filter(|line| line["kind"] != "report").map(|line| (key(line), digest(line))).collect()
    }

    /// Codes of the errors.
    pub(crate) fn codes(&self) -> Vec<String> {
        let lines = self.lines("diagnostic");
        let errors = lines.iter().filter(|line| line["severity"] == "error");
        errors.map(|line| line["code"].as_str().expect("a code").to_string()).collect()
    }

    /// The first diagnostic with that code.
    #[track_caller]
    pub(crate) fn diagnostic(&self, code: &str) -> Value {
        let found = self.lines("diagnostic").into_iter().find(|line| line["code"] == code);
        found.unwrap_or_else(|| panic!("no {code} in\n{}\n{}", self.rendered(), self.stderr))
    }

    /// All diagnostics as people see them.
    pub(crate) fn rendered(&self) -> String {
        let texts = self.lines("diagnostic");
        texts.iter().map(|line| line["rendered"].as_str().expect("a text")).collect::<Vec<_>>().join("\n")
    }
}

/// A fresh project with a finished build, for all tests to copy. The cache is tried first, then the network.
fn template() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("build");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(folder.join("data")).expect("a folder");
    fs::write(folder.join("net.tml"), SPEC).expect("written");
    fs::write(folder.join("data/blobs.csv"), blobs()).expect("written");
    let build = |more: &[&str]| {
        let args = ["build", "--message-format", "json", "--target-dir", "target"];
        ran(&mut command(&folder, &[&args, more].concat()))
    };
    let mut built = build(&["--offline"]);
    if built.codes().contains(&"tml::toolchain".to_string()) {
        built = build(&[]);
    }
    if built.codes().contains(&"tml::toolchain".to_string()) {
        return None;
    }
    built.exits(0);
    Some(folder)
}

/// The whole folder, times of change included.
pub(crate) fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.file_type().expect("a type").is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// All files below `folder`, sorted.
pub(crate) fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("an entry").path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

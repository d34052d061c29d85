//! An example with a folder for its results: runs the program on it, and reads what the steps made.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;
use tinyml::base::npy::Array;
use tinyml::build::{Request, prepare};
use tinyml::engine::{self, Options, Silent};
use tinyml::project::Project;
use tinyml::world::{ToolchainKind, ToolchainOptions, World};

/// A spec's folder, and where its results go.
pub(crate) struct Place {
    pub(crate) root: PathBuf,
    pub(crate) target: PathBuf,
}

/// A run of the program that ended by itself.
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The folder of the package.
pub(crate) fn package() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The examples in the package.
pub(crate) fn examples() -> Vec<PathBuf> {
    let entries = fs::read_dir(package().join("examples")).expect("a folder");
    let mut folders: Vec<PathBuf> = entries.map(|entry| entry.expect("readable").path()).collect();
    folders.retain(|folder| folder.is_dir());
    folders.sort();
    folders
}

/// Runs the program in `folder`.
pub(crate) fn tinyml(folder: &Path, arguments: &[&str]) -> Finished {
    let program = env!("CARGO_BIN_EXE_cargo-tinyml");
    let output = Command::new(program).args(arguments).current_dir(folder).output().expect("the program starts");
    Finished {
        code: output.status.code(),
        stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
        stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

impl Finished {
    /// Stops the test unless the program ended with one of these exit codes.
    pub(crate) fn expect(self, codes: &[i32]) -> Self {
        assert!(
            self.code.is_some_and(|code| codes.contains(&code)),
            "exit code {:?} instead of {codes:?}\n{}{}",
            self.code,
            self.stdout,
            self.stderr
        );
        self
    }
}

/// Whether the compiler is there; says why not.
pub(crate) fn has_toolchain() -> bool {
    let offline = std::env::var("TINYML_TEST_NETWORK").as_deref() != Ok("1");
    match World::new().toolchain(ToolchainKind::Zig, &ToolchainOptions { offline, progress: &|_| {} }) {
        Ok(_) => true,
        Err(diag) => {
            eprintln!("skipped: {diag} (TINYML_TEST_NETWORK=1 fetches it)");
            false
        }
    }
}

/// `examples/digits`, built once from nothing where it stands; `None`, and a printed reason, without the compiler.
pub(crate) fn digits() -> Option<&'static Place> {
    static BUILT: OnceLock<Option<Place>> = OnceLock::new();
    let build = || {
        let place = Place {
            root: package().join("examples/digits"),
            target: Path::new(env!("CARGO_TARGET_TMPDIR")).join("examples-digits"),
        };
        if !has_toolchain() {
            return None;
        }
        drop(fs::remove_dir_all(&place.target));
        let before = files(&place.root);
        place.build(&[]).expect(&[0]);
        assert_eq!(files(&place.root), before, "a build changes nothing in the checkout");
        Some(place)
    };
    BUILT.get_or_init(build).as_ref()
}

/// Every file below `folder` with its bytes.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = walkdir::WalkDir::new(folder).sort_by_file_name();
    let paths = entries.into_iter().map(|entry| entry.expect("readable").into_path()).filter(|path| path.is_file());
    paths.map(|path| (path.clone(), fs::read(&path).expect("readable"))).collect()
}

impl Place {
    /// A copy of an example below `folder`, with nothing built.
    pub(crate) fn copy(name: &str, folder: &Path) -> Self {
        let (from, root) = (package().join("examples").join(name), folder.join(name));
        for (path, bytes) in files(&from) {
            let inside = path.strip_prefix(&from).expect("below it");
            if !inside.starts_with("target") {
                let to = root.join(inside);
                fs::create_dir_all(to.parent().expect("a folder")).expect("made");
                fs::write(to, bytes).expect("written");
            }
        }
        Self { root, target: folder.join("target") }
    }

    /// Replaces the one occurrence of a text in a file.
    pub(crate) fn replace(&self, file: &str, old: &str, new: &str) {
        let path = self.root.join(file);
        let text = fs::read_to_string(&path).expect("readable");
        assert_eq!(text.matches(old).count(), 1, "{file}: {old}");
        fs::write(path, text.replace(old, new)).expect("written");
    }

    /// Runs `build` with more arguments.
    pub(crate) fn build(&self, arguments: &[&str]) -> Finished {
        let target = self.target.to_str().expect("UTF-8");
        tinyml(&self.root, &[["build", "--target-dir", target].as_slice(), arguments].concat())
    }

    /// A file that the build left.
    pub(crate) fn result(&self, path: &str) -> Vec<u8> {
        let path = self.target.join("tinyml").join(path);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The report of the last build.
    pub(crate) fn report(&self, spec: &str) -> Value {
        serde_json::from_slice(&self.result(&format!("{spec}/report.json"))).expect("JSON")
    }

    /// Arrays that steps of the last build made: (step, output).
    pub(crate) fn arrays<const N: usize>(&self, wanted: [(&str, &str); N]) -> [Array; N] {
        let world = World::new();
        let request = Request {
            target_dir: self.target.clone(),
            shared_store: world.env().shared_store(),
            jobs: 1,
            locked: true,
            full: false,
            verify_inputs: false,
            toolchain: None,
        };
        let project = Project::open(&world, Some(&self.root)).unwrap_or_else(|diags| panic!("{diags}"));
        let prepared = prepare(&world, &project, &request).unwrap_or_else(|diags| panic!("{diags}"));
        let graph = prepared.graph().unwrap_or_else(|diags| panic!("{diags}"));
        let targets = wanted.iter().map(|(step, _)| (*step).to_string()).collect();
        let options = Options { targets, ..prepared.options(&request) };
        let outcome = engine::run(&graph, &options, &world, &Silent).unwrap_or_else(|diags| panic!("{diags}"));
        wanted.map(|(step, output)| {
            let bytes = outcome.bytes(step, output).unwrap_or_else(|diags| panic!("{diags}"));
            Array::from_bytes(&bytes).expect("an array")
        })
    }
}

/// Indices of the rows of the test part.
pub(crate) fn test_rows(part: &Array) -> Vec<usize> {
    let part = part.as_u8().expect("a part a row");
    (0..part.len()).filter(|row| part[*row] == 2).collect()
}

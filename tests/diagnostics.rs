//! Every `.tml` under `tests/diagnostics/FOLDER/` renders exactly as the `.txt` beside it says.
//!
//! Folder `syntax` holds what `lang::parse` says; any other folder what `cargo-tinyml check FILE` writes to stderr,
//! run in that folder. `UPDATE_EXPECT=1 cargo test --test diagnostics` writes the `.txt` files: read them before commit.
#![expect(clippy::disallowed_methods, reason = "a test reads its cases and runs the real binary")]
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use tinyml::base::Source;
use tinyml::cli::paint::{self, Paint};
use tinyml::lang;

#[test]
fn every_case_renders_as_its_text_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/diagnostics");
    let mut failures = Vec::new();
    for folder in sorted(&root) {
        for case in sorted(&folder).into_iter().filter(|path| path.extension().is_some_and(|end| end == "tml")) {
            let rendered = match folder.file_name().and_then(|name| name.to_str()) {
                Some("syntax") => syntax(&case),
                _ => check(&case),
            };
            failures.extend(difference(&case.with_extension("txt"), &rendered));
        }
    }
    assert!(failures.is_empty(), "{}\n(UPDATE_EXPECT=1 rewrites)", failures.join("\n"));
}

/// What the parser says, or how `fmt` would print a file in which nothing is wrong.
fn syntax(case: &Path) -> String {
    let source = Source::new(name(case), fs::read_to_string(case).unwrap());
    match lang::parse(&source) {
        Ok(ast) => format!("nothing wrong:\n{}", lang::print(&ast)),
        Err(diags) => {
            house_style(case, &diags);
            paint::diags(&diags, Paint::PLAIN)
        }
    }
}

/// What the real binary says about a spec, in its folder.
fn check(case: &Path) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_cargo-tinyml"))
        .args(["check", &name(case)])
        .current_dir(case.parent().unwrap())
        .env("NO_COLOR", "1")
        .output()
        .unwrap();
    String::from_utf8(output.stderr).unwrap().replace("\r\n", "\n")
}

/// The tone of the house: see `base::diag`.
fn house_style(case: &Path, diags: &tinyml::base::Diags) {
    for diag in &diags.0 {
        let title = diag.title.to_lowercase();
        assert!(!title.contains("invalid") && !title.contains("unexpected"), "{}: {title}", case.display());
        assert!(!title.ends_with('.') && !title.is_empty(), "{}: {title}", case.display());
        assert!(!title.starts_with(char::is_uppercase), "{}: {title}", case.display());
        assert!(diag.help.is_some(), "{}: no help: {title}", case.display());
        for (_, label) in &diag.labels {
            assert!(label.split_whitespace().count() <= 8, "{}: a long label: {label}", case.display());
        }
    }
}

/// Compares with the file, or writes it.
fn difference(expected: &Path, rendered: &str) -> Option<String> {
    if std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(expected, rendered).unwrap();
        return None;
    }
    let wanted = fs::read_to_string(expected).unwrap_or_default().replace("\r\n", "\n");
    (wanted != rendered).then(|| format!("── {}\nexpected:\n{wanted}\nrendered:\n{rendered}", expected.display()))
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_dir() || path.extension().is_some());
    paths.sort();
    paths
}

fn name(case: &Path) -> String {
    case.file_name().unwrap().to_str().unwrap().to_string()
}

//! Bad specs and what is said about them.

use std::fs;
use std::path::{Path, PathBuf};

use tinyml::base::{Diag, Diags};
use tinyml::cli::paint::{self, Paint};

use super::words::resolve_with;

/// Between the spec and what must be said about it.
const EXPECTED: &str = "\n//= expected\n";

/// Files beside each case.
const FILES: &[(&str, &str)] = &[
    ("circle.tml", "tml 1\n\nuse \"circle.tml\"\n"),
    ("broken.tml", "tml 1\n\ndataset {\n"),
    ("boards/broken.toml", "title = 5\n"),
];

fn rendered(diags: &[Diag]) -> String {
    paint::diags(&Diags(diags.to_vec()), Paint::PLAIN)
}

fn said(spec: &str) -> String {
    match resolve_with(spec, FILES) {
        Ok((_, warnings)) => rendered(&warnings),
        Err(diags) => rendered(&diags.0),
    }
}

fn cases() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/spec/cases");
    let entries = fs::read_dir(folder).expect("cases are here");
    let mut paths: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    paths.sort();
    paths
}

#[test]
fn each_bad_spec_gives_the_diagnostics_that_it_ends_with() {
    let update = std::env::var("UPDATE_EXPECT").is_ok();
    let mut wrong = Vec::new();
    for path in cases() {
        let text = fs::read_to_string(&path).expect("readable");
        let (spec, expected) = text.split_once(EXPECTED).unwrap_or((&text, ""));
        let spec = format!("{}\n", spec.trim_end());
        let found: String = said(&spec).lines().map(|line| format!("// {line}\n").replace("// \n", "//\n")).collect();
        if found == expected {
            continue;
        }
        if update {
            fs::write(&path, format!("{spec}{EXPECTED}{found}")).expect("writable");
        }
        wrong.push(format!("{}\n-- expected\n{expected}-- found\n{found}", path.display()));
    }
    assert!(update || wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_code_of_a_case_is_explained() {
    let known: Vec<&str> = tinyml::cli::codes::CODES.iter().map(|(code, _)| *code).collect();
    for path in cases() {
        let text = fs::read_to_string(&path).expect("readable");
        for word in text.split(|letter: char| !(letter.is_ascii_alphanumeric() || letter == ':')) {
            // The library explains its own.
            if word.starts_with("tml::") && !["tml::board", "tml::syntax"].contains(&word) {
                assert!(known.contains(&word), "{word} of {} has no explanation", path.display());
            }
        }
    }
}

#[test]
fn titles_and_labels_keep_the_house_style() {
    for path in cases() {
        let text = fs::read_to_string(&path).expect("readable");
        let spec = text.split_once(EXPECTED).map_or(text.as_str(), |(spec, _)| spec);
        let diags = resolve_with(&format!("{spec}\n"), FILES).map_or_else(|diags| diags.0, |(_, warnings)| warnings);
        for diag in diags.iter().filter(|diag| diag.code != "tml::syntax" && !diag.code.starts_with("tml::board")) {
            assert!(!diag.title.ends_with('.'), "{}", diag.title);
            assert!(!diag.title.starts_with(char::is_uppercase), "{}", diag.title);
            assert!(!diag.title.contains("invalid") && !diag.title.contains("unexpected"), "{}", diag.title);
            for (_, label) in &diag.labels {
                assert!(label.split_whitespace().count() <= 8, "too long: {label}");
            }
        }
    }
}

/// Whatever is cut out of a good spec, the answer is a spec or diagnostics, never a panic.
#[test]
fn a_spec_with_any_line_missing_or_twice_is_answered() {
    let lines: Vec<&str> = super::meaning::GESTURE.lines().collect();
    for at in 0..lines.len() {
        let without: Vec<&str> =
            lines.iter().enumerate().filter(|(line, _)| *line != at).map(|(_, line)| *line).collect();
        let _ = resolve_with(&without.join("\n"), &[]);
        let mut twice = lines.clone();
        twice.insert(at, lines[at]);
        let _ = resolve_with(&twice.join("\n"), &[]);
    }
}

/// Words replaced by others of the same text, seeded: kinds, units and names are mixed up in every way.
#[test]
fn a_spec_with_words_exchanged_is_answered() {
    let words: Vec<&str> = super::meaning::GESTURE.split_inclusive([' ', '\n', '(', ')', ',']).collect();
    for seed in 0..400 {
        let mut rng = tinyml::base::rng::Rng::new(seed, "spec words");
        let mut mixed = words.clone();
        for _ in 0..=rng.below(4) {
            let (a, b) = (rng.below(words.len()), rng.below(words.len()));
            mixed[a] = words[b];
        }
        let text = mixed.concat();
        let answer = std::panic::catch_unwind(|| drop(resolve_with(&text, &[])));
        assert!(answer.is_ok(), "seed {seed}:\n{text}");
    }
}

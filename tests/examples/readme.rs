//! What the README shows is true.

use std::fs;

use tempfile::TempDir;

use crate::place::{package, tinyml};

/// The first block of the README that is fenced as `language`.
fn block(language: &str) -> Option<String> {
    let text = fs::read_to_string(package().join("README.md")).ok()?;
    let (_, rest) = text.split_once(&format!("```{language}\n"))?;
    Some(rest.split_once("```")?.0.to_string())
}

#[test]
fn the_spec_in_the_readme_is_good() {
    let Some(spec) = block("tml") else {
        eprintln!("skipped: README.md has no ```tml block");
        return;
    };
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("readme.tml"), spec).expect("written");
    tinyml(folder.path(), &["check"]).expect(&[0]);
}

//! A store that lost or changed bytes heals itself: it never gives a wrong result and never stops a build.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use tinyml::base::Digest;
use tinyml::base::rng::Rng;

use crate::project::{Project, Ran, STEPS, files};

/// What the build left is on disk as it says, and is what it was before.
#[track_caller]
fn same(project: &Project, built: &Ran, expected: &std::collections::BTreeMap<String, String>, what: &str) {
    assert_eq!(&built.artifacts(), expected, "{what}");
    for line in built.lines("artifact") {
        let path = PathBuf::from(line["path"].as_str().expect("a path"));
        let bytes = fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(line["digest"], Digest::of(&bytes).hex(), "{what}: {}", path.display());
    }
    let report: Value = serde_json::from_str(&project.read("target/tinyml/net/report.json")).expect("JSON");
    assert_eq!(report["verdict"], "met", "{what}");
}

fn numbers(ran: &Ran) -> Value {
    ran.lines("verdict")[0]["report"]["boards"][0]["requirements"].clone()
}

/// Damages the file at `path`, and says how.
fn damage(path: &Path, rng: &mut Rng) -> &'static str {
    let bytes = fs::read(path).expect("read");
    let at = (rng.next_u64() as usize) % bytes.len().max(1);
    let mut changed = bytes.clone();
    let how = match rng.next_u64() % 6 {
        0 => {
            fs::remove_file(path).expect("removed");
            return "deleted";
        }
        1 => {
            changed.truncate(at);
            "truncated"
        }
        2 if !bytes.is_empty() => {
            changed[at] ^= 1 << (rng.next_u64() % 8);
            "flipped"
        }
        3 => {
            changed.clear();
            "emptied"
        }
        4 => {
            changed[at..].fill(0);
            "zeroed"
        }
        _ => {
            changed.extend_from_slice(&bytes);
            "doubled"
        }
    };
    // Blobs are read-only.
    fs::remove_file(path).expect("removed");
    fs::write(path, changed).expect("written");
    how
}

#[test]
fn damaged_blobs_and_records_are_made_again() {
    let Some(project) = Project::built() else { return };
    let first = project.build().exits(0);
    let (expected, judged) = (first.artifacts(), numbers(&first));
    let mut rng = Rng::new(11, "damage");
    for round in 0..10 {
        let mut story = format!("round {round}:");
        for _ in 0..4 {
            let all = files(&project.path("target/tinyml"));
            let path = &all[(rng.next_u64() as usize) % all.len()];
            let how = damage(path, &mut rng);
            let path = path.strip_prefix(project.root()).expect("inside");
            write!(story, " {how} {};", path.display()).expect("a text takes it");
        }
        let built = project.build();
        assert_eq!(built.code, Some(0), "{story}\n{}", built.rendered());
        same(&project, &built, &expected, &story);
        assert_eq!(numbers(&built), judged, "{story}");
    }
    let last = project.build().exits(0);
    assert_eq!(last.run_steps(), Vec::<String>::new(), "all is healed");
}

#[test]
fn a_store_of_nothing_but_damage_is_made_again() {
    let Some(project) = Project::built() else { return };
    let expected = project.build().exits(0).artifacts();
    for path in files(&project.path("target/tinyml/store-v1")) {
        fs::remove_file(&path).expect("removed");
        fs::write(&path, "not what was here").expect("written");
    }
    let built = project.build().exits(0);
    same(&project, &built, &expected, "all replaced");
    assert_eq!(built.run_steps().len(), STEPS.len());
    assert!(project.build().exits(0).run_steps().is_empty());
}

#[test]
fn target_deleted_half_way_comes_back() {
    let Some(project) = Project::built() else { return };
    let expected = project.build().exits(0).artifacts();
    for gone in ["store-v1/blob", "store-v1/step", "store-v1", "net", "net/demo", "CACHEDIR.TAG", ""] {
        let path = project.path("target/tinyml").join(gone);
        if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) }
            .unwrap_or_else(|error| panic!("{gone}: {error}"));
        let built = project.build().exits(0);
        same(&project, &built, &expected, gone);
        assert!(project.path("target/tinyml/CACHEDIR.TAG").is_file() || gone == "CACHEDIR.TAG");
    }
    let mut rng = Rng::new(5, "half");
    for _ in 0..3 {
        for path in files(&project.path("target")) {
            if rng.next_u64().is_multiple_of(2) {
                fs::remove_file(path).expect("removed");
            }
        }
        let built = project.build().exits(0);
        same(&project, &built, &expected, "half of the files");
    }
}

#[test]
fn folders_where_files_belong_and_files_where_folders_belong_are_told() {
    let Some(project) = Project::built() else { return };
    let expected = project.build().exits(0).artifacts();
    let elf = "target/tinyml/net/demo/nucleo_f446re/firmware.elf";
    fs::remove_file(project.path(elf)).expect("removed");
    fs::create_dir(project.path(elf)).expect("a folder");
    let built = project.build().exits(1);
    assert!(built.diagnostic("tml::disk")["message"].as_str().is_some_and(|title| title.contains("firmware.elf")));
    fs::remove_dir(project.path(elf)).expect("removed");
    same(&project, &project.build().exits(0), &expected, "the folder is gone");
    fs::remove_dir_all(project.path("target/tinyml/store-v1/blob")).expect("removed");
    fs::write(project.path("target/tinyml/store-v1/blob"), "a file").expect("written");
    let built = project.build().exits(0);
    same(&project, &built, &expected, "the store works in memory");
    assert!(built.rendered().contains("goes on in memory"), "{}", built.rendered());
    fs::remove_dir_all(project.path("target")).expect("removed");
    fs::write(project.path("target"), "a file").expect("written");
    let built = project.build().exits(1);
    assert!(built.codes().contains(&"tml::disk".to_string()), "{}", built.rendered());
    assert_eq!(project.read("target"), "a file");
}

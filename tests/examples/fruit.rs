//! The fruit example on its real data, with generated code that is pinned: no provider, no network.

use std::collections::BTreeMap;
use std::fs;

use tempfile::TempDir;

use crate::place::{Place, has_toolchain, package, tinyml};

/// A copy of the example with its data; `None`, and a printed reason, where the data aren't at hand.
fn with_data(folder: &TempDir) -> Option<Place> {
    let shared = package().join("../shared/data/fruit_color");
    if !shared.is_dir() {
        eprintln!("skipped: no ../shared/data/fruit_color");
        return None;
    }
    let place = Place::copy("fruit", folder.path());
    for kind in ["apple", "banana", "orange"] {
        let name = format!("{kind}.csv");
        fs::copy(shared.join(&name), place.root.join("data").join(&name)).expect("copied");
    }
    Some(place)
}

#[test]
fn the_data_are_those_that_the_spec_names() {
    let folder = TempDir::new().expect("a folder");
    let Some(place) = with_data(&folder) else { return };
    tinyml(&place.root, &["fetch", "--check", "--offline"]).expect(&[0]);
    fs::write(place.root.join("data/apple.csv"), "Red,Green,Blue\n1,2,3\n").expect("written");
    tinyml(&place.root, &["fetch", "--check", "--offline"]).expect(&[1]);
}

#[test]
fn the_checked_in_pin_builds_without_a_provider() {
    let folder = TempDir::new().expect("a folder");
    let Some(place) = with_data(&folder) else { return };
    if !has_toolchain() {
        return;
    }
    let lock = fs::read(place.root.join("tinyml.lock")).expect("checked in");
    place.build(&["--frozen"]).expect(&[0]);
    assert_eq!(fs::read(place.root.join("tinyml.lock")).expect("still there"), lock);

    let report = place.report("fruit");
    for board in report["boards"].as_array().expect("boards") {
        let accuracy = board["requirements"][0]["value"].as_f64().expect("a number");
        assert!(accuracy >= 0.93, "{accuracy} on {}", board["board"]);
        eprintln!("fruit on {}: accuracy {accuracy}", board["board"]);
    }
    equal_rows_stay_together(&place);
}

/// With duplicates in two parts the accuracy would prove nothing.
fn equal_rows_stay_together(place: &Place) {
    let [x, part] = place.arrays([("ingest:fruit", "x.npy"), ("ingest:fruit", "part.npy")]);
    let (x, part) = (x.as_f32().expect("rows"), part.as_u8().expect("parts"));
    let mut known: BTreeMap<Vec<u32>, u8> = BTreeMap::new();
    for (row, part) in x.chunks_exact(3).zip(part) {
        let bits = row.iter().map(|value| value.to_bits()).collect();
        assert_eq!(known.entry(bits).or_insert(*part), part, "the row {row:?} is in two parts");
    }
    assert!(known.len() < part.len(), "the data have duplicates");
    assert_eq!(part.len(), 256);
}

/// A change that a pin doesn't survive, and what is said of it.
type Edit = (&'static str, fn(&Place));

#[test]
fn a_pin_that_does_not_fit_stops_a_locked_build() {
    let edits: [Edit; 4] = [
        ("has no pinned code", |place| {
            let path = place.root.join("tinyml.lock");
            let lock = fs::read_to_string(&path).expect("checked in");
            let (kept, _) = lock.split_once("[[pin]]").expect("a pin");
            fs::write(path, kept).expect("written");
        }),
        ("has no pinned code", |place| fs::remove_file(place.root.join("generated/normalize.c")).expect("removed")),
        ("was made for another contract", |place| {
            place.replace("tests/normalize.csv", "0,0,7,0,0,1", "0,0,8,0,0,1");
        }),
        ("was edited by hand", |place| place.replace("generated/normalize.c", "1e30f", "1e29f")),
    ];
    for (said, edit) in edits {
        let folder = TempDir::new().expect("a folder");
        let place = Place::copy("fruit", folder.path());
        edit(&place);
        let finished = place.build(&["--locked"]).expect(&[4]);
        assert!(finished.stderr.contains(said), "{}", finished.stderr);
        assert!(finished.stderr.contains("cargo tinyml generate"), "{}", finished.stderr);
    }
}

//! Every example is good and in canonical form; digits meets its requirements.

use crate::place::{digits, examples, tinyml};

#[test]
fn every_example_checks_is_formatted_and_has_its_lock() {
    let examples = examples();
    assert!(examples.len() >= 2);
    for folder in examples {
        tinyml(&folder, &["check"]).expect(&[0]);
        tinyml(&folder, &["fmt", "--check"]).expect(&[0]);
        assert!(folder.join("tinyml.lock").is_file(), "{}: check in its tinyml.lock", folder.display());
    }
}

#[test]
fn digits_is_met_on_both_boards() {
    let Some(place) = digits() else { return };
    let report = place.report("digits");
    assert_eq!(report["verdict"], "met");
    let boards = report["boards"].as_array().expect("boards");
    let names: Vec<_> = boards.iter().map(|board| board["board"].as_str().unwrap_or_default()).collect();
    assert_eq!(names, ["nucleo_l4r5zi", "rp2040_pico"]);
    for board in boards {
        let accuracy = board["requirements"][0].clone();
        assert_eq!(accuracy["metric"], "accuracy");
        assert!(accuracy["value"].as_f64().is_some_and(|value| value >= 0.95), "{accuracy}");
        assert_eq!(board["verified"]["host_rows"], board["test"]["rows"], "{board}");
    }
}

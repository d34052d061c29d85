//! `explain`: every word has a text, printed from the schema that checks it.

use tinyml::spec::{explain, words};

use super::words::Words;

#[test]
fn every_word_is_explained() {
    let vocabulary = Words::new();
    for word in words(&vocabulary) {
        let text = explain(&word, &vocabulary).unwrap_or_else(|| panic!("`{word}` has no text"));
        assert!(text.lines().count() >= 2, "{word}: {text}");
    }
    assert_eq!(explain("blik", &vocabulary), None);
}

#[test]
fn a_schema_is_printed_as_a_table() {
    let text = explain("train", &Words::new()).expect("known");
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines[0], "train { … }");
    assert!(text.contains("  patience   whole number, 0 to 100000  = 0"), "{text}");
}

#[test]
fn a_layer_a_feature_and_a_metric_are_found() {
    let vocabulary = Words::new();
    assert!(
        explain("conv1d", &vocabulary)
            .expect("known")
            .starts_with("layer conv1d(filters, kernel, activation = none)\n")
    );
    assert!(explain("spectrum", &vocabulary).expect("known").contains("use std.features.{spectrum}"));
    assert!(explain("recall", &vocabulary).expect("known").contains("recall(CLASS)    >= 95%"));
    assert!(explain("KiB", &vocabulary).expect("known").contains("MiB"));
}

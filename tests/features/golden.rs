//! Every feature against numpy, scipy and librosa (`tests/golden/features.py`), within the tolerance of each case.

use crate::program::{by_feature, goldens, library, native};

#[test]
fn features_are_what_numpy_scipy_and_librosa_say() {
    let cases = goldens();
    let Some(results) = native(&cases) else { return };
    let mut wrong = Vec::new();
    for (case, result) in cases.iter().zip(&results) {
        if result.len() != case.output.len() {
            wrong.push(format!("{}: {} values instead of {}", case.name, result.len(), case.output.len()));
            continue;
        }
        let error = |(got, want): (&f32, &f64)| (f64::from(*got) - want).abs() / want.abs().max(1.0);
        let worst = result.iter().zip(&case.output).map(error).fold(0.0, f64::max);
        // Silence is where a logarithm's least value shows, so errors are told with their place.
        let place = result.iter().zip(&case.output).position(|pair| error(pair) > case.tolerance);
        eprintln!("{:24} {worst:.1e} of {:.0e}", case.name, case.tolerance);
        if let Some(at) = place {
            wrong.push(format!("{}: value {at} is {}, not {}; {worst:.2e}", case.name, result[at], case.output[at]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_feature_is_without_a_golden() {
    // Fitted constants and clips have exact tests of their own in `chain.rs`; `reshape` is in every case.
    let apart = ["clip", "normalize", "reshape", "scale"];
    let tested = by_feature(&goldens());
    let missing: Vec<String> = library()
        .list("features")
        .into_iter()
        .filter(|name| !tested.contains_key(name) && !apart.contains(&name.as_str()))
        .collect();
    assert!(missing.is_empty(), "no case in tests/golden/features.py: {missing:?}");
}

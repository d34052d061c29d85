//! What features cost on boards: the table of `docs/features.md`.

use crate::program::{Case, M0PLUS, M4F, cycles};

/// Steps, and the shape of what they are given; all at 16 kHz.
const CALLS: &[(&str, &[usize])] = &[
    ("statistics()", &[128, 3]),
    ("spectrum()", &[128, 3]),
    ("spectrum(bins = 16, scale = log)", &[128, 3]),
    ("spectrum(bins = 16, scale = log, arithmetic = fixed)", &[128, 3]),
    ("bands([100 Hz, 1 kHz, 4 kHz])", &[128, 3]),
    ("dominant()", &[128, 3]),
    ("detrend()", &[128, 3]),
    ("filter(lowpass, high = 1 kHz)", &[128, 3]),
    ("decimate(4)", &[128, 3]),
    ("resample(64)", &[128, 3]),
    ("magnitude()", &[128, 3]),
    ("delta()", &[128, 3]),
    ("histogram(16, low = -1, high = 1)", &[128, 3]),
    ("resize([14, 14])", &[28, 28, 1]),
    ("spectrogram(frame = 512, hop = 512, bins = 32)", &[512, 1]),
    ("spectrogram(frame = 512, hop = 512, bins = 32, arithmetic = fixed)", &[512, 1]),
    ("log_mel(frame = 30 ms, hop = 20 ms)", &[480, 1]),
    ("log_mel(frame = 30 ms, hop = 20 ms, arithmetic = fixed)", &[480, 1]),
    ("log_mel(frame = 30 ms, hop = 20 ms, like = tensorflow)", &[480, 1]),
    ("log_mel(frame = 30 ms, hop = 20 ms, like = tensorflow, arithmetic = fixed)", &[480, 1]),
    ("mfcc(frame = 30 ms, hop = 20 ms, coefficients = 10)", &[480, 1]),
    ("mfcc(frame = 30 ms, hop = 20 ms, coefficients = 10, arithmetic = fixed)", &[480, 1]),
];

#[test]
#[ignore = "measures; run it with `--ignored --nocapture` and copy the table"]
fn table() {
    let case = |(steps, dims): &(&str, &[usize])| Case {
        name: steps.to_string(),
        steps: steps.to_string(),
        dims: dims.to_vec(),
        rate: Some("16 kHz".into()),
        seed: 1,
        quiet: 0,
        count: dims[0],
        channels: dims[1..].iter().product(),
        tolerance: 0.0,
        output: Vec::new(),
    };
    let cases: Vec<Case> = CALLS.iter().map(case).collect();
    let (Some(with), Some(without)) = (cycles(&M4F, &cases), cycles(&M0PLUS, &cases)) else { return };
    eprintln!("| step | given | {} | {} |\n|---|---|---|---|", M4F.name, M0PLUS.name);
    for (case, (with, without)) in cases.iter().zip(with.iter().zip(&without)) {
        assert!(*with > 0 && *without > 0, "{} has no cost", case.name);
        eprintln!("| `{}` | {:?} | {with} | {without} |", case.steps, case.dims);
    }
}

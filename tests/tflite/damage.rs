//! Damaged and hostile files: refused with a reason, in little time and memory.

use std::time::{Duration, Instant};

use tinyml::base::rng::Rng;
use tinyml::import::tflite;

use crate::cases::{self, cases, message, shared};

fn refusal(bytes: &[u8]) -> String {
    match tflite::import("it", bytes) {
        Ok(_) => "taken".into(),
        Err(diags) => message(&diags),
    }
}

#[test]
fn other_files_are_named() {
    let cases = [
        (&b""[..], "it is empty"),
        (b"PK\x03\x04aaaaaaaaaaaa", "it is a zip archive"),
        (b"\x89HDF\r\n\x1a\n00000000", "it is an HDF5 file"),
        (b"version https://git-lfs.github.com/spec/v1\n", "it is a pointer of Git LFS"),
        (b"\x08\x07\x12\x07pytorch", "it may be an ONNX file"),
        (b"\x1c\0\0\0TFL3", "the offset at byte 0 leads outside the file"),
        (b"\x08\0\0\0TFL3\0\0\0\0", "has no sound layout"),
        (b"\x08\0\0\0TFL3\0\0\0\x80", "has no sound layout"),
        (b"\x08\0\0\0TFL3\xff\xff\xff\x7f", "has no sound layout"),
    ];
    for (bytes, expected) in cases {
        let found = refusal(bytes);
        assert!(found.contains(expected) && found.contains("[tml::model::file]"), "{found:?} has no {expected:?}");
    }
}

/// Real models of every size, or the smallest cases of the wheel.
fn corpus() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for name in [
        "models_tflm/hello_world_int8.tflite",
        "models_tflm/hello_world_float.tflite",
        "models_tflm/micro_speech_quantized.tflite",
        "models_mlperf_tiny/kws_ref_model.tflite",
        "models_mlperf_tiny/kws_ref_model_float32.tflite",
    ] {
        all.extend(shared(name).map(|path| std::fs::read(path).expect("a model")));
    }
    all.extend(
        cases()
            .unwrap_or_default()
            .iter()
            .filter(|case| case.flat.len() < 4000)
            .take(300)
            .map(|case| case.flat.clone()),
    );
    all
}

#[test]
fn every_truncation_is_refused() {
    for bytes in corpus().iter().filter(|bytes| bytes.len() < 20_000).take(12) {
        for length in (0..bytes.len()).step_by(1 + bytes.len() / 400) {
            let found = refusal(&bytes[..length]);
            assert!(found != "taken", "{length} of {} bytes are taken", bytes.len());
        }
    }
}

const CORNERS: [u32; 10] = [0, 1, 2, 4, 0x7fff_ffff, 0x8000_0000, 0xffff_ffff, 0x1_0000, 65_535, 0x1000_0000];

/// Changes `bytes` in one of the ways in which files break.
fn mutate(bytes: &mut Vec<u8>, rng: &mut Rng) {
    let at = rng.below(bytes.len().max(1));
    match rng.below(8) {
        _ if bytes.len() < 16 => bytes.extend(rng.next_u64().to_le_bytes()),
        0 => bytes[at] = rng.next_u64() as u8,
        1 => bytes[at] ^= 1 << rng.below(8),
        2 => bytes.truncate(at),
        3..=5 => {
            let word = CORNERS[rng.below(CORNERS.len())].to_le_bytes();
            let size = [1, 2, 4][rng.below(3)];
            bytes.iter_mut().skip(at & !1).zip(&word[..size]).for_each(|(byte, new)| *byte = *new);
        }
        6 => {
            // An offset that leads somewhere else within the file.
            let word = (rng.below(bytes.len()) as u32).to_le_bytes();
            bytes.iter_mut().skip(at & !3).zip(word).for_each(|(byte, new)| *byte = new);
        }
        _ => {
            let from = rng.below(bytes.len());
            let size = rng.below(64).min(bytes.len() - from).min(bytes.len() - at);
            bytes.copy_within(from..from + size, at);
        }
    }
}

/// Most memory that was resident so far, KiB; zero where the system doesn't tell.
fn most_memory() -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|word| word.parse().ok()).unwrap_or(0)
}

/// A few thousand mutations in every run; `TINYML_FUZZ_SECONDS=600` makes it ten minutes with a seed of the clock.
#[test]
fn mutated_files_are_refused_or_taken() {
    let corpus = corpus();
    if corpus.is_empty() {
        cases::say("skipped: there is no model to mutate");
        return;
    }
    let asked = std::env::var("TINYML_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).map(Duration::from_secs);
    let clock =
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(2, |time| time.as_nanos() as u64);
    let seed = if asked.is_some() { clock } else { 1 };
    let (mut rng, start, before) = (Rng::new(seed, "tflite"), Instant::now(), most_memory());
    let (mut count, mut taken, mut slowest) = (0_u32, 0_u32, Duration::ZERO);
    while asked.map_or(count < 6000, |limit| start.elapsed() < limit) {
        let mut bytes = corpus[rng.below(corpus.len())].clone();
        for _ in 0..=rng.below(4) {
            mutate(&mut bytes, &mut rng);
        }
        let begun = Instant::now();
        let result = std::panic::catch_unwind(|| tflite::import("it", &bytes).is_ok());
        let took = begun.elapsed();
        if result.is_err() || took > Duration::from_secs(5) {
            let path = std::env::temp_dir().join(format!("tinyml-fuzz-tflite-{count}.tflite"));
            std::fs::write(&path, &bytes).ok();
            panic!("seed {seed}, input {count}, {took:?}: kept as {}", path.display());
        }
        slowest = slowest.max(took);
        taken += u32::from(result.unwrap_or(false));
        count += 1;
    }
    cases::say(&format!(
        "tflite: {count} mutations, {taken} taken, in {:.0} s, slowest {} ms; {before} KiB resident at most before, {} KiB after",
        start.elapsed().as_secs_f64(),
        slowest.as_millis(),
        most_memory()
    ));
    assert!(taken > 0 && taken < count, "mutations are too mild or too wild to say anything");
}

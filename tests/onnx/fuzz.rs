//! Damaged files: converted or refused, without a panic, in bounded time and memory. `TINYML_FUZZ_SECONDS` sets how long.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tinyml::base::rng::Rng;
use tinyml::import::onnx::{Options, network, read};
use walkdir::WalkDir;

/// Small real files: those of the node tests, or of `../shared`.
fn seeds() -> Vec<Vec<u8>> {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/models_onnx");
    let folders = [super::node::folder(), Some(shared)];
    let mut files: Vec<_> = folders
        .iter()
        .flatten()
        .flat_map(|folder| WalkDir::new(folder).into_iter().flatten())
        .map(walkdir::DirEntry::into_path)
        .filter(|path| path.extension().is_some_and(|extension| extension == "onnx"))
        .collect();
    files.sort();
    files.iter().filter_map(|path| fs::read(path).ok()).filter(|bytes| bytes.len() < 40_000).collect()
}

/// Some bytes changed, cut, repeated or taken from another file.
fn damage(rng: &mut Rng, bytes: &[u8], other: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for _ in 0..=rng.below(6) {
        let length = bytes.len().max(1);
        let at = rng.below(length);
        match rng.below(6) {
            0 if !bytes.is_empty() => bytes[at] = rng.below(256) as u8,
            1 if !bytes.is_empty() => bytes[at] ^= 1 << rng.below(8),
            2 => bytes.truncate(at),
            3 => {
                let piece: Vec<u8> = bytes[at..].iter().take(rng.below(40)).copied().collect();
                bytes.splice(at..at, piece);
            }
            4 if !other.is_empty() => {
                let from = rng.below(other.len());
                let piece: Vec<u8> = other[from..].iter().take(rng.below(60)).copied().collect();
                let end = (at + piece.len()).min(bytes.len());
                bytes.splice(at.min(end)..end, piece);
            }
            _ if !bytes.is_empty() => {
                // A varint that says something huge or negative.
                let end = (at + 5).min(bytes.len());
                bytes[at..end].fill(0xff);
            }
            _ => {}
        }
    }
    bytes
}

#[test]
fn damaged_files_are_refused_or_converted() {
    let seeds = seeds();
    if seeds.is_empty() {
        eprintln!("skipped: neither the Python package `onnx` nor ../shared is there");
        return;
    }
    let seconds = std::env::var("TINYML_FUZZ_SECONDS").ok().and_then(|text| text.parse().ok()).unwrap_or(3);
    let seed = std::env::var("TINYML_FUZZ_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1);
    let mut rng = Rng::new(seed, "onnx");
    let start = Instant::now();
    let (mut tried, mut converted, mut slowest) = (0u64, 0u64, Duration::ZERO);
    while start.elapsed() < Duration::from_secs(seconds) {
        let own = &seeds[rng.below(seeds.len())];
        let other = &seeds[rng.below(seeds.len())];
        let bytes = damage(&mut rng, own, other);
        if let Ok(folder) = std::env::var("TINYML_FUZZ_LAST") {
            fs::write(folder, &bytes).expect("written");
        }
        let begin = Instant::now();
        let made = read(&bytes, &Options::default());
        let layers = network::import("damaged", &bytes, &Options::default());
        assert!(layers.is_err() || made.is_ok(), "{tried}: layers of what is no program");
        let took = begin.elapsed();
        slowest = slowest.max(took);
        assert!(took < Duration::from_mins(1), "{tried}: took {took:?}");
        if let Ok(program) = made {
            converted += 1;
            let source = tinyml::tensor::c::emit(&program, "model");
            assert!(source.code.contains("model_run"), "no C");
        } else if let Err(diags) = made {
            assert!(!diags.0.is_empty(), "refused without a word");
        }
        tried += 1;
    }
    eprintln!("{tried} files from seed {seed}: {converted} converted, slowest {slowest:?}");
}

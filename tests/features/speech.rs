//! Front-ends on real speech (`../shared/data/speech_commands_3w`, 16 kHz) against librosa and against that of `MLPerf` Tiny
//! keyword spotting, whose parameters are those of its training script: tf.signal, 480 samples every 320, 512 points, magnitudes,
//! 40 filters of 20 to 4000 Hz, log(x + 1e-6), 10 coefficients; its model takes them as int8 with scale 0.5847 and zero 83.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::{fs, thread};

use crate::chain::NATIVE;
use crate::program::{Case, make};

const MFCC: &str =
    "mfcc(frame = 30 ms, hop = 20 ms, coefficients = 10, filters = 40, low = 20 Hz, high = 4 kHz, like = tensorflow";
const LOG_MEL: &str = "log_mel(frame = 30 ms, hop = 20 ms, filters = 40";

/// The first seconds of a few words, -1 to 1; empty, and a printed reason, without the data.
fn sounds() -> Vec<f32> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/speech_commands_3w");
    let mut files: Vec<PathBuf> = ["go", "left", "right"]
        .iter()
        .filter_map(|word| fs::read_dir(root.join(word)).ok())
        .flat_map(|folder| {
            let mut files: Vec<PathBuf> = folder.flatten().map(|entry| entry.path()).collect();
            files.sort();
            files.into_iter().take(8)
        })
        .collect();
    files.sort();
    if files.is_empty() {
        eprintln!("skipped: no {}", root.display());
    }
    let read = |path: PathBuf| {
        let bytes = fs::read(path).unwrap();
        let data = bytes.windows(4).position(|word| word == b"data").unwrap() + 8;
        let value = |pair: &[u8]| f32::from(i16::from_le_bytes([pair[0], pair[1]])) / 32768.0;
        let mut sound: Vec<f32> = bytes[data..].chunks_exact(2).take(16_000).map(value).collect();
        sound.resize(16_000, 0.0);
        sound
    };
    files.into_iter().flat_map(read).collect()
}

fn pipe(command: &mut Command, x: &[f32]) -> Output {
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let bytes: Vec<u8> = x.iter().flat_map(|value| value.to_le_bytes()).collect();
    let mut stdin = child.stdin.take().unwrap();
    let writer = thread::spawn(move || {
        let _ = stdin.write_all(&bytes); // a program that ends early says why itself
    });
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.chunks_exact(4).map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect()
}

/// What the C makes of the sounds, and what Python does; `None`, and a printed reason, where something is missing.
fn both(steps: &str, definition: &str) -> Option<(Vec<f32>, Vec<f32>)> {
    let x = sounds();
    if x.is_empty() {
        return None;
    }
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut python = Command::new("python3");
    let output = pipe(python.arg("speech.py").arg(definition).current_dir(golden), &x);
    if output.status.code() == Some(77) {
        eprintln!("skipped: {}", String::from_utf8_lossy(&output.stderr));
        return None;
    }
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let want = floats(&output.stdout);
    let case = Case {
        name: definition.into(),
        steps: steps.into(),
        dims: vec![16_000, 1],
        rate: Some("16 kHz".into()),
        seed: 0,
        quiet: 0,
        count: 0,
        channels: 1,
        tolerance: 0.0,
        output: Vec::new(),
    };
    let made = make("front", &case);
    let folder = tempfile::tempdir().unwrap();
    let main = "#include \"native.h\"\n#include \"features.h\"\nint main(void)\n{\n    static float in[FRONT_INPUT_LEN], out[FRONT_OUTPUT_LEN];\n    \
                while (tml_read((char *)in, sizeof in) == sizeof in) {\n        front_run(in, out);\n        tml_write(out, sizeof out);\n    }\n    return 0;\n}\n";
    for (name, text) in [
        ("features.c", made.code.source.as_str()),
        ("features.h", made.code.header.as_str()),
        ("native.h", NATIVE),
        ("main.c", main),
    ] {
        fs::write(folder.path().join(name), text).unwrap();
    }
    let mut cc = Command::new("cc");
    cc.args(["-std=c11", "-O2", "-ffp-contract=off", "-o", "run", "main.c", "features.c"]).current_dir(folder.path());
    let Ok(built) = cc.output() else {
        eprintln!("skipped: no `cc` on this machine");
        return None;
    };
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
    let output = pipe(&mut Command::new(folder.path().join("run")), &x);
    let got = floats(&output.stdout);
    assert_eq!(got.len(), want.len());
    Some((got, want))
}

/// Largest and root mean square distance.
fn distance(got: &[f32], want: &[f32]) -> (f64, f64) {
    let each = got.iter().zip(want).map(|(got, want)| f64::from((got - want).abs()));
    let largest = each.clone().fold(0.0, f64::max);
    (largest, (each.map(|distance| distance * distance).sum::<f64>() / got.len() as f64).sqrt())
}

/// Share of values that the model of `MLPerf` Tiny takes for the same int8.
fn equal_int8(got: &[f32], want: &[f32]) -> f64 {
    let int8 = |value: &f32| (value / 0.584_702_9 + 83.0).round().clamp(-128.0, 127.0) as i8;
    got.iter().zip(want).filter(|(got, want)| int8(got) == int8(want)).count() as f64 / got.len() as f64
}

#[test]
fn mfcc_of_speech_is_that_of_mlperf_tiny() {
    let Some((got, want)) = both(&format!("{MFCC})"), "mfcc_tensorflow") else { return };
    let ((largest, mean), equal) = (distance(&got, &want), equal_int8(&got, &want));
    eprintln!("mfcc like tensorflow: largest {largest:.1e}, rms {mean:.1e}, equal int8 {equal:.5}");
    assert!(largest < 2e-4 && equal > 0.9999, "{largest} {equal}");
}

#[test]
fn fixed_point_mfcc_of_speech_is_close() {
    let Some((got, want)) = both(&format!("{MFCC}, arithmetic = fixed)"), "mfcc_tensorflow") else { return };
    let ((largest, mean), equal) = (distance(&got, &want), equal_int8(&got, &want));
    eprintln!("fixed mfcc like tensorflow: largest {largest:.1e}, rms {mean:.1e}, equal int8 {equal:.5}");
    assert!(mean < 0.05 && equal > 0.97, "{largest} {mean} {equal}");
}

#[test]
fn log_mel_of_speech_is_that_of_librosa() {
    let Some((got, want)) = both(&format!("{LOG_MEL})"), "log_mel") else { return };
    let (largest, mean) = distance(&got, &want);
    eprintln!("log_mel: largest {largest:.1e} dB, rms {mean:.1e} dB");
    assert!(largest < 2e-2 && mean < 1e-3, "{largest} {mean}");
    let Some((got, want)) = both(&format!("{LOG_MEL}, arithmetic = fixed)"), "log_mel") else { return };
    let (largest, mean) = distance(&got, &want);
    eprintln!("fixed log_mel: largest {largest:.1e} dB, rms {mean:.1e} dB");
    assert!(mean < 0.5, "{largest} {mean}");
}

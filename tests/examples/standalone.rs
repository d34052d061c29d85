//! `model.c` and `model.h` on their own, in somebody else's program, with the machine's own compiler.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::place::{digits, test_rows};

const MAIN_C: &str = "#include <stdio.h>
#include \"model.h\"

int main(void)
{
    float sample[READER_INPUT_LEN];
    int8_t in[READER_INPUT_LEN], out[READER_OUTPUT_LEN];

    while (fread(sample, sizeof sample, 1, stdin) == 1) {
        reader_quantize(sample, in);
        reader_predict(in, out);
        puts(READER_CLASSES[reader_label(out)]);
    }
    return 0;
}
";

#[test]
fn the_model_alone_predicts_the_same_classes() {
    if Command::new("cc").arg("--version").output().is_err() {
        eprintln!("skipped: `cc` is not there");
        return;
    }
    let Some(place) = digits() else { return };
    let folder = TempDir::new().expect("a folder");
    for name in ["model.c", "model.h"] {
        fs::write(folder.path().join(name), place.result(&format!("digits/scanner/nucleo_l4r5zi/{name}")))
            .expect("written");
    }
    fs::write(folder.path().join("main.c"), MAIN_C).expect("written");
    let flags = ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O2", "-o", "reader", "main.c", "model.c"];
    let compiled = Command::new("cc").args(flags).current_dir(folder.path()).output().expect("cc starts");
    assert!(compiled.status.success(), "{}", String::from_utf8_lossy(&compiled.stderr));

    let [x, part, expected] =
        place.arrays([("extract:pixels", "x.npy"), ("ingest:digits", "part.npy"), ("quantize:reader", "expected.npy")]);
    let x = x.as_f32().expect("rows");
    let test = test_rows(&part);
    let samples: Vec<u8> =
        test.iter().flat_map(|row| &x[row * 64..(row + 1) * 64]).flat_map(|value| value.to_le_bytes()).collect();
    let program = folder.path().join("reader");
    let mut child = Command::new(program).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("it starts");
    child.stdin.take().expect("piped").write_all(&samples).expect("it reads");
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success());

    let predicted: Vec<usize> =
        String::from_utf8_lossy(&output.stdout).lines().map(|line| line.parse().expect("a digit")).collect();
    let scores = expected.as_i8().expect("scores").chunks_exact(10);
    assert_eq!(predicted, scores.map(first_of_the_largest).collect::<Vec<_>>());
    assert_eq!(predicted.len(), test.len());
}

fn first_of_the_largest(scores: &[i8]) -> usize {
    (0..scores.len()).rev().max_by_key(|class| scores[*class]).expect("ten scores")
}

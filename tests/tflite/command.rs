//! `cargo tinyml convert`, and `import` in a spec: the real program on real models.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::cases::{self, int8, shared};

fn program(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tinyml"));
    command.args(arguments).current_dir(folder).env_remove("CARGO_TARGET_DIR");
    command.output().expect("the program starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// True where a compiler for boards is: zig comes by pip.
fn compiles() -> bool {
    let zig = Command::new("python3").args(["-m", "ziglang", "version"]).output();
    let works = zig.is_ok_and(|output| output.status.success());
    if !works {
        cases::say("skipped: `pip install ziglang` brings the compiler");
    }
    works
}

#[test]
fn a_model_becomes_firmware_and_its_self_test_passes() {
    let Some(model) = shared("models_tflm/hello_world_int8.tflite") else { return };
    if !compiles() {
        return;
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    let model = std::fs::canonicalize(model).expect("it is there");
    let model = model.to_str().expect("a plain path");
    let arguments = ["convert", model, "--board", "nucleo_l4r5zi", "--out", "out", "--json", "--target-dir", "t"];
    let first = program(&arguments, folder.path());
    assert!(first.status.success(), "{}", text(&first.stderr));
    let report: Value = serde_json::from_slice(&first.stdout).expect("JSON");
    assert_eq!(report["input"]["shape"], serde_json::json!([1]));
    assert_eq!(report["macs"], 288);
    let (flash, ram) = (report["flash"]["total"].as_u64(), report["ram"]["total"].as_u64());
    let bin = std::fs::metadata(folder.path().join("out/firmware.bin")).expect("an image").len();
    assert_eq!(flash, Some(bin), "flash is what is flashed");
    assert!(ram.is_some_and(|ram| ram < 2048), "{ram:?}");
    assert_eq!(report["layers"].as_array().map(Vec::len), Some(3));
    // The header's inputs and answers, compiled with the model for this machine.
    let main =
        "#include \"model.h\"\n#include \"self_test.h\"\nint main(void) { return hello_world_int8_self_test(); }\n";
    std::fs::write(folder.path().join("out/main.c"), main).expect("written");
    let mut command = Command::new("python3");
    command.args(["-m", "ziglang", "cc", "-std=c11", "-Wall", "-Wextra", "-Werror", "main.c", "model.c", "-o", "main"]);
    let built = command.current_dir(folder.path().join("out")).output().expect("the compiler starts");
    assert!(built.status.success(), "{}", text(&built.stderr));
    let run = Command::new(folder.path().join("out/main")).status().expect("it starts");
    assert_eq!(run.code(), Some(0), "row {:?} differs", run.code());
    // The same again comes from the store.
    let again = program(&arguments, folder.path());
    assert_eq!(text(&again.stdout), text(&first.stdout));
    assert!(
        text(&again.stderr).contains("9 cached") || !text(&again.stderr).contains("run"),
        "{}",
        text(&again.stderr)
    );
}

#[test]
fn what_cant_be_converted_is_told() {
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    std::fs::write(folder.path().join("m.tflite"), b"PK\x03\x04zip").expect("written");
    let cases = [
        (["convert", "m.tflite", "--board", "nucleo_l4r5zi"], "it is a zip archive"),
        (["convert", "m.tflite", "--board", "nucleo"], "there is no board `nucleo`"),
        (["convert", "absent.tflite", "--board", "nucleo_l4r5zi"], "absent.tflite"),
        (["convert", "m.h5", "--board", "nucleo_l4r5zi"], "`m.h5` has an unknown format"),
    ];
    for (arguments, expected) in cases {
        let output = program(&arguments, folder.path());
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {told}");
        assert!(told.contains(expected), "{arguments:?}: {told}");
    }
}

const SPEC: &str = r#"tml 1

use std.boards.{nucleo_l4r5zi}

dataset sound {
  source   = csv("sound.csv")
  channels = columns("p", 490)
  classes  = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"]
  split    = { train = 20%, valid = 10%, test = 70% }
}

model kws from sound {
  import = tflite("model.tflite")
}

deploy words from kws {
  boards = [nucleo_l4r5zi]

  require {
    accuracy >= 80%
    flash    <= 128 KiB
  }
}
"#;

/// A part of `MLPerf` Tiny's keyword set as the floats that the model was trained on.
fn keywords(model: &Path, rows: usize) -> Option<String> {
    let data = shared("mlperf_kws01")?;
    let net = int8("kws", &std::fs::read(model).expect("a model")).expect("it is read");
    let x = std::fs::read(data.join("x_mfcc_int8_1000x49x10.bin")).expect("rows");
    let labels = std::fs::read_to_string(data.join("y_labels.csv")).expect("labels");
    let mut csv: String = (0..490).map(|at| format!("p{at},")).collect::<String>() + "label\n";
    let step = 1000 / rows;
    for (row, label) in x.chunks_exact(490).zip(labels.lines()).step_by(step) {
        for value in row {
            let _ = write!(csv, "{},", net.quant.dequantize(*value as i8));
        }
        csv += label.rsplit(',').next().unwrap_or_default().trim();
        csv += "\n";
    }
    Some(csv)
}

#[test]
fn a_spec_imports_models() {
    let Some(int8_model) = shared("models_mlperf_tiny/kws_ref_model.tflite") else { return };
    let Some(float_model) = shared("models_mlperf_tiny/kws_ref_model_float32.tflite") else { return };
    let Some(csv) = keywords(&int8_model, 200) else { return };
    if !compiles() {
        return;
    }
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a folder");
    std::fs::write(folder.path().join("sound.csv"), csv).expect("written");
    std::fs::write(folder.path().join("kws.tml"), SPEC).expect("written");
    for (model, float) in [(int8_model, false), (float_model, true)] {
        std::fs::copy(model, folder.path().join("model.tflite")).expect("copied");
        let output = program(&["build", "--target-dir", "t"], folder.path());
        assert!(output.status.success(), "{} {}", text(&output.stdout), text(&output.stderr));
        let report = std::fs::read(folder.path().join("t/tinyml/kws/report.json")).expect("a report");
        let report: Value = serde_json::from_slice(&report).expect("JSON");
        let told = &report["boards"][0]["test"];
        assert_eq!(told["float_accuracy"].is_null(), !float, "{told}");
    }
    // A data set of another width.
    let narrow = SPEC.replace("columns(\"p\", 490)", "columns(\"p\", 480)");
    std::fs::write(folder.path().join("kws.tml"), narrow).expect("written");
    let output = program(&["check"], folder.path());
    let told = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(told.contains("tml::model::shape") && told.contains("takes f32[49, 10, 1]"), "{told}");
}

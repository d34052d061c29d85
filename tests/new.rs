//! `cargo tinyml new` at its boundary: the real binary looks at small folders, and at ../shared where it is; what it
//! writes is read by `check` and `data`.
#![expect(clippy::print_stderr, reason = "skipped tests say so")]
#![expect(clippy::disallowed_methods, reason = "tests arrange the disk and start the program")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;
use tinyml::base::rng::Rng;

struct Place(TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::Builder::new().prefix("tinyml new ").tempdir().expect("a temporary folder"))
    }

    fn with(files: &[(&str, Vec<u8>)]) -> Self {
        let place = Self::new();
        files.iter().for_each(|(path, bytes)| place.write(path, bytes));
        place
    }

    fn write(&self, path: &str, bytes: &[u8]) {
        let path = self.0.path().join("from").join(path);
        fs::create_dir_all(path.parent().expect("below the folder")).expect("made");
        fs::write(path, bytes).expect("written");
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_cargo-tinyml"));
        command.current_dir(self.0.path()).env_remove("CARGO_TARGET_DIR").env("NO_COLOR", "1");
        command.arg("tinyml").args(arguments).output().expect("the program starts")
    }

    /// The spec that is written for `from`, after `check` and `data` have read it; and what was said.
    fn made(&self, from: &str, more: &[&str]) -> (String, String) {
        self.made_for(from, more, &["check", "data"])
    }

    fn made_for(&self, from: &str, more: &[&str], commands: &[&str]) -> (String, String) {
        let output = self.run(&[&["new", "made", "--from", from, "--board", "nucleo_l4r5zi"], more].concat());
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
        let spec = fs::read_to_string(self.0.path().join("made/made.tml")).expect("a spec");
        for command in commands {
            let output = self.run(&[*command, "made"]);
            let error = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "{command}: {error}\n{spec}");
        }
        let formatted = self.run(&["fmt", "--check", "made/made.tml"]);
        assert!(formatted.status.success(), "the form is canonical: {spec}");
        (spec, said)
    }

    fn refused(&self, arguments: &[&str]) -> String {
        let output = self.run(&[&["new", "made", "--from", "from", "--board", "nucleo_l4r5zi"], arguments].concat());
        assert_eq!(output.status.code(), Some(1), "{}", String::from_utf8_lossy(&output.stdout));
        String::from_utf8_lossy(&output.stderr).split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// A line of the spec without blanks.
fn line<'a>(spec: &'a str, field: &str) -> &'a str {
    let found = spec.lines().map(str::trim).find(|line| line.starts_with(field) && line.contains('='));
    found.map_or("", |line| line.split_once('=').map_or("", |(_, value)| value.trim()))
}

fn machines(comma: bool) -> Vec<u8> {
    let mut rng = Rng::new(9, "machines");
    let mut text = String::from("serial;kind;site;heat;load;broken\n");
    for row in 0..300 {
        let broken = rng.next_u64().is_multiple_of(3);
        let heat = (if broken { 4.0 } else { 1.0 }) + (rng.next_u64() % 4000) as f64 / 1000.0;
        let load = (rng.next_u64() % 1000) as f64 / 100.0;
        let kind = ["S", "M"][rng.next_u64() as usize % 2];
        let state = if broken { "yes" } else { "no" };
        writeln!(text, "N{:05};{kind};7;{heat};{load};{state}", row * 13).expect("a text");
    }
    if comma { text.replace('.', ",") } else { text.replace(';', ",") }.into_bytes()
}

fn wav(rate: u32, seconds: f64, pitch: u32) -> Vec<u8> {
    let samples = (f64::from(rate) * seconds) as u32;
    let mut bytes = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
    bytes.extend(rate.to_le_bytes());
    bytes.extend((2 * rate).to_le_bytes());
    bytes.extend([2, 0, 16, 0]);
    bytes.extend(b"data");
    bytes.extend((2 * samples).to_le_bytes());
    let length = bytes.len() as u32 + 2 * samples - 8;
    bytes[4..8].copy_from_slice(&length.to_le_bytes());
    (0..samples).for_each(|at| bytes.extend((((at * pitch) % 997) as i16 * 20 - 9000).to_le_bytes()));
    bytes
}

#[test]
fn a_table_is_understood_and_what_is_no_sensor_left_out() {
    let (spec, said) = Place::with(&[("log.csv", machines(false))]).made("from/log.csv", &[]);
    assert_eq!(line(&spec, "source"), "csv(\"data/log.csv\")");
    assert_eq!(line(&spec, "channels"), "[heat, load, onehot(kind, [\"M\", \"S\"])]");
    assert_eq!((line(&spec, "label"), line(&spec, "classes")), ("broken", "[no, yes]"));
    assert!(
        spec.contains("Left out: `serial` (is an id)") && spec.contains("Left out: `site` (is constant)"),
        "{spec}"
    );
    assert!(said.contains("classes  no ") && said.contains("wrote    made/made.tml"), "{said}");
}

#[test]
fn decimal_commas_are_seen() {
    let (spec, _) = Place::with(&[("log.csv", machines(true))]).made("from", &[]);
    assert_eq!(line(&spec, "source"), "csv(\"data/log.csv\", decimal = comma)");
}

#[test]
fn one_file_a_class() {
    let rows = |low: u32| -> Vec<u8> {
        let text: String =
            (0..40).map(|row| format!("{},{},{}\n", low + row * 7 % 11, row * 5 % 13, row * 3 % 17)).collect();
        format!("Red,Green,Blue\n{text}").into_bytes()
    };
    let place = Place::with(&[("apple.csv", rows(1)), ("pear.csv", rows(30)), ("README.md", b"words, words".to_vec())]);
    let (spec, _) = place.made("from", &[]);
    assert_eq!(line(&spec, "source"), "csv(\"data/{label}.csv\")");
    assert_eq!((line(&spec, "classes"), line(&spec, "label")), ("[apple, pear]", ""));
}

#[test]
fn a_test_part_that_the_data_names_is_kept() {
    let rows = |seed: u64| -> Vec<u8> {
        let mut rng = Rng::new(seed, "parts");
        let mut text = String::from("\"t\",\"x\",\"y\",\"occupied\"\n");
        for row in 0..200 {
            let occupied = rng.next_u64() % 2;
            let x = occupied * 30 + rng.next_u64() % 50;
            // One field more than names, as R writes it.
            writeln!(
                text,
                "\"{row}\",\"2015-02-04 {:02}:{:02}:00\",{x},{},{occupied}",
                row / 60,
                row % 60,
                rng.next_u64() % 90
            )
            .expect("a text");
        }
        text.into_bytes()
    };
    let (spec, _) =
        Place::with(&[("datatest.txt", rows(1)), ("datatraining.txt", rows(2))]).made("from", &["--label", "occupied"]);
    assert_eq!(line(&spec, "source"), "csv(\"data/data{part}.txt\")");
    assert_eq!(line(&spec, "split"), "{ column = part, test = [test], valid = 15% }");
    assert_eq!(line(&spec, "channels"), "[x, y]");
}

#[test]
fn takes_are_found_where_values_jump() {
    let file = |takes: u32, seed: u64| -> Vec<u8> {
        let mut rng = Rng::new(seed, "takes");
        let mut text = String::from("aX,aY,aZ\n");
        for _ in 0..takes {
            let from = f64::from(rng.next_u64() as u32 % 4000) / 100.0;
            for at in 0..100 {
                let value = from + f64::from(at) * 0.05;
                writeln!(text, "{value:.3},{:.3},{:.3}", -value, 40.0 - value).expect("a text");
            }
        }
        text.into_bytes()
    };
    let (spec, _) = Place::with(&[("flex.csv", file(12, 1)), ("punch.csv", file(16, 2))]).made("from", &[]);
    assert_eq!(line(&spec, "source"), "csv(\"data/{label}.csv\", take = 100)");
    assert!(spec.contains("conv1d("), "{spec}");
}

#[test]
fn sound_is_cut_and_speakers_stay_together() {
    let place = Place::new();
    for (word, pitch) in [("go", 3), ("stop", 40)] {
        for speaker in 0..12 {
            for take in 0..2 {
                place.write(
                    &format!("{word}/{:04x}ab_nohash_{take}.wav", speaker * 977 + 51),
                    &wav(16_000, 1.0, pitch + take),
                );
            }
        }
    }
    place.write("go/00ffab_nohash_0.wav", b"fLaC\0\0\0\"");
    let (spec, said) = place.made("from", &[]);
    assert_eq!(line(&spec, "source"), "wav(\"data/{label}/{speaker}_*.wav\", rate = 16 kHz)");
    assert!(line(&spec, "split").contains("by = speaker"), "{spec}");
    assert!(spec.contains("window(1 s)") && spec.contains("log_mel("), "{spec}");
    assert!(said.contains("FLAC"), "{said}");
    assert_eq!(line(&spec, "skip"), "true", "a FLAC file with the name of a WAV file stops no build: {spec}");
}

#[test]
fn sound_of_many_rates_is_resampled() {
    let place = Place::new();
    for take in 0..6 {
        place.write(&format!("a/{take}.wav"), &wav(44_100, 0.4, 5));
        place.write(&format!("b/{take}.wav"), &wav(if take == 0 { 8_000 } else { 44_100 }, 0.4, 50));
    }
    let (spec, _) = place.made("from", &[]);
    assert_eq!(line(&spec, "source"), "wav(\"data/{label}/*.wav\", rate = 16 kHz, resample = yes)");
}

#[test]
fn recordings_in_json_are_streams() {
    let place = Place::new();
    for (part, takes) in [("training", 6), ("testing", 3)] {
        for (at, gesture) in ["circle", "idle"].into_iter().enumerate() {
            for take in 0..takes {
                let values: Vec<String> = (0..400).map(|i| format!("[{},{}]", (i * (at + 2)) % 9, i % 5)).collect();
                let text = format!(
                    "{{\"payload\":{{\"interval_ms\":10,\"sensors\":[{{\"name\":\"accX\"}},{{\"name\":\"accY\"}}],\"values\":[{}]}}}}",
                    values.join(",")
                );
                place.write(&format!("{part}/{gesture}.json.{take}x.ingestion-57{take}.json"), text.as_bytes());
            }
        }
    }
    let (spec, _) = place.made("from", &[]);
    assert!(line(&spec, "source").starts_with("json(\"data/{part}/{label}.*.json"), "{spec}");
    assert_eq!((line(&spec, "rate"), line(&spec, "channels")), ("100 Hz", "[accX, accY]"));
    assert_eq!(line(&spec, "split"), "{ column = part, test = [testing], valid = 15% }");
    assert!(spec.contains("window(2 s, stride = 500 ms)"), "{spec}");
}

#[test]
fn pictures_have_a_size() {
    let place = Place::new();
    for (class, shade) in [("cat", 20_u8), ("dog", 200)] {
        for at in 0..12_u8 {
            let mut bytes = b"P5 20 16 255\n".to_vec();
            bytes.extend((0..320_u32).map(|i| shade.wrapping_add((i as u8 % 7) * at)));
            place.write(&format!("{class}/{at:03}.pgm"), &bytes);
        }
    }
    let (spec, _) = place.made("from", &[]);
    assert_eq!(line(&spec, "source"), "images(\"data/{label}/*.pgm\", size = [16, 20], colour = grey)");
}

#[test]
fn what_is_missing_is_said() {
    let mut text = String::from("co,nox,label\n");
    for row in 0..200 {
        let co = if row % 20 == 3 { "-200".into() } else { format!("{}.5", row % 7) };
        let nox = if row % 40 == 1 { String::new() } else { format!("{}", row % 11) };
        writeln!(text, "{co},{nox},{}", ["low", "high"][row % 2]).expect("a text");
    }
    let (spec, said) = Place::with(&[("air.csv", text.into_bytes())]).made("from", &[]);
    assert_eq!(line(&spec, "missing"), "drop");
    assert!(said.contains("`co` is -200 in 10 rows"), "{said}");
    assert_eq!(line(&spec, "absent"), "[-200]");
}

#[test]
fn numbers_and_anomalies_are_tasks_too() {
    let place = Place::with(&[("log.csv", machines(false))]);
    let (spec, _) = place.made("from", &["--task", "regress", "--label", "load"]);
    assert_eq!((line(&spec, "target"), line(&spec, "classes")), ("[load]", ""));
    assert!(spec.contains("dense(1)") && spec.contains("r2 "), "{spec}");
    let place = Place::with(&[("log.csv", machines(false))]);
    let (spec, said) = place.made("from", &["--task", "anomaly"]);
    assert!(spec.contains("detect = anomaly(normal = [no])") && spec.contains("auc "), "{spec}");
    assert!(said.contains("`no` has the most rows"), "{said}");
}

#[test]
fn nothing_is_overwritten_and_every_refusal_helps() {
    let place = Place::with(&[("log.csv", machines(false))]);
    place.made("from", &[]);
    assert!(place.refused(&[]).contains("made.tml` exists"));
    let place = Place::with(&[("log.csv", b"a,b\n0.5,1.5\n0.25,2.5\n0.75,3.25\n".to_vec())]);
    assert!(place.refused(&[]).contains("`--label COLUMN`"));
    assert!(place.refused(&["--label", "c"]).contains("there is no column `c`"));
    assert!(!place.0.path().join("made").exists(), "a refusal leaves nothing");
    let output = place.run(&["new", "made", "--from", "from", "--board", "nucleo_l4r5z"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("did you mean `nucleo_l4r5zi`?"));
    let output = place.run(&["new", "made", "--from", "nowhere", "--board", "nucleo_l4r5zi"]);
    assert!(String::from_utf8_lossy(&output.stderr).contains("there is no `nowhere`"));
}

#[test]
fn data_is_linked_or_copied() {
    let place = Place::with(&[("log.csv", machines(false))]);
    place.made("from", &["--copy"]);
    let data = place.0.path().join("made/data");
    assert!(data.join("log.csv").is_file() && !data.is_symlink());
    assert!(!fs::read_to_string(place.0.path().join("made/.gitignore")).expect("a file").contains("data"));
    let place = Place::with(&[("log.csv", machines(false))]);
    place.made("from", &[]);
    assert!(place.0.path().join("made/data").is_symlink());
}

#[test]
fn every_shared_folder_gives_a_spec() {
    let shared = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    if !shared.is_dir() {
        eprintln!("skipped: {} is not there", shared.display());
        return;
    }
    let folders = [
        ("fruit_color", "csv(\"data/{label}.csv\")"),
        ("gesture_punch_flex/ChiaHong95", "csv(\"data/{label}.csv\", take = 119)"),
        ("magic_wand_spells/data", "csv(\"data/{part}/{label}.csv\", take = 119)"),
        ("magic_wand_spells", "csv(\"data/data/{part}/{label}.csv\", take = 119)"),
        ("gesture_xiao_continuous", "json(\"data/{part}/{label}.*.json"),
        ("har_batteryless", "csv(\"data/S1_Dataset/{session}\", header = no)"),
        ("speech_commands_3w", "wav(\"data/{label}/{speaker}_*.wav\", rate = 16 kHz)"),
        ("fsdd", "wav(\"data/recordings/{label}_{speaker}_*.wav\", rate = 8 kHz)"),
        ("fashion_mnist_png", "images(\"data/{part}/{label}/*.png\", size = [28, 28], colour = grey)"),
        ("occupancy", "csv(\"data/data{part}.txt\")"),
        ("ai4i2020", "csv(\"data/ai4i2020.csv\")"),
        ("gas_drift", "csv(\"data/{session}.dat\", header = no)"),
        ("ucr_timeseries/Trace", "csv(\"data/Trace_{part}.tsv\", header = no)"),
        ("ucr_timeseries/ECG200", "csv(\"data/ECG200_{part}.tsv\", header = no)"),
        ("ucr_timeseries/ItalyPowerDemand", "csv(\"data/ItalyPowerDemand_{part}.tsv\", header = no)"),
        ("sklearn_toy/digits_8x8.csv", "csv(\"data/digits_8x8.csv\")"),
        ("sklearn_toy/iris.csv", "csv(\"data/iris.csv\")"),
    ];
    for (folder, source) in folders {
        let (spec, _) = Place::new().made_for(&shared.join(folder).to_string_lossy(), &[], &["check"]);
        assert!(line(&spec, "source").starts_with(source), "{folder}: {spec}");
    }
}

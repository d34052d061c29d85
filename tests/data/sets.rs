//! Data sets of every form, from the spec's text to the artifacts, where `../shared/data` is at hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use tinyml::base::Source;
use tinyml::base::npy::Array;
use tinyml::data::Pattern;
use tinyml::library::Library;
use tinyml::spec::model::Dataset;
use tinyml::stages::ingest::{Ingested, ingest};
use tinyml::{lang, spec};
use walkdir::WalkDir;

/// The data set of a block's lines.
pub(crate) fn dataset(lines: &str) -> Dataset {
    let source = Source::new("test.tml", format!("tml 1\n\ndataset d {{\n{lines}\n}}\n"));
    let ast = lang::parse(&source).unwrap_or_else(|diags| panic!("{diags}"));
    let library = Library::new(BTreeMap::new()).unwrap();
    let read = |path: &str| Err(format!("no file {path}"));
    spec::resolve(&ast, &library, &read).unwrap_or_else(|diags| panic!("{diags}")).0.datasets.remove(0)
}

/// Files below `root` that a pattern matches.
fn matching(root: &Path, pattern: &Pattern) -> Vec<(String, Vec<u8>)> {
    let walk = WalkDir::new(root.join(pattern.root())).sort_by_file_name().into_iter().flatten();
    let files = walk.filter(|entry| entry.file_type().is_file()).map(walkdir::DirEntry::into_path);
    let name = |path: &PathBuf| path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
    let mut found: Vec<(String, PathBuf)> =
        files.map(|path| (name(&path), path)).filter(|(name, _)| pattern.bind(name).is_some()).collect();
    found.sort();
    found.into_iter().map(|(name, path)| (name, fs::read(path).unwrap())).collect()
}

/// What the data set makes of `../shared/data`; `None` with the reason printed where that isn't there.
fn made(folder: &str, lines: &str) -> Option<Ingested> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let candidates = ["../shared/data", "/work/shared/data"].map(|path| root.join(path));
    let Some(root) = candidates.iter().find(|path| path.join(folder).is_dir()) else {
        eprintln!("skipped: no ../shared/data/{folder}");
        return None;
    };
    let dataset = dataset(lines);
    let files = matching(root, &dataset.source.pattern);
    let labels = dataset.source.labels.as_ref().map(|labels| matching(root, &labels.pattern)).unwrap_or_default();
    let made = ingest(&dataset, &mut files.into_iter(), labels, 2).unwrap_or_else(|diags| panic!("{diags}"));
    Some(made)
}

fn array(made: &Ingested, name: &str) -> Array {
    Array::from_bytes(&made.outputs[name]).unwrap()
}

/// Dimensions of `x.npy`, and recordings in each part.
fn told(made: &Ingested) -> (Vec<usize>, [usize; 3]) {
    let mut parts = [0; 3];
    array(made, "part.npy").as_u8().unwrap().iter().for_each(|part| parts[usize::from(*part)] += 1);
    (array(made, "x.npy").dims, parts)
}

#[test]
fn takes_of_119_rows() {
    let lines = "source = csv(\"gesture_punch_flex/ChiaHong95/{label}.csv\", take = 119)
        channels = [aX, aY, aZ, gX, gY, gZ]
        classes = [flex, punch]";
    let Some(made) = made("gesture_punch_flex", lines) else { return };
    let (dims, parts) = told(&made);
    assert_eq!(dims, [35, 119, 6]);
    assert_eq!(parts.iter().sum::<usize>(), 35);
}

#[test]
fn takes_with_a_test_folder() {
    let lines = "source = csv(\"magic_wand_spells/data/{part}/{label}.csv\", take = 119)
        channels = [aX, aY, aZ, gX, gY, gZ]
        classes = [\"AlohomoraCharm\", \"ArrestoMomentumCharm\", \"AvadaKedavra\", \"LocomotorCharm\", \"Revelio\"]
        split = { column = part, test = [test], valid = 15% }";
    let Some(made) = made("magic_wand_spells", lines) else { return };
    let (dims, parts) = told(&made);
    assert_eq!((dims[1..].to_vec(), parts[2]), (vec![119, 6], 25));
    assert!((13..=17).contains(&parts[1]), "{parts:?}");
}

#[test]
fn edge_impulse_json_becomes_streams() {
    let lines = "source = json(\"gesture_xiao_continuous/{part}/{label}.json.*.json\")
        channels = [accx, accy, accz]
        classes = [idle, circle, updown, flick]
        rate = 104 Hz
        split = { column = part, test = [testing], valid = 15% }";
    let Some(made) = made("gesture_xiao_continuous", lines) else { return };
    let (dims, parts) = told(&made);
    assert_eq!((dims[1], parts[2], parts.iter().sum::<usize>()), (3, 24, 96));
    let lengths = array(&made, "lengths.npy");
    assert_eq!(lengths.as_i32().unwrap().iter().sum::<i32>() as usize, dims[0]);
    assert!(lengths.as_i32().unwrap().iter().all(|length| *length > 900));
}

#[test]
fn sound_is_divided_by_speaker() {
    let lines = "source = wav(\"speech_commands_3w/{label}/{speaker}_nohash_*.wav\", rate = 16 kHz)
        classes = [go, left, right]
        split = { by = speaker }";
    let Some(made) = made("speech_commands_3w", lines) else { return };
    let (dims, parts) = told(&made);
    assert_eq!((dims[1], parts.iter().sum::<usize>()), (1, 450));
    assert!(parts[2] >= 60, "{parts:?}");
    let x = array(&made, "x.npy");
    let largest = x.as_f32().unwrap().iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    assert!(largest > 0.5 && largest <= 1.0, "{largest}");
}

#[test]
fn takes_are_the_test_part_by_their_numbers() {
    let lines = "source = wav(\"fsdd/recordings/{label}_{speaker}_{take}.wav\", rate = 8 kHz)
        classes = [\"0\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\"]
        split = { column = take, test = [\"0\", \"1\", \"2\", \"3\"], valid = 15% }";
    let Some(made) = made("fsdd", lines) else { return };
    let (_, parts) = told(&made);
    assert_eq!((parts[2], parts.iter().sum::<usize>()), (240, 960));
}

#[test]
fn sound_is_converted_on_request() {
    let lines = "source = wav(\"fsdd/recordings/{label}_{speaker}_0.wav\", rate = 16 kHz, resample = yes)
        classes = [\"0\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\"]";
    let Some(made) = made("fsdd", lines) else { return };
    let first = array(&made, "lengths.npy").as_i32().unwrap()[0];
    // 0_george_0.wav has 2384 samples of 8 kHz.
    assert_eq!(first, 4768);
}

#[test]
fn folders_of_png_with_a_test_folder() {
    let lines = "source = images(\"fashion_mnist_png/{part}/{label}/*.png\", size = [28, 28])
        classes = [\"0\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\"]
        split = { column = part, test = [test], valid = 10% }";
    let Some(made) = made("fashion_mnist_png", lines) else { return };
    let (dims, parts) = told(&made);
    assert_eq!(dims, [5000, 28, 28, 1]);
    // Three rows of the export are in both of its parts.
    assert!(parts[2] == 1000 && parts[1] >= 390, "{parts:?}");
    let x = array(&made, "x.npy");
    let x = x.as_f32().unwrap();
    assert!(x.iter().all(|value| (0.0..=255.0).contains(value)) && x.iter().any(|value| *value > 250.0));
}

#[test]
fn raw_numbers_with_labels_in_a_table() {
    let lines = "source = raw(\"mlperf_kws01/x_mfcc_int8_1000x49x10.bin\", element = i8, shape = [49, 10, 1], scale = 0.5847, zero = 83, labels = csv(\"mlperf_kws01/y_labels.csv\", column = column(2)))
        classes = [\"0\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\", \"10\", \"11\"]";
    let Some(made) = made("mlperf_kws01", lines) else { return };
    assert_eq!(told(&made).0, [1000, 49, 10, 1]);
    let y = array(&made, "y.npy");
    assert_eq!(y.as_i32().unwrap()[..6], [7, 2, 6, 8, 5, 0]);
}

#[test]
fn room_sensors_with_a_test_file() {
    let lines = "source = csv(\"occupancy/data{part}.txt\")
        channels = [\"Temperature\", \"Humidity\", \"Light\", \"CO2\", \"HumidityRatio\"]
        label = \"Occupancy\"
        classes = [\"0\", \"1\"]
        split = { column = part, test = [test], valid = 15% }";
    let Some(made) = made("occupancy", lines) else { return };
    let (dims, parts) = told(&made);
    assert_eq!((dims[1], parts[2]), (5, 2665));
    assert!(parts.iter().sum::<usize>() > 10_000, "{parts:?}");
}

#[test]
fn wearable_samples_by_person() {
    let lines = "source = csv(\"har_batteryless/S1_Dataset/{person}\")
        channels = columns(1..7)
        label = column(8)
        classes = [\"1\", \"2\", \"3\", \"4\"]
        split = { by = person }";
    let Some(made) = made("har_batteryless", lines) else { return };
    let (dims, _) = told(&made);
    assert_eq!(dims, [15_162 + 4381 + 30_983 + 1956, 7]);
}

#[test]
fn machine_failures_with_text_and_numbers() {
    let lines = "source = csv(\"ai4i2020/ai4i2020.csv\")
        channels = [onehot(\"Type\", [\"L\", \"M\", \"H\"]), \"Air temperature [K]\", \"Process temperature [K]\", \"Rotational speed [rpm]\", \"Torque [Nm]\", \"Tool wear [min]\"]
        label = \"Machine failure\"
        classes = [\"0\", \"1\"]";
    let Some(made) = made("ai4i2020", lines) else { return };
    assert_eq!(told(&made).0, [10_000, 8]);
}

#[test]
fn gas_sensors_and_numbers_to_learn() {
    let classes = "source = csv(\"gas_drift/batch*.dat\")
        channels = columns(2..129)
        label = column(0)
        classes = [\"Ethanol\", \"Ethylene\", \"Ammonia\", \"Acetaldehyde\", \"Acetone\", \"Toluene\"]
        split = { train = 60%, valid = 20%, test = 20% }";
    let Some(made_classes) = made("gas_drift", classes) else { return };
    let (dims, _) = told(&made_classes);
    assert_eq!(dims[1], 128);
    let numbers = "source = csv(\"gas_drift/batch*.dat\")
        channels = columns(2..129)
        target = column(1)";
    let Some(made) = made("gas_drift", numbers) else { return };
    assert_eq!(array(&made, "y.npy").dims, [dims[0], 1]);
    assert_eq!(array(&made, "y.npy").as_f32().unwrap()[0], 10.0);
}

#[test]
fn series_of_one_row_each() {
    for (set, points, classes, test) in [
        ("ECG200", 96, "\"-1\", \"1\"", 100),
        ("GunPoint", 150, "\"1\", \"2\"", 150),
        ("ItalyPowerDemand", 24, "\"1\", \"2\"", 1029),
        ("PowerCons", 144, "\"1\", \"2\"", 180),
        ("Trace", 275, "\"1\", \"2\", \"3\", \"4\"", 100),
    ] {
        let lines = format!(
            "source = csv(\"ucr_timeseries/{set}/{set}_{{part}}.tsv\")
            channels = columns(1..{points})
            label = column(0)
            classes = [{classes}]
            missing = fill(0)
            split = {{ column = part, test = [\"TEST\"], valid = 20% }}"
        );
        let Some(made) = made("ucr_timeseries", &lines) else { return };
        let (dims, parts) = told(&made);
        assert_eq!((dims[1], parts[2]), (points, test), "{set}");
        assert!(parts[1] > 0, "{set}: {parts:?}");
    }
}

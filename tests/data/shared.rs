//! Real data sets, where `../shared/data` is at hand: each loads, or is refused with a sentence that helps.

use std::fs;
use std::path::{Path, PathBuf};

use tinyml::data::split::{Split, divide};
use tinyml::data::{Column, Options, Rows, profile};

use crate::options::{column, options, read, span, told};

/// The files of `folder`, or `None` with the reason printed.
fn shared(folder: &str) -> Option<Vec<(String, Vec<u8>)>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let candidates = ["../shared/data", "/work/shared/data"].map(|path| root.join(path).join(folder));
    let Some(found) = candidates.iter().find(|path| path.is_dir()) else {
        eprintln!("skipped: no ../shared/data/{folder}");
        return None;
    };
    let mut paths: Vec<PathBuf> = fs::read_dir(found).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.is_file());
    let name = |path: &Path| path.file_name().unwrap().to_string_lossy().into_owned();
    Some(paths.iter().map(|path| (name(path), fs::read(path).unwrap())).collect())
}

fn load(options: &Options, files: &[(String, Vec<u8>)]) -> Rows {
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    read(options, &files).unwrap_or_else(|diags| panic!("{diags}"))
}

fn split(by: Option<&str>) -> Split {
    Split { shares: [700_000, 150_000, 150_000], seed: 1, by: by.map(String::from), given: None, span: span("split") }
}

#[test]
fn fruit_color_keeps_its_duplicates_together() {
    let Some(files) = shared("fruit_color") else { return };
    let mut rows = load(&options("{fruit}.csv", "Red Green Blue", "fruit", "apple banana orange"), &files);
    assert_eq!(rows.len(), 256);
    let parts = divide(&mut rows, &split(None)).unwrap();
    let profile = profile::profile(&rows, &parts);
    assert_eq!(profile.classes.iter().map(|class| class.rows).collect::<Vec<_>>(), [71, 94, 91]);
    assert!(profile.parts[2] >= 30 && profile.parts[2] <= 48, "{:?}", profile.parts);
    assert_eq!(profile.duplicates, 256 - 98);
}

#[test]
fn occupancy_has_seven_names_and_eight_fields() {
    let Some(files) = shared("occupancy") else { return };
    let asked = options("data*.txt", "Temperature Humidity Light CO2 HumidityRatio", "Occupancy", "0 1");
    let rows = load(&asked, &files);
    assert_eq!(rows.files, ["datatest.txt", "datatraining.txt"]);
    assert_eq!(rows.len(), 2665 + 8143);
    assert_eq!(rows.row(2665)[..4], [23.18, 27.272, 426.0, 721.25]);
    assert!(rows.warnings.iter().any(|warning| warning.title.contains("one field more")));
}

#[test]
fn ai4i_reads_names_with_units_and_text() {
    let Some(files) = shared("ai4i2020") else { return };
    let mut asked = options("ai4i2020.csv", "Type=L Type=M Type=H", "Machine_failure", "0 1");
    let numeric = ["Air temperature [K]", "Process temperature [K]", "Rotational speed [rpm]", "Torque [Nm]"];
    for name in numeric {
        let channel = tinyml::data::Channel { name: name.into(), column: Column::Named(name.into()), category: None };
        asked.channels.push(channel);
        asked.dims[0] += 1;
    }
    let mut rows = load(&asked, &files);
    assert_eq!((rows.len(), rows.row(0)), (10_000, [0.0, 1.0, 0.0, 298.1, 308.6, 1551.0, 42.8].as_slice()));
    let parts = divide(&mut rows, &split(None)).unwrap();
    let profile = profile::profile(&rows, &parts);
    assert_eq!(profile.classes[1].rows, 339);
    assert!((237..=238).contains(&profile.classes[1].parts[0]), "{:?}", profile.classes[1]);
    assert!(profile.warnings.iter().any(|warning| warning.contains("imbalanced")));
    asked.channels[0].column = Column::Named("Air temperature".into());
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    assert!(told(read(&asked, &files)).contains("its columns are `UID`, `Product ID`, `Type`"));
}

#[test]
fn scikit_learn_toys_load() {
    let Some(files) = shared("sklearn_toy") else { return };
    let pixels: Vec<String> = (0..64).map(|pixel| format!("p{pixel}")).collect();
    let mut digits = load(&options("digits_8x8.csv", &pixels.join(" "), "label", "0 1 2 3 4 5 6 7 8 9"), &files);
    assert_eq!(digits.len(), 1797);
    let parts = divide(&mut digits, &split(None)).unwrap();
    let profile = profile::profile(&digits, &parts);
    assert!(profile.warnings.iter().any(|warning| warning.contains("constant: `p0`, `p32`, `p39`")));
    let iris = "sepal_length_cm sepal_width_cm petal_length_cm petal_width_cm";
    let mut asked = options("iris.csv", "0 1 2 3", "label", "setosa versicolor virginica");
    assert_eq!(load(&asked, &files).len(), 150);
    asked.channels = iris
        .split(' ')
        .map(|name| tinyml::data::Channel { name: name.into(), column: Column::Named(name.into()), category: None })
        .collect();
    asked.dims = vec![4];
    assert_eq!(load(&asked, &files).x.len(), 600);
}

#[test]
fn gas_drift_has_no_header_and_the_label_first() {
    let Some(files) = shared("gas_drift") else { return };
    let channels: Vec<String> = (2..130).map(|position| position.to_string()).collect();
    let classes = "Ethanol Ethylene Ammonia Acetaldehyde Acetone Toluene";
    let asked = options("batch*.dat", &channels.join(" "), "0", classes);
    let files: Vec<(&str, &[u8])> = files.iter().map(|(path, bytes)| (path.as_str(), bytes.as_slice())).collect();
    match read(&asked, &files) {
        Ok(rows) => assert!(rows.len() > 400 && rows.channels.len() == 128),
        Err(diags) => assert!(diags.0.iter().all(|diag| diag.help.is_some()), "{diags}"),
    }
}

#[test]
fn time_series_without_a_header_load_by_position() {
    for (set, points, classes) in [("ECG200", 96, "-1 1"), ("GunPoint", 150, "1 2"), ("ItalyPowerDemand", 24, "1 2")] {
        let Some(files) = shared(&format!("ucr_timeseries/{set}")) else { return };
        let channels: Vec<String> = (1..=points).map(|position| position.to_string()).collect();
        let asked = Options { label: column("0"), ..options("*.tsv", &channels.join(" "), "x", classes) };
        assert!(load(&asked, &files).len() > 100, "{set}");
    }
}

//! Real models with recorded answers of TFLM, and the accuracy of keyword spotting on `MLPerf` Tiny's set.

use std::collections::BTreeMap;

use tinyml::net::qnet;

use crate::cases::{self, int8, shared};

#[derive(serde::Deserialize)]
struct Entry {
    model: String,
    n: usize,
    x_per: usize,
    y_per: usize,
}

fn bytes_i8(path: &std::path::Path) -> Vec<i8> {
    std::fs::read(path).expect("a golden file").into_iter().map(|byte| byte as i8).collect()
}

#[test]
fn real_models_equal_their_golden_answers() {
    let Some(folder) = shared("golden_tflm") else { return };
    let index = std::fs::read(folder.join("index.json")).expect("an index");
    let index: BTreeMap<String, Entry> = serde_json::from_slice(&index).expect("an index");
    let mut compared = 0;
    for (name, entry) in index {
        let model = entry.model.replace("models_tflm/person_detect", "models_microflow/models/person_detect");
        let Some(model) = shared(&model) else { continue };
        let net = int8(&name, &std::fs::read(model).expect("a model")).unwrap_or_else(|why| panic!("{name}: {why}"));
        let files = [".x.bin", ".y.bin"].map(|ending| folder.join(format!("{name}{ending}")));
        let [Some(x), Some(y)] = files.map(|path| path.exists().then(|| bytes_i8(&path))) else {
            cases::say(&format!("skipped: the golden answers of {name} aren't here"));
            continue;
        };
        assert_eq!((x.len(), y.len()), (entry.n * entry.x_per, entry.n * entry.y_per), "{name}");
        let got = net.run_i8(&x);
        let differ = got.iter().zip(&y).filter(|(a, b)| a != b).count();
        assert_eq!(differ, 0, "{name}: {differ} of {} outputs differ", y.len());
        compared += 1;
    }
    assert!(compared > 0, "no golden model was compared");
}

#[test]
fn keyword_spotting_reaches_its_accuracy() {
    let (Some(model), Some(data)) = (shared("models_mlperf_tiny/kws_ref_model.tflite"), shared("mlperf_kws01")) else {
        return;
    };
    let net = int8("kws", &std::fs::read(model).expect("a model")).expect("it is read");
    let x = bytes_i8(&data.join("x_mfcc_int8_1000x49x10.bin"));
    let labels = std::fs::read_to_string(data.join("y_labels.csv")).expect("labels");
    let labels: Vec<usize> = labels.lines().filter_map(|line| line.rsplit(',').next()?.trim().parse().ok()).collect();
    let scores = net.run_i8(&x);
    let answers: Vec<usize> = scores.chunks_exact(net.output().len()).map(qnet::argmax).collect();
    assert_eq!(answers.len(), labels.len());
    let right = answers.iter().zip(&labels).filter(|(a, b)| a == b).count();
    cases::say(&format!("kws_ref_model: {right} of {} right", labels.len()));
    assert!(right * 1000 >= labels.len() * 900, "{right} of {}", labels.len());
}

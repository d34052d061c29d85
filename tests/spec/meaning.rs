//! Good specs and what they mean.

use tinyml::base::{Decimal, Dimension, Quantity, Shape};
use tinyml::data::{Format, Take};
use tinyml::spec::model::{
    Balance, Bound, Callee, Column, Header, Input, Limit, Metric, Missing, Optimizer, Origin, Requirement, Schedule,
    Short,
};

use super::words::{resolve, resolve_with};

pub(crate) const GESTURE: &str = r#"tml 1

use std.boards.{nucleo_f446re, microbit_v2}
use std.features.{window, spectrum}

/// Wrist recordings: one CSV per take, the folder is the label.
dataset imu {
  source   = csv("data/{label}/{subject}-*.csv", separator = ";", decimal = comma, take = file)
  channels = [ax, ay, az]
  classes  = [rest, wave, circle, fall]
  rate     = 50 Hz
  missing  = fill(-1.5)
  split    = { train = 70%, valid = 15%, test = 15%, by = subject, seed = 7 }
  fetch    = [http("https://example.org/a.csv", digest = "b3:af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262", to = "data/a.csv")]
}

/// Written once by an LLM, pinned in tinyml.lock, compiled like any C.
generate despike(x: f32[50, 3]) -> f32[50, 3] {
  prompt = """
    Replace every sample further than 4 sigma from its channel's median
    with a linear interpolation of its neighbours.
  """
  cases     = "tests/despike.csv"
  tolerance = 1e-4
}

features motion from imu {
  window(1 s, stride = 250 ms)
  despike()
  spectrum(bins = 16, scale = log)
}

model net from motion {
  conv1d(16, kernel = 3, activation = relu)
  dense(32, activation = relu)
  dense(imu.classes)
  softmax()

  train    { epochs = 40, batch = 32, optimizer = sgd(lr = 1e-2, momentum = 0.5), schedule = constant, patience = 5, balance = auto, seed = 3 }
  quantize { scheme = int8, calibrate = 512 }
}

generate on_gesture(scores: f32[4], label: u8) {
  prompt = """
    Debounce over three windows, then blink LED0 `label + 1` times.
  """
}

deploy wristband from net {
  boards = [nucleo_f446re, microbit_v2 { clock = 120 MHz }]
  app    = on_gesture

  require {
    accuracy     >= 92%
    recall(fall) >= 95%
    f1           >= 0.5%
    latency      <= 20 ms
    flash        <= 256 KiB
    ram          <= 64 KiB
  }
}
"#;

#[test]
fn the_gesture_spec_means_what_it_says() {
    let spec = resolve(GESTURE);
    assert_eq!(spec.name, "gesture");
    let data = &spec.datasets[0];
    assert_eq!(data.docs, ["Wrist recordings: one CSV per take, the folder is the label."]);
    assert_eq!(data.source.pattern.to_string(), "data/{label}/{subject}-*.csv");
    let Format::Csv { csv, take } = &data.source.format else { panic!("{:?}", data.source.format) };
    assert_eq!((csv.separator, csv.decimal_comma, *take), (Some(';'), true, Take::File));
    assert_eq!(data.classes, ["rest", "wave", "circle", "fall"]);
    assert_eq!(data.rate, Some(Quantity::new(Dimension::Frequency, 50_000)));
    assert_eq!(data.missing, Missing::Value(-1.5));
    assert_eq!((data.split.train, data.split.valid, data.split.test, data.split.seed), (700_000, 150_000, 150_000, 7));
    assert_eq!(data.split.by, Some(Column::Named("subject".into())));
    assert_eq!((spec.fetches[0].path.as_str(), spec.fetches[0].digest.short().as_str()), ("data/a.csv", "af1349b9"));
    let despike = &spec.functions[0];
    assert_eq!(despike.result, Some(Shape::f32(&[50, 3])));
    let Origin::Generate { cases, tolerance, .. } = &despike.origin else { panic!("it is generated") };
    assert_eq!((cases.as_deref(), *tolerance), (Some("tests/despike.csv"), Decimal::new(1, -4)));
}

#[test]
fn shapes_flow_from_rows_to_scores() {
    let spec = resolve(GESTURE);
    let shapes: Vec<String> = spec.features[0].steps.iter().map(|step| step.output.to_string()).collect();
    assert_eq!(shapes, ["f32[50, 3]", "f32[16, 3]"]);
    let window = spec.features[0].window.as_ref().expect("streams are cut");
    assert_eq!((window.length, window.stride, window.short), (50, 13, Short::Pad));
    assert_eq!((&spec.features[0].input, &spec.datasets[0].row), (&Shape::f32(&[50, 3]), &Shape::f32(&[3])));
    assert_eq!(spec.features[0].steps[0].call, Callee::User(0));
    let model = &spec.models[0];
    assert_eq!((model.input, model.dataset, model.shape.clone()), (Input::Features(0), 0, Shape::f32(&[16, 3])));
    let shapes: Vec<String> = model.layers.iter().map(|layer| layer.output.to_string()).collect();
    assert_eq!(shapes, ["f32[16, 16]", "f32[32]", "f32[4]", "f32[4]"]);
}

#[test]
fn arguments_are_canonical_with_defaults_and_counts() {
    let spec = resolve(GESTURE);
    let text = |args: &[(String, String)]| {
        args.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    };
    let steps: Vec<String> = spec.features[0].steps.iter().map(|step| text(&step.args)).collect();
    assert_eq!(steps, ["", "bins=16 scale=log"]);
    let layers: Vec<String> = spec.models[0].layers.iter().map(|layer| text(&layer.args)).collect();
    assert_eq!(
        layers,
        ["filters=16 kernel=3 activation=relu", "units=32 activation=relu", "units=4 activation=none", ""]
    );
}

#[test]
fn equal_amounts_are_written_alike() {
    let stride =
        |text: &str| resolve(&GESTURE.replace("250 ms", text)).features[0].window.as_ref().map(|cut| cut.stride);
    assert_eq!(stride("0.25 s"), stride("250 ms"));
    assert_eq!(stride("250_000 us"), stride("250 ms"));
    assert_eq!((stride("13"), stride("300 ms")), (stride("250 ms"), Some(15)));
}

#[test]
fn options_are_read_and_have_defaults() {
    let train = resolve(GESTURE).models.remove(0).train;
    assert_eq!((train.epochs, train.batch, train.patience, train.balance, train.seed), (40, 32, 5, Balance::Auto, 3));
    assert_eq!(
        (train.optimizer, train.schedule),
        (Optimizer::Sgd { lr: 1e-2, momentum: 0.5, decay: 0.0 }, Schedule::Constant)
    );
    let bare: String = GESTURE
        .lines()
        .filter(|line| !line.contains("train    {") && !line.contains("quantize {"))
        .map(|line| format!("{line}\n"))
        .collect();
    let model = resolve(&bare).models.remove(0);
    assert_eq!((model.train.epochs, model.train.batch, model.train.seed, model.quantize.calibrate), (0, 0, 1, 256));
    assert_eq!(model.train.optimizer, Optimizer::Adam { lr: 3e-3, decay: 0.0 });
    assert_eq!((model.train.schedule, model.train.balance), (Schedule::Cosine, Balance::No));
}

#[test]
fn requirements_keep_their_order_units_and_classes() {
    let deploy = resolve(GESTURE).deploys.remove(0);
    let boards: Vec<&str> = deploy.boards.iter().map(|found| found.board.name.as_str()).collect();
    assert_eq!(boards, ["nucleo_f446re", "microbit_v2"]);
    assert_eq!(deploy.app, Some(1));
    let base = |limit: &Limit| match limit {
        Limit::Of(quantity) => quantity.base,
        Limit::Number(number) => panic!("{number} has no unit"),
    };
    let limits: Vec<(Metric, Bound, i128)> = deploy
        .requirements
        .iter()
        .map(|Requirement { metric, relation, limit, .. }| (*metric, *relation, base(limit)))
        .collect();
    assert_eq!(
        limits,
        [
            (Metric::Accuracy, Bound::AtLeast, 920_000),
            (Metric::Recall(3), Bound::AtLeast, 950_000),
            (Metric::F1(None), Bound::AtLeast, 5_000),
            (Metric::Latency, Bound::AtMost, 20_000_000),
            (Metric::Flash, Bound::AtMost, 262_144),
            (Metric::Ram, Bound::AtMost, 65_536),
        ]
    );
    assert_eq!(deploy.requirements[1].span.text(), "recall(fall) >= 95%");
}

fn dataset(lines: &str) -> tinyml::spec::model::Dataset {
    resolve(&format!("tml 1\n\ndataset d {{\n  {lines}\n  classes = [\"Red\", \"on/off\"]\n}}\n")).datasets.remove(0)
}

#[test]
fn channels_have_every_form() {
    let names = |lines: &str| dataset(lines).channels.iter().map(|channel| channel.name.clone()).collect::<Vec<_>>();
    assert_eq!(names("source = csv(\"d.csv\")\n  channels = columns(\"p\", 3)"), ["p0", "p1", "p2"]);
    assert_eq!(names("source = csv(\"d.csv\")\n  channels = columns(\"p\", 1..3)"), ["p1", "p2", "p3"]);
    assert_eq!(
        names("source = csv(\"d.csv\")\n  channels = [a, \"B c\", onehot(type, [\"L\", \"M\"])]"),
        ["a", "B c", "type=L", "type=M"]
    );
    let data =
        dataset("source = csv(\"d.csv\", header = no)\n  channels = [columns(0..1), column(5)]\n  label = column(9)");
    let columns: Vec<&Column> = data.channels.iter().map(|channel| &channel.column).collect();
    assert_eq!(columns, [&Column::At(0), &Column::At(1), &Column::At(5)]);
    let Format::Csv { csv, .. } = &data.source.format else { panic!("{:?}", data.source.format) };
    assert_eq!((&data.label, csv.header), (&Column::At(9), Header::No));
}

#[test]
fn a_label_from_the_path_needs_no_header() {
    let data = dataset("source = csv(\"data/{fruit}.csv\", header = no)\n  channels = columns(0..2)\n  label = fruit");
    assert_eq!(data.label, Column::Named("fruit".into()));
    assert_eq!(data.split.by, None);
    assert_eq!((data.split.train, data.split.valid, data.split.test), (700_000, 150_000, 150_000));
}

#[test]
fn another_spec_is_read_in_place_with_its_own_folder() {
    let other = "tml 1\n\ndataset d {\n  source = csv(\"../raw/{label}.csv\")\n  channels = [a]\n  classes = [x, y]\n}\n\nextern f(v: f32) -> f32[2] {\n  source = \"f.c\"\n}\n";
    let main = "tml 1\n\nuse \"shared/data.tml\"\n\nfeatures g from d {\n  f()\n}\n\nmodel m from g {\n  dense(d.classes)\n}\n";
    let (spec, warnings) = resolve_with(main, &[("shared/data.tml", other)]).unwrap_or_else(|diags| panic!("{diags}"));
    assert!(warnings.is_empty());
    assert_eq!(spec.datasets[0].source.pattern.to_string(), "raw/{label}.csv");
    assert!(matches!(&spec.functions[0].origin, Origin::Extern { path } if path == "shared/f.c"));
    assert_eq!(spec.models[0].shape, Shape::f32(&[2]));
}

#[test]
fn an_error_in_a_block_is_not_repeated_by_what_depends_on_it() {
    let text = GESTURE.replace("channels = [ax, ay, az]", "channels = 3");
    let diags = resolve_with(&text, &[]).expect_err("channels are wrong").0;
    let errors: Vec<&str> =
        diags.iter().filter(|diag| diag.severity == tinyml::base::Severity::Error).map(|diag| diag.code).collect();
    assert_eq!(errors, ["tml::kind"], "{diags:#?}");
}

/// The library's own words: the example of the project's README in its simplest form.
#[test]
fn a_spec_over_the_real_library_resolves() {
    let text = "tml 1

use std.boards.{nucleo_l4r5zi, rp2040_pico}
use std.features.{scale}

dataset digits {
  source   = csv(\"data/digits.csv\")
  channels = columns(\"p\", 64)
  label    = digit
  classes  = [\"0\", \"1\", \"2\", \"3\", \"4\", \"5\", \"6\", \"7\", \"8\", \"9\"]
}

features pixels from digits {
  scale()
}

model net from pixels {
  dense(32, activation = relu)
  dense(digits.classes)
  softmax()
}

deploy reader from net {
  boards = [nucleo_l4r5zi, rp2040_pico]

  require {
    accuracy >= 95%
  }
}
";
    let library = tinyml::library::Library::new(std::collections::BTreeMap::new()).expect("it reads");
    let ast = tinyml::lang::parse(&tinyml::base::Source::new("digits.tml", text)).expect("it parses");
    let answer = tinyml::spec::resolve(&ast, &library, &|_| Err("no files here".into()));
    let (spec, warnings) = answer.unwrap_or_else(|diags| panic!("{diags}"));
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(spec.models[0].layers[1].args[0], ("units".to_string(), "10".to_string()));
    assert_eq!(spec.deploys[0].boards[1].board.name, "rp2040_pico");
    for word in tinyml::spec::words(&library) {
        assert!(tinyml::spec::explain(&word, &library).is_some(), "{word}");
    }
}

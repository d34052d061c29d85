//! Every word of a spec in plain text, for `cargo tinyml explain WORD`: printed from the schemas that check it.

use crate::base::quantity::UNITS;
use crate::base::{Dimension, Kind, Param, Params};

use super::require::{MEASURES, OfClass};
use super::term;
use super::vocabulary::Vocabulary;
use super::{
    augment, channels, dataset, decide, deploy, detector, features, fetch, formats, function, network, quantize,
    search, split, train, window,
};

/// A word with a schema of its own.
struct Topic {
    word: &'static str,
    /// How it is written.
    form: &'static str,
    doc: &'static str,
    /// Where it stands; empty: at the top.
    within: &'static str,
    params: Params,
}

fn topics() -> Vec<Topic> {
    let mut topics = block_topics();
    topics.extend(inner_topics());
    topics.extend(task_topics());
    topics.extend(formats::FORMS.iter().map(|form| Topic {
        word: form.word,
        form: form.written,
        doc: form.doc,
        within: "source",
        params: (form.params)(),
    }));
    topics.extend(training_topics());
    topics.extend(augment::topics().map(|(word, doc, params)| Topic {
        word,
        form: word,
        doc,
        within: "augment",
        params,
    }));
    topics
}

/// What stands at the top of a spec.
fn block_topics() -> Vec<Topic> {
    let topic = |word, form, doc, within, params| Topic { word, form, doc, within, params };
    vec![
        topic(
            "dataset",
            "dataset NAME { … }",
            "Rows of files: their channels, their classes, how they are divided.",
            "",
            dataset::schema(),
        ),
        topic(
            "features",
            "features NAME from DATASET { step() … }",
            "Steps between a row and a model's input; the same C runs in training and on the board.",
            "",
            features::schema(),
        ),
        topic(
            "model",
            "model NAME from FEATURES { layer() … train { … } quantize { … } search { … } }",
            "Layers in order, and how they are trained and quantised.",
            "",
            network::schema(),
        ),
        topic(
            "generate",
            "generate NAME(x: f32[3]) -> f32[3] { … }",
            "A C function that a model provider writes once; it is pinned and reviewed like any code.",
            "",
            function::generate_schema(),
        ),
        topic(
            "extern",
            "extern NAME(x: f32[3]) -> f32[3] { … }",
            "A C function of your own.",
            "",
            function::extern_schema(),
        ),
        topic(
            "deploy",
            "deploy NAME from MODEL { … decide { … } require { … } }",
            "Boards to build firmware for, and what must hold on each.",
            "",
            deploy::schema(),
        ),
    ]
}

/// What a model is for, and what is made of its outputs.
fn task_topics() -> Vec<Topic> {
    let topic = |word, form, doc, within, params| Topic { word, form, doc, within, params };
    vec![
        topic(
            "decide",
            "decide { … }",
            "How the model's outputs become the answer that the application is given.",
            "deploy",
            decide::schema(),
        ),
        topic(
            "anomaly",
            "anomaly(normal = [idle])",
            "Detection: the model learns to give its input again, and what it gives badly is an anomaly.",
            "detect",
            detector::anomaly_schema(),
        ),
        topic(
            "mahalanobis",
            "mahalanobis()",
            "A detector instead of layers: the distance from the normal rows' mean in units of their covariance.",
            "model",
            Params::new(),
        ),
        topic(
            "kmeans",
            "kmeans(8)",
            "A detector instead of layers: the distance from the nearest of some means of the normal rows.",
            "model",
            detector::kmeans_schema(),
        ),
        topic(
            "mean",
            "mean(3)",
            "Smoothing: the mean score of so many windows of a recording.",
            "smooth",
            decide::smooth_schema(),
        ),
        topic(
            "vote",
            "vote(3)",
            "Smoothing: the most frequent answer of so many windows of a recording; of equal ones the latest.",
            "smooth",
            decide::smooth_schema(),
        ),
    ]
}

/// What stands within blocks.
fn inner_topics() -> Vec<Topic> {
    let topic = |word, form, doc, within, params| Topic { word, form, doc, within, params };
    vec![
        topic("train", "train { … }", "How a model is trained.", "model", train::schema()),
        topic("quantize", "quantize { … }", "How a model becomes integers.", "model", quantize::schema()),
        topic(
            "search",
            "search { trials = 24, minimize = flash }",
            "How a model is chosen where its lines hold choices.",
            "model",
            search::schema(),
        ),
        topic(
            "one_of",
            "one_of(8, 16, 32), 8..32, one_of(none, dropout(0.2))",
            "A choice that `search` decides: among values, the steps of a range (doubling, or 1, 3, 10), or layers.",
            "a model's layers and its train",
            Params::new(),
        ),
        topic(
            "auto",
            "model NAME from FEATURES { auto }",
            "All layers: the best of a family for the input's shape; `search` may limit it.",
            "model",
            Params::new(),
        ),
        topic(
            "require",
            "require { metric >= limit }",
            "Limits that the build judges on each board.",
            "deploy",
            Params::new(),
        ),
        topic(
            "split",
            "split = { … }",
            "How rows are divided; equal rows never fall into two parts.",
            "dataset",
            split::schema(),
        ),
        topic(
            "labels",
            "labels = csv(\"labels.csv\", file = name, column = class)",
            "Labels in a table of their own, in the order of the recordings or by the name of the file; its other columns can be named too.",
            "source",
            formats::label_csv_schema(),
        ),
        topic(
            "window",
            "window(1 s, stride = 250 ms)",
            "The first line of a chain over streams: cuts each recording into windows, which have its label and its part.",
            "features",
            window::schema(),
        ),
        topic("fill", "fill(0)", "A number for cells that are missing.", "missing", dataset::fill_schema()),
        topic(
            "http",
            "http(\"https://…\", digest = \"b3:…\", to = \"data/x.csv\")",
            "A file that `cargo tinyml fetch` brings and checks.",
            "fetch",
            fetch::http_schema(),
        ),
        topic("column", "column(3)", "A column by its position.", "channels, label, by", channels::column_schema()),
        topic(
            "columns",
            "columns(\"p\", 64) or columns(0..63)",
            "Many columns: p0 to p63 by name, or by position; both ends of a range are included.",
            "channels",
            Params::new(),
        ),
        topic(
            "onehot",
            "onehot(kind, [low, high])",
            "A column of texts as one channel for each text.",
            "channels",
            channels::onehot_schema(),
        ),
    ]
}

/// What stands within `train` and `quantize`.
fn training_topics() -> Vec<Topic> {
    let topic = |word, form, doc, within, params| Topic { word, form, doc, within, params };
    vec![
        topic(
            "step",
            "step(every = 20, factor = 0.5)",
            "A learning rate that falls in steps.",
            "schedule",
            train::step_schema(),
        ),
        topic(
            "cross_entropy",
            "cross_entropy(smoothing = 0.1)",
            "The loss of classes.",
            "loss",
            train::cross_entropy_schema(),
        ),
        topic("bce", "bce", "The loss of answers that are each yes or no: 0 or 1 in the data.", "loss", Params::new()),
        topic("mse", "mse", "The mean of squared errors.", "loss", Params::new()),
        topic("mae", "mae", "The mean of absolute errors.", "loss", Params::new()),
        topic(
            "huber",
            "huber(delta = 1)",
            "Squared errors, but straight lines for large ones.",
            "loss",
            train::huber_schema(),
        ),
        topic(
            "percentile",
            "percentile(0.01%)",
            "A range without the rarest values.",
            "method",
            quantize::percentile_schema(),
        ),
        topic("adam", "adam(lr = 3e-3)", "The Adam optimiser; with `decay`, AdamW.", "optimizer", train::adam_schema()),
        topic("sgd", "sgd(lr = 0.05)", "Gradient descent with momentum.", "optimizer", train::sgd_schema()),
    ]
}

/// What `word` means: every block, field, layer, feature, metric, unit and board of this name. `None`: there is none.
pub fn explain(word: &str, vocabulary: &dyn Vocabulary) -> Option<String> {
    let mut parts: Vec<String> = Vec::new();
    let topics = topics();
    parts.extend(topics.iter().filter(|topic| topic.word == word).map(topic_text));
    if parts.is_empty() {
        parts.extend(fields(word, &topics));
    }
    parts.extend(metric(word));
    parts.extend(library_words(word, vocabulary));
    parts.extend(unit(word));
    parts.extend(overview(word, vocabulary));
    (!parts.is_empty()).then(|| parts.join("\n"))
}

/// Every word that `explain` knows, for "did you mean".
pub fn words(vocabulary: &dyn Vocabulary) -> Vec<String> {
    let mut words: Vec<String> =
        ["boards", "features", "layers", "units", "metrics", "blocks"].map(String::from).to_vec();
    for topic in topics() {
        words.push(topic.word.to_string());
        words.extend(topic.params.into_iter().map(|param| param.name));
    }
    words.extend(MEASURES.iter().map(|measure| measure.word.to_string()));
    words.extend(UNITS.iter().map(|unit| unit.0.to_string()));
    words.extend(vocabulary.layers());
    words.extend(vocabulary.features());
    words.extend(vocabulary.boards());
    words.sort();
    words.dedup();
    words
}

fn topic_text(topic: &Topic) -> String {
    let within = if topic.within.is_empty() { String::new() } else { format!("  Stands in `{}`.\n", topic.within) };
    let lines = if topic.word == "require" { metric_lines() } else { table(&topic.params) };
    let gap = if lines.is_empty() { "" } else { "\n" };
    format!("{}\n  {}\n{within}{gap}{lines}", topic.form, topic.doc)
}

/// A schema as aligned lines: name, what it takes, default, meaning.
fn table(params: &Params) -> String {
    let rows: Vec<[String; 3]> =
        params.iter().map(|param| [param.name.clone(), kind(&param.kind), standing(param)]).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths = [width(0), width(1), width(2)];
    let lines = rows.iter().zip(params).map(|(row, param)| {
        let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("  {}  {}\n", cells.join("  "), param.doc)
    });
    lines.collect()
}

fn standing(param: &Param) -> String {
    match param.default.as_deref() {
        None => "required".to_string(),
        Some("") => "optional".to_string(),
        Some(default) => format!("= {default}"),
    }
}

fn kind(kind: &Kind) -> String {
    let float = |value: f64| if value.abs() < 1e15 { value.to_string() } else { "…".to_string() };
    match kind {
        Kind::Int(low, high) if *high > 1 << 40 => format!("whole number from {low}"),
        Kind::Int(low, high) => format!("whole number, {low} to {high}"),
        Kind::Number(low, high) if low.abs() > 1e15 && high.abs() > 1e15 => "number".to_string(),
        Kind::Number(low, high) => format!("number, {} to {}", float(*low), float(*high)),
        Kind::Of(dimension) => dimension.word().to_string(),
        Kind::Text => "text".to_string(),
        Kind::Path => "path".to_string(),
        Kind::Word(words) => words.join(" | "),
        Kind::Names => "list of names".to_string(),
        Kind::List(inner) => format!("list of {}", self::kind(inner)),
        Kind::Either(first, second) => format!("{} or {}", self::kind(first), self::kind(second)),
        Kind::Reference => "name".to_string(),
        Kind::Free => "value".to_string(),
    }
}

fn fields<'a>(word: &'a str, topics: &'a [Topic]) -> impl Iterator<Item = String> + 'a {
    topics.iter().flat_map(move |topic| {
        topic.params.iter().filter(move |param| param.name == word).map(move |param| {
            let default = match param.default.as_deref() {
                None => "It must be given.".to_string(),
                Some("") => "It may be left out.".to_string(),
                Some(default) => format!("Default: `{default}`."),
            };
            format!(
                "{word}: of `{}`\n  {}\n  Takes {}. {default}\n",
                topic.word,
                sentence(&param.doc),
                term::wanted(&param.kind)
            )
        })
    })
}

fn sentence(doc: &str) -> String {
    let mut letters = doc.trim_end_matches('.').chars();
    letters.next().map_or(String::new(), |first| format!("{}{}.", first.to_uppercase(), letters.as_str()))
}

fn metric(word: &str) -> Option<String> {
    metric_line(word).map(|line| format!("a metric of `require`\n{line}"))
}

fn metric_lines() -> String {
    MEASURES.iter().filter_map(|measure| metric_line(measure.word)).collect()
}

fn metric_line(word: &str) -> Option<String> {
    let measure = MEASURES.iter().find(|measure| measure.word == word)?;
    let relation = if measure.bound == super::model::Bound::AtLeast { ">=" } else { "<=" };
    let limit = match measure.dimension {
        Some(Dimension::Ratio) => "95%",
        Some(Dimension::Time) => "20 ms",
        Some(_) => "64 KiB",
        None => "0.5",
    };
    let written = match measure.class {
        OfClass::No => word.to_string(),
        OfClass::Maybe => format!("{word} or {word}(CLASS)"),
        OfClass::Yes => format!("{word}(CLASS)"),
        OfClass::Target => format!("{word} or {word}(TARGET)"),
    };
    Some(format!("  {written:16} {relation} {limit:7} {}\n", measure.doc))
}

fn library_words(word: &str, vocabulary: &dyn Vocabulary) -> Vec<String> {
    let mut parts = Vec::new();
    if let Some(layer) = vocabulary.layer(word) {
        parts.push(format!(
            "layer {}\n  {}\n{}",
            usage(word, &layer.params),
            sentence(&layer.doc),
            arguments(&layer.params)
        ));
    }
    if let Some(Ok(feature)) = vocabulary.feature(word) {
        let import = format!("  Import it: use std.features.{{{word}}}\n");
        let usage = usage(word, &feature.params);
        parts.push(format!("feature {usage}\n  {}\n{import}{}", sentence(&feature.doc), arguments(&feature.params)));
    }
    if let Some(Ok(board)) = vocabulary.board(word) {
        let memory = |size: u32| crate::base::Quantity::new(Dimension::Size, i128::from(size));
        parts.push(format!(
            "board {word}\n  {}: {} at {}, {} flash, {} ram\n  Import it: use std.boards.{{{word}}}\n",
            board.title,
            board.core,
            board.clock,
            memory(board.flash.size),
            memory(board.ram.size)
        ));
    }
    parts
}

fn usage(word: &str, params: &Params) -> String {
    super::fields::usage(word, params).trim_matches('`').to_string()
}

fn arguments(params: &Params) -> String {
    if params.is_empty() { String::new() } else { format!("\n{}", table(params)) }
}

fn unit(word: &str) -> Option<String> {
    let (name, dimension, _) = UNITS.iter().find(|unit| unit.0 == word)?;
    let units: Vec<&str> = dimension.units().collect();
    Some(format!("{name}: a unit of {}\n  All of them: {}\n", dimension.word(), units.join(", ")))
}

fn overview(word: &str, vocabulary: &dyn Vocabulary) -> Option<String> {
    let list = |title: &str, words: Vec<String>| {
        let lines: Vec<String> = words.iter().map(|word| format!("  {word}")).collect();
        format!("{title}\n{}\n", lines.join("\n"))
    };
    let documented = |words: Vec<String>, doc: &dyn Fn(&str) -> Option<String>| {
        let width = words.iter().map(String::len).max().unwrap_or(0);
        words.iter().map(|word| format!("{word:width$}  {}", doc(word).unwrap_or_default())).collect::<Vec<_>>()
    };
    match word {
        "boards" | "board" => {
            let title = |name: &str| {
                vocabulary.board(name)?.ok().map(|board| format!("{} at {}, {}", board.core, board.clock, board.title))
            };
            Some(list("boards of the library", documented(vocabulary.boards(), &title)))
        }
        "layers" | "layer" => Some(list(
            "layers",
            documented(vocabulary.layers(), &|word| vocabulary.layer(word).map(|layer| sentence(&layer.doc))),
        )),
        "features" => {
            let doc = |word: &str| vocabulary.feature(word)?.ok().map(|feature| sentence(&feature.doc));
            Some(list("features of the library", documented(vocabulary.features(), &doc)))
        }
        "metrics" => Some(format!("metrics of `require`\n{}", metric_lines())),
        "units" => {
            let dimensions =
                [Dimension::Time, Dimension::Frequency, Dimension::Size, Dimension::Energy, Dimension::Ratio];
            let line = |dimension: Dimension| {
                format!("{:9}  {}", dimension.word(), dimension.units().collect::<Vec<_>>().join(" "))
            };
            Some(list("units", dimensions.into_iter().map(line).collect()))
        }
        "blocks" => {
            let top = topics().into_iter().filter(|topic| topic.within.is_empty()).map(|topic| topic.form.to_string());
            Some(list("blocks of a spec", top.collect()))
        }
        _ => None,
    }
}

//! Ingest: data files to rows, classes and parts, with a profile of them.

use std::collections::BTreeMap;

use crate::base::npy::Array;
use crate::base::{Diag, Diags};
use crate::data::formats::csv::{Csv, Header};
use crate::data::split::{self, Split};
use crate::data::{self, Channel, Column, Missing, Options, Pattern, Rows};
use crate::spec::model::{self, Dataset};

/// Named artifacts: `x.npy` f32[n, channels], `y.npy` i32[n] class index, `part.npy` u8[n] (0 training,
/// 1 validation, 2 test), `profile.json`.
pub type Outputs = BTreeMap<String, Vec<u8>>;

/// Rows, divided, with what is worth a look.
pub struct Ingested {
    /// The artifacts.
    pub outputs: Outputs,
    /// One line for people.
    pub summary: String,
    /// Warnings; the build goes on.
    pub warnings: Diags,
}

/// What identifies this step: every fact of the data set that its outcome depends on. Spans and comments don't.
pub fn facts(dataset: &Dataset) -> Vec<(&'static str, String)> {
    let source = &dataset.source;
    vec![
        ("pattern", source.pattern.clone()),
        ("csv", format!("{:?} {:?} {}", source.header, source.separator, source.decimal_comma)),
        ("channels", format!("{:?}", dataset.channels)),
        ("label", format!("{:?}", dataset.label)),
        ("classes", format!("{:?}", dataset.classes)),
        ("missing", format!("{:?}", dataset.missing)),
        ("shares", format!("{} {} {}", dataset.split.train, dataset.split.valid, dataset.split.test)),
        ("by", format!("{:?}", dataset.split.by)),
        ("seed", dataset.split.seed.to_string()),
    ]
}

/// Reads `files` (path relative to the spec's folder, bytes), divides the rows and profiles them.
pub fn rows_to_outputs(
    dataset: &Dataset,
    files: &mut dyn Iterator<Item = (String, Vec<u8>)>,
) -> Result<Ingested, Diags> {
    let mut rows = data::ingest(&options(dataset)?, files)?;
    let parts = split::divide(&mut rows, &division(dataset)).map_err(|diag| located(diag, dataset))?;
    let profile = data::profile::profile(&rows, &parts);
    let mut warnings = data::profile::warnings(&profile);
    warnings.extend(rows.warnings.iter().chain(&parts.warnings).cloned());
    let warnings = Diags(warnings.into_iter().map(|diag| located(diag, dataset)).collect());
    let json = serde_json::to_vec_pretty(&profile)
        .map_err(|error| Diag::error("tml::csv", format!("the profile can't be written: {error}")))?;
    let summary = data::profile::summary(&profile);
    Ok(Ingested { outputs: outputs(rows, parts.of, json), summary, warnings })
}

/// The data room's words for a data set of the spec.
pub fn options(dataset: &Dataset) -> Result<Options, Diags> {
    let source = &dataset.source;
    let pattern = Pattern::parse(&source.pattern)
        .map_err(|why| Diag::error("tml::source", why).at(&dataset.source_span, "this pattern"))?;
    let header = match source.header {
        model::Header::Auto => Header::Auto,
        model::Header::Yes => Header::Yes,
        model::Header::No => Header::No,
    };
    let missing = match &dataset.missing {
        model::Missing::Refuse => Missing::Refuse,
        model::Missing::Drop => Missing::Drop,
        model::Missing::Mean => Missing::Mean,
        model::Missing::Value(value) => Missing::Value(value.to_f64() as f32),
    };
    let channel = |channel: &model::Channel| Channel {
        name: channel.name.clone(),
        column: column(&channel.column),
        category: channel.category.clone(),
    };
    Ok(Options {
        pattern,
        csv: Csv { header, separator: source.separator, decimal_comma: source.decimal_comma },
        channels: dataset.channels.iter().map(channel).collect(),
        label: column(&dataset.label),
        classes: dataset.classes.clone(),
        missing,
        by: dataset.split.by.as_ref().map(column),
        source_span: dataset.source_span.clone(),
        classes_span: dataset.classes_span.clone(),
    })
}

fn column(column: &model::Column) -> Column {
    match column {
        model::Column::Named(name) => Column::Named(name.clone()),
        model::Column::At(position) => Column::At(*position),
    }
}

fn division(dataset: &Dataset) -> Split {
    let split = &dataset.split;
    Split {
        shares: [split.train, split.valid, split.test],
        seed: split.seed,
        by: split.by.as_ref().map(|by| column(by).to_string()),
        span: split.span.clone(),
    }
}

/// A message that has no place yet is about the data set as a whole.
fn located(diag: Diag, dataset: &Dataset) -> Diag {
    if diag.labels.is_empty() { diag.at(&dataset.source_span, "from here") } else { diag }
}

fn outputs(rows: Rows, parts: Vec<u8>, profile: Vec<u8>) -> Outputs {
    let (count, channels) = (rows.len(), rows.channels.len());
    let classes = rows.y.iter().map(|class| *class as i32).collect();
    let files = [
        ("x.npy", Array::f32(&[count, channels], rows.x).to_bytes()),
        ("y.npy", Array::i32(&[count], classes).to_bytes()),
        ("part.npy", Array::u8(&[count], parts).to_bytes()),
        ("profile.json", profile),
    ];
    files.into_iter().map(|(name, bytes)| (name.to_string(), bytes)).collect()
}

//! Ingest: data files to rows, classes and parts, with a profile of them.

use std::path::{Path, PathBuf};

use crate::base::npy::Array;
use crate::base::{Diag, Diags};
use crate::data::formats::csv::{Csv, Header};
use crate::data::split::{self, Split};
use crate::data::{self, Channel, Column, Missing, Options, Pattern, Rows};
use crate::engine::{Facts, Filter, Input, Job, Outputs, Stage};
use crate::spec::model::{self, Dataset};

/// Rows, divided, with what is worth a look.
pub struct Ingested {
    /// The artifacts.
    pub outputs: Outputs,
    /// One line for people.
    pub summary: String,
    /// Warnings; the build goes on.
    pub warnings: Diags,
}

/// The step: one tree of files in, `x.npy` (`f32[n, channels]`), `y.npy` (`i32[n]`, class index), `part.npy` (`u8[n]`:
/// 0 training, 1 validation, 2 test) and `profile.json` out.
pub struct Ingest {
    dataset: Dataset,
    folder: PathBuf,
    root: String,
    pattern: Pattern,
}

impl Ingest {
    /// The step for `dataset` of a spec in `folder`. Errors: `tml::source`.
    pub fn new(dataset: &Dataset, folder: &Path) -> Result<Self, Diag> {
        let pattern = Pattern::parse(&dataset.source.pattern)
            .map_err(|why| Diag::error("tml::source", why).at(&dataset.source_span, "this pattern"))?;
        Ok(Self { dataset: dataset.clone(), folder: folder.to_path_buf(), root: pattern.root(), pattern })
    }

    /// The files that it reads, called `data`.
    pub fn input(&self) -> Input {
        let (pattern, root) = (self.pattern.clone(), self.root.clone());
        let filter = Filter::new(self.pattern.to_string(), move |path| pattern.bind(&below(&root, path)).is_some());
        Input::tree("data", self.folder.join(&self.root), filter)
    }

    /// Names of the files that are there, when none of them matches: only for the message.
    fn others(&self, job: &Job) -> Vec<(String, Vec<u8>)> {
        let found = job.world().files().walk(&self.folder.join(&self.root)).unwrap_or_default();
        let slashed = |path: &PathBuf| path.to_string_lossy().replace('\\', "/");
        found.iter().take(1000).map(|path| (below(&self.root, &slashed(path)), Vec::new())).collect()
    }
}

impl Stage for Ingest {
    fn title(&self) -> String {
        format!("ingest {}", self.dataset.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        let source = &self.dataset.source;
        let split = &self.dataset.split;
        out.text("pattern", &source.pattern);
        out.text("csv", &format!("{:?} {:?} {}", source.header, source.separator, source.decimal_comma));
        out.text("channels", &format!("{:?}", self.dataset.channels));
        out.text("label", &format!("{:?}", self.dataset.label));
        out.text("classes", &format!("{:?}", self.dataset.classes));
        out.text("missing", &format!("{:?}", self.dataset.missing));
        out.text("split", &format!("{} {} {} ppm", split.train, split.valid, split.test));
        out.text("by", &format!("{:?}", split.by));
        out.text("seed", &split.seed.to_string());
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let files = job.tree("data");
        let others = if files.is_empty() { self.others(job) } else { Vec::new() };
        let total = files.len() as u64;
        let mut files = files.enumerate().take_while(|_| !job.cancelled()).map(|(index, (path, bytes))| {
            job.progress("files", index as u64, total);
            (below(&self.root, &path), bytes)
        });
        let ingested = rows_to_outputs(&self.dataset, &mut files.by_ref().chain(others))?;
        ingested.warnings.0.into_iter().for_each(|warning| job.warn(warning));
        Ok(ingested.outputs)
    }
}

/// A path below the pattern's root as the pattern sees it: relative to the spec's folder.
fn below(root: &str, path: &str) -> String {
    if root.is_empty() { path.into() } else { format!("{root}/{path}") }
}

/// Reads `files` (path relative to the spec's folder, bytes), divides the rows and profiles them.
pub fn rows_to_outputs(
    dataset: &Dataset,
    files: &mut dyn Iterator<Item = (String, Vec<u8>)>,
) -> Result<Ingested, Diags> {
    let mut rows = data::ingest(&options(dataset)?, files)?;
    rows.columns.rate = dataset.rate.as_ref().map(|rate| rate.base as f64 / 1000.0);
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

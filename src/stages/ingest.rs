//! Ingest: data files to rows, classes and parts, with a profile of them.

use std::path::{Path, PathBuf};

use crate::base::npy::Array;
use crate::base::{Diag, Diags};
use crate::data::split::{self, Given, NAMES, Split};
use crate::data::{self, Options, Pattern, Rows};
use crate::engine::{Facts, Filter, Input, Job, Outputs, Stage};
use crate::spec::model::Dataset;

/// Rows, divided, with what is worth a look.
pub struct Ingested {
    /// The artifacts.
    pub outputs: Outputs,
    /// One line for people.
    pub summary: String,
    /// Warnings; the build goes on.
    pub warnings: Diags,
}

/// The step: trees of files in; `x.npy` (`f32[n, …row]`; streams: `f32[samples, channels]`, one recording behind the
/// other), `lengths.npy` (`i32[n]`, streams only), `y.npy` (`i32[n]` class index, or `f32[n, targets]`), `part.npy`
/// (`u8[n]`: 0 training, 1 validation, 2 test), `profile.json`, and `recordings.csv` (streams only) out.
pub struct Ingest {
    dataset: Dataset,
    folder: PathBuf,
}

impl Ingest {
    /// The step for `dataset` of a spec in `folder`.
    pub fn new(dataset: &Dataset, folder: &Path) -> Self {
        Self { dataset: dataset.clone(), folder: folder.to_path_buf() }
    }

    /// The files that it reads: recordings are called `data`, their labels `labels`.
    pub fn inputs(&self) -> Vec<Input> {
        let labels = self.dataset.source.labels.as_ref().map(|labels| ("labels", &labels.pattern));
        [("data", &self.dataset.source.pattern)]
            .into_iter()
            .chain(labels)
            .map(|(name, pattern)| self.tree(name, pattern))
            .collect()
    }

    fn tree(&self, name: &str, pattern: &Pattern) -> Input {
        let (own, root) = (pattern.clone(), pattern.root());
        let filter = Filter::new(pattern.to_string(), move |path| own.bind(&below(&root, path)).is_some());
        Input::tree(name, self.folder.join(pattern.root()), filter)
    }

    /// Names of the files that are there, when none of them matches: only for the message.
    fn others(&self, job: &Job) -> Vec<(String, Vec<u8>)> {
        let root = self.dataset.source.pattern.root();
        let found = job.world().files().walk(&self.folder.join(&root)).unwrap_or_default();
        let slashed = |path: &PathBuf| path.to_string_lossy().replace('\\', "/");
        found.iter().take(1000).map(|path| (below(&root, &slashed(path)), Vec::new())).collect()
    }
}

impl Stage for Ingest {
    fn title(&self) -> String {
        format!("ingest {}", self.dataset.name)
    }

    fn facts(&self, out: &mut dyn Facts) {
        let (dataset, split) = (&self.dataset, &self.dataset.split);
        out.text("pattern", &dataset.source.pattern.to_string());
        out.text("format", &format!("{:?}", dataset.source.format));
        out.text("labels", &format!("{:?}", dataset.source.labels));
        out.text("row", &dataset.row.to_string());
        out.text("channels", &format!("{:?}", dataset.channels));
        out.text("label", &format!("{:?}", dataset.label));
        out.text("classes", &format!("{:?} {:?}", dataset.classes, dataset.other));
        out.text("targets", &format!("{:?}", dataset.targets));
        out.text("rate", &format!("{:?}", dataset.rate.map(|rate| rate.base)));
        out.text("missing", &format!("{:?} {:?} {}", dataset.missing, dataset.absent, dataset.skip));
        out.text("split", &format!("{} {} {} ppm", split.train, split.valid, split.test));
        out.text("by", &format!("{:?}", split.by));
        out.text("given", &format!("{:?}", split.given));
        out.text("seed", &split.seed.to_string());
    }

    fn run(&self, job: &Job) -> Result<Outputs, Diags> {
        let root = self.dataset.source.pattern.root();
        let files = job.tree("data");
        let others = if files.is_empty() { self.others(job) } else { Vec::new() };
        let total = files.len() as u64;
        let mut files = files.enumerate().take_while(|_| !job.cancelled()).map(|(index, (path, bytes))| {
            if index % 64 == 0 {
                job.progress("files", index as u64, total);
            }
            (below(&root, &path), bytes)
        });
        let labels = self.dataset.source.labels.as_ref().map(|labels| {
            let root = labels.pattern.root();
            job.tree("labels").map(move |(path, bytes)| (below(&root, &path), bytes)).collect::<Vec<_>>()
        });
        let files = &mut files.by_ref().chain(others);
        let ingested = ingest(&self.dataset, files, labels.unwrap_or_default(), job.threads())?;
        ingested.warnings.0.into_iter().for_each(|warning| job.warn(warning));
        Ok(ingested.outputs)
    }
}

/// A path below the pattern's root as the pattern sees it: relative to the spec's folder.
fn below(root: &str, path: &str) -> String {
    if root.is_empty() { path.into() } else { format!("{root}/{path}") }
}

/// Reads `files` (path relative to the spec's folder, bytes) on one thread; see [`ingest`].
pub fn rows_to_outputs(
    dataset: &Dataset,
    files: &mut dyn Iterator<Item = (String, Vec<u8>)>,
) -> Result<Ingested, Diags> {
    ingest(dataset, files, Vec::new(), 1)
}

/// Reads `files` (path relative to the spec's folder, bytes) and their `labels`, divides the rows and profiles them.
pub fn ingest(
    dataset: &Dataset,
    files: &mut dyn Iterator<Item = (String, Vec<u8>)>,
    labels: Vec<(String, Vec<u8>)>,
    threads: usize,
) -> Result<Ingested, Diags> {
    let mut rows = data::ingest::read(&options(dataset), files, labels, threads)?;
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
pub fn options(dataset: &Dataset) -> Options {
    Options {
        source: dataset.source.clone(),
        dims: dataset.row.dims.clone(),
        channels: dataset.channels.clone(),
        label: dataset.label.clone(),
        classes: dataset.classes.clone(),
        other: dataset.other,
        targets: dataset.targets.clone(),
        rate: dataset.rate.map(|rate| rate.base as f64 / 1000.0),
        missing: dataset.missing,
        absent: dataset.absent.clone(),
        by: dataset.split.by.clone(),
        part: dataset.split.given.as_ref().map(|(column, _)| column.clone()),
        skip: dataset.skip,
        source_span: dataset.source_span.clone(),
        classes_span: dataset.classes_span.clone(),
    }
}

fn division(dataset: &Dataset) -> Split {
    let split = &dataset.split;
    Split {
        shares: [split.train, split.valid, split.test],
        seed: split.seed,
        by: split.by.as_ref().map(ToString::to_string),
        given: split.given.as_ref().map(|(column, words)| Given { column: column.to_string(), words: words.clone() }),
        span: split.span.clone(),
    }
}

/// A message that has no place yet is about the data set as a whole.
fn located(diag: Diag, dataset: &Dataset) -> Diag {
    if diag.labels.is_empty() { diag.at(&dataset.source_span, "from here") } else { diag }
}

fn outputs(rows: Rows, parts: Vec<u8>, profile: Vec<u8>) -> Outputs {
    let count = rows.len();
    let mut files = vec![("profile.json", profile)];
    let mut dims = vec![count];
    if rows.is_stream() {
        dims = vec![rows.x.len() / rows.width().max(1)];
        files.push(("lengths.npy", Array::i32(&[count], rows.lengths()).to_bytes()));
        files.push(("recordings.csv", recordings(&rows, &parts).into_bytes()));
    }
    dims.extend(&rows.dims);
    let answers = if rows.targets.is_empty() {
        Array::i32(&[count], rows.y.iter().map(|class| *class as i32).collect())
    } else {
        Array::f32(&[count, rows.targets.len()], rows.values)
    };
    files.push(("y.npy", answers.to_bytes()));
    files.push(("part.npy", Array::u8(&[count], parts).to_bytes()));
    files.push(("x.npy", Array::f32(&dims, rows.x).to_bytes()));
    files.into_iter().map(|(name, bytes)| (name.to_string(), bytes)).collect()
}

/// A line for each recording: `file,line,label,part,samples`.
fn recordings(rows: &Rows, parts: &[u8]) -> String {
    let mut text = String::from("file,line,label,part,samples\n");
    let quoted = |field: &str| {
        if field.contains([',', '"', '\n']) { format!("\"{}\"", field.replace('"', "\"\"")) } else { field.to_string() }
    };
    for (row, length) in rows.lengths().iter().enumerate() {
        let (file, line) = rows.origin[row];
        let label = match rows.classes.get(rows.y[row] as usize) {
            Some(class) => quoted(class),
            None => rows.values[row * rows.targets.len()].to_string(),
        };
        let part = NAMES[usize::from(parts[row])];
        text.push_str(&format!("{},{line},{label},{part},{length}\n", quoted(&rows.files[file as usize])));
    }
    text
}

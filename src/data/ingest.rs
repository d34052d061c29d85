//! Files to rows: every file is read, every fault of every file is told at once.

use std::collections::BTreeMap;

use crate::base::suggest::nearest;
use crate::base::{Diag, Diags};

use super::arrays;
use super::block::Block;
use super::columns::Columns;
use super::decode::{Content, decode};
use super::faults::{Faults, Places};
use super::formats::csv::Refusal;
use super::formats::gzip;
use super::labels::Side;
use super::rows::{Options, Rows};
use super::source::{Format, Take};

/// Files and bytes that are held at once while they are read side by side.
const BATCH_FILES: usize = 512;
const BATCH_BYTES: usize = 64 << 20;

/// Numbers that a data set may have: 4 GiB of them.
const MOST: usize = 1 << 30;

/// Reads all `files` on one thread, without files of labels; see [`read`].
pub fn ingest(options: &Options, files: &mut dyn Iterator<Item = (String, Vec<u8>)>) -> Result<Rows, Diags> {
    read(options, files, Vec::new(), 1)
}

/// Reads all `files` (path relative to the spec's folder, bytes) that the pattern matches; others are only named
/// when none does. The rows come in the order of the paths, whatever the order of the files; only labels in one list
/// need the files in order. `threads` doesn't change the result.
/// Errors: `tml::source`, `tml::csv`, `tml::format`, `tml::columns`, `tml::number`, `tml::category`, `tml::missing`,
/// `tml::label`, `tml::class`.
pub fn read(
    options: &Options,
    files: &mut dyn Iterator<Item = (String, Vec<u8>)>,
    labels: Vec<(String, Vec<u8>)>,
    threads: usize,
) -> Result<Rows, Diags> {
    let side = Side::read(options, labels)?;
    let mut merge = Merge::new(options, &side);
    loop {
        let batch = merge.batch(files);
        if batch.is_empty() {
            return merge.finish();
        }
        for (file, content) in decoded(options, batch, threads) {
            merge.add(file, content);
        }
        if merge.numbers > MOST {
            let title = format!("there are more than {} GiB of numbers", MOST >> 28);
            let diag = Diag::error("tml::source", title).at(&options.source_span, "from here");
            return Err(diag.help("narrow the pattern of `source`, or make recordings shorter").into());
        }
    }
}

/// A file that the pattern matches.
struct File {
    path: String,
    bytes: Vec<u8>,
    bound: BTreeMap<String, String>,
}

/// Decodes files side by side; the results come in the order of the files.
fn decoded(options: &Options, mut batch: Vec<File>, threads: usize) -> Vec<(File, Result<Content, Refusal>)> {
    let one = |file: &mut File| {
        let beside = super::marks::Beside { fixed: file.bound.clone(), each: BTreeMap::new() };
        decode(options, &file.path, std::mem::take(&mut file.bytes), &beside)
    };
    let size = batch.len().div_ceil(threads.max(1));
    let contents: Vec<Result<Content, Refusal>> = if threads < 2 || batch.len() < 2 {
        batch.iter_mut().map(one).collect()
    } else {
        std::thread::scope(|scope| {
            let share = |files: &'_ mut [File]| files.iter_mut().map(one).collect::<Vec<_>>();
            let workers: Vec<_> = batch.chunks_mut(size).map(|files| scope.spawn(move || share(files))).collect();
            workers
                .into_iter()
                .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
                .collect()
        })
    };
    batch.into_iter().zip(contents).collect()
}

/// What has been read so far.
struct Merge<'a> {
    options: &'a Options,
    side: &'a Side,
    faults: Faults,
    columns: Columns,
    blocks: Vec<Block>,
    latin1: Vec<String>,
    row_names: Vec<String>,
    above: Places,
    others: Vec<String>,
    matched: usize,
    recordings: usize,
    numbers: usize,
    left_over: Places,
}

impl<'a> Merge<'a> {
    fn new(options: &'a Options, side: &'a Side) -> Self {
        Self {
            options,
            side,
            faults: Faults::default(),
            columns: Columns::new(options),
            blocks: Vec::new(),
            latin1: Vec::new(),
            row_names: Vec::new(),
            above: Places::default(),
            others: Vec::new(),
            matched: 0,
            recordings: 0,
            numbers: 0,
            left_over: Places::default(),
        }
    }

    /// The next files that match; their marks by name of file are found here.
    fn batch(&mut self, files: &mut dyn Iterator<Item = (String, Vec<u8>)>) -> Vec<File> {
        let (mut batch, mut held) = (Vec::new(), 0);
        while batch.len() < BATCH_FILES && held < BATCH_BYTES {
            let Some((path, bytes)) = files.next() else { break };
            let Some(bound) = self.options.source.pattern.bind(&path) else {
                self.others.push(path);
                continue;
            };
            self.matched += 1;
            // What gzip unpacks to isn't known: such files are read two at a time.
            held += if gzip::is_packed(&bytes) { BATCH_BYTES / 2 } else { bytes.len() };
            let bound = if self.side.in_order() { bound } else { self.side.beside(&path, bound, 0, 0).fixed };
            batch.push(File { path, bytes, bound });
        }
        batch
    }

    fn add(&mut self, file: File, content: Result<Content, Refusal>) {
        let path = file.path;
        let block = match content {
            Ok(Content::Table(table, block)) => {
                self.columns.table(self.options, &file.bound, &table);
                self.latin1.extend(table.latin1.then(|| path.clone()));
                self.row_names.extend(table.row_names.then(|| path.clone()));
                if table.above > 0 {
                    self.above.add(|| format!("{path}: {} lines", table.above));
                }
                Ok(block)
            }
            Ok(Content::Numbers(numbers, texts)) => {
                let count = numbers.ends.len();
                let mut beside = self.side.beside(&path, file.bound, self.recordings, count);
                beside.each.extend(texts);
                self.recordings += count;
                arrays::read(self.options, &path, &beside, numbers)
            }
            Err(refusal) => {
                // Labels in order count the recordings of files that are left out, too.
                self.recordings += usize::from(self.options.source.format.is_single());
                Err(refusal)
            }
        };
        match block {
            Ok(mut block) => {
                self.faults.merge(std::mem::take(&mut block.faults));
                self.numbers += block.x.len();
                if block.left_over > 0 {
                    self.left_over.add(|| format!("{path}: {} rows", block.left_over));
                }
                self.blocks.push(block);
            }
            Err(refusal) => self.faults.files.entry(refusal).or_default().add(|| path),
        }
    }

    fn finish(self) -> Result<Rows, Diags> {
        let options = self.options;
        if self.matched == 0 {
            return Err(nothing(options, &self.others).into());
        }
        let some = self.blocks.iter().any(|block| !block.is_empty());
        let skipped = options.skip && some;
        if !skipped && !self.faults.is_empty() {
            return Err(self.faults.diags(options));
        }
        if let Some(labels) = self.side.count().filter(|labels| *labels != self.recordings) {
            let title = format!("there are {labels} labels for {} recordings", self.recordings);
            let diag = Diag::error("tml::label", title).at(&options.source_span, "labels from here");
            return Err(diag
                .help("labels need an entry for each recording, or `file = …`: the column with its file")
                .into());
        }
        let mut rows = join(options, self.blocks);
        rows.columns = self.columns;
        rows.warnings.extend(self.faults.left_out(options));
        rows.warnings.extend(encoding(&self.latin1));
        rows.warnings.extend(unnamed(&self.row_names));
        rows.warnings.extend(above(&self.above));
        rows.warnings.extend(left_over(options, &self.left_over));
        every_class(options, &rows)?;
        Ok(rows)
    }
}

/// Rows of all files in the order of their paths.
fn join(options: &Options, mut blocks: Vec<Block>) -> Rows {
    blocks.sort_by(|a, b| a.path.cmp(&b.path));
    // Names in their own order make the rows independent of the order of the files.
    let names = |of: &dyn Fn(&Block) -> Vec<String>| {
        let all: std::collections::BTreeSet<String> = blocks.iter().flat_map(of).collect();
        all.into_iter().collect::<Vec<String>>()
    };
    let groups = names(&|block| block.groups.list().to_vec());
    let parts = names(&|block| block.parts.list().to_vec());
    let mut rows = Rows {
        channels: options.channels.iter().map(|channel| channel.name.clone()).collect(),
        classes: options.classes.clone(),
        targets: options.targets.iter().map(ToString::to_string).collect(),
        dims: options.dims.clone(),
        missing: vec![0; options.channels.len()],
        ..Rows::default()
    };
    rows.x.reserve_exact(blocks.iter().map(|block| block.x.len()).sum());
    let stream = options.source.format.is_stream();
    let index = |names: &[String], own: &[String]| -> Vec<u32> {
        own.iter().map(|name| names.binary_search(name).unwrap_or(0) as u32).collect()
    };
    for (file, block) in blocks.into_iter().enumerate() {
        let start = rows.x.len();
        rows.x.extend(block.x);
        rows.ends.extend(block.ends.iter().filter(|_| stream).map(|end| start + end));
        rows.y.extend(block.y);
        rows.values.extend(block.values);
        let own = index(&groups, block.groups.list());
        rows.group.extend(block.group.iter().map(|group| own[*group as usize]));
        let own = index(&parts, block.parts.list());
        rows.part.extend(block.part.iter().map(|part| own[*part as usize]));
        rows.origin.extend(block.line.iter().map(|line| (file as u32, *line)));
        rows.files.push(block.path);
        rows.dropped += block.dropped;
        rows.missing.iter_mut().zip(block.missing).for_each(|(sum, more)| *sum += more);
    }
    (rows.groups, rows.parts) = (groups, parts);
    rows
}

/// No file matches the pattern.
fn nothing(options: &Options, others: &[String]) -> Diag {
    let pattern = &options.source.pattern;
    let root = pattern.root();
    let folder = if root.is_empty() { "the spec's folder".into() } else { format!("`{root}/`") };
    let title = match pattern.literal() {
        Some(path) => format!("there is no file `{path}`"),
        None => format!("no file matches `{pattern}`"),
    };
    let diag = Diag::error("tml::source", title).at(&options.source_span, "nothing there");
    if others.is_empty() {
        return diag.help(format!("put the data into {folder}, or fetch it: `cargo tinyml fetch`"));
    }
    let shown: Vec<String> = others.iter().take(5).map(|path| format!("`{path}`")).collect();
    let diag = diag.note(format!("{folder} has {} other files: {} …", others.len(), shown.join(", ")));
    match nearest(&pattern.to_string(), others.iter().map(String::as_str)) {
        Some(path) => diag.help(format!("did you mean `{path}`?")),
        None => diag.help(
            "bring the data (`cargo tinyml fetch`, where the spec says from where), or change the pattern of `source`",
        ),
    }
}

/// A class without rows can't be learnt or judged.
fn every_class(options: &Options, rows: &Rows) -> Result<(), Diags> {
    if rows.is_empty() && options.classes.is_empty() {
        let diag = Diag::error("tml::source", "the files hold no recording").at(&options.source_span, "from here");
        let count = rows.dropped;
        return Err(diag.note(format!("{count} were left out because a number is missing")).help("bring data").into());
    }
    let mut counts = vec![0; options.classes.len()];
    for class in &rows.y {
        if let Some(count) = counts.get_mut(*class as usize) {
            *count += 1;
        }
    }
    let named = |class: usize| format!("`{}`", options.classes[class]);
    let empty: Vec<usize> = (0..counts.len()).filter(|class| counts[*class] == 0).collect();
    let Some(first) = empty.first() else { return Ok(()) };
    let names: Vec<String> = empty.iter().map(|class| named(*class)).collect();
    let title = match names.as_slice() {
        [name] => format!("the class {name} has no rows"),
        several => format!("{} classes have no rows: {}", several.len(), several.join(", ")),
    };
    let found: Vec<String> = (0..counts.len())
        .filter(|class| counts[*class] > 0)
        .map(|class| format!("{} {}", named(class), counts[class]))
        .collect();
    let found = if found.is_empty() { "none".into() } else { found.join(", ") };
    let mut diag =
        Diag::error("tml::class", title).at(&options.classes_span, "named here").note(format!("rows found: {found}"));
    if rows.dropped > 0 {
        diag = diag.note(format!("{} rows were left out because a cell is missing", rows.dropped));
    }
    let label = options.label.to_string();
    Err(if options.source.pattern.bindings().contains(&label) {
        let path = options.source.pattern.with(&label, &options.classes[*first]);
        diag.help(format!("record some as `{path}`, or remove the class from `classes`")).into()
    } else {
        diag.help("record some, or remove the class from `classes`").into()
    })
}

fn encoding(files: &[String]) -> Option<Diag> {
    let first = files.first()?;
    let title = match files.len() {
        1 => format!("`{first}` isn't UTF-8; it was read as Latin-1"),
        count => format!("{count} files aren't UTF-8 (the first is `{first}`); they were read as Latin-1"),
    };
    Some(Diag::warning("tml::csv", title).help("save them as UTF-8 if a letter looks wrong"))
}

fn unnamed(files: &[String]) -> Option<Diag> {
    let first = files.first()?;
    let more = if files.len() > 1 { format!(" (and {} more)", files.len() - 1) } else { String::new() };
    let title = format!("the rows of `{first}`{more} have one field more than the header has names");
    Some(Diag::warning("tml::csv", title).note("the first field was taken as a row name, as R writes it"))
}

fn above(places: &Places) -> Option<Diag> {
    let title = format!("{} files have lines above their header, which were passed over", places.count());
    (places.count() > 0).then(|| places.note(Diag::warning("tml::csv", title)))
}

fn left_over(options: &Options, places: &Places) -> Option<Diag> {
    let (Format::Csv { take: Take::Rows(count), .. } | Format::Jsonl { take: Take::Rows(count) }) =
        &options.source.format
    else {
        return None;
    };
    let title =
        format!("{} files have rows behind their last whole take of {count}; they are left out", places.count());
    (places.count() > 0)
        .then(|| places.note(Diag::warning("tml::csv", title).at(&options.source_span, "takes from here")))
}

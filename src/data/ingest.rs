//! Files to rows: every file is read, every fault of every file is told at once.

use crate::base::suggest::nearest;
use crate::base::{Diag, Diags};

use super::columns::Columns;
use super::faults::Faults;
use super::formats::csv::Table;
use super::reader::{Block, Reader};
use super::rows::{Options, Rows};

/// Reads all `files` (path relative to the spec's folder, bytes) that the pattern matches; others are only named
/// when none does. The rows come in the order of the paths, whatever the order of the files.
/// Errors: `tml::source`, `tml::csv`, `tml::columns`, `tml::number`, `tml::category`, `tml::missing`,
/// `tml::label`, `tml::class`.
pub fn ingest(options: &Options, files: &mut dyn Iterator<Item = (String, Vec<u8>)>) -> Result<Rows, Diags> {
    let mut reader = Reader::new(options);
    let wanted = reader.wanted();
    let mut faults = Faults::default();
    let mut columns = Columns::new(options);
    let (mut blocks, mut latin1, mut others) = (Vec::new(), Vec::new(), Vec::new());
    let (mut matched, mut row_names) = (0, Vec::new());
    for (path, bytes) in files {
        let Some(bound) = options.pattern.bind(&path) else {
            others.push(path);
            continue;
        };
        matched += 1;
        match Table::open(bytes, options.csv, &wanted) {
            Ok(table) => {
                latin1.extend(table.latin1.then(|| path.clone()));
                row_names.extend(table.row_names.then(|| path.clone()));
                columns.table(options, &bound, &table);
                blocks.push(reader.read(&path, &bound, &table, &mut faults));
            }
            Err(refusal) => faults.files.entry(refusal).or_default().add(|| path),
        }
    }
    if matched == 0 {
        return Err(nothing(options, &others).into());
    }
    if !faults.is_empty() {
        return Err(faults.diags(options));
    }
    let mut rows = join(options, &reader, blocks);
    rows.columns = columns;
    rows.warnings.extend(encoding(&latin1));
    rows.warnings.extend(unnamed(&row_names));
    every_class(options, &rows)?;
    Ok(rows)
}

/// Rows of all files in the order of their paths.
fn join(options: &Options, reader: &Reader, mut blocks: Vec<Block>) -> Rows {
    blocks.sort_by(|a, b| a.path.cmp(&b.path));
    // Keys were given in the order met; names in their own order make the rows independent of it.
    let mut order = vec![0; reader.groups.len()];
    for (index, key) in reader.groups.values().enumerate() {
        order[*key as usize] = index as u32;
    }
    let mut rows = Rows {
        channels: options.channels.iter().map(|channel| channel.name.clone()).collect(),
        classes: options.classes.clone(),
        groups: reader.groups.keys().cloned().collect(),
        missing: reader.missing.clone(),
        ..Rows::default()
    };
    for (file, block) in blocks.into_iter().enumerate() {
        rows.x.extend(block.x);
        rows.y.extend(block.y);
        rows.group.extend(block.group.iter().map(|key| order[*key as usize]));
        rows.origin.extend(block.line.iter().map(|line| (file as u32, *line)));
        rows.files.push(block.path);
        rows.dropped += block.dropped;
    }
    rows
}

/// No file matches the pattern.
fn nothing(options: &Options, others: &[String]) -> Diag {
    let pattern = &options.pattern;
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
    let mut counts = vec![0; options.classes.len()];
    rows.y.iter().for_each(|class| counts[*class as usize] += 1);
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
    Err(if options.pattern.bindings().contains(&label) {
        let path = options.pattern.with(&label, &options.classes[*first]);
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

//! Short ways to say what is asked of a data set, and to see what came out.

use tinyml::base::{Diags, Source as Text, Span};
use tinyml::data::formats::csv::Csv;
use tinyml::data::{Channel, Column, Format, Missing, Options, Pattern, Rows, Source, Take, ingest};

/// Channels and classes are words separated by blanks; a channel that is a number is a position,
/// one such as `Type=L` a category.
pub(crate) fn options(pattern: &str, channels: &str, label: &str, classes: &str) -> Options {
    let channels: Vec<Channel> = channels.split(' ').map(channel).collect();
    let format = Format::Csv { csv: Csv::default(), take: Take::Row };
    Options {
        source: Source { pattern: Pattern::parse(pattern).unwrap(), format, labels: None },
        dims: vec![channels.len()],
        channels,
        label: column(label),
        classes: classes.split(' ').map(String::from).collect(),
        other: None,
        targets: Vec::new(),
        rate: None,
        missing: Missing::Refuse,
        absent: Vec::new(),
        by: None,
        part: None,
        skip: false,
        source_span: span("source"),
        classes_span: span("classes"),
    }
}

/// How the files of `options` are written, to be changed.
pub(crate) fn csv(options: &mut Options) -> &mut Csv {
    match &mut options.source.format {
        Format::Csv { csv, .. } => csv,
        other => panic!("no CSV: {other:?}"),
    }
}

pub(crate) fn span(text: &str) -> Span {
    Text::new("test.tml", text).span(0..text.len())
}

pub(crate) fn column(text: &str) -> Column {
    text.parse().map_or_else(|_| Column::Named(text.replace('_', " ")), Column::At)
}

fn channel(text: &str) -> Channel {
    match text.split_once('=') {
        Some((name, category)) => Channel { name: text.into(), column: column(name), category: Some(category.into()) },
        None => Channel { name: text.into(), column: column(text), category: None },
    }
}

pub(crate) fn read(options: &Options, files: &[(&str, &[u8])]) -> Result<Rows, Diags> {
    ingest(options, &mut files.iter().map(|(path, bytes)| (path.to_string(), bytes.to_vec())))
}

/// One file called `d.csv`.
pub(crate) fn one(options: &Options, text: &str) -> Result<Rows, Diags> {
    read(options, &[("d.csv", text.as_bytes())])
}

/// All that a diagnostic says, a line each: code, title, notes, help.
pub(crate) fn told(result: Result<Rows, Diags>) -> String {
    let diags = result.expect_err("this should be refused");
    let lines = diags.0.iter().flat_map(|diag| {
        let title = format!("{}: {}", diag.code, diag.title);
        [title].into_iter().chain(diag.notes.clone()).chain(diag.help.clone())
    });
    lines.collect::<Vec<_>>().join("\n")
}

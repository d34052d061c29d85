//! One file's bytes to what it holds: the one place that knows which format is read by which file of `formats`.

use std::collections::BTreeMap;

use super::block::Block;
use super::formats::csv::{Refusal, Table};
use super::formats::numbers::Numbers;
use super::formats::{gzip, idx, image, json, jsonl, npy, npz, raw, svmlight, wav};
use super::marks::{Beside, columns};
use super::reader::Reader;
use super::rows::{Column, Options};
use super::source::{Format, Take};

/// What a file holds.
pub enum Content {
    /// Recordings, and the table that they stood in.
    Table(Table, Block),
    /// Numbers, which still lack what stands beside the file; and texts for each recording by name.
    Numbers(Numbers, BTreeMap<String, Vec<String>>),
}

/// Reads one file. `beside` is what its path says of it.
pub fn decode(options: &Options, path: &str, bytes: Vec<u8>, beside: &Beside) -> Result<Content, Refusal> {
    let bytes = gzip::unpack(bytes).map_err(Refusal::Unreadable)?;
    let table = |take: Take, open: &dyn Fn(&Reader) -> Result<Table, Refusal>| {
        let reader = Reader::new(options, take);
        let table = open(&reader)?;
        let block = reader.read(path, beside, &table);
        too_short(&block, take).map_or(Ok(Content::Table(table, block)), Err)
    };
    let numbers = |read: Result<Numbers, String>| {
        read.map(|numbers| Content::Numbers(numbers, BTreeMap::new())).map_err(Refusal::Unreadable)
    };
    let names = || options.channels.iter().map(|channel| channel.name.clone()).collect::<Vec<String>>();
    match &options.source.format {
        Format::Csv { csv, take } => {
            let bytes = std::cell::Cell::new(bytes);
            table(*take, &|reader| Table::open(bytes.take(), csv, &reader.wanted(beside)))
        }
        Format::Svmlight => {
            let bytes = std::cell::Cell::new(bytes);
            table(Take::Row, &|reader| svmlight::read(bytes.take(), &reader.wanted(beside)))
        }
        Format::Jsonl { take: Take::File } => {
            let own = |column: &Column| match column {
                Column::Named(name) if beside.find(name).is_none() => Some(name.clone()),
                _ => None,
            };
            let wanted: Vec<String> = columns(options).into_iter().filter_map(|(column, _)| own(column)).collect();
            let (numbers, texts) = jsonl::streams(bytes, &names(), &wanted)?;
            Ok(Content::Numbers(numbers, wanted.into_iter().zip(texts).collect()))
        }
        Format::Jsonl { take } => {
            let bytes = std::cell::Cell::new(bytes);
            table(*take, &|reader| jsonl::table(bytes.take(), &reader.wanted(beside)))
        }
        Format::Wav(how) => numbers(wav::read(&bytes, how)),
        Format::Images(how) => numbers(image::read(&bytes, how)),
        Format::Raw(how) => numbers(raw::read(&bytes, how)),
        Format::Npy => numbers(npy::read(&bytes, &options.dims)),
        Format::Npz { x, y } => numbers(arrays(&bytes, x, y.as_deref(), &options.dims)),
        Format::Json { resample } => numbers(json::read(&bytes, &names(), options.rate, *resample)),
        Format::Idx => numbers(idx::read(&bytes, &options.dims)),
    }
}

fn arrays(bytes: &[u8], x: &str, y: Option<&str>, dims: &[usize]) -> Result<Numbers, String> {
    let mut numbers = npy::read(&npz::member(bytes, x)?, dims).map_err(|why| format!("{why} (array `{x}`)"))?;
    if let Some(y) = y {
        numbers.labels = Some(npy::labels(&npz::member(bytes, y)?).map_err(|why| format!("{why} (array `{y}`)"))?);
    }
    Ok(numbers)
}

/// A file with fewer rows than a take gives nothing: that is hardly meant.
fn too_short(block: &Block, take: Take) -> Option<Refusal> {
    let Take::Rows(count) = take else { return None };
    let short = block.is_empty() && block.left_over > 0 && block.faults.is_empty();
    let rows = block.left_over;
    short.then(|| Refusal::Unreadable(format!("has {rows} rows, fewer than the {count} of a take")))
}

//! From the numbers of one file to recordings: shape and channels checked, missing numbers treated as the spec says.

use super::block::Block;
use super::formats::csv::Refusal;
use super::formats::numbers::Numbers;
use super::marks::{At, Beside, From, Marks, Verdict};
use super::rows::{Column, Missing, Options};

/// The recordings of a file of numbers.
pub fn read(options: &Options, path: &str, beside: &Beside, numbers: Numbers) -> Result<Block, Refusal> {
    let width: usize = options.dims.iter().product();
    let mut beside = beside.clone();
    if let Some(labels) = numbers.labels {
        beside.each.entry("label".into()).or_insert(labels);
    }
    let absent: Vec<f32> = options.absent.iter().filter_map(|text| text.parse().ok()).collect();
    let from = |column: &Column| match column {
        Column::Named(name) => beside.find(name),
        Column::At(_) => None,
    };
    for (column, _) in super::marks::columns(options) {
        match from(column) {
            None => return Err(Refusal::Unreadable(format!("says nothing of its `{column}`"))),
            Some(From::Each(texts)) if texts.len() != numbers.ends.len() => {
                let (labels, recordings) = (texts.len(), numbers.ends.len());
                return Err(Refusal::Unreadable(format!("has {recordings} recordings, but there are {labels} labels")));
            }
            Some(_) => {}
        }
    }
    let known = |column: &Column| from(column).unwrap_or(From::Fixed(String::new()));
    let mut marks = Marks::new(options, &known);
    let mut block = Block::new(path, options.channels.len());
    let mut start = 0;
    for (index, end) in numbers.ends.iter().enumerate() {
        let values = &numbers.x[start..*end];
        start = *end;
        block.faults.rows += 1;
        let line =
            numbers.lines.get(index).copied().unwrap_or(if numbers.ends.len() > 1 { index as u32 + 1 } else { 0 });
        let at = At { path, line, index, field: &|_| "" };
        let (mark, marked) = marks.read(&at, &mut block);
        let begin = block.x.len();
        let filled = fill(options, values, &absent, width, &at, &mut block);
        match filled.max(marked) {
            Verdict::Keep => block.finish(&mark, line, options),
            verdict => {
                block.x.truncate(begin);
                block.dropped += usize::from(verdict == Verdict::Drop);
            }
        }
    }
    Ok(block)
}

/// Appends the values of one recording; samples of a stream are left out one by one, other recordings whole.
fn fill(options: &Options, values: &[f32], absent: &[f32], width: usize, at: &At, block: &mut Block) -> Verdict {
    let lacks = |value: &f32| value.is_nan() || absent.iter().any(|word| word.to_bits() == value.to_bits());
    let channels = options.channels.len().max(1);
    let mut verdict = Verdict::Keep;
    for sample in values.chunks(width.max(1)) {
        if sample.iter().any(|value| value.is_infinite()) {
            let texts = block.faults.texts.entry("values".into()).or_default();
            texts.add("inf", || format!("{}: infinity", at.place()));
            return Verdict::Fault;
        }
        let before = block.x.len();
        let mut missing = 0;
        for (position, value) in sample.iter().enumerate() {
            let lacks = lacks(value);
            if lacks {
                block.missing[position % channels] += 1;
                missing += 1;
            }
            block.x.push(if lacks { options.missing.fill() } else { *value + 0.0 });
        }
        match options.missing {
            _ if missing == 0 => {}
            Missing::Refuse => {
                block.faults.missing.add(|| format!("{}: {missing} of {} numbers", at.place(), sample.len()));
                verdict = Verdict::Fault;
            }
            Missing::Drop if options.source.format.is_stream() => {
                block.x.truncate(before);
                block.dropped += 1;
            }
            Missing::Drop => verdict = verdict.max(Verdict::Drop),
            Missing::Mean | Missing::Value(_) => {}
        }
    }
    verdict
}

//! `SVMlight` and its relatives: `label index:value … # comment`, with `qid:`, and with a second number behind the
//! label (`1;10.0`), as the gas sensor arrays of the UCI repository are written.

use super::csv::{Record, Refusal, Table, Wanted};
use super::text;

/// A table with a column for each index up to the largest that is asked for (indices that a line leaves out are 0),
/// and the columns `label`, `second` and `qid`.
pub fn read(bytes: Vec<u8>, wanted: &Wanted) -> Result<Table, Refusal> {
    let decoded = text::decode(bytes).map_err(Refusal::Unreadable)?;
    let width = wanted.last.map_or(0, |last| last + 1);
    let mut header: Vec<String> = (0..width).map(|index| format!("#{index}")).collect();
    header.extend(["label", "second", "qid"].map(String::from));
    let mut rows = Vec::new();
    let (mut least, mut most) = (usize::MAX, 0);
    for (line, text) in (1_u32..).zip(decoded.text.lines()) {
        let text = text.split('#').next().unwrap_or_default().trim();
        if text.is_empty() {
            continue;
        }
        let (record, range) =
            record(text, width).map_err(|why| Refusal::Unreadable(format!("{why}, at line {line}")))?;
        (least, most) = (least.min(range.0), most.max(range.1));
        rows.push((line, record));
    }
    let lowest = wanted.numeric.iter().min();
    if let Some(last) = wanted.last.filter(|last| most > *last || lowest.is_some_and(|lowest| least < *lowest)) {
        let (low, high) = (least, most);
        let asked = lowest.copied().unwrap_or(last);
        return Err(Refusal::Unreadable(format!(
            "has indices from {low} to {high}, not {asked} to {last}; write `channels = columns({low}..{high})`"
        )));
    }
    Table::from_records(header, rows, wanted)
}

/// A line as fields, and the least and largest index in it.
fn record(text: &str, width: usize) -> Result<(Record, (usize, usize)), String> {
    let mut words = text.split_ascii_whitespace();
    let target = words.next().unwrap_or_default();
    let (label, second) = target.split_once(';').unwrap_or((target, ""));
    if label.contains(':') {
        return Err("has a line without a label".into());
    }
    let mut fields: Vec<&str> = vec!["0"; width];
    let (mut least, mut most, mut query) = (usize::MAX, 0, "");
    for word in words {
        let Some((index, value)) = word.split_once(':') else {
            return Err(format!("has `{word}` where `index:value` should be"));
        };
        if index == "qid" {
            query = value;
            continue;
        }
        let index: usize = index.parse().map_err(|_| format!("has `{word}`, whose index isn't a number"))?;
        (least, most) = (least.min(index), most.max(index));
        if let Some(field) = fields.get_mut(index) {
            *field = value;
        }
    }
    fields.extend([label, second, query]);
    Ok((Record::from(fields), (least, most)))
}

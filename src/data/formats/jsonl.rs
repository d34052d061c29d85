//! JSON lines: an object a line, as rows with its keys as columns; or a stream a line, whose channels are lists.
//! A file that is one list of objects is read in the same way.

use serde_json::{Map, Value};

use super::csv::{Record, Refusal, Table, Wanted};
use super::numbers::Numbers;
use super::text;

/// A table with a column for each key. Nested objects have keys with a point: `acc.x`.
pub fn table(bytes: Vec<u8>, wanted: &Wanted) -> Result<Table, Refusal> {
    let objects = objects(bytes).map_err(Refusal::Unreadable)?;
    let mut header: Vec<String> = wanted.names.clone();
    let flat: Vec<(u32, Vec<(String, String)>)> =
        objects.into_iter().map(|(line, object)| (line, flatten("", object))).collect();
    if let Some((_, first)) = flat.first() {
        let found: Vec<String> = first.iter().map(|(key, _)| key.clone()).collect();
        let absent: Vec<String> = wanted.names.iter().filter(|name| !found.contains(name)).cloned().collect();
        if absent.len() == wanted.names.len() && !absent.is_empty() {
            return Err(Refusal::Columns { absent, fields: found.len(), found });
        }
        header.extend(found.into_iter().filter(|key| !wanted.names.contains(key)));
    }
    let position: std::collections::HashMap<&str, usize> =
        header.iter().enumerate().map(|(at, name)| (name.as_str(), at)).collect();
    let rows = flat.iter().map(|(line, entries)| {
        let mut fields = vec![""; header.len()];
        for (key, value) in entries {
            if let Some(at) = position.get(key.as_str()) {
                fields[*at] = value;
            }
        }
        (*line, Record::from(fields))
    });
    let rows = rows.collect();
    Table::from_records(header, rows, wanted)
}

/// Streams: each line has a list of numbers for each of `channels`, or a list of samples under `values`. Other keys
/// are given to `column`, one text a line.
pub fn streams(bytes: Vec<u8>, channels: &[String], names: &[String]) -> Result<(Numbers, Vec<Vec<String>>), Refusal> {
    let objects = objects(bytes).map_err(Refusal::Unreadable)?;
    let mut numbers = Numbers::default();
    let mut columns = vec![Vec::new(); names.len()];
    for (line, object) in objects {
        let wrong = |why: String| Refusal::Unreadable(format!("{why}, at line {line}"));
        samples(&object, channels, &mut numbers.x).map_err(wrong)?;
        numbers.ends.push(numbers.x.len());
        numbers.lines.push(line);
        for (column, name) in columns.iter_mut().zip(names) {
            let Some(value) = object.get(name) else { return Err(wrong(format!("has no `{name}`"))) };
            column.push(plain(value));
        }
    }
    if numbers.ends.is_empty() { Err(Refusal::Unreadable("is empty".into())) } else { Ok((numbers, columns)) }
}

fn samples(object: &Map<String, Value>, channels: &[String], x: &mut Vec<f32>) -> Result<(), String> {
    let number = |value: &Value| match value {
        Value::Null => Ok(f32::NAN),
        other => other.as_f64().map(|number| number as f32).ok_or_else(|| format!("has {other} among its samples")),
    };
    if let Some(Value::Array(values)) = object.get("values") {
        for sample in values {
            let list = match sample {
                Value::Array(list) => list.as_slice(),
                single => std::slice::from_ref(single),
            };
            if list.len() != channels.len() {
                return Err(format!(
                    "has a sample of {} numbers, but there are {} channels",
                    list.len(),
                    channels.len()
                ));
            }
            list.iter().try_for_each(|value| number(value).map(|number| x.push(number)))?;
        }
        return Ok(());
    }
    let mut lists = Vec::new();
    for channel in channels {
        match object.get(channel) {
            Some(Value::Array(list)) => lists.push(list),
            Some(_) => return Err(format!("has no list under `{channel}`")),
            None => return Err(format!("has neither `values` nor `{channel}`")),
        }
    }
    let length = lists.first().map_or(0, |list| list.len());
    if lists.iter().any(|list| list.len() != length) {
        return Err("has channels of different lengths".into());
    }
    for at in 0..length {
        lists.iter().try_for_each(|list| number(&list[at]).map(|number| x.push(number)))?;
    }
    Ok(())
}

/// Objects with their lines.
type Objects = Vec<(u32, Map<String, Value>)>;

fn objects(bytes: Vec<u8>) -> Result<Objects, String> {
    let decoded = text::decode(bytes)?;
    if decoded.text.trim_start().starts_with('[') {
        let list: Vec<Map<String, Value>> =
            serde_json::from_str(&decoded.text).map_err(|error| format!("isn't a list of JSON objects: {error}"))?;
        return Ok((1..).zip(list).collect());
    }
    let mut objects = Vec::new();
    for (line, text) in (1_u32..).zip(decoded.text.lines()) {
        if text.trim().is_empty() {
            continue;
        }
        let object = serde_json::from_str(text).map_err(|error| {
            let why = error.to_string();
            let why = why.split(" at line").next().unwrap_or_default();
            format!("has no JSON object at line {line}: {why} at column {}", error.column())
        })?;
        objects.push((line, object));
    }
    Ok(objects)
}

fn flatten(prefix: &str, object: Map<String, Value>) -> Vec<(String, String)> {
    let mut entries = Vec::new();
    for (key, value) in object {
        let key = format!("{prefix}{key}");
        match value {
            Value::Object(inner) if prefix.len() < 256 => entries.extend(flatten(&format!("{key}."), inner)),
            Value::Array(list) if list.len() <= 4096 => {
                entries.extend(list.iter().enumerate().map(|(at, value)| (format!("{key}{at}"), plain(value))));
            }
            other => entries.push((key, plain(&other))),
        }
    }
    entries
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    }
}

//! `NumPy` arrays of any numeric type, order and version (numpy.lib.format), and texts as labels.

use super::numbers::Numbers;
use super::raw::Number;

/// An array as it is written.
struct Header<'a> {
    big_endian: bool,
    kind: Kind,
    fortran: bool,
    dims: Vec<usize>,
    body: &'a [u8],
}

#[derive(Clone, Copy)]
enum Kind {
    Number(Number),
    /// Bytes, this many an element.
    Bytes(usize),
    /// UTF-32, this many letters an element.
    Letters(usize),
}

/// The recordings of an array whose first axis counts them; the others are `dims`, where one axis may stand for several
/// and 1s may be left out. The error completes the sentence "`file` …".
pub fn read(bytes: &[u8], dims: &[usize]) -> Result<Numbers, String> {
    let header = header(bytes)?;
    let width: usize = dims.iter().product();
    let per: usize = header.dims.iter().skip(1).product();
    let same = |a: &[usize], b: &[usize]| a.iter().filter(|n| **n != 1).eq(b.iter().filter(|n| **n != 1));
    // One recording without an axis that counts is one too.
    let single = same(&header.dims, dims) && header.dims.len() <= dims.len();
    let flat = header.dims.len() == 2 || dims.len() == 1;
    if !single && (header.dims.is_empty() || per != width || !(flat || same(&header.dims[1..], dims))) {
        return Err(format!(
            "has the shape {:?}, but recordings are {dims:?}, counted along the first axis",
            header.dims
        ));
    }
    let Kind::Number(number) = header.kind else { return Err("has texts, not numbers".into()) };
    Numbers::rows(in_order(&header, number.read(header.body, header.big_endian)), width)
}

/// The elements of an array as labels.
pub fn labels(bytes: &[u8]) -> Result<Vec<String>, String> {
    let header = header(bytes)?;
    let trimmed = |text: String| text.trim_end_matches('\0').to_string();
    let letters = |element: &[u8]| {
        let code = |word: &[u8]| {
            let word = [word[0], word[1], word[2], word[3]];
            if header.big_endian { u32::from_be_bytes(word) } else { u32::from_le_bytes(word) }
        };
        element.chunks_exact(4).map(|word| char::from_u32(code(word)).unwrap_or('?')).collect::<String>()
    };
    let texts = match header.kind {
        Kind::Number(number) => {
            let values = number.read(header.body, header.big_endian);
            return match one_hot(&header, &values) {
                Some(classes) => Ok(classes),
                None => Ok(values.iter().map(ToString::to_string).collect()),
            };
        }
        Kind::Bytes(size) => {
            header.body.chunks_exact(size.max(1)).map(|text| String::from_utf8_lossy(text).into()).collect()
        }
        Kind::Letters(count) => header.body.chunks_exact((4 * count).max(4)).map(letters).collect::<Vec<String>>(),
    };
    Ok(texts.into_iter().map(trimmed).collect())
}

/// Labels as rows with a single 1.
fn one_hot(header: &Header, values: &[f32]) -> Option<Vec<String>> {
    let [_, width] = header.dims.as_slice() else { return None };
    if *width < 2 {
        return None;
    }
    values
        .chunks_exact(*width)
        .map(|row| row.iter().position(|value| *value > 0.5).map(|class| class.to_string()))
        .collect()
}

fn header(bytes: &[u8]) -> Result<Header<'_>, String> {
    let cut = || "is cut off within its header".to_string();
    if !bytes.starts_with(b"\x93NUMPY") {
        return Err("is no NumPy array: it doesn't start with `\\x93NUMPY`".into());
    }
    let word = |at: usize, size: usize| -> Result<usize, String> {
        let bytes = bytes.get(at..at + size).ok_or_else(cut)?;
        Ok(bytes.iter().rev().fold(0, |number, byte| number << 8 | usize::from(*byte)))
    };
    let (length, start) = if word(6, 1)? == 1 { (word(8, 2)?, 10) } else { (word(8, 4)?, 12) };
    let end = start + length;
    let text = String::from_utf8_lossy(bytes.get(start..end).ok_or_else(cut)?).into_owned();
    let body = bytes.get(end..).ok_or_else(cut)?;
    let after = |key: &str| text.split_once(key).map(|(_, rest)| rest.trim_start_matches([':', ' ']));
    let descr = after("'descr'").and_then(|rest| rest.strip_prefix('\'')?.split('\'').next());
    let descr = descr.ok_or("has elements of several fields, which aren't read")?;
    let fortran = after("'fortran_order'").is_some_and(|rest| rest.starts_with("True"));
    let shape = after("'shape'").and_then(|rest| rest.strip_prefix('(')?.split(')').next()).ok_or_else(cut)?;
    let dims =
        shape.split(',').map(str::trim).filter(|dim| !dim.is_empty()).map(|dim| dim.trim_end_matches('L').parse());
    let dims: Vec<usize> = dims.collect::<Result<_, _>>().map_err(|_| format!("has the shape ({shape})"))?;
    let kind = kind(descr)?;
    let size = match kind {
        Kind::Number(number) => number.size(),
        Kind::Bytes(size) => size,
        Kind::Letters(count) => 4 * count,
    };
    let needed = dims.iter().try_fold(size, |product, dim| product.checked_mul(*dim));
    match needed {
        Some(needed) if needed <= body.len() => {
            Ok(Header { big_endian: descr.starts_with('>'), kind, fortran, dims, body: &body[..needed] })
        }
        _ => Err(format!("is cut off: {dims:?} of `{descr}` don't fit into its {} bytes", body.len())),
    }
}

fn kind(descr: &str) -> Result<Kind, String> {
    let plain = descr.trim_start_matches(['<', '>', '|', '=']);
    let (letter, size) = plain.split_at(plain.chars().next().map_or(0, char::len_utf8));
    let size: usize = size.parse().unwrap_or(0);
    Ok(match (letter, size) {
        ("f", 2 | 4 | 8) => Kind::Number(Number::Float(8 * size as u8)),
        ("i", 1 | 2 | 4 | 8) => Kind::Number(Number::Signed(8 * size as u8)),
        ("u", 1 | 2 | 4 | 8) => Kind::Number(Number::Unsigned(8 * size as u8)),
        ("b", 1) => Kind::Number(Number::Unsigned(8)),
        ("S" | "a", 1..) => Kind::Bytes(size),
        ("U", 1..=1_000_000) => Kind::Letters(size),
        ("O", _) => return Err("has Python objects (pickle), which aren't read; save it as numbers or texts".into()),
        _ => return Err(format!("has elements of the type `{descr}`, which aren't read")),
    })
}

/// Elements in C order.
fn in_order(header: &Header, values: Vec<f32>) -> Vec<f32> {
    if !header.fortran || header.dims.len() < 2 {
        return values;
    }
    let mut out = Vec::with_capacity(values.len());
    let mut index = vec![0_usize; header.dims.len()];
    for _ in 0..values.len() {
        let mut at = 0;
        for (position, dim) in index.iter().zip(&header.dims).rev() {
            at = at * dim + position;
        }
        out.push(values[at]);
        for (position, dim) in index.iter_mut().zip(&header.dims).rev() {
            *position += 1;
            if *position < *dim {
                break;
            }
            *position = 0;
        }
    }
    out
}

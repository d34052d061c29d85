//! IDX, the form of MNIST: two zero bytes, a type, the number of dimensions, the dimensions, the values, big-endian
//! (Y. `LeCun`, "THE MNIST DATABASE", file formats).

use super::numbers::Numbers;
use super::raw::Number;

/// The recordings of a file whose first dimension counts them; the error completes the sentence "`file` …".
pub fn read(bytes: &[u8], dims: &[usize]) -> Result<Numbers, String> {
    let (found, values) = array(bytes)?;
    let wanted: Vec<usize> = dims.iter().copied().filter(|dim| *dim != 1).collect();
    let has: Vec<usize> = found.iter().skip(1).copied().filter(|dim| *dim != 1).collect();
    if has != wanted {
        return Err(format!("has recordings of {:?}, not {dims:?}", &found[1.min(found.len())..]));
    }
    Numbers::rows(values, dims.iter().product())
}

/// The values of a file as labels.
pub fn labels(bytes: &[u8]) -> Result<Vec<String>, String> {
    Ok(array(bytes)?.1.iter().map(ToString::to_string).collect())
}

fn array(bytes: &[u8]) -> Result<(Vec<usize>, Vec<f32>), String> {
    let number = match bytes {
        [0, 0, kind, ..] => match kind {
            8 => Number::Unsigned(8),
            9 => Number::Signed(8),
            0x0b => Number::Signed(16),
            0x0c => Number::Signed(32),
            0x0d => Number::Float(32),
            0x0e => Number::Float(64),
            other => return Err(format!("has values of the type {other:#04x}, which IDX doesn't know")),
        },
        [] => return Err("is empty".into()),
        _ => return Err("is no IDX file: it doesn't start with two zero bytes".into()),
    };
    let cut = || "is cut off within its header".to_string();
    let count = usize::from(*bytes.get(3).ok_or_else(cut)?);
    let heads = bytes.get(4..4 + 4 * count).ok_or_else(cut)?;
    let dims: Vec<usize> =
        heads.chunks_exact(4).map(|head| u32::from_be_bytes([head[0], head[1], head[2], head[3]]) as usize).collect();
    let body = &bytes[4 + 4 * count..];
    match dims.iter().try_fold(number.size(), |product, dim| product.checked_mul(*dim)) {
        Some(size) if size == body.len() && count > 0 => Ok((dims, number.read(body, true))),
        _ => Err(format!("says {dims:?}, which doesn't fit its {} bytes of values", body.len())),
    }
}

//! `TensorProto` to an array: raw or typed fields, packed nibbles unpacked, sizes checked before anything is allocated.

use crate::tensor::{DType, Literal, Scalar};

use super::proto::TensorProto;

/// Bytes of one constant.
const BYTES: usize = 1 << 30;

/// The element type behind ONNX's number (`TensorProto.DataType`); `Err` names one that C doesn't have.
///
/// # Errors
/// The name of the type.
pub fn dtype(kind: i64) -> Result<DType, String> {
    Ok(match kind {
        1 => DType::F32,
        2 => DType::U8,
        3 => DType::I8,
        4 => DType::U16,
        5 => DType::I16,
        6 => DType::I32,
        7 => DType::I64,
        9 => DType::Bool,
        10 => DType::F16,
        11 => DType::F64,
        12 => DType::U32,
        13 => DType::U64,
        16 => DType::BF16,
        17 => DType::F8E4M3FN,
        18 => DType::F8E4M3FNUZ,
        19 => DType::F8E5M2,
        20 => DType::F8E5M2FNUZ,
        21 => DType::U4,
        22 => DType::I4,
        23 => DType::F4E2M1,
        24 => DType::F8E8M0,
        25 => DType::U2,
        26 => DType::I2,
        8 => return Err("text".into()),
        14 | 15 => return Err("complex numbers".into()),
        0 => return Err("no element type".into()),
        other => return Err(format!("element type {other}")),
    })
}

/// The array of a tensor.
///
/// # Errors
/// What is wrong with it, in words that follow its name.
pub fn literal(proto: &TensorProto) -> Result<Literal, String> {
    if proto.external {
        return Err("has its data in another file; save the model with its data in one file".into());
    }
    let dtype = dtype(proto.kind).map_err(|kind| format!("holds {kind}"))?;
    let mut shape = Vec::new();
    let mut bytes = dtype.size();
    for dim in &proto.dims {
        let size = usize::try_from(*dim).map_err(|_| format!("has a dimension of {dim}"))?;
        bytes = bytes.checked_mul(size.max(1)).filter(|bytes| *bytes <= BYTES).ok_or("is larger than 1 GiB")?;
        shape.push(size);
    }
    let count: usize = shape.iter().product();
    let literal = match &proto.raw {
        Some(raw) => from_raw(dtype, &shape, count, raw),
        None => from_fields(proto, dtype, &shape, count),
    };
    literal.ok_or_else(|| format!("has a shape of {count} elements and data of another size"))
}

fn from_raw(dtype: DType, shape: &[usize], count: usize, raw: &[u8]) -> Option<Literal> {
    let bits = dtype.bits();
    let sound = match bits {
        1 => raw.len() == count,
        2 | 4 => raw.len() == (count * bits as usize).div_ceil(8),
        _ => raw.len() == count * dtype.size(),
    };
    let bytes = match bits {
        _ if !sound => return None,
        1 => raw.iter().map(|byte| u8::from(*byte != 0)).collect(),
        2 | 4 => (0..count).map(|position| nibble(dtype, raw, position)).collect(),
        _ => raw.to_vec(),
    };
    Some(Literal { dtype, shape: shape.to_vec(), bytes })
}

/// One of several elements in a byte, the first in the lowest bits; sign-extended to a byte.
fn nibble(dtype: DType, raw: &[u8], position: usize) -> u8 {
    let bits = dtype.bits() as usize;
    let per = 8 / bits;
    let code = (raw[position / per] >> (position % per * bits)) & ((1 << bits) - 1);
    if dtype.is_float() { code } else { dtype.wrap(i64::from(code)) as u8 }
}

fn from_fields(proto: &TensorProto, dtype: DType, shape: &[usize], count: usize) -> Option<Literal> {
    let bits = dtype.bits();
    let ints = |list: &[i64]| {
        (list.len() == count).then(|| Literal::of(dtype, shape, list.iter().map(|value| Scalar::Int(*value))))
    };
    match dtype {
        DType::F32 => (proto.floats.len() == count)
            .then(|| Literal::of(dtype, shape, proto.floats.iter().map(|value| Scalar::Float(f64::from(*value))))),
        DType::F64 => (proto.doubles.len() == count)
            .then(|| Literal::of(dtype, shape, proto.doubles.iter().map(|value| Scalar::Float(*value)))),
        DType::I64 => ints(&proto.longs),
        DType::U64 | DType::U32 => ints(&proto.unsigned),
        _ if bits == 2 || bits == 4 => {
            let raw: Vec<u8> = proto.ints.iter().map(|word| *word as u8).collect();
            from_raw(dtype, shape, count, &raw)
        }
        _ if dtype.format().is_some() => {
            let size = dtype.size();
            let bytes: Vec<u8> = proto.ints.iter().flat_map(|word| word.to_le_bytes()[..size].to_vec()).collect();
            (proto.ints.len() == count).then_some(Literal { dtype, shape: shape.to_vec(), bytes })
        }
        _ => ints(&proto.ints),
    }
}

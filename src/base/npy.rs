//! Arrays in `NumPy`'s `.npy` form, version 1.0 (numpy.lib.format), so that any tool opens our artifacts.

/// Array data by element type.
#[derive(Clone, PartialEq, Debug)]
pub enum Data {
    /// `<f4`
    F32(Vec<f32>),
    /// `|i1`
    I8(Vec<i8>),
    /// `|u1`
    U8(Vec<u8>),
    /// `<i4`
    I32(Vec<i32>),
}

/// An array in C order.
#[derive(Clone, PartialEq, Debug)]
pub struct Array {
    /// Dimensions, outermost first.
    pub dims: Vec<usize>,
    /// Elements in C order.
    pub data: Data,
}

impl Array {
    /// An array of `f32`.
    pub fn f32(dims: &[usize], data: Vec<f32>) -> Self {
        Self { dims: dims.to_vec(), data: Data::F32(data) }
    }

    /// An array of `i8`.
    pub fn i8(dims: &[usize], data: Vec<i8>) -> Self {
        Self { dims: dims.to_vec(), data: Data::I8(data) }
    }

    /// An array of `u8`.
    pub fn u8(dims: &[usize], data: Vec<u8>) -> Self {
        Self { dims: dims.to_vec(), data: Data::U8(data) }
    }

    /// An array of `i32`.
    pub fn i32(dims: &[usize], data: Vec<i32>) -> Self {
        Self { dims: dims.to_vec(), data: Data::I32(data) }
    }

    /// The elements, if they are `f32`.
    pub fn as_f32(&self) -> Option<&[f32]> {
        if let Data::F32(data) = &self.data { Some(data) } else { None }
    }

    /// The elements, if they are `i8`.
    pub fn as_i8(&self) -> Option<&[i8]> {
        if let Data::I8(data) = &self.data { Some(data) } else { None }
    }

    /// The elements, if they are `u8`.
    pub fn as_u8(&self) -> Option<&[u8]> {
        if let Data::U8(data) = &self.data { Some(data) } else { None }
    }

    /// The elements, if they are `i32`.
    pub fn as_i32(&self) -> Option<&[i32]> {
        if let Data::I32(data) = &self.data { Some(data) } else { None }
    }

    /// The file's bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let (descr, body): (&str, Vec<u8>) = match &self.data {
            Data::F32(data) => ("<f4", data.iter().flat_map(|x| x.to_le_bytes()).collect()),
            Data::I8(data) => ("|i1", data.iter().map(|x| *x as u8).collect()),
            Data::U8(data) => ("|u1", data.clone()),
            Data::I32(data) => ("<i4", data.iter().flat_map(|x| x.to_le_bytes()).collect()),
        };
        let comma = if self.dims.len() == 1 { "," } else { "" };
        let dims: Vec<String> = self.dims.iter().map(ToString::to_string).collect();
        let mut header =
            format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': ({}{comma}), }}", dims.join(", "));
        // The format asks for a header that ends in a newline and a multiple of 64 bytes.
        header.push_str(&" ".repeat((64 - (10 + header.len() + 1) % 64) % 64));
        header.push('\n');
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((header.len() as u16).to_le_bytes());
        bytes.extend(header.as_bytes());
        bytes.extend(body);
        bytes
    }

    /// Reads a file's bytes; `None` when it isn't a version 1 file of one of our element types.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        if bytes.get(..8)? != b"\x93NUMPY\x01\x00" {
            return None;
        }
        let length = usize::from(u16::from_le_bytes([*bytes.get(8)?, *bytes.get(9)?]));
        let header = std::str::from_utf8(bytes.get(10..10 + length)?).ok()?;
        let body = bytes.get(10 + length..)?;
        if header.contains("'fortran_order': True") {
            return None;
        }
        let after = |key: &str| header.split_once(key).map(|(_, rest)| rest);
        let descr = after("'descr': '")?.split('\'').next()?;
        let shape = after("'shape': (")?.split(')').next()?;
        let dims: Vec<usize> = shape
            .split(',')
            .map(str::trim)
            .filter(|dim| !dim.is_empty())
            .map(str::parse)
            .collect::<Result<_, _>>()
            .ok()?;
        let count = dims.iter().try_fold(1_usize, |product, dim| product.checked_mul(*dim))?;
        let data = decode(descr, body)?;
        let found = match &data {
            Data::F32(data) => data.len(),
            Data::I8(data) => data.len(),
            Data::U8(data) => data.len(),
            Data::I32(data) => data.len(),
        };
        (found == count).then_some(Self { dims, data })
    }
}

fn decode(descr: &str, body: &[u8]) -> Option<Data> {
    let words = || body.chunks_exact(4).map(|word| [word[0], word[1], word[2], word[3]]);
    Some(match descr {
        "<f4" if body.len().is_multiple_of(4) => Data::F32(words().map(f32::from_le_bytes).collect()),
        "<i4" if body.len().is_multiple_of(4) => Data::I32(words().map(i32::from_le_bytes).collect()),
        "|i1" => Data::I8(body.iter().map(|byte| *byte as i8).collect()),
        "|u1" => Data::U8(body.to_vec()),
        _ => return None,
    })
}

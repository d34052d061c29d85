//! Flatbuffers, read without generated code: every offset, length and field is checked before it is followed.
//!
//! The format (flatbuffers.dev, "Internals"): a table begins with the signed distance back to its vtable, which holds
//! its own size, the table's size, and for each field its place in the table or 0. Vectors, texts and tables within a
//! table are unsigned distances forward, so that no path through a file can run in a circle.

/// Why a file can't be read, as a sentence.
pub(super) type Damage = String;

/// A table within a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    at: usize,
    size: usize,
    vtable: &'a [u8],
}

/// A vector of fixed-size elements within a file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Vector<'a> {
    bytes: &'a [u8],
    start: usize,
    len: usize,
    width: usize,
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn u32_at(bytes: &[u8], at: usize) -> Result<usize, Damage> {
    let word = array(bytes, at).map(u32::from_le_bytes);
    word.map(|word| word as usize).ok_or_else(|| format!("it ends before byte {at}, where a length should be"))
}

/// Where the unsigned distance at `at` leads.
fn follow(bytes: &[u8], at: usize) -> Result<usize, Damage> {
    let distance = u32_at(bytes, at)?;
    let to = at.checked_add(distance).filter(|to| distance != 0 && *to < bytes.len());
    to.ok_or_else(|| format!("the offset at byte {at} leads outside the file"))
}

impl<'a> Table<'a> {
    /// The table that a file begins with.
    pub(super) fn root(bytes: &'a [u8]) -> Result<Self, Damage> {
        Self::at(bytes, follow(bytes, 0)?)
    }

    fn at(bytes: &'a [u8], at: usize) -> Result<Self, Damage> {
        let outside = || format!("the table at byte {at} has no sound layout");
        let back = array(bytes, at).map(i32::from_le_bytes).ok_or_else(outside)?;
        let start = usize::try_from(at as i64 - i64::from(back)).map_err(|_| outside())?;
        let half = |at: usize| array(bytes, at).map(u16::from_le_bytes).map(usize::from);
        let (vtable, size) = half(start).zip(half(start.saturating_add(2))).ok_or_else(outside)?;
        let fits = vtable >= 4 && size >= 4 && at.checked_add(size).is_some_and(|end| end <= bytes.len());
        let vtable = bytes.get(start..start.saturating_add(vtable)).filter(|_| fits).ok_or_else(outside)?;
        Ok(Self { bytes, at, size, vtable })
    }

    /// Where field `slot` of `width` bytes is, if the table has it.
    fn field(&self, slot: usize, width: usize) -> Result<Option<usize>, Damage> {
        let offset = array(self.vtable, 4 + 2 * slot).map_or(0, u16::from_le_bytes) as usize;
        if offset == 0 {
            return Ok(None);
        }
        if offset < 4 || offset + width > self.size {
            return Err(format!("field {slot} of the table at byte {} lies outside of it", self.at));
        }
        Ok(Some(self.at + offset))
    }

    fn scalar<const N: usize>(&self, slot: usize) -> Result<Option<[u8; N]>, Damage> {
        Ok(self.field(slot, N)?.and_then(|at| array(self.bytes, at)))
    }

    /// A byte, or `default`.
    pub(super) fn u8(&self, slot: usize, default: u8) -> Result<u8, Damage> {
        Ok(self.scalar(slot)?.map_or(default, u8::from_le_bytes))
    }

    /// A truth value; absent means false.
    pub(super) fn flag(&self, slot: usize) -> Result<bool, Damage> {
        Ok(self.u8(slot, 0)? != 0)
    }

    /// A signed byte, or `default`.
    pub(super) fn i8(&self, slot: usize, default: i8) -> Result<i8, Damage> {
        Ok(self.scalar(slot)?.map_or(default, i8::from_le_bytes))
    }

    /// A signed 32-bit number, or `default`.
    pub(super) fn i32(&self, slot: usize, default: i32) -> Result<i32, Damage> {
        Ok(self.scalar(slot)?.map_or(default, i32::from_le_bytes))
    }

    /// An unsigned 32-bit number, or `default`.
    pub(super) fn u32(&self, slot: usize, default: u32) -> Result<u32, Damage> {
        Ok(self.scalar(slot)?.map_or(default, u32::from_le_bytes))
    }

    /// An unsigned 64-bit number, or `default`.
    pub(super) fn u64(&self, slot: usize, default: u64) -> Result<u64, Damage> {
        Ok(self.scalar(slot)?.map_or(default, u64::from_le_bytes))
    }

    /// A float, or `default`.
    pub(super) fn f32(&self, slot: usize, default: f32) -> Result<f32, Damage> {
        Ok(self.scalar(slot)?.map_or(default, f32::from_le_bytes))
    }

    /// A table within.
    pub(super) fn table(&self, slot: usize) -> Result<Option<Self>, Damage> {
        let Some(at) = self.field(slot, 4)? else { return Ok(None) };
        Self::at(self.bytes, follow(self.bytes, at)?).map(Some)
    }

    /// A vector whose elements have `width` bytes; absent means empty.
    pub(super) fn vector(&self, slot: usize, width: usize) -> Result<Vector<'a>, Damage> {
        let Some(at) = self.field(slot, 4)? else {
            return Ok(Vector { bytes: self.bytes, start: 0, len: 0, width });
        };
        let at = follow(self.bytes, at)?;
        let len = u32_at(self.bytes, at)?;
        let end = len.checked_mul(width).and_then(|bytes| (at + 4).checked_add(bytes));
        if end.is_none_or(|end| end > self.bytes.len()) {
            return Err(format!("the vector at byte {at} is longer than the file"));
        }
        Ok(Vector { bytes: self.bytes, start: at + 4, len, width })
    }

    /// A text; absent means none.
    pub(super) fn text(&self, slot: usize) -> Result<Option<String>, Damage> {
        let present = self.field(slot, 4)?.is_some();
        let bytes = self.vector(slot, 1)?.bytes();
        // Names are for messages: control characters would garble a terminal, long ones bury what is said.
        let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(MOST_NAME)]);
        Ok(present.then(|| shown.chars().filter(|c| !c.is_control()).collect()))
    }
}

/// Bytes of a name that are kept.
const MOST_NAME: usize = 200;

impl<'a> Vector<'a> {
    /// Number of elements.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// All of it.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes.get(self.start..self.start + self.len * self.width).unwrap_or_default()
    }

    /// Signed 32-bit elements.
    pub(super) fn i32s(self) -> impl Iterator<Item = i32> + 'a {
        self.bytes().chunks_exact(4).map(|word| i32::from_le_bytes([word[0], word[1], word[2], word[3]]))
    }

    /// Float elements.
    pub(super) fn f32s(self) -> impl Iterator<Item = f32> + 'a {
        self.i32s().map(|bits| f32::from_bits(bits as u32))
    }

    /// Signed 64-bit elements.
    pub(super) fn i64s(self) -> impl Iterator<Item = i64> + 'a {
        let long = |bytes: &[u8]| array(bytes, 0).map_or(0, i64::from_le_bytes);
        self.bytes().chunks_exact(8).map(long)
    }

    /// Tables, for a vector of their offsets.
    pub(super) fn tables(self) -> impl Iterator<Item = Result<Table<'a>, Damage>> {
        (0..self.len).map(move |at| Table::at(self.bytes, follow(self.bytes, self.start + 4 * at)?))
    }
}

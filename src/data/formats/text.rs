//! Bytes to text: byte order marks, UTF-16, Latin-1, and files that aren't text at all.

/// A decoded text.
pub struct Decoded {
    /// The text, without a byte order mark.
    pub text: String,
    /// True when the bytes weren't UTF-8 and were read as Latin-1, which can't fail but may misread letters.
    pub latin1: bool,
}

/// First bytes of files that people take for text tables, with what to say.
const MAGIC: &[(&[u8], &str)] = &[
    (b"PK\x03\x04", "is a zip file, perhaps an Excel workbook; save it as CSV"),
    (b"\xd0\xcf\x11\xe0", "is an old Excel workbook; save it as CSV"),
    (b"PAR1", "is a Parquet file; convert it to CSV"),
    (b"\x93NUMPY", "is a NumPy array; read it with `npy(…)`"),
    (b"\x89HDF", "is an HDF5 file; convert it to CSV"),
    (b"RIFF", "is a RIFF file (WAV or AVI), not a table; sound is read with `wav(…)`"),
    (b"\x89PNG", "is a PNG image, not a table; images are read with `images(…)`"),
    (b"BZh", "is bzip2-compressed; unpack it first"),
    (b"\xfd7zXZ", "is xz-compressed; unpack it first"),
    (b"version https://git-lfs", "is a Git LFS pointer, not the data; run `git lfs pull`"),
    (b"<!DOCTYPE", "is a web page, not a table; was the download refused?"),
    (b"<html", "is a web page, not a table; was the download refused?"),
];

/// Decodes a text file; the error completes the sentence "`file` …".
pub fn decode(bytes: Vec<u8>) -> Result<Decoded, String> {
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err((*what).into());
    }
    match bytes.as_slice() {
        [0xff, 0xfe, rest @ ..] => return utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => return utf16(rest, u16::from_be_bytes),
        _ if bytes.contains(&0) => return Err("isn't text: it has zero bytes".into()),
        _ => {}
    }
    let (mut text, latin1) = match String::from_utf8(bytes) {
        Ok(text) => (text, false),
        Err(error) => (error.as_bytes().iter().map(|byte| char::from(*byte)).collect(), true),
    };
    if text.starts_with('\u{feff}') {
        text.drain(..'\u{feff}'.len_utf8());
    }
    Ok(Decoded { text, latin1 })
}

/// Excel's "Unicode text" is UTF-16 with tabs.
fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Result<Decoded, String> {
    let units: Vec<u16> = bytes.chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
    let text = String::from_utf16(&units).map_err(|_| "starts as UTF-16, but isn't".to_string())?;
    Ok(Decoded { text, latin1: false })
}

//! Gzip (RFC 1952) around any format.

use std::io::Read;

use flate2::read::MultiGzDecoder;

/// More bytes than a file of data may have once it is unpacked.
pub const MOST: u64 = 1 << 31;

/// True for bytes with gzip around them.
pub fn is_packed(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x1f\x8b")
}

/// The bytes without gzip around them, or as they are; the error completes the sentence "`file` …".
pub fn unpack(bytes: Vec<u8>) -> Result<Vec<u8>, String> {
    if !is_packed(&bytes) {
        return Ok(bytes);
    }
    let mut plain = Vec::new();
    match MultiGzDecoder::new(bytes.as_slice()).take(MOST + 1).read_to_end(&mut plain) {
        Ok(_) if plain.len() as u64 > MOST => Err(format!("is more than {} MiB once gzip is taken off", MOST >> 20)),
        Ok(_) => Ok(plain),
        Err(error) => Err(format!("is damaged gzip: {error}")),
    }
}

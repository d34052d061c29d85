//! BMP: uncompressed, 1, 4, 8 (with a palette), 24 and 32 bits a pixel (Microsoft, "Bitmap storage").

use super::image::sound;
use super::pixels::Pixels;

/// The pixels of a file; the error completes the sentence "`file` …".
pub fn read(bytes: &[u8]) -> Result<Pixels, String> {
    let cut = || "is a BMP that is cut off".to_string();
    let word = |at: usize| bytes.get(at..at + 4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]));
    let half = |at: usize| bytes.get(at..at + 2).map(|half| u16::from_le_bytes([half[0], half[1]]));
    let start = word(10).ok_or_else(cut)? as usize;
    let header = word(14).ok_or_else(cut)? as usize;
    if header < 40 {
        return Err("is a BMP of OS/2, which isn't read; convert it to PNG".into());
    }
    let (wide, tall) = (word(18).ok_or_else(cut)? as i32, word(22).ok_or_else(cut)? as i32);
    let (bits, compression) = (half(28).ok_or_else(cut)?, word(30).ok_or_else(cut)?);
    let (width, height) = (wide.unsigned_abs() as usize, tall.unsigned_abs() as usize);
    sound(height, width)?;
    // Bit fields (3) of 32 bits are nearly always blue, green, red, unused.
    if !(compression == 0 || (compression == 3 && bits == 32)) || !matches!(bits, 1 | 4 | 8 | 24 | 32) {
        return Err(format!("is a BMP of {bits} bits, compression {compression}, which isn't read; convert it to PNG"));
    }
    let bits = usize::from(bits);
    let stride = (width * bits).div_ceil(32) * 4;
    let body = bytes.get(start..).filter(|body| body.len() >= stride * height).ok_or_else(cut)?;
    let palette = bytes.get(14 + header..).unwrap_or_default();
    let mut values = Vec::with_capacity(height * width * 3);
    for row in 0..height {
        // Rows go up, unless the height is negative.
        let line = &body[stride * if tall < 0 { row } else { height - 1 - row }..][..stride];
        for column in 0..width {
            let colour = if bits >= 24 {
                &line[column * bits / 8..]
            } else {
                let byte = line[column * bits / 8];
                let index = byte as usize >> (8 - bits - column * bits % 8) & ((1 << bits) - 1);
                palette.get(4 * index..4 * index + 4).ok_or_else(cut)?
            };
            values.extend([colour[2], colour[1], colour[0]]);
        }
    }
    Ok(Pixels { height, width, channels: 3, values })
}

//! PBM, PGM and PPM, as text (P1 to P3) and binary (P4 to P6), up to 16 bits (netpbm.sourceforge.net/doc).

use super::image::sound;
use super::pixels::Pixels;

/// The pixels of a file; the error completes the sentence "`file` …".
pub fn read(bytes: &[u8]) -> Result<Pixels, String> {
    let kind = bytes[1] - b'0';
    let mut at = 2;
    let width = number(bytes, &mut at)?;
    let height = number(bytes, &mut at)?;
    sound(height, width)?;
    let bitmap = matches!(kind, 1 | 4);
    let largest = if bitmap { 1 } else { number(bytes, &mut at)? };
    if largest == 0 || largest > 65_535 {
        return Err(format!("says a largest value of {largest}"));
    }
    let channels = if matches!(kind, 3 | 6) { 3 } else { 1 };
    let count = height * width * channels;
    let scaled = |value: usize| ((value.min(largest) * 255 + largest / 2) / largest) as u8;
    let values: Vec<u8> = if kind == 1 {
        let digits = bytes[at..].iter().filter(|byte| matches!(byte, b'0' | b'1'));
        digits.take(count).map(|byte| if *byte == b'1' { 0 } else { 255 }).collect()
    } else if kind <= 3 {
        (0..count).map_while(|_| number(bytes, &mut at).ok()).map(scaled).collect()
    } else {
        // One white space stands between the header and the values.
        let body = bytes.get(at + 1..).unwrap_or_default();
        match (bitmap, largest > 255) {
            (true, _) => {
                let bit = |row: usize, column: usize| {
                    body.get(row * width.div_ceil(8) + column / 8).map(|byte| byte >> (7 - column % 8) & 1)
                };
                (0..count)
                    .map_while(|index| bit(index / width, index % width))
                    .map(|bit| if bit == 1 { 0 } else { 255 })
                    .collect()
            }
            (_, true) => body
                .chunks_exact(2)
                .take(count)
                .map(|two| scaled(usize::from(two[0]) << 8 | usize::from(two[1])))
                .collect(),
            _ => body.iter().take(count).map(|byte| scaled(usize::from(*byte))).collect(),
        }
    };
    if values.len() < count {
        return Err(format!("is cut off: it has {} of {count} values", values.len()));
    }
    Ok(Pixels { height, width, channels, values })
}

/// The next number; `#` starts a comment.
fn number(bytes: &[u8], at: &mut usize) -> Result<usize, String> {
    loop {
        match bytes.get(*at) {
            Some(b'#') => *at += bytes[*at..].iter().take_while(|byte| **byte != b'\n').count(),
            Some(byte) if byte.is_ascii_whitespace() => *at += 1,
            Some(byte) if byte.is_ascii_digit() => break,
            _ => return Err("has a header that can't be read".into()),
        }
    }
    let digits: &[u8] = &bytes[*at..];
    let digits = &digits[..digits.iter().take_while(|byte| byte.is_ascii_digit()).count().min(9)];
    *at += digits.len();
    Ok(digits.iter().fold(0, |number, digit| 10 * number + usize::from(digit - b'0')))
}

//! The second-stage bootloader of RP2040: its words as a board's file lists them, and the checksum that the boot ROM wants.

use serde::Deserialize;

/// Fills the code up to 63 words and appends their checksum.
pub(super) fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<u32>, D::Error> {
    let mut words = Vec::<u32>::deserialize(deserializer)?;
    if words.len() > 63 {
        return Err(serde::de::Error::custom("a second-stage bootloader has at most 63 words"));
    }
    words.resize(63, 0);
    let bytes: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    words.push(checksum(&bytes));
    Ok(words)
}

/// CRC-32 as the boot ROM of RP2040 computes it: polynomial 0x04c11db7, seed all ones, not reflected, not inverted
/// (RP2040 data sheet 2.8.1.3.1).
pub fn checksum(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ (u32::from(*byte) << 24),
            |sum, _| {
                if sum >> 31 == 1 { sum << 1 ^ 0x04c1_1db7 } else { sum << 1 }
            },
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_crc32_mpeg2() {
        assert_eq!(checksum(b"123456789"), 0x0376_e6e7);
    }
}

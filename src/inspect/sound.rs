//! WAV files by their headers: rate, channels, length.

/// What a header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Sound {
    pub(super) rate: u32,
    pub(super) channels: u16,
    pub(super) samples: u64,
}

/// Reads the chunks at the front of a file of `size` bytes (Microsoft and IBM, "Multimedia Programming Interface and Data
/// Specifications 1.0", 1991).
pub(super) fn read(head: &[u8], size: u64) -> Option<Sound> {
    let u16_at = |at: usize| Some(u16::from_le_bytes(head.get(at..at + 2)?.try_into().ok()?));
    let u32_at = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let (mut at, mut format) = (12, None);
    while let (Some(name), Some(length)) = (head.get(at..at + 4), u32_at(at + 4)) {
        match name {
            b"fmt " => format = Some((u16_at(at + 10)?, u32_at(at + 12)?, u16_at(at + 20)?)),
            b"data" => {
                let (channels, rate, frame) = format?;
                // Recorders that were cut off leave the length 0, or all ones.
                let bytes = u64::from(length).min(size.saturating_sub(at as u64 + 8));
                return Some(Sound { rate, channels, samples: bytes / u64::from(frame.max(1)) });
            }
            _ => {}
        }
        at = at.checked_add(8)?.checked_add(length as usize)?.checked_add(length as usize % 2)?;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_read_to_their_data() {
        let mut head = b"RIFF\0\0\0\0WAVELIST\x03\0\0\0abc\0fmt \x10\0\0\0\x01\0\x01\0".to_vec();
        head.extend(16_000_u32.to_le_bytes());
        head.extend(32_000_u32.to_le_bytes());
        head.extend([2, 0, 16, 0]);
        head.extend(b"data");
        head.extend(32_000_u32.to_le_bytes());
        assert_eq!(read(&head, 40_000), Some(Sound { rate: 16_000, channels: 1, samples: 16_000 }));
        assert_eq!(read(&head[..30], 40_000), None);
        assert_eq!(read(b"RIFF", 4), None);
    }
}

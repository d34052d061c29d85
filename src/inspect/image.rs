//! Images by their headers: height, width, colours.

/// What a header says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Image {
    pub(super) height: u32,
    pub(super) width: u32,
    pub(super) grey: bool,
}

/// Reads a PNG, JPEG, BMP, PGM or PPM header.
pub(super) fn read(head: &[u8]) -> Option<Image> {
    if head.starts_with(b"\x89PNG") {
        // RFC 2083, 4.1.1: colour types 0 and 4 are grey.
        let grey = matches!(head.get(25)?, 0 | 4);
        return Some(Image { width: big(head, 16, 4)?, height: big(head, 20, 4)?, grey });
    }
    if head.starts_with(b"\xff\xd8") {
        return jpeg(head);
    }
    if head.starts_with(b"BM") {
        let int = |at: usize| Some(i32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?).unsigned_abs());
        return Some(Image { width: int(18)?, height: int(22)?, grey: false });
    }
    let text: Vec<&[u8]> = head.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()).take(3).collect();
    let grey = matches!(*text.first()?, b"P2" | b"P5");
    let number = |at: usize| std::str::from_utf8(text.get(at)?).ok()?.parse().ok();
    head.starts_with(b"P").then_some(())?;
    Some(Image { width: number(1)?, height: number(2)?, grey })
}

fn big(head: &[u8], at: usize, bytes: usize) -> Option<u32> {
    Some(head.get(at..at + bytes)?.iter().fold(0, |value, byte| value << 8 | u32::from(*byte)))
}

/// Looks for the frame header (ITU-T T.81, B.2.2).
fn jpeg(head: &[u8]) -> Option<Image> {
    let mut at = 2;
    while *head.get(at)? == 0xff {
        let marker = *head.get(at + 1)?;
        if matches!(marker, 0xc0..=0xcf) && !matches!(marker, 0xc4 | 0xc8 | 0xcc) {
            let grey = *head.get(at + 9)? == 1;
            return Some(Image { height: big(head, at + 5, 2)?, width: big(head, at + 7, 2)?, grey });
        }
        at += 2 + big(head, at + 2, 2)? as usize;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_stand_in_headers() {
        let mut png = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x1c\0\0\0\x20\x08\0\0\0\0".to_vec();
        assert_eq!(read(&png), Some(Image { height: 32, width: 28, grey: true }));
        png[25] = 2;
        assert_eq!(read(&png).map(|image| image.grey), Some(false));
        assert_eq!(read(b"P6 640 480 255\n"), Some(Image { height: 480, width: 640, grey: false }));
        let jpeg = b"\xff\xd8\xff\xe0\0\x04ab\xff\xc0\0\x0b\x08\0\x60\0\x40\x01";
        assert_eq!(read(jpeg), Some(Image { height: 96, width: 64, grey: true }));
        for cut in 0..jpeg.len() - 1 {
            let _ = read(&jpeg[..cut]);
        }
    }
}

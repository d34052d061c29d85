//! Images as values from 0 to 255, rows of pixels of channels: PNG and JPEG by their libraries, BMP and PNM by us.

use std::io::Cursor;

use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::numbers::Numbers;
use super::pixels::{Fit, Pixels};
use super::{bmp, pnm};

/// How images are read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Images {
    /// Rows of pixels that come out.
    pub height: usize,
    /// Pixels of a row.
    pub width: usize,
    /// Red, green and blue, not grey.
    pub colour: bool,
    /// What becomes of other sizes.
    pub fit: Fit,
}

/// Pixels on a side, and all together: a hostile header must not take all memory.
const MOST_SIDE: usize = 1 << 15;
const MOST_PIXELS: usize = 1 << 26;

/// First bytes of images that aren't read, with their names.
const OTHERS: &[(&[u8], &str)] = &[
    (b"GIF8", "GIF"),
    (b"II*\0", "TIFF"),
    (b"MM\0*", "TIFF"),
    (b"\0\0\x01\0", "ICO"),
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL", "JPEG XL"),
    (b"8BPS", "Photoshop"),
    (b"%PDF", "PDF"),
    (b"<svg", "SVG"),
];

/// `f32[height, width, 1 or 3]`; the error completes the sentence "`file` …".
pub fn read(bytes: &[u8], images: &Images) -> Result<Numbers, String> {
    let pixels = decode(bytes)?;
    let pixels = if images.colour { pixels.colour() } else { pixels.grey() };
    pixels.fit((images.height, images.width), images.fit).map(Numbers::one)
}

fn decode(bytes: &[u8]) -> Result<Pixels, String> {
    match bytes {
        [] => Err("is empty".into()),
        [0x89, b'P', b'N', b'G', ..] => png(bytes),
        [0xff, 0xd8, 0xff, ..] => jpeg(bytes),
        [b'B', b'M', ..] => bmp::read(bytes),
        [b'P', b'1'..=b'6', ..] => pnm::read(bytes),
        _ => Err(match OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
            Some((_, name)) => format!("is {name}, which isn't read; convert it to PNG"),
            None if bytes.get(8..12) == Some(b"WEBP") => "is WebP, which isn't read; convert it to PNG".into(),
            None if bytes.get(4..8) == Some(b"ftyp") => "is HEIF or AVIF, which isn't read; convert it to PNG".into(),
            None => "is no image: neither PNG, JPEG, BMP, PGM nor PPM".into(),
        }),
    }
}

/// Refuses sizes that can't be meant.
pub(super) fn sound(height: usize, width: usize) -> Result<(), String> {
    let fits = height > 0 && width > 0 && height <= MOST_SIDE && width <= MOST_SIDE && height * width <= MOST_PIXELS;
    if fits { Ok(()) } else { Err(format!("says {width} by {height} pixels, which isn't read")) }
}

fn png(bytes: &[u8]) -> Result<Pixels, String> {
    let damaged = |error: png::DecodingError| format!("is a damaged PNG: {error}");
    let limits = png::Limits { bytes: 8 * MOST_PIXELS };
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), limits);
    decoder.set_transformations(png::Transformations::EXPAND | png::Transformations::STRIP_16);
    let mut reader = decoder.read_info().map_err(damaged)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    sound(height, width)?;
    let mut values = vec![0; reader.output_buffer_size().ok_or("is too large a PNG")?];
    let frame = reader.next_frame(&mut values).map_err(damaged)?;
    let channels = match frame.color_type {
        png::ColorType::Grayscale => 1,
        png::ColorType::GrayscaleAlpha => 2,
        png::ColorType::Rgb => 3,
        png::ColorType::Rgba => 4,
        png::ColorType::Indexed => return Err("is a damaged PNG: it has no palette".into()),
    };
    values.truncate(height * width * channels);
    Ok(Pixels { height, width, channels, values })
}

fn jpeg(bytes: &[u8]) -> Result<Pixels, String> {
    let damaged = |error: zune_jpeg::errors::DecodeErrors| format!("is a damaged JPEG: {error}");
    let options = DecoderOptions::default()
        .set_max_width(MOST_SIDE)
        .set_max_height(MOST_SIDE)
        // Plain Rust on every host: the same bits.
        .set_use_unsafe(false)
        .jpeg_set_out_colorspace(ColorSpace::RGB);
    let mut decoder = JpegDecoder::new_with_options(Cursor::new(bytes), options);
    decoder.decode_headers().map_err(damaged)?;
    let (width, height) = decoder.dimensions().ok_or("is a damaged JPEG: it has no size")?;
    sound(height, width)?;
    let grey = decoder.input_colorspace() == Some(ColorSpace::Luma);
    if grey {
        decoder.set_options(options.jpeg_set_out_colorspace(ColorSpace::Luma));
    }
    let values = decoder.decode().map_err(damaged)?;
    let channels = if grey { 1 } else { 3 };
    if values.len() != height * width * channels {
        return Err("is a damaged JPEG: it has too few pixels".into());
    }
    Ok(Pixels { height, width, channels, values })
}

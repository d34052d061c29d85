//! The formats of numbers: what each gives, and what is said of files that aren't what they should be.

use std::io::Write;

use tinyml::data::formats::gzip;
use tinyml::data::formats::image::{self, Images};
use tinyml::data::formats::pixels::Fit;
use tinyml::data::formats::raw::{self, Number, Raw};
use tinyml::data::formats::resample::resample;
use tinyml::data::formats::wav::{self, Wav};
use tinyml::data::formats::{idx, json, npy, npz};

macro_rules! file {
    ($name:literal) => {
        include_bytes!(concat!("files/", $name)).as_slice()
    };
}

/// A WAV file: format tag, bits, channels, rate, the bytes of its samples.
fn sound(tag: u16, bits: u16, channels: u16, rate: u32, data: &[u8]) -> Vec<u8> {
    let mut format = Vec::new();
    let block = channels * bits / 8;
    format.extend((if tag == 0 { 0xfffe } else { tag }).to_le_bytes());
    format.extend(channels.to_le_bytes());
    format.extend(rate.to_le_bytes());
    format.extend((rate * u32::from(block)).to_le_bytes());
    format.extend(block.to_le_bytes());
    format.extend(bits.to_le_bytes());
    if tag == 0 {
        // Extensible: 22 more bytes, of which the sub-format starts with 1, PCM.
        format.extend([22, 0, bits as u8, 0, 3, 0, 0, 0, 1, 0, 0, 0, 0, 0, 16, 0, 128, 0, 0, 170, 0, 56, 155, 113]);
    }
    let mut bytes = b"RIFF\0\0\0\0WAVE".to_vec();
    // An odd chunk that nobody knows, with its padding.
    for (name, body) in [(b"fmt ", format.as_slice()), (b"LIST", b"abc".as_slice()), (b"data", data)] {
        bytes.extend(name);
        bytes.extend((body.len() as u32).to_le_bytes());
        bytes.extend(body);
        bytes.extend(vec![0; body.len() % 2]);
    }
    bytes
}

fn mono(rate: u32) -> Wav {
    Wav { rate, resample: false, channels: 1, downmix: false }
}

#[test]
fn samples_of_every_width_mean_the_same() {
    let half = [0.0, 0.5, -1.0, -0.5];
    let bytes = |of: &dyn Fn(f64) -> Vec<u8>| half.iter().flat_map(|value| of(*value)).collect::<Vec<u8>>();
    let forms: [(u16, u16, Vec<u8>); 7] = [
        (1, 8, bytes(&|value| vec![(128.0 + 128.0 * value) as u8])),
        (1, 16, bytes(&|value| ((32768.0 * value) as i16).to_le_bytes().into())),
        (1, 24, bytes(&|value| ((8_388_608.0 * value) as i32).to_le_bytes()[..3].into())),
        (1, 32, bytes(&|value| ((2_147_483_648.0 * value) as i32).to_le_bytes().into())),
        (0, 24, bytes(&|value| ((8_388_608.0 * value) as i32).to_le_bytes()[..3].into())),
        (3, 32, bytes(&|value| (value as f32).to_le_bytes().into())),
        (3, 64, bytes(&|value| value.to_le_bytes().into())),
    ];
    for (tag, bits, data) in forms {
        let read = wav::read(&sound(tag, bits, 1, 16_000, &data), &mono(16_000));
        assert_eq!(read.unwrap().x, [0.0, 0.5, -1.0, -0.5], "{tag} {bits}");
    }
}

#[test]
fn channels_are_averaged_only_on_request() {
    let data: Vec<u8> = [16384_i16, -16384, 8192, 8192].iter().flat_map(|value| value.to_le_bytes()).collect();
    let stereo = sound(1, 16, 2, 16_000, &data);
    let said = wav::read(&stereo, &mono(16_000)).unwrap_err();
    assert!(said.contains("has 2 channels, not 1; `downmix = yes`"), "{said}");
    assert_eq!(wav::read(&stereo, &Wav { downmix: true, ..mono(16_000) }).unwrap().x, [0.0, 0.25]);
    assert_eq!(wav::read(&stereo, &Wav { channels: 2, ..mono(16_000) }).unwrap().x, [0.5, -0.5, 0.25, 0.25]);
}

#[test]
fn other_sound_files_are_refused_by_name() {
    for (bytes, words) in [
        (b"fLaC\0\0\0\x22".to_vec(), "is FLAC"),
        (b"OggS\0\x02".to_vec(), "is Ogg"),
        (b"ID3\x04\0".to_vec(), "is MP3"),
        (b"\0\0\0\x1cftypM4A ".to_vec(), "is MP4"),
        (Vec::new(), "is empty"),
        (b"RIFF\0\0\0\0AVI LIST".to_vec(), "is no WAV file"),
        (sound(1, 12, 1, 16_000, &[0; 12]), "samples of 12 bits"),
        (sound(6, 8, 1, 8000, &[0; 12]), "A-law"),
        (sound(1, 16, 0, 16_000, &[]), "0 channels"),
        (sound(1, 16, 1, 16_000, &[]), "has no samples"),
        (sound(1, 16, 1, 44_100, &[0; 12]), "has 44100 Hz, not 16000; `resample = yes`"),
        (b"RIFF\0\0\0\0WAVEfmt ".to_vec(), "no samples"),
    ] {
        let said = wav::read(&bytes, &mono(16_000)).unwrap_err();
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn sizes_in_headers_are_not_believed() {
    let mut bytes = sound(1, 16, 1, 16_000, &[1, 0, 2, 0, 3, 0]);
    let size = bytes.len() - 10;
    bytes[size..size + 4].copy_from_slice(&100_u32.to_le_bytes());
    assert!(wav::read(&bytes, &mono(16_000)).unwrap_err().contains("is cut off: its header says 100 bytes"));
    for streamed in [0_u32, u32::MAX] {
        bytes[size..size + 4].copy_from_slice(&streamed.to_le_bytes());
        assert_eq!(wav::read(&bytes, &mono(16_000)).unwrap().x.len(), 3);
    }
    let whole = sound(1, 16, 1, 16_000, &[1, 0, 2, 0, 3, 0]);
    for end in 0..whole.len() {
        let _ = wav::read(&whole[..end], &mono(16_000));
    }
}

#[test]
fn resampling_keeps_tones_and_removes_what_does_not_fit() {
    let tone = |rate: f64, hertz: f64, count: usize| -> Vec<f32> {
        let angle = |at: usize| std::f64::consts::TAU * hertz * at as f64 / rate;
        (0..count).map(|at| tinyml::base::math::cos64(angle(at)) as f32).collect()
    };
    for (from, to) in [(44_100, 16_000), (48_000, 16_000), (8000, 16_000), (16_000, 11_025), (22_050, 44_100)] {
        let made = resample(tone(f64::from(from), 1000.0, from as usize), 1, (from, to));
        let wanted = tone(f64::from(to), 1000.0, made.len());
        assert_eq!(made.len(), to as usize, "{from} to {to}");
        // The ends hear the silence outside.
        let inner = 400..made.len() - 400;
        let worst = inner.map(|at| (made[at] - wanted[at]).abs()).fold(0.0, f32::max);
        assert!(worst < 2e-3, "{from} to {to}: {worst}");
    }
    let high = resample(tone(44_100.0, 12_000.0, 44_100), 1, (44_100, 16_000));
    let worst = high[400..15_600].iter().fold(0.0_f32, |most, value| most.max(value.abs()));
    assert!(worst < 1e-3, "12 kHz doesn't fit into 16 kHz: {worst}");
    let stereo: Vec<f32> = tone(16_000.0, 500.0, 1600).into_iter().flat_map(|value| [value, -value]).collect();
    let made = resample(stereo, 2, (16_000, 8000));
    assert!(made.chunks_exact(2).all(|pair| pair[0].to_bits() == (-pair[1]).to_bits() || pair[0] == -pair[1]));
}

fn images(height: usize, width: usize, colour: bool, fit: Fit) -> Images {
    Images { height, width, colour, fit }
}

fn png(width: u32, height: u32, kind: png::ColorType, depth: png::BitDepth, data: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(kind);
    encoder.set_depth(depth);
    if kind == png::ColorType::Indexed {
        encoder.set_palette(vec![0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]);
    }
    let mut writer = encoder.write_header().unwrap();
    writer.write_image_data(data).unwrap();
    writer.finish().unwrap();
    bytes
}

#[test]
fn png_of_every_kind() {
    use png::{BitDepth, ColorType};
    let two = images(1, 2, false, Fit::Refuse);
    let read = |bytes: &[u8], how: &Images| image::read(bytes, how).unwrap().x;
    assert_eq!(read(&png(2, 1, ColorType::Grayscale, BitDepth::Eight, &[7, 255]), &two), [7.0, 255.0]);
    assert_eq!(read(&png(2, 1, ColorType::Grayscale, BitDepth::One, &[0b0100_0000]), &two), [0.0, 255.0]);
    assert_eq!(read(&png(2, 1, ColorType::Grayscale, BitDepth::Sixteen, &[7, 0, 255, 255]), &two), [7.0, 255.0]);
    assert_eq!(read(&png(2, 1, ColorType::GrayscaleAlpha, BitDepth::Eight, &[200, 255, 200, 0]), &two), [200.0, 0.0]);
    let colours = images(1, 2, true, Fit::Refuse);
    assert_eq!(
        read(&png(2, 1, ColorType::Indexed, BitDepth::Two, &[0b0110_0000]), &colours),
        [255., 0., 0., 0., 255., 0.]
    );
    assert_eq!(
        read(&png(2, 1, ColorType::Rgb, BitDepth::Eight, &[1, 2, 3, 4, 5, 6]), &colours),
        [1., 2., 3., 4., 5., 6.]
    );
    assert_eq!(
        read(&png(1, 1, ColorType::Rgb, BitDepth::Eight, &[255, 0, 0]), &images(1, 1, false, Fit::Refuse)),
        [76.0]
    );
}

#[test]
fn jpeg_bmp_and_pnm() {
    let near = |bytes: &[u8], how: &Images, at: usize, wanted: f32| {
        let x = image::read(bytes, how).unwrap().x;
        assert!((x[at] - wanted).abs() <= 4.0, "{at}: {} instead of {wanted}", x[at]);
    };
    let grey = images(16, 16, false, Fit::Refuse);
    near(file!("grey.jpg"), &grey, 0, 0.0);
    near(file!("grey.jpg"), &grey, 255, 255.0);
    near(file!("palette.bmp"), &grey, 17, 17.0);
    let colour = images(16, 24, true, Fit::Refuse);
    for bytes in [file!("colour.jpg"), file!("colour.bmp"), file!("colour.ppm")] {
        near(bytes, &colour, 0, 200.0);
        near(bytes, &colour, 3 * 11 + 1, 150.0);
        near(bytes, &colour, 3 * (24 * 15 + 23) + 2, 100.0);
    }
    assert_eq!(
        image::read(b"P2 # comment\n2 1\n15\n0 15\n", &images(1, 2, false, Fit::Refuse)).unwrap().x,
        [0.0, 255.0]
    );
    assert_eq!(image::read(b"P5 2 1 255\n\x07\xff", &images(1, 2, false, Fit::Refuse)).unwrap().x, [7.0, 255.0]);
}

#[test]
fn images_are_scaled_only_on_request() {
    let bytes = b"P2 4 2 255\n0 0 100 100\n0 0 100 100\n";
    let said = image::read(bytes, &images(2, 2, false, Fit::Refuse)).unwrap_err();
    assert!(said.contains("has 2 rows of 4 pixels, not 2 of 2; `fit = resize`"), "{said}");
    assert_eq!(image::read(bytes, &images(1, 2, false, Fit::Resize)).unwrap().x, [0.0, 100.0]);
    assert_eq!(image::read(bytes, &images(1, 1, false, Fit::Resize)).unwrap().x, [50.0]);
    assert_eq!(image::read(bytes, &images(2, 2, false, Fit::Crop)).unwrap().x, [0.0, 100.0, 0.0, 100.0]);
    assert_eq!(image::read(bytes, &images(4, 8, false, Fit::Resize)).unwrap().x.len(), 32);
    let wide = image::read(b"P2 2 1 255\n0 100\n", &images(1, 4, false, Fit::Resize)).unwrap().x;
    assert_eq!(wide, [0.0, 25.0, 75.0, 100.0]);
}

#[test]
fn damaged_images_are_refused_in_bounded_memory() {
    let how = images(16, 16, false, Fit::Resize);
    for whole in [file!("grey.jpg"), file!("colour.bmp"), file!("colour.ppm"), file!("palette.bmp")] {
        for end in 0..whole.len() {
            let _ = image::read(&whole[..end], &how);
        }
    }
    let mut huge = png(2, 1, png::ColorType::Grayscale, png::BitDepth::Eight, &[1, 2]);
    huge[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    assert!(image::read(&huge, &how).is_err());
    for (bytes, words) in [
        (b"GIF89a".as_slice(), "is GIF"),
        (b"RIFF\0\0\0\0WEBPVP8 ", "is WebP"),
        (b"", "is empty"),
        (b"P5 999999 999999 255\n", "999999 by 999999"),
        (b"hello", "is no image"),
    ] {
        let said = image::read(bytes, &how).unwrap_err();
        assert!(said.contains(words), "{said}");
    }
}

#[test]
fn arrays_of_numpy() {
    let x: Vec<f32> = (0..24).map(|value| value as f32 / 4.0).collect();
    let packed = npz::member(file!("packed.npz"), "x").unwrap();
    assert_eq!(npy::read(&packed, &[4, 2]).unwrap().x, x);
    assert_eq!(npy::read(&packed, &[8]).unwrap().ends, [8, 16, 24]);
    assert_eq!(npy::read(&packed, &[4, 2, 1]).unwrap().x, x);
    assert_eq!(npy::read(&npz::member(file!("packed.npz"), "h").unwrap(), &[4, 2]).unwrap().x, x);
    assert_eq!(npy::labels(&npz::member(file!("packed.npz"), "y").unwrap()).unwrap(), ["a", "b", "a"]);
    assert_eq!(npy::labels(&npz::member(file!("plain.npz"), "y").unwrap()).unwrap(), ["0", "1", "0"]);
    assert_eq!(npy::read(file!("fortran.npy"), &[4, 2]).unwrap().x, x);
    assert_eq!(npy::labels(file!("onehot.npy")).unwrap(), ["0", "1", "0"]);
    assert_eq!(npy::labels(file!("bytes.npy")).unwrap(), ["a", "b", "a"]);
    assert!(npz::member(file!("packed.npz"), "z").unwrap_err().contains("has no array `z`; it has `x`, `y`, `h`"));
    assert!(npy::read(&packed, &[3, 2]).unwrap_err().contains("has the shape [3, 4, 2], but recordings are [3, 2]"));
    for whole in [file!("packed.npz"), file!("plain.npz"), file!("fortran.npy")] {
        for end in 0..whole.len() {
            let _ = npz::member(&whole[..end], "x").map(|bytes| npy::read(&bytes, &[4, 2]));
            let _ = npy::read(&whole[..end], &[4, 2]);
        }
    }
}

#[test]
fn raw_numbers_idx_and_gzip() {
    let raw = Raw { element: Number::Signed(8), offset: 1, width: 2, scale: 0.5, zero: 1.0 };
    assert_eq!(raw::read(&[99, 1, 3, 255, 5], &raw).unwrap().x, [0.0, 1.0, -1.0, 2.0]);
    assert!(raw::read(&[99, 1, 3, 255], &raw).unwrap_err().contains("has 3 bytes behind the first 1"));
    assert!(raw::read(&[], &raw).is_err());
    let idx_bytes = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 9, 8, 7, 6];
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    packed.write_all(&idx_bytes).unwrap();
    let plain = gzip::unpack(packed.finish().unwrap()).unwrap();
    let read = idx::read(&plain, &[1, 2, 1]).unwrap();
    assert_eq!((read.x, read.ends), (vec![9.0, 8.0, 7.0, 6.0], vec![2, 4]));
    assert!(idx::read(&plain, &[28, 28]).unwrap_err().contains("has recordings of [1, 2], not [28, 28]"));
    assert_eq!(idx::labels(&[0, 0, 8, 1, 0, 0, 0, 2, 5, 0]).unwrap(), ["5", "0"]);
    for end in 0..idx_bytes.len() {
        assert!(idx::read(&idx_bytes[..end], &[1, 2]).is_err());
    }
    assert!(gzip::unpack(b"\x1f\x8b\x08broken".to_vec()).unwrap_err().contains("damaged gzip"));
}

#[test]
fn edge_impulse_json_of_one_and_several_sensors() {
    let names = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
    let text = |interval: &str, values: &str| {
        format!(
            "{{\"protected\":{{}},\"payload\":{{\"interval_ms\":{interval},\"sensors\":[{{\"name\":\"x\",\"units\":\"m/s2\"}},{{\"name\":\"y\"}}],\"values\":{values}}}}}"
        )
    };
    let two = text("20", "[[1,2],[3,null]]");
    let read = json::read(two.as_bytes(), &names(&["y", "x"]), Some(50.0), false).unwrap().x;
    assert_eq!((read[0], read[1], read[3]), (2.0, 1.0, 3.0));
    assert!(read[2].is_nan());
    let said = json::read(two.as_bytes(), &names(&["x", "z"]), Some(50.0), false).unwrap_err();
    assert!(said.contains("has no sensor `z`; it has `x`, `y`"), "{said}");
    let said = json::read(two.as_bytes(), &names(&["x"]), Some(100.0), false).unwrap_err();
    assert!(said.contains("has 50.0000 Hz, not 100; `resample = yes`"), "{said}");
    assert_eq!(
        json::read(text("20", "[[1,2],[1,2]]").as_bytes(), &names(&["x"]), Some(100.0), true).unwrap().x.len(),
        4
    );
    let one = "{\"payload\":{\"interval_ms\":0.0625,\"sensors\":[{\"name\":\"audio\"}],\"values\":[1,2,3]}}";
    assert_eq!(json::read(one.as_bytes(), &names(&["audio"]), Some(16_000.0), false).unwrap().x, [1.0, 2.0, 3.0]);
    assert!(
        json::read(text("20", "[[1]]").as_bytes(), &names(&["x"]), None, false)
            .unwrap_err()
            .contains("1 values in sample 0")
    );
    assert!(json::read(text("0", "[[1,2]]").as_bytes(), &names(&["x"]), Some(50.0), true).is_err());
    assert!(json::read(b"\xa3whatever", &names(&["x"]), None, false).unwrap_err().contains("is CBOR"));
    for end in 0..two.len() {
        assert!(json::read(&two.as_bytes()[..end], &names(&["x"]), None, false).is_err());
    }
}

//! WAV: PCM of 8, 16, 24 and 32 bits and floats of 32 and 64, plain or extensible, any number of channels
//! (Microsoft, "Multiple channel audio data and WAVE files"; RIFF, RF64 and RIFX by their magic).

use super::numbers::Numbers;
use super::resample::{fits, resample};

/// How sound is read.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wav {
    /// Samples a second that come out.
    pub rate: u32,
    /// Convert other rates.
    pub resample: bool,
    /// Channels that come out.
    pub channels: usize,
    /// Average channels into one.
    pub downmix: bool,
}

/// First bytes of sound files that aren't WAV, with their names.
const OTHERS: &[(&[u8], &str)] = &[
    (b"fLaC", "FLAC"),
    (b"OggS", "Ogg (Vorbis or Opus)"),
    (b"ID3", "MP3"),
    (b"\xff\xfb", "MP3"),
    (b"\xff\xf3", "MP3"),
    (b"\xff\xf2", "MP3"),
    (b"\xff\xf1", "AAC"),
    (b"\xff\xf9", "AAC"),
    (b"FORM", "AIFF"),
    (b"caff", "CAF"),
    (b".snd", "AU"),
    (b"#!AMR", "AMR"),
    (b"wvpk", "WavPack"),
    (b"\x30\x26\xb2\x75", "WMA"),
    (b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (b"RIFX", "big-endian WAV"),
];

/// How samples are stored.
struct Layout {
    float: bool,
    bits: u16,
    channels: usize,
    rate: u32,
}

/// Samples between -1 and 1, channels innermost; the error completes the sentence "`file` …".
pub fn read(bytes: &[u8], wav: &Wav) -> Result<Numbers, String> {
    let (layout, data) = chunks(bytes)?;
    if layout.rate != wav.rate && !wav.resample {
        let (found, wanted) = (layout.rate, wav.rate);
        return Err(format!("has {found} Hz, not {wanted}; `resample = yes` converts it"));
    }
    let all = samples(data, &layout);
    let x = if layout.channels == wav.channels {
        all
    } else if wav.downmix && wav.channels == 1 {
        downmix(&all, layout.channels)
    } else {
        let s = if layout.channels == 1 { "" } else { "s" };
        let help = if wav.channels == 1 { "; `downmix = yes` averages them" } else { "" };
        return Err(format!("has {} channel{s}, not {}{help}", layout.channels, wav.channels));
    };
    if x.is_empty() {
        return Err("has no samples".into());
    }
    fits(x.len(), (layout.rate, wav.rate))?;
    Ok(Numbers::one(resample(x, wav.channels, (layout.rate, wav.rate))))
}

/// The layout and the bytes of the samples.
fn chunks(bytes: &[u8]) -> Result<(Layout, &[u8]), String> {
    if let Some((_, name)) = OTHERS.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return Err(format!("is {name}, which isn't read; convert it: `ffmpeg -i IN -c:a pcm_s16le OUT.wav`"));
    }
    if bytes.get(4..8) == Some(b"ftyp") {
        return Err("is MP4 or M4A, which isn't read; convert it: `ffmpeg -i IN -c:a pcm_s16le OUT.wav`".into());
    }
    if bytes.is_empty() {
        return Err("is empty".into());
    }
    if !(bytes.starts_with(b"RIFF") || bytes.starts_with(b"RF64")) || bytes.get(8..12) != Some(b"WAVE") {
        return Err("is no WAV file: it doesn't start with `RIFF … WAVE`".into());
    }
    let mut layout = None;
    let mut at = 12;
    while let Some(head) = bytes.get(at..at + 8) {
        let size = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let rest = &bytes[at + 8..];
        match &head[..4] {
            b"fmt " => layout = Some(format(rest.get(..size.min(rest.len())).unwrap_or(rest))?),
            b"data" => {
                let layout = layout.ok_or("has samples before it says how they are written")?;
                // Programs that write to a pipe can't know the size: they leave 0 or the largest number.
                let unknown = size == 0 || size >= 0x7fff_f000;
                if size > rest.len() && !unknown {
                    let (says, has) = (size, rest.len());
                    return Err(format!("is cut off: its header says {says} bytes of samples, there are {has}"));
                }
                return Ok((layout, if unknown { rest } else { &rest[..size] }));
            }
            _ => {}
        }
        // Chunks are padded to even sizes.
        at = at.saturating_add(8).saturating_add(size).saturating_add(size % 2);
    }
    Err("has no samples: there is no `data` chunk".into())
}

fn format(chunk: &[u8]) -> Result<Layout, String> {
    let half = |at: usize| chunk.get(at..at + 2).map(|half| u16::from_le_bytes([half[0], half[1]]));
    let cut = "has a header that is cut off";
    let mut tag = half(0).ok_or(cut)?;
    let channels = usize::from(half(2).ok_or(cut)?);
    let rate = u32::from(half(4).ok_or(cut)?) | u32::from(half(6).ok_or(cut)?) << 16;
    let bits = half(14).ok_or(cut)?;
    if tag == 0xfffe {
        // Extensible: the first two bytes of the sub-format's GUID are the plain tag.
        tag = half(24).ok_or(cut)?;
    }
    let float = match (tag, bits) {
        (1, 8 | 16 | 24 | 32) => false,
        (3, 32 | 64) => true,
        (1 | 3, other) => return Err(format!("has samples of {other} bits, which aren't read")),
        (other, _) => {
            let name = match other {
                2 | 0x11 => "ADPCM",
                6 => "A-law",
                7 => "mu-law",
                0x55 => "MP3",
                _ => "another coding",
            };
            return Err(format!("is coded as {name} ({other}), which isn't read; convert it to PCM"));
        }
    };
    if channels == 0 || channels > 64 || rate == 0 || rate > 1_536_000 {
        return Err(format!("says {channels} channels at {rate} Hz, which can't be"));
    }
    Ok(Layout { float, bits, channels, rate })
}

fn samples(data: &[u8], layout: &Layout) -> Vec<f32> {
    let size = usize::from(layout.bits / 8);
    // A sample that is cut off at the end is none.
    let whole = data.len() / (size * layout.channels) * (size * layout.channels);
    let words = data[..whole].chunks_exact(size);
    match (layout.float, layout.bits) {
        (true, 32) => words.map(|word| f32::from_le_bytes([word[0], word[1], word[2], word[3]])).collect(),
        (true, _) => words.map(|word| f64::from_le_bytes(std::array::from_fn(|at| word[at])) as f32).collect(),
        (_, 8) => words.map(|word| (f32::from(word[0]) - 128.0) / 128.0).collect(),
        (_, 16) => words.map(|word| f32::from(i16::from_le_bytes([word[0], word[1]])) / 32768.0).collect(),
        (_, 24) => {
            words.map(|word| (i32::from_le_bytes([0, word[0], word[1], word[2]]) >> 8) as f32 / 8_388_608.0).collect()
        }
        _ => words
            .map(|word| (f64::from(i32::from_le_bytes([word[0], word[1], word[2], word[3]])) / 2_147_483_648.0) as f32)
            .collect(),
    }
}

fn downmix(x: &[f32], channels: usize) -> Vec<f32> {
    let mean = |frame: &[f32]| (frame.iter().map(|value| f64::from(*value)).sum::<f64>() / channels as f64) as f32;
    x.chunks_exact(channels).map(mean).collect()
}

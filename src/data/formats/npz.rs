//! NPZ: a zip archive of `.npy` files, stored or deflated (APPNOTE.TXT 4.3, sizes of 64 bits included).

use std::io::Read;

use flate2::read::DeflateDecoder;

use super::gzip::MOST;

/// The bytes of the member `NAME.npy`; the error completes the sentence "`file` …".
pub fn member(bytes: &[u8], name: &str) -> Result<Vec<u8>, String> {
    let members = directory(bytes)?;
    let file = format!("{name}.npy");
    let Some(found) = members.iter().find(|member| member.name == file || member.name == name) else {
        let names: Vec<String> =
            members.iter().take(20).map(|member| format!("`{}`", member.name.trim_end_matches(".npy"))).collect();
        return Err(format!("has no array `{name}`; it has {}", names.join(", ")));
    };
    let damaged = || format!("is damaged: its array `{name}` lies outside");
    let local = bytes.get(found.offset..).filter(|local| local.starts_with(b"PK\x03\x04")).ok_or_else(damaged)?;
    let start = 30 + half(local, 26).ok_or_else(damaged)? + half(local, 28).ok_or_else(damaged)?;
    let packed = local.get(start..).and_then(|rest| rest.get(..found.packed)).ok_or_else(damaged)?;
    match found.method {
        0 => Ok(packed.to_vec()),
        8 => {
            let mut plain = Vec::new();
            let read = DeflateDecoder::new(packed).take(MOST + 1).read_to_end(&mut plain);
            read.map_err(|error| format!("is damaged: its array `{name}`: {error}"))?;
            if plain.len() as u64 > MOST {
                Err(format!("has the array `{name}` of more than {} MiB", MOST >> 20))
            } else {
                Ok(plain)
            }
        }
        other => Err(format!("has its array `{name}` compressed by method {other}, which isn't read")),
    }
}

struct Member {
    name: String,
    method: usize,
    packed: usize,
    offset: usize,
}

/// The members that the central directory lists.
fn directory(bytes: &[u8]) -> Result<Vec<Member>, String> {
    if !bytes.starts_with(b"PK") {
        return Err("is no NPZ file: it isn't a zip archive".into());
    }
    let cut = || "is cut off: the archive has no directory at its end".to_string();
    // The end record is followed by a comment of at most 65,535 bytes.
    let least = bytes.len().saturating_sub(22 + 65_535);
    let end = (least..bytes.len().saturating_sub(21)).rev().find(|at| bytes[*at..].starts_with(b"PK\x05\x06"));
    let end = &bytes[end.ok_or_else(cut)?..];
    let (count, mut at) = (half(end, 10).ok_or_else(cut)?, word(end, 16).ok_or_else(cut)?);
    let mut members = Vec::new();
    for _ in 0..count {
        let entry = bytes.get(at..).filter(|entry| entry.starts_with(b"PK\x01\x02")).ok_or_else(cut)?;
        let lengths = [half(entry, 28), half(entry, 30), half(entry, 32)].map(|length| length.unwrap_or(0));
        let name = entry.get(46..46 + lengths[0]).ok_or_else(cut)?;
        let extra = entry.get(46 + lengths[0]..46 + lengths[0] + lengths[1]).ok_or_else(cut)?;
        let field = |position: usize| word(entry, position).ok_or_else(cut);
        let sizes = wide([field(24)?, field(20)?, field(42)?], extra);
        members.push(Member {
            name: String::from_utf8_lossy(name).into_owned(),
            method: half(entry, 10).ok_or_else(cut)?,
            packed: sizes[1],
            offset: sizes[2],
        });
        at += 46 + lengths.iter().sum::<usize>();
    }
    Ok(members)
}

/// Size, packed size and offset, from the extra field 1 where 32 bits don't hold them.
fn wide(sizes: [usize; 3], mut extra: &[u8]) -> [usize; 3] {
    let mut sizes = sizes;
    while let (Some(id), Some(length)) = (half(extra, 0), half(extra, 2)) {
        let body = extra.get(4..4 + length).unwrap_or_default();
        if id == 1 {
            let mut numbers = body.chunks_exact(8);
            for size in sizes.iter_mut().filter(|size| **size == 0xffff_ffff) {
                let number = numbers.next().map(|number| u64::from_le_bytes(std::array::from_fn(|at| number[at])));
                *size = number.map_or(*size, |number| usize::try_from(number).unwrap_or(usize::MAX / 2));
            }
        }
        extra = extra.get(4 + length..).unwrap_or_default();
    }
    sizes
}

fn half(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at + 2).map(|half| usize::from(u16::from_le_bytes([half[0], half[1]])))
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    bytes.get(at..at + 4).map(|word| u32::from_le_bytes([word[0], word[1], word[2], word[3]]) as usize)
}

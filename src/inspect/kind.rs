//! What kind of file it is, by its first bytes and its name.

/// Bytes that tell.
pub(super) const HEAD: usize = 8192;

/// A kind of file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Kind {
    /// Rows of cells.
    Table,
    /// WAV.
    Sound,
    /// PNG, JPEG, BMP, PGM, PPM.
    Image,
    /// Samples in JSON.
    Json,
    /// A JSON object a line.
    JsonLines,
    /// `label index:value …`
    Svmlight,
    /// A `NumPy` array.
    Npy,
    /// `NumPy` arrays in a zip file.
    Npz,
    /// An array in the form of MNIST.
    Idx,
    /// Numbers without a header.
    Raw,
    /// Sound in a form that isn't read: its name.
    OtherSound(&'static str),
    /// Nothing that is learnt from: a licence, a program, a model.
    Beside,
}

const BESIDE: &[&str] = &[
    "md", "py", "ipynb", "pdf", "rst", "html", "htm", "tflite", "onnx", "h5", "keras", "pt", "pkl", "toml", "yaml",
    "yml", "ini", "c", "h", "cpp", "ino", "rs", "m", "r", "sh", "bat", "doc", "docx", "names", "labels", "lock", "tml",
    "svg", "gif", "cc", "js", "css", "log",
];
const DOCUMENTS: &[&str] = &["readme", "license", "licence", "source", "copying", "changelog", "notice", "citation"];

/// The kind of the file called `path` that begins with `head`.
pub(super) fn kind(path: &str, head: &[u8]) -> Kind {
    let name = path.rsplit('/').next().unwrap_or(path).to_ascii_lowercase();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    let extension = plain.rsplit_once('.').map_or("", |(_, extension)| extension);
    let document = |word: &str| plain.split(['.', '_', '-']).next() == Some(word);
    if name.starts_with('.') || BESIDE.contains(&extension) || DOCUMENTS.iter().any(|word| document(word)) {
        return Kind::Beside;
    }
    if let Some(kind) = by_magic(plain, extension, head) {
        return kind;
    }
    if head.starts_with(b"\x1f\x8b") {
        return if plain.contains("ubyte") { Kind::Idx } else { Kind::Table };
    }
    match std::str::from_utf8(head).map_err(|error| error.valid_up_to()) {
        Ok(text) => by_text(text, extension),
        // The last letter may be cut; Latin-1 tables are read too.
        Err(_) if !head.contains(&0) => by_text(&String::from_utf8_lossy(head), extension),
        Err(_) if ["bin", "raw", "dat", "i16", "f32"].contains(&extension) => Kind::Raw,
        Err(_) => Kind::Beside,
    }
}

fn by_magic(name: &str, extension: &str, head: &[u8]) -> Option<Kind> {
    let starts = |magic: &[u8]| head.starts_with(magic);
    Some(match extension {
        _ if starts(b"RIFF") && head.get(8..12) == Some(b"WAVE") => Kind::Sound,
        _ if starts(b"fLaC") => Kind::OtherSound("FLAC"),
        _ if starts(b"OggS") => Kind::OtherSound("Ogg"),
        "mp3" => Kind::OtherSound("MP3"),
        "m4a" | "aac" => Kind::OtherSound("AAC"),
        _ if starts(b"\x89PNG") || starts(b"\xff\xd8\xff") => Kind::Image,
        "bmp" if starts(b"BM") => Kind::Image,
        "pgm" | "ppm" | "pnm" if starts(b"P") => Kind::Image,
        _ if starts(b"\x93NUMPY") => Kind::Npy,
        "npz" if starts(b"PK") => Kind::Npz,
        _ if name.contains("ubyte") || name.contains("idx") && head.get(..2) == Some(&[0, 0]) => Kind::Idx,
        _ => return None,
    })
}

fn by_text(text: &str, extension: &str) -> Kind {
    let text = text.trim_start_matches('\u{feff}').trim_start();
    if extension == "jsonl" || extension == "ndjson" {
        return Kind::JsonLines;
    }
    if text.starts_with('{') || (text.starts_with('[') && extension == "json") {
        let lines: Vec<&str> = text.lines().take(3).collect();
        let each = lines.len() > 1 && lines.iter().take(2).all(|line| line.starts_with('{') && line.ends_with('}'));
        return if each { Kind::JsonLines } else { Kind::Json };
    }
    // The last line may be cut.
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(60).collect();
    let lines = if all.len() > 1 && text.len() + 4 >= HEAD { &all[..all.len() - 1] } else { &all[..] };
    let pair = |word: &str| {
        word.split_once(':').is_some_and(|(at, value)| at.parse::<u32>().is_ok() && value.parse::<f64>().is_ok())
    };
    let svmlight = |line: &&str| line.split_whitespace().skip(1).take(8).filter(|word| pair(word)).count() >= 1;
    if !lines.is_empty() && lines.iter().filter(|line| svmlight(line)).count() * 10 >= lines.len() * 9 {
        return Kind::Svmlight;
    }
    let known = ["csv", "tsv", "tab", "data", "dat"].contains(&extension);
    if is_table(lines, known) { Kind::Table } else { Kind::Beside }
}

/// True when lines below the first have numbers, and agree in how many cells they have.
fn is_table(lines: &[&str], known: bool) -> bool {
    let body = if lines.len() > 1 { &lines[1..] } else { lines };
    let most = |separator: char| {
        let counts = body.iter().map(|line| line.matches(separator).count());
        let mut sorted: Vec<usize> = counts.collect();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(0);
        let agree = sorted.iter().filter(|count| **count == median).count();
        (median > 0 && agree * 5 >= sorted.len() * 4).then_some(median)
    };
    let separated = [',', ';', '\t', '|', ' '].into_iter().any(|separator| most(separator).is_some());
    let number = |line: &&str| {
        let cells = line.split([',', ';', '\t', '|', ' ']).map(|cell| cell.trim().trim_matches('"'));
        cells.clone().filter(|cell| cell.parse::<f64>().is_ok()).count() * 3 >= cells.count()
    };
    let numeric = !body.is_empty() && body.iter().filter(|line| number(line)).count() * 10 >= body.len() * 6;
    known && !lines.is_empty() || numeric && (separated || body.len() > 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_what_their_bytes_say() {
        let of = |path: &str, head: &str| kind(path, head.as_bytes());
        assert_eq!(of("a/d1p01M", "0,0.27,1.0,1\n0.5,0.27,1.0,1\n1.5,0.4,0.9,1\n"), Kind::Table);
        assert_eq!(of("a.txt", "Please read this.\nIt has words, and commas.\n"), Kind::Beside);
        assert_eq!(of("README.txt", "1,2\n3,4\n"), Kind::Beside);
        assert_eq!(of("batch1.dat", "1 1:15.5 2:0.3\n3 1:2 2:4\n"), Kind::Svmlight);
        assert_eq!(of("a.json", "{\"payload\":{}}"), Kind::Json);
        assert_eq!(of("a.jsonl", "{\"x\":1}\n{\"x\":2}\n"), Kind::JsonLines);
        assert_eq!(kind("a.wav", b"fLaC\0\0"), Kind::OtherSound("FLAC"));
        assert_eq!(kind("a.wav", b"RIFF\0\0\0\0WAVEfmt "), Kind::Sound);
        assert_eq!(kind("train-images-idx3-ubyte.gz", b"\x1f\x8b\x08"), Kind::Idx);
        assert_eq!(kind("x.bin", b"\x00\xff\xfe\x80"), Kind::Raw);
    }
}

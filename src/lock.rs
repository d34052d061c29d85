//! `tinyml.lock`: which compiler made the pinned numbers, and which code stands for each contract. A source, not a
//! cache: a build only ever adds to it, and a hand or a merge may have touched every line of it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;

use serde::Deserialize;

use crate::base::{Diag, Diags, Digest, Source, Span};

/// The layout that this program writes and the newest that it reads.
const VERSION: u32 = 1;

/// The whole lock.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Lock {
    /// The compiler that made the pinned numbers; none before the first build.
    pub toolchain: Option<Toolchain>,
    pins: BTreeMap<String, Pin>,
}

/// A compiler.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Toolchain {
    /// Version of zig.
    pub zig: String,
    /// Of the archive that it was unpacked from; none if it was found on the machine.
    pub digest: Option<Digest>,
}

/// One generated function: what it had to do, and the code that does it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pin {
    /// The function's name; its code is `generated/<name>.c`.
    pub name: String,
    /// Of signature, prompt and cases.
    pub contract: Digest,
    /// Of the code.
    pub code: Digest,
    /// Who wrote it; changing it changes nothing.
    pub origin: String,
    /// How many answers the gate saw before it let this one in.
    pub attempts: u32,
    /// What these answers cost, where the provider tells.
    pub tokens: Option<Tokens>,
    /// What people think of it.
    pub review: Review,
}

/// What a provider counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tokens {
    /// Read by the model.
    pub input: u64,
    /// Written by it.
    pub output: u64,
}

/// Whether a person has agreed to generated code.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Review {
    /// Nobody has looked yet.
    Pending,
    /// Somebody has read and accepted it.
    Accepted,
}

impl Review {
    /// The word in the lock.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Accepted => "accepted",
        }
    }
}

impl Lock {
    /// Reads a lock. An empty text is a lock without pins. The order of blocks and fields is free; unknown fields,
    /// two pins of one name and what a merge left behind are errors.
    pub fn parse(source: &Source) -> Result<Self, Diags> {
        if let Some(diag) = conflict(source) {
            return Err(diag.into());
        }
        if source.text().trim().is_empty() {
            return Ok(Self::default());
        }
        check_version(source)?;
        let text: Text = toml::from_str(source.text()).map_err(|error| malformed(source, &error))?;
        let mut lock =
            Self { toolchain: text.toolchain.map(|chain| chain.meaning(source)).transpose()?, ..Self::default() };
        let mut diags = Diags::default();
        for pin in text.pin {
            match pin.meaning(source) {
                Ok((pin, span)) if lock.pins.contains_key(&pin.name) => {
                    let title = format!("`{}` is pinned twice", pin.name);
                    diags.push(error(title, &span, "second pin").help("keep the one whose code is in `generated/`"));
                }
                Ok((pin, _)) => lock.set(pin),
                Err(diag) => diags.push(diag),
            }
        }
        diags.into_result(lock)
    }

    /// The pin of that name.
    pub fn pin(&self, name: &str) -> Option<&Pin> {
        self.pins.get(name)
    }

    /// Adds a pin, or replaces the one of its name.
    pub fn set(&mut self, pin: Pin) {
        self.pins.insert(pin.name.clone(), pin);
    }

    /// Takes out the pin of that name.
    pub fn remove(&mut self, name: &str) -> Option<Pin> {
        self.pins.remove(name)
    }

    /// All pins, sorted by name.
    pub fn pins(&self) -> impl ExactSizeIterator<Item = &Pin> {
        self.pins.values()
    }
}

/// The file's text: one form for one lock, without times, a block a pin, so that two people who change different pins
/// don't conflict.
impl fmt::Display for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "# tinyml.lock · written by `cargo tinyml`. Check in; review like code.\nversion = {VERSION}")?;
        if let Some(Toolchain { zig, digest }) = &self.toolchain {
            writeln!(f, "\n[toolchain]\nzig = {}", quoted(zig))?;
            if let Some(digest) = digest {
                writeln!(f, "digest = \"b3:{digest}\"")?;
            }
        }
        self.pins().try_for_each(|pin| write!(f, "\n{pin}"))
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "[[pin]]\nname     = {}", quoted(&self.name))?;
        writeln!(f, "contract = \"b3:{}\"\ncode     = \"b3:{}\"", self.contract, self.code)?;
        writeln!(f, "origin   = {}\nattempts = {}", quoted(&self.origin), self.attempts)?;
        if let Some(Tokens { input, output }) = self.tokens {
            writeln!(f, "tokens   = {{ input = {input}, output = {output} }}")?;
        }
        writeln!(f, "review   = \"{}\"", self.review.word())
    }
}

/// A TOML basic string on one line, whatever a provider calls its model.
fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.extend(["\\u", &format!("{:04X}", c as u32)]),
            c => out.push(c),
        }
    }
    out + "\""
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Text {
    #[serde(rename = "version")]
    _version: u32,
    toolchain: Option<ToolchainText>,
    #[serde(default)]
    pin: Vec<PinText>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolchainText {
    zig: String,
    digest: Option<toml::Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PinText {
    name: toml::Spanned<String>,
    contract: toml::Spanned<String>,
    code: toml::Spanned<String>,
    origin: String,
    attempts: u32,
    tokens: Option<Tokens>,
    review: Review,
}

#[derive(Deserialize)]
struct Versioned {
    version: Option<toml::Spanned<i64>>,
}

impl ToolchainText {
    fn meaning(self, source: &Source) -> Result<Toolchain, Diag> {
        let digest = self.digest.as_ref().map(|text| digest(source, text)).transpose()?;
        Ok(Toolchain { zig: self.zig, digest })
    }
}

impl PinText {
    fn meaning(self, source: &Source) -> Result<(Pin, Span), Diag> {
        let span = source.span(self.name.span());
        let name = self.name.as_ref();
        // The name becomes a file's: `../x` must not.
        let is_letter = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_letter) || name.starts_with(|c: char| c.is_ascii_digit()) {
            return Err(error(format!("`{name}` isn't a function's name"), &span, "letters, digits, `_`"));
        }
        let pin = Pin {
            name: name.clone(),
            contract: digest(source, &self.contract)?,
            code: digest(source, &self.code)?,
            origin: self.origin,
            attempts: self.attempts,
            tokens: self.tokens,
            review: self.review,
        };
        Ok((pin, span))
    }
}

fn digest(source: &Source, text: &toml::Spanned<String>) -> Result<Digest, Diag> {
    text.as_ref().strip_prefix("b3:").and_then(|hex| hex.parse().ok()).ok_or_else(|| {
        let title = format!("`{}` isn't a digest", text.as_ref());
        error(title, &source.span(text.span()), "`b3:` and 64 hexadecimal digits")
    })
}

/// A lock of a later program is not a malformed one.
fn check_version(source: &Source) -> Result<(), Diag> {
    let read: Versioned = toml::from_str(source.text()).map_err(|error| malformed(source, &error))?;
    match read.version {
        None => Err(error("the lock has no version", &source.span(0..0), "`version = 1` is missing")),
        Some(version) if *version.as_ref() == i64::from(VERSION) => Ok(()),
        Some(version) => {
            let title = format!("this lock has version {}, and this program knows version {VERSION}", version.as_ref());
            Err(error(title, &source.span(version.span()), "unknown version")
                .help("update with `cargo install cargo-tinyml`"))
        }
    }
}

fn malformed(source: &Source, failure: &toml::de::Error) -> Diag {
    let end = source.text().len();
    let span = failure.span().map_or(0..0, |span: Range<usize>| span.start.min(end)..span.end.min(end));
    error(failure.message(), &source.span(span), "here").help(restore(source))
}

/// The first line that an unfinished merge left.
fn conflict(source: &Source) -> Option<Diag> {
    let is_mark = |line: &str| ["<<<<<<< ", ">>>>>>> ", "||||||| "].iter().any(|mark| line.starts_with(mark));
    let mut start = 0;
    for line in source.text().split_inclusive('\n') {
        if is_mark(line) {
            let span = source.span(start..start + line.trim_end().len());
            let diag = error("a merge left both sides in the lock", &span, "first mark of the conflict");
            return Some(
                diag.note("each `[[pin]]` block stands for itself: keep the blocks of both sides whose names differ")
                    .help("of two blocks with one name keep the one whose code is in `generated/`, then build again"),
            );
        }
        start += line.len();
    }
    None
}

fn restore(source: &Source) -> String {
    format!("undo the edit, or restore the file: `git checkout -- {}`", source.path())
}

fn error(title: impl Into<String>, span: &Span, label: &str) -> Diag {
    Diag::error("tml::lock", title).at(span, label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::rng::Rng;

    fn parse(text: &str) -> Result<Lock, Diags> {
        Lock::parse(&Source::new("tinyml.lock", text))
    }

    fn pin(name: &str) -> Pin {
        Pin {
            name: name.to_string(),
            contract: Digest::of(b"contract"),
            code: Digest::of(b"code"),
            origin: "manual".to_string(),
            attempts: 1,
            tokens: None,
            review: Review::Pending,
        }
    }

    #[test]
    fn what_is_printed_is_read_back() {
        let mut rng = Rng::new(7, "lock");
        let letters: Vec<char> = "a\"\\\n\té→#'[]= \u{7f}\u{0}".chars().collect();
        for _ in 0..500 {
            let mut random = |most: u64| rng.next_u64() % most;
            let mut lock = Lock::default();
            if random(2) == 0 {
                let digest = (random(2) == 0).then(|| Digest::of(b"zig"));
                lock.toolchain = Some(Toolchain { zig: "0.17.1".to_string(), digest });
            }
            for _ in 0..random(5) {
                let mut pin = pin(&format!("f{}", random(100)));
                pin.origin = (0..random(12)).map(|_| letters[random(letters.len() as u64) as usize]).collect();
                pin.code = Digest::of(&random(1000).to_le_bytes());
                pin.tokens = (random(2) == 0).then(|| Tokens { input: random(9999), output: random(9999) });
                pin.review = if random(2) == 0 { Review::Accepted } else { Review::Pending };
                lock.set(pin);
            }
            let text = lock.to_string();
            assert_eq!(parse(&text), Ok(lock), "{text}");
        }
    }

    #[test]
    fn the_file_looks_as_designed_and_is_sorted() {
        let mut lock = Lock::default();
        lock.set(pin("smooth"));
        lock.set(Pin { tokens: Some(Tokens { input: 3120, output: 640 }), ..pin("despike") });
        let text = lock.to_string();
        let expected = format!(
            "# tinyml.lock · written by `cargo tinyml`. Check in; review like code.\nversion = 1\n\n[[pin]]\n\
             name     = \"despike\"\ncontract = \"b3:{}\"\ncode     = \"b3:{}\"\norigin   = \"manual\"\n\
             attempts = 1\ntokens   = {{ input = 3120, output = 640 }}\nreview   = \"pending\"\n\n[[pin]]\n",
            Digest::of(b"contract"),
            Digest::of(b"code")
        );
        assert!(text.starts_with(&expected), "{text}");
    }

    #[test]
    fn damage_is_told_and_never_guessed_at() {
        let good = {
            let mut lock = Lock::default();
            lock.set(pin("despike"));
            lock.to_string()
        };
        let cases = [
            (good.replace("version = 1", "version = 2"), "version 2"),
            (good.replace("version = 1", ""), "no version"),
            (good.replace("origin", "orgin"), "unknown field `orgin`"),
            (good.replace("\"b3:", "\"b3:0"), "isn't a digest"),
            (good.replace("despike", "../despike"), "isn't a function's name"),
            (good.replace("pending", "fine"), "unknown variant `fine`"),
            (good.clone() + good.split_once("\n\n").map_or("", |(_, pins)| pins), "pinned twice"),
            (good.replace("attempts", "<<<<<<< HEAD\nattempts"), "a merge left both sides"),
            (good[..good.len() - 20].to_string(), ""),
        ];
        for (text, words) in cases {
            let diags = parse(&text).expect_err(&text);
            assert!(diags.0[0].title.contains(words) && diags.0[0].code == "tml::lock", "{diags} for {words}");
        }
        assert_eq!(parse(" \n"), Ok(Lock::default()));
    }
}

//! Recorded answers, for tests and for repeating a session without its provider.
//!
//! A recording is a file with a JSON object a line, `{"prompt": "b3:…", "text": "…", "model": "…", "tokens":
//! {"input": 1, "output": 2}}` (the last two may be missing), or a folder with a file `<digest of the prompt>.md` for
//! each answer, the digest as 64 hexadecimal digits or its first 16.

use std::collections::BTreeMap;
use std::path::Path;
use std::str::FromStr;

use serde::Deserialize;

use super::{Answer, Provider, ProviderError, Tokens, prompt_digest};
use crate::base::{Diag, Digest};
use crate::world::disk_error;
use crate::world::files::Files;

/// Digits of a digest that are enough in a file name.
const SHORT: usize = 16;

/// Answers by the digest of their prompt.
#[derive(Clone, Debug)]
pub struct Replay {
    recording: String,
    /// By the first `SHORT` digits, with the whole digest where it is known.
    answers: BTreeMap<String, (Option<Digest>, Answer)>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Record {
    prompt: String,
    text: String,
    model: Option<String>,
    tokens: Option<RecordTokens>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordTokens {
    input: u64,
    output: u64,
}

impl Replay {
    /// Reads the whole recording at `path`.
    pub(super) fn load(files: &Files, path: &Path) -> Result<Self, Diag> {
        let recording = path.display().to_string();
        let answers = if files.is_dir(path) { from_folder(files, path)? } else { from_lines(files, path)? };
        Ok(Self { recording, answers })
    }
}

impl Provider for Replay {
    fn name(&self) -> &'static str {
        "replay"
    }

    fn complete(&self, prompt: &str) -> Result<Answer, ProviderError> {
        let digest = prompt_digest(prompt);
        match self.answers.get(&digest.hex()[..SHORT]) {
            Some((whole, answer)) if whole.is_none_or(|whole| whole == digest) => Ok(answer.clone()),
            _ => Err(ProviderError::NotRecorded { recording: self.recording.clone(), digest }),
        }
    }
}

type Answers = BTreeMap<String, (Option<Digest>, Answer)>;

fn from_folder(files: &Files, folder: &Path) -> Result<Answers, Diag> {
    let mut answers = Answers::new();
    for name in files.walk(folder).map_err(|error| disk_error("read", folder, &error))? {
        let stem = name.file_stem().and_then(|stem| stem.to_str()).unwrap_or_default();
        let is_answer = name.extension().is_some_and(|extension| extension == "md");
        if !is_answer || stem.len() < SHORT || !stem.chars().all(|c| c.is_ascii_hexdigit()) {
            continue;
        }
        let path = folder.join(&name);
        let text = text(files, &path)?;
        let answer = Answer { text, model: "replay".into(), tokens: Tokens::default() };
        answers.insert(stem[..SHORT].to_lowercase(), (Digest::from_str(stem).ok(), answer));
    }
    Ok(answers)
}

fn from_lines(files: &Files, path: &Path) -> Result<Answers, Diag> {
    let text = text(files, path)?;
    let mut answers = Answers::new();
    for (at, line) in text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let wrong = |why: String| {
            let title = format!("line {} of the recording `{}` is wrong: {why}", at + 1, path.display());
            Diag::error("tml::provider", title)
        };
        let record: Record = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
        let digest = record.prompt.strip_prefix("b3:").and_then(|hex| Digest::from_str(hex).ok());
        let digest = digest.ok_or_else(|| wrong("`prompt` isn't `b3:` and 64 hexadecimal digits".into()))?;
        let tokens = record.tokens.map(|tokens| Tokens { input: tokens.input, output: tokens.output });
        let model = record.model.unwrap_or_else(|| "replay".into());
        let answer = Answer { text: record.text, model, tokens: tokens.unwrap_or_default() };
        answers.insert(digest.hex()[..SHORT].to_string(), (Some(digest), answer));
    }
    Ok(answers)
}

fn text(files: &Files, path: &Path) -> Result<String, Diag> {
    let bytes = files.read(path).map_err(|error| disk_error("read", path, &error))?;
    String::from_utf8(bytes).map_err(|_| disk_error("read", path, &std::io::ErrorKind::InvalidData.into()))
}

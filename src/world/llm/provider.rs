//! What a provider is: a prompt in, an answer or a reason out.

use std::fmt;

use super::{Manual, Replay};
use crate::base::{Diag, Digest};
use crate::world::World;
use crate::world::settings::ProviderSettings;

/// Something that answers prompts.
pub trait Provider: Send + Sync {
    /// The kind, for people and for the lock: `manual`, `replay`.
    fn name(&self) -> &str;

    /// The answer to `prompt`, whole.
    fn complete(&self, prompt: &str) -> Result<Answer, ProviderError>;
}

/// A whole answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// What was said.
    pub text: String,
    /// Who said it, as the provider reports it.
    pub model: String,
    /// What it cost.
    pub tokens: Tokens,
}

/// Tokens of one answer; 0 where nobody counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Tokens {
    /// Of the prompt.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
}

/// Why there is no answer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ProviderError {
    /// A person has to answer.
    NeedsPerson,
    /// The recording has no answer to the prompt with this digest.
    NotRecorded {
        /// The recording.
        recording: String,
        /// Of the prompt.
        digest: Digest,
    },
}

/// What a recording knows a prompt by.
pub fn prompt_digest(prompt: &str) -> Digest {
    Digest::of(prompt.as_bytes())
}

impl ProviderError {
    /// As a diagnostic, about the function called `function`.
    pub fn into_diag(self, function: &str) -> Diag {
        let diag = Diag::error("tml::provider", format!("nobody wrote `{function}` yet: {self}"));
        match self {
            Self::NeedsPerson => diag
                .note("no provider is configured, so a person (with any chat window) is asked")
                .help(format!(
                    "run `cargo tinyml generate --export {function} > prompt.md`, save the answer to it as `answer.md`, \
                     then run `cargo tinyml generate --adopt {function} answer.md`"
                )),
            Self::NotRecorded { recording, digest } => diag
                .note(format!("the prompt changed since the recording, or was never recorded (b3:{})", digest.hex()))
                .help(format!("add an answer to `{recording}`, or set `kind = \"manual\"` in `.config/tinyml.toml`")),
        }
    }
}

impl fmt::Display for ProviderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedsPerson => f.write_str("the provider `manual` never answers by itself"),
            Self::NotRecorded { recording, digest } => {
                write!(f, "`{recording}` has no answer to the prompt {}", digest.short())
            }
        }
    }
}

impl World {
    /// The provider that the settings name.
    pub fn provider(&self, settings: &ProviderSettings) -> Result<Box<dyn Provider>, Diag> {
        Ok(match settings {
            ProviderSettings::Manual => Box::new(Manual),
            ProviderSettings::Replay(path) => Box::new(Replay::load(self.files(), path)?),
        })
    }
}

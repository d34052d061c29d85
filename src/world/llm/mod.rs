//! Providers of generated code.
//!
//! Knows: how a prompt becomes an answer: by a person, from a recording.
//! Never: judges an answer; shows a secret; answers from anything but the prompt.
//! Add here: a file for each kind of wire, and its line in `provider.rs`.

mod manual;
mod provider;
mod replay;
mod secret;

pub use manual::Manual;
pub use provider::{Answer, Provider, ProviderError, Tokens, prompt_digest};
pub use replay::Replay;
pub use secret::Secret;

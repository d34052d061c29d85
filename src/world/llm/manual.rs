//! The provider for people without any key: it never answers, and its error says how a person can.

use super::{Answer, Provider, ProviderError};

/// A person who pastes the prompt into a chat window.
#[derive(Clone, Copy, Debug)]
pub struct Manual;

impl Provider for Manual {
    fn name(&self) -> &'static str {
        "manual"
    }

    fn complete(&self, _: &str) -> Result<Answer, ProviderError> {
        Err(ProviderError::NeedsPerson)
    }
}

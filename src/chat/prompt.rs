//! What the model is asked. Pure.

use std::path::PathBuf;

/// One request to the model, before any service's wire format.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prompt {
    /// Persona and circumstances.
    pub(crate) system: String,
    /// Oldest first, speakers alternating; the last one is the person's question.
    pub(crate) messages: Vec<Message>,
}

/// What one side said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) speaker: Speaker,
    pub(crate) parts: Vec<PromptPart>,
}

/// The two sides of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Speaker {
    Person,
    Model,
}

/// One piece of a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PromptPart {
    Text(String),
    /// A file that is read, encoded and sent on the fly, again for each attempt.
    Media {
        mime: String,
        file: PathBuf,
        bytes: u64,
    },
    /// An opaque part the model signed, replayed byte for byte.
    Signed(Vec<u8>),
}

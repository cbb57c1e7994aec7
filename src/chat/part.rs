//! The parts of a question and of an answer, and as what the model is shown them in later rounds. Pure.
//!
//! A further kind of part is added here, in `gemini::gathered` (how it is read from what the model
//! sends), in `app::turn::said` (what a chat gets of it) and in `store::rows::history` (how it lies in
//! the data file).

use std::path::PathBuf;

use super::Enclosed;
use super::quoting::{described, introduced, quoted};

/// One part of a question or of an answer, from the model to the data file and the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// A Telegram file with what the model said of it.
    File {
        file_id: String,
        description: String,
    },
    /// An opaque part the model signed, replayed byte for byte (Gemini `thoughtSignature`).
    Signed(Vec<u8>),
    /// A file that the model made.
    Made {
        /// What the model says it is.
        mime: String,
        /// Its name in the spool.
        file: String,
    },
    /// Words of somebody else that the question was about.
    Quote(String),
    /// What belonged to the question.
    Enclosed(Enclosed),
}

impl Part {
    /// The speaker's own words.
    pub(crate) fn text(&self) -> Option<&str> {
        if let Self::Text(text) = self {
            Some(text)
        } else {
            None
        }
    }

    /// The name in the spool of a file that the model made.
    pub(crate) fn made(&self) -> Option<&str> {
        if let Self::Made { file, .. } = self {
            Some(file)
        } else {
            None
        }
    }

    /// Words of somebody else.
    pub(super) fn quote(&self) -> Option<&str> {
        if let Self::Quote(quote) = self {
            Some(quote)
        } else {
            None
        }
    }

    /// What belongs to a question.
    pub(super) const fn enclosed(&self) -> Option<&Enclosed> {
        if let Self::Enclosed(enclosed) = self {
            Some(enclosed)
        } else {
            None
        }
    }

    /// Bytes that its content takes, beside the part itself.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Text(text) | Self::Quote(text) => text.len(),
            Self::File {
                file_id,
                description,
            } => file_id.len() + description.len(),
            Self::Signed(bytes) => bytes.len(),
            Self::Made { mime, file } => mime.len() + file.len(),
            Self::Enclosed(enclosed) => enclosed.bytes(),
        }
    }

    /// What is kept of it with its round: of a file that was made for these words, that there was one.
    pub(crate) fn remembered(&self, words: &str) -> Self {
        match self {
            Self::Made { mime, .. } => Self::File {
                file_id: String::new(),
                description: format!("{mime}, made for: {words}"),
            },
            Self::Text(_)
            | Self::File { .. }
            | Self::Signed(_)
            | Self::Quote(_)
            | Self::Enclosed(_) => self.clone(),
        }
    }

    /// What the model is shown of it in later rounds.
    pub(super) fn replayed(&self) -> Option<PromptPart> {
        match self {
            Self::Text(text) if text.trim().is_empty() => None,
            Self::Text(text) => Some(PromptPart::Text(text.clone())),
            Self::File { description, .. } => Some(PromptPart::Text(format!(
                "A file that was sent here, as it was described then:\n{}",
                quoted(description)
            ))),
            Self::Signed(bytes) => Some(PromptPart::Signed(bytes.clone())),
            // Whoever made it in this turn need not be shown it.
            Self::Made { .. } => None,
            Self::Quote(quote) => Some(PromptPart::Text(introduced(quote))),
            Self::Enclosed(enclosed) => described(enclosed).map(PromptPart::Text),
        }
    }
}

/// The speaker's own words among these parts, a line for each.
pub(crate) fn text_of(parts: &[Part]) -> String {
    let texts: Vec<&str> = parts.iter().filter_map(Part::text).collect();
    texts.join("\n")
}

/// One part of what the model is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PromptPart {
    Text(String),
    /// A file that is read, encoded and sent on the fly, again for each attempt.
    #[cfg_attr(
        not(test),
        expect(
            dead_code,
            reason = "media come with their own work; bodies carry them now"
        )
    )]
    Media {
        mime: String,
        file: PathBuf,
        bytes: u64,
    },
    /// An opaque part the model signed, replayed byte for byte.
    Signed(Vec<u8>),
}

//! The parts of a question and of an answer, and as what the model is shown them in later rounds. Pure.
//!
//! A further kind of part is added here, in `gemini::gathered` (how it is read from what the model
//! sends), in `app::turn::said` (what a chat gets of it) and in `store::rows::history` (how it lies in
//! the data file).

pub(crate) use super::prompt_part::PromptPart;
use super::quoting::{introduced, quoted, seen_then, shown};
use super::{Enclosed, Files};

/// One part of a question or of an answer, from the model to the data file and the chat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Part {
    Text(String),
    /// A Telegram file with what the model said of it.
    File {
        file_id: String,
        description: String,
    },
    /// An opaque part of the model's, replayed byte for byte: one that it signed (Gemini
    /// `thoughtSignature`), or that calls a function.
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
    /// What was said up to the end of the round that holds it, in short.
    Summary(String),
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
            Self::Text(text) | Self::Quote(text) | Self::Summary(text) => text.len(),
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
            | Self::Enclosed(_)
            | Self::Summary(_) => self.clone(),
        }
    }

    /// What the model is shown of it in later rounds, with those files that it is to see again.
    pub(super) fn replayed(&self, files: &Files) -> Vec<PromptPart> {
        let only = |text| vec![PromptPart::Text(text)];
        match self {
            Self::Text(text) if text.trim().is_empty() => Vec::new(),
            Self::Text(text) => only(text.clone()),
            Self::File { description, .. } => only(format!(
                "A file that was sent here, as it was described then:\n{}",
                quoted(description)
            )),
            Self::Signed(bytes) => vec![PromptPart::Signed(bytes.clone())],
            // Whoever made it in this turn need not be shown it.
            // A summary stands for its round once that is not shown any more.
            Self::Made { .. } | Self::Summary(_) => Vec::new(),
            Self::Quote(quote) => only(introduced(quote)),
            Self::Enclosed(enclosed) => shown(enclosed, files, seen_then),
        }
    }
}

/// The speaker's own words among these parts, a line for each.
pub(crate) fn text_of(parts: &[Part]) -> String {
    let texts: Vec<&str> = parts.iter().filter_map(Part::text).collect();
    texts.join("\n")
}

//! A part of what the model is shown, before any service's wire format. Pure.

use std::path::PathBuf;

use super::tool::ToolResult;

/// One part of what the model is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PromptPart {
    Text(String),
    /// A file that is read, encoded and sent on the fly, again for each attempt.
    Media {
        mime: String,
        file: PathBuf,
        bytes: u64,
        /// About what it costs the model to look at it.
        tokens: u64,
    },
    /// An opaque part of the model's, replayed byte for byte.
    Signed(Vec<u8>),
    /// What came of a function that the model called.
    Result(ToolResult),
}

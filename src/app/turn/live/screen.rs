//! What is on the screen of a growing answer.

use super::frames::{DRAFT_AGE, Medium};
use crate::chat::MessageId;
use crate::chat::rich::Rich;
use crate::clock::{self, Instant};

/// What there is to show.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// That the bot works on it.
    Thinking,
    /// A sentence of the bot itself.
    Notice(Rich),
    /// The beginning of the answer.
    Text(Rich),
}

/// Whether anything may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Phase {
    Open,
    /// Nothing more begins.
    Closed,
    /// Nobody waits any more for what is under way.
    Abandoned,
}

/// What is on the screen.
pub(super) struct Screen {
    pub(super) medium: Medium,
    pub(super) message: Option<MessageId>,
    /// The notice or text that is there.
    pub(super) grown: Option<Content>,
    /// A message was changed, or is being changed.
    pub(super) is_touched: bool,
    /// It has no room for more.
    pub(super) is_full: bool,
    /// When the newest frame was sent.
    pub(super) shown: Option<Instant>,
    /// A message is being sent for the first time.
    pub(super) awaits_id: bool,
    pub(super) phase: Phase,
    /// Frames in a row that the service refused, or drafts that it failed to take.
    pub(super) failed: u8,
}

impl Screen {
    /// Whether this is there, and stays for a while yet.
    pub(super) fn shows(&self, content: &Content) -> bool {
        let is_there = match content {
            Content::Thinking => self.grown.is_none() && self.medium == Medium::Draft,
            Content::Notice(_) | Content::Text(_) => self.grown.as_ref() == Some(content),
        };
        // A draft is shown again a little before it would vanish.
        let is_fresh = |shown: Instant| {
            self.medium == Medium::Message
                || clock::instant().duration_since(shown) < DRAFT_AGE * 9 / 10
        };
        is_there && self.shown.is_some_and(is_fresh)
    }
}

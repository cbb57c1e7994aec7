//! What leaves the bot: rows of the outbox. Pure.

use std::time::Duration;

use super::rich::Rich;
use super::{ChatId, JobId, Lane, Payload, TopicId};
use crate::clock::{Pause, Timestamp};

/// An outgoing row: one Bot API call that must happen, kept until Telegram acknowledges it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Outbound {
    pub(crate) chat: ChatId,
    pub(crate) topic: Option<TopicId>,
    pub(crate) rank: Rank,
    /// Not to be tried before its end: a `retry_after` that survives a restart.
    pub(crate) pause: Option<Pause>,
    /// Tries that Telegram failed on.
    pub(crate) failing: Failing,
    /// The stored turn whose answer this shows, and which of its rows this is, counted from zero; the
    /// acknowledged message id goes there.
    pub(crate) part_of: Option<(Lane, JobId, u16)>,
    pub(crate) payload: Payload,
}

impl Outbound {
    /// A row that nobody has tried to send yet and that may go at once; no part of an answer.
    pub(crate) fn new(chat: ChatId, topic: Option<TopicId>, payload: Payload) -> Self {
        Self {
            chat,
            topic,
            rank: Rank::Final,
            pause: None,
            failing: Failing::default(),
            part_of: None,
            payload,
        }
    }

    /// A message of the bot itself, without a reply or a button.
    pub(crate) fn message(chat: ChatId, topic: Option<TopicId>, text: String) -> Self {
        Self::new(chat, topic, Payload::message(Rich::plain(text)))
    }

    /// The silent answer that ends the spinning of a button; in the line of this chat.
    pub(crate) fn acknowledge(chat: ChatId, callback: String) -> Self {
        let payload = Payload::Answer {
            callback,
            text: String::new(),
        };
        Self {
            rank: Rank::Acknowledge,
            ..Self::new(chat, None, payload)
        }
    }
}

/// Tries of a row that failed one after the other, so that a restart forgets none (design §2, rule 6).
/// Holds no moment: whatever a clock says, a time between two tries counts at most as long as the pause
/// that it was to be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Failing {
    pub(crate) tries: u32,
    /// From the end of the first to the end of the newest.
    pub(crate) lasted: Duration,
    /// What stands behind it in its chat goes first.
    pub(crate) is_aside: bool,
}

impl Failing {
    /// As the next life of the bot finds it, when the row was to wait for so long.
    pub(crate) fn recalled(self, pause: Pause, now: Timestamp) -> Self {
        let passed = pause.length.saturating_sub(pause.left(now));
        Self {
            lasted: self.lasted.saturating_add(passed),
            ..self
        }
    }

    /// After Telegram has answered, whatever it said: a row that stands aside stays there.
    pub(crate) fn after_an_answer(self) -> Self {
        if self.is_aside { self } else { Self::default() }
    }
}

/// Order among chats' outgoing rows; lower goes first (design §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Rank {
    Final,
    Acknowledge,
    Edit,
    Typing,
    /// What strangers are told, so that no crowd of them keeps others waiting.
    Stranger,
    Broadcast,
}

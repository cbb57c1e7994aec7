//! What leaves the bot: rows of the outbox. Pure.

use serde::{Deserialize, Serialize};

use super::rich::Rich;
use super::{ChatId, JobId, Lane, MessageId, TopicId};
use crate::clock::Pause;

/// An outgoing row: one Bot API call that must happen, kept until Telegram acknowledges it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Outbound {
    pub(crate) chat: ChatId,
    pub(crate) topic: Option<TopicId>,
    pub(crate) rank: Rank,
    /// Not to be tried before its end: a `retry_after` that survives a restart.
    pub(crate) pause: Option<Pause>,
    /// The stored turn this is a part of, and which part; the acknowledged message id goes there.
    pub(crate) part_of: Option<(Lane, JobId, u16)>,
    pub(crate) parcel: Parcel,
}

impl Outbound {
    /// A message of the bot itself, without a reply or a button, to go at once.
    pub(crate) fn message(chat: ChatId, topic: Option<TopicId>, text: String) -> Self {
        Self {
            chat,
            topic,
            rank: Rank::Final,
            pause: None,
            part_of: None,
            parcel: Parcel::Send {
                body: Rich::plain(text),
                reply_to: None,
                buttons: Vec::new(),
            },
        }
    }
}

/// An inline button under an outgoing message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Button {
    pub(crate) label: String,
    /// At most 64 bytes (Bot API, `InlineKeyboardButton`).
    pub(crate) data: String,
}

/// Order among chats' outgoing rows; lower goes first (design §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Rank {
    Final,
    Acknowledge,
    Edit,
    Typing,
    Broadcast,
}

/// What an outgoing row does.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Parcel {
    Send {
        body: Rich,
        reply_to: Option<MessageId>,
        buttons: Vec<Button>,
    },
    /// Turns a message of ours into this one; where it is gone, this is sent anew.
    Edit {
        message: MessageId,
        body: Rich,
        buttons: Vec<Button>,
    },
    Delete {
        message: MessageId,
    },
    File {
        name: String,
        path: String,
        reply_to: Option<MessageId>,
    },
    /// A text as a file.
    Document {
        name: String,
        text: String,
        reply_to: Option<MessageId>,
    },
    /// `answerCallbackQuery`.
    Answer {
        callback: String,
        text: String,
    },
}

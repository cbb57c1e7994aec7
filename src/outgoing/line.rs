//! One chat's line of what leaves: its rows in order, its frames, its own pace and parking. Pure.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::{Frame, Item};
use crate::chat::{ChatId, JobId, OutboxId, Rank};
use crate::clock::Timestamp;

/// One chat takes about one message a second (Bot API FAQ) …
pub(super) const PER_MESSAGE: Duration = Duration::from_secs(1);
/// … and short bursts: this much may be sent ahead of that pace.
const AHEAD_MILLIS: u64 = 4_000;

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Line {
    Texts(ChatId),
    Callbacks(ChatId),
}

/// Callback answers expire within seconds, so they do not queue behind a parked chat's texts.
pub(super) const fn line_of(chat: ChatId, rank: Rank) -> Line {
    match rank {
        Rank::Acknowledge => Line::Callbacks(chat),
        Rank::Final | Rank::Edit | Rank::Typing | Rank::Broadcast => Line::Texts(chat),
    }
}

pub(super) const fn chat_of(line: Line) -> ChatId {
    let (Line::Texts(chat) | Line::Callbacks(chat)) = line;
    chat
}

#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) waiting: BTreeMap<OutboxId, Rank>,
    /// In the order in which they were wished.
    pub(super) frames: VecDeque<(JobId, Frame)>,
    pub(super) under_way: Option<Item>,
    pub(super) parked_until: Timestamp,
    /// Tries in a row without an answer.
    pub(super) unanswered: u32,
    /// Up to when the chat's messages are spread at one a second.
    pub(super) spread_until: Timestamp,
    pub(super) filed: Option<Filed>,
}

impl Rows {
    /// When the chat's own pace and parking allow the next row.
    pub(super) fn free_at(&self) -> Timestamp {
        let paced = Timestamp(self.spread_until.0.saturating_sub(AHEAD_MILLIS));
        self.parked_until.max(paced)
    }

    /// The same for the next frame, which is not sent ahead of the pace.
    pub(super) fn frame_free_at(&self, frame: Frame) -> Timestamp {
        match frame {
            Frame::Message => self.idle_at(),
            Frame::Draft | Frame::Typing => self.parked_until,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty() && self.frames.is_empty()
    }

    /// From when on nothing has to be remembered of a chat that is sent nothing.
    pub(super) fn idle_at(&self) -> Timestamp {
        self.parked_until.max(self.spread_until)
    }
}

/// Where an idle line is filed, so that it can be taken out again.
#[derive(Debug, Clone, Copy)]
pub(super) enum Filed {
    Ready(Rank, Item),
    Asleep(Timestamp),
}

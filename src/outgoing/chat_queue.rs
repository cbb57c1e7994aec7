//! The queue of one chat: its rows in order, its frames, its own pace, and until when it is parked.
//! Pure.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use super::failing::Tally;
use super::{Frame, Item};
use crate::chat::{ChatId, Failing, JobId, OutboxId, Rank};
use crate::clock::Timestamp;

/// One chat takes about one message a second (Bot API FAQ) …
pub(super) const PER_MESSAGE: Duration = Duration::from_secs(1);
/// … and short bursts: this much may be sent ahead of that pace.
const AHEAD_MILLIS: u64 = 4_000;
/// All drafts of one chat together, whichever of its answers grow: one in 0.4 to 1 s is what Telegram
/// takes (telegram.md §7).
pub(super) const PER_DRAFT: Duration = Duration::from_millis(500);

/// A chat has two queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum QueueId {
    Texts(ChatId),
    Callbacks(ChatId),
}

/// The queue of a row. Answers to callbacks expire within seconds, so they do not wait behind the
/// texts of a parked chat.
pub(super) const fn queue_of(chat: ChatId, rank: Rank) -> QueueId {
    match rank {
        Rank::Acknowledge => QueueId::Callbacks(chat),
        Rank::Final | Rank::Edit | Rank::Typing | Rank::Stranger | Rank::Broadcast => {
            QueueId::Texts(chat)
        }
    }
}

pub(super) const fn chat_of(queue: QueueId) -> ChatId {
    let (QueueId::Texts(chat) | QueueId::Callbacks(chat)) = queue;
    chat
}

/// A row that waits, or is under way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Row {
    pub(super) rank: Rank,
    pub(super) failing: Failing,
    /// When the first of its failed tries ended.
    pub(super) since: Timestamp,
    /// Of a row that is set aside: when it is tried again.
    pub(super) due: Timestamp,
}

#[derive(Debug, Default)]
pub(super) struct ChatQueue {
    pub(super) waiting: BTreeMap<OutboxId, Row>,
    /// Rows of a broadcast: they go when none of the others waits.
    pub(super) bulk: BTreeMap<OutboxId, Row>,
    /// Rows that were set aside because Telegram keeps failing on them: they go when nothing else
    /// waits.
    pub(super) aside: BTreeMap<OutboxId, Row>,
    /// In the order in which they were asked for.
    pub(super) frames: VecDeque<(JobId, Frame)>,
    pub(super) under_way: Option<Item>,
    /// The row under way.
    pub(super) tried: Option<Row>,
    pub(super) parked_until: Timestamp,
    /// The tally of all chats when a try of this queue failed last.
    pub(super) met: Tally,
    /// Up to when the chat's messages are spread at one a second.
    pub(super) spread_until: Timestamp,
    /// When the next draft may follow the last one.
    pub(super) drafts_from: Timestamp,
    pub(super) filed: Option<Filed>,
}

impl ChatQueue {
    /// When the chat's own pace and parking allow the next row.
    pub(super) fn free_at(&self) -> Timestamp {
        let paced = Timestamp(self.spread_until.0.saturating_sub(AHEAD_MILLIS));
        self.parked_until.max(paced)
    }

    /// The same for the next frame, which is not sent ahead of the pace.
    pub(super) fn frame_free_at(&self, frame: Frame) -> Timestamp {
        match frame {
            Frame::Message => self.parked_until.max(self.spread_until),
            Frame::Draft => self.parked_until.max(self.drafts_from),
            Frame::Typing => self.parked_until,
        }
    }

    /// The row to go next, unless a frame may go before it.
    pub(super) fn head(&self) -> Option<(OutboxId, Row)> {
        let of_aside = || self.aside.iter().min_by_key(|(_, row)| row.due);
        let of_bulk = || self.bulk.first_key_value();
        let head = self.waiting.first_key_value().or_else(of_bulk);
        let head = head.or_else(of_aside)?;
        Some((*head.0, *head.1))
    }

    /// Puts a row where it belongs; whether it was not there yet.
    pub(super) fn put(&mut self, id: OutboxId, row: Row) -> bool {
        let rows = if row.failing.is_aside {
            &mut self.aside
        } else if row.rank == Rank::Broadcast {
            &mut self.bulk
        } else {
            &mut self.waiting
        };
        rows.insert(id, row).is_none()
    }

    /// Takes a row out to be tried; whether it was there.
    pub(super) fn take(&mut self, id: OutboxId) -> bool {
        self.tried = self.remove(id);
        self.tried.is_some()
    }

    /// Takes a row out.
    pub(super) fn remove(&mut self, id: OutboxId) -> Option<Row> {
        let mut kinds = [&mut self.waiting, &mut self.bulk, &mut self.aside].into_iter();
        kinds.find_map(|rows| rows.remove(&id))
    }

    /// Forgets all that waits, and what was to be shown.
    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.bulk.clear();
        self.aside.clear();
        self.frames.clear();
    }

    /// Rows that wait, of every kind.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.bulk.len() + self.aside.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0 && self.frames.is_empty()
    }

    /// From when on neither pace nor parking has to be remembered of a chat that is sent nothing.
    pub(super) fn idle_at(&self) -> Timestamp {
        let paced = self.spread_until.max(self.drafts_from);
        self.parked_until.max(paced)
    }
}

/// Where an idle queue is filed, so that it can be taken out again.
#[derive(Debug, Clone, Copy)]
pub(super) enum Filed {
    Ready(Rank, Item),
    Asleep(Timestamp),
}

//! What the queues give out to be sent, and what they are told of how it ended: the types at the
//! border to `app::deliver`. Pure.

use std::time::Duration;

use crate::chat::{ChatId, Failing, JobId, Outbound, OutboxId, Rank};
use crate::clock::Timestamp;

/// What order and pace need to know of an outbox row, without its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) id: OutboxId,
    pub(crate) chat: ChatId,
    pub(crate) rank: Rank,
    /// Not to be tried before.
    pub(crate) not_before: Timestamp,
    pub(crate) failing: Failing,
}

impl Head {
    /// The facts of a row that may go at once.
    pub(crate) const fn of(id: OutboxId, row: &Outbound) -> Self {
        Self {
            id,
            chat: row.chat,
            rank: row.rank,
            not_before: Timestamp(0),
            failing: row.failing,
        }
    }
}

/// What a growing answer wants to show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Frame {
    /// A message or its edit: counts as one.
    Message,
    /// A draft of a private chat.
    Draft,
    /// That the bot writes.
    Typing,
}

impl Frame {
    pub(super) const fn rank(self) -> Rank {
        match self {
            Self::Message | Self::Draft => Rank::Edit,
            Self::Typing => Rank::Typing,
        }
    }
}

/// Something whose time has come; its queue is busy until [`super::Outgoing::ended`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Due {
    pub(crate) item: Item,
    pub(crate) chat: ChatId,
    pub(crate) rank: Rank,
}

/// A row of the outbox, or a frame of the answer to a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    Row(OutboxId),
    Frame(JobId),
}

/// How a try to send a row ended, as far as order and time are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The row is gone from the outbox: sent, or not to be sent any more.
    Gone,
    /// There was nothing to send, so Telegram was not called.
    Unsent,
    /// The row was changed and goes again at once.
    Changed,
    /// This chat waits until then.
    Parked { until: Timestamp },
    /// The same, because Telegram said so (`retry_after`).
    Flooded { until: Timestamp },
    /// Telegram did not answer: everybody waits, then one row is tried.
    Unanswered,
    /// Telegram failed on this row, and answered another call about the same chat right after.
    Failed,
    /// The row could not be tried, for a reason on this machine that is about it alone.
    Broken,
}

/// What becomes of a row after a failed try, to be stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is tried again, in its order.
    Waits(Failing),
    /// It was set aside, and is tried again after this long.
    Aside(Failing, Duration),
    /// It is to be dropped.
    GivenUp(Failing),
}

//! What may be sent next, and when: one queue per chat, in order; ranks among chats; parked chats,
//! the pace of groups, and outages of Telegram. Pure; owned by `app::deliver`, which does the
//! sending.
//!
//! Beside the rows of the outbox a queue has frames: what a growing answer shows meanwhile. A frame
//! is requested without its content, at most one for each job; what the answer holds by the time
//! the frame may go is what is shown.
//!
//! Moments are those of [`crate::clock::steady`], which is never set; what a restart must not
//! forget is stored as a [`crate::clock::Pause`].
//!
//! Invariants: of a queue at most one item is under way, its rows leave in the order they came, and
//! no frame goes before a row of its chat. A row that is set aside ([`failing`]) and one of a broadcast
//! are not in that order: everything else goes before.

mod chat_queue;
mod closed;
mod due;
mod failing;
mod minute;
mod outcome;

use std::collections::{BTreeSet, HashMap};

use crate::chat::{ChatId, JobId, OutboxId, Rank};
use crate::clock::Timestamp;
use chat_queue::{ChatQueue, Filed, PER_DRAFT, PER_MESSAGE, QueueId, Row, chat_of, queue_of};
pub(crate) use closed::{Closed, Place};
pub(crate) use due::{Due, Ended, Fate, Frame, Head, Item};
use failing::Tally;
pub(crate) use failing::is_suspect;
use minute::GroupMinute;

/// The queues of all chats.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    queues: HashMap<QueueId, ChatQueue>,
    /// Heads of idle queues whose time has come.
    ready: BTreeSet<(Rank, Item, QueueId)>,
    /// Idle queues that wait, by when they may go on.
    asleep: BTreeSet<(Timestamp, QueueId)>,
    /// What each group was sent within the last minute.
    groups: HashMap<ChatId, GroupMinute>,
    under_way: usize,
    /// Rows waiting or under way, in all queues.
    rows: usize,
    tally: Tally,
    /// Tries in a row that Telegram did not answer. From the first on there is an outage, in which
    /// one row at a time is a probe.
    unanswered: u32,
    /// The moment of the next probe in an outage.
    outage_until: Timestamp,
}

impl Outgoing {
    /// A row that was just stored, or was left over at start.
    pub(crate) fn push(&mut self, head: Head, now: Timestamp) {
        let queue = queue_of(head.chat, head.rank);
        let rows = self.queues.entry(queue).or_default();
        if rows.under_way == Some(Item::Row(head.id)) {
            return;
        }
        let row = Row {
            rank: head.rank,
            failing: head.failing,
            since: now.before(head.failing.lasted),
            due: head.not_before,
        };
        if !head.failing.is_aside {
            rows.parked_until = rows.parked_until.max(head.not_before);
        }
        self.rows += usize::from(rows.put(head.id, row));
        self.file(queue, now);
    }

    /// Parks a chat: nothing goes to it before that moment.
    pub(crate) fn park(&mut self, chat: ChatId, until: Timestamp, now: Timestamp) {
        let queue = QueueId::Texts(chat);
        let rows = self.queues.entry(queue).or_default();
        rows.parked_until = rows.parked_until.max(until);
        self.file(queue, now);
    }

    /// A growing answer asks to show what it has when the frame may go; a request that waits
    /// already is replaced.
    pub(crate) fn request_frame(&mut self, chat: ChatId, job: JobId, frame: Frame, now: Timestamp) {
        let queue = QueueId::Texts(chat);
        let frames = &mut self.queues.entry(queue).or_default().frames;
        match frames.iter_mut().find(|(known, _)| *known == job) {
            Some((_, known)) => *known = frame,
            None => frames.push_back((job, frame)),
        }
        self.file(queue, now);
    }

    /// The answer to a job has nothing more to show: what it asked for is not sent.
    pub(crate) fn cancel_frame(&mut self, chat: ChatId, job: JobId, now: Timestamp) {
        let queue = QueueId::Texts(chat);
        self.unfile(queue);
        if let Some(rows) = self.queues.get_mut(&queue) {
            rows.frames.retain(|(known, _)| *known != job);
        }
        self.file(queue, now);
    }

    /// What to send now, if anything; its queue is busy until [`Outgoing::ended`].
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Due> {
        if self.next_at(now)? > now {
            return None;
        }
        let (rank, item, queue) = self.ready.pop_first()?;
        let rows = self.queues.get_mut(&queue)?;
        let is_message = match item {
            Item::Row(id) => rows.take(id),
            Item::Frame(_) => {
                let frame = rows.frames.pop_front().map(|(_, frame)| frame);
                if frame == Some(Frame::Draft) {
                    rows.drafts_from = now.after(PER_DRAFT);
                }
                frame == Some(Frame::Message)
            }
        };
        rows.under_way = Some(item);
        rows.filed = None;
        self.under_way += 1;
        if is_message {
            rows.spread_until = rows.spread_until.max(now).after(PER_MESSAGE);
        }
        if let QueueId::Texts(chat) = queue
            && chat.0 < 0
            && is_message
        {
            let is_frame = matches!(item, Item::Frame(_));
            self.groups.entry(chat).or_default().push(now, is_frame);
        }
        let chat = chat_of(queue);
        Some(Due { item, chat, rank })
    }

    /// When the first of the queues that wait now may go on.
    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        self.asleep.first().map(|(at, _)| *at)
    }

    /// Rank of what [`Outgoing::next`] would give now.
    pub(crate) fn next_rank(&self) -> Option<Rank> {
        self.ready.first().map(|(rank, _, _)| *rank)
    }

    /// Forgets what waits for a chat in which the bot may not write; what is under way is not
    /// touched.
    pub(crate) fn close(&mut self, chat: ChatId) {
        for queue in [QueueId::Texts(chat), QueueId::Callbacks(chat)] {
            self.unfile(queue);
            if let Some(rows) = self.queues.get_mut(&queue) {
                self.rows = self.rows.saturating_sub(rows.len());
                rows.clear();
                if rows.under_way.is_none() {
                    self.queues.remove(&queue);
                }
            }
        }
        self.groups.remove(&chat);
    }

    /// Forgets rows of a chat that are not in the outbox any more under these ids.
    pub(crate) fn forget(&mut self, chat: ChatId, ids: &[OutboxId], now: Timestamp) {
        let queue = QueueId::Texts(chat);
        self.unfile(queue);
        if let Some(rows) = self.queues.get_mut(&queue) {
            let before = rows.len();
            for id in ids {
                rows.remove(*id);
            }
            self.rows = self.rows.saturating_sub(before - rows.len());
        }
        self.file(queue, now);
    }

    /// When [`Outgoing::next`] has something, if nothing else happens before: `now` when it has.
    pub(crate) fn next_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.wake_queues(now);
        if self.unanswered > 0 && self.under_way > 0 {
            // What comes of the probe decides.
            return None;
        }
        let due = match self.ready.first() {
            Some(_) => now,
            None => self.asleep.first()?.0,
        };
        Some(if self.unanswered > 0 {
            due.max(self.outage_until)
        } else {
            due
        })
    }

    /// Rows waiting or under way.
    pub(crate) const fn len(&self) -> usize {
        self.rows
    }

    /// Files an idle queue under "ready" or "asleep", by its head.
    fn file(&mut self, queue: QueueId, now: Timestamp) {
        self.unfile(queue);
        let free_at = self.group_free_at(queue, false, now);
        let frame_free_at = self.group_free_at(queue, true, now);
        let forgotten_at = self.group_forgotten_at(queue);
        let Some(rows) = self.queues.get_mut(&queue) else {
            return;
        };
        if rows.under_way.is_some() {
            return;
        }
        let row = rows.head().map(|(id, row)| {
            let due = if row.failing.is_aside {
                row.due
            } else {
                Timestamp::default()
            };
            (row, Item::Row(id), rows.free_at().max(free_at).max(due))
        });
        let frame = rows.frames.front().map(|&(job, frame)| {
            let of_group = match frame {
                Frame::Message => frame_free_at,
                Frame::Draft | Frame::Typing => now,
            };
            let at = rows.frame_free_at(frame).max(of_group);
            (frame.rank(), Item::Frame(job), at)
        });
        let head = match (row, frame) {
            // A row that is set aside holds up no frame that may go before it is due.
            (Some((row, _, at)), Some(frame)) if row.failing.is_aside && frame.2 < at => {
                Some(frame)
            }
            // What somebody waits for goes before what nobody asked for.
            (Some((row, _, at)), Some(frame))
                if row.rank == Rank::Broadcast && frame.2 <= at.max(now) =>
            {
                Some(frame)
            }
            (Some((row, item, at)), _) => Some((row.rank, item, at)),
            (None, frame) => frame,
        };
        let filed = match head {
            Some((rank, item, at)) if at <= now => Filed::Ready(rank, item),
            Some((_, _, at)) => Filed::Asleep(at),
            None => Filed::Asleep(rows.idle_at().max(forgotten_at)),
        };
        rows.filed = Some(filed);
        match filed {
            Filed::Ready(rank, item) => self.ready.insert((rank, item, queue)),
            Filed::Asleep(at) => self.asleep.insert((at, queue)),
        };
    }

    fn unfile(&mut self, queue: QueueId) {
        match self
            .queues
            .get_mut(&queue)
            .and_then(|rows| rows.filed.take())
        {
            Some(Filed::Ready(rank, item)) => self.ready.remove(&(rank, item, queue)),
            Some(Filed::Asleep(at)) => self.asleep.remove(&(at, queue)),
            None => false,
        };
    }

    fn wake_queues(&mut self, now: Timestamp) {
        while let Some(&(at, queue)) = self.asleep.first() {
            if at > now {
                break;
            }
            self.asleep.pop_first();
            // A queue with nothing to send was kept only to remember its pace and parking.
            if self.queues.get(&queue).is_some_and(ChatQueue::is_empty) {
                self.queues.remove(&queue);
                if let QueueId::Texts(chat) = queue {
                    self.groups.remove(&chat);
                }
            } else {
                self.file(queue, now);
            }
        }
    }

    /// When a group's last message leaves its sliding minute.
    fn group_forgotten_at(&self, queue: QueueId) -> Timestamp {
        let QueueId::Texts(chat) = queue else {
            return Timestamp::default();
        };
        let minute = self.groups.get(&chat);
        minute
            .and_then(GroupMinute::forgotten_at)
            .unwrap_or_default()
    }

    /// When a group's sliding minute has room again for a row, or for a frame.
    fn group_free_at(&mut self, queue: QueueId, for_frame: bool, now: Timestamp) -> Timestamp {
        let QueueId::Texts(chat) = queue else {
            return now;
        };
        let Some(minute) = self.groups.get_mut(&chat) else {
            return now;
        };
        if minute.prune(now) {
            self.groups.remove(&chat);
            return now;
        }
        minute.free_at(for_frame, now)
    }
}

#[cfg(test)]
mod tests;

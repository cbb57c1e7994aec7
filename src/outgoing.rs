//! What may be sent next, and when: one line per chat, in order; ranks among chats; parking, group
//! pace and outages. Pure; owned by `app::deliver`, which does the sending.
//!
//! Beside the rows of the outbox a line has frames: what a growing answer shows meanwhile. They are
//! wishes without content, at most one a job, so that the newest is what is shown when one is granted.
//!
//! Moments are those of a clock that is never set; what a restart must not forget is stored as a
//! [`crate::clock::Pause`].
//!
//! Invariants: a line has at most one thing under way, its rows leave in the order they came, and no
//! frame goes before a row of its chat. A row that stands aside ([`failing`]) is no longer in that
//! order.

mod closed;
mod due;
mod ended;
mod failing;
mod line;
mod minute;

use std::collections::{BTreeSet, HashMap};

use crate::chat::{ChatId, JobId, OutboxId, Rank};
use crate::clock::Timestamp;
pub(crate) use closed::{Closed, Place};
pub(crate) use due::{Due, Ended, Fate, Frame, Head, Item};
use failing::Tally;
pub(crate) use failing::is_suspect;
use line::{Filed, Line, PER_MESSAGE, Row, Rows, chat_of, line_of};
use minute::GroupMinute;

/// The lines of all chats.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    lines: HashMap<Line, Rows>,
    /// Heads of idle lines whose time has come.
    ready: BTreeSet<(Rank, Item, Line)>,
    /// Idle lines that wait for a moment.
    asleep: BTreeSet<(Timestamp, Line)>,
    /// What each group was sent within a minute.
    groups: HashMap<ChatId, GroupMinute>,
    under_way: usize,
    /// Rows waiting or under way, in all lines.
    rows: usize,
    tally: Tally,
    /// Tries in a row that got no answer, and when the next one may go.
    unanswered: u32,
    outage_until: Timestamp,
}

impl Outgoing {
    /// A row that was just stored, or was left over at start.
    pub(crate) fn push(&mut self, head: Head, now: Timestamp) {
        let line = line_of(head.chat, head.rank);
        let rows = self.lines.entry(line).or_default();
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
        self.file(line, now);
    }

    /// Nothing goes to a chat before that moment.
    pub(crate) fn park(&mut self, chat: ChatId, until: Timestamp, now: Timestamp) {
        let line = Line::Texts(chat);
        let rows = self.lines.entry(line).or_default();
        rows.parked_until = rows.parked_until.max(until);
        self.file(line, now);
    }

    /// A growing answer asks to show what it has when the frame may go; a request that waits already is
    /// replaced.
    pub(crate) fn request_frame(&mut self, chat: ChatId, job: JobId, frame: Frame, now: Timestamp) {
        let line = Line::Texts(chat);
        let frames = &mut self.lines.entry(line).or_default().frames;
        match frames.iter_mut().find(|(known, _)| *known == job) {
            Some((_, known)) => *known = frame,
            None => frames.push_back((job, frame)),
        }
        self.file(line, now);
    }

    /// The answer to a job has nothing more to show: what it asked for is not sent.
    pub(crate) fn cancel_frame(&mut self, chat: ChatId, job: JobId, now: Timestamp) {
        let line = Line::Texts(chat);
        self.unfile(line);
        if let Some(rows) = self.lines.get_mut(&line) {
            rows.frames.retain(|(known, _)| *known != job);
        }
        self.file(line, now);
    }

    /// What to send now, if anything; its line is busy until [`Outgoing::ended`].
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Due> {
        if self.next_at(now)? > now {
            return None;
        }
        let (rank, item, line) = self.ready.pop_first()?;
        let rows = self.lines.get_mut(&line)?;
        let is_message = match item {
            Item::Row(id) => rows.take(id),
            Item::Frame(_) => {
                let frame = rows.frames.pop_front();
                frame.is_some_and(|(_, frame)| frame == Frame::Message)
            }
        };
        rows.under_way = Some(item);
        rows.filed = None;
        self.under_way += 1;
        if is_message {
            rows.spread_until = rows.spread_until.max(now).after(PER_MESSAGE);
        }
        if let Line::Texts(chat) = line
            && chat.0 < 0
            && is_message
        {
            let is_frame = matches!(item, Item::Frame(_));
            self.groups.entry(chat).or_default().push(now, is_frame);
        }
        let chat = chat_of(line);
        Some(Due { item, chat, rank })
    }

    /// When the next line wakes that has to wait now.
    pub(crate) fn wakes_at(&self) -> Option<Timestamp> {
        self.asleep.first().map(|(at, _)| *at)
    }

    /// Rank of what [`Outgoing::next`] would give now.
    pub(crate) fn next_rank(&self) -> Option<Rank> {
        self.ready.first().map(|(rank, _, _)| *rank)
    }

    /// Forgets what waits for a chat that is closed to us; what is under way stays with its try.
    pub(crate) fn close(&mut self, chat: ChatId) {
        for line in [Line::Texts(chat), Line::Callbacks(chat)] {
            self.unfile(line);
            if let Some(rows) = self.lines.get_mut(&line) {
                self.rows = self.rows.saturating_sub(rows.len());
                rows.waiting.clear();
                rows.aside.clear();
                rows.frames.clear();
                if rows.under_way.is_none() {
                    self.lines.remove(&line);
                }
            }
        }
        self.groups.remove(&chat);
    }

    /// Rows of a chat that are not in the outbox any more under these ids.
    pub(crate) fn forget(&mut self, chat: ChatId, ids: &[OutboxId], now: Timestamp) {
        let line = Line::Texts(chat);
        self.unfile(line);
        if let Some(rows) = self.lines.get_mut(&line) {
            let before = rows.len();
            for id in ids {
                rows.waiting.remove(id);
                rows.aside.remove(id);
            }
            self.rows = self.rows.saturating_sub(before - rows.len());
        }
        self.file(line, now);
    }

    /// When [`Outgoing::next`] has something, if nothing else happens before: `now` when it has.
    pub(crate) fn next_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.wake_lines(now);
        if self.unanswered > 0 && self.under_way > 0 {
            // The probe's end decides.
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

    /// Files an idle line under "ready" or "asleep", by its head.
    fn file(&mut self, line: Line, now: Timestamp) {
        self.unfile(line);
        let free_at = self.group_free_at(line, false, now);
        let frame_free_at = self.group_free_at(line, true, now);
        let forgotten_at = self.group_forgotten_at(line);
        let Some(rows) = self.lines.get_mut(&line) else {
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
            // What stands aside holds up no frame that may go before it is due.
            (Some((row, _, at)), Some(frame)) if row.failing.is_aside && frame.2 < at => {
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
            Filed::Ready(rank, item) => self.ready.insert((rank, item, line)),
            Filed::Asleep(at) => self.asleep.insert((at, line)),
        };
    }

    fn unfile(&mut self, line: Line) {
        match self.lines.get_mut(&line).and_then(|rows| rows.filed.take()) {
            Some(Filed::Ready(rank, item)) => self.ready.remove(&(rank, item, line)),
            Some(Filed::Asleep(at)) => self.asleep.remove(&(at, line)),
            None => false,
        };
    }

    fn wake_lines(&mut self, now: Timestamp) {
        while let Some(&(at, line)) = self.asleep.first() {
            if at > now {
                break;
            }
            self.asleep.pop_first();
            // A line with nothing to send was kept only to remember its pace and parking.
            if self.lines.get(&line).is_some_and(Rows::is_empty) {
                self.lines.remove(&line);
                if let Line::Texts(chat) = line {
                    self.groups.remove(&chat);
                }
            } else {
                self.file(line, now);
            }
        }
    }

    /// When a group's last message leaves its sliding minute.
    fn group_forgotten_at(&self, line: Line) -> Timestamp {
        let Line::Texts(chat) = line else {
            return Timestamp::default();
        };
        let minute = self.groups.get(&chat);
        minute
            .and_then(GroupMinute::forgotten_at)
            .unwrap_or_default()
    }

    /// When a group's sliding minute has room again for a row, or for a frame.
    fn group_free_at(&mut self, line: Line, for_frame: bool, now: Timestamp) -> Timestamp {
        let Line::Texts(chat) = line else { return now };
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

//! What may be sent next, and when: one line per chat, in order; ranks among chats; parking, group
//! pace and outages. Pure; owned by `app::deliver`, which does the sending.
//!
//! Invariant: a line has at most one row under way, and its rows leave in the order they came.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::time::Duration;

use crate::chat::{ChatId, Outbound, OutboxId, Rank};
use crate::clock::Timestamp;

/// Most messages and edits in any 60 seconds of one group (Bot API FAQ, "Broadcasting to users").
const GROUP_PER_MINUTE: usize = 20;
const MINUTE: Duration = Duration::from_mins(1);
/// One chat takes about one message a second (Bot API FAQ) …
const PER_MESSAGE: Duration = Duration::from_secs(1);
/// … and short bursts: this much may be sent ahead of that pace.
const AHEAD_MILLIS: u64 = 4_000;
/// Longest pause between two probes while Telegram does not answer.
const OUTAGE_CAP: Duration = Duration::from_secs(30);

/// The light facts of an outbox row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) id: OutboxId,
    pub(crate) chat: ChatId,
    pub(crate) rank: Rank,
    pub(crate) not_before: Timestamp,
}

impl Head {
    /// The facts of a row.
    pub(crate) const fn of(id: OutboxId, row: &Outbound) -> Self {
        Self {
            id,
            chat: row.chat,
            rank: row.rank,
            not_before: row.not_before,
        }
    }

    /// Callback answers expire within seconds, so they do not queue behind a parked chat's texts.
    const fn line(&self) -> Line {
        match self.rank {
            Rank::Acknowledge => Line::Callbacks(self.chat),
            Rank::Final | Rank::Edit | Rank::Typing | Rank::Broadcast => Line::Texts(self.chat),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Line {
    Texts(ChatId),
    Callbacks(ChatId),
}

/// How a try to send a row ended, as far as order and time are concerned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    /// The row is gone from the outbox: sent, or not to be sent any more.
    Gone,
    /// The row was changed and goes again at once.
    Changed,
    /// This chat waits until then.
    Parked { until: Timestamp },
    /// The same, because Telegram said so (`retry_after`).
    Flooded { until: Timestamp },
    /// Telegram did not answer: everybody waits, then one row is tried.
    Unanswered,
}

#[derive(Debug, Default)]
struct Rows {
    waiting: BTreeMap<OutboxId, Rank>,
    under_way: Option<OutboxId>,
    parked_until: Timestamp,
    /// Tries in a row without an answer.
    unanswered: u32,
    /// Up to when the chat's messages are spread at one a second.
    spread_until: Timestamp,
    filed: Option<Filed>,
}

impl Rows {
    /// When the chat's own pace and parking allow the next row.
    fn free_at(&self) -> Timestamp {
        let paced = Timestamp(self.spread_until.0.saturating_sub(AHEAD_MILLIS));
        self.parked_until.max(paced)
    }

    /// From when on nothing has to be remembered of a chat that is sent nothing.
    fn idle_at(&self) -> Timestamp {
        self.parked_until.max(self.spread_until)
    }
}

/// Where an idle line is filed, so that it can be taken out again.
#[derive(Debug, Clone, Copy)]
enum Filed {
    Ready(Rank, OutboxId),
    Asleep(Timestamp),
}

/// The lines of all chats.
#[derive(Debug, Default)]
pub(crate) struct Outgoing {
    lines: HashMap<Line, Rows>,
    /// Heads of idle lines whose time has come.
    ready: BTreeSet<(Rank, OutboxId, Line)>,
    /// Idle lines that wait for a moment.
    asleep: BTreeSet<(Timestamp, Line)>,
    /// When each group was last sent something, within a minute.
    groups: HashMap<ChatId, VecDeque<Timestamp>>,
    under_way: usize,
    /// Tries in a row that got no answer, and when the next one may go.
    silence: u32,
    silent_until: Timestamp,
}

impl Outgoing {
    /// A row that was just stored, or was left over at start.
    pub(crate) fn push(&mut self, head: Head, now: Timestamp) {
        let line = head.line();
        let rows = self.lines.entry(line).or_default();
        if rows.under_way == Some(head.id) {
            return;
        }
        rows.parked_until = rows.parked_until.max(head.not_before);
        rows.waiting.insert(head.id, head.rank);
        self.file(line, now);
    }

    /// The row to send now, if any; its line is busy until [`Outgoing::ended`].
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<Head> {
        if self.next_at(now)? > now {
            return None;
        }
        let (rank, id, line) = self.ready.pop_first()?;
        let rows = self.lines.get_mut(&line)?;
        rows.waiting.remove(&id);
        rows.under_way = Some(id);
        rows.filed = None;
        rows.spread_until = rows.spread_until.max(now).after(PER_MESSAGE);
        self.under_way += 1;
        let chat = chat_of(line);
        if let Line::Texts(chat) = line
            && chat.0 < 0
        {
            self.groups.entry(chat).or_default().push_back(now);
        }
        Some(Head {
            id,
            chat,
            rank,
            not_before: Timestamp::default(),
        })
    }

    /// The try of `head` ended.
    pub(crate) fn ended(&mut self, head: Head, ended: Ended, now: Timestamp, jitter: Duration) {
        let line = head.line();
        self.under_way = self.under_way.saturating_sub(1);
        match ended {
            Ended::Unanswered => self.silence_grows(now, jitter),
            Ended::Gone | Ended::Changed | Ended::Flooded { .. } => self.silence = 0,
            Ended::Parked { .. } => {}
        }
        let Some(rows) = self.lines.get_mut(&line) else {
            return;
        };
        rows.under_way = None;
        if ended == Ended::Unanswered {
            // Longer than the silence, so that others probe next: it may be this chat alone that
            // gets no answer.
            rows.unanswered = rows.unanswered.saturating_add(1).min(10);
            let until = now.after(pause_after(rows.unanswered + 2) + jitter);
            rows.parked_until = rows.parked_until.max(until);
        } else {
            rows.unanswered = 0;
        }
        match ended {
            Ended::Gone => {}
            Ended::Changed | Ended::Unanswered => {
                rows.waiting.insert(head.id, head.rank);
            }
            Ended::Parked { until } | Ended::Flooded { until } => {
                rows.waiting.insert(head.id, head.rank);
                rows.parked_until = rows.parked_until.max(until);
            }
        }
        self.file(line, now);
    }

    /// Forgets what waits for a chat that is closed to us; a row under way stays with its try.
    pub(crate) fn close(&mut self, chat: ChatId) {
        for line in [Line::Texts(chat), Line::Callbacks(chat)] {
            self.unfile(line);
            if let Some(rows) = self.lines.get_mut(&line) {
                rows.waiting.clear();
                if rows.under_way.is_none() {
                    self.lines.remove(&line);
                }
            }
        }
        self.groups.remove(&chat);
    }

    /// When [`Outgoing::next`] has something, if nothing else happens before: `now` when it has.
    pub(crate) fn next_at(&mut self, now: Timestamp) -> Option<Timestamp> {
        self.wake_lines(now);
        if self.silence > 0 && self.under_way > 0 {
            // The probe's end decides.
            return None;
        }
        let due = match self.ready.first() {
            Some(_) => now,
            None => self.asleep.first()?.0,
        };
        Some(if self.silence > 0 {
            due.max(self.silent_until)
        } else {
            due
        })
    }

    /// Rows waiting or under way.
    pub(crate) fn len(&self) -> usize {
        self.lines
            .values()
            .map(|rows| rows.waiting.len())
            .sum::<usize>()
            + self.under_way
    }

    /// One more try without an answer. Those that were under way together count as one.
    fn silence_grows(&mut self, now: Timestamp, jitter: Duration) {
        if now >= self.silent_until {
            self.silence = self.silence.saturating_add(1);
            self.silent_until = now.after(pause_after(self.silence) + jitter);
        }
    }

    /// Files an idle line under "ready" or "asleep", by its head.
    fn file(&mut self, line: Line, now: Timestamp) {
        self.unfile(line);
        let free_at = self.group_free_at(line, now);
        let forgotten_at = self.group_forgotten_at(line);
        let Some(rows) = self.lines.get_mut(&line) else {
            return;
        };
        if rows.under_way.is_some() {
            return;
        }
        let at = rows.free_at().max(free_at);
        let filed = match rows.waiting.first_key_value() {
            Some((&id, &rank)) if at <= now => Filed::Ready(rank, id),
            Some(_) => Filed::Asleep(at),
            None => Filed::Asleep(rows.idle_at().max(forgotten_at)),
        };
        rows.filed = Some(filed);
        match filed {
            Filed::Ready(rank, id) => self.ready.insert((rank, id, line)),
            Filed::Asleep(at) => self.asleep.insert((at, line)),
        };
    }

    fn unfile(&mut self, line: Line) {
        match self.lines.get_mut(&line).and_then(|rows| rows.filed.take()) {
            Some(Filed::Ready(rank, id)) => self.ready.remove(&(rank, id, line)),
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
            if self
                .lines
                .get(&line)
                .is_some_and(|rows| rows.waiting.is_empty())
            {
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
        let last = self.groups.get(&chat).and_then(VecDeque::back);
        last.map_or_else(Timestamp::default, |at| at.after(MINUTE))
    }

    /// When a group's sliding minute has room again.
    fn group_free_at(&mut self, line: Line, now: Timestamp) -> Timestamp {
        let Line::Texts(chat) = line else { return now };
        let Some(sent) = self.groups.get_mut(&chat) else {
            return now;
        };
        while sent.front().is_some_and(|at| now >= at.after(MINUTE)) {
            sent.pop_front();
        }
        match sent.front() {
            None => {
                self.groups.remove(&chat);
                now
            }
            Some(oldest) if sent.len() >= GROUP_PER_MINUTE => oldest.after(MINUTE),
            Some(_) => now,
        }
    }
}

const fn chat_of(line: Line) -> ChatId {
    let (Line::Texts(chat) | Line::Callbacks(chat)) = line;
    chat
}

/// The pause after so many tries without an answer.
fn pause_after(tries: u32) -> Duration {
    let pause = Duration::from_millis(250) * 2_u32.saturating_pow(tries.min(10));
    pause.min(OUTAGE_CAP)
}

#[cfg(test)]
mod tests;

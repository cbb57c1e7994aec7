//! What follows from the end of a try: for its row, for its queue, and for all. Pure.

use std::time::Duration;

use super::chat_queue::{QueueId, Row, queue_of};
use super::failing::{Verdict, judge, once_more};
use super::{Due, Ended, Fate, Item, Outgoing};
use crate::chat::OutboxId;
use crate::clock::Timestamp;

/// Longest pause between two probes while Telegram does not answer.
pub(super) const OUTAGE_CAP: Duration = Duration::from_secs(30);

/// A try that ended.
struct Tried {
    queue: QueueId,
    /// What was tried, unless it was a frame.
    row: Option<(OutboxId, Row)>,
    ended: Ended,
}

impl Outgoing {
    /// Takes the end of the try of `due`; returns what is to be stored of a row that failed again.
    /// A frame is not tried a second time unless it is requested again.
    pub(crate) fn ended(
        &mut self,
        due: Due,
        ended: Ended,
        now: Timestamp,
        jitter: Duration,
    ) -> Option<Fate> {
        self.under_way = self.under_way.saturating_sub(1);
        let queue = queue_of(due.chat, due.rank);
        let rows = self.queues.get_mut(&queue)?;
        rows.under_way = None;
        let row = match due.item {
            Item::Row(id) => rows.tried.take().map(|row| (id, row)),
            Item::Frame(_) => None,
        };
        if let Ended::Parked { until } | Ended::Flooded { until } = ended {
            rows.parked_until = rows.parked_until.max(until);
        }
        let tried = Tried { queue, row, ended };
        let fate = match ended {
            Ended::Unanswered | Ended::Failed | Ended::Broken => self.failed(&tried, now, jitter),
            Ended::Gone
            | Ended::Unsent
            | Ended::Changed
            | Ended::Parked { .. }
            | Ended::Flooded { .. } => {
                self.answered(&tried);
                None
            }
        };
        self.file(queue, now);
        fate
    }

    /// After a try that Telegram answered, or that was not made.
    fn answered(&mut self, tried: &Tried) {
        let is_answered = matches!(
            tried.ended,
            Ended::Gone | Ended::Changed | Ended::Flooded { .. }
        );
        if is_answered {
            self.unanswered = 0;
            // That a press was acknowledged does not show that messages are delivered.
            self.tally.served += u64::from(matches!(tried.queue, QueueId::Texts(_)));
        }
        let Some((id, mut row)) = tried.row else {
            return;
        };
        if let Ended::Gone | Ended::Unsent = tried.ended {
            self.rows = self.rows.saturating_sub(1);
            return;
        }
        if is_answered {
            row.failing = row.failing.after_an_answer();
        }
        if let Some(rows) = self.queues.get_mut(&tried.queue) {
            rows.put(id, row);
        }
    }

    /// After a try that failed.
    fn failed(&mut self, tried: &Tried, now: Timestamp, jitter: Duration) -> Option<Fate> {
        let is_aside = tried.row.is_some_and(|(_, row)| row.failing.is_aside);
        let before = self.tally;
        // The failure of a row that was set aside does not show that Telegram is down.
        if tried.ended == Ended::Unanswered && !is_aside {
            self.note_unanswered(now, jitter);
            self.tally.failed += 1;
        }
        let rows = self.queues.get_mut(&tried.queue)?;
        let is_own_fault = before.proves(rows.met, tried.ended);
        rows.met = self.tally;
        let (id, mut row) = tried.row?;
        if row.failing.tries == 0 {
            row.since = now;
        }
        row.failing = once_more(row.failing, row.since, now);
        let fate = match judge(row.failing, is_own_fault) {
            Verdict::Retry => {
                // Longer than the pause of the outage, so that others probe next: it may be this
                // chat alone that gets no answer.
                let pause = pause_after(row.failing.tries.saturating_add(2));
                rows.parked_until = rows.parked_until.max(now.after(pause + jitter));
                Fate::Waits(row.failing)
            }
            Verdict::Aside(pause) => {
                row.failing.is_aside = true;
                row.due = now.after(pause + jitter);
                Fate::Aside(row.failing, pause)
            }
            Verdict::GivenUp => {
                self.rows = self.rows.saturating_sub(1);
                return Some(Fate::GivenUp(row.failing));
            }
        };
        rows.put(id, row);
        Some(fate)
    }

    /// Counts one more try without an answer; those that were under way together count as one.
    fn note_unanswered(&mut self, now: Timestamp, jitter: Duration) {
        if now >= self.outage_until {
            self.unanswered = self.unanswered.saturating_add(1);
            self.outage_until = now.after(pause_after(self.unanswered) + jitter);
        }
    }
}

/// The pause after so many tries without an answer.
fn pause_after(tries: u32) -> Duration {
    let pause = Duration::from_millis(250) * 2_u32.saturating_pow(tries.min(10));
    pause.min(OUTAGE_CAP)
}

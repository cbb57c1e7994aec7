//! What the loops of the bot notice that may be worth an alert, and what was made of it. Owns the marks
//! of the poll and of the clock; whoever looks at them decides (`ticks::alerts`).

use std::collections::VecDeque;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::chat::answer::Obstacle;
use crate::clock::Instant;

/// So many refusals because of another poller mean that there is one …
const CONFLICTS: usize = 3;
/// … within this time. While a bot is being replaced, once or twice is usual.
const WITHIN: Duration = Duration::from_mins(2);

/// Marks, as they were left last.
#[derive(Debug, Default)]
pub(crate) struct Signs {
    marks: Mutex<Marks>,
    called: Notify,
}

#[derive(Debug, Default)]
struct Marks {
    conflicts: VecDeque<Instant>,
    clock_off: Option<Duration>,
    read: Vec<Obstacle>,
}

impl Signs {
    /// Something has changed that is to be looked at now.
    pub(crate) fn call(&self) {
        self.called.notify_one();
    }

    /// Waits for [`Signs::call`].
    pub(crate) async fn called(&self) {
        self.called.notified().await;
    }

    /// Telegram refused a poll because another process polls.
    pub(crate) fn another_polls(&self, now: Instant) {
        let mut marks = self.marks.lock();
        marks.conflicts.push_back(now);
        let surplus = marks.conflicts.len().saturating_sub(CONFLICTS);
        marks.conflicts.drain(..surplus);
        drop(marks);
        self.call();
    }

    /// Whether another process polls.
    pub(crate) fn has_second_poller(&self, now: Instant) -> bool {
        let marks = self.marks.lock();
        let is_late = |at: &Instant| now.saturating_duration_since(*at) < WITHIN;
        marks.conflicts.iter().filter(|at| is_late(at)).count() >= CONFLICTS
    }

    /// How far the machine's clock is off, where that is too much.
    pub(crate) fn clock_is_off(&self, off: Option<Duration>) {
        self.marks.lock().clock_off = off;
    }

    pub(crate) fn clock_off(&self) -> Option<Duration> {
        self.marks.lock().clock_off
    }

    /// What an Owner has read of by now.
    pub(crate) fn owners_read_of(&self, obstacles: Vec<Obstacle>) {
        self.marks.lock().read = obstacles;
    }

    pub(crate) fn is_read(&self, obstacle: Obstacle) -> bool {
        self.marks.lock().read.contains(&obstacle)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn another_poller_is_one_that_is_met_three_times_within_two_minutes() {
        let now = clock::instant();
        let signs = Signs::default();
        for (seconds, is_one) in [(0, false), (60, false), (119, true), (200, false)] {
            let at = now + Duration::from_secs(seconds);
            signs.another_polls(at);
            assert_eq!(signs.has_second_poller(at), is_one, "{seconds}");
        }
        let at = now + Duration::from_secs(201);
        signs.another_polls(at);
        assert!(signs.has_second_poller(at));
        assert!(!signs.has_second_poller(at + WITHIN));
    }
}

//! What becomes of a row that Telegram keeps failing on (design §2, rule 6). Pure.
//!
//! A row that fails while Telegram serves others is set aside: what waits behind it in its chat
//! goes on, and it is tried at growing intervals until it is given up. While Telegram serves nobody
//! the fault is not the row's, and order is kept.

use std::time::Duration;

use super::Ended;
use crate::chat::Failing;
use crate::clock::Timestamp;

/// Failed tries in a row that set a row aside …
const TRIES: u32 = 6;
/// … when they have gone on for this long.
const PATIENCE: Duration = Duration::from_mins(2);
/// A row set aside is tried again after as long as it has been failing by then, at the least …
const SHORTEST: Duration = PATIENCE;
/// … and at the most after this.
const LONGEST: Duration = Duration::from_hours(4);
/// It is given up once it has been failing for so long.
const GIVEN_UP: Duration = Duration::from_hours(24);

/// What becomes of a row after a failed try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    /// It stays at its place and is tried again.
    Retry,
    /// It is set aside and tried again after this long.
    Aside(Duration),
    /// It is not tried any more.
    GivenUp,
}

/// Tries of all chats so far, by how they ended. Two tallies tell what others met between two tries
/// of one row: when neither count has grown, nobody else was tried.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Tries that Telegram answered.
    pub(super) served: u64,
    /// Tries that it did not answer.
    pub(super) failed: u64,
}

impl Tally {
    /// Whether a failed try was the row's own fault, by what others met since the tally `before`,
    /// that of the row's last failure.
    pub(super) fn proves(self, before: Self, ended: Ended) -> bool {
        match ended {
            Ended::Broken => true,
            Ended::Failed => self.served > before.served || self.failed == before.failed,
            Ended::Unanswered => self.served > before.served,
            Ended::Gone
            | Ended::Unsent
            | Ended::Changed
            | Ended::Parked { .. }
            | Ended::Flooded { .. } => false,
        }
    }
}

/// Counts one failed try more; `since` is when the first of them ended.
pub(super) fn once_more(failing: Failing, since: Timestamp, now: Timestamp) -> Failing {
    Failing {
        tries: failing.tries.saturating_add(1),
        lasted: now.since(since),
        ..failing
    }
}

/// Judges a row after a failed try, `is_own_fault` by [`Tally::proves`].
pub(super) fn judge(failing: Failing, is_own_fault: bool) -> Verdict {
    let is_lasting = failing.tries >= TRIES && failing.lasted >= PATIENCE;
    if failing.is_aside && failing.lasted >= GIVEN_UP {
        return Verdict::GivenUp;
    }
    if failing.is_aside || (is_lasting && is_own_fault) {
        return Verdict::Aside(failing.lasted.clamp(SHORTEST, LONGEST));
    }
    Verdict::Retry
}

/// Whether the next failure of a row may set it aside, so that it is worth a question whether the
/// chat can be reached at all.
pub(crate) const fn is_suspect(failing: Failing) -> bool {
    !failing.is_aside && failing.tries + 1 >= TRIES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failing(tries: u32, lasted: Duration, is_aside: bool) -> Failing {
        Failing {
            tries,
            lasted,
            is_aside,
        }
    }

    #[test]
    fn six_tries_over_two_minutes_while_others_are_served_set_a_row_aside() {
        let aside = Verdict::Aside(PATIENCE);
        let almost = PATIENCE.saturating_sub(Duration::from_secs(1));
        for (tries, lasted, is_own_fault, verdict) in [
            (6, PATIENCE, true, aside),
            (5, PATIENCE, true, Verdict::Retry),
            (6, almost, true, Verdict::Retry),
            (600, GIVEN_UP * 2, false, Verdict::Retry),
        ] {
            let failing = failing(tries, lasted, false);
            assert_eq!(judge(failing, is_own_fault), verdict, "{failing:?}");
        }
    }

    #[test]
    fn what_stands_aside_is_tried_at_growing_intervals_for_a_day() {
        let mut row = failing(8, PATIENCE, true);
        let mut pauses = Vec::new();
        // Whether others are served does not matter any more.
        while let Verdict::Aside(pause) = judge(row, false) {
            pauses.push(pause);
            row = failing(row.tries + 1, row.lasted + pause, true);
        }
        assert!(pauses.is_sorted() && pauses[0] == SHORTEST, "{pauses:?}");
        assert_eq!(pauses.iter().max(), Some(&LONGEST));
        assert!(pauses.len() < 20, "{pauses:?}");
        assert_eq!(judge(row, true), Verdict::GivenUp);
        assert!(row.lasted >= GIVEN_UP && row.lasted < GIVEN_UP + LONGEST);
    }

    #[test]
    fn it_is_the_rows_own_fault_when_others_are_served_or_its_chat_answers_and_nobody_else_fails() {
        let before = Tally {
            served: 3,
            failed: 7,
        };
        let served = Tally {
            served: 4,
            ..before
        };
        let failed = Tally {
            failed: 8,
            ..before
        };
        for (now, ended, is_own_fault) in [
            (served, Ended::Unanswered, true),
            (before, Ended::Unanswered, false),
            (failed, Ended::Unanswered, false),
            (served, Ended::Failed, true),
            (before, Ended::Failed, true),
            (failed, Ended::Failed, false),
            (failed, Ended::Broken, true),
        ] {
            assert_eq!(now.proves(before, ended), is_own_fault, "{now:?} {ended:?}");
        }
    }
}

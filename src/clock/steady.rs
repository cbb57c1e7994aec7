//! The count of time within one run: where it begins, how it goes on, and which dates of Telegram
//! correct it. Readings of the clocks come as arguments.
//!
//! Invariant: between two corrections the count grows exactly as the monotonic clock does.

use std::time::{Duration, Instant};

use super::Timestamp;

/// Time an answer may take on its way, and its `Date` is in whole seconds: a difference of less says
/// nothing (design §3, "clock off by more than 60 s").
pub(crate) const TOLERANCE: Duration = Duration::from_mins(1);

/// How long a date of Telegram confirms the count: polls bring one every 50 s.
const FRESH: Duration = Duration::from_mins(10);

/// How long no date may have come at all until that counts as agreement: the answers of a local Bot
/// API server, or of a proxy, may have none.
const NEVER_DATED: Duration = Duration::from_hours(1);

/// What a `Date` says of the count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// They agree, as far as can be told.
    Agrees,
    /// It differs, for the first time: a second answer decides.
    Doubtful,
    /// Two answers in a row differed alike, and the count now follows them.
    Corrected,
}

/// The count.
#[derive(Debug)]
pub(super) struct Steady {
    /// What the wall clock showed at `began`.
    origin: Timestamp,
    began: Instant,
    /// Milliseconds by which the count was found to be behind (or ahead, when negative).
    correction: i64,
    /// By how much the last answer differed, until a second one has come.
    doubt: Option<i64>,
    /// When an answer last agreed.
    confirmed: Option<Instant>,
}

impl Steady {
    pub(super) const fn new(wall: Timestamp, at: Instant) -> Self {
        Self {
            origin: wall,
            began: at,
            correction: 0,
            doubt: None,
            confirmed: None,
        }
    }

    pub(super) fn steady(&self, at: Instant) -> Timestamp {
        self.origin.after(at.saturating_duration_since(self.began))
    }

    pub(super) fn now(&self, at: Instant) -> Timestamp {
        Timestamp(self.steady(at).0.saturating_add_signed(self.correction))
    }

    /// One answer that differs may be a proxy's; two that differ alike are Telegram's clock.
    pub(super) fn compare(&mut self, date: Timestamp, at: Instant) -> Comparison {
        let off = difference(date, self.now(at));
        if is_small(off) {
            self.doubt = None;
            self.confirmed = Some(at);
            return Comparison::Agrees;
        }
        let agree = self
            .doubt
            .is_some_and(|doubt| is_small(off.saturating_sub(doubt)));
        if !agree {
            self.doubt = Some(off);
            return Comparison::Doubtful;
        }
        self.correction = self.correction.saturating_add(off);
        self.doubt = None;
        self.confirmed = Some(at);
        Comparison::Corrected
    }

    pub(super) fn follow(&mut self, wall: Timestamp, at: Instant) {
        let off = difference(wall, self.now(at));
        if !is_small(off) {
            self.correction = self.correction.saturating_add(off);
        }
    }

    pub(super) fn is_confirmed(&self, at: Instant) -> bool {
        let since = |moment| at.saturating_duration_since(moment);
        let agrees = match self.confirmed {
            Some(agreed) => since(agreed) < FRESH,
            None => since(self.began) >= NEVER_DATED,
        };
        agrees && self.doubt.is_none()
    }
}

/// Milliseconds from the second moment to the first.
fn difference(later: Timestamp, earlier: Timestamp) -> i64 {
    let millis = i128::from(later.0) - i128::from(earlier.0);
    i64::try_from(millis).unwrap_or(if millis < 0 { i64::MIN } else { i64::MAX })
}

fn is_small(millis: i64) -> bool {
    Duration::from_millis(millis.unsigned_abs()) <= TOLERANCE
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: i64 = 3_600;
    const DAY: i64 = 24 * HOUR;

    /// A count that begins at a known second, and the instant of its beginning.
    fn count() -> (Steady, Instant) {
        let at = super::super::monotonic();
        (Steady::new(second(0), at), at)
    }

    fn second(secs: i64) -> Timestamp {
        Timestamp::from_secs(1_795_000_000).shifted(secs)
    }

    impl Timestamp {
        fn shifted(self, secs: i64) -> Self {
            Self(self.0.saturating_add_signed(secs * 1000))
        }
    }

    #[test]
    fn two_answers_that_differ_alike_correct_the_count_and_one_does_not() {
        for off in [100 * DAY, DAY, HOUR, 61, -61, -HOUR, -100 * DAY] {
            let (mut count, began) = count();
            let at = began + Duration::from_secs(5);
            assert_eq!(
                count.compare(second(5 + off), at),
                Comparison::Doubtful,
                "{off}"
            );
            assert_eq!(count.now(at), second(5));
            assert!(!count.is_confirmed(at));
            let at = began + Duration::from_secs(55);
            assert_eq!(
                count.compare(second(55 + off), at),
                Comparison::Corrected,
                "{off}"
            );
            assert_eq!(count.now(at), second(55 + off));
            assert_eq!(count.steady(at), second(55), "waits go on as they were");
            assert!(count.is_confirmed(at));
        }
    }

    #[test]
    fn answers_that_differ_otherwise_or_hardly_correct_nothing() {
        let rows: [&[(i64, Comparison)]; 4] = [
            // A wrong answer among right ones.
            &[
                (0, Comparison::Agrees),
                (100 * DAY, Comparison::Doubtful),
                (0, Comparison::Agrees),
            ],
            // After one that agrees a doubt starts over.
            &[
                (HOUR, Comparison::Doubtful),
                (0, Comparison::Agrees),
                (HOUR, Comparison::Doubtful),
            ],
            &[
                (HOUR, Comparison::Doubtful),
                (2 * HOUR, Comparison::Doubtful),
                (-HOUR, Comparison::Doubtful),
            ],
            &[
                (60, Comparison::Agrees),
                (-60, Comparison::Agrees),
                (59, Comparison::Agrees),
            ],
        ];
        for row in rows {
            let (mut count, began) = count();
            for (said, expected) in row {
                assert_eq!(count.compare(second(*said), began), *expected, "{row:?}");
                assert_eq!(count.now(began), second(0), "{row:?}");
            }
        }
    }

    #[test]
    fn a_date_of_telegram_confirms_the_count_for_ten_minutes() {
        let (mut count, began) = count();
        assert!(!count.is_confirmed(began), "no date has come yet");
        count.compare(second(0), began);
        assert!(count.is_confirmed(began + Duration::from_secs(599)));
        assert!(!count.is_confirmed(began + Duration::from_mins(10)));
    }

    #[test]
    fn where_no_date_ever_comes_that_counts_as_agreement_after_an_hour() {
        let (mut count, began) = count();
        let after = |secs| began + Duration::from_secs(secs);
        assert!(!count.is_confirmed(after(3_599)));
        assert!(count.is_confirmed(after(3_600)));
        count.compare(second(DAY), after(3_700));
        assert!(!count.is_confirmed(after(3_701)));
    }

    #[test]
    fn without_dates_of_telegram_the_wall_is_followed_and_small_differences_are_not() {
        let (mut count, began) = count();
        for (wall, expected) in [(30, 0), (DAY, DAY), (DAY - 30, DAY), (-HOUR, -HOUR)] {
            count.follow(second(wall), began);
            assert_eq!(count.now(began), second(expected), "{wall}");
            assert_eq!(count.steady(began), second(0));
        }
    }

    #[test]
    fn senseless_moments_are_survived() {
        let (_, at) = count();
        for origin in [0, u64::MAX / 2, u64::MAX] {
            for said in [0, 1, u64::MAX] {
                let mut count = Steady::new(Timestamp(origin), at);
                count.compare(Timestamp(said), at);
                count.compare(Timestamp(said), at);
                count.follow(Timestamp(origin), at);
                assert!(count.now(at + Duration::from_hours(1)) >= count.now(at));
            }
        }
    }
}

//! The only reader of clocks. Two kinds of time: [`Timestamp`] for rows and everything that must
//! survive a restart, [`Instant`] for waiting. Pure code takes either as an argument.
//!
//! The machine's wall clock is read once, when the process asks for the time first. From there on
//! the monotonic clock counts, so a wall clock that is set while the bot runs moves nothing. What
//! corrects the count is the `Date` of Telegram's answers, once two of them agree ([`compare`]);
//! `svs-bot chat`, which gets no such dates, follows the wall clock ([`follow_wall`]).
//!
//! - [`now`] is the time of day, with its corrections: for rows, grants, days of quota.
//! - [`steady()`] is the same count without any correction: for waits that are kept as a moment.
//! - [`reading()`] is both at one instant, for whoever has to compare moments of the two.

use std::sync::LazyLock;
use std::time::Duration;

use parking_lot::Mutex;
use serde::{Deserialize, Serialize};
pub(crate) use tokio::time::Instant;

pub(crate) use day::Day;
use steady::Steady;
pub(crate) use steady::{Comparison, TOLERANCE};

mod day;
mod shift;
mod steady;

/// Milliseconds since 1970-01-01 UTC.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub(crate) struct Timestamp(pub(crate) u64);

impl Timestamp {
    /// A moment given in whole seconds, as the Bot API and HTTP give them.
    pub(crate) const fn from_secs(secs: u64) -> Self {
        Self(secs.saturating_mul(1000))
    }

    /// How long ago `earlier` was; zero when it lies ahead.
    pub(crate) const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// This moment less `span`.
    pub(crate) fn before(self, span: Duration) -> Self {
        let span = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_sub(span))
    }

    /// Whether these two moments are less than `span` apart, whichever is the earlier. A stored
    /// moment that lies far ahead was written by a wrong clock and is near to nothing.
    pub(crate) fn is_within(self, span: Duration, other: Self) -> bool {
        self.since(other).max(other.since(self)) < span
    }

    /// This moment and `wait` more.
    pub(crate) fn after(self, wait: Duration) -> Self {
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(wait))
    }
}

/// A wait that outlives a restart: when it began, and how long it is. Invariant: whatever the clock
/// says, never more than its whole length is left of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pause {
    pub(crate) since: Timestamp,
    pub(crate) length: Duration,
}

impl Pause {
    pub(crate) const fn new(since: Timestamp, length: Duration) -> Self {
        Self { since, length }
    }

    /// What is left of it; all of it when it seems to begin later than now.
    pub(crate) fn left(self, now: Timestamp) -> Duration {
        self.length.saturating_sub(now.since(self.since))
    }
}

/// One instant as both counts tell it. A count that is never corrected, as in the simulator, tells
/// one time, so that a [`Timestamp`] is a reading of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    /// Of [`now`].
    pub(crate) now: Timestamp,
    /// Of [`steady()`].
    pub(crate) steady: Timestamp,
}

impl From<Timestamp> for Reading {
    fn from(now: Timestamp) -> Self {
        Self { now, steady: now }
    }
}

impl Reading {
    /// A moment of the steady count as [`now`] tells it, while the clock is not corrected again.
    pub(crate) fn to_now(self, steady: Timestamp) -> Timestamp {
        moved(steady, self.steady, self.now)
    }

    /// A moment of [`now`] as the steady count tells it, while the clock is not corrected again.
    pub(crate) fn to_steady(self, now: Timestamp) -> Timestamp {
        moved(now, self.now, self.steady)
    }
}

/// What lies as far from `to` as the moment does from `from`.
fn moved(moment: Timestamp, from: Timestamp, to: Timestamp) -> Timestamp {
    if moment >= from {
        to.after(moment.since(from))
    } else {
        to.before(from.since(moment))
    }
}

/// The one count of this process.
static CLOCK: LazyLock<Mutex<Steady>> =
    LazyLock::new(|| Mutex::new(Steady::new(wall(), monotonic())));

/// The time of day: what the wall clock showed at the start and what has passed since, as corrected.
pub(crate) fn now() -> Timestamp {
    CLOCK.lock().now(monotonic())
}

/// The same without corrections: between two readings lies exactly the time that passed.
pub(crate) fn steady() -> Timestamp {
    CLOCK.lock().steady(monotonic())
}

/// Both at one instant: no correction comes between them.
pub(crate) fn reading() -> Reading {
    let (count, at) = (CLOCK.lock(), monotonic());
    Reading {
        now: count.now(at),
        steady: count.steady(at),
    }
}

/// Compares the count with the `Date` of an answer of Telegram.
pub(crate) fn compare(date: Timestamp) -> Comparison {
    CLOCK.lock().compare(date, monotonic())
}

/// Sets the count by the wall clock, where no dates of Telegram are to be had.
pub(crate) fn follow_wall() {
    CLOCK.lock().follow(wall(), monotonic());
}

/// Whether Telegram has agreed with the count lately: what is removed by its age waits for that.
pub(crate) fn is_confirmed() -> bool {
    CLOCK.lock().is_confirmed(monotonic())
}

/// The machine's wall clock, for telling that it is wrong.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one reader of clocks"
)]
pub(crate) fn wall() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let real = Timestamp(since.map_or(0, |d| u64::try_from(d.as_millis()).unwrap_or(u64::MAX)));
    shift::shifted(real)
}

/// Not tokio's: a test that pauses tokio's time must not move the count of the whole process.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one reader of clocks"
)]
fn monotonic() -> std::time::Instant {
    std::time::Instant::now()
}

/// The monotonic clock, for deadlines.
#[expect(
    clippy::disallowed_methods,
    reason = "this is the one reader of clocks"
)]
pub(crate) fn instant() -> Instant {
    Instant::now()
}

/// A moment as RFC 3339 has it, in UTC and whole seconds.
pub(crate) fn rfc3339(at: Timestamp) -> String {
    moment(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn moment(at: Timestamp) -> jiff::Timestamp {
    let millis = i64::try_from(at.0).unwrap_or(i64::MAX);
    jiff::Timestamp::from_millisecond(millis).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// What the clocks of a time zone show at a moment.
pub(crate) fn zoned(at: Timestamp, zone: &jiff::tz::TimeZone) -> jiff::Zoned {
    moment(at).to_zoned(zone.clone())
}

/// The date in a time zone, e.g. `Friday, 2026-11-20`.
pub(crate) fn date(now: Timestamp, zone: &jiff::tz::TimeZone) -> String {
    zoned(now, zone).strftime("%A, %Y-%m-%d").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_pause_never_more_than_its_length_is_left() {
        let second = |secs: u64| Timestamp::from_secs(1_000_000 + secs);
        let pause = Pause {
            since: second(0),
            length: Duration::from_secs(30),
        };
        let year = Duration::from_hours(365 * 24);
        for (now, left) in [
            (second(0), 30),
            (second(29), 1),
            (second(30), 0),
            (second(0).after(year), 0),
            (second(0).before(Duration::from_hours(1)), 30),
            (Timestamp(0), 30),
        ] {
            assert_eq!(pause.left(now), Duration::from_secs(left), "{now:?}");
        }
    }

    #[test]
    fn moments_are_near_or_far_whichever_is_the_earlier() {
        let (early, late) = (Timestamp::from_secs(100), Timestamp::from_secs(160));
        for (one, other) in [(early, late), (late, early)] {
            assert!(one.is_within(Duration::from_secs(61), other));
            assert!(!one.is_within(Duration::from_mins(1), other));
        }
    }

    #[test]
    fn a_moment_of_one_count_is_as_far_from_the_reading_in_the_other() {
        let second = |secs: u64| Timestamp::from_secs(1_000_000 + secs);
        for (now, steady) in [(500, 500), (900, 100), (100, 900)] {
            let reading = Reading {
                now: second(now),
                steady: second(steady),
            };
            for (ahead, behind) in [(0, 0), (30, 0), (0, 30)] {
                let (by_now, by_steady) = (
                    second(now + ahead - behind),
                    second(steady + ahead - behind),
                );
                assert_eq!(reading.to_now(by_steady), by_now);
                assert_eq!(reading.to_steady(by_now), by_steady);
            }
            // Never, and long ago, stay what they are.
            assert!(reading.to_steady(Timestamp(u64::MAX)) > second(1_000_000_000));
            assert!(reading.to_steady(Timestamp(0)) < second(0));
        }
        let same = Reading::from(second(1));
        for moment in [Timestamp(0), second(7), Timestamp(u64::MAX)] {
            assert_eq!(
                (same.to_now(moment), same.to_steady(moment)),
                (moment, moment)
            );
        }
    }

    #[test]
    fn the_count_goes_on_and_keeps_its_distance_from_the_wall() {
        let (before, earlier) = (now(), steady());
        let (after, later) = (now(), steady());
        assert!(before <= after && earlier <= later);
        assert!(after.is_within(TOLERANCE, wall()));
    }
}

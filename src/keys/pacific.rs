//! Google's day: quotas are reset at midnight in `America/Los_Angeles` (gemini-api §16). Decides which
//! day a moment belongs to and when that day ends. Pure; the time zone rules are compiled in.
//! Invariant: a day ends exactly where the next one begins, daylight saving or not.

use std::sync::LazyLock;
use std::time::Duration;

use jiff::tz::{TimeZone, TimeZoneDatabase};

pub(crate) use crate::clock::Day;
use crate::clock::Timestamp;

/// The longest a Pacific day can be: the one on which summer time ends.
pub(crate) const LONGEST_DAY: Duration = Duration::from_hours(25);

#[expect(
    clippy::expect_used,
    reason = "the database is compiled in, and every test of this module reads the zone"
)]
static ZONE: LazyLock<TimeZone> = LazyLock::new(|| {
    TimeZoneDatabase::bundled()
        .get("America/Los_Angeles")
        .expect("the bundled database has this zone")
});

/// The day that a moment belongs to.
pub(crate) fn day_of(now: Timestamp) -> Day {
    Day::of(now, &ZONE)
}

/// The midnight that ends a day.
pub(crate) fn end_of(number: i32) -> Timestamp {
    Day::end_of(number, &ZONE)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        let utc: jiff::Timestamp = text.parse().unwrap();
        Timestamp(u64::try_from(utc.as_millisecond()).unwrap())
    }

    #[test]
    fn midnight_is_the_pacific_one_in_winter_and_in_summer() {
        let cases = [
            // (moment, date it belongs to, when that day ends), all UTC
            ("2026-11-20T13:00:00Z", "2026-11-20", "2026-11-21T08:00:00Z"),
            (
                "2026-11-20T07:59:59.999Z",
                "2026-11-19",
                "2026-11-20T08:00:00Z",
            ),
            ("2026-11-20T08:00:00Z", "2026-11-20", "2026-11-21T08:00:00Z"),
            (
                "2026-07-01T06:59:59.999Z",
                "2026-06-30",
                "2026-07-01T07:00:00Z",
            ),
            ("2026-07-01T07:00:00Z", "2026-07-01", "2026-07-02T07:00:00Z"),
            ("2026-12-31T23:00:00Z", "2026-12-31", "2027-01-01T08:00:00Z"),
            // Summer time begins on 14 March 2027 and ends on 7 November.
            ("2027-03-14T08:00:00Z", "2027-03-14", "2027-03-15T07:00:00Z"),
            ("2027-03-14T09:59:59Z", "2027-03-14", "2027-03-15T07:00:00Z"),
            ("2027-03-14T10:00:00Z", "2027-03-14", "2027-03-15T07:00:00Z"),
            ("2027-11-07T07:00:00Z", "2027-11-07", "2027-11-08T08:00:00Z"),
            ("2027-11-07T08:30:00Z", "2027-11-07", "2027-11-08T08:00:00Z"),
            ("2027-11-07T09:30:00Z", "2027-11-07", "2027-11-08T08:00:00Z"),
            ("2027-11-08T07:59:59Z", "2027-11-07", "2027-11-08T08:00:00Z"),
            ("2027-11-08T08:00:00Z", "2027-11-08", "2027-11-09T08:00:00Z"),
        ];
        for (moment, date, ends) in cases {
            let day = day_of(at(moment));
            let number = at(&format!("{date}T00:00:00Z")).0 / 86_400_000;
            assert_eq!(u64::try_from(day.number).unwrap(), number, "{moment}");
            assert_eq!(day.ends, at(ends), "{moment}");
        }
    }

    #[test]
    fn a_day_is_as_long_as_the_clock_change_makes_it() {
        let cases = [
            ("2026-03-07T20:00:00Z", 24),
            ("2026-03-08T20:00:00Z", 23),
            ("2026-10-31T20:00:00Z", 24),
            ("2026-11-01T20:00:00Z", 25),
            ("2026-11-02T20:00:00Z", 24),
            ("2027-03-14T20:00:00Z", 23),
            ("2027-11-07T20:00:00Z", 25),
        ];
        for (noon, hours) in cases {
            let day = day_of(at(noon));
            assert_eq!(day.ends.since(day.began), Duration::from_hours(hours));
            assert!(day.ends.since(day.began) <= LONGEST_DAY);
        }
    }

    #[test]
    fn days_follow_each_other_without_gap_for_thirty_years() {
        let mut day = day_of(at("2026-01-01T20:00:00Z"));
        for _ in 0..365 * 30 {
            let next = day_of(day.ends);
            assert_eq!((next.number, next.began), (day.number + 1, day.ends));
            assert_eq!(day_of(Timestamp(day.ends.0 - 1)), day);
            day = next;
        }
    }

    #[test]
    fn a_senseless_clock_is_survived() {
        for millis in [0, 1, u64::MAX / 2, u64::MAX] {
            let day = day_of(Timestamp(millis));
            assert!(day.began <= day.ends);
        }
    }
}

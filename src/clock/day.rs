//! Days as people and services count them: from one midnight of a time zone to the next. Pure; the
//! rules of the zones are compiled in or the system's. Invariant: a day ends exactly where the next
//! one begins, whatever the clock changes of the zone.

use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::Timestamp;

const DAY_SECS: i64 = 86_400;

/// One day of a time zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    /// Days since 1970-01-01 by its date there.
    pub(crate) number: i32,
    pub(crate) began: Timestamp,
    pub(crate) ends: Timestamp,
}

impl Day {
    /// The day that a moment belongs to.
    pub(crate) fn of(now: Timestamp, zone: &TimeZone) -> Self {
        let number = number_of(now, zone);
        Self {
            number,
            began: Self::end_of(number.saturating_sub(1), zone),
            ends: Self::end_of(number, zone),
        }
    }

    /// Month and day of the month of a day's number.
    pub(crate) fn date_of(number: i32) -> (u8, u8) {
        let utc = jiff::Timestamp::from_second(i64::from(number).saturating_mul(DAY_SECS));
        let date = TimeZone::UTC
            .to_datetime(utc.unwrap_or(jiff::Timestamp::UNIX_EPOCH))
            .date();
        (date.month().unsigned_abs(), date.day().unsigned_abs())
    }

    /// The midnight that ends a day.
    pub(crate) fn end_of(number: i32, zone: &TimeZone) -> Timestamp {
        let midnight = i64::from(number)
            .checked_add(1)
            .and_then(|days| days.checked_mul(DAY_SECS))
            .and_then(|secs| jiff::Timestamp::from_second(secs).ok())
            .map(|utc| Date::from(TimeZone::UTC.to_datetime(utc)))
            .and_then(|date| date.to_zoned(zone.clone()).ok())
            .map_or(i64::MAX, |zoned| zoned.timestamp().as_millisecond());
        Timestamp(u64::try_from(midnight).unwrap_or(0))
    }
}

fn number_of(now: Timestamp, zone: &TimeZone) -> i32 {
    let utc = i64::try_from(now.0)
        .ok()
        .and_then(|millis| jiff::Timestamp::from_millisecond(millis).ok())
        .unwrap_or(jiff::Timestamp::MAX);
    let local = utc.as_second() + i64::from(zone.to_offset(utc).seconds());
    i32::try_from(local.div_euclid(DAY_SECS)).unwrap_or(i32::MAX)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(text: &str) -> Timestamp {
        let utc: jiff::Timestamp = text.parse().unwrap();
        Timestamp(u64::try_from(utc.as_millisecond()).unwrap())
    }

    #[test]
    fn the_number_of_a_day_is_told_as_its_date() {
        for (number, date) in [(0, (1, 1)), (58, (2, 28)), (59, (3, 1)), (20_786, (11, 29))] {
            assert_eq!(Day::date_of(number), date);
        }
    }

    #[test]
    fn a_day_is_that_of_the_zone_and_as_long_as_its_clock_changes_make_it() {
        let cases = [
            // (zone, moment, when its day ends, both UTC, hours of that day)
            ("UTC", "2026-11-29T19:00:00Z", "2026-11-30T00:00:00Z", 24),
            (
                "Asia/Shanghai",
                "2026-11-29T19:00:00Z",
                "2026-11-30T16:00:00Z",
                24,
            ),
            (
                "Asia/Kathmandu",
                "2026-11-29T18:14:59Z",
                "2026-11-29T18:15:00Z",
                24,
            ),
            (
                "Europe/Berlin",
                "2026-10-25T12:00:00Z",
                "2026-10-25T23:00:00Z",
                25,
            ),
            // There the clocks change at midnight itself: the day begins at one.
            (
                "Africa/Cairo",
                "2026-04-24T12:00:00Z",
                "2026-04-24T21:00:00Z",
                23,
            ),
        ];
        for (zone, moment, ends, hours) in cases {
            let zone = jiff::tz::TimeZoneDatabase::bundled().get(zone).unwrap();
            let day = Day::of(at(moment), &zone);
            assert_eq!(day.ends, at(ends), "{moment} in {zone:?}");
            assert_eq!(day.ends.since(day.began), Duration::from_hours(hours));
            let next = Day::of(day.ends, &zone);
            assert_eq!((next.number, next.began), (day.number + 1, day.ends));
            assert_eq!(Day::of(Timestamp(day.ends.0 - 1), &zone), day);
        }
    }
}

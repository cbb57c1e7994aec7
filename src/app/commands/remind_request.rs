//! What `/remind` asks for. Pure.

use std::time::Duration;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;
use jiff::{Span, ToSpan as _};

use crate::clock::{self, Timestamp};

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Words for a length of time, the longer before what they begin with.
const UNITS: [(&str, u64); 27] = [
    ("minutes", MINUTE),
    ("minute", MINUTE),
    ("mins", MINUTE),
    ("min", MINUTE),
    ("m", MINUTE),
    ("分钟", MINUTE),
    ("分鐘", MINUTE),
    ("分", MINUTE),
    ("hours", HOUR),
    ("hour", HOUR),
    ("hrs", HOUR),
    ("hr", HOUR),
    ("h", HOUR),
    ("个小时", HOUR),
    ("個小時", HOUR),
    ("小时", HOUR),
    ("小時", HOUR),
    ("days", DAY),
    ("day", DAY),
    ("d", DAY),
    ("天", DAY),
    ("weeks", 7 * DAY),
    ("week", 7 * DAY),
    ("w", 7 * DAY),
    ("周", 7 * DAY),
    ("个星期", 7 * DAY),
    ("星期", 7 * DAY),
];

/// Words for a day, and how far ahead it is.
const DAYS: [(&str, i64); 7] = [
    ("today", 0),
    ("tomorrow", 1),
    ("今天", 0),
    ("今日", 0),
    ("明天", 1),
    ("后天", 2),
    ("後天", 2),
];

/// What the arguments ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Request<'a> {
    List,
    /// To go by this zone from now on; the default one where nothing is named.
    Zone(&'a str),
    /// To take back the one of this moment.
    Cancel(Timestamp),
    Set(When, &'a str),
}

/// When somebody wants to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    In(Duration),
    /// On a day, or the next time the clocks show this.
    At(Option<On>, Time),
}

/// A day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum On {
    Ahead(i64),
    Date(Date),
}

/// Not a request that is known.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unknown;

/// Reads the arguments.
pub(super) fn parse(arguments: &str) -> Result<Request<'_>, Unknown> {
    let arguments = arguments.trim();
    let (first, rest) = arguments
        .split_once(char::is_whitespace)
        .unwrap_or((arguments, ""));
    let rest = rest.trim();
    match first.to_lowercase().as_str() {
        "" | "list" | "列表" => return Ok(Request::List),
        "tz" | "zone" | "时区" => return Ok(Request::Zone(rest)),
        "cancel" | "取消" => {
            let secs = rest.parse().map_err(|_none| Unknown)?;
            return Ok(Request::Cancel(Timestamp::from_secs(secs)));
        }
        _ => {}
    }
    let timed = after_word(arguments, "in").unwrap_or(arguments);
    let (when, text) = length(timed)
        .map(|(length, text)| (When::In(length), text))
        .or_else(|| moment(arguments))
        .ok_or(Unknown)?;
    Ok(Request::Set(
        when,
        text.trim_start_matches([',', '，', ':', '：']).trim(),
    ))
}

/// `30m`, `1h 30 min`, `2小时后`, and what follows it.
fn length(text: &str) -> Option<(Duration, &str)> {
    let (mut total, mut rest) = (0_u64, text);
    while let Some((number, behind)) = number(rest) {
        let behind = behind.trim_start();
        let Some((unit, behind)) = unit(behind) else {
            break;
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        rest = behind.trim_start();
    }
    let mut later = ["后", "後", "later"].into_iter();
    let rest = later
        .find_map(|word| rest.strip_prefix(word))
        .unwrap_or(rest);
    (total > 0).then(|| (Duration::from_secs(total), rest))
}

fn number(text: &str) -> Option<(u64, &str)> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, rest) = text.split_at_checked(digits)?;
    Some((number.parse().ok()?, rest))
}

/// No letter may follow, or it is another word.
fn unit(text: &str) -> Option<(u64, &str)> {
    let mut units = UNITS.iter();
    units.find_map(|(word, length)| {
        let rest = without_case(text, word)?;
        let is_whole = !word.is_ascii() || !rest.starts_with(|c: char| c.is_ascii_alphabetic());
        is_whole.then_some((*length, rest))
    })
}

/// `18:00`, `9am`, `tomorrow 9:30`, `2026-12-24 18:00`, and what follows it.
fn moment(text: &str) -> Option<(When, &str)> {
    let (on, rest) = match day(text) {
        Some((on, rest)) => (Some(on), rest.trim_start_matches([' ', ',', 'T'])),
        None => (None, text),
    };
    let rest = after_word(rest, "at").unwrap_or(rest);
    let (time, rest) = time(rest)?;
    Some((When::At(on, time), rest))
}

fn day(text: &str) -> Option<(On, &str)> {
    let mut words = DAYS.iter();
    let word = words.find_map(|(word, ahead)| Some((On::Ahead(*ahead), without_case(text, word)?)));
    word.or_else(|| {
        let (date, rest) = text.split_at_checked(10)?;
        Some((On::Date(date.parse().ok()?), rest))
    })
}

fn time(text: &str) -> Option<(Time, &str)> {
    let (hour, rest) = number(text)?;
    let (minute, rest) = match rest.strip_prefix([':', '：']) {
        Some(behind) => {
            let (minute, after) = number(behind)?;
            (Some(minute), after)
        }
        None => (None, rest),
    };
    let mut halves = [("am", 0), ("pm", 12)].into_iter();
    let half =
        halves.find_map(|(word, hours)| Some((hours, without_case(rest.trim_start(), word)?)));
    let (hour, rest) = match half {
        Some((hours, rest)) if (1..=12).contains(&hour) => (hour % 12 + hours, rest),
        None if minute.is_some() => (hour, rest),
        Some(_) | None => return None,
    };
    if rest.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return None;
    }
    let (hour, minute) = (
        i8::try_from(hour).ok()?,
        i8::try_from(minute.unwrap_or(0)).ok()?,
    );
    Some((Time::new(hour, minute, 0, 0).ok()?, rest))
}

/// What follows a word and a blank.
fn after_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let rest = without_case(text, word)?;
    rest.starts_with(char::is_whitespace)
        .then(|| rest.trim_start())
}

fn without_case<'a>(text: &'a str, front: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(front.len())?;
    head.eq_ignore_ascii_case(front).then_some(rest)
}

impl When {
    /// The moment that is meant, by the clocks of a zone. Where they skip a time, what they show after
    /// the skip counts, and where they show it twice, the first.
    pub(super) fn moment(self, now: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let local = clock::zoned(now, zone);
        let at = |date: Date, time: Time| {
            let zoned = date.to_datetime(time).to_zoned(zone.clone()).ok()?;
            let millis = u64::try_from(zoned.timestamp().as_millisecond()).ok()?;
            Some(Timestamp(millis))
        };
        let ahead = |days: i64| {
            let span: Span = days.days();
            local.date().checked_add(span).ok()
        };
        match self {
            Self::In(length) => Some(now.after(length)),
            Self::At(Some(On::Date(date)), time) => at(date, time),
            Self::At(Some(On::Ahead(days)), time) => at(ahead(days)?, time),
            Self::At(None, time) => {
                let today = at(local.date(), time)?;
                if today > now {
                    Some(today)
                } else {
                    at(ahead(1)?, time)
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mins(minutes: u64) -> When {
        When::In(Duration::from_secs(minutes * 60))
    }

    fn clock(hour: i8, minute: i8) -> Time {
        Time::constant(hour, minute, 0, 0)
    }

    #[test]
    fn a_reminder_is_asked_for_by_a_length_or_by_a_moment() {
        let at = |on, hour, minute| When::At(on, clock(hour, minute));
        let christmas = Some(On::Date(Date::constant(2026, 12, 24)));
        for (typed, when, text) in [
            ("30m tea", mins(30), "tea"),
            ("in 30 min: tea", mins(30), "tea"),
            ("1h30m tea", mins(90), "tea"),
            ("2 hours 5 minutes call Bob", mins(125), "call Bob"),
            ("1d water", mins(1440), "water"),
            ("30分钟后喝水", mins(30), "喝水"),
            ("2小时 开会", mins(120), "开会"),
            ("1个小时后，开会", mins(60), "开会"),
            ("18:00 tea", at(None, 18, 0), "tea"),
            ("at 9am tea", at(None, 9, 0), "tea"),
            ("12:30 am tea", at(None, 0, 30), "tea"),
            ("tomorrow 9:05 tea", at(Some(On::Ahead(1)), 9, 5), "tea"),
            ("Tomorrow at 9pm tea", at(Some(On::Ahead(1)), 21, 0), "tea"),
            ("明天9：30开会", at(Some(On::Ahead(1)), 9, 30), "开会"),
            ("2026-12-24 18:00 tree", at(christmas, 18, 0), "tree"),
            ("2026-12-24T18:00 tree", at(christmas, 18, 0), "tree"),
            ("30m", mins(30), ""),
        ] {
            assert_eq!(parse(typed), Ok(Request::Set(when, text)), "{typed}");
        }
    }

    #[test]
    fn what_else_is_asked_for() {
        for (typed, expected) in [
            ("", Ok(Request::List)),
            ("list", Ok(Request::List)),
            ("tz Asia/Shanghai", Ok(Request::Zone("Asia/Shanghai"))),
            ("时区 北京", Ok(Request::Zone("北京"))),
            ("tz", Ok(Request::Zone(""))),
            (
                "cancel 1795000000",
                Ok(Request::Cancel(Timestamp::from_secs(1_795_000_000))),
            ),
            ("cancel all", Err(Unknown)),
            ("to buy milk", Err(Unknown)),
            ("3 apples", Err(Unknown)),
            ("30meters run", Err(Unknown)),
            ("25:00 tea", Err(Unknown)),
            ("13pm tea", Err(Unknown)),
            ("9 tea", Err(Unknown)),
            ("2026-13-40 18:00 tea", Err(Unknown)),
            ("99999999999999999999m tea", Err(Unknown)),
        ] {
            assert_eq!(parse(typed), expected, "{typed}");
        }
    }

    /// Zones, moments in UTC, what is asked for then, and when that is, in UTC.
    const MOMENTS: [(&str, &str, &str, &str); 8] = [
        (
            "Asia/Shanghai",
            "2026-11-29T12:00:00Z",
            "21:00",
            "2026-11-29T13:00:00Z",
        ),
        (
            "Asia/Shanghai",
            "2026-11-29T12:00:00Z",
            "20:00",
            "2026-11-30T12:00:00Z",
        ),
        (
            "Asia/Shanghai",
            "2026-11-29T18:00:00Z",
            "今天 9:00",
            "2026-11-30T01:00:00Z",
        ),
        // Summer time ends in the night between.
        (
            "Europe/Berlin",
            "2026-10-24T12:00:00Z",
            "tomorrow 9:00",
            "2026-10-25T08:00:00Z",
        ),
        (
            "Europe/Berlin",
            "2026-10-23T12:00:00Z",
            "tomorrow 9:00",
            "2026-10-24T07:00:00Z",
        ),
        // It begins: there is no half past two.
        (
            "Europe/Berlin",
            "2026-03-28T12:00:00Z",
            "tomorrow 2:30",
            "2026-03-29T01:30:00Z",
        ),
        // Half past two comes twice.
        (
            "Europe/Berlin",
            "2026-10-24T12:00:00Z",
            "tomorrow 2:30",
            "2026-10-25T00:30:00Z",
        ),
        (
            "Europe/Berlin",
            "2026-10-24T23:00:00Z",
            "2h",
            "2026-10-25T01:00:00Z",
        ),
    ];

    #[test]
    fn a_moment_is_what_the_clocks_of_the_zone_show() {
        let utc = |text: &str| {
            let utc: jiff::Timestamp = text.parse().unwrap();
            Timestamp(u64::try_from(utc.as_millisecond()).unwrap())
        };
        let zones = jiff::tz::TimeZoneDatabase::bundled();
        for (zone, now, typed, expected) in MOMENTS {
            let zone = zones.get(zone).unwrap();
            let Ok(Request::Set(when, _)) = parse(typed) else {
                panic!("{typed}");
            };
            assert_eq!(
                when.moment(utc(now), &zone),
                Some(utc(expected)),
                "{typed} {now}"
            );
        }
    }
}

//! What a person wants to be told at a moment: a row of the table `jobs`. Pure.
//!
//! Invariant: no two reminders of a person are less than [`APART`] apart when the second is set, so
//! that its moment names one.

use std::time::Duration;

use jiff::tz::TimeZone;

use super::{ChatId, ChatKind, Lane, MessageId, TopicId, UserId};
use crate::clock::{self, Timestamp};

/// Reminders that a person may have set.
pub(crate) const MOST: usize = 20;
/// The least time between two of them.
pub(crate) const APART: Duration = Duration::from_mins(5);
/// Longest text, in characters.
pub(crate) const LONGEST: usize = 1_000;
/// How far ahead one may lie.
pub(crate) const FARTHEST: Duration = Duration::from_hours(24 * 731);
/// How late one has to come for that to be said.
const LATE: Duration = Duration::from_mins(2);

/// Something to be said at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reminder {
    pub(crate) person: UserId,
    /// Where it is said.
    pub(crate) chat: ChatId,
    pub(crate) topic: Option<TopicId>,
    /// The message that asked for it, in a group: what is said there replies to it.
    pub(crate) message: Option<MessageId>,
    pub(crate) at: Timestamp,
    pub(crate) text: String,
}

/// Why a reminder is not set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    NoText,
    TooLong,
    /// Its moment is over.
    Past,
    TooFar,
    TooMany,
    /// There is one already, at this moment.
    TooNear(Timestamp),
}

impl Reminder {
    /// One for a moment, in whole seconds; none at the terminal, where nobody could be told.
    pub(crate) fn new(
        lane: Lane,
        message: Option<MessageId>,
        at: Timestamp,
        text: &str,
    ) -> Option<Self> {
        let Lane::Telegram {
            chat,
            topic,
            person,
        } = lane
        else {
            return None;
        };
        let is_group = lane.kind() == ChatKind::Group;
        Some(Self {
            person,
            chat,
            topic,
            message: message.filter(|_| is_group),
            at: Timestamp::from_secs(at.0 / 1000),
            text: text.trim().to_owned(),
        })
    }

    /// Whether it comes so late that it says when it should have come.
    pub(crate) fn is_late(&self, now: Timestamp) -> bool {
        now.since(self.at) >= LATE
    }
}

/// Why a reminder for this moment and with this text cannot stand beside those that a person has.
pub(crate) fn refusal(
    at: Timestamp,
    text: &str,
    known: &[Timestamp],
    now: Timestamp,
) -> Option<Refusal> {
    let near = known.iter().find(|it| it.is_within(APART, at));
    if text.trim().is_empty() {
        Some(Refusal::NoText)
    } else if text.chars().count() > LONGEST {
        Some(Refusal::TooLong)
    } else if at <= now {
        Some(Refusal::Past)
    } else if at.since(now) > FARTHEST {
        Some(Refusal::TooFar)
    } else if let Some(near) = near {
        Some(Refusal::TooNear(*near))
    } else {
        (known.len() >= MOST).then_some(Refusal::TooMany)
    }
}

/// A moment as the clocks of a zone show it.
pub(crate) fn shown(at: Timestamp, zone: &TimeZone) -> String {
    let local = clock::zoned(at, zone);
    local.strftime("%Y-%m-%d %H:%M").to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

    fn ahead(minutes: u64) -> Timestamp {
        NOW.after(Duration::from_mins(minutes))
    }

    #[test]
    fn reminders_have_a_text_and_lie_ahead_and_apart() {
        let long = "记".repeat(LONGEST + 1);
        let many: Vec<Timestamp> = (1..=20).map(|nth| ahead(nth * 10)).collect();
        let year = 366 * 24 * 60;
        for (at, text, known, expected) in [
            (ahead(1), "tea", &[][..], None),
            (ahead(2 * year - 2880), "tea", &[], None),
            (ahead(1), " \n", &[], Some(Refusal::NoText)),
            (ahead(1), &long, &[], Some(Refusal::TooLong)),
            (NOW, "tea", &[], Some(Refusal::Past)),
            (ahead(2 * year), "tea", &[], Some(Refusal::TooFar)),
            (
                ahead(14),
                "tea",
                &many[..1],
                Some(Refusal::TooNear(ahead(10))),
            ),
            (
                ahead(6),
                "tea",
                &many[..1],
                Some(Refusal::TooNear(ahead(10))),
            ),
            (ahead(15), "tea", &many[..1], None),
            (ahead(5), "tea", &many[..1], None),
            (ahead(300), "tea", &many[..19], None),
            (ahead(300), "tea", &many, Some(Refusal::TooMany)),
        ] {
            let found = refusal(at, text, known, NOW);
            assert_eq!(found, expected, "{at:?} {known:?}");
        }
    }

    #[test]
    fn a_moment_is_shown_as_the_clocks_of_the_zone_have_it() {
        let zones = jiff::tz::TimeZoneDatabase::bundled();
        for (zone, local) in [
            ("UTC", "2026-11-18 11:06"),
            ("Asia/Shanghai", "2026-11-18 19:06"),
            ("America/New_York", "2026-11-18 06:06"),
        ] {
            assert_eq!(shown(NOW, &zones.get(zone).unwrap()), local, "{zone}");
        }
    }
}

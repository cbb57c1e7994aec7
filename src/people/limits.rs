//! How many messages are let in (design §3): of one person in any 60 seconds and on one day, by
//! their role, and of all people together whom nobody let in by name. Pure. Invariant: in no
//! 60 seconds are more let in than may be, however they fall.

use std::time::Duration;

use super::person::Person;
use super::roles::Terms;
use super::usage::DayOf;
use crate::chat::{Lane, UserId};
use crate::clock::{Day, Pause, Timestamp};

/// How long a message counts towards those of a minute.
const MINUTE: Duration = Duration::from_mins(1);
/// Messages a minute of all people together who are guests only because everybody may be one.
pub(crate) const STRANGERS_PER_MINUTE: u32 = 30;

/// Why a message is not let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// They hold as many turns and waiting places as their role gives.
    AtOnce,
    /// So many of theirs were let in within the last minute, as many as may be.
    Minute {
        limit: u32,
        wait: Duration,
        /// What the day still has, where it has a limit.
        left_today: Option<u32>,
    },
    /// So many of theirs were let in on this day, as many as may be.
    Day { limit: u32, wait: Duration },
    /// So many of all strangers together were let in within the last minute.
    Strangers { wait: Duration },
}

/// What keeps one message more of a person from being let in, if anything.
pub(crate) fn check(terms: &Terms, used: &DayOf, now: Timestamp, today: &Day) -> Option<Refusal> {
    let messages = used.usage.messages;
    let per_day = terms.per_day.number();
    if let Some(limit) = per_day.filter(|limit| messages >= *limit) {
        let wait = today.ends.since(now);
        return Some(Refusal::Day { limit, wait });
    }
    let limit = terms.per_minute.number()?;
    let wait = until_room(&used.recent, limit, now)?;
    Some(Refusal::Minute {
        limit,
        wait,
        left_today: per_day.map(|limit| limit.saturating_sub(messages)),
    })
}

/// The same for the strangers together, by when the newest of their messages were let in.
pub(crate) fn check_strangers(recent: &[Timestamp], now: Timestamp) -> Option<Refusal> {
    let wait = until_room(recent, STRANGERS_PER_MINUTE, now)?;
    Some(Refusal::Strangers { wait })
}

/// Among whose messages those of a lane count: a person's among their own, and so those of a chat that
/// an Owner has let in by name. All other chats that speak in a group count as one, the group: anybody
/// may have as many channels as they like to speak as. `speaker` is the row of whoever the lane is of.
pub(crate) fn counted_as(lane: Lane, speaker: Option<&Person>) -> Option<UserId> {
    let Lane::Telegram { chat, person, .. } = lane else {
        return None;
    };
    let is_let_in = speaker.is_some_and(|row| row.grant.is_some());
    let is_own = person.0 > 0 || is_let_in;
    Some(if is_own { person } else { UserId(chat.0) })
}

/// Moments of messages with one more. Those that count no longer go.
pub(crate) fn let_in(recent: &mut Vec<Timestamp>, now: Timestamp) {
    recent.retain(|at| at.is_within(MINUTE, now));
    recent.push(now);
}

/// How long until one more than these fits into the minute; none: it does now. A moment ahead of
/// now, after a clock was set back, counts for a minute from now on at the most.
fn until_room(recent: &[Timestamp], limit: u32, now: Timestamp) -> Option<Duration> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let counts = recent.iter().filter(|at| at.is_within(MINUTE, now));
    let mut left: Vec<Duration> = counts.map(|at| Pause::new(*at, MINUTE).left(now)).collect();
    let surplus = left.len().checked_sub(limit)?;
    // A role may have become a smaller one: so many more have to leave.
    left.sort_unstable();
    left.get(surplus).copied()
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;
    use crate::chat::Role;
    use crate::chat::fixtures::{self, lane};
    use crate::people::person::Grant;
    use crate::people::roles::{DEFAULT_ROLES, Roles};
    use crate::people::usage::Usage;

    const NOON: Timestamp = Timestamp::from_secs(1_795_003_200);

    fn roles() -> Roles {
        Roles::parse(DEFAULT_ROLES, None).unwrap()
    }

    fn today() -> Day {
        Day::of(NOON, &TimeZone::UTC)
    }

    fn seconds(secs: u64) -> Duration {
        Duration::from_secs(secs)
    }

    /// A day with so many messages, and those of the last minute at so many seconds before noon.
    fn day(messages: u32, ago: &[u64]) -> DayOf {
        let recent = ago.iter().map(|secs| NOON.before(seconds(*secs)));
        DayOf {
            usage: Usage {
                messages,
                ..Usage::default()
            },
            recent: recent.collect(),
        }
    }

    #[test]
    fn the_channels_of_a_group_count_as_one_and_whom_an_owner_let_in_alone() {
        let stranger = Person::new(&fixtures::sender(-50), NOON);
        let let_in = Person {
            grant: Some(Grant {
                role: Role::Normal,
                until: None,
            }),
            ..stranger.clone()
        };
        for (lane, row, expected) in [
            (lane(7, None, 7), None, Some(7)),
            (lane(-5, Some(3), 7), Some(&stranger), Some(7)),
            (lane(-5, Some(3), -50), None, Some(-5)),
            (lane(-5, None, -51), Some(&stranger), Some(-5)),
            (lane(-5, None, -50), Some(&let_in), Some(-50)),
            // An anonymous admin.
            (lane(-5, None, -5), Some(&let_in), Some(-5)),
            (Lane::Terminal, None, None),
        ] {
            assert_eq!(counted_as(lane, row), expected.map(UserId), "{lane:?}");
        }
    }

    #[test]
    fn each_role_has_its_messages_of_a_minute_and_of_a_day() {
        let rows = [
            (Role::Vip, 20, 500),
            (Role::Premium, 12, 200),
            (Role::Normal, 8, 100),
            (Role::Guest, 4, 20),
        ];
        let roles = roles();
        for (role, per_minute, per_day) in rows {
            let check = |used: &DayOf| check(roles.terms(role), used, NOON, &today());
            let minute: Vec<u64> = (1..=per_minute).collect();
            let (newest, all) = minute
                .split_last()
                .map(|(_, rest)| (rest, &*minute))
                .unwrap();
            let many = u32::try_from(per_minute).unwrap();
            assert_eq!(check(&day(many, newest)), None, "{role:?}");
            let refusal = Refusal::Minute {
                limit: many,
                wait: seconds(60 - per_minute),
                left_today: Some(per_day - many),
            };
            assert_eq!(check(&day(many, all)), Some(refusal), "{role:?}");
            assert_eq!(check(&day(per_day - 1, &[])), None, "{role:?}");
            let refusal = Refusal::Day {
                limit: per_day,
                wait: Duration::from_hours(12),
            };
            assert_eq!(check(&day(per_day, &[])), Some(refusal), "{role:?}");
            assert_eq!(check(&day(per_day, all)), Some(refusal), "{role:?}");
        }
        let owner = check(
            roles.terms(Role::Owner),
            &day(u32::MAX, &[0; 999]),
            NOON,
            &today(),
        );
        assert_eq!(owner, None);
    }

    #[test]
    fn room_comes_when_the_oldest_that_is_too_many_is_a_minute_old() {
        let room = |ago: &[u64], limit| until_room(&day(0, ago).recent, limit, NOON);
        assert_eq!(room(&[], 1), None);
        assert_eq!(room(&[0], 1), Some(seconds(60)));
        assert_eq!(room(&[59], 1), Some(seconds(1)));
        assert_eq!(room(&[60], 1), None);
        assert_eq!(room(&[50, 20, 10], 3), Some(seconds(10)));
        assert_eq!(room(&[10, 50, 20], 3), Some(seconds(10)));
        // Two have to leave before there are fewer than two.
        assert_eq!(room(&[50, 20, 10], 2), Some(seconds(40)));
        assert_eq!(room(&[70, 65, 10], 2), None);
    }

    #[test]
    fn a_clock_that_was_set_back_locks_nobody_out_for_longer() {
        let ahead = |secs| vec![NOON.after(seconds(secs))];
        assert_eq!(until_room(&ahead(30), 1, NOON), Some(seconds(60)));
        assert_eq!(until_room(&ahead(3600), 1, NOON), None);
    }

    #[test]
    fn all_strangers_together_have_thirty_a_minute() {
        let mut recent = Vec::new();
        for _ in 0..30 {
            assert_eq!(check_strangers(&recent, NOON), None);
            let_in(&mut recent, NOON);
        }
        let wait = |now| check_strangers(&recent, now);
        let refusal = Refusal::Strangers { wait: seconds(15) };
        assert_eq!(wait(NOON.after(seconds(45))), Some(refusal));
        assert_eq!(wait(NOON.after(seconds(60))), None);
        let_in(&mut recent, NOON.after(seconds(60)));
        assert_eq!(recent.len(), 1, "no more is kept than counts");
    }

    proptest! {
        #[test]
        fn in_no_minute_are_more_let_in_than_may_be(
            steps in prop::collection::vec(0_u64..20_000, 1..200),
            limit in 1_u32..9,
        ) {
            let mut now = NOON;
            let (mut recent, mut all) = (Vec::new(), Vec::new());
            for step in steps {
                now = now.after(Duration::from_millis(step));
                match until_room(&recent, limit, now) {
                    None => {
                        let_in(&mut recent, now);
                        all.push(now);
                    }
                    // It is told exactly when it goes on.
                    Some(wait) => {
                        let soon = now.after(wait).before(Duration::from_millis(1));
                        prop_assert!(until_room(&recent, limit, soon).is_some());
                        prop_assert!(until_room(&recent, limit, now.after(wait)).is_none());
                    }
                }
            }
            let limit = usize::try_from(limit).unwrap();
            for minute in all.windows(limit + 1) {
                prop_assert!(minute[limit].since(minute[0]) >= MINUTE);
            }
        }
    }
}

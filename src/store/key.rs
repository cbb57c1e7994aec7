//! The keys of all tables as bytes, so that redb's tree is compiled for one type of key only.
//! Owns no state. Invariant: the bytes stand in the order of what they say, field by field, and
//! bytes that say nothing are a [`StoreError::Damaged`].
//!
//! Numbers stand with their highest byte first, signed ones with the sign turned over; text comes
//! last. What stands before it has a fixed length, or ends with a zero byte. A scope alone stands in
//! no order (`scope`).

mod scope;

use std::ops::{Deref, RangeInclusive, RangeTo};

pub(super) use scope::scope;

use super::StoreError;
use crate::chat::{ChatId, JobId, Lane, MessageId, TopicId, UpdateId, UserId};
use crate::clock::Timestamp;
use crate::keys::{Fingerprint, Group};

/// The key of a row.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key(Vec<u8>);

/// Chat, topic, person: as of [`of_lane`].
pub(super) type LaneKey = (i64, i64, i64);

/// Longer than what follows the chat in any key.
const PAST_ALL: [u8; 32] = [u8::MAX; 32];

impl Key {
    /// Before every other key.
    pub(super) const FRONT: Self = Self(Vec::new());

    /// Of a job or an outgoing part.
    pub(super) fn number(number: u64) -> Self {
        Self::FRONT.with(number.to_be_bytes())
    }

    /// Of an update of a bot.
    pub(super) fn seen(bot: i64, update: UpdateId) -> Self {
        Self::FRONT.signed(bot).signed(update.0)
    }

    /// Of a message that a bot took: longer than that of any update, and so never the same.
    pub(super) fn taken(bot: i64, chat: ChatId, message: MessageId) -> Self {
        let key = Self::FRONT.signed(bot).with([u8::MAX; 8]);
        key.signed(chat.0).short(message.0)
    }

    /// Of a round.
    pub(super) fn turn((chat, topic, person): LaneKey, job: JobId) -> Self {
        let lane = Self::FRONT.signed(chat).signed(topic).signed(person);
        lane.with(job.0.to_be_bytes())
    }

    /// Of a round among all of its topic.
    pub(super) fn in_topic(chat: i64, topic: i64, job: JobId) -> Self {
        let topic = Self::FRONT.signed(chat).signed(topic);
        topic.with(job.0.to_be_bytes())
    }

    /// Of a message in a chat.
    pub(super) fn message(chat: ChatId, message: MessageId) -> Self {
        Self::FRONT.signed(chat.0).short(message.0)
    }

    /// Of a person or group of the registry.
    pub(super) fn person(id: UserId) -> Self {
        Self::FRONT.signed(id.0)
    }

    /// Before all people's rows of a day.
    pub(super) fn day(day: i32) -> Self {
        Self::FRONT.short(day)
    }

    /// Of a person's day.
    pub(super) fn day_of(day: i32, person: UserId) -> Self {
        Self::day(day).signed(person.0)
    }

    /// Of what was looked at of a person's files on a day; of all strangers' without a person.
    pub(super) fn looked_at(day: i32, person: Option<UserId>) -> Self {
        person.map_or_else(|| Self::day(day), |person| Self::day_of(day, person))
    }

    /// Of what a person had of keys on a day; of what all had who share them.
    pub(super) fn had(day: i32, pot: Option<Group>, person: Option<UserId>) -> Self {
        let pot = match pot {
            None => 0,
            Some(Group::A) => 1,
            Some(Group::B) => 2,
            Some(Group::C) => 3,
            Some(Group::D) => 4,
        };
        let all = Self::day(day).with([pot]);
        match person {
            Some(person) => all.signed(person.0),
            None => all.past_all(),
        }
    }

    /// Of a model in a project.
    pub(super) fn ledger(project: &Fingerprint, model: &str) -> Self {
        Self::FRONT.with(*project).with(model.bytes())
    }

    /// Of a row that was set aside, under the key it had in its table.
    pub(super) fn set_aside(table: &str, key: &[u8]) -> Self {
        let table = Self::FRONT.with(table.bytes()).with([0]);
        table.with(key.iter().copied())
    }

    /// The next one behind it.
    pub(super) fn longer(self) -> Self {
        self.with([0])
    }

    /// Behind all that begin with it.
    pub(super) fn past_all(self) -> Self {
        self.with(PAST_ALL)
    }

    /// With another front in the place of its own.
    pub(super) fn with_front(&self, old: &Self, new: &Self) -> Self {
        let rest = self.strip_prefix(&**old).unwrap_or(self);
        new.clone().with(rest.iter().copied())
    }

    fn signed(self, number: i64) -> Self {
        self.with((number ^ i64::MIN).to_be_bytes())
    }

    fn short(self, number: i32) -> Self {
        self.with((number ^ i32::MIN).to_be_bytes())
    }

    fn with(mut self, bytes: impl IntoIterator<Item = u8>) -> Self {
        self.0.extend(bytes);
        self
    }
}

impl From<&[u8]> for Key {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.to_vec())
    }
}

impl Deref for Key {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

/// The place of a lane among the others. The terminal is all zeros, which no Telegram chat can be; a
/// topic is never zero, and the two kinds lie on either side.
pub(super) fn of_lane(lane: Lane) -> LaneKey {
    match lane {
        Lane::Telegram {
            chat,
            topic,
            person,
        } => {
            let topic = match topic {
                Some(TopicId::Thread(id)) => i64::from(id),
                Some(TopicId::Direct(id)) => id.saturating_neg(),
                None => 0,
            };
            (chat.0, topic, person.0)
        }
        Lane::Terminal => (0, 0, 0),
    }
}

/// The conversation that a lane is part of: in a group, everybody's of its topic is one, which stands
/// under person 0.
pub(super) const fn conversation((chat, topic, person): LaneKey) -> LaneKey {
    (chat, topic, if chat < 0 { 0 } else { person })
}

/// The rounds of a lane up to that of a job.
pub(super) fn turns_up_to(lane: LaneKey, last: JobId) -> RangeInclusive<Key> {
    Key::turn(lane, JobId(0))..=Key::turn(lane, last)
}

/// All rounds of a lane.
pub(super) fn turns_of(lane: Lane) -> RangeInclusive<Key> {
    turns_up_to(of_lane(lane), JobId(u64::MAX))
}

/// The rounds of a group's topic, whoever asked them, up to that of a job.
pub(super) fn in_topic_up_to((chat, topic, _): LaneKey, last: JobId) -> RangeInclusive<Key> {
    Key::in_topic(chat, topic, JobId(0))..=Key::in_topic(chat, topic, last)
}

/// The rounds of all groups, in a table whose keys begin with the chat.
pub(super) fn of_groups() -> RangeTo<Key> {
    ..Key::FRONT.signed(0)
}

/// Everything of a chat, in a table whose keys begin with it.
pub(super) fn rows_of(chat: ChatId) -> RangeInclusive<Key> {
    let front = Key::FRONT.signed(chat.0);
    front.clone()..=front.past_all()
}

/// All people's rows of these days.
pub(super) fn days(days: RangeInclusive<i32>) -> RangeInclusive<Key> {
    let (first, last) = days.into_inner();
    Key::day(first)..=Key::day(last).past_all()
}

/// Numbers of broadcasts in the table `jobs`: those of jobs.
pub(super) const BROADCASTS: RangeInclusive<u64> = 0..=REMINDER - 1;
/// Numbers of reminders there: by their moment.
pub(super) const REMINDERS: RangeInclusive<u64> = REMINDER..=u64::MAX;
/// What is in the numbers of reminders and in those of no job.
const REMINDER: u64 = 1 << 63;
/// Bits that tell reminders of one moment apart.
const APART: u32 = 20;

/// The number of a reminder for this moment; a job's number tells those of one moment apart.
pub(super) fn of_reminder(at: Timestamp, job: JobId) -> u64 {
    let (moment, apart) = (at.0.min((REMINDER - 1) >> APART), job.0 % (1 << APART));
    REMINDER | (moment << APART) | apart
}

/// The keys of these numbers.
pub(super) fn numbers(numbers: &RangeInclusive<u64>) -> RangeInclusive<Key> {
    Key::number(*numbers.start())..=Key::number(*numbers.end())
}

/// The job or outgoing part of a key.
pub(super) fn number(table: &str, key: &[u8]) -> Result<u64, StoreError> {
    let mut fields = Fields { table, left: key };
    let number = u64::from_be_bytes(fields.next()?);
    fields.end(number)
}

/// The round of a key.
pub(super) fn turn(key: &[u8]) -> Result<(LaneKey, JobId), StoreError> {
    let mut fields = Fields {
        table: "chat_history",
        left: key,
    };
    let lane = (fields.signed()?, fields.signed()?, fields.signed()?);
    let job = JobId(u64::from_be_bytes(fields.next()?));
    fields.end((lane, job))
}

/// The round of a key among all of its topic: chat, topic, and the job.
pub(super) fn in_topic(key: &[u8]) -> Result<(i64, i64, JobId), StoreError> {
    let mut fields = Fields {
        table: "by_topic",
        left: key,
    };
    let (chat, topic) = (fields.signed()?, fields.signed()?);
    let job = JobId(u64::from_be_bytes(fields.next()?));
    fields.end((chat, topic, job))
}

/// The message of a key.
pub(super) fn message(key: &[u8]) -> Result<(ChatId, MessageId), StoreError> {
    let mut fields = Fields {
        table: "by_message",
        left: key,
    };
    let message = (ChatId(fields.signed()?), MessageId(fields.short()?));
    fields.end(message)
}

/// The person or group of a key of the registry.
pub(super) fn person(key: &[u8]) -> Result<UserId, StoreError> {
    one_person("user_registry", key)
}

/// The person of a key of the seats.
pub(super) fn session(key: &[u8]) -> Result<UserId, StoreError> {
    one_person("sessions", key)
}

fn one_person(table: &'static str, key: &[u8]) -> Result<UserId, StoreError> {
    let mut fields = Fields { table, left: key };
    let person = UserId(fields.signed()?);
    fields.end(person)
}

/// The day and the person of a key.
pub(super) fn day_of(key: &[u8]) -> Result<(i32, UserId), StoreError> {
    let mut fields = Fields {
        table: "stats",
        left: key,
    };
    let day_of = (fields.short()?, UserId(fields.signed()?));
    fields.end(day_of)
}

/// Project and model of a key.
pub(super) fn ledger(key: &[u8]) -> Result<(Fingerprint, &str), StoreError> {
    let mut fields = Fields {
        table: "key_ledger",
        left: key,
    };
    let project = fields.next()?;
    match std::str::from_utf8(fields.left) {
        Ok(model) => Ok((project, model)),
        Err(_) => Err(fields.damaged()),
    }
}

/// What of a key was not read yet.
struct Fields<'k> {
    /// For errors.
    table: &'k str,
    left: &'k [u8],
}

impl Fields<'_> {
    fn next<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], StoreError> {
        let (field, left) = self
            .left
            .split_first_chunk()
            .ok_or_else(|| self.damaged())?;
        self.left = left;
        Ok(*field)
    }

    fn signed(&mut self) -> Result<i64, StoreError> {
        Ok(i64::from_be_bytes(self.next()?) ^ i64::MIN)
    }

    fn short(&mut self) -> Result<i32, StoreError> {
        Ok(i32::from_be_bytes(self.next()?) ^ i32::MIN)
    }

    fn end<T>(&self, value: T) -> Result<T, StoreError> {
        if self.left.is_empty() {
            Ok(value)
        } else {
            Err(self.damaged())
        }
    }

    fn damaged(&self) -> StoreError {
        StoreError::Damaged(format!("{}: a key cannot be read", self.table))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::keys::Scope;

    /// Numbers that are often next to each other or at an end.
    fn signed() -> impl Strategy<Value = i64> {
        prop_oneof![-300_i64..300, any::<i64>(), Just(i64::MIN), Just(i64::MAX)]
    }

    fn short() -> impl Strategy<Value = i32> {
        prop_oneof![-300_i32..300, any::<i32>(), Just(i32::MIN), Just(i32::MAX)]
    }

    fn unsigned() -> impl Strategy<Value = u64> {
        prop_oneof![0_u64..600, any::<u64>(), Just(u64::MAX)]
    }

    fn lane_key() -> impl Strategy<Value = LaneKey> {
        (signed(), signed(), signed())
    }

    fn project() -> impl Strategy<Value = Fingerprint> {
        prop_oneof![Just([0; 16]), Just([255; 16]), any::<Fingerprint>()]
    }

    #[test]
    fn the_layout_of_each_key_is_what_files_have() {
        let cases: [(Key, &[u8]); 9] = [
            (Key::number(258), &[0, 0, 0, 0, 0, 0, 1, 2]),
            (
                Key::seen(1, UpdateId(-1)),
                &[
                    128, 0, 0, 0, 0, 0, 0, 1, 127, 255, 255, 255, 255, 255, 255, 255,
                ],
            ),
            (
                Key::turn((-1, 2, 3), JobId(4)),
                &[
                    127, 255, 255, 255, 255, 255, 255, 255, 128, 0, 0, 0, 0, 0, 0, 2, 128, 0, 0, 0,
                    0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 4,
                ],
            ),
            (
                Key::in_topic(-1, 2, JobId(4)),
                &[
                    127, 255, 255, 255, 255, 255, 255, 255, 128, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0,
                    0, 0, 0, 4,
                ],
            ),
            (
                Key::message(ChatId(i64::MIN), MessageId(i32::MAX)),
                &[0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255],
            ),
            (Key::person(UserId(0)), &[128, 0, 0, 0, 0, 0, 0, 0]),
            (
                Key::ledger(&[7; 16], "pro"),
                b"\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07\x07pro",
            ),
            (
                Key::scope(&Scope::Missing("pro".into())).unwrap(),
                b"\x01\x07\x03pro",
            ),
            (Key::set_aside("inbox", &[1, 2]), b"inbox\0\x01\x02"),
        ];
        for (key, bytes) in cases {
            assert_eq!(&*key, bytes);
        }
    }

    #[test]
    fn topics_of_either_kind_have_places_of_their_own() {
        let lane = |topic| Lane::Telegram {
            chat: ChatId(-7),
            topic,
            person: UserId(9),
        };
        let topics = [
            None,
            Some(TopicId::Thread(5)),
            Some(TopicId::Direct(5)),
            Some(TopicId::Direct(1 << 51)),
        ];
        let keys: Vec<_> = topics.map(|topic| of_lane(lane(topic))).into();
        let distinct: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(distinct.len(), topics.len(), "{keys:?}");
    }

    #[test]
    fn a_key_that_is_too_short_too_long_or_no_text_is_damage() {
        let damaged = |what: Option<StoreError>| matches!(what, Some(StoreError::Damaged(_)));
        let longer = |key: &Key| [key, [0].as_slice()].concat();
        let (turn_key, message_key) = (
            Key::turn((1, 2, 3), JobId(4)),
            Key::message(ChatId(1), MessageId(2)),
        );
        for key in [&turn_key[..31], &longer(&turn_key), &[]] {
            assert!(damaged(turn(key).err()), "{key:?}");
        }
        for key in [&message_key[..11], &longer(&message_key), &[]] {
            assert!(damaged(message(key).err()), "{key:?}");
            assert!(damaged(day_of(key).err()), "{key:?}");
        }
        for key in [&[0; 7][..], &[0; 9], &[]] {
            assert!(damaged(number("inbox", key).err()), "{key:?}");
            assert!(damaged(person(key).err()), "{key:?}");
        }
        for key in [&[0; 15][..], &[255; 17], &[]] {
            assert!(damaged(ledger(key).err()), "{key:?}");
        }
        let scope_key = Key::scope(&Scope::Pool).unwrap();
        for key in [&longer(&scope_key), &[1, 200][..], &[2, 6], &[]] {
            assert!(scope(key).is_err(), "{key:?}");
        }
    }

    proptest! {
        #[test]
        fn what_goes_into_a_key_comes_out(
            count in unsigned(),
            lane in lane_key(),
            id in short(),
            project in project(),
            model in ".{0,9}",
        ) {
            prop_assert_eq!(number("inbox", &Key::number(count)).unwrap(), count);
            let round = (lane, JobId(count));
            prop_assert_eq!(turn(&Key::turn(round.0, round.1)).unwrap(), round);
            let of_topic = (lane.0, lane.1, round.1);
            let key = Key::in_topic(lane.0, lane.1, round.1);
            prop_assert_eq!(in_topic(&key).unwrap(), of_topic);
            let (chat, id, user) = (ChatId(lane.0), MessageId(id), UserId(lane.2));
            prop_assert_eq!(message(&Key::message(chat, id)).unwrap(), (chat, id));
            prop_assert_eq!(person(&Key::person(user)).unwrap(), user);
            prop_assert_eq!(day_of(&Key::day_of(id.0, user)).unwrap(), (id.0, user));
            let key = Key::ledger(&project, &model);
            prop_assert_eq!(ledger(&key).unwrap(), (project, model.as_str()));
        }

        #[test]
        fn keys_stand_in_the_order_of_what_they_say(
            one in (lane_key(), unsigned()),
            other in (lane_key(), unsigned()),
            (id, id_b) in (short(), short()),
            projects in (project(), project()),
            models in ("[\u{0}ab\u{ff}]{0,3}", "[\u{0}ab\u{ff}]{0,3}"),
        ) {
            let ((first, _, third), number) = one;
            let ((first_b, _, third_b), number_b) = other;
            let pairs = [
                (Key::number(number), Key::number(number_b), number.cmp(&number_b)),
                (
                    Key::turn(one.0, JobId(number)),
                    Key::turn(other.0, JobId(number_b)),
                    one.cmp(&other),
                ),
                (
                    Key::seen(first, UpdateId(third)),
                    Key::seen(first_b, UpdateId(third_b)),
                    (first, third).cmp(&(first_b, third_b)),
                ),
                (
                    Key::message(ChatId(first), MessageId(id)),
                    Key::message(ChatId(first_b), MessageId(id_b)),
                    (first, id).cmp(&(first_b, id_b)),
                ),
                (
                    Key::person(UserId(first)),
                    Key::person(UserId(first_b)),
                    first.cmp(&first_b),
                ),
                (
                    Key::day_of(id, UserId(first)),
                    Key::day_of(id_b, UserId(first_b)),
                    (id, first).cmp(&(id_b, first_b)),
                ),
                (
                    Key::ledger(&projects.0, &models.0),
                    Key::ledger(&projects.1, &models.1),
                    (projects.0, &models.0).cmp(&(projects.1, &models.1)),
                ),
            ];
            for (key, key_b, order) in pairs {
                prop_assert_eq!(key.cmp(&key_b), order);
                prop_assert!(Key::FRONT < key);
            }
        }

        #[test]
        fn rows_put_away_stand_by_table_and_then_by_key(
            tables in ("(in|out)?box[es]{0,2}", "(in|out)?box[es]{0,2}"),
            keys in (any::<Vec<u8>>(), any::<Vec<u8>>()),
        ) {
            let key = Key::set_aside(&tables.0, &keys.0);
            let order = key.cmp(&Key::set_aside(&tables.1, &keys.1));
            prop_assert_eq!(order, (tables.0, keys.0).cmp(&(tables.1, keys.1)));
        }

        #[test]
        fn a_range_holds_what_is_its_own_and_nothing_else(
            (chat, topic, user) in lane_key(),
            other in lane_key(),
            id in short(),
            job in unsigned(),
            last in unsigned(),
        ) {
            let lane = Lane::Telegram {
                chat: ChatId(chat),
                topic: Some(TopicId::Direct(topic)),
                person: UserId(user),
            };
            for key in [of_lane(lane), other, (chat, other.1, other.2)] {
                let round = Key::turn(key, JobId(job));
                prop_assert_eq!(turns_of(lane).contains(&round), key == of_lane(lane));
                let is_before = key == of_lane(lane) && job <= last;
                prop_assert_eq!(turns_up_to(of_lane(lane), JobId(last)).contains(&round), is_before);
                prop_assert_eq!(rows_of(ChatId(chat)).contains(&round), key.0 == chat);
                prop_assert_eq!(of_groups().contains(&round), key.0 < 0);
                let in_topic = Key::in_topic(key.0, key.1, JobId(job));
                let (chat, topic, _) = of_lane(lane);
                let is_in_it = (key.0, key.1) == (chat, topic) && job <= last;
                let range = in_topic_up_to(of_lane(lane), JobId(last));
                prop_assert_eq!(range.contains(&in_topic), is_in_it);
                let named = Key::message(ChatId(key.0), MessageId(id));
                prop_assert_eq!(rows_of(ChatId(chat)).contains(&named), key.0 == chat);
                let day_of = Key::day_of(id, UserId(key.0));
                prop_assert!(days(id..=id).contains(&day_of));
                prop_assert_eq!(days(i32::MIN..=3).contains(&day_of), id <= 3);
            }
        }

        #[test]
        fn any_bytes_give_a_key_that_is_made_of_them_or_an_error(
            bytes in prop::collection::vec(any::<u8>(), 0..40),
        ) {
            if let Ok(number) = number("inbox", &bytes) {
                prop_assert_eq!(&*Key::number(number), bytes.as_slice());
            }
            if let Ok((lane, job)) = turn(&bytes) {
                prop_assert_eq!(&*Key::turn(lane, job), bytes.as_slice());
            }
            if let Ok((day, person)) = day_of(&bytes) {
                prop_assert_eq!(&*Key::day_of(day, person), bytes.as_slice());
            }
            if let Ok((chat, id)) = message(&bytes) {
                prop_assert_eq!(&*Key::message(chat, id), bytes.as_slice());
            }
            if let Ok((project, model)) = ledger(&bytes) {
                prop_assert_eq!(&*Key::ledger(&project, model), bytes.as_slice());
            }
        }
    }
}

//! Chats and topics in which the bot may not write, by what Telegram refused. A question from there
//! is not answered, as nobody would read it. Pure.
//!
//! Telegram does not say when a right is given back, so an entry is forgotten after ten minutes.
//! Entries are read and written with every message, so no operation looks at more than one chat.

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use crate::chat::{ChatId, TopicId};
use crate::clock::Timestamp;

/// How long a refusal is believed.
const BELIEVED: Duration = Duration::from_mins(10);
/// Most chats and topics that are remembered; beyond that all are forgotten.
const MOST: usize = 10_000;

/// Where the bot may not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Chat(ChatId),
    /// One topic of a chat; `None`: its General topic.
    Topic(ChatId, Option<TopicId>),
}

/// One part of a chat, the chat first; `None`: all of it.
type Key = (ChatId, Option<Option<TopicId>>);

/// What is known; moments are those of a clock that is never set.
#[derive(Debug, Default)]
pub(crate) struct Closed {
    places: BTreeMap<Key, Timestamp>,
    /// The last text that was refused for a reason that we do not know, by its hash.
    refused: HashMap<ChatId, (u64, Timestamp)>,
}

impl Closed {
    /// The bot was told that it may not write there.
    pub(crate) fn note(&mut self, place: Place, now: Timestamp) {
        if self.places.len() >= MOST {
            self.places.retain(|_, since| is_believed(*since, now));
        }
        if self.places.len() >= MOST {
            self.places.clear();
        }
        self.places.insert(key(place), now);
    }

    /// A plain text was refused there for a reason that we do not know. Whether another text was
    /// refused before, and none sent between: then the refusal is about the chat and not about one
    /// text.
    pub(crate) fn refuses_all(&mut self, chat: ChatId, text: u64, now: Timestamp) -> bool {
        if self.refused.len() >= MOST {
            self.refused
                .retain(|_, (_, since)| is_believed(*since, now));
        }
        if self.refused.len() >= MOST {
            self.refused.clear();
        }
        let before = self.refused.insert(chat, (text, now));
        before.is_some_and(|(other, since)| other != text && is_believed(since, now))
    }

    /// The bot was told that it may write in the chat, or has done so.
    pub(crate) fn opened(&mut self, chat: ChatId) {
        self.refused.remove(&chat);
        let keys = self.places.range((chat, None)..).map(|(key, _)| *key);
        let keys: Vec<Key> = keys.take_while(|(of, _)| *of == chat).collect();
        for key in keys {
            self.places.remove(&key);
        }
    }

    /// Whether the bot may not write there, as far as is known; an entry that is too old is
    /// forgotten.
    pub(crate) fn holds(&mut self, place: Place, now: Timestamp) -> bool {
        let (chat, topic) = key(place);
        let mut is_known = |key| match self.places.get(&key) {
            Some(since) if is_believed(*since, now) => true,
            Some(_) => {
                self.places.remove(&key);
                false
            }
            None => false,
        };
        is_known((chat, None)) || (topic.is_some() && is_known((chat, topic)))
    }
}

const fn key(place: Place) -> Key {
    match place {
        Place::Chat(chat) => (chat, None),
        Place::Topic(chat, topic) => (chat, Some(topic)),
    }
}

fn is_believed(since: Timestamp, now: Timestamp) -> bool {
    now.since(since) < BELIEVED
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);
    const CHAT: ChatId = ChatId(-7);

    #[test]
    fn a_closed_chat_is_closed_in_every_topic_and_a_closed_topic_is_one() {
        let general = Place::Topic(CHAT, None);
        let topic = Place::Topic(CHAT, Some(TopicId::Thread(3)));
        for (told, [chat_is, general_is, topic_is]) in [
            (Place::Chat(CHAT), [true; 3]),
            (general, [false, true, false]),
            (topic, [false, false, true]),
        ] {
            let mut closed = Closed::default();
            closed.note(told, NOW);
            assert_eq!(closed.holds(Place::Chat(CHAT), NOW), chat_is, "{told:?}");
            assert_eq!(closed.holds(general, NOW), general_is, "{told:?}");
            assert_eq!(closed.holds(topic, NOW), topic_is, "{told:?}");
            assert!(!closed.holds(Place::Chat(ChatId(-8)), NOW));
            closed.opened(CHAT);
            assert!(!closed.holds(topic, NOW) && !closed.holds(general, NOW));
        }
    }

    #[test]
    fn what_is_known_is_forgotten_after_ten_minutes() {
        let mut closed = Closed::default();
        closed.note(Place::Chat(CHAT), NOW);
        let last = NOW.after(BELIEVED).before(Duration::from_millis(1));
        assert!(closed.holds(Place::Chat(CHAT), last));
        assert!(!closed.holds(Place::Chat(CHAT), NOW.after(BELIEVED)));
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let mut closed = Closed::default();
        for chat in 0..=i64::try_from(MOST).unwrap() {
            closed.note(Place::Chat(ChatId(-chat)), NOW);
            closed.refuses_all(ChatId(-chat), 1, NOW);
            assert!(closed.places.len() <= MOST && closed.refused.len() <= MOST);
        }
    }

    #[test]
    fn what_is_too_old_is_forgotten_when_it_is_read() {
        let mut closed = Closed::default();
        closed.note(Place::Chat(CHAT), NOW);
        closed.note(Place::Topic(CHAT, None), NOW);
        assert!(!closed.holds(Place::Topic(CHAT, None), NOW.after(BELIEVED)));
        assert!(closed.places.is_empty());
    }

    #[test]
    fn a_chat_that_opens_touches_no_other() {
        let mut closed = Closed::default();
        let topic = |chat| Place::Topic(ChatId(chat), Some(TopicId::Thread(3)));
        for chat in [-8, -7, -6] {
            closed.note(Place::Chat(ChatId(chat)), NOW);
            closed.note(topic(chat), NOW);
        }
        closed.opened(CHAT);
        assert_eq!(closed.places.len(), 4);
        assert!(!closed.holds(topic(-7), NOW));
        assert!(closed.holds(topic(-8), NOW) && closed.holds(topic(-6), NOW));
    }

    #[test]
    fn one_text_refused_in_unknown_words_says_nothing_of_the_chat_and_two_do() {
        let (chat, minute) = (ChatId(7), Duration::from_mins(1));
        // The texts that are refused, those that are sent (`None`) between, and how long after NOW.
        for (is_closed, told) in [
            (false, vec![(Some(1), 0)]),
            (true, vec![(Some(1), 0), (Some(2), 9)]),
            (false, vec![(Some(1), 0), (Some(1), 1)]),
            (false, vec![(Some(1), 0), (None, 1), (Some(2), 1)]),
            (false, vec![(Some(1), 0), (Some(2), 10)]),
        ] {
            let mut closed = Closed::default();
            let mut is_all = false;
            for (text, minutes) in &told {
                match text {
                    Some(text) => {
                        is_all = closed.refuses_all(chat, *text, NOW.after(minute * *minutes));
                    }
                    None => closed.opened(chat),
                }
            }
            assert_eq!(is_all, is_closed, "{told:?}");
            assert!(!closed.refuses_all(ChatId(8), 3, NOW));
        }
    }
}

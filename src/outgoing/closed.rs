//! Where the bot may not write, as far as it was told. Pure; what is asked there is not worth a model
//! call, as nobody would read the answer.
//!
//! Rights come back without a word, so what is known is forgotten after ten minutes.

use std::collections::HashMap;
use std::time::Duration;

use crate::chat::{ChatId, TopicId};
use crate::clock::Timestamp;

/// How long a refusal is taken for true.
const BELIEVED: Duration = Duration::from_mins(10);
/// Chats and topics that are remembered; beyond that they are asked once more.
const MOST: usize = 10_000;

/// Where the bot may not write.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Chat(ChatId),
    /// One topic of a chat; `None`: its General topic.
    Topic(ChatId, Option<TopicId>),
}

/// What is known; moments are those of a clock that is never set.
#[derive(Debug, Default)]
pub(crate) struct Closed(HashMap<Place, Timestamp>);

impl Closed {
    /// The bot was told that it may not write there.
    pub(crate) fn note(&mut self, place: Place, now: Timestamp) {
        if self.0.len() >= MOST {
            self.0.retain(|_, since| now.since(*since) < BELIEVED);
        }
        if self.0.len() >= MOST {
            self.0.clear();
        }
        self.0.insert(place, now);
    }

    /// It was told that it may write in the chat, or has done so.
    pub(crate) fn opened(&mut self, chat: ChatId) {
        self.0.retain(|place, _| match place {
            Place::Chat(of) | Place::Topic(of, _) => *of != chat,
        });
    }

    /// Whether it may not write there, as far as is known.
    pub(crate) fn holds(&self, place: Place, now: Timestamp) -> bool {
        let is_known = |place| {
            let since = self.0.get(&place);
            since.is_some_and(|since| now.since(*since) < BELIEVED)
        };
        match place {
            Place::Chat(_) => is_known(place),
            Place::Topic(chat, _) => is_known(place) || is_known(Place::Chat(chat)),
        }
    }
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
            assert!(closed.0.len() <= MOST);
        }
    }
}

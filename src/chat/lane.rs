//! Lines of conversation, and the parts of chats that they run in. Pure.

use super::{ChatId, ChatKind, UserId};

/// A part of one chat with messages of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum TopicId {
    /// A topic of a forum or of a private chat (`message_thread_id` with `is_topic_message`).
    Thread(i32),
    /// One person's conversation in the inbox of a channel (`direct_messages_topic`, Bot API 9.2).
    Direct(i64),
}

impl TopicId {
    /// `message_thread_id` of a call.
    pub(crate) const fn thread(self) -> Option<i32> {
        match self {
            Self::Thread(id) => Some(id),
            Self::Direct(_) => None,
        }
    }

    /// `direct_messages_topic_id` of a call: nothing can be sent to an inbox without it.
    pub(crate) const fn direct(self) -> Option<i64> {
        match self {
            Self::Thread(_) => None,
            Self::Direct(id) => Some(id),
        }
    }
}

/// One line of conversation, in which turns run one at a time and in order: a person in one
/// (chat, topic), or the terminal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Lane {
    /// A person in a Telegram chat; in a private chat `person` is the chat itself.
    Telegram {
        chat: ChatId,
        topic: Option<TopicId>,
        person: UserId,
    },
    /// Whoever sits at `svs-bot chat`.
    Terminal,
}

impl Lane {
    /// The chat that answers of this lane go to.
    pub(crate) const fn chat(self) -> Option<ChatId> {
        match self {
            Self::Telegram { chat, .. } => Some(chat),
            Self::Terminal => None,
        }
    }

    /// The kind of its chat; the terminal is as private as can be.
    pub(crate) const fn kind(self) -> ChatKind {
        match self {
            Self::Telegram { chat, .. } if chat.0 < 0 => ChatKind::Group,
            Self::Telegram { .. } | Self::Terminal => ChatKind::Private,
        }
    }

    /// Whether it is a person's, wherever they write, or anybody's in this group (its id taken as that
    /// of a user).
    pub(crate) fn is_of(self, whose: UserId) -> bool {
        self.person() == Some(whose) || self.chat() == Some(ChatId(whose.0))
    }

    /// Whose lane it is; nobody's is the terminal's.
    pub(crate) const fn person(self) -> Option<UserId> {
        match self {
            Self::Telegram { person, .. } => Some(person),
            Self::Terminal => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chat_with_a_negative_number_is_a_group() {
        let lane = |chat| Lane::Telegram {
            chat: ChatId(chat),
            topic: None,
            person: UserId(9),
        };
        assert_eq!(lane(-7).kind(), ChatKind::Group);
        assert_eq!(lane(9).kind(), ChatKind::Private);
        assert_eq!(Lane::Terminal.kind(), ChatKind::Private);
    }

    #[test]
    fn a_lane_is_of_its_person_and_of_its_group() {
        let lane = Lane::Telegram {
            chat: ChatId(-7),
            topic: None,
            person: UserId(9),
        };
        for (whose, expected) in [(9, true), (-7, true), (7, false), (-9, false)] {
            assert_eq!(lane.is_of(UserId(whose)), expected, "{whose}");
            assert!(!Lane::Terminal.is_of(UserId(whose)));
        }
    }
}

//! Lanes and topics, as several records hold them.

use serde::{Deserialize, Serialize};

use crate::chat::{ChatId, Lane, TopicId, UserId};

#[derive(Serialize, Deserialize)]
pub(super) enum TopicRow {
    Thread(i32),
    Direct(i64),
}

impl From<TopicId> for TopicRow {
    fn from(topic: TopicId) -> Self {
        match topic {
            TopicId::Thread(id) => Self::Thread(id),
            TopicId::Direct(id) => Self::Direct(id),
        }
    }
}

impl From<TopicRow> for TopicId {
    fn from(row: TopicRow) -> Self {
        match row {
            TopicRow::Thread(id) => Self::Thread(id),
            TopicRow::Direct(id) => Self::Direct(id),
        }
    }
}

#[derive(Serialize, Deserialize)]
pub(super) enum LaneRow {
    Telegram {
        chat: i64,
        topic: Option<TopicRow>,
        person: i64,
    },
    Terminal,
}

impl From<Lane> for LaneRow {
    fn from(lane: Lane) -> Self {
        match lane {
            Lane::Telegram {
                chat,
                topic,
                person,
            } => Self::Telegram {
                chat: chat.0,
                topic: topic.map(TopicRow::from),
                person: person.0,
            },
            Lane::Terminal => Self::Terminal,
        }
    }
}

impl From<LaneRow> for Lane {
    fn from(row: LaneRow) -> Self {
        match row {
            LaneRow::Telegram {
                chat,
                topic,
                person,
            } => Self::Telegram {
                chat: ChatId(chat),
                topic: topic.map(TopicId::from),
                person: UserId(person),
            },
            LaneRow::Terminal => Self::Terminal,
        }
    }
}

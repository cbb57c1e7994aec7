//! What goes on by itself for longer than one question, as `jobs` keeps it.

use serde::{Deserialize, Serialize};

use super::lane::TopicRow;
use super::people::RoleRow;
use super::{Record, Text, plain};
use crate::chat::broadcast::{Audience, Broadcast, Stage};
use crate::chat::long_job::LongJob;
use crate::chat::reminder::Reminder;
use crate::chat::{ChatId, JobId, MessageId, OutboxId, TopicId, UserId};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::key;

impl Record for LongJob {
    const TABLE: &'static str = "jobs";

    type Shape<'n> = LongJobRow<'n>;
    type Key = JobId;

    fn key(bytes: &[u8]) -> Result<JobId, StoreError> {
        key::number(Self::TABLE, bytes).map(JobId)
    }
}

/// Of each kind of job one variant: other kinds come behind it.
#[derive(Serialize, Deserialize)]
pub(in crate::store) enum LongJobRow<'n> {
    Broadcast(BroadcastRow<'n>),
    Reminder(ReminderRow<'n>),
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct ReminderRow<'n> {
    person: i64,
    chat: i64,
    topic: Option<TopicRow>,
    message: Option<i32>,
    at: u64,
    text: Text<'n>,
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct BroadcastRow<'n> {
    owner: i64,
    message: Option<i32>,
    text: Text<'n>,
    /// `None`: everybody.
    to: Option<RoleRow>,
    stage: StageRow,
    people: u64,
    cursor: i64,
    put: u64,
    delivered: u64,
    blocked: u64,
    progress: Option<u64>,
}

plain! { StageRow is Stage { Preview, Sending, Stopped, Done } }

impl<'n> From<&'n LongJob> for LongJobRow<'n> {
    fn from(noun: &'n LongJob) -> Self {
        match noun {
            LongJob::Broadcast(broadcast) => Self::Broadcast(broadcast.into()),
            LongJob::Reminder(reminder) => Self::Reminder(reminder.into()),
        }
    }
}

impl From<LongJobRow<'_>> for LongJob {
    fn from(row: LongJobRow<'_>) -> Self {
        match row {
            LongJobRow::Broadcast(row) => Self::Broadcast(row.into()),
            LongJobRow::Reminder(row) => Self::Reminder(row.into()),
        }
    }
}

impl<'n> From<&'n Reminder> for ReminderRow<'n> {
    fn from(noun: &'n Reminder) -> Self {
        Self {
            person: noun.person.0,
            chat: noun.chat.0,
            topic: noun.topic.map(TopicRow::from),
            message: noun.message.map(|message| message.0),
            at: noun.at.0,
            text: (&noun.text).into(),
        }
    }
}

impl From<ReminderRow<'_>> for Reminder {
    fn from(row: ReminderRow<'_>) -> Self {
        Self {
            person: UserId(row.person),
            chat: ChatId(row.chat),
            topic: row.topic.map(TopicId::from),
            message: row.message.map(MessageId),
            at: Timestamp(row.at),
            text: row.text.into(),
        }
    }
}

impl<'n> From<&'n Broadcast> for BroadcastRow<'n> {
    fn from(noun: &'n Broadcast) -> Self {
        Self {
            owner: noun.owner.0,
            message: noun.message.map(|message| message.0),
            text: (&noun.text).into(),
            to: match noun.to {
                Audience::Everybody => None,
                Audience::Role(role) => Some(role.into()),
            },
            stage: noun.stage.into(),
            people: noun.people,
            cursor: noun.cursor.0,
            put: noun.put,
            delivered: noun.delivered,
            blocked: noun.blocked,
            progress: noun.progress.map(|row| row.0),
        }
    }
}

impl From<BroadcastRow<'_>> for Broadcast {
    fn from(row: BroadcastRow<'_>) -> Self {
        Self {
            owner: UserId(row.owner),
            message: row.message.map(MessageId),
            text: row.text.into(),
            to: row
                .to
                .map_or(Audience::Everybody, |role| Audience::Role(role.into())),
            stage: row.stage.into(),
            people: row.people,
            cursor: UserId(row.cursor),
            put: row.put,
            delivered: row.delivered,
            blocked: row.blocked,
            progress: row.progress.map(OutboxId),
        }
    }
}

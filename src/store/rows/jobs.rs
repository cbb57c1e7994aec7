//! What goes on by itself for longer than one question, as `jobs` keeps it.

use serde::{Deserialize, Serialize};

use super::people::RoleRow;
use super::{Record, Text, plain};
use crate::chat::broadcast::{Audience, Broadcast, Stage};
use crate::chat::{JobId, MessageId, OutboxId, UserId};
use crate::store::StoreError;
use crate::store::key;

impl Record for Broadcast {
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

impl<'n> From<&'n Broadcast> for LongJobRow<'n> {
    fn from(noun: &'n Broadcast) -> Self {
        Self::Broadcast(BroadcastRow {
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
        })
    }
}

impl From<LongJobRow<'_>> for Broadcast {
    fn from(row: LongJobRow<'_>) -> Self {
        let LongJobRow::Broadcast(row) = row;
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

//! What the Owners were told without asking, as one fact of `meta`: there is never much of it.

use serde::{Deserialize, Serialize};

use super::meta::TABLE;
use super::{Record, Text, nouns, shapes};
use crate::alerts::{Alert, Alerts, Told};
use crate::chat::{MessageId, OutboxId, UserId};
use crate::clock::Timestamp;
use crate::store::StoreError;

impl Record for Alerts {
    const TABLE: &'static str = TABLE;

    type Shape<'n> = AlertsRow<'n>;
    type Key = ();

    fn key(_name: &[u8]) -> Result<(), StoreError> {
        Ok(())
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct AlertsRow<'n> {
    all: Vec<AlertRow<'n>>,
    muted: Vec<i64>,
}

#[derive(Serialize, Deserialize)]
struct AlertRow<'n> {
    cause: Text<'n>,
    since: u64,
    ended: Option<u64>,
    copies: Vec<ToldRow<'n>>,
}

#[derive(Serialize, Deserialize)]
struct ToldRow<'n> {
    owner: i64,
    message: Option<i32>,
    row: Option<u64>,
    trouble: Text<'n>,
    text: Text<'n>,
}

impl<'n> From<&'n Alerts> for AlertsRow<'n> {
    fn from(noun: &'n Alerts) -> Self {
        Self {
            all: shapes(&noun.all),
            muted: noun.muted.iter().map(|owner| owner.0).collect(),
        }
    }
}

impl From<AlertsRow<'_>> for Alerts {
    fn from(row: AlertsRow<'_>) -> Self {
        Self {
            all: nouns(row.all),
            muted: row.muted.into_iter().map(UserId).collect(),
        }
    }
}

impl<'n> From<&'n Alert> for AlertRow<'n> {
    fn from(noun: &'n Alert) -> Self {
        Self {
            cause: (&noun.cause).into(),
            since: noun.since.0,
            ended: noun.ended.map(|ended| ended.0),
            copies: shapes(&noun.copies),
        }
    }
}

impl From<AlertRow<'_>> for Alert {
    fn from(row: AlertRow<'_>) -> Self {
        Self {
            cause: row.cause.into(),
            since: Timestamp(row.since),
            ended: row.ended.map(Timestamp),
            copies: nouns(row.copies),
        }
    }
}

impl<'n> From<&'n Told> for ToldRow<'n> {
    fn from(noun: &'n Told) -> Self {
        Self {
            owner: noun.owner.0,
            message: noun.message.map(|message| message.0),
            row: noun.row.map(|row| row.0),
            trouble: (&noun.trouble).into(),
            text: (&noun.text).into(),
        }
    }
}

impl From<ToldRow<'_>> for Told {
    fn from(row: ToldRow<'_>) -> Self {
        Self {
            owner: UserId(row.owner),
            message: row.message.map(MessageId),
            row: row.row.map(OutboxId),
            trouble: row.trouble.into(),
            text: row.text.into(),
        }
    }
}

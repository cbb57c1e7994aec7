//! Finished rounds, as `chat_history` keeps them, and what leads to them from a message
//! (`by_message`) and from a group's topic (`by_topic`).

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::enclosed::EnclosedRow;
use super::lane::LaneRow;
use super::rich::RichRow;
use super::{Record, Text, nouns, plain, shapes};
use crate::catalog::TierReason;
use crate::chat::rich::Rich;
use crate::chat::{ChatId, JobId, Lane, MessageId, Part, StoredTurn, UserId};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::key::{self, LaneKey};

impl Record for StoredTurn {
    const TABLE: &'static str = "chat_history";

    type Shape<'n> = TurnRow<'n>;
    type Key = (LaneKey, JobId);

    fn key(bytes: &[u8]) -> Result<Self::Key, StoreError> {
        key::turn(bytes)
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct TurnRow<'n> {
    asked: u64,
    question_messages: Vec<i32>,
    answer_messages: Vec<(u16, i32)>,
    files: Vec<i32>,
    beginning: Option<RichRow<'n>>,
    model: Text<'n>,
    reason: TierReasonRow,
    question: Vec<PartRow<'n>>,
    answer: Vec<PartRow<'n>>,
}

plain! { TierReasonRow is TierReason { Smalltalk, Code, Analysis, Media, Asked, Degraded } }

#[derive(Serialize, Deserialize)]
enum PartRow<'n> {
    Text(Text<'n>),
    File {
        file_id: Text<'n>,
        description: Text<'n>,
    },
    Signed(Cow<'n, [u8]>),
    Quote(Text<'n>),
    Enclosed(EnclosedRow<'n>),
    Summary(Text<'n>),
}

impl<'n> From<&'n StoredTurn> for TurnRow<'n> {
    fn from(noun: &'n StoredTurn) -> Self {
        let numbers = |messages: &[MessageId]| messages.iter().map(|message| message.0).collect();
        let answers = noun.answer_messages.iter();
        Self {
            asked: noun.asked.0,
            question_messages: numbers(&noun.question_messages),
            answer_messages: answers.map(|(part, message)| (*part, message.0)).collect(),
            files: numbers(&noun.files),
            beginning: noun.beginning.as_ref().map(RichRow::from),
            model: (&noun.model).into(),
            reason: noun.reason.into(),
            question: shapes(&noun.question),
            answer: shapes(&noun.answer),
        }
    }
}

impl From<TurnRow<'_>> for StoredTurn {
    fn from(row: TurnRow<'_>) -> Self {
        let messages = |numbers: Vec<i32>| numbers.into_iter().map(MessageId).collect();
        let answers = row.answer_messages.into_iter();
        Self {
            asked: Timestamp(row.asked),
            question_messages: messages(row.question_messages),
            answer_messages: answers
                .map(|(part, message)| (part, MessageId(message)))
                .collect(),
            files: messages(row.files),
            beginning: row.beginning.map(Rich::from),
            model: row.model.into(),
            reason: row.reason.into(),
            question: nouns(row.question),
            answer: nouns(row.answer),
        }
    }
}

impl<'n> From<&'n Part> for PartRow<'n> {
    fn from(noun: &'n Part) -> Self {
        match noun {
            Part::Text(text) => Self::Text(text.into()),
            Part::File {
                file_id,
                description,
            } => Self::File {
                file_id: file_id.into(),
                description: description.into(),
            },
            Part::Signed(bytes) => Self::Signed(bytes.into()),
            // Rounds hold what is remembered of a file, not what was made ([`Part::remembered`]).
            Part::Made { mime, .. } => Self::File {
                file_id: "".into(),
                description: mime.into(),
            },
            Part::Quote(text) => Self::Quote(text.into()),
            Part::Enclosed(enclosed) => Self::Enclosed(enclosed.into()),
            Part::Summary(text) => Self::Summary(text.into()),
        }
    }
}

impl From<PartRow<'_>> for Part {
    fn from(row: PartRow<'_>) -> Self {
        match row {
            PartRow::Text(text) => Self::Text(text.into()),
            PartRow::File {
                file_id,
                description,
            } => Self::File {
                file_id: file_id.into(),
                description: description.into(),
            },
            PartRow::Signed(bytes) => Self::Signed(bytes.into()),
            PartRow::Quote(text) => Self::Quote(text.into()),
            PartRow::Enclosed(enclosed) => Self::Enclosed(enclosed.into()),
            PartRow::Summary(text) => Self::Summary(text.into()),
        }
    }
}

/// Who asked a round of a group's topic.
pub(in crate::store) struct AskedBy(pub(in crate::store) UserId);

impl Record for AskedBy {
    const TABLE: &'static str = "by_topic";

    type Shape<'n> = AskedByRow;
    type Key = (i64, i64, JobId);

    fn key(bytes: &[u8]) -> Result<Self::Key, StoreError> {
        key::in_topic(bytes)
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct AskedByRow(i64);

impl From<&AskedBy> for AskedByRow {
    fn from(noun: &AskedBy) -> Self {
        Self(noun.0.0)
    }
}

impl From<AskedByRow> for AskedBy {
    fn from(row: AskedByRow) -> Self {
        Self(UserId(row.0))
    }
}

/// The round that a message belongs to.
pub(in crate::store) struct TurnRef(pub(in crate::store) Lane, pub(in crate::store) JobId);

impl Record for TurnRef {
    const TABLE: &'static str = "by_message";

    type Shape<'n> = TurnRefRow;
    type Key = (ChatId, MessageId);

    fn key(bytes: &[u8]) -> Result<Self::Key, StoreError> {
        key::message(bytes)
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct TurnRefRow(LaneRow, u64);

impl From<&TurnRef> for TurnRefRow {
    fn from(noun: &TurnRef) -> Self {
        Self(noun.0.into(), noun.1.0)
    }
}

impl From<TurnRefRow> for TurnRef {
    fn from(row: TurnRefRow) -> Self {
        Self(row.0.into(), JobId(row.1))
    }
}

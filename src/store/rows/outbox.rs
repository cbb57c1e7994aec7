//! What is to be sent, as `outbox` keeps it.

use std::borrow::Cow;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::lane::{LaneRow, TopicRow};
use super::rich::RichRow;
use super::{Record, Text, nouns, plain, shapes};
use crate::chat::{
    Action, Button, ChatId, Failing, Form, JobId, MessageId, Outbound, OutboxId, Payload, Rank,
    TopicId,
};
use crate::clock::{Pause, Timestamp};
use crate::store::StoreError;
use crate::store::key;

impl Record for Outbound {
    const TABLE: &'static str = "outbox";

    type Shape<'n> = OutboundRow<'n>;
    type Key = OutboxId;

    fn key(bytes: &[u8]) -> Result<OutboxId, StoreError> {
        key::number(Self::TABLE, bytes).map(OutboxId)
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct OutboundRow<'n> {
    chat: i64,
    topic: Option<TopicRow>,
    rank: RankRow,
    pause: Option<PauseRow>,
    failing: FailingRow,
    part_of: Option<(LaneRow, u64, u16)>,
    payload: PayloadRow<'n>,
}

plain! { RankRow is Rank { Final, Acknowledge, Edit, Typing, Broadcast, Stranger } }

#[derive(Serialize, Deserialize)]
pub(super) struct PauseRow {
    since: u64,
    length: Duration,
}

#[derive(Serialize, Deserialize)]
struct FailingRow {
    tries: u32,
    lasted: Duration,
    is_aside: bool,
}

#[derive(Serialize, Deserialize)]
struct ButtonRow<'n> {
    label: Text<'n>,
    data: Text<'n>,
}

#[derive(Serialize, Deserialize)]
enum PayloadRow<'n> {
    Send {
        body: RichRow<'n>,
        reply_to: Option<i32>,
        buttons: Vec<ButtonRow<'n>>,
    },
    Edit {
        message: i32,
        body: RichRow<'n>,
        buttons: Vec<ButtonRow<'n>>,
    },
    Restore {
        message: Option<i32>,
        answer: Text<'n>,
        asked: Text<'n>,
        buttons: Vec<ButtonRow<'n>>,
    },
    Delete {
        message: i32,
    },
    File {
        name: Text<'n>,
        path: Text<'n>,
        reply_to: Option<i32>,
    },
    Document {
        name: Text<'n>,
        text: Text<'n>,
        reply_to: Option<i32>,
    },
    Answer {
        callback: Text<'n>,
        text: Text<'n>,
    },
    Leave,
    Photo {
        png: Cow<'n, [u8]>,
        caption: Text<'n>,
    },
    Made {
        form: FormRow,
        name: Text<'n>,
        file: Text<'n>,
        caption: Text<'n>,
        reply_to: Option<i32>,
        buttons: Vec<ButtonRow<'n>>,
    },
}

plain! { FormRow is Form { Photo, Voice, Document } }

impl<'n> From<&'n Outbound> for OutboundRow<'n> {
    fn from(noun: &'n Outbound) -> Self {
        Self {
            chat: noun.chat.0,
            topic: noun.topic.map(TopicRow::from),
            rank: noun.rank.into(),
            pause: noun.pause.map(PauseRow::from),
            failing: noun.failing.into(),
            part_of: noun
                .part_of
                .map(|(lane, job, part)| (lane.into(), job.0, part)),
            payload: (&noun.payload).into(),
        }
    }
}

impl From<OutboundRow<'_>> for Outbound {
    fn from(row: OutboundRow<'_>) -> Self {
        Self {
            chat: ChatId(row.chat),
            topic: row.topic.map(TopicId::from),
            rank: row.rank.into(),
            pause: row.pause.map(Pause::from),
            failing: row.failing.into(),
            part_of: row
                .part_of
                .map(|(lane, job, part)| (lane.into(), JobId(job), part)),
            payload: row.payload.into(),
        }
    }
}

impl From<Pause> for PauseRow {
    fn from(noun: Pause) -> Self {
        Self {
            since: noun.since.0,
            length: noun.length,
        }
    }
}

impl From<PauseRow> for Pause {
    fn from(row: PauseRow) -> Self {
        Self {
            since: Timestamp(row.since),
            length: row.length,
        }
    }
}

impl From<Failing> for FailingRow {
    fn from(noun: Failing) -> Self {
        Self {
            tries: noun.tries,
            lasted: noun.lasted,
            is_aside: noun.is_aside,
        }
    }
}

impl From<FailingRow> for Failing {
    fn from(row: FailingRow) -> Self {
        Self {
            tries: row.tries,
            lasted: row.lasted,
            is_aside: row.is_aside,
        }
    }
}

impl<'n> From<&'n Button> for ButtonRow<'n> {
    fn from(noun: &'n Button) -> Self {
        Self {
            label: (&noun.label).into(),
            data: noun.action.text().into(),
        }
    }
}

impl From<ButtonRow<'_>> for Button {
    fn from(row: ButtonRow<'_>) -> Self {
        Self {
            label: row.label.into(),
            action: Action::of(row.data.into()),
        }
    }
}

impl<'n> From<&'n Payload> for PayloadRow<'n> {
    #[expect(clippy::too_many_lines, reason = "a line for each field of each kind")]
    fn from(noun: &'n Payload) -> Self {
        let number = |message: &Option<MessageId>| message.map(|message| message.0);
        match noun {
            Payload::Send {
                body,
                reply_to,
                buttons,
            } => Self::Send {
                body: body.into(),
                reply_to: number(reply_to),
                buttons: shapes(buttons),
            },
            Payload::Edit {
                message,
                body,
                buttons,
            } => Self::Edit {
                message: message.0,
                body: body.into(),
                buttons: shapes(buttons),
            },
            Payload::Restore {
                message,
                answer,
                asked,
                buttons,
            } => Self::Restore {
                message: number(message),
                answer: answer.into(),
                asked: asked.into(),
                buttons: shapes(buttons),
            },
            Payload::Delete { message } => Self::Delete { message: message.0 },
            Payload::File {
                name,
                path,
                reply_to,
            } => Self::File {
                name: name.into(),
                path: path.into(),
                reply_to: number(reply_to),
            },
            Payload::Document {
                name,
                text,
                reply_to,
            } => Self::Document {
                name: name.into(),
                text: text.into(),
                reply_to: number(reply_to),
            },
            Payload::Answer { callback, text } => Self::Answer {
                callback: callback.into(),
                text: text.into(),
            },
            Payload::Leave => Self::Leave,
            Payload::Photo { png, caption } => Self::Photo {
                png: png.into(),
                caption: caption.into(),
            },
            Payload::Made {
                form,
                name,
                file,
                caption,
                reply_to,
                buttons,
            } => Self::Made {
                form: (*form).into(),
                name: name.into(),
                file: file.into(),
                caption: caption.into(),
                reply_to: number(reply_to),
                buttons: shapes(buttons),
            },
        }
    }
}

impl From<PayloadRow<'_>> for Payload {
    #[expect(clippy::too_many_lines, reason = "a line for each field of each kind")]
    fn from(row: PayloadRow<'_>) -> Self {
        match row {
            PayloadRow::Send {
                body,
                reply_to,
                buttons,
            } => Self::Send {
                body: body.into(),
                reply_to: reply_to.map(MessageId),
                buttons: nouns(buttons),
            },
            PayloadRow::Edit {
                message,
                body,
                buttons,
            } => Self::Edit {
                message: MessageId(message),
                body: body.into(),
                buttons: nouns(buttons),
            },
            PayloadRow::Restore {
                message,
                answer,
                asked,
                buttons,
            } => Self::Restore {
                message: message.map(MessageId),
                answer: answer.into(),
                asked: asked.into(),
                buttons: nouns(buttons),
            },
            PayloadRow::Delete { message } => Self::Delete {
                message: MessageId(message),
            },
            PayloadRow::File {
                name,
                path,
                reply_to,
            } => Self::File {
                name: name.into(),
                path: path.into(),
                reply_to: reply_to.map(MessageId),
            },
            PayloadRow::Document {
                name,
                text,
                reply_to,
            } => Self::Document {
                name: name.into(),
                text: text.into(),
                reply_to: reply_to.map(MessageId),
            },
            PayloadRow::Answer { callback, text } => Self::Answer {
                callback: callback.into(),
                text: text.into(),
            },
            PayloadRow::Leave => Self::Leave,
            PayloadRow::Photo { png, caption } => Self::Photo {
                png: png.into_owned(),
                caption: caption.into(),
            },
            PayloadRow::Made {
                form,
                name,
                file,
                caption,
                reply_to,
                buttons,
            } => Self::Made {
                form: form.into(),
                name: name.into(),
                file: file.into(),
                caption: caption.into(),
                reply_to: reply_to.map(MessageId),
                buttons: nouns(buttons),
            },
        }
    }
}

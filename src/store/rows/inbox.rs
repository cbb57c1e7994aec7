//! Jobs, as `inbox` keeps them.

use serde::{Deserialize, Serialize};

use super::enclosed::EnclosedRow;
use super::lane::LaneRow;
use super::people::RoleRow;
use super::{Record, Text, nouns, plain, shapes, with_texts};
use crate::chat::command::Command;
use crate::chat::{
    Basis, ChatKind, Job, JobId, MessageId, Notice, Origin, Sender, Task, UpdateId, UserId,
};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::key;

impl Record for Job {
    const TABLE: &'static str = "inbox";

    type Shape<'n> = JobRow<'n>;
    type Key = JobId;

    fn key(bytes: &[u8]) -> Result<JobId, StoreError> {
        key::number(Self::TABLE, bytes).map(JobId)
    }
}

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct JobRow<'n> {
    id: u64,
    origin: OriginRow,
    lane: LaneRow,
    kind: ChatKindRow,
    messages: Vec<i32>,
    sender: SenderRow<'n>,
    role: RoleRow,
    sent: u64,
    accepted: u64,
    attempts: u8,
    seen: Option<Text<'n>>,
    places: Vec<i32>,
    task: TaskRow<'n>,
}

#[derive(Serialize, Deserialize)]
enum OriginRow {
    Updates(Vec<i64>),
    Timer(u64),
    Terminal,
}

plain! { ChatKindRow is ChatKind { Private, Group } }

#[derive(Serialize, Deserialize)]
struct SenderRow<'n> {
    id: i64,
    name: Text<'n>,
    language: Option<Text<'n>>,
    is_chat: bool,
}

#[derive(Serialize, Deserialize)]
enum TaskRow<'n> {
    Question {
        text: Text<'n>,
        quote: Option<Text<'n>>,
        enclosed: Vec<EnclosedRow<'n>>,
        basis: BasisRow,
    },
    Command(CommandRow<'n>),
    Tell(NoticeRow<'n>),
}

#[derive(Serialize, Deserialize)]
enum BasisRow {
    Newest,
    Round(u64),
    InsteadOf(u64),
}

/// The first nine variants are those of programs before [`CommandRow::Typed`], and are written where
/// they hold all that was typed, so that such a program reads these as what they are: `/start`,
/// `/grant`, `/revoke` and `/keys` with any arguments; `/help`, `/new`, `/stop` and `/status` without.
/// Any other name without arguments is to it an unknown command, also `/reset` and `/clear`, which it
/// would have kept as `New`. What else has arguments, `/help me` too, is `Typed`: it sets that row aside.
/// New commands need nothing here.
#[derive(Serialize, Deserialize)]
enum CommandRow<'n> {
    Start { payload: Text<'n> },
    Help,
    New,
    Stop,
    Status,
    Grant { arguments: Text<'n> },
    Revoke { arguments: Text<'n> },
    Unknown { name: Text<'n> },
    Keys { arguments: Text<'n> },
    Typed { name: Text<'n>, arguments: Text<'n> },
}

impl<'n> From<&'n Command> for CommandRow<'n> {
    fn from(noun: &'n Command) -> Self {
        let name = Text::Borrowed(noun.name.as_str());
        let arguments = Text::Borrowed(noun.arguments.as_str());
        match (&*name, &*arguments) {
            ("start", _) => Self::Start { payload: arguments },
            ("help", "") => Self::Help,
            ("new", "") => Self::New,
            ("stop", "") => Self::Stop,
            ("status", "") => Self::Status,
            ("grant", _) => Self::Grant { arguments },
            ("revoke", _) => Self::Revoke { arguments },
            ("keys", _) => Self::Keys { arguments },
            (_, "") => Self::Unknown { name },
            (_, _) => Self::Typed { name, arguments },
        }
    }
}

impl From<CommandRow<'_>> for Command {
    fn from(row: CommandRow<'_>) -> Self {
        let none = Text::Borrowed("");
        let (name, arguments) = match row {
            CommandRow::Start { payload } => (Text::Borrowed("start"), payload),
            CommandRow::Help => (Text::Borrowed("help"), none),
            CommandRow::New => (Text::Borrowed("new"), none),
            CommandRow::Stop => (Text::Borrowed("stop"), none),
            CommandRow::Status => (Text::Borrowed("status"), none),
            CommandRow::Grant { arguments } => (Text::Borrowed("grant"), arguments),
            CommandRow::Revoke { arguments } => (Text::Borrowed("revoke"), arguments),
            CommandRow::Unknown { name } => (name, none),
            CommandRow::Keys { arguments } => (Text::Borrowed("keys"), arguments),
            CommandRow::Typed { name, arguments } => (name, arguments),
        };
        Self {
            name: name.into_owned(),
            arguments: arguments.into_owned(),
        }
    }
}

with_texts! {
    NoticeRow is Notice {
        NeedsApproval,
        CannotRead { kind },
        TooOld,
        OwnersOnly,
        GaveUp,
        GroupNeedsApproval,
        NoOwner,
        PrivateOnly,
        SayMore,
        Missed,
        TooMany,
        TooManyCommands,
        StillWaiting,
        NotLetIn,
        HiddenAccount,
    }
}

impl<'n> From<&'n Job> for JobRow<'n> {
    fn from(noun: &'n Job) -> Self {
        let numbers = |messages: &[MessageId]| messages.iter().map(|message| message.0).collect();
        Self {
            id: noun.id.0,
            origin: (&noun.origin).into(),
            lane: noun.lane.into(),
            kind: noun.kind.into(),
            messages: numbers(&noun.messages),
            sender: (&noun.sender).into(),
            role: noun.role.into(),
            sent: noun.sent.0,
            accepted: noun.accepted.0,
            attempts: noun.attempts,
            seen: noun.seen.as_deref().map(Text::Borrowed),
            places: numbers(&noun.places),
            task: (&noun.task).into(),
        }
    }
}

impl From<JobRow<'_>> for Job {
    fn from(row: JobRow<'_>) -> Self {
        let messages = |numbers: Vec<i32>| numbers.into_iter().map(MessageId).collect();
        Self {
            id: JobId(row.id),
            origin: row.origin.into(),
            lane: row.lane.into(),
            kind: row.kind.into(),
            messages: messages(row.messages),
            sender: row.sender.into(),
            role: row.role.into(),
            sent: Timestamp(row.sent),
            accepted: Timestamp(row.accepted),
            attempts: row.attempts,
            seen: row.seen.map(Text::into_owned),
            places: messages(row.places),
            task: row.task.into(),
        }
    }
}

impl From<&Origin> for OriginRow {
    fn from(noun: &Origin) -> Self {
        match noun {
            Origin::Updates(updates) => {
                Self::Updates(updates.iter().map(|update| update.0).collect())
            }
            Origin::Timer(number) => Self::Timer(*number),
            Origin::Terminal => Self::Terminal,
        }
    }
}

impl From<OriginRow> for Origin {
    fn from(row: OriginRow) -> Self {
        match row {
            OriginRow::Updates(updates) => {
                Self::Updates(updates.into_iter().map(UpdateId).collect())
            }
            OriginRow::Timer(number) => Self::Timer(number),
            OriginRow::Terminal => Self::Terminal,
        }
    }
}

impl<'n> From<&'n Sender> for SenderRow<'n> {
    fn from(noun: &'n Sender) -> Self {
        Self {
            id: noun.id.0,
            name: (&noun.name).into(),
            language: noun.language.as_deref().map(Text::Borrowed),
            is_chat: noun.is_chat,
        }
    }
}

impl From<SenderRow<'_>> for Sender {
    fn from(row: SenderRow<'_>) -> Self {
        Self {
            id: UserId(row.id),
            name: row.name.into(),
            language: row.language.map(Text::into_owned),
            is_chat: row.is_chat,
        }
    }
}

impl<'n> From<&'n Task> for TaskRow<'n> {
    fn from(noun: &'n Task) -> Self {
        match noun {
            Task::Question {
                text: words,
                quote,
                enclosed,
                basis,
            } => Self::Question {
                text: words.into(),
                quote: quote.as_deref().map(Text::Borrowed),
                enclosed: shapes(enclosed),
                basis: (*basis).into(),
            },
            Task::Command(command) => Self::Command(command.into()),
            Task::Tell(notice) => Self::Tell(notice.into()),
        }
    }
}

impl From<TaskRow<'_>> for Task {
    fn from(row: TaskRow<'_>) -> Self {
        match row {
            TaskRow::Question {
                text,
                quote,
                enclosed,
                basis,
            } => Self::Question {
                text: text.into(),
                quote: quote.map(Text::into_owned),
                enclosed: nouns(enclosed),
                basis: basis.into(),
            },
            TaskRow::Command(command) => Self::Command(command.into()),
            TaskRow::Tell(notice) => Self::Tell(notice.into()),
        }
    }
}

impl From<Basis> for BasisRow {
    fn from(noun: Basis) -> Self {
        match noun {
            Basis::Newest => Self::Newest,
            Basis::Round(job) => Self::Round(job.0),
            Basis::InsteadOf(job) => Self::InsteadOf(job.0),
        }
    }
}

impl From<BasisRow> for Basis {
    fn from(row: BasisRow) -> Self {
        match row {
            BasisRow::Newest => Self::Newest,
            BasisRow::Round(job) => Self::Round(JobId(job)),
            BasisRow::InsteadOf(job) => Self::InsteadOf(JobId(job)),
        }
    }
}

//! The nouns of a conversation. Pure: everything here is a value. How they lie in the data file is the
//! business of `store::rows`.

use serde::Deserialize;

use crate::clock::Timestamp;

pub(crate) use account::{Account, Shown, Whose};
pub(crate) use attachment::{Attachment, Files, Seen, TelegramFile};
pub(crate) use enclosed::{Author, Enclosed};
pub(crate) use lane::{Lane, TopicId};
pub(crate) use language::Language;
pub(crate) use outbound::{Failing, Outbound, Rank};
pub(crate) use part::Part;
pub(crate) use payload::{Action, Button, Form, Payload};
pub(crate) use role::Role;
pub(crate) use round::{Remembered, StoredTurn};

mod account;
pub(crate) mod answer;
mod attachment;
pub(crate) mod broadcast;
pub(crate) mod callback;
pub(crate) mod command;
pub(crate) mod divided;
pub(crate) mod enclosed;
#[cfg(test)]
pub(crate) mod fixtures;
pub(crate) mod grounding;
mod lane;
pub(crate) mod language;
pub(crate) mod long_job;
mod outbound;
pub(crate) mod part;
mod payload;
pub(crate) mod pieces;
pub(crate) mod profile;
pub(crate) mod prompt;
mod prompt_part;
mod quoting;
pub(crate) mod reminder;
pub(crate) mod rich;
mod role;
mod round;
pub(crate) mod speakers;
pub(crate) mod summary;
pub(crate) mod tool;
pub(crate) mod wish;
pub(crate) mod words;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident($raw:ty);)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
        #[serde(transparent)]
        pub(crate) struct $name(pub(crate) $raw);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }
    )*};
}

ids! {
    /// A Telegram chat: positive for a person, negative for a group (Bot API, `Chat.id`).
    ChatId(i64);
    /// A Telegram user, bot or, for `sender_chat`, the chat that speaks.
    UserId(i64);
    /// A message within one chat.
    MessageId(i32);
    /// Telegram's number of an update; rises by one while updates flow.
    UpdateId(i64);
    /// Our number of a job; rises for ever within one data file and orders rounds.
    JobId(u64);
    /// Our number of an outgoing part; rises for ever and orders what one chat is sent.
    OutboxId(u64);
}

impl UserId {
    /// Telegram itself, `GroupAnonymousBot` and `Channel_Bot`: they stand for whoever hides behind them,
    /// so what one of these may do everybody may.
    const TELEGRAMS: [Self; 3] = [Self(777_000), Self(1_087_968_824), Self(136_817_688)];

    /// Whether it is an account that Telegram itself writes from.
    pub(crate) fn is_of_telegram(self) -> bool {
        Self::TELEGRAMS.contains(&self)
    }
}

/// Telegram's number for the draft in which a job's answer grows: never zero, and the same for the
/// same job.
pub(crate) fn draft_of(job: JobId) -> i32 {
    let most = u64::from(i32::MAX.unsigned_abs());
    let wrapped = job.0.saturating_sub(1) % most + 1;
    i32::try_from(wrapped).unwrap_or(i32::MAX)
}

/// Where a job came from; delivery branches on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Origin {
    /// One update, or several that make one question (an album, a joined paste).
    Updates(Vec<UpdateId>),
    /// A timer of the `jobs` table.
    Timer(u64),
    /// A line typed at `svs-bot chat`.
    Terminal,
}

impl Origin {
    /// Takes the updates of a further piece of the same question.
    pub(crate) fn join(&mut self, piece: &Self) {
        match (self, piece) {
            (Self::Updates(own), Self::Updates(more)) => own.extend(more),
            (Self::Updates(_) | Self::Timer(_) | Self::Terminal, _) => {}
        }
    }
}

/// A private chat or a group, as far as the gate cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum ChatKind {
    Private,
    Group,
}

/// Who wrote a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sender {
    /// The user, or the chat when a chat speaks (`sender_chat`).
    pub(crate) id: UserId,
    /// First name, or the title of the chat that speaks.
    pub(crate) name: String,
    /// IETF tag of the person's client, e.g. `zh-hans`.
    pub(crate) language: Option<String>,
    /// Anonymous admins and channels have the group's role and are never Owner.
    pub(crate) is_chat: bool,
}

/// What else Telegram tells of somebody; for the eyes of the Owner, and to tell two people of one first
/// name apart.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct OtherNames {
    pub(crate) last_name: Option<String>,
    /// Without the `@`.
    pub(crate) username: Option<String>,
}

/// Why a message in a group is, or is not, meant for the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Addressed {
    /// A private chat.
    Private,
    /// `@bot` by entity, or a text mention of it.
    Mention,
    /// A reply to one of the bot's messages.
    Reply,
    /// `/command` or `/command@bot`.
    Command,
    /// Said to others.
    No,
}

/// What a message carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Content {
    /// Plain text, the mention of the bot taken out.
    Text(String),
    /// Something with its caption.
    Media {
        attachment: Attachment,
        caption: String,
    },
}

/// A message at the door, after `telegram::decode`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inbound {
    pub(crate) update: UpdateId,
    pub(crate) chat: ChatId,
    pub(crate) kind: ChatKind,
    pub(crate) topic: Option<TopicId>,
    pub(crate) message: MessageId,
    pub(crate) sender: Sender,
    pub(crate) other_names: OtherNames,
    /// Name of the group; empty in a private chat.
    pub(crate) title: String,
    /// When Telegram received it, or its newest change (whole seconds).
    pub(crate) sent: Timestamp,
    /// When Telegram received it first: earlier than `sent` for a change.
    pub(crate) posted: Timestamp,
    pub(crate) addressed: Addressed,
    pub(crate) author: Author,
    pub(crate) content: Content,
    /// The album it is an item of (`media_group_id`).
    pub(crate) album: Option<String>,
    /// The text of a command in private as Markdown, where something in it is formatted.
    pub(crate) markdown: Option<String>,
    /// Text of the message it replies to, or the quoted part; someone else's words.
    pub(crate) quote: Option<String>,
    /// The same as Markdown, where a command in private replies to something that is formatted.
    pub(crate) quote_markdown: Option<String>,
    /// What the message carries that it replies to.
    pub(crate) file_of_reply: Option<Attachment>,
    /// The message of the bot that it replies to.
    pub(crate) replies_to: Option<MessageId>,
    /// The person chose a part of the message to quote.
    pub(crate) chose_quote: bool,
    /// Whom it shows: whoever wrote what it forwards, the contact that it is, or whoever wrote or is
    /// shown by the message that it replies to.
    pub(crate) shown: Option<Shown>,
}

impl Inbound {
    /// The line of conversation this belongs to.
    pub(crate) const fn lane(&self) -> Lane {
        let person = match self.kind {
            ChatKind::Private => UserId(self.chat.0),
            ChatKind::Group => self.sender.id,
        };
        Lane::Telegram {
            chat: self.chat,
            topic: self.topic,
            person,
        }
    }
}

/// What a decoded update asks of the bot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// A new message.
    Message(Inbound),
    /// A message that was changed (`edited_message`).
    Edited(Inbound),
    /// The native Stop of a draft (`stopped_message_generation`); private chats only.
    Stopped {
        chat: ChatId,
        topic: Option<TopicId>,
        draft: i32,
    },
    /// A button under one of the bot's messages.
    Pressed(Pressed),
    /// A press that can do nothing, and is answered all the same, or its button spins.
    PressedInVain {
        callback: String,
        sender: Sender,
        /// The message that holds the button is too old to be looked at.
        is_old: bool,
    },
    /// The person blocked (`false`) or unblocked (`true`) the bot, or it was put into or out of a
    /// group, or may write there or not (`my_chat_member`).
    Reachable { chat: ChatId, reachable: bool },
    /// Somebody put the bot into a group.
    Added(Added),
    /// A group became a supergroup and has a new id.
    Migrated { from: ChatId, to: ChatId },
}

/// The bot was put into a group (`my_chat_member`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Added {
    pub(crate) chat: ChatId,
    pub(crate) title: String,
    /// Whether it may write there.
    pub(crate) reachable: bool,
    pub(crate) by: Sender,
    pub(crate) other_names: OtherNames,
}

/// A press of an inline button (`callback_query`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Pressed {
    pub(crate) update: UpdateId,
    /// To be answered, or the button spins.
    pub(crate) callback: String,
    pub(crate) chat: ChatId,
    pub(crate) kind: ChatKind,
    pub(crate) topic: Option<TopicId>,
    /// The message that holds the button.
    pub(crate) message: MessageId,
    /// Who presses; the right to do so is checked now.
    pub(crate) sender: Sender,
    /// What the button was made to say (`callback_data`).
    pub(crate) data: String,
    /// The message has such a button, as Telegram tells it: it was not made up, and has not gone since.
    pub(crate) is_shown: bool,
    /// The picture that the message is.
    pub(crate) picture: Option<Attachment>,
}

/// Something to be done for somebody, as the inbox keeps it until it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) id: JobId,
    pub(crate) origin: Origin,
    pub(crate) lane: Lane,
    pub(crate) kind: ChatKind,
    /// The messages that make the question; the answer replies to the first in a group.
    pub(crate) messages: Vec<MessageId>,
    pub(crate) sender: Sender,
    /// Their role when it was accepted: it decides the place in the queue.
    pub(crate) role: Role,
    /// When Telegram received the first of them.
    pub(crate) sent: Timestamp,
    /// When the inbox accepted it.
    pub(crate) accepted: Timestamp,
    /// Turns begun for it that did not end: one for each crash at which it ran, and one more while
    /// it runs.
    pub(crate) attempts: u8,
    /// What the person has read of an answer that the stop of an earlier run broke off.
    pub(crate) seen: Option<String>,
    /// Messages of ours that the answer takes over, part by part: an old answer, or the message in
    /// which this one grows.
    pub(crate) places: Vec<MessageId>,
    pub(crate) task: Task,
}

impl Job {
    /// A job that came just now and of which nothing was done yet. It has no message of Telegram, the
    /// least role, and no number: the inbox gives it one.
    pub(crate) const fn new(
        origin: Origin,
        lane: Lane,
        sender: Sender,
        task: Task,
        accepted: Timestamp,
    ) -> Self {
        Self {
            id: JobId(0),
            origin,
            lane,
            kind: lane.kind(),
            messages: Vec::new(),
            sender,
            role: Role::Guest,
            sent: accepted,
            accepted,
            attempts: 0,
            seen: None,
            places: Vec::new(),
            task,
        }
    }
}

/// What a job wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Task {
    /// Ask the model.
    Question {
        text: String,
        quote: Option<String>,
        enclosed: Vec<Enclosed>,
        basis: Basis,
    },
    /// Needs no model, and does not wait in the queue. One that ends what its lane has asked before
    /// holds that lane meanwhile.
    Command(command::Command),
    /// Say one sentence of the locale: a refusal, a notice.
    Tell(Notice),
}

impl Task {
    /// A question of these words alone.
    pub(crate) const fn question(text: String, basis: Basis) -> Self {
        Self::Question {
            text,
            quote: None,
            enclosed: Vec::new(),
            basis,
        }
    }
}

/// Where a question stands among the rounds of its lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Basis {
    /// After the newest round.
    Newest,
    /// After this round: somebody replied to its answer, or wants more of it.
    Round(JobId),
    /// In the place of this round, which is the newest and leaves the history.
    InsteadOf(JobId),
}

/// A sentence the bot says of itself; `locale` holds the words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Notice {
    /// `ACCESS=approve`: the Owner has to let this person in.
    NeedsApproval,
    /// The kind of message is not understood yet.
    CannotRead { kind: String },
    /// Old mail: it came while the bot was away.
    TooOld,
    /// The command is the Owner's.
    OwnersOnly,
    /// The bot died with the turn alone, or the turn panicked twice.
    GaveUp,
    /// A group that the Owner has to let in.
    GroupNeedsApproval,
    /// Nobody can let anyone in: the bot has no owner.
    NoOwner,
    /// The command shows people or keys and works in private only.
    PrivateOnly,
    /// Called by name, with nothing asked.
    SayMore,
    /// Old mail that no button can answer: a command, a medium.
    Missed,
    /// They hold as many turns and waiting places as their role gives.
    TooMany,
    /// They sent commands faster than they can be run.
    TooManyCommands,
    /// They ask again to be let in, and the Owner has not decided yet.
    StillWaiting,
    /// The Owner does not let them in.
    NotLetIn,
    /// To an Owner: Telegram does not tell whose account they mean.
    HiddenAccount,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_has_the_number_of_its_job_and_is_never_zero() {
        let most = u64::from(i32::MAX.unsigned_abs());
        for (job, draft) in [
            (0, 1),
            (1, 1),
            (7, 7),
            (most, i32::MAX),
            (most + 1, 1),
            (most + 8, 8),
        ] {
            assert_eq!(draft_of(JobId(job)), draft, "{job}");
        }
        assert!(draft_of(JobId(u64::MAX)) > 0);
    }
}

//! What a refused call means, sorted by what the caller does next. Pure.
//!
//! Telegram's texts are matched in part and without regard to case: the server prints a prefix,
//! changes the first letter, and passes upper-case codes of the layer below through.

use std::time::Duration;

use crate::chat::ChatId;

/// The wait when a 429 names none.
const DEFAULT_FLOOD: Duration = Duration::from_secs(5);

/// A refused call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Nothing to this chat for so long; can be a day.
    #[error("too many requests: wait {} s", .0.as_secs())]
    Flood(Duration),
    /// An edit to what is there already: as good as done.
    #[error("the message is the same already")]
    NotModified,
    /// The message to edit or delete is not there or no longer ours to change: send anew, or take
    /// the deletion as done.
    #[error("the message cannot be changed any more")]
    Gone,
    /// Send without the reply.
    #[error("the message to reply to is gone")]
    ReplyGone,
    /// Our formatting is wrong: send plain text, once.
    #[error("the formatting was refused")]
    BadMarkup,
    /// Nothing visible was left of the text.
    #[error("the text is empty")]
    EmptyText,
    /// Split smaller.
    #[error("the text is too long")]
    TooLong,
    /// Above what Telegram takes or gives.
    #[error("the file is too large")]
    FileTooLarge,
    /// The topic was deleted: send without it and forget it.
    #[error("the topic is gone")]
    TopicGone,
    /// Nobody may write in this topic.
    #[error("the topic is closed")]
    TopicClosed,
    /// The group has a new id: rewrite it everywhere, then send again.
    #[error("the group moved to {0}")]
    Migrated(ChatId),
    /// Blocked, removed, muted or never met: send nothing there until it is heard of again.
    #[error("the chat is closed to the bot")]
    ChatClosed,
    /// The button was pressed too long ago to be answered.
    #[error("the button was pressed too long ago")]
    QueryExpired,
    /// This chat takes no drafts: stream by edits.
    #[error("the chat takes no drafts")]
    NoDrafts,
    /// The token is wrong or revoked, or the base URL is not a Bot API server's.
    #[error("the bot token is not accepted")]
    Unauthorized,
    /// Somebody else gets the updates.
    #[error("{0}")]
    Conflict(Conflict),
    /// The service, or a gateway before it, failed. A send may have been delivered.
    #[error("telegram failed with status {0}")]
    Transient(u16),
    /// Everything else: our bug, or a right the caller can do without. Holds what Telegram said.
    #[error("refused: {0}")]
    Rejected(String),
}

/// Who gets the updates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Conflict {
    /// A second instance, or our last one a moment ago.
    #[error("another instance polls with this token")]
    Poller,
    #[error("a webhook is set for this token")]
    Webhook,
}

/// A refused call, as it came.
#[derive(Debug, Clone, Copy)]
pub(super) struct Said<'a> {
    /// `error_code`, or the status of the response.
    pub(super) code: u16,
    /// `None`: the answer is not the Bot API's but a gateway's.
    pub(super) description: Option<&'a str>,
    /// Seconds.
    pub(super) retry_after: Option<u64>,
    pub(super) migrate_to: Option<ChatId>,
}

/// Parts of the descriptions of 400, in lower case.
const BAD_REQUESTS: &[(&str, Refusal)] = &[
    ("message is not modified", Refusal::NotModified),
    ("message to edit not found", Refusal::Gone),
    ("message can't be edited", Refusal::Gone),
    ("message to delete not found", Refusal::Gone),
    ("message can't be deleted", Refusal::Gone),
    ("message to be replied not found", Refusal::ReplyGone),
    ("can't parse entities", Refusal::BadMarkup),
    ("message text is empty", Refusal::EmptyText),
    ("text must be non-empty", Refusal::EmptyText),
    ("message is too long", Refusal::TooLong),
    ("message caption is too long", Refusal::TooLong),
    ("file is too big", Refusal::FileTooLarge),
    ("message thread not found", Refusal::TopicGone),
    ("topic_closed", Refusal::TopicClosed),
    ("group chat was upgraded", Refusal::ChatClosed),
    ("chat not found", Refusal::ChatClosed),
    ("textdraft_peer_invalid", Refusal::NoDrafts),
    ("peer_id_invalid", Refusal::ChatClosed),
    ("not enough rights to send", Refusal::ChatClosed),
    ("have no rights to send", Refusal::ChatClosed),
    ("chat_write_forbidden", Refusal::ChatClosed),
    ("need administrator rights", Refusal::ChatClosed),
    ("query is too old", Refusal::QueryExpired),
];

pub(super) fn of(said: Said<'_>) -> Refusal {
    if let Some(to) = said.migrate_to {
        return Refusal::Migrated(to);
    }
    let lower = said.description.map(str::to_lowercase);
    let text = lower.as_deref();
    let rejected = || Refusal::Rejected(said.description.unwrap_or_default().to_owned());
    match said.code {
        // A server older than a method we use says so; without that, the token is malformed.
        404 if text.is_some_and(|text| text.contains("method not found")) => rejected(),
        // A 404 that is not the Bot API's own is some gateway's.
        404 if text.is_none() => Refusal::Transient(404),
        401 | 404 => Refusal::Unauthorized,
        413 => Refusal::FileTooLarge,
        429 => Refusal::Flood(flood(said.retry_after, text)),
        400..=499 => match text {
            Some(text) => known(said.code, text).unwrap_or_else(rejected),
            None => Refusal::Transient(said.code),
        },
        code => Refusal::Transient(code),
    }
}

fn known(code: u16, text: &str) -> Option<Refusal> {
    match code {
        400 => {
            let mut rows = BAD_REQUESTS.iter();
            let row = rows.find(|(part, _)| text.contains(part));
            row.map(|(_, refusal)| refusal.clone())
        }
        403 => Some(Refusal::ChatClosed),
        409 if text.contains("webhook") => Some(Refusal::Conflict(Conflict::Webhook)),
        409 => Some(Refusal::Conflict(Conflict::Poller)),
        _ => None,
    }
}

fn flood(retry_after: Option<u64>, text: Option<&str>) -> Duration {
    let told = || {
        let (_, seconds) = text?.rsplit_once("retry after ")?;
        seconds.trim().parse().ok()
    };
    let seconds = retry_after.or_else(told);
    seconds.map_or(DEFAULT_FLOOD, Duration::from_secs)
}

#[cfg(test)]
mod tests;

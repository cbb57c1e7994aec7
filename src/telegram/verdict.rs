//! What a refused call means, sorted by what the caller does next. Pure.
//!
//! Telegram's texts are matched in part and without regard to case: the server prints a prefix,
//! changes the first letter, and passes upper-case codes of `MTProto`, the layer below, through.

use std::time::Duration;

use crate::chat::ChatId;

/// The wait when a 429 names none.
const DEFAULT_FLOOD: Duration = Duration::from_secs(5);
/// The shortest: Telegram counts in whole seconds.
const SHORTEST_FLOOD: Duration = Duration::from_secs(1);
/// The longest wait that is believed: Telegram's go up to a day or so. A number beyond a week is
/// an error, and counts as none.
const LONGEST_FLOOD: Duration = Duration::from_hours(7 * 24);

/// A refused call.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Refusal {
    /// Send nothing to this chat for so long, which can be a day.
    #[error("too many requests: wait {} s", .0.as_secs())]
    Flood(Duration),
    /// An edit to what is there already: as good as done.
    #[error("the message is the same already")]
    NotModified,
    /// The message to edit or delete is not there or no longer ours to change: send a new one, or
    /// take the deletion as done.
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
    /// The bot was blocked, removed or muted, or never met the person: send nothing there until an
    /// update comes from there.
    #[error("the chat is closed to the bot")]
    ChatClosed,
    /// This kind of content may not be sent there (files, voice, links …), a text may: send it
    /// plainer.
    #[error("this kind of content is not allowed there")]
    ContentForbidden,
    /// A 403 with an unknown description, which it holds: about what was to be sent, or about the
    /// chat. When two plain texts in a row are refused so, the chat is taken as closed.
    #[error("forbidden: {0}")]
    Forbidden(String),
    /// It was sent, and somebody in the chat removed it at once: done, without a message id.
    #[error("the message was sent and removed at once")]
    SentAndRemoved,
    /// The button was pressed too long ago to be answered.
    #[error("the button was pressed too long ago")]
    QueryExpired,
    /// This chat takes no drafts: stream by edits.
    #[error("the chat takes no drafts")]
    NoDrafts,
    /// The token is wrong or revoked, or the base URL is not a Bot API server's.
    #[error("the bot token is not accepted")]
    Unauthorized,
    /// This server is older than the method.
    #[error("the server does not know the method")]
    UnknownMethod,
    /// Somebody else gets the updates.
    #[error("{0}")]
    Conflict(Conflict),
    /// The service, or a gateway before it, failed. A send may have been delivered.
    #[error("telegram failed with status {0}")]
    Transient(u16),
    /// Everything else: our bug, or a right the caller can do without. Holds the description.
    #[error("refused: {0}")]
    Rejected(String),
}

impl Refusal {
    /// Whether Telegram looked at the call and decided about it, which it cannot do while it is down.
    pub(crate) const fn is_about_the_call(&self) -> bool {
        !matches!(
            self,
            Self::Flood(_) | Self::Transient(_) | Self::Unauthorized | Self::Conflict(_)
        )
    }
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

/// The answer to a refused call.
#[derive(Debug, Clone, Copy)]
pub(super) struct ErrorReply<'a> {
    /// `error_code`, or the status of the response.
    pub(super) code: u16,
    /// `None`: the answer is not the Bot API's but a gateway's.
    pub(super) description: Option<&'a str>,
    /// Seconds.
    pub(super) retry_after: Option<u64>,
    pub(super) migrate_to: Option<ChatId>,
}

/// Parts of the descriptions of 400 and 403, in lower case. `MTProto` names the same errors by
/// upper-case codes, which come under either status. The first row that fits counts.
const KNOWN: &[(&str, Refusal)] = &[
    ("message is not modified", Refusal::NotModified),
    ("message_not_modified", Refusal::NotModified),
    ("message to be replied not found", Refusal::ReplyGone),
    ("message to reply not found", Refusal::ReplyGone),
    ("replied message not found", Refusal::ReplyGone),
    // Before the code that it ends with.
    ("reply_message_id_invalid", Refusal::ReplyGone),
    ("message to edit not found", Refusal::Gone),
    ("message can't be edited", Refusal::Gone),
    ("no text in the message to edit", Refusal::Gone),
    ("message to delete not found", Refusal::Gone),
    ("message can't be deleted", Refusal::Gone),
    ("message not found", Refusal::Gone),
    ("message_id_invalid", Refusal::Gone),
    ("msg_id_invalid", Refusal::Gone),
    ("message_edit_time_expired", Refusal::Gone),
    ("message_author_required", Refusal::Gone),
    ("message_delete_forbidden", Refusal::Gone),
    ("can't parse entities", Refusal::BadMarkup),
    ("message text is empty", Refusal::EmptyText),
    ("text must be non-empty", Refusal::EmptyText),
    ("message_empty", Refusal::EmptyText),
    ("message is too long", Refusal::TooLong),
    ("message_too_long", Refusal::TooLong),
    ("message caption is too long", Refusal::TooLong),
    ("caption_too_long", Refusal::TooLong),
    ("entities_too_long", Refusal::TooLong),
    ("entities too long", Refusal::TooLong),
    ("entities are too long", Refusal::TooLong),
    ("text is too long", Refusal::TooLong),
    ("text_too_long", Refusal::TooLong),
    ("file is too big", Refusal::FileTooLarge),
    ("message thread not found", Refusal::TopicGone),
    ("topic_deleted", Refusal::TopicGone),
    ("topic_id_invalid", Refusal::TopicGone),
    ("topic_closed", Refusal::TopicClosed),
    // Before the code that it ends with.
    ("textdraft_peer_invalid", Refusal::NoDrafts),
    ("group chat was upgraded", Refusal::ChatClosed),
    ("chat not found", Refusal::ChatClosed),
    ("peer_id_invalid", Refusal::ChatClosed),
    ("chat_id_invalid", Refusal::ChatClosed),
    ("channel_invalid", Refusal::ChatClosed),
    ("channel_private", Refusal::ChatClosed),
    ("chat_write_forbidden", Refusal::ChatClosed),
    ("chat_send_plain_forbidden", Refusal::ChatClosed),
    ("chat_restricted", Refusal::ChatClosed),
    ("no write access", Refusal::ChatClosed),
    ("need administrator rights", Refusal::ChatClosed),
    ("allow_payment_required", Refusal::ChatClosed),
    ("user_banned_in_channel", Refusal::ChatClosed),
    ("user_is_blocked", Refusal::ChatClosed),
    ("input_user_deactivated", Refusal::ChatClosed),
    ("user is deactivated", Refusal::ChatClosed),
    ("bot was blocked", Refusal::ChatClosed),
    ("bot was kicked", Refusal::ChatClosed),
    ("bot is not a member", Refusal::ChatClosed),
    ("chat was deleted", Refusal::ChatClosed),
    ("can't initiate conversation", Refusal::ChatClosed),
    ("can't send messages to", Refusal::ChatClosed),
    ("voice_messages_forbidden", Refusal::ContentForbidden),
    ("user restricted receiving of", Refusal::ContentForbidden),
    ("query is too old", Refusal::QueryExpired),
    ("query_id_invalid", Refusal::QueryExpired),
];

/// Names of the right to write at all, behind "rights to send "; every other name there is that of one
/// kind of content.
const WRITING: [&str; 4] = ["text", "a message", "message", "the message"];

pub(super) fn of(reply: ErrorReply<'_>) -> Refusal {
    if let Some(to) = reply.migrate_to {
        return Refusal::Migrated(to);
    }
    let lower = reply.description.map(str::to_lowercase);
    let text = lower.as_deref();
    let words = || reply.description.unwrap_or_default().to_owned();
    match reply.code {
        // A server older than a method we use says so; without that, the token is malformed.
        404 if text.is_some_and(|text| text.contains("method not found")) => Refusal::UnknownMethod,
        // A 404 that is not the Bot API's own is some gateway's.
        404 if text.is_none() => Refusal::Transient(404),
        401 | 404 => Refusal::Unauthorized,
        413 => Refusal::FileTooLarge,
        429 => Refusal::Flood(flood(reply.retry_after, text)),
        // How MTProto says 429, under any status.
        400..=499 if let Some(wait) = text.and_then(layer_wait) => {
            Refusal::Flood(flood(Some(wait), text))
        }
        // Too slow, too early, gone away: a gateway says so, and Telegram has not judged the call.
        408 | 421 | 423 | 425 | 460 | 499 => Refusal::Transient(reply.code),
        400..=499 => match text {
            Some(text) => known(reply.code, text).unwrap_or_else(|| match reply.code {
                403 => Refusal::Forbidden(words()),
                _ => Refusal::Rejected(words()),
            }),
            None => Refusal::Transient(reply.code),
        },
        // A moderator bot was faster than the answer: trying again would post it once more.
        500 if text.is_some_and(|text| text.contains("immediately deleted")) => {
            Refusal::SentAndRemoved
        }
        code => Refusal::Transient(code),
    }
}

fn known(code: u16, text: &str) -> Option<Refusal> {
    match code {
        400 | 403 => {
            let mut rows = KNOWN.iter();
            let row = rows.find(|(part, _)| text.contains(part));
            row.map(|(_, refusal)| refusal.clone())
                .or_else(|| of_rights(text))
        }
        409 if text.contains("webhook") => Some(Refusal::Conflict(Conflict::Webhook)),
        409 => Some(Refusal::Conflict(Conflict::Poller)),
        _ => None,
    }
}

/// What it means that the bot lacks a right: to write at all, or to send one kind of content.
fn of_rights(text: &str) -> Option<Refusal> {
    if text.contains("chat_send_") && text.contains("_forbidden") {
        return Some(Refusal::ContentForbidden);
    }
    let (_, content) = text.split_once("rights to send")?;
    let content = content.trim_start();
    let is_writing = content.is_empty() || WRITING.iter().any(|word| content.starts_with(word));
    Some(if is_writing {
        Refusal::ChatClosed
    } else {
        Refusal::ContentForbidden
    })
}

fn flood(retry_after: Option<u64>, text: Option<&str>) -> Duration {
    let told = || {
        let (_, seconds) = text?.rsplit_once("retry after ")?;
        seconds.trim().parse().ok()
    };
    let named = retry_after.or_else(told).map(Duration::from_secs);
    let sane = named.filter(|wait| *wait <= LONGEST_FLOOD);
    // Zero would be a loop at full speed.
    sane.map_or(DEFAULT_FLOOD, |wait| wait.max(SHORTEST_FLOOD))
}

/// The seconds in `FLOOD_WAIT_7`, `FLOOD_PREMIUM_WAIT_7`, `SLOWMODE_WAIT_7` and their like.
fn layer_wait(text: &str) -> Option<u64> {
    let (before, after) = text.split_once("_wait_")?;
    let is_flood = before.contains("flood") || before.ends_with("slowmode");
    let digits = after.split(|c: char| !c.is_ascii_digit()).next()?;
    digits.parse().ok().filter(|_| is_flood)
}

#[cfg(test)]
mod tests;

//! One update's JSON to an [`Event`]. Pure; each update is decoded alone, so that one the bot does
//! not understand cannot hide the others.
//!
//! Whether a message in a group is meant for the bot is decided by entities, never by searching the
//! text. Words that are not the sender's own (forwarded, replied to, quoted) never address the bot.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use self::attached::attachment;
use self::author::author;
use self::kinds::{Carried, carried, file_of};
use self::message_text::{Address, MessageText};
use self::presses::{of_press, of_stop};
use super::Me;
use super::wire::{Chat, ChatMember, ChatMemberUpdated, DirectMessagesTopic, Message, User};
use crate::chat::{
    Added, Addressed, Attachment, Author, ChatKind, Content, Event, Inbound, MessageId, OtherNames,
    Sender, TopicId, UpdateId, UserId,
};
use crate::clock::Timestamp;

mod attached;
mod author;
mod kinds;
mod marked_up;
mod message_text;
mod presses;
mod shown;

/// Longest quote, in characters.
const MAX_QUOTE: usize = 4096;

/// In the General topic of a forum a message must be sent without thread id.
const GENERAL: i32 = 1;

/// What became of one update.
#[derive(Debug, PartialEq, Eq)]
#[expect(
    clippy::large_enum_variant,
    reason = "one is made of each update and taken apart at once"
)]
pub(crate) enum Decoded {
    Event(Event),
    /// Nothing for this bot.
    Skipped {
        /// The update's kind, or what was wrong with the message.
        kind: String,
    },
    /// Not the shape the Bot API promises.
    Undecodable,
}

/// Why there is no event.
enum Unfit {
    Skipped(String),
    Shape,
}

impl From<Unfit> for Decoded {
    fn from(unfit: Unfit) -> Self {
        match unfit {
            Unfit::Skipped(kind) => Self::Skipped { kind },
            Unfit::Shape => Self::Undecodable,
        }
    }
}

impl From<serde_json::Error> for Unfit {
    fn from(_: serde_json::Error) -> Self {
        Self::Shape
    }
}

/// Decodes the update with this id; `json` is the whole update.
pub(crate) fn decode(update: UpdateId, json: &str, me: &Me) -> Decoded {
    let Ok(fields) = serde_json::from_str::<BTreeMap<String, &RawValue>>(json) else {
        return Decoded::Undecodable;
    };
    let event = if let Some(message) = fields.get("message") {
        of_message(update, message.get(), me)
    } else if let Some(message) = fields.get("edited_message") {
        of_edit(update, message.get(), me)
    } else if let Some(stop) = fields.get("stopped_message_generation") {
        of_stop(stop.get())
    } else if let Some(query) = fields.get("callback_query") {
        of_press(update, query.get())
    } else if let Some(member) = fields.get("my_chat_member") {
        of_member(member.get())
    } else {
        let kind = fields.into_keys().find(|field| field != "update_id");
        Err(kind.map_or(Unfit::Shape, Unfit::Skipped))
    };
    event.map_or_else(Decoded::from, Decoded::Event)
}

fn skipped(why: &str) -> Unfit {
    Unfit::Skipped(why.to_owned())
}

fn of_member(json: &str) -> Result<Event, Unfit> {
    let change: ChatMemberUpdated = serde_json::from_str(json)?;
    let kind = chat_kind(&change.chat)?;
    let member = &change.new_chat_member;
    let is_in = is_in(member).ok_or_else(|| skipped("unknown member status"))?;
    // Where the bot may send no text it cannot answer.
    let reachable = is_in && member.can_send_messages != Some(false);
    let was_in = change.old_chat_member.as_ref().and_then(self::is_in);
    let chat = change.chat.id;
    Ok(match (kind, change.from) {
        (ChatKind::Group, Some(by)) if is_in && was_in == Some(false) => Event::Added(Added {
            chat,
            title: change.chat.title.unwrap_or_default(),
            reachable,
            other_names: OtherNames {
                last_name: by.last_name.clone(),
                username: by.username.clone(),
            },
            by: person(&by),
        }),
        (ChatKind::Group | ChatKind::Private, _) => Event::Reachable { chat, reachable },
    })
}

/// Whether this is a member; none where the status is not known.
fn is_in(member: &ChatMember) -> Option<bool> {
    match member.status.as_str() {
        "creator" | "administrator" | "member" => Some(true),
        "left" | "kicked" => Some(false),
        "restricted" => Some(member.is_member == Some(true)),
        _ => None,
    }
}

fn of_edit(update: UpdateId, json: &str, me: &Me) -> Result<Event, Unfit> {
    match of_message(update, json, me)? {
        Event::Message(inbound) => Ok(Event::Edited(inbound)),
        Event::Edited(_)
        | Event::Stopped { .. }
        | Event::Pressed(_)
        | Event::PressedInVain { .. }
        | Event::Reachable { .. }
        | Event::Added(_)
        | Event::Migrated { .. } => Err(skipped("edited service message")),
    }
}

fn of_message(update: UpdateId, json: &str, me: &Me) -> Result<Event, Unfit> {
    let message: Message<'_> = serde_json::from_str(json)?;
    if message.business_connection_id.is_some() {
        return Err(skipped("business message"));
    }
    let kind = chat_kind(&message.chat)?;
    let here = message.chat.id;
    if let Some(to) = message.migrate_to_chat_id {
        return Ok(Event::Migrated { from: here, to });
    }
    if let Some(from) = message.migrate_from_chat_id {
        return Ok(Event::Migrated { from, to: here });
    }
    if message.via_bot.as_ref().is_some_and(|bot| bot.id == me.id) {
        return Err(skipped("own inline result"));
    }
    let sender = sender(&message)?;
    let other_names = other_names(&message);
    let meaning = meaning_of(&message, kind, media(&message, json)?, me);
    Ok(Event::Message(Inbound {
        update,
        chat: here,
        kind,
        topic: topic(
            kind,
            message.direct_messages_topic.as_ref(),
            message
                .message_thread_id
                .filter(|_| message.is_topic_message == Some(true)),
        ),
        message: message.message_id,
        sender,
        other_names,
        title: match kind {
            ChatKind::Private => String::new(),
            ChatKind::Group => message.chat.title.clone().unwrap_or_default(),
        },
        sent: Timestamp::from_secs(message.edit_date.unwrap_or(message.date)),
        posted: Timestamp::from_secs(message.date),
        addressed: meaning.addressed,
        author: meaning.author,
        content: meaning.content,
        markdown: meaning.markdown,
        quote: meaning.quote,
        quote_markdown: meaning.quote_markdown,
        file_of_reply: meaning.file_of_reply,
        replies_to: meaning.replies_to,
        chose_quote: message.quote.is_some(),
        shown: shown::by(&message, kind, replied_to(&message).as_ref()),
        album: message.media_group_id,
    }))
}

/// What a message consists of, and whom it addresses.
struct Meaning {
    addressed: Addressed,
    author: Author,
    content: Content,
    markdown: Option<String>,
    quote: Option<String>,
    quote_markdown: Option<String>,
    file_of_reply: Option<Attachment>,
    replies_to: Option<MessageId>,
}

fn meaning_of(
    message: &Message<'_>,
    kind: ChatKind,
    media: Option<Attachment>,
    me: &Me,
) -> Meaning {
    let author = author(message);
    let words = MessageText::of(message).unwrap_or_default();
    let reply = replied_to(message);
    let text = match author {
        Author::Forwarded { .. } => words.text.trim().to_owned(),
        Author::Sender | Author::InlineBot => words.without(me),
    };
    let is_command = kind == ChatKind::Private && text.starts_with('/');
    Meaning {
        markdown: is_command.then(|| marked_up(message)).flatten(),
        quote_markdown: is_command
            .then(|| quote_marked_up(message, reply.as_ref()))
            .flatten(),
        addressed: match kind {
            ChatKind::Private => Addressed::Private,
            ChatKind::Group => addressed(&words, &author, reply.as_ref(), me),
        },
        author,
        content: match media {
            None => Content::Text(text),
            Some(attachment) => Content::Media {
                attachment,
                caption: text,
            },
        },
        quote: quote(message, reply.as_ref()),
        file_of_reply: file_of_reply(message, reply.as_ref()),
        replies_to: reply
            .filter(|reply| is_ours(reply, me))
            .map(|reply| reply.message_id),
    }
}

/// What the message carries that is replied to, which may be in another chat, or a story.
fn file_of_reply(message: &Message<'_>, reply: Option<&Message<'_>>) -> Option<Attachment> {
    if message.reply_to_story.is_some() {
        return Some(Attachment::of_kind("story"));
    }
    let here = message.reply_to_message.filter(|_| reply.is_some());
    let json = here.or(message.external_reply)?.get();
    Some(attachment(file_of(json)?, json))
}

fn is_ours(message: &Message<'_>, me: &Me) -> bool {
    let author = message.from.as_ref();
    author.is_some_and(|author| author.id == me.id)
}

fn chat_kind(chat: &Chat) -> Result<ChatKind, Unfit> {
    match chat.kind.as_str() {
        "private" => Ok(ChatKind::Private),
        "group" | "supergroup" => Ok(ChatKind::Group),
        _ => Err(skipped("neither private chat nor group")),
    }
}

/// A chat that speaks (anonymous admin, linked channel) comes with a `from` that is one of
/// Telegram's own bots, so it is looked at first.
fn sender(message: &Message<'_>) -> Result<Sender, Unfit> {
    if let Some(chat) = &message.sender_chat {
        return Ok(Sender {
            id: UserId(chat.id.0),
            name: chat.title.clone().unwrap_or_default(),
            language: None,
            is_chat: true,
        });
    }
    match &message.from {
        Some(user) if !user.is_bot => Ok(person(user)),
        Some(_) => Err(skipped("message of a bot")),
        None => Err(skipped("message of nobody")),
    }
}

fn other_names(message: &Message<'_>) -> OtherNames {
    match (&message.sender_chat, &message.from) {
        (Some(chat), _) => OtherNames {
            last_name: None,
            username: chat.username.clone(),
        },
        (None, Some(user)) => OtherNames {
            last_name: user.last_name.clone(),
            username: user.username.clone(),
        },
        (None, None) => OtherNames::default(),
    }
}

fn person(user: &User) -> Sender {
    Sender {
        id: user.id,
        name: user.first_name.clone(),
        language: user.language_code.clone(),
        is_chat: false,
    }
}

/// What it carries; `None` for plain or rich text. Service messages are skipped.
fn media(message: &Message<'_>, json: &str) -> Result<Option<Attachment>, Unfit> {
    if message.text.is_some() || message.rich_message.is_some() {
        return Ok(None);
    }
    match carried(json)? {
        Carried::Content(kind) => Ok(Some(attachment(kind, json))),
        Carried::Service => Err(skipped("service message")),
    }
}

/// Forwarded words speak to nobody, and a command counts only when it was typed.
fn addressed(
    words: &MessageText,
    author: &Author,
    reply: Option<&Message<'_>>,
    me: &Me,
) -> Addressed {
    let address = match author {
        Author::Forwarded { .. } => Address::Nobody,
        Author::Sender | Author::InlineBot => words.address(me),
    };
    match address {
        Address::Command if *author == Author::Sender => Addressed::Command,
        Address::Us => Addressed::Mention,
        Address::Command | Address::Nobody if reply.is_some_and(|reply| is_ours(reply, me)) => {
            Addressed::Reply
        }
        Address::Command | Address::AnotherBot | Address::Nobody => Addressed::No,
    }
}

/// In a forum, a message that replies to nothing "replies" to the creation of its topic.
fn replied_to<'a>(message: &Message<'a>) -> Option<Message<'a>> {
    let reply: Message<'_> = serde_json::from_str(message.reply_to_message?.get()).ok()?;
    reply.forum_topic_created.is_none().then_some(reply)
}

/// The quoted part if there is one, else all the words of the message replied to.
fn quote(message: &Message<'_>, reply: Option<&Message<'_>>) -> Option<String> {
    if let Some(quote) = &message.quote {
        return bounded(&quote.text);
    }
    bounded(&MessageText::of(reply?)?.text)
}

/// The text or caption of a message as Markdown, where something in it is formatted.
fn marked_up(message: &Message<'_>) -> Option<String> {
    let (text, entities) = match &message.text {
        Some(text) => (text, &message.entities),
        None => (message.caption.as_ref()?, &message.caption_entities),
    };
    marked_up::marked_up(text, entities.as_deref())
}

/// The same of what a message replies to.
fn quote_marked_up(message: &Message<'_>, reply: Option<&Message<'_>>) -> Option<String> {
    match &message.quote {
        Some(quote) => marked_up::marked_up(&quote.text, quote.entities.as_deref()),
        None => marked_up(reply?),
    }
}

fn bounded(text: &str) -> Option<String> {
    let text: String = text.trim().chars().take(MAX_QUOTE).collect();
    (!text.is_empty()).then_some(text)
}

/// The topic of a message; `thread` is its thread id, which without `is_topic_message` is that of a reply
/// thread and no topic.
fn topic(
    kind: ChatKind,
    direct: Option<&DirectMessagesTopic>,
    thread: Option<i32>,
) -> Option<TopicId> {
    if let Some(direct) = direct {
        return Some(TopicId::Direct(direct.topic_id));
    }
    match kind {
        ChatKind::Group if thread == Some(GENERAL) => None,
        ChatKind::Group | ChatKind::Private => thread.map(TopicId::Thread),
    }
}

#[cfg(test)]
mod tests;

//! What the Bot API sends us, as far as we use it. Pure.
//!
//! Invariant: nothing new on Telegram's side breaks these. Unknown fields are ignored, names that
//! may grow stay strings, and a part whose shape has changed is taken as absent.

use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::{ChatId, MessageId, UserId};

/// An accepted call.
#[derive(Deserialize)]
pub(super) struct Success<T> {
    pub(super) result: T,
}

/// A refused call.
#[derive(Deserialize)]
pub(super) struct Failure {
    pub(super) ok: bool,
    #[serde(default, deserialize_with = "number")]
    pub(super) error_code: Option<u16>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) description: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) parameters: Option<Parameters>,
}

#[derive(Default, Deserialize)]
pub(super) struct Parameters {
    /// Seconds; days for profile methods, so it does not fit 16 bits.
    #[serde(default, deserialize_with = "number")]
    pub(super) retry_after: Option<u64>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) migrate_to_chat_id: Option<ChatId>,
}

/// The bot itself, as `getMe` tells it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub(crate) struct Me {
    pub(crate) id: UserId,
    /// Without `@`.
    #[serde(default)]
    pub(crate) username: String,
    /// Privacy mode is off: every message of a group arrives.
    #[serde(default)]
    pub(crate) can_read_all_group_messages: bool,
    /// Private chats have topics.
    #[serde(default)]
    pub(crate) has_topics_enabled: bool,
}

#[derive(Deserialize)]
#[expect(clippy::struct_field_names, reason = "the names are the Bot API's")]
pub(super) struct Message<'a> {
    pub(super) message_id: MessageId,
    /// Unix seconds.
    #[serde(default)]
    pub(super) date: u64,
    /// Unix seconds of the newest change.
    pub(super) edit_date: Option<u64>,
    pub(super) chat: Chat,
    pub(super) from: Option<User>,
    pub(super) sender_chat: Option<Chat>,
    pub(super) via_bot: Option<User>,
    pub(super) business_connection_id: Option<String>,
    pub(super) message_thread_id: Option<i32>,
    pub(super) is_topic_message: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) direct_messages_topic: Option<DirectMessagesTopic>,
    pub(super) media_group_id: Option<String>,
    /// The new form of a forward; the older ones follow (Bot API before 7.0).
    #[serde(borrow)]
    pub(super) forward_origin: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) forward_from: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) forward_from_chat: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) forward_sender_name: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) forward_date: Option<&'a RawValue>,
    /// Another message, left as it is: replies do not nest, so one level is decoded and no more.
    #[serde(borrow)]
    pub(super) reply_to_message: Option<&'a RawValue>,
    /// A message of another chat that is replied to.
    #[serde(borrow)]
    pub(super) external_reply: Option<&'a RawValue>,
    pub(super) reply_to_story: Option<serde::de::IgnoredAny>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) quote: Option<Quote>,
    pub(super) text: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) entities: Option<Vec<Entity>>,
    pub(super) caption: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) caption_entities: Option<Vec<Entity>>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) rich_message: Option<RichMessage>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) contact: Option<Contact>,
    pub(super) migrate_to_chat_id: Option<ChatId>,
    pub(super) migrate_from_chat_id: Option<ChatId>,
    pub(super) forum_topic_created: Option<serde::de::IgnoredAny>,
}

#[derive(Deserialize)]
pub(super) struct Chat {
    pub(super) id: ChatId,
    #[serde(rename = "type", default)]
    pub(super) kind: String,
    pub(super) title: Option<String>,
    pub(super) username: Option<String>,
}

/// A contact that somebody shares; without an id where it has no account, or hides it.
#[derive(Deserialize)]
pub(super) struct Contact {
    pub(super) user_id: Option<UserId>,
    #[serde(default)]
    pub(super) first_name: String,
    pub(super) last_name: Option<String>,
}

/// One person's conversation in the inbox of a channel.
#[derive(Deserialize)]
pub(super) struct DirectMessagesTopic {
    /// Up to 52 bits.
    pub(super) topic_id: i64,
}

#[derive(Deserialize)]
pub(super) struct User {
    pub(super) id: UserId,
    #[serde(default)]
    pub(super) is_bot: bool,
    #[serde(default)]
    pub(super) first_name: String,
    pub(super) last_name: Option<String>,
    pub(super) username: Option<String>,
    pub(super) language_code: Option<String>,
}

/// Offset and length count UTF-16 units.
#[derive(Deserialize)]
pub(super) struct Entity {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) offset: usize,
    pub(super) length: usize,
    pub(super) user: Option<User>,
    /// Of a `text_link`.
    pub(super) url: Option<String>,
    /// Of a `pre`.
    pub(super) language: Option<String>,
}

/// The part of a message that a reply quotes.
#[derive(Deserialize)]
pub(super) struct Quote {
    pub(super) text: String,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) entities: Option<Vec<Entity>>,
}

/// Blocks stay JSON: their kinds grow with every release.
#[derive(Deserialize)]
pub(super) struct RichMessage {
    pub(super) blocks: Vec<Value>,
}

/// A press of an inline button.
#[derive(Deserialize)]
pub(super) struct CallbackQuery {
    pub(super) id: String,
    pub(super) from: User,
    /// Absent, or with the date 0, when it is too old to be looked at.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) message: Option<Holder>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) data: Option<String>,
}

/// The message that holds a button.
#[derive(Deserialize)]
pub(super) struct Holder {
    pub(super) message_id: MessageId,
    pub(super) date: u64,
    /// The sizes of a picture (Bot API, `Message.photo`).
    #[serde(default)]
    pub(super) photo: Value,
    pub(super) chat: Chat,
    pub(super) message_thread_id: Option<i32>,
    pub(super) is_topic_message: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) direct_messages_topic: Option<DirectMessagesTopic>,
    #[serde(default, deserialize_with = "lenient")]
    reply_markup: Option<Keyboard>,
}

impl Holder {
    /// Whether it has a button that says this.
    pub(super) fn shows(&self, data: &str) -> bool {
        let keyboard = self.reply_markup.iter();
        let mut buttons = keyboard.flat_map(|keyboard| keyboard.inline_keyboard.iter().flatten());
        buttons.any(|button| button.callback_data.as_deref() == Some(data))
    }
}

#[derive(Deserialize)]
struct Keyboard {
    inline_keyboard: Vec<Vec<KeyboardButton>>,
}

#[derive(Deserialize)]
struct KeyboardButton {
    callback_data: Option<String>,
}

/// `stopped_message_generation`.
#[derive(Deserialize)]
pub(super) struct StoppedGeneration {
    pub(super) chat: Chat,
    pub(super) message_thread_id: Option<i32>,
    pub(super) draft_id: i32,
}

/// `my_chat_member`.
#[derive(Deserialize)]
pub(super) struct ChatMemberUpdated {
    pub(super) chat: Chat,
    /// Who made the change.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) from: Option<User>,
    #[serde(default, deserialize_with = "lenient")]
    pub(super) old_chat_member: Option<ChatMember>,
    pub(super) new_chat_member: ChatMember,
}

#[derive(Deserialize)]
pub(super) struct ChatMember {
    pub(super) status: String,
    /// Given when the status is `restricted`.
    pub(super) is_member: Option<bool>,
    /// Given when the status is `restricted`.
    #[serde(default, deserialize_with = "lenient")]
    pub(super) can_send_messages: Option<bool>,
}

/// Takes a value of another shape than we know for an absent one.
fn lenient<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de>,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(serde_json::from_str(raw.get()).ok())
}

/// A number that a proxy may have made a string of.
fn number<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: std::str::FromStr,
{
    let raw = <&RawValue>::deserialize(deserializer)?;
    Ok(raw.get().trim_matches('"').trim().parse().ok())
}

//! Those who talk to the bot: persons in private chats, members of groups.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::permissions::Mood;
use super::{BOT_ID, State, Telegram, check};
use crate::world::now;

/// Somebody in one chat (and one topic of it).
#[derive(Debug, Clone)]
pub(crate) struct Person {
    pub(super) telegram: Arc<Telegram>,
    pub(super) chat: i64,
    id: i64,
    language: &'static str,
    /// First name and, after an `@`, the username.
    name: Option<&'static str>,
    topic: Option<i64>,
    /// The chat that they speak as.
    speaks_as: Option<i64>,
    /// How long ago their messages were written.
    ago: Duration,
}

impl Person {
    pub(super) fn new(telegram: Arc<Telegram>, chat: i64, id: i64) -> Self {
        Self {
            telegram,
            chat,
            id,
            language: "en",
            name: None,
            topic: None,
            speaks_as: None,
            ago: Duration::ZERO,
        }
    }

    /// The same person with another `language_code`, or with none where it is empty.
    pub(crate) fn speaking(mut self, language: &'static str) -> Self {
        self.language = language;
        self
    }

    /// The same person by another name than `P` and their id, as in `Ann @ann_k`.
    pub(crate) fn called(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// The same person in a topic of the chat, which exists from now on.
    pub(crate) fn in_topic(mut self, topic: i64) -> Self {
        self.telegram.change(|state| {
            let chat = state.chats.entry(self.chat).or_default();
            chat.topics.insert(topic);
            chat.messages.insert(topic, json!({"message_id": topic}));
            chat.last_message = chat.last_message.max(topic);
        });
        self.topic = Some(topic);
        self
    }

    /// The same person, who speaks as a chat: an anonymous admin as the group, or anybody as a channel.
    pub(crate) fn speaking_as(mut self, chat: i64) -> Self {
        self.speaks_as = Some(chat);
        self
    }

    /// The same person in the inbox of a channel, where this is their conversation.
    pub(crate) fn in_conversation(mut self, topic: i64) -> Self {
        self.telegram.change(|state| {
            let chat = state.chats.entry(self.chat).or_default();
            chat.is_inbox = true;
            chat.topics.insert(topic);
        });
        self.topic = Some(topic);
        self
    }

    /// The same person, whose messages are this old when they arrive.
    pub(crate) fn some_time_ago(mut self, ago: Duration) -> Self {
        self.ago = ago;
        self
    }

    /// Writes a text; the id of the message.
    pub(crate) fn says(&self, text: &str) -> i64 {
        self.sends(typed(text))
    }

    /// Writes a text as a reply to a message of the chat.
    #[track_caller]
    pub(crate) fn replies(&self, to: i64, text: &str) -> i64 {
        self.replies_with(to, typed(text))
    }

    /// Replies to a message of the chat with these fields.
    #[track_caller]
    pub(crate) fn replies_with(&self, to: i64, mut fields: Value) -> i64 {
        let replied = self
            .telegram
            .change(|state| state.chats[&self.chat].as_replied(to));
        fields["reply_to_message"] =
            replied.unwrap_or_else(|| panic!("no message {to} to reply to"));
        self.sends(fields)
    }

    /// Pastes a text of any length, which leaves in pieces of at most 4096 units in one second, each
    /// trimmed; the ids of the messages.
    pub(crate) fn pastes(&self, text: &str) -> Vec<i64> {
        let date = self.telegram.now().saturating_sub(self.ago).as_secs();
        let mut pieces = vec![String::new()];
        let mut room = check::LONGEST_TEXT;
        for character in text.chars() {
            if character.len_utf16() > room {
                pieces.push(String::new());
                room = check::LONGEST_TEXT;
            }
            room -= character.len_utf16();
            pieces.last_mut().expect("one at least").push(character);
        }
        let pieces = pieces.iter().map(|piece| piece.trim());
        let send = |piece: &str| {
            self.sends(json!({"text": piece, "entities": marks(piece), "date": date}))
        };
        pieces.filter(|piece| !piece.is_empty()).map(send).collect()
    }

    /// Hands on somebody else's text.
    pub(crate) fn forwards(&self, text: &str) -> i64 {
        self.sends(forward("Someone", text))
    }

    /// A photo without a word.
    pub(crate) fn sends_a_photo(&self) -> i64 {
        self.sends(photo(""))
    }

    /// An album of photos with these captions, which arrives at once.
    pub(crate) fn sends_an_album(&self, captions: &[&str]) -> Vec<i64> {
        let album = format!("album-{}", now().as_nanos());
        let items = captions.iter().map(|caption| {
            let mut item = photo(caption);
            item["media_group_id"] = json!(album);
            item
        });
        self.sends_together(items.collect())
    }

    /// A message with these fields (text, photo, service message, …).
    pub(crate) fn sends(&self, fields: Value) -> i64 {
        self.sends_together(vec![fields])[0]
    }

    /// Messages that the service receives in the same moment; no poll gets a part of them, unless there
    /// is no room for all.
    pub(crate) fn sends_together(&self, all: Vec<Value>) -> Vec<i64> {
        self.telegram.change(|state| {
            let send = |fields: Value| {
                let message = self.compose(state, fields);
                state.emit("message", &message);
                message["message_id"].as_i64().expect("just set")
            };
            all.into_iter().map(send).collect()
        })
    }

    /// Changes the text of an own message.
    #[track_caller]
    pub(crate) fn edits(&self, message: i64, text: &str) {
        let edited = self.telegram.change(|state| {
            let chat = state.chats.get_mut(&self.chat)?;
            let edited = chat.messages.get_mut(&message)?;
            if edited["from"]["id"] != self.id {
                return None;
            }
            let (words, entities) = if edited["photo"].is_null() && edited["paid_media"].is_null() {
                ("text", "entities")
            } else {
                ("caption", "caption_entities")
            };
            edited[words] = json!(text);
            edited[entities] = marks(text);
            edited["edit_date"] = json!((now() + state.ahead).as_secs());
            let edited = edited.clone();
            state.emit("edited_message", &edited);
            Some(())
        });
        assert!(edited.is_some(), "{message} is no message of {}", self.id);
    }

    /// The bot may not write here from now on, and is told so.
    pub(crate) fn blocks_the_bot(&self) {
        self.changes_membership(Mood::Closed, "member", "kicked");
    }

    pub(crate) fn unblocks_the_bot(&self) {
        self.changes_membership(Mood::Welcoming, "kicked", "member");
    }

    fn changes_membership(&self, mood: Mood, old: &str, new: &str) {
        let bot = json!({"id": BOT_ID, "is_bot": true, "first_name": "Test"});
        self.telegram.change(|state| {
            state.chats.entry(self.chat).or_default().mood = mood;
            let update = json!({"chat": chat_object(self.chat), "from": self.user(),
                "date": now().as_secs(),
                "old_chat_member": {"user": bot, "status": old},
                "new_chat_member": {"user": bot, "status": new}});
            state.emit("my_chat_member", &update);
        });
    }

    /// The next call to this chat gets 429, and none may follow for so many seconds.
    pub(crate) fn has_flood_control(&self, seconds: u64) {
        self.is_in(Mood::AboutToFlood(seconds));
    }

    /// No drafts in this chat from now on.
    pub(crate) fn refuses_drafts(&self) {
        self.telegram.change(|state| {
            state.chats.entry(self.chat).or_default().refuses_drafts = true;
        });
    }

    /// Every message to this chat fails with 500 until it recovers.
    pub(crate) fn answers_with_500(&self) {
        self.is_in(Mood::Failing);
    }

    /// The next message to this chat is refused for a reason that is in no list.
    pub(crate) fn objects_once(&self) {
        self.is_in(Mood::AboutToObject);
    }

    /// All is well with this chat again.
    pub(crate) fn recovers(&self) {
        self.is_in(Mood::Welcoming);
    }

    fn is_in(&self, mood: Mood) {
        self.telegram.change(|state| {
            state.chats.entry(self.chat).or_default().mood = mood;
        });
    }

    pub(super) fn id(&self) -> i64 {
        self.id
    }

    pub(super) fn user(&self) -> Value {
        let mut user = json!({"id": self.id, "is_bot": false,
            "first_name": format!("P{}", self.id)});
        if !self.language.is_empty() {
            user["language_code"] = json!(self.language);
        }
        if let Some(name) = self.name {
            let (first, username) = name.split_once('@').unwrap_or((name, ""));
            user["first_name"] = json!(first.trim());
            if !username.is_empty() {
                user["username"] = json!(username);
            }
        }
        user
    }

    fn compose(&self, state: &mut State, fields: Value) -> Value {
        let date = (now() + state.ahead).saturating_sub(self.ago).as_secs();
        let chat = state.chats.entry(self.chat).or_default();
        chat.last_message += 1;
        let id = chat.last_message;
        let mut message = json!({"message_id": id, "from": self.user(),
            "chat": chat_object(self.chat), "date": date});
        if let Some(speaker) = self.speaks_as {
            message["sender_chat"] = chat_object(speaker);
            message["from"] = if speaker == self.chat {
                json!({"id": 1_087_968_824, "is_bot": true, "first_name": "Group"})
            } else {
                json!({"id": 136_817_688, "is_bot": true, "first_name": "Channel"})
            };
        }
        if let Some(topic) = self.topic.filter(|_| chat.is_inbox) {
            message["direct_messages_topic"] = json!({"topic_id": topic, "user": self.user()});
            message["chat"]["is_direct_messages"] = json!(true);
        } else if let Some(topic) = self.topic {
            message["message_thread_id"] = json!(topic);
            message["is_topic_message"] = json!(true);
            message["chat"]["is_forum"] = json!(true);
            // A forum fills in the service message that opened the topic.
            message["reply_to_message"] = json!({"message_id": topic, "date": 1,
                "chat": chat_object(self.chat), "forum_topic_created": {"name": "t"}});
        }
        if let Value::Object(fields) = fields {
            for (name, value) in fields {
                message[name] = value;
            }
        }
        chat.messages.insert(id, message.clone());
        message
    }
}

/// A group that the bot is in.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(super) telegram: Arc<Telegram>,
    pub(super) id: i64,
}

impl Group {
    pub(super) fn new(telegram: Arc<Telegram>, id: i64) -> Self {
        Self { telegram, id }
    }

    pub(crate) fn member(&self, id: i64) -> Person {
        Person::new(Arc::clone(&self.telegram), self.id, id)
    }

    /// Somebody puts the bot into the group: it is told of its membership, and sees the service message
    /// that all members see.
    pub(crate) fn takes_in_the_bot(&self, by: i64) {
        let member = self.member(by);
        member.changes_membership(Mood::Welcoming, "left", "member");
        let bot = json!({"id": BOT_ID, "is_bot": true, "first_name": "Test"});
        member.sends(json!({"new_chat_members": [bot]}));
    }

    /// Somebody takes the bot out of the group.
    pub(crate) fn puts_out_the_bot(&self, by: i64) {
        self.member(by)
            .changes_membership(Mood::Closed, "member", "left");
    }

    /// Whether the bot is in the group and may write there.
    pub(crate) fn has_the_bot(&self) -> bool {
        self.telegram
            .change(|state| state.chats.entry(self.id).or_default().mood != Mood::Closed)
    }

    /// Becomes a supergroup with a new id, in silence: the next send to the old id learns of it. The
    /// supergroup numbers its messages from the beginning.
    pub(crate) fn moves_to(&self, id: i64) -> Self {
        self.telegram.change(|state| {
            state.chats.entry(self.id).or_default().moved_to = Some(id);
            state.chats.entry(id).or_default();
        });
        Self::new(Arc::clone(&self.telegram), id)
    }

    /// The same, told by the service messages on both sides.
    pub(crate) fn tells_its_move_to(&self, id: i64) -> Self {
        let moved = self.moves_to(id);
        let admin = self.member(1);
        admin.sends(json!({"migrate_to_chat_id": id}));
        moved
            .member(1)
            .sends(json!({"migrate_from_chat_id": self.id}));
        moved
    }
}

/// The chat as updates name it, by what its id tells.
pub(super) fn chat_object(id: i64) -> Value {
    if id > 0 {
        json!({"id": id, "type": "private", "first_name": format!("P{id}")})
    } else if id < -1_000_000_000_000 {
        json!({"id": id, "type": "supergroup", "title": format!("G{id}")})
    } else {
        json!({"id": id, "type": "group", "title": format!("G{id}")})
    }
}

/// The fields of a message by somebody that is handed on.
pub(crate) fn forward(from: &str, text: &str) -> Value {
    let origin = json!({"type": "hidden_user", "sender_user_name": from, "date": 1});
    json!({"text": text, "entities": marks(text), "forward_origin": origin})
}

/// The fields of a message by this person, who does not hide their account, that is handed on.
pub(crate) fn forward_of(person: &Person, text: &str) -> Value {
    let origin = json!({"type": "user", "sender_user": person.user(), "date": 1});
    json!({"text": text, "entities": marks(text), "forward_origin": origin})
}

/// The fields of a shared contact; without an id it has no account, or hides it (Bot API, `Contact`).
pub(crate) fn contact(name: &str, id: Option<i64>) -> Value {
    let mut contact = json!({"phone_number": "+4912345", "first_name": name});
    if let Some(id) = id {
        contact["user_id"] = json!(id);
    }
    json!({ "contact": contact })
}

/// The fields of a photo with a caption.
pub(crate) fn photo(caption: &str) -> Value {
    let size = |id: &str, side: u32| {
        json!({"file_id": id, "file_unique_id": id, "width": side, "height": side,
            "file_size": side * 10})
    };
    let mut photo = json!({"photo": [size("small", 90), size("large", 800)]});
    if !caption.is_empty() {
        photo["caption"] = json!(caption);
        photo["caption_entities"] = marks(caption);
    }
    photo
}

/// The fields of something that a bot gets to see nothing of.
pub(crate) fn paid(caption: &str) -> Value {
    let mut paid = json!({"paid_media": {"star_count": 5, "paid_media": [{"type": "preview"}]}});
    if !caption.is_empty() {
        paid["caption"] = json!(caption);
        paid["caption_entities"] = marks(caption);
    }
    paid
}

/// The fields of a typed text.
pub(crate) fn typed(text: &str) -> Value {
    json!({"text": text, "entities": marks(text)})
}

/// Mentions and commands of a text, as Telegram marks them.
fn marks(text: &str) -> Value {
    let mut marks = Vec::new();
    let mut offset = 0;
    for word in text.split_inclusive(char::is_whitespace) {
        let bare = word.trim_end();
        let kind = match bare.chars().next() {
            Some('@') => Some("mention"),
            Some('/') => Some("bot_command"),
            _ => None,
        };
        if let Some(kind) = kind {
            let length = check::units(bare);
            marks.push(json!({"type": kind, "offset": offset, "length": length}));
        }
        offset += check::units(word);
    }
    json!(marks)
}

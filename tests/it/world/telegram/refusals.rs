//! Refusals as a test orders them, and a moderator who removes what the bot sends.

use serde_json::{Value, json};

use super::people::chat_object;
use super::permissions::Mood;
use super::{BOT_ID, Group, Outcome, Person, Refusal, State, Telegram};
use crate::world::now;

/// The next calls of a method in a chat are refused like this.
#[derive(Debug)]
pub(super) struct Ordered {
    chat: i64,
    method: String,
    /// Only of a text that holds this word.
    word: String,
    code: u16,
    description: String,
    times: usize,
}

/// As often as it is tried.
pub(crate) const ALWAYS: usize = usize::MAX;

impl State {
    /// The refusal that was ordered for this call.
    pub(super) fn ordered(
        &mut self,
        method: &str,
        chat: i64,
        params: &Value,
    ) -> Result<(), Refusal> {
        let text = params["text"].as_str().unwrap_or_default();
        let is_meant = |order: &&mut Ordered| {
            let of_call = order.chat == chat && order.method == method && order.times > 0;
            of_call && text.contains(&order.word)
        };
        match self.refusals.iter_mut().find(is_meant) {
            Some(order) => {
                order.times -= 1;
                Err(Refusal::new(order.code, &order.description))
            }
            None => Ok(()),
        }
    }

    /// Where a moderator is at work, a message is removed before the bot gets its id.
    pub(super) fn moderated(&mut self, chat: i64, outcome: Outcome) -> Outcome {
        let sent = outcome?;
        let Some(room) = self.chats.get_mut(&chat) else {
            return Ok(sent);
        };
        let id = sent["message_id"].as_i64();
        let Some(id) = id.filter(|_| room.mood == Mood::Moderated) else {
            return Ok(sent);
        };
        room.messages.remove(&id);
        if let Some(message) = room.sent.iter_mut().find(|message| message.id == id) {
            message.is_deleted = true;
        }
        let text =
            "Internal Server Error: sent message was immediately deleted and can't be returned";
        Err(Refusal::new(500, text))
    }
}

impl Telegram {
    fn refuses(&self, chat: i64, (method, times): (&str, usize), (code, description): (u16, &str)) {
        self.order(Ordered {
            chat,
            method: method.to_owned(),
            word: String::new(),
            code,
            description: description.to_owned(),
            times,
        });
    }

    fn order(&self, order: Ordered) {
        self.change(|state| state.refusals.push(order));
    }
}

impl Person {
    /// So many calls of a method in this chat are refused with this code and in these words.
    pub(crate) fn refuses(&self, calls: (&str, usize), refusal: (u16, &str)) {
        self.telegram.refuses(self.chat, calls, refusal);
    }
}

impl Person {
    /// Messages here may have so many bytes of entities at the most, and not more.
    pub(crate) fn takes_entities_up_to(&self, bytes: usize) {
        self.telegram.change(|state| {
            let chat = state.chats.entry(self.chat).or_default();
            chat.most_entity_bytes = Some(bytes);
        });
    }

    /// Every message here that holds this word fails with 500, until [`Person::refuses_nothing`].
    pub(crate) fn fails_on(&self, word: &str) {
        self.telegram.order(Ordered {
            chat: self.chat,
            method: "sendMessage".to_owned(),
            word: word.to_owned(),
            code: 500,
            description: "Internal Server Error".to_owned(),
            times: ALWAYS,
        });
    }

    /// Nothing here is refused any more that a test ordered to be.
    pub(crate) fn refuses_nothing(&self) {
        self.telegram
            .change(|state| state.refusals.retain(|order| order.chat != self.chat));
    }
}

impl Group {
    /// As [`Person::refuses`].
    pub(crate) fn refuses(&self, calls: (&str, usize), refusal: (u16, &str)) {
        self.telegram.refuses(self.id, calls, refusal);
    }

    /// Every message here that holds this word is refused with this code and in these words.
    pub(crate) fn refuses_text(&self, word: &str, (code, description): (u16, &str)) {
        self.telegram.order(Ordered {
            chat: self.id,
            method: "sendMessage".to_owned(),
            word: word.to_owned(),
            code,
            description: description.to_owned(),
            times: ALWAYS,
        });
    }

    /// A moderator removes every message of the bot at once.
    pub(crate) fn is_moderated(&self) {
        self.is_in(Mood::Moderated);
    }

    /// The bot may not write here any more, and nobody tells it.
    pub(crate) fn mutes_the_bot_in_silence(&self) {
        self.is_in(Mood::Muted);
    }

    /// The bot may not write here any more, and is told so.
    pub(crate) fn mutes_the_bot(&self) {
        self.is_in(Mood::Muted);
        self.tells_membership(
            &json!({"status": "member"}),
            &json!({"status": "restricted", "is_member": true, "can_send_messages": false,
                "until_date": 0}),
        );
    }

    /// The bot may write here again, and is told so.
    pub(crate) fn lets_the_bot_speak(&self) {
        self.is_in(Mood::Welcoming);
        self.tells_membership(
            &json!({"status": "restricted", "is_member": true, "can_send_messages": false,
                "until_date": 0}),
            &json!({"status": "member"}),
        );
    }

    fn tells_membership(&self, old: &Value, new: &Value) {
        let of_bot = |member: &Value| {
            let mut member = member.clone();
            member["user"] = json!({"id": BOT_ID, "is_bot": true, "first_name": "Test"});
            member
        };
        let update = json!({"chat": chat_object(self.id), "date": now().as_secs(),
            "from": {"id": 5, "is_bot": false, "first_name": "Admin"},
            "old_chat_member": of_bot(old), "new_chat_member": of_bot(new)});
        self.telegram
            .change(|state| state.emit("my_chat_member", &update));
    }

    fn is_in(&self, mood: Mood) {
        self.telegram.change(|state| {
            state.chats.entry(self.id).or_default().mood = mood;
        });
    }
}

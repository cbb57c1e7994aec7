//! Buttons under the bot's messages and drafts, and those who press them.

use serde_json::{Value, json};

use super::chat_state::Chat;
use super::{Message, Person, State, Telegram};
use crate::world::{PATIENCE, now};

impl Person {
    /// Presses the button with this word in its label on the newest message that has one; waits
    /// until there is one. The id of the press.
    #[track_caller]
    pub(crate) fn presses(&self, label: &str) -> String {
        let pressed = self.telegram.wait(PATIENCE, |state| {
            let shown = state.chats.get(&self.chat)?.visible();
            let newest = shown.rev().find_map(|message| has(message, label));
            let (id, data) = newest?;
            Some(self.press(state, id, &data))
        });
        pressed.unwrap_or_else(|| panic!("no button {label} in {}", self.chat))
    }

    /// Presses the button with this word in its label on a message. The id of the press.
    #[track_caller]
    pub(crate) fn presses_on(&self, message: i64, label: &str) -> String {
        let pressed = self.telegram.change(|state| {
            let shown = state.chats.get(&self.chat)?.visible();
            let mut named = shown.filter(|shown| shown.id == message);
            let pressed = named.find_map(|shown| has(shown, label));
            drop(named);
            let (id, data) = pressed?;
            Some(self.press(state, id, &data))
        });
        pressed.unwrap_or_else(|| panic!("no button {label} under {message}"))
    }

    /// Presses a button that another program made up, or that is no longer there.
    pub(crate) fn presses_data(&self, message: i64, data: &str) -> String {
        self.telegram
            .change(|state| self.press(state, message, data))
    }

    /// A press with these fields (`message`, `data`, …) beside its id and who presses.
    pub(crate) fn presses_with(&self, fields: Value) -> String {
        self.telegram.change(|state| {
            let id = format!("callback-{}-{}", self.id(), state.next_update);
            let mut query = json!({"id": id, "from": self.user(), "chat_instance": "1"});
            if let Value::Object(fields) = fields {
                for (name, value) in fields {
                    query[name] = value;
                }
            }
            state.callbacks.insert(id.clone());
            state.emit("callback_query", &query);
            id
        })
    }

    /// The bot's answer to a press, empty when it has no words; waits for it.
    #[track_caller]
    pub(crate) fn is_told(&self, press: &str) -> String {
        let answer = self
            .telegram
            .wait(PATIENCE, |state| state.answers.get(press).cloned());
        answer.unwrap_or_else(|| panic!("{press} is not answered within {PATIENCE:?}"))
    }

    /// Presses Stop on a draft; false when it is not shown or has no such button. The draft goes,
    /// unless the bot asked to keep it.
    pub(crate) fn stops(&self, draft: i64) -> bool {
        let now = now();
        self.telegram.change(|state| {
            let chat = state.chats.entry(self.chat).or_default();
            let alive = chat.previews.iter_mut().find(|preview| {
                let can_stop = preview.frames.last().is_some_and(|frame| frame.can_stop);
                preview.id == draft && can_stop && now < preview.until
            });
            let Some(preview) = alive else {
                return false;
            };
            if !preview.stays_when_stopped {
                preview.until = now;
            }
            let mut stopped = json!({"chat": super::people::chat_object(self.chat),
                "draft_id": draft});
            if let Some(topic) = preview.topic {
                stopped["message_thread_id"] = json!(topic);
            }
            state.emit("stopped_message_generation", &stopped);
            true
        })
    }

    fn press(&self, state: &mut State, message: i64, data: &str) -> String {
        let id = format!("callback-{}-{}", self.id(), state.next_update);
        let shown = state.chats[&self.chat].messages[&message].clone();
        state.callbacks.insert(id.clone());
        let query = json!({"id": id, "from": self.user(), "message": shown,
            "chat_instance": "1", "data": data});
        state.emit("callback_query", &query);
        id
    }
}

impl Telegram {
    /// Presses that the bot has not answered: their buttons spin.
    pub(crate) fn unanswered_presses(&self) -> usize {
        self.state.lock().callbacks.len()
    }
}

impl Chat {
    /// The bot's messages that are there, oldest first.
    pub(super) fn visible(&self) -> impl DoubleEndedIterator<Item = &Message> {
        self.sent.iter().filter(|message| !message.is_deleted)
    }
}

/// The message and the data of its button with this word.
fn has(message: &Message, label: &str) -> Option<(i64, String)> {
    let button = message.button(label)?;
    Some((message.id, button.data.clone()))
}

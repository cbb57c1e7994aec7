//! What a chat shows in the end, its buttons, and the native Stop.

use serde_json::{Value, json};

use super::{Person, Telegram};
use crate::world::{PATIENCE, eventually};

impl Telegram {
    /// Waits until a chat shows these texts and no other, whatever kills the bot had.
    #[track_caller]
    pub(crate) fn comes_to_show(&self, chat: i64, texts: &[&str]) {
        eventually(PATIENCE, "the chat shows what it should", || {
            let shown = self.shows(chat);
            let shown: Vec<&str> = shown.iter().map(|message| message.text.as_str()).collect();
            shown == texts
        });
    }

    /// Labels of the buttons that the newest call with this text made.
    pub(crate) fn buttons_under(&self, text: &str) -> Vec<String> {
        let calls = self.calls("");
        let mut made = calls.iter().rev();
        let made = made.find(|call| call.params["text"].as_str().map(str::trim) == Some(text));
        let rows = made.map(|call| call.params["reply_markup"]["inline_keyboard"].clone());
        let rows = rows.unwrap_or(Value::Null);
        let buttons = rows.as_array().into_iter().flatten();
        let buttons = buttons.flat_map(|row| row.as_array().into_iter().flatten());
        buttons
            .filter_map(|button| Some(button["text"].as_str()?.to_owned()))
            .collect()
    }

    /// What the press number `nth` (from 1) was told; waits for it.
    #[track_caller]
    pub(crate) fn press_is_told(&self, nth: usize) -> String {
        eventually(PATIENCE, "the press is answered", || {
            self.calls("answerCallbackQuery").len() >= nth
        });
        let call = &self.calls("answerCallbackQuery")[nth - 1];
        call.params["text"].as_str().unwrap_or_default().to_owned()
    }

    /// A message of a chat comes once more, under another update id.
    pub(crate) fn repeats(&self, chat: i64, message: i64) {
        self.change(|state| {
            let again = state.chats[&chat].messages[&message].clone();
            state.emit("message", &again);
        });
    }

    /// A message of the bot is deleted by somebody.
    pub(crate) fn loses(&self, chat: i64, message: i64) {
        self.change(|state| {
            let chat = state.chats.entry(chat).or_default();
            chat.messages.remove(&message);
            let mut sent = chat.sent.iter_mut();
            if let Some(lost) = sent.find(|sent| sent.id == message) {
                lost.is_deleted = true;
            }
        });
    }

    /// The native Stop of a draft, pressed in a private chat.
    pub(crate) fn stops_draft(&self, person: &Person, draft: i32) {
        self.change(|state| {
            let stop = json!({"chat": super::people::chat_object(person.chat), "draft_id": draft});
            state.emit("stopped_message_generation", &stop);
        });
    }
}

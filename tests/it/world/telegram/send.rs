//! The methods that write into chats: who may be written to, when, and what.

use std::time::Duration;

use serde_json::{Value, json};

use super::{BOT_ID, BOT_NAME, Chat, Message, Mood, Outcome, Refusal, State, check};
use crate::world::now;

/// A call that was under way when 429 was said is not held against the bot.
const UNDER_WAY: Duration = Duration::from_millis(150);

impl State {
    pub(super) fn write(&mut self, method: &str, params: &Value) -> Outcome {
        if method == "answerCallbackQuery" {
            return self.answer_callback(params);
        }
        let chat = params["chat_id"].as_i64().unwrap_or_default();
        self.knock(method, chat)?;
        match method {
            "sendMessage" => self.send_message(chat, params),
            "editMessageText" => self.edit_message(chat, params),
            "deleteMessage" => {
                let id = params["message_id"].as_i64().unwrap_or_default();
                let gone = self.chat(chat).messages.remove(&id);
                gone.map(|_| json!(true))
                    .ok_or_else(|| Refusal::bad("message to delete not found"))
            }
            "sendMessageDraft" => self.draft(chat, params),
            "sendChatAction" => self.chat_action(chat, params),
            _ => Ok(json!(true)),
        }
    }

    fn chat(&mut self, id: i64) -> &mut Chat {
        self.chats.entry(id).or_default()
    }

    /// Whether this chat takes a call of the bot now.
    fn knock(&mut self, method: &str, id: i64) -> Result<(), Refusal> {
        let now = now();
        let Some(chat) = self.chats.get_mut(&id) else {
            return Err(Refusal::bad("chat not found"));
        };
        if let Some(new) = chat.moved_to {
            let mut refusal = Refusal::bad("group chat was upgraded to a supergroup chat");
            refusal.parameters = json!({"migrate_to_chat_id": new});
            return Err(refusal);
        }
        match chat.mood {
            Mood::Welcoming => Ok(()),
            Mood::Failing | Mood::AboutToObject if method != "sendMessage" => Ok(()),
            Mood::Failing => Err(Refusal::new(500, "Internal Server Error")),
            Mood::AboutToObject => {
                chat.mood = Mood::Welcoming;
                Err(Refusal::bad("PEER_OF_TOMORROW_INVALID"))
            }
            Mood::Closed if id > 0 => {
                Err(Refusal::new(403, "Forbidden: bot was blocked by the user"))
            }
            Mood::Closed => {
                let text = "Forbidden: bot was kicked from the supergroup chat";
                Err(Refusal::new(403, text))
            }
            Mood::AboutToFlood(seconds) => {
                let until = now + Duration::from_secs(seconds);
                chat.mood = Mood::Flooded { since: now, until };
                Err(too_many(until.saturating_sub(now)))
            }
            Mood::Flooded { until, .. } if now >= until => {
                chat.mood = Mood::Welcoming;
                Ok(())
            }
            Mood::Flooded { since, until } => {
                let left = until.saturating_sub(now);
                if now.saturating_sub(since) > UNDER_WAY {
                    self.violate(&format!(
                        "{method} to {id} {left:?} before retry_after ended"
                    ));
                }
                Err(too_many(left))
            }
        }
    }

    fn send_message(&mut self, chat: i64, params: &Value) -> Outcome {
        let text = self.lawful_text("sendMessage", params, 1)?;
        let topic = self.lawful_topic(chat, params)?;
        let reply_to = self.lawful_reply(chat, &params["reply_parameters"])?;
        let room = self.chat(chat);
        room.last_message += 1;
        let id = room.last_message;
        room.messages.insert(id, bots_message(chat, id, &text));
        let at = now();
        room.sent.push(Message {
            id,
            text: text.clone(),
            topic,
            reply_to,
            at,
        });
        Ok(bots_message(chat, id, &text))
    }

    fn edit_message(&mut self, chat: i64, params: &Value) -> Outcome {
        let text = self.lawful_text("editMessageText", params, 1)?;
        let id = params["message_id"].as_i64().unwrap_or_default();
        let room = self.chat(chat);
        let Some(message) = room.messages.get_mut(&id) else {
            return Err(Refusal::bad("message to edit not found"));
        };
        if message["from"]["id"] != BOT_ID {
            return Err(Refusal::bad("message can't be edited"));
        }
        if message["text"] == text.as_str() {
            return Err(Refusal::bad("message is not modified"));
        }
        message["text"] = json!(text);
        if let Some(sent) = room.sent.iter_mut().find(|sent| sent.id == id) {
            sent.text.clone_from(&text);
        }
        Ok(bots_message(chat, id, &text))
    }

    fn draft(&mut self, chat: i64, params: &Value) -> Outcome {
        if chat < 0 {
            return Err(Refusal::bad("TEXTDRAFT_PEER_INVALID"));
        }
        self.lawful_text("sendMessageDraft", params, 0)?;
        if params["draft_id"] == 0 {
            self.violate("sendMessageDraft: draft_id is 0");
        }
        Ok(json!(true))
    }

    fn chat_action(&mut self, chat: i64, params: &Value) -> Outcome {
        const ACTIONS: [&str; 5] = [
            "typing",
            "upload_photo",
            "record_voice",
            "upload_voice",
            "upload_document",
        ];
        self.lawful_topic(chat, params)?;
        if !ACTIONS.iter().any(|action| params["action"] == *action) {
            self.violate(&format!("sendChatAction: {}", params["action"]));
        }
        Ok(json!(true))
    }

    fn answer_callback(&mut self, params: &Value) -> Outcome {
        let id = params["callback_query_id"].as_str().unwrap_or_default();
        if check::units(params["text"].as_str().unwrap_or_default()) > 200 {
            self.violate("answerCallbackQuery: over 200 characters");
        }
        if self.callbacks.remove(id) {
            Ok(json!(true))
        } else {
            Err(Refusal::bad(
                "query is too old and response timeout expired or query ID is invalid",
            ))
        }
    }

    /// The text as the chat shows it: trimmed, of a legal length, with legal entities.
    fn lawful_text(
        &mut self,
        method: &str,
        params: &Value,
        least: usize,
    ) -> Result<String, Refusal> {
        let text = params["text"].as_str().unwrap_or_default();
        for problem in check::entities(text, &params["entities"]) {
            self.violate(&format!("{method}: {problem}"));
        }
        let shown = text.trim();
        let units = check::units(shown);
        if units < least {
            self.violate(&format!("{method}: empty text"));
            return Err(Refusal::bad("message text is empty"));
        }
        if units > check::LONGEST_TEXT {
            self.violate(&format!("{method}: {units} units of text"));
            return Err(Refusal::bad("message is too long"));
        }
        Ok(shown.to_owned())
    }

    fn lawful_topic(&mut self, chat: i64, params: &Value) -> Result<Option<i64>, Refusal> {
        let topic = params["message_thread_id"].as_i64();
        if topic.is_some_and(|topic| !self.chat(chat).topics.contains(&topic)) {
            self.violate(&format!("no topic {topic:?} in chat {chat}"));
            return Err(Refusal::bad("message thread not found"));
        }
        Ok(topic)
    }

    /// The message that is replied to, `None` when it is gone and need not be there.
    fn lawful_reply(&mut self, chat: i64, reply: &Value) -> Result<Option<i64>, Refusal> {
        if reply.is_null() {
            return Ok(None);
        }
        let Some(id) = reply["message_id"].as_i64() else {
            self.violate(&format!("reply_parameters {reply}"));
            return Err(Refusal::bad("reply_parameters"));
        };
        if self.chat(chat).messages.contains_key(&id) {
            Ok(Some(id))
        } else if reply["allow_sending_without_reply"] == true {
            Ok(None)
        } else {
            Err(Refusal::bad("message to be replied not found"))
        }
    }
}

fn too_many(left: Duration) -> Refusal {
    // Whole seconds, never less than what is left.
    let seconds = left.as_millis().div_ceil(1000).max(1);
    let text = format!("Too Many Requests: retry after {seconds}");
    let mut refusal = Refusal::new(429, &text);
    refusal.parameters = json!({ "retry_after": u64::try_from(seconds).unwrap_or(u64::MAX) });
    refusal
}

fn bots_message(chat: i64, id: i64, text: &str) -> Value {
    json!({"message_id": id, "date": now().as_secs(), "text": text,
        "from": {"id": BOT_ID, "is_bot": true, "first_name": "Test", "username": BOT_NAME},
        "chat": super::people::chat_object(chat)})
}

//! The methods that write into chats: what they take and what becomes of it. `permissions` and
//! `limits` decide before whether a call is let in.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::chat_state::{Action, Chat, DRAFT_LIFE, Edit, Entity, File, Frame, Message, Preview};
use super::chat_state::{shown_buttons, shown_entities};
use super::permissions::Mood;
use super::{BOT_ID, BOT_NAME, Outcome, Refusal, State, check};
use crate::world::now;

/// The longest caption, in UTF-16 units.
const LONGEST_CAPTION: usize = 1024;

impl State {
    pub(super) fn write(&mut self, method: &str, params: &Value) -> Outcome {
        if method == "answerCallbackQuery" {
            return self.answer_callback(params);
        }
        let chat = params["chat_id"].as_i64().unwrap_or_default();
        if method == "leaveChat" {
            return self.leave_chat(chat);
        }
        self.check_permission(method, chat)?;
        self.ordered(method, chat, params)?;
        self.admit(method, chat)?;
        match method {
            "sendMessage" => {
                let sent = self.send_message(chat, params);
                self.moderated(chat, sent)
            }
            "sendDocument" | "sendPhoto" | "sendVoice" => {
                let sent = self.send_file(method, chat, params);
                self.moderated(chat, sent)
            }
            "editMessageText" | "editMessageReplyMarkup" => self.edit(method, chat, params),
            "deleteMessage" => self.delete(chat, params),
            "sendMessageDraft" => self.draft(chat, params),
            "sendChatAction" => self.chat_action(chat, params),
            _ => Ok(json!(true)),
        }
    }

    /// The bot goes out of a group, and is told so as of any change of its membership.
    fn leave_chat(&mut self, id: i64) -> Outcome {
        if id > 0 {
            self.violate("leaveChat: a private chat");
            return Err(Refusal::bad(
                "chat member status can't be changed in private chats",
            ));
        }
        let Some(chat) = self.chats.get_mut(&id) else {
            return Err(Refusal::bad("chat not found"));
        };
        if chat.mood == Mood::Closed {
            let text = "Forbidden: bot is not a member of the supergroup chat";
            return Err(Refusal::new(403, text));
        }
        chat.mood = Mood::Closed;
        let bot = json!({"id": BOT_ID, "is_bot": true, "first_name": "Test"});
        let update = json!({"chat": super::people::chat_object(id), "from": bot,
            "date": now().as_secs(),
            "old_chat_member": {"user": bot, "status": "member"},
            "new_chat_member": {"user": bot, "status": "left"}});
        self.emit("my_chat_member", &update);
        Ok(json!(true))
    }

    fn chat(&mut self, id: i64) -> &mut Chat {
        self.chats.entry(id).or_default()
    }

    fn send_message(&mut self, chat: i64, params: &Value) -> Outcome {
        let (text, entities) = self.lawful_text("sendMessage", params, 1)?;
        self.post("sendMessage", chat, params, (text, entities, None))
    }

    fn send_file(&mut self, method: &str, chat: i64, params: &Value) -> Outcome {
        let field = match method {
            "sendPhoto" => "photo",
            "sendVoice" => "voice",
            _ => "document",
        };
        let caption = params["caption"].as_str().unwrap_or_default();
        let list = &params["caption_entities"];
        for problem in check::entities(caption, list) {
            self.violate(&format!("{method}: {problem}"));
        }
        if check::units(caption.trim()) > LONGEST_CAPTION {
            self.violate(&format!("{method}: a long caption"));
            return Err(Refusal::bad("message caption is too long"));
        }
        let word = |name: &str| params[field][name].as_str().unwrap_or_default();
        let file = File {
            name: word("file_name").to_owned(),
            content: word("content").to_owned(),
            bytes: STANDARD.decode(word("base64")).unwrap_or_default(),
            kind: field,
        };
        if file.name.is_empty() || file.content.is_empty() {
            self.violate(&format!("{method}: a file without name or content"));
            return Err(Refusal::bad("file must be non-empty"));
        }
        if let Some((problem, refusal)) = check::media(method, &file.bytes) {
            self.violate(&format!("{method}: {problem}"));
            return Err(Refusal::bad(refusal));
        }
        let entities = shown_entities(caption, list);
        let content = (caption.trim().to_owned(), entities, Some(file));
        self.post(method, chat, params, content)
    }

    /// Puts a message into a chat, where it ends every draft.
    fn post(
        &mut self,
        method: &str,
        chat: i64,
        params: &Value,
        (text, entities, file): (String, Vec<Entity>, Option<File>),
    ) -> Outcome {
        let markup = self.lawful_markup(method, params)?;
        let topic = self.lawful_topic(chat, params)?;
        let reply_to = self.lawful_reply(chat, &params["reply_parameters"])?;
        let at = now();
        let room = self.chat(chat);
        room.last_message += 1;
        let message = Message {
            id: room.last_message,
            text,
            entities,
            buttons: shown_buttons(&markup),
            file,
            topic,
            reply_to,
            at,
            is_deleted: false,
        };
        for preview in &mut room.previews {
            preview.until = preview.until.min(at);
        }
        let shown = room.as_updates_show(chat, &message, &markup);
        room.messages.insert(message.id, shown.clone());
        let kept = message.file.as_ref().map(|file| file.bytes.clone());
        let id = message.id;
        room.sent.push(message);
        if let Some(bytes) = kept {
            self.keep_sent(sent_file(chat, id), bytes);
        }
        Ok(shown)
    }

    fn edit(&mut self, method: &str, chat: i64, params: &Value) -> Outcome {
        let id = params["message_id"].as_i64().unwrap_or_default();
        let room = self.chat(chat);
        let own = room.sent.iter().find(|sent| sent.id == id).cloned();
        let Some(old) = own.filter(|_| room.messages.contains_key(&id)) else {
            let there = room.messages.contains_key(&id);
            return Err(Refusal::bad(if there {
                "message can't be edited"
            } else {
                "message to edit not found"
            }));
        };
        let (text, entities) = if method == "editMessageText" {
            if old.file.is_some() {
                return Err(Refusal::bad("there is no text in the message to edit"));
            }
            self.lawful_text(method, params, 1)?
        } else {
            (old.text.clone(), old.entities.clone())
        };
        // An edit that names no buttons takes them away.
        let markup = self.lawful_markup(method, params)?;
        let buttons = shown_buttons(&markup);
        if (&text, &entities, &buttons) == (&old.text, &old.entities, &old.buttons) {
            return Err(Refusal::bad("message is not modified"));
        }
        let new = Message {
            text,
            entities,
            buttons,
            ..old
        };
        let edit = Edit {
            text: new.text.clone(),
            entities: new.entities.clone(),
            buttons: new.buttons.clone(),
            at: now(),
        };
        let room = self.chat(chat);
        let mut shown = room.as_updates_show(chat, &new, &markup);
        shown["edit_date"] = json!(edit.at.as_secs());
        room.messages.insert(id, shown.clone());
        room.edits.push((id, edit));
        if let Some(sent) = room.sent.iter_mut().find(|sent| sent.id == id) {
            *sent = new;
        }
        Ok(shown)
    }

    fn delete(&mut self, chat: i64, params: &Value) -> Outcome {
        let id = params["message_id"].as_i64().unwrap_or_default();
        let room = self.chat(chat);
        let own = room.sent.iter_mut().find(|sent| sent.id == id);
        if own.is_none() && chat < 0 && room.messages.contains_key(&id) {
            return Err(Refusal::bad("message can't be deleted"));
        }
        if let Some(own) = own {
            own.is_deleted = true;
        }
        let gone = room.messages.remove(&id);
        gone.map(|_| json!(true))
            .ok_or_else(|| Refusal::bad("message to delete not found"))
    }

    fn draft(&mut self, chat: i64, params: &Value) -> Outcome {
        if chat < 0 || self.refuses_drafts || self.chat(chat).refuses_drafts {
            return Err(Refusal::bad("TEXTDRAFT_PEER_INVALID"));
        }
        let id = params["draft_id"].as_i64().unwrap_or_default();
        if id == 0 || i32::try_from(id).is_err() {
            self.violate(&format!("sendMessageDraft: draft_id is {id}"));
            return Err(Refusal::bad("TEXTDRAFT_ID_INVALID"));
        }
        let topic = self.lawful_topic(chat, params)?;
        let (text, entities) = self.lawful_text("sendMessageDraft", params, 0)?;
        let at = now();
        let frame = Frame {
            text,
            entities,
            can_stop: params["can_stop"] == true,
            at,
        };
        let previews = &mut self.chat(chat).previews;
        let known = previews.iter().position(|preview| preview.id == id);
        let place = known.unwrap_or(previews.len());
        if known.is_none() {
            previews.push(Preview {
                id,
                topic,
                frames: Vec::new(),
                until: at,
                stays_when_stopped: false,
            });
        }
        let preview = &mut previews[place];
        preview.frames.push(frame);
        preview.until = at + DRAFT_LIFE;
        preview.stays_when_stopped = params["keep_on_stop"] == true;
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
        let topic = self.lawful_topic(chat, params)?;
        let name = params["action"].as_str().unwrap_or_default().to_owned();
        if !ACTIONS.contains(&name.as_str()) {
            self.violate(&format!("sendChatAction: {name}"));
            return Err(Refusal::bad("wrong parameter action in request"));
        }
        let at = now();
        self.chat(chat).actions.push(Action { name, topic, at });
        Ok(json!(true))
    }

    fn answer_callback(&mut self, params: &Value) -> Outcome {
        let id = params["callback_query_id"].as_str().unwrap_or_default();
        let text = params["text"].as_str().unwrap_or_default();
        if check::units(text) > 200 {
            self.violate("answerCallbackQuery: over 200 characters");
        }
        if self.callbacks.remove(id) {
            self.answers.insert(id.to_owned(), text.to_owned());
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
    ) -> Result<(String, Vec<Entity>), Refusal> {
        let text = params["text"].as_str().unwrap_or_default();
        let entities = &params["entities"];
        for problem in check::entities(text, entities) {
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
        let chat = params["chat_id"].as_i64().unwrap_or_default();
        let most = self.chat(chat).most_entity_bytes;
        if check::entity_bytes(entities) > most.unwrap_or(check::MOST_ENTITY_BYTES) {
            return Err(Refusal::bad("ENTITIES_TOO_LONG"));
        }
        Ok((shown.to_owned(), shown_entities(text, entities)))
    }

    /// The `reply_markup`, whose every button is one that the service takes.
    fn lawful_markup(&mut self, method: &str, params: &Value) -> Outcome {
        let markup = &params["reply_markup"];
        match check::markup(markup) {
            Ok(()) => Ok(markup.clone()),
            Err(problem) => {
                self.violate(&format!("{method}: {problem}: {markup}"));
                Err(Refusal::bad(problem))
            }
        }
    }

    fn lawful_topic(&mut self, chat: i64, params: &Value) -> Result<Option<i64>, Refusal> {
        let thread = params["message_thread_id"].as_i64();
        let direct = params["direct_messages_topic_id"].as_i64();
        let (topic, other) = if self.chat(chat).is_inbox {
            (direct, thread)
        } else {
            (thread, direct)
        };
        if other.is_some() {
            self.violate(&format!(
                "a topic of the other kind in chat {chat}: {other:?}"
            ));
        }
        if topic.is_none() && self.chat(chat).is_inbox {
            self.violate(&format!("no topic for the inbox {chat}"));
            return Err(Refusal::bad("direct messages topic must be specified"));
        }
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

/// The `file_id` of a file that the bot has sent.
fn sent_file(chat: i64, message: i64) -> String {
    format!("sent-{chat}-{message}")
}

impl Chat {
    /// A message of the bot as updates and results hold it.
    fn as_updates_show(&self, chat: i64, message: &Message, markup: &Value) -> Value {
        let mut shown = json!({"message_id": message.id, "date": message.at.as_secs(),
            "from": {"id": BOT_ID, "is_bot": true, "first_name": "Test", "username": BOT_NAME},
            "chat": super::people::chat_object(chat)});
        let names = if let Some(file) = &message.file {
            let (size, id) = (file.bytes.len(), sent_file(chat, message.id));
            let described = json!({"file_id": id, "file_unique_id": "u1",
                "file_name": file.name, "file_size": size});
            shown[file.kind] = match file.kind {
                "photo" => json!([{"file_id": id, "file_unique_id": "u1", "width": 1024,
                    "height": 1024, "file_size": size}]),
                _ => described,
            };
            ("caption", "caption_entities")
        } else {
            ("text", "entities")
        };
        if !message.text.is_empty() {
            shown[names.0] = json!(message.text);
        }
        if !message.entities.is_empty() {
            let entities = message.entities.iter().map(Entity::as_updates_show);
            shown[names.1] = Value::Array(entities.collect());
        }
        if !message.buttons.is_empty() {
            shown["reply_markup"] = markup.clone();
        }
        if let Some(topic) = message.topic.filter(|_| self.is_inbox) {
            shown["direct_messages_topic"] = json!({"topic_id": topic});
        } else if let Some(topic) = message.topic {
            shown["message_thread_id"] = json!(topic);
            shown["is_topic_message"] = json!(true);
        }
        if let Some(replied) = message.reply_to.and_then(|id| self.as_replied(id)) {
            shown["reply_to_message"] = replied;
        }
        shown
    }

    /// A message as a reply to it holds it: never with a further reply inside.
    pub(super) fn as_replied(&self, id: i64) -> Option<Value> {
        let mut replied = self.messages.get(&id)?.clone();
        if let Some(fields) = replied.as_object_mut() {
            fields.remove("reply_to_message");
        }
        Some(replied)
    }
}

impl Entity {
    fn as_updates_show(&self) -> Value {
        let mut shown = json!({"type": self.kind, "offset": self.offset, "length": self.length});
        if let Some(url) = &self.url {
            shown["url"] = json!(url);
        }
        if let Some(language) = &self.language {
            shown["language"] = json!(language);
        }
        shown
    }
}

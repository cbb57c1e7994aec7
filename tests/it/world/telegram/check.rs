//! The rules of the Bot API for parameters and texts. Pure.
//!
//! `entities` has those for formatting, `markup` for buttons, `media` for pictures and voices; `form` reads
//! requests with files.

use serde_json::Value;

use crate::world::http::Request;

mod entities;
mod form;
mod markup;
mod media;

pub(super) use entities::{MOST_BYTES as MOST_ENTITY_BYTES, bytes as entity_bytes, entities};
pub(super) use markup::markup;
pub(super) use media::media;

/// The longest text of one message, in UTF-16 units.
pub(super) const LONGEST_TEXT: usize = 4096;

#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Bool,
    Object,
    List,
}

use Kind::{Bool, Int, List, Object, Text};

type Signature = &'static [(&'static str, Kind)];

/// Names and types a method takes; a name with `!` must be there. There is no `parse_mode`: markup
/// can be refused, entities cannot (design §5).
const METHODS: &[(&str, Signature)] = &[
    ("getMe", &[]),
    ("getWebhookInfo", &[]),
    (
        "getUpdates",
        &[
            ("offset", Int),
            ("limit", Int),
            ("timeout", Int),
            ("allowed_updates", List),
        ],
    ),
    (
        "sendMessage",
        &[
            ("chat_id!", Int),
            ("text!", Text),
            ("message_thread_id", Int),
            ("direct_messages_topic_id", Int),
            ("entities", List),
            ("link_preview_options", Object),
            ("disable_notification", Bool),
            ("protect_content", Bool),
            ("allow_paid_broadcast", Bool),
            ("reply_parameters", Object),
            ("reply_markup", Object),
        ],
    ),
    (
        "editMessageText",
        &[
            ("chat_id!", Int),
            ("message_id!", Int),
            ("text!", Text),
            ("entities", List),
            ("link_preview_options", Object),
            ("reply_markup", Object),
        ],
    ),
    ("leaveChat", &[("chat_id!", Int)]),
    (
        "editMessageReplyMarkup",
        &[
            ("chat_id!", Int),
            ("message_id!", Int),
            ("reply_markup", Object),
        ],
    ),
    (
        "sendDocument",
        &[
            ("chat_id!", Int),
            ("document!", Object),
            ("message_thread_id", Int),
            ("direct_messages_topic_id", Int),
            ("caption", Text),
            ("caption_entities", List),
            ("disable_notification", Bool),
            ("reply_parameters", Object),
            ("reply_markup", Object),
        ],
    ),
    (
        "sendPhoto",
        &[
            ("chat_id!", Int),
            ("photo!", Object),
            ("message_thread_id", Int),
            ("direct_messages_topic_id", Int),
            ("caption", Text),
            ("caption_entities", List),
            ("disable_notification", Bool),
            ("reply_parameters", Object),
            ("reply_markup", Object),
        ],
    ),
    (
        "sendVoice",
        &[
            ("chat_id!", Int),
            ("voice!", Object),
            ("message_thread_id", Int),
            ("direct_messages_topic_id", Int),
            ("caption", Text),
            ("caption_entities", List),
            ("disable_notification", Bool),
            ("reply_parameters", Object),
            ("reply_markup", Object),
        ],
    ),
    (
        "sendMessageDraft",
        &[
            ("chat_id!", Int),
            ("draft_id!", Int),
            ("text!", Text),
            ("message_thread_id", Int),
            ("entities", List),
            ("can_stop", Bool),
            ("keep_on_stop", Bool),
        ],
    ),
    ("deleteMessage", &[("chat_id!", Int), ("message_id!", Int)]),
    (
        "sendChatAction",
        &[
            ("chat_id!", Int),
            ("action!", Text),
            ("message_thread_id", Int),
        ],
    ),
    (
        "answerCallbackQuery",
        &[
            ("callback_query_id!", Text),
            ("text", Text),
            ("show_alert", Bool),
            ("url", Text),
            ("cache_time", Int),
        ],
    ),
    ("leaveChat", &[("chat_id!", Int)]),
    ("getFile", &[("file_id!", Text)]),
    (
        "setMyCommands",
        &[
            ("commands!", List),
            ("scope", Object),
            ("language_code", Text),
        ],
    ),
    (
        "deleteMyCommands",
        &[("scope", Object), ("language_code", Text)],
    ),
    (
        "setMyDescription",
        &[("description", Text), ("language_code", Text)],
    ),
    (
        "setMyShortDescription",
        &[("short_description", Text), ("language_code", Text)],
    ),
    (
        "setWebhook",
        &[("url!", Text), ("drop_pending_updates", Bool)],
    ),
    ("deleteWebhook", &[("drop_pending_updates", Bool)]),
];

fn signature(method: &str) -> Option<Signature> {
    let entry = METHODS.iter().find(|(name, _)| *name == method);
    entry.map(|(_, signature)| *signature)
}

pub(super) fn is_known(method: &str) -> bool {
    signature(method).is_some()
}

/// The parameters of a request.
pub(super) fn read(method: &str, request: &Request) -> Result<Value, String> {
    if request.method != "POST" || !request.query.is_empty() {
        return Err(format!("{} with query `{}`", request.method, request.query));
    }
    if request.body.is_empty() {
        return Ok(Value::Object(serde_json::Map::default()));
    }
    let kinds = request.headers("content-type");
    if let [kind] = kinds[..]
        && kind.starts_with("multipart/form-data")
    {
        return form::read(method, kind, &request.body);
    }
    if !matches!(kinds[..], [kind] if kind.starts_with("application/json")) {
        return Err(format!("content types {kinds:?}"));
    }
    serde_json::from_slice(&request.body).map_err(|error| error.to_string())
}

/// What is wrong with the names and types of a call's parameters.
pub(super) fn parameters(method: &str, params: &Value) -> Vec<String> {
    let (Some(signature), Some(given)) = (signature(method), params.as_object()) else {
        return vec!["parameters are not an object".to_owned()];
    };
    let mut problems = Vec::new();
    for (name, kind) in signature {
        let required = name.ends_with('!');
        let name = name.trim_end_matches('!');
        match given.get(name) {
            None if required => problems.push(format!("{name} is missing")),
            Some(value) if !fits(*kind, value) => problems.push(format!("{name} is {value}")),
            None | Some(_) => {}
        }
    }
    let known = |name: &str| {
        signature
            .iter()
            .any(|(k, _)| k.trim_end_matches('!') == name)
    };
    for name in given.keys().filter(|name| !known(name)) {
        problems.push(format!("unknown parameter {name}"));
    }
    problems
}

fn fits(kind: Kind, value: &Value) -> bool {
    match kind {
        Int => value.is_i64(),
        Text => value.is_string(),
        Bool => value.is_boolean(),
        Object => value.is_object(),
        List => value.is_array(),
    }
}

pub(super) fn units(text: &str) -> usize {
    text.encode_utf16().count()
}

/// What is wrong with the scope and language of a menu, or the language of a description.
pub(super) fn readers(params: &Value) -> Vec<String> {
    const SCOPES: [&str; 4] = [
        "default",
        "all_private_chats",
        "all_group_chats",
        "all_chat_administrators",
    ];
    let mut problems = Vec::new();
    let language = params["language_code"].as_str().unwrap_or("en");
    if language.len() != 2 || !language.bytes().all(|byte| byte.is_ascii_lowercase()) {
        problems.push(format!("language `{language}`"));
    }
    let scope = &params["scope"];
    let is_lawful = match scope["type"].as_str() {
        Some("chat") => scope["chat_id"].is_i64(),
        Some(kind) => SCOPES.contains(&kind),
        None => scope.is_null(),
    };
    if !is_lawful {
        problems.push(format!("scope {scope}"));
    }
    problems
}

/// What is wrong with a list of commands.
pub(super) fn commands(list: &Value) -> Vec<String> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    let mut problems = Vec::new();
    if list.is_empty() || list.len() > 100 {
        problems.push(format!("{} commands", list.len()));
    }
    for command in list {
        let name = command["command"].as_str().unwrap_or_default();
        let legal = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if !(1..=32).contains(&name.len()) || !name.chars().all(legal) {
            problems.push(format!("command name `{name}`"));
        }
        let description = units(command["description"].as_str().unwrap_or_default());
        if !(1..=256).contains(&description) {
            problems.push(format!("description of {name}: {description} units"));
        }
    }
    problems
}

//! The rules of the Bot API for parameters, texts and entities. Pure.

use serde_json::Value;

use crate::world::http::Request;

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

/// Names and types a method takes; a name with `!` must be there.
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
            ("parse_mode", Text),
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
            ("parse_mode", Text),
            ("entities", List),
            ("link_preview_options", Object),
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
            ("parse_mode", Text),
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

/// The parameters of a request. A body that is no JSON object is kept as the text it is.
pub(super) fn read(request: &Request) -> Result<Value, String> {
    if request.method != "POST" || !request.query.is_empty() {
        return Err(format!("{} with query `{}`", request.method, request.query));
    }
    if request.body.is_empty() {
        return Ok(Value::Object(serde_json::Map::default()));
    }
    let kinds = request.headers("content-type");
    if kinds
        .iter()
        .any(|kind| kind.starts_with("multipart/form-data"))
    {
        return Ok(Value::String(
            String::from_utf8_lossy(&request.body).into_owned(),
        ));
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

/// What is wrong with a list of commands.
pub(super) fn commands(list: &Value) -> Vec<String> {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    let mut problems = Vec::new();
    if list.len() > 100 {
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

/// What is wrong with the entities of a text: the service would drop or clamp them in silence.
pub(super) fn entities(text: &str, list: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let mut spans = Vec::new();
    for entity in list.as_array().map_or(&[][..], Vec::as_slice) {
        match span(text, entity) {
            Ok(span) => spans.push(span),
            Err(problem) => problems.push(format!("{problem}: {entity}")),
        }
    }
    if spans.len() > 100 {
        problems.push(format!("{} entities", spans.len()));
    }
    for (at, a) in spans.iter().enumerate() {
        for b in &spans[at + 1..] {
            if let Some(problem) = clash(a, b) {
                problems.push(format!("{problem}: {a:?} and {b:?}"));
            }
        }
    }
    problems
}

/// A kind of entity and the UTF-16 units it covers.
type Span = (String, usize, usize);

fn span(text: &str, entity: &Value) -> Result<Span, &'static str> {
    const KINDS: [&str; 16] = [
        "mention",
        "hashtag",
        "bot_command",
        "url",
        "email",
        "bold",
        "italic",
        "underline",
        "strikethrough",
        "spoiler",
        "blockquote",
        "expandable_blockquote",
        "code",
        "pre",
        "text_link",
        "text_mention",
    ];
    let kind = entity["type"].as_str().filter(|kind| KINDS.contains(kind));
    let kind = kind.ok_or("unknown type")?;
    let number = |name: &str| entity[name].as_u64().and_then(|n| usize::try_from(n).ok());
    let (start, length) = (
        number("offset").ok_or("offset")?,
        number("length").ok_or("length")?,
    );
    let mut edges = vec![0];
    for character in text.chars() {
        edges.push(edges[edges.len() - 1] + character.len_utf16());
    }
    if length == 0 || !edges.contains(&start) || !edges.contains(&(start + length)) {
        return Err("not on characters of the text");
    }
    if kind == "text_link" && !entity["url"].is_string() {
        return Err("no url");
    }
    Ok((kind.to_owned(), start, start + length))
}

/// Why two entities cannot stand together.
fn clash((kind, start, end): &Span, (other, from, to): &Span) -> Option<&'static str> {
    if end <= from || to <= start {
        return None;
    }
    let nested = (start <= from && to <= end) || (from <= start && end <= to);
    let solid = |kind: &str| matches!(kind, "code" | "pre");
    let quote = |kind: &str| kind.ends_with("blockquote");
    if !nested {
        Some("overlap")
    } else if quote(kind) && quote(other) {
        Some("a quote inside a quote")
    } else if (solid(kind) && !quote(other)) || (solid(other) && !quote(kind)) {
        Some("formatting inside code")
    } else if kind == other {
        Some("the same twice")
    } else {
        None
    }
}

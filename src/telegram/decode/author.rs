//! Whose words a message holds: its sender's, or those of somebody else that were handed on. Pure.

use serde_json::Value;
use serde_json::value::RawValue;

use crate::chat::Author;
use crate::telegram::wire::Message;

/// Whose words a message holds. Fields of the new and the old form of a forward count, whatever
/// they hold.
pub(super) fn author(message: &Message<'_>) -> Author {
    let is_forward = [
        message.forward_origin,
        message.forward_from,
        message.forward_from_chat,
        message.forward_sender_name,
        message.forward_date,
    ]
    .iter()
    .any(Option::is_some);
    if is_forward {
        Author::Forwarded {
            from: origin(message),
        }
    } else if message.via_bot.is_some() {
        Author::InlineBot
    } else {
        Author::Sender
    }
}

/// The name of whoever wrote a forwarded message (Bot API, `MessageOrigin`).
fn origin(message: &Message<'_>) -> Option<String> {
    let read = |json: &RawValue| serde_json::from_str::<Value>(json.get()).ok();
    let at = |value: &Value, path: &str| value.pointer(path)?.as_str().map(str::to_owned);
    if let Some(origin) = message.forward_origin.and_then(read) {
        let places = [
            "/sender_user/first_name",
            "/sender_user_name",
            "/sender_chat/title",
            "/chat/title",
        ];
        return places.iter().find_map(|path| at(&origin, path));
    }
    let older = [
        (message.forward_from, "/first_name"),
        (message.forward_from_chat, "/title"),
        (message.forward_sender_name, ""),
    ];
    older
        .into_iter()
        .find_map(|(json, path)| at(&read(json?)?, path))
}

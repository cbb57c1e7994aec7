//! Whom a message shows besides its sender, so that a command can be about them. Pure. Invariant: a bot
//! is never shown, and so neither are Telegram's own accounts behind which anybody may stand.

use serde_json::value::RawValue;

use crate::chat::{Account, ChatKind, OtherNames, Shown, UserId};
use crate::telegram::wire::{Chat, Contact, Message, User};

/// Whom the message itself shows, by what it hands on; or else the message that it replies to: in a
/// group its author, in private, where that is one of two, by what it hands on.
pub(super) fn by(
    message: &Message<'_>,
    kind: ChatKind,
    reply: Option<&Message<'_>>,
) -> Option<Shown> {
    handed_on(message).or_else(|| match kind {
        ChatKind::Private => handed_on(reply?),
        ChatKind::Group => author(reply?),
    })
}

/// Whose contact it is, or who wrote what it forwards (Bot API, `Contact`, `MessageOrigin`).
fn handed_on(message: &Message<'_>) -> Option<Shown> {
    if let Some(contact) = &message.contact {
        return Some(of_contact(contact));
    }
    if let Some(origin) = message.forward_origin {
        let origin: Origin = serde_json::from_str(origin.get()).ok()?;
        return match (origin.kind.as_str(), origin.sender_user) {
            ("user", Some(user)) => of_user(&user),
            ("hidden_user", _) => Some(Shown::Hidden),
            _ => None,
        };
    }
    let older = |json: &RawValue| serde_json::from_str::<User>(json.get()).ok();
    match (message.forward_from, message.forward_sender_name) {
        (Some(user), _) => of_user(&older(user)?),
        (None, Some(_)) => Some(Shown::Hidden),
        (None, None) => None,
    }
}

/// Whoever wrote it: a chat that speaks stands before the account that Telegram puts in its place.
fn author(message: &Message<'_>) -> Option<Shown> {
    match (&message.sender_chat, &message.from) {
        (Some(chat), _) => Some(of_chat(chat)),
        (None, Some(user)) => of_user(user),
        (None, None) => None,
    }
}

fn of_contact(contact: &Contact) -> Shown {
    match contact.user_id {
        Some(id) => Shown::Account(Account {
            id,
            name: contact.first_name.clone(),
            other_names: OtherNames {
                last_name: contact.last_name.clone(),
                username: None,
            },
        }),
        None => Shown::Hidden,
    }
}

fn of_user(user: &User) -> Option<Shown> {
    (!user.is_bot).then(|| {
        Shown::Account(Account {
            id: user.id,
            name: user.first_name.clone(),
            other_names: OtherNames {
                last_name: user.last_name.clone(),
                username: user.username.clone(),
            },
        })
    })
}

fn of_chat(chat: &Chat) -> Shown {
    Shown::Account(Account {
        id: UserId(chat.id.0),
        name: chat.title.clone().unwrap_or_default(),
        other_names: OtherNames {
            last_name: None,
            username: chat.username.clone(),
        },
    })
}

/// `MessageOrigin`, as far as it tells of a person.
#[derive(serde::Deserialize)]
struct Origin {
    #[serde(rename = "type", default)]
    kind: String,
    sender_user: Option<User>,
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn shown(fields: Value) -> Option<Shown> {
        shown_in(ChatKind::Private, fields)
    }

    fn shown_in(kind: ChatKind, mut fields: Value) -> Option<Shown> {
        fields["message_id"] = json!(5);
        fields["date"] = json!(1);
        fields["chat"] = json!({"id": 1, "type": "private"});
        let text = fields.to_string();
        let message: Message<'_> = serde_json::from_str(&text).unwrap();
        let reply = message
            .reply_to_message
            .and_then(|reply| serde_json::from_str(reply.get()).ok());
        by(&message, kind, reply.as_ref())
    }

    fn reply(mut fields: Value) -> Value {
        fields["message_id"] = json!(4);
        fields["date"] = json!(1);
        fields["chat"] = json!({"id": 1, "type": "private"});
        json!({ "reply_to_message": fields })
    }

    fn ann() -> Value {
        json!({"id": 7, "is_bot": false, "first_name": "Ann", "username": "ann"})
    }

    fn id(shown: Option<Shown>) -> Option<i64> {
        match shown? {
            Shown::Account(account) => Some(account.id.0),
            Shown::Hidden => Some(0),
        }
    }

    #[test]
    fn somebody_is_shown_by_a_forward_a_contact_or_a_reply() {
        let user = json!({"type": "user", "sender_user": ann()});
        let hidden = json!({"type": "hidden_user", "sender_user_name": "Ann"});
        let channel = json!({"type": "channel", "chat": {"id": -9, "type": "channel"}});
        let bot = json!({"id": 8, "is_bot": true, "first_name": "Bot"});
        let contact = json!({"first_name": "Ann", "phone_number": "1", "user_id": 7});
        let nobody = json!({"first_name": "Ann", "phone_number": "1"});
        for (fields, expected) in [
            (json!({"text": "hello"}), None),
            (json!({"forward_origin": user}), Some(7)),
            (json!({"forward_origin": hidden}), Some(0)),
            (json!({"forward_origin": channel}), None),
            (json!({"forward_origin": 5}), None),
            (json!({"forward_from": ann()}), Some(7)),
            (json!({"forward_from": bot}), None),
            (json!({"forward_sender_name": "Ann"}), Some(0)),
            (json!({"contact": contact}), Some(7)),
            (json!({"contact": nobody}), Some(0)),
            (reply(json!({"from": ann()})), None),
            (
                reply(json!({"from": {"id": 1}, "forward_origin": user})),
                Some(7),
            ),
            (
                reply(json!({"from": {"id": 1}, "forward_origin": hidden})),
                Some(0),
            ),
            (
                reply(json!({"from": {"id": 1}, "contact": contact})),
                Some(7),
            ),
        ] {
            assert_eq!(id(shown(fields.clone())), expected, "{fields}");
        }
        for (fields, expected) in [
            (reply(json!({"from": ann()})), Some(7)),
            (
                reply(json!({"from": ann(), "forward_origin": hidden})),
                Some(7),
            ),
            (reply(json!({"from": bot})), None),
            (
                reply(json!({"from": bot, "sender_chat": {"id": -9, "title": "G"}})),
                Some(-9),
            ),
        ] {
            let shown = shown_in(ChatKind::Group, fields.clone());
            assert_eq!(id(shown), expected, "{fields}");
        }
    }

    #[test]
    fn what_telegram_tells_of_them_is_kept() {
        let user = json!({"id": 7, "first_name": "Ann", "last_name": "Li", "username": "ann"});
        let Some(Shown::Account(account)) = shown(json!({"forward_from": user})) else {
            panic!("nobody");
        };
        let other_names = OtherNames {
            last_name: Some("Li".to_owned()),
            username: Some("ann".to_owned()),
        };
        assert_eq!(
            (account.name.as_str(), account.other_names),
            ("Ann", other_names)
        );
    }
}

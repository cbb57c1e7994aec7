use super::*;

fn verdict(code: u16, description: &str) -> Refusal {
    of(ErrorReply {
        code,
        description: Some(description),
        retry_after: None,
        migrate_to: None,
    })
}

/// One row for each text of the Bot API's server that the bot has to know.
const ROWS: &[(u16, &str, Refusal)] = &[
    (
        400,
        "Bad Request: message is not modified: specified new message content and reply markup are exactly the same",
        Refusal::NotModified,
    ),
    (400, "Bad Request: message to edit not found", Refusal::Gone),
    (400, "Bad Request: message can't be edited", Refusal::Gone),
    (
        400,
        "Bad Request: message to delete not found",
        Refusal::Gone,
    ),
    (
        400,
        "Bad Request: message can't be deleted for everyone",
        Refusal::Gone,
    ),
    (
        400,
        "Bad Request: message to be replied not found",
        Refusal::ReplyGone,
    ),
    (
        400,
        "Bad Request: can't parse entities: unsupported start tag \"p\" at byte offset 0",
        Refusal::BadMarkup,
    ),
    (
        400,
        "Bad Request: message text is empty",
        Refusal::EmptyText,
    ),
    (
        400,
        "Bad Request: text must be non-empty",
        Refusal::EmptyText,
    ),
    (400, "Bad Request: message is too long", Refusal::TooLong),
    (400, "Bad Request: MESSAGE_TOO_LONG", Refusal::TooLong),
    (400, "Bad Request: ENTITIES_TOO_LONG", Refusal::TooLong),
    (400, "Bad Request: entities are too long", Refusal::TooLong),
    (400, "Bad Request: text is too long", Refusal::TooLong),
    (400, "Bad Request: TEXT_TOO_LONG", Refusal::TooLong),
    (
        400,
        "Bad Request: message caption is too long",
        Refusal::TooLong,
    ),
    (
        400,
        "Bad Request: message thread not found",
        Refusal::TopicGone,
    ),
    (400, "Bad Request: TOPIC_CLOSED", Refusal::TopicClosed),
    (400, "Bad Request: chat not found", Refusal::ChatClosed),
    (
        400,
        "Bad Request: private chat not found",
        Refusal::ChatClosed,
    ),
    (400, "Bad Request: PEER_ID_INVALID", Refusal::ChatClosed),
    (
        400,
        "Bad Request: group chat was upgraded to a supergroup chat",
        Refusal::ChatClosed,
    ),
    (
        400,
        "Bad Request: not enough rights to send text messages to the chat",
        Refusal::ChatClosed,
    ),
    (
        400,
        "Bad Request: have no rights to send a message",
        Refusal::ChatClosed,
    ),
    (
        400,
        "Bad Request: CHAT_WRITE_FORBIDDEN",
        Refusal::ChatClosed,
    ),
    (
        400,
        "Bad Request: need administrator rights in the channel chat",
        Refusal::ChatClosed,
    ),
    (400, "Bad Request: file is too big", Refusal::FileTooLarge),
    (
        400,
        "Bad Request: query is too old and response timeout expired or query ID is invalid",
        Refusal::QueryExpired,
    ),
    (
        400,
        "Bad Request: TEXTDRAFT_PEER_INVALID",
        Refusal::NoDrafts,
    ),
    (
        403,
        "Forbidden: bot was blocked by the user",
        Refusal::ChatClosed,
    ),
    (403, "Forbidden: user is deactivated", Refusal::ChatClosed),
    (
        403,
        "Forbidden: bot was kicked from the supergroup chat",
        Refusal::ChatClosed,
    ),
    (
        403,
        "Forbidden: bot is not a member of the channel chat",
        Refusal::ChatClosed,
    ),
    (
        403,
        "Forbidden: the group chat was deleted",
        Refusal::ChatClosed,
    ),
    (
        403,
        "Forbidden: bot can't initiate conversation with a user",
        Refusal::ChatClosed,
    ),
    (401, "Unauthorized", Refusal::Unauthorized),
    (404, "Not Found", Refusal::Unauthorized),
    (
        409,
        "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running",
        Refusal::Conflict(Conflict::Poller),
    ),
    (
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first",
        Refusal::Conflict(Conflict::Webhook),
    ),
    (413, "Request Entity Too Large", Refusal::FileTooLarge),
    (404, "Not Found: method not found", Refusal::UnknownMethod),
    (500, "Internal Server Error", Refusal::Transient(500)),
    (
        500,
        "Internal Server Error: sent message was immediately deleted and can't be returned",
        Refusal::SentAndRemoved,
    ),
    (502, "Bad Gateway", Refusal::Transient(502)),
    (504, "Gateway Timeout", Refusal::Transient(504)),
];

#[test]
fn every_known_refusal_has_its_meaning() {
    for (code, description, refusal) in ROWS {
        assert_eq!(verdict(*code, description), *refusal, "{description}");
    }
}

#[test]
fn a_refusal_of_one_kind_of_content_closes_no_chat() {
    for description in [
        "Bad Request: not enough rights to send documents to the chat",
        "Bad Request: not enough rights to send photos to the chat",
        "Bad Request: not enough rights to send videos to the chat",
        "Bad Request: not enough rights to send video notes to the chat",
        "Bad Request: not enough rights to send voice notes to the chat",
        "Bad Request: not enough rights to send audios to the chat",
        "Bad Request: not enough rights to send stickers to the chat",
        "Bad Request: not enough rights to send polls to the chat",
        "Bad Request: not enough rights to send other messages to the chat",
        "Bad Request: have no rights to send links to the chat",
        "Bad Request: VOICE_MESSAGES_FORBIDDEN",
        "Bad Request: user restricted receiving of voice messages",
        "Bad Request: CHAT_SEND_DOCS_FORBIDDEN",
        "Bad Request: CHAT_SEND_WEBPAGE_FORBIDDEN",
    ] {
        for code in [400, 403] {
            let refusal = verdict(code, description);
            assert_eq!(refusal, Refusal::ContentForbidden, "{code} {description}");
        }
    }
}

#[test]
fn a_refusal_to_write_at_all_closes_the_chat() {
    for description in [
        "Bad Request: not enough rights to send text messages to the chat",
        "Bad Request: have no rights to send a message",
        "Bad Request: not enough rights to send messages",
        "Bad Request: have no write access to the chat",
        "Bad Request: CHAT_SEND_PLAIN_FORBIDDEN",
        "Bad Request: CHAT_RESTRICTED",
        "Bad Request: CHANNEL_PRIVATE",
        "Bad Request: USER_IS_BLOCKED",
        "Bad Request: INPUT_USER_DEACTIVATED",
        "Forbidden: bot can't send messages to bots",
    ] {
        for code in [400, 403] {
            let refusal = verdict(code, description);
            assert_eq!(refusal, Refusal::ChatClosed, "{code} {description}");
        }
    }
}

#[test]
fn every_code_of_a_message_that_is_gone_is_known() {
    for description in [
        "Bad Request: MESSAGE_ID_INVALID",
        "Bad Request: MSG_ID_INVALID",
        "Bad Request: MESSAGE_EDIT_TIME_EXPIRED",
        "Bad Request: MESSAGE_AUTHOR_REQUIRED",
        "Forbidden: MESSAGE_AUTHOR_REQUIRED",
        "Forbidden: MESSAGE_DELETE_FORBIDDEN",
        "Bad Request: message not found",
        "Bad Request: there is no text in the message to edit",
    ] {
        let code = if description.starts_with('F') {
            403
        } else {
            400
        };
        assert_eq!(verdict(code, description), Refusal::Gone, "{description}");
    }
    for (description, refusal) in [
        ("Bad Request: REPLY_MESSAGE_ID_INVALID", Refusal::ReplyGone),
        ("Bad Request: TOPIC_DELETED", Refusal::TopicGone),
        ("Bad Request: MESSAGE_NOT_MODIFIED", Refusal::NotModified),
        ("Bad Request: QUERY_ID_INVALID", Refusal::QueryExpired),
    ] {
        assert_eq!(verdict(400, description), refusal);
    }
}

#[test]
fn a_403_in_unknown_words_keeps_them_and_closes_nothing_yet() {
    let description = "Forbidden: something of tomorrow";
    let expected = Refusal::Forbidden(description.to_owned());
    assert_eq!(verdict(403, description), expected);
}

#[test]
fn what_the_bot_can_only_report_keeps_telegrams_words() {
    for (code, description) in [
        (400, "Bad Request: wrong file identifier/HTTP URL specified"),
        (400, "Bad Request: failed to get HTTP URL content"),
        (400, "Bad Request: wrong type of the web page content"),
        (400, "Bad Request: BUTTON_DATA_INVALID"),
        (400, "Bad Request: reply markup is too long"),
        (400, "Bad Request: REACTION_INVALID"),
        (418, "something new"),
    ] {
        let rejected = Refusal::Rejected(description.to_owned());
        assert_eq!(verdict(code, description), rejected);
    }
}

#[test]
fn a_gateways_refusal_closes_no_chat() {
    for (code, refusal) in [
        (302, Refusal::Transient(302)),
        (400, Refusal::Transient(400)),
        (401, Refusal::Unauthorized),
        (403, Refusal::Transient(403)),
        (404, Refusal::Transient(404)),
        (409, Refusal::Transient(409)),
        (413, Refusal::FileTooLarge),
        (429, Refusal::Flood(DEFAULT_FLOOD)),
        (502, Refusal::Transient(502)),
    ] {
        let said = ErrorReply {
            code,
            description: None,
            retry_after: None,
            migrate_to: None,
        };
        assert_eq!(of(said), refusal, "{code}");
    }
}

#[test]
fn a_flood_lasts_as_long_as_told_in_the_field_or_the_text() {
    for (retry_after, description, secs) in [
        (Some(35), "Too Many Requests: retry after 35", 35),
        (Some(86_399), "Too Many Requests", 86_399),
        (None, "Too Many Requests: retry after 86399", 86_399),
        (None, "Too Many Requests", 5),
        (Some(0), "Too Many Requests: retry after 0", 1),
        (Some(604_800), "Too Many Requests", 604_800),
        // Nonsense is as good as nothing.
        (Some(1_000_000_000), "Too Many Requests", 5),
        (Some(u64::MAX), "Too Many Requests", 5),
    ] {
        let said = ErrorReply {
            code: 429,
            description: Some(description),
            retry_after,
            migrate_to: None,
        };
        assert_eq!(of(said), Refusal::Flood(Duration::from_secs(secs)));
    }
}

#[test]
fn a_group_that_moved_names_its_new_id() {
    let said = ErrorReply {
        code: 400,
        description: Some("Bad Request: group chat was upgraded to a supergroup chat"),
        retry_after: None,
        migrate_to: Some(ChatId(-1001)),
    };
    assert_eq!(of(said), Refusal::Migrated(ChatId(-1001)));
}

#[test]
fn a_flood_is_known_in_the_words_of_the_layer_below() {
    for (code, description, secs) in [
        (420, "FLOOD_WAIT_7", 7),
        (400, "Bad Request: SLOWMODE_WAIT_12", 12),
        (
            403,
            "Forbidden: FLOOD_PREMIUM_WAIT_3 (caused by messages.SendMessage)",
            3,
        ),
    ] {
        let flood = Refusal::Flood(Duration::from_secs(secs));
        assert_eq!(verdict(code, description), flood, "{description}");
    }
}

#[test]
fn a_code_of_what_stands_between_says_nothing_of_the_call() {
    for code in [408, 421, 423, 425, 460, 499, 520, 529] {
        assert_eq!(verdict(code, "Whatever"), Refusal::Transient(code));
    }
}

//! The rules for texts, entities and buttons: each with what keeps it and what breaks it.

use serde_json::{Value, json};

use super::TelegramClient;

#[test]
fn breaches_of_the_bot_api_are_noted() {
    let bold =
        |offset: u32, length: u32| json!({"type": "bold", "offset": offset, "length": length});
    let pre = json!({"type": "pre", "offset": 0, "length": 3});
    let table = [
        ("sendMessage", json!({"chat_id": "7", "text": "a"})),
        ("sendMessage", json!({"chat_id": 7, "text": " \n"})),
        (
            "sendMessage",
            json!({"chat_id": 7, "text": "👋".repeat(2049)}),
        ),
        (
            "sendMessage",
            json!({"chat_id": 7, "text": "a", "sound": true}),
        ),
        (
            "sendMessage",
            json!({"chat_id": 7, "text": "a", "message_thread_id": 1}),
        ),
        (
            "sendMessage",
            json!({"chat_id": 7, "text": "👋", "entities": [bold(1, 1)]}),
        ),
        (
            "sendMessage",
            json!({"chat_id": 7, "text": "abc", "entities": [bold(2, 5)]}),
        ),
        (
            "sendMessage",
            json!({"chat_id": 7, "text": "abc", "entities": [bold(0, 2), bold(1, 2)]}),
        ),
        (
            "sendMessage",
            json!({"chat_id": 7, "text": "abc", "entities": [bold(0, 2), pre]}),
        ),
        (
            "sendMessageDraft",
            json!({"chat_id": 7, "text": "a", "draft_id": 0}),
        ),
        (
            "sendChatAction",
            json!({"chat_id": 7, "action": "thinking"}),
        ),
        (
            "setMyCommands",
            json!({"commands": [{"command": "Help", "description": "x"}]}),
        ),
        ("sendTelepathy", json!({"chat_id": 7})),
    ];
    for (method, params) in table {
        let client = TelegramClient::new();
        client.service.person(7).says("hi");
        client.call(method, &params);
        let noted = client.service.violations();
        assert_eq!(noted.len(), 1, "{method} {params}: {noted:?}");
    }
}

#[test]
fn lawful_entities_and_replies_pass() {
    let client = TelegramClient::new();
    let question = client.service.person(7).says("hi");
    let entities = json!([
        {"type": "bold", "offset": 0, "length": 5}, {"type": "italic", "offset": 2, "length": 2},
        {"type": "code", "offset": 6, "length": 1}]);
    let params = json!({"chat_id": 7, "text": "👋bcd e", "entities": entities,
        "reply_parameters": {"message_id": question, "allow_sending_without_reply": true}});
    assert_eq!(client.call("sendMessage", &params).0, 200);
    assert_eq!(client.service.person(7).hears().reply_to, Some(question));
    let gone = json!({"chat_id": 7, "text": "a", "reply_parameters": {"message_id": 99}});
    assert_eq!(client.call("sendMessage", &gone).0, 400);
    assert_eq!(client.service.violations(), Vec::<String>::new());
}

/// How many violations a message with these fields is to a fresh service, and its status.
fn sent_with(fields: &Value) -> (usize, u16) {
    let client = TelegramClient::new();
    client.service.person(7).says("hi");
    let mut params = json!({"chat_id": 7, "text": "abcdefgh"});
    for (name, value) in fields.as_object().unwrap() {
        params[name] = value.clone();
    }
    let (status, _) = client.call("sendMessage", &params);
    (client.service.violations().len(), status)
}

#[test]
fn entities_that_the_service_would_drop_are_violations() {
    let one = |kind: &str, from: usize, to: usize| json!({"type": kind, "offset": from, "length": to - from});
    let link = |url: &str| json!({"type": "text_link", "offset": 0, "length": 3, "url": url});
    let rust = |kind: &str| json!({"type": kind, "offset": 0, "length": 3, "language": "rust"});
    let lawful = [
        json!([
            one("blockquote", 0, 8),
            one("bold", 0, 4),
            one("italic", 1, 3)
        ]),
        json!([one("blockquote", 0, 8), one("pre", 2, 8)]),
        json!([link("https://a.b"), one("bold", 0, 8)]),
        json!([link("http://a.b/c?d#e")]),
        json!([link("tg://user?id=7")]),
        json!([link("mailto:a@b.c")]),
        json!([rust("pre")]),
        json!([one("code", 0, 4), one("bold", 4, 8)]),
    ];
    for entities in lawful {
        assert_eq!(
            sent_with(&json!({ "entities": entities })),
            (0, 200),
            "{entities}"
        );
    }
    let unlawful = [
        json!([one("code", 0, 8), one("blockquote", 2, 4)]),
        json!([one("pre", 0, 8), one("bold", 2, 4)]),
        json!([one("bold", 0, 8), one("code", 2, 4)]),
        json!([one("blockquote", 0, 8), one("expandable_blockquote", 2, 4)]),
        json!([link("https://a.b"), one("mention", 1, 2)]),
        json!([link("javascript:alert(1)")]),
        json!([link("https://")]),
        json!([link("https://a b")]),
        json!([link("a.b")]),
        json!([one("text_link", 0, 3)]),
        json!([one("text_mention", 0, 3)]),
        json!([rust("code")]),
        json!([{"type": "bold", "offset": 0, "length": 3, "url": "https://a.b"}]),
        json!([{"type": "bold", "offset": 0, "length": 3, "colour": "red"}]),
        json!([one("heading", 0, 3)]),
        json!([one("bold", 0, 0)]),
        json!([one("bold", 6, 9)]),
        json!(["bold"]),
    ];
    for entities in unlawful {
        assert_eq!(
            sent_with(&json!({ "entities": entities })),
            (1, 200),
            "{entities}"
        );
    }
}

#[test]
fn a_hundred_entities_pass_and_one_more_is_a_violation() {
    let bold = |at: usize| json!({"type": "bold", "offset": at, "length": 1});
    for (count, violations) in [(100, 0), (101, 1)] {
        let entities: Vec<Value> = (0..count).map(bold).collect();
        let fields = json!({"text": "a".repeat(200), "entities": entities});
        assert_eq!(sent_with(&fields), (violations, 200), "{count}");
    }
}

#[test]
fn texts_have_a_least_and_a_greatest_length() {
    let draft = |text: &str| json!({"chat_id": 7, "draft_id": 5, "text": text});
    let edit = |text: &str| json!({"chat_id": 7, "message_id": 2, "text": text});
    let send = |text: &str| json!({"chat_id": 7, "text": text});
    let longest = "👋".repeat(2048);
    let longer = format!("{longest}!");
    let table = [
        ("sendMessage", send(&longest), 200),
        ("sendMessage", send(&longer), 400),
        ("sendMessage", send(""), 400),
        ("editMessageText", edit(&longest), 200),
        ("editMessageText", edit(&longer), 400),
        ("editMessageText", edit(" "), 400),
        ("sendMessageDraft", draft(&longest), 200),
        ("sendMessageDraft", draft(&longer), 400),
        ("sendMessageDraft", draft(""), 200),
    ];
    for (method, params, expected) in table {
        let client = TelegramClient::new();
        client.service.person(7).says("hi");
        client.does("sendMessage", &send("first"));
        assert_eq!(client.call(method, &params).0, expected, "{method}");
        let violations = client.service.violations();
        assert_eq!(
            violations.is_empty(),
            expected == 200,
            "{method}: {violations:?}"
        );
    }
}

#[test]
fn buttons_have_a_shape() {
    let markup = |rows: Value| json!({"reply_markup": {"inline_keyboard": rows}});
    let data = |data: &str| markup(json!([[{"text": "a", "callback_data": data}]]));
    let link = json!({"text": "b", "url": "https://a.b"});
    let lawful = [
        markup(json!([])),
        data("d"),
        data(&"d".repeat(64)),
        markup(json!([[{"text": "a", "callback_data": "d", "style": "danger"}, link], [link]])),
    ];
    for fields in lawful {
        assert_eq!(sent_with(&fields), (0, 200), "{fields}");
    }
    let unlawful = [
        data(""),
        data(&"é".repeat(33)),
        markup(json!([[]])),
        markup(json!([{"text": "a", "callback_data": "d"}])),
        markup(json!([[{"text": " ", "callback_data": "d"}]])),
        markup(json!([[{"callback_data": "d"}]])),
        markup(json!([[{"text": "a"}]])),
        markup(json!([[{"text": "a", "callback_data": "d", "url": "https://a.b"}]])),
        markup(json!([[{"text": "a", "callback_data": "d", "colour": "red"}]])),
        markup(json!([[{"text": "a", "callback_data": "d", "style": "red"}]])),
        markup(json!([vec![link; 9]])),
        json!({"reply_markup": {}}),
        json!({"reply_markup": {"inline_keyboard": [], "selective": true}}),
    ];
    for fields in unlawful {
        assert_eq!(sent_with(&fields), (1, 400), "{fields}");
    }
}

#[test]
fn a_parse_mode_is_a_violation() {
    assert_eq!(sent_with(&json!({"parse_mode": "HTML"})), (1, 400));
}

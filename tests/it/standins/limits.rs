//! How much the stand-in for Telegram takes, and how it says that it is enough.

use std::time::Duration;

use serde_json::{Value, json};

use super::{TelegramClient, quickly};
use crate::world::telegram::{Traffic, UNDER_WAY};
use crate::world::time_passes;

fn text(chat: i64, number: usize) -> Value {
    json!({"chat_id": chat, "text": format!("text {number}")})
}

/// Statuses of as many calls.
fn statuses(client: &TelegramClient, method: &str, calls: &[Value]) -> Vec<u16> {
    let call = |params: &Value| client.call(method, params).0;
    calls.iter().map(call).collect()
}

#[test]
fn a_chat_takes_five_messages_at_once_and_no_sixth() {
    let edit = json!({"chat_id": 7, "message_id": 2, "text": "edits count too"});
    let client = quickly(Duration::from_millis(500), || {
        let client = TelegramClient::new();
        client.service.person(7).says("hi");
        let five: Vec<Value> = (0..5).map(|number| text(7, number)).collect();
        assert_eq!(statuses(&client, "sendMessage", &five), [200; 5]);
        assert_eq!(client.service.violations(), Vec::<String>::new());
        client.call("editMessageText", &edit);
        client
    });
    let refused = client.service.calls("editMessageText");
    assert_eq!(refused[0].status, 429);
    assert_eq!(client.service.violations().len(), 1);
    assert_eq!(client.service.provoked_429s(), 1);
    assert_eq!(client.service.person(7).shows().len(), 5);
    // `retry_after` is a second.
    time_passes(Duration::from_millis(1_100));
    assert_eq!(client.call("editMessageText", &edit).0, 200);
}

#[test]
fn a_chat_takes_three_drafts_a_second() {
    let (client, statuses) = quickly(Duration::from_millis(350), || {
        let client = TelegramClient::new();
        client.service.person(7).says("hi");
        let frame = |text: &str| json!({"chat_id": 7, "draft_id": 5, "text": text});
        let frames = [frame("a"), frame("ab"), frame("abc")];
        let statuses = statuses(&client, "sendMessageDraft", &frames);
        (client, statuses)
    });
    assert_eq!(statuses, [200, 200, 429], "one may have been late");
    assert_eq!(client.service.violations().len(), 1);
    assert_eq!(client.service.provoked_429s(), 1);
}

#[test]
fn all_chats_together_take_so_many_calls_a_second() {
    let (client, statuses) = quickly(Duration::from_secs(1), || {
        let client = TelegramClient::new();
        client.service.limits_all(5);
        for id in 1..=8 {
            client.service.person(id).says("hi");
        }
        let typing = |chat: i64| json!({"chat_id": chat, "action": "typing"});
        let frame = |chat: i64| json!({"chat_id": chat, "draft_id": 5, "text": "a"});
        assert_eq!(client.call("sendMessageDraft", &frame(1)).0, 200);
        assert_eq!(client.call("sendChatAction", &typing(2)).0, 200);
        let texts: Vec<Value> = (3..=8).map(|chat| text(chat, 0)).collect();
        let statuses = statuses(&client, "sendMessage", &texts);
        (client, statuses)
    });
    assert_eq!(statuses, [200, 200, 200, 200, 429, 429], "a fifth more");
    assert_eq!(client.service.provoked_429s(), 2);
    assert_eq!(
        client.service.violations(),
        Vec::<String>::new(),
        "the bot cannot know this limit"
    );
    let second = Duration::from_secs(1);
    assert_eq!(client.service.busiest(second, |_| true), 6);
    let texts = |passed: &_| {
        matches!(
            passed,
            crate::world::telegram::Passed {
                what: Traffic::Message,
                ..
            }
        )
    };
    assert_eq!(client.service.busiest(second, texts), 4);
}

#[test]
fn a_new_life_of_the_bot_begins_with_an_empty_account() {
    let client = TelegramClient::new();
    client.service.person(7).says("hi");
    let five: Vec<Value> = (0..5).map(|number| text(7, number)).collect();
    statuses(&client, "sendMessage", &five);
    client.service.forgets_the_pace();
    assert_eq!(statuses(&client, "sendMessage", &five), [200; 5]);
    assert_eq!(client.service.traffic().len(), 10, "and nothing is hidden");
}

#[test]
fn a_flood_that_begins_now_is_news_to_the_bot_once() {
    let calls = [
        (
            "sendMessageDraft",
            json!({"chat_id": 7, "draft_id": 5, "text": "a"}),
        ),
        ("sendChatAction", json!({"chat_id": 7, "action": "typing"})),
        (
            "editMessageText",
            json!({"chat_id": 7, "message_id": 2, "text": "b"}),
        ),
        ("deleteMessage", json!({"chat_id": 7, "message_id": 2})),
        ("sendMessage", text(7, 1)),
    ];
    let client = quickly(UNDER_WAY, || {
        let client = TelegramClient::new();
        client.service.person(7).says("hi");
        client.does("sendMessage", &text(7, 0));
        client.service.floods(7, 30);
        for (method, params) in &calls {
            assert_eq!(client.call(method, params).0, 429, "{method}");
        }
        client
    });
    assert_eq!(
        client.service.violations(),
        Vec::<String>::new(),
        "under way"
    );
    time_passes(2 * UNDER_WAY);
    for (method, params) in &calls {
        assert_eq!(client.call(method, params).0, 429, "{method}");
    }
    assert_eq!(client.service.violations().len(), calls.len());
    assert_eq!(
        client.service.provoked_429s(),
        0,
        "it was not the bot's doing"
    );
    client.service.person(8).says("hi");
    client.does("sendMessage", &text(8, 0));
}

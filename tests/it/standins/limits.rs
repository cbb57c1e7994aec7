//! How much the stand-in for Telegram takes, and how it says that it is enough.

use std::time::Duration;

use serde_json::{Value, json};

use super::TelegramClient;
use crate::world::telegram::Traffic;
use crate::world::{eventually, now};

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
    let client = TelegramClient::new();
    let person = client.service.person(7);
    person.says("hi");
    let five: Vec<Value> = (0..5).map(|number| text(7, number)).collect();
    assert_eq!(statuses(&client, "sendMessage", &five), [200; 5]);
    assert_eq!(client.service.violations(), Vec::<String>::new());
    let edit = json!({"chat_id": 7, "message_id": 2, "text": "edits count too"});
    let (status, body) = client.call("editMessageText", &edit);
    assert_eq!(status, 429);
    assert_eq!(body["parameters"]["retry_after"], 1);
    assert_eq!(client.service.violations().len(), 1);
    assert_eq!(client.service.provoked_429s(), 1);
    assert_eq!(person.shows().len(), 5);
    let mut late = Vec::new();
    eventually(Duration::from_secs(5), "the chat opens again", || {
        late.push(now());
        late.last().unwrap().saturating_sub(late[0]) > Duration::from_millis(1_100)
    });
    assert_eq!(client.call("editMessageText", &edit).0, 200);
}

#[test]
fn a_chat_takes_three_drafts_a_second() {
    let client = TelegramClient::new();
    client.service.person(7).says("hi");
    let frame = |text: &str| json!({"chat_id": 7, "draft_id": 5, "text": text});
    let frames = [frame("a"), frame("ab"), frame("abc")];
    let statuses = statuses(&client, "sendMessageDraft", &frames);
    assert_eq!(statuses, [200, 200, 429], "one may have been late");
    assert_eq!(client.service.violations().len(), 1);
    assert_eq!(client.service.provoked_429s(), 1);
}

#[test]
fn all_chats_together_take_so_many_calls_a_second() {
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
    let client = TelegramClient::new();
    client.service.person(7).says("hi");
    client.does("sendMessage", &text(7, 0));
    client.service.floods(7, 30);
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
    for (method, params) in &calls {
        assert_eq!(client.call(method, params).0, 429, "{method}");
    }
    assert_eq!(
        client.service.violations(),
        Vec::<String>::new(),
        "under way"
    );
    let start = now();
    eventually(
        Duration::from_secs(5),
        "the calls under way are over",
        || now().saturating_sub(start) > Duration::from_millis(300),
    );
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

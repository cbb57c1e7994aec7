//! What the stand-in for Telegram allows, refuses, and notes.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::thread;
use std::time::Duration;

use serde_json::json;

use super::TelegramClient;
use crate::world::http::Trouble;
use crate::world::telegram::{TOKEN, UNDER_WAY};
use crate::world::{PATIENCE, eventually, time_passes};

#[test]
fn an_offset_confirms_everything_below_it_and_nothing_else() {
    let client = TelegramClient::new();
    let person = client.service.person(7);
    for text in ["a", "b", "c"] {
        person.says(text);
    }
    let all = client.polls(&json!({"offset": 0}));
    assert_eq!(all.len(), 3);
    assert_eq!(client.polls(&json!({"offset": all[1]})), all[1..]);
    assert_eq!(
        client.polls(&json!({"offset": all[1], "limit": 50})),
        all[1..2],
        "too soon"
    );
    assert_eq!(client.polls(&json!({"offset": -1})), all[2..]);
    assert!(client.polls(&json!({"offset": all[2] + 1})).is_empty());
    assert!(client.service.is_drained());
}

#[test]
fn a_second_poll_ends_the_first_with_a_conflict() {
    let client = TelegramClient::new();
    thread::scope(|scope| {
        let first = scope.spawn(|| client.call("getUpdates", &json!({"timeout": 30})).0);
        eventually(PATIENCE, "the first poll waits", || {
            client.service.calls("getUpdates").len() == 1
        });
        client.polls(&json!({"timeout": 0}));
        assert_eq!(first.join().unwrap(), 409);
    });
}

#[test]
fn kinds_that_were_not_asked_for_do_not_come() {
    let client = TelegramClient::new();
    client.polls(&json!({"allowed_updates": ["message"]}));
    let person = client.service.person(7);
    let message = person.says("a");
    person.edits(message, "b");
    assert_eq!(client.polls(&json!({"offset": 1})).len(), 1);
}

#[test]
fn a_bot_cannot_write_first_and_not_to_those_who_blocked_it() {
    let client = TelegramClient::new();
    let hello = json!({"chat_id": 7, "text": "hello"});
    let (status, body) = client.call("sendMessage", &hello);
    assert_eq!(
        (status, &body["description"]),
        (400, &json!("Bad Request: chat not found"))
    );
    let person = client.service.person(7);
    person.says("hi");
    assert_eq!(client.call("sendMessage", &hello).0, 200);
    assert_eq!(person.hears().text, "hello");
    person.blocks_the_bot();
    assert_eq!(client.call("sendMessage", &hello).0, 403);
    assert_eq!(client.service.violations(), Vec::<String>::new());
}

#[test]
fn writing_before_retry_after_ended_is_a_violation() {
    let client = TelegramClient::new();
    let person = client.service.person(7);
    person.says("hi");
    person.has_flood_control(3);
    let hello = json!({"chat_id": 7, "text": "hello"});
    let (status, body) = client.call("sendMessage", &hello);
    assert_eq!(
        (status, &body["parameters"]["retry_after"]),
        (429, &json!(3))
    );
    // A call under way is forgiven, this one is not.
    time_passes(UNDER_WAY + Duration::from_millis(100));
    assert_eq!(client.call("sendMessage", &hello).0, 429);
    assert_eq!(client.service.violations().len(), 1);
    time_passes(Duration::from_secs(2));
    assert_eq!(client.call("sendMessage", &hello).0, 200);
}

#[test]
fn a_group_that_moved_tells_its_new_id() {
    let client = TelegramClient::new();
    let group = client.service.group(-123);
    group.member(7).says("hi");
    group.moves_to(-1_001_234_567_890);
    let (status, body) = client.call("sendMessage", &json!({"chat_id": -123, "text": "x"}));
    assert_eq!(status, 400);
    assert_eq!(
        body["parameters"]["migrate_to_chat_id"],
        -1_001_234_567_890_i64
    );
    client.call(
        "sendMessage",
        &json!({"chat_id": -1_001_234_567_890_i64, "text": "x"}),
    );
    assert_eq!(client.service.said_to(-1_001_234_567_890).len(), 1);
}

#[test]
fn telegram_misbehaves_on_demand() {
    let table = [
        (Trouble::BadGateway, 502),
        (Trouble::Reset, 0),
        (Trouble::HangUp, 0),
        (Trouble::Garbage, 200),
        (Trouble::CutBody, 0),
    ];
    let client = TelegramClient::new();
    for (trouble, status) in table {
        client.service.once("getMe", trouble);
        assert_eq!(client.call("getMe", &json!({})).0, status, "{trouble:?}");
        assert_eq!(client.call("getMe", &json!({})).0, 200, "after {trouble:?}");
    }
}

#[test]
fn a_reset_is_a_reset_and_not_a_polite_end() {
    let client = TelegramClient::new();
    let address = client.server.url().replace("http://", "");
    for (trouble, expected) in [
        (Trouble::Reset, Err(io::ErrorKind::ConnectionReset)),
        (Trouble::HangUp, Ok(0)),
    ] {
        client.service.once("getMe", trouble);
        let mut stream = TcpStream::connect(&address).unwrap();
        let head = format!("POST /bot{TOKEN}/getMe HTTP/1.1\r\ncontent-length: 2\r\n\r\n{{}}");
        stream.write_all(head.as_bytes()).unwrap();
        let read = stream.read(&mut [0; 64]).map_err(|error| error.kind());
        assert_eq!(read, expected, "{trouble:?}");
    }
}

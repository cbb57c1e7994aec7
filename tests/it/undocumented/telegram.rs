//! What Telegram, or something before it, answers.

use std::thread;
use std::time::Duration;

use super::{HTML, JSON, PLAIN, by_default, for_a_crowd, raw};
use crate::world::http::Raw;
use crate::world::{World, eventually, now, time_passes};

const LONG: Duration = Duration::from_mins(2);

/// Refusals and nonsense: the call is not carried out.
const REFUSED: &[Raw] = &[
    raw(
        "418 I'm a teapot",
        JSON,
        r#"{"ok":false,"error_code":418,"description":"I'm a teapot"}"#,
    ),
    raw(
        "420 Enhance Your Calm",
        JSON,
        r#"{"ok":false,"error_code":420,"description":"FLOOD_WAIT_2"}"#,
    ),
    raw(
        "400 Bad Request",
        JSON,
        r#"{"ok":false,"error_code":400,"description":"Bad Request: SLOWMODE_WAIT_2"}"#,
    ),
    raw(
        "429 Too Many Requests",
        JSON,
        r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 0","parameters":{"retry_after":0}}"#,
    ),
    raw(
        "429 Too Many Requests",
        JSON,
        r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":-1}}"#,
    ),
    raw(
        "429 Too Many Requests",
        JSON,
        r#"{"ok":false,"error_code":"429","description":null,"parameters":{"retry_after":"1"}}"#,
    ),
    raw(
        "429 Too Many Requests",
        JSON,
        r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 1000000000","parameters":{"retry_after":1000000000}}"#,
    ),
    raw(
        "429 Too Many Requests",
        JSON,
        r#"{"ok":false,"error_code":429,"description":"Too Many Requests","parameters":{"retry_after":0.5}}"#,
    ),
    raw("429 Slow Down", HTML, "<html><h1>Slow down</h1></html>"),
    raw(
        "451 Unavailable For Legal Reasons",
        JSON,
        r#"{"ok":false,"error_code":451,"description":"Unavailable For Legal Reasons"}"#,
    ),
    raw("460 Client Closed Connection", "", ""),
    raw(
        "499 Client Closed Request",
        HTML,
        "<html><center>nginx</center></html>",
    ),
    raw(
        "529 Site Is Overloaded",
        JSON,
        r#"{"ok":false,"error_code":529,"description":"Overloaded"}"#,
    ),
    raw(
        "408 Request Timeout",
        JSON,
        r#"{"ok":false,"error_code":408,"description":"Request Timeout"}"#,
    ),
    raw(
        "425 Too Early",
        JSON,
        r#"{"ok":false,"error_code":425,"description":"Too Early"}"#,
    ),
    raw(
        "400 Bad Request",
        HTML,
        "<html><h1>400 The plain HTTP request was sent to HTTPS port</h1></html>",
    ),
    raw(
        "403 Forbidden",
        HTML,
        "<!DOCTYPE html><title>Attention Required! | Cloudflare</title>",
    ),
    raw("200 OK", HTML, "<html><a href=/login>Welcome!</a></html>"),
    raw(
        "200 OK",
        JSON,
        r#"{"ok":false,"error_code":500,"description":"Internal Server Error: restart"}"#,
    ),
    raw("200 OK", JSON, r#"{"ok":true,"result":{"mess"#),
    raw("200 OK", JSON, "null"),
    raw("204 No Content", "connection: close\r\n", ""),
    raw(
        "302 Found",
        "location: http://127.0.0.1:9/bot{token}/login\r\n",
        "",
    ),
    raw(
        "103 Early Hints\r\nlink: </style.css>\r\n\r\nHTTP/1.1 502 Bad Gateway",
        PLAIN,
        "upstream connect error",
    ),
    raw(
        "400 Bad Request",
        JSON,
        r#"[{"ok":false,"error_code":400,"description":"Bad Request: ARRAY"}]"#,
    ),
    raw(
        "500 Oops",
        JSON,
        r#"{"ok":false,"error_code":null,"description":{"nested":null},"parameters":[]}"#,
    ),
    raw(
        "401 Unauthorized",
        JSON,
        r#"{"ok":false,"error_code":401,"description":"Unauthorized"}"#,
    ),
    raw(
        "404 Not Found",
        JSON,
        r#"{"ok":false,"error_code":404,"description":"Not Found"}"#,
    ),
    raw(
        "409 Conflict",
        JSON,
        r#"{"ok":false,"error_code":409,"description":"Conflict: something else"}"#,
    ),
    raw("413 Payload Too Large", HTML, "<html>nginx</html>"),
    raw(
        "403 Forbidden",
        JSON,
        r#"{"ok":false,"error_code":403,"description":"Forbidden: PREMIUM_ACCOUNT_OF_TOMORROW_REQUIRED"}"#,
    ),
    raw(
        "400 Bad Request",
        JSON,
        r#"{"ok":false,"error_code":400,"description":"Bad Request: RANDOM_ID_DUPLICATE of {token}"}"#,
    ),
    raw(
        "503 Service Unavailable",
        "retry-after: 1000000000\r\n",
        "no healthy upstream",
    ),
];

/// The call is carried out, and the answer is odd.
const DONE: &[Raw] = &[
    raw("201 Created", JSON, r#"{"ok":true,"result":{result}}"#),
    raw("200 OK", PLAIN, "\u{feff}{\"ok\":true,\"result\":{result}}"),
    raw(
        "200 OK",
        JSON,
        r#"{"ok":true,"result":{result} in words,"description":null}"#,
    ),
    raw(
        "103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 203 Transformed",
        JSON,
        r#"{"result":{result},"ok":true,"trace":[[[[null]]]]}"#,
    ),
];

/// Everybody asks, and is answered, once; and so is the next question.
#[track_caller]
fn both_questions_are_answered(world: &World, asked: &[(i64, i64)]) {
    for round in ["first", "second"] {
        for &(chat, person) in asked {
            let text = format!("{round} of {person}.");
            if chat == person {
                world.telegram.person(person).says(&text);
            } else {
                let member = world.telegram.group(chat).member(person);
                member.says(&format!("@testbot {text}"));
            }
        }
        let mut silenced = asked.to_vec();
        let start = now();
        while !silenced.is_empty() {
            let waited = now().saturating_sub(start);
            assert!(waited < LONG, "{round}, not answered: {silenced:?}");
            time_passes(Duration::from_millis(20));
            silenced.retain(|&(chat, person)| {
                let answer = format!("{round} of {person}.");
                let shown = world.telegram.shows(chat);
                !shown.iter().any(|shown| shown.text.contains(&answer))
            });
        }
    }
}

/// Of which chat each answer is said twice.
fn doubled(world: &World, chats: impl Iterator<Item = i64>) -> Vec<i64> {
    let twice = |chat: &i64| {
        let shown = world.telegram.shows(*chat);
        let of = |round: &str| shown.iter().filter(|it| it.text.contains(round)).count();
        of("first of") > 1 || of("second of") > 1
    };
    chats.filter(twice).collect()
}

#[test]
fn whatever_is_answered_to_an_answer_it_arrives_and_so_does_the_next() {
    let world = for_a_crowd().start();
    let rows = (100..).zip(REFUSED.iter().chain(DONE));
    let people: Vec<(i64, Raw)> = rows.map(|(id, raw)| (id, *raw)).collect();
    for &(person, raw) in &people {
        let send = ("sendMessage", Some(person));
        world.telegram.answers_undocumented(send, raw, 1);
    }
    let asked: Vec<(i64, i64)> = people.iter().map(|&(id, _)| (id, id)).collect();
    both_questions_are_answered(&world, &asked);
    assert_eq!(world.telegram.undocumented_left(), 0);
    let of_done = people.iter().filter(|(_, raw)| DONE.contains(raw));
    let twice = doubled(&world, of_done.map(|&(id, _)| id));
    assert_eq!(twice, [0_i64; 0], "said twice");
    world.stop();
}

#[test]
fn a_chat_that_is_answered_like_that_for_a_while_is_served_after_it() {
    const OFTEN: usize = 3;
    let world = for_a_crowd().start();
    let people: Vec<i64> = (100..).zip(REFUSED).map(|(id, _)| id).collect();
    for (&person, raw) in people.iter().zip(REFUSED) {
        let send = ("sendMessage", Some(person));
        world.telegram.answers_undocumented(send, *raw, OFTEN);
    }
    let mut blocked = people;
    let mut rounds = 0;
    let start = now();
    while !blocked.is_empty() {
        let waited = now().saturating_sub(start);
        assert!(waited < LONG, "blocked: {blocked:?}");
        for &person in &blocked {
            let text = format!("{rounds} of {person}.");
            world.telegram.person(person).says(&text);
        }
        rounds += 1;
        time_passes(Duration::from_secs(5));
        blocked.retain(|&person| {
            let shown = world.telegram.shows(person);
            !shown.iter().any(|shown| shown.text.contains("echo["))
        });
    }
    world.stop();
}

#[test]
fn whatever_is_answered_to_a_frame_of_an_answer_that_grows_it_arrives() {
    let world = for_a_crowd().start();
    world
        .gemini
        .streams(&["One ", "two ", "{question}"], Duration::from_millis(1500));
    let mut asked = Vec::new();
    for (id, raw) in (100..).zip(REFUSED.iter().chain(DONE)) {
        let (group, person) = (-1000 - id, id);
        for method in ["sendMessage", "editMessageText", "sendChatAction"] {
            world
                .telegram
                .answers_undocumented((method, Some(group)), *raw, 1);
        }
        let methods = ["sendMessageDraft", "sendChatAction"];
        for method in methods {
            world
                .telegram
                .answers_undocumented((method, Some(person)), *raw, 1);
        }
        asked.extend([(group, person), (person, person)]);
    }
    both_questions_are_answered(&world, &asked);
    world.stop();
}

#[test]
fn whatever_is_answered_to_a_poll_people_are_answered_after_it() {
    thread::scope(|scope| {
        for rows in REFUSED.chunks(5) {
            scope.spawn(|| after_polls(rows));
        }
        let rows = [
            raw("200 OK", JSON, r#"{"ok":true,"result":null}"#),
            raw("200 OK", JSON, r#"{"ok":true,"result":{}}"#),
            raw(
                "200 OK",
                JSON,
                r#"{"ok":true,"result":[null,{"update_id":"7"},{},[],{"update_id":3}]}"#,
            ),
            raw("200 OK", PLAIN, "ok"),
        ];
        scope.spawn(move || after_polls(&rows));
    });
}

fn after_polls(rows: &[Raw]) {
    let world = by_default().start();
    let owner = world.telegram.person(1);
    for (number, raw) in rows.iter().enumerate() {
        world
            .telegram
            .answers_undocumented(("getUpdates", None), *raw, 1);
        // The poll under way brings it, and the next one is answered like that.
        owner.is_answered(&format!("before {number}."));
        owner.says(&format!("after {number}."));
        eventually(LONG, "the question after it is answered", || {
            let shown = world.telegram.shows(1);
            let after = format!("after {number}.");
            shown.iter().any(|shown| shown.text.contains(&after))
        });
    }
    assert_eq!(world.telegram.undocumented_left(), 0);
    world.stop();
}

#[test]
fn whatever_is_answered_at_the_start_the_bot_starts() {
    thread::scope(|scope| {
        for rows in REFUSED.chunks(3) {
            scope.spawn(|| {
                let mut world = by_default().prepare();
                for raw in rows.iter().chain(&DONE[..1]) {
                    for method in ["getMe", "deleteWebhook", "setMyCommands"] {
                        world.telegram.answers_undocumented((method, None), *raw, 1);
                    }
                }
                world.restart();
                world.telegram.person(1).is_answered("hello.");
                world.stop();
            });
        }
    });
}

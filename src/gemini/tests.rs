//! The client against services on loopback; the fixtures are those of gemini-api §17.

use std::io::{BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use super::inline_data::tests::InMemory;
use super::shape::Shape;
use super::slots::Slots;
use super::*;
use crate::chat::answer::Failure;
use crate::chat::part::{Part, PromptPart, text_of};
use crate::chat::prompt::{Message, Prompt, Speaker};
use crate::http::{IpFamily, Transport};
use crate::keys::{Cooldown, Death, Effect, Next, Repair};
use crate::threads::Pool;

const KEY: &str = "AQ.very-secret";

struct Asked {
    head: String,
    body: Vec<u8>,
}

fn read_request(stream: &TcpStream) -> Asked {
    let mut lines = BufReader::new(stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).unwrap() > 0 {}
    let length = head
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    lines.read_exact(&mut body).unwrap();
    Asked { head, body }
}

/// Answers one request with these bytes and closes.
fn serve(reply: impl Into<Vec<u8>>) -> (SocketAddr, JoinHandle<Asked>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let reply = reply.into();
    let thread = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let asked = read_request(&stream);
        stream.write_all(&reply).unwrap();
        asked
    });
    (addr, thread)
}

fn http(status: &str, kind: &str, body: &str) -> String {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\n\r\n{body}")
}

/// A stream whose last line ends with the body.
fn sse(events: &[&str]) -> String {
    let body = events.join("\r\n\r\n");
    http("200 OK", "text/event-stream", &body)
}

/// Longer than any of these services takes.
const PATIENCE: Duration = Duration::from_mins(1);

fn take_slot() -> Slot {
    let transport = Transport::new(None, IpFamily::Auto, None).unwrap();
    let slots = Slots::new(transport, Pool::new("test", 1).unwrap());
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .unwrap();
    runtime.block_on(slots.take())
}

fn question() -> Body {
    let asked = Message {
        speaker: Speaker::Person,
        parts: vec![PromptPart::Text("hi ☺".to_owned())],
    };
    let prompt = Prompt::new("be kind".to_owned(), vec![asked]);
    Body::build(&prompt, &Shape::default())
}

struct Called {
    outcome: Outcome,
    told: String,
    signs: usize,
    /// Events that were told as a part of an answer.
    events: usize,
}

fn stream_with(slot: &Slot, addr: SocketAddr, body: &Body, viewer: Viewer) -> Called {
    let key = Secret::new(KEY);
    let call = Call {
        key: &key,
        model: "gemini-x",
        body,
        estimated: 10,
    };
    let (mut told, mut signs, mut events) = (String::new(), 0, 0);
    let client = Client::new(&format!("http://{addr}/"));
    let outcome = client.stream(
        slot,
        &call,
        viewer,
        (&mut InMemory::default(), &mut |progress| match progress {
            Progress::Bytes => signs += 1,
            Progress::Event { text, .. } => {
                events += 1;
                told.push_str(text);
            }
        }),
    );
    Called {
        outcome,
        told,
        signs,
        events,
    }
}

/// Streams to a person who watches.
fn stream(reply: impl Into<Vec<u8>>) -> (Called, Asked) {
    stream_to(Viewer::Watching, reply)
}

fn stream_to(viewer: Viewer, reply: impl Into<Vec<u8>>) -> (Called, Asked) {
    let (addr, service) = serve(reply);
    let called = stream_with(&take_slot(), addr, &question(), viewer);
    (called, service.join().unwrap())
}

fn generate(reply: impl Into<Vec<u8>>) -> (Outcome, Asked) {
    let (addr, service) = serve(reply);
    let (key, body) = (Secret::new(KEY), question());
    let call = Call {
        key: &key,
        model: "gemini-x",
        body: &body,
        estimated: 10,
    };
    let outcome = Client::new(&format!("http://{addr}")).generate(
        &take_slot(),
        &call,
        &mut InMemory::default(),
    );
    (outcome, service.join().unwrap())
}

const HEL: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"Hel"}]}}],"usageMetadata":{"promptTokenCount":4,"totalTokenCount":5}}"#;
const LO: &str = r#"data: {"candidates":[{"content":{"role":"model","parts":[{"text":"lo"}]}}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"totalTokenCount":6}}"#;
const STOP: &str = r#"data: {"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":4,"candidatesTokenCount":2,"thoughtsTokenCount":9,"totalTokenCount":15}}"#;
const BLOCKED: &str = r#"{"promptFeedback":{"blockReason":"PROHIBITED_CONTENT"},"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9}}"#;
const EMPTY: &str = r#"{"candidates":[{"finishReason":"MAX_TOKENS"}],"usageMetadata":{"promptTokenCount":9,"thoughtsTokenCount":500,"totalTokenCount":509}}"#;

const OVERLOADED: &str =
    r#"data: {"error":{"code":503,"message":"overloaded","status":"UNAVAILABLE"}}"#;
const RECITED: &str = r#"data: {"candidates":[{"finishReason":"RECITATION"}]}"#;

#[test]
fn a_stream_is_told_as_it_comes_and_ends_as_an_answer() {
    let (called, asked) = stream(sse(&[HEL, LO, STOP]));
    let answer = called.outcome.result.unwrap();
    assert_eq!(
        (text_of(&answer.parts).as_str(), called.told.as_str()),
        ("Hello", "Hello")
    );
    assert_eq!(answer.finish, Finish::Complete);
    assert_eq!((answer.usage.prompt, answer.usage.thoughts), (4, 9));
    assert_eq!(called.outcome.verdict.effect, Effect::Healthy);
    assert!(called.signs >= 1);
    let path = "POST /v1beta/models/gemini-x:streamGenerateContent?alt=sse HTTP/1.1\r\n";
    assert!(asked.head.starts_with(path), "{}", asked.head);
}

#[test]
fn what_is_no_part_of_an_answer_is_not_told_as_one() {
    const IN_ARRAY: &str = r#"[{"error":{"code":404,"message":"gone","status":"NOT_FOUND"}}]"#;
    const BOTH: &str =
        r#"data: [{"candidates":[{"content":{"parts":[{"text":"Hel"}]}}]},{"error":{"code":503}}]"#;
    for (events, told) in [
        (&[OVERLOADED][..], 0),
        (&[IN_ARRAY], 0),
        (&["data: [DONE]"], 0),
        (&["data: {}"], 0),
        (&[r#"data: {"message":"too many requests"}"#], 0),
        (&["data: this is no JSON"], 0),
        (&[HEL, OVERLOADED], 1),
        (&[BOTH], 1),
        (&[HEL, STOP, "data: [DONE]"], 3),
        (&[&format!("data: {BLOCKED}")], 1),
    ] {
        let (called, _) = stream(sse(events));
        assert_eq!(called.events, told, "{events:?}");
        let text = if events.iter().any(|it| it.contains("Hel")) {
            "Hel"
        } else {
            ""
        };
        assert_eq!(called.told, text, "{events:?}");
    }
}

#[test]
fn the_key_is_in_its_header_and_nowhere_else_and_the_length_is_true() {
    let (_, streamed) = stream(sse(&[STOP]));
    let (_, whole) = generate(http("200 OK", "application/json", EMPTY));
    for asked in [streamed, whole] {
        let header = format!("x-goog-api-key: {KEY}\r\n");
        assert!(asked.head.contains(&header));
        assert_eq!(asked.head.matches(KEY).count(), 1);
        assert!(!asked.head.lines().next().unwrap().contains(KEY));
        assert!(!asked.head.contains("transfer-encoding"));
        assert!(asked.head.contains("accept-encoding: identity\r\n"));
        assert_eq!(asked.body.len() as u64, question().len());
        let body: serde_json::Value = serde_json::from_slice(&asked.body).unwrap();
        assert_eq!(body["contents"][0]["parts"][0]["text"], "hi ☺");
    }
}

#[test]
fn a_stream_that_breaks_after_text_is_a_broken_answer() {
    let mid_raw = "{\n  \"error\": {\n    \"code\": 429,\n    \"status\": \"RESOURCE_EXHAUSTED\",\n    \"message\": \"x\"\n  }\n}";
    let cut = sse(&[HEL, LO]);
    let torn = format!(
        "{}{HEL}\r\n\r\n{LO}\r\n\r\n",
        cut.split("data:").next().unwrap()
    )
    .replace("content-length: ", "content-length: 9");
    let suspect = Effect::Suspect(Cooldown::Configured);
    for (reply, effect) in [
        (
            sse(&[HEL, LO, OVERLOADED]),
            Effect::Overloaded(Cooldown::Configured),
        ),
        (
            sse(&[HEL, LO, mid_raw]),
            Effect::Throttled(Cooldown::For(Duration::from_mins(1))),
        ),
        (cut, suspect),
        (torn, suspect),
    ] {
        let (called, _) = stream(reply);
        let answer = called.outcome.result.unwrap();
        assert_eq!(
            (answer.finish, text_of(&answer.parts).as_str()),
            (Finish::Broken, "Hello")
        );
        assert_eq!(called.outcome.verdict.effect, effect);
        assert_eq!(called.outcome.verdict.next, Next::Done);
    }
}

#[test]
fn what_fails_after_text_that_nobody_watched_is_tried_again() {
    let again = Next::Repaired(Repair::OwnWords);
    for (events, next, failure) in [
        (&[HEL, RECITED][..], again, Failure::Recitation),
        (&[HEL, OVERLOADED], Next::AnotherModel, Failure::Busy),
        (&[HEL, LO], Next::AnotherKey, Failure::Unexplained),
    ] {
        let (called, _) = stream_to(Viewer::Nobody, sse(events));
        assert_eq!(called.outcome.result, Err(failure));
        assert_eq!(called.outcome.verdict.next, next);
    }
    let (withdrawn, _) = stream(sse(&[HEL, RECITED]));
    assert_eq!(withdrawn.outcome.result, Err(Failure::Recitation));
    assert_eq!(withdrawn.outcome.verdict.next, Next::Nowhere);
}

#[test]
fn an_answer_that_shows_nothing_is_empty_whoever_watches() {
    let blank = r#"data: {"candidates":[{"content":{"parts":[{"text":"\u200b"}]}}]}"#;
    for viewer in [Viewer::Watching, Viewer::Nobody] {
        let (called, _) = stream_to(viewer, sse(&[blank, STOP]));
        assert_eq!(called.outcome.result, Err(Failure::Empty));
        assert_eq!(called.outcome.verdict.next, Next::AnotherKey);
    }
}

#[test]
fn a_blocked_question_and_an_empty_answer_say_so_both_ways() {
    for (json, failure) in [(BLOCKED, Failure::PromptBlocked), (EMPTY, Failure::Empty)] {
        let (streamed, _) = stream(sse(&[&format!("data: {json}")]));
        assert_eq!(streamed.outcome.result, Err(failure));
        assert_eq!(streamed.told, "");
        let (whole, _) = generate(http("200 OK", "application/json", json));
        assert_eq!(whole.result, Err(failure));
        assert_eq!(whole, streamed.outcome);
    }
}

#[test]
fn a_whole_answer_is_read_and_one_that_is_torn_is_not() {
    let json = r#"{"candidates":[{"content":{"parts":[{"text":"hm","thought":true},{"text":"yes","thoughtSignature":"s"}]},"finishReason":"STOP"}],"modelVersion":"gemini-y"}"#;
    let (outcome, asked) = generate(http("200 OK", "application/json", json));
    let answer = outcome.result.unwrap();
    assert_eq!(
        (text_of(&answer.parts).as_str(), answer.model.as_str()),
        ("yes", "gemini-x"),
        "the id that was asked, not the model behind an alias"
    );
    let signed = Part::Signed(br#"{"text":"yes","thoughtSignature":"s"}"#.to_vec());
    assert_eq!(answer.parts, [Part::Text("yes".to_owned()), signed]);
    let path = "POST /v1beta/models/gemini-x:generateContent HTTP/1.1\r\n";
    assert!(asked.head.starts_with(path));

    let torn = http("200 OK", "application/json", json).replace("th: 1", "th: 9");
    let broken = (Failure::Unexplained, Effect::Suspect(Cooldown::Configured));
    let page = http("200 OK", "text/html", "<html>");
    for (reply, (failure, effect)) in [(torn, broken), (page, (Failure::Busy, Effect::Page))] {
        let (outcome, _) = generate(reply);
        assert_eq!(outcome.result, Err(failure));
        assert_eq!(outcome.verdict.effect, effect);
    }
}

#[test]
fn a_compressed_stream_is_understood() {
    const ZIPPED: &[u8] = &[
        31, 139, 8, 0, 0, 0, 0, 0, 2, 3, 75, 73, 44, 73, 180, 82, 168, 86, 74, 78, 204, 75, 201,
        76, 73, 44, 73, 45, 86, 178, 138, 6, 114, 243, 243, 74, 82, 243, 74, 148, 172, 170, 149,
        10, 18, 139, 74, 32, 130, 37, 169, 21, 64, 17, 165, 140, 76, 165, 218, 216, 90, 29, 165,
        180, 204, 188, 204, 226, 140, 160, 212, 196, 226, 252, 60, 160, 112, 112, 136, 127, 0, 72,
        130, 139, 11, 0, 160, 91, 134, 79, 84, 0, 0, 0,
    ];
    let mut reply = format!(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: {}\r\n\r\n",
        ZIPPED.len()
    )
    .into_bytes();
    reply.extend(ZIPPED);
    let (called, _) = stream(reply);
    assert_eq!(text_of(&called.outcome.result.unwrap().parts), "hi");
}

#[test]
fn a_refusal_is_judged_with_its_headers_and_a_bound_on_its_body() {
    let leaked = r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Your API key was reported as leaked. Please use another API key."}}"#;
    let mut page = "<html>automated queries".to_owned();
    page.push_str(&" ".repeat(1 << 20));
    let waits = http("429 No", "text/plain", "").replace("content-type", "retry-after: 7\r\nx");
    for (reply, effect) in [
        (
            http("403 No", "application/json", leaked),
            Effect::KillKey(Death::Leaked),
        ),
        (http("429 No", "text/html", &page[..60_000]), Effect::Page),
        // Of whoever stands between us and the service.
        (http("200 OK", "text/html; x", "<html>Log in"), Effect::Page),
        (
            waits,
            Effect::Throttled(Cooldown::For(Duration::from_secs(7))),
        ),
    ] {
        let (called, _) = stream(reply.clone());
        assert!(called.outcome.result.is_err());
        assert_eq!(called.outcome.verdict.effect, effect);
        assert_eq!(called.signs, 0);
        assert_eq!(generate(reply).0, called.outcome);
    }
}

#[test]
fn a_service_that_is_not_there_is_nobodys_fault() {
    let gone = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let outcome = stream_with(&take_slot(), gone, &question(), Viewer::Watching).outcome;
    assert_eq!(outcome.verdict.effect, Effect::Innocent);
    assert_eq!(outcome.verdict.next, Next::AnotherKey);
}

#[test]
fn a_cancelled_stream_ends_at_once_and_blames_nobody() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let service = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        read_request(&stream);
        let head = "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n";
        let event = format!("{HEL}\n\n");
        write!(stream, "{head}{:x}\r\n{event}\r\n", event.len()).unwrap();
        // Hangs until the other side closes.
        let _reset = stream.read(&mut [0; 1]);
    });
    let slot = take_slot();
    let canceller = slot.canceller();
    let (tells, told) = mpsc::channel();
    let call = thread::spawn(move || {
        let (key, body) = (Secret::new(KEY), question());
        let call = Call {
            key: &key,
            model: "gemini-x",
            body: &body,
            estimated: 10,
        };
        let client = Client::new(&format!("http://{addr}"));
        client.stream(
            &slot,
            &call,
            Viewer::Watching,
            (&mut InMemory::default(), &mut |progress| {
                if let Progress::Event { text, .. } = progress {
                    tells.send(text.to_owned()).unwrap();
                }
            }),
        )
    });
    assert_eq!(told.recv().unwrap(), "Hel");
    canceller.cancel();
    let outcome = call.join().unwrap();
    service.join().unwrap();
    assert_eq!(outcome.result.unwrap().finish, Finish::Broken);
    assert_eq!(outcome.verdict.effect, Effect::Innocent);
}

#[test]
fn a_file_that_changes_under_the_question_blames_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("photo");
    std::fs::write(&file, b"12345").unwrap();
    let asked = Message {
        speaker: Speaker::Person,
        parts: vec![PromptPart::Media {
            mime: "image/png".to_owned(),
            file: file.clone(),
            bytes: 5,
            tokens: 1_120,
        }],
    };
    let prompt = Prompt::new(String::new(), vec![asked]);
    let body = Body::build(&prompt, &Shape::default());
    std::fs::remove_file(&file).unwrap();
    let nowhere = SocketAddr::from(([127, 0, 0, 1], 9));
    let outcome = stream_with(&take_slot(), nowhere, &body, Viewer::Watching).outcome;
    assert_eq!(outcome.result, Err(Failure::BadRequest));
    assert_eq!(outcome.verdict.effect, Effect::Innocent);
}

#[test]
fn the_free_probe_tells_good_keys_from_bad_ones() {
    let invalid = r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT","details":[{"@type":"type.googleapis.com/google.rpc.ErrorInfo","reason":"API_KEY_INVALID","domain":"googleapis.com"}]}}"#;
    let dead = Effect::KillKey(Death::Invalid);
    for (reply, effect) in [
        (http("200 OK", "application/json", "{}"), None),
        (http("400 No", "application/json", invalid), Some(dead)),
    ] {
        let (addr, service) = serve(reply);
        let client = Client::new(&format!("http://{addr}"));
        let found = client.models_get(&take_slot(), &Secret::new(KEY), "gemini-x", PATIENCE);
        assert_eq!(
            found.err().map(|judgement| judgement.verdict.effect),
            effect
        );
        let head = service.join().unwrap().head;
        assert!(head.starts_with("GET /v1beta/models/gemini-x HTTP/1.1\r\n"));
        assert!(head.contains(&format!("x-goog-api-key: {KEY}\r\n")));
    }
    let client = Client::new("http://127.0.0.1:9");
    let found = client.models_get(&take_slot(), &Secret::new("a\nb"), "gemini-x", PATIENCE);
    assert_eq!(found.unwrap_err().verdict.effect, dead);
}

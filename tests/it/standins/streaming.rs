//! How the stand-in model says its answers: in chunks, with pauses, or as a test drives it.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::Value;

use super::gemini::{GeminiClient, question};
use crate::world::{PATIENCE, eventually, now};

const STREAM: &str = "streamGenerateContent?alt=sse";

/// The texts of a stream, thoughts left out, and its finish reason.
fn read(stream: &str) -> (Vec<String>, String) {
    let events = stream
        .lines()
        .filter_map(|line| line.strip_prefix("data: "));
    let events: Vec<Value> = events
        .map(|event| serde_json::from_str(event).unwrap())
        .collect();
    let candidates = events.iter().map(|event| &event["candidates"][0]);
    let parts = candidates
        .clone()
        .map(|candidate| &candidate["content"]["parts"][0]);
    let said = parts.filter(|part| part["thought"] != true);
    let texts = said.filter_map(|part| part["text"].as_str().map(str::to_owned));
    let ends = candidates.filter_map(|candidate| candidate["finishReason"].as_str());
    (texts.collect(), ends.collect())
}

#[test]
fn an_answer_comes_in_the_given_chunks() {
    let client = GeminiClient::new();
    let pause = Duration::from_millis(50);
    client
        .service
        .streams(&["You ", "said ", "{question}."], pause);
    let start = now();
    let (_, stream) = client.asks(STREAM, &question("hello"));
    assert!(now().saturating_sub(start) >= pause * 2, "two pauses");
    let chunks = ["You ", "said ", "hello."].map(str::to_owned).to_vec();
    assert_eq!(read(&stream), (chunks, "STOP".to_owned()));
    let (_, whole) = client.asks("generateContent", &question("hello"));
    assert!(whole.contains("You said hello."), "{whole}");
    client.service.streams_until(&["cut"], pause, "MAX_TOKENS");
    let (_, stream) = client.asks(STREAM, &question("hello"));
    assert_eq!(
        read(&stream),
        (vec!["cut".to_owned()], "MAX_TOKENS".to_owned())
    );
}

#[test]
fn a_test_decides_when_each_chunk_comes_and_how_it_ends() {
    for finish in ["STOP", "MAX_TOKENS", "SAFETY", ""] {
        let client = GeminiClient::new();
        client.service.begins("one");
        thread::scope(|scope| {
            let answer = scope.spawn(|| client.asks(STREAM, &question("hello")).1);
            client.service.awaits_calls(1);
            client.service.goes_on(" two");
            assert_eq!(client.service.in_flight(), 1, "it waits for its end");
            client.service.goes_on(" three");
            client.service.ends(finish);
            let chunks = ["one", " two", " three"].map(str::to_owned).to_vec();
            assert_eq!(read(&answer.join().unwrap()), (chunks, finish.to_owned()));
        });
        let (_, stream) = client.asks(STREAM, &question("hello"));
        assert!(read(&stream).0.concat().contains("echo["), "one call only");
    }
}

#[test]
fn an_answer_that_nobody_waits_for_ends() {
    let client = GeminiClient::new();
    client.service.begins("one");
    let service = Arc::clone(&client.service);
    client.hangs_up_on(STREAM, &question("hello"));
    service.awaits_calls(1);
    eventually(PATIENCE, "the call is over", || service.in_flight() == 0);
}

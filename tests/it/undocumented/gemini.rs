//! What Gemini, or something before it, answers.

use std::thread;
use std::time::Duration;

use super::{HTML, JSON, PLAIN, by_default, raw};
use crate::keys::is_sentence;
use crate::pool_world::told;
use crate::world::gemini::Fault;
use crate::world::http::Raw;
use crate::world::{World, eventually, time_passes};

const LONG: Duration = Duration::from_mins(2);
const SSE: &str = "content-type: text/event-stream\r\n";

/// Refusals, pages, and streams that are none.
const REFUSED: &[Raw] = &[
    raw(
        "418 I'm a teapot",
        JSON,
        r#"{"error":{"code":418,"status":"TEAPOT","message":"short and stout"}}"#,
    ),
    raw(
        "451 Unavailable For Legal Reasons",
        JSON,
        r#"{"error":{"code":451,"status":"LEGAL","message":"Not in your jurisdiction."}}"#,
    ),
    raw("460 Client Closed", "", ""),
    raw(
        "529 Overloaded",
        JSON,
        r#"{"error":{"code":529,"message":"Overloaded","status":"UNAVAILABLE"}}"#,
    ),
    raw(
        "529 Overloaded",
        JSON,
        r#"{"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}"#,
    ),
    raw(
        "403 Forbidden",
        JSON,
        r#"{"error":{"code":403,"status":"PERMISSION_DENIED","message":"Billing account 0X is not open.","details":[{"reason":"BILLING_OF_TOMORROW"}]}}"#,
    ),
    raw(
        "403 Forbidden",
        JSON,
        r#"{"error":{"code":403,"status":"RESOURCE_EXHAUSTED","message":"Rate Limit Exceeded"}}"#,
    ),
    raw(
        "400 Bad Request",
        JSON,
        r#"{"error":{"code":400,"status":"RESOURCE_EXHAUSTED","message":"Quota of the project is used up. Please retry in 2s."}}"#,
    ),
    raw(
        "400 Bad Request",
        JSON,
        r#"{"error":{"code":400,"status":"FAILED_PRECONDITION","message":"Model is being swapped, come back soon."}}"#,
    ),
    raw(
        "429 Too Many Requests",
        JSON,
        r#"{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","message":"Please retry in 3s.","details":[{"violations":[{"quotaId":"SparklesPerFortnight","quotaValue":"7"}]}]}}"#,
    ),
    raw(
        "429 Too Many Requests",
        "content-type: application/json\r\nretry-after: -1\r\n",
        r#"[{"error":{"code":"429","status":null,"message":"Please retry in 2.5s.","details":[null,[],{"violations":null}]}}]"#,
    ),
    raw(
        "503 Service Unavailable",
        "content-type: text/html\r\nretry-after: 1000000000\r\n",
        "<html><h1>503</h1></html>",
    ),
    raw(
        "402 Payment Required",
        JSON,
        r#"{"detail":"This deployment is paused."}"#,
    ),
    raw(
        "407 Proxy Authentication Required",
        "proxy-authenticate: Basic\r\n",
        "",
    ),
    raw("302 Found", "location: http://127.0.0.1:9/login\r\n", ""),
    raw(
        "103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 500 Oops",
        PLAIN,
        "boom",
    ),
    raw("204 No Content", "connection: close\r\n", ""),
    raw("200 OK", HTML, "<html>Please accept our terms</html>"),
    raw(
        "200 OK",
        JSON,
        r#"{"error":{"code":14,"status":"UNAVAILABLE","message":"gRPC says so"}}"#,
    ),
    raw(
        "200 OK",
        SSE,
        "data: {\"error\":{\"code\":777,\"status\":\"NEVER_HEARD_OF\",\"message\":\"?\"}}\n\n",
    ),
    raw("200 OK", JSON, r#"{"error":"quota"}"#),
    raw("200 OK", JSON, r#"{"error":{"code":200,"status":"OK"}}"#),
    raw("200 OK", SSE, ""),
    raw("200 OK", SSE, ": nothing\n\nevent: end\n\n"),
    raw("200 OK", SSE, "data: {\"candidates\":[{\"content\":{\"pa"),
    raw(
        "200 OK",
        SSE,
        "data: {\"candidates\":[]}\n\ndata: {\"candidates\":null}\n\n",
    ),
    raw(
        "200 OK",
        SSE,
        "data: {\"candidates\":[{\"finishReason\":\"BORED\"}]}\n\n",
    ),
    raw(
        "200 OK",
        SSE,
        "data: {\"promptFeedback\":{\"blockReason\":\"FULL_MOON\"}}\n\n",
    ),
    raw(
        "200 OK",
        "content-type: text/event-stream\r\ncontent-length: 5000\r\n",
        "data: {\"usageMetadata\":{}}\n\n",
    ),
    raw(
        "200 OK",
        "content-type: text/event-stream\r\ncontent-encoding: gzip\r\n",
        "data: {}\n\n",
    ),
    raw(
        "200 OK",
        "content-type: text/event-stream\r\ntransfer-encoding: chunked\r\n",
        "ZZ\r\ndata: {}\n\n\r\n",
    ),
    raw(
        "501 Not Implemented",
        JSON,
        r#"{"error":{"code":501,"status":"UNIMPLEMENTED","message":"Method not found."}}"#,
    ),
    raw(
        "500 Oops",
        JSON,
        r#"{"error":{"code":null,"status":{"a":null},"message":["x"],"details":{"a":1}}}"#,
    ),
    raw("401 Unauthorized", "www-authenticate: Bearer\r\n", ""),
    raw(
        "409 Conflict",
        JSON,
        r#"{"error":{"code":409,"status":"ABORTED","message":"Try again."}}"#,
    ),
];

/// Answers in odd clothes: their text arrives.
const ANSWERED: &[Raw] = &[
    raw(
        "203 Non-Authoritative Information",
        SSE,
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"{text}\"}]},\"finishReason\":\"STOP\"}]}\n\n",
    ),
    raw(
        "103 Early Hints\r\nlink: <x>\r\n\r\nHTTP/1.1 200 OK",
        JSON,
        r#"[{"candidates":[{"content":{"parts":[{"text":"{text}"}]}}]},{"candidates":[{"finishReason":"STOP"}]}]"#,
    ),
    raw(
        "200 OK",
        "content-type: application/octet-stream\r\nconnection: close\r\n",
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"{text}\"}]},\"finishReason\":\"HAPPY\"},{\"content\":{\"parts\":[{\"text\":\"second\"}]}}]}",
    ),
    raw(
        "200 OK",
        SSE,
        "data: {\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"{text}\"}]},\"finishReason\":\"STOP\"}],\"usageMetadata\":\"none\",\"promptFeedback\":[]}\n\n",
    ),
    raw(
        "200 OK",
        SSE,
        "data: {\"candidates\":{\"content\":{\"parts\":{\"text\":\"{text}\"}},\"finishReason\":\"STOP\"}}\n\n",
    ),
    raw(
        "200 OK",
        SSE,
        "data: {\"error\":null,\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"{text}\"}]},\"finishReason\":\"stop\"}],\"usageMetadata\":{\"promptTokenCount\":\"9\"}}\n\n",
    ),
];

/// Everybody is told something, and once the cause is gone every key serves again.
fn after(raw: Raw) {
    let world = by_default().start();
    let everyone = world.gemini.everyone();
    everyone.answers(Fault::Undocumented(raw));
    for person in 100..102 {
        let heard = told(&world, person, &format!("question {person}."));
        assert!(is_sentence(&heard), "{raw:?}: {heard}");
    }
    everyone.recovers();
    every_key_serves(&world, raw);
    world.stop();
}

#[track_caller]
fn every_key_serves(world: &World, raw: Raw) {
    let owner = world.telegram.person(1);
    let before = world.gemini.calls().len();
    let mut asked = 0;
    eventually(LONG, &format!("every key serves after {raw:?}"), || {
        owner.says(&format!("is it over, {asked}?"));
        asked += 1;
        eventually(LONG, "the Owner is told", || {
            let said = world.telegram.said_to(1);
            let is_alert = |text: &str| text.contains("keys");
            let told = said.iter().filter(|it| !is_alert(&it.text)).count();
            told >= asked
        });
        time_passes(Duration::from_millis(500));
        let calls = world.gemini.calls().split_off(before);
        let serves = |key: &&str| {
            calls
                .iter()
                .any(|call| call.key == **key && call.fault.is_none())
        };
        ["k1", "k2", "k3"].iter().all(serves)
    });
    owner.says("/keys");
    let told = owner.hears_about("Keys: ").text;
    assert!(told.contains("0 blacklisted, 0 dead"), "{raw:?}: {told}");
}

fn each(rows: &'static [Raw]) {
    thread::scope(|scope| {
        for raw in rows {
            scope.spawn(|| after(*raw));
        }
    });
}

#[test]
fn whatever_is_answered_people_are_told_and_every_key_serves_after_it_1() {
    each(&REFUSED[..12]);
}

#[test]
fn whatever_is_answered_people_are_told_and_every_key_serves_after_it_2() {
    each(&REFUSED[12..24]);
}

#[test]
fn whatever_is_answered_people_are_told_and_every_key_serves_after_it_3() {
    each(&REFUSED[24..]);
}

#[test]
fn an_answer_arrives_whatever_it_comes_in() {
    let mut world = by_default().start();
    for (person, raw) in (100..).zip(ANSWERED) {
        let everyone = world.gemini.everyone();
        everyone.answers(Fault::Undocumented(*raw));
        let question = format!("question {person}.");
        let heard = told(&world, person, &question);
        assert!(heard.contains(&question), "{raw:?}: {heard}");
        everyone.recovers();
    }
    assert_eq!(world.gemini.calls().len(), ANSWERED.len());
    let told = world.tells_of_keys();
    assert!(told.contains("0 resting, 0 blacklisted, 0 dead"), "{told}");
    world.stop();
}

#[test]
fn what_one_model_answers_to_everybody_costs_nobody_the_answer() {
    let world = by_default().start();
    world
        .telegram
        .person(1)
        .is_answered("which model is first?");
    let first = world.gemini.calls()[0].model.clone();
    for (person, raw) in (100..).zip(REFUSED) {
        world
            .gemini
            .model(&first)
            .answers_times(1, Fault::Undocumented(*raw));
        let heard = told(&world, person, "hello");
        assert!(
            heard.contains("echo[") || is_sentence(&heard),
            "{raw:?}: {heard}"
        );
        world.gemini.model(&first).recovers();
    }
    world.stop();
}

//! The stand-ins themselves, seen by a tiny client: what they allow, refuse, and note.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use serde_json::{Value, json};

use crate::world::gemini::{Fault, Gemini, key_text};
use crate::world::http::{Server, Trouble};
use crate::world::telegram::{TOKEN, Telegram};
use crate::world::{eventually, now};

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(10)));
    config.build().into()
}

/// Status and body of a POST; status 0 when no answer came.
fn post(url: &str, headers: &[(&str, &str)], body: &Value) -> (u16, String) {
    let mut request = agent().post(url).header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let Ok(mut response) = request.send(body.to_string()) else {
        return (0, String::new());
    };
    let text = response.body_mut().read_to_string();
    text.map_or((0, String::new()), |text| {
        (response.status().as_u16(), text)
    })
}

struct TelegramClient {
    service: Arc<Telegram>,
    server: Server,
}

impl TelegramClient {
    fn new() -> Self {
        let service = Telegram::new();
        let server = Server::start(Arc::clone(&service));
        Self { service, server }
    }

    fn call(&self, method: &str, params: &Value) -> (u16, Value) {
        let url = format!("{}/bot{TOKEN}/{method}", self.server.url());
        let (status, body) = post(&url, &[], params);
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    fn polls(&self, params: &Value) -> Vec<i64> {
        let (_, body) = self.call("getUpdates", params);
        let updates = body["result"].as_array().cloned().unwrap_or_default();
        updates
            .iter()
            .filter_map(|update| update["update_id"].as_i64())
            .collect()
    }
}

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
        eventually(Duration::from_secs(5), "the first poll waits", || {
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
    person.has_flood_control(1);
    let hello = json!({"chat_id": 7, "text": "hello"});
    let (status, body) = client.call("sendMessage", &hello);
    assert_eq!(
        (status, &body["parameters"]["retry_after"]),
        (429, &json!(1))
    );
    let start = now();
    eventually(
        Duration::from_secs(5),
        "the call under way is forgiven",
        || now().saturating_sub(start) > Duration::from_millis(300),
    );
    assert_eq!(client.call("sendMessage", &hello).0, 429);
    assert_eq!(client.service.violations().len(), 1);
    eventually(Duration::from_secs(5), "the chat opens again", || {
        now().saturating_sub(start) > Duration::from_millis(1100)
    });
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

const MODEL: &str = "gemini-3.5-flash-lite";

struct GeminiClient {
    service: Arc<Gemini>,
    server: Server,
}

impl GeminiClient {
    fn new() -> Self {
        let service = Gemini::new();
        service.admits("k1", "p1");
        let server = Server::start(Arc::clone(&service));
        Self { service, server }
    }

    fn asks(&self, verb: &str, body: &Value) -> (u16, String) {
        let url = format!("{}/v1beta/models/{MODEL}:{verb}", self.server.url());
        post(&url, &[("x-goog-api-key", &key_text("k1"))], body)
    }
}

fn question(text: &str) -> Value {
    json!({"contents": [{"role": "user", "parts": [{"text": text}]}]})
}

#[test]
fn gemini_tells_what_it_was_asked_and_how_much_it_saw() {
    let client = GeminiClient::new();
    let turn = |role: &str, text: &str| json!({"role": role, "parts": [{"text": text}]});
    let body = json!({"contents": [turn("user", "a"), turn("model", "b"), turn("user", "c")]});
    let (status, answer) = client.asks("generateContent", &body);
    assert_eq!(status, 200);
    assert!(answer.contains("echo[1 rounds]: c"), "{answer}");
    let (_, stream) = client.asks("streamGenerateContent?alt=sse", &question("hello"));
    assert!(
        stream.matches("data: ").count() > 3 && stream.contains("STOP"),
        "{stream}"
    );
    assert_eq!(client.service.calls_by("k1"), 2);
    assert_eq!(client.service.violations(), Vec::<String>::new());
}

#[test]
fn breaches_of_the_gemini_api_are_noted() {
    let turn = |role: &str, text: &str| json!({"role": role, "parts": [{"text": text}]});
    let with = |name: &str, value: Value| {
        let mut body = question("a");
        body[name] = value;
        body
    };
    let config = |config: Value| with("generationConfig", config);
    let table = [
        json!({"contents": [turn("user", "a"), turn("model", "b")]}),
        json!({"contents": [turn("user", "a"), turn("user", "b")]}),
        json!({"contents": [turn("user", "")]}),
        json!({"contents": [{"role": "user", "parts": [{"text": "a", "inlineData": {}}]}]}),
        with("system_instruction", json!({})),
        config(json!({"temperature": 1})),
        config(json!({"thinkingConfig": {"thinkingLevel": "XHIGH"}})),
        config(json!({"thinkingConfig": {"thinkingBudget": 0}})),
    ];
    for body in table {
        let client = GeminiClient::new();
        client.asks("generateContent", &body);
        assert!(!client.service.violations().is_empty(), "{body}");
    }
    let client = GeminiClient::new();
    client.asks("streamGenerateContent", &question("a"));
    client.asks("generateContent?key=secret", &question("a"));
    assert!(client.service.violations().len() >= 2);
}

#[test]
fn gemini_counts_quota_per_project_and_model() {
    let client = GeminiClient::new();
    client.service.limits(2, 3);
    let statuses = [(); 3].map(|()| client.asks("generateContent", &question("a")).0);
    assert_eq!(statuses, [200, 200, 429]);
    assert_eq!(
        client.service.busiest_day(),
        2,
        "a refused call spends nothing"
    );
    assert_eq!(client.service.busiest_window(Duration::from_mins(1)), 2);
    assert_eq!(client.service.provoked(), 1);
}

#[test]
fn every_fault_answers_with_its_status() {
    let client = GeminiClient::new();
    for fault in [
        Fault::INVALID_KEY,
        Fault::LEAKED,
        Fault::DAY_QUOTA,
        Fault::Robots,
        Fault::INTERNAL,
    ] {
        client.service.key("k1").answers_times(1, fault);
        assert_eq!(
            client.asks("generateContent", &question("a")).0,
            fault.status(),
            "{fault:?}"
        );
        assert_eq!(
            client.asks("generateContent", &question("a")).0,
            200,
            "after {fault:?}"
        );
        client.service.key("k1").recovers();
    }
    client
        .service
        .everyone()
        .answers_every(2, Fault::MidErrorRaw);
    let (_, well) = client.asks("streamGenerateContent?alt=sse", &question("a"));
    let (_, broken) = client.asks("streamGenerateContent?alt=sse", &question("a"));
    assert!(
        well.contains("STOP") && !broken.contains("STOP"),
        "{broken}"
    );
}

//! What the stand-in for Gemini answers, counts, and notes.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::{agent, post};
use crate::world::gemini::{Fault, Gemini, key_text};
use crate::world::http::Server;

const MODEL: &str = "gemini-3.5-flash-lite";

pub(super) struct GeminiClient {
    pub(super) service: Arc<Gemini>,
    server: Server,
}

impl GeminiClient {
    pub(super) fn new() -> Self {
        let service = Gemini::new();
        service.admits("k1", "p1");
        let server = Server::start(Arc::clone(&service));
        Self { service, server }
    }

    pub(super) fn asks(&self, verb: &str, body: &Value) -> (u16, String) {
        let url = format!("{}/v1beta/models/{MODEL}:{verb}", self.server.url());
        post(&url, &[("x-goog-api-key", &key_text("k1"))], body)
    }

    /// Asks, and goes away before the answer is over.
    pub(super) fn hangs_up_on(&self, verb: &str, body: &Value) {
        let address = self.server.url().replace("http://", "");
        let mut stream = TcpStream::connect(address).unwrap();
        let (body, key) = (body.to_string(), key_text("k1"));
        let head = format!(
            "POST /v1beta/models/{MODEL}:{verb} HTTP/1.1\r\nx-goog-api-key: {key}\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        assert_ne!(stream.read(&mut [0; 64]).unwrap(), 0, "it begins");
    }
}

pub(super) fn question(text: &str) -> Value {
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
        Fault::Page(522),
        Fault::OAUTH_WANTED,
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

/// Status of the free look with the key.
fn look(client: &GeminiClient) -> u16 {
    let url = format!("{}/v1beta/models/{MODEL}", client.server.url());
    let request = agent().get(&url).header("x-goog-api-key", key_text("k1"));
    request.call().unwrap().status().as_u16()
}

#[test]
fn the_free_look_meets_what_is_about_the_key_or_the_way_and_not_what_is_about_a_text() {
    let client = GeminiClient::new();
    let asks = |text: &str| client.asks("generateContent", &question(text)).0;
    client.service.question("rm -rf").answers(Fault::Page(403));
    assert_eq!(
        (asks("why rm -rf?"), asks("why?"), look(&client)),
        (403, 200, 200)
    );
    client.service.calls_with("k1").answers(Fault::NO_BILLING);
    assert_eq!((asks("why?"), look(&client)), (403, 200));
    client.service.key("k1").answers(Fault::PROJECT_DELETED);
    assert_eq!(look(&client), 403);
    client.service.key("k1").recovers();
    client.service.everyone().answers(Fault::Page(522));
    assert_eq!(look(&client), 522);
    assert_eq!(client.service.probes_by("k1"), 4);
}

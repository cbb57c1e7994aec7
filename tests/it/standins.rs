//! The stand-ins themselves, seen by a tiny client: what they allow, refuse, and note.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use crate::world::http::Server;
use crate::world::telegram::{TOKEN, Telegram};
use crate::world::{PATIENCE, eventually, now};

mod chats;
mod gemini;
mod limits;
mod people;
mod rules;
mod streaming;
mod telegram;

fn agent() -> ureq::Agent {
    let config = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE));
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

/// Runs a scenario until one run of it took less than `limit`: what a service does within a second
/// can be seen only by a machine that is quicker.
#[track_caller]
fn quickly<T>(limit: Duration, scenario: impl Fn() -> T) -> T {
    let mut quick = None;
    eventually(PATIENCE, "the machine is quick enough", || {
        let start = now();
        quick = Some(scenario());
        now().saturating_sub(start) < limit
    });
    quick.expect("it ran")
}

/// A bare client of the stand-in for Telegram.
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

    fn url(&self, method: &str) -> String {
        format!("{}/bot{TOKEN}/{method}", self.server.url())
    }

    fn call(&self, method: &str, params: &Value) -> (u16, Value) {
        let (status, body) = post(&self.url(method), &[], params);
        (status, serde_json::from_str(&body).unwrap_or(Value::Null))
    }

    /// The same, which has to succeed.
    #[track_caller]
    fn does(&self, method: &str, params: &Value) -> Value {
        let (status, body) = self.call(method, params);
        assert_eq!(status, 200, "{method} {params}: {body}");
        body["result"].clone()
    }

    /// The same, which has to be refused; why.
    #[track_caller]
    fn is_refused(&self, method: &str, params: &Value) -> String {
        let (status, body) = self.call(method, params);
        assert_eq!(status, 400, "{method} {params}: {body}");
        let why = body["description"].as_str().unwrap_or_default();
        why.replace("Bad Request: ", "")
    }

    /// Updates of one kind that no poll confirmed.
    fn updates(&self, kind: &str) -> Vec<Value> {
        let (_, body) = self.call("getUpdates", &json!({"offset": 0}));
        let all = body["result"].as_array().cloned().unwrap_or_default();
        assert!(
            all.len() > 1,
            "a poll too soon after another gets one update only"
        );
        all.iter()
            .filter_map(|update| update.get(kind).cloned())
            .collect()
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

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use super::*;
use crate::clock::Timestamp;
use crate::config::{Config, Need, Sources};
use crate::keys::{Health, Scope};
use crate::store::{Open, Store};

const KEY: &str = "AQ.key-of-this-test";

/// Answers one request like this; ends with the first line of it.
fn serve(reply: String) -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
        let first = lines.next().unwrap().unwrap();
        while lines.next().is_some_and(|line| !line.unwrap().is_empty()) {}
        stream.write_all(reply.as_bytes()).unwrap();
        first
    });
    (url, served)
}

/// An engine whose one key died long ago and is to be looked at since then.
async fn engine_with_a_dead_key(folder: &Path, url: &str, retest: Timestamp) -> Arc<Engine> {
    let settings = [("GEMINI_API_KEY", KEY), ("GEMINI_API_URL", url)];
    let sources = Sources::below(folder, &settings);
    let (config, _) = Config::load(&sources, Need::Nothing).unwrap();
    let store = Store::open(&folder.join("bot.redb"), Open::CreateIfMissing).unwrap();
    let scope = Scope::Key(store.fingerprint(KEY));
    let mut dead = Health {
        dead: Some((Death::Invalid, clock::now().before(Duration::from_hours(2)))),
        ..Health::default()
    };
    dead.cooling.until = Some(retest);
    dead.cooling.since = Some(clock::now().before(Duration::from_hours(1)));
    dead.breaker.trips = 1;
    let stored = store.write(move |rows| rows.put_key_state(&scope, &dead));
    stored.await.unwrap();
    Arc::new(Engine::new(config, store).unwrap())
}

/// What the store holds of the key.
async fn stored(engine: &Engine) -> Health {
    let scope = Scope::Key(engine.store.fingerprint(KEY));
    let found = engine.store.read(move |rows| {
        let mut rows = rows.key_states()?.into_iter();
        Ok(rows.find(|(row, _)| *row == scope))
    });
    found.await.unwrap().unwrap().1
}

/// An answer with a body of JSON.
fn http(status: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn a_key_whose_time_has_come_is_looked_at_and_what_that_shows_is_stored() {
    let an_hour_ago = clock::now().before(Duration::from_hours(1));
    let refusal =
        r#"{"error":{"code":400,"message":"API key not valid.","status":"INVALID_ARGUMENT"}}"#;
    let replies = [
        (http("200 OK", "{}"), true),
        (http("400 Bad Request", refusal), false),
    ];
    for (reply, lives) in replies {
        let folder = tempfile::tempdir().unwrap();
        let (url, served) = serve(reply);
        let engine = engine_with_a_dead_key(folder.path(), &url, an_hour_ago).await;
        look_at_due(&engine).await;
        let asked = served.join().unwrap();
        assert!(asked.starts_with("GET /v1beta/models/gemini-"), "{asked}");
        assert_eq!(engine.lending.with(|pool| pool.dead()).is_empty(), lives);
        let health = stored(&engine).await;
        assert_eq!(health.dead.is_none(), lives);
        // Not again in the next tick.
        assert!(
            engine
                .lending
                .with(|pool| pool.due(clock::now()))
                .is_empty()
        );
        assert_eq!(health.cooling.until > Some(clock::now()), !lives);
    }
}

#[tokio::test]
async fn a_key_whose_time_has_not_come_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let in_an_hour = clock::now().after(Duration::from_hours(1));
    let engine = engine_with_a_dead_key(folder.path(), &url, in_an_hour).await;
    look_at_due(&engine).await;
    assert!(listener.accept().is_err(), "nobody has called");
    assert_eq!(stored(&engine).await.cooling.until, Some(in_an_hour));
}

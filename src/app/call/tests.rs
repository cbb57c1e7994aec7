use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::Path;
use std::thread;

use super::*;
use crate::app::ending::Cancel;
use crate::catalog::Tier;
use crate::chat::answer::Viewer;
use crate::chat::part::{PromptPart, text_of};
use crate::chat::prompt::{Message, Speaker};
use crate::config::{Config, Need, Sources, Stream};
use crate::store::{Open, Store};

const OLD: &str = "AQ.key-of-the-snapshot";
const NEW: &str = "AQ.key-that-came-later";

/// Answers one call with "hi"; ends with the key that it came with.
fn serve() -> (String, thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let served = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let (mut key, mut length) = (String::new(), 0);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            match line.trim_end().split_once(": ") {
                Some(("x-goog-api-key", value)) => value.clone_into(&mut key),
                Some(("content-length", value)) => length = value.parse().unwrap(),
                None if line.trim_end().is_empty() => break,
                Some(_) | None => {}
            }
        }
        reader.read_exact(&mut vec![0; length]).unwrap();
        let event =
            r#"data: {"candidates":[{"finishReason":"STOP","content":{"parts":[{"text":"hi"}]}}]}"#;
        let head = "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n";
        let length = event.len();
        write!(stream, "{head}content-length: {length}\r\n\r\n{event}").unwrap();
        key
    });
    (url, served)
}

fn config(folder: &Path, url: &str, keys: &str) -> Config {
    let settings = [("GEMINI_API_KEYS", keys), ("GEMINI_API_URL", url)];
    let sources = Sources::below(folder, &settings);
    Config::load(&sources, Need::Nothing).unwrap().0
}

/// How a question ends in a bot with these keys, whose turn has settings with the old one only.
async fn ended(folder: &Path, url: &str, keys: &str) -> Result<Answer, Ending> {
    let store = Store::open(&folder.join("bot.redb"), Open::CreateIfMissing).unwrap();
    let engine = Engine::new(config(folder, url, keys), store).unwrap();
    let engine = Arc::new(engine);
    let snapshot = Settings::new(config(folder, url, OLD), &engine.store, None).unwrap();
    let message = Message {
        speaker: Speaker::Person,
        parts: vec![PromptPart::Text("hello".to_owned())],
    };
    let (sight, cancel) = (Sight::new(), Cancel::default());
    let question = Question {
        prompt: Arc::new(Prompt::new(String::new(), vec![message])),
        kind: Tier::Lite.into(),
        output: Output::Text,
        signed_by: None,
        groups: vec![Group::A, Group::B, Group::C, Group::D],
        rank: 0,
        deadline: clock::instant() + snapshot.config.limits.answer_deadline,
        run: Run {
            job: JobId(1),
            crashes: 0,
        },
        view: View {
            stream: Stream::Auto,
            viewer: Viewer::Nobody,
            sight: &sight,
            cancel: &cancel,
        },
    };
    let called = until_answered(&engine, &snapshot, &question).await;
    called.unwrap().result
}

#[tokio::test]
async fn a_key_that_is_not_in_the_turns_settings_is_passed_over() {
    // Which key is lent first is chance.
    for _ in 0..6 {
        let folder = tempfile::tempdir().unwrap();
        let (url, served) = serve();
        let ended = ended(folder.path(), &url, &format!("{OLD},{NEW}")).await;
        assert!(matches!(ended, Ok(answer) if text_of(&answer.parts) == "hi"));
        assert_eq!(served.join().unwrap(), OLD);
    }
}

#[tokio::test]
async fn with_no_key_of_the_turns_settings_it_is_no_time_out() {
    let folder = tempfile::tempdir().unwrap();
    let ended = ended(folder.path(), "http://127.0.0.1:9", NEW).await;
    // The pool has keys, so the next turn, with newer settings, may fare better.
    assert!(matches!(ended, Err(Ending::Failed(Failure::Unexplained))));
}

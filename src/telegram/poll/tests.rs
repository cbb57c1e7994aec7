use serde_json::json;
use tokio::sync::mpsc;

use super::*;
use crate::http::Fault;
use crate::telegram::tests::{Reply, Server, body, says};

const EMPTY: &str = r#"{"ok":true,"result":[]}"#;

/// Only our own deadline, or a broken connection, ends a poll that is not answered.
fn settings(deadline: u64) -> Settings {
    Settings {
        read: Duration::from_hours(1),
        deadline: Duration::from_secs(deadline),
        ..Settings::default()
    }
}

fn poller(server: &Server) -> Poller {
    Poller::new(server.account(), settings(20))
}

async fn polled(reply: Reply) -> Result<Batch, PollError> {
    let server = Server::start([reply]);
    let outcome = poller(&server).next(None, 100).await;
    server.requests();
    outcome
}

fn refused(code: u16, description: &str) -> Reply {
    let body = json!({"ok": false, "error_code": code, "description": description});
    says(code, &body.to_string())
}

#[tokio::test]
async fn a_poll_asks_for_what_is_decoded_and_for_nothing_else() {
    let server = Server::start([says(200, EMPTY), says(200, EMPTY)]);
    let mut poller = poller(&server);
    poller.next(None, 0).await.unwrap();
    poller.next(Some(12), 100).await.unwrap();
    let kinds = [
        "message",
        "edited_message",
        "callback_query",
        "my_chat_member",
        "stopped_message_generation",
    ];
    let requests = server.requests();
    let first = json!({"limit": 1, "timeout": 50, "allowed_updates": kinds});
    let second = json!({"offset": 12, "limit": 100, "timeout": 50, "allowed_updates": kinds});
    assert_eq!(body(&requests[0]), first);
    assert_eq!(body(&requests[1]), second);
}

#[tokio::test]
async fn what_one_update_holds_does_not_hide_the_others() {
    let batch = r#"{"ok":true,"result":[
        {"update_id":10,"message":{"message_id":1}},
        {"update_id":11,"hologram":{"deep":[[[{"x":1e999}]]],"text":"\ud800"}},
        {"message":{"message_id":2}},
        {"update_id":"twelve"},
        17,
        {"update_id":13,"message":5}
    ]}"#;
    let batch = polled(says(200, batch)).await.unwrap();
    let ids: Vec<_> = batch.updates.iter().map(|update| update.id.0).collect();
    assert_eq!(ids, [10, 11, 13]);
    assert_eq!(
        batch.updates[2].json.get(),
        r#"{"update_id":13,"message":5}"#
    );
    assert_eq!(batch.date, Some(Timestamp::from_secs(1_795_176_001)));
}

#[tokio::test]
async fn every_failure_is_sorted_by_what_the_loop_does_next() {
    let second = "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running";
    let webhook = "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first";
    let flood = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 86399","parameters":{"retry_after":86399}}"#;
    let half = "HTTP/1.1 200 OK\r\ncontent-length: 900\r\n\r\n{\"ok\":true,\"result\":[";
    for (reply, error) in [
        (refused(401, "Unauthorized"), PollError::Unauthorized),
        (refused(404, "Not Found"), PollError::Unauthorized),
        (refused(409, second), PollError::OtherPoller),
        (refused(409, webhook), PollError::Webhook),
        (
            says(429, flood),
            PollError::Flood(Duration::from_secs(86_399)),
        ),
        (
            says(502, "<html>Bad Gateway</html>"),
            PollError::Down(Refusal::Transient(502).into()),
        ),
        (
            says(200, r#"{"ok":true,"result":[{"update_id":1},]}"#),
            PollError::Down(CallError::Garbled),
        ),
        (Reply::Bytes(""), PollError::Down(Fault::Closed.into())),
        (Reply::Bytes(half), PollError::Down(Fault::Closed.into())),
    ] {
        let shown = format!("{reply:?}");
        assert_eq!(polled(reply).await.map(drop), Err(error), "{shown}");
    }
}

#[tokio::test]
async fn a_hung_poll_is_broken_off_and_the_next_one_works() {
    // The server's thread ends only when the held connection is closed from our side.
    let (came, mut seen) = mpsc::channel(1);
    let server = Server::start([Reply::Holds(came), says(200, EMPTY)]);
    let mut poller = Poller::new(server.account(), settings(1));
    assert_eq!(poller.next(None, 1).await.map(drop), Err(PollError::Hung));
    assert_eq!(seen.recv().await, Some(()));
    poller.settings = settings(20);
    assert!(poller.next(None, 1).await.unwrap().updates.is_empty());
    assert_eq!(server.requests().len(), 2);
}

#[tokio::test]
async fn a_dropped_poll_is_broken_off_and_its_updates_come_again() {
    let batch = r#"{"ok":true,"result":[{"update_id":5}]}"#;
    let (came, mut seen) = mpsc::channel(1);
    let server = Server::start([Reply::Holds(came), says(200, batch)]);
    let mut poller = poller(&server);
    tokio::select! {
        _ = poller.next(Some(5), 1) => panic!("the server answers nothing"),
        came = seen.recv() => assert_eq!(came, Some(())),
    }
    let batch = poller.next(Some(5), 1).await.unwrap();
    assert_eq!(batch.updates[0].id, UpdateId(5));
    let requests = server.requests();
    assert_eq!(body(&requests[0]), body(&requests[1]));
}

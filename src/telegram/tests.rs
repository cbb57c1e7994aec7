//! Against a listener on loopback that plays the Bot API.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::{self, JoinHandle};

use tokio::sync::mpsc;

use super::*;
use crate::http::IpFamily;

pub(super) const TOKEN: &str = "123456:AAtopSecret";

/// What the server does with one request, each on a connection of its own.
#[derive(Debug, Clone)]
pub(super) enum Reply {
    /// Status and body.
    Says(u16, String),
    /// These bytes, then the end of the connection.
    Bytes(&'static str),
    /// Nothing but word to us that the request came, until the client goes away.
    Holds(mpsc::Sender<()>),
}

pub(super) fn says(status: u16, body: &str) -> Reply {
    Reply::Says(status, body.to_owned())
}

pub(super) struct Server {
    addr: SocketAddr,
    thread: JoinHandle<Vec<String>>,
}

impl Server {
    pub(super) fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let replies: Vec<_> = replies.into_iter().collect();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let serve = move |reply| serve(listener.accept().unwrap().0, reply);
        let thread = thread::spawn(move || replies.into_iter().map(serve).collect());
        Self { addr, thread }
    }

    pub(super) fn account(&self) -> Account {
        let transport = Transport::new(None, IpFamily::Auto, None).unwrap();
        let base = format!("http://{}/", self.addr);
        Account::new(transport, &base, Secret::new(TOKEN))
    }

    pub(super) fn client(&self) -> Client {
        self.account().client(CALLS)
    }

    /// The requests, heads and bodies, once all replies are given.
    pub(super) fn requests(self) -> Vec<String> {
        self.thread.join().unwrap()
    }
}

fn serve(mut stream: TcpStream, reply: Reply) -> String {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut request = String::new();
    while !request.ends_with("\r\n\r\n") && reader.read_line(&mut request).unwrap() > 0 {}
    let length = request
        .lines()
        .find_map(|line| line.strip_prefix("content-length: "))
        .map_or(0, |length| length.parse().unwrap());
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    request.push_str(&String::from_utf8(body).unwrap());
    match reply {
        Reply::Says(status, body) => {
            let length = body.len();
            let head = format!(
                "HTTP/1.1 {status} X\r\ndate: Fri, 20 Nov 2026 12:00:01 GMT\r\n\
                 connection: close\r\ncontent-length: {length}\r\n\r\n"
            );
            stream.write_all((head + &body).as_bytes()).unwrap();
        }
        Reply::Bytes(bytes) => stream.write_all(bytes.as_bytes()).unwrap(),
        Reply::Holds(came) => {
            came.try_send(()).unwrap();
            assert!(reader.read(&mut [0]).is_ok_and(|read| read == 0));
        }
    }
    request
}

/// The JSON body of a request.
pub(super) fn body(request: &str) -> serde_json::Value {
    let (_, body) = request.split_once("\r\n\r\n").unwrap();
    serde_json::from_str(body).unwrap()
}

fn outcome(reply: Reply) -> Result<bool, CallError> {
    let server = Server::start([reply]);
    let outcome = server.client().call("getMe", &());
    server.requests();
    outcome
}

#[test]
fn an_accepted_call_is_decoded_into_the_type_asked_for() {
    let answer = r#"{"ok":true,"result":true,"new_field":[1]}"#;
    assert_eq!(outcome(says(200, answer)), Ok(true));
}

#[test]
fn a_call_without_parameters_still_sends_an_object_to_the_method_of_the_token() {
    let server = Server::start([says(200, r#"{"ok":true,"result":true}"#)]);
    let _: bool = server.client().call("getMe", &()).unwrap();
    let requests = server.requests();
    let line = format!("POST /bot{TOKEN}/getMe HTTP/1.1\r\n");
    assert!(requests[0].starts_with(&line), "{requests:?}");
    assert!(requests[0].ends_with("\r\n\r\n{}"), "{requests:?}");
}

#[test]
fn every_way_to_fail_has_its_error() {
    let flood = r#"{"ok":false,"error_code":429,"description":"Too Many Requests: retry after 86399","parameters":{"retry_after":86399}}"#;
    let migrated = r#"{"ok":false,"error_code":400,"description":"Bad Request: group chat was upgraded to a supergroup chat","parameters":{"migrate_to_chat_id":-1001}}"#;
    let odd = r#"{"ok":false,"error_code":"x","description":"Forbidden: bot was blocked by the user","parameters":[]}"#;
    for (reply, error) in [
        (
            says(429, flood),
            Refusal::Flood(Duration::from_secs(86_399)).into(),
        ),
        (
            says(400, migrated),
            Refusal::Migrated(crate::chat::ChatId(-1001)).into(),
        ),
        (says(403, odd), Refusal::ChatClosed.into()),
        (
            says(502, "<html>Bad Gateway</html>"),
            Refusal::Transient(502).into(),
        ),
        (
            says(403, "<html>a firewall</html>"),
            Refusal::Transient(403).into(),
        ),
        (
            says(404, "<html>nginx</html>"),
            Refusal::Transient(404).into(),
        ),
        (says(302, ""), Refusal::Transient(302).into()),
        (says(200, "<html>hotel wifi</html>"), CallError::Garbled),
        (
            says(200, r#"{"ok":true,"result":{"surprise":1}}"#),
            CallError::Garbled,
        ),
        (says(200, r#"{"ok":true,"result":tr"#), CallError::Garbled),
        (Reply::Bytes(""), Fault::Closed.into()),
        (
            Reply::Bytes("HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n{\"ok\":"),
            Fault::Closed.into(),
        ),
        (
            says(200, &" ".repeat(1 + (1 << 20))),
            Fault::TooLarge.into(),
        ),
    ] {
        let shown: String = format!("{reply:?}").chars().take(99).collect();
        assert_eq!(outcome(reply), Err(error), "{shown}");
    }
}

#[test]
fn only_what_telegram_may_have_carried_out_can_have_happened() {
    for (error, may) in [
        (Fault::Connect.into(), false),
        (Fault::TimedOut.into(), true),
        (Fault::Closed.into(), true),
        (Refusal::Transient(502).into(), true),
        (CallError::Garbled, true),
        (Refusal::Flood(Duration::ZERO).into(), false),
        (CallError::Local(std::io::ErrorKind::NotFound), false),
    ] {
        assert_eq!(error.may_have_happened(), may, "{error}");
    }
}

#[test]
fn the_token_is_in_no_error_and_no_debug_text() {
    let echo = format!(r#"{{"ok":false,"error_code":400,"description":"no /bot{TOKEN}/x here"}}"#);
    let server = Server::start([says(400, &echo)]);
    let client = server.client();
    let refused = client.call::<_, bool>("getMe", &()).unwrap_err();
    let account = server.account();
    server.requests();
    let closed = client.call::<_, bool>("getMe", &()).unwrap_err();
    assert_eq!(closed, Fault::Connect.into());
    let text = format!("{refused} {refused:?} {closed} {closed:?} {client:?} {account:?}");
    assert!(
        !text.contains("topSecret") && !text.contains("127.0.0.1"),
        "{text}"
    );
    assert!(text.contains("no /bot"), "{text}");
}

#[test]
fn the_named_methods_of_frankenstein_upload_by_path() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.txt");
    std::fs::write(&path, "content").unwrap();
    let server = Server::start([says(200, r#"{"ok":true,"result":true}"#)]);
    let params = frankenstein::methods::SetMyProfilePhotoParams::builder()
        .photo(frankenstein::input_media::InputProfilePhoto::Static(
            frankenstein::input_media::InputProfilePhotoStatic::builder()
                .photo(path)
                .build(),
        ))
        .build();
    assert!(
        server
            .client()
            .set_my_profile_photo(&params)
            .unwrap()
            .result
    );
    let requests = server.requests();
    assert!(requests[0].contains("filename=\"a.txt\""), "{requests:?}");
    assert!(
        requests[0].contains("\r\n\r\ncontent\r\n--"),
        "{requests:?}"
    );
}

#[test]
fn the_servers_clock_is_read_from_the_date_header() {
    let midnight = "Thu, 01 Jan 1970 00:00:10 GMT";
    assert_eq!(http_date(midnight), Some(Timestamp::from_secs(10)));
    assert_eq!(http_date("yesterday"), None);
}

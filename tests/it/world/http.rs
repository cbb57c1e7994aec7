//! A hand-written HTTP/1.1 server for the stand-ins: keep-alive, bodies by length or in chunks,
//! and every way a real service misbehaves. One thread per connection.
//!
//! The last byte of a request with a length stays in the socket until the reply begins: a socket
//! closed with unread bytes answers with a TCP reset, which is how [`Trouble::Reset`] is made.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use serde_json::Value;

mod raw;

pub(crate) use raw::Raw;

use super::{PATIENCE, eventually};

/// Something that answers requests.
pub(crate) trait Service: Send + Sync + 'static {
    fn answer(&self, request: &Request, wire: &mut Wire);

    /// What time it is for the service.
    fn time(&self) -> Duration {
        super::now()
    }
}

/// How a service fails below its own protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// 502 with a page of HTML, as a gateway writes it.
    BadGateway,
    /// A TCP reset before any byte of an answer.
    Reset,
    /// The connection is closed before any byte of an answer.
    HangUp,
    /// 200, and a body that is no JSON.
    Garbage,
    /// A length is promised, and half of it comes.
    CutBody,
    /// Nothing at all, until the caller goes away.
    Hang,
}

/// One request, read as far as its last byte.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Request {
    /// Every value of a header; two credentials must not hide behind the first.
    pub(crate) fn headers(&self, name: &str) -> Vec<&str> {
        let named = |(key, _): &&(String, String)| key.eq_ignore_ascii_case(name);
        let of = self.headers.iter().filter(named);
        of.map(|(_, value)| value.as_str()).collect()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers(name).first().copied()
    }

    fn length(&self) -> Option<usize> {
        self.header("content-length")?.trim().parse().ok()
    }

    fn is_chunked(&self) -> bool {
        self.header("transfer-encoding")
            .is_some_and(|how| how.eq_ignore_ascii_case("chunked"))
    }
}

/// At which end of a request the crash point is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum When {
    /// The service has not done it.
    Before,
    /// The service has done it, and the caller does not know.
    After,
}

/// A crash point: holds up one request, counted over all services that share it, so that a test can
/// kill the bot just there. Polls are not counted.
#[derive(Debug, Default)]
pub(crate) struct CrashPoint(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    armed: Option<(usize, When)>,
    /// Only requests to this method count; all, where it is empty.
    method: &'static str,
    reached: bool,
}

impl CrashPoint {
    /// The request after so many others is held up.
    pub(crate) fn arm(&self, after: usize, when: When) {
        self.arm_at("", after, when);
    }

    /// The same of the requests to one method of the Bot API.
    pub(crate) fn arm_at(&self, method: &'static str, after: usize, when: When) {
        *self.0.lock() = State {
            armed: Some((after, when)),
            method,
            reached: false,
        };
    }

    pub(crate) fn disarm(&self) {
        self.0.lock().armed = None;
    }

    /// A request is held up, and is until its caller goes away.
    pub(crate) fn is_reached(&self) -> bool {
        self.0.lock().reached
    }

    fn reached_by(&self, request: &Request) -> Option<When> {
        if request.path.ends_with("/getUpdates") {
            return None;
        }
        let mut state = self.0.lock();
        if !request.path.ends_with(state.method) {
            return None;
        }
        let (left, when) = state.armed?;
        state.armed = left.checked_sub(1).map(|left| (left, when));
        state.reached = state.armed.is_none();
        state.reached.then_some(when)
    }
}

/// The way back to the caller of one connection.
#[derive(Debug)]
pub(crate) struct Wire {
    stream: TcpStream,
    closing: Arc<AtomicBool>,
    /// The last byte of the request is still in the socket.
    owes_a_byte: bool,
    open: bool,
    /// What is written goes nowhere.
    muted: bool,
    /// How far the service's time is ahead of ours.
    ahead: Duration,
}

impl Wire {
    pub(crate) fn json(&mut self, status: u16, body: &Value) {
        self.whole(status, "application/json", body.to_string().as_bytes());
    }

    pub(crate) fn html(&mut self, status: u16, body: &str) {
        self.whole(status, "text/html; charset=UTF-8", body.as_bytes());
    }

    /// An answer of known length.
    pub(crate) fn whole(&mut self, status: u16, kind: &str, body: &[u8]) {
        self.head(status, kind, &format!("content-length: {}", body.len()));
        self.write(body);
    }

    /// Half of the promised bytes; the caller decides what follows.
    pub(crate) fn half(&mut self, status: u16, kind: &str, body: &[u8]) {
        self.head(status, kind, &format!("content-length: {}", body.len()));
        self.write(&body[..body.len() / 2]);
    }

    pub(crate) fn begin_stream(&mut self) {
        self.head(200, "text/event-stream", "transfer-encoding: chunked");
    }

    /// One piece of a stream; false when nobody reads it any more.
    pub(crate) fn piece(&mut self, text: &str) -> bool {
        self.write(format!("{:x}\r\n{text}\r\n", text.len()).as_bytes());
        self.open
    }

    pub(crate) fn end_stream(&mut self) {
        self.write(b"0\r\n\r\n");
    }

    /// Misbehaves; afterwards the connection is of no use.
    pub(crate) fn suffer(&mut self, trouble: Trouble) {
        match trouble {
            Trouble::BadGateway => self.html(502, "<html><h1>502 Bad Gateway</h1></html>"),
            Trouble::Reset => {}
            Trouble::HangUp => self.take_last_byte(),
            Trouble::Garbage => self.whole(200, "application/json", b"{\"ok\":tru\x00 <<"),
            Trouble::CutBody => self.half(200, "application/json", b"{\"ok\":true,\"result\":[]}"),
            Trouble::Hang => self.stall(),
        }
        if !matches!(trouble, Trouble::BadGateway | Trouble::Garbage) {
            self.hang_up();
        }
    }

    /// Closes the connection once the current answer is written.
    pub(crate) fn hang_up(&mut self) {
        self.open = false;
    }

    /// Says nothing until the caller goes away or the world ends.
    pub(crate) fn stall(&mut self) {
        while !self.is_deserted() {
            thread::sleep(Duration::from_millis(10));
        }
        self.open = false;
    }

    /// Takes time, as a service at work does; false when the caller went away meanwhile.
    pub(crate) fn work(&mut self, time: Duration) -> bool {
        let slices = time.as_millis() / 10;
        for _ in 0..slices {
            if self.is_deserted() {
                self.open = false;
                return false;
            }
            thread::sleep(Duration::from_millis(10));
        }
        true
    }

    /// Nobody waits for the answer any more.
    pub(crate) fn is_deserted(&mut self) -> bool {
        self.take_last_byte();
        let mut byte = [0];
        self.stream.set_nonblocking(true).ok();
        let peeked = self.stream.peek(&mut byte);
        self.stream.set_nonblocking(false).ok();
        let gone = match peeked {
            Ok(read) => read == 0,
            Err(error) => error.kind() != io::ErrorKind::WouldBlock,
        };
        gone || self.closing.load(Ordering::Relaxed)
    }

    fn head(&mut self, status: u16, kind: &str, length: &str) {
        self.take_last_byte();
        let date = super::http_date(super::now() + self.ahead);
        let head = format!(
            "HTTP/1.1 {status} Status\r\ndate: {date}\r\ncontent-type: {kind}\r\n{length}\r\n\r\n"
        );
        self.write(head.as_bytes());
    }

    fn write(&mut self, bytes: &[u8]) {
        if self.open && !self.muted && self.stream.write_all(bytes).is_err() {
            self.open = false;
        }
    }

    fn take_last_byte(&mut self) {
        if std::mem::take(&mut self.owes_a_byte) {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).ok();
        }
    }

    /// The next request of this connection, `None` when there is none any more.
    fn next_request(&mut self) -> Option<Request> {
        let head = self.read_head()?;
        let mut request = parse_head(&head)?;
        if request.header("expect").is_some() {
            self.write(b"HTTP/1.1 100 Continue\r\n\r\n");
        }
        if request.is_chunked() {
            request.body = self.read_chunks()?;
        } else if let Some(length @ 1..) = request.length() {
            request.body = self.read_but_last(length)?;
        }
        Some(request)
    }

    fn read_head(&mut self) -> Option<Vec<u8>> {
        let mut head = Vec::new();
        loop {
            let mut seen = [0; 8192];
            let count = self.stream.peek(&mut seen).ok()?;
            if count == 0 {
                return None;
            }
            let before = head.len();
            head.extend_from_slice(&seen[..count]);
            let end = head.windows(4).position(|four| four == b"\r\n\r\n");
            let taken = end.map_or(count, |at| at + 4 - before);
            self.stream.read_exact(&mut seen[..taken]).ok()?;
            if end.is_some() {
                head.truncate(before + taken);
                return Some(head);
            }
        }
    }

    /// Reads a body of known length, and only looks at its last byte.
    fn read_but_last(&mut self, length: usize) -> Option<Vec<u8>> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body[..length - 1]).ok()?;
        if self.stream.peek(&mut body[length - 1..]).ok()? == 0 {
            return None;
        }
        self.owes_a_byte = true;
        Some(body)
    }

    fn read_chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = usize::from_str_radix(self.read_line()?.trim(), 16).ok()?;
            let mut chunk = vec![0; size];
            self.stream.read_exact(&mut chunk).ok()?;
            self.read_line()?;
            if size == 0 {
                return Some(body);
            }
            body.append(&mut chunk);
        }
    }

    fn read_line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        let mut byte = [0];
        while byte != *b"\n" {
            self.stream.read_exact(&mut byte).ok()?;
            line.push(byte[0]);
        }
        String::from_utf8(line).ok()
    }
}

fn parse_head(head: &[u8]) -> Option<Request> {
    let mut fields = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut fields);
    parsed.parse(head).ok()?;
    let (path, query) = parsed.path?.split_once('?').unwrap_or((parsed.path?, ""));
    let text = |value: &[u8]| String::from_utf8_lossy(value).into_owned();
    Some(Request {
        method: parsed.method?.to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: parsed
            .headers
            .iter()
            .map(|field| (field.name.to_owned(), text(field.value)))
            .collect(),
        body: Vec::new(),
    })
}

/// A listening service on a port of its own; it stops when dropped.
#[derive(Debug)]
pub(crate) struct Server {
    address: SocketAddr,
    closing: Arc<AtomicBool>,
    /// Where the connections come from that are open.
    callers: Arc<Mutex<Vec<SocketAddr>>>,
}

impl Server {
    pub(crate) fn start(service: Arc<impl Service>) -> Self {
        Self::with_crash_point(service, Arc::default())
    }

    pub(crate) fn with_crash_point(
        service: Arc<impl Service>,
        crash_point: Arc<CrashPoint>,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let closing = Arc::new(AtomicBool::new(false));
        let callers: Arc<Mutex<Vec<SocketAddr>>> = Arc::default();
        let (flag, open) = (Arc::clone(&closing), Arc::clone(&callers));
        thread::spawn(move || {
            loop {
                let Ok((stream, caller)) = listener.accept() else {
                    continue;
                };
                if flag.load(Ordering::Relaxed) {
                    return;
                }
                open.lock().push(caller);
                let (service, flag) = (Arc::clone(&service), Arc::clone(&flag));
                let (crash_point, open) = (Arc::clone(&crash_point), Arc::clone(&open));
                thread::spawn(move || {
                    converse(&*service, stream, flag, &crash_point);
                    let mut open = open.lock();
                    let own = open.iter().position(|other| *other == caller);
                    open.swap_remove(own.expect("it was noted"));
                });
            }
        });
        Self {
            address,
            closing,
            callers,
        }
    }

    /// Waits until all that was on its way from callers who are gone has arrived.
    pub(crate) fn hears_out(&self) {
        // Connections are taken in their order: behind this one there is none of theirs.
        let newest = TcpStream::connect(self.address).expect("it listens");
        let alone = [newest.local_addr().expect("an address")];
        eventually(PATIENCE, "all is heard", || *self.callers.lock() == alone);
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        // Wakes the thread that accepts.
        TcpStream::connect(self.address).ok();
    }
}

fn converse(
    service: &impl Service,
    stream: TcpStream,
    closing: Arc<AtomicBool>,
    crash_point: &CrashPoint,
) {
    stream.set_nodelay(true).ok();
    let mut wire = Wire {
        stream,
        closing,
        owes_a_byte: false,
        open: true,
        muted: false,
        ahead: Duration::ZERO,
    };
    while let Some(request) = wire.next_request() {
        let when = crash_point.reached_by(&request);
        wire.muted = when.is_some();
        wire.ahead = service.time().saturating_sub(super::now());
        if when != Some(When::Before) {
            service.answer(&request, &mut wire);
        }
        if when.is_some() {
            wire.stall();
        }
        if !wire.open {
            return;
        }
    }
}

//! What a hostile or broken server can do to a request: nothing takes more memory or time than the
//! agent's limits.

use std::net::TcpStream;

use super::*;
use crate::clock;

/// What a caller reads of a body in these tests.
const MOST: u64 = 1 << 20;
/// Short, because they are waited out.
const HASTY: Limits = Limits {
    first_byte: Duration::from_secs(1),
    body: Some(Duration::from_secs(1)),
    between_bytes: None,
    idle_connections: 0,
};
/// Far beyond the limits: whoever takes longer takes as long as the server likes.
const TOO_LONG: Duration = Duration::from_mins(1);

/// What one connection is told, until it is closed.
type Script = fn(&mut TcpStream) -> std::io::Result<()>;

/// A server that follows the script on its first connection.
fn hostile(script: Script) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = String::new();
        let mut lines = BufReader::new(stream.try_clone().unwrap());
        while !head.ends_with("\r\n\r\n") && lines.read_line(&mut head).is_ok_and(|read| read > 0) {
        }
        // Ends when the client has had enough.
        drop(script(&mut stream));
    });
    addr
}

fn without_end(stream: &mut TcpStream, piece: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(piece)?;
    }
}

fn drip(stream: &mut TcpStream, byte: &[u8]) -> std::io::Result<()> {
    loop {
        stream.write_all(byte)?;
        thread::sleep(Duration::from_millis(50));
    }
}

fn begin(stream: &mut TcpStream, headers: &str) -> std::io::Result<()> {
    stream.write_all(format!("HTTP/1.1 200 OK\r\n{headers}\r\n").as_bytes())
}

/// A gzip member of 258 zeros for each 13 bits, by the fixed codes of RFC 1951 §3.2.6: the literal 0,
/// then over and over the length 258 at the distance 1.
fn bomb(repeats: usize) -> Vec<u8> {
    let mut bytes = vec![0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255];
    // The last block, with fixed codes; codes are packed from their highest bit on.
    let begin = "110".to_owned() + "00110000";
    let bits = begin
        .chars()
        .chain("1100010100000".chars().cycle().take(13 * repeats));
    let (mut byte, mut filled) = (0_u8, 0);
    for bit in bits {
        byte |= u8::from(bit == '1') << filled;
        filled += 1;
        if filled == 8 {
            bytes.push(byte);
            (byte, filled) = (0, 0);
        }
    }
    bytes
}

const SCRIPTS: &[(&str, Script, Fault)] = &[
    (
        "a status line byte by byte",
        |s| drip(s, b"H"),
        Fault::Protocol,
    ),
    (
        "headers byte by byte",
        |s| {
            s.write_all(b"HTTP/1.1 200 OK\r\nx: ")?;
            drip(s, b"y")
        },
        Fault::TimedOut,
    ),
    (
        "a header without end",
        |s| {
            s.write_all(b"HTTP/1.1 200 OK\r\nx: ")?;
            without_end(s, &[b'y'; 4096])
        },
        Fault::TooLarge,
    ),
    (
        "100,000 headers",
        |s| {
            s.write_all(b"HTTP/1.1 200 OK\r\n")?;
            s.write_all("a: b\r\n".repeat(100_000).as_bytes())?;
            s.write_all(b"\r\n")
        },
        Fault::Protocol,
    ),
    (
        "interim answers without end",
        |s| without_end(s, b"HTTP/1.1 100 Continue\r\n\r\n"),
        Fault::TooLarge,
    ),
    (
        "a body byte by byte",
        |s| {
            begin(s, "content-length: 1000000\r\n")?;
            drip(s, b"y")
        },
        Fault::TimedOut,
    ),
    (
        "a body without end",
        |s| {
            begin(s, "")?;
            without_end(s, &[b'y'; 4096])
        },
        Fault::TooLarge,
    ),
    (
        "a body longer than the limit says at once",
        |s| {
            begin(s, "content-length: 99999999999\r\n")?;
            without_end(s, &[b'y'; 4096])
        },
        Fault::TooLarge,
    ),
    (
        "a chunk's extension without end",
        |s| {
            begin(s, "transfer-encoding: chunked\r\n")?;
            s.write_all(b"1;")?;
            without_end(s, &[b'y'; 4096])
        },
        Fault::Protocol,
    ),
    (
        "trailers without end",
        |s| {
            begin(s, "transfer-encoding: chunked\r\n")?;
            s.write_all(b"1\r\ny\r\n0\r\n")?;
            without_end(s, b"a: b\r\n")
        },
        Fault::TimedOut,
    ),
    (
        "a gzip bomb",
        |s| {
            begin(s, "content-encoding: gzip\r\n")?;
            s.write_all(&bomb(100_000))
        },
        Fault::TooLarge,
    ),
    (
        "gzip members without end that hold nothing",
        |s| {
            begin(s, "content-encoding: gzip\r\n")?;
            without_end(
                s,
                &[
                    0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0,
                ],
            )
        },
        Fault::TimedOut,
    ),
];

#[test]
fn whatever_a_server_sends_ends_in_bounded_memory_and_time() {
    let run = |(what, script, expected): &(&'static str, Script, Fault)| {
        let (what, script, expected) = (*what, *script, *expected);
        thread::spawn(move || {
            let url = format!("http://{}/", hostile(script));
            let began = clock::instant();
            let limits = if expected == Fault::TimedOut {
                HASTY
            } else {
                LIMITS
            };
            let answer = plain().agent(limits).get(url).call();
            let fault = match answer {
                Ok(answer) => read_body(answer.into_body(), MOST).map(|body| body.len()),
                Err(error) => Err(fault(&error)),
            };
            let took = clock::instant().duration_since(began);
            assert!(took < TOO_LONG, "{what} took {took:?}");
            assert_eq!(fault, Err(expected), "{what}");
        })
    };
    let runs: Vec<_> = SCRIPTS.iter().map(run).collect();
    let ended: Vec<_> = runs.into_iter().map(JoinHandle::join).collect();
    assert!(ended.iter().all(Result::is_ok), "see above");
}

#[test]
fn what_is_inflated_counts_and_not_what_was_sent() {
    let script: Script = |s| {
        begin(s, "content-encoding: gzip\r\n")?;
        s.write_all(&bomb(10))
    };
    let answer = plain()
        .agent(LIMITS)
        .get(format!("http://{}/", hostile(script)))
        .call();
    let mut read = Vec::new();
    let fault = Bounded::new(answer.unwrap().into_body(), 2000).read_to_end(&mut read);
    assert_eq!(read_fault(&fault.unwrap_err()), Fault::TooLarge);
    assert!(read.len() <= 2000);
}

//! Against listeners on loopback; `::1` may be missing, so no test needs it to answer.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::thread::{self, JoinHandle};

use super::*;

mod hostile;
mod private;
mod warm;

const LIMITS: Limits = Limits {
    first_byte: Duration::from_secs(20),
    body: Some(Duration::from_secs(20)),
    between_bytes: None,
    idle_connections: 0,
};

/// Serves one connection after another with `reply`, and gives back the request heads it saw.
fn serve(reply: &'static [u8], connections: usize) -> (SocketAddr, JoinHandle<Vec<String>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        let mut heads = Vec::new();
        for _ in 0..connections {
            let (mut stream, _) = listener.accept().unwrap();
            let mut head = String::new();
            let mut lines = BufReader::new(stream.try_clone().unwrap());
            while !head.ends_with("\r\n\r\n")
                && lines.read_line(&mut head).is_ok_and(|read| read > 0)
            {}
            heads.push(head);
            stream.write_all(reply).unwrap();
        }
        heads
    });
    (addr, thread)
}

const OK: &[u8] = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi";

fn plain() -> Transport {
    Transport::new(None, IpFamily::Auto, None).unwrap()
}

/// A way to hosts that all have these addresses.
fn resolving(addrs: &[SocketAddr]) -> Transport {
    let addrs = addrs.to_vec();
    let dns = DnsCache::asking(IpFamily::Auto, Box::new(move |_| Ok(addrs.clone())));
    Transport::resolving(None, IpFamily::Auto, None, dns).unwrap()
}

fn closed_port(host: impl Into<std::net::IpAddr>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    SocketAddr::new(host.into(), listener.local_addr().unwrap().port())
}

#[test]
fn plain_http_works_and_says_who_asks() {
    let (addr, server) = serve(OK, 1);
    let mut reply = plain()
        .agent(LIMITS)
        .get(format!("http://{addr}/x"))
        .call()
        .unwrap();
    assert_eq!(reply.body_mut().read_to_string().unwrap(), "hi");
    let head = server.join().unwrap().remove(0);
    assert!(head.contains(concat!(
        "user-agent: svs-bot/",
        env!("CARGO_PKG_VERSION"),
        "\r\n"
    )));
    assert!(head.contains("accept-encoding: gzip\r\n"));
}

#[test]
fn a_refusing_status_and_a_redirect_are_answers_not_errors() {
    for (reply, status) in [
        (
            &b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n"[..],
            503_u16,
        ),
        (
            b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n",
            302,
        ),
    ] {
        let (addr, server) = serve(reply, 1);
        let reply = plain()
            .agent(LIMITS)
            .get(format!("http://{addr}/"))
            .call()
            .unwrap();
        assert_eq!(reply.status().as_u16(), status);
        server.join().unwrap();
    }
}

#[test]
fn a_host_that_only_v4_reaches_is_answered_and_stays_on_v4() {
    let (v4, server) = serve(OK, 2);
    let v6 = SocketAddr::new(Ipv6Addr::LOCALHOST.into(), v4.port());
    let transport = resolving(&[v6, v4]);
    let agent = transport.agent(LIMITS);
    assert!(!transport.dialer.stays_on_v4("service.test"));
    agent.get("http://service.test/").call().unwrap();
    assert!(transport.dialer.stays_on_v4("service.test"));
    assert!(!transport.dialer.stays_on_v4("other.test"));
    // Another agent of the same transport knows it too, and does not ask what now listens there.
    let unasked = TcpListener::bind(v6);
    let other = transport.agent(LIMITS);
    other.get("http://service.test/").call().unwrap();
    server.join().unwrap();
    if let Ok(unasked) = unasked {
        unasked.set_nonblocking(true).unwrap();
        assert!(unasked.accept().is_err());
    }
}

#[test]
fn a_host_that_v4_does_not_reach_either_is_not_remembered() {
    let transport = resolving(&[
        closed_port(Ipv6Addr::LOCALHOST),
        closed_port(Ipv4Addr::LOCALHOST),
    ]);
    transport.dialer.remember("service.test");
    let agent = transport.agent(LIMITS);
    for _ in 0..2 {
        let error = agent.get("http://service.test/").call().unwrap_err();
        assert_eq!(fault(&error), Fault::Connect);
        assert!(!transport.dialer.stays_on_v4("service.test"));
    }
}

#[test]
fn faults_tell_what_was_sent() {
    let dead = closed_port(Ipv4Addr::LOCALHOST);
    let (silent, server) = serve(b"", 1);
    let (garbage, other) = serve(b"hello\r\n\r\n", 1);
    let (not_tls, third) = serve(OK, 1);
    let agent = plain().agent(LIMITS);
    for (url, expected) in [
        (format!("http://{dead}/"), Fault::Connect),
        (format!("http://{silent}/"), Fault::Closed),
        (format!("http://{garbage}/"), Fault::Protocol),
        (format!("https://{not_tls}/"), Fault::Tls),
        ("http://no-such-host.invalid/".into(), Fault::Resolve),
    ] {
        let found = fault(&agent.get(&url).call().unwrap_err());
        assert_eq!(found, expected, "{url}");
        let unsent = matches!(expected, Fault::Connect | Fault::Tls | Fault::Resolve);
        assert_eq!(found.nothing_was_sent(), unsent);
    }
    for server in [server, other, third] {
        server.join().unwrap();
    }
}

#[test]
fn a_silent_service_times_out_and_a_long_body_is_too_large() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let hasty = Limits {
        first_byte: Duration::from_millis(20),
        ..LIMITS
    };
    let error = plain().agent(hasty).get(&url).call().unwrap_err();
    assert_eq!(fault(&error), Fault::TimedOut);

    let (addr, server) = serve(OK, 1);
    let mut reply = plain()
        .agent(LIMITS)
        .get(format!("http://{addr}/"))
        .call()
        .unwrap();
    let body = reply.body_mut().with_config().limit(1).read_to_vec();
    assert_eq!(fault(&body.unwrap_err()), Fault::TooLarge);
    server.join().unwrap();
}

#[test]
fn a_body_that_ends_early_or_stalls_is_told_by_its_reader() {
    use std::io::Read;
    let (addr, server) = serve(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhi", 1);
    let reply = plain()
        .agent(LIMITS)
        .get(format!("http://{addr}/"))
        .call()
        .unwrap();
    let error = reply
        .into_body()
        .into_reader()
        .read_to_end(&mut Vec::new())
        .unwrap_err();
    assert_eq!(read_fault(&error), Fault::Closed);
    server.join().unwrap();
    let stalled = ureq::Error::Timeout(ureq::Timeout::PerRead).into_io();
    assert_eq!(read_fault(&stalled), Fault::TimedOut);
}

#[test]
fn an_agent_that_is_shut_down_sends_nothing_more() {
    let agent = plain().agent(LIMITS);
    agent.clone().shutdown();
    let (addr, _server) = serve(OK, 1);
    let error = agent.get(format!("http://{addr}/")).call().unwrap_err();
    assert_eq!(fault(&error), Fault::ShutDown);
}

#[test]
fn requests_go_through_the_proxy_that_is_set() {
    let (proxy, server) = serve(b"HTTP/1.1 502 No\r\ncontent-length: 0\r\n\r\n", 1);
    let transport = Transport::new(Some(&format!("http://{proxy}")), IpFamily::Auto, None).unwrap();
    let error = transport
        .agent(LIMITS)
        .get("http://service.test/")
        .call()
        .unwrap_err();
    assert_eq!(fault(&error), Fault::Connect);
    let head = server.join().unwrap().remove(0);
    assert!(head.starts_with("CONNECT service.test:80 HTTP/1.1\r\n"));
}

#[test]
fn bad_proxies_are_refused_without_repeating_them() {
    for bad in ["", "host:1", "ftp://host", "http://", "socks4://h:1"] {
        let error = Transport::new(Some(bad), IpFamily::Auto, None).unwrap_err();
        assert!(bad.is_empty() || !error.to_string().contains("ftp"));
    }
    for good in ["http://h:1", "https://u:p@h", "SOCKS5://u:p@h:1080"] {
        assert!(
            Transport::new(Some(good), IpFamily::Auto, None).is_ok(),
            "{good}"
        );
    }
}

//! Names: a request over an open connection makes no look-up and no thread, and a resolver that
//! fails stops nobody who has an address.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;

/// Keeps its connections, and counts them.
fn keeping() -> (SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            count.fetch_add(1, Ordering::Relaxed);
            thread::spawn(move || {
                let (mut answers, mut lines) =
                    (stream.try_clone().unwrap(), BufReader::new(stream));
                let mut line = String::new();
                while lines.read_line(&mut line).is_ok_and(|read| read > 0) {
                    if line == "\r\n" {
                        answers.write_all(OK).unwrap();
                    }
                    line.clear();
                }
            });
        }
    });
    (addr, connections)
}

/// A resolver that counts what it is asked, and fails while it is told to.
fn counting(
    addr: SocketAddr,
    proxy: Option<&str>,
) -> (Transport, Arc<AtomicUsize>, Arc<AtomicBool>) {
    let (asked, fails) = (
        Arc::new(AtomicUsize::new(0)),
        Arc::new(AtomicBool::new(false)),
    );
    let (count, failing) = (Arc::clone(&asked), Arc::clone(&fails));
    let look_up = move |_: &str| {
        count.fetch_add(1, Ordering::Relaxed);
        if failing.load(Ordering::Relaxed) {
            return Err(std::io::Error::other("resolver down"));
        }
        Ok(vec![addr])
    };
    let dns = DnsCache::asking(IpFamily::Auto, Box::new(look_up));
    let transport = Transport::resolving(proxy, IpFamily::Auto, None, dns).unwrap();
    (transport, asked, fails)
}

fn ask(agent: &ureq::Agent) {
    let answer = agent.get("http://service.test/").call().unwrap();
    assert_eq!(read_body(answer.into_body(), 10).unwrap(), b"hi");
}

const WARM: Limits = Limits {
    idle_connections: 1,
    ..LIMITS
};

#[test]
fn a_hundred_requests_over_a_warm_connection_make_no_look_up() {
    let (addr, connections) = keeping();
    let (transport, asked, _) = counting(addr, None);
    let agent = transport.agent(WARM);
    for _ in 0..100 {
        ask(&agent);
    }
    assert_eq!(connections.load(Ordering::Relaxed), 1);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn connections_of_one_minute_share_one_look_up() {
    let (addr, connections) = keeping();
    let (transport, asked, _) = counting(addr, None);
    for _ in 0..20 {
        ask(&transport.agent(LIMITS));
    }
    assert_eq!(connections.load(Ordering::Relaxed), 20);
    assert_eq!(asked.load(Ordering::Relaxed), 1);
}

#[test]
fn a_resolver_that_fails_stops_nobody_who_has_an_address() {
    let (addr, _) = keeping();
    let (transport, asked, fails) = counting(addr, None);
    let warm = transport.agent(WARM);
    ask(&warm);
    fails.store(true, Ordering::Relaxed);
    transport.dialer.age_dns();
    for _ in 0..50 {
        ask(&warm);
        ask(&transport.agent(LIMITS));
    }
    // The failure is looked into every few seconds, not with each connection.
    assert!((2..25).contains(&asked.load(Ordering::Relaxed)));
}

#[test]
fn a_name_that_is_not_known_fails_in_time_and_is_found_once_it_is() {
    let (addr, _) = keeping();
    let (transport, _, fails) = counting(addr, None);
    fails.store(true, Ordering::Relaxed);
    let error = transport.agent(LIMITS).get("http://service.test/").call();
    assert_eq!(fault(&error.unwrap_err()), Fault::Resolve);
    fails.store(false, Ordering::Relaxed);
    transport.dialer.age_dns();
    ask(&transport.agent(LIMITS));
}

#[test]
fn a_proxys_name_is_looked_up_once_as_well() {
    const REFUSAL: &[u8] = b"HTTP/1.1 502 No\r\ncontent-length: 0\r\n\r\n";
    let (addr, proxy) = serve(REFUSAL, 3);
    let (transport, asked, _) = counting(addr, Some("http://proxy.test:3128"));
    for _ in 0..3 {
        let error = transport.agent(LIMITS).get("http://service.test/").call();
        assert_eq!(fault(&error.unwrap_err()), Fault::Connect);
    }
    assert_eq!(asked.load(Ordering::Relaxed), 1);
    assert!(proxy.join().unwrap()[0].starts_with("CONNECT service.test:80"));
}

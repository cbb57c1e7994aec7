use super::*;

const ADDR: &str = "192.0.2.1:443";

fn secs(secs: u64) -> Duration {
    Duration::from_secs(secs)
}

#[test]
fn a_host_is_looked_up_once_a_minute_and_sooner_after_a_failure() {
    let start = clock::instant();
    let good = || vec![ADDR.parse().unwrap()];
    let mut host = Host::default();
    assert!(host.is_due(start));
    for (found, at, next, known) in [
        (Vec::new(), 0, 1, 0),
        (good(), 1, 61, 1),
        (good(), 61, 121, 1),
        (Vec::new(), 121, 126, 1),
        (Vec::new(), 126, 131, 1),
        (good(), 131, 191, 1),
    ] {
        host.under_way = Some(start + secs(at));
        assert!(!host.is_due(start + secs(at)), "one look-up at a time");
        host.take(found, start + secs(at));
        assert!(!host.is_due(start + secs(next) - Duration::from_millis(1)));
        assert!(host.is_due(start + secs(next)));
        assert_eq!(host.addrs.len(), known, "at {at}");
    }
}

#[test]
fn only_a_host_without_addresses_is_waited_for_long() {
    let start = clock::instant();
    let mut host = Host::default();
    assert_eq!(host.patience(start), Duration::ZERO);
    host.under_way = Some(start);
    assert_eq!(host.patience(start + secs(1)), secs(4));
    assert_eq!(host.patience(start + secs(9)), Duration::ZERO);
    host.addrs.push(ADDR.parse().unwrap());
    assert_eq!(host.patience(start), SOON);
    assert_eq!(host.patience(start + secs(1)), Duration::ZERO);
}

#[test]
fn the_family_decides_which_addresses_are_tried_and_a_literal_one_needs_no_look_up() {
    let all = ["192.0.2.1:443", "[2001:db8::1]:443"];
    let both: Vec<SocketAddr> = all.map(|addr| addr.parse().unwrap()).into();
    for (family, wanted) in [
        (IpFamily::Auto, &both[..]),
        (IpFamily::V4, &both[..1]),
        (IpFamily::V6, &both[1..]),
    ] {
        let found = both.clone();
        let dns = DnsCache::asking(family, Box::new(move |_| Ok(found.clone())));
        assert_eq!(dns.addresses("service.test:443"), wanted);
        let dns = DnsCache::asking(family, Box::new(|_| panic!("looked up")));
        let literal = all.iter().flat_map(|addr| dns.addresses(addr));
        assert_eq!(literal.collect::<Vec<_>>(), wanted);
    }
    let many = (0..40).map(|host| SocketAddr::from(([192, 0, 2, host], 1)));
    let many: Vec<SocketAddr> = many.collect();
    let dns = DnsCache::asking(IpFamily::Auto, Box::new(move |_| Ok(many.clone())));
    assert_eq!(dns.addresses("service.test:1").len(), MOST);
}

#[test]
fn a_resolver_that_hangs_keeps_nobody_from_known_addresses() {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = Mutex::new(held);
    let first = std::sync::atomic::AtomicBool::new(true);
    let look_up = move |_: &str| {
        if !first.swap(false, std::sync::atomic::Ordering::Relaxed) {
            held.lock().recv().ok();
        }
        Ok(vec![ADDR.parse().unwrap()])
    };
    let dns = DnsCache::asking(IpFamily::Auto, Box::new(look_up));
    assert_eq!(dns.addresses("service.test:443").len(), 1);
    dns.age();
    for _ in 0..100 {
        assert_eq!(dns.addresses("service.test:443").len(), 1);
    }
    drop(release);
}

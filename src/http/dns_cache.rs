//! The addresses of hosts: looked up on a thread of their own, at most once a minute a host, and
//! only when a connection is made; the last good ones are used while the resolver fails or hangs.
//!
//! Owner of the state: [`DnsCache`], one per [`super::Transport`]. Invariants: nobody waits for a
//! look-up longer than [`RESOLVE`], nor longer than [`SOON`] where an address is known already; and
//! no more than one look-up is under way, however many connections ask.

use std::collections::HashMap;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

use log::{info, warn};
use parking_lot::{Condvar, Mutex};
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use super::IpFamily;
use crate::clock::{self, Instant};

/// How long addresses are used before they are looked up again.
const FRESH: Duration = Duration::from_mins(1);
/// How long a connection waits for the first addresses of a host.
const RESOLVE: Duration = Duration::from_secs(5);
/// How long it waits for newer addresses where older ones are known.
const SOON: Duration = Duration::from_millis(500);
/// Between a failed look-up and the next, with and without older addresses.
const RETRY_KNOWN: Duration = Duration::from_secs(5);
const RETRY_UNKNOWN: Duration = Duration::from_secs(1);
/// Most addresses that are tried of a host (ureq's own bound).
const MOST: usize = 16;
/// Look-ups that may wait for the thread; a service and its proxy are two hosts.
const LOOK_UPS: usize = 8;
/// The resolver of the C library needs some 10 kB.
const STACK: usize = 256 << 10;

/// What asks the system for the addresses of `host:port`. Blocks as long as it likes.
pub(super) type LookUp = Box<dyn Fn(&str) -> io::Result<Vec<SocketAddr>> + Send + Sync>;

/// The resolver of one transport, with what it has found so far.
pub(super) struct DnsCache {
    family: IpFamily,
    shared: Arc<Shared>,
    /// Hosts to look up, for the thread; absent until the first is asked for.
    wanted: Mutex<Option<SyncSender<String>>>,
}

struct Shared {
    look_up: LookUp,
    hosts: Mutex<HashMap<String, Host>>,
    ended: Condvar,
}

/// What is known of one `host:port`.
#[derive(Debug, Default)]
struct Host {
    /// The last good addresses.
    addrs: Vec<SocketAddr>,
    /// When the next look-up is due; never asked for yet when absent.
    due: Option<Instant>,
    /// Since when a look-up is under way.
    under_way: Option<Instant>,
    /// Whether the newest look-up failed.
    failed: bool,
}

impl Host {
    fn is_due(&self, now: Instant) -> bool {
        self.under_way.is_none() && self.due.is_none_or(|due| due <= now)
    }

    /// How much longer a connection waits for the look-up under way.
    fn patience(&self, now: Instant) -> Duration {
        let whole = if self.addrs.is_empty() { RESOLVE } else { SOON };
        self.under_way.map_or(Duration::ZERO, |since| {
            (since + whole).saturating_duration_since(now)
        })
    }

    /// Takes the end of a look-up; says whether it differs in kind from the one before.
    fn take(&mut self, found: Vec<SocketAddr>, now: Instant) -> bool {
        self.under_way = None;
        let failed = found.is_empty();
        let wait = match (failed, self.addrs.is_empty()) {
            (false, _) => FRESH,
            (true, false) => RETRY_KNOWN,
            (true, true) => RETRY_UNKNOWN,
        };
        self.due = Some(now + wait);
        if !failed {
            self.addrs = found;
        }
        std::mem::replace(&mut self.failed, failed) != failed
    }
}

impl DnsCache {
    pub(super) fn new(family: IpFamily) -> Self {
        Self::asking(
            family,
            Box::new(|host| Ok(host.to_socket_addrs()?.collect())),
        )
    }

    pub(super) fn asking(family: IpFamily, look_up: LookUp) -> Self {
        let shared = Shared {
            look_up,
            hosts: Mutex::default(),
            ended: Condvar::new(),
        };
        Self {
            family,
            shared: Arc::new(shared),
            wanted: Mutex::default(),
        }
    }

    /// The addresses of `host:port` that this family allows, at most [`MOST`]; none when the host
    /// is not known.
    pub(super) fn addresses(&self, host: &str) -> Vec<SocketAddr> {
        // The address of a machine needs no look-up.
        let all = match host.parse() {
            Ok(addr) => vec![addr],
            Err(_name) => self.cached(host),
        };
        let wanted = all.into_iter().filter(|addr| match self.family {
            IpFamily::Auto => true,
            IpFamily::V4 => addr.is_ipv4(),
            IpFamily::V6 => addr.is_ipv6(),
        });
        wanted.take(MOST).collect()
    }

    fn cached(&self, name: &str) -> Vec<SocketAddr> {
        let mut hosts = self.shared.hosts.lock();
        let now = clock::instant();
        let host = hosts.entry(name.to_owned()).or_default();
        if host.is_due(now) {
            if self.look_up(name) {
                host.under_way = Some(now);
            } else {
                host.take(Vec::new(), now);
            }
        }
        loop {
            let Some(host) = hosts.get(name) else {
                return Vec::new();
            };
            let left = host.patience(clock::instant());
            if left.is_zero() {
                return host.addrs.clone();
            }
            self.shared.ended.wait_for(&mut hosts, left);
        }
    }

    /// As if all that is known had been known for a minute.
    #[cfg(test)]
    pub(super) fn age(&self) {
        for host in self.shared.hosts.lock().values_mut() {
            host.due = None;
        }
    }

    /// Has a name looked up; whether the thread takes it.
    fn look_up(&self, name: &str) -> bool {
        let mut wanted = self.wanted.lock();
        if wanted.is_none() {
            match start(&self.shared) {
                Ok(sender) => *wanted = Some(sender),
                Err(error) => warn!(err:% = error; "no thread to look names up"),
            }
        }
        let sender = wanted.as_ref();
        sender.is_some_and(|sender| sender.try_send(name.to_owned()).is_ok())
    }
}

/// Starts the thread; it ends when the sender is dropped.
fn start(shared: &Arc<Shared>) -> io::Result<SyncSender<String>> {
    let (sender, wanted) = sync_channel(LOOK_UPS);
    let shared = Arc::clone(shared);
    thread::Builder::new()
        .name("svs-dns".to_owned())
        .stack_size(STACK)
        .spawn(move || work(&shared, &wanted))?;
    Ok(sender)
}

fn work(shared: &Shared, wanted: &Receiver<String>) {
    for name in wanted {
        let found = (shared.look_up)(&name).unwrap_or_default();
        let now = clock::instant();
        let mut hosts = shared.hosts.lock();
        let Some(host) = hosts.get_mut(&name) else {
            continue;
        };
        let changed = host.take(found, now);
        let (failed, known) = (host.failed, host.addrs.len());
        drop(hosts);
        shared.ended.notify_all();
        match (changed, failed) {
            (true, true) => {
                warn!(known; "a host's name was not resolved; the addresses known are used");
            }
            (true, false) => info!("the host's name is resolved again"),
            (false, _) => {}
        }
    }
}

impl Resolver for DnsCache {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let mut found = self.empty();
        if let (Some(scheme), Some(authority)) = (uri.scheme(), uri.authority())
            && let Some(host) = DefaultResolver::host_and_port(scheme, authority)
        {
            for addr in self.addresses(&host) {
                found.push(addr);
            }
        }
        if found.is_empty() {
            return Err(ureq::Error::HostNotFound);
        }
        Ok(found)
    }
}

impl std::fmt::Debug for DnsCache {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DnsCache").finish_non_exhaustive()
    }
}

/// The resolver that every agent is given: it finds nothing, because ureq asks before each request,
/// also one over an open connection. The dialer asks [`DnsCache`] when it has a connection to make.
#[derive(Debug)]
pub(super) struct ResolveWhenDialing;

impl Resolver for ResolveWhenDialing {
    fn resolve(
        &self,
        _: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        Ok(self.empty())
    }
}

#[cfg(test)]
mod tests;

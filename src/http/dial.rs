//! Makes connections: through a proxy if there is one, else to the address that answers; then TLS.
//!
//! Owner of the state: [`Dialer`], one per [`super::Transport`], knows which hosts are on IPv4 for a
//! while, and which authorities were trusted last. Invariant: certificates are always verified.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use ureq::config::Config;
use ureq::tls::{RootCerts, TlsConfig};
use ureq::unversioned::resolver::Resolver;
use ureq::unversioned::transport::{
    self as wire, ConnectProxyConnector, ConnectionDetails, Connector, RustlsConnector,
    SocksConnector, TcpConnector,
};

use super::dns_cache::DnsCache;
use super::{Authorities, BUFFER, CONNECT, IpFamily, is_shut_down};
use crate::clock::{self, Instant};

/// How long IPv6 is tried before IPv4 (`IP_FAMILY=auto`).
const V6_PATIENCE: Duration = Duration::from_secs(2);
/// How long a host that IPv4 reached and IPv6 did not is tried on IPv4 only.
const STAY_ON_V4: Duration = Duration::from_hours(1);

/// An open connection, whatever its layers.
type Socket = Box<dyn wire::Transport>;

/// An agent's handle to the [`Dialer`] that all agents of a [`super::Transport`] share.
#[derive(Debug)]
pub(super) struct Shared(pub(super) Arc<Dialer>);

impl Connector for Shared {
    type Out = Socket;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        _: Option<()>,
    ) -> Result<Option<Self::Out>, ureq::Error> {
        self.0.dial(details)
    }
}

/// Makes the connections of one transport.
#[derive(Debug)]
pub(super) struct Dialer {
    family: IpFamily,
    dns: DnsCache,
    socks: SocksConnector,
    proxy: ConnectProxyConnector,
    tcp: TcpConnector,
    tls: Tls,
    /// Until when a host is tried on IPv4 first.
    on_v4: Mutex<HashMap<String, Instant>>,
}

/// The certificate authorities that are trusted. Shared by all agents, because every connector
/// holds its roots (72 kB) for itself.
#[derive(Debug)]
struct Tls {
    built_in: RustlsConnector,
    own: Option<OwnRoots>,
}

/// The operator's own authorities, beside the built-in ones. A connector takes one set of roots, so
/// a connection whose certificate the one set does not trust is made once more with the other.
#[derive(Debug)]
struct OwnRoots {
    connector: RustlsConnector,
    config: Config,
    /// The built-in ones trusted the last connection, so they are tried first.
    built_in_first: AtomicBool,
}

impl OwnRoots {
    fn new(Authorities(certificates): &Authorities) -> Self {
        let roots = RootCerts::Specific(Arc::clone(certificates));
        let config = ureq::Agent::config_builder()
            .tls_config(TlsConfig::builder().root_certs(roots).build())
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .build();
        Self {
            connector: RustlsConnector::default(),
            config,
            built_in_first: AtomicBool::new(false),
        }
    }
}

impl Dialer {
    pub(super) fn new(family: IpFamily, own: Option<&Authorities>, dns: DnsCache) -> Self {
        Self {
            family,
            dns,
            socks: SocksConnector::default(),
            proxy: ConnectProxyConnector::default(),
            tcp: TcpConnector::default(),
            tls: Tls {
                built_in: RustlsConnector::default(),
                own: own.map(OwnRoots::new),
            },
            on_v4: Mutex::default(),
        }
    }

    fn dial(&self, details: &ConnectionDetails<'_>) -> Result<Option<Socket>, ureq::Error> {
        let built_in = || self.secured(details, details, &self.tls.built_in);
        let Some(own) = self.tls.own.as_ref().filter(|_| details.needs_tls()) else {
            return built_in();
        };
        let shown = ConnectionDetails {
            config: &own.config,
            ..same(details)
        };
        let ours = || self.secured(details, &shown, &own.connector);
        let built_in_first = own.built_in_first.load(Ordering::Relaxed);
        let first = if built_in_first { built_in() } else { ours() };
        let Err(ureq::Error::Tls(_)) = first else {
            return first;
        };
        let second = if built_in_first { ours() } else { built_in() };
        if second.is_ok() {
            own.built_in_first.store(!built_in_first, Ordering::Relaxed);
        }
        second
    }

    /// A connection to the host of `details`, secured by what `shown` and `tls` trust.
    fn secured(
        &self,
        details: &ConnectionDetails<'_>,
        shown: &ConnectionDetails<'_>,
        tls: &RustlsConnector,
    ) -> Result<Option<Socket>, ureq::Error> {
        let socket = match self.socket(details) {
            Err(ureq::Error::Io(error)) if !is_shut_down(&error) => {
                return Err(ureq::Error::ConnectionFailed);
            }
            socket => socket?,
        };
        let secured = match tls.connect(shown, Some(socket)) {
            Err(ureq::Error::Io(_) | ureq::Error::Rustls(_)) => {
                return Err(ureq::Error::Tls("handshake failed"));
            }
            secured => secured?,
        };
        Ok(secured.map(|transport| Box::new(transport) as Socket))
    }

    fn socket(&self, details: &ConnectionDetails<'_>) -> Result<Socket, ureq::Error> {
        // Proxies are resolved by the connectors, which ask the resolver that they are given.
        let resolved = ConnectionDetails {
            resolver: &self.dns,
            ..same(details)
        };
        let proxied = self.socks.connect(&resolved, None::<()>)?;
        if let Some(transport) = self.proxy.connect(&resolved, proxied)? {
            return Ok(Box::new(transport));
        }
        self.direct(details)
    }

    fn direct(&self, details: &ConnectionDetails<'_>) -> Result<Socket, ureq::Error> {
        // Those of a proxy are known already.
        let addrs = if details.addrs.is_empty() {
            let (config, timeout) = (details.config, details.timeout);
            self.dns.resolve(details.uri, config, timeout)?
        } else {
            details.addrs.clone()
        };
        let (v6, v4): (Vec<_>, Vec<_>) = addrs.iter().copied().partition(SocketAddr::is_ipv6);
        let split = self.family == IpFamily::Auto && !v6.is_empty() && !v4.is_empty();
        if !split {
            return self.tcp(details, &addrs, CONNECT);
        }
        let host = details.uri.host().unwrap_or_default();
        if self.stays_on_v4(host) {
            return self
                .tcp(details, &v4, CONNECT)
                .inspect_err(|_| self.forget(host));
        }
        if let Ok(socket) = self.tcp(details, &v6, V6_PATIENCE) {
            return Ok(socket);
        }
        self.tcp(details, &v4, CONNECT)
            .inspect(|_| self.remember(host))
    }

    /// Tries `addrs` in turn, within what is left of the deadline and at most `patience`.
    fn tcp(
        &self,
        details: &ConnectionDetails<'_>,
        addrs: &[SocketAddr],
        patience: Duration,
    ) -> Result<Socket, ureq::Error> {
        let mut wanted = details.resolver.empty();
        for addr in addrs {
            wanted.push(*addr);
        }
        let now = (details.current_time)();
        let mut timeout = details.timeout;
        let left = timeout.after.saturating_sub(elapsed(details.now, now));
        timeout.after = left.min(patience).into();
        let narrowed = ConnectionDetails {
            addrs: wanted,
            now,
            timeout,
            ..same(details)
        };
        let socket = self.tcp.connect(&narrowed, None::<()>)?;
        Ok(Box::new(socket.ok_or(ureq::Error::ConnectionFailed)?))
    }

    #[cfg(test)]
    pub(super) fn age_dns(&self) {
        self.dns.age();
    }

    pub(super) fn stays_on_v4(&self, host: &str) -> bool {
        let until = self.on_v4.lock().get(host).copied();
        until.is_some_and(|until| clock::instant() < until)
    }

    pub(super) fn remember(&self, host: &str) {
        let now = clock::instant();
        let mut on_v4 = self.on_v4.lock();
        on_v4.retain(|_, until| now < *until);
        on_v4.insert(host.to_owned(), now + STAY_ON_V4);
    }

    /// IPv4 failed as well, so the memory may be wrong: the next connection tries both again.
    fn forget(&self, host: &str) {
        self.on_v4.lock().remove(host);
    }
}

/// The same connection to make, to be changed in a part.
fn same<'a>(details: &ConnectionDetails<'a>) -> ConnectionDetails<'a> {
    ConnectionDetails {
        uri: details.uri,
        addrs: details.addrs.clone(),
        config: details.config,
        request_level: details.request_level,
        resolver: details.resolver,
        now: details.now,
        timeout: details.timeout,
        current_time: Arc::clone(&details.current_time),
        run_connector: Arc::clone(&details.run_connector),
        register_shutdown: Arc::clone(&details.register_shutdown),
    }
}

fn elapsed(from: wire::time::Instant, to: wire::time::Instant) -> Duration {
    match (from, to) {
        (wire::time::Instant::Exact(from), wire::time::Instant::Exact(to)) => {
            to.saturating_duration_since(from)
        }
        _ => Duration::ZERO,
    }
}

//! How this program reaches the network: which address family, which proxy, which deadlines, and
//! what a failure on the wire means. An edge; the two services build their clients on it.
//!
//! Owner of the state: [`Transport`], one per service, holds what its agents share, namely the TLS
//! roots and sessions, and which hosts are on IPv4 for a while. Invariant: no error that leaves
//! here holds a URL, a host or a credential, and certificates are always verified.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use ureq::config::Config;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{
    self as wire, ConnectProxyConnector, ConnectionDetails, Connector, NextTimeout,
    RustlsConnector, SocksConnector, TcpConnector,
};

use crate::clock::{self, Instant};

const RESOLVE: Duration = Duration::from_secs(5);
const CONNECT: Duration = Duration::from_secs(10);
const SEND_BODY: Duration = Duration::from_mins(1);
/// Both services close idle connections after about a minute; we do it first.
const MAX_IDLE: Duration = Duration::from_secs(55);
/// What IPv6 gets before IPv4 is tried (`IP_FAMILY=auto`).
const V6_PATIENCE: Duration = Duration::from_secs(2);
/// How long a host that IPv4 reached and IPv6 did not stays on IPv4.
const STAY_ON_V4: Duration = Duration::from_hours(1);
/// In and out, at each layer. ureq's 128 KiB would be half a megabyte per connection.
const BUFFER: usize = 8 << 10;

/// Which addresses of a host are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IpFamily {
    /// IPv6 first, for [`V6_PATIENCE`]; a host that only IPv4 reaches stays there for an hour.
    Auto,
    V4,
    V6,
}

/// Deadlines and sizes of one agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// From the end of the request to the complete response headers.
    pub(crate) first_byte: Duration,
    /// For the whole response body.
    pub(crate) body: Option<Duration>,
    /// For each read. It also limits the wait for the headers, so keep it at `first_byte` or more.
    pub(crate) between_bytes: Option<Duration>,
    /// Connections kept for the next request.
    pub(crate) idle_connections: usize,
}

/// The proxy's address could not be understood. It may hold a password, so it is not repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a proxy address (http://host:port, https://host:port or socks5://host:port)")]
pub(crate) struct BadProxy;

/// What went wrong on the wire, sorted by what the caller may conclude from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub(crate) enum Fault {
    /// Nothing was sent.
    #[error("the host's name was not resolved")]
    Resolve,
    /// Nothing was sent: no connection, or the proxy made none.
    #[error("no connection to the host")]
    Connect,
    /// Nothing was sent: the handshake failed or the certificate is not trusted.
    #[error("no trusted TLS connection to the host")]
    Tls,
    /// After connecting: a deadline passed. The request may have been carried out.
    #[error("the deadline of the request passed")]
    TimedOut,
    /// After connecting: the connection ended early. The request may have been carried out.
    #[error("the connection was closed early")]
    Closed,
    /// The response is larger than the caller's limit.
    #[error("the response is too large")]
    TooLarge,
    /// What came back is not HTTP, or not what its headers say.
    #[error("the response is not valid HTTP")]
    Protocol,
    /// The agent was shut down before the request was sent. A request under way when its agent is
    /// shut down ends as [`Fault::Closed`].
    #[error("the request was cancelled")]
    ShutDown,
}

impl Fault {
    /// Whether the service cannot have seen the request.
    pub(crate) const fn nothing_was_sent(self) -> bool {
        match self {
            Self::Resolve | Self::Connect | Self::Tls | Self::ShutDown => true,
            Self::TimedOut | Self::Closed | Self::TooLarge | Self::Protocol => false,
        }
    }
}

/// Sorts a failed request, or a failed read of a response through ureq's own helpers.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is ureq's or std's and grows"
)]
pub(crate) fn fault(error: &ureq::Error) -> Fault {
    use ureq::{Error, Timeout};
    match error {
        Error::HostNotFound | Error::Timeout(Timeout::Resolve) => Fault::Resolve,
        Error::ConnectionFailed
        | Error::ConnectProxyFailed(_)
        | Error::InvalidProxyUrl
        | Error::Timeout(Timeout::Connect) => Fault::Connect,
        Error::Tls(_) | Error::TlsRequired | Error::Pem(_) | Error::Rustls(_) => Fault::Tls,
        Error::Timeout(_) => Fault::TimedOut,
        Error::BodyExceedsLimit(_) => Fault::TooLarge,
        Error::Io(error) if is_shut_down(error) => Fault::ShutDown,
        Error::Io(error) => read_fault(error),
        _ => Fault::Protocol,
    }
}

/// How ureq says that the agent was shut down before it connected.
fn is_shut_down(error: &std::io::Error) -> bool {
    error.kind() == std::io::ErrorKind::NotConnected
}

/// Sorts a failed read of a response's body.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enum is ureq's or std's and grows"
)]
pub(crate) fn read_fault(error: &std::io::Error) -> Fault {
    if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref()) {
        return fault(inner);
    }
    match error.kind() {
        std::io::ErrorKind::InvalidData => Fault::Protocol,
        std::io::ErrorKind::TimedOut | std::io::ErrorKind::WouldBlock => Fault::TimedOut,
        _ => Fault::Closed,
    }
}

/// The way to one service. Clones share TLS roots, TLS sessions and what is known of its hosts.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    proxy: Option<ureq::Proxy>,
    family: IpFamily,
    dialer: Arc<Dialer>,
}

impl Transport {
    /// `proxy` is `http://`, `https://` or `socks5://`; the names of hosts are then resolved by
    /// the proxy. The proxy variables of the environment are never read.
    pub(crate) fn new(proxy: Option<&str>, family: IpFamily) -> Result<Self, BadProxy> {
        let proxy = proxy.map(parse_proxy).transpose()?;
        let dialer = Arc::new(Dialer::new(family));
        Ok(Self {
            proxy,
            family,
            dialer,
        })
    }

    /// A new agent with connections of its own. Cheap: about a kilobyte until it connects.
    pub(crate) fn agent(&self, limits: Limits) -> ureq::Agent {
        self.agent_with(limits, Names(DefaultResolver::default()))
    }

    fn agent_with(&self, limits: Limits, resolver: impl Resolver) -> ureq::Agent {
        let family = match self.family {
            IpFamily::Auto => ureq::config::IpFamily::Any,
            IpFamily::V4 => ureq::config::IpFamily::Ipv4Only,
            IpFamily::V6 => ureq::config::IpFamily::Ipv6Only,
        };
        let config = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("svs-bot/", env!("CARGO_PKG_VERSION")))
            .proxy(self.proxy.clone())
            .ip_family(family)
            .input_buffer_size(BUFFER)
            .output_buffer_size(BUFFER)
            .max_idle_age(MAX_IDLE)
            .max_idle_connections(limits.idle_connections)
            .max_idle_connections_per_host(limits.idle_connections)
            .timeout_resolve(Some(RESOLVE))
            .timeout_connect(Some(CONNECT))
            .timeout_send_body(Some(SEND_BODY))
            .timeout_recv_response(Some(limits.first_byte))
            .timeout_recv_body(limits.body)
            .timeout_per_read(limits.between_bytes)
            .build();
        ureq::Agent::with_parts(config, Shared(Arc::clone(&self.dialer)), resolver)
    }
}

/// `socks5` becomes `socks5h`: where a proxy is needed, local names are often wrong too.
fn parse_proxy(address: &str) -> Result<ureq::Proxy, BadProxy> {
    let (scheme, rest) = address.trim().split_once("://").ok_or(BadProxy)?;
    let scheme = match scheme.to_ascii_lowercase().as_str() {
        "http" => "http",
        "https" => "https",
        "socks5" | "socks5h" => "socks5h",
        _ => return Err(BadProxy),
    };
    ureq::Proxy::new(&format!("{scheme}://{rest}")).map_err(|_error| BadProxy)
}

/// ureq's resolver, with the system's "name not known" told apart from other I/O errors.
#[derive(Debug)]
struct Names(DefaultResolver);

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &ureq::http::Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let found = self.0.resolve(uri, config, timeout);
        if matches!(found, Err(ureq::Error::Io(_))) {
            return Err(ureq::Error::HostNotFound);
        }
        found
    }
}

/// An open connection, whatever its layers.
type Socket = Box<dyn wire::Transport>;

/// An agent's handle to the [`Dialer`] that all agents of a [`Transport`] share.
#[derive(Debug)]
struct Shared(Arc<Dialer>);

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

/// Makes connections: through a proxy if there is one, else to the address that answers; then TLS.
#[derive(Debug)]
struct Dialer {
    family: IpFamily,
    socks: SocksConnector,
    proxy: ConnectProxyConnector,
    tcp: TcpConnector,
    /// Shared, because every one of these would hold the trusted roots (72 kB) for itself.
    tls: RustlsConnector,
    /// Until when a host is tried on IPv4 first.
    on_v4: Mutex<HashMap<String, Instant>>,
}

impl Dialer {
    fn new(family: IpFamily) -> Self {
        Self {
            family,
            socks: SocksConnector::default(),
            proxy: ConnectProxyConnector::default(),
            tcp: TcpConnector::default(),
            tls: RustlsConnector::default(),
            on_v4: Mutex::default(),
        }
    }

    fn dial(&self, details: &ConnectionDetails<'_>) -> Result<Option<Socket>, ureq::Error> {
        let socket = match self.socket(details) {
            Err(ureq::Error::Io(error)) if !is_shut_down(&error) => {
                return Err(ureq::Error::ConnectionFailed);
            }
            socket => socket?,
        };
        let secured = match self.tls.connect(details, Some(socket)) {
            Err(ureq::Error::Io(_)) => return Err(ureq::Error::Tls("handshake failed")),
            secured => secured?,
        };
        Ok(secured.map(|transport| Box::new(transport) as Socket))
    }

    fn socket(&self, details: &ConnectionDetails<'_>) -> Result<Socket, ureq::Error> {
        let proxied = self.socks.connect(details, None::<()>)?;
        if let Some(transport) = self.proxy.connect(details, proxied)? {
            return Ok(Box::new(transport));
        }
        self.direct(details)
    }

    fn direct(&self, details: &ConnectionDetails<'_>) -> Result<Socket, ureq::Error> {
        let (v6, v4): (Vec<_>, Vec<_>) =
            details.addrs.iter().copied().partition(SocketAddr::is_ipv6);
        let split = self.family == IpFamily::Auto && !v6.is_empty() && !v4.is_empty();
        if !split {
            return self.tcp(details, &details.addrs, CONNECT);
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
            uri: details.uri,
            addrs: wanted,
            config: details.config,
            request_level: details.request_level,
            resolver: details.resolver,
            now,
            timeout,
            current_time: Arc::clone(&details.current_time),
            run_connector: Arc::clone(&details.run_connector),
            register_shutdown: Arc::clone(&details.register_shutdown),
        };
        let socket = self.tcp.connect(&narrowed, None::<()>)?;
        Ok(Box::new(socket.ok_or(ureq::Error::ConnectionFailed)?))
    }

    fn stays_on_v4(&self, host: &str) -> bool {
        let until = self.on_v4.lock().get(host).copied();
        until.is_some_and(|until| clock::instant() < until)
    }

    fn remember(&self, host: &str) {
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

fn elapsed(from: wire::time::Instant, to: wire::time::Instant) -> Duration {
    match (from, to) {
        (wire::time::Instant::Exact(from), wire::time::Instant::Exact(to)) => {
            to.saturating_duration_since(from)
        }
        _ => Duration::ZERO,
    }
}

#[cfg(test)]
mod tests;

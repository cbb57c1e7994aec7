//! How this program reaches the network: which address family, which proxy, which deadlines, and
//! what a failure on the wire means. An edge; the two services build their clients on it.
//!
//! Owner of the state: [`Transport`], one per service, holds what its agents share: the TLS roots
//! and sessions, the addresses of its hosts, and which hosts are tried on IPv4 only for a while.
//! Invariants: no error that leaves here holds a URL, a host or a credential; certificates are
//! always verified; and whatever a server sends, its response takes bounded memory and time.

use std::io::Read;
use std::sync::Arc;
use std::time::Duration;

use self::dial::{Dialer, Shared};
use self::dns_cache::{DnsCache, ResolveWhenDialing};

mod dial;
mod dns_cache;

const CONNECT: Duration = Duration::from_secs(10);
const SEND_BODY: Duration = Duration::from_mins(1);
/// Both services close idle connections after about a minute; we do it first.
const MAX_IDLE: Duration = Duration::from_secs(55);
/// For the request's line and headers, which are short.
const SEND_HEAD: Duration = Duration::from_secs(10);
/// In and out, at each layer. ureq's 128 KiB would be half a megabyte per connection. It bounds the
/// headers of a response as well; those of both services have some 1 kB.
const BUFFER: usize = 8 << 10;

/// Which addresses of a host are tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IpFamily {
    /// IPv6 first, for two seconds; a host that only IPv4 reaches is tried on IPv4 alone for an
    /// hour.
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
        Error::BodyExceedsLimit(_) | Error::LargeResponseHeader(..) => Fault::TooLarge,
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

/// Certificates of authorities that are trusted beside the built-in ones.
#[derive(Clone)]
pub(crate) struct Authorities(Arc<Vec<ureq::tls::Certificate<'static>>>);

impl Authorities {
    /// Reads the certificates of a PEM file; `None` when it holds none, or one that is broken.
    pub(crate) fn of_pem(pem: &[u8]) -> Option<Self> {
        let mut certificates = Vec::new();
        for item in ureq::tls::parse_pem(pem) {
            if let ureq::tls::PemItem::Certificate(certificate) = item.ok()? {
                certificates.push(certificate);
            }
        }
        (!certificates.is_empty()).then(|| Self(Arc::new(certificates)))
    }
}

impl std::fmt::Debug for Authorities {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Authorities").field(&self.0.len()).finish()
    }
}

/// How one service is reached. Clones share TLS roots, TLS sessions and what is known of its hosts.
#[derive(Debug, Clone)]
pub(crate) struct Transport {
    proxy: Option<ureq::Proxy>,
    family: IpFamily,
    dialer: Arc<Dialer>,
}

impl Transport {
    /// `proxy` is `http://`, `https://` or `socks5://`; the names of hosts are then resolved by
    /// the proxy. The proxy variables of the environment are never read here.
    pub(crate) fn new(
        proxy: Option<&str>,
        family: IpFamily,
        own: Option<&Authorities>,
    ) -> Result<Self, BadProxy> {
        Self::resolving(proxy, family, own, DnsCache::new(family))
    }

    fn resolving(
        proxy: Option<&str>,
        family: IpFamily,
        own: Option<&Authorities>,
        dns: DnsCache,
    ) -> Result<Self, BadProxy> {
        let proxy = proxy.map(parse_proxy).transpose()?;
        let dialer = Arc::new(Dialer::new(family, own, dns));
        Ok(Self {
            proxy,
            family,
            dialer,
        })
    }

    /// A new agent with connections of its own. Cheap: about a kilobyte until it connects.
    pub(crate) fn agent(&self, limits: Limits) -> ureq::Agent {
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
            .max_response_header_size(BUFFER - 1)
            .max_idle_age(MAX_IDLE)
            .max_idle_connections(limits.idle_connections)
            .max_idle_connections_per_host(limits.idle_connections)
            .timeout_connect(Some(CONNECT))
            .timeout_send_request(Some(SEND_HEAD))
            .timeout_send_body(Some(SEND_BODY))
            .timeout_recv_response(Some(limits.first_byte))
            .timeout_recv_body(limits.body)
            .timeout_per_read(limits.between_bytes)
            .build();
        ureq::Agent::with_parts(config, Shared(Arc::clone(&self.dialer)), ResolveWhenDialing)
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

/// The body of a response as it is inflated, up to a number of bytes; the next one is an error that
/// [`read_fault`] knows as [`Fault::TooLarge`]. ureq's own limit counts the bytes on the wire, and a
/// megabyte of gzip can hold a gigabyte.
pub(crate) struct Bounded {
    body: ureq::BodyReader<'static>,
    limit: u64,
    left: u64,
}

impl Bounded {
    pub(crate) fn new(body: ureq::Body, limit: u64) -> Self {
        Self {
            body: body.into_reader(),
            limit,
            left: limit,
        }
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let read = self.body.read(buffer)?;
        let Some(left) = self.left.checked_sub(read as u64) else {
            return Err(ureq::Error::BodyExceedsLimit(self.limit).into_io());
        };
        self.left = left;
        Ok(read)
    }
}

/// Reads a whole body of at most `limit` bytes, inflated.
pub(crate) fn read_body(body: ureq::Body, limit: u64) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::new();
    let read = Bounded::new(body, limit).read_to_end(&mut bytes);
    read.map_err(|error| read_fault(&error))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;

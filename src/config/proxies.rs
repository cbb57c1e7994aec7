//! Which proxy a service is reached through: that of its own setting, else what the environment says
//! to every program (`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, in small letters first, as
//! curl reads them). Pure.
//!
//! Invariant: no address of a proxy is shown with its user and password.

use std::net::IpAddr;

use super::mistake::{Mistake, shown};
use super::raw::Sources;
use super::reader::Reader;
use super::secret::Secret;
use super::{Proxy, parse};

/// The proxy of one service, whose own setting is `name`; `url` has been checked.
pub(super) fn read(
    r: &mut Reader,
    sources: &Sources,
    name: &'static str,
    url: &str,
) -> Option<Proxy> {
    if r.has(name) {
        let own = r.read(name, "none", own)?;
        return own.map(|address| Proxy {
            setting: name,
            address,
        });
    }
    let found = from_environment(sources, url);
    let unset = found.as_ref().map_or_else(
        || "none".to_owned(),
        |(variable, value)| format!("as {variable} says: {}", shown(value)),
    );
    r.summarise(name, &unset, None);
    let (setting, value) = found?;
    // Programs take an address without a scheme for an http proxy.
    let address = if value.contains("://") {
        value.to_owned()
    } else {
        format!("http://{value}")
    };
    match parse::proxy(&address) {
        Ok(address) => Some(Proxy { setting, address }),
        Err(remedy) => {
            let remedy = format!("{remedy}; {name}=none does without a proxy");
            r.refuse(Mistake::about(setting, remedy).showing(value));
            None
        }
    }
}

/// `none` does without a proxy, whatever the environment says.
fn own(text: &str) -> Result<Option<Secret>, parse::Remedy> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(None);
    }
    parse::proxy(text).map(Some)
}

fn from_environment<'a>(sources: &'a Sources, url: &str) -> Option<(&'static str, &'a str)> {
    let (scheme, rest) = url.split_once("://")?;
    let authority = rest.split('/').next().unwrap_or(rest);
    let secure = scheme.eq_ignore_ascii_case("https");
    let variable = |name: &'static str| Some((name, sources.variable(name)?.trim()));
    let first_of = |names: [&'static str; 2]| names.into_iter().find_map(variable);
    let of_scheme = if secure {
        ["https_proxy", "HTTPS_PROXY"]
    } else {
        ["http_proxy", "HTTP_PROXY"]
    };
    let found = first_of(of_scheme).or_else(|| first_of(["all_proxy", "ALL_PROXY"]))?;
    let list = first_of(["no_proxy", "NO_PROXY"]).map_or("", |(_, list)| list);
    let (host, port) = host_and_port(authority);
    let port = port.unwrap_or(if secure { 443 } else { 80 });
    (!goes_direct(list, host, port)).then_some(found)
}

/// The host without the brackets of an IPv6 address, and the port when there is one.
fn host_and_port(authority: &str) -> (&str, Option<u16>) {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']').unwrap_or((rest, ""));
        return (
            host,
            port.strip_prefix(':').and_then(|port| port.parse().ok()),
        );
    }
    match authority.rsplit_once(':') {
        // More than one colon is an IPv6 address without brackets.
        Some((host, port)) if !host.contains(':') => (host, port.parse().ok()),
        Some(_) | None => (authority, None),
    }
}

/// Whether `NO_PROXY` excepts a host: `*`, a name with all below it, `name:port`, an address, or a
/// network such as `10.0.0.0/8`. This machine itself is always excepted, as in Go and Python.
fn goes_direct(list: &str, host: &str, port: u16) -> bool {
    let address: Option<IpAddr> = host.parse().ok();
    let is_here = address.is_some_and(|address| address.is_loopback());
    if is_here || host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    let entries = list.split(|c: char| c == ',' || c.is_whitespace());
    entries.filter(|entry| !entry.is_empty()).any(|entry| {
        if entry == "*" {
            return true;
        }
        if let (Some(address), Some((network, bits))) = (address, entry.split_once('/')) {
            return is_within(address, network, bits);
        }
        let (name, of_port) = host_and_port(entry);
        let name = name.trim_start_matches("*.").trim_start_matches('.');
        if of_port.is_some_and(|of_port| of_port != port) {
            return false;
        }
        match (address, name.parse::<IpAddr>()) {
            (Some(address), Ok(named)) => address == named,
            (Some(_), Err(_)) | (None, Ok(_)) => false,
            (None, Err(_)) => is_or_is_below(host, name),
        }
    })
}

fn is_or_is_below(host: &str, name: &str) -> bool {
    let (host, name) = (host.to_ascii_lowercase(), name.to_ascii_lowercase());
    let above = host.strip_suffix(&name);
    !name.is_empty() && above.is_some_and(|above| above.is_empty() || above.ends_with('.'))
}

fn is_within(address: IpAddr, network: &str, bits: &str) -> bool {
    let (Ok(network), Ok(bits)) = (network.parse::<IpAddr>(), bits.parse::<u32>()) else {
        return false;
    };
    let (address, network, width) = match (address, network) {
        (IpAddr::V4(address), IpAddr::V4(network)) => {
            (address.to_bits().into(), network.to_bits().into(), 32)
        }
        (IpAddr::V6(address), IpAddr::V6(network)) => (address.to_bits(), network.to_bits(), 128),
        (IpAddr::V4(_), IpAddr::V6(_)) | (IpAddr::V6(_), IpAddr::V4(_)) => return false,
    };
    let differ: u128 = address ^ network;
    bits <= width && differ.checked_shr(width - bits).unwrap_or(0) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(environment: &[(&str, &str)], url: &str) -> Option<String> {
        let folder = std::path::Path::new("/nowhere");
        let sources = Sources::below(folder, environment);
        let (variable, value) = from_environment(&sources, url)?;
        Some(format!("{variable}={value}"))
    }

    #[test]
    fn the_scheme_of_the_service_decides_and_small_letters_come_first() {
        let all = ("ALL_PROXY", "socks5://a:1");
        let (https, http) = (("HTTPS_PROXY", "http://b:1"), ("http_proxy", "c:1"));
        let small = ("https_proxy", "http://d:1");
        for (environment, url, expected) in [
            (&[][..], "https://x", None),
            (&[https], "https://x", Some("HTTPS_PROXY=http://b:1")),
            (&[https, small], "https://x", Some("https_proxy=http://d:1")),
            (&[https, all], "https://x/y", Some("HTTPS_PROXY=http://b:1")),
            (&[https], "http://x", None),
            (&[https, http], "http://x", Some("http_proxy=c:1")),
            (&[all, http], "https://x", Some("ALL_PROXY=socks5://a:1")),
            (
                &[("HTTPS_PROXY", ""), all],
                "https://x",
                Some("ALL_PROXY=socks5://a:1"),
            ),
            (&[https, ("NO_PROXY", "x")], "https://x:8443/y", None),
            (&[https, ("no_proxy", "x")], "https://x", None),
            (&[https], "https://127.0.0.1:8081", None),
            (&[https], "https://[::1]:8081", None),
            (&[https], "https://LOCALHOST", None),
        ] {
            let expected = expected.map(str::to_owned);
            assert_eq!(found(environment, url), expected, "{environment:?} {url}");
        }
    }

    #[test]
    fn no_proxy_names_hosts_networks_and_ports() {
        for (list, host, direct) in [
            ("", "api.telegram.org", false),
            ("*", "api.telegram.org", true),
            ("telegram.org", "api.telegram.org", true),
            ("telegram.org", "telegram.org", true),
            (".Telegram.org", "api.telegram.org", true),
            ("*.telegram.org", "api.telegram.org", true),
            ("telegram.org", "nottelegram.org", false),
            ("a,b , telegram.org", "api.telegram.org", true),
            ("a b\ttelegram.org", "api.telegram.org", true),
            ("telegram.org:443", "api.telegram.org", true),
            ("telegram.org:80", "api.telegram.org", false),
            ("10.0.0.0/8", "10.1.2.3", true),
            ("10.0.0.0/8", "11.1.2.3", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("0.0.0.0/0", "10.1.2.3", true),
            ("10.0.0.0/33", "10.0.0.0", false),
            ("fd00::/8", "fd12::1", true),
            ("::/0", "10.1.2.3", false),
            ("[fd12::1]", "fd12::1", true),
            ("fd12::1", "fd12::1", true),
            ("2.3", "10.1.2.3", false),
            (",.,", "api.telegram.org", false),
        ] {
            assert_eq!(goes_direct(list, host, 443), direct, "{list} {host}");
        }
    }
}

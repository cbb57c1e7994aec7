//! One setting's text to its value, or what would be right instead. Pure.
//!
//! Invariant: no remedy repeats the text it refuses; whether that may be shown is decided elsewhere.

use std::fmt::Display;
use std::net::{IpAddr, SocketAddr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::SendRate;
use super::secret::Secret;
use crate::chat::UserId;

/// What is wanted instead; begins with `must`.
pub(super) type Remedy = String;

pub(super) fn number<T>(text: &str, bounds: &RangeInclusive<T>) -> Result<T, Remedy>
where
    T: FromStr + PartialOrd + Display,
{
    text.parse()
        .ok()
        .filter(|number| bounds.contains(number))
        .ok_or_else(|| format!("must be between {} and {}", bounds.start(), bounds.end()))
}

/// US dollars with at most six decimals, in millionths.
pub(super) fn micro_dollars(text: &str) -> Result<u64, Remedy> {
    const MOST: u64 = 10_000;
    let exact = || {
        let (whole, part) = text.split_once('.').unwrap_or((text, ""));
        let plain = |digits: &str| digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plain(whole) || !plain(part) || part.len() > 6 {
            return None;
        }
        let whole: u64 = whole.parse().ok()?;
        let part: u64 = format!("{part:0<6}").parse().ok()?;
        let micros = whole.checked_mul(1_000_000)?.checked_add(part)?;
        (micros <= MOST * 1_000_000).then_some(micros)
    };
    exact().ok_or_else(|| {
        format!("must be dollars between 0 and {MOST} with at most six decimals, such as 0.50")
    })
}

pub(super) fn token(text: &str) -> Result<Secret, Remedy> {
    let is_token = text.split_once(':').is_some_and(|(id, rest)| {
        let digits = !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit());
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        digits && !rest.is_empty() && rest.bytes().all(fits)
    });
    is_token.then(|| Secret::new(text)).ok_or_else(|| {
        "must be a token as @BotFather gives it: digits, a colon, then letters, digits, _ and -"
            .to_owned()
    })
}

/// `bot` is the bot itself, which cannot own itself.
pub(super) fn owners(text: &str, bot: Option<UserId>) -> Result<Vec<UserId>, Remedy> {
    let wanted =
        "must be the positive user numbers of people, such as 12345678, separated by commas";
    let mut owners = Vec::new();
    for id in text
        .split(|c: char| c == ',' || c.is_whitespace())
        .filter(|id| !id.is_empty())
    {
        let id = id.parse().ok().filter(|id: &i64| *id > 0).ok_or(wanted)?;
        if UserId(id).is_of_telegram() {
            return Err(format!(
                "must not name {id}, an account that Telegram itself writes from"
            ));
        }
        if bot == Some(UserId(id)) {
            return Err(format!(
                "must not name {id}, which is the bot itself; @userinfobot tells you your own number"
            ));
        }
        if !owners.contains(&UserId(id)) {
            owners.push(UserId(id));
        }
    }
    if owners.is_empty() {
        return Err(wanted.to_owned());
    }
    Ok(owners)
}

pub(super) fn send_rate(text: &str) -> Result<SendRate, Remedy> {
    match text.to_ascii_lowercase().as_str() {
        "auto" => Ok(SendRate::Auto),
        "off" => Ok(SendRate::Off),
        number => number
            .parse()
            .ok()
            .filter(|rate| (1..=1000).contains(rate))
            .map(SendRate::PerSecond)
            .ok_or_else(|| "must be auto, off, or messages a second between 1 and 1000".to_owned()),
    }
}

/// None: switched off.
pub(super) fn listen_address(text: &str) -> Result<Option<SocketAddr>, Remedy> {
    if text.eq_ignore_ascii_case("off") {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_error| {
        "must be off, or an address with a port such as 127.0.0.1:8080 or [::1]:8080".to_owned()
    })
}

pub(super) fn time_zone(text: &str) -> Result<jiff::tz::TimeZone, Remedy> {
    jiff::tz::TimeZone::get(text).map_err(|_error| {
        "must be the name of a time zone such as Europe/Berlin, Asia/Shanghai or UTC".to_owned()
    })
}

/// The address of a service, without the slashes at its end.
pub(super) fn url(text: &str) -> Result<String, Remedy> {
    let url = text.trim_end_matches('/');
    let fits = split_scheme(url, &["http", "https"]).is_some_and(|rest| {
        let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
        is_host(authority)
            && path
                .bytes()
                .all(|b| b.is_ascii_graphic() && !b"?#@".contains(&b))
    });
    fits.then(|| url.to_owned()).ok_or_else(|| {
        "must be an address such as https://host or http://127.0.0.1:8081, without user, ? or #"
            .to_owned()
    })
}

/// The address of the Gemini API without what we put behind it ourselves, and whether something was
/// taken away. The part for clients of `OpenAI` speaks another protocol.
pub(super) fn gemini_url(text: &str) -> Result<(String, bool), Remedy> {
    let url = url(text)?;
    let authority = url
        .split('/')
        .take(3)
        .map(|part| part.len() + 1)
        .sum::<usize>()
        - 1;
    let (host, path) = url.split_at(authority);
    let mut kept = path;
    for tail in ["/models", "/v1beta", "/v1"] {
        kept = kept
            .strip_suffix(tail)
            .unwrap_or(kept)
            .trim_end_matches('/');
    }
    let base = format!("{host}{kept}");
    if kept
        .split('/')
        .any(|part| part.eq_ignore_ascii_case("openai"))
    {
        return Err("must be the address of the Gemini API itself, such as https://generativelanguage.googleapis.com, without /openai: that part speaks another protocol".to_owned());
    }
    Ok((base, kept != path))
}

/// The address of a proxy; it may hold a user and a password.
pub(super) fn proxy(text: &str) -> Result<Secret, Remedy> {
    let fits = split_scheme(text, &["http", "https", "socks5", "socks5h"]).is_some_and(|rest| {
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        user.bytes().all(|byte| byte.is_ascii_graphic()) && is_host(host)
    });
    fits.then(|| Secret::new(text)).ok_or_else(|| {
        "must be http://host:port, https://host:port or socks5://host:port, with user:password@ before the host if it needs them"
            .to_owned()
    })
}

fn split_scheme<'a>(url: &'a str, schemes: &[&str]) -> Option<&'a str> {
    let (scheme, rest) = url.split_once("://")?;
    let known = schemes
        .iter()
        .any(|known| scheme.eq_ignore_ascii_case(known));
    known.then_some(rest)
}

/// `name`, `name:port`, `1.2.3.4:port` or `[::1]:port`.
fn is_host(authority: &str) -> bool {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else {
                return false;
            };
            if address.parse::<std::net::Ipv6Addr>().is_err() {
                return false;
            }
            (address, port)
        }
        None => authority.split_at(authority.find(':').unwrap_or(authority.len())),
    };
    let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"-._:".contains(&byte);
    let port_fits = match port.strip_prefix(':') {
        Some(port) => port.parse::<u16>().is_ok_and(|port| port > 0),
        None => port.is_empty(),
    };
    !host.is_empty() && host.bytes().all(in_name) && port_fits
}

/// Whether a checked URL is plain http to another machine, where anyone on the way reads along.
pub(super) fn is_open_to_listeners(url: &str) -> bool {
    let Some(rest) = split_scheme(url, &["http"]) else {
        return false;
    };
    let authority = rest.split('/').next().unwrap_or(rest);
    let host = match authority.strip_prefix('[') {
        Some(rest) => rest.split(']').next(),
        None => authority.split(':').next(),
    }
    .unwrap_or(authority);
    let loopback = host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback());
    !loopback && !host.eq_ignore_ascii_case("localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn owners_are_people() {
        let bot = Some(UserId(9));
        let ids = |text| owners(text, bot).map(|ids| ids.iter().map(|id| id.0).collect::<Vec<_>>());
        assert_eq!(ids("5, 7\n5"), Ok(vec![5, 7]));
        for text in [
            "-5",
            "0",
            "@me",
            "5;7",
            ",",
            "777000",
            "1,1087968824",
            "5, 9",
            "136817688",
        ] {
            assert!(ids(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_address_keeps_its_path_and_loses_its_last_slashes() {
        for (text, expected) in [
            ("https://api.telegram.org", "https://api.telegram.org"),
            ("http://127.0.0.1:8081/", "http://127.0.0.1:8081"),
            ("HTTP://[::1]:80/a/b//", "HTTP://[::1]:80/a/b"),
        ] {
            assert_eq!(url(text).as_deref(), Ok(expected));
        }
        for text in [
            "api.telegram.org",
            "ftp://host",
            "https://",
            "https:///path",
            "https://host:99999",
            "https://host:0",
            "https://host:",
            "https://a b",
            "https://user:pass@host",
            "https://host/?key=1",
            "https://host/a b",
            "https://[::1",
            "https://[nonsense]",
            "https://hôte",
        ] {
            assert!(url(text).is_err(), "{text}");
        }
    }

    #[test]
    fn the_address_of_gemini_loses_the_version_that_we_put_behind_it() {
        for (text, base, is_cut) in [
            ("https://host", "https://host", false),
            ("https://host/", "https://host", false),
            ("https://host/gemini", "https://host/gemini", false),
            ("https://host/v1beta", "https://host", true),
            ("https://host/v1/", "https://host", true),
            ("https://host/gemini/v1beta//", "https://host/gemini", true),
            ("https://host/v1beta/models", "https://host", true),
            ("https://v1beta", "https://v1beta", false),
            (
                "https://openai.proxy.example",
                "https://openai.proxy.example",
                false,
            ),
            ("https://host/v1betas", "https://host/v1betas", false),
        ] {
            assert_eq!(gemini_url(text), Ok((base.to_owned(), is_cut)), "{text}");
        }
        for text in [
            "https://host/v1beta/openai",
            "https://host/v1beta/openai/",
            "https://host/openai/v1",
            "https://host/OpenAI",
        ] {
            let remedy = gemini_url(text).unwrap_err();
            assert!(remedy.contains("without /openai"), "{text}: {remedy}");
        }
        assert!(gemini_url("host/v1").is_err());
    }

    #[test]
    fn a_proxy_may_have_a_password_but_needs_a_host() {
        for text in [
            "http://proxy",
            "socks5://127.0.0.1:1080",
            "socks5h://me:p@ss@host:1080/",
            "https://[::1]:3128",
        ] {
            assert_eq!(proxy(text).unwrap().expose(), text);
        }
        for text in [
            "proxy:8080",
            "socks4://host",
            "http://",
            "http://me:pass@",
            "http://host/path",
            "http://host:port",
        ] {
            assert!(proxy(text).is_err(), "{text}");
        }
    }

    #[test]
    fn plain_http_is_open_to_listeners_unless_it_stays_here() {
        for (url, open) in [
            ("https://host", false),
            ("http://host:80/x", true),
            ("http://10.0.0.1", true),
            ("http://localhost:1", false),
            ("http://127.0.0.1:8081/a", false),
            ("http://[::1]:8081", false),
        ] {
            assert_eq!(is_open_to_listeners(url), open, "{url}");
        }
    }

    #[test]
    fn money_is_exact_to_a_millionth() {
        for (text, micros) in [
            ("0", Some(0)),
            ("1", Some(1_000_000)),
            ("0.5", Some(500_000)),
            ("2.000001", Some(2_000_001)),
            ("10000", Some(10_000_000_000)),
            ("10000.000001", None),
            ("0.0000001", None),
            (".5", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("", None),
            ("18446744073709551615", None),
        ] {
            assert_eq!(micro_dollars(text).ok(), micros, "{text}");
        }
    }
}

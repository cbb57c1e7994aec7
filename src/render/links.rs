//! Where links lead, and whom names call. Pure.

use std::cmp::Reverse;
use std::collections::HashSet;
use std::ops::{Range, RangeInclusive};

use crate::chat::rich::{Entity, Rich, Style, units};

/// Longest address that Telegram is asked to make a link of, in bytes.
const LONGEST_URL: usize = 2048;
/// How far before a name the beginning of its web address is looked for, in characters.
const LONGEST_PATH: usize = 300;
/// Telegram takes no shorter name, and no longer one.
const NAME: RangeInclusive<usize> = 4..=32;

/// Whether Telegram can make a link of this address. One that names a person would notify them:
/// only the asker can make us do that.
pub(super) fn is_allowed(url: &str, asked: &str) -> bool {
    let bad = |c: char| c.is_whitespace() || c.is_control();
    if url.len() > LONGEST_URL || url.contains(bad) {
        return false;
    }
    match scheme(url) {
        Some((scheme, rest)) if scheme == "mailto" => !rest.is_empty(),
        Some((scheme, rest)) if scheme == "tg" => {
            let names_somebody = rest.to_ascii_lowercase().starts_with("//user");
            rest.starts_with("//") && (!names_somebody || asked.contains(url))
        }
        Some((scheme, _)) if scheme == "http" || scheme == "https" => host(url).is_some(),
        _ => false,
    }
}

fn scheme(url: &str) -> Option<(String, &str)> {
    let (scheme, rest) = url.split_once(':')?;
    Some((scheme.to_ascii_lowercase(), rest))
}

/// The host of a web address, in lower case and without the port.
fn host(url: &str) -> Option<String> {
    let (scheme, rest) = scheme(url)?;
    if !matches!(scheme.as_str(), "http" | "https") {
        return None;
    }
    let rest = rest.strip_prefix("//")?;
    // Browsers take a backslash for a slash.
    let authority = rest.split(['/', '\\', '?', '#']).next()?;
    let (_, address) = authority.rsplit_once('@').unwrap_or(("", authority));
    let host = match address.split_once(']') {
        Some((v6, _)) => v6.trim_start_matches('['),
        None => address.split(':').next()?,
    };
    (!host.is_empty()).then(|| host.to_lowercase())
}

/// What must be told beside a link, because its text does not: the host, the address written to,
/// or the whole address where no link could be made.
pub(super) fn hint(url: &str, text: &str, linked: bool) -> Option<String> {
    let text = text.to_lowercase();
    let shown = match host(url) {
        Some(host) if linked => host,
        _ if linked => url.strip_prefix("mailto:").unwrap_or(url).to_owned(),
        _ if url.is_empty() || url.starts_with('#') => return None,
        _ => url.to_owned(),
    };
    let bare = shown.strip_prefix("www.").unwrap_or(&shown);
    let tells = names(&text, &bare.to_lowercase());
    (!tells).then_some(shown)
}

/// Whether `text` names this host itself, not as a part of another one or of a path.
fn names(text: &str, host: &str) -> bool {
    if host.is_empty() {
        return false;
    }
    text.match_indices(host).any(|(at, _)| {
        let (before, from) = text.split_at(at);
        let before = before.strip_suffix("www.").unwrap_or(before);
        let part = |c: char| c.is_alphanumeric() || "-_./=?&@".contains(c);
        let is_part = before.ends_with(part) && !before.ends_with("://");
        let after = from.strip_prefix(host).unwrap_or_default();
        let mut after = after.chars();
        let goes_on = match after.next() {
            Some('.') => after.next().is_some_and(char::is_alphanumeric),
            Some(c) => c.is_alphanumeric() || c == '-' || c == '@',
            None => false,
        };
        !goes_on && !is_part
    })
}

/// Shows the names of people that the asker did not write as code, in which Telegram sees no mention,
/// so that nobody is notified and the text stays as the model wrote it. What is code, link or web
/// address already is left alone: nothing in it is a mention.
pub(super) fn quiet(rich: Rich, asked: &str) -> Rich {
    if !rich.text.contains('@') {
        return rich;
    }
    let allowed: HashSet<String> = names_in(asked)
        .map(|(_, name)| name.to_ascii_lowercase())
        .collect();
    let mut safe = rich.entities.iter().filter(|entity| has_no_mention(entity));
    let mut next = safe.next();
    let mut names = Vec::new();
    let (mut unit, mut byte) = (0, 0);
    for (at, name) in names_in(&rich.text) {
        let between = rich.text.get(byte..at).unwrap_or_default();
        unit += u32::try_from(units(between)).unwrap_or_default();
        byte = at;
        while next.is_some_and(|entity| entity.end() <= unit) {
            next = safe.next();
        }
        let is_safe = next.is_some_and(|entity| entity.offset <= unit);
        let known = allowed.contains(&name.to_ascii_lowercase());
        if !is_safe && !known && !is_in_url(rich.text.split_at(at).0) {
            // The name is ASCII: a byte is a unit.
            let length = u32::try_from(name.len() + 1).unwrap_or_default();
            names.push(unit..unit.saturating_add(length));
        }
    }
    with_code(rich, &names)
}

/// Every `@name` with the place of its `@` in bytes.
fn names_in(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices('@').filter_map(|(at, _)| {
        let (before, from) = text.split_at(at);
        let inside = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let name = from.strip_prefix('@')?;
        let end = name
            .find(|c: char| !c.is_ascii_alphanumeric() && c != '_')
            .unwrap_or(name.len());
        let is_name = NAME.contains(&end) && name.starts_with(|c: char| c.is_ascii_alphabetic());
        (!inside && is_name).then(|| (at, name.split_at(end).0))
    })
}

/// Whether a web address leads up to here; one that is longer than an address can be does not.
fn is_in_url(before: &str) -> bool {
    if !before.ends_with('/') {
        return false;
    }
    let word = before.char_indices().rev().take(LONGEST_PATH);
    let start = word.take_while(|(_, c)| !c.is_whitespace()).last();
    let word = start.map_or("", |(start, _)| before.split_at(start).1);
    let start = word.rfind("https://").or_else(|| word.rfind("http://"));
    let host = start.and_then(|start| host(word.split_at(start).1));
    host.is_some_and(|host| host.contains('.'))
}

/// The text with code in these places, in order. Code stands in nothing but quotes, so all else is
/// interrupted there.
fn with_code(rich: Rich, codes: &[Range<u32>]) -> Rich {
    if codes.is_empty() {
        return rich;
    }
    let mut entities = Vec::with_capacity(rich.entities.len() + codes.len());
    for entity in rich.entities {
        if matches!(entity.style, Style::Quote | Style::LongQuote) {
            entities.push(entity);
            continue;
        }
        let mut from = entity.offset;
        let first = codes.partition_point(|code| code.end <= from);
        for code in codes.iter().skip(first) {
            if code.start >= entity.end() {
                break;
            }
            entities.push(part_of(&entity, from..code.start));
            from = code.end;
        }
        entities.push(part_of(&entity, from..entity.end()));
    }
    entities.extend(codes.iter().map(|code| Entity {
        offset: code.start,
        length: code.end - code.start,
        style: Style::Code,
    }));
    entities.retain(|entity| entity.length > 0);
    // Stable, so that of two with the same place the outer one stays the outer one.
    entities.sort_by_key(|entity| (entity.offset, Reverse(entity.length)));
    Rich {
        text: rich.text,
        entities,
    }
}

fn part_of(entity: &Entity, range: Range<u32>) -> Entity {
    Entity {
        offset: range.start,
        length: range.end.saturating_sub(range.start),
        style: entity.style.clone(),
    }
}

const fn has_no_mention(entity: &Entity) -> bool {
    matches!(
        entity.style,
        Style::Code | Style::Pre { .. } | Style::Link { .. }
    )
}

//! The rules for entities: the service would drop or clamp in silence what breaks them. Pure.

use serde_json::Value;

const MOST: usize = 100;
/// The service counts what entities take in its own encoding. Known from the field: 45 links of 270
/// characters are refused.
pub(in super::super) const MOST_BYTES: usize = 10_000;
/// Kind, offset and length.
const BYTES_OF_EACH: usize = 12;
const FIELDS: [&str; 7] = [
    "type",
    "offset",
    "length",
    "url",
    "user",
    "language",
    "custom_emoji_id",
];
const KINDS: [&str; 17] = [
    "mention",
    "hashtag",
    "cashtag",
    "bot_command",
    "url",
    "email",
    "bold",
    "italic",
    "underline",
    "strikethrough",
    "spoiler",
    "blockquote",
    "expandable_blockquote",
    "code",
    "pre",
    "text_link",
    "text_mention",
];
const SCHEMES: [&str; 4] = ["http://", "https://", "tg://", "mailto:"];

/// What is wrong with the entities of a text.
pub(in super::super) fn entities(text: &str, list: &Value) -> Vec<String> {
    let mut problems = Vec::new();
    let mut spans = Vec::new();
    for entity in list.as_array().map_or(&[][..], Vec::as_slice) {
        match span(text, entity) {
            Ok(span) => spans.push(span),
            Err(problem) => problems.push(format!("{problem}: {entity}")),
        }
    }
    if spans.len() > MOST {
        problems.push(format!("{} entities", spans.len()));
    }
    for (at, a) in spans.iter().enumerate() {
        for b in &spans[at + 1..] {
            if let Some(problem) = clash(a, b) {
                problems.push(format!("{problem}: {a:?} and {b:?}"));
            }
        }
    }
    problems
}

/// Bytes that the entities of a message take.
pub(in super::super) fn bytes(list: &Value) -> usize {
    let list = list.as_array().map_or(&[][..], Vec::as_slice);
    let of = |entity: &Value| {
        let held = ["url", "language"].map(|name| entity[name].as_str().map_or(0, str::len));
        BYTES_OF_EACH + held.iter().sum::<usize>()
    };
    list.iter().map(of).sum()
}

/// A kind of entity and the UTF-16 units it covers.
type Span = (String, usize, usize);

fn span(text: &str, entity: &Value) -> Result<Span, &'static str> {
    let fields = entity.as_object().ok_or("not an object")?;
    if fields.keys().any(|name| !FIELDS.contains(&name.as_str())) {
        return Err("an unknown field");
    }
    let kind = entity["type"].as_str().filter(|kind| KINDS.contains(kind));
    let kind = kind.ok_or("unknown type")?;
    let number = |name: &str| entity[name].as_u64().and_then(|n| usize::try_from(n).ok());
    let (start, length) = (
        number("offset").ok_or("offset")?,
        number("length").ok_or("length")?,
    );
    let mut edges = vec![0];
    for character in text.chars() {
        edges.push(edges[edges.len() - 1] + character.len_utf16());
    }
    let on_edge = |unit: usize| edges.binary_search(&unit).is_ok();
    if length == 0 || !on_edge(start) || !on_edge(start + length) {
        return Err("not on characters of the text");
    }
    belongings(kind, entity)?;
    Ok((kind.to_owned(), start, start + length))
}

/// What only one kind of entity has.
fn belongings(kind: &str, entity: &Value) -> Result<(), &'static str> {
    let url = &entity["url"];
    if url.is_null() == (kind == "text_link") {
        return Err("a url is for text_link, which has one");
    }
    let legal = |url: &str| {
        let lower = url.to_ascii_lowercase();
        let rest = SCHEMES.iter().find_map(|scheme| lower.strip_prefix(scheme));
        rest.is_some_and(|rest| !rest.is_empty() && !url.contains(char::is_whitespace))
    };
    if !url.is_null() && !url.as_str().is_some_and(legal) {
        return Err("the url");
    }
    let language = &entity["language"];
    if !language.is_null() && (kind != "pre" || !language.is_string()) {
        return Err("a language is for pre");
    }
    if entity["user"].is_null() == (kind == "text_mention") {
        return Err("a user is for text_mention, which has one");
    }
    Ok(())
}

/// Why two entities cannot stand together.
fn clash((kind, start, end): &Span, (other, from, to): &Span) -> Option<&'static str> {
    if end <= from || to <= start {
        return None;
    }
    let around = start <= from && to <= end;
    let within = from <= start && end <= to;
    let solid = |kind: &str| matches!(kind, "code" | "pre");
    let quote = |kind: &str| kind.ends_with("blockquote");
    let style = |kind: &str| {
        matches!(
            kind,
            "bold" | "italic" | "underline" | "strikethrough" | "spoiler"
        )
    };
    let link = |kind: &str| !solid(kind) && !quote(kind) && !style(kind);
    if !around && !within {
        Some("overlap")
    } else if quote(kind) && quote(other) {
        Some("a quote inside a quote")
    } else if (solid(kind) && !(quote(other) && within))
        || (solid(other) && !(quote(kind) && around))
    {
        Some("formatting inside code")
    } else if link(kind) && link(other) {
        Some("a link inside a link")
    } else if kind == other {
        Some("the same twice")
    } else {
        None
    }
}

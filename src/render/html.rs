//! The HTML tags that models write in markdown. Pure. Telegram can show a few of them; of those
//! that only arrange a page ([`Layout`]) nothing is shown but their text. Every other tag is shown
//! as it was written.

use crate::chat::rich::Style;

/// A part of a line of HTML.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part<'a> {
    Text(&'a str),
    /// A tag we know, and how it was written.
    Tag(Tag, &'a str),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Tag {
    Break,
    Open(Mark),
    Close(Kind),
}

/// What a tag, or one of our own marks, begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mark {
    Style(Style),
    /// A link that must be looked at first.
    Link(String),
    Raised,
    Lowered,
    Details,
    Summary,
    /// Shows nothing itself.
    Layout(&'static str, Layout),
}

/// How an element that shows nothing itself arranges its text (HTML, "Rendering").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Layout {
    /// In its line.
    Inline,
    /// On lines of its own.
    Line,
    /// Between empty lines.
    Paragraph,
    /// On a line with a bullet.
    Item,
    /// Beside the next.
    Cell,
}

/// The elements of [`Layout`], sorted by name.
const LAYOUTS: [(&str, Layout); 44] = [
    ("abbr", Layout::Inline),
    ("address", Layout::Line),
    ("article", Layout::Paragraph),
    ("aside", Layout::Paragraph),
    ("bdi", Layout::Inline),
    ("bdo", Layout::Inline),
    ("big", Layout::Inline),
    ("caption", Layout::Line),
    ("center", Layout::Line),
    ("cite", Layout::Inline),
    ("dd", Layout::Line),
    ("dfn", Layout::Inline),
    ("div", Layout::Line),
    ("dl", Layout::Paragraph),
    ("dt", Layout::Line),
    ("figcaption", Layout::Line),
    ("figure", Layout::Paragraph),
    ("font", Layout::Inline),
    ("footer", Layout::Paragraph),
    ("h1", Layout::Paragraph),
    ("h2", Layout::Paragraph),
    ("h3", Layout::Paragraph),
    ("h4", Layout::Paragraph),
    ("h5", Layout::Paragraph),
    ("h6", Layout::Paragraph),
    ("header", Layout::Paragraph),
    ("label", Layout::Inline),
    ("li", Layout::Item),
    ("main", Layout::Paragraph),
    ("nav", Layout::Paragraph),
    ("ol", Layout::Paragraph),
    ("p", Layout::Paragraph),
    ("section", Layout::Paragraph),
    ("small", Layout::Inline),
    ("span", Layout::Inline),
    ("table", Layout::Paragraph),
    ("tbody", Layout::Line),
    ("td", Layout::Cell),
    ("tfoot", Layout::Line),
    ("th", Layout::Cell),
    ("thead", Layout::Line),
    ("time", Layout::Inline),
    ("tr", Layout::Line),
    ("ul", Layout::Paragraph),
];

/// The element of this name, which the growing text waits for as well.
pub(super) fn layout(name: &str) -> Option<(&'static str, Layout)> {
    let name = name.to_ascii_lowercase();
    let found = LAYOUTS.binary_search_by(|(known, _)| (*known).cmp(&name));
    LAYOUTS.get(found.ok()?).copied()
}

/// Which opening and closing belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Bold,
    Italic,
    Underline,
    Strikethrough,
    Spoiler,
    Code,
    Link,
    Raised,
    Lowered,
    Details,
    Summary,
    /// `<span class="tg-spoiler">` and others: which, the opening tells.
    Span,
    Layout(&'static str),
    /// `||`, `==` and a `**` that `CommonMark` left alone.
    Bars,
    Equals,
    Stars,
}

/// The tag that `source` is.
pub(super) fn tag(source: &str) -> Option<Tag> {
    let inner = source.strip_prefix('<')?.strip_suffix('>')?;
    if let Some(name) = inner.strip_prefix('/') {
        return Some(Tag::Close(kind(name.trim_end())?));
    }
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    let end = inner
        .find(|c: char| !c.is_ascii_alphanumeric() && c != '-')
        .unwrap_or(inner.len());
    let (name, attributes) = inner.split_at(end);
    if name.eq_ignore_ascii_case("br") {
        return Some(Tag::Break);
    }
    let kind = kind(name)?;
    let style = match kind {
        Kind::Bold => Style::Bold,
        Kind::Italic => Style::Italic,
        Kind::Underline => Style::Underline,
        Kind::Strikethrough => Style::Strikethrough,
        Kind::Spoiler => Style::Spoiler,
        Kind::Code => Style::Code,
        Kind::Span if attribute(attributes, "class").as_deref() == Some("tg-spoiler") => {
            Style::Spoiler
        }
        Kind::Link => return Some(Tag::Open(Mark::Link(attribute(attributes, "href")?))),
        Kind::Raised => return Some(Tag::Open(Mark::Raised)),
        Kind::Lowered => return Some(Tag::Open(Mark::Lowered)),
        Kind::Details => return Some(Tag::Open(Mark::Details)),
        Kind::Summary => return Some(Tag::Open(Mark::Summary)),
        Kind::Span | Kind::Layout(_) => {
            let (name, layout) = layout(name)?;
            return Some(Tag::Open(Mark::Layout(name, layout)));
        }
        Kind::Bars | Kind::Equals | Kind::Stars => return None,
    };
    Some(Tag::Open(Mark::Style(style)))
}

fn kind(name: &str) -> Option<Kind> {
    Some(match name.to_ascii_lowercase().as_str() {
        "b" | "strong" => Kind::Bold,
        "i" | "em" => Kind::Italic,
        "u" | "ins" | "mark" => Kind::Underline,
        "s" | "del" | "strike" => Kind::Strikethrough,
        "tg-spoiler" => Kind::Spoiler,
        "code" | "kbd" => Kind::Code,
        "a" => Kind::Link,
        "sup" => Kind::Raised,
        "sub" => Kind::Lowered,
        "details" => Kind::Details,
        "summary" => Kind::Summary,
        "span" => Kind::Span,
        name => Kind::Layout(layout(name)?.0),
    })
}

impl Mark {
    /// Which closing tag ends it.
    pub(super) const fn kind(&self) -> Kind {
        match self {
            Self::Style(Style::Bold) => Kind::Bold,
            Self::Style(Style::Italic) => Kind::Italic,
            Self::Style(Style::Underline) => Kind::Underline,
            Self::Style(Style::Strikethrough) => Kind::Strikethrough,
            Self::Style(Style::Code | Style::Pre { .. }) => Kind::Code,
            Self::Style(Style::Spoiler) => Kind::Spoiler,
            Self::Style(Style::Quote | Style::LongQuote) | Self::Details => Kind::Details,
            Self::Style(Style::Link { .. }) | Self::Link(_) => Kind::Link,
            Self::Raised => Kind::Raised,
            Self::Lowered => Kind::Lowered,
            Self::Summary => Kind::Summary,
            Self::Layout(name, _) => Kind::Layout(name),
        }
    }
}

fn attribute(attributes: &str, name: &str) -> Option<String> {
    let lower = attributes.to_ascii_lowercase();
    let at = lower
        .match_indices(name)
        .find(|(at, _)| lower.split_at(*at).0.ends_with(char::is_whitespace))?
        .0;
    let rest = attributes.split_at(at + name.len()).1.trim_start();
    let value = rest.strip_prefix('=')?.trim_start();
    let value = match value.chars().next()? {
        quote @ ('"' | '\'') => value.strip_prefix(quote)?.split(quote).next()?,
        _ => value.split_whitespace().next()?,
    };
    Some(decoded(value))
}

/// A block of HTML, cut at the tags we know.
pub(super) fn parts(source: &str) -> Vec<Part<'_>> {
    let mut parts = Vec::new();
    let mut text = 0;
    let mut from = 0;
    while let Some(at) = source.get(from..).and_then(|rest| rest.find('<')) {
        let start = from + at;
        from = start + 1;
        let rest = source.split_at(start).1;
        // A tag ends before the next one begins.
        let end = source
            .get(from..)
            .and_then(|rest| rest.find(['<', '>']))
            .map(|end| end + 2);
        let written = end.and_then(|end| rest.get(..end));
        if let Some((written, tag)) = written.and_then(|written| Some((written, tag(written)?))) {
            let before = source.get(text..start).unwrap_or_default();
            parts.push(Part::Text(before));
            parts.push(Part::Tag(tag, written));
            from = start + written.len();
            text = from;
        }
    }
    parts.push(Part::Text(source.get(text..).unwrap_or_default()));
    parts
}

/// The text with the common character references read.
pub(super) fn decoded(text: &str) -> String {
    let mut decoded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        decoded.push_str(before);
        let reference = after
            .split_once(';')
            .and_then(|(name, after)| Some((character(name)?, after)));
        if let Some((c, after)) = reference {
            decoded.push(c);
            rest = after;
        } else {
            decoded.push('&');
            rest = after;
        }
    }
    decoded.push_str(rest);
    decoded
}

fn character(name: &str) -> Option<char> {
    Some(match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        "nbsp" => '\u{a0}',
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(number) => u32::from_str_radix(number, 16).ok()?,
                None => number.parse().ok()?,
            };
            char::from_u32(code)?
        }
    })
}

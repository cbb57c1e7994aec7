//! What Telegram asks of text and entities (Bot API, "Formatting options" and `MessageEntity`), for
//! the tests of everything that renders.

use crate::chat::rich::{Entity, Rich, Style, units};

/// What is wrong with a rendered text; nothing when Telegram would show it as it is.
pub(crate) fn problems(rich: &Rich) -> Vec<String> {
    let mut problems = Vec::new();
    if rich.text.trim() != rich.text {
        problems.push("white space at an edge".to_owned());
    }
    let control = |c: char| c.is_control() && c != '\n';
    if let Some(c) = rich.text.chars().find(|c| control(*c)) {
        problems.push(format!("control character {c:?}"));
    }
    let mut edges = vec![false; units(&rich.text) + 1];
    let mut unit = 0;
    edges[0] = true;
    for c in rich.text.chars() {
        unit += c.len_utf16();
        edges[unit] = true;
    }
    for entity in &rich.entities {
        let on_edge = |unit: u32| edges.get(usize::try_from(unit).unwrap()) == Some(&true);
        if entity.length == 0 || !on_edge(entity.offset) || !on_edge(entity.end()) {
            problems.push(format!("not on characters: {entity:?}"));
        }
        problems.extend(bad_style(entity));
    }
    let order = |e: &Entity| (e.offset, std::cmp::Reverse(e.length));
    if !rich.entities.is_sorted_by_key(order) {
        problems.push("not in order".to_owned());
    }
    // In order, an entity can only clash with those still open at its beginning.
    let mut open: Vec<&Entity> = Vec::new();
    for entity in &rich.entities {
        open.retain(|outer| outer.end() > entity.offset);
        let clashes = open.iter().filter_map(|outer| clash(outer, entity));
        problems.extend(clashes.map(|problem| format!("{problem}: {entity:?}")));
        open.push(entity);
    }
    problems
}

fn bad_style(entity: &Entity) -> Option<String> {
    let bad = match &entity.style {
        Style::Link { url } => {
            let known = ["http://", "https://", "tg://", "mailto:"];
            let lower = url.to_ascii_lowercase();
            !known.iter().any(|scheme| lower.starts_with(scheme))
        }
        Style::Pre {
            language: Some(language),
        } => language.is_empty() || language.contains(char::is_whitespace),
        Style::Pre { language: None }
        | Style::Bold
        | Style::Italic
        | Style::Underline
        | Style::Strikethrough
        | Style::Spoiler
        | Style::Code
        | Style::Quote
        | Style::LongQuote => false,
    };
    bad.then(|| format!("{:?}", entity.style))
}

fn clash(outer: &Entity, inner: &Entity) -> Option<&'static str> {
    let solid = |style: &Style| matches!(style, Style::Code | Style::Pre { .. });
    let quote = |style: &Style| matches!(style, Style::Quote | Style::LongQuote);
    let link = |style: &Style| matches!(style, Style::Link { .. });
    let (a, b) = (&outer.style, &inner.style);
    if inner.end() > outer.end() {
        Some("overlap")
    } else if quote(b) {
        Some("a quote inside something")
    } else if solid(a) || (solid(b) && !quote(a)) {
        Some("code with formatting")
    } else if a == b || (link(a) && link(b)) {
        Some("the same twice")
    } else {
        None
    }
}

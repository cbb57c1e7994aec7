//! A text with its formatting as Markdown: for what a person formats by the menus of their app and the bot
//! sends on. Pure. Invariant: without its marks it is the text itself.

use std::cmp::Reverse;
use std::ops::Range;

use super::message_text::utf16_range;
use crate::telegram::wire::Entity;

/// What stands before and behind a stretch of text.
struct Mark {
    /// In bytes.
    range: Range<usize>,
    before: String,
    after: String,
}

/// The text as Markdown; `None` where nothing in it is formatted. A command that it begins with stays as it
/// is.
pub(super) fn marked_up(text: &str, entities: Option<&[Entity]>) -> Option<String> {
    let body = body(text);
    let mut marks: Vec<Mark> = entities
        .into_iter()
        .flatten()
        .filter_map(|entity| mark(text, body, entity))
        .collect();
    if marks.is_empty() {
        return None;
    }
    // What begins earlier, or ends later, is outside.
    marks.sort_by_key(|mark| (mark.range.start, Reverse(mark.range.end)));
    Some(written(text, &marks))
}

/// Where the words behind a command begin.
fn body(text: &str) -> usize {
    if !text.starts_with('/') {
        return 0;
    }
    let name = text.find(char::is_whitespace).unwrap_or(text.len());
    let rest = text.get(name..).unwrap_or_default();
    text.len() - rest.trim_start().len()
}

fn mark(text: &str, body: usize, entity: &Entity) -> Option<Mark> {
    let range = utf16_range(text, entity.offset, entity.length)?;
    let start = range.start.max(body);
    let covered = text.get(start..range.end)?;
    let words = covered.trim();
    if words.is_empty() {
        return None;
    }
    let start = start + (covered.len() - covered.trim_start().len());
    let range = start..start + words.len();
    let (mut before, mut after) = around(entity, words)?;
    if entity.kind == "pre" {
        // A block of code stands on lines of its own.
        let is_first = text
            .get(..range.start)
            .is_none_or(|text| text.is_empty() || text.ends_with('\n'));
        let is_last = text
            .get(range.end..)
            .is_none_or(|text| text.is_empty() || text.starts_with('\n'));
        before.insert_str(0, if is_first { "" } else { "\n" });
        after.push_str(if is_last { "" } else { "\n" });
    }
    Some(Mark {
        range,
        before,
        after,
    })
}

/// The marks of a style around these words; `None` where a message shows it by itself, or Markdown has none.
fn around(entity: &Entity, words: &str) -> Option<(String, String)> {
    let both = |mark: &str| Some((mark.to_owned(), mark.to_owned()));
    let tag = |name: &str| Some((format!("<{name}>"), format!("</{name}>")));
    match entity.kind.as_str() {
        "bold" => both("**"),
        "italic" => both("*"),
        "strikethrough" => both("~~"),
        "spoiler" => both("||"),
        "underline" => tag("u"),
        "code" if !words.contains('`') => both("`"),
        "pre" => {
            let language = entity.language.as_deref().unwrap_or_default();
            Some((format!("```{language}\n"), "\n```".to_owned()))
        }
        "text_link" => {
            let url = entity.url.as_deref()?;
            let is_plain = |c: char| !c.is_whitespace() && !matches!(c, '<' | '>' | '(' | ')');
            let is_plain = url.chars().all(is_plain);
            is_plain.then(|| ("[".to_owned(), format!("]({url})")))
        }
        _ => None,
    }
}

/// The text with all marks in it. What ends first is closed first; a mark that would end within another
/// ends with that.
fn written(text: &str, marks: &[Mark]) -> String {
    let mut written = String::with_capacity(text.len() + 16 * marks.len());
    let mut open: Vec<(usize, &str)> = Vec::new();
    let mut from = 0;
    let mut copy = |written: &mut String, to: usize| {
        written.push_str(text.get(from..to).unwrap_or_default());
        from = to;
    };
    for mark in marks {
        while let Some((end, after)) = open.pop_if(|(end, _)| *end <= mark.range.start) {
            copy(&mut written, end);
            written.push_str(after);
        }
        copy(&mut written, mark.range.start);
        written.push_str(&mark.before);
        let outer = open.last().map_or(text.len(), |(end, _)| *end);
        open.push((mark.range.end.min(outer), &mark.after));
    }
    while let Some((end, after)) = open.pop() {
        copy(&mut written, end);
        written.push_str(after);
    }
    copy(&mut written, text.len());
    written
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;

    fn of(text: &str, entities: &[Value]) -> Option<String> {
        let read = |entity: &Value| serde_json::from_value::<Entity>(entity.clone()).unwrap();
        let entities: Vec<Entity> = entities.iter().map(read).collect();
        marked_up(text, Some(&entities))
    }

    fn entity(kind: &str, offset: usize, length: usize) -> Value {
        json!({"type": kind, "offset": offset, "length": length})
    }

    #[test]
    fn each_style_has_its_marks() {
        for (kind, expected) in [
            ("bold", Some("a **b c** d")),
            ("italic", Some("a *b c* d")),
            ("strikethrough", Some("a ~~b c~~ d")),
            ("spoiler", Some("a ||b c|| d")),
            ("underline", Some("a <u>b c</u> d")),
            ("code", Some("a `b c` d")),
            ("pre", Some("a \n```\nb c\n```\n d")),
            ("mention", None),
            ("of_tomorrow", None),
        ] {
            let marked = of("a b c d", &[entity(kind, 2, 3)]);
            assert_eq!(marked.as_deref(), expected, "{kind}");
        }
        let mut link = entity("text_link", 2, 3);
        link["url"] = json!("https://example.org/a?b=c");
        let marked = of("a b c d", &[link.clone()]);
        assert_eq!(
            marked.as_deref(),
            Some("a [b c](https://example.org/a?b=c) d")
        );
        link["url"] = json!("https://example.org/a (b)");
        assert_eq!(of("a b c d", &[link]), None);
        assert_eq!(marked_up("plain", None), None);
    }

    #[test]
    fn marks_stand_at_words_inside_each_other_and_never_at_the_command() {
        let bold = |offset, length| entity("bold", offset, length);
        let italic = |offset, length| entity("italic", offset, length);
        for (text, entities, expected) in [
            ("a b ", vec![bold(1, 3)], "a **b** "),
            ("/broadcast big", vec![bold(0, 14)], "/broadcast **big**"),
            ("a b c", vec![italic(2, 1), bold(0, 5)], "**a *b* c**"),
            ("ab", vec![bold(0, 2), italic(0, 2)], "***ab***"),
            ("abc", vec![bold(0, 2), italic(1, 2)], "**a*b***c"),
            ("👋 好", vec![bold(3, 1)], "👋 **好**"),
            ("a b", vec![bold(0, 1), italic(2, 1)], "**a** *b*"),
        ] {
            assert_eq!(of(text, &entities).as_deref(), Some(expected), "{text}");
        }
        assert_eq!(of("/broadcast", &[bold(0, 10)]), None);
        assert_eq!(of("a", &[bold(0, 9)]), None, "it is no part of the text");
    }

    proptest! {
        #[test]
        fn without_its_marks_it_is_the_text(
            text in "[a-z好👋 \n]{0,20}",
            spans in proptest::collection::vec((0_usize..3, 0_usize..20, 0_usize..20), 0..6),
        ) {
            let kinds = ["bold", "strikethrough", "underline"];
            let entities = spans.iter().map(|(kind, offset, length)| {
                entity(kinds[*kind], *offset, *length)
            });
            let entities: Vec<Value> = entities.collect();
            let marked = of(&text, &entities).unwrap_or_else(|| text.clone());
            let bare = ["**", "~~", "<u>", "</u>"]
                .iter()
                .fold(marked, |text, mark| text.replace(mark, ""));
            prop_assert_eq!(bare, text);
        }
    }
}

//! Which texts above a line of `=` or `-` are headings. Pure. A model that writes `---` below a text
//! means a rule, and it must not change the look of all that stands there already.

use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

/// A text longer than this, in characters, is no heading, whatever stands below it.
const LONGEST_HEADING: usize = 80;

type Placed<'a> = (Event<'a>, Range<usize>);

/// The same events, with paragraphs and rules where the parser saw headings that are none.
pub(super) fn checked<'a>(
    markdown: &'a str,
    events: impl Iterator<Item = Placed<'a>>,
) -> impl Iterator<Item = Placed<'a>> {
    events.flat_map(move |(event, range)| {
        let source = markdown.get(range.clone()).unwrap_or_default();
        let is_heading = matches!(
            event,
            Event::Start(Tag::Heading { .. }) | Event::End(TagEnd::Heading(_))
        );
        let underline = misread(source).filter(|_| is_heading);
        let (event, rule) = match (event, underline) {
            (Event::Start(_), Some(_)) => (Event::Start(Tag::Paragraph), None),
            (Event::End(_), Some(underline)) => {
                let rule = underline.starts_with('-').then_some(Event::Rule);
                (Event::End(TagEnd::Paragraph), rule)
            }
            (event, _) => (event, None),
        };
        let rule = rule.map(|rule| (rule, range.clone()));
        [(event, range)].into_iter().chain(rule)
    })
}

/// The line below what the parser takes for a heading, when it is none.
fn misread(source: &str) -> Option<&str> {
    let (text, last) = source.trim().rsplit_once('\n')?;
    let underline = last.trim_matches(['>', ' ', '\t', '\r']);
    let text = text.trim();
    let is_short = text.chars().nth(LONGEST_HEADING).is_none() && !text.contains('\n');
    (underline.starts_with(['-', '=']) && !is_short).then_some(underline)
}

#[cfg(test)]
mod tests {
    use super::super::answer;
    use crate::chat::rich::Style;

    #[test]
    fn a_line_below_makes_a_heading_of_a_short_text_and_a_rule_of_a_long_one() {
        let long = "word ".repeat(30);
        let cases = [
            ("Title\n===".to_owned(), true, false),
            ("Title\n---\ntext".to_owned(), true, false),
            (format!("{long}\n---\ntext"), false, true),
            ("one\ntwo\n---".to_owned(), false, true),
            (format!("{long}\n===\ntext"), false, false),
        ];
        for (markdown, is_heading, has_rule) in cases {
            let shown = answer(&markdown, "");
            let bold = shown
                .entities
                .iter()
                .any(|entity| entity.style == Style::Bold);
            assert_eq!(bold, is_heading, "{markdown}");
            assert_eq!(shown.text.contains('─'), has_rule, "{}", shown.text);
        }
    }
}

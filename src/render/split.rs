//! A text with its formatting, cut into parts that fit Telegram. Pure. Invariants: every part is a
//! piece of the text, in order, and only blanks (see [`is_blank`]) are lost between two of them; no
//! part is blank; what spans a cut looks the same on both sides; entities are as [`Rich`] promises.
//!
//! White space at the beginning of a part is lost, but not the indentation of code: Telegram trims a
//! message only up to its first entity, so a part that begins inside a code block keeps the spaces
//! of its first line (and loses the empty lines before it).

mod good;

use std::cmp::Reverse;
use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use good::{Good, Place};

use super::{LONGEST_TEXT, MOST_ENTITIES, MOST_ENTITY_BYTES, MOST_PARTS, is_blank};
use crate::chat::rich::{Entity, Rich, Style, units};

/// How an answer is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Shown {
    Parts(Vec<Rich>),
    /// Too long for a chat: this much of it, and all of it as a file.
    Document {
        beginning: Rich,
    },
}

/// In messages, or as a document when more than [`MOST_PARTS`] would be needed.
pub(crate) fn shown(body: &Rich) -> Shown {
    let mut parts: Vec<Rich> = Pieces::of(body, LONGEST_TEXT)
        .take(MOST_PARTS + 1)
        .collect();
    if parts.len() > MOST_PARTS {
        Shown::Document {
            beginning: parts.swap_remove(0),
        }
    } else {
        Shown::Parts(parts)
    }
}

/// A text without formatting, as [`parts`].
pub(crate) fn parts_of_text(text: &str) -> Vec<Rich> {
    parts(&Rich::plain(text))
}

/// The text in messages, cut at paragraph, line, sentence or word where that is possible; nothing
/// at all for a text with nothing to see.
pub(crate) fn parts(body: &Rich) -> Vec<Rich> {
    parts_within(body, LONGEST_TEXT)
}

/// As [`parts`], with at most `limit` UTF-16 units each (at least 2, or an emoji would not fit).
pub(crate) fn parts_within(body: &Rich, limit: usize) -> Vec<Rich> {
    Pieces::of(body, limit).collect()
}

/// The text in pieces of half its length or less, for one that Telegram refuses to take whole;
/// nothing for one that cannot be cut.
pub(crate) fn halves(body: &Rich) -> Vec<Rich> {
    let halves = parts_within(body, units(&body.text).div_ceil(2).max(2));
    if halves.len() > 1 { halves } else { Vec::new() }
}

/// An entity, found in the text.
#[derive(Debug)]
struct Span<'a> {
    start: Place,
    end: Place,
    style: &'a Style,
}

/// The parts that are still to come.
struct Pieces<'a> {
    text: &'a str,
    limit: usize,
    at: Place,
    /// In order, an outer one before what it holds.
    spans: Vec<Span<'a>>,
    /// Those that began before `at` and go on behind it.
    open: Vec<usize>,
    /// The first that has not begun before `at`.
    next: usize,
    /// Links and inline code that fit one part, with the marks on their last character: never cut. In
    /// bytes.
    whole: Vec<Range<usize>>,
    /// Code blocks, in bytes.
    code: Vec<Range<usize>>,
    /// Where the lines end that are headings: bold from their first to their last character.
    headings: Vec<usize>,
}

impl<'a> Pieces<'a> {
    fn of(body: &'a Rich, limit: usize) -> Self {
        let spans = spans(body);
        let fits = |span: &Span<'_>| {
            usize::try_from(span.end.unit - span.start.unit).is_ok_and(|units| units <= limit)
        };
        let whole =
            apart(spans.iter().filter(|span| {
                matches!(span.style, Style::Code | Style::Link { .. }) && fits(span)
            }));
        let code = apart(
            spans
                .iter()
                .filter(|span| matches!(span.style, Style::Pre { .. })),
        );
        Self {
            text: &body.text,
            limit,
            at: Place::default(),
            headings: headings(&body.text, &spans),
            spans,
            open: Vec::new(),
            next: 0,
            whole,
            code,
        }
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at.byte..).unwrap_or_default()
    }

    /// Steps over white space, but not over the indentation of code.
    fn skip_blanks(&mut self) {
        let rest = self.rest();
        let seen = rest.len() - rest.trim_start().len();
        let skipped = match around(&self.code, self.at.byte + seen) {
            Some(code) => {
                let blanks = rest.get(..seen).unwrap_or_default();
                let line = blanks.rfind('\n').map_or(0, |at| at + 1);
                line.max(code.start.saturating_sub(self.at.byte))
            }
            None => seen,
        };
        self.at = self.at.after(rest.get(..skipped).unwrap_or_default());
        let Self {
            at, spans, open, ..
        } = self;
        while spans.get(self.next).is_some_and(|span| span.start < *at) {
            open.push(self.next);
            self.next += 1;
        }
        open.retain(|index| spans.get(*index).is_some_and(|span| span.end > *at));
    }

    /// Where to end the part that begins at `at`; always behind it.
    fn cut(&self) -> Place {
        let crowded = self.crowded();
        let mut good = Good::default();
        let (mut here, mut before) = (self.at, ' ');
        for (offset, cluster) in self.rest().grapheme_indices(true) {
            let after = self.rest().get(offset..).unwrap_or_default();
            let inside = around(&self.whole, here.byte);
            let may_end = here > self.at && !self.is_below_heading(here, after);
            if may_end && inside.is_none_or(|whole| whole.start == here.byte) {
                let in_code =
                    around(&self.code, here.byte).is_some_and(|code| code.start < here.byte);
                good.note(here, before, after, in_code);
            }
            let next = here.after(cluster);
            let units = usize::try_from(next.unit - self.at.unit).unwrap_or(usize::MAX);
            if units > self.limit || crowded.is_some_and(|most| next > most) {
                return self.best(&good, here, cluster);
            }
            here = next;
            before = cluster.chars().next_back().unwrap_or(' ');
        }
        here
    }

    /// Whether a part that ended here would end with a heading.
    fn is_below_heading(&self, here: Place, after: &str) -> bool {
        if self.headings.is_empty() || !after.starts_with(char::is_whitespace) {
            return false;
        }
        let before = self.text.get(..here.byte).unwrap_or_default().trim_end();
        self.headings.binary_search(&before.len()).is_ok()
    }

    /// The best place found before `end`, where `cluster` no longer fits.
    fn best(&self, good: &Good, end: Place, cluster: &str) -> Place {
        if end == self.at {
            return self.at.after(beginning(cluster, self.limit));
        }
        good.best(self.at, end).unwrap_or(end)
    }

    /// Where the first entity begins that is too many, or too large, for the part at `at`.
    fn crowded(&self) -> Option<Place> {
        let open = self.open.iter().filter_map(|index| self.spans.get(*index));
        let begun = self.spans.iter().skip(self.next);
        let (mut count, mut bytes) = (0, 0);
        for span in open.chain(begun) {
            count += 1;
            bytes += span.style.bytes();
            if (count > MOST_ENTITIES || bytes > MOST_ENTITY_BYTES) && span.start > self.at {
                return Some(span.start);
            }
        }
        None
    }

    /// The text from `at` to `end`, and how it looks.
    fn part(&self, text: &str) -> Rich {
        let end = self.at.after(text);
        let open = self.open.iter().filter_map(|index| self.spans.get(*index));
        let begun = self.spans.iter().skip(self.next);
        let mut entities: Vec<Entity> = open
            .chain(begun.take_while(|span| span.start < end))
            .filter_map(|span| self.clip(span, end))
            .take(MOST_ENTITIES)
            .collect();
        entities.sort_by_key(|entity| (entity.offset, Reverse(entity.length)));
        Rich {
            text: text.to_owned(),
            entities,
        }
    }

    /// What of a span lies between `at` and `end`, if there is anything to see.
    fn clip(&self, span: &Span<'_>, end: Place) -> Option<Entity> {
        let (start, end) = (span.start.max(self.at), span.end.min(end));
        let shown = self.text.get(start.byte..end.byte)?;
        (!shown.chars().all(is_blank)).then(|| Entity {
            offset: start.unit - self.at.unit,
            length: end.unit - start.unit,
            style: span.style.clone(),
        })
    }
}

impl Iterator for Pieces<'_> {
    type Item = Rich;

    fn next(&mut self) -> Option<Rich> {
        loop {
            self.skip_blanks();
            if self.rest().is_empty() {
                return None;
            }
            let end = self.cut();
            let text = self.text.get(self.at.byte..end.byte).unwrap_or_default();
            let shown = text.trim_end();
            let part = (!shown.chars().all(is_blank)).then(|| self.part(shown));
            self.at = end;
            if part.is_some() {
                return part;
            }
        }
    }
}

/// The entities of a text, found in it: none empty, none behind its end or inside a character.
fn spans(body: &Rich) -> Vec<Span<'_>> {
    let bounds = |entity: &Entity| [entity.offset, entity.end()];
    let mut offsets: Vec<u32> = body.entities.iter().flat_map(bounds).collect();
    offsets.sort_unstable();
    offsets.dedup();
    let places = places(&body.text, &offsets);
    let find = |offset: u32| {
        let index = offsets.binary_search(&offset).ok()?;
        places.get(index).copied()
    };
    let mut spans: Vec<Span<'_>> = body
        .entities
        .iter()
        .filter_map(|entity| {
            let span = Span {
                start: find(entity.offset)?,
                end: find(entity.end())?,
                style: &entity.style,
            };
            (span.start < span.end).then_some(span)
        })
        .collect();
    spans.sort_by_key(|span| (span.start, Reverse(span.end)));
    spans
}

/// Where the lines end that are bold as a whole, as headings are.
fn headings(text: &str, spans: &[Span<'_>]) -> Vec<usize> {
    let is_line = |span: &&Span<'_>| {
        let before = text.get(..span.start.byte).unwrap_or_default();
        let after = text.get(span.end.byte..).unwrap_or_default();
        *span.style == Style::Bold
            && (before.is_empty() || before.ends_with('\n'))
            && after.starts_with('\n')
    };
    let mut ends: Vec<usize> = spans
        .iter()
        .filter(is_line)
        .map(|span| span.end.byte)
        .collect();
    ends.sort_unstable();
    ends
}

/// Where these offsets (rising) are; inside a character or behind the end, the place before.
fn places(text: &str, offsets: &[u32]) -> Vec<Place> {
    let mut chars = text.chars();
    let mut here = Place::default();
    let mut next = chars.next();
    offsets
        .iter()
        .map(|offset| {
            while let Some(c) = next {
                let after = here.after(c.encode_utf8(&mut [0; 4]));
                if after.unit > *offset {
                    break;
                }
                here = after;
                next = chars.next();
            }
            here
        })
        .collect()
}

/// The bytes of these spans, without those that begin inside another.
fn apart<'a, 'b: 'a>(spans: impl Iterator<Item = &'a Span<'b>>) -> Vec<Range<usize>> {
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for span in spans {
        if ranges.last().is_none_or(|last| last.end <= span.start.byte) {
            ranges.push(span.start.byte..span.end.byte);
        }
    }
    ranges
}

/// The range that holds this byte.
fn around(ranges: &[Range<usize>], byte: usize) -> Option<&Range<usize>> {
    let after = ranges.partition_point(|range| range.start <= byte);
    ranges
        .get(after.checked_sub(1)?)
        .filter(|range| range.end > byte)
}

/// The longest beginning with at most `limit` units; at least one character.
fn beginning(text: &str, limit: usize) -> &str {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > limit && at > 0 {
            return text.get(..at).unwrap_or(text);
        }
    }
    text
}

#[cfg(test)]
mod tests;

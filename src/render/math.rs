//! Takes the formulas out of the markdown before it is parsed, or its rules would eat their
//! backslashes and underscores; a placeholder of noncharacters keeps the place of each. Pure. Code
//! is never searched, and prices are no formulas.

use std::borrow::Cow;
use std::iter;
use std::ops::Range;

use pulldown_cmark::{Event, Tag};

use super::dialect;
use super::flanks::{self, FLANK};
use super::rich_writer::is_noncharacter;

const OPEN: char = '\u{fdd0}';
/// The first of 16 digits.
const DIGIT: char = '\u{fdd1}';
const CLOSE: char = '\u{fde1}';
const BASE: usize = 16;

/// A formula as it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Formula<'a> {
    /// Without the marks around it.
    pub(super) tex: &'a str,
    /// With them.
    pub(super) source: &'a str,
    /// Whether it stands on lines of its own.
    pub(super) display: bool,
    /// Whether its lines begin with the mark of a quote.
    pub(super) quoted: bool,
}

impl Formula<'_> {
    /// The formula without the marks of a quote.
    pub(super) fn unquoted(&self) -> Cow<'_, str> {
        if !self.quoted {
            return Cow::Borrowed(self.tex);
        }
        let lines = self.tex.split('\n');
        let bare = lines.map(|line| line.trim_start_matches([' ', '>']));
        Cow::Owned(bare.collect::<Vec<_>>().join("\n"))
    }
}

/// Markdown without formulas, and the formulas.
pub(super) struct Masked<'a> {
    pub(super) text: String,
    formulas: Vec<Formula<'a>>,
}

/// A piece of a text that was masked.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Piece<'t, 'a> {
    Text(&'t str),
    Formula(Formula<'a>),
}

/// Takes the formulas out.
pub(super) fn mask(markdown: &str) -> Masked<'_> {
    let mut masked = Masked {
        text: String::with_capacity(markdown.len()),
        formulas: Vec::new(),
    };
    let maybe = markdown.contains('$') || markdown.contains("\\(") || markdown.contains("\\[");
    let codes = if maybe { codes(markdown) } else { Vec::new() };
    let mut at = 0;
    let end = markdown.len()..markdown.len();
    for code in codes.into_iter().chain(iter::once(end)) {
        let text = markdown.get(at..code.start).unwrap_or_default();
        if maybe {
            masked.search(text);
        } else {
            masked.copy(text);
        }
        masked.copy(markdown.get(code.clone()).unwrap_or_default());
        at = at.max(code.end);
    }
    let places = flanks::places(&masked.text);
    if !places.is_empty() {
        masked.text = flanks::marked(&masked.text, &places);
    }
    masked
}

/// Where code stands, in order.
fn codes(markdown: &str) -> Vec<Range<usize>> {
    let mut end = 0;
    let mut codes = Vec::new();
    for (event, range) in dialect::events(markdown) {
        let is_code = matches!(event, Event::Code(_) | Event::Start(Tag::CodeBlock(_)));
        if is_code && range.start >= end {
            end = range.end;
            codes.push(range);
        }
    }
    codes
}

impl<'a> Masked<'a> {
    fn copy(&mut self, text: &str) {
        self.text
            .extend(text.chars().filter(|c| !is_noncharacter(*c)));
    }

    fn search(&mut self, text: &'a str) {
        let mut rest = text;
        let mut line_is_quoted = false;
        while let Some(at) = rest.find(['$', '\\']) {
            let (before, from) = rest.split_at(at);
            if let Some((_, line)) = before.rsplit_once('\n') {
                line_is_quoted = line.trim_start().starts_with('>');
            } else if rest.len() == text.len() {
                line_is_quoted = before.trim_start().starts_with('>');
            }
            let last = before.chars().next_back().or(self.text.chars().next_back());
            self.copy(before);
            let taken = if let Some(formula) = formula(from, last) {
                self.add(Formula {
                    quoted: line_is_quoted,
                    ..formula
                });
                formula.source.len()
            } else {
                let taken = skipped(from);
                self.copy(from.split_at(taken).0);
                taken
            };
            rest = from.split_at(taken).1;
        }
        self.copy(rest);
    }

    fn add(&mut self, formula: Formula<'a>) {
        let mut number = self.formulas.len();
        self.formulas.push(formula);
        self.text.push(OPEN);
        // Lowest digit first: only `pieces` reads it.
        loop {
            let digit = u32::try_from(number % BASE).unwrap_or_default();
            self.text.extend(char::from_u32(u32::from(DIGIT) + digit));
            number /= BASE;
            if number == 0 {
                break;
            }
        }
        self.text.push(CLOSE);
    }

    /// The text between formulas, and them.
    pub(super) fn pieces<'t>(&self, text: &'t str) -> Vec<Piece<'t, 'a>> {
        let mut pieces = Vec::new();
        for (nth, part) in text.split(OPEN).enumerate() {
            let marked = if nth > 0 {
                part.split_once(CLOSE)
            } else {
                None
            };
            let text = match marked {
                Some((digits, after)) => {
                    let formula = self.formulas.get(number(digits));
                    pieces.extend(formula.copied().map(Piece::Formula));
                    after
                }
                None => part,
            };
            if !text.is_empty() {
                pieces.push(Piece::Text(text));
            }
        }
        pieces
    }

    /// The text as it was written.
    pub(super) fn source<'t>(&self, text: &'t str) -> Cow<'t, str> {
        if !text.contains([OPEN, FLANK]) {
            return Cow::Borrowed(text);
        }
        let text = &text.replace(FLANK, "");
        let pieces = self.pieces(text).into_iter();
        let sources = pieces.map(|piece| match piece {
            Piece::Text(text) => text.to_owned(),
            Piece::Formula(formula) => formula.source.to_owned(),
        });
        Cow::Owned(sources.collect())
    }
}

/// The number that [`Masked::add`] wrote; one that stands for nothing when it is none.
fn number(digits: &str) -> usize {
    let value = |c: char| u32::from(c).checked_sub(u32::from(DIGIT));
    digits.chars().rev().fold(0_usize, |sum, c| {
        let digit = value(c).and_then(|digit| usize::try_from(digit).ok());
        sum.saturating_mul(BASE)
            .saturating_add(digit.unwrap_or(usize::MAX))
    })
}

/// How much of a text that begins with a mark, but no formula, is passed over.
fn skipped(from: &str) -> usize {
    let mut chars = from.chars();
    match (chars.next(), chars.next()) {
        (Some('\\'), Some(escaped)) => 1 + escaped.len_utf8(),
        (Some('$'), Some('$')) => 2,
        _ => 1,
    }
}

/// The formula at the beginning of `from`, if there is one; `last` stands before it.
pub(super) fn formula(from: &str, last: Option<char>) -> Option<Formula<'_>> {
    let (mark, closing, display) = [
        ("\\(", "\\)", false),
        ("\\[", "\\]", true),
        ("$$", "$$", true),
        ("$", "$", false),
    ]
    .into_iter()
    .find(|(mark, ..)| from.starts_with(mark))?;
    let inner = from.strip_prefix(mark)?;
    let end = end(inner, mark, closing)?;
    let (tex, after) = inner.split_at(end);
    let is_formula = match mark {
        "$" => is_between_dollars(tex, last, after.strip_prefix('$')?),
        _ => has_substance(tex),
    };
    let source = from.get(..mark.len() + end + closing.len())?;
    is_formula.then_some(Formula {
        tex,
        source,
        display,
        quoted: false,
    })
}

/// Where the closing mark stands in the same paragraph. The same opening mark again, or anything
/// between single dollars that begins a block, says that the first one was no mark.
fn end(inner: &str, mark: &str, closing: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in inner.char_indices() {
        let (_, here) = inner.split_at(at);
        if escaped {
            escaped = false;
            continue;
        }
        if here.starts_with(closing) {
            return Some(at);
        }
        match c {
            '\\' if here.starts_with(mark) => return None,
            '\\' => escaped = true,
            '\n' if ends_paragraph(here) || (mark == "$" && begins_block(here)) => return None,
            _ => {}
        }
    }
    None
}

fn ends_paragraph(here: &str) -> bool {
    let line = here.trim_start_matches('\n').lines().next();
    here.starts_with("\n\n")
        || line.is_none_or(|line| line.trim_matches([' ', '>', '\t', '\r']).is_empty())
}

fn begins_block(here: &str) -> bool {
    let line = here.trim_start();
    line.starts_with(['-', '*', '+', '>', '#', '|'])
        || line.starts_with(|c: char| c.is_ascii_digit())
}

fn has_substance(tex: &str) -> bool {
    tex.chars()
        .any(|c| c.is_alphanumeric() || "+-=<>*/|".contains(c) || !c.is_ascii())
}

/// Whether what stands between two dollars is a formula and no price, as pandoc has it: no space
/// inside the marks, no digit after them; and a little stricter, for shell variables and prose.
fn is_between_dollars(tex: &str, last: Option<char>, after: &str) -> bool {
    let spaced = tex.starts_with(char::is_whitespace) || tex.ends_with(char::is_whitespace);
    let word: String = after
        .chars()
        .take_while(char::is_ascii_alphanumeric)
        .collect();
    let is_ending = matches!(word.as_str(), "" | "th" | "st" | "nd" | "rd" | "s");
    !spaced
        && has_substance(tex)
        && !last.is_some_and(|c| c.is_ascii_alphanumeric())
        && is_ending
        && !is_prose(tex)
}

/// Whether words stand in it as they do in a sentence.
fn is_prose(tex: &str) -> bool {
    let words = tex.split_whitespace();
    let long = words
        .filter(|word| word.len() > 1 && word.chars().all(char::is_alphabetic))
        .count();
    let plain = !tex.contains(['\\', '^', '_', '=', '{', '+', '<', '>']);
    let price = tex.starts_with(|c: char| c.is_ascii_digit());
    long > 0 && (plain || (price && !tex.contains('\\')))
}

#[cfg(test)]
mod tests;

//! Turns the parser's events into tokens to be written: finds the other half of HTML tags and of
//! the marks that `CommonMark` does not know (`||spoiler||`, `==mark==`), or leaves them as text.
//! Pure. Invariant: in the result every opening has its closing, and they are nested.

use std::collections::HashMap;
use std::mem;
use std::ops::Range;

use pulldown_cmark::{Event, Tag, TagEnd};

use super::html::{self, Kind, Layout, Mark, Part};
use super::math::Masked;
use super::{dialect, headings};
use crate::chat::rich::Style;

/// Stands before a character that is no mark: it was escaped, or written as a reference. No text
/// shows it.
const GUARD: char = '\u{fde2}';

/// A step of writing.
#[derive(Debug)]
pub(super) enum Token<'a> {
    Event(Event<'a>),
    /// Text, with formulas masked.
    Text(String),
    Open(Mark),
    Close(Mark),
    /// Where an element begins (`true`) or ends that only arranges its text.
    Edge(Layout, bool),
}

/// All steps for a text whose formulas were taken out.
pub(super) fn tokens<'a>(masked: &'a Masked<'_>) -> Vec<Token<'a>> {
    let mut reader = Reader {
        masked,
        tokens: Vec::new(),
        text: String::new(),
        parents: vec![Parent::default()],
        html: String::new(),
        text_end: 0,
        cell_end: 0,
        in_code: false,
    };
    let events = dialect::events(&masked.text);
    for (event, range) in headings::checked(&masked.text, events) {
        reader.read(event, range);
    }
    reader.flush();
    reader.end_details();
    reader.tokens
}

struct Reader<'a, 'm> {
    masked: &'a Masked<'m>,
    tokens: Vec<Token<'a>>,
    /// Text that goes on, perhaps.
    text: String,
    parents: Vec<Parent>,
    html: String,
    /// Where the newest text ended.
    text_end: usize,
    /// Where the newest cell ended.
    cell_end: usize,
    in_code: bool,
}

/// What is open in one block or span.
#[derive(Default)]
struct Parent {
    opened: Vec<Opened>,
    counts: HashMap<Kind, usize>,
    /// How many `<details>` wait for their end.
    details: usize,
}

/// An opening mark that may have a closing one: until then its token is the text it was.
struct Opened {
    kind: Kind,
    at: usize,
    mark: Mark,
}

impl Parent {
    fn open(&mut self, kind: Kind, at: usize, mark: Mark) {
        *self.counts.entry(kind).or_default() += 1;
        self.opened.push(Opened { kind, at, mark });
    }

    /// The newest opening of this kind; what was opened after it has no closing any more.
    fn close(&mut self, kind: Kind) -> Option<Opened> {
        if self.counts.get(&kind).is_none_or(|count| *count == 0) {
            return None;
        }
        while let Some(opened) = self.opened.pop() {
            if let Some(count) = self.counts.get_mut(&opened.kind) {
                *count = count.saturating_sub(1);
            }
            if opened.kind == kind {
                return Some(opened);
            }
        }
        None
    }

    fn forget(&mut self) {
        self.opened.clear();
        self.counts.clear();
    }
}

impl<'a> Reader<'a, '_> {
    fn read(&mut self, event: Event<'a>, range: Range<usize>) {
        match event {
            Event::Text(text) if self.in_code => self.text_token(&text),
            Event::Text(text) => self.read_text(&text, range),
            Event::Html(html) => self.html.push_str(&html),
            Event::InlineHtml(html) => {
                self.flush();
                self.inline_html(&html);
            }
            // One tilde is "about" far more often than a mark.
            Event::Start(Tag::Strikethrough) | Event::End(TagEnd::Strikethrough)
                if !self.source(range.clone()).starts_with("~~") =>
            {
                self.text.push('~');
            }
            Event::Start(ref tag) => {
                self.flush();
                self.in_code = matches!(tag, Tag::CodeBlock(_));
                self.parents.push(Parent::default());
                self.tokens.push(Token::Event(event));
            }
            Event::End(kind) => {
                self.flush();
                self.end_of_row(kind, &range);
                self.in_code = false;
                if kind == TagEnd::HtmlBlock {
                    self.html_block();
                }
                self.end_details();
                self.parents.pop();
                self.tokens.push(Token::Event(event));
            }
            Event::Code(_)
            | Event::InlineMath(_)
            | Event::DisplayMath(_)
            | Event::FootnoteReference(_)
            | Event::SoftBreak
            | Event::HardBreak
            | Event::Rule
            | Event::TaskListMarker(_) => {
                self.flush();
                self.tokens.push(Token::Event(event));
            }
        }
    }

    /// GitHub drops cells beyond the header's columns; they become one more cell.
    fn end_of_row(&mut self, kind: TagEnd, range: &Range<usize>) {
        if kind == TagEnd::TableCell {
            self.cell_end = range.end;
        }
        if kind != TagEnd::TableRow || self.cell_end <= range.start {
            return;
        }
        let rest = self.source(self.cell_end..range.end);
        let rest = rest.trim_matches(|c: char| c == '|' || c.is_whitespace());
        if !rest.is_empty() {
            let cell = Token::Event(Event::Start(Tag::TableCell));
            self.tokens.push(cell);
            self.text_token(rest);
            let end = Token::Event(Event::End(TagEnd::TableCell));
            self.tokens.push(end);
        }
    }

    fn source(&self, range: Range<usize>) -> &'a str {
        self.masked.text.get(range).unwrap_or_default()
    }

    fn read_text(&mut self, text: &str, range: Range<usize>) {
        // A backslash that is text itself ends a text.
        let escaped = range.start != self.text_end && self.source(0..range.start).ends_with('\\');
        self.text_end = range.end;
        let referred = self.source(range) != text;
        if escaped || referred {
            self.text.push(GUARD);
        }
        self.text.push_str(text);
        if referred {
            self.text.push(GUARD);
        }
    }

    /// Ends the text so far: its marks are found.
    fn flush(&mut self) {
        let text = mem::take(&mut self.text);
        let mut rest = text.as_str();
        let mut from = 0;
        while let Some(at) = rest.get(from..).and_then(|rest| rest.find(['|', '=', '*'])) {
            let at = from + at;
            let (before, here) = rest.split_at(at);
            let found = mark(here).filter(|_| !before.ends_with(GUARD));
            if let Some((written, kind, style)) = found {
                let after = here.split_at(written.len()).1;
                self.text_token(before);
                self.pair(written, kind, style, (before, after));
                rest = after;
                from = 0;
            } else {
                let run = here.chars().next().unwrap_or_default();
                from = at + here.len() - here.trim_start_matches(run).len();
            }
        }
        self.text_token(rest);
    }

    fn text_token(&mut self, text: &str) {
        if !text.is_empty() {
            self.tokens.push(Token::Text(text.to_owned()));
        }
    }

    /// A mark of ours, between these texts: closes, opens or is text.
    fn pair(&mut self, written: &str, kind: Kind, style: Style, (before, after): (&str, &str)) {
        let last = before.chars().next_back();
        let next = after.chars().next();
        let spaced = |c: Option<char>| c.is_some_and(char::is_whitespace);
        let in_word = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric());
        let strict = kind != Kind::Stars;
        let is_edge = |c: Option<char>| !(strict && in_word(c));
        let closes = !spaced(last) && is_edge(next);
        let opens = !spaced(next) && is_edge(last);
        let parent = self.parents.last_mut();
        // Nothing between the two is nothing to show.
        let last_token = self.tokens.len().saturating_sub(1);
        let opened = parent.and_then(|parent| if closes { parent.close(kind) } else { None });
        match opened {
            Some(opened) if opened.at < last_token => self.join(opened),
            Some(_) => self.text_token(written),
            None => {
                self.text_token(written);
                if opens {
                    self.opened(kind, Mark::Style(style));
                }
            }
        }
    }

    /// Remembers that the newest token may be an opening.
    fn opened(&mut self, kind: Kind, mark: Mark) {
        let at = self.tokens.len().saturating_sub(1);
        if let Some(parent) = self.parents.last_mut() {
            parent.open(kind, at, mark);
        }
    }

    /// Makes a pair of an opening and what stands here.
    fn join(&mut self, opened: Opened) {
        let Some(token) = self.tokens.get_mut(opened.at) else {
            return;
        };
        let (open, close) = if let Mark::Layout(_, layout) = opened.mark {
            (Token::Edge(layout, true), Token::Edge(layout, false))
        } else {
            (Token::Open(opened.mark.clone()), Token::Close(opened.mark))
        };
        *token = open;
        self.tokens.push(close);
    }

    fn inline_html(&mut self, written: &str) {
        let written = self.masked.source(written);
        match html::tag(&written) {
            Some(html::Tag::Break) => self.tokens.push(Token::Event(Event::HardBreak)),
            Some(html::Tag::Open(mark)) => {
                self.text_token(&written);
                if mark != Mark::Details {
                    self.opened(mark.kind(), mark);
                }
            }
            Some(html::Tag::Close(kind)) => {
                let parent = self.parents.last_mut();
                match parent.and_then(|parent| parent.close_tag(kind)) {
                    Some(opened) => self.join(opened),
                    None => self.text_token(&written),
                }
            }
            None => self.text_token(&written),
        }
    }

    fn html_block(&mut self) {
        let html = mem::take(&mut self.html);
        let parts = html::parts(&html);
        for (at, part) in parts.iter().enumerate() {
            match part {
                Part::Text(text) => {
                    let beside = |at: Option<usize>| at.and_then(|at| parts.get(at));
                    let mut text = *text;
                    if beside(at.checked_sub(1)).is_some_and(is_break) {
                        text = text.trim_start();
                    }
                    if beside(Some(at + 1)).is_some_and(is_break) {
                        text = text.trim_end();
                    }
                    self.text_token(&html::decoded(text));
                }
                // In a block of HTML they need no other half: it may stand in another block.
                Part::Tag(html::Tag::Open(Mark::Layout(_, layout)), _) => {
                    self.tokens.push(Token::Edge(*layout, true));
                }
                Part::Tag(html::Tag::Close(Kind::Layout(name)), _) => {
                    if let Some((_, layout)) = html::layout(name) {
                        self.tokens.push(Token::Edge(layout, false));
                    }
                }
                Part::Tag(html::Tag::Open(Mark::Details), _) => {
                    self.tokens.push(Token::Open(Mark::Details));
                    self.around(|around| around.details += 1);
                }
                Part::Tag(html::Tag::Close(Kind::Details), written) => {
                    let mut waits = false;
                    self.around(|around| {
                        waits = around.details > 0;
                        around.details = around.details.saturating_sub(1);
                    });
                    if waits {
                        self.tokens.push(Token::Close(Mark::Details));
                    } else {
                        self.text_token(written);
                    }
                }
                Part::Tag(_, written) => self.inline_html(written),
            }
        }
    }

    /// Changes the block around the present one; nothing that is open in the present one goes on
    /// after this.
    fn around(&mut self, change: impl FnOnce(&mut Parent)) {
        let mut parents = self.parents.iter_mut().rev();
        if let Some(parent) = parents.next() {
            parent.forget();
        }
        if let Some(around) = parents.next() {
            change(around);
        }
    }

    /// Ends `<details>` where what holds them ends.
    fn end_details(&mut self) {
        let waiting = self.parents.last().map_or(0, |parent| parent.details);
        (0..waiting).for_each(|_| self.tokens.push(Token::Close(Mark::Details)));
    }
}

impl Parent {
    /// As [`Self::close`]; `</span>` ends a spoiler or another span, whichever is newer.
    fn close_tag(&mut self, kind: Kind) -> Option<Opened> {
        if kind != Kind::Span {
            return self.close(kind);
        }
        let is_span =
            |opened: &&Opened| matches!(opened.kind, Kind::Spoiler | Kind::Layout("span"));
        let newest = self.opened.iter().rev().find(is_span)?.kind;
        self.close(newest)
    }
}

/// Whether white space beside a part of a block of HTML shows nothing.
fn is_break(part: &Part<'_>) -> bool {
    match part {
        Part::Text(_) | Part::Tag(html::Tag::Break, _) => false,
        Part::Tag(html::Tag::Open(mark), _) => {
            matches!(mark, Mark::Layout(_, layout) if *layout != Layout::Inline)
        }
        Part::Tag(html::Tag::Close(kind), _) => {
            let Kind::Layout(name) = kind else {
                return false;
            };
            html::layout(name).is_some_and(|(_, layout)| layout != Layout::Inline)
        }
    }
}

/// The mark at the beginning of a text: exactly two of a character.
fn mark(here: &str) -> Option<(&'static str, Kind, Style)> {
    [
        ("||", Kind::Bars, Style::Spoiler),
        ("==", Kind::Equals, Style::Underline),
        ("**", Kind::Stars, Style::Bold),
    ]
    .into_iter()
    .find(|(written, ..)| {
        let after = here.strip_prefix(written);
        after.is_some_and(|after| !written.starts_with(|c| after.starts_with(c)))
    })
}

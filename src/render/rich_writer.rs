//! Writes text with formatting. Pure. Whatever the caller opens and closes, what
//! [`RichWriter::finish`] gives is legal for Telegram (Bot API, "Formatting options"): styles are
//! nested or disjoint, code stands in nothing but quotes and holds nothing, a quote holds no quote,
//! no entity is empty, and the text neither begins nor ends with white space.

use std::cmp::Reverse;
use std::mem;

use crate::chat::rich::{Entity, Rich, Style};

/// Deepest level of nesting that is shown; deeper ones look like it.
pub(super) const DEEPEST: usize = 16;
/// A quote longer than this, in lines or UTF-16 units, is folded.
const LONGEST_QUOTE: (usize, u32) = (6, 400);
const TAB: &str = "    ";

/// The text so far, and what is open.
#[derive(Default)]
pub(super) struct RichWriter {
    text: String,
    /// Length of `text` in UTF-16 units.
    units: u32,
    done: Vec<Done>,
    /// Styles that are open, outermost first: each once, so these are few.
    open: Vec<Open>,
    /// For each [`RichWriter::open`] without its [`RichWriter::close`], whether it is among `open`.
    shown: Vec<bool>,
    /// Line ends pending before the next character: 2 make an empty line.
    gap: u8,
    /// Spaces pending before it; a line neither begins nor ends with any.
    spaces: usize,
    /// What every line begins with, and how much of it lies outside the quote that is open.
    margin: Vec<&'static str>,
    outside: usize,
    /// Bullets pending before the next character, and how much of the margin stands before them.
    marker: String,
    marker_margin: usize,
}

/// A style that was opened.
struct Open {
    style: Style,
    /// First unit, and the byte there, once something was written.
    start: Option<(u32, usize)>,
}

struct Done {
    entity: Entity,
    depth: usize,
}

impl RichWriter {
    /// Length so far in bytes, for [`Self::since`].
    pub(super) const fn len(&self) -> usize {
        self.text.len()
    }

    /// What was written after the text had this length.
    pub(super) fn since(&self, len: usize) -> &str {
        self.text.get(len..).unwrap_or_default()
    }

    /// Writes a text; a line end counts, but three in a row make no more than one empty line
    /// (outside code).
    pub(super) fn push(&mut self, text: &str) {
        let solid = self.in_code();
        for c in text.chars() {
            match c {
                '\n' | '\u{2028}' | '\u{2029}' if solid => self.put('\n', solid),
                '\n' | '\u{2028}' | '\u{2029}' => self.end_line(),
                '\t' if solid => TAB.chars().for_each(|space| self.put(space, solid)),
                '\t' => self.put(' ', solid),
                c if is_unwanted(c) => {}
                c => self.put(c, solid),
            }
        }
    }

    fn put(&mut self, c: char, solid: bool) {
        if c == ' ' && !solid {
            self.spaces += 1;
        } else {
            self.begin(solid);
            self.add(c);
        }
    }

    fn add(&mut self, c: char) {
        self.text.push(c);
        // A character is 1 or 2 units.
        self.units += if c.len_utf16() == 1 { 1 } else { 2 };
    }

    fn add_all(&mut self, text: &str) {
        text.chars().for_each(|c| self.add(c));
    }

    /// Writes what is pending before a character, and lets the open styles begin with it.
    fn begin(&mut self, solid: bool) {
        let fresh = self.text.is_empty();
        let gap = mem::take(&mut self.gap);
        let spaces = mem::take(&mut self.spaces);
        if !fresh && gap == 0 && self.marker.is_empty() {
            (0..spaces).for_each(|_| self.add(' '));
        }
        if !fresh {
            (0..gap).for_each(|_| self.add('\n'));
        }
        let here = (self.units, self.text.len());
        for open in &mut self.open {
            if is_quote(&open.style) {
                open.start.get_or_insert(here);
            }
        }
        if fresh || gap > 0 {
            let lead = !self.marker.is_empty();
            let margins = if lead {
                self.marker_margin
            } else {
                self.margin.len()
            };
            if !solid {
                for at in self.outside..margins.min(self.outside + DEEPEST) {
                    let margin = self.margin.get(at).copied().unwrap_or_default();
                    self.add_all(margin);
                }
            }
        }
        let marker = mem::take(&mut self.marker);
        self.add_all(&marker);
        let here = (self.units, self.text.len());
        for open in &mut self.open {
            if !solid || is_solid(&open.style) {
                open.start.get_or_insert(here);
            }
        }
    }

    /// Ends a line; the next ends make one empty line at most.
    pub(super) fn end_line(&mut self) {
        if self.marker.is_empty() {
            self.gap = self.gap.saturating_add(1).min(2);
        }
    }

    /// What follows begins a line, unless a bullet waits for its text.
    pub(super) fn line(&mut self) {
        if self.marker.is_empty() {
            self.gap = self.gap.max(1);
        }
    }

    /// What follows begins a line after an empty one, unless a bullet waits for its text.
    pub(super) fn blank(&mut self) {
        if self.marker.is_empty() {
            self.gap = 2;
        }
    }

    /// A bullet that waits for its text gets a line of its own.
    pub(super) fn flush_marker(&mut self) {
        if !self.marker.is_empty() {
            let open = mem::take(&mut self.open);
            self.marker.truncate(self.marker.trim_end().len());
            self.begin(false);
            self.open = open;
            self.gap = 1;
        }
    }

    /// Puts a bullet before the next text; several in a row stand beside each other.
    pub(super) fn mark(&mut self, marker: &str) {
        if self.marker.is_empty() {
            self.marker_margin = self.margin.len();
        }
        if self.margin.len() <= DEEPEST {
            self.marker.push_str(marker);
        }
    }

    /// Puts `marker` in the place of a bullet that still waits.
    pub(super) fn remark(&mut self, bullet: &str, marker: &str) {
        if self.marker.ends_with(bullet) {
            let kept = self.marker.len().saturating_sub(bullet.len());
            self.marker.truncate(kept);
        }
        self.marker.push_str(marker);
    }

    /// Lines that follow begin with `margin`, until [`Self::widen`].
    pub(super) fn narrow(&mut self, margin: &'static str) {
        self.margin.push(margin);
    }

    pub(super) fn widen(&mut self) {
        self.margin.pop();
    }

    fn in_code(&self) -> bool {
        self.any_open(is_solid)
    }

    fn any_open(&self, fits: impl Fn(&Style) -> bool) -> bool {
        self.open.iter().any(|open| fits(&open.style))
    }

    pub(super) fn in_quote(&self) -> bool {
        self.any_open(is_quote)
    }

    pub(super) fn in_link(&self) -> bool {
        self.any_open(is_link)
    }

    /// What follows is in this style, where Telegram can show that, until [`Self::close`]. Code
    /// interrupts what it may not stand in, except links and spoilers, which matter more.
    pub(super) fn open(&mut self, style: Style) {
        let solid = is_solid(&style);
        let barred = self.in_code()
            || self.any_open(|open| is_same(open, &style))
            || (solid && self.any_open(|open| is_link(open) || *open == Style::Spoiler));
        if !barred && solid {
            self.interrupt();
        }
        if !barred && is_quote(&style) {
            self.outside = self.margin.len();
        }
        self.shown.push(!barred);
        if !barred {
            self.open.push(Open { style, start: None });
        }
    }

    /// Ends what was opened last.
    pub(super) fn close(&mut self) {
        if self.shown.pop() != Some(true) {
            return;
        }
        let Some(mut open) = self.open.pop() else {
            return;
        };
        if let (Style::Quote, Some((start, byte))) = (&open.style, open.start) {
            let (lines, length) = LONGEST_QUOTE;
            let line_ends = self.since(byte).matches('\n').count();
            if line_ends >= lines || self.units.saturating_sub(start) > length {
                open.style = Style::LongQuote;
            }
        }
        if is_quote(&open.style) {
            self.outside = 0;
        }
        let depth = self.open.len();
        self.finish_style(open, depth);
    }

    fn finish_style(&mut self, open: Open, depth: usize) {
        let Some((offset, _)) = open.start else {
            return;
        };
        let entity = Entity {
            offset,
            length: self.units.saturating_sub(offset),
            style: open.style,
        };
        self.done.push(Done { entity, depth });
    }

    /// Ends all but quotes here; they go on with the next character that they may hold.
    fn interrupt(&mut self) {
        let mut all = mem::take(&mut self.open);
        for (depth, open) in all.iter_mut().enumerate() {
            if !is_quote(&open.style) {
                let begun = Open {
                    style: open.style.clone(),
                    start: open.start.take(),
                };
                self.finish_style(begun, depth);
            }
        }
        self.open = all;
    }

    /// Writes a text that has its formatting already.
    pub(super) fn append(&mut self, rich: &Rich) {
        let mut next = rich.entities.iter().peekable();
        let mut ends = Vec::new();
        let mut at = 0;
        let mut buffer = [0; 4];
        for c in rich.text.chars() {
            while ends.last().is_some_and(|end| *end <= at) {
                ends.pop();
                self.close();
            }
            while let Some(entity) = next.next_if(|entity| entity.offset <= at) {
                self.open(entity.style.clone());
                ends.push(entity.end());
            }
            self.push(c.encode_utf8(&mut buffer));
            at += if c.len_utf16() == 1 { 1 } else { 2 };
        }
        for _ in ends {
            self.close();
        }
    }

    /// The text, trimmed, with its entities in order.
    pub(super) fn finish(mut self) -> Rich {
        self.flush_marker();
        while !self.shown.is_empty() {
            self.close();
        }
        let blank = blanks(&self.text);
        let lead = blank.iter().take_while(|blank| **blank).count();
        let tail = blank.iter().rev().take_while(|blank| **blank).count();
        let whole = (lead, blank.len().saturating_sub(tail));
        let mut kept: Vec<Done> = mem::take(&mut self.done)
            .into_iter()
            .filter_map(|done| clipped(done, &blank, whole))
            .collect();
        kept.sort_by_key(|Done { entity, depth }| (entity.offset, Reverse(entity.length), *depth));
        Rich {
            text: self.text.trim().to_owned(),
            entities: kept.into_iter().map(|done| done.entity).collect(),
        }
    }
}

/// For every unit whether it is white space.
fn blanks(text: &str) -> Vec<bool> {
    let mut blank = Vec::with_capacity(text.len());
    for c in text.chars() {
        (0..c.len_utf16()).for_each(|_| blank.push(c.is_whitespace()));
    }
    blank
}

/// The entity without white space at its edges (that of code and quotes stays), as counted in the
/// trimmed text; nothing when nothing is left.
fn clipped(done: Done, blank: &[bool], (first, last): (usize, usize)) -> Option<Done> {
    let Done { mut entity, depth } = done;
    let mut start = usize::try_from(entity.offset).ok()?.max(first);
    let mut end = usize::try_from(entity.end()).ok()?.min(last);
    let covered = blank.get(start..end)?;
    let lead = covered.iter().take_while(|blank| **blank).count();
    if lead == covered.len() {
        return None;
    }
    if !is_solid(&entity.style) && !is_quote(&entity.style) {
        start += lead;
        end -= covered.iter().rev().take_while(|blank| **blank).count();
    }
    entity.offset = u32::try_from(start - first).ok()?;
    entity.length = u32::try_from(end - start).ok()?;
    Some(Done { entity, depth })
}

/// Whether a character has no place in a message: control characters, those without a meaning
/// (some of them mark things between our own steps), and overrides of the writing direction, which
/// serve to show a link as another one.
pub(super) fn is_unwanted(c: char) -> bool {
    c.is_control() || is_noncharacter(c) || matches!(c, '\u{202a}'..='\u{202e}')
}

pub(super) fn is_noncharacter(c: char) -> bool {
    matches!(c, '\u{fdd0}'..='\u{fdef}') || u32::from(c) & 0xfffe == 0xfffe
}

const fn is_solid(style: &Style) -> bool {
    matches!(style, Style::Code | Style::Pre { .. })
}

const fn is_quote(style: &Style) -> bool {
    matches!(style, Style::Quote | Style::LongQuote)
}

const fn is_link(style: &Style) -> bool {
    matches!(style, Style::Link { .. })
}

fn is_same(a: &Style, b: &Style) -> bool {
    (is_link(a) && is_link(b)) || (is_quote(a) && is_quote(b)) || a == b
}

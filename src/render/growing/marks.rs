//! Marks that the parser left as they stand, and that may still open something. Pure.

use std::ops::Range;

use super::bound::Bound;
use crate::render::{html, math};

/// Tags that change how the text between them looks.
const PAIRED: [&str; 18] = [
    "a",
    "b",
    "code",
    "del",
    "em",
    "i",
    "ins",
    "kbd",
    "mark",
    "q",
    "s",
    "span",
    "strike",
    "strong",
    "sub",
    "sup",
    "tg-spoiler",
    "u",
];

/// A text without an element of its own.
pub(super) struct Text {
    pub(super) range: Range<usize>,
    /// Nothing that was left here inside emphasis can begin another.
    pub(super) in_emphasis: bool,
}

/// Reads the texts of a block from left to right.
pub(super) struct Marks<'a> {
    source: &'a str,
    /// Before these an open mark is given up.
    first: [usize; 3],
    pub(super) earliest: Option<usize>,
    /// Elements that the parser does not know.
    pub(super) elements: Vec<Range<usize>>,
    brackets: Vec<usize>,
    /// Where a second pair of brackets would belong to one that began there.
    joined: Option<(usize, usize)>,
    /// Where marks begin that the parser does not know: `||`, `==`, and a `**` it left alone.
    pairs: [Option<usize>; 3],
    /// What was read already.
    done: usize,
    /// The next `>`, and the next ends of formulas; none is left when it is the length.
    angle: usize,
    formula_ends: [usize; 2],
}

impl<'a> Marks<'a> {
    pub(super) fn new(source: &'a str) -> Self {
        Self {
            source,
            first: [Bound::Short, Bound::Usual, Bound::Long].map(|bound| bound.first(source)),
            earliest: None,
            elements: Vec::new(),
            brackets: Vec::new(),
            joined: None,
            pairs: [None; 3],
            done: 0,
            angle: 0,
            formula_ends: [0; 2],
        }
    }

    fn after(&self, at: usize) -> &'a str {
        self.source.get(at..).unwrap_or_default()
    }

    fn before(&self, at: usize) -> Option<char> {
        self.source.get(..at)?.chars().next_back()
    }

    fn hold(&mut self, at: usize, bound: Bound) {
        let [short, usual, long] = self.first;
        let first = match bound {
            Bound::Short => short,
            Bound::Usual => usual,
            Bound::Long => long,
        };
        if at >= first {
            self.earliest = Some(self.earliest.map_or(at, |earliest| earliest.min(at)));
        }
    }

    /// Nothing before `end` is read.
    pub(super) fn skip(&mut self, end: usize) {
        self.done = self.done.max(end);
    }

    /// `end`: where the text before this one ends.
    pub(super) fn read(&mut self, text: &Text, end: Option<usize>) {
        let start = text.range.start;
        // A backslash that is no text itself takes the meaning from what follows it.
        let escapes = self.before(start) == Some('\\') && end != Some(start);
        let own = self.source.get(text.range.clone()).unwrap_or_default();
        for (offset, c) in own.char_indices() {
            let at = start + offset;
            if at < self.done {
                continue;
            }
            match c {
                '(' | '[' if escapes && offset == 0 => self.formula(at, c),
                _ if escapes && offset == 0 => {}
                '*' | '_' | '~' if !text.in_emphasis => self.delimiter(at, c),
                '`' => self.hold(at, Bound::Usual),
                '$' => self.dollar(at),
                '|' | '=' => self.pair(at, c),
                '<' => self.open_angle(at),
                '&' => self.ampersand(at),
                '[' => self.open_bracket(at),
                ']' => self.close_bracket(at),
                _ => {}
            }
        }
    }

    pub(super) fn finish(&mut self) {
        for at in self.brackets.clone() {
            self.hold(at, Bound::Usual);
        }
        for at in self.pairs.into_iter().flatten() {
            self.hold(at, Bound::Usual);
        }
    }

    /// A run that nothing was made of; one before white space opens nothing, nor does `_` in a word.
    fn delimiter(&mut self, at: usize, mark: char) {
        let rest = self.after(at).trim_start_matches(mark);
        let run = self.after(at).len() - rest.len();
        if mark == '*' && run == 2 {
            self.pair(at, mark);
            return;
        }
        self.done = at + run;
        let next = rest.chars().next();
        let in_word = mark == '_' && self.before(at).is_some_and(char::is_alphanumeric);
        if next.is_none_or(char::is_whitespace) || in_word {
            return;
        }
        // One tilde means "about".
        if mark != '~' || run == 2 {
            self.hold(at, Bound::Usual);
        }
    }

    /// Dollars stand around formulas, or before prices.
    fn dollar(&mut self, at: usize) {
        let rest = self.after(at);
        let (mark, bound) = if rest.starts_with("$$") {
            ("$$", Bound::Long)
        } else {
            ("$", Bound::Usual)
        };
        self.done = at + mark.len();
        let inner = self.after(self.done);
        let last = self.before(at);
        let is_first = mark == "$$" || !last.is_some_and(|c| c.is_ascii_alphanumeric());
        if !is_first || inner.is_empty() || (mark == "$" && inner.starts_with(char::is_whitespace))
        {
            return;
        }
        let Some((tex, after)) = inner.split_once(mark) else {
            let is_price = mark == "$" && inner.starts_with(|c: char| c.is_ascii_digit());
            self.hold(at, if is_price { Bound::Short } else { bound });
            return;
        };
        let is_last = mark == "$" && after.chars().all(|c| c.is_ascii_alphanumeric());
        // A backtick that finds its other half would make code of the second dollar.
        if tex.contains('`') || tex.ends_with('\\') || is_last {
            self.hold(at, bound);
        } else if let Some(formula) = math::formula(rest, last) {
            self.done = at + formula.source.len();
            self.elements.push(at..self.done);
        }
    }

    /// `\(` and `\[` begin formulas that the parser knows nothing of.
    fn formula(&mut self, at: usize, mark: char) {
        let (close, index, bound) = if mark == '(' {
            ("\\)", 0, Bound::Usual)
        } else {
            ("\\]", 1, Bound::Long)
        };
        let known = self.formula_ends.get(index).copied().unwrap_or_default();
        let end = if known > at {
            known
        } else {
            let found = self.after(at).find(close);
            found.map_or(self.source.len(), |found| at + found)
        };
        if let Some(known) = self.formula_ends.get_mut(index) {
            *known = end;
        }
        if end == self.source.len() {
            self.hold(at - 1, bound);
        } else {
            self.done = end + close.len();
            self.elements.push(at - 1..self.done);
        }
    }

    /// Two of the same mark belong together: not across spaces, and, but for `**`, not in a word.
    fn pair(&mut self, at: usize, mark: char) {
        let rest = self.after(at).trim_start_matches(mark);
        let end = self.source.len() - rest.len();
        self.done = end;
        if end - at != 2 {
            return;
        }
        let (last, next) = (self.before(at), rest.chars().next());
        let spaced = |c: Option<char>| c.is_none_or(char::is_whitespace);
        let in_word = |c: Option<char>| mark != '*' && c.is_some_and(|c| c.is_ascii_alphanumeric());
        let closes = !spaced(last) && !in_word(next);
        let opens = !spaced(next) && !in_word(last);
        let [bars, equals, stars] = &mut self.pairs;
        let open = match mark {
            '|' => bars,
            '=' => equals,
            _ => stars,
        };
        match *open {
            Some(first) if closes => {
                *open = None;
                self.elements.push(first..end);
            }
            None if opens => *open = Some(at),
            Some(_) | None => {}
        }
    }

    /// A tag, a comment or an address that has no end yet.
    fn open_angle(&mut self, at: usize) {
        let next = self.after(at + 1).chars().next();
        if !next.is_some_and(|c| c.is_ascii_alphabetic() || matches!(c, '/' | '!' | '?')) {
            return;
        }
        if self.angle <= at {
            let found = self.after(at).find('>');
            self.angle = found.map_or(self.source.len(), |found| at + found);
        }
        if self.angle == self.source.len() {
            self.hold(at, Bound::Usual);
        }
    }

    fn ampersand(&mut self, at: usize) {
        let mut name = self.after(at + 1).chars();
        if name.all(|c| c.is_ascii_alphanumeric() || c == '#') {
            self.hold(at, Bound::Short);
        }
    }

    fn open_bracket(&mut self, at: usize) {
        let start = match self.joined.take() {
            Some((place, start)) if place == at => start,
            _ if self.before(at) == Some('!') => at - 1,
            _ => at,
        };
        self.brackets.push(start);
    }

    /// The parser made no link of the pair that ends here; what follows may.
    fn close_bracket(&mut self, at: usize) {
        let Some(start) = self.brackets.pop() else {
            return;
        };
        let rest = self.after(at + 1);
        match rest.chars().next() {
            None => self.hold(start, Bound::Usual),
            Some('(') if is_open_target(rest) => self.hold(start, Bound::Usual),
            Some('[') => self.joined = Some((at + 1, start)),
            Some(_) => {}
        }
    }

    /// A tag waits for the one that closes it.
    pub(super) fn read_tags(&mut self, tags: &[Range<usize>]) {
        let mut open: Vec<(&str, usize)> = Vec::new();
        for tag in tags {
            let text = self.source.get(tag.clone()).unwrap_or_default();
            let inner = text.trim_start_matches(['<', '/']);
            let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '-');
            let name = inner.get(..end.unwrap_or_default()).unwrap_or_default();
            let is_paired = PAIRED.contains(&name) || html::layout(name).is_some();
            if !is_paired || text.ends_with("/>") {
                continue;
            }
            if !text.starts_with("</") {
                open.push((name, tag.start));
            } else if let Some(nth) = open.iter().rposition(|(other, _)| *other == name) {
                let (_, start) = open.remove(nth);
                self.elements.push(start..tag.end);
            }
        }
        for (_, start) in open {
            self.hold(start, Bound::Usual);
        }
    }
}

/// Whether the parentheses after the text of a link are still open, or a title in them is.
fn is_open_target(rest: &str) -> bool {
    let (mut depth, mut quotes) = (0_usize, 0_usize);
    for c in rest.chars().take(400) {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            '"' => quotes += 1,
            _ => {}
        }
        if depth == 0 && quotes.is_multiple_of(2) {
            return false;
        }
    }
    true
}

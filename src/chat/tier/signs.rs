//! Reads the signs of work in a text: words of the table, marks, numbers, lists, length. One pass
//! over the first and the last of it, so that a long paste costs no more than a short one. Pure.

use std::sync::LazyLock;

use super::words::{Axis, SIGNALS, TRADITIONAL};

/// Characters looked at: a question stands before or after what it is about.
const HEAD: usize = 1_500;
const TAIL: usize = 500;

/// A row counts for so many different places at most: a word said ten times is one sign.
const MOST_HITS: u8 = 2;

/// Slots of the word index.
const SLOTS: usize = 2_048;

/// What a text weighs for each axis; the shape of the text is part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) chat: u16,
    pub(super) small: u16,
    pub(super) code: u16,
    pub(super) analysis: u16,
    pub(super) hard: u16,
    pub(super) follow_up: u16,
}

/// What a text looks like, whatever its words.
#[derive(Debug, Clone, Copy, Default)]
struct Shape {
    visible: u16,
    /// Marks that code is full of.
    marks: u16,
    /// Marks of formulas.
    operators: u16,
    numbers: u16,
    /// `camelCase` counts one, `snake_case`, which no trade mark has, two.
    names: u16,
    /// Lines that begin with space, as in code and stack traces.
    indented: u16,
    lines: u16,
    /// Places where a list goes on.
    commas: u16,
    fences: u16,
    emoji: u16,
}

impl Signs {
    /// The signs in `text`.
    pub(super) fn of(text: &str) -> Self {
        let chars = excerpt(text);
        let mut signs = Self::default();
        signs.add_words(&chars);
        signs.add_shape(Shape::of(&chars), text.trim().len());
        signs
    }

    fn add_words(&mut self, chars: &[char]) {
        let index = &*INDEX;
        let mut hits = [0_u8; SIGNALS.len()];
        let mut at = 0;
        while let Some(rest) = chars.get(at..).filter(|rest| !rest.is_empty()) {
            let inside = at
                .checked_sub(1)
                .and_then(|before| chars.get(before))
                .is_some_and(|&c| is_word(c));
            let Some(phrase) = index.longest(rest, inside) else {
                at += 1;
                continue;
            };
            for row in &phrase.rows {
                if let Some(hit) = hits.get_mut(usize::from(*row)) {
                    *hit = hit.saturating_add(1).min(MOST_HITS);
                }
            }
            at += phrase.chars.len();
        }
        for (signal, hits) in SIGNALS.iter().zip(hits) {
            let weight = u16::from(signal.weight) * u16::from(hits);
            match signal.axis {
                Axis::Chat => self.chat += weight,
                Axis::Small => self.small += weight,
                Axis::Code => self.code += weight,
                Axis::Analysis => self.analysis += weight,
                Axis::Hard => self.hard += weight,
                Axis::FollowUp => self.follow_up += weight,
            }
        }
    }

    /// Each line is one rule of thumb; `bytes` measures length alike in all scripts, since a
    /// Chinese character is three bytes and says about as much as half an English word.
    fn add_shape(&mut self, shape: Shape, bytes: usize) {
        let percent = |part: u16| u32::from(part) * 100 / u32::from(shape.visible.max(1));
        let code = [
            (shape.fences > 0, 6),
            (shape.marks >= 5 && percent(shape.marks) >= 8, 3),
            (shape.names >= 2, 2),
            (shape.names >= 4, 1),
            (shape.indented >= 2, 2),
        ];
        let analysis = [
            (shape.operators >= 1, 1),
            (shape.operators >= 3, 2),
            (shape.numbers >= 4, 2),
            (shape.numbers >= 7, 2),
            (bytes >= 80 && shape.commas >= 2, 1),
            (bytes >= 120 && shape.commas >= 4, 1),
            (bytes >= 100, 1),
            (bytes >= 200, 1),
            (bytes >= 400, 2),
            (bytes >= 800, 2),
            (shape.lines >= 6, 1),
        ];
        let hard = [
            (bytes >= 140 && shape.commas >= 4, 1),
            (bytes >= 200 && shape.commas >= 6, 1),
        ];
        let sum = |rules: &[(bool, u16)]| -> u16 {
            let met = rules.iter().filter(|(met, _)| *met);
            met.map(|(_, weight)| weight).sum()
        };
        self.chat += sum(&[(shape.emoji >= 1, 2)]);
        self.code += sum(&code);
        self.analysis += sum(&analysis);
        self.hard += sum(&hard);
    }
}

impl Shape {
    fn of(chars: &[char]) -> Self {
        let mut shape = Self::default();
        let mut before = '\n';
        let mut run = 0_u8;
        for &c in chars {
            let [space, digit] = [c.is_whitespace(), c.is_ascii_digit()];
            shape.visible += u16::from(!space);
            shape.lines += u16::from(c == '\n');
            shape.indented += u16::from(before == '\n' && space && c != '\n');
            shape.numbers += u16::from(digit && !before.is_ascii_digit() && before != '.');
            match c {
                '{' | '}' | '[' | ']' | '(' | ')' | ';' | '=' | '<' | '>' | '$' | '\\' | '#'
                | '|' => {
                    shape.marks += 1;
                }
                ',' | '、' | ':' => shape.commas += 1,
                '√' | '∫' | '∑' => shape.operators += 3,
                _ => {}
            }
            shape.operators += u16::from(matches!(
                c,
                '^' | '=' | '²' | '³' | '≤' | '≥' | '≠' | 'π' | '∞'
            ));
            shape.emoji += u16::from(matches!(c, '\u{1f300}'..='\u{1faff}' | '☀' | '❤' | '☺'));
            let snake = c == '_' && before.is_ascii_alphanumeric();
            let camel = c.is_ascii_uppercase() && before.is_ascii_lowercase();
            shape.names += 2 * u16::from(snake) + u16::from(camel);
            run = if c == '`' { run.saturating_add(1) } else { 0 };
            shape.fences += u16::from(run == 3);
            before = c;
        }
        shape
    }
}

/// The beginning and the end of a text, with one form for marks that have several.
fn excerpt(text: &str) -> Vec<char> {
    let mut chars = Vec::with_capacity(text.len().min(HEAD + TAIL + 1));
    let mut rest = text.trim().chars();
    chars.extend(rest.by_ref().take(HEAD).map(plain));
    let head = chars.len();
    chars.extend(rest.rev().take(TAIL).map(plain));
    if let Some(tail) = chars.get_mut(head..) {
        tail.reverse();
    }
    chars
}

/// Full-width marks and letters as ASCII, the curly apostrophe as the straight one.
fn plain(c: char) -> char {
    match c {
        '\u{2019}' => '\'',
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        _ => c,
    }
}

/// Part of a word that ends at a space; Chinese, Japanese and Korean have none.
fn is_word(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric()
    } else {
        c < '\u{2e80}' && c.is_alphanumeric()
    }
}

/// The table, ready for one look at each place of a text.
struct Index {
    /// Where the phrases of each slot begin; one more than there are slots.
    starts: Vec<u16>,
    /// By slot, the longest first.
    phrases: Vec<Phrase>,
}

struct Phrase {
    chars: Vec<char>,
    /// The last word may go on.
    open: bool,
    /// Rows of the table that have it.
    rows: Vec<u8>,
}

static INDEX: LazyLock<Index> = LazyLock::new(Index::build);

impl Index {
    fn build() -> Self {
        let mut phrases: Vec<Phrase> = Vec::new();
        for (row, signal) in (0_u8..).zip(SIGNALS) {
            for word in signal.words.columns().into_iter().flatten() {
                let (word, open) = match word.strip_suffix('*') {
                    Some(word) => (word, true),
                    None => (*word, false),
                };
                let chars: Vec<char> = word.chars().collect();
                let other = chars.iter().map(|&c| traditional(c)).collect();
                let mut add = |chars: Vec<char>| match phrases.iter_mut().find(|p| p.chars == chars)
                {
                    Some(phrase) if !phrase.rows.contains(&row) => phrase.rows.push(row),
                    Some(_) => {}
                    None => phrases.push(Phrase {
                        chars,
                        open,
                        rows: vec![row],
                    }),
                };
                add(chars);
                add(other);
            }
        }
        phrases.sort_by_key(|phrase| (slot(&phrase.chars), std::cmp::Reverse(phrase.chars.len())));
        let starts = (0..=SLOTS)
            .map(|at| phrases.partition_point(|phrase| slot(&phrase.chars) < Some(at)))
            .map(|at| u16::try_from(at).unwrap_or(u16::MAX))
            .collect();
        Self { starts, phrases }
    }

    /// The longest phrase that `text` begins with; `inside` is whether it begins inside a word.
    fn longest(&self, text: &[char], inside: bool) -> Option<&Phrase> {
        let slot = slot(text)?;
        let [from, to] = [slot, slot + 1].map(|at| self.starts.get(at).copied().map(usize::from));
        let phrases = self.phrases.get(from?..to?)?;
        phrases.iter().find(|phrase| phrase.begins(text, inside))
    }
}

impl Phrase {
    fn begins(&self, text: &[char], inside: bool) -> bool {
        let Some((found, rest)) = text.split_at_checked(self.chars.len()) else {
            return false;
        };
        let alike = |(a, b): (&char, &char)| a == b || a.to_ascii_lowercase() == *b;
        let first = self.chars.first().is_some_and(|&c| is_word(c));
        let last = self.chars.last().is_some_and(|&c| is_word(c));
        let goes_on = rest.first().is_some_and(|&c| is_word(c));
        let cut = (first && inside) || (last && goes_on && !self.open);
        !cut && found.iter().zip(&self.chars).all(alike)
    }
}

/// The slot of what begins with these two characters.
fn slot(text: &[char]) -> Option<usize> {
    let [a, b, ..] = text else { return None };
    let [a, b] = [a, b].map(|c| u32::from(c.to_ascii_lowercase()));
    let mixed = a.wrapping_mul(0x9e37_79b1) ^ b.wrapping_mul(0x85eb_ca6b);
    usize::try_from(mixed >> 21).ok()
}

fn traditional(c: char) -> char {
    let mut pairs = TRADITIONAL.chars();
    while let (Some(simplified), Some(traditional)) = (pairs.next(), pairs.next()) {
        if simplified == c {
            return traditional;
        }
    }
    c
}

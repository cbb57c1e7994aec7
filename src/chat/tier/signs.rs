//! Reads the signs of work in a text: words of the table, marks, numbers, lists, length. One pass
//! over the first and the last of it, so that a long paste costs no more than a short one. Pure.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::{Axis, SIGNALS, TRADITIONAL};

/// Characters looked at: a question stands before or after what it is about.
const HEAD: usize = 750;
const TAIL: usize = 250;

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
        let mut chars = excerpt(text);
        let mut signs = Self::default();
        signs.add_shape(Shape::of(&chars), text.trim().len());
        chars.iter_mut().for_each(char::make_ascii_lowercase);
        signs.add_words(&chars);
        signs
    }

    fn add_words(&mut self, chars: &[char]) {
        let index = &*INDEX;
        let mut hits = [0_u8; SIGNALS.len()];
        let mut rest = chars;
        let mut inside = false;
        while let [first, next @ ..] = rest {
            let in_word = is_word(*first);
            // No phrase begins in the middle of a word.
            let found = if inside && in_word {
                None
            } else {
                index.longest(rest)
            };
            let Some(phrase) = found else {
                (rest, inside) = (next, in_word);
                continue;
            };
            for row in &phrase.rows {
                if let Some(hit) = hits.get_mut(usize::from(*row)) {
                    *hit = hit.saturating_add(1).min(MOST_HITS);
                }
            }
            inside = phrase.chars.last().is_some_and(|&c| is_word(c));
            rest = rest.get(phrase.chars.len()..).unwrap_or_default();
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
            if is_letter(c) {
                shape.visible += 1;
                shape.names += u16::from(c.is_ascii_uppercase() && before.is_ascii_lowercase());
                (before, run) = (c, 0);
                continue;
            }
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
            shape.names += 2 * u16::from(snake);
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

/// A letter of the most common scripts; no mark, number or space.
fn is_letter(c: char) -> bool {
    c.is_ascii_alphabetic() || ('\u{3400}'..='\u{9fff}').contains(&c)
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
        let variants = variants();
        let mut phrases: Vec<Phrase> = Vec::new();
        for (row, signal) in (0_u8..).zip(SIGNALS) {
            for word in signal.words.columns().into_iter().flatten() {
                let (word, open) = match word.strip_suffix('*') {
                    Some(word) => (word, true),
                    None => (*word, false),
                };
                let simplified: Vec<char> = word.chars().collect();
                let traditional = simplified.iter().map(|c| *variants.get(c).unwrap_or(c));
                let traditional = traditional.collect();
                phrases.extend([simplified, traditional].map(|chars| Phrase {
                    chars,
                    open,
                    rows: vec![row],
                }));
            }
        }
        phrases.sort_by_cached_key(|phrase| {
            let length = std::cmp::Reverse(phrase.chars.len());
            (slot(&phrase.chars), length, phrase.chars.clone())
        });
        phrases.dedup_by(|later, kept| {
            let same = later.chars == kept.chars;
            if same {
                kept.open |= later.open;
                kept.rows.append(&mut later.rows);
                kept.rows.sort_unstable();
                kept.rows.dedup();
            }
            same
        });
        let starts = (0..=SLOTS)
            .map(|at| phrases.partition_point(|phrase| slot(&phrase.chars) < Some(at)))
            .map(|at| u16::try_from(at).unwrap_or(u16::MAX))
            .collect();
        Self { starts, phrases }
    }

    /// The longest phrase that `text` begins with.
    fn longest(&self, text: &[char]) -> Option<&Phrase> {
        let slot = slot(text)?;
        let [from, to, ..] = self.starts.get(slot..)? else {
            return None;
        };
        let phrases = self.phrases.get(usize::from(*from)..usize::from(*to))?;
        phrases.iter().find(|phrase| phrase.begins(text))
    }
}

impl Phrase {
    fn begins(&self, text: &[char]) -> bool {
        let Some(rest) = text.strip_prefix(self.chars.as_slice()) else {
            return false;
        };
        let [last, next] =
            [self.chars.last(), rest.first()].map(|c| c.is_some_and(|&c| is_word(c)));
        self.open || !(last && next)
    }
}

/// Simplified characters with their traditional ones.
fn variants() -> HashMap<char, char> {
    let mut chars = TRADITIONAL.chars();
    std::iter::from_fn(|| Some((chars.next()?, chars.next()?))).collect()
}

/// The slot of what begins with these two characters.
fn slot(text: &[char]) -> Option<usize> {
    let [a, b, ..] = text else { return None };
    let mixed = u32::from(*a).wrapping_mul(0x9e37_79b1) ^ u32::from(*b).wrapping_mul(0x85eb_ca6b);
    usize::try_from(mixed >> 21).ok()
}

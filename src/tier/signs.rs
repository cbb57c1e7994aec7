//! Reads the signs of work in a text: its shape and the words of the table. One pass over the first
//! and the last of it, so that a long paste costs no more than a short one. Pure.

use std::collections::HashMap;
use std::sync::LazyLock;

use super::shape::Shape;
use super::words::{Axis, ROWS, TRADITIONAL, signals};

/// Characters looked at: a question stands before or after what it is about.
const HEAD: usize = 750;
const TAIL: usize = 250;

/// A row counts for so many different places at most: a word said ten times is one sign.
const MOST_HITS: u8 = 2;

/// Bytes of a question that a word can answer, if its form asks for a yes or a no.
const BRIEF_QUESTION: usize = 60;

/// Slots of the word index.
const SLOTS: usize = 4_096;

/// What a text weighs for each axis; the shape of the text is part of it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Signs {
    pub(super) chat: u16,
    pub(super) small: u16,
    pub(super) mood: u16,
    pub(super) code: u16,
    pub(super) analysis: u16,
    pub(super) hard: u16,
    pub(super) follow_up: u16,
}

impl Signs {
    /// The signs in `text`.
    pub(super) fn of(text: &str) -> Self {
        let mut chars = excerpt(text);
        let mut signs = Self::default();
        Shape::of(&chars).weigh(text.trim().len(), &mut signs);
        chars.iter_mut().for_each(char::make_ascii_lowercase);
        signs.add_words(&chars);
        if text.len() <= BRIEF_QUESTION && is_yes_or_no(&chars) {
            signs.small += 2;
        }
        signs
    }

    fn add_words(&mut self, chars: &[char]) {
        let index = &*INDEX;
        let mut hits = Hits::default();
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
            phrase.places.iter().for_each(|place| hits.add(*place));
            inside = phrase.chars.last().is_some_and(|&c| is_word(c));
            rest = rest.get(phrase.chars.len()..).unwrap_or_default();
        }
        for (signal, hits) in signals().zip(hits.counts) {
            let weight = u16::from(signal.weight) * u16::from(hits);
            match signal.axis {
                Axis::Chat => self.chat += weight,
                Axis::Small => self.small += weight,
                Axis::Mood => self.mood += weight,
                Axis::Code => self.code += weight,
                Axis::Analysis => self.analysis += weight,
                Axis::Hard => self.hard += weight,
                Axis::FollowUp => self.follow_up += weight,
            }
        }
    }
}

/// How often each row of the table was met.
struct Hits {
    counts: [u8; ROWS],
    /// Frames whose first part was met.
    opened: [bool; ROWS],
}

impl Default for Hits {
    fn default() -> Self {
        Self {
            counts: [0; ROWS],
            opened: [false; ROWS],
        }
    }
}

impl Hits {
    fn add(&mut self, place: Place) {
        let row = usize::from(place.row);
        let (Some(count), Some(opened)) = (self.counts.get_mut(row), self.opened.get_mut(row))
        else {
            return;
        };
        let counts = match place.part {
            Part::Whole => true,
            Part::First => {
                *opened = true;
                false
            }
            Part::Second => *opened,
        };
        if counts {
            *count = count.saturating_add(1).min(MOST_HITS);
        }
    }
}

/// Where a phrase stands in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    row: u8,
    part: Part,
}

/// What a phrase is in its row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Whole,
    /// Of a frame, as "… work". Before `First`: what is both does not answer itself.
    Second,
    /// As "how do …": says nothing until a second part follows.
    First,
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

/// Whether the form of a question asks for a yes or a no.
fn is_yes_or_no(chars: &[char]) -> bool {
    const VERBS: [&str; 9] = [
        "is ", "are ", "do ", "does ", "did ", "can ", "has ", "will ", "have ",
    ];
    let opens = |verb: &&str| verb.chars().zip(chars).all(|(a, b)| a == *b);
    let last = chars.iter().rev().find(|c| !matches!(c, '?' | ' '));
    VERBS.iter().any(opens) || matches!(last, Some('吗' | '嗎'))
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
    places: Vec<Place>,
}

static INDEX: LazyLock<Index> = LazyLock::new(Index::build);

impl Index {
    fn build() -> Self {
        let variants = variants();
        let mut phrases: Vec<Phrase> = Vec::new();
        for (row, signal) in (0_u8..).zip(signals()) {
            for word in signal.words.columns().into_iter().flatten() {
                let (word, part) = part(word);
                let (word, open) = match word.strip_suffix('*') {
                    Some(word) => (word, true),
                    None => (word, false),
                };
                let simplified: Vec<char> = word.chars().collect();
                let traditional = simplified.iter().map(|c| *variants.get(c).unwrap_or(c));
                let traditional = traditional.collect();
                phrases.extend([simplified, traditional].map(|chars| Phrase {
                    chars,
                    open,
                    places: vec![Place { row, part }],
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
                kept.places.append(&mut later.places);
                kept.places.sort_unstable();
                kept.places.dedup();
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

/// A word of the table without the marks of a frame.
fn part(word: &'static str) -> (&'static str, Part) {
    if let Some(first) = word.strip_suffix(" …") {
        (first, Part::First)
    } else if let Some(second) = word.strip_prefix("… ") {
        (second, Part::Second)
    } else {
        (word, Part::Whole)
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
    usize::try_from(mixed >> 20).ok()
}

//! Reads the signs of work in a text: its shape and the words of the lists. One pass over the first
//! and the last of it, so that a long paste costs no more than a short one. Pure.

use std::sync::LazyLock;

use super::shape::Shape;
use super::words::{Axis, signals, traditional};

/// Characters looked at: a question stands before or after what it is about.
const HEAD: usize = 750;
const TAIL: usize = 250;

/// A signal counts for so many different places at most: a word said ten times is one sign.
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
        let mut hits = Hits(vec![Hit::default(); index.weights.len()]);
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
        for ((axis, weight), hit) in index.weights.iter().zip(hits.0) {
            let weight = u16::from(*weight) * u16::from(hit.count);
            match axis {
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

/// What was found of each signal, in the order of the index.
struct Hits(Vec<Hit>);

#[derive(Debug, Clone, Copy, Default)]
struct Hit {
    count: u8,
    /// The first half of a pattern was met.
    opened: bool,
}

impl Hits {
    fn add(&mut self, place: Place) {
        let Some(hit) = self.0.get_mut(usize::from(place.signal)) else {
            return;
        };
        let counts = match place.part {
            Part::Whole => true,
            Part::First => {
                hit.opened = true;
                false
            }
            Part::Second => hit.opened,
        };
        if counts {
            hit.count = hit.count.saturating_add(1).min(MOST_HITS);
        }
    }
}

/// Where a phrase stands in the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    /// Its place in `Index::weights`.
    signal: u8,
    part: Part,
}

/// What a phrase is in its signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Whole,
    /// Of a pattern, as "… work". Before `First`: what is both does not answer itself.
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

/// The word lists, ready for one look at each place of a text.
struct Index {
    /// What each signal speaks for, and how much.
    weights: Vec<(Axis, u8)>,
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
        let variants = traditional();
        let mut weights = Vec::new();
        let mut phrases: Vec<Phrase> = Vec::new();
        for (place, signal) in (0_u8..).zip(signals()) {
            weights.push((signal.axis, signal.weight));
            for word in signal.columns().into_iter().flatten() {
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
                    places: vec![Place {
                        signal: place,
                        part,
                    }],
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
        Self {
            weights,
            starts,
            phrases,
        }
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

/// A word of the lists without the mark of a half.
fn part(word: &'static str) -> (&'static str, Part) {
    if let Some(first) = word.strip_suffix(" …") {
        (first, Part::First)
    } else if let Some(second) = word.strip_prefix("… ") {
        (second, Part::Second)
    } else {
        (word, Part::Whole)
    }
}

/// The slot of what begins with these two characters.
fn slot(text: &[char]) -> Option<usize> {
    let [a, b, ..] = text else { return None };
    let mixed = u32::from(*a).wrapping_mul(0x9e37_79b1) ^ u32::from(*b).wrapping_mul(0x85eb_ca6b);
    usize::try_from(mixed >> 20).ok()
}

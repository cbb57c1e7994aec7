//! Weighs what speaks for which kind of work in a text: its features and the words of the lists.
//! Reads only the beginning and the end of it, so that a long paste costs no more than a short one.
//! Pure.

use super::features::Features;
use super::index::{INDEX, Part, Place, is_word};
use super::words::Axis;

/// Characters that are read from the beginning and from the end: a question stands before or after
/// the text that it is about.
const HEAD: usize = 750;
const TAIL: usize = 250;

/// How often a signal counts at most in one text, however often its words stand there.
const MOST_HITS: u8 = 2;

/// Longest question, in bytes, that counts as a small task when its form asks for a yes or a no.
const BRIEF_QUESTION: usize = 60;

/// What a text weighs on each axis, by its words and its features.
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
    /// Weighs `text`.
    pub(super) fn of(text: &str) -> Self {
        let mut chars = excerpt(text);
        let mut signs = Self::default();
        for (axis, weight) in Features::of(&chars).weights(text.trim().len()) {
            signs.add(axis, weight);
        }
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
                &[]
            } else {
                index.longest(rest)
            };
            let [phrase, ..] = found else {
                (rest, inside) = (next, in_word);
                continue;
            };
            for phrase in found {
                hits.add(phrase.place);
            }
            inside = phrase.chars.last().is_some_and(|&c| is_word(c));
            rest = rest.get(phrase.chars.len()..).unwrap_or_default();
        }
        for ((axis, weight), hit) in index.weights.iter().zip(hits.0) {
            self.add(*axis, u16::from(*weight) * u16::from(hit.count));
        }
    }

    fn add(&mut self, axis: Axis, weight: u16) {
        let sum = match axis {
            Axis::Chat => &mut self.chat,
            Axis::Small => &mut self.small,
            Axis::Mood => &mut self.mood,
            Axis::Code => &mut self.code,
            Axis::Analysis => &mut self.analysis,
            Axis::Hard => &mut self.hard,
            Axis::FollowUp => &mut self.follow_up,
        };
        *sum += weight;
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

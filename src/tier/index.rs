//! The word lists, ready for one look-up at each place of a text. Pure.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::sync::LazyLock;

use super::words::{Axis, signals, traditional};

/// Buckets of the phrases, by their first two characters.
const BUCKETS: usize = 4_096;

/// Built with the first question: 3,000 words take some milliseconds.
pub(super) static INDEX: LazyLock<Index> = LazyLock::new(Index::build);

/// All phrases of the word lists.
pub(super) struct Index {
    /// What each signal speaks for, and how much.
    pub(super) weights: Vec<(Axis, u8)>,
    /// Where the phrases of each bucket begin; one more than there are buckets.
    starts: Vec<u16>,
    /// By bucket, in each the longest first. What stands in several signals is here as often.
    phrases: Vec<Phrase>,
}

/// A word of the lists, in one of its spellings, as it stands in one signal.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Phrase {
    pub(super) chars: Box<[char]>,
    pub(super) place: Place,
    /// The last word may go on.
    is_open: bool,
}

/// Where a phrase stands in the lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    /// Its place in [`Index::weights`].
    pub(super) signal: u8,
    pub(super) part: Part,
}

/// What a phrase is in its signal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Whole,
    /// Of a pattern, as "… work". Before `First`: what is both does not answer itself.
    Second,
    /// As "how do …": says nothing until a second part follows.
    First,
}

impl Index {
    fn build() -> Self {
        let traditional = traditional();
        let mut weights = Vec::new();
        let mut phrases = Vec::new();
        for (number, signal) in (0..).zip(signals()) {
            weights.push((signal.axis, signal.weight));
            for word in signal.columns().into_iter().flatten() {
                let (text, part) = without_ellipsis(word);
                let (text, is_open) = match text.strip_suffix('*') {
                    Some(text) => (text, true),
                    None => (text, false),
                };
                let other = spelled_with(&traditional, text);
                let spellings = std::iter::once(text.chars().collect()).chain(other);
                phrases.extend(spellings.map(|chars| Phrase {
                    chars,
                    place: Place {
                        signal: number,
                        part,
                    },
                    is_open,
                }));
            }
        }
        phrases.sort_unstable_by(|a, b| a.key().cmp(&b.key()));
        // One spelling may go on everywhere if it may in one signal.
        for same in phrases.chunk_by_mut(|a, b| a.chars == b.chars) {
            let is_open = same.iter().any(|phrase| phrase.is_open);
            for phrase in same {
                phrase.is_open = is_open;
            }
        }
        phrases.dedup();
        phrases.shrink_to_fit();
        Self {
            weights,
            starts: starts(&phrases),
            phrases,
        }
    }

    /// The longest phrase that `text` begins with, once for each signal that it stands in; empty
    /// when there is none.
    pub(super) fn longest(&self, text: &[char]) -> &[Phrase] {
        self.bucket(text)
            .and_then(|bucket| {
                let first = bucket.iter().position(|phrase| phrase.begins(text))?;
                let mut found = bucket.get(first..)?.chunk_by(|a, b| a.chars == b.chars);
                found.next()
            })
            .unwrap_or_default()
    }

    fn bucket(&self, text: &[char]) -> Option<&[Phrase]> {
        let bucket = bucket_of(*text.first()?, *text.get(1)?);
        let [from, to, ..] = self.starts.get(bucket..)? else {
            return None;
        };
        self.phrases.get(usize::from(*from)..usize::from(*to))
    }
}

impl Phrase {
    fn bucket(&self) -> usize {
        let [first, second] = [0, 1].map(|at| self.chars.get(at).copied().unwrap_or_default());
        bucket_of(first, second)
    }

    fn key(&self) -> (usize, Reverse<usize>, &[char], Place) {
        let length = Reverse(self.chars.len());
        (self.bucket(), length, &self.chars, self.place)
    }

    fn begins(&self, text: &[char]) -> bool {
        let Some(rest) = text.strip_prefix(&*self.chars) else {
            return false;
        };
        let [last, next] =
            [self.chars.last(), rest.first()].map(|c| c.is_some_and(|&c| is_word(c)));
        self.is_open || !(last && next)
    }
}

/// A character of a word that ends at a space; Chinese, Japanese and Korean have none.
pub(super) fn is_word(c: char) -> bool {
    if c.is_ascii() {
        c.is_ascii_alphanumeric()
    } else {
        c < '\u{2e80}' && c.is_alphanumeric()
    }
}

/// Where the phrases of each bucket begin.
fn starts(phrases: &[Phrase]) -> Vec<u16> {
    let mut starts = Vec::with_capacity(BUCKETS + 1);
    for (at, phrase) in (0..).zip(phrases) {
        let reached = starts.len().max(phrase.bucket() + 1);
        starts.resize(reached, at);
    }
    starts.resize(
        BUCKETS + 1,
        u16::try_from(phrases.len()).unwrap_or(u16::MAX),
    );
    starts
}

fn bucket_of(first: char, second: char) -> usize {
    let mixed =
        u32::from(first).wrapping_mul(0x9e37_79b1) ^ u32::from(second).wrapping_mul(0x85eb_ca6b);
    (mixed >> 20) as usize
}

/// A word of the lists without the mark of a half.
fn without_ellipsis(word: &'static str) -> (&'static str, Part) {
    if let Some(first) = word.strip_suffix(" …") {
        (first, Part::First)
    } else if let Some(second) = word.strip_prefix("… ") {
        (second, Part::Second)
    } else {
        (word, Part::Whole)
    }
}

/// The word in traditional characters, where that is another spelling.
fn spelled_with(traditional: &HashMap<char, char>, word: &str) -> Option<Box<[char]>> {
    let is_other = !word.is_ascii() && word.chars().any(|c| traditional.contains_key(&c));
    let spelled = word.chars().map(|c| *traditional.get(&c).unwrap_or(&c));
    is_other.then(|| spelled.collect())
}

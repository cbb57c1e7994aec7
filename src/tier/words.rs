//! The word lists of `data/words`: which words in a question speak for which kind of work. The
//! lists are compiled in; `data/words/against.toml` describes their format. Pure.

use std::collections::HashMap;

use serde::Deserialize;

/// Lists of signals, each under the name of its file.
const LISTS: [(&str, &str); 4] = [
    ("against", include_str!("../../data/words/against.toml")),
    ("code", include_str!("../../data/words/code.toml")),
    ("analysis", include_str!("../../data/words/analysis.toml")),
    ("hard", include_str!("../../data/words/hard.toml")),
];
const TRADITIONAL: &str = include_str!("../../data/words/traditional.toml");

/// What a signal speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Axis {
    /// Against work: how people are to each other. Says little about a long text.
    Chat,
    /// Against work: a small task, whatever words it is about.
    Small,
    /// Against work at any length: a story of the day, a bet among friends.
    Mood,
    Code,
    Analysis,
    /// Long reasoning; counts as work too.
    Hard,
    /// "And shorter?": work only where the last round was work.
    FollowUp,
}

/// One reason to think something of a question, with the words for it in each language.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signal<'a> {
    pub(super) axis: Axis,
    pub(super) weight: u8,
    /// The same in every language: names, marks.
    #[serde(borrow, default)]
    any: Vec<&'a str>,
    #[serde(borrow, default)]
    english: Vec<&'a str>,
    /// In simplified characters; [`traditional`] has the others.
    #[serde(borrow, default)]
    chinese: Vec<&'a str>,
}

impl<'a> Signal<'a> {
    /// Its words by language.
    pub(super) fn columns(&self) -> [&[&'a str]; 3] {
        [&self.any, &self.english, &self.chinese]
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct List<'a> {
    #[serde(borrow)]
    signal: Vec<Signal<'a>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Traditional<'a> {
    pairs: &'a str,
}

/// The signals of all lists. Parses them: keep what you make of it.
pub(super) fn signals() -> impl Iterator<Item = Signal<'static>> {
    LISTS.into_iter().flat_map(|(name, text)| {
        let list: List<'_> = parsed(name, text);
        list.signal
    })
}

/// Simplified characters of the lists with their traditional forms.
pub(super) fn traditional() -> HashMap<char, char> {
    let table: Traditional<'_> = parsed("traditional", TRADITIONAL);
    let mut chars = table.pairs.chars().filter(|c| !c.is_whitespace());
    std::iter::from_fn(|| Some((chars.next()?, chars.next()?))).collect()
}

#[expect(
    clippy::panic,
    reason = "the text is compiled in, and a test parses all of it"
)]
fn parsed<T: Deserialize<'static>>(name: &str, text: &'static str) -> T {
    toml::from_str(text).unwrap_or_else(|error| panic!("data/words/{name}.toml: {error}"))
}

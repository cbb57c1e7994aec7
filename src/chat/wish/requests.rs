//! Pictures that are asked for in plain words: whether a text asks for one or for a change of one, and
//! the shape it is to have. Pure; the words are in `data/words/pictures.toml`.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::chat::words::stands_apart;

const WORDS: &str = include_str!("../../../data/words/pictures.toml");

/// A plain request for a picture is short; what is longer is about something else.
const LONGEST_REQUEST: usize = 600;

pub(super) static REQUESTS: LazyLock<Requests> = LazyLock::new(Requests::shipped);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Requests {
    polite: Vec<String>,
    draws: Vec<String>,
    articles: Vec<String>,
    not_drawn: Vec<String>,
    makes: Vec<String>,
    pictures: Vec<String>,
    drawn: Vec<String>,
    counted: Vec<String>,
    made: Vec<String>,
    sheets: Vec<String>,
    named: Vec<String>,
    edits: Vec<String>,
    taken: Vec<String>,
    changed: Vec<String>,
    changes: Vec<String>,
    of_words: Vec<String>,
    never: Vec<String>,
    pub(super) shape: Vec<Shape>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Shape {
    pub(super) ratio: String,
    pub(super) words: Vec<String>,
    pub(super) apart: Vec<String>,
}

/// Shapes that every model takes; they may be written as they are.
pub(super) const RATIOS: [&str; 10] = [
    "21:9", "16:9", "9:16", "1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4",
];

impl Requests {
    #[expect(
        clippy::expect_used,
        reason = "the text is compiled in, and a test parses it"
    )]
    fn shipped() -> Self {
        toml::from_str(WORDS).expect("data/words/pictures.toml is valid")
    }

    /// Whether somebody asks for a picture in plain words.
    pub(super) fn asks(&self, text: &str, has_picture: bool) -> bool {
        if text.len() > LONGEST_REQUEST {
            return false;
        }
        let text = text.to_lowercase();
        if holds_any(&text, &self.never) {
            return false;
        }
        let words = self.without_courtesy(&text);
        let draws = self.asks_to_draw(words)
            || self.asks_for_a_picture(words)
            || self.asks_in_chinese(words);
        draws || (has_picture && self.asks_for_a_change(words))
    }

    fn without_courtesy<'t>(&self, text: &'t str) -> &'t str {
        let mut words = text.trim_start();
        // 来 and 给我 are courtesies, and verbs where a picture is named behind them.
        while let Some(rest) = after_any(words, &self.polite)
            && !self.asks_in_chinese(words)
        {
            words = rest.trim_start();
        }
        words
    }

    /// "Draw a cat".
    fn asks_to_draw(&self, words: &str) -> bool {
        let Some(mut thing) = after_any(words, &self.draws) else {
            return false;
        };
        let mut has_article = false;
        while let Some(rest) = after_any(thing, &self.articles) {
            (thing, has_article) = (rest, true);
        }
        // Whoever is to draw something for them need not say an article.
        let first: Vec<&str> = thing.split_whitespace().take(4).collect();
        let first = first.join(" ");
        has_article
            && !thing.is_empty()
            && !self
                .not_drawn
                .iter()
                .any(|word| first.contains(word.as_str()))
    }

    /// "Make me a nice picture of …".
    fn asks_for_a_picture(&self, words: &str) -> bool {
        let Some(thing) = after_any(words, &self.makes) else {
            return false;
        };
        let beginning: Vec<&str> = thing.split_whitespace().take(9).collect();
        let beginning = beginning.join(" ");
        // A list of pictures is none, nor is a talk about one.
        let is_made = |name: &String| {
            let (before, _) = beginning.split_once(name.as_str()).unwrap_or_default();
            let is_other = ["of", "for", "about", "to"]
                .iter()
                .any(|word| has_word(before, word));
            has_word(&beginning, name) && !is_other
        };
        self.pictures.iter().any(is_made)
    }

    /// "画一只猫", "生成一张…的图片".
    fn asks_in_chinese(&self, words: &str) -> bool {
        if let Some(thing) = after_any(words, &self.drawn) {
            return self
                .counted
                .iter()
                .any(|word| thing.starts_with(word.as_str()));
        }
        let thing = after_any(words, &self.made);
        let sheet = thing.and_then(|thing| after_any(thing, &self.sheets));
        sheet.is_some_and(|of| self.named.iter().any(|name| of.contains(name.as_str())))
    }

    /// "Add a hat", "把背景换成海边".
    fn asks_for_a_change(&self, words: &str) -> bool {
        if holds_any(words, &self.of_words) {
            return false;
        }
        let object = after_any(words, &self.taken);
        let is_taken = object.is_some_and(|object| holds_any(object, &self.changed));
        let begins = |with: &[String]| after_any(words, with).is_some();
        is_taken || begins(&self.edits) || begins(&self.changes)
    }

    pub(super) fn ratio(&self, words: &str) -> Option<&'static str> {
        let words = words.to_lowercase().replace('：', ":");
        let written = RATIOS.iter().find(|ratio| has_word(&words, ratio));
        if let Some(written) = written {
            return Some(written);
        }
        let last = words.rsplit([',', '，', '、', '\n']).next();
        let last = last.filter(|last| last.len() < words.len());
        let last = last
            .unwrap_or_default()
            .trim_matches(|c: char| !c.is_alphanumeric());
        let fits = |shape: &&Shape| {
            let is_apart = |word: &String| {
                let formats = [
                    " format",
                    " picture",
                    " image",
                    " orientation",
                    " aspect",
                    "构图",
                    "構圖",
                ];
                last == word
                    || formats
                        .iter()
                        .any(|format| has_word(&words, &format!("{word}{format}")))
            };
            shape.words.iter().any(|word| words.contains(word.as_str()))
                || shape.apart.iter().any(is_apart)
        };
        let shape = self.shape.iter().find(fits)?;
        RATIOS.iter().find(|ratio| **ratio == shape.ratio).copied()
    }
}

/// Whether a text holds one of these words.
fn holds_any(text: &str, words: &[String]) -> bool {
    let holds = |word: &String| {
        if word.is_ascii() {
            has_word(text, word)
        } else {
            text.contains(word.as_str())
        }
    };
    words.iter().any(holds)
}

/// What stands behind the longest of these words with which the text begins.
fn after_any<'t>(text: &'t str, words: &[String]) -> Option<&'t str> {
    let rests = words
        .iter()
        .filter_map(|word| text.strip_prefix(word.as_str()));
    rests.min_by_key(|rest| rest.len())
}

/// Whether a text holds this word, and not within another word, number or ratio.
fn has_word(text: &str, word: &str) -> bool {
    stands_apart(text, word, |c| c.is_ascii_alphanumeric() || c == ':')
}

//! Decides from its words what a question needs beside what the model knows: today's facts, a page, a
//! program that is run. Pure; the lists are in `data/words/needs.toml`.
//!
//! It is decided before the model is asked, so that small talk spends none of the day's searches, and
//! a question that needs one is asked once.

use std::sync::LazyLock;

use serde::Deserialize;

use crate::catalog::ToolKind;
use crate::chat::command::Command;
use crate::chat::words::stands_apart;

/// Longest text, in bytes, whose words are taken as a question: a longer one is something to work on.
const LONGEST: usize = 600;

/// What a question needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Need {
    pub(crate) kind: ToolKind,
    /// By `/search` or `/code`.
    pub(crate) is_asked: bool,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    #[serde(borrow)]
    against: Vec<&'static str>,
    #[serde(borrow)]
    search: Vec<&'static str>,
    #[serde(borrow)]
    code: Vec<&'static str>,
}

#[expect(
    clippy::expect_used,
    reason = "the text is compiled in, and every test of this file reads it"
)]
static WORDS: LazyLock<Words> = LazyLock::new(|| {
    toml::from_str(include_str!("../../data/words/needs.toml")).expect("data/words/needs.toml")
});

/// What a question needs, and its words without the command that says so. With a link that the asker
/// typed the page is meant, unless they ask to search.
pub(crate) fn of(text: &str) -> (Need, &str) {
    let asked = |kind| Need {
        kind,
        is_asked: true,
    };
    match Command::question(text) {
        Some(("search", words)) => return (asked(ToolKind::Search), words),
        Some(("code", words)) => return (asked(ToolKind::Code), words),
        Some(_) | None => {}
    }
    let kind = if has_link(text) {
        ToolKind::Pages
    } else {
        by_words(text)
    };
    let is_asked = false;
    (Need { kind, is_asked }, text)
}

/// Whether an address stands in the text that a page could be fetched from.
fn has_link(text: &str) -> bool {
    let mut words = text.split(|c: char| c.is_whitespace() || "<>()（）「」“”\"".contains(c));
    words.any(|word| {
        let rest = word
            .strip_prefix("https://")
            .or_else(|| word.strip_prefix("http://"));
        rest.is_some_and(|rest| rest.contains('.'))
    })
}

fn by_words(text: &str) -> ToolKind {
    if text.len() > LONGEST {
        return ToolKind::Functions;
    }
    let lower = text.to_lowercase().replace('\u{2019}', "'");
    let has = |list: &[&str]| list.iter().any(|word| holds(&lower, word));
    if has(&WORDS.against) {
        ToolKind::Functions
    } else if has(&WORDS.code) {
        ToolKind::Code
    } else if has(&WORDS.search) {
        ToolKind::Search
    } else {
        ToolKind::Functions
    }
}

/// Whether a word stands in a text, and not as a part of another one.
fn holds(text: &str, word: &str) -> bool {
    if !word.is_ascii() {
        return text.contains(word);
    }
    stands_apart(text, word, |c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_question_needs_is_in_its_words() {
        use ToolKind::{Code, Functions, Pages, Search};
        for (text, kind) in [
            ("hello", Functions),
            ("What's the weather in Berlin?", Search),
            ("今天北京天气怎么样", Search),
            ("latest version of Rust", Search),
            ("最新的新闻有哪些", Search),
            ("what is the exchange rate of the yen", Search),
            ("特斯拉股价", Search),
            ("translate: the weather is nice", Functions),
            ("翻译：今天天气很好", Functions),
            ("remind me tomorrow to read the news", Functions),
            ("提醒我明天看新闻", Functions),
            ("what's today's date?", Functions),
            ("今天星期几", Functions),
            ("a newsletter about cats", Functions),
            ("why is the plotting of a novel hard", Functions),
            ("plot sin(x) from 0 to 10", Code),
            ("画一只猫", Functions),
            ("帮我做一个柱状图：1 2 3", Code),
            ("run this code: print(1)", Code),
            ("sum up https://example.org/a for me", Pages),
            ("总结一下（https://example.org/a）", Pages),
            ("what does https:// mean", Functions),
            ("how do I price a book", Functions),
        ] {
            let (need, words) = of(text);
            assert_eq!((need.kind, need.is_asked), (kind, false), "{text}");
            assert_eq!(words, text);
        }
        let long = "the latest news ".repeat(60);
        assert_eq!(of(&long).0.kind, Functions);
    }

    #[test]
    fn a_command_says_what_is_needed_and_is_no_part_of_the_words() {
        for (text, kind, words) in [
            ("/search cats", ToolKind::Search, "cats"),
            ("/search@bot  two cats ", ToolKind::Search, "two cats"),
            ("/Code https://a.b", ToolKind::Code, "https://a.b"),
        ] {
            let (need, found) = of(text);
            assert_eq!((need.kind, need.is_asked, found), (kind, true, words));
        }
        assert!(!of("/search").0.is_asked);
    }
}

//! The small built-in model that answers `svs-bot chat` when no key is set. Decides a reply from
//! key words alone, in English or Chinese; says openly what it is. Pure, no network. Invariant: the
//! same prompt always gets the same reply.

use crate::chat::part::PromptPart;
use crate::chat::prompt::{Message, Prompt, Speaker};
use crate::locale::{Language, Locale, Offline, fill};

mod sum;

/// Earlier messages quoted, and characters shown of each.
const RECALLED: usize = 3;
const GIST: usize = 100;

/// Key words, separated by bars.
const COUNT: &str = "count the|count words|how many words|数字数|字数|多少字|多少个字|几个字";
const RECALL: &str = "did i say|did i ask|did i write|did i tell|i said before|\
     我说过|我之前|我刚才|我刚刚";
const SETTINGS: &str = "api key|api_key|settings|configure|密钥|设置|配置";
const ABOUT: &str = "who are you|what are you|what can you|what do you do|help|\
     你是谁|你是什么|你能|你会";
const THANKS: &str = "thank|谢谢|多谢|感谢";
const GREETINGS: &str = "hi|hello|hey|good morning|good evening|你好|您好|嗨";

/// Longest text, in characters, that is only a greeting or a word of thanks.
const SHORT: usize = 24;

/// What the model says to the last message of the prompt.
pub(crate) fn reply(prompt: &Prompt) -> String {
    let mut said: Vec<_> = prompt
        .messages
        .iter()
        .filter(|message| message.speaker == Speaker::Person)
        .map(text_of)
        .collect();
    let question = said.pop().unwrap_or_default();
    let question = question.trim();
    let texts = Locale::of(language_of(question)).offline();
    if let Some(sum) = sum::read(question) {
        return match sum.result {
            Some(result) => {
                let values = [("expression", &*sum.expression), ("result", &result)];
                fill(&texts.result, &values)
            }
            None => texts.division_by_zero.clone(),
        };
    }
    let lower = question.to_lowercase();
    let has = |words: &str| words.split('|').any(|word| lower.contains(word));
    let is_short = question.chars().count() <= SHORT;
    if has(COUNT) {
        count(question, texts)
    } else if has(RECALL) {
        recall(&said, texts)
    } else if has(SETTINGS) {
        texts.settings.clone()
    } else if has(ABOUT) {
        texts.about.clone()
    } else if is_short && has(THANKS) {
        texts.thanks.clone()
    } else if is_short && GREETINGS.split('|').any(|word| opens_with(&lower, word)) {
        texts.greeting.clone()
    } else {
        fill(&texts.otherwise, &[("gist", &gist(question))])
    }
}

/// The reply in pieces of about a word, as a stream would bring it.
pub(crate) fn chunks(text: &str) -> impl Iterator<Item = &str> {
    text.split_inclusive(|c: char| c.is_whitespace() || is_han(c) || matches!(c, '，' | '。'))
}

fn text_of(message: &Message) -> String {
    let texts = message.parts.iter().filter_map(|part| match part {
        PromptPart::Text(text) => Some(text.as_str()),
        PromptPart::Media { .. } | PromptPart::Signed(_) | PromptPart::Result(_) => None,
    });
    texts.collect::<Vec<_>>().join("\n")
}

fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

fn language_of(text: &str) -> Language {
    if text.chars().any(is_han) {
        Language::Zh
    } else {
        Language::En
    }
}

/// Whether the word stands at the beginning and is not the beginning of another.
fn opens_with(text: &str, word: &str) -> bool {
    text.strip_prefix(word).is_some_and(|rest| {
        let next = rest.chars().next();
        !next.is_some_and(|c| c.is_alphanumeric() && !is_han(c))
    })
}

fn gist(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if line.chars().count() <= GIST {
        return line;
    }
    let begun: String = line.chars().take(GIST).collect();
    format!("{begun}…")
}

fn recall(said: &[String], texts: &Offline) -> String {
    let latest = said.iter().skip(said.len().saturating_sub(RECALLED));
    let quotes: Vec<_> = latest.map(|text| format!("“{}”", gist(text))).collect();
    if quotes.is_empty() {
        return texts.nothing_to_recall.clone();
    }
    fill(&texts.recall, &[("quotes", &quotes.join("\n"))])
}

/// Counts what follows the colon, or the whole text; a Chinese character is a word.
fn count(question: &str, texts: &Offline) -> String {
    let subject = question
        .split_once([':', '：'])
        .map_or(question, |(_, subject)| subject.trim());
    let mut words = 0_usize;
    let mut in_word = false;
    for c in subject.chars() {
        let starts = c.is_alphanumeric() && !is_han(c) && !in_word;
        words += usize::from(starts || is_han(c));
        in_word = !is_han(c) && (c.is_alphanumeric() || (in_word && matches!(c, '\'' | '’' | '-')));
    }
    let characters = subject.chars().count();
    fill(
        &texts.words,
        &[
            ("words", &words.to_string()),
            ("characters", &characters.to_string()),
        ],
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A conversation whose lines alternate, the person's first and last.
    fn talk(lines: &[&str]) -> Prompt {
        let speakers = [Speaker::Person, Speaker::Model].into_iter().cycle();
        let message = |(speaker, line): (Speaker, &&str)| Message {
            speaker,
            parts: vec![PromptPart::Text((*line).to_owned())],
        };
        let messages = speakers.zip(lines).map(message);
        Prompt::new(String::new(), messages.collect())
    }

    fn says(question: &str) -> String {
        reply(&talk(&[question]))
    }

    fn texts(language: Language) -> &'static Offline {
        Locale::of(language).offline()
    }

    #[test]
    fn each_kind_of_question_has_its_reply_in_its_language() {
        let (en, zh) = (texts(Language::En), texts(Language::Zh));
        let cases = [
            ("hi", &en.greeting),
            ("Hello there!", &en.greeting),
            ("你好呀", &zh.greeting),
            ("Who are you?", &en.about),
            ("what can you do", &en.about),
            ("你是谁？", &zh.about),
            ("How do I set an API key?", &en.settings),
            ("怎么设置密钥？", &zh.settings),
            ("Thanks!", &en.thanks),
            ("谢谢你", &zh.thanks),
            ("what did I say before?", &en.nothing_to_recall),
            ("我之前说了什么？", &zh.nothing_to_recall),
        ];
        for (question, expected) in cases {
            assert_eq!(&says(question), expected, "{question:?}");
        }
    }

    #[test]
    fn words_are_counted_after_the_colon() {
        let cases = [
            (
                "Count the words: don't stop me-now",
                "Words: 3. Characters: 17.",
            ),
            ("how many words: one", "Words: 1. Characters: 3."),
            ("数字数：你好 world", "一共 3 个字词，8 个字符。"),
        ];
        for (question, expected) in cases {
            assert_eq!(says(question), expected, "{question:?}");
        }
    }

    #[test]
    fn the_latest_rounds_are_recalled_and_the_models_words_are_not() {
        let lines = [
            "one",
            "A",
            "two",
            "B",
            "three",
            "C",
            "four",
            "D",
            "What did I say before?",
        ];
        assert_eq!(
            reply(&talk(&lines)),
            "Earlier you said:\n“two”\n“three”\n“four”"
        );
        assert_eq!(
            reply(&talk(&["你好", "嗨", "我刚才说了什么"])),
            "你之前说过：\n“你好”"
        );
    }

    #[test]
    fn anything_else_is_repeated_in_short_with_the_way_to_a_key() {
        let told = says("Why is the\nsky blue?");
        assert!(told.contains("“Why is the sky blue?”"), "{told}");
        assert!(told.contains("GEMINI_API_KEY"));
        assert!(says("天空为什么是蓝色的？").contains("“天空为什么是蓝色的？”"));
        let long = says(&"word ".repeat(500));
        assert!(long.contains("…”") && long.chars().count() < 400);
        assert!(
            says("history of Rome, please").contains("“history"),
            "hi is not its greeting"
        );
    }

    #[test]
    fn a_stream_comes_in_words() {
        let pieces = |text| chunks(text).collect::<Vec<_>>();
        assert_eq!(pieces("one two\nthree"), ["one ", "two\n", "three"]);
        assert_eq!(pieces("你好，世界"), ["你", "好", "，", "世", "界"]);
        assert!(pieces("").is_empty());
    }

    proptest! {
        #[test]
        fn chunks_make_the_text_again(text in "\\PC*") {
            prop_assert_eq!(chunks(&text).collect::<String>(), text);
        }

        #[test]
        fn any_question_gets_the_same_reply_twice(text in "(\\PC|[0-9+*/() -]){0,60}") {
            let told = says(&text);
            prop_assert!(!told.is_empty());
            prop_assert_eq!(told, says(&text));
        }
    }
}

//! `recall`: finds earlier rounds of this conversation by their words. It reads no other lane than the
//! asker's own.

use log::error;
use serde_json::json;

use super::{Done, Needs, Tool, Toolbox};
use crate::chat::StoredTurn;
use crate::chat::part::text_of;
use crate::chat::tool::ToolCall;
use crate::clock;

pub(super) const TOOL: Tool = Tool {
    name: "recall",
    needs: Needs::OwnWordsAndHistory,
    description: |_| {
        "Searches everything that this person and you said in this chat before, further back than \
         you can see. Use it when they refer to something that you do not see."
            .to_owned()
    },
    parameters: || {
        json!({
            "type": "object",
            "properties": {
                "words": {
                    "type": "string",
                    "description": "A few words that must have been said, in the language in which they were.",
                },
            },
            "required": ["words"],
        })
    },
    run: |toolbox, call| Box::pin(recall(toolbox, call)),
};

/// Rounds that are looked through, from the newest on.
const LOOKED_THROUGH: usize = 2_000;
/// Rounds that are told.
const MOST_FOUND: usize = 6;
/// Characters of each side of a round that are told.
const EXCERPT: usize = 400;
/// Words that are looked for.
const MOST_WORDS: usize = 8;

async fn recall(toolbox: &Toolbox<'_>, call: &ToolCall) -> Result<Done, String> {
    let words = words(call.text("words").unwrap_or_default());
    if words.is_empty() {
        return Err("words to look for are needed".to_owned());
    }
    let (lane, looked_for) = (toolbox.of.lane, words.clone());
    let store = &toolbox.of.engine.store;
    let found = store
        .read(move |rows| {
            let mut found = Vec::new();
            rows.walk_back(lane, LOOKED_THROUGH, |turn| {
                let said = score(&turn, &looked_for);
                if said > 0 {
                    found.push((said, turn));
                    // The sort is stable: of equals the newer stays first.
                    found.sort_by_key(|(said, _)| std::cmp::Reverse(*said));
                    found.truncate(MOST_FOUND);
                }
            })?;
            Ok(found)
        })
        .await;
    let found = found.map_err(|error| {
        error!(err:% = error; "a conversation could not be looked through");
        "what was said could not be looked through".to_owned()
    })?;
    let told = found.iter().map(|(_, turn)| {
        let asked = clock::zoned(turn.asked, &toolbox.of.zone);
        json!({
            "when": asked.strftime("%Y-%m-%d %H:%M").to_string(),
            "person": excerpt(&turn.asked_text(), &words),
            "you": excerpt(&text_of(&turn.answer), &words),
        })
    });
    Ok(json!({ "found": told.collect::<Vec<_>>() }).into())
}

/// The words to look for, in lower case.
fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric());
    let mut words: Vec<String> = words
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.dedup();
    words.truncate(MOST_WORDS);
    words
}

/// How many of the words were said in a round.
fn score(turn: &StoredTurn, words: &[String]) -> usize {
    let said = format!("{}\n{}", turn.asked_text(), text_of(&turn.answer)).to_lowercase();
    let said = words.iter().filter(|word| said.contains(word.as_str()));
    said.count()
}

/// A part of a text around the first of the words in it.
fn excerpt(text: &str, words: &[String]) -> String {
    let lower: Vec<char> = text
        .chars()
        .filter_map(|c| c.to_lowercase().next())
        .collect();
    let starts = words.iter().filter_map(|word| {
        let word: Vec<char> = word.chars().collect();
        lower.windows(word.len()).position(|part| part == word)
    });
    let first = starts.min().unwrap_or(0).saturating_sub(EXCERPT / 4);
    let part: String = text.chars().skip(first).take(EXCERPT).collect();
    let before = if first > 0 { "…" } else { "" };
    let is_cut = first + EXCERPT < lower.len();
    format!("{before}{part}{}", if is_cut { "…" } else { "" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chat::Part;
    use crate::clock::Timestamp;

    #[test]
    fn a_round_counts_by_how_many_of_the_words_were_said() {
        let asked = vec![Part::Text("My car is Red, a Škoda".to_owned())];
        let turn = StoredTurn {
            answer: vec![Part::Text("好的，红色的汽车。".to_owned())],
            ..StoredTurn::unanswered(Timestamp(0), Vec::new(), asked)
        };
        for (looked_for, expected) in [
            ("red car", 2),
            ("RED, škoda!", 2),
            ("红色", 1),
            ("bicycle", 0),
            ("", 0),
        ] {
            assert_eq!(score(&turn, &words(looked_for)), expected, "{looked_for}");
        }
    }

    #[test]
    fn an_excerpt_holds_what_was_looked_for() {
        let long = format!(
            "{}The Needle is here{}",
            "前".repeat(1_000),
            "x".repeat(1_000)
        );
        let part = excerpt(&long, &words("needle"));
        assert!(part.starts_with("…前") && part.ends_with("x…"), "{part}");
        assert!(part.contains("The Needle is here"));
        assert!(part.chars().count() <= EXCERPT + 2);
        assert_eq!(excerpt("short", &words("absent")), "short");
    }
}

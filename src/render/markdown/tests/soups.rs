//! Random markdown: whatever a model may write is shown legally, and keeps its words.

use proptest::prelude::*;

use super::{legal, words};
use crate::chat::rich::{Rich, Style};
use crate::render::{answer, latex};

/// Marks and texts; every word has letters of its own, so that one that is lost is missed.
fn piece() -> impl Strategy<Value = String> {
    let marks = "** * _ __ ~~ ~ ` `` ``` || == [ ] ( ) ![ ](https://a.example/b) ](javascript:x) \
                 <b> </b> <i> </i> <code> </code> <sup> </sup> <details> </details> <summary> \
                 </summary> <br> <a href=\"https://h.example\"> </a> <x> $ $$ \\( \\) \\[ \\] \\ \
                 | |--|:-:| # > >> - 1. [^1] [^1]: --- === &amp; &#0; &nbsp; @ @name ~~~ \
                 \\frac \\sqrt{ } { ^ _ \\begin{matrix} \\end{matrix} & \\\\ \\alpha \\text{ \\left(";
    let marks: Vec<String> = marks.split_whitespace().map(str::to_owned).collect();
    let breaks = [
        "\n",
        "\n\n",
        "\n    ",
        "\n  ",
        "\n> ",
        "\n- ",
        "\n|--|--|\n",
        "\n```\n",
        "\t",
    ];
    prop_oneof![
        6 => proptest::sample::select(marks),
        4 => "[a-z]{3,7}",
        3 => Just(" ".to_owned()),
        3 => proptest::sample::select(breaks.to_vec()).prop_map(str::to_owned),
        1 => "[一-龥]{1,4}",
        1 => "[\u{5d0}-\u{5ea}\u{627}-\u{64a}]{1,6}",
        1 => Just("👨\u{200d}👩\u{200d}👧🇩🇪👍🏽".to_owned()),
        1 => Just("e\u{301}\u{338}".to_owned()),
        1 => "[0-9]{1,3}",
        1 => "\\PC{0,4}",
        1 => Just("\u{0}\u{7}\u{202e}\u{fdd0}\u{fdd1}\u{fde1}".to_owned()),
    ]
}

fn soup() -> impl Strategy<Value = String> {
    proptest::collection::vec(piece(), 0..60).prop_map(|pieces| pieces.concat())
}

/// Words that no rule of ours may change: letters only, none of a mark.
fn plain_words(text: &str) -> Vec<String> {
    words(text)
        .into_iter()
        .filter(|word| word.len() >= 3 && word.chars().all(|c| c.is_ascii_lowercase()))
        .collect()
}

proptest! {
    #[test]
    fn a_soup_of_marks_is_shown_legally(text in soup(), asked in "(@name)?") {
        let rich = answer(&text, &asked);
        legal(&rich, &text);
        prop_assert!(asked.contains("@name") || !notifies(&rich));
    }

    #[test]
    fn words_between_marks_are_not_lost(parts in proptest::collection::vec(
        (prop_oneof![
            Just("**"), Just("*"), Just("~~"), Just("||"), Just("=="), Just("\n\n"), Just("\n- "),
            Just("\n> "), Just("\n# "), Just(" "), Just("\n"), Just("\n| "), Just(" | "),
            Just("\n|--|--|\n"), Just("`"), Just("<b>"), Just("</b>"), Just("<q>"), Just("\n1. "),
            Just("</details>"), Just("\n<details>\n"), Just("[^1]"), Just("$$"), Just("\\["),
            Just("\\]"), Just("[ ] "), Just("\n   "),
        ], "[a-z]{3,9}"), 0..40))
    {
        let text: String = parts.iter().flat_map(|(mark, word)| [*mark, word]).collect();
        let rich = answer(&text, "");
        legal(&rich, &text);
        for word in plain_words(&text) {
            let kept = rich.text.contains(&word) || word == "details";
            prop_assert!(kept, "{} of {:?} is not in {:?}", word, text, rich.text);
        }
    }

    #[test]
    fn a_formula_loses_no_word(parts in proptest::collection::vec(prop_oneof![
        2 => "\\{[a-z]{4,8}\\}",
        4 => proptest::sample::select(&[
            "{", "}", "^", "_", "\\frac", "\\sqrt", "[", "]", "\\left(", "\\right)", "&", "\\\\",
            "\\text{", "\\begin{cases}", "\\end{cases}", "\\begin{foo}", "\\hat", "\\unknown",
            "\\mathrm", "\\alpha ", "-", "'", " ", "\\binom", "\\not", "\\boxed{", "\\tag{1}",
        ][..]).prop_map(str::to_owned),
    ], 0..40)) {
        let tex = parts.concat();
        let shown = latex::unicode(&tex);
        let folded = fold(&shown);
        for part in &parts {
            let word = part.trim_matches(['{', '}']);
            let is_word = word.len() >= 4 && word.chars().all(|c| c.is_ascii_lowercase());
            let kept = !is_word || folded.contains(word);
            prop_assert!(kept, "{} of {:?} is not in {:?}", word, tex, shown);
        }
    }
}

/// Small letters to plain ones; accents and spaces between them away.
fn fold(text: &str) -> String {
    let letters = "abcdefghijklmnopqrstuvwxyz";
    let back = |c: char| {
        let shape = |raised| {
            letters
                .chars()
                .find(|l| latex::script(&l.to_string(), raised) == Some(c.to_string()))
        };
        shape(true).or_else(|| shape(false)).unwrap_or(c)
    };
    let marks = |c: &char| !matches!(c, '\u{300}'..='\u{36f}' | '\u{20d0}'..='\u{20ff}');
    text.chars().filter(marks).map(back).collect()
}

fn notifies(rich: &Rich) -> bool {
    let at = rich.text.find("@name");
    at.is_some_and(|at| {
        let before = &rich.text[..at];
        let unit = u32::try_from(before.encode_utf16().count()).unwrap();
        let is_other = rich.entities.iter().any(|entity| {
            // Where an entity makes something else of the text, Telegram finds no mention in it.
            let makes_other = matches!(
                entity.style,
                Style::Code | Style::Pre { .. } | Style::Link { .. }
            );
            makes_other && entity.offset <= unit && unit < entity.end()
        });
        !is_other && !before.ends_with(|c: char| c.is_alphanumeric() || c == '_' || c == '/')
    })
}

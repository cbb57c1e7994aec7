//! What is said of an answer when it is spoken: its words without the marks, without code and tables, in
//! pieces that end where a sentence does. Pure.

use super::answer;
use crate::chat::prompt::estimate_tokens;
use crate::chat::rich::Style;

/// Longest piece, by our estimate of its tokens. About four are spoken in a second, in Latin script and in
/// Chinese; the answer to a longer piece would not fit into what a paid call is held to.
const LONGEST_PIECE: u64 = 480;

/// The words of a markdown text as they are said.
pub(crate) fn words(markdown: &str) -> String {
    let rich = answer(markdown, "");
    let is_block = |style: &Style| matches!(style, Style::Pre { .. });
    let blocks = rich
        .entities
        .iter()
        .filter(|entity| is_block(&entity.style));
    let blocks: Vec<_> = blocks
        .map(|entity| entity.offset..entity.offset.saturating_add(entity.length))
        .collect();
    let mut at = 0;
    let is_said = |c: &char| {
        let is_said = !blocks.iter().any(|block| block.contains(&at));
        at += u32::try_from(c.len_utf16()).unwrap_or(1);
        is_said
    };
    let said: String = rich.text.chars().filter(is_said).collect();
    let lines = said.lines().map(str::trim).filter(|line| !line.is_empty());
    lines.collect::<Vec<_>>().join("\n")
}

/// At most so many pieces, and whether there is more.
pub(crate) fn pieces(text: &str, most: usize) -> (Vec<String>, bool) {
    let mut pieces = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() && pieces.len() < most {
        let (piece, after) = rest.split_at(end_of_piece(rest));
        pieces.push(piece.trim().to_owned());
        rest = after.trim_start();
    }
    (pieces, !rest.is_empty())
}

/// Where the first piece ends: behind the last sentence that fits, else behind the last word, else where
/// it is full.
fn end_of_piece(text: &str) -> usize {
    if estimate_tokens(text) <= LONGEST_PIECE {
        return text.len();
    }
    let (mut sentence, mut word, mut full) = (0, 0, 0);
    for (at, c) in text.char_indices() {
        let end = at + c.len_utf8();
        let fits = |end: usize| {
            text.get(..end)
                .is_some_and(|piece| estimate_tokens(piece) <= LONGEST_PIECE)
        };
        if !fits(end) {
            break;
        }
        full = end;
        let is_before_blank = text
            .get(end..)
            .is_some_and(|after| after.starts_with(char::is_whitespace));
        match c {
            '\n' | '。' | '！' | '？' | '…' => sentence = end,
            '.' | '!' | '?' if is_before_blank => sentence = end,
            _ if c.is_whitespace() => word = end,
            '，' | '、' | '；' => word = end,
            _ => {}
        }
    }
    [sentence, word, full]
        .into_iter()
        .find(|end| *end > 0)
        .unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn marks_code_and_tables_are_not_spoken() {
        for (markdown, said) in [
            ("**Hello**, _you_!", "Hello, you!"),
            (
                "# Title\n\nText with `code` in it.",
                "Title\nText with code in it.",
            ),
            (
                "Do this:\n\n```rust\nfn main() {}\n```\n\nThen that. 🙂",
                "Do this:\nThen that. 🙂",
            ),
            ("| a | b |\n|---|---|\n| 1 | 2 |\n\nDone.", "Done."),
            ("你好，**世界**。", "你好，世界。"),
            ("```\nonly code\n```", ""),
        ] {
            assert_eq!(words(markdown), said, "{markdown}");
        }
    }

    #[test]
    fn a_long_text_is_parted_where_a_sentence_ends() {
        let english = "This is one sentence of a long text. ".repeat(120);
        let chinese = "这是一个很长的文章里的一句话。".repeat(100);
        for (text, end, most) in [(english, '.', 3), (chinese, '。', 4)] {
            let (parts, is_cut) = pieces(&text, most);
            assert!(!is_cut, "{}", parts.len());
            assert!(parts.len() > 1);
            assert!(parts.iter().all(|piece| piece.ends_with(end)));
            let (some, is_cut) = pieces(&text, 1);
            assert_eq!((some.as_slice(), is_cut), (&parts[..1], true));
        }
        let unbroken = "a".repeat(3_000);
        assert_eq!(pieces(&unbroken, 9).0.concat(), unbroken);
        let words = "word ".repeat(1_000);
        assert!(
            pieces(&words, 9)
                .0
                .iter()
                .all(|piece| piece.ends_with("word"))
        );
        assert_eq!(pieces(" \n", 3), (Vec::new(), false));
        assert_eq!(pieces("Hi.", 3), (vec!["Hi.".to_owned()], false));
    }

    proptest! {
        #[test]
        fn pieces_are_of_a_legal_length_and_lose_no_word(text in "[a-z。，. 文\n]{0,3000}") {
            let (parts, is_cut) = pieces(&text, usize::MAX);
            prop_assert!(!is_cut);
            for piece in &parts {
                prop_assert!(!piece.is_empty() && estimate_tokens(piece) <= LONGEST_PIECE);
            }
            let squeezed = |text: &str| text.chars().filter(|c| !c.is_whitespace()).collect::<String>();
            prop_assert_eq!(squeezed(&parts.concat()), squeezed(&text));
        }
    }
}

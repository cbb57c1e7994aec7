//! An answer to parts that fit Telegram. Pure. Invariant: every part is a piece of the text, in
//! order, and only blanks (see [`is_blank`]) are lost between two of them; no part is blank.

mod blocks;
mod footnotes;
mod html;
mod latex;
#[cfg(test)]
mod legal;
mod links;
mod markdown;
mod math;
mod spans;
mod table;
mod tokens;
mod writer;

#[cfg_attr(not(test), expect(unused_imports, reason = "nobody renders yet"))]
pub(crate) use markdown::answer;

/// Longest text of one message. Telegram counts UTF-16 units, so an emoji costs two.
pub(crate) const LONGEST_TEXT: usize = 4096;

/// A cut without a space steps back over at most this many characters to spare a grapheme.
const LONGEST_GRAPHEME: usize = 16;

/// The text in messages, cut at paragraph, line, sentence or word where that is possible; nothing
/// at all for a text with nothing to see.
pub(crate) fn parts(text: &str) -> Vec<String> {
    parts_within(text, LONGEST_TEXT)
}

/// As [`parts`], with at most `limit` UTF-16 units each (at least 2, or an emoji would not fit).
pub(crate) fn parts_within(text: &str, limit: usize) -> Vec<String> {
    let mut parts = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        let (part, after) = rest.split_at(cut(rest, limit));
        let part = part.trim_end();
        if !part.chars().all(is_blank) {
            parts.push(part.to_owned());
        }
        rest = after.trim_start();
    }
    parts
}

/// What shows nothing: Telegram refuses a message made of these alone.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

/// Where to end the first part of `text`, in bytes; never 0.
fn cut(text: &str, limit: usize) -> usize {
    let end = fitting(text, limit);
    if end == text.len() {
        return end;
    }
    let (mut paragraph, mut line, mut sentence, mut word) = (0, 0, 0, 0);
    let mut before = ' ';
    for (at, c) in text.char_indices().take_while(|(at, _)| *at <= end) {
        let (_, after) = text.split_at(at);
        if ends_paragraph(after) {
            paragraph = at;
        }
        if c == '\n' {
            line = at;
        }
        if ends_sentence(before, c) {
            sentence = at;
        }
        if c.is_whitespace() {
            word = at;
        }
        before = c;
    }
    // A good place in the first half would make many small parts of one long text.
    [paragraph, line, sentence]
        .into_iter()
        .find(|at| at.saturating_mul(2) >= end)
        .or((word > 0).then_some(word))
        .unwrap_or_else(|| between_graphemes(text, end))
}

/// The longest beginning with at most `limit` units; at least one character.
fn fitting(text: &str, limit: usize) -> usize {
    let mut units = 0;
    for (at, c) in text.char_indices() {
        units += c.len_utf16();
        if units > limit && at > 0 {
            return at;
        }
    }
    text.len()
}

/// Whether an empty line follows.
fn ends_paragraph(after: &str) -> bool {
    let Some(next) = after.strip_prefix('\n') else {
        return false;
    };
    next.trim_start_matches([' ', '\t', '\r']).starts_with('\n')
}

/// Whether a sentence ends between these two; Chinese and Japanese put no space after it, and keep
/// a closing quotation mark with it.
fn ends_sentence(before: char, after: char) -> bool {
    match before {
        '.' | '!' | '?' | '؟' | '۔' | '।' => after.is_whitespace(),
        '。' | '！' | '？' => {
            !matches!(after, '。' | '！' | '？' | '”' | '’' | '」' | '』' | '）')
        }
        _ => false,
    }
}

/// `end`, or a little earlier where it would split what is seen as one character.
fn between_graphemes(text: &str, end: usize) -> usize {
    let mut at = end;
    for _ in 0..LONGEST_GRAPHEME {
        let (before, after) = text.split_at(at);
        let (Some(last), Some(next)) = (before.chars().next_back(), after.chars().next()) else {
            return end;
        };
        if !is_joined(before, last, next) {
            return at;
        }
        at -= last.len_utf8();
    }
    end
}

/// Whether `next` belongs to the character seen at the end of `before`: the common part of the
/// grapheme rules (UAX 29), without tables for every script.
fn is_joined(before: &str, last: char, next: char) -> bool {
    let is_flag = |c: char| ('\u{1f1e6}'..='\u{1f1ff}').contains(&c);
    let half_a_flag =
        is_flag(next) && before.chars().rev().take_while(|c| is_flag(*c)).count() % 2 == 1;
    last == '\u{200d}' || half_a_flag || is_mark(next)
}

fn is_mark(c: char) -> bool {
    matches!(
        c,
        '\u{300}'..='\u{36f}'
            | '\u{483}'..='\u{489}'
            | '\u{591}'..='\u{5bd}'
            | '\u{64b}'..='\u{65f}'
            | '\u{900}'..='\u{903}'
            | '\u{93a}'..='\u{94f}'
            | '\u{e31}'
            | '\u{e34}'..='\u{e3a}'
            | '\u{e47}'..='\u{e4e}'
            | '\u{200d}'
            | '\u{20d0}'..='\u{20ff}'
            | '\u{3099}'..='\u{309a}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{1f3fb}'..='\u{1f3ff}'
            | '\u{e0020}'..='\u{e007f}'
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn units(text: &str) -> usize {
        text.encode_utf16().count()
    }

    fn visible(text: &str) -> String {
        text.chars().filter(|c| !is_blank(*c)).collect()
    }

    #[test]
    fn a_long_text_is_cut_at_the_best_place_near_the_end() {
        let cases: [(&str, usize, &[&str]); 16] = [
            ("", 10, &[]),
            (" \n\u{200b}\t", 10, &[]),
            ("hello", 10, &["hello"]),
            ("  hello \n", 10, &["hello"]),
            ("one\n\ntwo three", 12, &["one\n\ntwo", "three"]),
            ("first\n\nb c d", 10, &["first", "b c d"]),
            ("first\n \r\nb\nc d", 10, &["first", "b\nc d"]),
            ("one. two\nthree", 11, &["one. two", "three"]),
            ("One two. three four", 12, &["One two.", "three four"]),
            ("3.14159 and more", 9, &["3.14159", "and more"]),
            ("one two", 3, &["one", "two"]),
            ("你好。世界很大", 5, &["你好。", "世界很大"]),
            ("他说「好。」然后走", 6, &["他说「好。」", "然后走"]),
            ("abcdefgh", 3, &["abc", "def", "gh"]),
            ("a https://example.org", 19, &["a", "https://example.org"]),
            ("ab\u{200b}", 2, &["ab"]),
        ];
        for (text, limit, expected) in cases {
            assert_eq!(
                parts_within(text, limit),
                expected,
                "{text:?} within {limit}"
            );
        }
    }

    #[test]
    fn what_is_seen_as_one_character_stays_whole() {
        let family = "👨\u{200d}👩\u{200d}👧";
        let thumb = "👍🏽";
        let flags = "🇩🇪🇫🇷";
        let accent = "e\u{301}e\u{301}";
        let cases = [
            (family.repeat(2), 9, vec![family, family]),
            (thumb.repeat(2), 6, vec![thumb, thumb]),
            (flags.to_owned(), 6, vec!["🇩🇪", "🇫🇷"]),
            (accent.to_owned(), 3, vec!["e\u{301}", "e\u{301}"]),
            (
                "❤\u{fe0f}❤\u{fe0f}".to_owned(),
                3,
                vec!["❤\u{fe0f}", "❤\u{fe0f}"],
            ),
        ];
        for (text, limit, expected) in cases {
            assert_eq!(
                parts_within(&text, limit),
                expected,
                "{text:?} within {limit}"
            );
        }
    }

    #[test]
    fn the_limit_is_counted_in_utf16_units() {
        let text = "😀".repeat(2048);
        assert_eq!(parts(&text), [text.as_str()]);
        let longer = format!("{text}x");
        assert_eq!(parts(&longer), [text.as_str(), "x"]);
        assert_eq!(parts(&"漢".repeat(4097)).len(), 2);
    }

    fn pieces() -> impl Strategy<Value = String> {
        let piece = prop_oneof![
            4 => "[a-z]{1,12}",
            3 => "[ \n\t]{1,3}",
            2 => "[.!?。！？]",
            2 => "[一-龥]{1,10}",
            1 => "[\u{5d0}-\u{5ea}\u{627}-\u{64a}]{1,8}",
            1 => Just("👨\u{200d}👩\u{200d}👧🇩🇪👍🏽".to_owned()),
            1 => Just("\u{200b}\u{2060}".to_owned()),
            1 => "\\PC{0,6}",
        ];
        proptest::collection::vec(piece, 0..80).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn parts_fit_show_something_and_lose_only_blanks(text in pieces(), limit in 2usize..200) {
            let parts = parts_within(&text, limit);
            let mut rest = text.as_str();
            for part in &parts {
                prop_assert!(units(part) <= limit);
                prop_assert!(!visible(part).is_empty());
                let at = rest.find(part.as_str()).unwrap();
                let (lost, after) = rest.split_at(at);
                prop_assert!(visible(lost).is_empty());
                rest = after.strip_prefix(part.as_str()).unwrap();
            }
            prop_assert!(visible(rest).is_empty());
            prop_assert_eq!(visible(&parts.concat()), visible(&text));
        }

        #[test]
        fn a_text_that_fits_is_not_cut(text in pieces()) {
            let whole = parts_within(&text, units(&text).max(2));
            prop_assert!(whole.len() <= 1);
        }

        #[test]
        fn text_without_spaces_makes_full_parts(text in "[一-龥]{1,300}", limit in 2usize..50) {
            let parts = parts_within(&text, limit);
            prop_assert_eq!(parts.len(), units(&text).div_ceil(limit));
        }
    }
}

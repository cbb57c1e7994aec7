//! Words of somebody else in a sentence of ours. Pure. Invariant: they stay on one line, in the direction
//! of the text around them, and Telegram makes no link, mention, command or hashtag of them, which it
//! does by itself in any text.

/// Keeps two characters apart, and is not seen.
const WORD_JOINER: char = '\u{2060}';

/// The words, made harmless.
pub(crate) fn defused(words: &str) -> String {
    let mut safe = String::with_capacity(words.len());
    let mut characters = words.chars().filter(|c| !is_unseen(*c)).peekable();
    while let Some(character) = characters.next() {
        if !character.is_whitespace() {
            safe.push(character);
        } else if !safe.ends_with(' ') {
            safe.push(' ');
        }
        let begins = match character {
            '@' | '#' | '$' | '/' | '.' => char::is_alphanumeric,
            ':' => |next: char| next == '/',
            _ => continue,
        };
        if characters.peek().is_some_and(|next| begins(*next)) {
            safe.push(WORD_JOINER);
        }
    }
    safe.trim().to_owned()
}

/// Control characters that are no white space, and those that have no width or turn the direction.
fn is_unseen(character: char) -> bool {
    let is_control = character.is_control() && !character.is_whitespace();
    is_control
        || matches!(
            character,
            '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}'
        )
        || matches!(character, '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_in_them_is_a_link() {
        for (words, safe) in [
            ("Anna Li", "Anna Li"),
            (" two\n\n lines\t ", "two lines"),
            ("@admin", "@\u{2060}admin"),
            ("a@b.com", "a@\u{2060}b.\u{2060}com"),
            ("/grant 7 vip", "/\u{2060}grant 7 vip"),
            ("tg://resolve", "tg:\u{2060}//\u{2060}resolve"),
            ("Dr. No, 50 % @ 3", "Dr. No, 50 % @ 3"),
            ("\u{202e}drow\u{200b}s\u{0007}", "drows"),
            ("\u{2067}", ""),
        ] {
            assert_eq!(defused(words), safe, "{words:?}");
        }
    }

    proptest! {
        #[test]
        fn they_are_one_line_without_a_mark_that_turns_it(words in any::<String>()) {
            let safe = defused(&words);
            prop_assert!(!safe.contains(|c: char| c.is_control()));
            prop_assert!(!safe.contains(|c: char| is_unseen(c) && c != WORD_JOINER));
            prop_assert!(safe.trim() == safe && !safe.contains("  "));
        }
    }
}

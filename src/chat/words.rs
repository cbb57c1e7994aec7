//! Words in texts. Pure.

/// Whether this word stands in a text with no character on either side that goes on with it.
pub(crate) fn stands_apart(text: &str, word: &str, goes_on: impl Fn(char) -> bool) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let (before, rest) = text.split_at_checked(at).unwrap_or_default();
        let after = rest.get(word.len()..).unwrap_or_default();
        !before.ends_with(&goes_on) && !after.starts_with(&goes_on)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_stands_apart_where_nothing_goes_on_with_it() {
        let apart = |text| stands_apart(text, "news", |c| c.is_ascii_alphanumeric());
        assert!(apart("news") && apart("the news!") && apart("看news吧") && apart("newsy news"));
        assert!(!apart("newsletter") && !apart("4news") && !apart("") && !apart("new"));
    }
}

//! The languages the bot speaks of its own. Pure.

/// A language the bot speaks of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    En,
    Zh,
}

impl Language {
    pub(crate) const ALL: [Self; 2] = [Self::En, Self::Zh];

    /// Its IETF tag.
    pub(crate) const fn tag(self) -> &'static str {
        match self {
            Self::En => "en",
            Self::Zh => "zh",
        }
    }

    /// What it calls itself.
    pub(crate) const fn own_name(self) -> &'static str {
        match self {
            Self::En => "English",
            Self::Zh => "中文",
        }
    }

    /// The language of that tag or name, in any case.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        let is_meant = |language: &Self| {
            word.eq_ignore_ascii_case(language.tag())
                || word.eq_ignore_ascii_case(language.own_name())
        };
        Self::ALL.into_iter().find(is_meant)
    }

    /// The one in which a text is written, where that shows: Chinese by its characters (not with
    /// Japanese or Korean ones between them), else anything in words of Latin letters as English.
    pub(crate) fn of_text(text: &str) -> Option<Self> {
        let is_kana_or_hangul =
            |c: char| matches!(c, '\u{3040}'..='\u{30ff}' | '\u{ac00}'..='\u{d7af}');
        if text.contains(is_kana_or_hangul) {
            None
        } else if text.contains(is_han) {
            Some(Self::Zh)
        } else {
            let letters = text.chars().filter(char::is_ascii_alphabetic);
            (letters.take(3).count() == 3).then_some(Self::En)
        }
    }
}

/// Whether it is a Chinese character.
pub(crate) const fn is_han(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{4dbf}' | '\u{4e00}'..='\u{9fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_known_by_its_tag_and_its_name() {
        for language in Language::ALL {
            assert_eq!(Language::parse(language.tag()), Some(language));
            assert_eq!(Language::parse(language.own_name()), Some(language));
        }
        assert_eq!(Language::parse("ENGLISH"), Some(Language::En));
        assert_eq!(Language::parse("de"), None);
    }

    #[test]
    fn a_text_shows_its_language_or_does_not() {
        for (text, expected) in [
            ("你好", Some(Language::Zh)),
            ("用 Rust 写一个 parser", Some(Language::Zh)),
            ("hello", Some(Language::En)),
            ("wie geht's?", Some(Language::En)),
            ("こんにちは、世界", None),
            ("안녕하세요 세계", None),
            ("ok", None),
            ("2 + 2 = ?", None),
            ("👍", None),
            ("", None),
        ] {
            assert_eq!(Language::of_text(text), expected, "{text}");
        }
    }
}

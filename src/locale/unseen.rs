//! Why the bot does not look at something that somebody sent. Pure.

use super::{Locale, fill};
use crate::media::MOST_PAGES;
use crate::people::media::Unseen;

impl Locale {
    /// A sentence for each reason, in order, each once; what is concerned comes by its Bot API field.
    pub(crate) fn unseen_because(&self, unseen: &[(String, Unseen)]) -> Vec<String> {
        let mut sentences = Vec::new();
        for (kind, why) in unseen {
            let sentence = self.why_unseen(kind, *why);
            if !sentences.contains(&sentence) {
                sentences.push(sentence);
            }
        }
        sentences
    }

    fn why_unseen(&self, kind: &str, why: Unseen) -> String {
        let texts = &self.sentences.unseen;
        let of_kind = |text: &str| fill(text, &[("kind", self.sentences.media.get(kind))]);
        match why {
            Unseen::PhotosOnly => of_kind(&texts.photos_only),
            Unseen::Kind => of_kind(&texts.kind),
            Unseen::TooLarge { megabytes } => {
                fill(&texts.too_large, &[("megabytes", &megabytes.to_string())])
            }
            Unseen::Day { limit, wait } => {
                let values = [("limit", &*limit.to_string()), ("when", &*self.span(wait))];
                fill(&texts.day, &values)
            }
            Unseen::Strangers { wait } => fill(&texts.strangers, &[("when", &self.span(wait))]),
            Unseen::TooMuch => texts.too_much.clone(),
            Unseen::Empty => texts.empty.clone(),
            Unseen::Damaged => texts.damaged.clone(),
            Unseen::Bomb => texts.bomb.clone(),
            Unseen::Pages => fill(&texts.pages, &[("pages", &MOST_PAGES.to_string())]),
            Unseen::NotFetched => texts.not_fetched.clone(),
        }
    }

    /// Of a text whose end was not read.
    pub(crate) fn read_in_part(&self) -> &str {
        &self.sentences.unseen.in_part
    }

    /// A sentence of the bot as it stands under an answer.
    pub(crate) fn aside(&self, sentence: &str) -> String {
        fill(&self.sentences.unseen.aside, &[("sentence", sentence)])
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::locale::Language;

    #[test]
    fn each_reason_has_a_sentence_in_both_languages_with_nothing_left_to_fill_in() {
        let wait = Duration::from_hours(3);
        let reasons = [
            Unseen::PhotosOnly,
            Unseen::TooLarge { megabytes: 5 },
            Unseen::Day { limit: 3, wait },
            Unseen::Strangers { wait },
            Unseen::TooMuch,
            Unseen::Kind,
            Unseen::Empty,
            Unseen::Damaged,
            Unseen::Bomb,
            Unseen::Pages,
            Unseen::NotFetched,
        ];
        for language in [Language::En, Language::Zh] {
            let locale = Locale::of(language);
            let all = reasons.map(|why| ("document".to_owned(), why));
            let twice: Vec<_> = all.iter().chain(&all).cloned().collect();
            let told = locale.unseen_because(&twice);
            assert_eq!(told.len(), reasons.len(), "{told:?}");
            for sentence in told {
                assert!(!sentence.contains(['{', '}']), "{sentence}");
                assert!(locale.aside(&sentence).contains(&sentence));
            }
        }
    }
}

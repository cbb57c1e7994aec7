//! What is said of keys: why one is dead, and to whoever waits for one or got an answer
//! by another than the wanted one. Pure. Invariant: a key is only ever named by its label.

use std::time::Duration;

use super::{Locale, fill};
use crate::catalog::Tier;
use crate::keys::Death;

impl Locale {
    /// Why a key is dead.
    pub(crate) fn death(&self, death: Death) -> &str {
        let texts = &self.sentences.key_death;
        match death {
            Death::Invalid => &texts.invalid,
            Death::WrongType => &texts.wrong_type,
            Death::Leaked => &texts.reported,
            Death::Suspended => &texts.suspended,
            Death::ProjectDenied => &texts.denied,
            Death::Restricted => &texts.restricted,
            Death::Unlisted => &texts.unlisted,
        }
    }

    /// Where somebody stands who waits for a key.
    /// Without a time where nobody knows when it is their turn.
    pub(crate) fn queued(&self, ahead: usize, wait: Option<Duration>) -> String {
        let texts = &self.sentences.queue;
        let place = (ahead + 1).to_string();
        let Some(wait) = wait else {
            return match ahead {
                0 => texts.next_soon.clone(),
                _ => fill(&texts.place_soon, &[("place", &place)]),
            };
        };
        let when = self.span(wait);
        let text = if ahead == 0 {
            &texts.next
        } else {
            &texts.place
        };
        fill(text, &[("when", &when), ("place", &place)])
    }

    /// Under an answer by a smaller model than the wanted one.
    pub(crate) fn degraded(&self, to: Tier) -> &str {
        match to {
            Tier::Lite => &self.sentences.note.lite,
            Tier::Flash | Tier::Pro => &self.sentences.note.flash,
        }
    }

    /// Under an answer by the smallest model to somebody who has had enough of the larger ones.
    pub(crate) fn has_had_enough(&self) -> &str {
        &self.sentences.note.fair_share
    }

    /// Under an answer by a lower group's key.
    pub(crate) fn borrowed(&self) -> &str {
        &self.sentences.note.borrowed
    }

    /// Under an answer to a question with files that cannot be seen, by their Bot API fields.
    pub(crate) fn unseen(&self, kinds: &[&str]) -> Option<String> {
        let texts = &self.sentences.note;
        let mut names: Vec<&str> = Vec::new();
        for kind in kinds {
            let name = self.sentences.media.get(kind);
            if !names.contains(&name) {
                names.push(name);
            }
        }
        let kinds = names.join(&texts.between);
        (!kinds.is_empty()).then(|| fill(&texts.unseen, &[("kinds", &kinds)]))
    }
}

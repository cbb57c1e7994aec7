//! What is said of keys: to their Owner when one dies, and to whoever waits for one or got an answer
//! by another than the wanted one. Pure. Invariant: a key is only ever named by its label.

use std::time::Duration;

use super::{Locale, fill};
use crate::chat::Tier;
use crate::keys::{Death, News};

impl Locale {
    /// A key, or all keys of a project, died or works again, or something is about all of them.
    pub(crate) fn key_news(&self, keys: &str, news: News) -> String {
        let texts = &self.sentences.key_news;
        match news {
            News::Back => fill(&texts.back, &[("keys", keys)]),
            News::Blocked => texts.blocked.clone(),
            News::Unblocked => texts.unblocked.clone(),
            News::Unserved => texts.region.clone(),
            News::ServedAgain => texts.region_back.clone(),
            News::Died(death) => {
                let text = match death {
                    Death::Leaked => &texts.leaked,
                    Death::Invalid
                    | Death::WrongType
                    | Death::Suspended
                    | Death::ProjectDenied
                    | Death::Restricted
                    | Death::Unlisted => &texts.died,
                };
                fill(text, &[("keys", keys), ("reason", self.death(death))])
            }
        }
    }

    /// Why a key is dead.
    pub(crate) fn death(&self, death: Death) -> &str {
        let texts = &self.sentences.key_news;
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

    /// Under an answer by a lower group's key.
    pub(crate) fn borrowed(&self) -> &str {
        &self.sentences.note.borrowed
    }
}

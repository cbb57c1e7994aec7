//! Who was told lately that they ask too much at once, so that nobody hears it more than once a
//! minute (design §3).

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use crate::chat::UserId;
use crate::clock::Instant;

const ONCE_IN: Duration = Duration::from_mins(1);

/// When people were told, for a minute.
#[derive(Debug, Default)]
pub(super) struct Refusals(HashMap<UserId, Instant>);

impl Refusals {
    /// People who were told less than a minute ago.
    pub(super) fn recent(&mut self, now: Instant) -> HashSet<UserId> {
        self.0
            .retain(|_, told| now.saturating_duration_since(*told) < ONCE_IN);
        self.0.keys().copied().collect()
    }

    pub(super) fn note(&mut self, told: Vec<UserId>, now: Instant) {
        self.0.extend(told.into_iter().map(|person| (person, now)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_again_after_a_minute() {
        let start = crate::clock::instant();
        let mut refusals = Refusals::default();
        refusals.note(vec![UserId(7)], start);
        let second = |secs| start + Duration::from_secs(secs);
        refusals.note(vec![UserId(8)], second(30));
        let both = HashSet::from([UserId(7), UserId(8)]);
        assert_eq!(refusals.recent(second(59)), both);
        assert_eq!(refusals.recent(second(60)), HashSet::from([UserId(8)]));
        assert!(refusals.recent(second(90)).is_empty());
        assert!(refusals.0.is_empty(), "nothing is kept of it");
    }
}

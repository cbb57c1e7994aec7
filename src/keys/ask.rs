//! What a question needs of the pool. Pure values; a [`super::Route`] keeps one up to date from call
//! to call.

use std::time::Duration;

use super::roster::Member;
use super::settings::{Fingerprint, Group};
use super::suspect::Suspect;
use crate::clock::Timestamp;

/// A key of the wanted tier that is free so soon after the question came is worth more than a
/// smaller model at once.
const WORTH_WAITING: Duration = Duration::from_secs(3);

/// What a question needs; a [`super::Route`] keeps it up to date from call to call. Its moments are
/// those of the steady count, so that a clock that is corrected cuts no patience and stretches none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ask {
    /// The asker's own group first, then those it may borrow from. Keys outside all groups stand
    /// with the first.
    pub(crate) groups: Vec<Group>,
    /// Model ids, tier by tier: the wanted one first, then what is better than nothing; each in the
    /// order to try.
    pub(crate) tiers: Vec<Vec<String>>,
    /// Estimated input.
    pub(crate) tokens: u64,
    /// Only a `:paid` key can help.
    pub(crate) paid_only: bool,
    /// Keys that failed this question: only where there is no other.
    pub(crate) avoid: Vec<Fingerprint>,
    /// Faults whose owner shows when another key answers.
    pub(crate) suspects: Vec<Suspect>,
    /// How often it was answered with a page: perhaps because of its text.
    pub(crate) pages: u32,
    /// Calls made for it before.
    pub(crate) attempts: u32,
    /// Among those who wait, lower goes first.
    pub(crate) rank: u8,
    /// When it was asked.
    pub(crate) since: Timestamp,
    /// Until when it may wait for a key.
    pub(crate) patience: Timestamp,
}

impl Ask {
    /// Whether there is none now for this one where there is none for the other. As long as the
    /// other waits for its tier, only an equal one surely does so too.
    pub(super) fn asks_no_less_than(&self, other: &Self, steady: Timestamp) -> bool {
        let soon = other.waits_for_its_tier();
        let is_equal = self.tokens == other.tokens && self.waits_for_its_tier() >= soon;
        let takes_any = soon <= steady || other.tiers.len() == 1;
        self.groups == other.groups
            && self.tiers == other.tiers
            && self.paid_only == other.paid_only
            && self.avoid == other.avoid
            && (is_equal || takes_any && self.tokens >= other.tokens)
    }

    /// Until then, by the steady count, a key of the wanted tier is worth more than a smaller model at
    /// once.
    pub(super) fn waits_for_its_tier(&self) -> Timestamp {
        self.since.after(WORTH_WAITING).min(self.patience)
    }

    /// Whether the key is for the question at all.
    pub(super) fn suits(&self, member: &Member) -> bool {
        member.is_for(&self.groups) && (member.spec.paid || !self.paid_only)
    }

    /// What it needs of a key.
    pub(super) fn demand(&self) -> Demand {
        Demand {
            group: self.groups.first().copied(),
            tokens: self.tokens,
        }
    }
}

/// Whom a key is lent to, and for what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Demand {
    /// The asker's own group; none: whoever the key is for.
    pub(super) group: Option<Group>,
    /// Estimated input.
    pub(super) tokens: u64,
}

impl Demand {
    /// The smallest call there is, of whoever the key is for.
    pub(super) const LEAST: Self = Self {
        group: None,
        tokens: 0,
    };
}

//! What passes between the pool and those who call: what a call needs, the lease it gets or the wait
//! it is told, and the rows that must be stored. Pure values; [`super::Pool`] makes and takes them.
//! Invariant: a lease cannot be copied, so each is settled or refunded at most once.

use super::{Death, Fingerprint, Group, Health, KeySpec, Ledger, Scope};
use crate::clock::Timestamp;

/// The rows of the store that a pool goes on from.
#[derive(Debug, Default, Clone)]
pub(crate) struct Saved {
    /// Table `key_ledger`, by (project, model).
    pub(crate) ledgers: Vec<((Fingerprint, String), Ledger)>,
    /// Table `key_state`.
    pub(crate) healths: Vec<(Scope, Health)>,
}

/// What a call needs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ask<'a> {
    /// The asker's own group first, then those it may borrow from. Keys outside all groups stand
    /// with the first.
    pub(crate) groups: &'a [Group],
    /// Model ids in the order to try; all of them are tried in a group before the next group.
    pub(crate) models: &'a [&'a str],
    /// Estimated input.
    pub(crate) tokens: u64,
    /// Keys this question is not to be sent to again.
    pub(crate) avoid: &'a [Fingerprint],
}

impl Ask<'_> {
    /// Whether the key stands in the group of that step. What a paid key costs is spent on Guests
    /// only when the owner put it into their group.
    pub(super) fn reaches(&self, spec: &KeySpec, step: usize) -> bool {
        let for_guests = self.groups.first() == Some(&Group::D);
        if spec.paid && for_guests && spec.group != Some(Group::D) {
            return false;
        }
        match spec.group {
            Some(group) => self.groups.get(step) == Some(&group),
            None => step == 0,
        }
    }
}

/// The right to make one call, already counted. Its ledger row must be stored before the call leaves,
/// and it must come back by [`super::Pool::settle`] or [`super::Pool::refund`], or its slot is lost.
#[derive(Debug)]
#[must_use = "a lease that is not settled keeps its slot for ever"]
pub(crate) struct Lease {
    pub(crate) key: Fingerprint,
    pub(crate) project: Fingerprint,
    pub(crate) model: String,
    /// When it was counted.
    pub(crate) at: Timestamp,
    /// Estimated input.
    pub(super) tokens: u64,
    /// Of the key, when it was lent.
    pub(super) generation: u64,
}

/// No key now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Wait {
    /// When the next one is free, and not before; a settled call may free one earlier. None: no
    /// waiting helps.
    pub(crate) until: Option<Timestamp>,
    pub(crate) why: Why,
}

/// What stands in the way; where no waiting helps, the first that applies to some key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Why {
    /// The slots of the keys are taken.
    Slots,
    /// The minute is spent, in requests or tokens.
    Minute,
    /// Rests after a failure.
    Resting,
    /// The day is spent.
    Day,
    /// The request is larger than a model's minute, which is this many tokens.
    TooLarge { limit: u64 },
    /// Only keys that the question is not to be sent to again.
    Avoided,
    /// The keys that could are dead.
    Dead,
    /// No key of these groups may call these models.
    NoKeys,
}

impl Wait {
    pub(super) const fn never(why: Why) -> Self {
        Self { until: None, why }
    }

    /// The one that ends first; never ends last.
    pub(super) fn sooner(self, other: Self) -> Self {
        let end = |wait: Self| (wait.until.is_none(), wait);
        if end(other) < end(self) { other } else { self }
    }
}

/// A row of `key_state` that has changed and must be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) scope: Scope,
    pub(crate) health: Health,
    /// Set when this change is what killed it: to be logged, and the Owner told.
    pub(crate) death: Option<Death>,
}

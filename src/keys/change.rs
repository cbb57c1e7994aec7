//! The rows that the pool goes on from, those that must be stored, and what of their changes the Owner
//! is told. Pure values.

use super::effect::Death;
use super::health::{Cause, Health, Scope};
use super::money::Spend;
use super::quota::Ledger;
use super::settings::Fingerprint;

/// The rows of the store that a pool goes on from.
#[derive(Debug, Default, Clone)]
pub(crate) struct Saved {
    /// Table `key_ledger`, by (project, model).
    pub(crate) ledgers: Vec<((Fingerprint, String), Ledger)>,
    /// Table `key_state`.
    pub(crate) healths: Vec<(Scope, Health)>,
    /// What paid keys have cost.
    pub(crate) spend: Spend,
}

/// A row of `key_state` that has changed and must be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) scope: Scope,
    pub(crate) health: Health,
    /// To be logged, and the Owner told.
    pub(crate) news: Option<News>,
}

/// What the Owner wants to know of a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    Died(Death),
    /// A dead one works again.
    Back,
    /// Pages have come instead of answers for over a minute.
    Blocked,
    /// And no longer do.
    Unblocked,
    /// The country of our address has not been served for over a minute.
    Unserved,
    /// And is again.
    ServedAgain,
    /// A model is not found, the address is wrong, or money is spent.
    Began(Cause),
    /// That is over.
    Ended(Cause),
}

impl Change {
    /// What an edit of a health has changed; nothing when it made no difference.
    pub(super) fn between(scope: Scope, before: &Health, after: &Health) -> Option<Self> {
        if before == after {
            return None;
        }
        let news = match (before.dead, after.dead) {
            (None, Some((death, _))) => Some(News::Died(death)),
            (Some(_), None) => Some(News::Back),
            (None, None) | (Some(_), Some(_)) => news(&scope, before, after),
        };
        let health = after.clone();
        Some(Self {
            scope,
            health,
            news,
        })
    }

    /// What the Owner knows, or has put right.
    pub(super) fn without_news(self) -> Self {
        Self { news: None, ..self }
    }
}

/// What the Owner is told of a change of a cause. A day that is spent is nothing to be told.
fn news(scope: &Scope, before: &Health, after: &Health) -> Option<News> {
    let is_told = |cause: &Cause| match cause {
        Cause::Missing { .. } => matches!(scope, Scope::Missing(_)),
        Cause::Endpoint { .. } | Cause::SpendingCap => true,
        Cause::Day { .. } => false,
    };
    let kind = |health: &Health| {
        let cause = health.cooling.cause.as_ref();
        cause.filter(|cause| is_told(cause)).copied()
    };
    let same =
        |one: Cause, other: Cause| std::mem::discriminant(&one) == std::mem::discriminant(&other);
    match (kind(before), kind(after)) {
        (None, Some(cause)) => Some(News::Began(cause)),
        (Some(old), Some(cause)) if !same(old, cause) => Some(News::Began(cause)),
        // An address that was doubted once and never cooled down is nothing to come back from.
        (Some(Cause::Endpoint { .. }), None) if !before.breaker.needs_probe() => None,
        (Some(cause), None) => Some(News::Ended(cause)),
        (Some(_), Some(_)) | (None, None) => None,
    }
}

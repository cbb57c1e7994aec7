//! What stands between a question and a key, and until when. Pure values. Invariant: a wait without
//! an end means that no waiting helps.

use crate::clock::Timestamp;

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
    /// The slots of the keys are taken, or one probe decides.
    Slots,
    /// The minute is spent, in requests or tokens.
    Minute,
    /// Cools down after a failure.
    Cooldown,
    /// The model is overloaded.
    Model,
    /// Our address is throttled.
    Address,
    /// Google does not offer its free keys where we are.
    Region,
    /// The day is spent.
    Day,
    /// The model is not found.
    Missing,
    /// There is no Gemini API at the address.
    Endpoint,
    /// The project's spending cap of the month is reached.
    SpendingCap,
    /// The money of the day is spent.
    Money,
    /// Too many wait already.
    Line,
    /// So much fails that nothing is tried twice.
    Retries,
    /// The request is larger than a model's minute, which is this many tokens.
    TooLarge { limit: u64 },
    /// The keys that could are dead.
    Dead,
    /// No key of these groups may call these models.
    NoKeys,
}

impl Wait {
    pub(super) const fn never(why: Why) -> Self {
        Self { until: None, why }
    }

    pub(super) const fn until(until: Timestamp, why: Why) -> Self {
        Self {
            until: Some(until),
            why,
        }
    }

    /// The one that ends first; never ends last.
    pub(super) fn sooner(self, other: Self) -> Self {
        let end = |wait: Self| (wait.until.is_none(), wait.until, wait.why);
        if end(other) < end(self) { other } else { self }
    }

    /// The one that ends last.
    pub(super) fn later(self, other: Self) -> Self {
        let end = |wait: Self| (wait.until.is_none(), wait.until);
        if end(other) > end(self) { other } else { self }
    }
}

//! What passes between the pool and those who call: what a question needs, the lease it gets, its
//! place in the line or the wait it is told, and the rows that must be stored. Pure values;
//! [`super::Pool`] makes and takes them. Invariant: a lease cannot be copied, so each is settled or
//! refunded at most once.

use super::purse::{MOST_OUTPUT, Spend};
use super::state::Seat;
use super::{Cause, Death, Fingerprint, Group, Health, Ledger, Scope};
use crate::catalog::Tier;
use crate::clock::Timestamp;

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
}

/// A key that failed a question on a model, and may be to blame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Suspect {
    pub(super) seat: Seat,
    pub(super) generation: u64,
    /// When its call left.
    pub(super) at: Timestamp,
}

/// What became of a wish for a key.
#[derive(Debug)]
pub(crate) enum Reserved {
    Lent(Lease),
    /// It stands in the line and gets its lease from [`super::Pool::tick`].
    Queued(Place),
    /// Waiting does not help, or not in time.
    Refused(Wait),
}

/// Names who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ticket(pub(super) u64);

/// A place in the line. Its moments are those of the steady count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) ticket: Ticket,
    /// How many go first.
    pub(crate) ahead: usize,
    /// When it is its turn, as far as can be told.
    pub(crate) wakes: Timestamp,
    /// When to look again: nobody in the line can be served before, unless something is freed.
    pub(crate) look: Timestamp,
    pub(crate) why: Why,
}

/// Permission for one call, already counted. Settled or refunded exactly once.
#[derive(Debug)]
#[must_use = "a lease that is not settled keeps its slot for ever"]
pub(crate) struct Lease {
    pub(crate) key: Fingerprint,
    pub(crate) project: Fingerprint,
    pub(crate) model: String,
    pub(crate) tier: Tier,
    /// From a lower group's key, though the asker's group has keys of its own.
    pub(crate) borrowed: bool,
    /// With a key that costs money.
    pub(super) paid: bool,
    /// When it was counted.
    pub(crate) at: Timestamp,
    /// Estimated input.
    pub(super) tokens: u64,
    /// Reserved price of a paid key's call, in millionths of a dollar.
    pub(super) price: u64,
    /// The Pacific day whose money that price is, however late the call leaves.
    pub(super) day: i32,
    pub(super) seat: Seat,
    /// Of the key, when it was lent.
    pub(super) generation: u64,
    /// It is not the question's first call.
    pub(super) is_retry: bool,
    /// What this call puts to the test.
    pub(super) trials: Trials,
    pub(super) suspects: Vec<Suspect>,
    /// How often its question was answered with a page before.
    pub(super) pages: u32,
}

impl Lease {
    /// The output that was reserved for a paid call, in tokens: it may not have more.
    pub(crate) fn most_output(&self) -> Option<u32> {
        self.paid.then_some(MOST_OUTPUT)
    }
}

/// Which breakers a call is the one trial of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a breaker of its own, and a call may be the trial of any of them"
)]
pub(super) struct Trials {
    pub(super) pool: bool,
    pub(super) free_keys: bool,
    pub(super) model: bool,
    /// Of the address.
    pub(super) endpoint: bool,
    /// Of this model in this project.
    pub(super) bucket: bool,
    pub(super) project: bool,
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
    /// The slots of the keys are taken, or one trial decides.
    Slots,
    /// The minute is spent, in requests or tokens.
    Minute,
    /// Rests after a failure.
    Resting,
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
    Rests(Cause),
    /// That is over.
    Lifted(Cause),
}

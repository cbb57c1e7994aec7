//! What the pool answers to a request for a key: a lease, a place in the queue, or a refusal. Pure values;
//! [`super::Pool`] makes and takes them. Invariant: a lease cannot be copied, so each is settled or
//! refunded at most once.

use super::ask::Ask;
use super::moment::Moment;
use super::money::MOST_OUTPUT;
use super::settings::Fingerprint;
use super::state::Target;
use super::suspect::{Attempted, Suspect};
use super::wait::{Wait, Why};
use crate::catalog::Kind;
use crate::clock::Timestamp;

/// What the pool answers to a request for a key.
#[derive(Debug)]
pub(crate) enum Reserved {
    Lent(Lease),
    /// It waits in the queue and gets its lease from [`super::Pool::tick`].
    Queued(Place),
    /// Waiting does not help, or not in time.
    Refused(Wait),
}

/// Names who waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Ticket(pub(super) u64);

/// A place in the queue. Its moments are those of the steady count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) ticket: Ticket,
    /// How many go first.
    pub(crate) ahead: usize,
    /// When it is its turn, as far as can be told.
    pub(crate) wakes: Timestamp,
    /// When to look again: nobody in the queue can be served before, unless something is freed.
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
    pub(crate) kind: Kind,
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
    pub(super) target: Target,
    /// Of the key, when it was lent.
    pub(super) generation: u64,
    /// It is not the question's first call.
    pub(super) is_retry: bool,
    /// What this call is the one probe of.
    pub(super) probes: Probes,
    pub(super) suspects: Vec<Suspect>,
    /// How often its question was answered with a page before.
    pub(super) pages: u32,
}

impl Lease {
    /// A pick that is counted from now on.
    pub(super) fn new(pick: Pick, ask: &Ask, generation: u64, moment: Moment) -> Self {
        Self {
            key: pick.names.0,
            project: pick.names.1,
            model: pick.model,
            kind: pick.kind,
            borrowed: pick.borrowed,
            paid: pick.paid,
            at: moment.now,
            tokens: ask.tokens,
            price: pick.price,
            day: moment.day.number,
            target: pick.target,
            generation,
            is_retry: ask.attempts > 0,
            probes: pick.probes,
            suspects: ask.suspects.clone(),
            pages: ask.pages,
        }
    }

    /// What is to be remembered of the call.
    pub(crate) fn attempted(&self) -> Attempted {
        Attempted {
            key: self.key,
            model: self.model.clone(),
            suspect: self.suspect(),
        }
    }

    /// Its key, which may be to blame if the call fails.
    pub(super) fn suspect(&self) -> Suspect {
        Suspect {
            target: self.target,
            generation: self.generation,
            at: self.at,
        }
    }

    /// The output that was reserved for a paid call, in tokens: it may not have more.
    pub(crate) fn most_output(&self) -> Option<u32> {
        self.paid.then_some(MOST_OUTPUT)
    }
}

/// Which breakers a call is the one probe of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a breaker of its own, and a call may be the probe of any of them"
)]
pub(super) struct Probes {
    pub(super) pool: bool,
    pub(super) free_keys: bool,
    pub(super) model: bool,
    /// Of the address.
    pub(super) endpoint: bool,
    /// Of this model in this project.
    pub(super) bucket: bool,
    pub(super) project: bool,
}

/// The key that is to be called.
#[derive(Debug)]
pub(super) struct Pick {
    pub(super) target: Target,
    /// Of the key and its project.
    pub(super) names: (Fingerprint, Fingerprint),
    pub(super) model: String,
    pub(super) probes: Probes,
    pub(super) borrowed: bool,
    pub(super) paid: bool,
    /// Reserved price, in millionths of a dollar.
    pub(super) price: u64,
    pub(super) kind: Kind,
}

//! What a (project, model) may spend: the owner's policy over the catalogue's numbers, and over both
//! what the service itself has named. Pure values. Invariant: a limit that the service has named
//! binds for a day, whatever the policy says.

use std::time::Duration;

use super::settings::Policy;
use crate::catalog::Model;
use crate::clock::Timestamp;

/// So long a limit binds that the service has named.
pub(super) const BINDS_FOR: Duration = Duration::from_hours(24);

/// What a lender keeps of its minute and its day for its own people (design §4).
const RESERVE_PERCENT: u64 = 40;

/// `KEY_RPM` when it is unset and the model allows more.
const OWN_RPM: u32 = 10;

/// A limit the service told us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Learned {
    pub(crate) quota: Quota,
    pub(crate) limit: u64,
}

/// The dimension of a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Quota {
    RequestsPerMinute,
    RequestsPerDay,
    TokensPerMinute,
    TokensPerDay,
}

/// A limit the service told us, as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Known {
    pub(crate) learned: Learned,
    /// When it was said last: after a day it is tried whether more is possible by now.
    pub(crate) at: Timestamp,
    /// By a key marked `:paid`: with other marks it is another account's word.
    pub(crate) paid: bool,
}

/// What the service has named of a (project, model): the newest word in each dimension.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct LearnedLimits {
    pub(crate) known: Vec<Known>,
}

impl LearnedLimits {
    /// Remembers true limits; the newest word counts.
    pub(super) fn learn(&mut self, learned: impl IntoIterator<Item = Known>) {
        for news in learned {
            let same = |old: &&mut Known| old.learned.quota == news.learned.quota;
            match self.known.iter_mut().find(same) {
                Some(old) => *old = news,
                None => self.known.push(news),
            }
        }
    }

    /// The limit that was named last in a dimension, however long ago.
    pub(super) fn of(&self, quota: Quota) -> Option<u64> {
        let mut known = self.known.iter().map(|known| known.learned);
        known.find(|it| it.quota == quota).map(|it| it.limit)
    }

    /// When the next of them no longer binds, and more is tried.
    pub(super) fn next_try(&self, now: Timestamp) -> Option<Timestamp> {
        let ends = self.known.iter().map(|known| known.at.after(BINDS_FOR));
        ends.filter(|end| *end > now).min()
    }

    /// After the clock was set back: a limit that was learned in what is now the future binds from
    /// now.
    pub(super) fn rebase(&mut self, now: Timestamp) {
        for known in &mut self.known {
            known.at = known.at.min(now);
        }
    }
}

/// What a (project, model) may spend.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Limits {
    /// Requests a minute.
    pub(super) minute: u32,
    /// Requests a day; `u32::MAX` when there is no cap.
    pub(super) day: u32,
    /// Input tokens a minute.
    pub(super) tokens: u64,
}

impl Limits {
    /// What was learned binds. A limit that was last named a day ago is tried upward: then what would
    /// hold without it counts, where that is more. A refusal names the limit again.
    pub(super) fn known(
        model: &Model,
        policy: &Policy,
        learned: &LearnedLimits,
        now: Timestamp,
    ) -> Option<Self> {
        let known = &learned.known;
        let learned = |one: &Known| one.learned;
        let all: Vec<Learned> = known.iter().map(learned).collect();
        let fresh = known.iter().filter(|one| one.at.after(BINDS_FOR) > now);
        let fresh: Vec<Learned> = fresh.map(learned).collect();
        let (bound, free) = (
            Self::of(model, policy, &all),
            Self::of(model, policy, &fresh),
        );
        bound
            .zip(free)
            .map(|(one, other)| one.max(other))
            .or(bound)
            .or(free)
    }

    /// The higher of each.
    fn max(self, other: Self) -> Self {
        Self {
            minute: self.minute.max(other.minute),
            day: self.day.max(other.day),
            tokens: self.tokens.max(other.tokens),
        }
    }

    /// The owner's policy over the catalogue's numbers. What the service itself said replaces the
    /// catalogue's number and binds whatever the policy is; none when it said 0: not offered.
    pub(super) fn of(model: &Model, policy: &Policy, learned: &[Learned]) -> Option<Self> {
        let said = |quota| {
            let found = learned.iter().find(|one| one.quota == quota);
            found.map(|one| one.limit)
        };
        let small = |limit: u64| u32::try_from(limit).unwrap_or(u32::MAX);
        let rpm = said(Quota::RequestsPerMinute).map(small);
        let minute = policy
            .rpm
            .unwrap_or_else(|| OWN_RPM.min(rpm.unwrap_or(model.rpm)));
        let rpd = said(Quota::RequestsPerDay).map(small);
        let limits = Self {
            minute: minute.min(rpm.unwrap_or(u32::MAX)),
            day: match (policy.daily_percent, rpd.unwrap_or(model.rpd)) {
                (101.., 1..) => rpd.unwrap_or(u32::MAX),
                (percent, rpd) => share_of(rpd, percent),
            },
            tokens: said(Quota::TokensPerMinute).unwrap_or(model.tpm),
        };
        let offered = limits.minute > 0
            && limits.day > 0
            && limits.tokens > 0
            && said(Quota::TokensPerDay) != Some(0);
        offered.then_some(limits)
    }

    /// What others may spend of it: the rest is kept for the people of the key's own group. None
    /// when that is nothing.
    pub(super) fn lent(self) -> Option<Self> {
        let lent = Self {
            minute: share_lent(self.minute),
            day: share_lent(self.day),
            tokens: self.tokens / 100 * (100 - RESERVE_PERCENT),
        };
        (lent.minute > 0 && lent.day > 0 && lent.tokens > 0).then_some(lent)
    }
}

fn share_lent(limit: u32) -> u32 {
    if limit == u32::MAX {
        return limit;
    }
    let lent = u64::from(limit) * (100 - RESERVE_PERCENT) / 100;
    u32::try_from(lent).unwrap_or(limit)
}

/// That part of a day, rounded down, but one at least of what is there at all.
fn share_of(rpd: u32, percent: u32) -> u32 {
    let share = u64::from(rpd) * u64::from(percent) / 100;
    let least = u64::from(rpd > 0 && percent > 0);
    u32::try_from(share.max(least)).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;

//! What one (project, model) has spent: an exact sliding minute of requests and input tokens, and the
//! requests of the Pacific day. Pure. Invariants: a moment that lies ahead is never believed, the
//! day never goes backwards, and whatever is uncertain counts as spent.

use std::collections::BTreeSet;
use std::time::Duration;

use super::health::Health;
use super::limits::{Limits, Quota};
use super::pacific::{self, Day};
use crate::clock::Timestamp;

/// How long a request fills the minute: 60 seconds, and the most that the way to the service may
/// differ between two requests. We count when a request is reserved, the service when it arrives.
pub(super) const MINUTE: Duration = Duration::from_millis(60_250);

/// One reserved request.
#[derive(Debug, Clone, Copy)]
struct Unit {
    at: Timestamp,
    /// Its estimated input; unknown after a restart.
    tokens: Option<u64>,
}

/// The stored counters of one (project, model) (table `key_ledger`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Ledger {
    /// The Pacific date the count belongs to, in days since 1970-01-01.
    pub(crate) day: i32,
    /// Requests of that day.
    pub(crate) used: u32,
    /// When the requests of the last 60 seconds were reserved.
    pub(crate) recent: Vec<Timestamp>,
}

/// The counters of one (project, model), with what is known of its health.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) health: Health,
    /// A call that probes how it stands is under way.
    pub(super) probing: bool,
    /// Of the model, by the policy and what was learned; none: not offered, or not configured.
    pub(super) limits: Option<Limits>,
    day: i32,
    used: u32,
    /// The day that was counted before it, and its requests: a clock that was set ahead for a while
    /// must not lose the count of the day that it comes back to.
    before: Option<(i32, u32)>,
    /// Requests of the day that failed and were not counted: they count in the order of choice, or
    /// else a key that always fails would come first. Not stored.
    failed: u32,
    /// Requests that fill the minute, oldest first.
    units: Vec<Unit>,
}

impl Bucket {
    /// Takes over what was stored.
    pub(super) fn restore(&mut self, ledger: &Ledger) {
        self.day = ledger.day;
        self.used = ledger.used;
        self.before = None;
        let unit = |&at: &Timestamp| Unit { at, tokens: None };
        self.units = ledger.recent.iter().map(unit).collect();
        self.units.sort_unstable_by_key(|unit| unit.at);
    }

    /// Counts at least what another count says.
    pub(super) fn adopt(&mut self, other: &Ledger) {
        if other.day > self.day {
            (self.day, self.used) = (other.day, other.used);
        } else if other.day == self.day {
            self.used = self.used.max(other.used);
        }
        let moments: BTreeSet<Timestamp> = other.recent.iter().copied().collect();
        for at in moments {
            let theirs = other.recent.iter().filter(|it| **it == at).count();
            let ours = self.units.iter().filter(|unit| unit.at == at).count();
            let missing = theirs.saturating_sub(ours);
            let unit = Unit { at, tokens: None };
            self.units.extend(std::iter::repeat_n(unit, missing));
        }
        self.units.sort_unstable_by_key(|unit| unit.at);
    }

    /// What is to be stored.
    pub(super) fn ledger(&self) -> Ledger {
        Ledger {
            day: self.day,
            used: self.used,
            recent: self.units.iter().map(|unit| unit.at).collect(),
        }
    }

    /// After the clock was set back: requests happened before now, so those that seem to lie ahead
    /// are counted as made now. That is late, never early. A day that no midnight nearby explains was
    /// counted by a wrong clock: its requests are today's.
    pub(super) fn rebase(&mut self, now: Timestamp) {
        self.health.rebase(now);
        let today = pacific::day_of(now);
        if self.day > today.number.saturating_add(1) {
            (self.used, self.before) = (self.used(&today), None);
            self.day = today.number;
        }
        for unit in &mut self.units {
            unit.at = unit.at.min(now);
        }
    }

    /// Requests of that day. A request of the last minute before midnight may have arrived after
    /// it, so it counts for both days.
    pub(super) fn used(&self, day: &Day) -> u32 {
        if day.number <= self.day {
            let is_before = |(number, _): &(i32, u32)| *number >= day.number;
            let before = self.before.filter(is_before).map_or(0, |(_, used)| used);
            return self.used.saturating_add(before);
        }
        let fresh = |unit: &&Unit| unit.at.after(MINUTE) > day.began;
        u32::try_from(self.units.iter().filter(fresh).count()).unwrap_or(u32::MAX)
    }

    /// Whether we have counted less than half of what the service has named as a day's requests.
    pub(super) fn has_most_left(&self, day: &Day) -> bool {
        let named = self.health.learned.of(Quota::RequestsPerDay);
        named.is_some_and(|limit| u64::from(self.used(day)) < limit / 2)
    }

    /// How busy that day makes it look: what failed counts as well.
    pub(super) fn asked(&self, day: &Day) -> u32 {
        let failed = if day.number <= self.day {
            self.failed
        } else {
            0
        };
        self.used(day).saturating_add(failed)
    }

    /// Requests of the minute that ends now.
    pub(super) fn recent(&self, now: Timestamp) -> u32 {
        u32::try_from(self.live(now).len()).unwrap_or(u32::MAX)
    }

    /// When the day has room again; none: it has now.
    pub(super) fn day_frees(&self, limits: &Limits, day: &Day) -> Option<Timestamp> {
        let full = self.used(day) >= limits.day;
        full.then(|| {
            if self.day > day.number {
                pacific::end_of(self.day)
            } else {
                day.ends
            }
        })
    }

    /// When the minute has room for one more request with so many tokens; none: it has now.
    /// The tokens must fit into an empty minute.
    pub(super) fn minute_frees(
        &self,
        limits: &Limits,
        tokens: u64,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let even = limits.tokens / u64::from(limits.minute.max(1));
        let mut requests = limits.minute.saturating_sub(1);
        let mut left = limits.tokens.saturating_sub(tokens);
        // The newest leave last: the first of them that does not fit beside it has to leave.
        for unit in self.units.iter().rev() {
            let frees = unit.at.after(MINUTE);
            if frees <= now {
                break;
            }
            let weight = unit.tokens.unwrap_or(even);
            if requests == 0 || weight > left {
                return Some(frees);
            }
            requests -= 1;
            left -= weight;
        }
        None
    }

    /// Counts one request.
    pub(super) fn spend(&mut self, tokens: u64, now: Timestamp, day: &Day) {
        let used = self.used(day);
        if day.number > self.day {
            self.before = Some((self.day, self.used));
            self.failed = 0;
        } else {
            // An earlier day that the clock came back to is part of `used` from here on.
            self.before = self.before.filter(|(number, _)| *number < day.number);
        }
        self.used = used.saturating_add(1);
        self.day = self.day.max(day.number);
        self.units.retain(|unit| unit.at.after(MINUTE) > now);
        self.units.push(Unit {
            at: now,
            tokens: Some(tokens),
        });
    }

    /// Counts a request from now on instead of from `at`: it is only leaving now.
    pub(super) fn restamp(&mut self, tokens: u64, at: Timestamp, now: Timestamp) {
        let same = |unit: &Unit| unit.at == at && unit.tokens == Some(tokens);
        if let Some(index) = self.units.iter().rposition(same) {
            self.units.remove(index);
        }
        // Also when it was pruned meanwhile: the call leaves now, whatever became of its unit.
        let tokens = Some(tokens);
        self.units.push(Unit { at: now, tokens });
        self.units.sort_by_key(|unit| unit.at);
    }

    /// Gives back the day's unit of a request that the service has refused to count.
    pub(super) fn uncount(&mut self, at: Timestamp) {
        if pacific::day_of(at).number == self.day {
            self.used = self.used.saturating_sub(1);
            self.failed = self.failed.saturating_add(1);
        }
    }

    /// When each of the next requests fits into the minute, the soonest first; at most as many as
    /// the day has left, and only those that the units of now decide.
    pub(super) fn openings(
        &self,
        limits: Limits,
        now: Timestamp,
        day: &Day,
    ) -> impl Iterator<Item = Timestamp> {
        let live = self.live(now);
        let minute = usize::try_from(limits.minute).unwrap_or(usize::MAX);
        let free = minute.saturating_sub(live.len());
        let left = limits.day.saturating_sub(self.used(day));
        let later = live.iter().skip(live.len().saturating_sub(minute));
        std::iter::repeat_n(now, free)
            .chain(later.map(|unit| unit.at.after(MINUTE)))
            .take(usize::try_from(left).unwrap_or(usize::MAX))
    }

    /// Gives back a request that was surely not made; whether there still was one.
    pub(super) fn refund(&mut self, tokens: u64, at: Timestamp) -> bool {
        let same = |unit: &Unit| unit.at == at && unit.tokens == Some(tokens);
        let index = self.units.iter().rposition(same);
        if let Some(index) = index {
            self.units.remove(index);
            self.used = self.used.saturating_sub(1);
        }
        index.is_some()
    }

    /// Gives back a request that has surely not arrived.
    pub(super) fn lose(&mut self, tokens: u64, at: Timestamp) {
        if self.refund(tokens, at) {
            self.failed = self.failed.saturating_add(1);
        }
    }

    /// Units that fill the minute now. They are in order, so the old ones stand in front.
    fn live(&self, now: Timestamp) -> &[Unit] {
        let old = self
            .units
            .partition_point(|unit| unit.at.after(MINUTE) <= now);
        self.units.get(old..).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;

//! What one (project, model) has spent: an exact sliding minute of requests and input tokens, and the
//! requests of the Pacific day. Pure. Invariants: a moment that lies ahead is never believed, the
//! day never goes backwards, and whatever is uncertain counts as spent.

use std::collections::BTreeSet;
use std::time::Duration;

use super::pacific::{self, Day};
use super::{Health, Known, Learned, Ledger, Policy, Quota};
use crate::catalog::Model;
use crate::clock::Timestamp;

/// How long a request fills the minute: 60 seconds, and the most that the way to the service may
/// differ between two requests. We count when a request is reserved, the service when it arrives.
pub(super) const MINUTE: Duration = Duration::from_millis(60_250);

/// So long a limit binds that the service has named.
pub(super) const BINDS_FOR: Duration = Duration::from_hours(24);

/// What a lender keeps of its minute and its day for its own people (design §4).
const RESERVE_PERCENT: u64 = 40;

/// `KEY_RPM` when it is unset and the model allows more.
const OWN_RPM: u32 = 10;

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
    /// hold without it counts, where that is more. A refusal names it anew.
    pub(super) fn known(
        model: &Model,
        policy: &Policy,
        known: &[Known],
        now: Timestamp,
    ) -> Option<Self> {
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
}

impl Limits {
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

/// One reserved request.
#[derive(Debug, Clone, Copy)]
struct Unit {
    at: Timestamp,
    /// Its estimated input; unknown after a restart.
    tokens: Option<u64>,
}

/// The counters of one (project, model), with what is known of its health.
#[derive(Debug, Default)]
pub(super) struct Bucket {
    pub(super) health: Health,
    /// A call that looks how it stands is under way.
    pub(super) on_probe: bool,
    /// Of the model, by the policy and what was learned; none: not offered, or not configured.
    pub(super) limits: Option<Limits>,
    day: i32,
    used: u32,
    /// The day that was counted before it, and its requests: a clock that was set ahead for a while
    /// must not lose the count of the day that it comes back to.
    before: Option<(i32, u32)>,
    /// Requests of the day that the service has refused to count: they count in the order of choice,
    /// or else a key that always fails would come first. Not stored.
    refused: u32,
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
        for known in &mut self.health.learned {
            known.at = known.at.min(now);
        }
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
        let named = |known: &&Known| known.learned.quota == Quota::RequestsPerDay;
        let named = self.health.learned.iter().find(named);
        named.is_some_and(|known| u64::from(self.used(day)) < known.learned.limit / 2)
    }

    /// How busy that day makes it look: what was refused counts as well.
    pub(super) fn asked(&self, day: &Day) -> u32 {
        let refused = if day.number <= self.day {
            self.refused
        } else {
            0
        };
        self.used(day).saturating_add(refused)
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
            self.refused = 0;
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
            self.refused = self.refused.saturating_add(1);
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

    /// Gives back a request that was surely not made.
    pub(super) fn refund(&mut self, tokens: u64, at: Timestamp) {
        let same = |unit: &Unit| unit.at == at && unit.tokens == Some(tokens);
        if let Some(index) = self.units.iter().rposition(same) {
            self.units.remove(index);
            self.used = self.used.saturating_sub(1);
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

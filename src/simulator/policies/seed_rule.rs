//! The seed rule, the literal one that design §4 ("Why") measures itself against: `KEY_RPM` 10 a minute
//! and key, `KEY_DAILY_PERCENT` 30 of a day whose limits are 1000 for lite, 250 for flash and 50 for
//! pro, `KEY_COOLDOWN_SECS` 10 after an error, and `KEY_MAX_ERRORS` 3 errors in a row, of whatever
//! kind, blacklist the key for `KEY_BLACKLIST_SECS` 3600. Among the free keys it takes the one that was
//! used least today in the model's tier, then the first. All is counted per key, and in memory.
//!
//! Made fair: the minute slides, the day is Google's, and beside the seed's daily limits it keeps to
//! 30 % of the configured limit of each model, as ours does; a question that finds no key waits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ATTEMPTS, Choice, Common, Offer, Tiers};
use crate::catalog::Tier;
use crate::clock::Timestamp;
use crate::keys::pacific;
use crate::simulator::{Decision, KeyFacts, Policy, Question, Reply};

/// `KEY_RPM`.
const RPM: usize = 10;
/// `KEY_DAILY_PERCENT`.
const DAILY_PERCENT: u32 = 30;
/// `KEY_COOLDOWN_SECS`.
const COOLDOWN: Duration = Duration::from_secs(10);
/// `KEY_MAX_ERRORS`.
const MAX_ERRORS: u32 = 3;
/// `KEY_BLACKLIST_SECS`.
const BLACKLIST: Duration = Duration::from_hours(1);
const MINUTE: Duration = Duration::from_mins(1);

/// The policy.
#[derive(Debug)]
pub(crate) struct SeedRule {
    common: Common,
    records: Vec<Record>,
}

/// What it keeps of a key.
#[derive(Debug, Clone, Default)]
struct Record {
    /// Its last calls, oldest first; at most [`RPM`].
    calls: Vec<Timestamp>,
    /// The Pacific day that is counted.
    day: i32,
    by_tier: BTreeMap<Tier, u32>,
    by_model: BTreeMap<usize, u32>,
    /// Errors in a row.
    errors: u32,
    cools_until: Timestamp,
    blacklisted_until: Timestamp,
}

impl Record {
    /// Calls of that day in this tier and of this model.
    fn used(&self, offer: Offer, day: i32) -> (u32, u32) {
        let today = self.day == day;
        let count = |used: Option<&u32>| used.copied().filter(|_| today).unwrap_or(0);
        let in_tier = count(self.by_tier.get(&offer.tier));
        (in_tier, count(self.by_model.get(&offer.model)))
    }

    /// From when on the key may be called with this model; none: never.
    fn free_at(&self, offer: Offer, today: pacific::Day) -> Option<Timestamp> {
        let (in_tier, of_model) = self.used(offer, today.number);
        let tomorrow = if in_tier < share(classic(offer.tier)) && of_model < share(offer.rpd) {
            Timestamp(0)
        } else {
            today.ends
        };
        let full = self.calls.len() >= RPM;
        let oldest = self.calls.first().filter(|_| full);
        let minute = oldest.map_or(Timestamp(0), |at| at.after(MINUTE));
        let cooldown = self.cools_until.max(self.blacklisted_until);
        (offer.rpd > 0).then_some(tomorrow.max(minute).max(cooldown))
    }

    fn spend(&mut self, offer: Offer, day: i32, now: Timestamp) {
        if self.day != day {
            self.day = day;
            self.by_tier.clear();
            self.by_model.clear();
        }
        *self.by_tier.entry(offer.tier).or_default() += 1;
        *self.by_model.entry(offer.model).or_default() += 1;
        if self.calls.len() >= RPM {
            self.calls.remove(0);
        }
        self.calls.push(now);
    }
}

/// The daily limits that the seed names.
const fn classic(tier: Tier) -> u32 {
    match tier {
        Tier::Lite => 1000,
        Tier::Flash => 250,
        Tier::Pro => 50,
    }
}

/// Our part of a daily limit, one at least.
fn share(limit: u32) -> u32 {
    (limit.saturating_mul(DAILY_PERCENT) / 100).max(1)
}

impl SeedRule {
    pub(crate) fn new(fleet: &[KeyFacts], tiers: Tiers) -> Self {
        Self {
            common: Common::new(fleet, tiers),
            records: vec![Record::default(); fleet.len()],
        }
    }
}

impl Policy for SeedRule {
    fn name(&self) -> &'static str {
        "the seed rule"
    }

    fn decide(
        &mut self,
        question: &Question,
        attempt: u32,
        now: Timestamp,
        _rng: &mut fastrand::Rng,
    ) -> Decision {
        if attempt >= ATTEMPTS {
            return self.common.give_up(question);
        }
        let today = pacific::day_of(now);
        let free_at = |key: usize, offer| self.records[key].free_at(offer, today);
        match self.common.choice(question, now, free_at) {
            Choice::Free(offer, keys) => {
                let used = |&key: &usize| self.records[key].used(offer, today.number).0;
                let key = keys.iter().copied().min_by_key(used).unwrap_or(keys[0]);
                self.records[key].spend(offer, today.number, now);
                Decision::Call {
                    key,
                    model: offer.model,
                }
            }
            Choice::Later(until) => self.common.wait(question, until),
        }
    }

    fn told(
        &mut self,
        question: &Question,
        call: (usize, usize),
        reply: Reply,
        now: Timestamp,
        _rng: &mut fastrand::Rng,
    ) {
        self.common.told(question, call, reply);
        let record = &mut self.records[call.0];
        if reply == Reply::Answer {
            record.errors = 0;
            return;
        }
        record.cools_until = now.after(COOLDOWN);
        record.errors += 1;
        if record.errors >= MAX_ERRORS {
            record.errors = 0;
            record.blacklisted_until = now.after(BLACKLIST);
        }
    }

    fn restart(&mut self, _now: Timestamp) {
        self.common.restart();
        self.records.fill(Record::default());
    }

    fn has_blacklisted(&self, key: usize, now: Timestamp) -> bool {
        now < self.records[key].blacklisted_until
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::Step::{Ask, End, Out, Restart};
    use super::super::trace::{self, ANSWER, DAY, GIVE_UP, call, keys, play, tiers, wait};
    use super::*;

    #[test]
    fn any_error_cools_down_a_key_and_three_in_a_row_blacklist_it() {
        let mut policy = SeedRule::new(&keys(3), tiers());
        #[rustfmt::skip]
        let steps = [
            // After each line: used today in tier lite; errors in a row; cools down until, of k0, k1, k2.
            Ask(0, 1, 0, call(0, 0)), End(1, 1, (0, 0), Reply::Internal), //    1 0 0; 1 0 0; 11  0  0
            Ask(1, 1, 1, call(1, 0)), End(2, 1, (1, 0), Reply::Overloaded), //  1 1 0; 1 1 0; 11 12  0
            Ask(2, 1, 2, call(2, 1)), End(3, 1, (2, 1), ANSWER), //             1 1 1; 1 1 0; 11 12  0
            Ask(3, 2, 0, call(2, 0)), End(4, 2, (2, 0), trace::MINUTE), //      1 1 2; 1 1 1; 11 12 14
            Ask(4, 2, 1, wait(11)), // every key cools down, with all its models
            Ask(11, 2, 1, call(0, 0)), End(12, 2, (0, 0), Reply::Throttled), // 2 1 2; 2 1 1; 22 12 14
            Ask(12, 2, 2, call(1, 0)), End(13, 2, (1, 0), ANSWER), //           2 2 2; 2 0 1; 22 12 14
            // All were used alike: the first one. Its third error in a row.
            Ask(22, 3, 0, call(0, 0)), End(23, 3, (0, 0), Reply::Unexplained), // 3 2 2; 0 0 1; 3623
            Out(23, &[0]),
            Ask(23, 3, 1, call(1, 0)), End(24, 3, (1, 0), DAY), //              3 3 2; 0 1 1; 3623 34 14
            Ask(24, 3, 2, call(2, 1)), End(25, 3, (2, 1), Reply::Refused), //   3 3 3; 0 1 2; 3623 34 35
            Ask(25, 3, 3, GIVE_UP), // the attempts are used up
            Ask(26, 4, 0, wait(34)),
            Out(3622, &[0]), Out(3623, &[]),
            Ask(3623, 5, 0, call(0, 0)), End(3624, 5, (0, 0), Reply::Internal), // 4 3 3; 1 1 2
            Ask(3624, 5, 1, call(1, 0)), End(3625, 5, (1, 0), ANSWER), //        4 4 3; 1 0 2
            Ask(3625, 6, 0, call(2, 0)), End(3626, 6, (2, 0), Reply::Internal), // 4 4 4; 1 0 0
            Out(3626, &[2]),
            Restart(3627), Out(3627, &[]),
            Ask(3627, 7, 0, call(0, 0)), //                                      1 0 0; 0 0 0
        ];
        play(&mut policy, Tier::Lite, 0, &steps);
    }

    #[test]
    fn a_key_has_ten_calls_a_minute() {
        let mut policy = SeedRule::new(&keys(1), tiers());
        let first_ten = (0..10).map(|id| Ask(id as u64, id, 0, call(0, 0)));
        let then = [
            Ask(20, 10, 0, GIVE_UP), // the next one is free at 60, the patience ends at 35
            Ask(50, 11, 0, wait(60)),
            Ask(60, 11, 0, call(0, 0)),
            Ask(60, 12, 0, wait(61)), // the call of second 1 leaves the window
        ];
        let steps: Vec<_> = first_ten.chain(then).collect();
        play(&mut policy, Tier::Lite, 0, &steps);
    }

    #[test]
    fn a_key_has_its_part_of_the_day_in_each_model_and_in_each_tier() {
        // 30 % of 20 a day is less than 30 % of the tier's 250; of 1000 a day it is more.
        for (rpd, allowed) in [(20, 6), (1000, 75), (1, 1)] {
            let mut tiers = tiers();
            tiers.flash[0].rpd = rpd;
            let mut policy = SeedRule::new(&keys(1), tiers);
            let ask = |id: usize, model| Ask(id as u64 * 7, id, 0, call(0, model));
            let day = (0..allowed).map(|id| ask(id, 2));
            let degraded = (allowed..allowed + 3).map(|id| ask(id, 0));
            // It began at 10:00; fourteen hours later is a new day.
            let tomorrow = [
                Ask(14 * 3600 - 1, 500, 0, call(0, 0)),
                Ask(14 * 3600, 501, 0, call(0, 2)),
            ];
            let steps: Vec<_> = day.chain(degraded).chain(tomorrow).collect();
            play(&mut policy, Tier::Flash, 0, &steps);
        }
    }

    #[test]
    fn a_model_that_is_not_offered_is_not_asked() {
        let mut tiers = tiers();
        tiers.flash[0].rpd = 0;
        let mut policy = SeedRule::new(&keys(1), tiers);
        play(&mut policy, Tier::Flash, 0, &[Ask(0, 1, 0, call(0, 0))]);
    }
}

//! A random key among those that do not cool. Follows what simple pools do, e.g. uni-api
//! (`yym68686/uni-api`, README): `api_key_schedule_algorithm: random` takes any key that is not
//! cooling, and `api_key_cooldown_period: 60` cools down a key for 60 s after a 429; gemini-balance picks
//! its "random valid key" alike. Better ones read `RetryInfo.retryDelay` from the body of the 429 and
//! cooldown for that long, wait a moment after a server error, and drop a key that is refused.
//!
//! Made fair: the better kind, and a cooldown holds for the key with that model only, as a quota does
//! (uni-api cools down the whole key). What is dropped is known again after a restart, by asking.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::{ATTEMPTS, Choice, Common, Offer, Tiers};
use crate::clock::Timestamp;
use crate::simulator::{Decision, KeyFacts, Policy, Question, Reply};

/// After a 429 that names no delay; `api_key_cooldown_period`.
const UNNAMED: Duration = Duration::from_mins(1);
/// After a server error, or one that is not understood.
const FAULT: Duration = Duration::from_secs(10);

/// The policy.
#[derive(Debug)]
pub(crate) struct Random {
    common: Common,
    /// By (key, model).
    cooling: BTreeMap<(usize, usize), Timestamp>,
    removed: BTreeSet<usize>,
}

impl Random {
    pub(crate) fn new(fleet: &[KeyFacts], tiers: Tiers) -> Self {
        Self {
            common: Common::new(fleet, tiers),
            cooling: BTreeMap::new(),
            removed: BTreeSet::new(),
        }
    }
}

impl Policy for Random {
    fn name(&self) -> &'static str {
        "random, retryDelay"
    }

    fn decide(
        &mut self,
        question: &Question,
        attempt: u32,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Decision {
        if attempt >= ATTEMPTS {
            return self.common.give_up(question);
        }
        let free_at = |key, offer: Offer| {
            let until = self.cooling.get(&(key, offer.model)).copied();
            (!self.removed.contains(&key)).then_some(until.unwrap_or_default())
        };
        match self.common.choice(question, now, free_at) {
            Choice::Free(offer, keys) => Decision::Call {
                key: keys[rng.usize(0..keys.len())],
                model: offer.model,
            },
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
        let cooldown = match reply {
            Reply::Answer => return,
            Reply::Refused => {
                self.removed.insert(call.0);
                return;
            }
            Reply::MinuteQuota { retry, .. } | Reply::DayQuota { retry, .. } => retry,
            Reply::Throttled => UNNAMED,
            Reply::Overloaded
            | Reply::Internal
            | Reply::Unexplained
            | Reply::Disowned
            | Reply::Region
            | Reply::Missing
            | Reply::Page
            | Reply::Blocked => FAULT,
        };
        let until = self.cooling.entry(call).or_default();
        *until = now.after(cooldown).max(*until);
    }

    fn restart(&mut self, _now: Timestamp) {
        self.common.restart();
        self.cooling.clear();
        self.removed.clear();
    }

    fn has_blacklisted(&self, key: usize, _now: Timestamp) -> bool {
        self.removed.contains(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::Step::{Ask, End, Out, Restart};
    use super::super::trace::{ANSWER, DAY, GIVE_UP, MINUTE, call, keys, play, tiers, wait};
    use super::*;
    use crate::catalog::Tier;

    const SEED: u64 = 6;
    /// What the seed draws, in the order of the trace: (from so many, this one).
    #[rustfmt::skip]
    const DRAWS: [(usize, usize); 10] = [
        (3, 2), (2, 1), (1, 0), (2, 1), (1, 0), (1, 0), (2, 0), (1, 0), (1, 0), (3, 2),
    ];

    #[test]
    fn a_cooldown_is_as_long_as_the_error_says_and_a_refused_key_is_dropped() {
        let mut rng = fastrand::Rng::with_seed(SEED);
        for (many, drawn) in DRAWS {
            assert_eq!(rng.usize(0..many), drawn);
        }
        let mut policy = Random::new(&keys(3), tiers());
        #[rustfmt::skip]
        let steps = [
            // Free keys, the draw from them         what cools until when, as (key, model)
            Ask(0, 1, 0, call(2, 0)), // k0 k1 k2, 2
            End(1, 1, (2, 0), MINUTE), //             (2, 0) for 20 s: 21
            Ask(1, 1, 1, call(1, 0)), // k0 k1, 1
            End(2, 1, (1, 0), Reply::Throttled), //   (1, 0) for 60 s: 62
            Ask(2, 1, 2, call(0, 0)), // k0, 0
            End(3, 1, (0, 0), Reply::Refused), //     k0 is dropped
            Out(3, &[0]),
            Ask(3, 1, 3, GIVE_UP), // the attempts are used up
            Ask(3, 2, 0, call(2, 1)), // none for model 0; k1 k2 for model 1, 1
            End(4, 2, (2, 1), Reply::Overloaded), //  (2, 1) for 10 s: 14
            Ask(4, 2, 1, call(1, 1)), // k1, 0; model 0 is behind this question
            End(5, 2, (1, 1), Reply::Unexplained), // (1, 1) for 10 s: 15
            Ask(5, 2, 2, wait(14)),
            Ask(14, 2, 2, call(2, 1)), // k2, 0
            End(15, 2, (2, 1), ANSWER),
            Ask(15, 3, 0, call(1, 1)), // none for model 0; k1 k2 for model 1, 0
            End(16, 3, (1, 1), DAY), //               (1, 1) for 40 s: 56
            Ask(16, 3, 1, call(2, 1)), // k2, 0
            End(17, 3, (2, 1), MINUTE), //            (2, 1) for 20 s: 37
            Ask(17, 3, 2, GIVE_UP), // the first key is free at 37, the patience ends at 30
            Ask(22, 4, 0, call(2, 0)), // k2, 0
            End(23, 4, (2, 0), Reply::Internal), //   (2, 0) for 10 s: 33
            Ask(23, 4, 1, wait(33)),
            Restart(24), Out(24, &[]),
            Ask(24, 5, 0, call(2, 0)), // k0 k1 k2, 2
        ];
        play(&mut policy, Tier::Lite, SEED, &steps);
    }

    #[test]
    fn the_longer_of_two_cools_down_holds() {
        let mut policy = Random::new(&keys(1), tiers());
        #[rustfmt::skip]
        let steps = [
            // Two calls under way at once.
            Ask(8, 1, 0, call(0, 3)), Ask(9, 2, 0, call(0, 3)),
            End(10, 1, (0, 3), MINUTE), // 30
            End(11, 2, (0, 3), Reply::Internal), // 21
            Ask(20, 3, 0, wait(30)),
        ];
        play(&mut policy, Tier::Pro, 0, &steps);
    }
}

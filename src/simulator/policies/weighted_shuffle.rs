//! Weighted shuffle with a short cooldown. Follows the router of litellm (`BerriAI/litellm`,
//! documents "Router, strategies" and "Retries, fallbacks and cooldowns",
//! `router_utils/cooldown_handlers.py`): `routing_strategy = simple-shuffle` draws one deployment, that
//! is one key with one model, by its weight, and its `rpm` serves as the weight. A failed deployment
//! stays out of every pick for `cooldown_time` seconds: at once after a 429, a 401 or a 404, else when
//! it failed more often than `allowed_fails`. A group of one deployment is not cooled by a 429 or a
//! server error. When all are cooling, the caller is told the shortest wait; when a group has nothing,
//! `fallbacks` names the next one. A key that is refused is tried again after each cooldown.
//!
//! Settings: `allowed_fails = 0` and `cooldown_time = 60`, usual for key pools (the default of 5 s
//! runs into the same minute's quota again).
//!
//! Made fair: our models are the groups and the smaller tiers their fallbacks. The original leaves a
//! weight as it stands; here it falls with the failures of the last minutes, which helps.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ATTEMPTS, Choice, Common, Offer, Tiers};
use crate::clock::Timestamp;
use crate::simulator::{Decision, KeyFacts, Policy, Question, Reply};

/// `cooldown_time`.
const COOLDOWN: Duration = Duration::from_mins(1);
/// How long a failure weighs on a deployment.
const RECENT: Duration = Duration::from_mins(5);
/// Keeps a weight whole when it is divided by the failures.
const SCALE: u32 = 60;

/// The policy.
#[derive(Debug)]
pub(crate) struct WeightedShuffle {
    common: Common,
    /// By (key, model).
    cooling: BTreeMap<(usize, usize), Timestamp>,
    /// When a deployment failed, by (key, model).
    failures: BTreeMap<(usize, usize), Vec<Timestamp>>,
}

impl WeightedShuffle {
    pub(crate) fn new(fleet: &[KeyFacts], tiers: Tiers) -> Self {
        Self {
            common: Common::new(fleet, tiers),
            cooling: BTreeMap::new(),
            failures: BTreeMap::new(),
        }
    }

    fn weight(&self, key: usize, offer: Offer, now: Timestamp) -> u32 {
        let times = self.failures.get(&(key, offer.model)).into_iter().flatten();
        let recent = times.filter(|&&at| now.since(at) < RECENT).count();
        let parts = u32::try_from(recent).map_or(u32::MAX, |recent| recent.saturating_add(1));
        (offer.rpm.saturating_mul(SCALE) / parts).max(1)
    }

    /// The first key of a shuffle by weight.
    fn draw(
        &self,
        keys: &[usize],
        offer: Offer,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Option<usize> {
        let weights: Vec<u32> = keys
            .iter()
            .map(|&key| self.weight(key, offer, now))
            .collect();
        let mut left = rng.u32(0..weights.iter().sum::<u32>().max(1));
        let mut pairs = keys.iter().zip(weights);
        let drawn = pairs.find(|&(_, weight)| {
            let hit = left < weight;
            left = left.saturating_sub(weight);
            hit
        });
        drawn.map(|(&key, _)| key)
    }
}

impl Policy for WeightedShuffle {
    fn name(&self) -> &'static str {
        "weighted shuffle, 60 s cooldown"
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
            Some(until.unwrap_or_default())
        };
        match self.common.choice(question, now, free_at) {
            Choice::Free(offer, keys) => match self.draw(&keys, offer, now, rng) {
                Some(key) => Decision::Call {
                    key,
                    model: offer.model,
                },
                None => self.common.give_up(question),
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
        if reply == Reply::Answer {
            return;
        }
        let failures = self.failures.entry(call).or_default();
        failures.retain(|&at| now.since(at) < RECENT);
        failures.push(now);
        let alone = self.common.keys(question).len() == 1;
        if !alone || reply == Reply::Refused {
            self.cooling.insert(call, now.after(COOLDOWN));
        }
    }

    fn restart(&mut self, _now: Timestamp) {
        self.common.restart();
        self.cooling.clear();
        self.failures.clear();
    }

    /// A minute is a short cooldown, and nothing is ever kept away for longer.
    fn has_blacklisted(&self, _key: usize, _now: Timestamp) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::Step::{Ask, End, Out, Restart};
    use super::super::trace::{ANSWER, DAY, GIVE_UP, MINUTE, at, call, keys, play, tiers, wait};
    use super::*;
    use crate::catalog::Tier;

    const SEED: u64 = 7;
    /// What the seed draws, in the order of the trace: (from so much weight, this point).
    #[rustfmt::skip]
    const DRAWS: [(u32, u32); 10] = [
        (2700, 1186), (1800, 485), (900, 362), (900, 592), (1800, 1756), (1200, 266), (450, 5),
        (1200, 661), (2700, 621), (2700, 1623),
    ];

    #[test]
    fn a_failed_deployment_cools_for_a_minute_and_weighs_less_for_five() {
        let mut rng = fastrand::Rng::with_seed(SEED);
        for (weight, point) in DRAWS {
            assert_eq!(rng.u32(0..weight), point);
        }
        let mut policy = WeightedShuffle::new(&keys(3), tiers());
        #[rustfmt::skip]
        let steps = [
            // Weights of k0, k1, k2 (rpm 15 of model 0: 900, rpm 10 of model 1: 600), the point drawn
            Ask(0, 1, 0, call(1, 0)), // 900 900 900, 1186
            End(1, 1, (1, 0), MINUTE), // (1, 0) cools until 61
            Ask(1, 1, 1, call(0, 0)), // 900 - 900, 485
            End(2, 1, (0, 0), Reply::Internal), // (0, 0) until 62
            Ask(2, 1, 2, call(2, 0)), // - - 900, 362
            End(3, 1, (2, 0), ANSWER),
            Ask(3, 2, 0, call(2, 0)), // - - 900, 592
            End(4, 2, (2, 0), Reply::Overloaded), // (2, 0) until 64
            Ask(4, 2, 1, call(2, 1)), // model 1: 600 600 600, 1756
            End(5, 2, (2, 1), Reply::Refused), // (2, 1) until 65
            Out(5, &[]),
            Ask(5, 2, 2, call(0, 1)), // model 1: 600 600 -, 266
            End(6, 2, (0, 1), DAY), // (0, 1) until 66
            Ask(6, 2, 3, GIVE_UP), // the attempts are used up
            Ask(61, 3, 0, call(1, 0)), // - 450 -, 5: one failure halves the weight
            End(62, 3, (1, 0), Reply::Throttled), // (1, 0) until 122
            Ask(130, 4, 0, call(1, 0)), // 450 300 450, 661
            End(131, 4, (1, 0), ANSWER),
            Ask(362, 5, 0, call(0, 0)), // 900 900 900, 621: the last failure was 5 minutes ago
            End(363, 5, (0, 0), MINUTE), // (0, 0) until 423
            Restart(364),
            Ask(364, 6, 0, call(1, 0)), // 900 900 900, 1623
        ];
        play(&mut policy, Tier::Lite, SEED, &steps);
    }

    #[test]
    fn each_failure_divides_the_weight_for_five_minutes() {
        let mut policy = WeightedShuffle::new(&keys(3), tiers());
        let offer = tiers().lite[0];
        #[rustfmt::skip]
        let steps = [
            Ask(0, 1, 0, call(1, 0)), End(0, 1, (1, 0), MINUTE), End(10, 1, (1, 0), MINUTE),
        ];
        play(&mut policy, Tier::Lite, SEED, &steps);
        for (secs, weight) in [(10, 300), (299, 300), (300, 450), (309, 450), (310, 900)] {
            assert_eq!(policy.weight(1, offer, at(secs)), weight, "second {secs}");
            assert_eq!(policy.weight(2, offer, at(secs)), 900, "second {secs}");
        }
    }

    #[test]
    fn a_lone_deployment_is_cooled_by_a_refusal_only() {
        let mut policy = WeightedShuffle::new(&keys(1), tiers());
        #[rustfmt::skip]
        let steps = [
            Ask(0, 1, 0, call(0, 3)), End(1, 1, (0, 3), MINUTE),
            Ask(1, 1, 1, call(0, 3)), End(2, 1, (0, 3), Reply::Refused), // until 62
            Ask(2, 1, 2, GIVE_UP), // the patience ends at 15
            Ask(50, 2, 0, wait(62)),
            Ask(62, 2, 0, call(0, 3)),
        ];
        play(&mut policy, Tier::Pro, SEED, &steps);
    }
}

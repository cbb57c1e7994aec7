//! Plays a trace that was worked out by hand: what happens, and what the policy must say to it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Offer, Tiers};
use crate::catalog::Tier;
use crate::clock::Timestamp;
use crate::keys::Group;
use crate::simulator::{Decision, KeyFacts, Policy, Question, Reply};

/// 10:00 in California, far from any midnight.
const START: Timestamp = Timestamp::from_secs(1_795_197_600);

pub(super) const ANSWER: Reply = Reply::Answer;
pub(super) const MINUTE: Reply = Reply::MinuteQuota {
    limit: 15,
    retry: Duration::from_secs(20),
};
pub(super) const DAY: Reply = Reply::DayQuota {
    limit: 500,
    retry: Duration::from_secs(40),
};
pub(super) const GIVE_UP: Decision = Decision::GiveUp;

/// One line of the trace; times are seconds from its start.
pub(super) enum Step {
    /// At this second this question, which has had so many calls, is decided so.
    Ask(u64, usize, u32, Decision),
    /// At this second the call (key, model) for this question ends so.
    End(u64, usize, (usize, usize), Reply),
    /// At this second exactly these keys are blacklisted.
    Out(u64, &'static [usize]),
    Restart(u64),
}

pub(super) const fn call(key: usize, model: usize) -> Decision {
    Decision::Call { key, model }
}

pub(super) fn wait(secs: u64) -> Decision {
    Decision::Wait { until: at(secs) }
}

pub(super) fn at(secs: u64) -> Timestamp {
    START.after(Duration::from_secs(secs))
}

/// That many keys without a group, each with a project of its own.
pub(super) fn keys(count: usize) -> Vec<KeyFacts> {
    let key = |project| KeyFacts {
        group: None,
        project,
    };
    (0..count).map(key).collect()
}

/// Lite: models 0 and 1. Flash: 2, then lite. Pro: 3 alone.
pub(super) fn tiers() -> Tiers {
    let offer = |model, tier, rpm, rpd| Offer {
        model,
        tier,
        rpm,
        rpd,
    };
    let lite = vec![offer(0, Tier::Lite, 15, 500), offer(1, Tier::Lite, 10, 500)];
    let flash = [vec![offer(2, Tier::Flash, 5, 20)], lite.clone()].concat();
    let pro = vec![offer(3, Tier::Pro, 5, 50)];
    Tiers { lite, flash, pro }
}

pub(super) fn question(id: usize, at: Timestamp, tier: Tier) -> Question {
    Question {
        id,
        at,
        group: Group::A,
        tier,
        tokens: 100,
        takes: Duration::from_secs(1),
    }
}

/// Plays the steps with questions of this tier; a question arrives when it is asked about first.
pub(super) fn play(policy: &mut dyn Policy, tier: Tier, seed: u64, steps: &[Step]) {
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut questions = BTreeMap::new();
    for (place, step) in steps.iter().enumerate() {
        match *step {
            Step::Ask(secs, id, attempt, expected) => {
                let asked = questions.entry(id);
                let asked = asked.or_insert_with(|| question(id, at(secs), tier));
                let said = policy.decide(asked, attempt, at(secs), &mut rng);
                assert_eq!(said, expected, "step {place}, second {secs}, question {id}");
            }
            Step::End(secs, id, call, reply) => {
                policy.told(&questions[&id], call, reply, at(secs), &mut rng);
            }
            Step::Out(secs, expected) => {
                let out = (0..3).filter(|&key| policy.has_blacklisted(key, at(secs)));
                assert_eq!(out.collect::<Vec<_>>(), expected, "step {place}");
            }
            Step::Restart(secs) => policy.restart(at(secs)),
        }
    }
}

use proptest::prelude::*;

use super::*;
use crate::keys::Group;

const GROUPS: [Group; 4] = [Group::A, Group::B, Group::C, Group::D];
const TIERS: [Tier; 3] = [Tier::Lite, Tier::Flash, Tier::Pro];
const REPLIES: [Reply; 8] = [
    Reply::Answer,
    trace::MINUTE,
    trace::DAY,
    Reply::Throttled,
    Reply::Overloaded,
    Reply::Internal,
    Reply::Refused,
    Reply::Unexplained,
];

/// One key of each group, and one of none.
fn fleet() -> Vec<KeyFacts> {
    let groups = GROUPS.into_iter().map(Some).chain([None]);
    let facts = groups.enumerate();
    facts
        .map(|(project, group)| KeyFacts { group, project })
        .collect()
}

fn question(id: usize, group: Group, tier: Tier, at: Timestamp) -> Question {
    Question {
        group,
        ..trace::question(id, at, tier)
    }
}

#[test]
fn the_models_of_a_tier_come_first_and_smaller_tiers_after_them() {
    let tiers = Tiers::of(&Catalog::shipped());
    let models = |tier| -> Vec<usize> { tiers.list(tier).iter().map(|o| o.model).collect() };
    assert_eq!(models(Tier::Lite), [0, 1]);
    assert_eq!(models(Tier::Flash), [2, 3, 4, 0, 1]);
    // Only `:paid` keys may call the models of tier pro.
    assert_eq!(models(Tier::Pro), [2, 3, 4, 0, 1]);
    let first = tiers.list(Tier::Flash)[0];
    assert_eq!((first.tier, first.rpm, first.rpd), (Tier::Flash, 5, 20));
}

#[test]
fn nobody_borrows_upward() {
    let common = Common::new(&fleet(), trace::tiers());
    let cases: [(Group, &[usize]); 4] = [
        (Group::A, &[0, 1, 2, 3, 4]),
        (Group::B, &[1, 2, 3, 4]),
        (Group::C, &[2, 3, 4]),
        (Group::D, &[3, 4]),
    ];
    for (group, keys) in cases {
        let question = question(0, group, Tier::Lite, trace::at(0));
        assert_eq!(common.keys(&question), keys, "{group:?}");
    }
}

#[test]
fn the_table_has_five_names() {
    let policies = all(&fleet(), &trace::tiers());
    let mut names: Vec<_> = policies.iter().map(|policy| policy.name()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), 5, "{names:?}");
}

#[test]
fn a_fleet_without_a_fitting_key_gives_up() {
    let upper = [KeyFacts {
        group: Some(Group::A),
        project: 0,
    }];
    for mut policy in all(&upper, &trace::tiers()) {
        let question = question(0, Group::B, Tier::Lite, trace::at(0));
        let mut rng = fastrand::Rng::with_seed(0);
        let said = policy.decide(&question, 0, trace::at(0), &mut rng);
        assert_eq!(said, Decision::GiveUp, "{}", policy.name());
    }
}

/// A question of a random trace: seconds since the one before, group, tier, and the ends of its
/// calls.
type Asked = (u64, usize, usize, [usize; 3]);

/// Serves the questions one after the other and keeps every decision, checking each.
fn serve(policy: &mut dyn Policy, asked: &[Asked], seed: u64) -> Vec<Decision> {
    let (fleet, tiers) = (fleet(), trace::tiers());
    let mut rng = fastrand::Rng::with_seed(seed);
    let mut now = trace::at(0);
    let mut said = Vec::new();
    for (id, &(gap, group, tier, ends)) in asked.iter().enumerate() {
        now = now.after(Duration::from_secs(gap));
        let question = question(id, GROUPS[group], TIERS[tier], now);
        let mut attempt = 0;
        loop {
            let decision = policy.decide(&question, attempt, now, &mut rng);
            said.push(decision);
            match decision {
                Decision::Call { key, model } => {
                    assert!(attempt < ATTEMPTS);
                    assert!(fleet[key].group.is_none_or(|own| own >= question.group));
                    let list = tiers.list(question.tier);
                    assert!(list.iter().any(|offer| offer.model == model));
                    let end = REPLIES[ends[attempt as usize]];
                    attempt += 1;
                    now = now.after(question.takes);
                    policy.told(&question, (key, model), end, now, &mut rng);
                    if end == Reply::Answer {
                        break;
                    }
                }
                Decision::Wait { until } => {
                    assert!(until > now && until <= question.at.after(PATIENCE));
                    now = until;
                }
                Decision::GiveUp => break,
            }
        }
        assert_eq!(policy.woken(), [0; 0]);
        if gap == 7 {
            policy.restart(now);
            assert!((0..fleet.len()).all(|key| !policy.has_blacklisted(key, now)));
        }
    }
    said
}

proptest! {
    #[test]
    fn every_policy_keeps_to_groups_models_attempts_and_patience(
        asked in prop::collection::vec(
            (0u64..30, 0usize..4, 0usize..3, prop::array::uniform3(0usize..REPLIES.len())),
            1..60,
        ),
        seed: u64,
    ) {
        for place in 0..5 {
            let again = || serve(all(&fleet(), &trace::tiers())[place].as_mut(), &asked, seed);
            prop_assert_eq!(again(), again());
        }
    }
}

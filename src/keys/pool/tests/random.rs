//! Random histories of whole questions: four groups that borrow, shared projects, a paid key, people
//! who wait or give up, calls that leave late, restarts and new settings at any moment.

use proptest::prelude::*;

use super::*;
use crate::keys::Repair;

mod world;

use world::World;

/// So small that every limit is met; "dear" is what only money buys.
pub(super) const OFFERS: &str = r#"
[[model]]
id = "small"
tier = "lite"
rpm = 5
tpm = 1_000
rpd = 30
free = true
price_in = 0.3
price_out = 2.5
context_tokens = 1000
max_output = 100

[[model]]
id = "mid"
tier = "flash"
rpm = 4
tpm = 2_000
rpd = 14
free = true
price_in = 0.3
price_out = 2.5
context_tokens = 1000
max_output = 100

[[model]]
id = "twin"
tier = "flash"
rpm = 2
tpm = 2_000
rpd = 20
free = true
price_in = 0.3
price_out = 2.5
context_tokens = 1000
max_output = 100

[[model]]
id = "dear"
tier = "pro"
rpm = 5
tpm = 100_000
rpd = 50
free = false
price_in = 4.0
price_out = 20.0
context_tokens = 1000
max_output = 100
"#;

/// Money for six calls of "dear".
const THRIFTY: Policy = Policy {
    paid_daily: 15_000,
    ..POLICY
};

const TIERS: [Tier; 3] = [Tier::Lite, Tier::Flash, Tier::Pro];

/// Whom people of a group may borrow from: themselves and whoever is below.
const REACH: [&[Group]; 4] = [
    &[Group::A, Group::B, Group::C, Group::D],
    &[Group::B, Group::C, Group::D],
    &[Group::C, Group::D],
    &[Group::D],
];

#[derive(Debug, Clone, Copy)]
enum Step {
    Ask {
        person: usize,
        tier: usize,
        tokens: u64,
        rank: u8,
        patience: u64,
    },
    /// A call ends; the question goes on where its route says so.
    End {
        which: usize,
        how: usize,
        limit: Option<(usize, u64)>,
    },
    Leave {
        which: usize,
    },
    Refund {
        which: usize,
    },
    GiveUp {
        which: usize,
    },
    Sleep {
        millis: u64,
    },
    /// Until somebody who waits is to look again.
    UntilWake,
    Retest {
        which: usize,
        shown: Retested,
    },
    Restart,
    Reconfigure {
        which: usize,
        how: usize,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let patience = prop_oneof![Just(0), 0..15_000_u64, Just(90_000)];
    let tokens = prop_oneof![1..100_u64, 200..1_000_u64];
    let ask = (0..4_usize, 0..3_usize, tokens, 0..2_u8, patience);
    let limit = (0..3_usize, 0..8_u64);
    let shown = prop_oneof![
        Just(Retested::Accepted),
        Just(Retested::Refused),
        Just(Retested::Unknown)
    ];
    let which = || 0..50_usize;
    prop_oneof![
        20 => ask.prop_map(|(person, tier, tokens, rank, patience)| Step::Ask {
            person, tier, tokens, rank, patience,
        }),
        14 => (which(), 0..46_usize, prop::option::weighted(0.04, limit))
            .prop_map(|(which, how, limit)| Step::End { which, how, limit }),
        4 => which().prop_map(|which| Step::Leave { which }),
        1 => which().prop_map(|which| Step::Refund { which }),
        1 => which().prop_map(|which| Step::GiveUp { which }),
        5 => (0..2_000_u64).prop_map(|millis| Step::Sleep { millis }),
        3 => (0..70_000_u64).prop_map(|millis| Step::Sleep { millis }),
        1 => (0..40_000_000_u64).prop_map(|millis| Step::Sleep { millis }),
        6 => Just(Step::UntilWake),
        1 => (which(), shown).prop_map(|(which, shown)| Step::Retest { which, shown }),
        1 => Just(Step::Restart),
        1 => (which(), 0..4_usize).prop_map(|(which, how)| Step::Reconfigure { which, how }),
    ]
}

/// What a call may mean, and where its question goes then.
fn outcome(how: usize) -> (Effect, Next) {
    let minute = Cooldown::For(Duration::from_mins(1));
    let second = Cooldown::For(Duration::from_secs(1));
    let hours = Cooldown::For(Duration::from_hours(6));
    match how {
        0 => (Effect::KillKey(Death::Invalid), Next::AnotherKey),
        1 => (Effect::KillKey(Death::Leaked), Next::AnotherKey),
        2 => (Effect::KillProject(Death::ProjectDenied), Next::AnotherKey),
        3..6 => (Effect::CoolKeyModel(minute), Next::AnotherKey),
        6 => (
            Effect::CoolKeyModel(Cooldown::UntilPacificMidnight),
            Next::AnotherKey,
        ),
        7 => (Effect::CoolKey(hours), Next::AnotherKey),
        8 => (Effect::CoolProject(minute), Next::AnotherKey),
        9..12 => (Effect::Overloaded(second), Next::AnotherModel),
        12 => (Effect::Overloaded(Cooldown::Configured), Next::AnotherModel),
        13 | 31 => (Effect::Unserved, Next::AnotherKey),
        14 | 30 => (Effect::Page, Next::AnotherKey),
        15..18 => (Effect::Suspect(Cooldown::Configured), Next::AnotherKey),
        18..21 => (Effect::Strike(Cooldown::Configured), Next::AnotherKey),
        21..23 => (Effect::Throttled(minute), Next::AnotherModel),
        23 => (Effect::ModelMissing(hours), Next::AnotherKey),
        24..26 => (Effect::Innocent, Next::Nowhere),
        27..30 => (Effect::Refused(Death::Unlisted), Next::AnotherKey),
        26 => (Effect::Innocent, Next::Repaired(Repair::NoThinkingConfig)),
        44 => (Effect::WrongEndpoint, Next::Nowhere),
        45 => (Effect::SpendingCap, Next::AnotherKey),
        _ => (Effect::Healthy, Next::Done),
    }
}

/// One or two keys of each group; the second A key and the first D key are of one project, and one
/// of B's keys costs money.
fn keys() -> Vec<KeySpec> {
    let groups = [
        Some(Group::A),
        Some(Group::A),
        Some(Group::D),
        Some(Group::B),
        Some(Group::C),
        Some(Group::D),
        None,
        Some(Group::B),
    ];
    let mut keys: Vec<KeySpec> = (1..)
        .zip(groups)
        .map(|(name, group)| key(name, group))
        .collect();
    keys[2].project = keys[1].project;
    keys[7].paid = true;
    keys
}

/// All of them, or so few that many wait.
fn family() -> impl Strategy<Value = Vec<KeySpec>> {
    prop_oneof![
        Just(keys()),
        (1..4_usize).prop_map(|few| keys().split_off(8 - few))
    ]
}

/// Close to a midnight, on which summer time ends.
fn start() -> impl Strategy<Value = Timestamp> {
    (0..300_000_u64).prop_map(|before| Timestamp(1_793_606_400_000 - before))
}

proptest! {
    #![proptest_config(cases(50))]

    #[test]
    fn whoever_is_lent_a_key_is_within_every_rule_of_the_pool(
        start in start(),
        keys in family(),
        steps in prop::collection::vec(step(), 1..300),
    ) {
        World::new(keys, start).run(steps);
    }

    #[test]
    fn everybody_in_the_line_is_served_or_told_that_it_is_over(
        start in start(),
        keys in family(),
        steps in prop::collection::vec(step(), 1..120),
    ) {
        let mut world = World::new(keys, start);
        world.run(steps);
        world.come_to_an_end();
    }
}

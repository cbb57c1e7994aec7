//! The table: the pool of this program and five known policies beside the oracle. A short one in
//! every test run; all of it with `SVS_BOT_FULL` set.

use super::*;
use crate::app::call::look;
use crate::gemini::{self, Judgement};
use crate::simulator::ours::{Judge, Ours};
use crate::simulator::policies::Tiers;
use crate::simulator::replies::Said;
use crate::simulator::table::Row;

/// As the program does it.
const JUDGE: Judge = Judge {
    call: |model, said, tokens| judged(model, said, tokens).verdict,
    look: |model, said| look::meaning(&Err(judged(model, said, 0))),
};

fn judged(model: &str, said: &Said, tokens: u64) -> Judgement {
    let reply = (said.status, said.content_type, said.body.as_str());
    gemini::judged(model, reply, tokens)
}

const OURS: Contender = Contender {
    make: |world, start| Box::new(Ours::new(world, JUDGE, start)),
};

/// The five, in the order of [`policies::all`].
const KNOWN: [Contender; 5] = [
    Contender {
        make: |world, _| known(world, 0),
    },
    Contender {
        make: |world, _| known(world, 1),
    },
    Contender {
        make: |world, _| known(world, 2),
    },
    Contender {
        make: |world, _| known(world, 3),
    },
    Contender {
        make: |world, _| known(world, 4),
    },
];

fn known(world: &World, place: usize) -> Box<dyn Policy> {
    let mut all = policies::all(&world.keys, &Tiers::of(&world.catalog));
    all.swap_remove(place)
}

#[expect(
    clippy::disallowed_methods,
    reason = "a person chooses the long table with it"
)]
fn is_long() -> bool {
    std::env::var_os("SVS_BOT_FULL").is_some()
}

/// What ours does worse than this row of a known policy.
fn worse(ours: &Row, known: &Row) -> Vec<String> {
    let figures = [
        ("provoked 429s", ours.provoked, known.provoked),
        (
            "calls to dead keys",
            ours.calls_to_dead,
            known.calls_to_dead,
        ),
        (
            "sound keys blacklisted",
            u32::try_from(ours.wronged).unwrap(),
            u32::try_from(known.wronged).unwrap(),
        ),
    ];
    let beaten = figures.into_iter().filter(|(_, ours, known)| ours > known);
    beaten
        .map(|(what, ours, its)| {
            format!(
                "{what}: {ours}, {} has {its}, {:?}",
                known.policy, known.plan
            )
        })
        .collect()
}

#[test]
fn the_pool_meets_every_figure_of_the_design() {
    let plans = if is_long() {
        table::full_plans()
    } else {
        table::quick_plans()
    };
    let rows = table::rows(&plans, &[OURS]);
    let missed: Vec<String> = rows.iter().flat_map(table::targets).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn the_pool_lives_with_what_the_service_really_does() {
    let plans = if is_long() {
        table::full_habits()
    } else {
        table::quick_habits()
    };
    let rows = table::rows(&plans, &[OURS]);
    let missed: Vec<String> = rows.iter().flat_map(table::targets).collect();
    assert!(missed.is_empty(), "{missed:#?}");
}

#[test]
fn no_known_policy_is_better() {
    let plans: Vec<Plan> = if is_long() {
        table::full_plans()
    } else {
        let kinds = [Kind::TierOut, Kind::DyingKeys];
        let quick = table::quick_plans().into_iter();
        quick
            .filter(|plan| {
                kinds.contains(&plan.kind) || (plan.kind, plan.fleet) == (Kind::Everything, 5)
            })
            .collect()
    };
    let mut contenders = vec![OURS];
    contenders.extend(KNOWN);
    let rows = table::rows(&plans, &contenders);
    let mut faults = Vec::new();
    let mut strictly = [0; KNOWN.len()];
    let mut served = [(0, 0); KNOWN.len()];
    for of_plan in rows.chunks(contenders.len()) {
        let (ours, known) = of_plan.split_first().unwrap();
        for (place, row) in known.iter().enumerate() {
            faults.extend(worse(ours, row));
            strictly[place] += usize::from(!worse(row, ours).is_empty());
            if row.overspend == 0 {
                served[place].0 += ours.served;
                served[place].1 += row.served;
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
    assert!(strictly.iter().all(|rows| *rows > 0), "{strictly:?}");
    // Where a policy kept the day's caps, and over all those traces together.
    assert!(served.iter().all(|(ours, its)| ours >= its), "{served:?}");
}

use std::time::Duration;

use proptest::prelude::ProptestConfig;

use super::*;
use crate::catalog::Tier;
use crate::keys::{Cooldown, Counted, Death, Effect, Group, Learned, News, Next, Quota, Verdict};

pub(in crate::keys) const T0: Timestamp = Timestamp::from_secs(1_795_000_000);

/// Limits so small that every one of them is met.
const MODELS: &str = r#"
[[model]]
id = "small"
tier = "lite"
rpm = 3
tpm = 1_000
rpd = 20
free = true
price_in = 0.3
price_out = 2.5
context_tokens = 1000
max_output = 100

[[model]]
id = "big"
tier = "lite"
rpm = 15
tpm = 2_000
rpd = 500
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

pub(in crate::keys) const POLICY: Policy = Policy {
    rpm: None,
    daily_percent: 30,
    cooldown: Duration::from_secs(10),
    max_errors: 3,
    blacklist: Duration::from_hours(1),
    paid_daily: 1_000_000,
};

/// How many random histories a property is held against: forty times as many where there is time.
#[expect(
    clippy::disallowed_methods,
    reason = "a person chooses the long run with it"
)]
fn cases(usual: u32) -> ProptestConfig {
    let is_long = std::env::var_os("SVS_BOT_FULL").is_some();
    ProptestConfig::with_cases(if is_long { 40 * usual } else { usual })
}

pub(in crate::keys) fn catalog() -> Catalog {
    Catalog::parse(MODELS).unwrap()
}

pub(in crate::keys) fn key(name: u8, group: Option<Group>) -> KeySpec {
    KeySpec {
        fingerprint: [name; 16],
        project: [name; 16],
        group,
        paid: false,
        label: format!("…{name}"),
    }
}

pub(in crate::keys) fn pool(keys: Vec<KeySpec>) -> Pool {
    Pool::new(POLICY, keys, &catalog(), Saved::default(), T0)
}

pub(in crate::keys) fn ask(groups: &[Group], models: &[&str]) -> Ask {
    Ask {
        groups: groups.to_vec(),
        tiers: vec![models.iter().map(|&id| id.to_owned()).collect()],
        tokens: 10,
        paid_only: false,
        avoid: Vec::new(),
        suspects: Vec::new(),
        pages: 0,
        attempts: 0,
        rank: 3,
        since: Timestamp(0),
        patience: Timestamp(0),
    }
}

fn small() -> Ask {
    ask(&[Group::C], &["small"])
}

fn rng() -> fastrand::Rng {
    fastrand::Rng::with_seed(7)
}

fn says(effect: Effect) -> Verdict {
    Verdict {
        effect,
        next: Next::AnotherKey,
        learned: Vec::new(),
        counted: Counted::Yes,
        tokens: None,
    }
}

pub(in crate::keys) fn after(secs: u64) -> Timestamp {
    T0.after(Duration::from_secs(secs))
}

/// Lends at once, or says when.
fn lend(pool: &mut Pool, ask: &Ask, now: Timestamp) -> Result<Lease, Wait> {
    match pool.reserve(ask, now, &mut rng()) {
        Reserved::Lent(lease) => Ok(lease),
        Reserved::Refused(wait) => Err(wait),
        Reserved::Queued(place) => panic!("nobody here is patient: {place:?}"),
    }
}

/// Reserves and settles at once; the fingerprint's first byte, or why not.
pub(in crate::keys) fn call(
    pool: &mut Pool,
    ask: &Ask,
    effect: Effect,
    now: Timestamp,
) -> Result<u8, Wait> {
    let lease = lend(pool, ask, now)?;
    let name = lease.key[0];
    pool.settle(lease, &says(effect), now, &mut rng());
    Ok(name)
}

/// Whether whoever made this call, which was refused in words that no table lists, is to look at its
/// key.
fn is_to_be_looked_at(pool: &mut Pool, call: &Attempted, now: Timestamp) -> bool {
    let look = pool.look_for(call, Effect::Refused(Death::Unlisted), now);
    look == Some(LookFor::Key)
}

fn wait(until: Timestamp, why: Why) -> Wait {
    Wait {
        until: Some(until),
        why,
    }
}

#[test]
fn a_full_minute_names_the_moment_it_has_room_again() {
    let mut pool = pool(vec![key(1, Some(Group::C))]);
    for secs in [0, 5, 9] {
        assert_eq!(
            call(&mut pool, &small(), Effect::Healthy, after(secs)),
            Ok(1)
        );
    }
    let frees = Timestamp(T0.0 + 60_250);
    let full = Err(wait(frees, Why::Minute));
    let just_before = Timestamp(frees.0 - 1);
    assert_eq!(call(&mut pool, &small(), Effect::Healthy, after(9)), full);
    assert_eq!(
        call(&mut pool, &small(), Effect::Healthy, just_before),
        full
    );
    assert_eq!(call(&mut pool, &small(), Effect::Healthy, frees), Ok(1));
}

#[test]
fn the_next_model_is_asked_when_the_first_has_no_key_left() {
    let mut pool = pool(vec![key(1, Some(Group::C))]);
    let ask = ask(&[Group::C], &["small", "unheard", "big"]);
    for model in ["small", "small", "small", "big"] {
        let lease = lend(&mut pool, &ask, T0).unwrap();
        assert_eq!(lease.model, model);
        pool.settle(lease, &says(Effect::Healthy), T0, &mut rng());
    }
}

#[test]
fn a_spent_day_waits_for_the_pacific_midnight() {
    let mut pool = pool(vec![key(1, Some(Group::C))]);
    for minute in 0..6 {
        let now = after(minute * 61);
        assert_eq!(call(&mut pool, &small(), Effect::Healthy, now), Ok(1));
    }
    let now = after(6 * 61);
    let midnight = pacific::day_of(now).ends;
    let spent = Err(wait(midnight, Why::Day));
    assert_eq!(call(&mut pool, &small(), Effect::Healthy, now), spent);
    assert_eq!(call(&mut pool, &small(), Effect::Healthy, midnight), Ok(1));
}

#[test]
fn keys_of_one_project_share_its_counters() {
    let mut twin = key(2, Some(Group::C));
    twin.project = [1; 16];
    let mut pool = pool(vec![key(1, Some(Group::C)), twin]);
    for _ in 0..3 {
        call(&mut pool, &small(), Effect::Healthy, T0).unwrap();
    }
    let full = call(&mut pool, &small(), Effect::Healthy, T0).unwrap_err();
    assert_eq!(full.why, Why::Minute);
}

#[test]
fn groups_are_tried_in_their_order_and_ungrouped_keys_with_the_first() {
    let mut pool = pool(vec![
        key(1, Some(Group::B)),
        key(2, None),
        key(3, Some(Group::C)),
    ]);
    let ask = ask(&[Group::B, Group::C], &["small"]);
    let mut names: Vec<u8> = (0..7)
        .map(|_| call(&mut pool, &ask, Effect::Healthy, T0).unwrap())
        .collect();
    names[..6].sort_unstable();
    assert_eq!(
        names,
        [1, 1, 1, 2, 2, 2, 3],
        "the lender keeps two of three"
    );
    let full = call(&mut pool, &ask, Effect::Healthy, T0).unwrap_err();
    assert_eq!(full.why, Why::Minute);
    let guest = Ask {
        groups: vec![Group::D],
        ..small()
    };
    let later = call(&mut pool, &guest, Effect::Healthy, after(61));
    assert_eq!(later, Ok(2), "only the ungrouped key serves everybody");
}

#[test]
fn a_group_without_keys_waits_for_nothing() {
    let mut pool = pool(vec![key(1, Some(Group::B))]);
    let nobody = Err(Wait::never(Why::NoKeys));
    assert_eq!(call(&mut pool, &small(), Effect::Healthy, T0), nobody);
}

#[test]
fn paid_keys_open_paid_models_and_serve_guests_only_where_they_were_put() {
    let paid = |name, group| KeySpec {
        paid: true,
        ..key(name, group)
    };
    let dear: &[&str] = &["dear"];
    let nobody = Err(Wait::never(Why::NoKeys));
    let cases = [
        (key(1, None), &[Group::A], dear, nobody),
        (paid(1, None), &[Group::A], dear, Ok(1)),
        (paid(1, None), &[Group::D], dear, nobody),
        (paid(1, None), &[Group::D], &["small"], nobody),
        (paid(1, Some(Group::D)), &[Group::D], dear, Ok(1)),
    ];
    for (spec, groups, models, expected) in cases {
        let mut pool = pool(vec![spec.clone()]);
        let called = call(&mut pool, &ask(groups, models), Effect::Healthy, T0);
        assert_eq!(called, expected, "{spec:?} {groups:?} {models:?}");
    }
}

#[test]
fn a_key_that_was_tried_is_taken_only_when_there_is_no_other() {
    let mut pool = pool(vec![key(1, None), key(2, None)]);
    let one = Ask {
        avoid: vec![[1; 16]],
        ..small()
    };
    for expected in [2, 2, 2, 1, 1, 1] {
        assert_eq!(call(&mut pool, &one, Effect::Healthy, T0), Ok(expected));
    }
}

#[test]
fn a_request_larger_than_a_minute_is_refused_with_the_size_of_the_minute() {
    let mut pool = pool(vec![key(1, None)]);
    let large = |tokens| Ask { tokens, ..small() };
    let never = Err(Wait::never(Why::TooLarge { limit: 1_000 }));
    assert_eq!(call(&mut pool, &large(1_001), Effect::Healthy, T0), never);
    assert_eq!(call(&mut pool, &large(1_000), Effect::Healthy, T0), Ok(1));
    let full = call(&mut pool, &large(1), Effect::Healthy, T0);
    assert_eq!(full, Err(wait(Timestamp(T0.0 + 60_250), Why::Minute)));
}

#[test]
fn slots_bound_the_calls_at_once_and_come_back() {
    let policy = Policy {
        rpm: Some(100),
        ..POLICY
    };
    let mut pool = Pool::new(policy, vec![key(1, None)], &catalog(), Saved::default(), T0);
    let big = ask(&[Group::C], &["big"]);
    let mut leases: Vec<Lease> = (0..8).map(|_| lend(&mut pool, &big, T0).unwrap()).collect();
    let full = lend(&mut pool, &big, T0).unwrap_err();
    assert_eq!(full, wait(after(1), Why::Slots));
    let last = leases.pop().unwrap();
    pool.settle(last, &says(Effect::Innocent), T0, &mut rng());
    let again = lend(&mut pool, &big, T0).unwrap();
    let row = pool.refund(again);
    assert_eq!((row.0, row.1.used), (([1; 16], "big".to_owned()), 8));
}

/// Keys 1 to 4: the second shares the first one's project, the fourth is paid.
fn family() -> Pool {
    let mut keys: Vec<KeySpec> = (1..=4).map(|name| key(name, None)).collect();
    keys[1].project = [1; 16];
    keys[3].paid = true;
    pool(keys)
}

/// Calls this very key, or says that it cannot be.
fn call_one(
    pool: &mut Pool,
    (name, model): (u8, &str),
    effect: Effect,
    now: Timestamp,
) -> Result<u8, Wait> {
    let others = (1..=4).filter(|&other| other != name);
    let ask = Ask {
        avoid: others.map(|other| [other; 16]).collect(),
        ..ask(&[Group::C], &[model])
    };
    let lease = lend(pool, &ask, now)?;
    if lease.key != [name; 16] {
        pool.refund(lease);
        return Err(Wait::never(Why::NoKeys));
    }
    pool.settle(lease, &says(effect), now, &mut rng());
    Ok(name)
}

#[test]
fn every_effect_cools_down_what_it_is_about_and_nothing_else() {
    let minute = Cooldown::For(Duration::from_mins(1));
    let probes = [
        (1, "small"),
        (1, "big"),
        (2, "small"),
        (3, "small"),
        (4, "small"),
    ];
    let leaked = Effect::KillKey(Death::Leaked);
    let denied = Effect::KillProject(Death::ProjectDenied);
    let cases = [
        // (what became of the first probe, which probes may be called 59 seconds later)
        (Effect::Innocent, [true, true, true, true, true]),
        (
            Effect::CoolKeyModel(minute),
            [false, true, false, true, true],
        ),
        (Effect::Suspect(minute), [false, true, true, true, true]),
        (Effect::CoolKey(minute), [false, false, true, true, true]),
        (Effect::Strike(minute), [false, false, true, true, true]),
        (
            Effect::CoolProject(minute),
            [false, false, false, true, true],
        ),
        // One overload is not enough, and one question is no proof.
        (Effect::Overloaded(minute), [true; 5]),
        // Nor is one project about everybody.
        (Effect::Unserved, [true; 5]),
        (Effect::Page, [true; 5]),
        // Ten seconds, until somebody has looked at it.
        (Effect::Refused(Death::Unlisted), [true; 5]),
        (leaked, [false, false, true, true, true]),
        (denied, [false, false, false, true, true]),
    ];
    for (effect, expected) in cases {
        let mut pool = family();
        assert_eq!(call_one(&mut pool, probes[0], effect, T0), Ok(1));
        let soon = probes.map(|probe| call_one(&mut pool, probe, Effect::Innocent, after(59)));
        assert_eq!(soon.map(|called| called.is_ok()), expected, "{effect:?}");
        let forever = [leaked, denied].contains(&effect);
        let late = probes.map(|probe| call_one(&mut pool, probe, Effect::Innocent, after(3_600)));
        let expected = if forever { expected } else { [true; 5] };
        assert_eq!(late.map(|called| called.is_ok()), expected, "{effect:?}");
    }
}

#[test]
fn a_dead_key_is_reported_once_and_no_late_answer_revives_it() {
    let mut pool = pool(vec![key(1, None)]);
    let mut leases: Vec<Lease> = (0..3)
        .map(|_| lend(&mut pool, &small(), T0).unwrap())
        .collect();
    let mut settle =
        |pool: &mut Pool, effect| pool.settle(leases.pop().unwrap(), &says(effect), T0, &mut rng());
    let changes = settle(&mut pool, Effect::KillKey(Death::Invalid));
    let deaths: Vec<_> = changes.iter().filter_map(|one| one.news).collect();
    assert_eq!(deaths, [News::Died(Death::Invalid)]);
    assert_eq!(settle(&mut pool, Effect::KillKey(Death::Leaked)), []);
    assert_eq!(settle(&mut pool, Effect::Healthy), []);

    let never = Err(Wait::never(Why::Dead));
    assert_eq!(
        call(&mut pool, &small(), Effect::Healthy, after(999_999)),
        never
    );
    pool.reconfigure(POLICY, Vec::new(), &catalog());
    pool.reconfigure(POLICY, vec![key(1, Some(Group::C))], &catalog());
    assert_eq!(
        call(&mut pool, &small(), Effect::Healthy, after(999_999)),
        never
    );
    let healths = changes.into_iter().map(|one| (one.scope, one.health));
    let saved = Saved {
        ledgers: Vec::new(),
        healths: healths.collect(),
        spend: Spend::default(),
    };
    let mut pool = Pool::new(
        POLICY,
        vec![key(1, None)],
        &catalog(),
        saved,
        after(999_999),
    );
    assert_eq!(
        call(&mut pool, &small(), Effect::Healthy, after(999_999)),
        never
    );
}

#[test]
fn three_strikes_blacklist_then_one_probe_decides() {
    let strike = Effect::Strike(Cooldown::Configured);
    let mut pool = family();
    let mut now = T0;
    for _ in 0..3 {
        assert_eq!(call_one(&mut pool, (1, "big"), strike, now), Ok(1));
        now = now.after(Duration::from_secs(10));
    }
    let listed = after(20).after(Duration::from_hours(1));
    let until = |pool: &mut Pool, now| {
        pool.count(now);
        pool.health(&Scope::Key([1; 16])).cooling.until
    };
    assert_eq!(
        until(&mut pool, after(29)),
        Some(after(30)),
        "or a correlated failure"
    );
    assert_eq!(until(&mut pool, now), Some(listed));
    assert_eq!(pool.count(now).blacklisted, 1);
    assert!(call_one(&mut pool, (1, "big"), strike, now).is_err());

    let only = Ask {
        avoid: (2..=4).map(|other| [other; 16]).collect(),
        ..ask(&[Group::C], &["big"])
    };
    let probe = lend(&mut pool, &only, listed).unwrap();
    let second = lend(&mut pool, &only, listed).unwrap();
    assert_eq!((probe.key[0], second.key[0] == 1), (1, false), "one probe");
    pool.settle(probe, &says(strike), listed, &mut rng());
    let doubled = listed.after(Duration::from_hours(2));
    let soon = listed.after(Duration::from_secs(10));
    assert_eq!(until(&mut pool, soon), Some(doubled));

    let healthy = Effect::Healthy;
    assert_eq!(call_one(&mut pool, (1, "big"), healthy, doubled), Ok(1));
    let two = [0; 2].map(|_| lend(&mut pool, &only, doubled).unwrap());
    assert_eq!(two[0].key, two[1].key, "it is trusted again");
}

#[test]
fn calls_that_were_under_way_together_are_one_strike() {
    let mut pool = pool(vec![key(1, None), key(2, None)]);
    let big = ask(&[Group::C], &["big"]);
    let leases: Vec<Lease> = (0..16)
        .map(|_| lend(&mut pool, &big, T0).unwrap())
        .filter(|lease| lease.key == [1; 16])
        .collect();
    assert_eq!(leases.len(), 8);
    let mut rows = Vec::new();
    for (index, lease) in leases.into_iter().enumerate() {
        let effect = match index {
            7 => Effect::Healthy,
            _ => Effect::Strike(Cooldown::Configured),
        };
        rows.extend(pool.settle(lease, &says(effect), T0, &mut rng()));
    }
    let last = &rows.last().unwrap().health;
    assert_eq!(
        (last.breaker.strikes, last.breaker.trips, last.cooling.until),
        (1, 0, Some(after(10)))
    );
}

#[test]
fn what_the_service_says_of_its_limits_binds_and_is_to_be_stored() {
    let mut pool = pool(vec![key(1, None)]);
    let lease = lend(&mut pool, &small(), T0).unwrap();
    let verdict = Verdict {
        learned: vec![Learned {
            quota: Quota::RequestsPerDay,
            limit: 0,
        }],
        ..says(Effect::Innocent)
    };
    let changes = pool.settle(lease, &verdict, T0, &mut rng());
    let scope = Scope::ProjectModel([1; 16], "small".to_owned());
    assert_eq!((&changes[0].scope, changes.len()), (&scope, 1));
    let never = Err(Wait::never(Why::NoKeys));
    assert_eq!(
        call(&mut pool, &small(), Effect::Healthy, after(86_399)),
        never
    );
    // Once a day it is tried whether more is possible by now.
    let tried = call(&mut pool, &small(), Effect::Healthy, after(86_400));
    assert_eq!(tried, Ok(1));
}

#[test]
fn only_minute_limits_are_jittered() {
    let second = Cooldown::For(Duration::from_secs(1));
    let cases = [
        (Effect::CoolKeyModel(second), 1_500..=3_000),
        (Effect::CoolKey(second), 1_000..=1_000),
    ];
    for (effect, expected) in cases {
        let mut pool = pool(vec![key(1, None)]);
        let lease = lend(&mut pool, &small(), T0).unwrap();
        let changes = pool.settle(lease, &says(effect), T0, &mut rng());
        let length = changes[0].health.cooling.until.unwrap().since(T0);
        assert!(expected.contains(&length.as_millis()), "{length:?}");
    }
}

#[test]
fn a_clock_set_back_by_a_year_costs_at_most_what_was_left_of_each_cooldown() {
    let year = Duration::from_hours(24 * 365);
    let future = T0.after(year);
    let mut pool = Pool::new(
        POLICY,
        vec![key(1, None)],
        &catalog(),
        Saved::default(),
        future,
    );
    let lease = lend(&mut pool, &small(), future).unwrap();
    pool.settle(
        lease,
        &says(Effect::CoolKey(Cooldown::Configured)),
        future,
        &mut rng(),
    );
    let cooling = call(&mut pool, &small(), Effect::Healthy, T0);
    assert_eq!(cooling, Err(wait(after(10), Why::Cooldown)));
    assert_eq!(call(&mut pool, &small(), Effect::Healthy, after(10)), Ok(1));
}

#[test]
fn reads_of_the_clock_that_arrive_in_another_order_are_no_set_clock() {
    let mut pool = pool(vec![key(1, None)]);
    let lease = lend(&mut pool, &small(), after(5)).unwrap();
    assert_eq!(lease.at, after(5));
    let lease = lend(&mut pool, &small(), after(4)).unwrap();
    assert_eq!(lease.at, after(5));
}

#[test]
fn every_key_is_counted_in_one_state() {
    let mut pool = family();
    let strike = Effect::Strike(Cooldown::For(Duration::ZERO));
    let cases = [
        (1, Effect::KillKey(Death::Invalid), 1),
        (2, strike, 3),
        (3, Effect::CoolKey(Cooldown::Configured), 1),
        (4, Effect::CoolKeyModel(Cooldown::Configured), 1),
    ];
    for (name, effect, times) in cases {
        for _ in 0..times {
            // The first two share their minute, so the second uses the other model.
            let model = if name == 2 { "big" } else { "small" };
            call_one(&mut pool, (name, model), effect, T0).unwrap();
        }
    }
    let at_once = Tally {
        total: 4,
        available: 1,
        waiting: 2,
        blacklisted: 0,
        dead: 1,
        next_wake: Some(after(10)),
    };
    assert_eq!(pool.count(T0), at_once);
    let later = Tally {
        available: 2,
        waiting: 0,
        blacklisted: 1,
        next_wake: Some(after(3_600)),
        ..at_once
    };
    assert_eq!(pool.count(after(10)), later);
}

mod accounts;
mod believe;
mod breakers;
mod groups;
mod properties;
mod random;
mod refused;
mod routes;
mod told;
mod troubles;
mod view;
mod waiting;

//! Router B: the order in which a question borrows, and where it goes after each kind of failure.

use super::random::OFFERS;
use super::*;
use crate::keys::{Repair, Route, Start};

const MINUTE: Cooldown = Cooldown::For(Duration::from_mins(1));

fn house(keys: Vec<KeySpec>) -> Pool {
    let catalog = Catalog::parse(OFFERS).unwrap();
    Pool::new(POLICY, keys, &catalog, Saved::default(), T0)
}

fn route(groups: &[Group], tier: Tier, since: Timestamp) -> Route {
    let start = Start {
        kind: tier.into(),
        groups: groups.to_vec(),
        tokens: 1,
        rank: 0,
        since,
        patience: Duration::ZERO,
    };
    Route::new(start, &Catalog::parse(OFFERS).unwrap())
}

fn paid(name: u8, group: Option<Group>) -> KeySpec {
    KeySpec {
        paid: true,
        ..key(name, group)
    }
}

/// Calls until nothing is left now: who, with what, how often, and whether it is a lower group's.
fn spend_all(pool: &mut Pool, groups: &[Group], tier: Tier) -> Vec<(u8, String, usize, bool)> {
    let mut spent: Vec<(u8, String, usize, bool)> = Vec::new();
    while let Ok(lease) = lend(pool, route(groups, tier, T0).ask(), T0) {
        match spent.last_mut() {
            Some(last) if (last.0, &last.1) == (lease.key[0], &lease.model) => last.2 += 1,
            _ => spent.push((lease.key[0], lease.model.clone(), 1, lease.borrowed)),
        }
        pool.settle(lease, &says(Effect::Healthy), T0, &mut rng());
    }
    spent
}

#[test]
fn the_tier_is_looked_for_in_every_group_and_for_money_before_it_becomes_smaller() {
    let [a, b, c, d] = [Group::A, Group::B, Group::C, Group::D];
    let mut pool = house(vec![
        paid(1, Some(a)),
        key(2, Some(d)),
        key(3, Some(c)),
        key(4, Some(b)),
        key(5, Some(a)),
    ]);
    let spent = spend_all(&mut pool, &[a, b, c, d], Tier::Flash);
    // A lender keeps 40 percent, rounded in its favour.
    let expected = [
        (5, "mid", 4, false),
        (5, "twin", 2, false),
        (4, "mid", 2, true),
        (4, "twin", 1, true),
        (3, "mid", 2, true),
        (3, "twin", 1, true),
        (2, "mid", 2, true),
        (2, "twin", 1, true),
        (1, "mid", 4, false),
        (1, "twin", 2, false),
        (5, "small", 5, false),
        (4, "small", 3, true),
        (3, "small", 3, true),
        (2, "small", 3, true),
        (1, "small", 5, false),
    ];
    let expected = expected.map(|(key, model, times, lent)| (key, model.to_owned(), times, lent));
    assert_eq!(spent, expected);
    assert_eq!(
        spend_all(&mut pool, &[d], Tier::Lite),
        [(2, "small".to_owned(), 2, false)]
    );
}

#[test]
fn nobody_borrows_upward_not_even_through_a_shared_project() {
    let [a, d] = [Group::A, Group::D];
    let mut twin = key(2, Some(d));
    twin.project = [1; 16];
    let mut pool = house(vec![key(1, Some(a)), twin]);
    let guests = spend_all(&mut pool, &[d], Tier::Lite);
    assert_eq!(guests, [(2, "small".to_owned(), 3, false)], "two are A's");
    let own = spend_all(&mut pool, &[a], Tier::Lite);
    assert_eq!(own, [(1, "small".to_owned(), 2, false)]);
}

#[test]
fn whoever_has_no_key_of_their_own_borrows_without_being_told_so() {
    let mut pool = house(vec![key(1, Some(Group::C)), key(2, Some(Group::B))]);
    let groups = [Group::B, Group::C];
    let borrowed = |spent: Vec<(u8, String, usize, bool)>| {
        let theirs = spent.into_iter().find(|it| it.0 == 1);
        theirs.map(|it| it.3)
    };
    let lease = lend(&mut pool, route(&[Group::B], Tier::Lite, T0).ask(), T0).unwrap();
    assert_eq!(
        borrowed(spend_all(&mut pool, &groups, Tier::Lite)),
        Some(true)
    );
    let denied = Effect::KillProject(Death::ProjectDenied);
    pool.settle(lease, &says(denied), T0, &mut rng());
    let later = after(61);
    let lease = lend(&mut pool, route(&groups, Tier::Lite, later).ask(), later).unwrap();
    assert_eq!((lease.key[0], lease.borrowed), (1, false));
}

#[test]
fn a_key_of_the_wanted_tier_that_is_free_within_three_seconds_beats_the_smaller_tier() {
    let frees = Timestamp(T0.0 + 60_250);
    for (before, model) in [(3_000, None), (3_001, Some("small"))] {
        let mut pool = house(vec![key(1, None)]);
        for _ in 0..6 {
            let lease = lend(&mut pool, route(&[Group::A], Tier::Flash, T0).ask(), T0).unwrap();
            assert_ne!(lease.model, "small");
            pool.settle(lease, &says(Effect::Healthy), T0, &mut rng());
        }
        let now = Timestamp(frees.0 - before);
        let mut ask = route(&[Group::A], Tier::Flash, now).ask().clone();
        ask.patience = now.after(Duration::from_secs(15));
        match (pool.reserve(&ask, now, &mut rng()), model) {
            (Reserved::Queued(place), None) => assert_eq!(place.wakes, frees),
            (Reserved::Lent(lease), Some(model)) => assert_eq!(lease.model, model),
            other => panic!("{other:?}"),
        }
        let impatient = route(&[Group::A], Tier::Flash, now);
        let lease = lend(&mut pool, impatient.ask(), now).unwrap();
        assert_eq!(lease.model, "small", "there is no time to wait");
    }
}

/// Who was called for one question, a second apart, as long as it goes on.
fn travel(pool: &mut Pool, outcomes: &[(Effect, Next)]) -> (Vec<(u8, String)>, Route) {
    let mut route = route(&[Group::A], Tier::Flash, T0);
    let mut calls = Vec::new();
    for (secs, &(effect, next)) in (0..).zip(outcomes) {
        let now = after(secs);
        let Ok(lease) = lend(pool, route.ask(), now) else {
            calls.push((0, "refused".to_owned()));
            break;
        };
        calls.push((lease.key[0], lease.model.clone()));
        let call = lease.attempted();
        let verdict = Verdict {
            next,
            ..says(effect)
        };
        pool.settle(lease, &verdict, now, &mut rng());
        if !route.goes_on(&call, &verdict, now) {
            break;
        }
    }
    (calls, route)
}

/// What becomes of the calls, the models they come to, and whether each is another key's.
type Case<'a> = (&'a [(Effect, Next)], &'a [&'a str], bool);

#[test]
fn after_a_failure_its_kind_decides_where_the_question_goes() {
    let fault = (Effect::Suspect(Cooldown::Configured), Next::AnotherKey);
    let full = (Effect::Overloaded(Cooldown::Configured), Next::AnotherModel);
    let missing = (Effect::ModelMissing(MINUTE), Next::AnotherKey);
    let strike = (Effect::Strike(Cooldown::Configured), Next::AnotherKey);
    let region = (Effect::Unserved, Next::AnotherKey);
    let page = (Effect::Page, Next::AnotherKey);
    let throttled = (Effect::Throttled(MINUTE), Next::AnotherModel);
    let bad = (Effect::Innocent, Next::Nowhere);
    let repaired = |repair| (Effect::Innocent, Next::Repaired(repair));
    let done = (Effect::Healthy, Next::Done);
    let [thinking, signatures] = [Repair::NoThinkingConfig, Repair::PlainSignatures].map(repaired);
    let cases: [Case<'_>; 14] = [
        (&[done, done], &["mid"], false),
        (&[bad, done], &["mid"], false),
        (
            &[strike, strike, strike, done],
            &["mid", "mid", "mid"],
            true,
        ),
        (&[fault, fault, done], &["mid", "mid", "twin"], true),
        (&[full, full, done], &["mid", "twin", "small"], false),
        (&[full, strike, done], &["mid", "twin", "twin"], false),
        (&[missing, missing, done], &["mid", "mid", "twin"], true),
        (&[region, region, done], &["mid", "mid", "mid"], true),
        (&[page, page, done], &["mid", "mid"], true),
        (&[page, done], &["mid", "mid"], true),
        (
            &[throttled, throttled, done],
            &["mid", "twin", "small"],
            true,
        ),
        (&[thinking, thinking, done], &["mid", "mid"], false),
        (
            &[thinking, signatures, thinking],
            &["mid", "mid", "mid"],
            false,
        ),
        (
            &[thinking, fault, full, done],
            &["mid", "mid", "mid"],
            false,
        ),
    ];
    for (outcomes, models, other_keys) in cases {
        let mut keys: Vec<KeySpec> = (1..=4).map(|name| key(name, None)).collect();
        keys.push(paid(9, None));
        let (calls, route) = travel(&mut house(keys), outcomes);
        let called: Vec<&str> = calls.iter().map(|(_, model)| model.as_str()).collect();
        assert_eq!(called, models, "{outcomes:?}");
        assert_eq!(route.attempts() as usize, models.len());
        if other_keys {
            let mut names: Vec<u8> = calls.iter().map(|(name, _)| *name).collect();
            names.sort_unstable();
            names.dedup();
            assert_eq!(names.len(), models.len(), "{outcomes:?}: {calls:?}");
        }
        let paid = calls.iter().position(|(name, _)| *name == 9);
        let region = (outcomes[0] == region).then_some(2);
        assert_eq!(paid, region, "one more free key, then money");
    }
}

#[test]
fn a_question_that_takes_too_long_goes_to_the_next_model_and_may_keep_its_key() {
    let slow = (Effect::Innocent, Next::FasterModel);
    let done = (Effect::Healthy, Next::Done);
    let (calls, route) = travel(&mut house(vec![key(1, None)]), &[slow, slow, done]);
    assert_eq!(route.repairs(), [Repair::LessThinking]);
    let expected = [(1, "mid"), (1, "twin"), (1, "small")];
    assert_eq!(
        calls
            .iter()
            .map(|(name, model)| (*name, model.as_str()))
            .collect::<Vec<_>>(),
        expected
    );
}

#[test]
fn an_overloaded_model_without_another_one_is_asked_again_in_the_end() {
    let full = (Effect::Overloaded(Cooldown::Configured), Next::AnotherModel);
    let mut pool = house(vec![key(1, None)]);
    let mut route = route(&[Group::A], Tier::Lite, T0);
    for _ in 0..2 {
        let lease = lend(&mut pool, route.ask(), T0).unwrap();
        assert_eq!((lease.key[0], lease.model.as_str()), (1, "small"));
        let call = lease.attempted();
        let verdict = Verdict {
            next: full.1,
            ..says(full.0)
        };
        pool.settle(lease, &verdict, T0, &mut rng());
        assert!(route.goes_on(&call, &verdict, T0));
    }
}

#[test]
fn only_money_helps_where_the_free_keys_may_not_go() {
    let region = (Effect::Unserved, Next::AnotherKey);
    let done = (Effect::Healthy, Next::Done);
    let free = || vec![key(1, None), key(2, None)];
    let (calls, _) = travel(&mut house(free()), &[region, region, done]);
    assert_eq!(calls[2].1, "refused");
    let keys = [free(), vec![paid(3, Some(Group::B))]].concat();
    let (calls, _) = travel(&mut house(keys), &[region, region, done]);
    assert_eq!(calls[2].1, "refused", "B's key is not A's to spend here");
}

#[test]
fn a_model_that_two_projects_do_not_find_cools_down_for_everybody() {
    let missing = Effect::ModelMissing(Cooldown::For(Duration::from_hours(24)));
    for (twin, found) in [(true, true), (false, false)] {
        let mut keys: Vec<KeySpec> = (1..=4).map(|name| key(name, None)).collect();
        if twin {
            keys[1].project = [1; 16];
        }
        let mut pool = house(keys);
        let mid = ask(&[Group::A], &["mid"]);
        // The second key's call is under way when the first one is told.
        let leases: Vec<Lease> = (0..4).map(|_| lend(&mut pool, &mid, T0).unwrap()).collect();
        for lease in leases {
            let told = lease.key == [1; 16] || lease.key == [2; 16];
            let effect = if told { missing } else { Effect::Innocent };
            pool.settle(lease, &says(effect), T0, &mut rng());
        }
        let soon = call(&mut pool, &mid, Effect::Innocent, after(61));
        assert_eq!(soon.is_ok(), found, "one project: {twin}");
        let day = call(&mut pool, &mid, Effect::Innocent, after(86_401));
        assert!(day.is_ok(), "{day:?}");
        let other = call(
            &mut pool,
            &ask(&[Group::A], &["twin"]),
            Effect::Innocent,
            T0,
        );
        assert!(other.is_ok());
    }
}

#[test]
fn a_call_that_our_own_deadline_ended_is_an_attempt_and_its_key_comes_last() {
    let mut pool = house(vec![key(1, None), key(2, None)]);
    let mut route = route(&[Group::A], Tier::Flash, T0);
    let mut names = Vec::new();
    for goes_on in [true, true, false] {
        let lease = lend(&mut pool, route.ask(), T0).unwrap();
        names.push(lease.key[0]);
        let call = lease.attempted();
        pool.settle(lease, &says(Effect::Innocent), T0, &mut rng());
        assert_eq!(route.timed_out(&call, T0), goes_on);
    }
    assert_ne!(names[0], names[1]);
}

#[test]
fn retries_come_out_of_what_questions_put_in() {
    let mut pool = pool((1..=20).map(|name| key(name, None)).collect());
    let first = ask(&[Group::A], &["big"]);
    let again = Ask {
        attempts: 1,
        ..first.clone()
    };
    let healthy = Effect::Healthy;
    for _ in 0..60 {
        call(&mut pool, &again, healthy, T0).unwrap();
    }
    let empty = Err(Wait::never(Why::Retries));
    // Each question puts in three tenths of a call.
    for (questions, earned) in [(0, false), (3, false), (1, true), (2, false), (1, true)] {
        for _ in 0..questions {
            call(&mut pool, &first, healthy, T0).unwrap();
        }
        let retried = call(&mut pool, &again, healthy, T0);
        assert_eq!(retried.is_ok(), earned);
        assert!(earned || retried == empty);
    }
}

//! Believe, then look: days that are said to be spent, models and addresses that are said to be
//! missing, limits and caps of an account; and what the Owner opens again by asking.

use super::*;
use crate::keys::Cause;

const HOUR: u64 = 3_600;
const MISSING: Effect = Effect::ModelMissing(Cooldown::For(Duration::from_hours(1)));
const DAY_GONE: Effect = Effect::CoolKeyModel(Cooldown::UntilPacificMidnight);

/// Calls this key, or says that another would be lent in its place (`NoKeys`), or none.
fn by(pool: &mut Pool, name: u8, effect: Effect, now: Timestamp) -> Result<u8, Wait> {
    call_one(pool, (name, "small"), effect, now)
}

fn two() -> Pool {
    pool(vec![key(1, None), key(2, None)])
}

/// The pool as a restart finds it, at this address.
fn restarted(pool: &mut Pool, scopes: &[Scope], endpoint: Fingerprint, now: Timestamp) -> Pool {
    let healths = scopes
        .iter()
        .map(|scope| (scope.clone(), pool.health(scope)));
    let saved = Saved {
        healths: healths.collect(),
        ..Saved::default()
    };
    let mut pool = Pool::new(
        POLICY,
        vec![key(1, None), key(2, None)],
        &catalog(),
        saved,
        now,
    );
    pool.speak_to(endpoint);
    pool
}

fn bucket(name: u8) -> Scope {
    Scope::ProjectModel([name; 16], "small".to_owned())
}

#[test]
fn a_spent_day_is_looked_at_after_fifteen_minutes_then_twice_as_late_until_midnight() {
    let midnight = pacific::day_of(T0).ends;
    let mut pool = pool(vec![key(1, None)]);
    call(&mut pool, &small(), DAY_GONE, T0).unwrap();
    let mut now = T0;
    for minutes in [15, 30, 60, 120, 240] {
        let due = now.after(Duration::from_mins(minutes));
        let early = call(
            &mut pool,
            &small(),
            Effect::Healthy,
            due.before(Duration::from_millis(1)),
        );
        assert_eq!(early, Err(wait(due.min(midnight), Why::Day)));
        if due >= midnight {
            break;
        }
        // One call looks, and nobody beside it.
        let probe = lend(&mut pool, &small(), due).unwrap();
        let beside = lend(&mut pool, &small(), due).unwrap_err();
        assert_eq!(beside.why, Why::Day);
        let counted = Verdict {
            counted: Counted::NotOfTheDay,
            ..says(DAY_GONE)
        };
        pool.settle(probe, &counted, due, &mut rng());
        now = due;
    }
    assert_eq!(call(&mut pool, &small(), Effect::Healthy, midnight), Ok(1));
}

#[test]
fn a_day_that_our_own_ledger_contradicts_is_looked_at_after_a_minute_and_then_twice_as_late() {
    let named = |limit| Verdict {
        learned: vec![Learned {
            quota: Quota::RequestsPerDay,
            limit,
        }],
        counted: Counted::NotOfTheDay,
        ..says(DAY_GONE)
    };
    // What we have counted of the day the service has named, and the minutes between the looks.
    let cases: [(u64, u64, [u64; 3]); 3] = [
        (0, 100, [1, 2, 4]),
        (4, 10, [1, 2, 4]),
        (5, 10, [15, 30, 60]),
    ];
    for (counted, limit, minutes) in cases {
        let policy = Policy {
            daily_percent: 100,
            ..POLICY
        };
        let keys = vec![key(1, None)];
        let mut pool = Pool::new(policy, keys, &catalog(), Saved::default(), T0);
        let ask = ask(&[Group::C], &["big"]);
        for _ in 0..counted {
            call(&mut pool, &ask, Effect::Healthy, T0).unwrap();
        }
        let mut now = after(100);
        let lease = lend(&mut pool, &ask, now).unwrap();
        pool.settle(lease, &named(limit), now, &mut rng());
        for minutes in minutes {
            let due = now.after(Duration::from_mins(minutes));
            let early = lend(&mut pool, &ask, Timestamp(due.0 - 1)).map(drop);
            assert_eq!(early, Err(wait(due, Why::Day)), "{counted} of {limit}");
            let probe = lend(&mut pool, &ask, due).unwrap();
            pool.settle(probe, &named(limit), due, &mut rng());
            now = due;
        }
    }
}

#[test]
fn a_day_that_is_not_spent_after_all_is_open_at_once_and_late_answers_prove_nothing() {
    let mut pool = pool(vec![key(1, None)]);
    let leases: Vec<Lease> = (0..3)
        .map(|_| lend(&mut pool, &small(), T0).unwrap())
        .collect();
    let effects = [DAY_GONE, DAY_GONE, Effect::Healthy];
    for (lease, effect) in leases.into_iter().zip(effects) {
        pool.settle(lease, &says(effect), after(1), &mut rng());
    }
    let health = pool.health(&bucket(1));
    assert_eq!(
        health.cooling.cause,
        Some(Cause::Day { looks: 0 }),
        "they left together"
    );
    assert_eq!(health.cooling.probe_at, Some(after(1 + 900)));
    // The calls beside it are no probe of anything.
    assert_eq!(
        call(&mut pool, &small(), Effect::Innocent, after(901)),
        Ok(1)
    );
    assert_eq!(
        call(&mut pool, &small(), Effect::Healthy, after(902)),
        Ok(1)
    );
    assert_eq!(pool.health(&bucket(1)), Health::default());
    assert_eq!(
        call(&mut pool, &small(), Effect::Healthy, after(970)),
        Ok(1)
    );
}

#[test]
fn a_look_survives_a_restart_and_leaves_though_its_key_cools_down() {
    let mut before = two();
    by(&mut before, 1, DAY_GONE, T0).unwrap();
    by(&mut before, 2, DAY_GONE, T0).unwrap();
    let mut pool = restarted(&mut before, &[bucket(1), bucket(2)], [0; 16], after(10));
    assert_eq!(
        by(&mut pool, 1, Effect::Healthy, after(899))
            .unwrap_err()
            .why,
        Why::Day
    );
    let mut lease = lend(&mut pool, &small(), after(900)).unwrap();
    assert!(pool.leave(&mut lease, after(900)), "the probe may go");
    pool.settle(lease, &says(DAY_GONE), after(901), &mut rng());
    let waits = pool
        .health(&bucket(1))
        .cooling
        .probe_at
        .max(pool.health(&bucket(2)).cooling.probe_at);
    assert_eq!(waits, Some(after(901 + 1_800)));
}

#[test]
fn a_model_is_missing_when_two_projects_say_so_and_nobody_was_answered_within_the_hour() {
    let everybody = Scope::Missing("small".to_owned());
    for (answered, missing) in [(None, true), (Some(T0), false)] {
        let mut pool = pool(vec![key(1, None), key(2, None), key(3, None)]);
        if let Some(at) = answered {
            by(&mut pool, 3, Effect::Healthy, at).unwrap();
        }
        by(&mut pool, 1, MISSING, after(10)).unwrap();
        assert!(
            by(&mut pool, 1, MISSING, after(11)).is_err(),
            "it cools down there"
        );
        assert_eq!(pool.health(&everybody), Health::default(), "one project");
        by(&mut pool, 2, MISSING, after(20)).unwrap();
        let third = by(&mut pool, 3, Effect::Innocent, after(30));
        assert_eq!(third.is_err(), missing, "answered: {answered:?}");
        let asked = call(&mut pool, &small(), Effect::Innocent, after(30));
        assert!(!missing || asked == Err(wait(after(20 + HOUR), Why::Missing)));
    }
}

#[test]
fn where_a_model_answers_others_only_what_stays_missing_cools_down_for_long() {
    let mut pool = pool(vec![key(1, None), key(3, None)]);
    let by = |pool: &mut Pool, name, effect, now| call_one(pool, (name, "big"), effect, now);
    let bucket = Scope::ProjectModel([1; 16], "big".to_owned());
    by(&mut pool, 3, Effect::Healthy, T0).unwrap();
    let mut now = after(1);
    for seconds in [10, 20, 40, 80, 160, 320, 640, 1_280] {
        by(&mut pool, 1, MISSING, now).unwrap();
        now = now.after(Duration::from_secs(seconds));
        assert_eq!(pool.health(&bucket).cooling.until, Some(now));
        assert!(by(&mut pool, 1, MISSING, Timestamp(now.0 - 1)).is_err());
    }
    by(&mut pool, 1, Effect::Healthy, now).unwrap();
    assert_eq!(pool.health(&bucket), Health::default());
    by(&mut pool, 1, MISSING, now).unwrap();
    let again = now.after(Duration::from_secs(10));
    assert!(by(&mut pool, 1, Effect::Healthy, again).is_ok());
    // An hour without any answer: it is no passing fault any more.
    let later = again.after(Duration::from_hours(1));
    by(&mut pool, 1, MISSING, later).unwrap();
    let until = later.after(Duration::from_hours(1));
    assert_eq!(pool.health(&bucket).cooling.until, Some(until));
}

#[test]
fn a_missing_model_is_told_once_doubles_to_a_day_and_any_answer_ends_it() {
    let mut pool = two();
    let mut late = lend(&mut pool, &small(), T0).unwrap();
    let mut other = lend(&mut pool, &small(), T0).unwrap();
    if late.key == [1; 16] {
        std::mem::swap(&mut late, &mut other);
    }
    let third = lend(&mut pool, &small(), T0).unwrap();
    let settle =
        |pool: &mut Pool, lease, effect, now| pool.settle(lease, &says(effect), now, &mut rng());
    let told = |changes: &[Change]| changes.iter().find_map(|it| it.news);
    assert_eq!(told(&settle(&mut pool, other, MISSING, T0)), None);
    let changes = settle(&mut pool, late, MISSING, T0);
    assert!(matches!(
        told(&changes),
        Some(News::Began(Cause::Missing { .. }))
    ));
    let mut now = T0;
    for hours in [1, 2, 4, 8, 16, 24, 24] {
        now = now.after(Duration::from_hours(hours));
        let early = now.before(Duration::from_millis(1));
        assert_eq!(
            call(&mut pool, &small(), MISSING, early),
            Err(wait(now, Why::Missing))
        );
        // One probe in one project; what it finds is no news.
        let probe = lend(&mut pool, &small(), now).unwrap();
        assert!(lend(&mut pool, &small(), now).is_err(), "a second probe");
        assert_eq!(told(&settle(&mut pool, probe, MISSING, now)), None);
    }
    // A call that was under way all the time, or an answer to whomever.
    let changes = settle(&mut pool, third, Effect::Healthy, now);
    assert!(matches!(
        told(&changes),
        Some(News::Ended(Cause::Missing { .. }))
    ));
    assert!(
        call(
            &mut pool,
            &small(),
            Effect::Healthy,
            now.after(Duration::from_secs(1))
        )
        .is_ok()
    );
}

#[test]
fn what_the_beginning_of_an_answer_lifts_is_told_with_its_end() {
    let mut pool = two();
    let late = lend(&mut pool, &small(), T0).unwrap();
    by(&mut pool, 1, MISSING, T0).unwrap();
    by(&mut pool, 2, MISSING, T0).unwrap();
    pool.answers(&late);
    let changes = pool.settle(late, &says(Effect::Healthy), after(30), &mut rng());
    let lifted = |it: &Change| matches!(it.news, Some(News::Ended(Cause::Missing { .. })));
    assert_eq!(changes.iter().filter(|it| lifted(it)).count(), 1);
    assert_eq!(pool.take_unsaved(), [], "nothing waits for another call");
}

#[test]
fn at_another_address_nothing_is_missing() {
    let mut before = two();
    before.speak_to([7; 16]);
    by(&mut before, 1, MISSING, T0).unwrap();
    by(&mut before, 2, MISSING, T0).unwrap();
    let scopes = [bucket(1), bucket(2), Scope::Missing("small".to_owned())];
    for (endpoint, is_open) in [([7; 16], false), ([8; 16], true)] {
        let mut pool = restarted(&mut before, &scopes, endpoint, after(61));
        let lifted = pool.take_unsaved();
        let called = by(&mut pool, 1, Effect::Innocent, after(61));
        assert_eq!(called.is_ok(), is_open, "{called:?}");
        // What was lifted is stored with the next unit, and told to nobody.
        assert_eq!(lifted.is_empty(), !is_open);
        assert!(lifted.iter().all(|change| change.news.is_none()));
    }
}

#[test]
fn a_wrong_address_is_told_at_once_and_cools_down_when_two_projects_say_so() {
    let wrong = Effect::WrongEndpoint;
    let mut pool = two();
    let big = ask(&[Group::C], &["big"]);
    let lease = lend(&mut pool, &big, T0).unwrap();
    let first = lease.key[0];
    let changes = pool.settle(lease, &says(wrong), T0, &mut rng());
    assert_eq!(
        changes.len(),
        1,
        "no key and no model is to blame: {changes:?}"
    );
    assert_eq!(changes[0].scope, Scope::Endpoint);
    assert!(matches!(
        changes[0].news,
        Some(News::Began(Cause::Endpoint { .. }))
    ));
    // The same project twice is one project.
    call_one(&mut pool, (first, "big"), wrong, after(1)).unwrap();
    let mut now = after(2);
    call_one(&mut pool, (3 - first, "big"), wrong, now).unwrap();
    for seconds in [5, 10, 20, 40, 80, 160, 320, 640, 900, 900] {
        let until = now.after(Duration::from_secs(seconds));
        let closed = call(
            &mut pool,
            &big,
            wrong,
            until.before(Duration::from_millis(1)),
        );
        assert_eq!(closed, Err(wait(until, Why::Endpoint)));
        now = until;
        call(&mut pool, &big, wrong, now).unwrap();
    }
    let tally = pool.count(now);
    assert_eq!((tally.waiting, tally.blacklisted, tally.dead), (2, 0, 0));
    let now = now.after(Duration::from_mins(15));
    let lease = lend(&mut pool, &big, now).unwrap();
    let changes = pool.settle(lease, &says(Effect::Healthy), now, &mut rng());
    let told = changes.iter().find_map(|it| it.news);
    assert!(matches!(told, Some(News::Ended(Cause::Endpoint { .. }))));
    assert_eq!(pool.count(now).available, 2);
}

#[test]
fn an_address_that_flaps_closes_nothing_and_is_told_of_once_an_hour() {
    let mut pool = two();
    let mut told = 0;
    for step in 0..90 {
        let now = after(step * 60);
        for effect in [Effect::WrongEndpoint, Effect::Healthy] {
            let lease = lend(&mut pool, &ask(&[Group::C], &["big"]), now).unwrap();
            let changes = pool.settle(lease, &says(effect), now, &mut rng());
            told += changes.iter().filter(|it| it.news.is_some()).count();
        }
    }
    assert_eq!(told, 2);
}

#[test]
fn a_single_key_is_believed_alone_about_the_address() {
    let mut pool = pool(vec![key(1, None)]);
    call(&mut pool, &small(), Effect::WrongEndpoint, T0).unwrap();
    let closed = call(&mut pool, &small(), Effect::Healthy, after(1));
    assert_eq!(closed, Err(wait(after(5), Why::Endpoint)));
}

#[test]
fn a_spending_cap_cools_the_project_down_and_one_call_looks_every_six_hours() {
    let mut pool = family();
    let lease = lend(&mut pool, &small(), T0).unwrap();
    let capped = lease.key[0];
    let project = lease.project;
    let changes = pool.settle(lease, &says(Effect::SpendingCap), T0, &mut rng());
    assert_eq!(changes[0].scope, Scope::Project(project));
    assert_eq!(changes[0].news, Some(News::Began(Cause::SpendingCap)));
    let one = |pool: &mut Pool, effect, now| call_one(pool, (capped, "big"), effect, now);
    for round in 1..=3 {
        let due = after(round * 6 * HOUR);
        assert!(
            one(
                &mut pool,
                Effect::Healthy,
                due.before(Duration::from_millis(1))
            )
            .is_err()
        );
        assert_eq!(one(&mut pool, Effect::SpendingCap, due), Ok(capped));
    }
    assert_eq!(
        pool.health(&Scope::Project(project)).cooling.cause,
        Some(Cause::SpendingCap)
    );
    let due = after(4 * 6 * HOUR);
    assert_eq!(one(&mut pool, Effect::Healthy, due), Ok(capped));
    assert_eq!(pool.health(&Scope::Project(project)).cooling.cause, None);
    assert_eq!(one(&mut pool, Effect::Healthy, due), Ok(capped));
}

/// Teaches key 1 that it may ask "small" once a minute.
fn teach(pool: &mut Pool, now: Timestamp) {
    let lease = lend(pool, &small(), now).unwrap();
    let verdict = Verdict {
        learned: vec![Learned {
            quota: Quota::RequestsPerMinute,
            limit: 1,
        }],
        ..says(Effect::Healthy)
    };
    pool.settle(lease, &verdict, now, &mut rng());
}

/// How many calls go through in one instant.
fn room(pool: &mut Pool, now: Timestamp) -> usize {
    std::iter::repeat_with(|| call(pool, &small(), Effect::Healthy, now))
        .take_while(Result::is_ok)
        .count()
}

#[test]
fn a_learned_limit_is_tried_upward_once_a_day_and_named_anew_it_binds_anew() {
    let mut pool = pool(vec![key(1, None)]);
    teach(&mut pool, T0);
    assert_eq!(room(&mut pool, after(61)), 1);
    assert_eq!(room(&mut pool, after(24 * HOUR - 1)), 1);
    assert_eq!(room(&mut pool, after(24 * HOUR + 61)), 3, "the catalogue's");
    teach(&mut pool, after(24 * HOUR + 130));
    assert_eq!(room(&mut pool, after(24 * HOUR + 200)), 1);
}

#[test]
fn a_limit_above_the_catalogues_is_not_lowered_by_trying() {
    let mut pool = pool(vec![key(1, None)]);
    let lease = lend(&mut pool, &small(), T0).unwrap();
    let verdict = Verdict {
        learned: vec![Learned {
            quota: Quota::RequestsPerMinute,
            limit: 5,
        }],
        ..says(Effect::Healthy)
    };
    pool.settle(lease, &verdict, T0, &mut rng());
    assert_eq!(room(&mut pool, after(48 * HOUR)), 5);
}

#[test]
fn learned_limits_are_forgotten_when_the_marks_of_a_key_change_or_the_owner_asks() {
    let marked = |paid| KeySpec {
        paid,
        ..key(1, None)
    };
    let mut pool = pool(vec![marked(false)]);
    teach(&mut pool, T0);
    pool.reconfigure(POLICY, vec![marked(false)], &catalog());
    assert_eq!(room(&mut pool, after(61)), 1, "the same marks");
    pool.reconfigure(POLICY, vec![marked(true)], &catalog());
    assert!(!pool.take_unsaved().is_empty(), "to be stored");
    assert_eq!(room(&mut pool, after(122)), 3);

    let mut pool = super::pool(vec![marked(false)]);
    teach(&mut pool, T0);
    pool.reopen(after(61));
    assert_eq!(pool.take_unsaved()[0].health.learned.known, []);
    assert_eq!(room(&mut pool, after(61)), 3);
}

#[test]
fn the_owner_has_everything_looked_at_that_cools_down() {
    let day = Cooldown::For(Duration::from_hours(24));
    // (what became of key 1, whether it is looked at, whether it may be called afterwards)
    let cases = [
        (Effect::Healthy, false, true),
        (
            Effect::CoolKeyModel(Cooldown::For(Duration::from_secs(34))),
            false,
            false,
        ),
        (Effect::KillKey(Death::Invalid), true, true),
        (
            Effect::CoolKey(Cooldown::For(Duration::from_hours(1))),
            true,
            true,
        ),
        (
            Effect::CoolProject(Cooldown::For(Duration::from_hours(6))),
            true,
            true,
        ),
        (Effect::SpendingCap, true, true),
        (Effect::CoolKeyModel(day), true, true),
        (DAY_GONE, true, true),
        (MISSING, true, true),
        (Effect::Suspect(day), true, true),
    ];
    for (effect, is_looked_at, is_open) in cases {
        let mut pool = two();
        by(&mut pool, 1, effect, T0).unwrap();
        let now = after(20);
        let keys = pool.to_look_at(now);
        assert_eq!(
            keys,
            if is_looked_at { vec![[1; 16]] } else { vec![] },
            "{effect:?}"
        );
        pool.reopen(now);
        for key in keys {
            pool.looked_again(key, Retested::Accepted, None, now);
        }
        let called = by(&mut pool, 1, Effect::Healthy, now);
        assert_eq!(called.is_ok(), is_open, "{effect:?}: {called:?}");
    }
}

#[test]
fn a_cooling_key_that_is_refused_is_dead_and_one_that_cannot_be_asked_goes_on_cooling_down() {
    for (shown, why) in [
        (Retested::Refused, Why::Dead),
        (Retested::Unknown, Why::Cooldown),
    ] {
        let mut pool = pool(vec![key(1, None)]);
        by(
            &mut pool,
            1,
            Effect::CoolKey(Cooldown::For(Duration::from_hours(1))),
            T0,
        )
        .unwrap();
        pool.reopen(after(1));
        let death = (shown == Retested::Refused).then_some(Death::Invalid);
        pool.looked_again([1; 16], shown, death, after(1));
        assert_eq!(
            by(&mut pool, 1, Effect::Healthy, after(2)).unwrap_err().why,
            why
        );
    }
}

#[test]
fn what_cools_down_for_everybody_is_open_after_the_owner_asked() {
    let mut pool = two();
    for name in [1, 2] {
        by(&mut pool, name, MISSING, T0).unwrap();
    }
    let big = ask(&[Group::C], &["big"]);
    for _ in 0..2 {
        call(&mut pool, &big, Effect::WrongEndpoint, T0).unwrap();
    }
    assert_eq!(pool.count(after(1)).available, 0);
    let changes = pool.reopen(after(1));
    assert!(changes.iter().all(|change| change.news.is_none()));
    assert!(call(&mut pool, &big, Effect::Innocent, after(1)).is_ok());
    for key in pool.to_look_at(after(1)) {
        pool.looked_again(key, Retested::Accepted, None, after(1));
    }
    assert!(by(&mut pool, 1, Effect::Innocent, after(1)).is_ok());
}

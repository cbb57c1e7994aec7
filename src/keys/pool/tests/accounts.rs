//! What is counted, given back, billed and learned, over restarts and new settings.

use super::*;

fn paid(name: u8, group: Option<Group>) -> KeySpec {
    KeySpec {
        paid: true,
        ..key(name, group)
    }
}

fn dear() -> Ask {
    ask(&[Group::A], &["dear"])
}

/// 10 tokens in and 100 out.
const PRICE: u64 = 2_040;

fn thrifty(paid_daily: u64) -> Policy {
    Policy {
        paid_daily,
        ..POLICY
    }
}

fn spent(pool: &Pool) -> u64 {
    pool.spend().unwrap().micro_usd
}

fn ledger(pool: &mut Pool, name: u8, model: &str) -> (u32, usize) {
    let row = pool.ledger([name; 16], model);
    (row.used, row.recent.len())
}

#[test]
fn what_the_service_has_not_counted_is_given_back() {
    let cases = [
        (Counted::Yes, (1, 1)),
        (Counted::NotOfTheDay, (0, 1)),
        (Counted::Never, (0, 0)),
    ];
    for (counted, left) in cases {
        let mut pool = pool(vec![key(1, None)]);
        let lease = lend(&mut pool, &small(), T0).unwrap();
        assert_eq!(ledger(&mut pool, 1, "small"), (1, 1));
        let verdict = Verdict {
            counted,
            ..says(Effect::Innocent)
        };
        pool.settle(lease, &verdict, after(1), &mut rng());
        assert_eq!(ledger(&mut pool, 1, "small"), left, "{counted:?}");
    }
}

#[test]
fn a_failed_call_counts_in_the_order_of_choice_though_it_is_given_back() {
    for counted in [Counted::NotOfTheDay, Counted::Never] {
        let mut pool = pool((1..=3).map(|name| key(name, None)).collect());
        let verdict = Verdict {
            counted,
            ..says(Effect::Innocent)
        };
        let mut met: Vec<u8> = Vec::new();
        for _ in 0..3 {
            let lease = lend(&mut pool, &small(), T0).unwrap();
            met.push(lease.key[0]);
            pool.settle(lease, &verdict, T0, &mut rng());
        }
        met.sort_unstable();
        assert_eq!(met, [1, 2, 3], "{counted:?}");
    }
}

#[test]
fn yesterdays_unit_is_not_given_back_to_today() {
    let midnight = pacific::day_of(T0).ends;
    let before = Timestamp(midnight.0 - 61_000);
    for counted in [Counted::NotOfTheDay, Counted::Never] {
        let mut pool = pool(vec![key(1, None)]);
        let lease = lend(&mut pool, &small(), before).unwrap();
        call(&mut pool, &small(), Effect::Healthy, midnight).unwrap();
        assert_eq!(ledger(&mut pool, 1, "small"), (1, 1));
        let verdict = Verdict {
            counted,
            ..says(Effect::Innocent)
        };
        pool.settle(lease, &verdict, midnight, &mut rng());
        assert_eq!(ledger(&mut pool, 1, "small"), (1, 1), "{counted:?}");
    }
}

#[test]
fn a_call_is_paid_with_its_estimate_until_its_price_is_known() {
    let cases = [
        (Counted::Yes, None, PRICE),
        (Counted::Yes, Some((10, 3)), 100),
        (Counted::Yes, Some((10, 200)), 4_040),
        (Counted::NotOfTheDay, Some((10, 3)), 0),
        (Counted::Never, None, 0),
    ];
    for (counted, tokens, price) in cases {
        let mut pool = pool(vec![paid(1, None)]);
        let lease = lend(&mut pool, &dear(), T0).unwrap();
        assert_eq!(spent(&pool), PRICE);
        let verdict = Verdict {
            counted,
            tokens,
            ..says(Effect::Innocent)
        };
        pool.settle(lease, &verdict, T0, &mut rng());
        assert_eq!(spent(&pool), price, "{counted:?} {tokens:?}");
    }
}

#[test]
fn the_money_of_a_day_is_spent_once_and_comes_back_at_midnight() {
    let midnight = pacific::day_of(T0).ends;
    let policy = thrifty(2 * PRICE);
    let keys = vec![paid(1, None), key(2, None)];
    let mut pool = Pool::new(policy, keys.clone(), &catalog(), Saved::default(), T0);
    for _ in 0..2 {
        assert_eq!(call(&mut pool, &dear(), Effect::Healthy, T0), Ok(1));
    }
    let gone = Err(wait(midnight, Why::Money));
    assert_eq!(call(&mut pool, &dear(), Effect::Healthy, T0), gone);
    assert_eq!(call(&mut pool, &small(), Effect::Healthy, T0), Ok(2));
    let saved = Saved {
        spend: pool.spend().unwrap(),
        ..Saved::default()
    };
    let mut pool = Pool::new(policy, keys, &catalog(), saved, after(1));
    assert_eq!(call(&mut pool, &dear(), Effect::Healthy, after(1)), gone);
    assert_eq!(call(&mut pool, &dear(), Effect::Healthy, midnight), Ok(1));
    assert_eq!(spent(&pool), PRICE, "a new day");
}

#[test]
fn without_money_nothing_is_paid_for() {
    let keys = vec![paid(1, None)];
    let mut pool = Pool::new(thrifty(0), keys, &catalog(), Saved::default(), T0);
    let never = Err(Wait::never(Why::Money));
    assert_eq!(call(&mut pool, &dear(), Effect::Healthy, T0), never);
    assert_eq!(call(&mut pool, &small(), Effect::Healthy, T0), never);
}

#[test]
fn a_call_that_leaves_after_midnight_gives_nothing_of_the_new_day_back() {
    let midnight = pacific::day_of(T0).ends;
    let before = Timestamp(midnight.0 - 500);
    let mut pool = pool(vec![paid(1, None)]);
    let mut late = lend(&mut pool, &dear(), before).unwrap();
    let today = lend(&mut pool, &dear(), midnight).unwrap();
    assert!(pool.leave(&mut late, midnight.after(Duration::from_secs(1))));
    let refused = Verdict {
        counted: Counted::NotOfTheDay,
        ..says(Effect::Innocent)
    };
    pool.settle(late, &refused, midnight, &mut rng());
    assert_eq!(spent(&pool), PRICE);
    pool.settle(today, &refused, midnight, &mut rng());
    assert_eq!(spent(&pool), 0);
}

#[test]
fn a_lease_that_leaves_late_counts_from_then_on_and_not_at_all_a_minute_later() {
    let mut pool = pool(vec![key(1, None)]);
    let mut leases = [0; 3].map(|_| lend(&mut pool, &small(), T0).unwrap());
    assert!(pool.leave(&mut leases[0], after(59)));
    assert_eq!(leases[0].at, after(59));
    let frees = Timestamp(T0.0 + 60_250);
    assert!(!pool.leave(&mut leases[1], frees), "its minute is over");
    for lease in leases {
        pool.settle(lease, &says(Effect::Innocent), frees, &mut rng());
    }
    for expected in [true, true, false] {
        let called = call(&mut pool, &small(), Effect::Innocent, frees);
        assert_eq!(called.is_ok(), expected);
    }
}

#[test]
fn a_lease_does_not_leave_on_a_key_that_died_or_cools_down_by_now() {
    let cases = [
        (Effect::KillKey(Death::Leaked), false),
        (Effect::KillProject(Death::ProjectDenied), false),
        (Effect::CoolKey(Cooldown::Configured), false),
        (Effect::CoolProject(Cooldown::Configured), false),
        (Effect::CoolKeyModel(Cooldown::Configured), false),
        (Effect::Refused(Death::Unlisted), false),
        (Effect::Page, true),
        (Effect::Overloaded(Cooldown::Configured), true),
        (Effect::Innocent, true),
    ];
    for (effect, leaves) in cases {
        let mut pool = pool(vec![key(1, None)]);
        let [other, mut lease] = [0; 2].map(|_| lend(&mut pool, &small(), T0).unwrap());
        pool.settle(other, &says(effect), T0, &mut rng());
        assert_eq!(pool.leave(&mut lease, after(1)), leaves, "{effect:?}");
        let ((project, model), row) = pool.refund(lease);
        assert_eq!((project, model.as_str(), row.used), ([1; 16], "small", 1));
    }
}

#[test]
fn a_learned_limit_binds_after_a_restart_whatever_the_policy_says() {
    let limit = |quota, limit| Learned { quota, limit };
    let cases = [
        (limit(Quota::RequestsPerMinute, 2), Why::Minute),
        (limit(Quota::RequestsPerDay, 2), Why::Day),
        (limit(Quota::TokensPerMinute, 15), Why::Minute),
    ];
    let generous = Policy {
        rpm: Some(100),
        daily_percent: 150,
        ..POLICY
    };
    for (learned, why) in cases {
        let keys = vec![key(1, None)];
        let mut pool = Pool::new(generous, keys.clone(), &catalog(), Saved::default(), T0);
        let lease = lend(&mut pool, &small(), T0).unwrap();
        let verdict = Verdict {
            learned: vec![learned],
            ..says(Effect::Innocent)
        };
        let changes = pool.settle(lease, &verdict, T0, &mut rng());
        let saved = Saved {
            healths: changes
                .into_iter()
                .map(|it| (it.scope, it.health))
                .collect(),
            ledgers: vec![(([1; 16], "small".to_owned()), pool.ledger([1; 16], "small"))],
            ..Saved::default()
        };
        let mut pool = Pool::new(generous, keys, &catalog(), saved, after(1));
        assert_eq!(call(&mut pool, &small(), Effect::Innocent, after(1)), Ok(1));
        let full = call(&mut pool, &small(), Effect::Innocent, after(1)).unwrap_err();
        assert_eq!(full.why, why, "{learned:?}");
    }
}

/// Whom the shell would look at, hour by hour.
#[test]
fn a_dead_key_is_retested_after_an_hour_then_twice_as_late_and_a_leaked_one_never_by_itself() {
    let mut pool = pool(vec![key(1, None), key(2, None), key(3, None)]);
    let deaths = [
        (1, Effect::KillKey(Death::Invalid)),
        (2, Effect::KillKey(Death::Leaked)),
    ];
    for (name, effect) in deaths {
        call_one_key(&mut pool, name, effect, T0);
    }
    assert_eq!(pool.dead(), [[1; 16], [2; 16]]);
    let mut now = T0;
    for hours in [1, 2, 4, 8, 16, 24, 24] {
        let due = now.after(Duration::from_hours(hours));
        assert_eq!(pool.due(Timestamp(due.0 - 1)), [[0; 16]; 0]);
        assert_eq!(pool.due(due), [[1; 16]]);
        assert_eq!(pool.looked_again([1; 16], Retested::Unknown, None, due), []);
        assert_eq!(pool.due(due), [[1; 16]], "nothing was learned");
        pool.looked_again([1; 16], Retested::Refused, None, due);
        now = due;
    }
    for name in [1, 2] {
        let changes = pool.looked_again([name; 16], Retested::Accepted, None, now);
        let news: Vec<_> = changes.iter().map(|it| it.news).collect();
        assert_eq!(
            news,
            [Some(News::Back)],
            "also when the owner asks for a leaked one"
        );
    }
    assert_eq!(pool.dead(), [[0; 16]; 0]);
    let both = [0; 2].map(|_| lend(&mut pool, &only(1), now).unwrap().key[0]);
    assert_eq!((both[0], both[1] == 1), (1, false), "it is half-open");
}

fn only(name: u8) -> Ask {
    Ask {
        avoid: (1..=4)
            .filter(|&other| other != name)
            .map(|other| [other; 16])
            .collect(),
        ..ask(&[Group::C], &["big"])
    }
}

fn call_one_key(pool: &mut Pool, name: u8, effect: Effect, now: Timestamp) {
    assert_eq!(call(pool, &only(name), effect, now), Ok(name));
}

/// What is told of the keys 2 to 4.
fn known(pool: &mut Pool, now: Timestamp) -> Vec<impl PartialEq + std::fmt::Debug + use<>> {
    let lines = pool.report(now).into_iter();
    let lines = lines.filter(|it| (2..=4).contains(&it.key[0]));
    let facts = lines.map(|it| (it.label, it.standing, it.days, it.obstacles));
    facts.collect()
}

#[test]
fn new_settings_and_a_restart_keep_what_is_known_of_the_other_keys() {
    let group = Some(Group::C);
    let four: Vec<KeySpec> = (1..=4).map(|name| key(name, group)).collect();
    let mut moved = four.clone();
    moved[0].group = Some(Group::D);
    let mut joined = four.clone();
    joined[0].project = [9; 16];
    let mut added = four.clone();
    added.push(key(5, group));
    let edits = [
        ("removed", four[1..].to_vec()),
        ("moved", moved),
        ("given a project", joined),
        ("added", added),
        ("nothing", four.clone()),
    ];
    for (edit, keys) in edits {
        for restart in [false, true] {
            let mut pool = pool(four.clone());
            let mut healths = Vec::new();
            let effects = [
                (2, Effect::KillKey(Death::Invalid)),
                (3, Effect::CoolKey(Cooldown::For(Duration::from_hours(2)))),
                (4, Effect::Strike(Cooldown::Configured)),
            ];
            for (name, effect) in effects {
                let lease = lend(&mut pool, &only(name), T0).unwrap();
                assert_eq!(lease.key, [name; 16]);
                let changes = pool.settle(lease, &says(effect), T0, &mut rng());
                healths.extend(changes.into_iter().map(|it| (it.scope, it.health)));
            }
            let ledgers = (2..=4).map(|name| {
                let bucket = ([name; 16], "big".to_owned());
                let row = pool.ledger(bucket.0, "big");
                (bucket, row)
            });
            let saved = Saved {
                ledgers: ledgers.collect(),
                healths,
                spend: Spend::default(),
            };
            let before = known(&mut pool, after(1));
            assert_eq!(before.len(), 3);
            if restart {
                pool = Pool::new(POLICY, keys.clone(), &catalog(), saved, after(1));
            } else {
                pool.reconfigure(POLICY, keys.clone(), &catalog());
            }
            let now = known(&mut pool, after(1));
            assert_eq!(now, before, "{edit}, restart: {restart}");
            let strikes = pool.health(&Scope::Key([4; 16])).breaker.strikes;
            assert_eq!(strikes, 1, "{edit}, restart: {restart}");
        }
    }
}

#[test]
fn a_key_that_is_given_a_project_counts_with_it_from_then_on() {
    let mut pool = pool(vec![key(1, None), key(2, None)]);
    for _ in 0..6 {
        call(&mut pool, &small(), Effect::Healthy, T0).unwrap();
    }
    let mut keys = vec![key(1, None), key(2, None)];
    keys[1].project = [9; 16];
    for project in [9, 1] {
        keys[1].project = [project; 16];
        pool.reconfigure(POLICY, keys.clone(), &catalog());
        let full = call(&mut pool, &small(), Effect::Healthy, T0).unwrap_err();
        assert_eq!(full.why, Why::Minute, "it brings its minute along");
    }
    assert!(call(&mut pool, &small(), Effect::Healthy, after(61)).is_ok());
}

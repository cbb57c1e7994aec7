//! What the Owner is told of what is about everybody, once when it begins and once when it ends:
//! also around `/keys retest`, a restart, and a clock that was set back.

use super::*;
use crate::keys::Cause;

const HOUR: u64 = 3_600;
const MISSING: Effect = Effect::ModelMissing(Cooldown::For(Duration::from_hours(1)));

fn three() -> Vec<KeySpec> {
    (1..=3).map(|name| key(name, None)).collect()
}

/// Calls with whatever key is lent, and what is told of it.
fn tells(pool: &mut Pool, model: &str, effect: Effect, now: Timestamp) -> Vec<News> {
    let lease = lend(pool, &ask(&[Group::C], &[model]), now).unwrap();
    let changes = pool.settle(lease, &says(effect), now, &mut rng());
    changes.iter().filter_map(|it| it.news).collect()
}

/// Fails like this whenever a call is let through, for ten minutes; what was told, and when it ended.
fn fails(pool: &mut Pool, effect: Effect, mut now: Timestamp) -> (Vec<News>, Timestamp) {
    let end = now.after(Duration::from_mins(10));
    let mut told = Vec::new();
    while now < end {
        match lend(pool, &ask(&[Group::C], &["big"]), now) {
            Ok(lease) => {
                let changes = pool.settle(lease, &says(effect), now, &mut rng());
                told.extend(changes.iter().filter_map(|it| it.news));
            }
            Err(wait) => now = wait.until.unwrap(),
        }
    }
    (told, now)
}

const EVERYBODYS: [(Effect, News, News); 2] = [
    (Effect::Page, News::Blocked, News::Unblocked),
    (Effect::Unserved, News::Unserved, News::ServedAgain),
];

#[test]
fn what_the_owner_has_opened_is_told_anew_and_its_end_only_after_that() {
    for (effect, begins, ends) in EVERYBODYS {
        let mut pool = pool(three());
        let (told, now) = fails(&mut pool, effect, T0);
        assert_eq!(told, [begins]);
        pool.reopen(now);
        // One more is one project, as at the beginning.
        assert_eq!(tells(&mut pool, "big", effect, now), []);
        assert_eq!(tells(&mut pool, "big", Effect::Healthy, now), []);
        let (told, now) = fails(&mut pool, effect, now);
        assert_eq!(told, [begins], "the next time");
        assert_eq!(tells(&mut pool, "big", Effect::Healthy, now), [ends]);
    }
}

#[test]
fn the_end_of_what_was_told_before_a_restart_is_told_after_it() {
    for (effect, begins, ends) in EVERYBODYS {
        let mut before = pool(three());
        let (told, now) = fails(&mut before, effect, T0);
        assert_eq!(told, [begins]);
        let healths = [Scope::Pool, Scope::FreeKeys].map(|it| (it.clone(), before.health(&it)));
        let saved = Saved {
            healths: healths.to_vec(),
            ..Saved::default()
        };
        let mut pool = Pool::new(POLICY, three(), &catalog(), saved, now);
        assert_eq!(tells(&mut pool, "big", effect, now), [], "it is known");
        let (told, now) = fails(&mut pool, effect, now);
        assert_eq!(told, []);
        assert_eq!(tells(&mut pool, "big", Effect::Healthy, now), [ends]);
    }
}

#[test]
fn an_address_that_comes_and_goes_is_right_again_no_more_often_than_it_was_wrong() {
    let mut pool = pool(three());
    let (mut wrong, mut right, mut now) = (0, 0, T0);
    while now < after(4 * HOUR) {
        let late = lend(&mut pool, &ask(&[Group::C], &["big"]), now).unwrap();
        let mut told = tells(&mut pool, "big", Effect::WrongEndpoint, now);
        told.extend(tells(&mut pool, "big", Effect::WrongEndpoint, now));
        let changes = pool.settle(late, &says(Effect::Healthy), now, &mut rng());
        told.extend(changes.iter().filter_map(|it| it.news));
        for news in told {
            match news {
                News::Began(Cause::Endpoint { .. }) => wrong += 1,
                News::Ended(Cause::Endpoint { .. }) => right += 1,
                News::Died(_)
                | News::Back
                | News::Blocked
                | News::Unblocked
                | News::Unserved
                | News::ServedAgain
                | News::Began(_)
                | News::Ended(_) => panic!("{news:?}"),
            }
            assert!(right <= wrong);
        }
        now = now.after(Duration::from_mins(5));
    }
    assert!((3..=5).contains(&wrong), "{wrong}");
    assert_eq!(right, wrong);
}

#[test]
fn an_address_that_was_right_for_a_moment_and_stays_wrong_is_told_again() {
    let mut pool = pool(three());
    let is_wrong = |news: &[News]| matches!(news, [News::Began(Cause::Endpoint { .. })]);
    let (told, now) = fails(&mut pool, Effect::WrongEndpoint, T0);
    assert!(is_wrong(&told), "{told:?}");
    assert_eq!(tells(&mut pool, "big", Effect::Healthy, now).len(), 1);
    let mut told = Vec::new();
    let mut now = now;
    for _ in 0..12 {
        let (more, end) = fails(&mut pool, Effect::WrongEndpoint, now);
        told.extend(more);
        now = end;
    }
    assert!(is_wrong(&told), "{told:?}");
}

#[test]
fn the_only_key_that_misses_a_model_twice_is_believed() {
    let mut pool = pool(vec![key(1, None)]);
    assert_eq!(tells(&mut pool, "big", MISSING, T0), []);
    let cools = lend(&mut pool, &ask(&[Group::C], &["big"]), after(1)).unwrap_err();
    let told = tells(&mut pool, "big", MISSING, cools.until.unwrap());
    assert!(
        matches!(told[..], [News::Began(Cause::Missing { .. })]),
        "{told:?}"
    );
    // With an answer between them, the second is a first one.
    let mut pool = super::pool(vec![key(1, None)]);
    assert_eq!(tells(&mut pool, "big", MISSING, T0), []);
    let again = after(HOUR);
    assert_eq!(tells(&mut pool, "big", Effect::Healthy, again), []);
    assert_eq!(tells(&mut pool, "big", MISSING, after(3 * HOUR)), []);
}

/// A clock that was 100 days ahead.
const AHEAD: u64 = 100 * 24 * HOUR;

#[test]
fn what_was_heard_while_the_clock_was_ahead_counts_no_more() {
    let mut pool = pool(three());
    tells(&mut pool, "big", MISSING, after(AHEAD));
    let told = tells(&mut pool, "big", MISSING, after(5));
    assert_eq!(told, [], "one project");
    let told = tells(&mut pool, "small", Effect::WrongEndpoint, after(AHEAD));
    assert_eq!(told.len(), 1);
    tells(&mut pool, "small", Effect::Healthy, after(AHEAD + 1));
    let told = tells(&mut pool, "small", Effect::WrongEndpoint, after(6));
    assert_eq!(told.len(), 1, "the Owner is told");
}

#[test]
fn what_was_learned_while_the_clock_was_ahead_binds_for_a_day() {
    let mut pool = pool(vec![key(1, None)]);
    let lease = lend(&mut pool, &small(), after(AHEAD)).unwrap();
    let verdict = Verdict {
        learned: vec![Learned {
            quota: Quota::RequestsPerMinute,
            limit: 1,
        }],
        ..says(Effect::Healthy)
    };
    pool.settle(lease, &verdict, after(AHEAD), &mut rng());
    pool.count(T0);
    for (hours, room) in [(1, 1), (26, 3)] {
        let calls = (0..3).map(|_| call(&mut pool, &small(), Effect::Healthy, after(hours * HOUR)));
        let calls = calls.flatten().count();
        assert_eq!(calls, room, "after {hours} h");
    }
}

#[test]
fn a_last_strike_while_the_clock_was_ahead_is_judged_in_time() {
    let mut pool = pool(three());
    let ahead = after(AHEAD);
    let strike = |pool: &mut Pool, now| {
        let only_one = Ask {
            avoid: vec![[2; 16], [3; 16]],
            ..small()
        };
        let lease = lend(pool, &only_one, now).unwrap();
        pool.settle(
            lease,
            &says(Effect::Strike(Cooldown::For(Duration::ZERO))),
            now,
            &mut rng(),
        );
    };
    for seconds in [0, 20, 40] {
        strike(&mut pool, ahead.after(Duration::from_secs(seconds)));
    }
    pool.count(after(41));
    assert_eq!(pool.count(after(41 + 11)).blacklisted, 1);
    let open = pool.health(&Scope::Key([1; 16]));
    assert!(open.cooling.until.unwrap() > after(1_000), "{open:?}");
}

//! Keys that are refused in words that no table lists, and what the free look makes of them.

use super::*;
use crate::keys::Standing;

const REFUSED: Effect = Effect::Refused(Death::Unlisted);

fn ungrouped(count: u8) -> Pool {
    pool((1..=count).map(|name| key(name, None)).collect())
}

fn only(name: u8, model: &str) -> Ask {
    Ask {
        avoid: (1..=9)
            .filter(|&other| other != name)
            .map(|other| [other; 16])
            .collect(),
        ..ask(&[Group::C], &[model])
    }
}

/// A call with this very key is refused.
fn refuse(pool: &mut Pool, name: u8, model: &str, now: Timestamp) -> Attempted {
    let lease = lend(pool, &only(name, model), now).unwrap();
    assert_eq!(lease.key, [name; 16]);
    let call = lease.attempted();
    pool.settle(lease, &says(REFUSED), now, &mut rng());
    call
}

fn news(changes: &[Change]) -> Vec<News> {
    changes.iter().filter_map(|it| it.news).collect()
}

fn strikes(pool: &mut Pool, name: u8) -> u32 {
    pool.health(&Scope::Key([name; 16])).breaker.strikes
}

#[test]
fn a_refused_key_cools_down_at_once_is_looked_at_once_and_dies_where_the_look_is_refused_too() {
    let mut pool = ungrouped(3);
    let lent: Vec<Lease> = (0..2)
        .map(|_| lend(&mut pool, &only(1, "big"), T0).unwrap())
        .collect();
    let mut looks = 0;
    for lease in lent {
        let call = lease.attempted();
        pool.settle(lease, &says(REFUSED), T0, &mut rng());
        looks += usize::from(is_to_be_looked_at(&mut pool, &call, T0));
        let cooling = lend(&mut pool, &only(1, "small"), T0).unwrap().key;
        assert_ne!(cooling, [1; 16], "it cools down with every model");
    }
    assert_eq!(looks, 1, "two calls, one look");
    let call = refuse(&mut pool, 2, "big", T0);
    assert!(is_to_be_looked_at(&mut pool, &call, T0));
    let changes = pool.looked_at(&call, Retested::Refused, Some(Death::Leaked), T0);
    assert_eq!(news(&changes), [News::Died(Death::Leaked)]);
    let changes = pool.looked_at(&call, Retested::Refused, None, T0);
    assert_eq!(changes, [], "once");
    assert!(!is_to_be_looked_at(&mut pool, &call, after(1)));
}

#[test]
fn a_look_that_shows_nothing_leaves_the_key_to_its_ten_seconds_and_to_another_look() {
    let mut pool = ungrouped(1);
    let call = refuse(&mut pool, 1, "big", T0);
    assert!(is_to_be_looked_at(&mut pool, &call, T0));
    let changes = pool.looked_at(&call, Retested::Unknown, None, after(3));
    assert_eq!(changes, []);
    let cooling = lend(&mut pool, &only(1, "big"), after(9)).unwrap_err();
    assert_eq!(cooling, wait(after(10), Why::Cooldown));
    let call = refuse(&mut pool, 1, "big", after(10));
    assert!(is_to_be_looked_at(&mut pool, &call, after(10)));
    assert!(
        !is_to_be_looked_at(&mut pool, &call, after(19)),
        "it is looked at"
    );
    assert!(
        is_to_be_looked_at(&mut pool, &call, after(20)),
        "nobody takes so long"
    );
}

#[test]
fn a_key_that_the_look_accepts_cools_down_with_that_model_twice_as_long_each_time() {
    let mut pool = ungrouped(1);
    let mut now = T0;
    for seconds in [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600] {
        let call = refuse(&mut pool, 1, "big", now);
        let changes = pool.looked_at(&call, Retested::Accepted, None, now);
        assert_eq!(news(&changes), []);
        let frees = now.after(Duration::from_secs(seconds));
        let cooling = lend(&mut pool, &only(1, "big"), now).unwrap_err();
        assert_eq!(cooling, wait(frees, Why::Cooldown), "after {seconds} s");
        assert_eq!(strikes(&mut pool, 1), 0);
        now = frees;
    }
    assert_eq!(
        call(&mut pool, &only(1, "big"), Effect::Healthy, now),
        Ok(1)
    );
    let call = refuse(&mut pool, 1, "big", now.after(Duration::from_secs(1)));
    pool.looked_at(&call, Retested::Accepted, None, now);
    let anew = lend(&mut pool, &only(1, "big"), now).unwrap_err();
    assert!(anew.until.unwrap().since(now) < Duration::from_secs(12));
}

#[test]
fn another_model_is_tried_at_once_and_refused_there_too_the_key_cools_down() {
    let mut pool = ungrouped(1);
    let call = refuse(&mut pool, 1, "big", T0);
    pool.looked_at(&call, Retested::Accepted, None, T0);
    let call = refuse(&mut pool, 1, "small", after(1));
    pool.looked_at(&call, Retested::Accepted, None, after(1));
    let health = pool.health(&Scope::Key([1; 16]));
    assert_eq!(health.cooling.until, Some(after(11)));
    assert!(matches!(
        pool.report(after(2))[0].standing,
        Standing::Waiting(_)
    ));
}

#[test]
fn a_cooldown_that_began_for_something_else_is_not_lifted_by_a_look() {
    let mut pool = ungrouped(2);
    let [one, two] = [0; 2].map(|_| lend(&mut pool, &only(1, "big"), T0).unwrap());
    let hour = Effect::CoolKey(Cooldown::For(Duration::from_hours(1)));
    pool.settle(one, &says(hour), T0, &mut rng());
    let call = two.attempted();
    pool.settle(two, &says(REFUSED), after(1), &mut rng());
    pool.looked_at(&call, Retested::Accepted, None, after(1));
    let health = pool.health(&Scope::Key([1; 16]));
    assert_eq!(health.cooling.until, Some(after(3_600)));
}

#[test]
fn however_many_keys_are_refused_at_once_none_of_them_is_taken_for_the_models_or_the_address() {
    let mut pool = ungrouped(6);
    for name in 1..=5 {
        let call = refuse(&mut pool, name, "big", T0);
        pool.looked_at(&call, Retested::Refused, None, T0);
    }
    assert_eq!(pool.count(T0).dead, 5);
    assert_eq!(pool.health(&Scope::Pool), Health::default());
    assert_eq!(
        pool.health(&Scope::Model("big".to_owned())),
        Health::default()
    );
    let big = ask(&[Group::C], &["big"]);
    assert_eq!(call(&mut pool, &big, Effect::Healthy, T0), Ok(6));
}

#[test]
fn keys_that_die_within_seconds_of_each_other_are_looked_at_after_a_minute() {
    let minute = Duration::from_mins(1);
    let hour = Duration::from_hours(1);
    let cases: [(u8, &[u64], Duration); 4] = [
        // (keys, when one after another dies, when the first is looked at)
        (6, &[0, 1], hour),
        (6, &[0, 4, 9], minute),
        (6, &[0, 5, 10], hour),
        // Nothing lives any more.
        (1, &[0], minute),
    ];
    for (count, seconds, first) in cases {
        let mut pool = ungrouped(count);
        for (name, secs) in (1..).zip(seconds) {
            let kill = Effect::KillKey(Death::Invalid);
            let called = call(&mut pool, &only(name, "big"), kill, after(*secs));
            assert_eq!(called, Ok(name));
        }
        let due = T0.after(first);
        assert_eq!(pool.due(Timestamp(due.0 - 1)), [[0; 16]; 0], "{seconds:?}");
        assert!(pool.due(due).contains(&[1; 16]), "{seconds:?}");
    }
}

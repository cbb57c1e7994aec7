//! Who is to blame for a failure: the breakers of models, region and address, strikes and their cap.

use super::*;
use crate::keys::{Route, Standing, Start};

const MINUTE: Cooldown = Cooldown::For(Duration::from_mins(1));
const FULL: Effect = Effect::Overloaded(Cooldown::Configured);
const STRIKE: Effect = Effect::Strike(Cooldown::Configured);

fn big() -> Ask {
    ask(&[Group::C], &["big"])
}

/// Any key with this model.
fn call_any(pool: &mut Pool, model: &str, effect: Effect, now: Timestamp) -> Result<u8, Wait> {
    call(pool, &ask(&[Group::C], &[model]), effect, now)
}

fn millis(secs: u64, millis: u64) -> Timestamp {
    Timestamp(after(secs).0 + millis)
}

fn strikes(pool: &mut Pool, name: u8) -> u32 {
    pool.health(&Scope::Key([name; 16])).breaker.strikes
}

fn blacklisted(pool: &mut Pool, now: Timestamp) -> usize {
    pool.count(now).blacklisted
}

fn ungrouped(count: u8) -> Pool {
    pool((1..=count).map(|name| key(name, None)).collect())
}

#[test]
fn a_model_cools_down_after_three_overloads_in_a_row() {
    let cases: [(&[Effect], bool); 5] = [
        (&[FULL, FULL], true),
        (&[FULL, FULL, FULL], false),
        (&[FULL, FULL, Effect::Healthy, FULL, FULL], true),
        (&[FULL, FULL, Effect::Innocent, FULL], false),
        (&[Effect::Overloaded(MINUTE), FULL, FULL], false),
    ];
    for (effects, free) in cases {
        let mut pool = ungrouped(3);
        for &effect in effects {
            call_any(&mut pool, "big", effect, T0).unwrap();
        }
        let next = call_any(&mut pool, "big", Effect::Innocent, after(1));
        let closed = Err(wait(after(2), Why::Model));
        assert!(if free { next.is_ok() } else { next == closed }, "{next:?}");
        assert!(call_any(&mut pool, "small", Effect::Innocent, after(1)).is_ok());
    }
}

#[test]
fn an_open_model_breaker_lets_one_probe_pass_and_doubles_when_it_fails() {
    let mut pool = ungrouped(3);
    for _ in 0..3 {
        call_any(&mut pool, "big", FULL, T0).unwrap();
    }
    let mut now = after(2);
    for seconds in [4, 8, 15, 15] {
        let probe = lend(&mut pool, &big(), now).unwrap();
        let second = lend(&mut pool, &big(), now).unwrap_err();
        assert_eq!(second, wait(now.after(Duration::from_secs(1)), Why::Model));
        pool.settle(probe, &says(FULL), now, &mut rng());
        now = now.after(Duration::from_secs(seconds));
        let early = Timestamp(now.0 - 1);
        let closed = call_any(&mut pool, "big", FULL, early);
        assert_eq!(closed, Err(wait(now, Why::Model)));
    }
    // Who neither heals nor fails it leaves the probe to the next; one answer opens it for all.
    assert!(call_any(&mut pool, "big", Effect::Innocent, now).is_ok());
    assert!(call_any(&mut pool, "big", Effect::Healthy, now).is_ok());
    let both = [0; 2].map(|_| lend(&mut pool, &big(), now).is_ok());
    assert_eq!(both, [true, true]);
}

#[test]
fn results_of_calls_that_left_before_a_model_began_to_cool_down_are_no_news() {
    let named = Effect::Overloaded(Cooldown::For(Duration::from_secs(20)));
    for late in [FULL, named, Effect::Healthy] {
        let mut pool = ungrouped(3);
        let mut leases: Vec<Lease> = (0..7)
            .map(|_| lend(&mut pool, &big(), T0).unwrap())
            .collect();
        let mut settle = |pool: &mut Pool, effect, now| {
            let lease = leases.pop().unwrap();
            pool.settle(lease, &says(effect), now, &mut rng());
        };
        for _ in 0..3 {
            settle(&mut pool, FULL, millis(0, 1));
        }
        let model = Scope::Model("big".to_owned());
        let open = pool.health(&model);
        assert_eq!(open.cooling.until, Some(millis(2, 1)));
        for at in [millis(0, 2), millis(1, 0), millis(2, 1), millis(3, 0)] {
            settle(&mut pool, late, at);
            assert_eq!(pool.health(&model), open, "{late:?}");
        }
    }
}

#[test]
fn a_time_that_the_service_names_counts_once_the_model_cools_down() {
    let mut pool = ungrouped(1);
    for _ in 0..3 {
        let named = Effect::Overloaded(Cooldown::For(Duration::from_secs(20)));
        call_any(&mut pool, "big", named, T0).unwrap();
    }
    let closed = call_any(&mut pool, "big", FULL, after(3));
    assert_eq!(closed, Err(wait(after(20), Why::Model)));
}

#[test]
fn a_region_that_is_not_served_is_tried_with_one_free_key_at_each_wake() {
    let region = Effect::Unserved;
    let mut keys: Vec<KeySpec> = (1..=3).map(|name| key(name, None)).collect();
    keys[2].paid = true;
    let mut pool = pool(keys);
    let paid = Ask {
        paid_only: true,
        ..big()
    };
    for _ in 0..2 {
        assert_ne!(call(&mut pool, &small(), region, T0), Ok(3));
    }
    let mut now = T0;
    let lengths = [5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560];
    for (nth, seconds) in lengths.into_iter().chain([3_600, 3_600]).enumerate() {
        let wakes = now.after(Duration::from_secs(seconds));
        let early = Timestamp(wakes.0 - 1);
        let cooling = |pool: &mut Pool| {
            pool.report(early)
                .iter()
                .filter(|line| {
                    let mut obstacles = line.obstacles.iter();
                    let big = obstacles.find(|one| one.0 == "big");
                    big.map(|one| one.1) == Some(wait(wakes, Why::Region))
                })
                .count()
        };
        assert_eq!(cooling(&mut pool), 2, "after {seconds} s");
        let paid = call(&mut pool, &paid, Effect::Innocent, early);
        assert_eq!(paid, Ok(3));
        let probe = lend(&mut pool, &big(), wakes).unwrap();
        assert_ne!(probe.key, [3; 16]);
        let second = lend(&mut pool, &big(), wakes).unwrap();
        assert_eq!(second.key, [3; 16], "paid keys go on");
        pool.settle(second, &says(Effect::Healthy), wakes, &mut rng());
        let changes = pool.settle(probe, &says(region), wakes, &mut rng());
        let news: Vec<_> = changes.iter().filter_map(|it| it.news).collect();
        // Of 80 seconds and more the Owner is told, once.
        assert_eq!(
            news.contains(&News::Unserved),
            nth == 3,
            "after {seconds} s"
        );
        now = wakes;
    }
    now = now.after(Duration::from_hours(1));
    let probe = lend(&mut pool, &big(), now).unwrap();
    let changes = pool.settle(probe, &says(Effect::Healthy), now, &mut rng());
    assert!(changes.iter().any(|it| it.news == Some(News::ServedAgain)));
    let keys = [0; 3].map(|_| lend(&mut pool, &big(), now).unwrap().key);
    assert!(!keys.contains(&[3; 16]), "the free ones are back");
}

/// Whether everything cools down after these calls, a second apart: the key, how many pages its question
/// met before, and whether it fails.
fn cools_after(effect: Effect, calls: &[(u8, u32, bool)]) -> bool {
    let mut pool = ungrouped(3);
    for (secs, &(name, pages, fails)) in (0..).zip(calls) {
        let others = (1..=3).filter(|&other| other != name);
        let ask = Ask {
            avoid: others.map(|other| [other; 16]).collect(),
            pages,
            ..big()
        };
        let effect = if fails { effect } else { Effect::Healthy };
        assert_eq!(call(&mut pool, &ask, effect, after(secs)), Ok(name));
    }
    let last = after(calls.len() as u64 - 1);
    let why = if effect == Effect::Page {
        Why::Address
    } else {
        Why::Region
    };
    let closed = wait(last.after(Duration::from_secs(5)), why);
    match lend(&mut pool, &small(), last) {
        Ok(_) => false,
        Err(wait) => {
            assert_eq!(wait, closed);
            true
        }
    }
}

#[test]
fn what_is_about_everybody_takes_two_projects_in_a_row() {
    for effect in [Effect::Unserved, Effect::Page] {
        assert!(!cools_after(effect, &[(1, 0, true)]));
        assert!(!cools_after(effect, &[(1, 0, true), (1, 0, true)]));
        assert!(cools_after(effect, &[(1, 0, true), (2, 0, true)]));
        let answered = [(1, 0, true), (3, 0, false), (2, 0, true)];
        assert!(!cools_after(effect, &answered), "{effect:?}");
    }
    let same_question = [(1, 0, true), (2, 1, true)];
    assert!(!cools_after(Effect::Page, &same_question));
    let another = [(1, 0, true), (2, 1, true), (3, 0, true)];
    assert!(cools_after(Effect::Page, &another));
}

#[test]
fn an_answer_to_a_call_that_left_meanwhile_takes_a_false_verdict_about_everybody_back() {
    for effect in [Effect::Unserved, Effect::Page] {
        let mut pool = ungrouped(4);
        let before = lend(&mut pool, &big(), T0).unwrap();
        let leases = [0; 3].map(|_| lend(&mut pool, &big(), after(1)).unwrap());
        let [one, two, good] = leases;
        for bad in [one, two] {
            pool.settle(bad, &says(effect), after(2), &mut rng());
        }
        let closed = lend(&mut pool, &big(), after(2)).unwrap_err();
        assert_eq!(closed.until, Some(after(7)));
        pool.settle(before, &says(Effect::Healthy), after(3), &mut rng());
        assert!(
            lend(&mut pool, &big(), after(3)).is_err(),
            "it says nothing"
        );
        pool.settle(good, &says(Effect::Healthy), after(3), &mut rng());
        let two = [0; 2].map(|_| lend(&mut pool, &big(), after(3)).is_ok());
        assert_eq!(two, [true, true], "{effect:?}");
    }
}

#[test]
fn pages_shut_the_address_twice_as_long_each_time_and_the_owner_is_told_once() {
    let mut pool = ungrouped(3);
    for _ in 0..2 {
        call_any(&mut pool, "big", Effect::Page, T0).unwrap();
    }
    let mut now = after(5);
    let mut told = Vec::new();
    for seconds in [10, 20, 40, 80, 160, 320, 640, 900, 900] {
        let probe = lend(&mut pool, &small(), now).unwrap();
        let changes = pool.settle(probe, &says(Effect::Page), now, &mut rng());
        told.extend(changes.iter().filter_map(|it| it.news));
        now = now.after(Duration::from_secs(seconds));
        let early = lend(&mut pool, &small(), Timestamp(now.0 - 1)).unwrap_err();
        assert_eq!(early, wait(now, Why::Address));
    }
    assert_eq!(told, [News::Blocked]);
    let probe = lend(&mut pool, &small(), now).unwrap();
    let changes = pool.settle(probe, &says(Effect::Healthy), now, &mut rng());
    let told: Vec<_> = changes.iter().filter_map(|it| it.news).collect();
    assert_eq!(told, [News::Unblocked]);
    for name in 1..=3 {
        assert_eq!(strikes(&mut pool, name), 0);
    }
}

#[test]
fn what_three_projects_are_throttled_alike_on_is_the_model_and_blames_no_key() {
    let throttled = Effect::Throttled(MINUTE);
    let cases = [
        // (when each of three projects hears it, whether another is answered before the last,
        // whether the model cools down)
        ([0, 0, 0], false, true),
        ([0, 4, 9], false, true),
        // Of a quiet bot the questions are minutes apart.
        ([0, 70, 140], false, true),
        ([0, 70, 140], true, false),
        ([0, 4, 9], true, true),
    ];
    for (seconds, answered, cools) in cases {
        let mut pool = ungrouped(5);
        for (name, secs) in (1..).zip(seconds) {
            if name == 3 && answered {
                call_one_of(&mut pool, (5, "big"), Effect::Healthy, after(secs));
            }
            call_one_of(&mut pool, (name, "big"), throttled, after(secs));
        }
        let last = after(seconds[2]);
        let stopped = lend(&mut pool, &big(), last).map(drop);
        let closed = Err(wait(last.after(Duration::from_secs(10)), Why::Model));
        let expected = if cools { closed } else { Ok(()) };
        assert_eq!(stopped, expected, "{seconds:?}");
        assert!(
            lend(&mut pool, &small(), last).is_ok(),
            "other models go on"
        );
        for name in 1..=5 {
            assert_eq!(strikes(&mut pool, name), 0);
        }
        assert_eq!(blacklisted(&mut pool, last), 0);
    }
}

#[test]
fn a_model_that_throttles_everybody_cools_down_from_ten_seconds_to_ten_minutes() {
    let throttled = Effect::Throttled(MINUTE);
    let mut pool = ungrouped(5);
    for name in 1..=3 {
        call_one_of(&mut pool, (name, "big"), throttled, T0);
    }
    let mut now = after(10);
    let model = Scope::Model("big".to_owned());
    for seconds in [20, 40, 80, 160, 320, 600, 600] {
        let probe = lend(&mut pool, &big(), now).unwrap();
        let second = lend(&mut pool, &big(), now).unwrap_err();
        assert_eq!(second.why, Why::Model, "one probe");
        pool.settle(probe, &says(throttled), now, &mut rng());
        let since = now;
        now = now.after(Duration::from_secs(seconds));
        let part = if seconds > 120 { seconds / 4 } else { seconds };
        let soon = since.after(Duration::from_secs(part));
        let early = lend(&mut pool, &big(), Timestamp(soon.0 - 1)).unwrap_err();
        assert_eq!(early, wait(now, Why::Model));
        assert_eq!(pool.health(&model).cooling.until, Some(now));
        assert_eq!(pool.health(&Scope::Pool), Health::default());
    }
    assert!(call_any(&mut pool, "big", Effect::Healthy, now).is_ok());
    let both = [0; 2].map(|_| lend(&mut pool, &big(), now).is_ok());
    assert_eq!(both, [true, true]);
}

#[test]
fn whoever_would_be_refused_is_the_probe_of_a_model_whose_cooldown_is_long() {
    let throttled = Effect::Throttled(MINUTE);
    let mut pool = ungrouped(5);
    for name in 1..=3 {
        call_one_of(&mut pool, (name, "big"), throttled, T0);
    }
    let mut now = after(10);
    for seconds in [20, 40, 80, 160] {
        call_any(&mut pool, "big", throttled, now).unwrap();
        now = now.after(Duration::from_secs(seconds));
    }
    let since = after(150);
    assert_eq!(now, after(310), "it cools down until then");
    let both = ask(&[Group::C], &["big", "small"]);
    let soon = since.after(Duration::from_secs(160 / 4));
    let early = lend(&mut pool, &big(), Timestamp(soon.0 - 1)).map(drop);
    assert_eq!(early, Err(wait(now, Why::Model)));
    let served = lend(&mut pool, &both, soon).unwrap();
    assert_eq!(served.model, "small", "nobody is refused");
    let mut probe = lend(&mut pool, &big(), soon).unwrap();
    assert!(pool.leave(&mut probe, soon));
    let second = lend(&mut pool, &big(), soon).unwrap_err();
    assert_eq!(second.why, Why::Model, "one probe");
    pool.settle(probe, &says(throttled), soon, &mut rng());
    let until = soon.after(Duration::from_secs(320));
    let model = Scope::Model("big".to_owned());
    assert_eq!(
        pool.health(&model).cooling.until,
        Some(until),
        "it goes on cooling down"
    );
    let again = soon.after(Duration::from_secs(320 / 4));
    call_any(&mut pool, "big", Effect::Healthy, again).unwrap();
    assert!(lend(&mut pool, &big(), again).is_ok());
    assert!(lend(&mut pool, &big(), again).is_ok());
}

#[test]
fn only_a_second_model_that_throttles_two_more_projects_opens_the_breaker_of_the_pool() {
    let throttled = Effect::Throttled(MINUTE);
    let mut pool = ungrouped(5);
    for name in 1..=3 {
        call_one_of(&mut pool, (name, "big"), throttled, T0);
    }
    call_one_of(&mut pool, (4, "small"), throttled, after(1));
    assert!(
        lend(&mut pool, &small(), after(1)).is_ok(),
        "it is one key's"
    );
    call_one_of(&mut pool, (5, "small"), throttled, after(2));
    let closed = lend(&mut pool, &small(), after(2)).map(drop);
    assert_eq!(closed, Err(wait(after(4), Why::Address)));
}

#[test]
fn a_free_look_that_is_throttled_like_the_model_opens_the_breaker_of_the_pool() {
    let throttled = Effect::Throttled(MINUTE);
    let mut pool = ungrouped(5);
    for (name, expected) in [(1, None), (2, None), (3, Some(LookFor::Address)), (4, None)] {
        let others = (1..=5).filter(|&other| other != name);
        let ask = Ask {
            avoid: others.map(|other| [other; 16]).collect(),
            ..big()
        };
        if name == 4 {
            // The model cools down; when it is over, nobody looks a second time.
            assert!(lend(&mut pool, &ask, after(1)).is_err());
            continue;
        }
        let lease = lend(&mut pool, &ask, T0).unwrap();
        let call = lease.attempted();
        pool.settle(lease, &says(throttled), T0, &mut rng());
        let look = pool.look_for(&call, throttled, T0);
        assert_eq!(look, expected, "{name}");
        if look.is_some() {
            assert!(lend(&mut pool, &small(), T0).is_ok());
            let changes = pool.address_is_throttled(&call, after(1));
            assert_eq!(changes.len(), 1);
        }
    }
    let closed = lend(&mut pool, &small(), after(1)).map(drop);
    assert_eq!(closed, Err(wait(after(3), Why::Address)));
}

#[test]
fn the_probe_that_ends_a_cooldown_of_the_pool_goes_to_another_model_where_there_is_one() {
    let throttled = Effect::Throttled(MINUTE);
    let braked = || {
        let mut pool = ungrouped(6);
        let calls = [(1, "small"), (2, "small"), (3, "big")];
        for (name, model) in calls {
            let others = (1..=6).filter(|&other| other != name);
            let ask = Ask {
                avoid: others.map(|other| [other; 16]).collect(),
                ..ask(&[Group::C], &[model])
            };
            assert_eq!(call(&mut pool, &ask, throttled, T0), Ok(name));
        }
        pool
    };
    for (models, expected) in [
        (&["big", "small"][..], "small"),
        (&["small", "big"], "small"),
        (&["big"], "big"),
    ] {
        let mut pool = braked();
        let any = ask(&[Group::C], models);
        assert!(lend(&mut pool, &any, after(1)).is_err());
        let probe = lend(&mut pool, &any, after(2)).unwrap();
        assert_eq!(probe.model, expected, "{models:?}");
    }
}

/// Calls this very key of five.
fn call_one_of(pool: &mut Pool, (name, model): (u8, &str), effect: Effect, now: Timestamp) {
    let others = (1..=5).filter(|&other| other != name);
    let ask = Ask {
        avoid: others.map(|other| [other; 16]).collect(),
        ..ask(&[Group::C], &[model])
    };
    assert_eq!(call(pool, &ask, effect, now), Ok(name));
}

#[test]
fn a_probe_of_the_open_pool_that_is_throttled_again_doubles_its_cooldown() {
    let throttled = Effect::Throttled(MINUTE);
    let mut pool = ungrouped(5);
    for (name, model) in [(1, "small"), (2, "small"), (3, "big")] {
        call_one_of(&mut pool, (name, model), throttled, T0);
    }
    let probe = lend(&mut pool, &big(), after(2)).unwrap();
    let second = lend(&mut pool, &small(), after(2)).map(drop);
    assert_eq!(second, Err(wait(after(3), Why::Address)), "one probe");
    let key = probe.key;
    // Eleven seconds later nobody remembers the others.
    pool.settle(probe, &says(throttled), after(13), &mut rng());
    let cools = lend(&mut pool, &small(), after(14)).map(drop);
    assert_eq!(cools, Err(wait(after(17), Why::Address)));
    assert_eq!(
        pool.health(&Scope::ProjectModel(key, "big".to_owned()))
            .cooling
            .until,
        None
    );
}

#[test]
fn what_three_projects_meet_at_once_takes_their_strikes_back() {
    let mut pool = ungrouped(5);
    for (name, expected) in [(1, 1), (2, 1), (3, 0)] {
        call_one_of(&mut pool, (name, "big"), STRIKE, after(u64::from(name)));
        assert_eq!(strikes(&mut pool, name), expected);
    }
    assert_eq!([1, 2, 3].map(|name| strikes(&mut pool, name)), [0; 3]);
    assert_eq!(
        pool.health(&Scope::Model("big".to_owned())).breaker.strikes,
        1,
        "it is the model's"
    );
    // One key on another model says nothing yet, a second one does.
    call_one_of(&mut pool, (4, "small"), STRIKE, after(4));
    assert_eq!(strikes(&mut pool, 4), 1);
    call_one_of(&mut pool, (5, "small"), STRIKE, after(5));
    assert_eq!([4, 5].map(|name| strikes(&mut pool, name)), [0; 2]);
    assert_eq!(
        pool.health(&Scope::Pool).breaker.strikes,
        1,
        "it is our address's"
    );
    // A new event ten seconds later is the key's own again.
    call_one_of(&mut pool, (5, "big"), STRIKE, after(16));
    assert_eq!(strikes(&mut pool, 5), 1);
}

#[test]
fn a_correlated_failure_blacklists_nobody() {
    let mut pool = ungrouped(5);
    for second in 0..200 {
        let _ = call_any(&mut pool, "big", STRIKE, after(second));
        let _ = call_any(&mut pool, "small", STRIKE, after(second));
        assert_eq!(blacklisted(&mut pool, after(second)), 0, "after {second} s");
    }
}

#[test]
fn a_correlated_failure_keeps_no_key_away_that_had_strikes_before() {
    let mut pool = ungrouped(5);
    for secs in [0, 20] {
        call_one_of(&mut pool, (1, "big"), STRIKE, after(secs));
    }
    for name in 1..=3 {
        call_one_of(&mut pool, (name, "big"), STRIKE, after(40));
    }
    assert_eq!(strikes(&mut pool, 1), 2);
    assert_eq!(blacklisted(&mut pool, after(41)), 0);
    call_one_of(&mut pool, (1, "small"), Effect::Innocent, after(51));
    // The next time it is the key alone, and as if the correlated failure had not been.
    call_one_of(&mut pool, (1, "small"), STRIKE, after(70));
    assert_eq!(
        blacklisted(&mut pool, after(79)),
        0,
        "it may be a correlated failure yet"
    );
    assert_eq!(blacklisted(&mut pool, after(80)), 1);
    let health = pool.health(&Scope::Key([1; 16]));
    let hour = after(70).after(Duration::from_hours(1));
    assert_eq!(
        (health.breaker.trips, health.cooling.until),
        (1, Some(hour))
    );
}

#[test]
fn where_deaths_leave_only_blacklisted_keys_these_are_half_open_and_their_calls_leave() {
    let mut pool = ungrouped(4);
    for name in [1, 2] {
        for strike in 0..3 {
            let secs = u64::from(name) * 100 + strike * 11;
            call_one_of(&mut pool, (name, "big"), STRIKE, after(secs));
        }
    }
    let now = after(300);
    assert_eq!(blacklisted(&mut pool, now), 2);
    for name in [3, 4] {
        call_one_of(
            &mut pool,
            (name, "big"),
            Effect::KillKey(Death::Invalid),
            now,
        );
    }
    let big = ask(&[Group::C], &["big"]);
    for _ in 0..2 {
        let mut probe = lend(&mut pool, &big, now).unwrap();
        assert!([[1; 16], [2; 16]].contains(&probe.key));
        assert!(pool.leave(&mut probe, now), "it was lent to be called");
        std::mem::forget(probe);
    }
    let third = lend(&mut pool, &big, now).unwrap_err();
    assert_eq!(third.why, Why::Slots, "one probe each");
}

#[test]
fn a_fault_is_a_strike_once_another_key_answers_the_same_question_on_the_same_model() {
    let fault = Verdict {
        next: Next::AnotherKey,
        ..says(Effect::Suspect(Cooldown::Configured))
    };
    let overloaded = Verdict {
        next: Next::AnotherModel,
        ..says(FULL)
    };
    let healthy = says(Effect::Healthy);
    let cases: [(&[&Verdict], u32); 4] = [
        (&[&fault, &healthy], 1),
        (&[&fault, &fault], 0),
        // The second call moves the question to the other model, where it is answered.
        (&[&fault, &overloaded, &healthy], 0),
        (&[&fault], 0),
    ];
    for (verdicts, expected) in cases {
        let mut pool = ungrouped(2);
        let start = Start {
            kind: Tier::Lite.into(),
            groups: vec![Group::C],
            tokens: 1,
            rank: 0,
            since: T0,
            patience: Duration::ZERO,
        };
        let mut route = Route::new(start, &catalog());
        let mut first = None;
        for verdict in verdicts {
            let lease = lend(&mut pool, route.ask(), T0).unwrap();
            let name = *first.get_or_insert(lease.key[0]);
            let attempted = lease.attempted();
            pool.settle(lease, verdict, T0, &mut rng());
            route.goes_on(&attempted, verdict, T0);
            assert!(strikes(&mut pool, name) <= expected);
        }
        // Another question's success proves nothing.
        let _ = call_any(&mut pool, "small", Effect::Healthy, T0);
        let first = first.unwrap();
        assert_eq!(strikes(&mut pool, first), expected, "{verdicts:?}");
        assert_eq!(strikes(&mut pool, 3 - first), 0);
    }
}

#[test]
fn a_late_result_neither_strikes_nor_heals() {
    let mut pool = ungrouped(1);
    let leases = [0; 3].map(|_| lend(&mut pool, &small(), T0).unwrap());
    let expected = [(STRIKE, 1), (STRIKE, 1), (Effect::Healthy, 1)];
    for (lease, (effect, count)) in leases.into_iter().zip(expected) {
        pool.settle(lease, &says(effect), T0, &mut rng());
        assert_eq!(strikes(&mut pool, 1), count);
    }
    let lease = lend(&mut pool, &big(), after(10)).unwrap();
    pool.settle(lease, &says(Effect::Healthy), after(10), &mut rng());
    assert_eq!(strikes(&mut pool, 1), 0);
}

#[test]
fn no_more_than_half_of_the_living_keys_are_ever_blacklisted() {
    // (keys, how many of them are dead, of these by their project, blacklisted in the end)
    let cases = [
        (1, 0, 0),
        (2, 0, 1),
        (3, 0, 1),
        (4, 0, 2),
        (5, 0, 2),
        (5, 2, 1),
        (5, 4, 0),
    ];
    for (count, dead, listed) in cases {
        let mut pool = ungrouped(count);
        let kill = |name: u8| match name % 2 {
            0 => Effect::KillKey(Death::Invalid),
            _ => Effect::KillProject(Death::ProjectDenied),
        };
        let mut now = T0;
        for name in 1..=dead {
            call_one_of(&mut pool, (name, "big"), kill(name), now);
        }
        for name in dead + 1..=count {
            for _ in 0..4 {
                now = now.after(Duration::from_secs(11));
                let only = (1..=count).filter(|&other| other != name);
                let ask = Ask {
                    avoid: only.map(|other| [other; 16]).collect(),
                    ..big()
                };
                if pool.report(now)[usize::from(name) - 1].standing == Standing::Available {
                    let _ = call(&mut pool, &ask, STRIKE, now);
                }
            }
        }
        assert_eq!(
            blacklisted(&mut pool, now),
            listed,
            "{count} keys, {dead} dead"
        );
        assert_eq!(pool.count(now).dead, usize::from(dead));
        let cooled = now.after(Duration::from_secs(10));
        assert!(call(&mut pool, &small(), Effect::Healthy, cooled).is_ok());
    }
}

#[test]
fn no_more_than_half_of_a_groups_living_keys_are_ever_blacklisted() {
    let group = |name: u8| if name <= 2 { Group::A } else { Group::D };
    let keys = (1..=8).map(|name| key(name, Some(group(name))));
    let mut pool = pool(keys.collect());
    let only = |name: u8| Ask {
        avoid: (1..=8)
            .filter(|&other| other != name)
            .map(|other| [other; 16])
            .collect(),
        ..ask(&[group(name)], &["big"])
    };
    let mut now = T0;
    for name in [1, 2] {
        for _ in 0..4 {
            now = now.after(Duration::from_secs(11));
            let _ = call(&mut pool, &only(name), STRIKE, now);
        }
    }
    now = now.after(Duration::from_secs(11));
    assert_eq!(blacklisted(&mut pool, now), 1, "two of eight would be few");
    // The one that is left dies: the other is half-open, though it is one of eight.
    let first = pool.report(now)[0].standing;
    let is_listed = matches!(first, Standing::Blacklisted { .. });
    let (left, other) = if is_listed { (2, 1) } else { (1, 2) };
    let kill = Effect::KillKey(Death::Invalid);
    assert_eq!(call(&mut pool, &only(left), kill, now), Ok(left));
    let probe = lend(&mut pool, &ask(&[Group::A], &["big"]), now).unwrap();
    assert_eq!(probe.key, [other; 16]);
}

#[test]
fn refused_calls_count_in_the_order_of_choice() {
    let mut pool = ungrouped(3);
    let refused = Verdict {
        counted: Counted::NotOfTheDay,
        ..says(Effect::Innocent)
    };
    let mut calls = [0; 3];
    for minute in 0..12 {
        let lease = lend(&mut pool, &big(), after(minute * 61)).unwrap();
        let name = lease.key[0];
        calls[usize::from(name) - 1] += 1;
        let verdict = if name == 1 {
            refused.clone()
        } else {
            says(Effect::Healthy)
        };
        pool.settle(lease, &verdict, after(minute * 61), &mut rng());
    }
    assert_eq!(calls, [4; 3]);
}

#[test]
fn a_question_that_failed_goes_to_the_key_that_has_answered_last() {
    let mut pool = ungrouped(5);
    for (secs, name) in [(0, 2), (1, 4), (2, 3)] {
        call_one_of(&mut pool, (name, "big"), Effect::Healthy, after(secs));
    }
    let again = |avoid: u8| Ask {
        avoid: vec![[avoid; 16]],
        attempts: 1,
        ..big()
    };
    assert_eq!(lend(&mut pool, &again(1), after(3)).unwrap().key, [3; 16]);
    let refused = Effect::Refused(Death::Unlisted);
    call_one_of(&mut pool, (3, "big"), refused, after(4));
    assert_eq!(lend(&mut pool, &again(1), after(4)).unwrap().key, [4; 16]);
    let first = lend(&mut pool, &big(), after(4)).unwrap().key;
    assert!([[1; 16], [5; 16]].contains(&first), "the least busy");
}

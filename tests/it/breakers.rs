//! What a failure reaches: one key, one model, one country, or everybody; and how soon all is well
//! again once it is over.

use std::sync::Arc;
use std::time::Duration;

use crate::keys::is_sentence;
use crate::world::gemini::Fault;
use crate::world::{PATIENCE, World, eventually, now};

#[test]
fn one_full_model_costs_a_question_one_call_more_and_soon_nothing() {
    one_full_model(Fault::OVERLOADED);
}

#[test]
fn a_model_that_says_so_in_its_stream_costs_no_more() {
    one_full_model(Fault::ErrorEvent);
}

fn one_full_model(fault: Fault) {
    let mut world = World::new().open().start();
    let owner = world.telegram.person(1);
    owner.is_answered("which model is first?");
    let first = world.gemini.calls()[0].model.clone();
    world.gemini.model(&first).answers(fault);
    let began = now();
    for number in 0..20 {
        let question = format!("question {number}.");
        world.telegram.person(100 + number).is_answered(&question);
        let calls = world.gemini.calls_about(&question).len();
        assert!(calls <= 2, "{question} took {calls} calls");
        if number == 10 {
            world.kill();
            world.restart();
        }
    }
    let calls = world.gemini.calls().split_off(1);
    let vain = calls.iter().filter(|call| call.model == first).count();
    // Three open the breaker; then it is one probe after 2, 4, 8, 15, 15 … s.
    let probes = usize::try_from(now().saturating_sub(began).as_secs() / 2).unwrap();
    assert!(vain <= 3 + probes, "{vain} calls to a model that is full");
    world.gemini.model(&first).recovers();
    let telegram = Arc::clone(&world.telegram);
    let mut people = (200..).map(|id| telegram.person(id));
    eventually(PATIENCE, "the model is used again", || {
        people.next().unwrap().is_answered("is it back?");
        world.gemini.calls().last().unwrap().model == first
    });
    world.stop();
}

/// Everything fails like this for a while.
fn correlated_failure(fault: Fault) {
    const KEYS: [&str; 6] = ["s1", "s2", "s3", "s4", "s5", "s6"];
    let mut world = World::new()
        .open()
        .keys("any", &KEYS)
        .env("KEY_COOLDOWN_SECS", "1")
        .start();
    world.gemini.everyone().answers(fault);
    for id in 7..19 {
        world.telegram.person(id).says("is anybody there?");
    }
    for id in 7..19 {
        let told = world.telegram.person(id).hears().text;
        assert!(is_sentence(&told), "{told}");
    }
    let told = world.tells_of_keys();
    assert!(told.contains("0 blacklisted, 0 dead"), "{told}");
    world.gemini.everyone().recovers();
    let before = world.gemini.calls().len();
    let telegram = Arc::clone(&world.telegram);
    let mut people = (100..).map(|id| telegram.person(id));
    eventually(Duration::from_mins(1), "every key serves", || {
        people.next().unwrap().asks("and now?");
        let after = world.gemini.calls().split_off(before);
        let serves = |key: &&str| after.iter().any(|call| call.key == **key);
        KEYS.iter().all(serves)
    });
    world.stop();
}

#[test]
fn a_correlated_failure_blacklists_no_key_and_all_serve_as_soon_as_it_is_over() {
    correlated_failure(Fault::INTERNAL);
}

#[test]
fn a_correlated_failure_that_nothing_explains_blacklists_no_key_and_all_serve_after_it() {
    correlated_failure(Fault::UNHEARD);
}

#[test]
fn three_keys_that_fail_where_others_answer_keep_nobody_from_an_answer() {
    const QUESTIONS: usize = 60;
    let world = World::new()
        .open()
        .keys("any", &["k1", "k2", "k3", "k4", "k5", "k6", "k7", "k8"])
        // However slow the machine is: each bad key is met once.
        .env("KEY_COOLDOWN_SECS", "3600")
        .start();
    // Where no key has answered yet, three attempts may meet the three bad ones.
    world.telegram.person(99).is_answered("before the fault");
    for key in ["k1", "k2", "k3"] {
        world.gemini.key(key).answers(Fault::INTERNAL);
    }
    for id in (100..).take(QUESTIONS) {
        world.telegram.person(id).is_answered("hello");
    }
    // Design §4: at most 1.3 calls an answer under faults.
    let calls = world.gemini.calls_about("hello").len();
    assert!(calls * 10 <= QUESTIONS * 13, "{calls} calls");
    world.stop();
}

#[test]
fn a_key_that_fails_where_others_answer_is_blacklisted_after_three_times() {
    let mut world = World::new().open().env("KEY_COOLDOWN_SECS", "1").start();
    world.gemini.key("k1").answers(Fault::INTERNAL);
    let telegram = Arc::clone(&world.telegram);
    let mut people = (7..).map(|id| telegram.person(id));
    eventually(
        Duration::from_mins(1),
        "the key has failed three times",
        || {
            let number = world.gemini.calls().len();
            let question = format!("question {number}.");
            people.next().unwrap().is_answered(&question);
            world.gemini.calls_by("k1") >= 3
        },
    );
    // For ten seconds it may still turn out to be a correlated failure.
    eventually(PATIENCE, "the key is blacklisted", || {
        world.tells_of_keys().contains("1 blacklisted")
    });
    people.next().unwrap().is_answered("before the kill");
    world.kill();
    world.restart();
    let told = world.tells_of_keys();
    assert!(told.contains("1 blacklisted"), "{told}");
    for number in 0..12 {
        let question = format!("later {number}.");
        people.next().unwrap().is_answered(&question);
    }
    assert_eq!(world.gemini.calls_by("k1"), 3);
    world.stop();
}

#[test]
fn as_many_errors_as_are_set_blacklist_a_key() {
    let mut world = World::new()
        .open()
        .env("KEY_COOLDOWN_SECS", "1")
        .env("KEY_MAX_ERRORS", "1")
        .start();
    world.telegram.person(99).is_answered("before the fault");
    let before = world.gemini.calls_by("k1");
    world.gemini.key("k1").answers(Fault::INTERNAL);
    let telegram = Arc::clone(&world.telegram);
    let mut people = (100..).map(|id| telegram.person(id));
    eventually(PATIENCE, "the key has failed", || {
        people.next().unwrap().is_answered("hello");
        world.gemini.calls_by("k1") > before
    });
    let failed = world.gemini.calls_by("k1");
    // For ten seconds it may still turn out to be a correlated failure.
    eventually(PATIENCE, "the key is blacklisted", || {
        world.tells_of_keys().contains("1 blacklisted")
    });
    for number in 0..12 {
        people
            .next()
            .unwrap()
            .is_answered(&format!("later {number}."));
    }
    let calls = world.gemini.calls_by("k1");
    assert!(calls <= failed + 1, "{failed} and then {calls}");
    world.stop();
}

#[test]
fn three_projects_that_are_throttled_alike_stop_everything_for_two_seconds_and_no_longer() {
    let world = World::new().open().start();
    world.gemini.everyone().answers(Fault::BARE_QUOTA);
    let told = world.telegram.person(7).asks("hello");
    assert!(is_sentence(&told), "{told}");
    let throttled = world.gemini.calls();
    assert_eq!(throttled.len(), 3);
    world.gemini.everyone().recovers();
    for id in 8..13 {
        world.telegram.person(id).says("and I?");
    }
    for id in 8..13 {
        world.telegram.person(id).hears_about("and I?");
    }
    let calls = world.gemini.calls();
    let pause = calls[3].at.saturating_sub(throttled[2].at);
    assert!(pause >= Duration::from_secs(2), "{pause:?}");
    assert_eq!(calls.len(), 8, "no answer took more than one call");
    world.stop();
}

#[test]
fn where_free_keys_are_not_served_two_say_so_and_a_paid_key_answers() {
    let mut world = World::new()
        .open()
        .keys("any", &["f1", "f2", "f3", "p1:paid"])
        .start();
    for key in ["f1", "f2", "f3"] {
        world.gemini.key(key).answers(Fault::REGION);
    }
    let began = now();
    let owner = world.telegram.person(1);
    for number in 0..6 {
        owner.is_answered(&format!("question {number}."));
    }
    world.kill();
    world.restart();
    owner.is_answered("after the kill");
    let told = world.telegram.person(7).asks("and a guest?");
    assert!(is_sentence(&told), "{told}");
    let calls = world.gemini.calls();
    let free = calls.iter().filter(|call| call.key != "p1").count();
    // After 5, 10, 20 … s there is one probe, and not more after a kill.
    let probes = usize::try_from(now().saturating_sub(began).as_secs() / 5).unwrap();
    assert!(
        (2..=2 + probes).contains(&free),
        "{free} calls, {probes} probes"
    );
    assert_eq!(world.gemini.calls_by("p1"), 7);
    world.stop();
}

#[test]
fn a_blacklisted_key_is_probed_once_when_its_time_is_over() {
    let mut world = World::new()
        .open()
        .env("KEY_COOLDOWN_SECS", "1")
        .env("KEY_BLACKLIST_SECS", "2")
        .start();
    world.gemini.key("k1").answers(Fault::INTERNAL);
    let telegram = Arc::clone(&world.telegram);
    let mut people = (7..).map(|id| telegram.person(id));
    let mut ask_until = |what: &str, look: &dyn Fn() -> bool| {
        eventually(Duration::from_mins(1), what, || {
            people.next().unwrap().is_answered("hello");
            look()
        });
    };
    let gemini = Arc::clone(&world.gemini);
    let failures = || gemini.calls_by("k1");
    ask_until("it has failed three times", &|| failures() == 3);
    ask_until("it has its probe", &|| failures() == 4);
    let told = world.tells_of_keys();
    assert!(told.contains("1 blacklisted"), "{told}");
    gemini.key("k1").recovers();
    ask_until("it has its second probe, and serves", &|| failures() > 5);
    let tried: Vec<Duration> = gemini
        .calls()
        .iter()
        .filter(|call| call.key == "k1")
        .map(|call| call.at)
        .collect();
    assert!(tried[3].saturating_sub(tried[2]) >= Duration::from_secs(2));
    assert!(
        tried[4].saturating_sub(tried[3]) >= Duration::from_secs(4),
        "twice as long"
    );
    let told = world.tells_of_keys();
    assert!(told.contains("0 blacklisted"), "{told}");
    world.stop();
}

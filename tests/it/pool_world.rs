//! The key pool meets the service's worse habits, with default settings: a model that throttles
//! everybody, keys refused in words that nobody listed, pages of a firewall or a proxy, a region
//! verdict now and then.

use std::thread;
use std::time::Duration;

use crate::keys::is_sentence;
use crate::world::gemini::Fault;
use crate::world::{World, eventually, now};

/// For whatever becomes so after rests of some seconds, on a machine with something else to do.
const LONG: Duration = Duration::from_mins(2);

const WORDINGS: [Fault; 4] = [
    Fault::OAUTH_WANTED,
    Fault::PROJECT_DELETED,
    Fault::NO_BILLING,
    Fault::UNLISTED_DENIAL,
];

/// Asks as somebody new, and waits for whatever is said to that.
#[track_caller]
pub(crate) fn told(world: &World, person: i64, question: &str) -> String {
    world.telegram.person(person).says(question);
    eventually(LONG, "something is said to the question", || {
        !world.telegram.said_to(person).is_empty()
    });
    world.telegram.said_to(person)[0].text.clone()
}

/// Asks one after another; the places of those who were not answered.
#[track_caller]
fn lost(world: &World, people: std::ops::Range<i64>) -> Vec<i64> {
    let vain = people.filter(|&person| {
        let question = format!("question {person}.");
        let heard = told(world, person, &question);
        let answered = heard.contains("echo[") && heard.contains(&question);
        assert!(answered || is_sentence(&heard), "{heard}");
        !answered
    });
    vain.collect()
}

fn names(keys: std::ops::RangeInclusive<u8>) -> Vec<String> {
    keys.map(|number| format!("k{number}")).collect()
}

fn with_keys(keys: std::ops::RangeInclusive<u8>) -> World {
    let names = names(keys);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    World::new().open().keys("any", &names).start()
}

#[test]
fn a_model_that_throttles_every_key_leaves_its_questions_to_the_next_model() {
    let world = with_keys(1..=6);
    world
        .telegram
        .person(1)
        .is_answered("which model is first?");
    let first = world.gemini.calls()[0].model.clone();
    world.gemini.model(&first).answers(Fault::BARE_QUOTA);
    let began = now();
    assert_eq!(lost(&world, 100..130), [0_i64; 0]);
    let calls = world.gemini.calls().split_off(1);
    let vain = calls.iter().filter(|call| call.model == first).count();
    // Three make the model rest, then it is one probe after 10, 20, 40 … s.
    let probes = usize::try_from(now().saturating_sub(began).as_secs() / 10).unwrap();
    assert!(vain <= 3 + probes, "{vain} calls to a model that throttles");
    assert!(calls.len() <= 30 + vain, "{} calls", calls.len());
    world.gemini.model(&first).recovers();
    let mut people = 200..;
    eventually(LONG, "the model is asked again", || {
        told(&world, people.next().unwrap(), "is it back?");
        world.gemini.calls().last().unwrap().model == first
    });
    world.stop();
}

#[test]
fn where_every_model_throttles_everybody_is_told_and_soon_all_is_well() {
    let world = with_keys(1..=6);
    world.gemini.everyone().answers(Fault::BARE_QUOTA);
    assert_eq!(lost(&world, 100..102).len(), 2);
    world.gemini.everyone().recovers();
    let mut people = 200..;
    eventually(LONG, "people are answered", || {
        lost(&world, people.next().map(|id| id..id + 1).unwrap()).is_empty()
    });
    world.stop();
}

#[test]
fn twenty_of_25_keys_refused_in_unlisted_words_die_and_cost_few_questions() {
    let mut world = with_keys(1..=25);
    for (key, fault) in names(1..=20).iter().zip(WORDINGS.iter().cycle()) {
        world.gemini.key(key).answers(*fault);
    }
    world.telegram.person(1).says("/help");
    let lost = lost(&world, 100..175);
    // A question makes three calls at most, and no refused key is called twice.
    assert!(lost.len() <= 20 / 3, "{lost:?}");
    assert!(lost.iter().all(|&person| person < 125), "{lost:?}");
    for key in names(1..=20) {
        assert!(world.gemini.calls_by(&key) <= 1, "{key}");
        assert_eq!(world.gemini.probes_by(&key), 1, "{key}");
    }
    eventually(LONG, "the Owner knows of all of them", || {
        let said = world.telegram.said_to(1);
        let mut news = said
            .iter()
            .filter(|it| it.text.contains("I don't use them"));
        let first = news.next();
        assert!(news.next().is_none(), "one message tells of all");
        let names = (1..=20).map(|number| format!("K{number} "));
        first.is_some_and(|it| names.into_iter().all(|name| it.text.contains(&name)))
    });
    let told = world.tells_of_keys();
    assert!(told.contains("20 dead"), "{told}");
    world.stop();
}

#[test]
fn three_keys_that_are_refused_within_a_moment_are_no_correlated_failure() {
    let mut world = with_keys(1..=6);
    for key in ["k1", "k2", "k3"] {
        world.gemini.key(key).answers(Fault::OAUTH_WANTED);
    }
    for person in 100..112 {
        world.telegram.person(person).says("hello");
    }
    eventually(LONG, "everybody has heard something", || {
        (100..112).all(|person| !world.telegram.said_to(person).is_empty())
    });
    assert_eq!(lost(&world, 200..212), [0_i64; 0]);
    eventually(LONG, "the refused keys are dead", || {
        world.tells_of_keys().contains("3 dead")
    });
    world.stop();
}

#[test]
fn a_key_whose_calls_are_refused_and_that_the_free_look_accepts_lives_and_is_asked_seldom() {
    let mut world = with_keys(1..=6);
    for key in ["k1", "k2"] {
        world.gemini.calls_with(key).answers(Fault::UNLISTED_DENIAL);
    }
    let began = now();
    assert_eq!(lost(&world, 100..140), [0_i64; 0]);
    let vain = world.gemini.calls_by("k1") + world.gemini.calls_by("k2");
    let waves = usize::try_from(now().saturating_sub(began).as_secs() / 10).unwrap();
    assert!(vain <= 2 * 2 * (1 + waves), "{vain} refused calls");
    let told = world.tells_of_keys();
    assert!(told.contains("0 blacklisted, 0 dead"), "{told}");
    world.stop();
}

#[test]
fn a_text_that_a_firewall_refuses_is_tried_with_two_keys_and_stops_nobody_else() {
    let world = with_keys(1..=6);
    world
        .gemini
        .question("select * from")
        .answers(Fault::Page(403));
    for round in 0..4 {
        let bad = format!("please explain select * from t{round}");
        let heard = told(&world, 100 + round, &bad);
        assert!(is_sentence(&heard), "{heard}");
        let calls = world.gemini.calls_about(&bad);
        assert_eq!(calls.len(), 2, "{calls:?}");
        assert_ne!(calls[0].key, calls[1].key);
        let people = 200 + round * 10..203 + round * 10;
        assert_eq!(lost(&world, people), [0_i64; 0]);
    }
    assert_eq!(world.gemini.calls().len(), 4 * (2 + 3));
    world.stop();
}

#[test]
fn a_proxy_that_answers_with_pages_blames_no_key_and_everybody_is_served_once_it_is_well() {
    thread::scope(|scope| {
        for status in [522, 308, 403, 429, 200] {
            scope.spawn(move || behind_a_broken_proxy(status));
        }
    });
}

fn behind_a_broken_proxy(status: u16) {
    let mut world = World::new()
        .without("GEMINI_API_KEYS")
        .keys("A", &["a1", "a2"])
        .start();
    world.gemini.everyone().answers(Fault::Page(status));
    let owner = world.telegram.person(1);
    let mut asked = 0;
    let mut asks = || {
        owner.says(&format!("is anybody there, {asked}?"));
        asked += 1;
        eventually(LONG, "the owner is told", || {
            world.telegram.said_to(1).len() >= asked
        });
        world.telegram.said_to(1)[asked - 1].text.clone()
    };
    for _ in 0..2 {
        let heard = asks();
        assert!(is_sentence(&heard), "{status}: {heard}");
    }
    world.gemini.everyone().recovers();
    eventually(LONG, "the owner is answered", || asks().contains("echo["));
    let told = world.tells_of_keys();
    assert!(told.contains("0 blacklisted, 0 dead"), "{status}: {told}");
    world.stop();
}

#[test]
fn a_region_verdict_in_one_of_twelve_calls_costs_nobody_the_answer() {
    let world = with_keys(1..=6);
    world.gemini.everyone().answers_every(12, Fault::REGION);
    assert_eq!(lost(&world, 100..150), [0_i64; 0]);
    let calls = world.gemini.calls();
    let refused = calls.iter().filter(|call| call.fault.is_some()).count();
    assert!(refused >= 4, "{refused}");
    assert_eq!(calls.len(), 50 + refused);
    world.stop();
}

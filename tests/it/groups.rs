//! Whose keys serve whom: borrowing downwards and no other way, keys of nobody, keys that cost
//! money, and what the person is told of it.

use std::time::Duration;

use crate::keys::is_sentence;
use crate::world::World;
use crate::world::gemini::{Call, Fault};
use crate::world::http::Trouble;

const BORROWED: &str = "(Answered from the reserve";
const LARGEST_GONE: &str = "the largest one is not available";
const PRO: [&str; 2] = ["gemini-4-argon", "gemini-4-carbon"];

fn calls_with<'a>(calls: &'a [Call], key: &'a str) -> impl Iterator<Item = &'a Call> {
    calls.iter().filter(move |call| call.key == key)
}

#[test]
fn who_has_spent_their_own_keys_borrows_six_tenths_of_a_lower_groups_minute_and_reads_so() {
    let owners: Vec<String> = (1..34).map(|id: u32| id.to_string()).collect();
    let world = World::new()
        .open()
        .without("GEMINI_API_KEYS")
        .env("OWNER_IDS", &owners.join(","))
        .keys("A", &["a1"])
        .keys("D", &["d1"])
        .env("KEY_RPM", "10")
        .start();
    world.gemini.limits(10, 1000);
    // One question each, as a chat hears one message a second.
    let owner = |number: i64| world.telegram.person(number + 1);
    // Ten of each of the two small models.
    for number in 0..20 {
        let answer = owner(number).is_answered(&format!("own {number}."));
        assert!(!answer.contains(BORROWED), "{answer}");
    }
    assert_eq!(world.gemini.calls_by("d1"), 0);
    for number in 20..32 {
        let answer = owner(number).is_answered(&format!("lent {number}."));
        assert!(answer.contains(BORROWED), "{answer}");
    }
    let told = owner(32).asks("one more");
    assert!(is_sentence(&told), "{told}");
    assert_eq!(world.gemini.calls_by("a1"), 20);
    assert_eq!(world.gemini.calls_by("d1"), 12, "six of each model");
    // What was kept is for the people of the group.
    for id in 101..109 {
        let answer = world.telegram.person(id).is_answered("hello");
        assert!(!answer.contains(BORROWED), "{answer}");
    }
    let told = world.telegram.person(109).asks("hello");
    assert!(is_sentence(&told), "{told}");
    let calls = world.gemini.calls();
    assert_eq!(calls_with(&calls, "d1").count(), 20);
    assert_eq!(
        calls_with(&calls, "a1").count(),
        20,
        "nobody borrows upwards"
    );
    assert_eq!(world.gemini.provoked(), 0);
    world.stop();
}

#[test]
fn a_key_of_no_group_serves_everyone_and_counts_as_nobodys() {
    let world = World::new()
        .open()
        .keys("any", &["u1"])
        .keys("A", &["a1"])
        .keys("D", &["d1"])
        .start();
    let owner = world.telegram.person(1);
    for (id, role) in [(11, "vip"), (12, "premium"), (13, "normal"), (14, "guest")] {
        owner.asks(&format!("/grant {id} {role}"));
    }
    for round in 0..3 {
        for id in [1, 7, 11, 12, 13, 14] {
            let text = format!("from {id} in {round}.");
            let answer = world.telegram.person(id).is_answered(&text);
            // Premium and normal have no keys of their own, so nothing was borrowed either.
            assert!(!answer.contains(BORROWED), "{id}: {answer}");
        }
    }
    let calls = world.gemini.calls();
    let askers = |key: &'static str| {
        let all = calls_with(&calls, key).map(Call::question);
        all.collect::<Vec<String>>().join("\n")
    };
    for (id, forbidden) in [
        (1, "d1"),
        (11, "d1"),
        (12, "a1"),
        (13, "a1"),
        (7, "a1"),
        (14, "a1"),
    ] {
        let name = format!("from {id} in");
        assert!(!askers(forbidden).contains(&name), "{forbidden} for {id}");
    }
    for id in [12, 13] {
        assert!(askers("u1").contains(&format!("from {id} in")), "{id}");
    }
    world.stop();
}

#[test]
fn a_paid_key_is_for_guests_only_when_it_stands_in_their_group() {
    let mut world = World::new().open().keys("any", &["p1:paid"]).start();
    let guest = world.telegram.person(7);
    let told = guest.asks("hello");
    assert!(is_sentence(&told), "{told}");
    assert!(world.gemini.calls().is_empty());
    world.telegram.person(1).is_answered("for the owner");
    world.terminate();
    world.has_keys(&[("D", &["p1:paid"])]);
    world.restart();
    guest.is_answered("hello again");
    assert_eq!(world.gemini.calls_about("hello again").len(), 1);
    world.stop();
}

#[test]
fn when_the_money_of_the_day_is_spent_a_smaller_model_answers_and_says_so() {
    let mut world = World::new()
        .keys("any", &["k1", "k2", "p1:paid"])
        .env("PAID_DAILY_USD", "0.1")
        .start();
    // As much as is reserved for an answer, at 20 dollars for a million.
    world.gemini.thinks(4_000);
    let owner = world.telegram.person(1);
    let first = owner.is_answered("Prove rigorously that there are infinitely many primes.");
    assert!(!first.contains("smaller model"), "{first}");
    let bought = world.gemini.calls();
    assert_eq!(bought.len(), 1);
    assert!(PRO.contains(&bought[0].model.as_str()) && bought[0].key == "p1");
    for life in 0..2 {
        let question = format!("Prove rigorously that root {life} is irrational.");
        let answer = owner.is_answered(&question);
        assert!(answer.contains(LARGEST_GONE), "{answer}");
        world.kill();
        world.restart();
    }
    let calls = world.gemini.calls();
    let pro = calls
        .iter()
        .filter(|call| PRO.contains(&call.model.as_str()));
    assert_eq!(pro.count(), 1, "the money stays spent");
    world.stop();
}

#[test]
fn calls_at_once_do_not_spend_the_same_money_twice() {
    let world = World::new()
        .open()
        .keys("any", &["k1", "p1:paid"])
        .env("PAID_DAILY_USD", "0.1")
        .env("VIP_SEATS", "4")
        .start();
    let owner = world.telegram.person(1);
    for id in 11..15 {
        owner.asks(&format!("/grant {id} vip"));
    }
    world.gemini.works_for(Duration::from_secs(1));
    for id in 11..15 {
        let person = world.telegram.person(id);
        person.says("Prove rigorously that there are infinitely many primes.");
    }
    let answers = (11..15).map(|id| world.telegram.person(id).hears_about("primes").text);
    let degraded = answers.filter(|answer| answer.contains(LARGEST_GONE));
    assert_eq!(degraded.count(), 3, "money for one at a time");
    world.stop();
}

#[test]
fn the_money_of_a_call_that_a_kill_cut_off_counts_as_spent() {
    let mut world = World::new()
        .keys("any", &["k1", "p1:paid"])
        .env("PAID_DAILY_USD", "0.1")
        .start();
    for model in PRO {
        world
            .gemini
            .model(model)
            .answers(Fault::Line(Trouble::Hang));
    }
    let owner = world.telegram.person(1);
    owner.says("Prove rigorously that there are infinitely many primes.");
    world.gemini.awaits_calls(1);
    world.kill();
    world.restart();
    let answer = owner.hears_about("primes").text;
    assert!(answer.contains(LARGEST_GONE), "{answer}");
    let calls = world.gemini.calls();
    let pro = calls
        .iter()
        .filter(|call| PRO.contains(&call.model.as_str()));
    assert_eq!(pro.count(), 1);
    world.stop();
}

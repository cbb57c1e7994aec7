//! The line for a key: who waits is told so and for how long, first come first served within a
//! rank, and whoever leaves makes room at once.

use std::time::Duration;

use crate::keys::is_sentence;
use crate::world::gemini::{Call, Fault};
use crate::world::telegram::{Frame, Person};
use crate::world::{PATIENCE, World, eventually, now, until_pacific_midnight};

/// The three models of [`line_of_three`], in the order in which the line gets them.
const IN_TURN: [&str; 3] = [
    "gemini-3.5-flash-lite",
    "gemini-3.1-flash-lite",
    "gemini-3-flash-preview",
];

/// The seconds a sentence promises (`in 2 min`), rounded up as it says them.
pub(crate) fn promised(sentence: &str) -> Option<u64> {
    let (_, after) = sentence.rsplit_once(" in ")?;
    let (after, _) = after.split_once(". ").unwrap_or((after, ""));
    let mut words = after.trim_end_matches('.').split(' ');
    let mut sum = 0;
    while let (Some(number), Some(unit)) = (words.next(), words.next()) {
        let number: u64 = number.parse().ok()?;
        sum += number
            * match unit {
                "s" => 1,
                "min" => 60,
                "h" => 3_600,
                "d" => 86_400,
                _ => return None,
            };
    }
    (sum > 0).then_some(sum)
}

/// One key, and three small models that it is refused for 8, 10 and 12 s, after which each has one
/// request: whoever waits is served one by one, in an order that shows.
fn line_of_three() -> World {
    let world = World::new().open().keys("any", &["k1"]).prepare();
    let model = |id: &str| {
        format!(
            "[[model]]\nid = \"{id}\"\ntier = \"lite\"\nrpm = 15\ntpm = 250_000\nrpd = 500\n\
             free = true\nprice_in = 0.3\nprice_out = 2.5\ncontext_tokens = 1_048_576\n\
             max_output = 65_536\n"
        )
    };
    world.has_config(&IN_TURN.map(model).join("\n"));
    for (id, delay) in IN_TURN.into_iter().zip(["8s", "10s", "12s"]) {
        let refused = Fault::Minute("2", delay);
        world.gemini.model(id).answers_times(1, refused);
    }
    world
}

/// Asks, and waits until the question stands in the line at that place.
fn queues(world: &World, person: &Person, text: &str, place: usize) {
    person.says(text);
    eventually(PATIENCE, "it stands in the line", || {
        world.log().matches("waiting for a key").count() >= place
    });
}

#[test]
fn when_every_key_rests_the_person_hears_for_how_long_and_nobody_is_called() {
    let world = World::new().open().keys("any", &["k1"]).start();
    world.gemini.everyone().answers(Fault::MINUTE_QUOTA);
    let first = world.telegram.person(7).asks("one");
    let wait = promised(&first).unwrap_or_else(|| panic!("no time in: {first}"));
    assert!((1..=37).contains(&wait), "34.07 s and at most 2 s: {first}");
    let calls = world.gemini.calls().len();
    for id in 8..12 {
        let told = world.telegram.person(id).asks("and I?");
        assert!(is_sentence(&told), "{told}");
        let wait = promised(&told).unwrap_or_else(|| panic!("no time in: {told}"));
        assert!((1..=37).contains(&wait), "{told}");
    }
    assert_eq!(
        world.gemini.calls().len(),
        calls,
        "a resting key is left alone"
    );
    world.stop();
}

#[test]
fn when_every_minute_is_spent_the_person_hears_when_the_next_begins() {
    let world = World::new()
        .open()
        .keys("any", &["k1", "k2"])
        .env("KEY_RPM", "1")
        .start();
    world.gemini.limits(1, 1000);
    // Two keys with two small models each.
    for id in 7..11 {
        world.telegram.person(id).is_answered("hello");
    }
    for id in 11..15 {
        let told = world.telegram.person(id).asks("hello");
        let wait = promised(&told).unwrap_or_else(|| panic!("no time in: {told}"));
        assert!((1..=120).contains(&wait), "{told}");
    }
    assert_eq!(world.gemini.calls().len(), 4);
    assert_eq!(world.gemini.provoked(), 0);
    world.stop();
}

#[test]
fn when_the_day_is_spent_the_person_hears_how_long_it_is_until_midnight_in_california() {
    let world = World::new()
        .open()
        .keys("any", &["k1"])
        .env("KEY_DAILY_PERCENT", "1")
        .start();
    // Five of each of the two small models.
    for id in 7..17 {
        world.telegram.person(id).is_answered("hello");
    }
    let told = world.telegram.person(17).asks("hello");
    let wait = promised(&told).unwrap_or_else(|| panic!("no time in: {told}"));
    let left = until_pacific_midnight().as_secs();
    // It is said in whole minutes, a moment ago.
    assert!(
        (left..left + 120).contains(&wait),
        "{told}, {left} s are left"
    );
    assert_eq!(world.gemini.calls().len(), 10);
    world.stop();
}

#[test]
fn who_waits_for_a_key_is_told_so_at_once_and_then_answered() {
    let world = World::new().open().keys("any", &["k1"]).start();
    // Both small models of the only key.
    let refused = Fault::Minute("100", "7s");
    world.gemini.everyone().answers_times(2, refused);
    let ann = world.telegram.person(7);
    ann.says("hello");
    let draft = ann.sees_a_draft("people are asking");
    let notice = |frame: &&Frame| frame.text.contains("people are asking");
    let told = draft.frames.iter().find(notice).cloned().unwrap();
    let wait = promised(&told.text).unwrap_or_else(|| panic!("no time in: {}", told.text));
    assert!((1..=9).contains(&wait), "{}", told.text);
    let answer = ann.hears_about("hello");
    assert!(told.at < answer.at, "{told:?}");
    let took = answer.at.saturating_sub(told.at);
    // The time that was said is rounded up to a second.
    assert!(
        took + Duration::from_secs(1) > Duration::from_secs(wait - 1),
        "{took:?} of {wait} s"
    );
    assert_eq!(world.telegram.said_to(7).len(), 1, "the notice vanishes");
    world.stop();
}

#[test]
fn in_a_group_the_notice_becomes_the_answer() {
    let world = World::new().owner(1).open().keys("any", &["k1"]).start();
    world
        .gemini
        .everyone()
        .answers_times(2, Fault::Minute("100", "7s"));
    let group = world.telegram.group(-1_000);
    let member = group.member(1);
    member.says("@testbot hello");
    let shown = group.sees("the place in the line", |messages| {
        messages
            .iter()
            .any(|it| it.text.contains("people are asking"))
    });
    let answered = group.sees("the answer", |messages| {
        messages.iter().any(|it| it.text.contains("hello"))
    });
    assert_eq!(answered.len(), 1, "{answered:#?}");
    assert_eq!(answered[0].id, shown[0].id);
    world.stop();
}

#[test]
fn the_owner_goes_first_then_who_came_first_and_who_stops_makes_room() {
    let shown = (0..5).any(|_| the_line_is_kept());
    assert!(
        shown,
        "the machine never filled the line within seven seconds"
    );
}

/// Whether the line was full before its first key was free: only then it shows an order.
fn the_line_is_kept() -> bool {
    let mut world = line_of_three();
    world.restart();
    let person = |id| world.telegram.person(id);
    // Meets all three refusals.
    let told = person(99).asks("hello");
    assert!(is_sentence(&told), "{told}");
    let refused = world.gemini.calls().len();
    assert_eq!(refused, 3);
    let began = world.gemini.calls()[0].at;
    queues(&world, &person(7), "the first guest", 1);
    queues(&world, &person(8), "the second guest", 2);
    queues(&world, &person(1), "the owner", 3);
    // The line is as long as what comes free in time.
    let late = person(9).asks("the third guest");
    if now().saturating_sub(began) > Duration::from_secs(6) {
        world.stop();
        return false;
    }
    assert!(promised(&late).is_some(), "{late}");
    person(7).says("/stop");
    // The notice of the place in the line may come first.
    person(7).hears_about("Stopped.");
    assert_eq!(
        world.gemini.calls().len(),
        refused,
        "stopped before any key was free"
    );
    queues(&world, &person(10), "the fourth guest", 4);
    for (id, text) in [(1, "the owner"), (8, "second"), (10, "fourth")] {
        person(id).hears_about(text);
    }
    let served = world.gemini.calls().split_off(refused);
    // Whoever was served first got the model that was free first; two calls may overtake each other.
    let got = |model: &&str| served.iter().find(|call| call.model == **model);
    let order = IN_TURN.iter().filter_map(got).map(Call::question);
    let order: Vec<String> = order.collect();
    assert_eq!(order, ["the owner", "the second guest", "the fourth guest"]);
    assert_eq!(world.telegram.said_to(7).last().unwrap().text, "Stopped.");
    assert_eq!(world.gemini.provoked(), 0);
    world.stop();
    true
}

#[test]
fn a_question_that_waits_for_a_key_outlives_a_kill() {
    let mut world = World::new().open().keys("any", &["k1"]).start();
    let refused = Fault::Minute("100", "4s");
    world.gemini.everyone().answers_times(2, refused);
    let ann = world.telegram.person(7);
    queues(&world, &ann, "hello", 1);
    world.kill();
    world.restart();
    ann.hears_about("hello");
    let calls = world.gemini.calls();
    assert_eq!(calls.len(), 3, "the rest is remembered");
    let rested = calls[2].at.saturating_sub(calls[1].at);
    assert!(rested >= Duration::from_secs(4), "{rested:?}");
    world.stop();
}

#[test]
fn who_waits_for_a_key_does_not_hold_up_whom_a_free_key_waits_for() {
    let world = World::new()
        .open()
        .without("GEMINI_API_KEYS")
        .keys("A", &["a1"])
        .keys("D", &["d1"])
        .env("MAX_IN_FLIGHT", "2")
        .start();
    // Both small models of the guests' only key.
    let refused = Fault::Minute("100", "8s");
    world.gemini.key("d1").answers_times(2, refused);
    queues(&world, &world.telegram.person(7), "the first guest", 1);
    queues(&world, &world.telegram.person(8), "the second guest", 2);
    world.telegram.person(1).is_answered("the owner");
    for guest in [7, 8] {
        let said = world.telegram.said_to(guest);
        let answered = said.iter().any(|message| message.text.contains("echo["));
        assert!(!answered, "the owner waited for the key of a guest");
    }
    world.stop();
}

//! Who waits for whom: cancelled lanes, the bound of a group, a full inbox, a turn that kills.

use std::time::Duration;

use crate::world::gemini::{Call, Fault};
use crate::world::http::Trouble;
use crate::world::{PATIENCE, World, eventually, time_passes};

#[test]
fn stop_ends_what_runs_and_what_waits_and_the_next_question_is_answered() {
    let world = World::new().open().start();
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    let ann = world.telegram.person(7);
    ann.says("a long story");
    ann.says("and another");
    world.gemini.awaits_calls(1);
    assert_eq!(ann.asks("/stop"), "Stopped.");
    world.gemini.everyone().recovers();
    assert!(ann.is_answered("hello").contains("[0 rounds]"));
    assert!(world.gemini.calls_about("and another").is_empty());
    world.stop();
}

#[test]
fn a_new_conversation_begins_at_once_while_a_turn_hangs() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    owner.is_answered("one");
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    owner.says("two");
    world.gemini.awaits_calls(2);
    owner.asks("/new");
    world.gemini.everyone().recovers();
    assert!(owner.is_answered("three").contains("[0 rounds]"));
    world.stop();
}

#[test]
fn one_group_runs_four_turns_at_once_and_holds_up_nobody_else() {
    let world = World::new().open().env("GROUPS", "open").start();
    world.gemini.works_for(Duration::from_millis(300));
    let group = world.telegram.group(-123);
    for id in 10..18 {
        group.member(id).says("@testbot hello");
    }
    world.telegram.person(7).is_answered("me too");
    for _ in 10..18 {
        group.hears();
    }
    let calls = world.gemini.calls_about("hello");
    let most = calls.iter().map(|call| {
        let began = |other: &Call| call.at.checked_sub(other.at);
        let beside = calls.iter().filter_map(began);
        beside
            .filter(|since| *since < Duration::from_millis(250))
            .count()
    });
    assert_eq!(
        most.max(),
        Some(4),
        "at most four at once, and four if they can"
    );
    world.stop();
}

#[test]
fn a_full_inbox_leaves_questions_to_telegram_and_lets_commands_in() {
    let mut world = World::new()
        .open()
        .env("QUEUE_LIMIT", "10")
        .env("MAX_IN_FLIGHT", "2")
        .start();
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    // Telegram shows a hundred updates at a time, and control only among those.
    let people = 1000..1080;
    for id in people.clone() {
        world.telegram.person(id).says("hello");
    }
    world.gemini.awaits_calls(2);
    eventually(PATIENCE, "the inbox is full", || {
        let (waiting, running) = world.questions();
        waiting + running >= 10
    });
    world.telegram.person(2000).says("/help");
    world.telegram.person(2000).hears_about("/help");
    // Longer than a pause of the polling.
    time_passes(Duration::from_secs(6));
    let (waiting, running) = world.questions();
    assert_eq!(
        (waiting, running),
        (8, 2),
        "no more than the limit is let in"
    );
    assert!(!world.telegram.is_drained(), "Telegram keeps the rest");
    world.telegram.person(2001).says("/help");
    world.telegram.person(2001).hears_about("/help");
    world.gemini.everyone().recovers();
    world.kill();
    world.restart();
    for id in people.clone() {
        world.telegram.person(id).hears_about("hello");
    }
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    world.telegram.person(1).is_answered("the last question");
    for id in people {
        assert_eq!(world.telegram.said_to(id).len(), 1, "{id} heard it once");
    }
    world.stop();
}

#[test]
fn a_turn_that_was_killed_three_times_is_apologised_for_and_not_tried_again() {
    let mut world = World::new().open().start();
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
    let ann = world.telegram.person(7);
    ann.says("hello");
    for begun in 1..=3 {
        world.gemini.awaits_calls(begun);
        world.kill();
        world.restart();
    }
    let told = ann.hears().text;
    assert!(told.contains("sorry"), "{told}");
    assert_eq!(world.gemini.calls_about("hello").len(), 3);
    world.gemini.everyone().recovers();
    ann.is_answered("another question");
    world.stop();
}

//! VIP seats, what each role remembers, and grants that end: over restarts, clocks that are wrong, and
//! days that pass.

use std::time::Duration;

use crate::world::gemini::Call;
use crate::world::telegram::Person;
use crate::world::{Builder, World};

const MINUTE: Duration = Duration::from_mins(1);
const DAY: i64 = 24 * 60 * 60;
const FULL: &str = "All VIP seats are taken";
const VIPS: std::ops::RangeInclusive<i64> = 11..=15;

/// A bot with a key for each group, and five VIPs.
fn with_vips(settings: Builder) -> World {
    let world = settings
        .open()
        .without("GEMINI_API_KEYS")
        .keys("A", &["a1"])
        .keys("B", &["b1"])
        .keys("C", &["c1"])
        .keys("D", &["d1"])
        .start();
    let owner = world.telegram.person(1);
    for id in VIPS {
        owner.asks(&format!("/grant {id} vip"));
    }
    world
}

/// The one call that a question has made.
fn call_about(world: &World, question: &str) -> Call {
    let mut calls = world.gemini.calls_about(question);
    assert_eq!(calls.len(), 1, "{question}");
    calls.remove(0)
}

/// Rounds that the model was shown before the question.
fn rounds(call: &Call) -> usize {
    let turns = call.contents.as_array().unwrap();
    turns.iter().filter(|turn| turn["role"] == "model").count()
}

/// Asks, and tells whether they were served as a VIP: with a key of group A.
fn sits(world: &World, id: i64, question: &str) -> bool {
    let question = format!("{question} of {id}.");
    world.telegram.person(id).is_answered(&question);
    let key = call_about(world, &question).key;
    assert!(key == "a1" || key == "b1", "{id} is served with {key}");
    key == "a1"
}

/// How often somebody was told that all seats are taken.
fn told(world: &World, id: i64) -> usize {
    let said = world.telegram.said_to(id).into_iter();
    said.filter(|message| message.text.contains(FULL)).count()
}

fn seat_of(world: &World, id: i64) -> String {
    let status = world.telegram.person(id).asks("/status");
    let line = status.lines().find(|line| line.starts_with("VIP seat: "));
    line.unwrap_or_else(|| panic!("no seat in: {status}"))
        .to_owned()
}

#[test]
fn each_role_remembers_exactly_its_rounds() {
    const ASKED: usize = 12;
    let mut world = World::new().open().start();
    let owner = world.telegram.person(1);
    for (id, role) in [(11, "vip"), (12, "premium"), (13, "normal")] {
        owner.asks(&format!("/grant {id} {role}"));
    }
    let roles = [(1, 10), (11, 7), (12, 5), (13, 3), (14, 0)];
    for number in 0..ASKED {
        for (id, _) in roles {
            let question = format!("number {number} of {id}.");
            world.telegram.person(id).is_answered(&question);
        }
    }
    for (id, remembered) in roles {
        let last = ASKED - 1;
        let call = call_about(&world, &format!("number {last} of {id}."));
        assert_eq!(rounds(&call), remembered, "{id}");
        let shown = call.contents.to_string();
        for number in 0..ASKED {
            // Each question that is remembered has its answer, which holds the same words.
            let words = format!("number {number} of {id}.");
            let expected = match last - number {
                0 => 1,
                ago if ago <= remembered => 2,
                _ => 0,
            };
            assert_eq!(shown.matches(&words).count(), expected, "{words}");
        }
    }
    world.notes_all();
    world.kill();
    world.restart();
    for (id, remembered) in roles {
        let question = format!("after the kill of {id}.");
        world.telegram.person(id).is_answered(&question);
        assert_eq!(rounds(&call_about(&world, &question)), remembered, "{id}");
    }
    world.stop();
}

#[test]
fn of_five_vips_who_write_at_once_three_sit_and_the_others_are_served_as_premium() {
    let mut world = with_vips(World::new().env("VIP_SEATS", "5"));
    for number in 0..8 {
        for id in VIPS {
            assert!(sits(&world, id, &format!("number {number}")));
        }
    }
    world.terminate();
    world.sets("VIP_SEATS", "3");
    // Nobody sits any more.
    world.moves_on(31 * MINUTE);
    for id in VIPS {
        world
            .telegram
            .person(id)
            .says(&format!("together of {id}."));
    }
    world.restart();
    for id in VIPS {
        let question = format!("together of {id}.");
        world.telegram.person(id).hears_about(&question);
        let call = call_about(&world, &question);
        let expected = if id <= 13 { ("a1", 7) } else { ("b1", 5) };
        assert_eq!((&*call.key, rounds(&call)), expected, "{id}");
    }
    // Told once, also over a restart.
    assert!(!sits(&world, 14, "once more"));
    world.kill();
    world.restart();
    for id in VIPS {
        assert_eq!(sits(&world, id, "after the kill"), id <= 13, "{id}");
        assert_eq!(told(&world, id), usize::from(id > 13), "{id}");
    }
    assert!(seat_of(&world, 11).contains("yours"));
    assert!(seat_of(&world, 15).contains("all are taken"));
    let status = world.telegram.person(1).asks("/status");
    assert!(status.contains("VIP seats: 3 of 3"), "{status}");
    let status = world.run(&["status"], "").stdout;
    assert!(status.contains("VIP seats: 3 of 3"), "{status}");
    world.stop();
}

#[test]
fn a_seat_is_free_after_half_an_hour_without_a_question_also_while_the_bot_runs() {
    let world = with_vips(World::new());
    for id in VIPS {
        assert_eq!(sits(&world, id, "first"), id <= 13);
    }
    let owner = world.telegram.person(1);
    let time_is_known = || {
        // Two answers that differ alike tell the time; the first may have been under way.
        for _ in 0..4 {
            owner.asks("/help");
        }
    };
    world.telegram.moves_on(20 * MINUTE);
    time_is_known();
    assert!(!sits(&world, 14, "too early"));
    assert!(sits(&world, 12, "still here"));
    world.telegram.moves_on(11 * MINUTE);
    time_is_known();
    assert!(seat_of(&world, 14).contains("your next question takes one"));
    // 12 has asked since.
    for (id, expected) in [(14, true), (15, true), (11, false), (12, true), (13, false)] {
        assert_eq!(sits(&world, id, "later"), expected, "{id}");
    }
    // Whoever sat in between is told again.
    assert_eq!(told(&world, 14), 1);
    assert_eq!(told(&world, 11), 1);
    world.stop();
}

#[test]
fn a_vip_who_is_kicked_gets_no_seat_for_ten_minutes_over_restarts_and_is_told_why() {
    let mut world = with_vips(World::new());
    for id in VIPS {
        assert_eq!(sits(&world, id, "first"), id <= 13);
    }
    let owner = world.telegram.person(1);
    let list = owner.asks("/kick");
    assert!(list.contains("VIP seats: 3 of 3"), "{list}");
    for id in VIPS {
        assert_eq!(list.contains(&format!("P{id} ({id})")), id <= 13, "{list}");
    }
    let list = owner.shows().pop().unwrap();
    owner.presses("P12");
    let shown = owner.sees("the list without them", |shown| {
        let newest = shown.last().unwrap();
        newest.text.contains("VIP seats: 2 of 3")
    });
    let shown = shown.last().unwrap();
    assert_eq!(shown.id, list.id, "the list itself has changed");
    assert!(shown.text.contains("P12"), "{}", shown.text);
    assert!(shown.button("P12").is_none() && shown.button("P13").is_some());
    let kicked = world.telegram.person(12);
    assert!(kicked.hears().text.contains("passed your VIP seat on"));
    world.kill();
    world.restart();
    assert!(!sits(&world, 12, "at once"));
    assert!(sits(&world, 14, "at once"));
    assert!(seat_of(&world, 12).contains("none for"));
    // A button that is gone, and people without a seat.
    let press = owner.presses_data(list.id, &list.button("P12").unwrap().data);
    assert_eq!(owner.is_told(&press), "");
    assert!(owner.asks("/kick 12").contains("P12 (12) has no VIP seat"));
    assert!(owner.asks("/kick 15").contains("has no VIP seat"));
    assert!(owner.asks("/kick somebody").contains("I know nobody by"));
    assert!(owner.asks("/kick 14").contains("is free"));
    world.terminate();
    world.moves_on(9 * MINUTE);
    world.restart();
    assert!(!sits(&world, 12, "after nine minutes"));
    world.terminate();
    world.moves_on(2 * MINUTE);
    world.restart();
    assert!(sits(&world, 12, "after eleven"));
    assert_eq!(told(&world, 12), 0, "told by the kick");
    world.stop();
}

#[test]
fn a_kicked_vip_whom_only_a_group_knows_is_not_written_to_in_private() {
    let world = World::new().env("ACCESS", "approve").start();
    let owner = world.telegram.person(1);
    owner.asks("/grant 7 vip");
    let group = world.telegram.group(-123);
    owner.asks("/grant -123 guest");
    group.member(7).says("@testbot apple");
    assert!(group.hears().text.contains("apple"));
    let told = owner.asks("/kick 7");
    assert!(told.contains("I can't write to them"), "{told}");
    group.member(7).says("@testbot pear");
    assert!(group.member(7).hears_about(FULL).text.contains("Premium"));
    world.notes_all();
    let writes = world.telegram.calls("sendMessage").into_iter();
    assert_eq!(writes.filter(|call| call.params["chat_id"] == 7).count(), 0);
    world.stop();
}

#[test]
fn nobody_but_the_owner_kicks() {
    let world = with_vips(World::new().env("GROUPS", "open"));
    assert!(sits(&world, 11, "first"));
    let owner = world.telegram.person(1);
    owner.asks("/kick");
    let list = owner.shows().pop().unwrap();
    let data = &list.button("P11").unwrap().data;
    for id in [12, 13, 20] {
        let person = world.telegram.person(id);
        let said = person.asks("hello");
        assert!(!said.is_empty());
        let message = person.shows().pop().unwrap().id;
        let press = person.presses_data(message, data);
        assert!(person.is_told(&press).contains("belong to whoever asked"));
    }
    let told = world.telegram.person(12).asks("/kick 11");
    assert!(told.contains("owner"), "{told}");
    // In a group the names of people are not shown.
    let group = world.telegram.group(-123);
    group.member(1).says("/kick@testbot 11");
    let told = group.hears().text;
    assert!(told.contains("private") && !told.contains("P11"), "{told}");
    assert!(sits(&world, 11, "still"));
    world.stop();
}

#[test]
fn a_role_that_is_taken_back_frees_its_seat_at_once() {
    let world = with_vips(World::new());
    for id in VIPS {
        assert_eq!(sits(&world, id, "first"), id <= 13);
    }
    let owner = world.telegram.person(1);
    owner.asks("/revoke 11");
    assert!(sits(&world, 14, "now"));
    owner.asks("/grant 13 normal");
    let status = owner.asks("/status");
    assert!(status.contains("VIP seats: 2 of 3"), "{status}");
    assert!(sits(&world, 15, "now"));
    world.stop();
}

#[test]
fn without_seats_every_vip_is_served_as_premium_and_may_ask_why() {
    let world = with_vips(World::new().without("USER_LIMITS").env("VIP_SEATS", "0"));
    for id in VIPS {
        assert!(!sits(&world, id, "hello"), "{id}");
        assert_eq!(told(&world, id), 0, "nothing to wait for");
    }
    assert!(seat_of(&world, 11).contains("there are none"));
    let status = world.telegram.person(11).asks("/status");
    assert!(status.contains("Today: 1 of 200"), "{status}");
    let said = world.telegram.person(1).asks("/kick");
    assert!(said.contains("VIP_SEATS"), "{said}");
    world.stop();
}

#[test]
fn a_clock_that_is_wrong_frees_no_seat_and_freezes_none() {
    let mut world = with_vips(World::new());
    if !world.sets_the_clock(0) {
        return world.stop();
    }
    for id in VIPS {
        assert_eq!(sits(&world, id, "first"), id <= 13);
    }
    for off in [100 * DAY, -100 * DAY, 0] {
        world.sets_the_clock(off);
        assert!(!sits(&world, 14, &format!("in a run ({off})")));
        world.terminate();
        world.restart();
        for id in VIPS {
            assert_eq!(
                sits(&world, id, &format!("later ({off})")),
                id <= 13,
                "{id}"
            );
        }
    }
    world.terminate();
    world.moves_on(31 * MINUTE);
    world.restart();
    for id in [14, 15, 13] {
        assert!(sits(&world, id, "in the end"), "{id}");
    }
    world.stop();
}

/// Waits for a message with these words, and counts those there are.
fn hears_once(person: &Person, words: &str) -> usize {
    person.hears_about(words);
    let all = person.shows().into_iter();
    all.filter(|message| message.text.contains(words)).count()
}

#[test]
fn a_grant_ends_although_nobody_writes_and_both_are_told_once() {
    let mut world = World::new().env("ACCESS", "closed").start();
    let (owner, ann) = (world.telegram.person(1), world.telegram.person(7));
    owner.asks("/grant 7 vip 1");
    owner.asks("/grant 8 premium 2");
    owner.asks("/grant 9 normal 1");
    ann.is_answered("hello");
    world.terminate();
    world.moves_on(25 * 60 * MINUTE);
    world.restart();
    assert_eq!(hears_once(&ann, "Your time as VIP is over"), 1);
    assert_eq!(hears_once(&owner, "The time of P7 (7) as VIP is over"), 1);
    // A kill may repeat what is not yet known to have arrived.
    world.notes_all();
    world.kill();
    world.restart();
    assert!(ann.asks("/status").contains("Normal"));
    ann.is_answered("hello again");
    world.terminate();
    world.moves_on(25 * 60 * MINUTE);
    world.restart();
    // A walk has gone round since the first was told.
    owner.hears_about("The time of 8 as Premium is over");
    let said = |id| world.telegram.said_to(id).into_iter();
    let over = |id| said(id).filter(|it| it.text.contains("is over")).count();
    assert_eq!((over(7), over(1)), (1, 2));
    assert_eq!(over(9), 0, "the role stays what it was");
    world.stop();
}

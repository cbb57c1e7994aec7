//! A machine's clock that is wrong, or that is set while the bot runs: Telegram's tells how old a
//! message is and what day it is, and no wait hangs on either.

use std::time::Duration;

use crate::line::promised;
use crate::world::{PATIENCE, World, eventually, is_full_run, time_passes};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

#[test]
fn a_clock_that_is_fast_makes_no_question_old() {
    for off in [31 * MINUTE, 3 * DAY] {
        let mut world = World::new().open().env("GROUPS", "open").prepare();
        if !world.sets_the_clock(off) {
            return world.stop();
        }
        world.restart();
        world.telegram.person(7).is_answered("hello");
        let member = world.telegram.group(-123).member(8);
        member.says("@testbot good morning");
        member.hears_about("good morning");
        world.stop();
    }
}

#[test]
fn a_clock_that_is_slow_leaves_stale_messages_stale() {
    for off in [-31 * MINUTE, -DAY] {
        let mut world = World::new().open().prepare();
        if !world.sets_the_clock(off) {
            return world.stop();
        }
        world.restart();
        let ann = world.telegram.person(7);
        let late = ann.clone().some_time_ago(Duration::from_mins(40));
        let told = late.asks("hello?");
        assert!(told.contains("I was away"), "{told}");
        assert!(world.gemini.calls().is_empty());
        ann.is_answered("and now?");
        world.stop();
    }
}

#[test]
fn a_clock_that_is_set_while_the_bot_runs_holds_up_no_answer() {
    for off in [-10 * MINUTE, -DAY, DAY] {
        let mut world = World::new().open().prepare();
        if !world.sets_the_clock(0) {
            return world.stop();
        }
        world.restart();
        for id in 7..10 {
            world.telegram.person(id).is_answered("before");
        }
        world.sets_the_clock(off);
        for id in 7..13 {
            world.telegram.person(id).is_answered("after");
        }
        // Nothing is in the way.
        let log = world.log();
        assert!(!log.contains("waiting for a key"), "with {off} s");
        world.stop();
    }
}

#[test]
fn a_clock_that_is_set_back_while_telegram_refuses_leaves_nobody_without_an_answer() {
    let mut world = World::new().open().prepare();
    if !world.sets_the_clock(0) {
        return world.stop();
    }
    world.restart();
    let people = [7, 8, 9].map(|id| world.telegram.person(id));
    for person in &people {
        person.refuses_drafts();
        person.has_flood_control(3);
        person.says("hello");
    }
    eventually(PATIENCE, "three sends are refused", || {
        let sends = world.telegram.calls("sendMessage");
        sends.iter().filter(|call| call.status == 429).count() >= 3
    });
    world.sets_the_clock(-HOUR);
    world.telegram.person(10).is_answered("I am new here");
    for person in people {
        person.hears_about("hello");
    }
    world.stop();
}

#[test]
fn what_a_chat_was_told_to_wait_is_not_longer_after_a_restart_with_another_clock() {
    for off in [-HOUR, -400 * DAY, 400 * DAY] {
        let mut world = World::new().open().env("STREAM", "off").prepare();
        if !world.sets_the_clock(0) {
            return world.stop();
        }
        world.restart();
        let ann = world.telegram.person(7);
        ann.has_flood_control(2);
        ann.says("hello");
        eventually(PATIENCE, "the send is refused", || {
            let sends = world.telegram.calls("sendMessage");
            sends.iter().any(|call| call.status == 429)
        });
        world.terminate();
        // Whatever is left of it is over by then, so a clock that hides that breaks no rule.
        time_passes(Duration::from_secs(2));
        world.sets_the_clock(off);
        world.restart();
        ann.hears_about("hello");
        ann.is_answered("and now?");
        world.stop();
    }
}

#[test]
fn a_clock_that_is_a_hundred_days_ahead_for_a_while_ends_nothing_and_loses_no_count() {
    let mut world = World::new()
        .keys("any", &["k1"])
        .env("KEY_DAILY_PERCENT", "1")
        .prepare();
    if !world.sets_the_clock(0) {
        return world.stop();
    }
    world.restart();
    let owner = world.telegram.person(1);
    owner.asks("/grant 7 vip 30");
    let ann = world.telegram.person(7);
    ann.is_answered("one");
    // Five of each of the two small models a day.
    for _ in 0..9 {
        owner.is_answered("hello");
    }
    let still = |world: &World| {
        let told = world.telegram.person(7).asks("/status");
        assert!(told.contains("VIP"), "{told}");
        let owner = world.telegram.person(1);
        owner.says("what is left?");
        let told = owner.hears_about(" is back in ").text;
        assert!(promised(&told).is_some(), "the day is spent: {told}");
        assert_eq!(world.gemini.calls().len(), 10);
    };
    still(&world);
    // In the middle of a run, at the start of one, and back in it.
    world.sets_the_clock(100 * DAY);
    still(&world);
    world.terminate();
    world.restart();
    still(&world);
    if is_full_run() {
        // What is old is forgotten once a minute.
        time_passes(Duration::from_secs(70));
    }
    world.sets_the_clock(0);
    still(&world);
    world.terminate();
    world.restart();
    still(&world);
    let told = world.telegram.person(7).asks("/status");
    assert!(told.contains("Last answer"), "the round is kept: {told}");
    world.stop();
}

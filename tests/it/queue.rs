//! Who waits for whom: cancelled lanes, the bound of a group, a full inbox, a turn that kills.

use std::time::Duration;

use crate::world::gemini::Fault;
use crate::world::http::Trouble;
use crate::world::telegram::{Call as Told, Person};
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
    let mut world = World::new().open().env("GROUPS", "open").start();
    world.gemini.holds("");
    let group = world.telegram.group(-123);
    for id in 10..18 {
        group.member(id).says("@testbot hello");
    }
    world.telegram.person(7).says("me too");
    eventually(PATIENCE, "four of the group run, and one beside", || {
        world.questions() == (4, 5) && world.gemini.in_flight() == 5
    });
    assert_eq!(world.gemini.calls_about("hello").len(), 4);
    assert_eq!(world.gemini.calls_about("me too").len(), 1);
    world.gemini.lets_go("");
    world.telegram.person(7).hears_about("me too");
    for _ in 10..18 {
        group.hears();
    }
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

/// A member of a group whose answer is slow to be shown, so that the end of their turn takes as long
/// as the bot has patience for it: two seconds.
fn is_slow_to_end(world: &World, group: i64, first_frame: Duration) -> Person {
    let member = world.telegram.group(group).member(8);
    world.telegram.is_late_once("sendMessage", first_frame);
    let story = "Once upon a time there was a story, and it went on and on. ";
    world.gemini.begins(story);
    member.says("@testbot a long story");
    eventually(PATIENCE, "its first frame is under way", || {
        let sends = world.telegram.calls("sendMessage");
        sends.iter().any(|call| call.chat == Some(group))
    });
    member
}

#[test]
fn lanes_that_are_slow_to_end_hold_up_nobody_else() {
    let world = World::new().open().env("GROUPS", "open").start();
    // As many as may be shown at once; one after the other they would take 16 s.
    let late = Duration::from_secs(25);
    let members: Vec<Person> = (1..=8)
        .map(|number| is_slow_to_end(&world, -number, late))
        .collect();
    for (at, member) in members.iter().enumerate() {
        member.says(["/new@testbot", "/stop@testbot"][at % 2]);
    }
    let bob = world.telegram.person(9);
    bob.says("/help");
    bob.hears_about("/help");
    bob.is_answered("and a question?");
    // The frames of the slow lanes are still under way: nobody waited for them.
    let sends = world.telegram.calls("sendMessage").into_iter();
    let open = sends.filter(|call| call.chat < Some(0) && call.status == 0);
    assert!(open.count() > 0, "all of them were waited for");
    world.stop();
}

#[test]
fn what_is_sent_after_a_command_comes_after_it_in_its_lane() {
    let world = World::new().open().env("GROUPS", "open").start();
    let member = is_slow_to_end(&world, -123, Duration::from_secs(3));
    member.says("/stop@testbot");
    member.says("@testbot in between");
    member.says("/new@testbot");
    member.says("@testbot afterwards");
    let stopped = member.hears_about("Stopped.").id;
    let begun_anew = member.hears_about("A new conversation").id;
    let answered = member.hears_about("afterwards");
    assert!(answered.text.contains("[0 rounds]"), "{}", answered.text);
    assert!(stopped < begun_anew && begun_anew < answered.id);
    assert!(world.gemini.calls_about("in between").is_empty());
    world.stop();
}

#[test]
fn commands_take_no_room_from_questions_in_a_full_inbox() {
    let mut world = World::new().open().env("QUEUE_LIMIT", "10").prepare();
    // All in one batch.
    for id in 1000..1010 {
        world.telegram.person(id).says("/help");
    }
    let ann = world.telegram.person(7);
    ann.says("hello");
    world.restart();
    ann.hears_about("hello");
    let offset = |call: &Told| call.params["offset"].as_i64();
    let polls = world.telegram.calls("getUpdates");
    let confirmed = polls.iter().find_map(offset);
    assert_eq!(confirmed, Some(410_011), "the first batch left nothing");
    world.stop();
}

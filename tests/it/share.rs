//! What one person may hold: turns at once and waiting places over all their lanes, refused before
//! they are stored, so that nobody fills the inbox for the others.

use std::time::Duration;

use crate::world::gemini::Fault;
use crate::world::http::Trouble;
use crate::world::{Builder, PATIENCE, World, eventually, now};

/// What the one is told who asks too much at once.
const TOO_MANY: &str = "still working on your earlier questions";

/// A bot with the limits per person as they are shipped.
fn limited() -> Builder {
    World::new().without("USER_LIMITS").open()
}

fn hangs(world: &World) {
    world.gemini.everyone().answers(Fault::Line(Trouble::Hang));
}

/// How often somebody was told that it is too much.
fn told(world: &World, id: i64) -> usize {
    let said = world.telegram.said_to(id);
    said.iter().filter(|it| it.text.contains(TOO_MANY)).count()
}

fn all_is_taken(world: &World) {
    eventually(Duration::from_mins(1), "all is fetched", || {
        world.telegram.is_drained()
    });
}

#[test]
fn a_flood_of_one_guest_leaves_room_for_everybody_and_everything_else() {
    let mut world = limited().env("QUEUE_LIMIT", "10").start();
    hangs(&world);
    let guest = world.telegram.person(7);
    for number in 0..300 {
        guest.says(&format!("question {number}"));
    }
    world.telegram.person(8).says("/help");
    world.telegram.person(1).says("/status");
    world.telegram.person(8).hears_about("/help");
    world
        .telegram
        .person(1)
        .hears_about("Questions: 1 waiting, 1 running");
    world.gemini.awaits_calls(1);
    world.gemini.everyone().recovers();
    world.telegram.person(9).is_answered("and I?");
    all_is_taken(&world);
    assert_eq!(told(&world, 7), 1, "once a minute");
    guest.says("/stop");
    guest.hears_about("Stopped.");
    guest.is_answered("one more");
    assert_eq!(world.questions(), (0, 0));
    world.stop();
}

#[test]
fn a_guest_in_many_topics_has_one_call_at_once_and_one_question_that_waits() {
    let mut world = limited().start();
    hangs(&world);
    for topic in 2..66 {
        let guest = world.telegram.person(7).in_topic(topic);
        guest.says(&format!("about {topic}"));
    }
    all_is_taken(&world);
    eventually(PATIENCE, "one runs and one waits", || {
        world.questions() == (1, 1)
    });
    world.gemini.awaits_calls(1);
    assert_eq!(world.gemini.calls().len(), 1);
    eventually(PATIENCE, "they are told", || told(&world, 7) == 1);
    world.stop();
}

#[test]
fn each_role_has_its_turns_and_places_over_all_lanes() {
    let mut world = limited().env("MAX_IN_FLIGHT", "64").start();
    let owner = world.telegram.person(1);
    for (id, role) in [(11, "vip"), (12, "premium"), (13, "normal")] {
        owner.asks(&format!("/grant {id} {role}"));
    }
    hangs(&world);
    let mut begun = 0;
    for (id, turns, places) in [(1, 4, 20), (11, 2, 5), (12, 2, 3), (13, 1, 2), (14, 1, 1)] {
        let before = world.questions();
        for topic in 2..40 {
            let person = world.telegram.person(id).in_topic(topic);
            person.says("a question");
        }
        all_is_taken(&world);
        let after = (before.0 + places, before.1 + turns);
        eventually(PATIENCE, "as many run and wait as may", || {
            world.questions() == after
        });
        begun += turns;
        world.gemini.awaits_calls(begun);
        assert_eq!(world.gemini.calls().len(), begun, "{id}");
        eventually(PATIENCE, "they are told", || told(&world, id) == 1);
    }
    // In the next life of the bot all these places are taken as before.
    let held = world.questions();
    world.notes_all();
    world.kill();
    world.restart();
    eventually(PATIENCE, "as many run and wait again", || {
        world.questions() == held
    });
    for id in [1, 11, 12, 13, 14] {
        world.telegram.person(id).in_topic(50).says("one more?");
        eventually(PATIENCE, "they are told again", || told(&world, id) == 2);
    }
    assert_eq!(world.questions(), held);
    world.stop();
}

#[test]
fn retry_counts_as_a_question_and_is_refused_with_words() {
    let mut world = limited().start();
    let owner = world.telegram.person(1);
    owner.asks("/grant 7 normal");
    let ann = world.telegram.person(7);
    ann.says("hello");
    let answer = ann.hears_about("hello");
    hangs(&world);
    // Numbers that no message of the chat has.
    for topic in 500..503 {
        ann.clone().in_topic(topic).says("and this?");
    }
    eventually(PATIENCE, "all her places are taken", || {
        world.questions() == (2, 1)
    });
    world.gemini.awaits_calls(2);
    let press = ann.presses_data(answer.id, "retry");
    assert!(ann.is_told(&press).contains(TOO_MANY));
    assert_eq!(world.questions(), (2, 1));
    assert_eq!(world.gemini.calls().len(), 2);
    world.stop();
}

#[test]
fn without_limits_per_person_everything_is_taken() {
    let mut world = World::new().open().start();
    hangs(&world);
    for topic in 2..12 {
        world.telegram.person(7).in_topic(topic).says("a question");
    }
    world.gemini.awaits_calls(10);
    assert_eq!(world.questions(), (0, 10));
    assert_eq!(told(&world, 7), 0);
    world.stop();
}

#[test]
fn a_flood_of_commands_is_told_of_once_and_bounded() {
    const TOO_MANY_COMMANDS: &str = "faster than I can follow";
    const GROUPS: std::ops::Range<i64> = -160..-100;
    let world = limited().start();
    let began = now();
    // In groups, for one chat is sent about one message a second.
    let groups: Vec<_> = GROUPS.map(|id| world.telegram.group(id)).collect();
    for _ in 0..5 {
        for group in &groups {
            group.member(7).says("/help");
        }
    }
    world.telegram.person(8).says("/help");
    world.telegram.person(8).hears_about("/help");
    let told = || {
        let said = GROUPS.flat_map(|id| world.telegram.said_to(id));
        said.filter(|it| it.text.contains(TOO_MANY_COMMANDS))
            .count()
    };
    eventually(PATIENCE, "the one who floods is told", || told() == 1);
    all_is_taken(&world);
    world.notes_all();
    let is_within_a_minute = now().saturating_sub(began) < Duration::from_mins(1);
    assert!(told() == 1 || !is_within_a_minute, "once a minute");
    world.stop();
}

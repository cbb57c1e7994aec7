//! A text of the Owner to many people: previewed, sent once to each, stopped, and carried on over stops
//! and kills.

use std::ops::Range;
use std::time::Duration;

use serde_json::json;

use crate::world::telegram::{ALWAYS, Message};
use crate::world::{World, eventually};

/// For what a thousand people at thirty a second take, on a machine with something else to do.
const LONG: Duration = Duration::from_mins(8);

const BLOCKED: (u16, &str) = (403, "Forbidden: bot was blocked by the user");

/// These people write to the bot in private, and have heard something.
#[track_caller]
fn crowd(world: &World, people: Range<i64>) {
    for id in people.clone() {
        world.telegram.person(id).says("/help");
    }
    eventually(LONG, "everybody has heard something", || {
        people
            .clone()
            .all(|id| !world.telegram.said_to(id).is_empty())
    });
}

/// How often somebody got a text.
fn times(world: &World, id: i64, text: &str) -> usize {
    let said = world.telegram.said_to(id);
    said.iter().filter(|it| it.text.contains(text)).count()
}

/// How many of these people got a text.
fn got(world: &World, people: Range<i64>, text: &str) -> usize {
    people.filter(|id| times(world, *id, text) > 0).count()
}

/// Waits until the Owner is shown a message with these words.
#[track_caller]
fn shown(world: &World, words: &str) -> Message {
    let mut found = None;
    eventually(LONG, words, || {
        let shown = world.telegram.shows(1);
        found = shown.into_iter().find(|it| it.text.contains(words));
        found.is_some()
    });
    found.unwrap()
}

#[test]
fn a_thousand_people_get_it_once_over_a_stop_and_none_is_missed_over_a_kill() {
    let people = 1_000..2_000_i64;
    let mut world = World::new().open().start();
    crowd(&world, people.clone());
    let blocked = |id: i64| id % 20 == 0;
    for id in people.clone().filter(|id| blocked(*id)) {
        let person = world.telegram.person(id);
        person.refuses(("sendMessage", ALWAYS), BLOCKED);
    }
    let owner = world.telegram.person(1);
    owner.says("/broadcast **Big** news for all");
    let preview = shown(&world, "everybody (1000)");
    assert!(preview.text.starts_with("Big news for all\n"));
    owner.presses("Send it");
    eventually(LONG, "it is under way", || {
        got(&world, people.clone(), "Big news") >= 200
    });
    world.terminate();
    world.restart();
    let report = shown(&world, "Sent. Delivered: 950. No longer reachable: 50.");
    assert_eq!((report.id, report.buttons.len()), (preview.id, 0));
    for id in people.clone() {
        let expected = usize::from(!blocked(id));
        assert_eq!(times(&world, id, "Big news for all"), expected, "{id}");
    }
    let first = &world.telegram.said_to(1_001)[1];
    assert_eq!(first.entities.len(), 1, "it is formatted: {first:?}");

    owner.says("/broadcast A second matter");
    shown(&world, "everybody (950)");
    owner.presses("Send it");
    eventually(LONG, "it is under way", || {
        got(&world, people.clone(), "second matter") >= 200
    });
    world.kill();
    world.restart();
    shown(&world, "Sent. Delivered: 950. No longer reachable: 0.");
    for id in people {
        let times = times(&world, id, "A second matter");
        let fits = if blocked(id) { 0..=0 } else { 1..=2 };
        assert!(fits.contains(&times), "{id}: {times}");
    }
    world.stop();
}

#[test]
fn an_answer_overtakes_it_and_a_stop_ends_it() {
    // At one a second it takes longer than an answer may.
    let people = 100..200_i64;
    let mut world = World::new().open().env("STREAM", "off").start();
    crowd(&world, people.clone());
    world.terminate();
    world.sets("SEND_RATE", "1");
    world.restart();
    let owner = world.telegram.person(1);
    owner.says("/broadcast Big news");
    shown(&world, "everybody (100)");
    owner.presses("Send it");
    eventually(LONG, "somebody has got it", || {
        got(&world, people.clone(), "Big news") > 0
    });
    let last = world.telegram.person(199);
    last.is_answered("are you still there?");
    assert_eq!(times(&world, 199, "Big news"), 0, "the answer goes first");
    owner.says("/broadcast another one");
    owner.hears_about("I'm still sending the last one");
    owner.presses("Stop");
    let stopped = shown(&world, "Stopped. Delivered before that:");
    assert_eq!(stopped.buttons.len(), 0);
    world.notes_all();
    assert!(got(&world, people.clone(), "Big news") < 100);
    assert_eq!(got(&world, people, "another one"), 0);
    owner.says("/broadcast stop");
    owner.hears_about("Nothing is being sent");
    world.stop();
}

/// A bot whose Owner is 1, with a VIP 7, a Normal person 8, and others whom nothing is sent to: 9 wrote
/// in a group only, 10 is a stranger, 11 has blocked the bot.
fn with_a_few() -> World {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    for id in [7, 8, 10, 11] {
        world.telegram.person(id).says("hello");
        world.telegram.person(id).hears();
    }
    let group = world.telegram.group(-5);
    group.member(9).says("@testbot hello");
    group.hears();
    for (id, role) in [(7, "vip"), (8, "normal"), (9, "normal"), (11, "normal")] {
        owner.says(&format!("/grant {id} {role}"));
        owner.hears_about(&format!("({id}) is now"));
    }
    world.telegram.person(11).blocks_the_bot();
    eventually(LONG, "that is known", || world.telegram.is_drained());
    world
}

#[test]
fn a_role_can_be_meant_alone_and_only_people_who_can_be_reached_are() {
    let mut world = with_a_few();
    let owner = world.telegram.person(1);
    owner.says("/broadcast Only for some");
    let preview = shown(&world, "everybody (2)");
    owner.presses_on(preview.id, "VIP: 1");
    let changed = shown(&world, "VIP (1)");
    assert_eq!(changed.id, preview.id);
    assert!(changed.button("everybody: 2").is_some());
    // What waits for its Owner waits over a kill.
    world.kill();
    world.restart();
    owner.presses_on(preview.id, "Send it");
    shown(&world, "Sent. Delivered: 1. No longer reachable: 0.");
    for (id, expected) in [(7, 1), (8, 0), (9, 0), (10, 0), (11, 0), (-5, 0)] {
        assert_eq!(times(&world, id, "Only for some"), expected, "{id}");
    }
    owner.says("/audit");
    owner.hears_about("began a broadcast to 1 people");
    world.stop();
}

#[test]
fn what_the_owner_formats_is_formatted_for_everybody() {
    let world = with_a_few();
    let owner = world.telegram.person(1);
    let sends = |message: serde_json::Value| {
        owner.sends(message);
        let preview = shown(&world, "everybody (2)");
        let data = preview.button("Send it").unwrap().data.clone();
        owner.presses_data(preview.id, &data);
        let sent = shown(&world, "Sent. Delivered: 2.");
        assert_eq!(sent.id, preview.id);
        let mut said = world.telegram.said_to(7);
        let letter = said.pop().unwrap();
        let styles = letter.entities.iter().map(|one| {
            let link = one.url.clone().unwrap_or_default();
            (one.kind.clone(), one.offset, one.length, link)
        });
        (letter.text.clone(), styles.collect::<Vec<_>>())
    };
    let mark = |kind: &str, offset: usize, length: usize| json!({"type": kind, "offset": offset, "length": length});
    let mut link = mark("text_link", 20, 4);
    link["url"] = json!("https://example.org/news");
    let message = json!({"text": "/broadcast Big news here, friends", "entities": [
        mark("bold", 11, 3), link, mark("bot_command", 0, 10)]});
    let (text, styles) = sends(message);
    // Where a link leads is shown.
    assert_eq!(text, "Big news here (example.org), friends");
    let bold = ("bold".to_owned(), 0, 3, String::new());
    let leads = (
        "text_link".to_owned(),
        9,
        4,
        "https://example.org/news".to_owned(),
    );
    assert_eq!(styles, [bold, leads]);
    world.stop();
}

#[test]
fn a_draft_that_is_replied_to_keeps_its_formatting() {
    let world = with_a_few();
    let owner = world.telegram.person(1);
    let draft = owner.sends(json!({"text": "A quiet word",
        "entities": [{"type": "italic", "offset": 2, "length": 5}]}));
    owner.hears();
    owner.replies(draft, "/broadcast");
    let preview = shown(&world, "everybody (2)");
    let italic = &preview.entities[0];
    assert_eq!(
        (italic.kind.as_str(), italic.offset, italic.length),
        ("italic", 2, 5)
    );
    world.stop();
}

#[test]
fn a_second_press_a_replay_and_a_forged_press_send_nothing() {
    let world = with_a_few();
    let owner = world.telegram.person(1);
    owner.says("/broadcast Just once");
    let preview = shown(&world, "everybody (2)");
    let data = preview.button("Send it").unwrap().data.clone();
    let other = world.telegram.person(8);
    let forged = other.presses_data(1, &data);
    assert!(other.is_told(&forged).contains("belong to whoever asked"));
    for _ in 0..2 {
        owner.presses_data(preview.id, &data);
    }
    shown(&world, "Sent. Delivered: 2.");
    let replayed = owner.presses_data(preview.id, &data);
    assert_eq!(owner.is_told(&replayed), "");
    world.notes_all();
    for id in [7, 8] {
        assert_eq!(times(&world, id, "Just once"), 1, "{id}");
    }
    world.stop();
}

#[test]
fn what_is_cancelled_or_too_long_is_not_sent_and_nobody_else_may_send() {
    let world = with_a_few();
    let owner = world.telegram.person(1);
    // The text of a message that is replied to does as well.
    let draft = owner.says("Perhaps not");
    owner.replies(draft, "/broadcast");
    let preview = shown(&world, "everybody (2)");
    assert!(preview.text.starts_with("Perhaps not"), "{preview:?}");
    owner.presses("Cancel");
    shown(&world, "Nothing was sent.");
    owner.says(&format!("/broadcast {}", "long ".repeat(800)));
    owner.hears_about("too long for one message");
    owner.says("/broadcast");
    owner.hears_about("Like this: /broadcast TEXT");
    world.telegram.person(7).says("/broadcast from a VIP");
    world.telegram.person(7).hears_about("for the bot's owner");
    world.telegram.person(10).says("/broadcast from a stranger");
    let group = world.telegram.group(-5);
    group.member(1).says("/broadcast in a group");
    group.member(1).hears_about("in private only");
    world.notes_all();
    for text in ["Perhaps not", "long long", "from a", "in a group"] {
        assert_eq!(times(&world, 8, text), 0, "{text}");
    }
    world.stop();
}

#[test]
fn who_has_blocked_the_bot_stays_so_when_they_write_in_a_group() {
    let world = with_a_few();
    let owner = world.telegram.person(1);
    world.telegram.person(7).blocks_the_bot();
    owner.asks("/grant -5 normal");
    let group = world.telegram.group(-5);
    group.member(7).says("@testbot hello");
    group.member(7).hears_about("hello");
    owner.says("/broadcast Just once");
    shown(&world, "everybody (1)");
    owner.says("/users 7");
    owner.hears_about("can't write to them");
    world.telegram.person(7).unblocks_the_bot();
    world.telegram.person(7).is_answered("here I am");
    owner.says("/broadcast Once more");
    shown(&world, "everybody (2)");
    world.stop();
}

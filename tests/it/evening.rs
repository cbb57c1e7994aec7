//! An evening of a new owner, from the claim of the bot to a text to everybody.

use std::ops::Range;
use std::time::Duration;

use crate::claim::code;
use crate::world::telegram::{ALWAYS, Message, Person};
use crate::world::{World, eventually};

/// For what many people at thirty a second take, on a machine with something else to do.
const LONG: Duration = Duration::from_mins(8);
const DAY: Duration = Duration::from_hours(24);
const BLOCKED: (u16, &str) = (403, "Forbidden: bot was blocked by the user");
const CROWD: Range<i64> = 1_000..2_000;

/// Presses a button, and the message with it as it is then.
#[track_caller]
fn presses(owner: &Person, card: &Message, label: &str) -> Message {
    owner.presses_on(card.id, label);
    let is_changed = |one: &Message| one.id == card.id && one.text != card.text;
    let shown = owner.sees("what was pressed for", |shown| shown.iter().any(is_changed));
    shown.into_iter().find(is_changed).expect("just seen")
}

/// How often somebody got a text.
fn times(world: &World, id: i64, text: &str) -> usize {
    let said = world.telegram.said_to(id);
    said.iter().filter(|one| one.text.contains(text)).count()
}

/// Waits until this many of the crowd have got a text.
#[track_caller]
fn is_with(world: &World, count: usize, text: &str) {
    eventually(LONG, text, || {
        CROWD.filter(|id| times(world, *id, text) > 0).count() >= count
    });
}

/// Waits until the Owner reads this.
#[track_caller]
fn reads(world: &World, words: &str) -> Message {
    let mut found = None;
    eventually(LONG, words, || {
        let shown = world.telegram.shows(1);
        found = shown.into_iter().find(|one| one.text.contains(words));
        found.is_some()
    });
    found.expect("just seen")
}

/// The bot is claimed, one stranger is let in and another is not.
fn lets_in_and_keeps_out(world: &World) {
    let [owner, ann, eve] = [1, 7, 8].map(|id| world.telegram.person(id));
    assert!(ann.asks("hello?").contains("Nobody owns this bot yet"));
    let link = format!("/start claim_{}", code(world, 1));
    assert!(owner.asks(&link).contains("This bot is yours now"));
    assert!(ann.asks("and now?").contains("I've asked the owner"));
    let card = owner.hears_about("P7 asks to be let in");
    assert!(
        presses(&owner, &card, "Normal")
            .text
            .contains("P7 (7) is now Normal")
    );
    ann.hears_about("The owner has let you in");
    ann.is_answered("thank you");
    assert!(eve.asks("me too").contains("I've asked the owner"));
    let card = owner.hears_about("P8 asks to be let in");
    assert!(
        presses(&owner, &card, "Deny")
            .text
            .contains("P8 (8) is not let in")
    );
    eve.hears_about("has not let you in");
}

/// A role for a day, whose end both hear of; a seat that is taken away, and a ban.
fn looks_after(world: &mut World) {
    let people = |world: &World| [1, 7].map(|id| world.telegram.person(id));
    let [owner, ann] = people(world);
    owner.asks("/grant 7 vip 1");
    ann.hears_about("made you VIP for 1 d");
    ann.is_answered("a seat for me");
    let seats = {
        owner.says("/kick");
        owner.hears_about("VIP seats: 1 of 3")
    };
    presses(&owner, &seats, "Free the seat of P7");
    ann.hears_about("passed your VIP seat on");
    world.notes_all();
    world.terminate();
    world.moves_on(DAY + Duration::from_mins(1));
    world.restart();
    let [owner, ann] = people(world);
    ann.hears_about("Your time as VIP is over");
    owner.hears_about("The time of P7 (7) as VIP is over");
    owner.says("/ban 7");
    owner.hears_about("P7 (7) is banned");
    ann.hears_about("not to answer you any more");
    ann.says("why?");
}

#[test]
fn an_evening_of_a_new_owner() {
    let mut world = World::new()
        .without("OWNER_IDS")
        .env("ACCESS", "approve")
        .env("STREAM", "off")
        .start();
    lets_in_and_keeps_out(&world);
    looks_after(&mut world);
    // The bot is for everybody from now on, and many come.
    world.terminate();
    world.sets("ACCESS", "open");
    world.restart();
    for id in CROWD {
        world.telegram.person(id).says("/help");
    }
    is_with(&world, CROWD.count(), "/help");
    let has_blocked = |id: i64| id % 20 == 0;
    for id in CROWD.filter(|id| has_blocked(*id)) {
        world
            .telegram
            .person(id)
            .refuses(("sendMessage", ALWAYS), BLOCKED);
    }
    let owner = world.telegram.person(1);
    owner.says("/broadcast **Big** news");
    // Eve is a Guest now as everybody is.
    reads(&world, "everybody (1001)");
    owner.presses("Send it");
    is_with(&world, 300, "Big news");
    world.terminate();
    world.restart();
    reads(&world, "Sent. Delivered: 951. No longer reachable: 50.");
    for id in CROWD {
        let expected = usize::from(!has_blocked(id));
        assert_eq!(times(&world, id, "Big news"), expected, "{id}");
    }
    assert_eq!(
        (times(&world, 7, "Big news"), times(&world, 8, "Big news")),
        (0, 1)
    );
    // Most have had enough, and the bot dies while it writes to the others.
    let has_left = |id: i64| id >= 1_300;
    for id in CROWD.filter(|id| has_left(*id)) {
        world.telegram.person(id).blocks_the_bot();
    }
    eventually(LONG, "that is known", || world.telegram.is_drained());
    owner.says("/broadcast A second matter");
    reads(&world, "everybody (286)");
    owner.presses("Send it");
    is_with(&world, 100, "A second matter");
    world.kill();
    world.restart();
    reads(&world, "Sent. Delivered: 286. No longer reachable: 0.");
    for id in CROWD {
        let times = times(&world, id, "A second matter");
        let is_reached = !has_blocked(id) && !has_left(id);
        let fits = if is_reached { 1..=2 } else { 0..=0 };
        assert!(fits.contains(&times), "{id}: {times}");
    }
    world.stop();
}

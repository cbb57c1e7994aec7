//! The first owner: a bot without one prints a link at its start, and whoever opens it first owns the
//! bot.

use serde_json::json;

use crate::world::telegram::{BOT_NAME, Person};
use crate::world::{Builder, PATIENCE, World, eventually};

const LINK: &str = "https://t.me/testbot?start=claim_";
const NO_OWNER: &str = "Nobody owns this bot yet";
const YOURS: &str = "This bot is yours now";
const WRONG: &str = "That isn't the code";
const VOID: &str = "That code doesn't count";

fn ownerless() -> Builder {
    World::new().without("OWNER_IDS")
}

/// The code of the newest of so many links that were printed.
pub(crate) fn code(world: &World, links: usize) -> String {
    assert!(LINK.contains(BOT_NAME));
    let mut code = String::new();
    eventually(PATIENCE, "a link is printed", || {
        let log = world.log();
        let codes: Vec<&str> = log.split(LINK).skip(1).collect();
        let Some(last) = codes.last().filter(|_| codes.len() == links) else {
            return false;
        };
        code.clear();
        code.push_str(last.lines().next().unwrap_or_default());
        last.contains('\n')
    });
    assert_eq!(code.len(), 12, "{code}");
    code
}

/// Whoever owns the bot sees its keys.
#[track_caller]
fn owns(person: &Person) {
    person.says("/keys");
    person.hears_about("K1");
}

#[test]
fn whoever_opens_the_link_owns_the_bot_and_nobody_after_them() {
    let mut world = ownerless().start();
    let code = code(&world, 1);
    let (anna, bob) = (world.telegram.person(5), world.telegram.person(6));
    // Everybody hears how it is, whatever they say, and not over and over.
    for (id, text) in (101..).zip(["hello", "/start", "/keys"]) {
        let said = world.telegram.person(id).asks(text);
        assert!(said.contains(NO_OWNER), "{text}: {said}");
    }
    assert!(bob.asks("hello").contains("svs-bot claim"));
    let group = world.telegram.group(-100);
    group.member(6).says("@testbot hello");
    assert!(group.hears().text.contains(NO_OWNER));
    // In a group the code does nothing.
    group.member(5).says(&format!("/claim@testbot {code}"));
    assert!(anna.asks(&format!("/start claim_{code}")).contains(YOURS));
    owns(&anna);
    // From this moment on others knock at the Owner's door.
    assert!(bob.asks("hello again").contains("I've asked the owner"));
    assert!(anna.hears().text.contains("P6 asks to be let in"));
    assert!(anna.asks("/claim").contains("yours already"));
    // It is theirs in every later life, and the code is worth nothing.
    world.kill();
    world.restart();
    owns(&anna);
    let carl = world.telegram.person(7);
    assert!(
        carl.asks(&format!("/claim {code}"))
            .contains("my owner has let in")
    );
    assert_eq!(
        world.log().matches(&code).count(),
        1,
        "it is in the link alone"
    );
    // The settings have the last word.
    world.terminate();
    world.sets("OWNER_IDS", "6");
    world.restart();
    owns(&bob);
    anna.says("hello");
    anna.hears_about("my owner has let in");
    world.stop();
}

#[test]
fn a_code_is_typed_in_any_case_and_counts_beside_those_of_earlier_starts() {
    let mut world = ownerless().start();
    let first = code(&world, 1);
    world.kill();
    world.restart();
    let second = code(&world, 2);
    assert_ne!(first, second);
    let anna = world.telegram.person(5);
    assert!(anna.asks("/claim").contains(NO_OWNER), "without a code");
    assert!(anna.asks("/claim 000000000000").contains(WRONG));
    let typed = format!("/claim  {}", first.to_uppercase());
    assert!(anna.asks(&typed).contains(YOURS));
    let bob = world.telegram.person(6);
    assert!(
        bob.asks(&format!("/claim {second}"))
            .contains("my owner has let in")
    );
    owns(&anna);
    world.stop();
}

#[test]
fn ten_wrong_codes_end_all_claims_also_over_a_restart() {
    let mut world = ownerless().start();
    let first = code(&world, 1);
    let guesser = |id: i64| world.telegram.person(id);
    for id in 11..=14 {
        assert!(guesser(id).asks("/claim wrong").contains(WRONG));
    }
    world.kill();
    world.restart();
    let second = code(&world, 2);
    let guesser = |id: i64| world.telegram.person(id);
    for id in 15..=19 {
        let said = guesser(id).asks("/start claim_wrong");
        assert!(said.contains(WRONG), "{id}: {said}");
    }
    assert!(guesser(20).asks("/claim wrong").contains(VOID));
    for good in [&first, &second] {
        let anna = world.telegram.person(5);
        assert!(anna.asks(&format!("/claim {good}")).contains(VOID));
    }
    // The operator makes a new one.
    let printed = world.run(&["claim"], "");
    assert_eq!(printed.code, Some(0), "{}", printed.stderr);
    let third = printed.stdout.trim().strip_prefix(LINK).unwrap().to_owned();
    assert!(printed.stderr.contains(NO_OWNER), "{}", printed.stderr);
    let anna = world.telegram.person(6);
    assert!(anna.asks(&format!("/start claim_{third}")).contains(YOURS));
    let refused = world.run(&["claim"], "");
    assert_eq!(refused.code, Some(1));
    assert!(refused.stderr.contains("has an owner already"));
    assert!(refused.stdout.is_empty());
    world.stop();
}

#[test]
fn a_code_is_good_for_an_hour() {
    let mut world = ownerless().start();
    code(&world, 1);
    world.terminate();
    if !world.sets_the_clock(-3700) {
        return world.stop();
    }
    let printed = world.run(&["claim"], "");
    let old = printed.stdout.trim().strip_prefix(LINK).unwrap().to_owned();
    world.sets_the_clock(0);
    world.restart();
    let new = code(&world, 3);
    let anna = world.telegram.person(5);
    assert!(anna.asks(&format!("/claim {old}")).contains(WRONG));
    assert!(anna.asks(&format!("/claim {new}")).contains(YOURS));
    world.stop();
}

#[test]
fn svs_bot_claim_makes_a_link_also_while_no_bot_runs() {
    let mut world = ownerless().prepare();
    let none = world.run(&["claim"], "");
    assert_ne!(none.code, Some(0), "there is no data file yet");
    world.restart();
    world.terminate();
    let printed = world.run(&["claim"], "");
    let code = printed.stdout.trim().strip_prefix(LINK).unwrap().to_owned();
    world.restart();
    let anna = world.telegram.person(5);
    assert!(anna.asks(&format!("/start claim_{code}")).contains(YOURS));
    world.terminate();
    assert_eq!(world.run(&["claim"], "").code, Some(1));
    world.stop();
}

#[test]
fn an_owner_that_is_the_bot_itself_is_a_mistake() {
    let mut world = World::new().env("OWNER_IDS", "5, 7000000001").prepare();
    for command in ["run", "check"] {
        let refused = world.run(&[command], "");
        assert_eq!(refused.code, Some(78), "{command}");
        assert!(refused.stderr.contains("OWNER_IDS"), "{}", refused.stderr);
        assert!(
            refused.stderr.contains("the bot itself"),
            "{}",
            refused.stderr
        );
    }
    world.stop();
}

#[test]
fn a_claim_that_was_forwarded_or_edited_makes_nobody_an_owner() {
    let world = ownerless().start();
    let code = code(&world, 1);
    let anna = world.telegram.person(5);
    let message = anna.says("hello");
    assert!(anna.hears().text.contains(NO_OWNER));
    anna.edits(message, &format!("/claim {code}"));
    let bob = world.telegram.person(6);
    bob.forwards(&format!("/claim {code}"));
    assert!(bob.hears().text.contains(NO_OWNER));
    // A bot cannot be an owner either.
    let robot = json!({"id": 9, "is_bot": true, "first_name": "R"});
    let text = format!("/claim {code}");
    world
        .telegram
        .raw_update(json!({"message": {"message_id": 3, "from": robot,
        "chat": {"id": 9, "type": "private"}, "date": 1, "text": text}}));
    assert!(anna.asks(&format!("/claim {code}")).contains(YOURS));
    world.stop();
}

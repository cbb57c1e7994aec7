//! People and Telegram at their worst, around roles, cards and texts to many: nonsense behind every command,
//! names that are traps, storms of presses and of memberships, floods, and an Owner who is not there.

use std::collections::BTreeSet;

use crate::rights::names_in_the_sources;
use crate::world::telegram::{BOT_ID, Message, Person};
use crate::world::{PATIENCE, World, eventually};

/// A name that would be a link, a mention, a command and a second line, and turn the direction.
const TRAP: &str = "Eve\n/ban 7\u{202e} evil.example\u{200b} #x \u{2067}@eve_k";
const GROUP: i64 = -1_000_000_000_060;

/// All that was said is heard and answered.
#[track_caller]
fn is_still(world: &World) {
    eventually(PATIENCE, "all is confirmed", || world.telegram.is_drained());
    world.notes_all();
}

/// What stands behind commands where something else should.
fn nonsense() -> Vec<String> {
    let long = ["🙃".repeat(1_000), "x".repeat(4_000), " \n".repeat(500)];
    let short = [
        "\u{202e}مرحبا \u{2066}x",
        "-9223372036854775808",
        "-9223372036854775809 vip",
        "99999999999999999999999999 vip 9",
        "9223372036854775807 vip 3650",
        "5 vip 1999-01-01",
        "5 vip -5",
        "5 vip 4294967296",
        "5 vip 00000000000000000000000000000000000000000000000000000000000000030",
        "1 vip",
        "-5 vip",
        "0 vip",
        "@ vip",
        "@@@@",
        "{whom} {role} {0} %s",
        "vip vip vip vip",
        "+18446744073709551616",
        "'; DROP TABLE users; --",
        "\u{0}\u{1}\u{7f}",
        "own \u{202e}",
        "add usual x",
        "remove \u{feff}",
        "**",
        "```",
    ];
    let short = short.iter().map(|one| (*one).to_owned());
    long.into_iter().chain(short).collect()
}

#[test]
fn nonsense_behind_any_command_brings_a_sentence_and_changes_nothing_for_others() {
    let names: Vec<String> = names_in_the_sources().into_iter().collect();
    let nonsense = nonsense();
    // An Owner for each line, as a chat is told about one message a second.
    let owners: Vec<i64> = (1..)
        .take(names.len() * nonsense.len())
        .map(|one| 20_000 + one)
        .collect();
    let list: Vec<String> = owners.iter().map(i64::to_string).collect();
    let mut world = World::new()
        .env("OWNER_IDS", &format!("1,{}", list.join(",")))
        .env("ACCESS", "approve")
        .start();
    let lines = names
        .iter()
        .flat_map(|name| nonsense.iter().map(move |rest| (name, rest)));
    for (owner, (name, rest)) in owners.iter().zip(lines) {
        world
            .telegram
            .person(*owner)
            .says(&format!("/{name} {rest}"));
    }
    let is_told = |owner: &&i64| !world.telegram.said_to(**owner).is_empty();
    eventually(5 * PATIENCE, "everybody is told something", || {
        owners.iter().filter(is_told).count() == owners.len()
    });
    is_still(&world);
    let owner = world.telegram.person(1);
    let list = owner.asks("/users banned");
    // Whom an Owner banned by a number is banned, and nobody who is an Owner.
    assert!(!list.contains("P2"), "{list}");
    assert!(owner.is_answered("are you still there?").contains("echo["));
    world.terminate();
    world.restart();
    owner.says("/users");
    owner.hears_about("here, newest first");
    world.stop();
}

#[test]
fn the_bot_itself_an_owner_and_a_service_get_no_role_and_no_ban() {
    let world = World::new().env("OWNER_IDS", "1,2").start();
    let owner = world.telegram.person(1);
    for (line, words) in [
        (format!("/grant {BOT_ID} vip"), "That is me"),
        (format!("/ban {BOT_ID}"), "That is me"),
        (
            "/grant 2 guest".to_owned(),
            "Owners can't be made with a command",
        ),
        ("/ban 2".to_owned(), "an owner can't be banned"),
        ("/grant 777000 vip".to_owned(), "belongs to Telegram"),
        ("/ban 1087968824".to_owned(), "belongs to Telegram"),
        ("/grant 136817688 normal".to_owned(), "belongs to Telegram"),
        (
            "/grant -5 vip".to_owned(),
            "A group can have premium at most",
        ),
    ] {
        owner.says(&line);
        owner.hears_about(words);
    }
    world.stop();
}

#[test]
fn a_name_that_is_a_trap_is_a_name_on_cards_in_lists_and_in_the_audit() {
    let world = World::new().env("ACCESS", "approve").start();
    let owner = world.telegram.person(1);
    owner.asks("/status");
    let eve = world.telegram.person(7).called(TRAP);
    eve.asks("hello\n\n/grant 7 vip\u{202e} t.me/evil");
    let is_harmless = |text: &str, what: &str| {
        for unseen in ['\u{202e}', '\u{200b}', '\u{2067}'] {
            assert!(!text.contains(unseen), "{what}: {text:?}");
        }
        // A word joiner stands where Telegram would see a link or a command.
        for live in ["evil.example", "/ban 7", "#x", "/grant 7 vip", "t.me/evil"] {
            assert!(!text.contains(live), "{what}: {text:?}");
        }
    };
    let card = owner.hears_about("asks to be let in");
    is_harmless(&card.text, "the card");
    assert_eq!(card.text.lines().count(), 3, "{}", card.text);
    owner.says("/ban 7");
    is_harmless(&owner.hears_about("is banned").text, "the ban");
    for (line, words) in [
        ("/users", "here, newest first"),
        ("/users 7", "Id: 7"),
        ("/users Eve", "Id: 7"),
        ("/audit", "What was done"),
        ("/unban 7", "no longer banned"),
        ("/deny 7", "is not let in"),
    ] {
        owner.says(line);
        let told = owner.hears_about(words);
        is_harmless(&told.text, line);
        for button in &told.buttons {
            is_harmless(&button.label, line);
            assert!(!button.label.contains('\n'), "{button:?}");
        }
    }
    // What was typed is repeated, but for what is not seen of it.
    for (line, words) in [
        ("/users Eve\u{202e}\u{2067}adam", "found for “Eveadam”"),
        (
            "/grant \u{202e}nobody\n\nhere vip",
            "I know nobody by “nobody here”",
        ),
    ] {
        owner.says(line);
        owner.hears_about(words);
    }
    world.stop();
}

#[test]
fn many_buttons_at_once_are_all_answered_and_end_in_one_of_them() {
    const ROLES: [&str; 4] = ["Guest", "Normal", "Premium", "VIP"];
    let ids: Vec<i64> = (1..=16).collect();
    let list: Vec<String> = ids.iter().map(i64::to_string).collect();
    let world = World::new().env("OWNER_IDS", &list.join(",")).start();
    let owners: Vec<Person> = ids.iter().map(|id| world.telegram.person(*id)).collect();
    for owner in &owners {
        owner.says("/users 77");
    }
    let cards: Vec<Message> = owners.iter().map(Person::hears).collect();
    let mut presses = Vec::new();
    for role in ROLES {
        for (owner, card) in owners.iter().zip(&cards) {
            let data = &card.button(role).expect("a button").data;
            presses.push((owner, owner.presses_data(card.id, data)));
        }
    }
    assert_eq!(presses.len(), 64);
    for (owner, press) in &presses {
        assert_eq!(owner.is_told(press), "");
    }
    is_still(&world);
    let role_now = |owner: &Person| {
        owner.says("/users 77");
        let told = owner
            .sees("a card anew", |shown| shown.len() == 2)
            .remove(1)
            .text;
        let role = ROLES
            .iter()
            .find(|role| told.contains(&format!("Role: {role}")));
        (*role.unwrap_or_else(|| panic!("no role: {told}"))).to_owned()
    };
    let roles: BTreeSet<String> = owners.iter().map(role_now).collect();
    assert_eq!(roles.len(), 1, "{roles:?}");
    owners[0].says("/audit");
    let audit = owners[0].hears_about("What was done").text;
    let newest = audit.lines().nth(1).expect("a deed").to_owned();
    assert!(
        newest.contains(&format!("made 77 {}", roles.first().unwrap())),
        "{newest}"
    );
    world.stop();
}

#[test]
fn a_button_in_a_group_that_was_left_is_answered_and_sends_nothing_there() {
    let world = World::new().env("GROUPS", "open").start();
    let group = world.telegram.group(GROUP);
    let ann = group.member(7);
    ann.says("/lang");
    let shown = group.hears();
    is_still(&world);
    group.puts_out_the_bot(9);
    let press = ann.presses_on(shown.id, "中文");
    assert_eq!(ann.is_told(&press), "");
    is_still(&world);
    let tries = world.telegram.calls("editMessageText").len();
    assert!(tries <= 1, "{tries}");
    assert_eq!(group.shows().len(), 1);
    // Taken in again, it is as it was.
    group.takes_in_the_bot(9);
    group.sees("that it is back", |shown| shown.len() == 2);
    ann.says("/status@testbot");
    group.sees("an answer", |shown| shown.len() == 3);
    world.stop();
}

#[test]
fn a_storm_of_memberships_ends_as_it_ended_and_asks_nobody_twice() {
    let world = World::new().env("ACCESS", "approve").start();
    let (owner, ann) = (world.telegram.person(1), world.telegram.person(7));
    owner.asks("/grant 7 normal");
    ann.is_answered("hello");
    let group = world.telegram.group(GROUP);
    for _ in 0..100 {
        ann.blocks_the_bot();
        ann.unblocks_the_bot();
        group.takes_in_the_bot(9);
        group.puts_out_the_bot(9);
    }
    group.takes_in_the_bot(9);
    ann.is_answered("I am back");
    let card = owner.hears_about("in the group");
    is_still(&world);
    let is_card = |one: &&Message| one.text.contains("in the group");
    assert_eq!(owner.shows().iter().filter(is_card).count(), 1);
    owner.presses_on(card.id, "Normal");
    group.sees("that it may answer", |shown| {
        shown.iter().any(|one| one.text.contains("I answer here"))
    });
    group.member(8).says("@testbot what is new?");
    group.sees("an answer", |shown| {
        shown.iter().any(|one| one.text.contains("what is new?"))
    });
    world.stop();
}

#[test]
fn a_text_to_many_whom_telegram_holds_up_reaches_each_once() {
    let people = 100..125_i64;
    let world = World::new().open().start();
    let all = || -> Vec<Person> { people.clone().map(|id| world.telegram.person(id)).collect() };
    for person in all() {
        person.asks("/help");
    }
    for person in all() {
        person.has_flood_control(2);
    }
    let owner = world.telegram.person(1);
    owner.says("/broadcast Hear, hear");
    owner.hears_about("everybody (25)");
    owner.presses("Send it");
    let is_sent = |shown: &[Message]| {
        shown.iter().any(|one| {
            one.text
                .contains("Sent. Delivered: 25. No longer reachable: 0.")
        })
    };
    owner.sees("that all have it", is_sent);
    for person in all() {
        let got = person.shows();
        let got = got.iter().filter(|one| one.text == "Hear, hear");
        assert_eq!(got.count(), 1);
    }
    world.stop();
}

#[test]
fn an_owner_who_blocked_the_bot_misses_nobody_and_holds_up_nobody() {
    let world = World::new().env("ACCESS", "approve").start();
    let owner = world.telegram.person(1);
    owner.asks("/status");
    owner.blocks_the_bot();
    is_still(&world);
    let said = owner.shows().len();
    for id in 5..8 {
        let told = world.telegram.person(id).asks("please");
        assert!(told.contains("I've asked the owner"), "{told}");
    }
    is_still(&world);
    assert_eq!(owner.shows().len(), said, "nothing can be sent");
    owner.unblocks_the_bot();
    let summary = owner.hears_about("There are more who ask");
    owner.presses_on(summary.id, "See who waits");
    let shown = owner.sees("who waits", |shown| {
        shown
            .iter()
            .any(|one| one.id == summary.id && one.text.contains("asks to be let in"))
    });
    let card = shown.iter().find(|one| one.id == summary.id).unwrap();
    assert!(card.button("Next (3 waiting)").is_some(), "{card:?}");
    // Once more it is no news.
    owner.unblocks_the_bot();
    is_still(&world);
    let summaries = owner.shows();
    let summaries = summaries
        .iter()
        .filter(|one| one.text.contains("There are more"));
    assert_eq!(summaries.count(), 0);
    world.stop();
}

#[test]
fn a_role_word_is_nobodys_name() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    let told: BTreeSet<String> = ["/grant vip", "/grant 贵宾 30", "/grant  "]
        .iter()
        .map(|line| owner.asks(line))
        .collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told.iter()
            .all(|told| told.starts_with("Like this: /grant"))
    );
    world.stop();
}

#[test]
fn the_days_of_a_grant_are_within_ten_years() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    for term in [
        "0",
        "3651",
        "-3",
        "1999-01-01",
        "9999-12-31",
        "99999999999",
        "soon",
    ] {
        let told = owner.asks(&format!("/grant 5 vip {term}"));
        assert!(
            told.contains("is no time I can give a role for"),
            "{term}: {told}"
        );
    }
    let told = owner.asks("/grant 5 vip 3650");
    assert!(told.contains("is now VIP for 3650 d"), "{told}");
    world.stop();
}

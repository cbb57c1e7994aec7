//! What the Owner is told of keys by `/keys`, dead keys that are looked at again, and what `/status`
//! tells everybody.

use crate::world::gemini::{Fault, key_text};
use crate::world::http::Trouble;
use crate::world::telegram::Person;
use crate::world::{PATIENCE, World, eventually};

/// Questions until every key was met: the pool spreads them evenly.
const ENOUGH: usize = 12;

/// Asks until the key was called so often.
#[track_caller]
fn is_asked_with(world: &World, asker: &Person, key: &str, calls: usize) {
    for number in 0..ENOUGH {
        if world.gemini.calls_by(key) >= calls {
            return;
        }
        asker.is_answered(&format!("for {key}, {number}."));
    }
    panic!("{key} is not called {calls} times");
}

/// The answer to `/keys`, past whatever is said before it.
#[track_caller]
fn keys(owner: &Person) -> String {
    owner.says("/keys");
    owner.hears_about("Keys: ").text
}

/// The lines about one key; without those of its group.
#[track_caller]
fn about<'a>(told: &'a str, label: &str) -> &'a str {
    let found = told.split("\n\n").find_map(|paragraph| {
        let at = paragraph.find(&format!("{label} …zT4w"))?;
        Some(&paragraph[at..])
    });
    found.unwrap_or_else(|| panic!("no {label} in {told}"))
}

#[test]
fn keys_are_named_by_their_masks_with_what_they_have_spent() {
    let world = World::new()
        .without("GEMINI_API_KEYS")
        .keys("A", &["a1@shop"])
        .keys("D", &["d1:paid"])
        .env("KEY_DAILY_PERCENT", "30")
        .start();
    let owner = world.telegram.person(1);
    for number in 0..3 {
        owner.is_answered(&format!("question {number}."));
    }
    let told = keys(&owner);
    assert!(
        told.starts_with("Keys: 2 (2 available, 0 resting, 0 blacklisted, 0 dead)\n"),
        "{told}"
    );
    assert!(
        told.contains("\nPaid keys today: $0.00 of $1.00\n"),
        "{told}"
    );
    let shop = about(&told, "A1");
    assert!(shop.starts_with("A1 …zT4w (shop) – available\n"), "{told}");
    assert!(shop.contains("today: lite 3/300, flash 0/"), "{told}");
    assert!(shop.contains("last: answered, "), "{told}");
    assert!(
        told.contains("Group D\nD1 …zT4w (paid) – available\n"),
        "{told}"
    );
    assert!(!about(&told, "D1").contains("last"), "{told}");
    for name in ["a1", "d1"] {
        assert!(!told.contains(&key_text(name)) && !told.contains("secret-text"));
    }
    world.stop();
}

#[test]
fn a_dead_key_is_shown_with_its_reason_and_a_resting_one_with_what_it_waits_for() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    world.gemini.key("k1").answers(Fault::INVALID_KEY);
    is_asked_with(&world, &owner, "k1", 1);
    world.gemini.key("k2").answers(Fault::BILLING);
    let before = world.gemini.calls_by("k2");
    is_asked_with(&world, &owner, "k2", before + 1);
    let told = keys(&owner);
    assert!(
        told.starts_with("Keys: 3 (1 available, 1 resting, 0 blacklisted, 1 dead)\n"),
        "{told}"
    );
    let dead = about(&told, "K1");
    assert!(
        dead.contains("– dead: Google says it is not valid. Next look in "),
        "{told}"
    );
    assert!(dead.contains("last: refused for good, "), "{told}");
    let resting = about(&told, "K2");
    assert!(resting.contains("– resting, back in "), "{told}");
    assert!(
        resting.contains("\nrests, as Google asked or after a failure, "),
        "{told}"
    );
    assert!(resting.contains("last: refused for now, "), "{told}");
    assert!(about(&told, "K3").contains("– available"), "{told}");
    world.stop();
}

#[test]
fn only_the_owner_sees_keys_and_only_in_private() {
    let world = World::new().open().start();
    let owner = world.telegram.person(1);
    owner.asks("/grant 7 normal");
    for command in ["/keys", "/keys retest"] {
        let refused = world.telegram.person(7).asks(command);
        assert!(refused.contains("for the bot's owner"), "{refused}");
    }
    let group = world.telegram.group(-123);
    group.member(1).says("/keys");
    let hint = group.hears().text;
    assert!(hint.contains("in private"), "{hint}");
    group.member(1).says("/keys retest");
    assert_eq!(group.hears().text, hint);
    let usage = owner.asks("/keys K1");
    assert!(usage.contains("/keys retest"), "{usage}");
    assert!(!usage.contains("zT4w") && !hint.contains("zT4w"));
    world.stop();
}

#[test]
fn a_key_that_is_still_refused_stays_dead_and_is_not_called() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    assert_eq!(owner.asks("/keys retest"), "No key is dead or resting.");
    world.gemini.key("k1").answers(Fault::SUSPENDED);
    is_asked_with(&world, &owner, "k1", 1);
    owner.says("/keys ReTest");
    let told = owner.hears_about("still refused").text;
    assert_eq!(
        told,
        "K1 …zT4w: still refused: Google has suspended the account behind it."
    );
    assert_eq!(world.gemini.probes_by("k1"), 1);
    assert_eq!(
        world.gemini.probes_by("k2"),
        0,
        "who lives is not looked at"
    );
    for number in 0..6 {
        owner.is_answered(&format!("question {number}."));
    }
    assert_eq!(world.gemini.calls_by("k1"), 1);
    assert!(about(&keys(&owner), "K1").contains("– dead: "));
    world.stop();
}

#[test]
fn a_key_that_is_accepted_again_is_told_used_and_remembered() {
    let mut world = World::new().start();
    let owner = world.telegram.person(1);
    world.gemini.key("k1").answers(Fault::LEAKED);
    is_asked_with(&world, &owner, "k1", 1);
    let dead = keys(&owner);
    assert!(
        about(&dead, "K1").contains("No further look unless you ask"),
        "{dead}"
    );
    let alert = "K1 …zT4w: Google says it was reported as leaked.";
    let alerts = |world: &World| {
        let mut said = world.telegram.said_to(1);
        said.retain(|message| message.text.contains(alert));
        said
    };
    eventually(PATIENCE, "the Owner is alerted", || {
        alerts(&world).len() == 1
    });
    world.gemini.key("k1").recovers();
    owner.says("/keys retest");
    // The reply and the change of the alert come in either order.
    eventually(PATIENCE, "the Owner is told", || {
        let said = world.telegram.said_to(1);
        let told = |text: &str| said.iter().filter(|message| message.text == text).count();
        let alerts = alerts(&world);
        told("K1 …zT4w: works again") == 1
            && alerts.len() == 1
            && alerts[0].text.contains("Over, after")
    });
    world.kill();
    world.restart();
    is_asked_with(&world, &owner, "k1", 2);
    let alive = keys(&owner);
    assert!(about(&alive, "K1").contains("– available"), "{alive}");
    assert_eq!(world.gemini.probes_by("k1"), 1);
    owner.says("/keys retest");
    owner.hears_about("No key is dead or resting.");
    world.stop();
}

#[test]
fn a_look_that_fails_or_hangs_says_nothing_of_the_key() {
    let world = World::new().start();
    let owner = world.telegram.person(1);
    world.gemini.key("k1").answers(Fault::INVALID_KEY);
    is_asked_with(&world, &owner, "k1", 1);
    for trouble in [Trouble::HangUp, Trouble::BadGateway, Trouble::Hang] {
        world.gemini.key("k1").recovers();
        world.gemini.key("k1").answers(Fault::Line(trouble));
        owner.says("/keys retest");
        let told = owner.hears_about("K1 …zT4w: could").text;
        assert_eq!(told, "K1 …zT4w: could not be asked", "{trouble:?}");
    }
    assert!(about(&keys(&owner), "K1").contains("– dead: "));
    assert_eq!(world.gemini.calls_by("k1"), 1);
    let probes = world.gemini.probes_by("k1");
    owner.says("/keys retest");
    eventually(PATIENCE, "a look hangs", || {
        world.gemini.probes_by("k1") > probes
    });
    // And does not hold the stop.
    world.stop();
}

#[test]
fn a_status_tells_what_made_the_last_answer_and_why() {
    let mut world = World::new().open().start();
    let owner = world.telegram.person(1);
    assert!(!owner.asks("/status").contains("Last answer"));
    owner.is_answered("hello");
    let model = world.gemini.calls()[0].model.clone();
    let told = owner.asks("/status");
    let line = format!("\nLast answer: {model}, because it was small talk\n");
    assert!(told.contains(&line), "{told}");
    let chinese = world.telegram.person(1).speaking("zh");
    let told = chinese.asks("/status");
    let line = format!("\n上次回答：{model}，因为只是闲聊\n");
    assert!(told.contains(&line), "{told}");
    let guest = world.telegram.person(7);
    guest.is_answered("hello");
    let told = guest.asks("/status");
    assert!(!told.contains("Last answer"), "{told}");
    assert!(told.ends_with("Your role: Guest"), "{told}");
    let ended = world.run(&["status"], "");
    assert_eq!(ended.code, Some(0), "{}", ended.stderr);
    assert!(
        ended.stdout.contains("Keys: 3 (3 available"),
        "{}",
        ended.stdout
    );
    world.stop();
}

#[test]
fn while_no_key_is_available_a_status_tells_when_the_next_is_back() {
    let world = World::new().keys("any", &["k1"]).start();
    let owner = world.telegram.person(1);
    assert!(!owner.asks("/status").contains("The next key"));
    world.gemini.key("k1").answers(Fault::BILLING);
    owner.asks("hello");
    let told = owner.asks("/status");
    assert!(told.contains("(0 available, 1 resting,"), "{told}");
    assert!(told.contains("\nThe next key is back in "), "{told}");
    world.stop();
}

#[test]
fn a_button_gives_its_command_for_whom_it_was_made_and_the_reply_takes_its_place() {
    let mut world = World::new().start();
    world.gemini.key("k1").answers(Fault::LEAKED);
    let owner = world.telegram.person(1);
    is_asked_with(&world, &owner, "k1", 1);
    keys(&owner);
    let list = owner.shows().pop().unwrap();
    let data = list.button("Look again").unwrap().data.clone();
    owner.presses("Look again");
    let shown = owner.sees("what the look has shown", |shown| {
        shown
            .iter()
            .any(|message| message.id == list.id && message.text != list.text)
    });
    assert_eq!(shown.last().unwrap().id, list.id, "nothing new was said");
    assert!(shown.last().unwrap().buttons.is_empty());
    // Another person, another line, and whoever has lost the role do nothing with it.
    let stranger = world.telegram.person(9);
    stranger.says("hello");
    let press = stranger.presses_data(stranger.hears().id, &data);
    assert_eq!(
        stranger.is_told(&press),
        "These buttons belong to whoever asked. Ask me yourself and you get your own."
    );
    owner.hears_about("asks to be let in");
    let shown = owner.shows();
    let press = owner.presses_data(list.id, &format!("{}/revoke 1", &data[..8]));
    assert_eq!(
        owner.is_told(&press),
        "These buttons belong to whoever asked. Ask me yourself and you get your own."
    );
    world.terminate();
    world.sets("OWNER_IDS", "2");
    world.restart();
    let press = owner.presses_data(list.id, &data);
    assert_eq!(owner.is_told(&press), "");
    assert_eq!(owner.shows(), shown);
    world.stop();
}

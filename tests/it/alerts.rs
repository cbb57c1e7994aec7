//! Alerts to the Owners: one message for each cause, changed as the cause changes, closed when it is
//! over, and gone on with in the next life of the bot.

use std::fs;
use std::time::Duration;

use crate::files::{SmallDisk, not_shown};
use crate::world::gemini::Fault;
use crate::world::telegram::Message;
use crate::world::{World, eventually, is_full_run};

/// For whatever becomes so at the next look, on a machine with something else to do.
const LONG: Duration = Duration::from_mins(4);

/// The messages to somebody that hold these words, as they are now.
fn about(world: &World, person: i64, words: &str) -> Vec<Message> {
    let mut said = world.telegram.said_in_all(person);
    said.retain(|message| message.text.contains(words));
    said
}

/// Waits until there is one message with these words and it is as wished.
#[track_caller]
fn one(world: &World, words: &str, wished: impl Fn(&str) -> bool) -> Message {
    let mut found = Vec::new();
    eventually(LONG, words, || {
        found = about(world, 1, words);
        // The reply to /alerts says the same.
        found.retain(|message| !message.text.contains("(for "));
        found.iter().any(|message| wished(&message.text))
    });
    assert_eq!(found.len(), 1, "{found:#?}");
    found.swap_remove(0)
}

fn lasts(text: &str) -> bool {
    !text.contains("Over, after")
}

fn is_over(text: &str) -> bool {
    text.contains("Over, after")
}

/// A world whose Owner can be written to.
fn with_an_owner(world: &World) {
    world.telegram.person(1).says("/help");
    world.telegram.person(1).hears();
}

#[test]
#[expect(clippy::too_many_lines, reason = "one story, told in order")]
fn dead_keys_are_one_message_that_grows_over_restarts_and_ends() {
    let mut world = World::new().open().keys("A", &["k4", "k5"]).start();
    with_an_owner(&world);
    let ann = world.telegram.person(7);
    let kill = |world: &World, key: &str| {
        world.gemini.key(key).answers(Fault::INVALID_KEY);
        let mut question = 0;
        eventually(LONG, "the key is met", || {
            question += 1;
            world
                .telegram
                .person(1)
                .is_answered(&format!("{key} {question}?"));
            world.gemini.calls_by(key) > 0
                && world
                    .gemini
                    .calls()
                    .iter()
                    .any(|call| call.key == key && call.fault.is_some())
        });
    };
    let words = "Google refuses these keys";
    kill(&world, "k4");
    let first = one(&world, words, |text| text.contains("A1 …zT4w"));
    assert!(
        first.text.contains("GROUP_A_KEYS in the environment"),
        "{}",
        first.text
    );
    assert!(first.text.contains("start me again"), "{}", first.text);
    world.notes_all();
    for is_killed in [false, true] {
        if is_killed {
            world.kill();
        } else {
            world.terminate();
        }
        world.restart();
        ann.is_answered("hello again");
    }
    kill(&world, "k5");
    let both = one(&world, words, |text| text.contains("A1 …zT4w, A2 …zT4w: "));
    assert_eq!(both.id, first.id);
    // All of the group are dead, which is a cause of its own.
    let group = one(&world, "No key of group A can be used", lasts);
    assert!(group.text.contains("2 refused"), "{}", group.text);
    world.telegram.person(1).says("/alerts");
    let listed = world.telegram.person(1).hears_about("(for ").text;
    assert!(
        listed.contains(words) && listed.contains("group A"),
        "{listed}"
    );
    world.gemini.key("k4").recovers();
    world.gemini.key("k5").recovers();
    world.telegram.person(1).says("/keys retest");
    for (id, words) in [(both.id, words), (group.id, "No key of group A")] {
        assert_eq!(one(&world, words, is_over).id, id);
    }
    // The crash is told of a while longer.
    world.telegram.person(1).says("/alerts");
    let listed = world.telegram.person(1).hears_about("(for ").text;
    assert!(
        listed.contains("I crashed") && !listed.contains("Google refuses"),
        "{listed}"
    );
    world.stop();
}

#[test]
fn who_asks_in_vain_hears_what_is_theirs_to_do() {
    let world = World::new()
        .open()
        .without("GEMINI_API_KEYS")
        .keys("D", &["k1", "k2"])
        .start();
    with_an_owner(&world);
    for key in ["k1", "k2"] {
        world.gemini.key(key).answers(Fault::INVALID_KEY);
    }
    let owner = world.telegram.person(1);
    owner.says("hello?");
    let mut heard = String::new();
    eventually(LONG, "the owner hears what to do", || {
        owner.says("and now?");
        heard = owner.hears().text;
        heard.starts_with("None of my keys can be used: 2 refused.")
    });
    assert!(heard.contains("GROUP_D_KEYS in the environment"), "{heard}");
    one(&world, "No key of group D can be used", lasts);
    let ann = world.telegram.person(7);
    eventually(LONG, "others hear that the owner knows", || {
        ann.says("hello?");
        let heard = ann.hears().text;
        assert!(!heard.contains("GROUP_D_KEYS"), "{heard}");
        heard.contains("I've told the bot's owner")
    });
    // In a group the owner is one of many.
    let group = world.telegram.group(-5);
    group.member(1).says("@testbot hello?");
    let heard = group.hears().text;
    assert!(!heard.contains("GROUP_D_KEYS"), "{heard}");
    world.stop();
}

#[test]
fn a_restart_after_a_crash_is_told_once_and_a_further_one_in_the_same_message() {
    let mut world = World::new().open().start();
    with_an_owner(&world);
    world.notes_all();
    world.kill();
    world.restart();
    let first = one(&world, "I crashed", |_| true);
    world.notes_all();
    world.terminate();
    world.restart();
    world.telegram.person(7).is_answered("hello");
    world.kill();
    world.restart();
    let again = one(&world, "I crashed", |text| text.contains("2 times"));
    assert_eq!(again.id, first.id);
    world.stop();
}

#[test]
fn a_clock_that_is_off_is_told_and_over_once_it_is_right() {
    let mut world = World::new().open().prepare();
    if !world.sets_the_clock(0) {
        return world.stop();
    }
    world.restart();
    with_an_owner(&world);
    world.sets_the_clock(150);
    // The date comes with the next answer to a poll.
    world.telegram.person(7).is_answered("hello");
    let told = one(&world, "The clock of this machine is off by 2 min", lasts);
    world.sets_the_clock(0);
    world.telegram.person(7).is_answered("hello again");
    assert_eq!(
        one(&world, "The clock of this machine", is_over).id,
        told.id
    );
    world.stop();
}

#[test]
fn somebody_else_who_polls_is_told_and_where_the_token_stands() {
    let world = World::new().open().start();
    with_an_owner(&world);
    let url = world.telegram_url("getUpdates");
    let words = "Somebody else fetches my messages";
    eventually(LONG, "the owner is told", || {
        ureq::post(&url).send_empty().unwrap();
        !about(&world, 1, words).is_empty()
    });
    let told = one(&world, words, lasts);
    assert!(told.text.contains("TELEGRAM_BOT_TOKEN in the environment"));
    if is_full_run() {
        assert_eq!(one(&world, words, is_over).id, told.id);
    }
    world.stop();
}

#[test]
fn a_disk_that_is_nearly_full_is_told_and_over_once_there_is_room() {
    let mut world = World::new().open().prepare();
    let Some(disk) = SmallDisk::under(&mut world) else {
        not_shown("the disk that is nearly full");
        return world.stop();
    };
    with_an_owner(&world);
    let ballast = disk.place.join("ballast");
    let free = || {
        let room = rustix::fs::statvfs(&disk.place).unwrap();
        room.f_bavail * 100 / room.f_blocks
    };
    let mut filled = 0;
    while free() >= 9 {
        filled += 1;
        fs::write(&ballast, vec![0; filled * 100_000]).unwrap();
    }
    let told = one(&world, "My disk is nearly full", lasts);
    assert!(
        told.text.contains("DATA_FILE in the environment"),
        "{}",
        told.text
    );
    fs::remove_file(&ballast).unwrap();
    assert_eq!(one(&world, "My disk is nearly full", is_over).id, told.id);
    world.stop();
    drop(disk);
}

#[test]
fn the_money_of_the_day_is_told_before_it_is_spent_and_once_it_is() {
    let world = World::new()
        .open()
        .without("GEMINI_API_KEYS")
        .keys("D", &["k1:paid"])
        .env("PAID_DAILY_USD", "0.2")
        .start();
    with_an_owner(&world);
    // An answer costs a twenty-sixth of the day; a call may cost a little more.
    world.gemini.thinks(3_000);
    let owner = world.telegram.person(1);
    let ask = || {
        world.telegram.person(7).asks("hello?");
        owner.says("/keys");
        let report = owner.hears_about("Paid keys today: ").text;
        let (_, spent) = report.split_once("Paid keys today: $").unwrap();
        spent.split(' ').next().unwrap().parse::<f64>().unwrap()
    };
    eventually(LONG, "most of the money is spent", || ask() >= 0.17);
    let soon = one(&world, "Paid keys have cost 80 %", lasts);
    eventually(LONG, "the money is spent", || {
        ask();
        !about(&world, 1, "and rest until midnight").is_empty()
    });
    let told = one(&world, "Paid keys have cost", lasts);
    assert_eq!(told.id, soon.id);
    assert!(told.text.contains("$0.20"), "{}", told.text);
    assert!(told.text.contains("PAID_DAILY_USD in the environment"));
    world.stop();
}

#[test]
fn an_owner_who_wants_no_alerts_is_sent_none_and_sees_them_all_the_same() {
    let mut world = World::new().open().start();
    with_an_owner(&world);
    let owner = world.telegram.person(1);
    owner.says("/alerts");
    owner.hears_about("All is well");
    owner.presses("Don't write to me");
    owner.sees("that it is off", |shown| {
        shown
            .iter()
            .any(|it| it.text.contains("I won't write to you"))
    });
    world.notes_all();
    world.kill();
    world.restart();
    // What would be told by now is listed where it is asked for.
    eventually(LONG, "it is listed", || {
        owner.says("/alerts");
        let listed = owner.hears_about("I won't write to you").text;
        listed.contains("I crashed")
    });
    let sent = about(&world, 1, "I crashed");
    assert!(sent.iter().all(|it| it.text.contains("(for ")), "{sent:#?}");
    owner.says("/alerts on");
    owner.hears_about("I'll write to you when");
    world.kill();
    world.restart();
    eventually(LONG, "it is told again", || {
        let told = about(&world, 1, "I crashed 2 times");
        told.iter().any(|it| !it.text.contains("(for "))
    });
    world.stop();
}

#[test]
fn an_owner_is_alerted_in_their_language_and_a_stranger_of_nothing() {
    let mut world = World::new().open().start();
    let owner = world.telegram.person(1).speaking("zh-hans");
    owner.says("/help");
    owner.hears();
    world.telegram.person(7).is_answered("hello");
    world.notes_all();
    world.kill();
    world.restart();
    owner.hears_about("我崩溃了");
    world.telegram.person(7).is_answered("hello again");
    assert!(about(&world, 7, "crashed").is_empty());
    world.telegram.person(7).says("/alerts");
    world.telegram.person(7).is_answered("anything?");
    assert!(about(&world, 7, "All is well").is_empty());
    world.stop();
}

#[test]
#[ignore = "takes a quarter of an hour; `.ci/full alerts` runs it"]
fn a_model_that_is_out_and_questions_that_pile_up_are_told_in_alerts() {
    let world = World::new().open().env("MAX_IN_FLIGHT", "1").start();
    with_an_owner(&world);
    let model = "gemini-3.5-flash-lite";
    world.gemini.model(model).answers(Fault::OVERLOADED);
    let mut question = 0;
    eventually(LONG * 4, "the model counts as out", || {
        question += 1;
        world
            .telegram
            .person(7)
            .asks(&format!("question {question}?"));
        !about(&world, 1, "has been overloaded for over 10 minutes").is_empty()
    });
    world.gemini.model(model).recovers();
    eventually(LONG, "it is over", || {
        question += 1;
        world
            .telegram
            .person(7)
            .asks(&format!("question {question}?"));
        about(&world, 1, "has been overloaded")
            .iter()
            .all(|it| is_over(&it.text))
    });
    world.gemini.holds("slow");
    for id in 100..104 {
        world.telegram.person(id).says("slow, please");
    }
    one(&world, "Questions pile up", lasts);
    world.gemini.lets_go("slow");
    one(&world, "Questions pile up", is_over);
    world.stop();
}

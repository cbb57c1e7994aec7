//! The pool as a whole: caps that hold whatever happens, settings that change, failures that reach
//! one key, one model or everybody, and deaths that the Owner hears of.
//!
//! `SVS_BOT_FULL=1` makes the run against the caps as long as it takes to meet those of the day.

use std::ops::Range;
use std::time::Duration;

use crate::keys::is_sentence;
use crate::world::gemini::{Call, Fault};
use crate::world::telegram::Message;
use crate::world::{PATIENCE, World, eventually, is_full_run, now, setting, time_passes};

/// A window a little shorter than the service's minute: a call may be on its way for a moment.
const ALMOST_A_MINUTE: Duration = Duration::from_secs(59);
/// The flash models of the catalogue, which have 20 requests a day.
const FLASH: [&str; 3] = ["gemini-4-hydrogen", "gemini-3.8-flash", "gemini-3.6-flash"];

/// The most calls of one (project, model) on a day, among those that fit.
fn busiest_day_of(calls: &[Call], fits: impl Fn(&Call) -> bool) -> usize {
    let calls: Vec<&Call> = calls.iter().filter(|call| fits(call)).collect();
    let same =
        |a: &Call, b: &Call| (&a.project, &a.model, &a.day) == (&b.project, &b.model, &b.day);
    let crowd = |a: &&Call| calls.iter().filter(|b| same(a, b)).count();
    calls.iter().map(crowd).max().unwrap_or(0)
}

/// Calls with a key that failed.
fn refusals(world: &World, key: &str) -> usize {
    let calls = world.gemini.calls();
    let failed = |call: &&Call| call.key == key && call.fault.is_some();
    calls.iter().filter(failed).count()
}

/// What was said to a person that holds these words.
fn heard(world: &World, person: i64, sign: &str) -> Vec<Message> {
    let mut said = world.telegram.said_to(person);
    said.retain(|message| message.text.contains(sign));
    said
}

/// Everybody asks twice, again and again, and the bot is killed or restarted each time.
fn besiege(world: &mut World, people: Range<i64>, rounds: usize, rng: &mut fastrand::Rng) {
    for round in 0..rounds {
        for _ in 0..2 {
            for id in people.clone() {
                let text = match rng.u8(0..4) {
                    0 => format!("Write a Rust function that sorts a vector, number {round}."),
                    1.. => format!("hello {round}."),
                };
                world.telegram.person(id).says(&text);
            }
            time_passes(Duration::from_millis(rng.u64(5..250)));
        }
        if rng.bool() {
            world.kill();
        } else {
            world.terminate();
        }
        world.restart();
        if is_full_run() {
            time_passes(Duration::from_millis(rng.u64(500..5_000)));
        }
    }
}

#[test]
fn our_caps_hold_in_every_pool_of_quota_through_bursts_kills_and_restarts() {
    let rounds = if is_full_run() { 60 } else { 5 };
    let seed = setting("SVS_BOT_SEED").and_then(|seed| seed.parse().ok());
    let seed = seed.unwrap_or_else(|| fastrand::u64(..));
    eprintln!("pool: seed {seed}");
    let mut rng = fastrand::Rng::with_seed(seed);
    // 1 % of a day: 5 of a lite model, and 1 of a flash model.
    let mut world = World::new()
        .open()
        .keys("any", &["k1@shared", "k2@shared", "k3"])
        .keys("A", &["a1"])
        .keys("D", &["d1@lent", "d2@lent"])
        .env("KEY_RPM", "4")
        .env("KEY_DAILY_PERCENT", "1")
        .start();
    world.gemini.limits(6, 8);
    world.gemini.works_for(Duration::from_millis(30));
    let owner = world.telegram.person(1);
    for (id, role) in [(7, "vip"), (8, "vip"), (9, "premium"), (10, "normal")] {
        owner.asks(&format!("/grant {id} {role}"));
    }
    let people = 1..14;
    besiege(&mut world, people.clone(), rounds, &mut rng);
    eventually(
        Duration::from_mins(3),
        "everybody is answered or told",
        || {
            world.telegram.is_drained()
                && people
                    .clone()
                    .all(|id| !world.telegram.said_to(id).is_empty())
                && world.questions() == (0, 0)
        },
    );
    let calls = world.gemini.calls();
    let flash = busiest_day_of(&calls, |call| FLASH.contains(&call.model.as_str()));
    let (day, minute) = (
        world.gemini.busiest_day(),
        world.gemini.busiest_window(ALMOST_A_MINUTE),
    );
    eprintln!(
        "pool: {} calls, {} provoked; busiest (project, model): {day} a day, {flash} a day of \
         flash, {minute} a minute",
        calls.len(),
        world.gemini.provoked(),
    );
    assert_eq!(world.gemini.provoked(), 0);
    // Reached, as much more was asked than may be spent, and not passed.
    assert_eq!(minute, 4, "in a minute");
    assert_eq!(flash, 1, "of a flash model's day");
    assert!(day <= 5, "{day} of a lite model's day");
    if is_full_run() {
        assert_eq!(day, 5, "minutes enough to spend the day");
    }
    world.stop();
}

#[test]
fn other_settings_at_the_next_start_keep_what_is_known_of_the_other_keys() {
    let owners: Vec<String> = (11..80).map(|id: u32| id.to_string()).collect();
    // 1 % of a day: 5 requests of each small model.
    let mut world = World::new()
        .keys("any", &["dead", "tired", "spent", "gone", "moved", "named"])
        .env("OWNER_IDS", &owners.join(","))
        .env("KEY_DAILY_PERCENT", "1")
        .start();
    world.gemini.key("dead").answers(Fault::LEAKED);
    world.gemini.key("tired").answers(Fault::BILLING);
    // Owners all, so that a chat's one message a second is not in the way.
    for id in 11..27 {
        world.telegram.person(id).is_answered("before");
    }
    assert_eq!(world.gemini.calls_by("dead"), 1);
    assert_eq!(world.gemini.calls_by("tired"), 1);
    let spent = world.gemini.calls_by("spent");
    assert!(spent > 0);
    world.gemini.key("dead").recovers();
    world.gemini.key("tired").recovers();
    world.terminate();
    world.has_keys(&[
        ("any", &["fresh", "spent", "tired", "dead"]),
        ("A", &["moved", "named@project"]),
    ]);
    world.restart();
    let told = (30..80).map(|id| world.telegram.person(id).asks("after"));
    let told = told.filter(|said| is_sentence(said)).count();
    assert!(told > 0, "the day has no end");
    assert_eq!(world.gemini.calls_by("dead"), 1, "dead stays dead");
    assert_eq!(world.gemini.calls_by("tired"), 1, "its hour is not over");
    for (key, whole) in [("spent", 10), ("moved", 10), ("fresh", 10)] {
        assert_eq!(
            world.gemini.calls_by(key),
            whole,
            "{key} has its day and no more"
        );
    }
    let calls = world.gemini.calls();
    let day = busiest_day_of(&calls, |call| call.key != "named");
    assert_eq!(day, 5);
    assert!(world.tells_of_keys().starts_with("Keys: 6 "));
    world.stop();
}

#[test]
fn a_limit_that_the_service_has_named_binds_after_a_kill() {
    let mut world = World::new().open().keys("any", &["k1"]).start();
    world
        .gemini
        .everyone()
        .answers_times(1, Fault::Minute("2", "1s"));
    world.telegram.person(7).is_answered("hello");
    let refused = world.gemini.calls().swap_remove(0).model;
    // The second that it named, and the most that is added to it.
    time_passes(Duration::from_secs(3));
    world.kill();
    world.restart();
    for id in 8..16 {
        world.telegram.person(id).is_answered("hello");
    }
    let calls = world.gemini.calls();
    let same = calls.iter().filter(|call| call.model == refused);
    assert_eq!(same.count(), 2, "two a minute, the refused one with them");
    world.stop();
}

#[test]
fn each_death_is_told_to_the_owner_once_with_name_and_reason_whenever_the_bot_is_killed() {
    let mut world = World::new().open().start();
    let ann = world.telegram.person(7);
    // A bot can write only to who has written to it.
    world.telegram.person(1).is_answered("hello");
    let deaths = [
        ("k2", Fault::SUSPENDED, "K2 …zT4w", "suspended"),
        ("k1", Fault::LEAKED, "K1 …zT4w", "leaked"),
    ];
    let mut kills = Vec::new();
    for (key, fault, ..) in deaths {
        world.gemini.key(key).answers(fault);
        // Nobody knows which key is next.
        eventually(PATIENCE, "the key is met", || {
            let number = world.gemini.calls().len();
            ann.is_answered(&format!("question {number}."));
            refusals(&world, key) > 0
        });
        world.kill();
        // What was sent while the process was dying came before.
        kills.push(now());
        world.restart();
        ann.is_answered(&format!("after {key}"));
        // A later kill would repeat what is on its way then.
        world.notes_all();
    }
    let alerts = |world: &World| heard(world, 1, "I don't use them any more");
    eventually(
        PATIENCE,
        "the owner has read of both in one message",
        || {
            let newest = alerts(&world).pop();
            newest.is_some_and(|it| it.text.contains("K1 …zT4w") && it.text.contains("K2 …zT4w"))
        },
    );
    let before = alerts(&world);
    for quiet in 0..2 {
        world
            .telegram
            .person(1)
            .is_answered(&format!("fence {quiet}"));
        world.notes_all();
        world.kill();
        world.restart();
    }
    world.telegram.person(1).is_answered("the last fence");
    for (key, _, name, reason) in deaths {
        assert_eq!(refusals(&world, key), 1, "{key}");
        let newest = &before.last().unwrap().text;
        let mut lines = newest.lines();
        let line = lines.find(|line| line.contains(name)).unwrap();
        assert!(line.contains(reason), "{newest}");
    }
    // A kill may repeat the newest thing that was on its way (P3), and nothing is told anew.
    assert!(before.len() <= 1 + kills.len(), "{before:?}");
    assert_eq!(alerts(&world), before);
    world.stop();
}

#[test]
fn a_key_that_dies_again_after_the_owner_was_told_is_not_news() {
    let world = World::new()
        .open()
        .keys("any", &["k1@p", "k2@p", "k3"])
        .start();
    world.telegram.person(1).is_answered("hello");
    world.gemini.key("k1").answers(Fault::PROJECT_DENIED);
    world.gemini.key("k2").answers(Fault::PROJECT_DENIED);
    world.gemini.works_for(Duration::from_millis(100));
    // At once, so that both keys of the project are refused before either is dead.
    for id in 7..17 {
        world.telegram.person(id).says("hello");
    }
    for id in 7..17 {
        world.telegram.person(id).hears_about("hello");
    }
    let mut news = Vec::new();
    eventually(PATIENCE, "the owner is alerted", || {
        news = heard(&world, 1, "I don't use them any more");
        !news.is_empty()
    });
    world.telegram.person(1).is_answered("fence");
    assert_eq!(news.len(), 1, "{news:?}");
    let text = &news[0].text;
    assert!(text.contains("K1 …zT4w, K2 …zT4w: "), "{text}");
    world.stop();
}

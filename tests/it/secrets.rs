//! Token and keys are written nowhere. Every world is searched when it ends; here are the
//! occasions that tempt a program most.

use std::fs;

use crate::world::gemini::{Fault, key_text};
use crate::world::http::Trouble;
use crate::world::telegram::TOKEN;
use crate::world::{PATIENCE, World, eventually};

#[test]
fn the_search_finds_a_secret_wherever_it_lies() {
    let world = World::new().prepare();
    assert!(world.leaks().is_empty());
    for secret in [TOKEN.to_owned(), key_text("k2")] {
        let file = world.folder().join("data/deep.bin");
        fs::write(&file, [b"\x00\xff", secret.as_bytes(), b"\x00"].concat()).unwrap();
        assert_eq!(world.leaks().len(), 1, "{secret}");
        fs::remove_file(file).unwrap();
    }
    world.stop();
}

#[test]
fn failing_keys_at_the_most_talkative_level_are_not_written() {
    let faults = [
        Fault::INVALID_KEY,
        Fault::LEAKED,
        Fault::Line(Trouble::Reset),
        Fault::Line(Trouble::Garbage),
        Fault::Robots,
        Fault::UNHEARD,
    ];
    for fault in faults {
        let mut world = World::new().env("LOG_LEVEL", "trace").start();
        world.gemini.everyone().answers(fault);
        world.telegram.person(1).asks("hello");
        world.telegram.person(1).asks("/status");
        world.run(&["status"], "");
        world.stop();
    }
}

#[test]
fn a_failing_telegram_at_the_most_talkative_level_tells_no_token() {
    for trouble in [
        Trouble::HangUp,
        Trouble::Reset,
        Trouble::BadGateway,
        Trouble::Garbage,
    ] {
        let world = World::new().env("LOG_LEVEL", "trace").start();
        let calls = world.telegram.calls("").len();
        world.telegram.goes_down(trouble);
        world.telegram.person(1).says("hello");
        eventually(PATIENCE, "the outage is felt", || {
            world.telegram.calls("").len() > calls + 1
        });
        world.telegram.comes_back();
        world.telegram.person(1).hears_about("hello");
        world.stop();
    }
}

#[test]
fn a_service_that_cannot_be_reached_tells_no_token() {
    let mut world = World::new()
        .env("LOG_LEVEL", "trace")
        .env("TELEGRAM_API_URL", "http://127.0.0.1:9")
        .prepare();
    world.launch();
    eventually(PATIENCE, "the failure is logged", || {
        world.log().contains("poll failed")
    });
    world.terminate();
    world.stop();
}

#[test]
fn mistaken_settings_are_reported_without_the_secret() {
    let mut world = World::new()
        .env("LOG_LEVEL", "trace")
        .env("GROUP_A_KEYS", &format!("{}@@:gratis", key_text("k1")))
        .env(
            "TELEGRAM_BOT_TOKEN",
            &format!("no number:{}", TOKEN.replace(':', " ")),
        )
        .prepare();
    for command in ["check", "run"] {
        let ended = world.run(&[command], "");
        assert_eq!(ended.code, Some(78), "{command}: {}", ended.stderr);
    }
    world.stop();
}

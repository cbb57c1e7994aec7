//! What people type.

use std::time::Duration;

use super::for_a_crowd;
use crate::world::{PATIENCE, now, time_passes};

const NONSENSE: &[&str] = &[
    "/",
    "//",
    "/ help",
    "/@",
    "/@testbot",
    "/help@",
    "/HELP",
    "/grant",
    "/grant x y z w v",
    "/grant 99999999999999999999999999 vip -1",
    "/lang \u{202e}\u{200b}",
    "/new new new",
    "/stop\u{0}",
    "/retry",
    "/start claim_\u{1f600}",
    "/keys retest everything now",
    "/model gemini-9-ultra",
    "\u{0}\u{1}\u{2}",
    "\u{200b}\u{200b}",
    "\u{1f469}\u{200d}\u{1f469}\u{200d}\u{1f467}\u{200d}\u{1f466}",
    "Z\u{351}\u{36f}\u{347}\u{34d}\u{349}A\u{351}\u{36f}L\u{347}G\u{34d}O\u{349}",
    "{\"error\":{\"code\":429}}",
    "<script>alert(1)</script>",
    "'; DROP TABLE users; --",
    "%s%n%x {} {0} {question}",
    "```",
    "**__~~||``[](",
    "$$\\frac{$$",
    "\\u0000\\ud83d",
    "0",
];

/// Everybody types it, each in a chat of their own.
fn everybody() -> impl Iterator<Item = (i64, &'static str)> {
    (100..).zip(NONSENSE.iter().copied())
}

#[test]
fn whatever_people_type_they_are_answered_and_so_is_what_they_ask_next() {
    let world = for_a_crowd().start();
    let silent = || {
        let said = |person: i64| !world.telegram.said_to(person).is_empty();
        // Strangers are not told that the Owner's commands exist.
        let is_owners = |text: &str| text.starts_with("/grant") || text.starts_with("/keys");
        let silent = everybody().filter(|&(person, text)| !said(person) && !is_owners(text));
        silent.map(|(_, text)| text).collect::<Vec<_>>()
    };
    for (person, text) in everybody() {
        world.telegram.person(person).says(text);
    }
    let start = now();
    while !silent().is_empty() {
        let waited = now().saturating_sub(start);
        assert!(waited < PATIENCE, "nothing is said to {:?}", silent());
        time_passes(Duration::from_millis(20));
    }
    for (person, text) in everybody() {
        let guest = world.telegram.person(person);
        guest.says(&text.repeat(4096 / text.encode_utf16().count()));
        // The Owner types the same.
        if text.starts_with('/') {
            world.telegram.person(1).says(text);
        }
    }
    for (person, _) in everybody() {
        let guest = world.telegram.person(person);
        guest.is_answered(&format!("sense {person}."));
    }
    world.telegram.person(1).is_answered("sense of the Owner.");
    world.stop();
}

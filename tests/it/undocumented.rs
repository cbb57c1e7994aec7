//! Undocumented answers: of Telegram, of Gemini, and of proxies before them. Whatever comes, nobody
//! is silenced, no chat is blocked, and no key is kept out of use for longer than the cause lasts.
//! With the default settings, but for the limits where many people ask.

mod gemini;
mod people;
mod telegram;

use crate::world::http::Raw;
use crate::world::{Builder, World};

const JSON: &str = "content-type: application/json\r\n";
const HTML: &str = "content-type: text/html; charset=UTF-8\r\n";
const PLAIN: &str = "content-type: text/plain\r\n";

const fn raw(status: &'static str, headers: &'static str, body: &'static str) -> Raw {
    Raw {
        status,
        headers,
        body,
    }
}

/// As a stranger sets it up: an Owner, three keys, and everybody may ask.
fn by_default() -> Builder {
    World::new()
        .open()
        .env("GROUPS", "open")
        .without("USER_LIMITS")
        .without("KEY_RPM")
        .without("KEY_DAILY_PERCENT")
}

/// The same, for more questions than three keys answer in a minute.
fn for_a_crowd() -> Builder {
    World::new().open().env("GROUPS", "open")
}

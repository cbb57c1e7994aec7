//! `/search` and `/code`: with words behind them they are questions to the model (`tier::need`); without,
//! they say how they are used.

use super::entry::{EVERYBODY_IN_CHATS, Entry, Reply};
use crate::locale::commands::texts;

pub(super) const COMMANDS: &[Entry] = &[
    Entry {
        names: &["search"],
        rights: EVERYBODY_IN_CHATS,
        ends: None,
        run: |given| Reply::say(given.locale.command(SEARCH_USAGE, &[])).at_once(),
    },
    Entry {
        names: &["code"],
        rights: EVERYBODY_IN_CHATS,
        ends: None,
        run: |given| Reply::say(given.locale.command(CODE_USAGE, &[])).at_once(),
    },
];

texts! {
    "search" { SEARCH_USAGE = "usage" }
    "code" { CODE_USAGE = "usage" }
}

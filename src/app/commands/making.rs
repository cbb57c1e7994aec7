//! What the bot makes beside answers: `/imagine`, a picture, and `/say`, speech. With something to draw or
//! to speak they are questions ([`crate::chat::wish`]); what is left to them here is how to use them, and
//! the switch of `/say`.

use log::error;

use super::entry::{EVERYBODY_IN_CHATS, Entry, Given, Reply};
use super::preferences::{change, giver, is_one_of, marked};
use crate::catalog::Kind;
use crate::chat::answer::Failure;
use crate::clock;
use crate::locale::commands::texts;

pub(super) const COMMANDS: &[Entry] = &[
    Entry {
        names: &["imagine"],
        rights: EVERYBODY_IN_CHATS,
        ends: None,
        run: |given| Box::pin(async move { imagine(&given) }),
    },
    Entry {
        names: &["say"],
        rights: EVERYBODY_IN_CHATS,
        ends: None,
        run: |given| Box::pin(say(given)),
    },
];

texts! {
    "imagine" {
        IMAGINE_USAGE = "usage",
    }
    "say" {
        SAY_ON = "on",
        SAY_OFF = "off",
        SAY_USAGE = "usage",
        LABEL_ON = "label_on",
        LABEL_OFF = "label_off",
    }
}

/// Whether somebody of the giver's role can have such a thing made.
fn can_make(given: &Given<'_>, kind: Kind) -> bool {
    let settings = given.engine.settings();
    let groups: Vec<_> = settings.roles.terms(given.role).groups().collect();
    let left = given
        .engine
        .lending
        .with(|pool| pool.left(kind, &groups, clock::now()));
    left.is_some()
}

fn imagine(given: &Given<'_>) -> Reply {
    let locale = given.locale;
    if can_make(given, Kind::Pictures) {
        Reply::say(locale.command(IMAGINE_USAGE, &[]))
    } else {
        Reply::say(locale.no_pictures(given.is_owner_in_private()))
    }
}

async fn say(given: Given<'_>) -> Reply {
    let locale = given.locale;
    if !can_make(&given, Kind::Speech) {
        return Reply::say(locale.no_speech());
    }
    let Some((user, person)) = giver(&given).await else {
        error!("whoever gave /say is not known");
        return Reply::say(locale.failure(Failure::Unexplained));
    };
    let before = person.preferences.speaks;
    let typed = given.command.arguments.as_str();
    let speaks = match typed {
        typed if is_one_of(typed, &["on"]) => true,
        typed if is_one_of(typed, &["off"]) => false,
        _ => before,
    };
    let now = locale.command(if speaks { SAY_ON } else { SAY_OFF }, &[]);
    let said = format!("{now}\n\n{}", locale.command(SAY_USAGE, &[]));
    let switch = [(LABEL_ON, true, "/say on"), (LABEL_OFF, false, "/say off")];
    let buttons = switch.into_iter().filter_map(|(label, is_on, line)| {
        given.button(marked(&locale.command(label, &[]), speaks == is_on), line)
    });
    let reply = Reply::say(said).with_buttons(buttons);
    if speaks == before {
        return reply;
    }
    reply.with_effect(move |store| {
        change(store, user, |preferences| preferences.speaks = speaks)?;
        Ok(Vec::new())
    })
}

//! The bot itself: what it can do, how it is doing, and what it says of a command it does not know.

use super::entry::{EVERYBODY, EVERYBODY_IN_CHATS, Entry, Given, Reply};
use crate::app::ops::status::{self, Asker};
use crate::chat::command::Who;
use crate::chat::{ChatKind, Role};
use crate::locale::Locale;
use crate::locale::commands::texts;
use crate::people::seats::Seat;

pub(super) const COMMANDS: &[Entry] = &[
    Entry {
        names: &["status"],
        rights: EVERYBODY,
        ends: None,
        run: |given| Box::pin(status(given)),
    },
    Entry {
        names: &["help"],
        rights: EVERYBODY_IN_CHATS,
        ends: None,
        run: |given| {
            // What an Owner alone can do works in private, and is no business of a group.
            let role = match given.lane.kind() {
                ChatKind::Private => given.role,
                ChatKind::Group => given.role.at_most(Role::Vip),
            };
            Reply::say(help(given.locale, role, given.all)).at_once()
        },
    },
    Entry {
        names: &["start"],
        rights: EVERYBODY_IN_CHATS,
        ends: None,
        run: |given| {
            // An Owner who was never here before could not be given a menu until now.
            if let (Role::Owner, Some(ctx)) = (given.role, given.bot) {
                ctx.menus.send_modify(|_| ());
            }
            let days = given.engine.settings().config.data.history_days;
            Reply::say(start(given.locale, given.role, days)).at_once()
        },
    },
];

texts! {
    "help" { INTRODUCTION = "everybody", FOR_THE_OWNER = "owner", UNKNOWN = "unknown" }
    "start" { GREETING = "greeting", PRIVACY = "privacy", PRIVACY_OF_A_GUEST = "privacy_guest" }
}

async fn status(given: Given<'_>) -> Reply {
    let Given { engine, role, .. } = given;
    let seat = match (role, given.lane.person()) {
        (Role::Vip, Some(person)) => engine.seat_of(person).await.ok(),
        (_, _) => None,
    };
    let served_as = seat.map_or(role, Seat::serves_as);
    let last = status::last_answer(engine, given.lane, role).await;
    let today = status::messages_of_today(engine, given.lane, served_as).await;
    let snapshot = match given.bot {
        Some(ctx) => status::of(ctx).await,
        None => status::of_engine(engine),
    };
    let asker = Asker {
        role,
        seat,
        last: last.as_deref(),
        today,
    };
    Reply::say(snapshot.text(given.locale, &asker))
}

/// What can be done, with the Owner's commands for the Owner.
fn help(locale: &Locale, role: Role, all: &[&[Entry]]) -> String {
    let for_whom = |who: Who| {
        let entries = all.iter().copied().flatten();
        let lines = entries
            .filter(|entry| entry.rights.who == who)
            .filter_map(|entry| locale.command_help(entry.name()));
        lines.collect::<Vec<_>>().join("\n")
    };
    let introduction = locale.command(INTRODUCTION, &[]);
    let everybodys = format!("{introduction}\n\n{}", for_whom(Who::Everybody));
    match role {
        Role::Owner => {
            let heading = locale.command(FOR_THE_OWNER, &[]);
            format!("{everybodys}\n\n{heading}\n{}", for_whom(Who::Owner))
        }
        Role::Vip | Role::Premium | Role::Normal | Role::Guest => everybodys,
    }
}

/// A greeting, and in one line what is kept for how long (design §6).
fn start(locale: &Locale, role: Role, history_days: u32) -> String {
    let greeting = locale.command(GREETING, &[]);
    let privacy = match role {
        Role::Guest => locale.command(PRIVACY_OF_A_GUEST, &[]),
        Role::Owner | Role::Vip | Role::Premium | Role::Normal => {
            locale.command(PRIVACY, &[("days", &history_days.to_string())])
        }
    };
    format!("{greeting}\n\n{privacy}")
}

/// Said of a command that there is not.
pub(super) fn unknown(given: &Given<'_>) -> Reply {
    let name = given.command.name.as_str();
    Reply::say(given.locale.command(UNKNOWN, &[("name", name)]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::commands::FAMILIES;
    use crate::locale::Language;

    const LANGUAGES: [Language; 2] = [Language::En, Language::Zh];

    #[test]
    fn a_guest_is_told_that_nothing_is_kept_and_others_for_how_long() {
        for language in LANGUAGES {
            let locale = Locale::of(language);
            assert!(start(locale, Role::Normal, 45).contains("45"));
            assert!(!start(locale, Role::Guest, 45).contains("45"));
            assert!(start(locale, Role::Guest, 45).contains("Google"));
        }
    }

    #[test]
    fn only_the_owner_reads_of_the_owners_commands() {
        for language in LANGUAGES {
            for role in Role::ALL {
                let help = help(Locale::of(language), role, FAMILIES);
                for command in ["/grant", "/revoke", "/keys", "/keys retest"] {
                    assert_eq!(help.contains(command), role == Role::Owner);
                }
                for command in ["/new", "/stop", "/status", "/help"] {
                    assert!(help.contains(command));
                }
            }
        }
    }

    #[test]
    fn the_help_of_the_owner_is_that_of_everybody_and_a_part_of_their_own() {
        let locale = Locale::of(Language::En);
        let everybodys = "Just write to me. In a group, mention me or reply to one of my messages.\n\n\
            /new – start a new conversation\n\
            /stop – stop the answer I'm working on\n\
            /status – how I'm doing, and your role\n\
            /help – this text";
        assert_eq!(help(locale, Role::Guest, FAMILIES), everybodys);
        let owners = help(locale, Role::Owner, FAMILIES);
        let part = owners.strip_prefix(everybodys).unwrap();
        assert!(part.starts_with("\n\nFor you as the owner, in private:\n/grant WHO"));
    }
}

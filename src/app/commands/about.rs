//! The bot itself: what it can do, how it is doing, and what it says of a command it does not know.

use super::entry::{EVERYBODY, EVERYBODY_IN_CHATS, Entry, Given, Reply};
use crate::app::ops::status::{self, Asker};
use crate::chat::callback::{Callback, Example};
use crate::chat::command::{Place, Who};
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
            let place = given.lane.kind().into();
            Reply::say(help(given.locale, given.role, place, given.all)).at_once()
        },
    },
    Entry {
        names: &["start"],
        rights: EVERYBODY_IN_CHATS,
        ends: None,
        run: |given| start(&given).at_once(),
    },
];

texts! {
    "help" { INTRODUCTION = "everybody", FOR_THE_OWNER = "owner", UNKNOWN = "unknown" }
    "start" {
        GREETING = "greeting",
        GREETING_IN_GROUP = "greeting_in_group",
        GROUPS = "groups",
        MEMORY = "memory",
        MEMORY_OF_A_GUEST = "memory_guest",
        PRIVACY = "privacy",
        PRIVACY_OF_A_GUEST = "privacy_guest",
    }
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
    let files = status::files_of_today(engine, given.lane, served_as).await;
    let snapshot = match given.bot {
        Some(ctx) => status::of(ctx).await,
        None => status::of_engine(engine),
    };
    let is_shared = given.lane.kind() == ChatKind::Group;
    let asker = Asker {
        role,
        is_owners: role == Role::Owner && !is_shared,
        seat,
        last: last.as_deref(),
        today,
        files,
    };
    Reply::say(snapshot.text(given.locale, &asker))
}

/// What can be done there: a paragraph for each family of commands, those of the Owner at the end.
fn help(locale: &Locale, role: Role, place: Place, all: &[&[Entry]]) -> String {
    let family = |entries: &[Entry], who: Who| {
        let permitted = entries
            .iter()
            .filter(|entry| entry.rights.who == who && entry.rights.permit(role, place));
        let lines: Vec<&str> = permitted
            .filter_map(|entry| locale.command_help(entry.name()))
            .collect();
        (!lines.is_empty()).then(|| lines.join("\n"))
    };
    let families = |who: Who| all.iter().filter_map(move |entries| family(entries, who));
    let mut paragraphs = vec![locale.command(INTRODUCTION, &[])];
    paragraphs.extend(families(Who::Everybody));
    let owners: Vec<String> = families(Who::Owner).collect();
    if !owners.is_empty() {
        paragraphs.push(locale.command(FOR_THE_OWNER, &[]));
        paragraphs.extend(owners);
    }
    paragraphs.join("\n\n")
}

/// A greeting with two examples to press, how groups go, and what is remembered and kept (design §6).
fn start(given: &Given<'_>) -> Reply {
    // An Owner who was never here before could not be given a menu until now.
    if let (Role::Owner, Some(ctx)) = (given.role, given.bot) {
        ctx.menus.notify_one();
    }
    let locale = given.locale;
    if given.lane.kind() == ChatKind::Group {
        return Reply::say(locale.command(GREETING_IN_GROUP, &[]));
    }
    let settings = given.engine.settings();
    let rounds = settings.roles.terms(given.role).rounds;
    let said = welcome(locale, rounds, settings.config.data.history_days);
    let examples = Example::ALL.map(|example| locale.button(Callback::Example(example)));
    Reply::say(said).with_buttons(examples)
}

/// `rounds` is how many are remembered; none: nothing is kept as history either.
fn welcome(locale: &Locale, rounds: u16, history_days: u32) -> String {
    let (greeting, groups) = (locale.command(GREETING, &[]), locale.command(GROUPS, &[]));
    let days = history_days.to_string();
    let [memory, privacy] = match rounds {
        0 => [MEMORY_OF_A_GUEST, PRIVACY_OF_A_GUEST].map(|text| locale.command(text, &[])),
        _ => [
            locale.command(MEMORY, &[("rounds", &rounds.to_string())]),
            locale.command(PRIVACY, &[("days", &days)]),
        ],
    };
    format!("{greeting}\n\n{groups} {memory}\n\n{privacy}")
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
    fn a_guest_is_told_that_nothing_is_kept_and_others_what_and_for_how_long() {
        for language in LANGUAGES {
            let locale = Locale::of(language);
            let told = welcome(locale, 7, 45);
            assert!(told.contains('7') && told.contains("45"), "{told}");
            let told = welcome(locale, 0, 45);
            assert!(!told.contains("45") && told.contains("Google"), "{told}");
        }
    }

    #[test]
    fn only_the_owner_reads_of_the_owners_commands_and_in_private_only() {
        for language in LANGUAGES {
            for (role, place) in Role::ALL
                .into_iter()
                .flat_map(|role| [Place::Private, Place::Group].map(|place| (role, place)))
            {
                let help = help(Locale::of(language), role, place, FAMILIES);
                for command in ["/grant", "/revoke", "/keys", "/keys retest"] {
                    let expected = role == Role::Owner && place == Place::Private;
                    assert_eq!(help.contains(command), expected, "{command}");
                }
                for command in ["/new", "/stop", "/status", "/help", "/model"] {
                    assert!(help.contains(command));
                }
                assert_eq!(help.contains("/export"), place == Place::Private);
            }
        }
    }

    #[test]
    fn a_help_is_grouped_and_fits_one_message() {
        for language in LANGUAGES {
            for role in Role::ALL {
                let help = help(Locale::of(language), role, Place::Private, FAMILIES);
                assert!(help.split("\n\n").count() >= 5, "{help}");
                assert!(help.encode_utf16().count() <= crate::render::LONGEST_TEXT);
            }
        }
    }

    #[test]
    fn the_help_of_the_owner_is_that_of_everybody_and_a_part_of_their_own() {
        let locale = Locale::of(Language::En);
        let everybodys = help(locale, Role::Guest, Place::Private, FAMILIES);
        let start = "Just write to me. In a group, mention me or reply to one of my messages.\n\n\
            /new – start a new conversation\n\
            /stop – stop the answer I'm working on\n\n";
        assert!(everybodys.starts_with(start), "{everybodys}");
        let owners = help(locale, Role::Owner, Place::Private, FAMILIES);
        let part = owners.strip_prefix(everybodys.as_str()).unwrap();
        assert!(
            part.starts_with("\n\nFor you as the owner, in private:\n\n"),
            "{part}"
        );
    }
}

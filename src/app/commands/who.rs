//! Whom a command is about: somebody's id, the `@name` they had when they were last here, or their name
//! where it is one person's. Whoever is shown by a reply, a forward or a contact is put there as an id
//! before the command is given ([`takes_somebody`]).

use log::error;

use super::entry::{Given, Reply};
use crate::app::engine::Engine;
use crate::chat::UserId;
use crate::chat::answer::Failure;
use crate::chat::command::Command;
use crate::locale::commands::texts;
use crate::people::directory::{Lookup, MOST_NAMESAKES};
use crate::people::person::label;
use crate::render::is_blank;
use crate::store::StoreError;

texts! {
    "users" {
        NOBODY = "nobody",
        SERVICE_ID = "service_id",
        ITSELF = "itself",
        SEVERAL = "several",
        MORE_NAMESAKES = "more_namesakes",
    }
}

/// Most of what was typed that is repeated, in characters.
const LONGEST_REPEATED: usize = 32;

/// Commands that begin with somebody.
const ABOUT_SOMEBODY: [&str; 7] = ["users", "grant", "revoke", "ban", "unban", "kick", "deny"];

/// Whether the command is about somebody who is not named in it, so that whoever its message shows is
/// meant.
pub(in crate::app) fn takes_somebody(command: &Command) -> bool {
    let first = command.arguments.split_whitespace().next();
    let is_unnamed = match command.name.as_str() {
        "grant" => first.is_none_or(|word| super::grant_request::role(word).is_some()),
        _ => first.is_none(),
    };
    is_unnamed && ABOUT_SOMEBODY.contains(&command.name.as_str())
}

/// What a link to the private chat is given, to show there whom the command is about.
pub(super) fn card_link(command: &Command) -> Option<String> {
    let who = command.arguments.split_whitespace().next()?;
    let id: i64 = who.parse().ok()?;
    let is_about = ABOUT_SOMEBODY.contains(&command.name.as_str());
    is_about.then(|| format!("users_{id}"))
}

/// Whom these words mean; or what is said instead, where that is nobody, or not one person alone.
/// `line` is what the command was to do, with `{}` in the place of the person: it stands behind the
/// buttons that tell namesakes apart.
pub(super) async fn meant(given: &Given<'_>, words: &str, line: &str) -> Result<UserId, Reply> {
    let locale = given.locale;
    if let Ok(id) = words.parse::<i64>() {
        return match id {
            0 => Err(nobody(given, words)),
            _ if is_the_bot(given, UserId(id)) => Err(Reply::say(locale.command(ITSELF, &[]))),
            _ if UserId(id).is_of_telegram() => {
                let values = [("id", &*id.to_string())];
                Err(Reply::say(locale.command(SERVICE_ID, &values)))
            }
            _ => Ok(UserId(id)),
        };
    }
    let found = match look_up(given.engine, words).await {
        Ok(found) => found,
        Err(error) => return Err(unread(given, &error)),
    };
    match found.as_slice() {
        [] => Err(nobody(given, words)),
        [id] => Ok(*id),
        several => Err(namesakes(given, words, several, line).await),
    }
}

fn is_the_bot(given: &Given<'_>, id: UserId) -> bool {
    let me = given.bot.and_then(|ctx| ctx.me.get());
    me.is_some_and(|me| me.id == id)
}

/// What was typed, as it is repeated: the beginning of it, on one line, and nothing that is not seen.
pub(super) fn repeated(words: &str) -> String {
    let words: Vec<&str> = words.split_whitespace().collect();
    let words = words.join(" ");
    let seen = words.chars().filter(|c| *c == ' ' || !is_blank(*c));
    seen.take(LONGEST_REPEATED).collect()
}

async fn look_up(engine: &Engine, name: &str) -> Result<Vec<UserId>, StoreError> {
    let mut lookup = Lookup::new(name);
    let walk = engine.store.read(move |rows| {
        rows.persons(|id, person| lookup.see(id, &person))?;
        Ok(lookup.found())
    });
    walk.await
}

fn nobody(given: &Given<'_>, words: &str) -> Reply {
    let values = [("given", &*repeated(words))];
    Reply::say(given.locale.command(NOBODY, &values))
}

/// Those who have the name, with a button each.
async fn namesakes(given: &Given<'_>, words: &str, ids: &[UserId], line: &str) -> Reply {
    let shown = repeated(words);
    let mut buttons = Vec::new();
    for id in ids.iter().take(MOST_NAMESAKES) {
        let person = given.engine.store.person(*id).await.ok().flatten();
        let name = label(*id, person.as_deref());
        buttons.extend(given.button(name, line.replace("{}", &id.to_string())));
    }
    let text = if ids.len() > MOST_NAMESAKES {
        MORE_NAMESAKES
    } else {
        SEVERAL
    };
    Reply::say(given.locale.command(text, &[("given", &shown)])).with_buttons(buttons)
}

/// What is said where the registry cannot be read.
pub(super) fn unread(given: &Given<'_>, error: &StoreError) -> Reply {
    error!(err:% = error; "registry not read");
    Reply::say(given.locale.failure(Failure::Unexplained))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn somebody_is_left_out_where_a_command_names_nobody() {
        for (typed, expected) in [
            ("/grant", true),
            ("/grant vip", true),
            ("/grant 贵宾 30", true),
            ("/grant 5 vip", false),
            ("/grant @ann vip", false),
            ("/ban", true),
            ("/ban 5", false),
            ("/users", true),
            ("/users ann", false),
            ("/audit", false),
            ("/help", false),
        ] {
            let command = Command::parse(typed).unwrap();
            assert_eq!(takes_somebody(&command), expected, "{typed}");
        }
    }

    #[test]
    fn a_link_leads_to_the_card_of_whom_a_command_is_about() {
        for (typed, link) in [
            ("/grant 5 vip", Some("users_5")),
            ("/ban -100", Some("users_-100")),
            ("/ban @ann", None),
            ("/audit 2", None),
            ("/keys", None),
        ] {
            let command = Command::parse(typed).unwrap();
            assert_eq!(card_link(&command).as_deref(), link, "{typed}");
        }
        let opened = Command::parse("/start users_-100")
            .unwrap()
            .linked()
            .unwrap();
        assert_eq!(
            (opened.name.as_str(), opened.arguments.as_str()),
            ("users", "-100")
        );
    }
}

//! The card of a person or a group: who they are to the bot, and a button for everything that can be
//! changed of that.

use log::error;

use super::entry::{Given, Reply};
use crate::chat::{Button, Role, UserId};
use crate::clock::{self, Timestamp};
use crate::locale::commands::{Text, texts};
use crate::people::person::Person;

texts! {
    "users" {
        NAMELESS = "nameless",
        GROUP = "group",
        ID = "id",
        ROLE = "role",
        ROLE_LEFT = "role_left",
        NO_ROLE = "no_role",
        WAITS = "waits",
        BANNED = "is_banned",
        SEEN = "seen",
        NEVER_SEEN = "never_seen",
        UNREACHABLE = "unreachable",
        USED = "used",
        SITS = "sits",
        FREE = "free",
        DAYS = "days",
        NO_END = "no_end",
        TAKE_BACK = "take_back",
        BAN = "ban",
        UNBAN = "unban",
        EVERYBODY = "everybody",
    }
}

/// Roles that can be given, as their buttons stand.
const ROLES: [Role; 4] = [Role::Guest, Role::Normal, Role::Premium, Role::Vip];

/// Lengths of a grant that have a button, in days.
const TERMS: [u32; 2] = [7, 30];

/// The card, as the registry has them or will have them once this reply is stored; above it, what was
/// done.
pub(super) async fn card(
    given: &Given<'_>,
    id: UserId,
    person: &Person,
    done: Option<String>,
) -> Reply {
    let now = clock::now();
    let mut lines = lines(given, id, person, now);
    lines.extend(used_today(given, id, now).await);
    let sits = sits(given, id).await;
    if sits {
        lines.push(given.locale.command(SITS, &[]));
    }
    let text = done.into_iter().chain([lines.join("\n")]);
    let text: Vec<String> = text.collect();
    let free = sits.then(|| given.button(given.locale.command(FREE, &[]), format!("/kick {id}")));
    let buttons = free.flatten().into_iter().chain(buttons(given, id, person));
    Reply::say(text.join("\n\n")).with_buttons(buttons)
}

/// Whether they have a VIP seat now.
async fn sits(given: &Given<'_>, id: UserId) -> bool {
    let seats = given.engine.occupants().await;
    let seats = seats.inspect_err(|error| error!(err:% = error; "seats not read"));
    seats.is_ok_and(|(occupants, _)| occupants.iter().any(|occupant| occupant.person == id))
}

/// Nothing where they used nothing, or where that cannot be read: a card shows the rest all the same.
async fn used_today(given: &Given<'_>, id: UserId, now: Timestamp) -> Option<String> {
    let today = given.engine.settings().today(now).number;
    let read = given
        .engine
        .store
        .read(move |rows| rows.usage_of(id, today..=today));
    let used = read
        .await
        .inspect_err(|error| error!(err:% = error; "usage not read"));
    let (_, usage) = used.ok()?.pop()?;
    let count = usage.messages.to_string();
    Some(given.locale.command(USED, &[("count", &count)]))
}

fn is_owner(given: &Given<'_>, id: UserId) -> bool {
    given.engine.settings().owners.contains(&id)
}

fn lines(given: &Given<'_>, id: UserId, person: &Person, now: Timestamp) -> Vec<String> {
    let locale = given.locale;
    let say = |text: Text, values: &[(&str, &str)]| locale.command(text, values);
    let name = match (person.shown_name(), &person.other_names.username) {
        (name, _) if name.is_empty() && person.is_group(id) => say(GROUP, &[]),
        (name, None) if name.is_empty() => say(NAMELESS, &[]),
        (name, None) => name,
        (name, Some(username)) => format!("{name} @{username}").trim().to_owned(),
    };
    let mut lines = vec![name, say(ID, &[("id", &id.to_string())])];
    let role = |role| say(ROLE, &[("role", locale.role(role))]);
    lines.push(match (person.banned, person.grant) {
        _ if is_owner(given, id) => role(Role::Owner),
        (Some(since), _) => say(BANNED, &[("ago", &locale.length(now.since(since)))]),
        (None, Some(grant)) => match grant.until.filter(|_| !grant.has_expired(now)) {
            Some(until) => {
                let left = locale.length(until.since(now));
                let values = [("role", locale.role(grant.role)), ("left", &left)];
                say(ROLE_LEFT, &values)
            }
            None => role(grant.role_at(now)),
        },
        (None, None) if person.waits() => say(WAITS, &[]),
        (None, None) => say(NO_ROLE, &[]),
    });
    if person.was_seen() {
        let ago = locale.length(now.since(person.last_seen));
        lines.push(say(SEEN, &[("ago", &ago)]));
    } else if id.0 > 0 {
        lines.push(say(NEVER_SEEN, &[]));
    }
    if !person.reachable {
        lines.push(say(UNREACHABLE, &[]));
    }
    lines
}

fn buttons(given: &Given<'_>, id: UserId, person: &Person) -> Vec<Button> {
    let locale = given.locale;
    let button = |label: String, line: String| given.button(label, line);
    let say = |text| locale.command(text, &[]);
    let mut buttons = Vec::new();
    if person.banned.is_some() && !is_owner(given, id) {
        buttons.extend(button(say(UNBAN), format!("/unban {id}")));
    } else if !is_owner(given, id) {
        let most = if id.0 < 0 { Role::Premium } else { Role::Vip };
        let now = person.grant.map(|grant| grant.role_at(clock::now()));
        for role in ROLES.into_iter().filter(|role| *role >= most) {
            let mark = if now == Some(role) { "✓ " } else { "" };
            let label = format!("{mark}{}", locale.role(role));
            buttons.extend(button(label, format!("/grant {id} {}", role.name())));
        }
        if let Some(role) = now {
            for days in TERMS {
                let label = locale.command(DAYS, &[("days", &days.to_string())]);
                let line = format!("/grant {id} {} {days}", role.name());
                buttons.extend(button(label, line));
            }
            let line = format!("/grant {id} {}", role.name());
            buttons.extend(button(say(NO_END), line));
            buttons.extend(button(say(TAKE_BACK), format!("/revoke {id}")));
        }
        if person.is_group(id) {
            buttons.extend(button(
                locale.knocks().leave.clone(),
                format!("/leave {id}"),
            ));
        } else if person.waits() {
            buttons.extend(button(locale.knocks().deny.clone(), format!("/deny {id}")));
        }
        buttons.extend(button(say(BAN), format!("/ban {id}")));
    }
    buttons.extend(button(say(EVERYBODY), "/users".to_owned()));
    buttons
}

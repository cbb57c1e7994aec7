//! Those who ask to be let in: the card that the Owners get of each, `/waiting` that shows who waits,
//! `/deny` that says no to a person and `/leave` that says it to a group. Who is let in is given a role by
//! `/grant`.

use log::info;

use super::audit;
use super::card::card as card_of;
use super::entry::{Entry, Given, OWNER, Reply};
use super::who::{meant, unread};
use crate::app::engine::{Engine, Settings};
use crate::chat::{Button, ChatId, Notice, OtherNames, Outbound, Payload, Role, Sender, UserId};
use crate::clock::{self, Timestamp};
use crate::locale::commands::{Text, texts};
use crate::locale::{Locale, fill};
use crate::outgoing::Head;
use crate::people::audit::{Audited, Deed};
use crate::people::knock::{Knock, OpenCard, Stage};
use crate::people::person::{Person, label};
use crate::render::defused;
use crate::store::{StoreError, Write};

pub(super) const COMMANDS: &[Entry] = &[
    Entry {
        names: &["waiting"],
        rights: OWNER,
        ends: None,
        run: |given| Box::pin(waiting(given)),
    },
    Entry {
        names: &["deny"],
        rights: OWNER,
        ends: None,
        run: |given| Box::pin(deny(given)),
    },
    Entry {
        names: &["leave"],
        rights: OWNER,
        ends: None,
        run: |given| Box::pin(leave(given)),
    },
];

texts! {
    "waiting" { NOBODY = "nobody", NEXT = "next" }
    "deny" {
        DENIED = "done",
        DENY_USAGE = "usage",
        DENY_UNKNOWN = "unknown",
        HAS_A_ROLE = "has_role",
    }
    "leave" { LEAVING = "done", LEAVE_USAGE = "usage", LEAVE_UNKNOWN = "unknown" }
}

/// How somebody is named to an Owner: `Bob Li · @bob · id 9`.
pub(in crate::app) fn introduced(sender: &Sender, other_names: &OtherNames) -> String {
    let last_name = other_names.last_name.as_deref().unwrap_or_default();
    let name = defused(&format!("{} {last_name}", sender.name));
    format!("{name} · {}", known_as(sender.id, other_names))
}

/// `@bob · id 9`. Telegram sees to what a user name consists of.
fn known_as(id: UserId, other_names: &OtherNames) -> String {
    match &other_names.username {
        Some(username) => format!("@{username} · id {id}"),
        None => format!("id {id}"),
    }
}

/// What an Owner reads of somebody who waits, and decides with.
pub(in crate::app) fn card(
    engine: &Engine,
    locale: &Locale,
    owner: UserId,
    (id, person): (UserId, &Person),
) -> (String, Vec<Button>) {
    let texts = locale.knocks();
    let (title, words) = if id.0 < 0 {
        (&texts.group, &texts.by)
    } else {
        (&texts.person, &texts.words)
    };
    let mut name = person.shown_name();
    if name.is_empty() {
        name = id.to_string();
    }
    let mut lines = vec![
        fill(title, &[("name", &name)]),
        known_as(id, &person.other_names),
    ];
    let said = person
        .knock
        .as_ref()
        .map_or("", |knock| knock.words.as_str());
    if !said.is_empty() {
        lines.push(fill(words, &[("words", &defused(said))]));
    }
    let button = |label: &str, line: String| engine.command_button(owner, label, line);
    let role = |role: Role| button(locale.role(role), format!("/grant {id} {}", role.name()));
    let buttons = if id.0 < 0 {
        vec![
            role(Role::Normal),
            role(Role::Guest),
            button(&texts.leave, format!("/leave {id}")),
        ]
    } else {
        vec![
            role(Role::Normal),
            role(Role::Premium),
            role(Role::Vip),
            button(&texts.deny, format!("/deny {id}")),
            button(&texts.ban, format!("/ban {id}")),
        ]
    };
    (lines.join("\n"), buttons)
}

/// The one card for all that there are no cards of.
pub(in crate::app) fn summary(engine: &Engine, locale: &Locale, owner: UserId) -> (String, Button) {
    let texts = locale.knocks();
    let button = engine.command_button(owner, &texts.see, "/waiting".to_owned());
    (texts.summary.clone(), button)
}

/// Shows the first who waits, or the next after the one that is named.
async fn waiting(given: Given<'_>) -> Reply {
    let (engine, locale) = (given.engine, given.locale);
    let after = given.command.arguments.trim().parse().ok().map(UserId);
    let found = engine.store.read(move |rows| rows.waiting(after)).await;
    let (count, next) = match found {
        Ok(found) => found,
        Err(error) => return unread(&given, &error),
    };
    let (Some((id, person)), Some(owner)) = (next, given.lane.person()) else {
        return Reply::say(locale.command(NOBODY, &[]));
    };
    let (text, buttons) = card(engine, locale, owner, (id, &person));
    let next = (count > 1).then(|| next_button(&given, count, format!("/waiting {id}")));
    Reply::say(text).with_buttons(buttons.into_iter().chain(next.flatten()))
}

fn next_button(given: &Given<'_>, count: usize, line: String) -> Option<Button> {
    let count = count.to_string();
    given.button(given.locale.command(NEXT, &[("count", &count)]), line)
}

/// A reply to a decision about somebody: where they waited and others do, a button leads to these.
pub(super) async fn and_next(given: &Given<'_>, decided: &Person, reply: Reply) -> Reply {
    if !decided.waits() {
        return reply;
    }
    let store = &given.engine.store;
    // The decision itself is stored with this reply, and not yet.
    let found = store.read(|rows| rows.waiting(None)).await;
    let others = found.map_or(0, |(count, _)| count.saturating_sub(1));
    let mut reply = reply;
    if others > 0 {
        let next = next_button(given, others, "/waiting".to_owned());
        reply.buttons.extend(next);
    }
    reply
}

/// A reply that decides about somebody: the audit says so, and so do the cards that Owners have of them,
/// but for the one in whose place the reply stands.
pub(super) fn decided(given: &Given<'_>, reply: Reply, deed: Deed, whom: UserId) -> Reply {
    let entry = given.does(deed, Some(whom));
    let settings = given.engine.settings();
    let pressed = given.lane.person().map(|owner| (owner, given.pressed));
    let reply = reply.and_before(move |store| {
        let mut cards = store.close_cards(whom)?;
        cards.retain(|card| card.message.is_none() || pressed != Some((card.owner, card.message)));
        let mut heads = Vec::new();
        for card in cards {
            heads.extend(say_on_card(store, &settings, &card, &entry)?);
        }
        Ok(heads)
    });
    reply.audited(entry)
}

/// The card says what was done, in the language of its Owner; one that waits to be sent is sent like that.
fn say_on_card(
    store: &mut Write<'_>,
    settings: &Settings,
    card: &OpenCard,
    entry: &Audited,
) -> Result<Option<Head>, StoreError> {
    let locale = settings.locale_of(store.person(card.owner)?.as_ref());
    let by = label(entry.by, store.person(entry.by)?.as_ref());
    let whom = label(card.who, store.person(card.who)?.as_ref());
    let text = audit::deed(locale, entry, (&by, &whom));
    let mut row = Outbound::message(ChatId(card.owner.0), None, text);
    let Some(message) = card.message else {
        store.set_outbound(card.row, &row)?;
        return Ok(None);
    };
    row.payload = row.payload.taking_over(message);
    let id = store.put_outbound(&row)?;
    Ok(Some(Head::of(id, &row)))
}

async fn deny(given: Given<'_>) -> Reply {
    let locale = given.locale;
    let say = |text: Text, values: &[(&str, &str)]| Reply::say(locale.command(text, values));
    let words = given.command.arguments.trim();
    if words.is_empty() {
        return say(DENY_USAGE, &[]);
    }
    let id = match meant(&given, words, "/deny {}").await {
        Ok(id) => id,
        Err(instead) => return instead,
    };
    if id.0 < 0 {
        return leave(given).await;
    }
    let number = id.to_string();
    let person = match given.engine.store.person(id).await {
        Ok(Some(person)) => person,
        Ok(None) => return say(DENY_UNKNOWN, &[("id", &number)]),
        Err(error) => return unread(&given, &error),
    };
    let name = label(id, Some(&person));
    let settings = given.engine.settings();
    if person.grant.is_some() || settings.owners.contains(&id) {
        return say(HAS_A_ROLE, &[("name", &name), ("id", &number)]);
    }
    info!(user = id.0; "not let in");
    // Who did not ask, or has heard it, need not hear it.
    let told = person.waits().then(|| {
        let text = settings
            .locale_of(Some(&person))
            .notice(&Notice::NotLetIn, id);
        Outbound::message(ChatId(id.0), None, text)
    });
    let now = clock::now();
    let done = locale.command(DENIED, &[("name", &name)]);
    let after = refused((*person).clone(), id, now);
    let reply = card_of(&given, id, &after, Some(done)).await;
    let reply = reply.with_effect(move |store| {
        say_no(store, id, now)?;
        let put = |row: &Outbound| Ok(Head::of(store.put_outbound(row)?, row));
        told.iter().map(put).collect()
    });
    let reply = decided(&given, reply, Deed::Denied, id);
    and_next(&given, &person, reply).await
}

async fn leave(given: Given<'_>) -> Reply {
    let locale = given.locale;
    let say = |text: Text, values: &[(&str, &str)]| Reply::say(locale.command(text, values));
    let id = given.command.arguments.trim().parse().map(UserId);
    let Some(id) = id.ok().filter(|id| id.0 < 0) else {
        return say(LEAVE_USAGE, &[]);
    };
    let group = match given.engine.store.person(id).await {
        Ok(Some(group)) if group.is_group(id) => group,
        Ok(_) => return say(LEAVE_UNKNOWN, &[("id", &id.to_string())]),
        Err(error) => return unread(&given, &error),
    };
    info!(chat = id.0; "an owner has the bot leave a group");
    let name = label(id, Some(&group));
    let now = clock::now();
    let done = locale.command(LEAVING, &[("name", &name)]);
    let after = refused((*group).clone(), id, now);
    let reply = card_of(&given, id, &after, Some(done)).await;
    let reply = reply.with_effect(move |store| {
        say_no(store, id, now)?;
        let row = Outbound::new(ChatId(id.0), None, Payload::Leave);
        Ok(vec![Head::of(store.put_outbound(&row)?, &row)])
    });
    let reply = decided(&given, reply, Deed::Left, id);
    and_next(&given, &group, reply).await
}

/// Somebody is not let in.
fn say_no(store: &mut Write<'_>, id: UserId, now: Timestamp) -> Result<(), StoreError> {
    match store.person(id)? {
        Some(person) => store.put_person(id, &refused(person, id, now)),
        None => Ok(()),
    }
}

/// Somebody who is not let in; a group has no grant any more, and counts as left.
fn refused(person: Person, id: UserId, now: Timestamp) -> Person {
    let knock = person.knock.unwrap_or_else(|| Knock::new(now, ""));
    Person {
        grant: None,
        knock: Some(Knock {
            stage: Stage::Denied,
            ..knock
        }),
        told: Some(now),
        left: Some(now).filter(|_| id.0 < 0),
        ..person
    }
}

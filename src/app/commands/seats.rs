//! VIP seats: `/kick` shows the Owner who sits, and takes a seat away.

use std::sync::Arc;

use log::info;

use super::entry::{Entry, Given, OWNER, Reply};
use super::who::{meant, unread};
use crate::app::engine::{Engine, Settings};
use crate::chat::{Button, ChatId, Outbound, UserId};
use crate::clock;
use crate::locale::commands::texts;
use crate::outgoing::Head;
use crate::people::audit::Deed;
use crate::people::person::{Person, label};
use crate::people::seats::{KEPT_OFF, Occupant};
use crate::store::{StoreError, Write};

pub(super) const COMMANDS: &[Entry] = &[Entry {
    names: &["kick"],
    rights: OWNER,
    ends: None,
    run: |given| {
        Box::pin(async move {
            let reply = kick(&given).await;
            reply.unwrap_or_else(|error| unread(&given, &error))
        })
    },
}];

texts! {
    "kick" {
        DONE = "done",
        DONE_UNTOLD = "done_untold",
        NO_SEAT = "no_seat",
        TOLD = "told",
        OCCUPANT = "occupant",
        TAKE = "take",
        NO_SEATS = "no_seats",
    }
}

/// The list has a button for so many; the others' seats are taken by their ids.
const MOST_BUTTONS: usize = 20;

/// `/kick` alone shows who sits; with somebody their seat is free at once.
async fn kick(given: &Given<'_>) -> Result<Reply, StoreError> {
    let (engine, locale) = (given.engine, given.locale);
    let (occupants, seats) = engine.occupants().await?;
    if seats == 0 {
        return Ok(Reply::say(locale.command(NO_SEATS, &[])));
    }
    let word = given.command.arguments.trim();
    if word.is_empty() {
        return shown(given, None, &occupants, seats).await;
    }
    let person = match meant(given, word, "/kick {}").await {
        Ok(person) => person,
        Err(instead) => return Ok(instead),
    };
    let row = engine.store.person(person).await?;
    let name = label(person, row.as_deref());
    let (left, taken): (Vec<Occupant>, Vec<Occupant>) = occupants
        .into_iter()
        .partition(|occupant| occupant.person != person);
    if taken.is_empty() {
        let said = locale.command(NO_SEAT, &[("name", &name)]);
        return shown(given, Some(said), &left, seats).await;
    }
    info!(user = person.0; "VIP seat taken away");
    let length = locale.length(KEPT_OFF);
    // Whom only a group knows hears of it there, with the next question.
    let reachable = row.as_deref().filter(|row| row.may_be_written_to());
    let told = reachable.map(|row| told(&engine.settings(), person, row));
    let done = if told.is_some() { DONE } else { DONE_UNTOLD };
    let said = locale.command(done, &[("name", &name), ("length", &length)]);
    let effect = Arc::clone(engine);
    Ok(shown(given, Some(said), &left, seats)
        .await?
        .with_effect(move |store| take_away(&effect, store, person, told.as_ref()))
        .audited(given.does(Deed::Kicked, Some(person))))
}

/// The seat is free, and its VIP reads why.
fn take_away(
    engine: &Engine,
    store: &mut Write<'_>,
    person: UserId,
    told: Option<&Outbound>,
) -> Result<Vec<Head>, StoreError> {
    // A transaction that failed has freed the seat already, so nothing depends on that.
    engine.kick(store, person)?;
    if let Some(row) = store.person(person)? {
        // Who reads it here need not hear at the door, too, that they have none.
        let told_unseated = told.map(|_| clock::now());
        let row = Person {
            told_unseated,
            ..row
        };
        store.put_person(person, &row)?;
    }
    let put = |row: &Outbound| Ok(Head::of(store.put_outbound(row)?, row));
    told.into_iter().map(put).collect()
}

/// Said to whoever lost a seat, in their language.
fn told(settings: &Settings, person: UserId, row: &Person) -> Outbound {
    let locale = settings.locale_of(Some(row));
    let text = locale.command(TOLD, &[("length", &locale.length(KEPT_OFF))]);
    Outbound::message(ChatId(person.0), None, text)
}

/// Who sits, with a button for each, under what was done.
async fn shown(
    given: &Given<'_>,
    done: Option<String>,
    occupants: &[Occupant],
    seats: usize,
) -> Result<Reply, StoreError> {
    let locale = given.locale;
    let mut lines: Vec<String> = done.into_iter().map(|done| format!("{done}\n")).collect();
    lines.push(locale.seats_taken(occupants.len(), seats));
    let mut buttons: Vec<Button> = Vec::new();
    for occupant in occupants {
        let person = occupant.person;
        let row = given.engine.store.person(person).await?;
        let name = label(person, row.as_deref());
        let values = [
            ("name", &*name),
            ("seated", &*locale.length(occupant.seated)),
            ("idle", &*locale.length(occupant.idle)),
        ];
        lines.push(locale.command(OCCUPANT, &values));
        if buttons.len() < MOST_BUTTONS {
            let take = locale.command(TAKE, &[("name", &name)]);
            buttons.extend(given.button(take, format!("/kick {person}")));
        }
    }
    Ok(Reply::say(lines.join("\n")).with_buttons(buttons))
}

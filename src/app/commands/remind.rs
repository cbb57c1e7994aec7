//! `/remind`: what the bot is to say at a moment, listed, set and taken back, and the time zone that a
//! person's clock shows. `ticks::reminders` says them.

use std::sync::Arc;

use jiff::tz::TimeZone;
use log::error;

use super::entry::{EVERYBODY_IN_CHATS, Entry, Given, Reply};
use super::preferences::{change, giver};
use super::remind_request::{Request, Unknown, When, parse};
use crate::chat::UserId;
use crate::chat::answer::Failure;
use crate::chat::reminder::{self, Refusal, Reminder, refusal};
use crate::clock::{self, Timestamp};
use crate::locale::commands::texts;
use crate::people::zones;

pub(super) const COMMANDS: &[Entry] = &[Entry {
    names: &["remind", "reminders"],
    rights: EVERYBODY_IN_CHATS,
    ends: None,
    run: |given| Box::pin(remind(given)),
}];

texts! {
    "remind" {
        USAGE = "usage",
        LIST = "list",
        LINE = "line",
        NONE = "none",
        LABEL_CANCEL = "label_cancel",
        CANCELLED = "cancelled",
        GONE = "gone",
        ZONE_SET = "zone_set",
        ZONE_UNKNOWN = "zone_unknown",
    }
}

/// Whose command it is, and what they have set.
struct Known {
    user: UserId,
    zone: TimeZone,
    reminders: Vec<Reminder>,
    now: Timestamp,
}

async fn remind(given: Given<'_>) -> Reply {
    let locale = given.locale;
    let request = match parse(&given.command.arguments) {
        Ok(request) => request,
        Err(Unknown) => return Reply::say(locale.command(USAGE, &[])),
    };
    let Some(known) = known(&given).await else {
        return Reply::say(locale.failure(Failure::Unexplained));
    };
    match request {
        Request::List => list(&given, &known),
        Request::Zone(typed) => set_zone(&given, &known, typed),
        Request::Cancel(at) => cancel(&given, &known, at),
        Request::Set(when, text) => set(&given, &known, (when, text)),
    }
}

async fn known(given: &Given<'_>) -> Option<Known> {
    let (user, person) = giver(given).await?;
    let reminders = given.engine.store.read(move |rows| rows.reminders_of(user));
    let reminders = reminders.await.map_err(|error| {
        error!(user = user.0, err:% = error; "reminders not read");
    });
    Some(Known {
        user,
        zone: given.engine.settings().zone_of(&person.preferences),
        reminders: reminders.ok()?,
        now: clock::now(),
    })
}

impl Known {
    fn clock(&self, at: Timestamp) -> String {
        reminder::shown(at, &self.zone)
    }

    fn zone_name(&self) -> String {
        zones::called(&self.zone, self.now)
    }
}

fn list(given: &Given<'_>, known: &Known) -> Reply {
    let (locale, zone) = (given.locale, known.zone_name());
    if known.reminders.is_empty() {
        return Reply::say(locale.command(NONE, &[("zone", &zone)]));
    }
    let line = |(nth, it): (usize, &Reminder)| {
        let values = [
            ("n", &*(nth + 1).to_string()),
            ("clock", &*known.clock(it.at)),
            ("when", &*locale.span(it.at.since(known.now))),
            ("text", &*it.text),
        ];
        locale.command(LINE, &values)
    };
    let lines: Vec<String> = known.reminders.iter().enumerate().map(line).collect();
    let heading = locale.command(LIST, &[("zone", &zone)]);
    let button = |(nth, it): (usize, &Reminder)| {
        let label = locale.command(LABEL_CANCEL, &[("n", &(nth + 1).to_string())]);
        given.engine.reminder_button(it, label)
    };
    let buttons = known.reminders.iter().enumerate().map(button);
    Reply::say(format!("{heading}\n{}", lines.join("\n"))).with_buttons(buttons)
}

fn set(given: &Given<'_>, known: &Known, (when, text): (When, &str)) -> Reply {
    let locale = given.locale;
    let at = when.moment(known.now, &known.zone);
    let at = at.unwrap_or(Timestamp(u64::MAX));
    let moments: Vec<Timestamp> = known.reminders.iter().map(|it| it.at).collect();
    if let Some(why) = refusal(at, text, &moments, known.now) {
        let clock = match why {
            Refusal::TooNear(other) => known.clock(other),
            Refusal::NoText
            | Refusal::TooLong
            | Refusal::Past
            | Refusal::TooFar
            | Refusal::TooMany => String::new(),
        };
        return Reply::say(locale.reminder_refused(why, &clock));
    }
    let Some(reminder) = Reminder::new(given.lane, given.message, at, text) else {
        return Reply::say(locale.failure(Failure::Unexplained));
    };
    let clock = format!("{}, {}", known.clock(reminder.at), known.zone_name());
    let said = locale.reminder_set(&reminder.text, &clock, reminder.at.since(known.now));
    let button = given
        .engine
        .reminder_button(&reminder, locale.reminder_cancel());
    let engine = Arc::clone(given.engine);
    Reply::say(said)
        .with_buttons([button])
        .with_effect(move |store| {
            store.add_reminder(&reminder)?;
            engine.reminders.notify_one();
            Ok(Vec::new())
        })
}

fn cancel(given: &Given<'_>, known: &Known, at: Timestamp) -> Reply {
    let user = known.user;
    if !known.reminders.iter().any(|it| it.at == at) {
        return Reply::say(given.locale.command(GONE, &[]));
    }
    Reply::say(given.locale.command(CANCELLED, &[])).with_effect(move |store| {
        store.cancel_reminders(user, at)?;
        Ok(Vec::new())
    })
}

fn set_zone(given: &Given<'_>, known: &Known, typed: &str) -> Reply {
    let (locale, user) = (given.locale, known.user);
    let name = zones::named(typed);
    if name.is_none() && !typed.is_empty() {
        let typed: String = typed.chars().take(32).collect();
        return Reply::say(locale.command(ZONE_UNKNOWN, &[("given", &typed)]));
    }
    let settings = given.engine.settings();
    let zone = name.as_deref().and_then(zones::zone);
    let known = Known {
        zone: zone.unwrap_or_else(|| settings.config.time_zone.clone()),
        reminders: Vec::new(),
        ..*known
    };
    let values = [
        ("zone", &*known.zone_name()),
        ("clock", &*known.clock(known.now)),
    ];
    let said = locale.command(ZONE_SET, &values);
    Reply::say(said).with_effect(move |store| {
        let name = name.clone();
        change(store, user, |preferences| preferences.zone = name)?;
        Ok(Vec::new())
    })
}

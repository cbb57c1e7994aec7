//! What the Owners did: `/audit` lists it, newest first.

use std::collections::BTreeMap;
use std::sync::Arc;

use log::error;

use super::entry::{Entry, Given, OWNER, Reply};
use crate::app::engine::Engine;
use crate::chat::answer::Failure;
use crate::chat::{Button, UserId};
use crate::clock::{self, Timestamp};
use crate::locale::Locale;
use crate::locale::commands::texts;
use crate::people::audit::{Audited, Deed};
use crate::people::person::{Person, label};
use crate::store::StoreError;

pub(super) const COMMANDS: &[Entry] = &[Entry {
    names: &["audit"],
    rights: OWNER,
    ends: None,
    run: |given| Box::pin(audit(given)),
}];

texts! {
    "audit" {
        HEADING = "heading",
        NOTHING = "empty",
        USAGE = "usage",
        LINE = "line",
        NEWER = "newer",
        OLDER = "older",
        GRANTED = "granted",
        GRANTED_FOR = "granted_for",
        REVOKED = "revoked",
        BANNED = "banned",
        UNBANNED = "unbanned",
        KICKED = "kicked",
        DENIED = "denied",
        LEFT = "left",
        CLAIMED = "claimed",
        BROADCAST = "broadcast",
        STOPPED_BROADCAST = "stopped_broadcast",
        ALERTS_ON = "alerts_on",
        ALERTS_OFF = "alerts_off",
        RETESTED_KEYS = "retested_keys",
        SHARED_PERSONA = "shared_persona",
        REMOVED_PERSONA = "removed_persona",
    }
}

/// Entries of one page.
const PAGE: usize = 10;

/// The names of those whom entries are about.
type Names = BTreeMap<UserId, Arc<Person>>;

/// The page that is asked for, counted from 1; `None` when the argument is none.
fn parse(arguments: &str) -> Option<usize> {
    match arguments.trim() {
        "" => Some(1),
        word => word.parse().ok().filter(|page| *page > 0),
    }
}

async fn audit(given: Given<'_>) -> Reply {
    let (engine, locale) = (given.engine, given.locale);
    let Some(page) = parse(&given.command.arguments) else {
        return Reply::say(locale.command(USAGE, &[]));
    };
    match read(engine, page).await {
        Ok((entries, all, names)) => {
            let page = page_within(page, all);
            let told = text(locale, &entries, &names, (page, all), clock::now());
            Reply::say(told).with_buttons(turning(&given, page, pages(all)))
        }
        Err(error) => {
            error!(err:% = error; "audit not read");
            Reply::say(locale.failure(Failure::Unexplained))
        }
    }
}

async fn read(engine: &Engine, page: usize) -> Result<(Vec<Audited>, u64, Names), StoreError> {
    let read = engine.store.read(move |rows| {
        let (_, all) = rows.audit(0, 0)?;
        rows.audit((page_within(page, all) - 1) * PAGE, PAGE)
    });
    let (entries, all) = read.await?;
    let mut names = Names::new();
    for id in entries
        .iter()
        .flat_map(|entry| [Some(entry.by), entry.whom])
    {
        if let Some(id) = id
            && let Some(person) = engine.store.person(id).await?
        {
            names.insert(id, person);
        }
    }
    Ok((entries, all, names))
}

fn pages(all: u64) -> u64 {
    all.div_ceil(PAGE as u64)
}

/// That page, or the last one where there are fewer.
fn page_within(page: usize, all: u64) -> usize {
    let last = usize::try_from(pages(all)).unwrap_or(usize::MAX);
    page.min(last).max(1)
}

/// The buttons that turn the page.
fn turning(given: &Given<'_>, page: usize, pages: u64) -> Vec<Button> {
    let button =
        |text, page: usize| given.button(given.locale.command(text, &[]), format!("/audit {page}"));
    let newer = (page > 1).then(|| button(NEWER, page - 1));
    let older = ((page as u64) < pages).then(|| button(OLDER, page + 1));
    [newer, older].into_iter().flatten().flatten().collect()
}

fn text(
    locale: &Locale,
    entries: &[Audited],
    names: &Names,
    (page, all): (usize, u64),
    now: Timestamp,
) -> String {
    if entries.is_empty() {
        return locale.command(NOTHING, &[]);
    }
    let pages = pages(all).to_string();
    let values = [("page", &*page.to_string()), ("pages", &*pages)];
    let mut lines = vec![locale.command(HEADING, &values)];
    lines.extend(entries.iter().map(|entry| line(locale, entry, names, now)));
    lines.join("\n")
}

fn line(locale: &Locale, entry: &Audited, names: &Names, now: Timestamp) -> String {
    let name = |id| label(id, names.get(&id).map(|person| &**person));
    let by = name(entry.by);
    let whom = entry.whom.map(name).unwrap_or_default();
    let deed = deed(locale, entry, (&by, &whom));
    let ago = locale.length(now.since(entry.at));
    locale.command(LINE, &[("ago", &ago), ("deed", &deed)])
}

/// What was done, by whom and of whom.
pub(super) fn deed(locale: &Locale, entry: &Audited, (by, whom): (&str, &str)) -> String {
    let about = [("by", by), ("whom", whom)];
    let by_alone = &about[..1];
    match entry.deed {
        Deed::Granted(grant) => {
            let role = ("role", locale.role(grant.role));
            match grant.until {
                None => locale.command(GRANTED, &[about[0], about[1], role]),
                Some(until) => {
                    let length = locale.length(until.since(entry.at));
                    let values = [about[0], about[1], role, ("length", &*length)];
                    locale.command(GRANTED_FOR, &values)
                }
            }
        }
        Deed::Revoked => locale.command(REVOKED, &about),
        Deed::Banned => locale.command(BANNED, &about),
        Deed::Unbanned => locale.command(UNBANNED, &about),
        Deed::Kicked => locale.command(KICKED, &about),
        Deed::Denied => locale.command(DENIED, &about),
        Deed::Left => locale.command(LEFT, &about),
        Deed::Claimed => locale.command(CLAIMED, by_alone),
        Deed::Broadcast { people } => {
            let people = people.to_string();
            locale.command(BROADCAST, &[about[0], ("people", &people)])
        }
        Deed::StoppedBroadcast => locale.command(STOPPED_BROADCAST, by_alone),
        Deed::AlertsOn => locale.command(ALERTS_ON, by_alone),
        Deed::AlertsOff => locale.command(ALERTS_OFF, by_alone),
        Deed::RetestedKeys => locale.command(RETESTED_KEYS, by_alone),
        Deed::SharedPersona => locale.command(SHARED_PERSONA, by_alone),
        Deed::RemovedPersona => locale.command(REMOVED_PERSONA, by_alone),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::chat::{Role, Sender};
    use crate::locale::Language;
    use crate::people::person::Grant;

    const AT: Timestamp = Timestamp(1_795_000_000_000);

    fn every_deed() -> Vec<Deed> {
        let grant = |until| {
            let role = Role::Vip;
            Deed::Granted(Grant { role, until })
        };
        vec![
            grant(None),
            grant(Some(AT.after(Duration::from_hours(24 * 30)))),
            Deed::Revoked,
            Deed::Banned,
            Deed::Unbanned,
            Deed::Kicked,
            Deed::Denied,
            Deed::Left,
            Deed::Claimed,
            Deed::Broadcast { people: 950 },
            Deed::StoppedBroadcast,
            Deed::AlertsOn,
            Deed::AlertsOff,
            Deed::RetestedKeys,
            Deed::SharedPersona,
            Deed::RemovedPersona,
        ]
    }

    fn entry(deed: Deed) -> Audited {
        Audited {
            at: AT,
            by: UserId(1),
            deed,
            whom: Some(UserId(5)),
        }
    }

    #[test]
    fn a_page_is_a_number_from_one_and_the_first_when_absent() {
        for (text, page) in [
            ("", Some(1)),
            (" 2 ", Some(2)),
            ("0", None),
            ("-1", None),
            ("all", None),
            ("1 2", None),
        ] {
            assert_eq!(parse(text), page, "{text:?}");
        }
    }

    #[test]
    fn every_deed_is_told_in_words_of_its_own() {
        let deeds = every_deed();
        let now = AT.after(Duration::from_mins(130));
        for language in [Language::En, Language::Zh] {
            let locale = Locale::of(language);
            let say = |deed: &Deed| line(locale, &entry(*deed), &Names::new(), now);
            let said: BTreeSet<_> = deeds.iter().map(say).collect();
            assert_eq!(said.len(), deeds.len());
            for said in said {
                assert!(!said.contains(['{', '}']), "{said:?}");
            }
        }
    }

    #[test]
    fn a_line_tells_who_did_what_to_whom_and_how_long_ago() {
        let mut names = Names::new();
        let of = |name: &str| {
            let sender = Sender {
                id: UserId(0),
                name: name.to_owned(),
                language: None,
                is_chat: false,
            };
            Arc::new(Person::new(&sender, AT))
        };
        names.insert(UserId(1), of("Olga"));
        names.insert(UserId(5), of("Ann"));
        let now = AT.after(Duration::from_mins(130));
        let said = text(
            Locale::of(Language::En),
            &every_deed()[1..2]
                .iter()
                .map(|deed| entry(*deed))
                .collect::<Vec<_>>(),
            &names,
            (2, 11),
            now,
        );
        assert_eq!(
            said,
            "What was done, newest first (page 2 of 2):\n\
             2 h 10 min ago: Olga (1) made Ann (5) VIP for 30 d"
        );
    }
}

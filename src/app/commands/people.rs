//! Who may use the bot: `/grant` gives a person or a group a role, `/revoke` takes it back, `/ban` has
//! somebody not heard any more, `/unban` ends that. Each answers with the card of whom it is about, and
//! tells them what changes for them.

use std::sync::Arc;

use log::info;

use super::card::card;
use super::entry::{Entry, Given, OWNER, Reply};
use super::grant_request::{self, Mistake};
use super::knocks::{and_next, decided};
use super::users::of_one;
use super::who::{meant, repeated, unread};
use crate::app::engine::Settings;
use crate::chat::{ChatId, Outbound, Role, UserId};
use crate::clock::{self, Timestamp};
use crate::locale::Locale;
use crate::locale::commands::{Text, texts};
use crate::outgoing::Head;
use crate::people::audit::Deed;
use crate::people::person::{Grant, Person, label};
use crate::store::{StoreError, Write};

pub(super) const COMMANDS: &[Entry] = &[
    Entry {
        names: &["grant"],
        rights: OWNER,
        ends: None,
        run: |given| Box::pin(grant(given)),
    },
    Entry {
        names: &["revoke"],
        rights: OWNER,
        ends: None,
        run: |given| Box::pin(revoke(given)),
    },
    Entry {
        names: &["ban"],
        rights: OWNER,
        ends: None,
        run: |given| Box::pin(ban(given)),
    },
    Entry {
        names: &["unban"],
        rights: OWNER,
        ends: None,
        run: |given| Box::pin(unban(given)),
    },
];

texts! {
    "grant" {
        GRANTED = "done",
        GRANTED_FOR = "done_for",
        WELCOME = "welcome",
        NOW_YOU_ARE = "now_you_are",
        NOW_YOU_ARE_FOR = "now_you_are_for",
        GRANT_USAGE = "usage",
        UNKNOWN_ROLE = "unknown_role",
        OWNER_ROLE = "owner_role",
        GROUP_TOO_HIGH = "group_too_high",
        BAD_TERM = "bad_term",
        IS_BANNED = "is_banned",
    }
    "revoke" {
        REVOKED = "done",
        NOTHING_TO_REVOKE = "nothing",
        REVOKE_USAGE = "usage",
        NO_LONGER = "no_longer",
    }
    "ban" {
        BANNED = "done",
        ALREADY_BANNED = "already",
        OWNER_BAN = "owner",
        BAN_USAGE = "usage",
        YOU_ARE_BANNED = "you_are_banned",
    }
    "unban" {
        UNBANNED = "done",
        NOT_BANNED = "not_banned",
        UNBAN_USAGE = "usage",
        YOU_ARE_HEARD = "you_are_heard",
    }
}

/// What an Owner changes for somebody.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Change {
    Granted(Grant),
    Revoked,
    Banned(Timestamp),
    Unbanned,
}

impl Change {
    const fn deed(self) -> Deed {
        match self {
            Self::Granted(grant) => Deed::Granted(grant),
            Self::Revoked => Deed::Revoked,
            Self::Banned(_) => Deed::Banned,
            Self::Unbanned => Deed::Unbanned,
        }
    }

    /// The row of somebody after it. Whoever loses a role is told again how to get in; the role of
    /// somebody who is banned waits for the end of the ban.
    fn of(self, person: Person) -> Person {
        match self {
            Self::Granted(grant) => Person {
                grant: Some(grant),
                knock: None,
                told: None,
                ..person
            },
            Self::Revoked => Person {
                grant: None,
                knock: None,
                told: None,
                ..person
            },
            Self::Banned(at) => Person {
                banned: Some(at),
                ..person
            },
            Self::Unbanned => Person {
                banned: None,
                ..person
            },
        }
    }

    /// What somebody is told of it who was this before; nothing where nothing changes for them, or
    /// where they never wrote to the bot in private, which then may not write to them. A group that
    /// asked hears how the bot is used.
    fn told(
        self,
        locale: &Locale,
        (whom, before): (UserId, &Person),
        now: Timestamp,
    ) -> Option<String> {
        if !before.reachable || (whom.0 > 0 && !before.in_private) {
            return None;
        }
        let say = |text: Text, values: &[(&str, &str)]| Some(locale.command(text, values));
        match self {
            Self::Granted(_) if before.knock.is_some() && whom.0 < 0 => {
                Some(locale.introduction().to_owned())
            }
            _ if whom.0 < 0 => None,
            Self::Granted(_) if before.knock.is_some() => say(WELCOME, &[]),
            Self::Granted(grant) if before.grant == Some(grant) => None,
            Self::Granted(grant) => {
                let role = ("role", locale.role(grant.role));
                match grant.until {
                    None => say(NOW_YOU_ARE, &[role]),
                    Some(until) => {
                        let length = locale.length(until.since(now));
                        say(NOW_YOU_ARE_FOR, &[role, ("length", &length)])
                    }
                }
            }
            Self::Revoked => {
                let role = before.grant?.role_at(now);
                say(NO_LONGER, &[("role", locale.role(role))])
            }
            Self::Banned(_) => say(YOU_ARE_BANNED, &[]),
            Self::Unbanned => say(YOU_ARE_HEARD, &[]),
        }
    }

    /// Stores it, and what the person is told of it.
    fn enter(
        self,
        store: &mut Write<'_>,
        settings: &Settings,
        whom: UserId,
        now: Timestamp,
    ) -> Result<Vec<Head>, StoreError> {
        let before = store.person(whom)?;
        let before = before.unwrap_or_else(|| Person::unseen(now));
        let locale = settings.locale_of(Some(&before));
        let told = self.told(locale, (whom, &before), now);
        store.put_person(whom, &self.of(before))?;
        let row = told.map(|text| Outbound::message(ChatId(whom.0), None, text));
        let put = |row| Ok(Head::of(store.put_outbound(row)?, row));
        row.iter().map(put).collect()
    }
}

/// Changes somebody: with the words for what was done and their card as they are then.
async fn change(
    given: &Given<'_>,
    whom: UserId,
    before: &Person,
    change: Change,
    done: String,
) -> Reply {
    let now = clock::now();
    let settings = given.engine.settings();
    info!(user = whom.0, change:? = change; "an owner changes somebody");
    let after = change.of(before.clone());
    let reply = card(given, whom, &after, Some(done))
        .await
        .with_effect(move |store| change.enter(store, &settings, whom, now));
    let reply = decided(given, reply, change.deed(), whom);
    let reply = match change {
        Change::Banned(_) => reply.discarding(whom),
        Change::Granted(_) | Change::Revoked | Change::Unbanned => reply,
    };
    and_next(given, before, reply).await
}

async fn row(given: &Given<'_>, whom: UserId) -> Result<Arc<Person>, Reply> {
    match given.engine.store.person(whom).await {
        Ok(Some(person)) => Ok(person),
        Ok(None) => Ok(Arc::new(Person::unseen(clock::now()))),
        Err(error) => Err(unread(given, &error)),
    }
}

async fn grant(given: Given<'_>) -> Reply {
    granted(&given).await.unwrap_or_else(|instead| instead)
}

/// Or what is said instead.
async fn granted(given: &Given<'_>) -> Result<Reply, Reply> {
    let locale = given.locale;
    let request = match grant_request::parse(&given.command.arguments) {
        Ok(request) => request,
        Err(Mistake::NoRole { who }) => {
            let whom = meant(given, who, "/users {}").await?;
            return Ok(of_one(given, whom, None).await);
        }
        Err(wrong) => return Err(Reply::say(mistake(locale, wrong))),
    };
    let whom = meant(given, request.who, &request.line("{}")).await?;
    let settings = given.engine.settings();
    if settings.owners.contains(&whom) {
        return Err(Reply::say(locale.command(OWNER_ROLE, &[])));
    }
    if whom.0 < 0 && request.role == Role::Vip {
        return Err(Reply::say(locale.command(GROUP_TOO_HIGH, &[])));
    }
    let now = clock::now();
    let Some(grant) = request.grant(now, &settings.config.time_zone) else {
        let last = given.command.arguments.split_whitespace().next_back();
        let given = last.unwrap_or_default();
        return Err(Reply::say(mistake(locale, Mistake::BadTerm { given })));
    };
    let before = row(given, whom).await?;
    let name = label(whom, Some(&before));
    if before.banned.is_some() {
        let said = locale.command(IS_BANNED, &[("whom", &name)]);
        return Err(card(given, whom, &before, Some(said)).await);
    }
    let values = [("whom", &*name), ("role", locale.role(grant.role))];
    let done = match grant.until {
        None => locale.command(GRANTED, &values),
        Some(until) => {
            let length = locale.length(until.since(now));
            locale.command(GRANTED_FOR, &[values[0], values[1], ("length", &length)])
        }
    };
    Ok(change(given, whom, &before, Change::Granted(grant), done).await)
}

/// What is wrong with the arguments of `/grant`, and the right way.
fn mistake(locale: &Locale, mistake: Mistake<'_>) -> String {
    let quote = |text, given| locale.command(text, &[("given", &repeated(given))]);
    match mistake {
        Mistake::Usage | Mistake::NoRole { .. } => locale.command(GRANT_USAGE, &[]),
        Mistake::UnknownRole { given } => quote(UNKNOWN_ROLE, given),
        Mistake::OwnerRole => locale.command(OWNER_ROLE, &[]),
        Mistake::BadTerm { given } => quote(BAD_TERM, given),
    }
}

async fn revoke(given: Given<'_>) -> Reply {
    let decide = |_: UserId, before: &Person| match before.grant {
        Some(_) => Ok((Change::Revoked, REVOKED)),
        None => Err(NOTHING_TO_REVOKE),
    };
    of_somebody(&given, REVOKE_USAGE, decide).await
}

async fn ban(given: Given<'_>) -> Reply {
    let settings = given.engine.settings();
    let decide = |whom: UserId, before: &Person| match before.banned {
        _ if settings.owners.contains(&whom) => Err(OWNER_BAN),
        Some(_) => Err(ALREADY_BANNED),
        None => Ok((Change::Banned(clock::now()), BANNED)),
    };
    of_somebody(&given, BAN_USAGE, decide).await
}

async fn unban(given: Given<'_>) -> Reply {
    let decide = |_: UserId, before: &Person| match before.banned {
        Some(_) => Ok((Change::Unbanned, UNBANNED)),
        None => Err(NOT_BANNED),
    };
    of_somebody(&given, UNBAN_USAGE, decide).await
}

/// A command with nothing but somebody in it: what it changes and says of them, or what it says where
/// it changes nothing.
async fn of_somebody(
    given: &Given<'_>,
    usage: Text,
    decide: impl Fn(UserId, &Person) -> Result<(Change, Text), Text> + Send,
) -> Reply {
    let words = given.command.arguments.trim();
    if words.is_empty() {
        return Reply::say(given.locale.command(usage, &[]));
    }
    let line = format!("/{} {{}}", given.command.name);
    let whom = match meant(given, words, &line).await {
        Ok(whom) => whom,
        Err(instead) => return instead,
    };
    let before = match row(given, whom).await {
        Ok(before) => before,
        Err(instead) => return instead,
    };
    let name = label(whom, Some(&before));
    let say = |text| given.locale.command(text, &[("whom", &name)]);
    match decide(whom, &before) {
        Ok((what, text)) => change(given, whom, &before, what, say(text)).await,
        Err(text) => card(given, whom, &before, Some(say(text))).await,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use super::*;
    use crate::chat::fixtures;
    use crate::locale::Language;
    use crate::people::knock::Knock;

    const NOW: Timestamp = Timestamp(1_795_000_000_000);

    fn person(grant: Option<Grant>) -> Person {
        Person {
            grant,
            in_private: true,
            ..Person::new(&fixtures::sender(5), NOW)
        }
    }

    const fn for_ever(role: Role) -> Grant {
        Grant { role, until: None }
    }

    #[test]
    fn every_mistake_has_a_sentence_of_its_own() {
        let mistakes = [
            Mistake::Usage,
            Mistake::UnknownRole { given: "x" },
            Mistake::OwnerRole,
            Mistake::BadTerm { given: "x" },
        ];
        for language in [Language::En, Language::Zh] {
            let say = |wrong: &Mistake<'_>| mistake(Locale::of(language), *wrong);
            let said: BTreeSet<_> = mistakes.iter().map(say).collect();
            assert_eq!(said.len(), mistakes.len());
            for said in said {
                assert!(!said.is_empty() && !said.contains(['{', '}']), "{said:?}");
            }
        }
    }

    #[test]
    fn somebody_hears_what_changes_for_them_and_nothing_else() {
        let month = Grant {
            role: Role::Vip,
            until: Some(NOW.after(Duration::from_hours(24 * 30))),
        };
        let group = Person {
            knock: Some(Knock::new(NOW, "")),
            ..person(None)
        };
        let grant = Change::Granted(for_ever(Role::Normal));
        let said = grant.told(Locale::of(Language::En), (UserId(-5), &group), NOW);
        assert!(said.is_some_and(|said| !said.contains("let you in")));
        let waiting = Person {
            knock: Some(Knock::new(NOW, "hello")),
            ..person(None)
        };
        let unreachable = Person {
            reachable: false,
            ..person(None)
        };
        let vip = person(Some(for_ever(Role::Vip)));
        let cases = [
            (
                Change::Granted(for_ever(Role::Vip)),
                &waiting,
                Some("The owner has let you in. Just write to me; /help shows what I can do."),
            ),
            (
                Change::Granted(for_ever(Role::Vip)),
                &person(None),
                Some("The owner has made you VIP."),
            ),
            (
                Change::Granted(month),
                &vip,
                Some("The owner has made you VIP for 30 d."),
            ),
            (Change::Granted(for_ever(Role::Vip)), &vip, None),
            (Change::Granted(month), &unreachable, None),
            (Change::Granted(month), &Person::unseen(NOW), None),
            (
                Change::Revoked,
                &vip,
                Some(concat!(
                    "Your time as VIP is over: the owner has taken the role back. ",
                    "If you write to me again, I'll go by what holds for everybody."
                )),
            ),
        ];
        let locale = Locale::of(Language::En);
        for (change, before, told) in cases {
            let said = change.told(locale, (UserId(5), before), NOW);
            assert_eq!(said.as_deref(), told, "{change:?}");
        }
        for change in [Change::Banned(NOW), Change::Unbanned] {
            let told = |before| change.told(locale, (UserId(5), before), NOW);
            assert!(told(&vip).is_some() && told(&Person::unseen(NOW)).is_none());
            assert!(change.told(locale, (UserId(-5), &vip), NOW).is_none());
        }
    }

    #[test]
    fn a_ban_keeps_the_role_for_its_end() {
        let vip = person(Some(for_ever(Role::Vip)));
        let banned = Change::Banned(NOW).of(vip.clone());
        assert_eq!((banned.banned, banned.grant), (Some(NOW), vip.grant));
        assert_eq!(Change::Unbanned.of(banned), vip);
        assert_eq!(Change::Revoked.of(vip).grant, None);
    }
}

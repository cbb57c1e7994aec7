//! Who may use the bot: `/grant` gives a person or a group a role, `/revoke` takes it back.

use std::time::Duration;

use log::{error, info};

use super::entry::{Entry, Given, OWNER, Reply};
use crate::app::engine::Settings;
use crate::chat::answer::Failure;
use crate::chat::{ChatId, Outbound, Role, Sender, UserId};
use crate::clock;
use crate::locale::commands::texts;
use crate::locale::{Language, Locale};
use crate::outgoing::Head;
use crate::people::audit::Deed;
use crate::people::person::{Grant, Person};
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
];

texts! {
    "grant" {
        GRANTED = "done",
        GRANTED_FOR = "done_for",
        WELCOME = "welcome",
        GRANT_USAGE = "usage",
        NOT_AN_ID = "not_an_id",
        SERVICE_ID = "service_id",
        UNKNOWN_ROLE = "unknown_role",
        OWNER_ROLE = "owner_role",
        GROUP_TOO_HIGH = "group_too_high",
        BAD_DAYS = "bad_days",
    }
    "revoke" { REVOKED = "done", NOTHING_TO_REVOKE = "nothing", REVOKE_USAGE = "usage" }
}

const DAY: Duration = Duration::from_hours(24);

/// Longest grant, in days.
const LONGEST_GRANT: u32 = 3650;

/// Telegram itself, `GroupAnonymousBot` and `Channel_Bot`: they stand for whoever hides behind
/// them, so a role given to one of these would be everybody's.
const SERVICE_IDS: [i64; 3] = [777_000, 1_087_968_824, 136_817_688];

/// What `/grant ID ROLE [DAYS]` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Request {
    /// A person, or a group when negative.
    user: UserId,
    role: Role,
    /// For ever when absent.
    days: Option<u32>,
}

/// What is wrong with the arguments of `/grant` or `/revoke`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Mistake {
    /// `/grant` with too few or too many arguments.
    GrantUsage,
    /// `/revoke` with anything but one id.
    RevokeUsage,
    /// Not a number that can be an id.
    NotAnId { given: String },
    /// An id that many people share.
    ServiceId { id: UserId },
    /// No such role.
    UnknownRole { given: String },
    /// Owners come from the settings only.
    OwnerRole,
    /// A group has Premium at most (design §3).
    GroupTooHigh,
    /// Not a number of days within 1 to 3650.
    BadDays { given: String },
}

/// Reads the arguments of `/grant`.
fn parse_grant(arguments: &str) -> Result<Request, Mistake> {
    let mut words = arguments.split_whitespace();
    let (Some(id), Some(role), days, None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(Mistake::GrantUsage);
    };
    let user = parse_id(id)?;
    let Some(role) = Role::parse(role) else {
        return Err(Mistake::UnknownRole { given: brief(role) });
    };
    match role {
        Role::Owner => return Err(Mistake::OwnerRole),
        Role::Vip if user.0 < 0 => return Err(Mistake::GroupTooHigh),
        Role::Vip | Role::Premium | Role::Normal | Role::Guest => {}
    }
    let days = days.map(parse_days).transpose()?;
    Ok(Request { user, role, days })
}

/// Reads the argument of `/revoke`.
fn parse_revoke(arguments: &str) -> Result<UserId, Mistake> {
    let mut words = arguments.split_whitespace();
    match (words.next(), words.next()) {
        (Some(id), None) => parse_id(id),
        (None | Some(_), _) => Err(Mistake::RevokeUsage),
    }
}

pub(super) fn parse_id(word: &str) -> Result<UserId, Mistake> {
    match word.parse::<i64>() {
        Ok(id) if SERVICE_IDS.contains(&id) => Err(Mistake::ServiceId { id: UserId(id) }),
        Ok(id) if id != 0 => Ok(UserId(id)),
        Ok(_) | Err(_) => Err(Mistake::NotAnId { given: brief(word) }),
    }
}

fn parse_days(word: &str) -> Result<u32, Mistake> {
    match word.parse::<u32>() {
        Ok(days) if (1..=LONGEST_GRANT).contains(&days) => Ok(days),
        Ok(_) | Err(_) => Err(Mistake::BadDays { given: brief(word) }),
    }
}

/// Enough of a word to recognise it in the reply.
fn brief(word: &str) -> String {
    word.chars().take(32).collect()
}

async fn grant(given: Given<'_>) -> Reply {
    let (engine, locale) = (given.engine, given.locale);
    let settings = engine.settings();
    let request = match parse_grant(&given.command.arguments) {
        Ok(request) if settings.owners.contains(&request.user) => {
            return Reply::say(mistake(locale, &Mistake::OwnerRole));
        }
        Ok(request) => request,
        Err(wrong) => return Reply::say(mistake(locale, &wrong)),
    };
    let Request { user, role, days } = request;
    let grant = Grant {
        role,
        until: days.map(|days| clock::now().after(DAY * days)),
    };
    // A welcome that cannot be made is no reason to refuse the role.
    let known = engine.store.person(user).await.ok().flatten();
    let welcome = known.and_then(|person| welcome(&settings, user, &person));
    info!(user = user.0, role:? = role, days:? = days; "role granted");
    Reply::say(granted(locale, request))
        .with_effect(move |store| {
            set_grant(store, user, Some(grant))?;
            let put = |row| Ok(Head::of(store.put_outbound(row)?, row));
            welcome.iter().map(put).collect()
        })
        .audited(given.does(Deed::Granted(grant), Some(user)))
}

/// For somebody who was told to wait: that it is over.
fn welcome(settings: &Settings, user: UserId, person: &Person) -> Option<Outbound> {
    if !person.told || user.0 < 0 {
        return None;
    }
    let language = Language::pick(settings.config.language, person.language.as_deref());
    let text = Locale::of(language).command(WELCOME, &[]);
    Some(Outbound::message(ChatId(user.0), None, text))
}

async fn revoke(given: Given<'_>) -> Reply {
    let locale = given.locale;
    let user = match parse_revoke(&given.command.arguments) {
        Ok(user) => user,
        Err(wrong) => return Reply::say(mistake(locale, &wrong)),
    };
    let id = user.to_string();
    match given.engine.store.person(user).await {
        Ok(Some(person)) if person.grant.is_some() => {
            info!(user = user.0; "role revoked");
            Reply::say(locale.command(REVOKED, &[("id", &id)]))
                .with_effect(move |store| set_grant(store, user, None).map(|()| Vec::new()))
                .audited(given.does(Deed::Revoked, Some(user)))
        }
        Ok(_) => Reply::say(locale.command(NOTHING_TO_REVOKE, &[("id", &id)])),
        Err(error) => {
            error!(user = user.0, err:% = error; "registry not read");
            Reply::say(locale.failure(Failure::Unexplained))
        }
    }
}

/// Somebody who never wrote may be granted a role, too; who loses one is told again how to get in.
fn set_grant(store: &mut Write<'_>, user: UserId, grant: Option<Grant>) -> Result<(), StoreError> {
    let unknown = || {
        let sender = Sender {
            id: user,
            name: String::new(),
            language: None,
            is_chat: user.0 < 0,
        };
        Person::new(&sender, clock::now())
    };
    let person = store.person(user)?.unwrap_or_else(unknown);
    store.put_person(
        user,
        &Person {
            grant,
            told: false,
            in_private: false,
            ..person
        },
    )
}

fn granted(locale: &Locale, request: Request) -> String {
    let id = request.user.to_string();
    let role = locale.role(request.role);
    match request.days {
        Some(days) => {
            let days = days.to_string();
            locale.command(GRANTED_FOR, &[("id", &id), ("role", role), ("days", &days)])
        }
        None => locale.command(GRANTED, &[("id", &id), ("role", role)]),
    }
}

/// What is wrong, and the right way.
pub(super) fn mistake(locale: &Locale, mistake: &Mistake) -> String {
    let say = |text| locale.command(text, &[]);
    let quote = |text, given: &str| locale.command(text, &[("given", given)]);
    match mistake {
        Mistake::GrantUsage => say(GRANT_USAGE),
        Mistake::RevokeUsage => say(REVOKE_USAGE),
        Mistake::NotAnId { given } => quote(NOT_AN_ID, given),
        Mistake::ServiceId { id } => locale.command(SERVICE_ID, &[("id", &id.to_string())]),
        Mistake::UnknownRole { given } => quote(UNKNOWN_ROLE, given),
        Mistake::OwnerRole => say(OWNER_ROLE),
        Mistake::GroupTooHigh => say(GROUP_TOO_HIGH),
        Mistake::BadDays { given } => quote(BAD_DAYS, given),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_grant_names_somebody_a_role_and_perhaps_days() {
        let request = |user, role, days| Request {
            user: UserId(user),
            role,
            days,
        };
        let cases = [
            ("123 vip 30", request(123, Role::Vip, Some(30))),
            ("  123   VIP ", request(123, Role::Vip, None)),
            (
                "7000000000 Premium 1",
                request(7_000_000_000, Role::Premium, Some(1)),
            ),
            ("5 normal 3650", request(5, Role::Normal, Some(3650))),
            ("5 guest", request(5, Role::Guest, None)),
            ("-1001234 premium", request(-1_001_234, Role::Premium, None)),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_grant(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn every_mistake_in_a_grant_has_its_name() {
        let given = |text: &str| text.to_owned();
        let not_an_id = |text| Mistake::NotAnId { given: given(text) };
        let bad_days = |text| Mistake::BadDays { given: given(text) };
        let service = |id| Mistake::ServiceId { id: UserId(id) };
        let cases = [
            ("", Mistake::GrantUsage),
            ("123", Mistake::GrantUsage),
            ("123 vip 3 more", Mistake::GrantUsage),
            ("@anna vip", not_an_id("@anna")),
            ("0 vip", not_an_id("0")),
            (
                "99999999999999999999 vip",
                not_an_id("99999999999999999999"),
            ),
            ("777000 vip", service(777_000)),
            ("1087968824 guest", service(1_087_968_824)),
            ("136817688 normal 3", service(136_817_688)),
            (
                "1 king",
                Mistake::UnknownRole {
                    given: given("king"),
                },
            ),
            ("1 Owner", Mistake::OwnerRole),
            ("-100 vip", Mistake::GroupTooHigh),
            ("1 vip 0", bad_days("0")),
            ("1 vip 3651", bad_days("3651")),
            ("1 vip -3", bad_days("-3")),
            ("1 vip soon", bad_days("soon")),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_grant(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn a_revocation_names_exactly_one_person() {
        assert_eq!(parse_revoke(" 12 "), Ok(UserId(12)));
        assert_eq!(parse_revoke(""), Err(Mistake::RevokeUsage));
        assert_eq!(parse_revoke("1 2"), Err(Mistake::RevokeUsage));
        let given = "x".to_owned();
        assert_eq!(parse_revoke("x"), Err(Mistake::NotAnId { given }));
    }

    #[test]
    fn every_mistake_has_a_sentence_of_its_own() {
        let given = || "x".to_owned();
        let mistakes = [
            Mistake::GrantUsage,
            Mistake::RevokeUsage,
            Mistake::NotAnId { given: given() },
            Mistake::ServiceId {
                id: UserId(777_000),
            },
            Mistake::UnknownRole { given: given() },
            Mistake::OwnerRole,
            Mistake::GroupTooHigh,
            Mistake::BadDays { given: given() },
        ];
        for language in [Language::En, Language::Zh] {
            let say = |wrong| mistake(Locale::of(language), wrong);
            let said: BTreeSet<_> = mistakes.iter().map(say).collect();
            assert_eq!(said.len(), mistakes.len());
            for said in said {
                assert!(!said.is_empty() && !said.contains(['{', '}']), "{said:?}");
            }
        }
    }

    #[test]
    fn a_grant_is_confirmed_with_its_role_and_its_days() {
        let request = |days| Request {
            user: UserId(5),
            role: Role::Vip,
            days,
        };
        let locale = Locale::of(Language::En);
        let said = granted(locale, request(None));
        assert_eq!(said, "5 is now VIP, with no end.");
        let said = granted(locale, request(Some(30)));
        assert_eq!(said, "5 is now VIP. Days until it ends: 30.");
    }

    proptest! {
        #[test]
        fn no_text_is_read_as_a_grant_and_as_a_revocation(text in "\\PC*") {
            prop_assert!(parse_grant(&text).is_err() || parse_revoke(&text).is_err());
        }

        #[test]
        fn a_grant_that_is_accepted_keeps_the_rules(id in any::<i64>(), role in "(?i)(owner|vip|premium|normal|guest)", days in 0u32..5000) {
            if let Ok(request) = parse_grant(&format!("{id} {role} {days}")) {
                prop_assert_ne!(request.role, Role::Owner);
                prop_assert!(request.user.0 != 0 && !SERVICE_IDS.contains(&request.user.0));
                prop_assert!((1..=3650).contains(&request.days.unwrap()));
            }
        }
    }
}

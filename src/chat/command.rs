//! Text to [`Command`], and the arguments of the Owner's commands. Decides what was asked for, not
//! whether it is allowed (`admit`). Pure. Invariant: text that is no command is never swallowed,
//! so a path such as `/etc/hosts` stays a question.

use super::UserId;
use crate::chat::Role;

/// A command the bot knows, with its arguments still as typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    Start { payload: String },
    Help,
    New,
    Stop,
    Status,
    Grant { arguments: String },
    Revoke { arguments: String },
    Unknown { name: String },
    Keys { arguments: String },
}

/// Longest name of a command, in characters (Bot API, `BotCommand`).
const LONGEST_NAME: usize = 32;

/// Longest grant, in days.
const LONGEST_GRANT: u32 = 3650;

/// Telegram itself, `GroupAnonymousBot` and `Channel_Bot`: they stand for whoever hides behind
/// them, so a role given to one of these would be everybody's.
const SERVICE_IDS: [i64; 3] = [777_000, 1_087_968_824, 136_817_688];

impl Command {
    /// Reads `/name[@bot] [arguments]`; `None` when the text is not a command at all.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().strip_prefix('/')?;
        let (head, arguments) = match text.split_once(char::is_whitespace) {
            Some((head, arguments)) => (head, arguments.trim()),
            None => (text, ""),
        };
        let name = head.split_once('@').map_or(head, |(name, _)| name);
        let fits = (1..=LONGEST_NAME).contains(&name.len());
        if !fits || !name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') {
            return None;
        }
        let arguments = arguments.to_owned();
        Some(match name.to_ascii_lowercase().as_str() {
            "start" => Self::Start { payload: arguments },
            "help" => Self::Help,
            "new" | "reset" | "clear" => Self::New,
            "stop" => Self::Stop,
            "status" => Self::Status,
            "grant" => Self::Grant { arguments },
            "revoke" => Self::Revoke { arguments },
            "keys" => Self::Keys { arguments },
            name => Self::Unknown {
                name: name.to_owned(),
            },
        })
    }

    /// Whether only the Owner may give it.
    pub(crate) const fn is_owners(&self) -> bool {
        match self {
            Self::Grant { .. } | Self::Revoke { .. } | Self::Keys { .. } => true,
            Self::Start { .. }
            | Self::Help
            | Self::New
            | Self::Stop
            | Self::Status
            | Self::Unknown { .. } => false,
        }
    }
}

/// What `/grant ID ROLE [DAYS]` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GrantRequest {
    /// A person, or a group when negative.
    pub(crate) user: UserId,
    pub(crate) role: Role,
    /// For ever when absent.
    pub(crate) days: Option<u32>,
}

/// What `/keys [retest]` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeysRequest {
    /// How each of them is doing.
    Report,
    /// A look at the dead ones, now.
    Retest,
}

/// What is wrong with the arguments of `/grant` or `/revoke`; `locale` has a sentence for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GrantMistake {
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
pub(crate) fn parse_grant(arguments: &str) -> Result<GrantRequest, GrantMistake> {
    let mut words = arguments.split_whitespace();
    let (Some(id), Some(role), days, None) =
        (words.next(), words.next(), words.next(), words.next())
    else {
        return Err(GrantMistake::GrantUsage);
    };
    let user = parse_id(id)?;
    let Some(role) = Role::parse(role) else {
        return Err(GrantMistake::UnknownRole { given: brief(role) });
    };
    match role {
        Role::Owner => return Err(GrantMistake::OwnerRole),
        Role::Vip if user.0 < 0 => return Err(GrantMistake::GroupTooHigh),
        Role::Vip | Role::Premium | Role::Normal | Role::Guest => {}
    }
    let days = days.map(parse_days).transpose()?;
    Ok(GrantRequest { user, role, days })
}

/// Reads the argument of `/revoke`.
pub(crate) fn parse_revoke(arguments: &str) -> Result<UserId, GrantMistake> {
    let mut words = arguments.split_whitespace();
    match (words.next(), words.next()) {
        (Some(id), None) => parse_id(id),
        (None | Some(_), _) => Err(GrantMistake::RevokeUsage),
    }
}

/// Reads the argument of `/keys`; `None` when it is none that is known.
pub(crate) fn parse_keys(arguments: &str) -> Option<KeysRequest> {
    match arguments.trim() {
        "" => Some(KeysRequest::Report),
        word if word.eq_ignore_ascii_case("retest") => Some(KeysRequest::Retest),
        _ => None,
    }
}

fn parse_id(word: &str) -> Result<UserId, GrantMistake> {
    match word.parse::<i64>() {
        Ok(id) if SERVICE_IDS.contains(&id) => Err(GrantMistake::ServiceId { id: UserId(id) }),
        Ok(id) if id != 0 => Ok(UserId(id)),
        Ok(_) | Err(_) => Err(GrantMistake::NotAnId { given: brief(word) }),
    }
}

fn parse_days(word: &str) -> Result<u32, GrantMistake> {
    match word.parse::<u32>() {
        Ok(days) if (1..=LONGEST_GRANT).contains(&days) => Ok(days),
        Ok(_) | Err(_) => Err(GrantMistake::BadDays { given: brief(word) }),
    }
}

/// Enough of a word to recognise it in the reply.
fn brief(word: &str) -> String {
    word.chars().take(32).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn unknown(name: &str) -> Command {
        Command::Unknown {
            name: name.to_owned(),
        }
    }

    #[test]
    fn commands_are_recognised_by_name_alias_and_any_case() {
        let start = |payload: &str| Command::Start {
            payload: payload.to_owned(),
        };
        let grant = |arguments: &str| Command::Grant {
            arguments: arguments.to_owned(),
        };
        let cases = [
            ("/start", start("")),
            ("/start claim_abc", start("claim_abc")),
            ("/START@Some_Bot  x ", start("x")),
            ("/help", Command::Help),
            ("/new", Command::New),
            ("/reset", Command::New),
            ("/Clear", Command::New),
            ("/stop@bot", Command::Stop),
            ("  /status now", Command::Status),
            ("/grant 1 vip 30", grant("1 vip 30")),
            ("/grant\n1 vip", grant("1 vip")),
            (
                "/revoke 5",
                Command::Revoke {
                    arguments: "5".to_owned(),
                },
            ),
            (
                "/KEYS@bot  Retest ",
                Command::Keys {
                    arguments: "Retest".to_owned(),
                },
            ),
            ("/Foo bar", unknown("foo")),
            ("/model_2", unknown("model_2")),
        ];
        for (text, expected) in cases {
            assert_eq!(Command::parse(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn what_only_looks_like_a_command_stays_a_question() {
        let long = format!("/{}", "a".repeat(33));
        for text in [
            "",
            "/",
            "/ help",
            "//",
            "/@bot",
            "/etc/hosts is what?",
            "/привет",
            "/help!",
            "say /help",
            &long,
        ] {
            assert_eq!(Command::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_grant_names_somebody_a_role_and_perhaps_days() {
        let request = |user, role, days| GrantRequest {
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
        let not_an_id = |text| GrantMistake::NotAnId { given: given(text) };
        let bad_days = |text| GrantMistake::BadDays { given: given(text) };
        let service = |id| GrantMistake::ServiceId { id: UserId(id) };
        let cases = [
            ("", GrantMistake::GrantUsage),
            ("123", GrantMistake::GrantUsage),
            ("123 vip 3 more", GrantMistake::GrantUsage),
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
                GrantMistake::UnknownRole {
                    given: given("king"),
                },
            ),
            ("1 Owner", GrantMistake::OwnerRole),
            ("-100 vip", GrantMistake::GroupTooHigh),
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
        assert_eq!(parse_revoke(""), Err(GrantMistake::RevokeUsage));
        assert_eq!(parse_revoke("1 2"), Err(GrantMistake::RevokeUsage));
        let given = "x".to_owned();
        assert_eq!(parse_revoke("x"), Err(GrantMistake::NotAnId { given }));
    }

    #[test]
    fn the_keys_are_listed_or_looked_at_again_and_nothing_else() {
        let cases = [
            ("", Some(KeysRequest::Report)),
            ("  ", Some(KeysRequest::Report)),
            ("retest", Some(KeysRequest::Retest)),
            (" RETEST ", Some(KeysRequest::Retest)),
            ("retest A1", None),
            ("test", None),
            ("A1", None),
        ];
        for (text, expected) in cases {
            assert_eq!(parse_keys(text), expected, "{text:?}");
        }
    }

    #[test]
    fn only_the_owner_may_ask_for_people_and_keys() {
        for (text, owners) in [
            ("/grant 1 vip", true),
            ("/revoke 1", true),
            ("/keys", true),
            ("/keys retest", true),
            ("/status", false),
            ("/help", false),
            ("/nonsense", false),
        ] {
            assert_eq!(Command::parse(text).unwrap().is_owners(), owners, "{text}");
        }
    }

    proptest! {
        #[test]
        fn only_text_that_begins_with_a_slash_is_a_command(text in "\\PC*") {
            let slash = text.trim().starts_with('/');
            prop_assert!(slash || Command::parse(&text).is_none());
            prop_assert!(parse_grant(&text).is_err() || parse_revoke(&text).is_err());
        }

        #[test]
        fn any_well_formed_name_is_a_command(name in "[A-Za-z0-9_]{1,32}", rest in "[a-z ]{0,20}") {
            let text = format!("/{name} {rest}");
            prop_assert_eq!(Command::parse(&text), Command::parse(&format!("/{name}@bot {rest}")));
            prop_assert!(Command::parse(&text).is_some());
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

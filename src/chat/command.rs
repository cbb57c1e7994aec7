//! What was typed as a command, and what the gate has to know of one. Which commands there are, and
//! what they do, is the shell's (`app::commands`). Pure. Invariant: text that is no command is
//! never swallowed, so a path such as `/etc/hosts` stays a question.

use super::ChatKind;
use crate::chat::Role;

/// Longest name of a command, in characters (Bot API, `BotCommand`).
const LONGEST_NAME: usize = 32;

/// Commands whose words are a question to the model.
const QUESTIONS: [&str; 2] = ["search", "code"];

/// `/name[@bot] [arguments]`, as it was typed. The name may be an alias, or no command at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// Lower case.
    pub(crate) name: String,
    /// Whatever follows the name, without the blanks around it.
    pub(crate) arguments: String,
}

impl Command {
    /// Reads a text; `None` when it is not a command at all.
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
        Some(Self {
            name: name.to_ascii_lowercase(),
            arguments: arguments.to_owned(),
        })
    }

    /// The name and the words of a command whose words are a question to the model; none without words.
    pub(crate) fn question(text: &str) -> Option<(&'static str, &str)> {
        let command = Self::parse(text).filter(|command| !command.arguments.is_empty())?;
        let name = QUESTIONS.into_iter().find(|name| *name == command.name)?;
        let (_, words) = text.trim().split_once(char::is_whitespace)?;
        Some((name, words.trim()))
    }

    /// What a link to the bot asks for: `t.me/BOT?start=PAYLOAD` comes as `/start PAYLOAD`. The payload
    /// is the name of a command, and behind a `_` its argument, as in `claim_CODE`.
    pub(crate) fn linked(&self) -> Option<Self> {
        let payload = (self.name == "start").then_some(self.arguments.as_str())?;
        let (name, argument) = payload.split_once('_').unwrap_or((payload, ""));
        Self::parse(&format!("/{name} {argument}"))
    }

    /// Whether somebody wants to own the bot with it: `/claim CODE`, typed or by a link.
    pub(crate) fn is_claim(&self) -> bool {
        self.name == "claim" || self.linked().is_some_and(|linked| linked.name == "claim")
    }
}

/// Who may give a command, and where it works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Rights {
    pub(crate) who: Who,
    pub(crate) places: &'static [Place],
}

/// Who may give a command.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// Whoever may speak. It is carried out however old it is.
    Everybody,
    /// The Owner. Once it is old mail it is not carried out (design §2 "Old mail").
    Owner,
}

/// Where a command is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Private,
    Group,
    /// `svs-bot chat`.
    Terminal,
}

impl From<ChatKind> for Place {
    fn from(kind: ChatKind) -> Self {
        match kind {
            ChatKind::Private => Self::Private,
            ChatKind::Group => Self::Group,
        }
    }
}

impl Rights {
    /// Whether somebody of this role may give the command there.
    pub(crate) fn permit(self, role: Role, place: Place) -> bool {
        let may = match self.who {
            Who::Everybody => true,
            Who::Owner => role == Role::Owner,
        };
        may && self.places.contains(&place)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_command_is_a_name_in_any_case_and_its_arguments() {
        let cases = [
            ("/start", "start", ""),
            ("/start claim_abc", "start", "claim_abc"),
            ("/START@Some_Bot  x ", "start", "x"),
            ("/help", "help", ""),
            ("/Clear", "clear", ""),
            ("/stop@bot", "stop", ""),
            ("  /status now", "status", "now"),
            ("/grant 1 vip 30", "grant", "1 vip 30"),
            ("/grant\n1 vip", "grant", "1 vip"),
            ("/KEYS@bot  Retest ", "keys", "Retest"),
            ("/Foo bar", "foo", "bar"),
            ("/model_2", "model_2", ""),
        ];
        for (text, name, arguments) in cases {
            let expected = Command {
                name: name.to_owned(),
                arguments: arguments.to_owned(),
            };
            assert_eq!(Command::parse(text), Some(expected), "{text:?}");
        }
    }

    #[test]
    fn a_link_names_a_command_and_perhaps_its_argument() {
        for (typed, linked, is_claim) in [
            ("/start claim_k7m2", Some("/claim k7m2"), true),
            ("/start Claim_a_b", Some("/claim a_b"), true),
            ("/claim k7m2", None, true),
            ("/start keys", Some("/keys"), false),
            ("/start user_7", Some("/user 7"), false),
            ("/start", None, false),
            ("/start hello there", Some("/hello there"), false),
            ("/start _claim", None, false),
            ("/help claim_k7m2", None, false),
        ] {
            let command = Command::parse(typed).unwrap();
            assert_eq!(command.linked(), linked.and_then(Command::parse), "{typed}");
            assert_eq!(command.is_claim(), is_claim, "{typed}");
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
    fn a_command_is_permitted_to_whom_it_is_for_where_it_works() {
        let everybodys = Rights {
            who: Who::Everybody,
            places: &[Place::Private, Place::Group],
        };
        let owners = Rights {
            who: Who::Owner,
            places: &[Place::Private],
        };
        for role in Role::ALL {
            assert!(everybodys.permit(role, ChatKind::Private.into()));
            assert!(everybodys.permit(role, ChatKind::Group.into()));
            assert!(!everybodys.permit(role, Place::Terminal));
            let is_owner = role == Role::Owner;
            assert_eq!(owners.permit(role, ChatKind::Private.into()), is_owner);
            assert!(!owners.permit(role, ChatKind::Group.into()));
        }
    }

    proptest! {
        #[test]
        fn only_text_that_begins_with_a_slash_is_a_command(text in "\\PC*") {
            let slash = text.trim().starts_with('/');
            prop_assert!(slash || Command::parse(&text).is_none());
        }

        #[test]
        fn any_well_formed_name_is_a_command(name in "[A-Za-z0-9_]{1,32}", rest in "[a-z ]{0,20}") {
            let text = format!("/{name} {rest}");
            prop_assert_eq!(Command::parse(&text), Command::parse(&format!("/{name}@bot {rest}")));
            prop_assert!(Command::parse(&text).is_some());
        }
    }
}

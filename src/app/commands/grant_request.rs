//! What `/grant WHO ROLE [DAYS or DATE]` asks for. Pure.

use std::time::Duration;

use jiff::civil::Date;
use jiff::tz::TimeZone;

use crate::chat::Role;
use crate::clock::Timestamp;
use crate::people::person::Grant;

const DAY: Duration = Duration::from_hours(24);

/// Longest grant, in days.
const LONGEST: u32 = 3650;

/// What the arguments ask for. Who is meant by the words is another question (`who`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request<'a> {
    pub(super) who: &'a str,
    pub(super) role: Role,
    pub(super) term: Term,
}

/// How long a role is given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Term {
    ForEver,
    Days(u32),
    /// That day is the last.
    Until(Date),
}

/// What is wrong with the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mistake<'a> {
    /// Nobody and nothing.
    Usage,
    /// Somebody, and no role: they are to be looked at.
    NoRole {
        who: &'a str,
    },
    UnknownRole {
        given: &'a str,
    },
    /// Owners come from the settings only.
    OwnerRole,
    /// Neither a number of days within 1 to 3650 nor a date of the next ten years.
    BadTerm {
        given: &'a str,
    },
}

/// The role of that name, in either language and in any case.
pub(super) fn role(word: &str) -> Option<Role> {
    let word = word.strip_suffix("用户").unwrap_or(word);
    match word {
        "贵宾" => Some(Role::Vip),
        "高级" => Some(Role::Premium),
        "普通" => Some(Role::Normal),
        "访客" => Some(Role::Guest),
        "管理员" | "主人" => Some(Role::Owner),
        _ => Role::parse(word),
    }
}

/// Reads the arguments. A name may have several words, so they are read from their end.
pub(super) fn parse(arguments: &str) -> Result<Request<'_>, Mistake<'_>> {
    let arguments = arguments.trim();
    let Some((before, last)) = split_last(arguments) else {
        return Err(match arguments {
            "" => Mistake::Usage,
            word if role(word).is_some() => Mistake::Usage,
            who => Mistake::NoRole { who },
        });
    };
    if let Some(role) = role(last) {
        return request(before, role, Term::ForEver);
    }
    let Some((who, middle)) = split_last(before) else {
        return Err(match role(before) {
            // `/grant vip 30`, with nobody.
            Some(_) => Mistake::Usage,
            None if is_one_person(before) => Mistake::UnknownRole { given: last },
            None => Mistake::NoRole { who: arguments },
        });
    };
    match (role(middle), term(last)) {
        (Some(role), Some(term)) => request(who, role, term),
        (Some(_), None) => Err(Mistake::BadTerm { given: last }),
        (None, Some(_)) => Err(Mistake::UnknownRole { given: middle }),
        (None, None)
            if arguments
                .split_whitespace()
                .any(|word| role(word).is_some()) =>
        {
            Err(Mistake::Usage)
        }
        (None, None) if is_one_person(who) => Err(Mistake::UnknownRole { given: middle }),
        (None, None) => Err(Mistake::NoRole { who: arguments }),
    }
}

fn request(who: &str, role: Role, term: Term) -> Result<Request<'_>, Mistake<'_>> {
    match role {
        Role::Owner => Err(Mistake::OwnerRole),
        Role::Vip | Role::Premium | Role::Normal | Role::Guest => Ok(Request { who, role, term }),
    }
}

/// The last word, and what stands before it.
fn split_last(words: &str) -> Option<(&str, &str)> {
    let (before, last) = words.rsplit_once(char::is_whitespace)?;
    Some((before.trim_end(), last))
}

/// Whether the first word alone says who is meant.
fn is_one_person(words: &str) -> bool {
    words.starts_with('@') || words.starts_with(|c: char| c.is_ascii_digit() || c == '-')
}

/// `30`, `7d`, `7天`, or a date such as `2027-01-31`.
fn term(word: &str) -> Option<Term> {
    if let Ok(date) = word.parse::<Date>() {
        return Some(Term::Until(date));
    }
    let digits = word.strip_suffix(['d', 'D', '天']).unwrap_or(word);
    let days = digits
        .parse()
        .ok()
        .filter(|days| (1..=LONGEST).contains(days));
    days.map(Term::Days)
}

impl Request<'_> {
    /// The command that asks the same for whoever is named so; short, however it was typed.
    pub(super) fn line(&self, who: &str) -> String {
        let role = self.role.name();
        match self.term {
            Term::ForEver => format!("/grant {who} {role}"),
            Term::Days(days) => format!("/grant {who} {role} {days}"),
            Term::Until(date) => format!("/grant {who} {role} {date}"),
        }
    }

    /// The grant from now on; none for a date that is over, or too far away.
    pub(super) fn grant(&self, now: Timestamp, zone: &TimeZone) -> Option<Grant> {
        let longest = now.after(DAY * LONGEST);
        let until = match self.term {
            Term::ForEver => None,
            Term::Days(days) => Some(now.after(DAY * days)),
            Term::Until(date) => {
                let end = date.tomorrow().ok()?.to_zoned(zone.clone()).ok()?;
                let end = u64::try_from(end.timestamp().as_millisecond()).ok()?;
                let end = Timestamp(end);
                if end <= now || end > longest {
                    return None;
                }
                Some(end)
            }
        };
        Some(Grant {
            role: self.role,
            until,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn asked(who: &str, role: Role, term: Term) -> Request<'_> {
        Request { who, role, term }
    }

    #[test]
    fn a_grant_names_somebody_a_role_and_perhaps_an_end() {
        let date = Term::Until("2027-01-31".parse().unwrap());
        for (text, expected) in [
            ("123 vip 30", asked("123", Role::Vip, Term::Days(30))),
            ("  123   VIP ", asked("123", Role::Vip, Term::ForEver)),
            (
                "@ann Premium 7d",
                asked("@ann", Role::Premium, Term::Days(7)),
            ),
            ("5 普通 7天", asked("5", Role::Normal, Term::Days(7))),
            ("5 普通用户", asked("5", Role::Normal, Term::ForEver)),
            ("王小明 贵宾 2027-01-31", asked("王小明", Role::Vip, date)),
            (
                "Ann  Lee guest 1",
                asked("Ann  Lee", Role::Guest, Term::Days(1)),
            ),
            (
                "-1001234 premium",
                asked("-1001234", Role::Premium, Term::ForEver),
            ),
            ("vip vip", asked("vip", Role::Vip, Term::ForEver)),
        ] {
            assert_eq!(parse(text), Ok(expected), "{text:?}");
        }
    }

    #[test]
    fn every_mistake_has_its_name() {
        for (text, expected) in [
            ("", Mistake::Usage),
            ("vip", Mistake::Usage),
            ("vip 30", Mistake::Usage),
            ("123 vip 3 more", Mistake::Usage),
            ("123", Mistake::NoRole { who: "123" }),
            ("@ann", Mistake::NoRole { who: "@ann" }),
            ("Ann Lee", Mistake::NoRole { who: "Ann Lee" }),
            ("Ann of Lee", Mistake::NoRole { who: "Ann of Lee" }),
            ("1 king", Mistake::UnknownRole { given: "king" }),
            ("1 king 30", Mistake::UnknownRole { given: "king" }),
            ("@ann king soon", Mistake::UnknownRole { given: "king" }),
            ("1 Owner", Mistake::OwnerRole),
            ("1 管理员", Mistake::OwnerRole),
            ("1 vip 0", Mistake::BadTerm { given: "0" }),
            ("1 vip 3651", Mistake::BadTerm { given: "3651" }),
            ("1 vip -3", Mistake::BadTerm { given: "-3" }),
            ("1 vip soon", Mistake::BadTerm { given: "soon" }),
            ("1 vip 31.1.2027", Mistake::BadTerm { given: "31.1.2027" }),
            (
                "1 vip 2027-02-30",
                Mistake::BadTerm {
                    given: "2027-02-30",
                },
            ),
        ] {
            assert_eq!(parse(text), Err(expected), "{text:?}");
        }
    }

    #[test]
    fn the_same_command_stands_behind_the_name_of_each_namesake() {
        let blanks = " ".repeat(99);
        for (arguments, expected) in [
            ("Ann vip 30", "/grant {} vip 30"),
            (" Ann Lee  guest ", "/grant {} guest"),
            (&*format!("Ann{blanks}贵宾 00000030d"), "/grant {} vip 30"),
            ("Ann premium 2027-01-31", "/grant {} premium 2027-01-31"),
        ] {
            let request = parse(arguments).unwrap();
            assert_eq!(request.line("{}"), expected);
        }
    }

    #[test]
    fn a_date_is_the_last_day_where_the_bot_is() {
        let zone = TimeZone::get("Asia/Shanghai").unwrap();
        let at = |text: &str| {
            let moment: jiff::Timestamp = text.parse().unwrap();
            Timestamp(u64::try_from(moment.as_millisecond()).unwrap())
        };
        let now = at("2026-11-29T12:00:00Z");
        let until = |term| {
            asked("5", Role::Vip, term)
                .grant(now, &zone)
                .map(|grant| grant.until)
        };
        let date = |text: &str| Term::Until(text.parse().unwrap());
        assert_eq!(
            until(date("2026-11-29")),
            Some(Some(at("2026-11-29T16:00:00Z")))
        );
        assert_eq!(
            until(date("2027-01-31")),
            Some(Some(at("2027-01-31T16:00:00Z")))
        );
        assert_eq!(until(date("2026-11-28")), None, "it is over");
        assert_eq!(until(date("2037-01-01")), None, "too far away");
        assert_eq!(until(date("9999-12-31")), None);
        assert_eq!(until(Term::Days(1)), Some(Some(at("2026-11-30T12:00:00Z"))));
        assert_eq!(until(Term::ForEver), Some(None));
    }

    proptest! {
        #[test]
        fn no_text_makes_an_owner_or_a_grant_without_somebody(text in "\\PC*") {
            if let Ok(request) = parse(&text) {
                prop_assert_ne!(request.role, Role::Owner);
                prop_assert!(!request.who.trim().is_empty());
            }
        }
    }
}

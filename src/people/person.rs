//! Who a person is to the bot: what is kept of them, and the role that a grant gives. Who may speak at
//! all is the gate's business. Pure. Invariant: only the list of owners makes an Owner, and never a
//! chat that speaks.

use std::time::Duration;

use crate::chat::{Enclosed, Language, MessageId, OtherNames, Role, Sender, TopicId, UserId};
use crate::clock::Timestamp;
use crate::people::knock::Knock;
use crate::people::preferences::Preferences;
use crate::render::defused;

/// A role somebody was given, until when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Grant {
    pub(crate) role: Role,
    pub(crate) until: Option<Timestamp>,
}

impl Grant {
    /// Whether its days are over.
    pub(crate) fn has_expired(self, now: Timestamp) -> bool {
        self.until.is_some_and(|until| until <= now)
    }

    /// The role it gives now: once expired, Normal at most (a grant never makes a stranger again;
    /// only `/revoke` does).
    pub(crate) fn role_at(self, now: Timestamp) -> Role {
        if self.has_expired(now) {
            self.role.at_most(Role::Normal)
        } else {
            self.role
        }
    }
}

/// What the registry keeps of a person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) name: String,
    pub(crate) other_names: OtherNames,
    pub(crate) language: Option<String>,
    pub(crate) grant: Option<Grant>,
    /// When an Owner banned them: they are not heard any more, whatever else stands here.
    pub(crate) banned: Option<Timestamp>,
    pub(crate) first_seen: Timestamp,
    pub(crate) last_seen: Timestamp,
    /// How they asked to be let in, if they did and have no role yet.
    pub(crate) knock: Option<Knock>,
    /// When they were last told that they still have to wait, or are not let in.
    pub(crate) told: Option<Timestamp>,
    /// Of a group: when the bot last made to leave it.
    pub(crate) left: Option<Timestamp>,
    /// They have written to the bot in private, so that it may write to them.
    pub(crate) in_private: bool,
    /// False after Telegram said that we may not write to them.
    pub(crate) reachable: bool,
    /// A channel, as which somebody speaks in a group; all others with such ids are groups.
    pub(crate) is_channel: bool,
    /// The newest question that came when it was stale; a button has it answered all the same.
    pub(crate) held: Option<Held>,
    pub(crate) preferences: Preferences,
    /// The language they wrote in last, of those the bot speaks.
    pub(crate) writes: Option<Language>,
    /// When they last had all forgotten that was kept of them: a restored backup has to forget it
    /// again.
    pub(crate) forgotten: Option<Timestamp>,
    /// When a notice was last given here: in a group, that a message could not be read; to a
    /// person, that a stale message came which no button can answer.
    pub(crate) told_unread: Option<Timestamp>,
    /// When a VIP without a seat was told that they are served as Premium; none since they sat.
    pub(crate) told_unseated: Option<Timestamp>,
}

impl Person {
    /// Somebody new.
    pub(crate) fn new(sender: &Sender, now: Timestamp) -> Self {
        Self {
            name: sender.name.clone(),
            other_names: OtherNames::default(),
            language: sender.language.clone(),
            grant: None,
            banned: None,
            first_seen: now,
            last_seen: now,
            in_private: false,
            knock: None,
            told: None,
            left: None,
            reachable: true,
            is_channel: false,
            held: None,
            preferences: Preferences::default(),
            writes: None,
            forgotten: None,
            told_unread: None,
            told_unseated: None,
        }
    }

    /// What stays once they are forgotten: what they may do, and the name by which an Owner knows whom
    /// they gave it or took it from.
    pub(crate) fn forgotten_at(self, now: Timestamp) -> Self {
        let keeps_name = self.grant.is_some() || self.banned.is_some();
        let (name, other_names) = if keeps_name {
            (self.name, self.other_names)
        } else {
            (String::new(), OtherNames::default())
        };
        Self {
            name,
            other_names,
            held: None,
            knock: None,
            preferences: Preferences::default(),
            writes: None,
            forgotten: Some(now),
            ..self
        }
    }

    /// Somebody who has never written to the bot.
    pub(crate) fn unseen(now: Timestamp) -> Self {
        let nobody = Sender {
            id: UserId(0),
            name: String::new(),
            language: None,
            is_chat: false,
        };
        Self {
            last_seen: Timestamp(0),
            ..Self::new(&nobody, now)
        }
    }

    /// Whether they ever wrote to the bot.
    pub(crate) const fn was_seen(&self) -> bool {
        self.last_seen.0 > 0
    }

    /// First and last name on one line; empty where none is known.
    pub(crate) fn full_name(&self) -> String {
        let last = self.other_names.last_name.as_deref().unwrap_or_default();
        let words = self.name.split_whitespace().chain(last.split_whitespace());
        words.collect::<Vec<_>>().join(" ")
    }

    /// The same as it stands among other words: nothing in it is a link, a mention or a command.
    pub(crate) fn shown_name(&self) -> String {
        defused(&self.full_name())
    }

    /// Whether a row of this id is of a group, which the bot may be in.
    pub(crate) const fn is_group(&self, id: UserId) -> bool {
        id.0 < 0 && !self.is_channel
    }

    /// Whether the bot may write to this person: only to those who wrote to it first.
    pub(crate) fn may_be_written_to(&self) -> bool {
        self.in_private && self.reachable
    }

    /// Whether they ask to be let in, and could hear of it.
    pub(crate) fn waits(&self) -> bool {
        let is_undecided = self.grant.is_none() && self.banned.is_none();
        is_undecided && self.reachable && self.knock.as_ref().is_some_and(Knock::waits)
    }

    /// A group under both its ids, after it became a supergroup: what the newer row says, and what only
    /// the older one knows. A ban and a no to the group outlive the move.
    pub(crate) fn joined(self, newer: Self) -> Self {
        let was_denied = self.knock.as_ref().is_some_and(|knock| !knock.waits());
        let knock = if was_denied && newer.grant.is_none() {
            self.knock
        } else {
            newer.knock.or(self.knock)
        };
        Self {
            name: if newer.name.is_empty() {
                self.name
            } else {
                newer.name
            },
            language: newer.language.or(self.language),
            grant: newer.grant.or(self.grant),
            banned: newer.banned.or(self.banned),
            knock,
            told: newer.told.max(self.told),
            left: newer.left.max(self.left),
            first_seen: newer.first_seen.min(self.first_seen),
            last_seen: newer.last_seen.max(self.last_seen),
            told_unread: newer.told_unread.max(self.told_unread),
            ..newer
        }
    }

    /// Whether nothing of them is to be kept any longer: no Owner let them in or banned them, and nothing
    /// was heard of them since, not even that they want to be forgotten.
    pub(crate) fn is_over(&self, since: Timestamp) -> bool {
        let heard = self.first_seen.max(self.last_seen);
        let heard = heard.max(self.forgotten.unwrap_or_default());
        self.grant.is_none() && self.banned.is_none() && heard < since
    }

    /// What is stored of them, with what the door noticed since it read it: commands may have changed
    /// the rest in the meantime.
    pub(crate) fn noticed(self, at_door: &Self) -> Self {
        if self.forgotten != at_door.forgotten {
            // What the door had read of them is forgotten since.
            return Self {
                last_seen: at_door.last_seen,
                ..self
            };
        }
        let Self {
            grant,
            banned,
            first_seen,
            preferences,
            forgotten,
            knock,
            told,
            ..
        } = self;
        Self {
            grant,
            banned,
            first_seen,
            preferences,
            forgotten,
            knock,
            told: told.max(at_door.told),
            ..at_door.clone()
        }
    }
}

/// A stale question in private, kept for the button that has it answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) message: MessageId,
    pub(crate) topic: Option<TopicId>,
    pub(crate) text: String,
    pub(crate) quote: Option<String>,
    pub(crate) enclosed: Vec<Enclosed>,
    pub(crate) sent: Timestamp,
    /// When the person was told of it; further ones of the same outage take its place without a
    /// notice.
    pub(crate) told: Timestamp,
}

impl Held {
    /// How long it is kept for whoever does not press the button.
    pub(crate) const KEPT: Duration = Duration::from_hours(24 * 7);
}

/// How the Owner reads of somebody: by name, if one is known, and by id.
pub(crate) fn label(id: UserId, person: Option<&Person>) -> String {
    match person.map(Person::shown_name) {
        Some(name) if !name.is_empty() => format!("{name} ({id})"),
        Some(_) | None => id.to_string(),
    }
}

/// The role of somebody on their own, without the chat they write in; `None` for a stranger.
pub(crate) fn role_of(
    sender: &Sender,
    owners: &[UserId],
    grant: Option<Grant>,
    now: Timestamp,
) -> Option<Role> {
    let granted = grant.map(|grant| grant.role_at(now));
    if sender.is_chat {
        return granted.map(|role| role.at_most(Role::Premium));
    }
    if owners.contains(&sender.id) {
        return Some(Role::Owner);
    }
    granted.map(|role| role.at_most(Role::Vip))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::people::knock::Stage;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn sender(id: i64) -> Sender {
        Sender {
            id: UserId(id),
            name: "Anna".to_owned(),
            language: None,
            is_chat: false,
        }
    }

    #[test]
    fn a_role_comes_from_the_owners_list_or_from_a_grant() {
        let grant = |role, until: Option<u64>| {
            let until = until.map(Timestamp);
            Some(Grant { role, until })
        };
        let cases = [
            (1, None, Some(Role::Owner)),
            (1, grant(Role::Guest, None), Some(Role::Owner)),
            (2, None, None),
            (2, grant(Role::Vip, None), Some(Role::Vip)),
            (2, grant(Role::Vip, Some(NOW.0 + 1)), Some(Role::Vip)),
            (2, grant(Role::Vip, Some(NOW.0)), Some(Role::Normal)),
            (2, grant(Role::Guest, Some(1)), Some(Role::Guest)),
            (2, grant(Role::Owner, None), Some(Role::Vip)),
        ];
        for (id, grant, expected) in cases {
            assert_eq!(
                role_of(&sender(id), &[UserId(1)], grant, NOW),
                expected,
                "{id} {grant:?}"
            );
        }
    }

    #[test]
    fn a_group_keeps_its_ban_and_the_no_to_it_when_its_id_changes() {
        let denied = Knock {
            stage: Stage::Denied,
            ..Knock::new(NOW, "Ann")
        };
        let old = Person {
            banned: Some(NOW),
            knock: Some(denied.clone()),
            ..Person::new(&sender(-5), NOW)
        };
        let newer = Person {
            name: String::new(),
            knock: Some(Knock::new(NOW, "Bob")),
            ..Person::new(&sender(-1005), Timestamp(NOW.0 + 5))
        };
        let group = old.clone().joined(newer.clone());
        assert_eq!((group.banned, group.knock), (Some(NOW), Some(denied)));
        assert_eq!((&*group.name, group.first_seen), ("Anna", NOW));
        // What an Owner has decided of the new one since is newer.
        let granted = Person {
            grant: Some(Grant {
                role: Role::Normal,
                until: None,
            }),
            knock: None,
            ..newer
        };
        let group = Person {
            banned: None,
            ..old
        }
        .joined(granted.clone());
        assert_eq!((group.grant, group.banned), (granted.grant, None));
    }

    #[test]
    fn somebody_is_called_by_name_and_id_on_one_line() {
        for (name, called) in [
            ("Anna", "Anna (7)"),
            (" An\n na ", "An na (7)"),
            ("", "7"),
            (" \n", "7"),
        ] {
            let sender = Sender {
                name: name.to_owned(),
                ..sender(7)
            };
            let person = Person::new(&sender, NOW);
            assert_eq!(label(UserId(7), Some(&person)), called, "{name:?}");
        }
        assert_eq!(label(UserId(-7), None), "-7");
    }

    #[test]
    fn a_chat_that_speaks_is_never_owner_and_premium_at_most() {
        let chat = Sender {
            is_chat: true,
            ..sender(-100)
        };
        let vip = Some(Grant {
            role: Role::Vip,
            until: None,
        });
        assert_eq!(role_of(&chat, &[UserId(-100)], None, NOW), None);
        assert_eq!(
            role_of(&chat, &[UserId(-100)], vip, NOW),
            Some(Role::Premium)
        );
    }
}

//! Alerts: what the Owners are told without asking (design §3). Pure. What is the matter is read off
//! the bot anew at every look ([`Trouble`]); what of it was told to whom, in which message, is kept
//! ([`Alerts`]), so that the next life of the bot goes on in the same messages. The words are the
//! locale's.
//!
//! Invariants: a cause has one alert, and of that each Owner one message, which is changed as the cause
//! changes; nothing is told twice, and what comes back soon is no new alert.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::chat::answer::Obstacle;
use crate::chat::{MessageId, OutboxId, UserId};
use crate::clock::Timestamp;
use crate::keys::{Death, Group, Unusable};

/// What comes back within this time goes on in the message it had.
const COMES_BACK: Duration = Duration::from_mins(10);
/// A model may be overloaded so long before it counts as out.
const OVERLOADED_FOR: Duration = Duration::from_mins(10);
/// Keys that failed together may answer again so soon.
const UNUSABLE_FOR: Duration = Duration::from_mins(1);

/// Something that an Owner has to see to, as it is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Keys that are refused for good.
    DeadKeys(Vec<DeadKey>),
    /// None of a group's keys can be used before long.
    Unusable(Unusable),
    /// The model has been overloaded for long.
    Overloaded { model: String },
    /// The model is not found.
    Missing { model: String },
    /// Pages come instead of answers.
    Blocked,
    /// Free keys are not served where we are.
    Unserved,
    /// There is no Gemini API at the address.
    Endpoint,
    /// The month's spending cap of keys with these names is reached.
    SpendingCap { keys: Vec<String> },
    /// Much of the day's money for paid keys is spent, or all; the whole in millionths of a dollar.
    Money { is_spent: bool, daily: u64 },
    /// Another process polls with our token.
    SecondPoller,
    /// There is no room for the data file.
    DiskFull,
    /// The data file cannot be written.
    DiskFailing,
    /// Of the data file's disk this much is free, in percent.
    DiskLow { percent: u8 },
    /// The data file was removed while it was open.
    PutBack,
    /// The machine's clock is so far off.
    Clock { off: Duration },
    /// The oldest question that nothing but a free place keeps waiting has waited so long.
    Queue { waited: Duration },
    /// The bot died so often of late, and was started again.
    Crashed { times: u8 },
}

/// A key that is refused for good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DeadKey {
    /// How people know it.
    pub(crate) name: String,
    pub(crate) death: Death,
    /// The settings it stands in.
    pub(crate) groups: Vec<Option<Group>>,
}

/// Where a setting stands, or is to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// A file, by its path.
    File(String),
    Dotenv,
    /// A credential of the systemd unit.
    Credential,
    Environment,
    /// It is not set, and no file was read.
    Nowhere,
}

/// Where the settings stand that an alert may speak of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Places {
    /// The setting with the keys for everybody.
    pub(crate) ungrouped: &'static str,
    /// One for each of [`Places::NAMES`].
    pub(crate) sources: Vec<(&'static str, Source)>,
}

impl Places {
    pub(crate) const NAMES: [&'static str; 12] = [
        "GROUP_A_KEYS",
        "GROUP_B_KEYS",
        "GROUP_C_KEYS",
        "GROUP_D_KEYS",
        "GEMINI_API_KEY",
        "GEMINI_API_KEYS",
        "GEMINI_PROXY",
        "GEMINI_API_URL",
        "PAID_DAILY_USD",
        "TELEGRAM_BOT_TOKEN",
        "DATA_FILE",
        "MAX_IN_FLIGHT",
    ];

    /// The setting with the keys of a group.
    pub(crate) const fn keys_of(&self, group: Option<Group>) -> &'static str {
        match group {
            Some(Group::A) => "GROUP_A_KEYS",
            Some(Group::B) => "GROUP_B_KEYS",
            Some(Group::C) => "GROUP_C_KEYS",
            Some(Group::D) => "GROUP_D_KEYS",
            None => self.ungrouped,
        }
    }

    pub(crate) fn source_of(&self, name: &str) -> &Source {
        let mut known = self.sources.iter();
        let source = known.find(|(known, _)| *known == name);
        source.map_or(&Source::Nowhere, |(_, source)| source)
    }
}

impl Trouble {
    /// What tells this cause from others.
    pub(crate) fn cause(&self) -> String {
        match self {
            Self::DeadKeys(_) => "dead keys".to_owned(),
            Self::Unusable(Unusable { group, .. }) => match group {
                Some(group) => format!("unusable keys of {group:?}"),
                None => "unusable keys".to_owned(),
            },
            Self::Overloaded { model } => format!("overloaded {model}"),
            Self::Missing { model } => format!("missing {model}"),
            Self::Blocked => "pages instead of answers".to_owned(),
            Self::Unserved => "region".to_owned(),
            Self::Endpoint => "endpoint".to_owned(),
            Self::SpendingCap { .. } => "spending cap".to_owned(),
            Self::Money { .. } => "money".to_owned(),
            Self::SecondPoller => "second poller".to_owned(),
            Self::DiskFull | Self::DiskFailing => "disk".to_owned(),
            Self::DiskLow { .. } => "disk low".to_owned(),
            Self::PutBack => "put back".to_owned(),
            Self::Clock { .. } => "clock".to_owned(),
            Self::Queue { .. } => "queue".to_owned(),
            Self::Crashed { .. } => "crash".to_owned(),
        }
    }

    /// How long it has to last before it is told.
    fn patience(&self) -> Duration {
        match self {
            Self::Overloaded { .. } => OVERLOADED_FOR,
            Self::Unusable(keys) if keys.blacklisted + keys.spent > 0 => UNUSABLE_FOR,
            Self::DeadKeys(_)
            | Self::Unusable(_)
            | Self::Missing { .. }
            | Self::Blocked
            | Self::Unserved
            | Self::Endpoint
            | Self::SpendingCap { .. }
            | Self::Money { .. }
            | Self::SecondPoller
            | Self::DiskFull
            | Self::DiskFailing
            | Self::DiskLow { .. }
            | Self::PutBack
            | Self::Clock { .. }
            | Self::Queue { .. }
            | Self::Crashed { .. } => Duration::ZERO,
        }
    }

    /// Why people get no answer, where this is the reason.
    pub(crate) const fn keeps_from_answering(&self) -> Option<Obstacle> {
        match self {
            Self::DeadKeys(_) | Self::Unusable(_) => Some(Obstacle::Keys),
            Self::Endpoint => Some(Obstacle::Endpoint),
            Self::Unserved => Some(Obstacle::Region),
            Self::Overloaded { .. }
            | Self::Missing { .. }
            | Self::Blocked
            | Self::SpendingCap { .. }
            | Self::Money { .. }
            | Self::SecondPoller
            | Self::DiskFull
            | Self::DiskFailing
            | Self::DiskLow { .. }
            | Self::PutBack
            | Self::Clock { .. }
            | Self::Queue { .. }
            | Self::Crashed { .. } => None,
        }
    }
}

/// Since when each cause is seen that is not told yet.
#[derive(Debug, Default)]
pub(crate) struct Seen(BTreeMap<String, Timestamp>);

impl Seen {
    /// What has lasted long enough to be told, or is told already; `now` is of a clock that is never
    /// set.
    pub(crate) fn ripe(
        &mut self,
        found: Vec<Trouble>,
        is_told: impl Fn(&str) -> bool,
        now: Timestamp,
    ) -> Vec<Trouble> {
        let seen = std::mem::take(&mut self.0);
        let mut ripe = Vec::new();
        for trouble in found {
            let cause = trouble.cause();
            let since = seen.get(&cause).copied().unwrap_or(now);
            if is_told(&cause) || now.since(since) >= trouble.patience() {
                ripe.push(trouble);
            }
            self.0.insert(cause, since);
        }
        ripe
    }
}

/// What the Owners were told, as it is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Alerts {
    pub(crate) all: Vec<Alert>,
    /// Owners who want to hear of nothing new.
    pub(crate) muted: Vec<UserId>,
}

/// One cause that was told of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Alert {
    pub(crate) cause: String,
    pub(crate) since: Timestamp,
    /// When it was over; `None`: it lasts.
    pub(crate) ended: Option<Timestamp>,
    pub(crate) copies: Vec<Told>,
}

/// The message of one Owner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Told {
    pub(crate) owner: UserId,
    /// Once Telegram has acknowledged it.
    pub(crate) message: Option<MessageId>,
    /// The row that makes or changes it, until that is acknowledged.
    pub(crate) row: Option<OutboxId>,
    /// What is the matter, in the Owner's language.
    pub(crate) trouble: String,
    /// The whole text, as it was sent last or is to be.
    pub(crate) text: String,
}

/// How the message of an Owner comes to its text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// As a new message.
    New,
    /// In the row that waits to be sent.
    Row(OutboxId),
    Edit(MessageId),
}

impl Alerts {
    /// Takes what is the matter now, by its causes. What is not among them is over, unless it `may_end`
    /// only later: a bot that has just begun has not seen everything yet.
    pub(crate) fn take(&mut self, causes: &[String], may_end: bool, now: Timestamp) {
        for cause in causes {
            match self.all.iter_mut().find(|alert| alert.cause == *cause) {
                Some(alert) => alert.ended = None,
                None => self.all.push(Alert {
                    cause: cause.clone(),
                    since: now,
                    ended: None,
                    copies: Vec::new(),
                }),
            }
        }
        if may_end {
            let over = self.all.iter_mut().filter(|it| !causes.contains(&it.cause));
            for alert in over {
                alert.ended.get_or_insert(now);
            }
        }
        self.all.retain(|alert| {
            alert
                .ended
                .is_none_or(|ended| now.is_within(COMES_BACK, ended))
        });
    }

    /// Those that last.
    pub(crate) fn lasting(&self) -> impl Iterator<Item = &Alert> {
        self.all.iter().filter(|alert| alert.ended.is_none())
    }

    /// Whether one of these Owners has read of a cause that lasts.
    pub(crate) fn is_read(&self, cause: &str, owners: &[UserId]) -> bool {
        let mut of_cause = self.lasting().filter(|alert| alert.cause == cause);
        of_cause.any(|alert| {
            let mut read = alert.copies.iter().filter(|copy| copy.message.is_some());
            read.any(|copy| owners.contains(&copy.owner))
        })
    }

    pub(crate) fn wants_none(&self, owner: UserId) -> bool {
        self.muted.contains(&owner)
    }

    /// Whether an Owner hears of what is new from now on.
    pub(crate) fn mute(&mut self, owner: UserId, is_muted: bool) {
        self.muted.retain(|other| *other != owner);
        self.muted.extend(is_muted.then_some(owner));
    }

    /// A row was sent with this text, as this message where that is known; whether it was an alert.
    pub(crate) fn acknowledge(
        &mut self,
        row: OutboxId,
        message: Option<MessageId>,
        text: &str,
    ) -> bool {
        let mut copies = self.all.iter_mut().flat_map(|alert| &mut alert.copies);
        let copy = copies.find(|copy| copy.row == Some(row));
        if let Some(copy) = copy {
            copy.row = None;
            copy.message = message.or(copy.message);
            text.clone_into(&mut copy.text);
            true
        } else {
            false
        }
    }
}

impl Alert {
    /// How long it has lasted, or did.
    pub(crate) fn length(&self, now: Timestamp) -> Duration {
        self.ended.unwrap_or(now).since(self.since)
    }

    /// How the message of an Owner comes to say this; `None`: it does already.
    pub(crate) fn way(&self, owner: UserId, text: &str) -> Option<Way> {
        match self.copies.iter().find(|copy| copy.owner == owner) {
            Some(copy) if copy.text == text => None,
            Some(copy) => Some(match (copy.row, copy.message) {
                (Some(row), _) => Way::Row(row),
                (None, Some(message)) => Way::Edit(message),
                (None, None) => Way::New,
            }),
            None => Some(Way::New),
        }
    }

    /// This is on its way to an Owner in that row; in none where it is only kept.
    pub(crate) fn tell(&mut self, owner: UserId, row: Option<OutboxId>, trouble: &str, text: &str) {
        let message = self.copy_of(owner).and_then(|copy| copy.message);
        self.copies.retain(|copy| copy.owner != owner);
        self.copies.push(Told {
            owner,
            message,
            row,
            trouble: trouble.to_owned(),
            text: text.to_owned(),
        });
    }

    pub(crate) fn copy_of(&self, owner: UserId) -> Option<&Told> {
        self.copies.iter().find(|copy| copy.owner == owner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);
    const OWNER: UserId = UserId(1);
    const SECOND: Duration = Duration::from_secs(1);

    fn causes(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn lasting(alerts: &Alerts) -> Vec<&str> {
        alerts.lasting().map(|it| it.cause.as_str()).collect()
    }

    #[test]
    fn an_alert_lasts_as_long_as_its_cause_and_is_kept_for_a_while_after() {
        let mut alerts = Alerts::default();
        alerts.take(&causes(&["a", "b"]), true, NOW);
        alerts.take(&causes(&["b"]), false, NOW.after(SECOND));
        assert_eq!(lasting(&alerts), ["a", "b"], "nothing ends yet");
        alerts.take(&causes(&["b"]), true, NOW.after(SECOND * 2));
        assert_eq!(lasting(&alerts), ["b"]);
        let later = NOW.after(SECOND * 100);
        assert_eq!(alerts.all[0].length(later), SECOND * 2);
        assert_eq!(alerts.all[1].length(later), SECOND * 100);
        alerts.take(&causes(&["b"]), true, NOW.after(SECOND).after(COMES_BACK));
        assert_eq!(alerts.all.len(), 2);
        alerts.take(
            &causes(&["b"]),
            true,
            NOW.after(SECOND * 2).after(COMES_BACK),
        );
        assert_eq!(alerts.all.len(), 1);
    }

    #[test]
    fn what_comes_back_soon_goes_on_as_if_it_had_lasted_and_later_begins_anew() {
        for (pause, since) in [
            (COMES_BACK.saturating_sub(SECOND), NOW),
            (COMES_BACK, NOW.after(COMES_BACK)),
        ] {
            let mut alerts = Alerts::default();
            alerts.take(&causes(&["a"]), true, NOW);
            alerts.all[0].tell(OWNER, Some(OutboxId(1)), "t", "t");
            alerts.acknowledge(OutboxId(1), Some(MessageId(9)), "t");
            alerts.take(&[], true, NOW);
            alerts.take(&[], true, NOW.after(pause));
            alerts.take(&causes(&["a"]), true, NOW.after(pause));
            assert_eq!(lasting(&alerts), ["a"]);
            assert_eq!(alerts.all[0].since, since);
            let is_same = since == NOW;
            let way = if is_same {
                Way::Edit(MessageId(9))
            } else {
                Way::New
            };
            assert_eq!(alerts.all[0].way(OWNER, "again"), Some(way));
        }
    }

    #[test]
    fn a_text_is_sent_then_replaced_in_its_row_and_then_changed_in_its_message() {
        let mut alerts = Alerts::default();
        alerts.take(&causes(&["a"]), true, NOW);
        let way = |alerts: &Alerts, text| alerts.all[0].way(OWNER, text);
        assert_eq!(way(&alerts, "one"), Some(Way::New));
        alerts.all[0].tell(OWNER, Some(OutboxId(1)), "one", "one");
        assert_eq!(way(&alerts, "one"), None);
        assert_eq!(way(&alerts, "two"), Some(Way::Row(OutboxId(1))));
        alerts.all[0].tell(OWNER, Some(OutboxId(1)), "two", "two");
        assert!(!alerts.is_read("a", &[OWNER]));
        // It had been read for sending before it was replaced.
        alerts.acknowledge(OutboxId(1), Some(MessageId(5)), "one");
        assert!(alerts.is_read("a", &[OWNER]));
        assert!(!alerts.is_read("a", &[UserId(2)]) && !alerts.is_read("b", &[OWNER]));
        assert_eq!(way(&alerts, "two"), Some(Way::Edit(MessageId(5))));
        alerts.all[0].tell(OWNER, Some(OutboxId(2)), "two", "two");
        alerts.acknowledge(OutboxId(2), None, "two");
        assert_eq!(way(&alerts, "two"), None);
        assert_eq!(way(&alerts, "three"), Some(Way::Edit(MessageId(5))));
        assert_eq!(alerts.all[0].way(UserId(2), "two"), Some(Way::New));
    }

    #[test]
    fn what_has_to_last_is_told_once_it_has_and_what_is_told_already_goes_on() {
        let overloaded = || Trouble::Overloaded {
            model: "pro".to_owned(),
        };
        let nobody = |_: &str| false;
        let mut seen = Seen::default();
        let both = || vec![overloaded(), Trouble::Endpoint];
        assert_eq!(seen.ripe(both(), nobody, NOW), [Trouble::Endpoint]);
        let almost = NOW.after(OVERLOADED_FOR).before(SECOND);
        assert_eq!(seen.ripe(both(), nobody, almost), [Trouble::Endpoint]);
        let due = NOW.after(OVERLOADED_FOR);
        assert_eq!(seen.ripe(both(), nobody, due), both());
        // It was away for a moment.
        assert_eq!(seen.ripe(Vec::new(), nobody, due), []);
        assert_eq!(seen.ripe(vec![overloaded()], nobody, due), []);
        assert_eq!(seen.ripe(vec![overloaded()], |_| true, due), [overloaded()]);
    }

    #[test]
    fn an_owner_turns_alerts_off_and_on() {
        let mut alerts = Alerts::default();
        for is_muted in [true, true, false, false] {
            alerts.mute(OWNER, is_muted);
            assert_eq!(alerts.wants_none(OWNER), is_muted);
            assert!(alerts.muted.len() <= 1);
        }
    }
}

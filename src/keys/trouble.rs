//! What is the matter with the keys, as their Owner has to know it: read off what is known at one
//! moment, so that a restart finds the same. Pure. Invariant: what passes by itself within minutes is
//! no trouble.

use std::collections::BTreeMap;
use std::time::Duration;

use super::effect::Death;
use super::health::{Cause, Health};
use super::report::Standing;
use super::roster::Member;
use super::settings::{Fingerprint, Group};
use super::view::View;
use super::wait::Why;

/// A model is out while its calls go on failing: one that nobody has asked for so long may be well.
const ASKED_LATELY: Duration = Duration::from_mins(3);
/// The Owner hears of the money of the day from this share on, in percent.
const MUCH_SPENT: u64 = 80;

/// Something that a person has to see to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Keys that are refused for good, in the order of the settings.
    Dead(Vec<(Fingerprint, Death)>),
    /// None of a group's keys can be used before long.
    Unusable(Unusable),
    /// The model is overloaded.
    Overloaded { model: String },
    /// The model is not found.
    Missing { model: String },
    /// Pages come instead of answers.
    Blocked,
    /// Free keys are not served where we are.
    Unserved,
    /// There is no Gemini API at the address.
    Endpoint,
    /// The month's spending cap of these keys is reached.
    SpendingCap(Vec<Fingerprint>),
    /// Much of the day's money is spent, or all that a call could be paid from.
    Money { is_spent: bool },
}

/// How the keys of a group are that has none left to use.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Unusable {
    /// `None`: keys for everybody.
    pub(crate) group: Option<Group>,
    /// Refused for good.
    pub(crate) dead: usize,
    /// Blacklisted.
    pub(crate) blacklisted: usize,
    /// Their day, month or money is spent.
    pub(crate) spent: usize,
}

/// What a key means for its group.
enum Use {
    Possible,
    Dead,
    Blacklisted,
    Spent,
}

impl View<'_> {
    /// All there is, each once.
    pub(super) fn troubles(&self, is_blocked: bool, is_unserved: bool) -> Vec<Trouble> {
        let mut found: Vec<Trouble> = self.dead().into_iter().collect();
        found.extend(self.unusable().into_iter().map(Trouble::Unusable));
        found.extend(self.models());
        let endpoint = self.registry.state.endpoint.health.cooling.cause.is_some();
        found.extend(endpoint.then_some(Trouble::Endpoint));
        found.extend(is_blocked.then_some(Trouble::Blocked));
        found.extend(is_unserved.then_some(Trouble::Unserved));
        found.extend(self.capped());
        found.extend(self.money());
        found
    }

    fn dead(&self) -> Option<Trouble> {
        let state = &self.registry.state;
        let death = |member: &Member| {
            let project = state.project(member.project).health.dead;
            let (death, _) = state.key(member.key).health.dead.or(project)?;
            Some((member.spec.fingerprint, death))
        };
        let dead: Vec<_> = self.registry.roster.each_key().filter_map(death).collect();
        (!dead.is_empty()).then_some(Trouble::Dead(dead))
    }

    fn unusable(&self) -> Vec<Unusable> {
        let mut groups: BTreeMap<Option<Group>, (Unusable, bool)> = BTreeMap::new();
        for member in self.registry.roster.each_key() {
            let means = self.means(member);
            for &group in &member.stands_in {
                let (found, is_usable) = groups.entry(group).or_default();
                found.group = group;
                match means {
                    Use::Possible => *is_usable = true,
                    Use::Dead => found.dead += 1,
                    Use::Blacklisted => found.blacklisted += 1,
                    Use::Spent => found.spent += 1,
                }
            }
        }
        let unusable = groups.into_values().filter(|(_, is_usable)| !is_usable);
        unusable.map(|(found, _)| found).collect()
    }

    fn means(&self, member: &Member) -> Use {
        match self.standing_of(member) {
            Standing::Available => Use::Possible,
            Standing::Dead { .. } => Use::Dead,
            Standing::Blacklisted { .. } => Use::Blacklisted,
            Standing::Waiting(wait) => match wait.why {
                Why::Day | Why::SpendingCap | Why::Money => Use::Spent,
                // It passes, or is about more than this key.
                Why::Slots
                | Why::Minute
                | Why::Cooldown
                | Why::Model
                | Why::Address
                | Why::Region
                | Why::Missing
                | Why::Endpoint
                | Why::Line
                | Why::Retries
                | Why::TooLarge { .. }
                | Why::Dead
                | Why::NoKeys => Use::Possible,
            },
        }
    }

    fn models(&self) -> Vec<Trouble> {
        let now = self.moment.now;
        let lately = |health: &Health| {
            let since = health.cooling.since;
            since.is_some_and(|since| now.is_within(ASKED_LATELY, since))
        };
        let mut found = Vec::new();
        for offer in &self.registry.roster.offers {
            let known = self.registry.state.model(offer.place);
            let model = offer.model.id.clone();
            if let Some(Cause::Missing { .. }) = known.missing.cooling.cause {
                found.push(Trouble::Missing { model });
            } else if known.health.breaker.needs_probe() && lately(&known.health) {
                found.push(Trouble::Overloaded { model });
            }
        }
        found
    }

    fn capped(&self) -> Option<Trouble> {
        let state = &self.registry.state;
        let is_capped = |member: &&Member| {
            let project = &state.project(member.project).health;
            project.cooling.cause == Some(Cause::SpendingCap)
        };
        let capped = self.registry.roster.each_key().filter(is_capped);
        let keys: Vec<_> = capped.map(|member| member.spec.fingerprint).collect();
        (!keys.is_empty()).then_some(Trouble::SpendingCap(keys))
    }

    fn money(&self) -> Option<Trouble> {
        let daily = self.registry.policy.paid_daily;
        let mut paid = self.registry.roster.each_key().filter(|it| it.spec.paid);
        let spent = self.spend.on(&self.moment.day);
        let is_much = spent.saturating_mul(100) >= daily.saturating_mul(MUCH_SPENT);
        let is_out = |member: &Member| match self.standing_of(member) {
            Standing::Waiting(wait) => wait.why == Why::Money,
            Standing::Available | Standing::Blacklisted { .. } | Standing::Dead { .. } => false,
        };
        let first = paid.next().filter(|_| daily > 0)?;
        let is_spent = spent >= daily || is_out(first) || paid.any(is_out);
        (is_spent || is_much).then_some(Trouble::Money { is_spent })
    }
}

//! How the keys are doing, for `/status`, `/keys`, tier choice and those who wait. Pure. Invariant:
//! every configured key is in exactly one state.

use serde::{Deserialize, Serialize};

use super::ask::Demand;
use super::effect::{Death, Effect};
use super::roster::{Member, Offer};
use super::settings::{Fingerprint, Group};
use super::view::View;
use super::wait::{Wait, Why};
use crate::catalog::{Kind, Tier};
use crate::clock::Timestamp;
use crate::tier::Day;

/// Less than this share of a tier's day is little (in percent).
const SCARCE: u64 = 25;

/// How many keys are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) total: usize,
    /// Some model can be asked with it now.
    pub(crate) available: usize,
    /// Waits for its minute, its day or the end of a cooldown.
    #[serde(rename = "resting")]
    pub(crate) waiting: usize,
    /// Too many strikes.
    pub(crate) blacklisted: usize,
    pub(crate) dead: usize,
    /// When the first of those that wait is back.
    pub(crate) next_wake: Option<Timestamp>,
}

/// The state of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Standing {
    Available,
    /// Waits, for what, and until when, where that is known.
    Waiting(Wait),
    /// Too many strikes.
    Blacklisted {
        until: Timestamp,
    },
    /// Refused for good; when it is looked at again.
    Dead {
        death: Death,
        retest: Option<Timestamp>,
    },
}

/// One line of `/keys`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct KeyReport {
    pub(crate) key: Fingerprint,
    /// What people see of it.
    pub(crate) label: String,
    pub(crate) group: Option<Group>,
    /// Further groups it stands in; `None`: for everybody.
    pub(crate) also_in: Vec<Option<Group>>,
    pub(crate) paid: bool,
    pub(crate) standing: Standing,
    /// Calls of the day, each model's up to its cap, and the cap, per tier; `None`: no cap.
    pub(crate) days: Vec<(Tier, u32, Option<u32>)>,
    /// What keeps it from being called with a model now.
    pub(crate) obstacles: Vec<(String, Wait)>,
    /// What its last call meant, and when that was.
    pub(crate) last: Option<(Effect, Timestamp)>,
}

/// The day of a group's keys, as its people share it: what only few calls are left of, those by
/// Flash and Pro models.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct GroupDay {
    /// The Pacific day.
    pub(crate) number: i32,
    /// Whose keys they are: the group's, or everybody's where it has none of its own.
    pub(crate) pot: Option<Group>,
    /// Never where some key has no daily limit.
    pub(crate) is_half_spent: bool,
}

impl View<'_> {
    /// Counts the configured keys.
    pub(super) fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for member in self.registry.roster.each_key() {
            let (count, wake) = match self.standing_of(member) {
                Standing::Available => (&mut tally.available, None),
                Standing::Waiting(wait) => (&mut tally.waiting, wait.until),
                Standing::Blacklisted { until } => (&mut tally.blacklisted, Some(until)),
                Standing::Dead { .. } => (&mut tally.dead, None),
            };
            *count += 1;
            tally.total += 1;
            tally.next_wake = [tally.next_wake, wake].into_iter().flatten().min();
        }
        tally
    }

    /// Each configured key, by group and label.
    pub(super) fn report(&self) -> Vec<KeyReport> {
        let line = |member: &Member| KeyReport {
            key: member.spec.fingerprint,
            label: member.spec.label.clone(),
            group: member.spec.group,
            also_in: member.stands_in.iter().skip(1).copied().collect(),
            paid: member.spec.paid,
            standing: self.standing_of(member),
            days: self.days(member),
            obstacles: self.obstacles(member),
            last: self.registry.state.key(member.key).last,
        };
        let mut lines: Vec<KeyReport> = self.registry.roster.each_key().map(line).collect();
        let place = |line: &KeyReport| (line.group.is_none(), line.group, natural(&line.label));
        lines.sort_by_cached_key(place);
        lines
    }

    /// What is left of the day of a kind of model for people of this group, in their own keys and those that lend;
    /// `None` when no living key offers it to them.
    pub(super) fn left(&self, kind: Kind, groups: &[Group]) -> Option<Day> {
        let (used, all) = self.spent(groups, |of| of == kind);
        (all > 0).then(|| match all - used {
            0 => Day::Gone,
            left if left * 100 <= all * SCARCE => Day::Scarce,
            _ => Day::Plenty,
        })
    }

    /// The day of a group's keys, as its people share it.
    pub(super) fn group_day(&self, group: Group) -> GroupDay {
        let mut members = self.registry.roster.members.iter();
        let has_own = members.any(|member| member.spec.group == Some(group));
        let (used, all) = self.spent(&[group], |kind| kind.tier() > Some(Tier::Lite));
        GroupDay {
            number: self.moment.day.number,
            pot: has_own.then_some(group),
            is_half_spent: all > 0 && used >= all.div_ceil(2),
        }
    }

    /// Calls of the day with models of these kinds, and the most there may be, over the living keys of
    /// these groups.
    fn spent(&self, groups: &[Group], is_meant: impl Fn(Kind) -> bool) -> (u64, u64) {
        let roster = &self.registry.roster;
        let demand = Demand {
            group: groups.first().copied(),
            ..Demand::LEAST
        };
        let (mut used, mut all) = (0_u64, 0_u64);
        for offer in roster.offers.iter().filter(|it| is_meant(it.model.kind)) {
            for member in roster.members.iter().filter(|it| it.is_for(groups)) {
                let standing = self.standing(member, offer, demand);
                let living = !matches!(standing, Err(Wait { until: None, .. }));
                if let Some(limits) = self.limits(member, offer, demand)
                    && living
                {
                    used += u64::from(self.used(member, offer).min(limits.day));
                    all += u64::from(limits.day);
                }
            }
        }
        (used, all)
    }

    /// Whether the key is dead or blacklisted.
    #[cfg(test)]
    pub(super) fn is_dead_or_blacklisted(&self, key: Fingerprint) -> bool {
        let member = self.registry.roster.member(key);
        member.is_some_and(|member| match self.standing_of(member) {
            Standing::Dead { .. } | Standing::Blacklisted { .. } => true,
            Standing::Available | Standing::Waiting(_) => false,
        })
    }

    pub(super) fn standing_of(&self, member: &Member) -> Standing {
        let registry = self.registry;
        let key = &registry.state.key(member.key).health;
        let project = &registry.state.project(member.project).health;
        let mut both = [key, project].into_iter();
        if let Some((death, health)) = both.find_map(|it| Some((it.dead?.0, it))) {
            let retest = health.cooling.until.filter(|_| death != Death::Leaked);
            return Standing::Dead { death, retest };
        }
        // Whoever is pardoned is half-open, not blacklisted.
        let listed = key.breaker.trips > 0
            && key.breaker.struck_out(&registry.policy)
            && !registry.pardoned.contains(&member.key);
        if let (true, Some(until)) = (listed, key.cooling.ends(self.moment.now)) {
            return Standing::Blacklisted { until };
        }
        let mut wait = Wait::never(Why::NoKeys);
        // Whether it answers is what people look for, not whether it could still speak.
        for offer in registry.roster.answering() {
            match self.standing(member, offer, Demand::LEAST) {
                Ok(_) => return Standing::Available,
                Err(obstacle) => wait = wait.sooner(obstacle),
            }
        }
        Standing::Waiting(wait)
    }

    fn days(&self, member: &Member) -> Vec<(Tier, u32, Option<u32>)> {
        let offers = &self.registry.roster.offers;
        let tiers = [Tier::Lite, Tier::Flash, Tier::Pro].into_iter();
        let day = |tier| {
            let mut sum: Option<(u32, Option<u32>)> = None;
            for offer in offers.iter().filter(|it| it.model.kind == Kind::Text(tier)) {
                let Some(limits) = self.limits(member, offer, Demand::LEAST) else {
                    continue;
                };
                let cap = (limits.day < u32::MAX).then_some(limits.day);
                let (before, caps) = sum.unwrap_or((0, Some(0)));
                let caps = caps.zip(cap).map(|(caps, cap)| caps.saturating_add(cap));
                // A count that was lost lies far above any cap.
                let used = self.used(member, offer).min(limits.day);
                sum = Some((before.saturating_add(used), caps));
            }
            sum.map(|(used, cap)| (tier, used, cap))
        };
        tiers.filter_map(day).collect()
    }

    /// Requests of the day.
    fn used(&self, member: &Member, offer: &Offer) -> u32 {
        let bucket = self.registry.state.bucket(member.target(offer.place));
        bucket.used(&self.moment.day)
    }

    fn obstacles(&self, member: &Member) -> Vec<(String, Wait)> {
        let obstacle = |offer: &Offer| {
            let wait = self.standing(member, offer, Demand::LEAST).err()?;
            (wait.why != Why::NoKeys).then(|| (offer.model.id.clone(), wait))
        };
        let offers = self.registry.roster.offers.iter();
        offers.filter_map(obstacle).collect()
    }
}

/// Sorts `A2` before `A10`.
fn natural(label: &str) -> (usize, String) {
    let name = label.split(' ').next().unwrap_or(label);
    (name.len(), name.to_owned())
}

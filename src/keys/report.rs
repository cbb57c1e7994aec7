//! How the keys are doing, for `/status`, `/keys`, tier choice and those who wait. Pure. Invariant:
//! every configured key is in exactly one state.

use serde::{Deserialize, Serialize};

use super::balance::{Use, serves};
use super::pool::Moment;
use super::roster::{Member, Offer};
use super::{Death, Effect, Fingerprint, Group, Pool, Wait, Why};
use crate::catalog::Tier;
use crate::clock::Timestamp;
use crate::tier::Day;

/// The smallest call there is.
const ANY: Use = Use {
    group: None,
    tokens: 0,
};

/// Less than this share of a tier's day is little (in percent).
const SCARCE: u64 = 25;

/// How many keys are in which state.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tally {
    pub(crate) total: usize,
    /// Some model can be asked with it now.
    pub(crate) available: usize,
    /// Waits for its minute, its day or the end of a rest.
    pub(crate) resting: usize,
    /// Waits after too many strikes.
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
    Resting(Wait),
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
    /// Calls of the day and its cap, per tier; `None`: no cap.
    pub(crate) days: Vec<(Tier, u32, Option<u32>)>,
    /// What keeps it from being called with a model now.
    pub(crate) obstacles: Vec<(String, Wait)>,
    /// What its last call meant, and when that was.
    pub(crate) last: Option<(Effect, Timestamp)>,
}

impl Pool {
    /// Counts the configured keys.
    pub(crate) fn count(&mut self, now: Timestamp) -> Tally {
        let moment = self.notice(now);
        let mut tally = Tally {
            total: self.roster_len(),
            ..Tally::default()
        };
        for member in self.each_key() {
            let (count, wake) = match self.standing_of(member, moment) {
                Standing::Available => (&mut tally.available, None),
                Standing::Resting(wait) => (&mut tally.resting, wait.until),
                Standing::Blacklisted { until } => (&mut tally.blacklisted, Some(until)),
                Standing::Dead { .. } => (&mut tally.dead, None),
            };
            *count += 1;
            tally.next_wake = [tally.next_wake, wake].into_iter().flatten().min();
        }
        tally
    }

    /// Each configured key, by group and label.
    pub(crate) fn report(&mut self, now: Timestamp) -> Vec<KeyReport> {
        let moment = self.notice(now);
        let line = |member: &Member| KeyReport {
            key: member.spec.fingerprint,
            label: member.spec.label.clone(),
            group: member.spec.group,
            also_in: member.stands_in.iter().skip(1).copied().collect(),
            paid: member.spec.paid,
            standing: self.standing_of(member, moment),
            days: self.days(member, moment),
            obstacles: self.obstacles(member, moment),
            last: self.state.key(member.key).last,
        };
        let mut lines: Vec<KeyReport> = self.each_key().map(line).collect();
        let place = |line: &KeyReport| (line.group.is_none(), line.group, natural(&line.label));
        lines.sort_by_cached_key(place);
        lines
    }

    /// What is left of a tier's day for people of this group, in their own keys and those that lend;
    /// `None` when no living key offers it to them.
    pub(crate) fn left(&mut self, tier: Tier, groups: &[Group], now: Timestamp) -> Option<Day> {
        let moment = self.notice(now);
        let errand = Use {
            group: groups.first().copied(),
            tokens: 0,
        };
        let (mut used, mut all) = (0_u64, 0_u64);
        for offer in self.offers.iter().filter(|it| it.model.tier == tier) {
            for member in &self.roster {
                let spec = &member.spec;
                let reached = member.is_nearest(groups) && serves(spec, groups);
                let living = !matches!(
                    self.standing(member, offer, errand, moment),
                    Err(Wait { until: None, .. })
                );
                if let Some(limits) = self.limits(member, offer, errand.group)
                    && reached
                    && living
                {
                    let spent = self
                        .state
                        .bucket(member.seat(offer.place))
                        .used(&moment.day);
                    used += u64::from(spent.min(limits.day));
                    all += u64::from(limits.day);
                }
            }
        }
        (all > 0).then(|| match all - used {
            0 => Day::Gone,
            left if left * 100 <= all * SCARCE => Day::Scarce,
            _ => Day::Plenty,
        })
    }

    /// Whether the key is dead or blacklisted.
    #[cfg(test)]
    pub(crate) fn is_put_away(&self, key: &Fingerprint, now: Timestamp) -> bool {
        let moment = Moment {
            now,
            day: super::pacific::day_of(now),
        };
        let member = self.roster.iter().find(|it| it.spec.fingerprint == *key);
        member.is_some_and(|member| match self.standing_of(member, moment) {
            Standing::Dead { .. } | Standing::Blacklisted { .. } => true,
            Standing::Available | Standing::Resting(_) => false,
        })
    }

    fn standing_of(&self, member: &Member, moment: Moment) -> Standing {
        let key = &self.state.key(member.key).health;
        let project = &self.state.project(member.seat(0).project).health;
        let grave = [key, project]
            .into_iter()
            .find_map(|it| Some((it.dead?.0, it)));
        if let Some((death, health)) = grave {
            let retest = health.rests_until.filter(|_| death != Death::Leaked);
            return Standing::Dead { death, retest };
        }
        // Whoever is pardoned is on trial, not away.
        let listed =
            key.trips > 0 && key.struck_out(&self.policy) && !self.amnesty.contains(&member.key);
        if let (true, Some(until)) = (listed, key.resting(moment.now)) {
            return Standing::Blacklisted { until };
        }
        let mut wait = Wait::never(Why::NoKeys);
        for offer in &self.offers {
            match self.standing(member, offer, ANY, moment) {
                Ok(_) => return Standing::Available,
                Err(obstacle) => wait = wait.sooner(obstacle),
            }
        }
        Standing::Resting(wait)
    }

    fn days(&self, member: &Member, moment: Moment) -> Vec<(Tier, u32, Option<u32>)> {
        let tiers = [Tier::Lite, Tier::Flash, Tier::Pro].into_iter();
        let day = |tier| {
            let mut sum: Option<(u32, Option<u32>)> = None;
            for offer in self.offers.iter().filter(|it| it.model.tier == tier) {
                let Some(limits) = self.limits(member, offer, None) else {
                    continue;
                };
                let used = self
                    .state
                    .bucket(member.seat(offer.place))
                    .used(&moment.day);
                let cap = (limits.day < u32::MAX).then_some(limits.day);
                let (before, caps) = sum.unwrap_or((0, Some(0)));
                let caps = caps.zip(cap).map(|(caps, cap)| caps.saturating_add(cap));
                sum = Some((before.saturating_add(used), caps));
            }
            sum.map(|(used, cap)| (tier, used, cap))
        };
        tiers.filter_map(day).collect()
    }

    fn obstacles(&self, member: &Member, moment: Moment) -> Vec<(String, Wait)> {
        let obstacle = |offer: &Offer| {
            let wait = self.standing(member, offer, ANY, moment).err()?;
            (wait.why != Why::NoKeys).then(|| (offer.model.id.clone(), wait))
        };
        self.offers.iter().filter_map(obstacle).collect()
    }
}

/// Sorts `A2` before `A10`.
fn natural(label: &str) -> (usize, String) {
    let name = label.split(' ').next().unwrap_or(label);
    (name.len(), name.to_owned())
}

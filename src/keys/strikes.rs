//! Which failures count against a key, and when it is put away for them (design §4, "what is a
//! strike"). Pure. Invariants: what several projects meet alike within ten seconds is no key's
//! fault, and of the living keys, and of those of each group, no more than half are kept away by
//! strikes.

use std::collections::{HashMap, HashSet};

use super::alike::{self, Alike, Kind, Reach};
use super::breaker::{self, STORM};
use super::lease::Suspect;
use super::roster::Member;
use super::voices::Voices;
use super::{Change, Group, Health, Lease, Pool, Rest, Scope};
use crate::clock::Timestamp;

/// A key whose last strike may still turn out to be a storm's.
#[derive(Debug)]
pub(super) struct Open {
    pub(super) key: usize,
    since: Timestamp,
}

/// Keys of which half are left at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Cohort {
    Everybody,
    /// Those of a group, or those of none.
    Group(Option<Group>),
}

impl Pool {
    /// An unexplained failure is a strike, unless many projects meet the same.
    pub(super) fn unexplained(&mut self, lease: &Lease, rest: Rest, now: Timestamp) -> Vec<Change> {
        let reach = self.alike.note(Kind::Unexplained, lease.seat, now);
        match reach {
            Reach::Few => {
                let suspect = lease.attempted().into_suspect();
                let strike = self.strike(&suspect, rest, Kind::Unexplained, now);
                strike.into_iter().collect()
            }
            Reach::Model | Reach::Address => {
                let mut changes = self.rest(Scope::Key(lease.key), rest, now);
                changes.extend(self.correlated(reach, Kind::Unexplained, lease, now));
                changes
            }
        }
    }

    /// What many projects meet is taken back from the keys and counted where it belongs.
    pub(super) fn correlated(
        &mut self,
        reach: Reach,
        kind: Kind,
        lease: &Lease,
        now: Timestamp,
    ) -> Vec<Change> {
        let (mut changes, model) = match reach {
            Reach::Few => return Vec::new(),
            Reach::Model => {
                let changes = self.overloaded(lease, Rest::Cooldown, now);
                (changes, Some(lease.seat.model))
            }
            Reach::Address => (self.brake(Scope::Pool, &STORM, lease, now), None),
        };
        for key in self.alike.wronged(kind, model, now) {
            changes.extend(self.forgive(key));
        }
        changes
    }

    fn forgive(&mut self, key: usize) -> Option<Change> {
        let scope = self.scope_of(key)?;
        self.verdicts.retain(|open| open.key != key);
        self.change(scope, Health::forgive)
    }

    /// One strike, if the key is still the one that was lent. The last one rests it until it can be
    /// told from a storm, and then blacklists it, as long as half of the living keys are left.
    pub(super) fn strike(
        &mut self,
        suspect: &Suspect,
        rest: Rest,
        kind: Kind,
        now: Timestamp,
    ) -> Option<Change> {
        let policy = self.policy;
        let key = suspect.seat.key;
        let until = breaker::end_of(rest, &policy, now);
        let many_projects = self.alike.reach(kind, suspect.seat.model, now) != Reach::Few;
        let is_current = self.state.key(key).generation == suspect.generation;
        let may_go = self.may_eject(key, now);
        let scope = self.scope_of(key)?;
        let counts = is_current && !many_projects;
        if counts {
            self.state.key_mut(key).generation += 1;
            self.alike.struck(kind, key);
        }
        let mut is_out = false;
        let change = self.change(scope, |health| {
            health.rest(until, now);
            if counts && health.strike(&policy, may_go) {
                is_out = true;
                health.rest(now.after(alike::WINDOW), now);
            }
        });
        if is_out {
            self.verdicts.push(Open { key, since: now });
        }
        change
    }

    /// What has changed without a call that would have it stored: for whoever stores something now,
    /// and gives it back to [`Self::keep_unsaved`] where that fails.
    pub(crate) fn take_unsaved(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.unsaved)
    }

    /// These could not be stored: they are as soon as something else is.
    pub(crate) fn keep_unsaved(&mut self, changes: Vec<Change>) {
        self.unsaved.extend(changes);
    }

    /// After the clock was set back to now: what was heard at moments that lie ahead would never be
    /// over.
    pub(super) fn forget_moments(&mut self, now: Timestamp) {
        self.alike = Alike::default();
        self.forget_voices();
        self.deaths.clear();
        for open in &mut self.verdicts {
            open.since = open.since.min(now);
        }
        self.limit_all();
    }

    /// Who has said of everybody that something fails.
    pub(super) fn forget_voices(&mut self) {
        self.region_voices = Voices::default();
        self.page_voices = Voices::default();
        self.absent.forget();
    }

    /// Last strikes that a restart left between a storm and a blacklisting.
    pub(super) fn reopen_verdicts(&mut self) {
        let open = |member: &Member| {
            let health = &self.state.key(member.key).health;
            let is_open = self.is_kept_away(member.key, self.latest)
                && health.trips == 0
                && health.dead.is_none();
            let since = health.rests_since.filter(|_| is_open)?;
            Some(Open {
                key: member.key,
                since,
            })
        };
        self.verdicts = self.each_key().filter_map(open).collect();
    }

    /// Blacklists those whose last strike no storm has explained in time.
    pub(super) fn pass_verdicts(&mut self, now: Timestamp) {
        let policy = self.policy;
        let is_over = |open: &mut Open| open.since.after(alike::WINDOW) <= now;
        for Open { key, since } in self.verdicts.extract_if(.., is_over).collect::<Vec<_>>() {
            if let Some(scope) = self.scope_of(key) {
                let change = self.change(scope, |it| it.blacklist(&policy, since, now));
                self.unsaved.extend(change);
                self.reconsider(now);
            }
        }
    }

    /// Whether at least half of the living keys, and of those of each of its groups, would be left
    /// without this one.
    fn may_eject(&self, place: usize, now: Timestamp) -> bool {
        let listed = usize::from(!self.is_kept_away(place, now));
        let census = self.census(now);
        let of_key = self.cohorts().filter(|(key, _)| *key == place);
        let mut counts = of_key.filter_map(|(_, cohort)| census.get(&cohort));
        counts.all(|&(living, out)| (out + listed) * 2 <= living)
    }

    /// In each cohort of keys: how many live, and how many of these are blacklisted.
    fn census(&self, now: Timestamp) -> HashMap<Cohort, (usize, usize)> {
        let mut counts: HashMap<Cohort, (usize, usize)> = HashMap::new();
        let living = self.roster.iter().filter(|it| !self.is_dead(it.seat(0)));
        let living: HashSet<usize> = living.map(|member| member.key).collect();
        let listed = |key: &&usize| self.is_kept_away(**key, now);
        let listed: HashSet<usize> = living.iter().filter(listed).copied().collect();
        for (key, cohort) in self.cohorts().filter(|(key, _)| living.contains(key)) {
            let (living, out) = counts.entry(cohort).or_default();
            *living += 1;
            *out += usize::from(listed.contains(&key));
        }
        counts
    }

    /// Each key with every cohort it stands in, once.
    fn cohorts(&self) -> impl Iterator<Item = (usize, Cohort)> {
        let mut seen = HashSet::new();
        let of_member = |member: &Member| {
            let group = Cohort::Group(member.spec.group);
            [(member.key, Cohort::Everybody), (member.key, group)]
        };
        let all = self.roster.iter().flat_map(of_member);
        all.filter(move |one| seen.insert(*one))
    }

    /// Whether the key has its strikes together and rests.
    fn is_kept_away(&self, place: usize, now: Timestamp) -> bool {
        let health = &self.state.key(place).health;
        health.struck_out(&self.policy) && health.resting(now).is_some()
    }

    /// Looks whether deaths or new settings have left too few keys that are not blacklisted, in all
    /// or in a group: those that are there are on trial.
    pub(super) fn reconsider(&mut self, now: Timestamp) {
        self.amnesty.clear();
        let mut keys = self.roster.iter().map(|member| member.key);
        if !keys.any(|key| self.is_kept_away(key, now)) {
            return;
        }
        let census = self.census(now);
        let too_many = |cohort: &Cohort| {
            let count = census.get(cohort);
            count.is_some_and(|&(living, out)| out * 2 > living)
        };
        let pardoned = self.cohorts().filter(|(_, cohort)| too_many(cohort));
        let pardoned = pardoned.map(|(key, _)| key).collect();
        self.amnesty = pardoned;
    }

    /// Whether the key is on trial because too few others are left.
    #[cfg(test)]
    pub(super) fn pardons(&self, key: super::Fingerprint) -> bool {
        let mut members = self.roster.iter();
        let place = members.find(|member| member.spec.fingerprint == key);
        place.is_some_and(|member| self.amnesty.contains(&member.key))
    }

    fn scope_of(&self, place: usize) -> Option<Scope> {
        let member = self.roster.iter().find(|member| member.key == place);
        member.map(|member| Scope::Key(member.spec.fingerprint))
    }
}

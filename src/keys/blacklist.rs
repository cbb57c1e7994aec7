//! Which failures are strikes against a key, and when it is blacklisted for them (design §4, "what is
//! a strike"). Pure. Invariant: what several projects meet alike within ten seconds is no key's
//! fault.

use super::backoff::{self, CORRELATED};
use super::change::Change;
use super::cohorts;
use super::correlation::{self, Correlation, Kind, Reach};
use super::effect::Cooldown;
use super::health::Scope;
use super::lease::Lease;
use super::registry::Registry;
use super::roster::Member;
use super::suspect::Suspect;
use crate::clock::Timestamp;

/// Strikes that have been given, and the failures they are judged by.
#[derive(Debug, Default)]
pub(super) struct Blacklist {
    pub(super) correlation: Correlation,
    /// Keys that wait to be blacklisted.
    pending: Vec<Pending>,
}

/// A key whose last strike may still turn out to be a correlated failure.
#[derive(Debug)]
struct Pending {
    key: usize,
    since: Timestamp,
}

impl Blacklist {
    /// One that goes on with last strikes that a restart left between a correlated failure and a
    /// blacklisting.
    pub(super) fn before(registry: &Registry, now: Timestamp) -> Self {
        let pending = |member: &Member| {
            let health = &registry.state.key(member.key).health;
            let is_pending = registry.is_blacklisted(member.key, now)
                && health.breaker.trips == 0
                && health.dead.is_none();
            Some(Pending {
                key: member.key,
                since: health.cooling.since.filter(|_| is_pending)?,
            })
        };
        Self {
            correlation: Correlation::default(),
            pending: registry.roster.each_key().filter_map(pending).collect(),
        }
    }

    /// An unexplained failure is a strike, unless many projects meet the same.
    pub(super) fn unexplained(
        &mut self,
        registry: &mut Registry,
        lease: &Lease,
        cooldown: Cooldown,
        now: Timestamp,
    ) -> Vec<Change> {
        let reach = self.correlation.note(Kind::Unexplained, lease.target, now);
        match reach {
            Reach::Few => {
                let suspect = lease.suspect();
                let strike = self.strike(registry, &suspect, (Kind::Unexplained, cooldown), now);
                strike.into_iter().collect()
            }
            Reach::Model | Reach::Address => {
                let cooled = registry.cool(Scope::Key(lease.key), cooldown, now);
                let mut changes: Vec<Change> = cooled.into_iter().collect();
                changes.extend(self.correlated(registry, (Kind::Unexplained, reach), lease, now));
                changes
            }
        }
    }

    /// A fault whose owner is not known yet cools the key down with this model; what many projects
    /// meet is none of theirs.
    pub(super) fn suspected(
        &mut self,
        registry: &mut Registry,
        lease: &Lease,
        cooldown: Cooldown,
        now: Timestamp,
    ) -> Vec<Change> {
        let pair = Scope::KeyModel(lease.key, lease.model.clone());
        let mut changes: Vec<Change> = registry.cool(pair, cooldown, now).into_iter().collect();
        let reach = self.correlation.note(Kind::Suspect, lease.target, now);
        changes.extend(self.correlated(registry, (Kind::Suspect, reach), lease, now));
        changes
    }

    /// A key has answered: those that failed the same question on the same model before are to blame
    /// for it, unless many failed alike then.
    pub(super) fn convict(
        &mut self,
        registry: &mut Registry,
        lease: &Lease,
        now: Timestamp,
    ) -> Vec<Change> {
        let mut changes = Vec::new();
        for suspect in &lease.suspects {
            let target = suspect.target;
            let guilty = target.model == lease.target.model && target.key != lease.target.key;
            let kind = Kind::Suspect;
            if guilty
                && !self
                    .correlation
                    .was_correlated(kind, target.model, suspect.at)
            {
                changes.extend(self.strike(registry, suspect, (kind, Cooldown::Configured), now));
            }
        }
        changes
    }

    /// What many projects meet is taken back from the keys and counted where it belongs.
    fn correlated(
        &mut self,
        registry: &mut Registry,
        (kind, reach): (Kind, Reach),
        lease: &Lease,
        now: Timestamp,
    ) -> Vec<Change> {
        let (change, model) = match reach {
            Reach::Few => return Vec::new(),
            Reach::Model => {
                let change = registry.overloaded(lease, Cooldown::Configured, now);
                (change, Some(lease.target.model))
            }
            Reach::Address => (registry.fail(Scope::Pool, &CORRELATED, lease, now), None),
        };
        let mut changes: Vec<Change> = change.into_iter().collect();
        for key in self.correlation.struck_wrongly(kind, model, now) {
            let Some(scope) = registry.scope_of(key) else {
                continue;
            };
            self.forget(key);
            changes.extend(registry.change(scope, |health| health.breaker.forgive()));
        }
        changes
    }

    /// One strike, if the key is still the one that was lent. The last one cools it down until it can
    /// be told from a correlated failure, and then blacklists it, as long as half of the living keys
    /// are left.
    fn strike(
        &mut self,
        registry: &mut Registry,
        suspect: &Suspect,
        (kind, cooldown): (Kind, Cooldown),
        now: Timestamp,
    ) -> Option<Change> {
        let policy = registry.policy;
        let key = suspect.target.key;
        let until = backoff::end_of(cooldown, &policy, now);
        let reach = self.correlation.reach(kind, suspect.target.model, now);
        let is_current = registry.state.key(key).generation == suspect.generation;
        let may_go = cohorts::may_blacklist(registry, key, now);
        let scope = registry.scope_of(key)?;
        let counts = is_current && reach == Reach::Few;
        if counts {
            registry.state.key_mut(key).generation += 1;
            self.correlation.struck(kind, key);
        }
        let mut is_out = false;
        let change = registry.change(scope, |health| {
            health.cooling.extend(until, now);
            if counts && health.breaker.strike(&policy, may_go) {
                is_out = true;
                health.cooling.extend(now.after(correlation::WINDOW), now);
            }
        });
        if is_out {
            self.pending.push(Pending { key, since: now });
        }
        change
    }

    /// Blacklists those whose last strike no correlated failure has explained in time; whether there
    /// were any.
    pub(super) fn pass(&mut self, registry: &mut Registry, now: Timestamp) -> bool {
        let policy = registry.policy;
        let is_over = |it: &mut Pending| it.since.after(correlation::WINDOW) <= now;
        let over: Vec<Pending> = self.pending.extract_if(.., is_over).collect();
        let mut has_any = false;
        for Pending { key, since } in over {
            if let Some(scope) = registry.scope_of(key) {
                let change = registry.change(scope, |it| it.blacklist(&policy, since, now));
                registry.keep_unsaved(change);
                has_any = true;
            }
        }
        has_any
    }

    /// The key does not wait to be blacklisted any more.
    pub(super) fn forget(&mut self, key: usize) {
        self.pending.retain(|pending| pending.key != key);
    }

    /// After the clock was set back to now: failures at moments that lie ahead would never be over.
    pub(super) fn rebase(&mut self, now: Timestamp) {
        self.correlation = Correlation::default();
        for pending in &mut self.pending {
            pending.since = pending.since.min(now);
        }
    }
}

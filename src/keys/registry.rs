//! The configured keys and models together with all that is known of them, and the edits of it that
//! several kinds of failure share. Pure; owned by the [`super::lender`]. Invariant: whatever an edit
//! changes is returned or kept as unsaved, so the stored rows can follow.

use std::collections::HashSet;

use super::backoff::{self, Backoff, OVERLOAD};
use super::change::{Change, Saved};
use super::effect::Cooldown;
use super::health::{Health, Scope};
use super::lease::Lease;
use super::roster::{Member, Roster};
use super::settings::{Fingerprint, Group, Policy};
use super::state::{State, Target};
use crate::clock::Timestamp;

/// Keys, models, and what is known of them.
#[derive(Debug)]
pub(super) struct Registry {
    pub(super) policy: Policy,
    pub(super) roster: Roster,
    pub(super) state: State,
    /// Keys that are blacklisted and half-open all the same: more than half of the living ones, or of
    /// those of a group, are blacklisted, since others died.
    pub(super) pardoned: HashSet<usize>,
    /// When it is time to try more than a limit that was learned.
    pub(super) tries_at: Option<Timestamp>,
    /// What changed without a call that would have it stored.
    unsaved: Vec<Change>,
}

impl Registry {
    /// One that knows what the stored rows say, and has no keys yet.
    pub(super) fn new(policy: Policy, saved: Saved, now: Timestamp) -> Self {
        let mut state = State::default();
        for (scope, health) in saved.healths {
            *state.health_mut(&scope) = health;
        }
        state.restore(&saved.ledgers);
        state.rebase(now);
        Self {
            policy,
            roster: Roster::default(),
            state,
            pardoned: HashSet::new(),
            tries_at: None,
            unsaved: Vec::new(),
        }
    }

    /// Edits a health; nothing when that made no difference.
    pub(super) fn change(
        &mut self,
        scope: Scope,
        edit: impl FnOnce(&mut Health),
    ) -> Option<Change> {
        let health = self.state.health_mut(&scope);
        let before = health.clone();
        edit(health);
        Change::between(scope, &before, health)
    }

    /// The same for several, in their order.
    pub(super) fn change_all(
        &mut self,
        scopes: impl IntoIterator<Item = Scope>,
        edit: impl Fn(&mut Health),
    ) -> Vec<Change> {
        let changes = scopes.into_iter();
        changes
            .filter_map(|scope| self.change(scope, &edit))
            .collect()
    }

    /// It cools down for so long, unless it already does for longer.
    pub(super) fn cool(
        &mut self,
        scope: Scope,
        cooldown: Cooldown,
        now: Timestamp,
    ) -> Option<Change> {
        let until = backoff::end_of(cooldown, &self.policy, now);
        self.change(scope, |health| health.cooling.extend(until, now))
    }

    /// One failure more on a breaker that many keys stand behind.
    pub(super) fn fail(
        &mut self,
        scope: Scope,
        backoff: &Backoff,
        lease: &Lease,
        now: Timestamp,
    ) -> Option<Change> {
        if scope == Scope::Pool {
            self.state.pool_opened_by = Some(lease.target.model);
        }
        self.change(scope, |health| health.fail(backoff, lease.at, now))
    }

    /// One failure more on the model's breaker; a time that the service named counts as soon as it
    /// opens.
    pub(super) fn overloaded(
        &mut self,
        lease: &Lease,
        cooldown: Cooldown,
        now: Timestamp,
    ) -> Option<Change> {
        let named = match cooldown {
            Cooldown::For(_) => backoff::end_of(cooldown, &self.policy, now),
            Cooldown::Configured | Cooldown::UntilPacificMidnight => now,
        };
        self.change(Scope::Model(lease.model.clone()), |health| {
            let is_news = health.cooling.is_news(lease.at);
            health.fail(&OVERLOAD, lease.at, now);
            if is_news && health.cooling.ends(now).is_some() {
                health.cooling.extend(named, now);
            }
        })
    }

    /// Whether the key is dead, or its project with all its keys.
    pub(super) fn is_dead(&self, target: Target) -> bool {
        let project = &self.state.project(target.project).health;
        let key = &self.state.key(target.key).health;
        key.dead.is_some() || project.dead.is_some()
    }

    /// Keys that are not dead, once for each group they stand in.
    pub(super) fn living(&self) -> impl Iterator<Item = &Member> {
        let members = self.roster.members.iter();
        members.filter(|member| !self.is_dead(member.target(0)))
    }

    /// Whether a group has a living key of its own.
    pub(super) fn lives(&self, group: Option<Group>) -> bool {
        self.living().any(|member| member.spec.group == group)
    }

    /// Whether the keys of one project are all that live.
    pub(super) fn lives_alone(&self) -> bool {
        let mut projects = self.living().map(|member| member.project);
        let first = projects.next();
        projects.all(|other| Some(other) == first)
    }

    /// Whether the key has its strikes together and cools down.
    pub(super) fn is_blacklisted(&self, key: usize, now: Timestamp) -> bool {
        let health = &self.state.key(key).health;
        health.breaker.struck_out(&self.policy) && health.cooling.ends(now).is_some()
    }

    /// The scope of a configured key.
    pub(super) fn scope_of(&self, key: usize) -> Option<Scope> {
        let mut members = self.roster.members.iter();
        let member = members.find(|member| member.key == key)?;
        Some(Scope::Key(member.spec.fingerprint))
    }

    /// The project of a configured key.
    pub(super) fn project_of(&self, key: Fingerprint) -> Option<Fingerprint> {
        Some(self.roster.member(key)?.spec.project)
    }

    /// After the clock was set back: nothing may seem to lie ahead, and no cooldown becomes longer.
    pub(super) fn rebase(&mut self, now: Timestamp) {
        self.state.rebase(now);
        self.limit_all(now);
    }

    /// What has changed without a call that would have it stored.
    pub(super) fn take_unsaved(&mut self) -> Vec<Change> {
        std::mem::take(&mut self.unsaved)
    }

    /// These are stored as soon as something else is.
    pub(super) fn keep_unsaved(&mut self, changes: impl IntoIterator<Item = Change>) {
        self.unsaved.extend(changes);
    }
}

//! The way back for dead keys: a free look at a model one hour after the death, then twice as late
//! each time, or when the Owner asks (design §4, gemini-api §14). Pure. Invariant: only a look that
//! goes well ends a death, and what then answers is on trial.

use super::{Change, Death, Fingerprint, Health, Pool, Scope};
use crate::clock::Timestamp;

/// What a look at a dead key has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retested {
    Accepted,
    Refused,
    /// The service could not be asked.
    Unknown,
}

impl Pool {
    /// Dead keys that are to be looked at by now. One that leaked stays dead unless the Owner asks.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Fingerprint> {
        let is_due = |health: &&Health| {
            let leaked = matches!(health.dead, Some((Death::Leaked, _)));
            !leaked && health.resting(now).is_none()
        };
        self.graves()
            .filter(|(_, health)| is_due(health))
            .map(|(key, _)| key)
            .collect()
    }

    /// All dead keys; of a dead project the first one, since one look says all.
    pub(crate) fn dead(&self) -> Vec<Fingerprint> {
        self.graves().map(|(key, _)| key).collect()
    }

    /// Learns from a look at a dead key; returns what must be stored.
    pub(crate) fn retested(
        &mut self,
        key: Fingerprint,
        shown: Retested,
        now: Timestamp,
    ) -> Vec<Change> {
        let now = self.notice(now).now;
        let member = self.roster.iter().find(|it| it.spec.fingerprint == key);
        let Some(project) = member.map(|member| member.spec.project) else {
            return Vec::new();
        };
        self.line.stir();
        let policy = self.policy;
        let mut changes: Vec<Change> = Vec::new();
        for scope in [Scope::Project(project), Scope::Key(key)] {
            let change = self.change(scope, |health| match shown {
                Retested::Accepted if health.dead.is_some() => health.revive(&policy),
                Retested::Refused if health.dead.is_some() => health.plan_retest(now),
                Retested::Accepted | Retested::Refused | Retested::Unknown => {}
            });
            changes.extend(change);
        }
        if changes
            .iter()
            .any(|change| change.scope == Scope::Project(project))
        {
            changes.extend(self.doubt(project, shown));
        }
        self.reconsider(now);
        changes
    }

    /// All keys of a project that came back are on trial.
    fn doubt(&mut self, project: Fingerprint, shown: Retested) -> Vec<Change> {
        if shown != Retested::Accepted {
            return Vec::new();
        }
        let mates = self.roster.iter().filter(|it| it.spec.project == project);
        let scopes: Vec<Scope> = mates.map(|it| Scope::Key(it.spec.fingerprint)).collect();
        let policy = self.policy;
        let doubted =
            |scope| self.change(scope, |it| it.strikes = it.strikes.max(policy.max_errors));
        scopes.into_iter().filter_map(doubted).collect()
    }

    /// Dead keys with what they died of.
    fn graves(&self) -> impl Iterator<Item = (Fingerprint, &Health)> {
        let mut seen = Vec::new();
        self.each_key().filter_map(move |member| {
            let place = member.seat(0).project;
            let project = &self.state.project(place).health;
            if project.dead.is_some() {
                let is_first = !seen.contains(&place);
                seen.push(place);
                return is_first.then_some((member.spec.fingerprint, project));
            }
            let key = &self.state.key(member.key).health;
            key.dead.is_some().then_some((member.spec.fingerprint, key))
        })
    }
}

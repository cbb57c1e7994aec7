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

    /// All dead keys; of a dead project each of its keys.
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
        [Scope::Key(key), Scope::Project(project)]
            .into_iter()
            .filter_map(|scope| {
                self.change(scope, |health| match shown {
                    Retested::Accepted if health.dead.is_some() => health.revive(&policy),
                    Retested::Refused if health.dead.is_some() => health.plan_retest(now),
                    Retested::Accepted | Retested::Refused | Retested::Unknown => {}
                })
            })
            .collect()
    }

    /// Dead keys with what they died of.
    fn graves(&self) -> impl Iterator<Item = (Fingerprint, &Health)> {
        self.roster.iter().filter_map(|member| {
            let project = self.state.project(member.seat(0).project);
            let healths = [&self.state.key(member.key).health, &project.health];
            let dead = healths.into_iter().find(|health| health.dead.is_some());
            dead.map(|health| (member.spec.fingerprint, health))
        })
    }
}

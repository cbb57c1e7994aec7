//! The way back for dead keys: a free look at a model one hour after the death, then twice as late
//! each time, or when the Owner asks (design §4, gemini-api §14). Pure. Invariant: only a look that
//! goes well ends a death, and what then answers is on trial.
//!
//! The same look decides at once about a key that was refused in words that no table lists: refused
//! there too, it is dead; accepted there, only its calls with that model cool down.

use std::collections::HashSet;
use std::time::Duration;

use super::alike::WINDOW;
use super::breaker::{self, THROTTLE};
use super::failover::Attempted;
use super::state::Seat;
use super::{Change, Death, Effect, Fingerprint, Health, Pool, Scope};
use crate::clock::Timestamp;

/// Whoever looks at a refused key takes less: so long nobody else looks, and the key is not lent.
pub(crate) const LONGEST_LOOK: Duration = Duration::from_secs(10);

/// So many projects that die within [`WINDOW`] may have died of something else.
const TOGETHER: usize = 3;

/// What a look at a dead key has shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Retested {
    Accepted,
    Refused,
    /// The service could not be asked.
    Unknown,
}

/// What a look right after a failed call is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LookFor {
    /// The key was refused in words that no table lists.
    Key,
    /// A model throttles everybody: perhaps it is our address that is throttled.
    Address,
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

    /// What is to be looked at by whoever made this call, which meant this.
    pub(crate) fn look_for(
        &mut self,
        call: &Attempted,
        effect: Effect,
        now: Timestamp,
    ) -> Option<LookFor> {
        let now = self.notice(now).now;
        if let Effect::Refused(_) = effect {
            return self.is_to_be_looked_at(call, now).then_some(LookFor::Key);
        }
        let model = &self.state.model(call.seat().model).health;
        let has_begun = model.rests_since == Some(now) && model.trips == 1;
        let throttled = matches!(effect, Effect::Throttled(_));
        (throttled && has_begun).then_some(LookFor::Address)
    }

    /// The free look is throttled as a model is: it is our address.
    pub(crate) fn address_is_throttled(&mut self, call: &Attempted, now: Timestamp) -> Vec<Change> {
        let now = self.notice(now).now;
        self.begun_by = Some(call.seat().model);
        let brake = |health: &mut Health| health.brake(&THROTTLE, now, now);
        self.change(Scope::Pool, brake).into_iter().collect()
    }

    /// Whether whoever made this refused call is to look at its key now: nobody else does, and it is
    /// not dead yet.
    pub(crate) fn is_to_be_looked_at(&mut self, call: &Attempted, now: Timestamp) -> bool {
        let now = self.notice(now).now;
        let seat = call.seat();
        let is_dead = self.is_dead(seat);
        let key = self.state.key_mut(seat.key);
        let is_looked_at = key.looked_at.is_some_and(|until| until > now);
        if is_dead || is_looked_at {
            return false;
        }
        key.looked_at = Some(now.after(LONGEST_LOOK));
        true
    }

    /// Learns from the look at a key that was refused; returns what must be stored.
    pub(crate) fn looked_at(
        &mut self,
        call: &Attempted,
        shown: Retested,
        death: Option<Death>,
        now: Timestamp,
    ) -> Vec<Change> {
        let now = self.notice(now).now;
        let seat = call.seat();
        self.state.key_mut(seat.key).looked_at = None;
        let changes = match shown {
            Retested::Accepted => self.cool_down(call, now),
            Retested::Refused => {
                let death = death.unwrap_or(Death::Unlisted);
                self.kill(Scope::Key(call.key), seat, death, now)
            }
            Retested::Unknown => Vec::new(),
        };
        self.line.stir();
        self.reconsider(now);
        changes
    }

    /// The key is accepted: its calls with this model cool down, twice as long each time, and with
    /// another one it is tried. Refused with a second one too, it rests as a whole.
    fn cool_down(&mut self, call: &Attempted, now: Timestamp) -> Vec<Change> {
        let (seat, left) = (call.seat(), call.left());
        let brake = breaker::refused(&self.policy);
        let pair = Scope::KeyModel(call.key, call.model.clone());
        let cooled = self.change(pair, |it| it.brake(&brake, left, now));
        let until = self.state.pair(seat).resting(now);
        let models = &self.state.key(seat.key).models;
        let refused = models.iter().filter(|it| it.needs_trial()).count();
        let whole = until.filter(|_| refused > 1);
        let since = self.state.key_mut(seat.key).refused.take();
        let rested = self.change(Scope::Key(call.key), |it| {
            let rests_for_this = since.is_some() && it.rests_since == since;
            if it.dead.is_none() && rests_for_this {
                it.rests_until = None;
                it.rests_since = None;
            }
            if let (None, Some(until)) = (it.dead, whole) {
                it.rest(until, now);
            }
        });
        cooled.into_iter().chain(rested).collect()
    }

    /// A key or a project is dead from now on. Where several projects die within seconds, or nothing
    /// lives any more, all of these are looked at sooner: perhaps it was not the keys.
    pub(super) fn kill(
        &mut self,
        scope: Scope,
        seat: Seat,
        death: Death,
        now: Timestamp,
    ) -> Vec<Change> {
        let Some(died) = self.change(scope.clone(), |it| it.kill(death, now)) else {
            return Vec::new();
        };
        self.deaths.retain(|(at, ..)| at.after(WINDOW) > now);
        self.deaths.push((now, seat.project, scope));
        let lives = self.roster.iter().any(|it| !self.is_dead(it.seat(0)));
        let projects = self.deaths.iter().map(|(_, project, _)| project);
        let mut changes = vec![died];
        if lives && projects.collect::<HashSet<_>>().len() < TOGETHER {
            return changes;
        }
        for (.., scope) in self.deaths.clone() {
            changes.extend(self.change(scope, Health::died_with_others));
        }
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

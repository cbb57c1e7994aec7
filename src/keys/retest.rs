//! The free look at a key (`models.get`; design §4, gemini-api §14): which keys are to be looked at,
//! and what follows from what a look has shown. Dead keys are looked at an hour after the death, then
//! twice as late each time, or when the Owner asks; a key that was refused in words that no table
//! lists at once. Pure. Invariants: only a look that goes well ends a death, and what then answers is
//! half-open; what only a call can show is opened for one call.

use std::time::Duration;

use super::backoff::{self, LONGEST_LOOK, THROTTLED_ADDRESS};
use super::change::Change;
use super::consequences::Consequences;
use super::deaths::dead_keys;
use super::effect::{Death, Effect};
use super::health::{Health, Scope};
use super::registry::Registry;
use super::roster::Member;
use super::settings::Fingerprint;
use super::suspect::Attempted;
use crate::clock::Timestamp;

/// No cooldown that the service names in seconds is longer: it ends by itself.
const SHORT: Duration = Duration::from_mins(2);

/// What a look at a key has shown.
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

/// Dead keys that are to be looked at by now. One that leaked stays dead unless the Owner asks.
pub(super) fn due(registry: &Registry, now: Timestamp) -> Vec<Fingerprint> {
    let is_due = |health: &Health| {
        let leaked = matches!(health.dead, Some((Death::Leaked, _)));
        !leaked && health.cooling.ends(now).is_none()
    };
    let due = dead_keys(registry).filter(|(_, health)| is_due(health));
    due.map(|(key, _)| key).collect()
}

/// Keys that are dead, blacklisted or cool down with some model for longer than a minute's limit; of
/// a dead project the first one, since one look says all.
pub(super) fn to_look_at(registry: &Registry, now: Timestamp) -> Vec<Fingerprint> {
    let dead: Vec<Fingerprint> = dead_keys(registry).map(|(key, _)| key).collect();
    let wanted = |member: &&Member| {
        let lives = !registry.is_dead(member.target(0));
        dead.contains(&member.spec.fingerprint) || (lives && cools_long(registry, member, now))
    };
    let keys = registry.roster.each_key().filter(wanted);
    keys.map(|member| member.spec.fingerprint).collect()
}

fn cools_long(registry: &Registry, member: &Member, now: Timestamp) -> bool {
    let state = &registry.state;
    let key = &state.key(member.key).health;
    let project = &state.project(member.project).health;
    let of_models = registry.roster.offers.iter().flat_map(|offer| {
        let target = member.target(offer.place);
        [state.pair(target), &state.bucket(target).health]
    });
    let mut all = [key, project].into_iter().chain(of_models);
    all.any(|health| is_long(health, now))
}

/// Whether a cooldown is worth a look.
fn is_long(health: &Health, now: Timestamp) -> bool {
    let end = health.cooling.ends(now);
    health.cooling.cause.is_some() || end.is_some_and(|end| end > now.after(SHORT))
}

/// What is to be looked at by whoever made this call, which meant this.
pub(super) fn look_for(
    registry: &mut Registry,
    call: &Attempted,
    effect: Effect,
    now: Timestamp,
) -> Option<LookFor> {
    if let Effect::Refused(_) = effect {
        return is_to_be_looked_at(registry, call, now).then_some(LookFor::Key);
    }
    let model = &registry.state.model(call.target().model).health;
    let has_begun = model.cooling.since == Some(now) && model.breaker.trips == 1;
    let throttled = matches!(effect, Effect::Throttled(_));
    (throttled && has_begun).then_some(LookFor::Address)
}

/// Whether whoever made this refused call is to look at its key now: nobody else does, and it is
/// not dead yet.
pub(super) fn is_to_be_looked_at(
    registry: &mut Registry,
    call: &Attempted,
    now: Timestamp,
) -> bool {
    let target = call.target();
    let is_dead = registry.is_dead(target);
    let key = registry.state.key_mut(target.key);
    let is_looked_at = key.looked_at.is_some_and(|until| until > now);
    if is_dead || is_looked_at {
        return false;
    }
    key.looked_at = Some(now.after(LONGEST_LOOK));
    true
}

/// The free look is throttled as a model is: it is our address.
pub(super) fn address_is_throttled(
    registry: &mut Registry,
    call: &Attempted,
    now: Timestamp,
) -> Option<Change> {
    registry.state.pool_opened_by = Some(call.target().model);
    registry.change(Scope::Pool, |it| it.fail(&THROTTLED_ADDRESS, now, now))
}

/// Learns from a look at a dead key; returns what must be stored.
pub(super) fn retested(
    registry: &mut Registry,
    key: Fingerprint,
    shown: Retested,
    now: Timestamp,
) -> Vec<Change> {
    let Some(project) = registry.project_of(key) else {
        return Vec::new();
    };
    let policy = registry.policy;
    let learn = |health: &mut Health| match shown {
        Retested::Accepted if health.dead.is_some() => health.revive(&policy),
        Retested::Refused if health.dead.is_some() => health.plan_look(now),
        Retested::Accepted | Retested::Refused | Retested::Unknown => {}
    };
    let of_project = registry.change(Scope::Project(project), learn);
    let is_back = of_project.is_some() && shown == Retested::Accepted;
    let of_key = registry.change(Scope::Key(key), learn);
    let mut changes: Vec<Change> = of_project.into_iter().chain(of_key).collect();
    if is_back {
        changes.extend(doubt(registry, project));
    }
    changes
}

/// All keys of a project that came back are half-open.
fn doubt(registry: &mut Registry, project: Fingerprint) -> Vec<Change> {
    let mates = registry.roster.members.iter();
    let mates = mates.filter(|it| it.spec.project == project);
    let scopes: Vec<Scope> = mates.map(|it| Scope::Key(it.spec.fingerprint)).collect();
    let strikes = registry.policy.max_errors;
    registry.change_all(scopes, |it| {
        it.breaker.strikes = it.breaker.strikes.max(strikes);
    })
}

/// The key is accepted: its calls with this model cool down, twice as long each time, and with
/// another one it is tried. Refused with a second one too, it cools down as a whole.
fn cool_down(registry: &mut Registry, call: &Attempted, now: Timestamp) -> Vec<Change> {
    let (target, left) = (call.target(), call.left());
    let backoff = backoff::refused(&registry.policy);
    let pair = Scope::KeyModel(call.key, call.model.clone());
    let cooled = registry.change(pair, |it| it.fail(&backoff, left, now));
    let until = registry.state.pair(target).cooling.ends(now);
    let models = &registry.state.key(target.key).models;
    let refused = models.iter().filter(|it| it.breaker.needs_probe()).count();
    let whole = until.filter(|_| refused > 1);
    let since = registry.state.key_mut(target.key).refused.take();
    let of_key = registry.change(Scope::Key(call.key), |it| {
        let is_for_this = since.is_some() && it.cooling.since == since;
        match whole {
            _ if it.dead.is_some() => {}
            Some(until) => it.cooling.extend(until, now),
            None if is_for_this => it.cooling.end(),
            None => {}
        }
    });
    cooled.into_iter().chain(of_key).collect()
}

impl Consequences {
    /// Learns from the look at a key that was refused; returns what must be stored.
    pub(super) fn looked_at(
        &mut self,
        registry: &mut Registry,
        call: &Attempted,
        (shown, death): (Retested, Option<Death>),
        now: Timestamp,
    ) -> Vec<Change> {
        let target = call.target();
        registry.state.key_mut(target.key).looked_at = None;
        match shown {
            Retested::Accepted => cool_down(registry, call, now),
            Retested::Refused => {
                let death = death.unwrap_or(Death::Unlisted);
                let who = (Scope::Key(call.key), target);
                self.deaths.kill(registry, who, death, now)
            }
            Retested::Unknown => Vec::new(),
        }
    }

    /// Learns from the look at a key that the Owner asked for; returns what must be stored.
    pub(super) fn looked_again(
        &mut self,
        registry: &mut Registry,
        key: Fingerprint,
        (shown, death): (Retested, Option<Death>),
        now: Timestamp,
    ) -> Vec<Change> {
        let member = registry.roster.member(key);
        let Some((place, target)) = member.map(|it| (it.key, it.target(0))) else {
            return Vec::new();
        };
        if registry.is_dead(target) {
            return retested(registry, key, shown, now);
        }
        match (shown, death) {
            (Retested::Accepted, _) => {
                self.blacklist.forget(place);
                open_key(registry, key, now)
            }
            (Retested::Refused, Some(death)) => {
                let killed = registry.change(Scope::Key(key), |it| it.kill(death, now));
                killed.into_iter().collect()
            }
            (Retested::Refused, None) | (Retested::Unknown, _) => Vec::new(),
        }
    }

    /// Opens what cools down for many keys, and forgets the limits that were learned; returns what
    /// must be stored. The Owner asked for it, so nothing of it is news.
    pub(super) fn reopen(&mut self, registry: &mut Registry, now: Timestamp) -> Vec<Change> {
        let models = registry.roster.offers.iter();
        let of_model = |id: String| [Scope::Model(id.clone()), Scope::Missing(id)];
        let of_models = models.flat_map(|offer| of_model(offer.model.id.clone()));
        let mut scopes: Vec<Scope> = of_models.collect();
        scopes.extend([Scope::Endpoint, Scope::Pool, Scope::FreeKeys]);
        let cleared = registry.change_all(scopes, Health::clear);
        // What was heard of them counts no more, and what comes back is news again.
        self.forget_failures();
        self.outages.forget_told();
        self.not_found.forget_told();
        for target in registry.roster.targets() {
            registry.forget_limits(target, |_| false);
        }
        registry.limit_all(now);
        cleared.into_iter().map(Change::without_news).collect()
    }
}

/// The key is accepted: it, its project and their models are asked again.
fn open_key(registry: &mut Registry, key: Fingerprint, now: Timestamp) -> Vec<Change> {
    let Some(project) = registry.project_of(key) else {
        return Vec::new();
    };
    let mut scopes = vec![Scope::Key(key), Scope::Project(project)];
    for offer in &registry.roster.offers {
        let id = &offer.model.id;
        scopes.push(Scope::KeyModel(key, id.clone()));
        scopes.push(Scope::ProjectModel(project, id.clone()));
    }
    registry.change_all(scopes, |health| {
        if is_long(health, now) {
            health.open(now);
        }
    })
}

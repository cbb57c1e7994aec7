//! What follows from what a call has taught (gemini-api §15): what cools down now, what is shut for
//! everybody, who is dead, and what is trusted again. Pure; owned by the pool. Invariant: every
//! [`Effect`] touches exactly what it is about.

use std::time::Duration;

use super::backoff::{LONGEST_LOOK, THROTTLED_ADDRESS, THROTTLED_MODEL};
use super::blacklist::Blacklist;
use super::change::Change;
use super::correlation::{Kind, Reach};
use super::deaths::Deaths;
use super::effect::{Cooldown, Effect};
use super::health::cooling::{FIRST_PROBE, SOON_PROBE};
use super::health::{Health, Scope};
use super::lease::Lease;
use super::moment::Moment;
use super::not_found::NotFound;
use super::outages::Outages;
use super::registry::Registry;
use crate::clock::Timestamp;

/// What has been heard of several calls, to tell whom a failure is about.
#[derive(Debug, Default)]
pub(super) struct Consequences {
    pub(super) blacklist: Blacklist,
    pub(super) deaths: Deaths,
    pub(super) outages: Outages,
    pub(super) not_found: NotFound,
}

impl Consequences {
    /// Where a restart left them.
    pub(super) fn before(registry: &Registry, now: Timestamp) -> Self {
        Self {
            blacklist: Blacklist::before(registry, now),
            deaths: Deaths::default(),
            outages: Outages::before(registry),
            not_found: NotFound::before(registry),
        }
    }

    /// Draws them from a call that has ended; returns what must be stored.
    pub(super) fn apply(
        &mut self,
        registry: &mut Registry,
        (lease, effect): (&Lease, Effect),
        moment: Moment,
        rng: &mut fastrand::Rng,
    ) -> Vec<Change> {
        let now = moment.now;
        let key = || Scope::Key(lease.key);
        let project = || Scope::Project(lease.project);
        let bucket = || Scope::ProjectModel(lease.project, lease.model.clone());
        let target = lease.target;
        let change = match effect {
            Effect::Innocent => None,
            Effect::Healthy => return self.heal(registry, lease, now),
            Effect::KillKey(death) => {
                return self.deaths.kill(registry, (key(), target), death, now);
            }
            Effect::KillProject(death) => {
                return self.deaths.kill(registry, (project(), target), death, now);
            }
            Effect::ModelMissing(cooldown) => {
                return self.not_found.model_missing(registry, lease, cooldown, now);
            }
            Effect::Suspect(cooldown) => {
                return self.blacklist.suspected(registry, lease, cooldown, now);
            }
            Effect::Strike(cooldown) => {
                return self.blacklist.unexplained(registry, lease, cooldown, now);
            }
            Effect::Refused(_) => refused(registry, lease, now),
            Effect::CoolKeyModel(Cooldown::UntilPacificMidnight) => {
                day_gone(registry, lease, moment)
            }
            Effect::CoolKeyModel(cooldown) => registry.cool(bucket(), jittered(cooldown, rng), now),
            Effect::WrongEndpoint => self.not_found.wrong_endpoint(registry, lease, now),
            Effect::SpendingCap => registry.change(project(), |it| it.cooling.cap(lease.at, now)),
            Effect::Throttled(cooldown) => {
                self.throttled(registry, lease, jittered(cooldown, rng), now)
            }
            Effect::CoolKey(cooldown) => registry.cool(key(), cooldown, now),
            Effect::CoolProject(cooldown) => registry.cool(project(), cooldown, now),
            Effect::Overloaded(cooldown) => registry.overloaded(lease, cooldown, now),
            Effect::Unserved => self.outages.unserved(registry, lease, now),
            Effect::Page => self.outages.page(registry, lease, now),
        };
        change.into_iter().collect()
    }

    /// The key answered: what was doubted is trusted, and keys that failed the same question on the
    /// same model are to blame for it, unless many failed alike then.
    fn heal(&mut self, registry: &mut Registry, lease: &Lease, now: Timestamp) -> Vec<Change> {
        let mut changes = self.heal_shared(registry, lease, now);
        let pair = Scope::KeyModel(lease.key, lease.model.clone());
        let key = registry.state.key_mut(lease.target.key);
        key.answered = key.answered.max(now);
        if key.generation == lease.generation {
            changes.extend(registry.change(Scope::Key(lease.key), Health::heal));
        }
        changes.extend(registry.change(pair, |health| health.heal_if_news(lease.at)));
        changes.extend(self.blacklist.convict(registry, lease, now));
        changes
    }

    /// What many keys stand behind is trusted again; a late answer says nothing new, but that what
    /// was said of everybody meanwhile is not so.
    pub(super) fn heal_shared(
        &mut self,
        registry: &mut Registry,
        lease: &Lease,
        now: Timestamp,
    ) -> Vec<Change> {
        let correlation = &mut self.blacklist.correlation;
        correlation.answered(lease.target.model, lease.at);
        let mut changes = self.outages.contradict(registry, lease);
        changes.extend(self.not_found.found(registry, lease, now));
        let free = (!lease.paid).then_some(Scope::FreeKeys);
        let shared = [
            Scope::Project(lease.project),
            Scope::Model(lease.model.clone()),
            Scope::Pool,
        ];
        let shared = shared.into_iter().chain(free);
        changes.extend(registry.change_all(shared, |health| health.heal_if_news(lease.at)));
        self.outages.tell_ends(&mut changes);
        changes
    }

    /// A 429 without a reason: the key's with this model, the model's, or our address's. A probe says
    /// nothing of its key.
    fn throttled(
        &mut self,
        registry: &mut Registry,
        lease: &Lease,
        cooldown: Cooldown,
        now: Timestamp,
    ) -> Option<Change> {
        let correlation = &mut self.blacklist.correlation;
        let reach = correlation.note(Kind::Throttled, lease.target, now);
        if reach == Reach::Address || lease.probes.pool {
            return registry.fail(Scope::Pool, &THROTTLED_ADDRESS, lease, now);
        }
        if reach == Reach::Model || lease.probes.model {
            let model = Scope::Model(lease.model.clone());
            return registry.fail(model, &THROTTLED_MODEL, lease, now);
        }
        let bucket = Scope::ProjectModel(lease.project, lease.model.clone());
        registry.cool(bucket, cooldown, now)
    }

    /// What was heard of everybody counts no more.
    pub(super) fn forget_failures(&mut self) {
        self.outages.forget_failures();
        self.not_found.forget_failures();
    }

    /// After the clock was set back to now: what was heard at moments that lie ahead would never be
    /// over.
    pub(super) fn rebase(&mut self, now: Timestamp) {
        self.blacklist.rebase(now);
        self.forget_failures();
        self.deaths.forget();
    }
}

/// The day's quota is gone, says the service. It is believed, and probed sooner where our own ledger
/// contradicts it.
fn day_gone(registry: &mut Registry, lease: &Lease, moment: Moment) -> Option<Change> {
    let bucket = registry.state.bucket(lease.target);
    let is_doubtful = bucket.has_most_left(&moment.day);
    let first = if is_doubtful { SOON_PROBE } else { FIRST_PROBE };
    let (policy, now) = (registry.policy, moment.now);
    let scope = Scope::ProjectModel(lease.project, lease.model.clone());
    registry.change(scope, |it| {
        it.cooling.day_gone(first, lease.at, &policy, now);
    })
}

/// The key cools down until somebody has looked at it, or should have. It is nobody else's fault,
/// however many keys share it.
fn refused(registry: &mut Registry, lease: &Lease, now: Timestamp) -> Option<Change> {
    let change = registry.cool(Scope::Key(lease.key), Cooldown::For(LONGEST_LOOK), now);
    let key = registry.state.key_mut(lease.target.key);
    key.answered = Timestamp(0);
    if change.is_some() {
        key.refused = Some(now);
    }
    change
}

/// Minute limits of many keys must not all end in the same instant.
fn jittered(cooldown: Cooldown, rng: &mut fastrand::Rng) -> Cooldown {
    match cooldown {
        Cooldown::For(time) => {
            let jitter = Duration::from_millis(rng.u64(500..=2_000));
            Cooldown::For(time.saturating_add(jitter))
        }
        Cooldown::UntilPacificMidnight | Cooldown::Configured => cooldown,
    }
}

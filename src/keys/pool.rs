//! Lends keys and learns from what became of them. Pure; the shell owns the one [`Pool`] in a mutex
//! and stores the rows it returns in the order in which it returned them. Invariant: a lease is given
//! only within every limit of its (project, model) and never on a dead key.

use std::time::Duration;

use super::pacific::{self, Day};
use super::pick::{Lightest, Load};
use super::quota::Limits;
use super::state::State;
use super::{
    Ask, Change, Effect, Fingerprint, Health, KeySpec, Learned, Lease, Ledger, Policy, Rest, Saved,
    Scope, Verdict, Wait, Why, breaker,
};
use crate::catalog::{Catalog, Model};
use crate::clock::Timestamp;

/// Calls at once with one key, where its minute allows so many.
const IN_FLIGHT: u32 = 8;

/// When to ask again while all slots are taken: a slot frees when its call ends, which nobody knows.
const SLOT_CHECK: Duration = Duration::from_secs(1);

/// Reads of the clock by several threads may reach the pool in another order; only a larger step
/// back is a clock that was set.
const DISORDER: Duration = Duration::from_secs(2);

/// All keys with what is known of them.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(super) policy: Policy,
    pub(super) catalog: Catalog,
    /// The configured keys, in the order of their fingerprints.
    pub(super) roster: Vec<KeySpec>,
    pub(super) state: State,
    /// The latest moment heard of.
    latest: Timestamp,
}

/// A moment with the day it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) day: Day,
}

impl Moment {
    pub(super) fn of(now: Timestamp) -> Self {
        let day = pacific::day_of(now);
        Self { now, day }
    }
}

impl Pool {
    /// A pool that goes on where the stored rows end.
    pub(crate) fn new(
        policy: Policy,
        keys: Vec<KeySpec>,
        catalog: Catalog,
        saved: Saved,
        now: Timestamp,
    ) -> Self {
        let mut state = State::default();
        for (scope, health) in saved.healths {
            *state.health_mut(&scope) = health;
        }
        state.restore(&saved.ledgers);
        state.rebase(now);
        let mut pool = Self {
            policy,
            catalog,
            roster: Vec::new(),
            state,
            latest: now,
        };
        pool.enlist(keys);
        pool
    }

    /// New settings: everything that is known stays known.
    #[cfg_attr(not(test), expect(dead_code, reason = "a reload calls it"))]
    pub(crate) fn reconfigure(&mut self, policy: Policy, keys: Vec<KeySpec>, catalog: Catalog) {
        self.policy = policy;
        self.catalog = catalog;
        self.enlist(keys);
    }

    /// Counts one call and lends the key for it, or says when to come again.
    pub(crate) fn reserve(
        &mut self,
        ask: &Ask<'_>,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Result<Lease, Wait> {
        let moment = Moment::of(self.notice(now));
        let mut wait = Wait::never(Why::NoKeys);
        for step in 0..ask.groups.len() {
            for id in ask.models {
                let Some(model) = self.catalog.model(id) else {
                    continue;
                };
                let mut choice = Lightest::new();
                for spec in self.roster.iter().filter(|spec| ask.reaches(spec, step)) {
                    match self.standing(spec, model, ask, moment) {
                        Ok(load) => choice.offer(spec, load, rng),
                        Err(obstacle) => wait = wait.sooner(obstacle),
                    }
                }
                if let Some(spec) = choice.take() {
                    let to = (spec.fingerprint, spec.project);
                    return Ok(self.lend(to, model.id.clone(), ask, moment));
                }
            }
        }
        Err(wait)
    }

    /// The row of (project, model) as it is now.
    pub(crate) fn ledger(&mut self, project: Fingerprint, model: &str) -> Ledger {
        self.state.bucket_mut(project, model).ledger()
    }

    /// The row of a scope as it is now.
    pub(crate) fn health(&mut self, scope: &Scope) -> Health {
        self.state.health_mut(scope).clone()
    }

    /// Takes a lease back with what the call taught us.
    pub(crate) fn settle(
        &mut self,
        lease: Lease,
        verdict: &Verdict,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Vec<Change> {
        let now = self.notice(now);
        self.free_slot(&lease);
        let learned = self.learn(&lease, &verdict.learned);
        let effect = self.apply(lease, verdict.effect, now, rng);
        learned.into_iter().chain(effect).collect()
    }

    /// The call of a lease leaves now, perhaps long after it was counted: its unit of the minute
    /// counts from now on. `false` when the key has died meanwhile and must not be called.
    pub(crate) fn leave(&mut self, lease: &mut Lease, now: Timestamp) -> bool {
        let now = self.notice(now).max(lease.at);
        let bucket = self.state.bucket_mut(lease.project, &lease.model);
        bucket.restamp(lease.tokens, lease.at, now);
        lease.at = now;
        let is_dead = |scope: &Scope| self.state.health_mut(scope).dead.is_some();
        ![Scope::Key(lease.key), Scope::Project(lease.project)]
            .iter()
            .any(is_dead)
    }

    /// Takes a lease back whose call surely never left; returns the row to be stored.
    pub(crate) fn refund(&mut self, lease: Lease) -> ((Fingerprint, String), Ledger) {
        self.free_slot(&lease);
        let bucket = self.state.bucket_mut(lease.project, &lease.model);
        bucket.refund(lease.tokens, lease.at);
        let row = bucket.ledger();
        ((lease.project, lease.model), row)
    }

    /// Whether the key may be called with the model now: how busy it is, or what stands in the way.
    pub(super) fn standing(
        &self,
        spec: &KeySpec,
        model: &Model,
        ask: &Ask<'_>,
        moment: Moment,
    ) -> Result<Load, Wait> {
        let Some(seat) = self.state.seat(spec, model) else {
            return Err(Wait::never(Why::NoKeys));
        };
        if seat.is_dead() {
            return Err(Wait::never(Why::Dead));
        }
        if !model.free && !spec.paid {
            return Err(Wait::never(Why::NoKeys));
        }
        let learned = &seat.bucket.health.learned;
        let Some(limits) = Limits::of(model, &self.policy, learned) else {
            return Err(Wait::never(Why::NoKeys));
        };
        if ask.avoid.contains(&spec.fingerprint) {
            return Err(Wait::never(Why::Avoided));
        }
        if ask.tokens > limits.tokens {
            let limit = limits.tokens;
            return Err(Wait::never(Why::TooLarge { limit }));
        }
        let Moment { now, day } = moment;
        let slots = if seat.key.health.struck_out(&self.policy) {
            1
        } else {
            limits.minute.min(IN_FLIGHT)
        };
        let full = seat.key.in_flight >= slots;
        let obstacles = [
            (seat.resting(now), Why::Resting),
            (seat.bucket.day_frees(&limits, &day), Why::Day),
            (
                seat.bucket.minute_frees(&limits, ask.tokens, now),
                Why::Minute,
            ),
            (full.then(|| now.after(SLOT_CHECK)), Why::Slots),
        ];
        let last = obstacles.into_iter().max_by_key(|(until, _)| *until);
        if let Some((until @ Some(_), why)) = last {
            return Err(Wait { until, why });
        }
        Ok(Load {
            day: (seat.bucket.used(&day), limits.day),
            minute: (seat.bucket.recent(now), limits.minute),
            in_flight: seat.key.in_flight,
        })
    }

    fn enlist(&mut self, mut keys: Vec<KeySpec>) {
        keys.sort_unstable();
        keys.dedup_by_key(|spec| spec.fingerprint);
        for spec in &keys {
            self.state.admit(spec, &self.catalog);
        }
        self.roster = keys;
    }

    fn lend(
        &mut self,
        to: (Fingerprint, Fingerprint),
        model: String,
        ask: &Ask<'_>,
        moment: Moment,
    ) -> Lease {
        let (key, project) = to;
        let lent = self.state.key_mut(key);
        lent.in_flight += 1;
        let generation = lent.generation;
        let bucket = self.state.bucket_mut(project, &model);
        bucket.spend(ask.tokens, moment.now, &moment.day);
        Lease {
            key,
            project,
            model,
            at: moment.now,
            tokens: ask.tokens,
            generation,
        }
    }

    fn free_slot(&mut self, lease: &Lease) {
        let key = self.state.key_mut(lease.key);
        key.in_flight = key.in_flight.saturating_sub(1);
    }

    fn learn(&mut self, lease: &Lease, learned: &[Learned]) -> Option<Change> {
        let scope = Scope::ProjectModel(lease.project, lease.model.clone());
        self.change(scope, |health| health.learn(learned))
    }

    fn apply(
        &mut self,
        lease: Lease,
        effect: Effect,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Option<Change> {
        let (scope, rest) = match effect {
            Effect::Innocent => return None,
            Effect::Healthy => return self.heal(&lease),
            Effect::Strike(rest) => return self.strike(&lease, rest, now),
            Effect::KillKey(death) => {
                return self.change(Scope::Key(lease.key), |it| it.kill(death, now));
            }
            Effect::KillProject(death) => {
                return self.change(Scope::Project(lease.project), |it| it.kill(death, now));
            }
            // What several projects say alike is for the routers to see; here each rests alone.
            Effect::RestKeyModel(rest) | Effect::ModelMissing(rest) | Effect::Throttled(rest) => {
                let scope = Scope::ProjectModel(lease.project, lease.model);
                (scope, jittered(rest, rng))
            }
            Effect::Suspect(rest) => (Scope::KeyModel(lease.key, lease.model), rest),
            Effect::RestKey(rest) => (Scope::Key(lease.key), rest),
            Effect::RestProject(rest) => (Scope::Project(lease.project), rest),
            Effect::RestModel(rest) => (Scope::Model(lease.model), rest),
            Effect::RestFreeKeys(rest) => (Scope::FreeKeys, rest),
            Effect::RestPool(rest) => (Scope::Pool, rest),
        };
        let until = breaker::end_of(rest, &self.policy, now);
        self.change(scope, |health| health.rest(until, now))
    }

    fn heal(&mut self, lease: &Lease) -> Option<Change> {
        let current = self.state.key_mut(lease.key).generation == lease.generation;
        current.then(|| self.change(Scope::Key(lease.key), Health::heal))?
    }

    /// The rest always counts; the strike only when the key was not blacklisted since it was lent,
    /// or calls that were under way together would double the time at once.
    fn strike(&mut self, lease: &Lease, rest: Rest, now: Timestamp) -> Option<Change> {
        let policy = self.policy;
        let until = breaker::end_of(rest, &policy, now);
        let current = self.state.key_mut(lease.key).generation == lease.generation;
        let mut blacklisted = false;
        let change = self.change(Scope::Key(lease.key), |health| {
            health.rest(until, now);
            blacklisted = current && health.strike(&policy, now);
        });
        if blacklisted {
            self.state.key_mut(lease.key).generation += 1;
        }
        change
    }

    /// Edits a health; nothing when that made no difference.
    fn change(&mut self, scope: Scope, edit: impl FnOnce(&mut Health)) -> Option<Change> {
        let health = self.state.health_mut(&scope);
        let before = health.clone();
        edit(health);
        if *health == before {
            return None;
        }
        let death = match before.dead {
            None => health.dead.map(|(death, _)| death),
            Some(_) => None,
        };
        let health = health.clone();
        Some(Change {
            scope,
            health,
            death,
        })
    }

    /// The moment to reckon with.
    fn notice(&mut self, now: Timestamp) -> Timestamp {
        let set_back = self.latest.since(now) > DISORDER;
        if set_back {
            self.state.rebase(now);
        }
        if set_back || now > self.latest {
            self.latest = now;
        }
        self.latest
    }
}

/// Minute limits of many keys must not all end in the same instant.
fn jittered(rest: Rest, rng: &mut fastrand::Rng) -> Rest {
    match rest {
        Rest::For(time) => {
            let jitter = Duration::from_millis(rng.u64(500..=2_000));
            Rest::For(time.saturating_add(jitter))
        }
        Rest::UntilPacificMidnight | Rest::Cooldown => rest,
    }
}

#[cfg(test)]
mod tests;

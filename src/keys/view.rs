//! Whether a key may be called with a model now: how busy it is, or what stands in the way and until
//! when. Reads the registry and the money of the day at one moment, and changes nothing. Pure.
//! Invariant: of what is half-open or probed, no second call passes beside the first.

use std::time::Duration;

use super::ask::Demand;
use super::health::Health;
use super::health::cooling::{Gate, PROBE_CHECK};
use super::lease::{Lease, Probes};
use super::limits::Limits;
use super::moment::Moment;
use super::money::Spend;
use super::pick::Load;
use super::registry::Registry;
use super::roster::{Member, Offer};
use super::state::Target;
use super::wait::{Wait, Why};
use crate::clock::Timestamp;

/// Calls at once with one key, where its minute allows so many.
const IN_FLIGHT: u32 = 8;

/// When to ask again while all slots are taken: a slot frees when its call ends, which nobody knows.
const SLOT_CHECK: Duration = Duration::from_secs(1);

/// All that is known, at one moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) registry: &'a Registry,
    pub(super) spend: &'a Spend,
    pub(super) moment: Moment,
}

impl View<'_> {
    /// Whether the key may be called with the model now: how busy it is, or what stands in the way.
    pub(super) fn standing(
        &self,
        member: &Member,
        offer: &Offer,
        demand: Demand,
    ) -> Result<Load, Wait> {
        let shut = self.shut(member.spec.paid, offer);
        match (self.alone(member, offer, demand), shut) {
            (Ok(_), Some(shut)) => Err(shut),
            (Err(own), Some(shut)) => Err(own.later(shut)),
            (standing, None) => standing,
        }
    }

    /// The breakers that stand before many keys: those that cost money, or those that do not.
    pub(super) fn shut(&self, paid: bool, offer: &Offer) -> Option<Wait> {
        let (state, now) = (&self.registry.state, self.moment.now);
        let model = state.model(offer.place);
        let free = (!paid).then_some(&state.free_keys);
        let wait = |health, probing, why| Some(Wait::until(closed(health, probing, now)?, why));
        [
            wait(
                &state.endpoint.health,
                state.endpoint.probing,
                Why::Endpoint,
            ),
            wait(&state.pool.health, state.pool.probing, Why::Address),
            free.and_then(|free| wait(&free.health, free.probing, Why::Region)),
            wait(&model.health, model.probing, Why::Model),
            wait(&model.missing, model.probing, Why::Missing),
        ]
        .into_iter()
        .flatten()
        .reduce(Wait::later)
    }

    /// The same as [`Self::standing`], but for the breakers that many keys stand behind.
    pub(super) fn alone(
        &self,
        member: &Member,
        offer: &Offer,
        demand: Demand,
    ) -> Result<Load, Wait> {
        let limits = self.offered(member, offer, demand)?;
        if let Some(wait) = self.own_wait(member, offer, demand, &limits) {
            return Err(wait);
        }
        let target = member.target(offer.place);
        let state = &self.registry.state;
        let bucket = state.bucket(target);
        Ok(Load {
            is_doubted: state.pair(target).breaker.needs_probe(),
            answered: Timestamp(0),
            day: (bucket.asked(&self.moment.day), limits.day),
            minute: (bucket.recent(self.moment.now), limits.minute),
            in_flight: state.key(member.key).in_flight,
        })
    }

    /// What the key has for such a call, or why no waiting helps.
    fn offered(&self, member: &Member, offer: &Offer, demand: Demand) -> Result<Limits, Wait> {
        if self.registry.is_dead(member.target(offer.place)) {
            return Err(Wait::never(Why::Dead));
        }
        let limits = self.limits(member, offer, demand);
        let limits = limits.ok_or(Wait::never(Why::NoKeys))?;
        if member.price(offer, demand.tokens) > self.registry.policy.paid_daily {
            return Err(Wait::never(Why::Money));
        }
        if demand.tokens > limits.tokens {
            let limit = limits.tokens;
            return Err(Wait::never(Why::TooLarge { limit }));
        }
        Ok(limits)
    }

    /// What the asker may spend with the key; none: nothing, ever.
    pub(super) fn limits(&self, member: &Member, offer: &Offer, demand: Demand) -> Option<Limits> {
        if !offer.model.free && !member.spec.paid {
            return None;
        }
        let bucket = self.registry.state.bucket(member.target(offer.place));
        member.share(bucket.limits?, demand.group)
    }

    /// What ends last of all that the call has to wait for.
    fn own_wait(
        &self,
        member: &Member,
        offer: &Offer,
        demand: Demand,
        limits: &Limits,
    ) -> Option<Wait> {
        let Moment { now, day, .. } = self.moment;
        let target = member.target(offer.place);
        let key = self.registry.state.key(member.key);
        let bucket = self.registry.state.bucket(target);
        let slots = if key.health.breaker.struck_out(&self.registry.policy) {
            1
        } else {
            limits.minute.min(IN_FLIGHT)
        };
        let slot = (key.in_flight >= slots).then(|| now.after(SLOT_CHECK));
        let minute = bucket.minute_frees(limits, demand.tokens, now);
        let money = self.money_frees(member, offer, demand.tokens);
        let wait = |until: Option<Timestamp>, why| Some(Wait::until(until?, why));
        [
            self.cooling(target, Probes::default()),
            wait(bucket.day_frees(limits, &day), Why::Day),
            wait(minute, Why::Minute),
            wait(slot, Why::Slots),
            wait(money, Why::Money),
        ]
        .into_iter()
        .flatten()
        .reduce(Wait::later)
    }

    fn money_frees(&self, member: &Member, offer: &Offer, tokens: u64) -> Option<Timestamp> {
        if !member.spec.paid {
            return None;
        }
        let price = member.price(offer, tokens);
        let daily = self.registry.policy.paid_daily;
        self.spend.frees(price, daily, &self.moment.day)
    }

    /// The last cooldown to end of the key, its project and their models. What a call is the probe of
    /// does not stand in its way.
    fn cooling(&self, target: Target, own: Probes) -> Option<Wait> {
        let (state, now) = (&self.registry.state, self.moment.now);
        let key = &state.key(target.key).health;
        let pardoned = self.registry.pardoned.contains(&target.key)
            && key.breaker.struck_out(&self.registry.policy);
        let (bucket, project) = (state.bucket(target), state.project(target.project));
        let gated = |health: &Health, probing| match health.cooling.gate(probing, now) {
            Gate::Closed(until) => Some((until, health.cooling.why())),
            Gate::Open | Gate::Probe => None,
        };
        let plain = |until| (until, Why::Cooldown);
        let of_key = key.cooling.ends(now).filter(|_| !pardoned).map(plain);
        let of_pair = state.pair(target).cooling.ends(now).map(plain);
        let of_bucket = (!own.bucket).then(|| gated(&bucket.health, bucket.probing));
        let of_project = (!own.project).then(|| gated(&project.health, project.probing));
        [of_key, of_pair, of_bucket.flatten(), of_project.flatten()]
            .into_iter()
            .flatten()
            .max_by_key(|(until, _)| *until)
            .map(|(until, why)| Wait::until(until, why))
    }

    /// What a call is the one probe of.
    pub(super) fn probes(&self, member: &Member, offer: &Offer) -> Probes {
        let (state, now) = (&self.registry.state, self.moment.now);
        let target = member.target(offer.place);
        let (bucket, project) = (state.bucket(target), state.project(target.project));
        let half_open = |health: &Health| health.breaker.needs_probe();
        let gate = |health: &Health, probing| health.cooling.gate(probing, now) == Gate::Probe;
        Probes {
            pool: half_open(&state.pool.health),
            free_keys: !member.spec.paid && half_open(&state.free_keys.health),
            model: state.model(offer.place).needs_probe(),
            endpoint: half_open(&state.endpoint.health),
            bucket: gate(&bucket.health, bucket.probing),
            project: gate(&project.health, project.probing),
        }
    }

    /// Whether the call of a lease may still leave: its key has not died, and nothing that the call is
    /// not the probe of has been shut meanwhile.
    pub(super) fn may_leave(&self, lease: &Lease) -> bool {
        let state = &self.registry.state;
        let model = state.model(lease.target.model);
        let region = (!lease.paid).then_some(&state.free_keys.health);
        let shared = [
            Some(&state.endpoint.health),
            Some(&state.pool.health),
            Some(&model.health),
            Some(&model.missing),
            region,
        ];
        let mut shared = shared.into_iter().flatten();
        let is_shut = shared.any(|it| it.cooling.ends(self.moment.now).is_some());
        let cools = self.cooling(lease.target, lease.probes).is_some();
        !self.registry.is_dead(lease.target) && !cools && !is_shut
    }
}

/// Until when nobody passes: the cooldown, and then the probe that is under way.
fn closed(health: &Health, probing: bool, now: Timestamp) -> Option<Timestamp> {
    let is_probed = health.breaker.needs_probe() && probing;
    let busy = || is_probed.then(|| now.after(PROBE_CHECK));
    health.cooling.ends(now).or_else(busy)
}

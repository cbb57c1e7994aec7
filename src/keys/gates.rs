//! What stands before a call: rests, and the one call at a time that looks how things stand. Pure.
//! Invariant: of what is on trial or probed, no second call passes beside the first.

use std::time::Duration;

use super::balance::Pick;
use super::pool::Moment;
use super::roster::Offer;
use super::state::Shared;
use super::{Ask, Cause, Health, Lease, Pool, Wait, Why};
use crate::clock::Timestamp;

/// When to ask again while a trial or a probe is under way.
const PROBE_CHECK: Duration = Duration::from_secs(1);

/// Whether a call may pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gate {
    Open,
    /// As the one call that looks how things stand.
    Probe,
    /// Not before then.
    Closed(Timestamp),
}

impl Pool {
    /// The breakers that stand before many keys.
    pub(super) fn behind(&self, paid: bool, offer: &Offer, now: Timestamp) -> Option<Wait> {
        let model = self.state.model(offer.place);
        let free = (!paid).then_some(&self.state.free_keys);
        let shut =
            |shared: &Shared, why| Some(Wait::until(closed(shared, &shared.health, now)?, why));
        [
            shut(&self.state.endpoint, Why::Endpoint),
            shut(&self.state.pool, Why::Address),
            free.and_then(|free| shut(free, Why::Region)),
            shut(model, Why::Model),
            closed(model, &model.missing, now).map(|until| Wait::until(until, Why::Missing)),
        ]
        .into_iter()
        .flatten()
        .reduce(Wait::later)
    }

    /// A key for a question that would be refused: it is the trial of a model whose rest is long.
    pub(super) fn last_resort(
        &mut self,
        ask: &Ask,
        moment: Moment,
        rng: &mut fastrand::Rng,
    ) -> Option<Pick> {
        let offers = ask.tiers.iter().flatten().filter_map(|id| self.offer(id));
        let models: Vec<usize> = offers.map(|offer| offer.place).collect();
        let mut wakes = false;
        for model in models {
            wakes |= self.state.model_mut(model).health.wake(moment.now);
        }
        wakes.then(|| self.find(ask, moment, rng).ok()).flatten()
    }

    /// Whether one of the breakers before the key of a lease has opened meanwhile.
    pub(super) fn closed(&self, lease: &Lease, now: Timestamp) -> Option<Timestamp> {
        let state = &self.state;
        let model = state.model(lease.seat.model);
        let region = (!lease.paid).then_some(&state.free_keys.health);
        let shared = [
            Some(&state.endpoint.health),
            Some(&state.pool.health),
            Some(&model.health),
            Some(&model.missing),
            region,
        ];
        shared
            .into_iter()
            .flatten()
            .filter_map(|it| it.resting(now))
            .max()
    }
}

/// Until when nobody passes: the rest, and then the trial that is under way.
fn closed(shared: &Shared, health: &Health, now: Timestamp) -> Option<Timestamp> {
    let trial = health.needs_trial() && shared.on_trial;
    let busy = || trial.then(|| now.after(PROBE_CHECK));
    health.resting(now).or_else(busy)
}

impl Health {
    /// What its rest is about.
    pub(super) fn why(&self) -> Why {
        match self.cause {
            Some(Cause::Day { .. }) => Why::Day,
            Some(Cause::Missing { .. }) => Why::Missing,
            Some(Cause::Endpoint { .. }) => Why::Endpoint,
            Some(Cause::SpendingCap) => Why::SpendingCap,
            None => Why::Resting,
        }
    }

    /// Whether a call may pass now, where one probe at a time decides how it goes on.
    pub(super) fn gate(&self, on_probe: bool, now: Timestamp) -> Gate {
        let busy = Gate::Closed(now.after(PROBE_CHECK));
        let free = if on_probe { busy } else { Gate::Probe };
        match (self.cause, self.resting(now)) {
            (Some(Cause::Day { .. }), Some(midnight)) => match self.probe_at {
                Some(due) if due <= now => free,
                Some(due) => Gate::Closed(due.min(midnight)),
                None => Gate::Closed(midnight),
            },
            (_, Some(until)) => Gate::Closed(until),
            (Some(Cause::Missing { .. } | Cause::SpendingCap), None) => free,
            (Some(Cause::Day { .. } | Cause::Endpoint { .. }) | None, None) => Gate::Open,
        }
    }
}

//! Lends keys and takes them back: every call is one unit of its (project, model)'s minute and day,
//! one in-flight slot of its key, the one probe of whatever is half-open, and money where the key
//! costs some. Pure; owned by the pool. Invariant: a lease is given only within every limit of its
//! (project, model) and never on a dead key; a unit is given back only when the service surely has
//! not counted it.

use super::ask::Ask;
use super::effect::{Counted, Verdict};
use super::failover;
use super::lease::{Lease, Pick, Probes};
use super::moment::Moment;
use super::money::{self, Spend};
use super::quota::{Ledger, MINUTE};
use super::registry::Registry;
use super::retry_budget::RetryBudget;
use super::view::View;
use super::wait::Wait;

/// What lending reads and counts.
#[derive(Debug)]
pub(super) struct Lender {
    pub(super) registry: Registry,
    pub(super) spend: Spend,
    pub(super) retries: RetryBudget,
}

impl Lender {
    pub(super) fn new(registry: Registry, spend: Spend) -> Self {
        Self {
            registry,
            spend,
            retries: RetryBudget::default(),
        }
    }

    /// All that is known, at this moment.
    pub(super) fn view(&self, moment: Moment) -> View<'_> {
        View {
            registry: &self.registry,
            spend: &self.spend,
            moment,
        }
    }

    /// The next key for a question, or when it is free.
    pub(super) fn find(
        &self,
        ask: &Ask,
        moment: Moment,
        rng: &mut fastrand::Rng,
    ) -> Result<Pick, Wait> {
        failover::find(self.view(moment), ask, rng)
    }

    /// A key for a question that would be refused: it is the probe of a model that cools down for
    /// long.
    pub(super) fn last_resort(
        &mut self,
        ask: &Ask,
        moment: Moment,
        rng: &mut fastrand::Rng,
    ) -> Option<Pick> {
        let roster = &self.registry.roster;
        let offers = ask.tiers.iter().flatten().filter_map(|id| roster.offer(id));
        let mut wakes = false;
        for offer in offers {
            let model = self.registry.state.model_mut(offer.place);
            wakes |= model.health.cooling.end_early(moment.now);
        }
        wakes.then(|| self.find(ask, moment, rng).ok()).flatten()
    }

    /// Counts a call and lends the key for it.
    pub(super) fn lend(&mut self, pick: Pick, ask: &Ask, moment: Moment) -> Lease {
        self.retries.count(ask);
        let target = pick.target;
        let state = &mut self.registry.state;
        let bucket = state.bucket_mut(target);
        bucket.spend(ask.tokens, moment.now, &moment.day);
        if pick.price > 0 {
            self.spend.reserve(pick.price, &moment.day);
        }
        let probes = pick.probes;
        state.pool.probing |= probes.pool;
        state.free_keys.probing |= probes.free_keys;
        state.model_mut(target.model).probing |= probes.model;
        state.endpoint.probing |= probes.endpoint;
        state.bucket_mut(target).probing |= probes.bucket;
        state.project_mut(target.project).probing |= probes.project;
        let key = state.key_mut(target.key);
        key.in_flight += 1;
        Lease::new(pick, ask, key.generation, moment)
    }

    /// The call of a lease leaves now, perhaps long after it was counted: its unit of the minute
    /// counts from now on. Whether it may.
    pub(super) fn leave(&mut self, lease: &mut Lease, moment: Moment) -> bool {
        if lease.at.after(MINUTE) <= moment.now {
            return false;
        }
        let bucket = self.registry.state.bucket_mut(lease.target);
        bucket.restamp(lease.tokens, lease.at, moment.now);
        lease.at = moment.now;
        self.view(moment).may_leave(lease)
    }

    /// Takes back the slot of a call that has ended, and what it was the probe of.
    pub(super) fn release(&mut self, lease: &Lease) {
        let key = self.registry.state.key_mut(lease.target.key);
        key.in_flight = key.in_flight.saturating_sub(1);
        self.end_probes(lease);
    }

    /// What the call is the probe of is decided.
    pub(super) fn end_probes(&mut self, lease: &Lease) {
        let Probes {
            pool,
            free_keys,
            model,
            endpoint,
            bucket,
            project,
        } = lease.probes;
        let state = &mut self.registry.state;
        state.pool.probing &= !pool;
        state.free_keys.probing &= !free_keys;
        state.model_mut(lease.target.model).probing &= !model;
        state.endpoint.probing &= !endpoint;
        state.bucket_mut(lease.target).probing &= !bucket;
        state.project_mut(lease.target.project).probing &= !project;
    }

    /// Gives back what the service surely has not counted, and replaces the reserved price by the
    /// true one.
    pub(super) fn bill(&mut self, lease: &Lease, verdict: &Verdict) {
        let bucket = self.registry.state.bucket_mut(lease.target);
        match verdict.counted {
            Counted::Yes => {}
            Counted::NotOfTheDay => bucket.uncount(lease.at),
            Counted::Never => bucket.lose(lease.tokens, lease.at),
        }
        match (verdict.counted, verdict.tokens) {
            (Counted::Yes, Some((input, output))) => {
                let offer = self.registry.roster.offer(&lease.model);
                let price = offer.map(|offer| money::price(&offer.model, input, output));
                self.return_money(lease, price.unwrap_or(lease.price));
            }
            // It may have cost all of it.
            (Counted::Yes, None) => {}
            (Counted::NotOfTheDay | Counted::Never, _) => self.return_money(lease, 0),
        }
    }

    /// Takes a lease back whose call surely never left; the row to be stored.
    pub(super) fn refund(&mut self, lease: &Lease) -> Ledger {
        self.release(lease);
        self.retries.undo(lease.is_retry);
        self.return_money(lease, 0);
        let bucket = self.registry.state.bucket_mut(lease.target);
        bucket.refund(lease.tokens, lease.at);
        bucket.ledger()
    }

    fn return_money(&mut self, lease: &Lease, price: u64) {
        if lease.price > 0 {
            self.spend.bill(lease.price, price, lease.day);
        }
    }
}

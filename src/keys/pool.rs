//! The façade of the key pool: lends keys, settles leases, reports. The shell owns the one [`Pool`] in
//! a mutex and stores the rows as they are when it commits. Pure. Each piece of state has one owner
//! below it; what is here puts their work into order. Invariants: those who wait go first, and
//! whatever frees a key stirs the line.

use super::ask::Ask;
use super::change::{Change, Saved};
use super::cohorts;
use super::consequences::Consequences;
use super::deaths::dead_keys;
use super::effect::{Death, Effect, Verdict};
use super::health::{Health, Scope};
use super::lease::{Lease, Place, Reserved, Ticket};
use super::lender::Lender;
use super::line::Line;
use super::moment::{Latest, Moment};
use super::money::Spend;
use super::pacific;
use super::quota::Ledger;
use super::registry::Registry;
use super::report::{GroupDay, KeyReport, Tally};
use super::retest::{self, LookFor, Retested};
use super::settings::{Fingerprint, Group, KeySpec, Policy};
use super::suspect::Attempted;
use super::trouble::Trouble;
use super::wait::{Wait, Why};
use crate::catalog::Catalog;
use crate::catalog::Kind;
use crate::clock::{Reading, Timestamp};
use crate::tier::Day;

/// All keys with what is known of them.
#[derive(Debug)]
pub(crate) struct Pool {
    latest: Latest,
    lender: Lender,
    line: Line,
    consequences: Consequences,
}

/// Settings.
impl Pool {
    /// A pool that goes on where the stored rows end.
    pub(crate) fn new(
        policy: Policy,
        keys: Vec<KeySpec>,
        catalog: &Catalog,
        saved: Saved,
        now: Timestamp,
    ) -> Self {
        let mut spend = saved.spend;
        spend.rebase(&pacific::day_of(now));
        let mut pool = Self {
            latest: Latest::new(now),
            lender: Lender::new(Registry::new(policy, saved, now), spend),
            line: Line::default(),
            consequences: Consequences::default(),
        };
        pool.reconfigure(policy, keys, catalog);
        pool.consequences = Consequences::before(&pool.lender.registry, now);
        pool
    }

    /// New settings: everything that is known stays known.
    pub(crate) fn reconfigure(&mut self, policy: Policy, keys: Vec<KeySpec>, catalog: &Catalog) {
        let now = self.latest.now();
        let registry = &mut self.lender.registry;
        registry.reconfigure(policy, keys, catalog, now);
        self.line.stir();
        self.reconsider(now);
    }

    /// The address that calls go to, by its fingerprint. What was missing at another one may be here;
    /// what that lifts is stored with the next unit.
    pub(crate) fn speak_to(&mut self, address: Fingerprint) {
        let not_found = &mut self.consequences.not_found;
        not_found.speak_to(&mut self.lender.registry, address);
        self.line.stir();
    }
}

/// Lending.
impl Pool {
    /// Counts one call and lends the key for it, or gives a place in the line, or says when to come
    /// again. Those who wait go first.
    pub(crate) fn reserve(
        &mut self,
        ask: &Ask,
        now: impl Into<Reading>,
        rng: &mut fastrand::Rng,
    ) -> Reserved {
        let moment = self.notice(now);
        self.line.serve(&mut self.lender, moment, rng);
        if !self.lender.retries.allows(ask) {
            return Reserved::Refused(Wait::never(Why::Retries));
        }
        let wait = match self.lender.find(ask, moment, rng) {
            Ok(pick) => return Reserved::Lent(self.lender.lend(pick, ask, moment)),
            Err(wait) => wait,
        };
        match self.line.enqueue(ask, wait, self.lender.view(moment)) {
            Ok(place) => Reserved::Queued(place),
            Err(wait) => match self.lender.last_resort(ask, moment, rng) {
                Some(pick) => Reserved::Lent(self.lender.lend(pick, ask, moment)),
                None => Reserved::Refused(wait),
            },
        }
    }

    /// Serves those who wait, first come first served within a rank; returns all leases that were
    /// given to them since the last time.
    pub(crate) fn tick(
        &mut self,
        now: impl Into<Reading>,
        rng: &mut fastrand::Rng,
    ) -> Vec<(Ticket, Lease)> {
        let moment = self.notice(now);
        self.line.serve(&mut self.lender, moment, rng);
        self.line.take_granted()
    }

    /// Where somebody stands by now; `None` once they have their lease.
    pub(crate) fn place(&mut self, ticket: Ticket, now: impl Into<Reading>) -> Option<Place> {
        let moment = self.notice(now);
        self.line.place(ticket, self.lender.view(moment))
    }

    /// Those in the line whom no waiting helps any more, since the last time.
    pub(crate) fn take_hopeless(&mut self) -> Vec<Ticket> {
        self.line.take_hopeless()
    }

    /// Somebody waits no longer.
    pub(crate) fn withdraw(&mut self, ticket: Ticket) {
        self.line.withdraw(ticket);
    }

    /// What stands in the way of a question now.
    pub(crate) fn why_not(
        &mut self,
        ask: &Ask,
        now: impl Into<Reading>,
        rng: &mut fastrand::Rng,
    ) -> Wait {
        let moment = self.notice(now);
        let found = self.lender.find(ask, moment, rng);
        found.err().unwrap_or(Wait::until(moment.now, Why::Slots))
    }

    /// The call of a lease leaves now, perhaps long after it was counted: its unit of the minute
    /// counts from now on. `false` when that unit is none of this minute any more, and perhaps none
    /// of this day, or when the key died or began to cool down meanwhile and must not be called.
    pub(crate) fn leave(&mut self, lease: &mut Lease, now: Timestamp) -> bool {
        let moment = self.notice(now);
        self.lender.leave(lease, moment)
    }
}

/// Settling.
impl Pool {
    /// Takes a lease back with what the call taught us; returns what must be stored.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a lease that was settled is gone"
    )]
    pub(crate) fn settle(
        &mut self,
        lease: Lease,
        verdict: &Verdict,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Vec<Change> {
        let moment = self.notice(now);
        self.lender.release(&lease);
        self.line.stir();
        self.lender.bill(&lease, verdict);
        let effect = verdict.effect;
        let registry = &mut self.lender.registry;
        registry.state.key_mut(lease.target.key).last = Some((effect, moment.now));
        let learned = registry.learn(&lease, &verdict.learned, moment.now);
        let lesson = (&lease, effect);
        let changes = self.consequences.apply(registry, lesson, moment, rng);
        self.reconsider(moment.now);
        // What the beginning of this answer has lifted is told with its end, not with another call.
        let mut all = self.take_unsaved();
        all.extend(learned.into_iter().chain(changes));
        all
    }

    /// The service has begun to answer: whatever was doubted but the key itself is trusted again,
    /// long before a streamed answer ends.
    pub(crate) fn answers(&mut self, lease: &Lease) {
        self.lender.end_probes(lease);
        let registry = &mut self.lender.registry;
        let now = self.latest.now();
        let changes = self.consequences.heal_shared(registry, lease, now);
        registry.keep_unsaved(changes);
        self.line.stir();
    }

    /// Takes a lease back whose call surely never left; returns the row to be stored.
    pub(crate) fn refund(&mut self, lease: Lease) -> ((Fingerprint, String), Ledger) {
        let row = self.lender.refund(&lease);
        self.line.stir();
        ((lease.project, lease.model), row)
    }

    /// What has changed without a call that would have it stored: for whoever stores something now,
    /// and gives it back to [`Self::keep_unsaved`] where that fails.
    pub(crate) fn take_unsaved(&mut self) -> Vec<Change> {
        self.lender.registry.take_unsaved()
    }

    /// These could not be stored: they are as soon as something else is.
    pub(crate) fn keep_unsaved(&mut self, changes: Vec<Change>) {
        self.lender.registry.keep_unsaved(changes);
    }
}

/// Looking at keys for free.
impl Pool {
    /// Dead keys that are to be looked at by now. One that leaked stays dead unless the Owner asks.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Fingerprint> {
        retest::due(&self.lender.registry, now)
    }

    /// All dead keys; of a dead project the first one, since one look says all.
    pub(crate) fn dead(&self) -> Vec<Fingerprint> {
        let dead = dead_keys(&self.lender.registry);
        dead.map(|(key, _)| key).collect()
    }

    /// Keys that are dead, blacklisted or cool down with some model for longer than a minute's limit.
    pub(crate) fn to_look_at(&self, now: Timestamp) -> Vec<Fingerprint> {
        retest::to_look_at(&self.lender.registry, now)
    }

    /// What is to be looked at by whoever made this call, which meant this.
    pub(crate) fn look_for(
        &mut self,
        call: &Attempted,
        effect: Effect,
        now: Timestamp,
    ) -> Option<LookFor> {
        let now = self.notice(now).now;
        retest::look_for(&mut self.lender.registry, call, effect, now)
    }

    /// The free look is throttled as a model is: it is our address.
    pub(crate) fn address_is_throttled(&mut self, call: &Attempted, now: Timestamp) -> Vec<Change> {
        let now = self.notice(now).now;
        let change = retest::address_is_throttled(&mut self.lender.registry, call, now);
        change.into_iter().collect()
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
        let registry = &mut self.lender.registry;
        let changes = self
            .consequences
            .looked_at(registry, call, (shown, death), now);
        self.line.stir();
        self.reconsider(now);
        changes
    }

    /// Learns from the look at a key that the Owner asked for; returns what must be stored.
    pub(crate) fn looked_again(
        &mut self,
        key: Fingerprint,
        shown: Retested,
        death: Option<Death>,
        now: Timestamp,
    ) -> Vec<Change> {
        let now = self.notice(now).now;
        let registry = &mut self.lender.registry;
        let changes = self
            .consequences
            .looked_again(registry, key, (shown, death), now);
        self.line.stir();
        self.reconsider(now);
        changes
    }

    /// Opens what cools down for many keys, and forgets the limits that were learned; returns what
    /// must be stored. The Owner asked for it, so nothing of it is news.
    pub(crate) fn reopen(&mut self, now: Timestamp) -> Vec<Change> {
        let now = self.notice(now).now;
        let changes = self.consequences.reopen(&mut self.lender.registry, now);
        self.line.stir();
        changes
    }
}

/// Reporting.
impl Pool {
    /// Counts the configured keys.
    pub(crate) fn count(&mut self, now: Timestamp) -> Tally {
        let moment = self.notice(now);
        self.lender.view(moment).tally()
    }

    /// Each configured key, by group and label.
    pub(crate) fn report(&mut self, now: Timestamp) -> Vec<KeyReport> {
        let moment = self.notice(now);
        self.lender.view(moment).report()
    }

    /// What a person has to see to.
    pub(crate) fn troubles(&mut self, now: Timestamp) -> Vec<Trouble> {
        let moment = self.notice(now);
        let (is_blocked, is_unserved) = self.consequences.outages.told();
        self.lender.view(moment).troubles(is_blocked, is_unserved)
    }

    /// What is left of the day of a kind of model for people of this group, in their own keys and those that lend;
    /// `None` when no living key offers it to them.
    pub(crate) fn left(
        &mut self,
        kind: impl Into<Kind>,
        groups: &[Group],
        now: Timestamp,
    ) -> Option<Day> {
        let moment = self.notice(now);
        self.lender.view(moment).left(kind.into(), groups)
    }

    /// The day of a group's keys, as its people share it.
    pub(crate) fn group_day(&mut self, group: Group, now: Timestamp) -> GroupDay {
        let moment = self.notice(now);
        self.lender.view(moment).group_day(group)
    }

    /// Whether the key is dead or blacklisted.
    #[cfg(test)]
    pub(crate) fn is_dead_or_blacklisted(&self, key: &Fingerprint, now: Timestamp) -> bool {
        self.lender.view(now.into()).is_dead_or_blacklisted(*key)
    }

    /// Whether the key of a lease is half-open because too few others are left.
    #[cfg(test)]
    fn pardons(&self, lease: &Lease) -> bool {
        let pardoned = &self.lender.registry.pardoned;
        pardoned.contains(&lease.target.key)
    }

    /// How many keys are configured.
    pub(crate) fn roster_len(&self) -> usize {
        self.lender.registry.roster.each_key().count()
    }

    /// What paid keys have cost; none while there are none.
    pub(crate) fn spend(&self) -> Option<Spend> {
        let members = &self.lender.registry.roster.members;
        let paid = members.iter().any(|member| member.spec.paid);
        let spend = self.lender.spend;
        (paid || spend.micro_usd > 0).then_some(spend)
    }

    /// The row of (project, model) as it is now.
    pub(crate) fn ledger(&mut self, project: Fingerprint, model: &str) -> Ledger {
        let state = &mut self.lender.registry.state;
        state.row_mut(project, model).ledger()
    }

    /// The row of a scope as it is now.
    pub(crate) fn health(&mut self, scope: &Scope) -> Health {
        self.lender.registry.state.health_mut(scope).clone()
    }
}

/// Time passing.
impl Pool {
    /// The moment to reckon with, and what has become due by it.
    fn notice(&mut self, now: impl Into<Reading>) -> Moment {
        let (moment, is_set_back) = self.latest.notice(now.into());
        let now = moment.now;
        if is_set_back {
            self.rebase(moment);
        }
        let registry = &mut self.lender.registry;
        if self.consequences.blacklist.pass(registry, now) {
            self.reconsider(now);
        }
        if self.lender.registry.try_limits(now) {
            self.line.stir();
        }
        moment
    }

    /// The clock was set back: nothing may seem to lie ahead.
    fn rebase(&mut self, moment: Moment) {
        let now = moment.now;
        self.lender.registry.rebase(now);
        self.lender.spend.rebase(&moment.day);
        self.consequences.rebase(now);
        self.line.stir();
    }

    /// Looks whether deaths or new settings have left too few keys that are not blacklisted: those
    /// that are there are half-open.
    fn reconsider(&mut self, now: Timestamp) {
        let pardoned = cohorts::pardoned(&self.lender.registry, now);
        self.lender.registry.pardoned = pardoned;
    }
}

#[cfg(test)]
pub(super) mod tests;

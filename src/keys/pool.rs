//! All keys with what is known of them: counts calls and lends keys for them. The shell owns the one
//! [`Pool`] in a mutex and stores the rows as they are when it commits. Pure. Invariant: a lease is
//! given only within every limit of its (project, model) and never on a dead key.

use std::collections::HashSet;
use std::time::Duration;

use super::alike::Alike;
use super::balance::Pick;
use super::failover::Budget;
use super::line::Line;
use super::missing::Absent;
use super::pacific::{self, Day};
use super::purse::Spend;
use super::quota::MINUTE;
use super::roster::{Member, Offer};
use super::state::State;
use super::strikes::Open;
use super::voices::Voices;
use super::{
    Ask, Change, Fingerprint, Health, KeySpec, Lease, Ledger, Place, Policy, Reserved, Saved,
    Scope, Ticket, Wait, Why,
};
use crate::catalog::Catalog;
use crate::clock::{Reading, Timestamp};

/// Reads of the clock by several threads may reach the pool in another order; only a larger step
/// back is a clock that was set.
const DISORDER: Duration = Duration::from_secs(2);

/// All keys with what is known of them.
#[derive(Debug)]
pub(crate) struct Pool {
    pub(super) policy: Policy,
    /// The models of the catalogue, cheapest tier first.
    pub(super) offers: Vec<Offer>,
    /// The configured keys, once for each group they stand in, sorted by [`Member::section`] and
    /// fingerprint.
    pub(super) roster: Vec<Member>,
    pub(super) state: State,
    pub(super) spend: Spend,
    pub(super) line: Line,
    pub(super) alike: Alike,
    pub(super) budget: Budget,
    /// Who does not find a model, or the service.
    pub(super) absent: Absent,
    /// The address that calls go to.
    pub(super) endpoint: Fingerprint,
    /// When it is time to try more than a limit that was learned.
    pub(super) tries_at: Option<Timestamp>,
    /// Last strikes that wait to be told from a storm's.
    pub(super) verdicts: Vec<Open>,
    /// What changed without a call that would have it stored.
    pub(super) unsaved: Vec<Change>,
    /// Keys that are blacklisted and on trial all the same: more than half of the living ones, or of
    /// those of a group, are blacklisted, since others died.
    pub(super) amnesty: HashSet<usize>,
    /// Who says that the region is not served.
    pub(super) region_voices: Voices,
    /// Who was answered with a page.
    pub(super) page_voices: Voices,
    /// What the Owner was told of.
    pub(super) told: Told,
    /// The model whose call began the newest rest of the whole pool.
    pub(super) begun_by: Option<usize>,
    /// Deaths of the last seconds, with their projects.
    pub(super) deaths: Vec<(Timestamp, usize, Scope)>,
    /// The latest moment heard of.
    pub(super) latest: Timestamp,
    day: Day,
}

/// Which troubles of everybody the Owner was told of, and not yet that they are over.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) pages: bool,
    pub(super) region: bool,
}

/// A moment with the day it belongs to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    pub(super) now: Timestamp,
    pub(super) day: Day,
}

impl Pool {
    /// A pool that goes on where the stored rows end.
    pub(crate) fn new(
        policy: Policy,
        keys: Vec<KeySpec>,
        catalog: &Catalog,
        saved: Saved,
        now: Timestamp,
    ) -> Self {
        let mut state = State::default();
        for (scope, health) in saved.healths {
            *state.health_mut(&scope) = health;
        }
        state.restore(&saved.ledgers);
        state.rebase(now);
        let mut spend = saved.spend;
        spend.rebase(&pacific::day_of(now));
        let told = Told::before(&state.pool.health, &state.free_keys.health);
        let absent = Absent::before(&state.endpoint.health);
        let mut pool = Self {
            policy,
            offers: Vec::new(),
            roster: Vec::new(),
            state,
            spend,
            line: Line::default(),
            alike: Alike::default(),
            budget: Budget::default(),
            absent,
            endpoint: Fingerprint::default(),
            tries_at: None,
            verdicts: Vec::new(),
            unsaved: Vec::new(),
            amnesty: HashSet::new(),
            region_voices: Voices::default(),
            page_voices: Voices::default(),
            told,
            begun_by: None,
            deaths: Vec::new(),
            latest: now,
            day: pacific::day_of(now),
        };
        pool.reconfigure(policy, keys, catalog);
        pool.reopen_verdicts();
        pool
    }

    /// Counts one call and lends the key for it, or gives a place in the line, or says when to come
    /// again. Those who wait go first.
    pub(crate) fn reserve(
        &mut self,
        ask: &Ask,
        now: impl Into<Reading>,
        rng: &mut fastrand::Rng,
    ) -> Reserved {
        let moment = self.read(now);
        self.serve(moment, rng);
        if !self.budget.allows(ask) {
            return Reserved::Refused(Wait::never(Why::Retries));
        }
        match self.find(ask, moment, rng) {
            Ok(pick) => Reserved::Lent(self.lend(&pick, ask, moment)),
            Err(wait) => match self.enqueue(ask, wait, moment) {
                Ok(place) => Reserved::Queued(place),
                Err(wait) => match self.last_resort(ask, moment, rng) {
                    Some(pick) => Reserved::Lent(self.lend(&pick, ask, moment)),
                    None => Reserved::Refused(wait),
                },
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
        let moment = self.read(now);
        self.serve(moment, rng);
        self.line.take_granted()
    }

    /// Where somebody stands by now; `None` once they have their lease.
    pub(crate) fn place(&mut self, ticket: Ticket, now: impl Into<Reading>) -> Option<Place> {
        let moment = self.read(now);
        let clock = self.line.clock;
        let ask = self.line.ask(ticket)?;
        if ask.patience < clock.steady {
            return None;
        }
        let ahead = self.ahead_of(&ask, Some(ticket));
        let wait = self.forecast(&ask, ahead, moment);
        let end = ask.patience.after(Duration::from_millis(1));
        let until = wait.and_then(|wait| wait.until);
        let until = until.map_or(end, |until| clock.to_steady(until));
        let quiet_until = clock.to_steady(self.line.quiet_until());
        // A smaller model's key may be free at once, and not be for this question yet.
        let until = until.max(quiet_until);
        Some(Place {
            ticket,
            ahead,
            wakes: until.min(end),
            look: quiet_until.min(end),
            why: wait.map_or(Why::Slots, |wait| wait.why),
        })
    }

    /// Those in the line whom no waiting helps any more, since the last time.
    pub(crate) fn take_hopeless(&mut self) -> Vec<Ticket> {
        self.line.take_hopeless()
    }

    /// What stands in the way of a question now.
    pub(crate) fn why_not(
        &mut self,
        ask: &Ask,
        now: impl Into<Reading>,
        rng: &mut fastrand::Rng,
    ) -> Wait {
        let moment = self.read(now);
        let found = self.find(ask, moment, rng);
        found.err().unwrap_or(Wait::until(moment.now, Why::Slots))
    }

    /// Somebody waits no longer.
    pub(crate) fn withdraw(&mut self, ticket: Ticket) {
        if self.line.remove(ticket) {
            self.line.stir();
        }
    }

    /// The row of (project, model) as it is now.
    pub(crate) fn ledger(&mut self, project: Fingerprint, model: &str) -> Ledger {
        self.state.row_mut(project, model).ledger()
    }

    /// The row of a scope as it is now.
    pub(crate) fn health(&mut self, scope: &Scope) -> Health {
        self.state.health_mut(scope).clone()
    }

    /// How many keys are configured.
    pub(crate) fn roster_len(&self) -> usize {
        self.each_key().count()
    }

    /// What paid keys have cost; none while there are none.
    pub(crate) fn spend(&self) -> Option<Spend> {
        let paid = self.roster.iter().any(|member| member.spec.paid);
        (paid || self.spend.micro_usd > 0).then_some(self.spend)
    }

    /// The call of a lease leaves now, perhaps long after it was counted: its unit of the minute
    /// counts from now on. `false` when that unit is none of this minute any more, and perhaps none
    /// of this day, or when the key died or began to rest meanwhile and must not be called.
    pub(crate) fn leave(&mut self, lease: &mut Lease, now: Timestamp) -> bool {
        let now = self.notice(now).now;
        if lease.at.after(MINUTE) <= now {
            return false;
        }
        let seat = lease.seat;
        self.state
            .bucket_mut(seat)
            .restamp(lease.tokens, lease.at, now);
        lease.at = now;
        let own = self.resting(seat, lease.trials, now);
        !self.is_dead(seat) && own.is_none() && self.closed(lease, now).is_none()
    }

    pub(super) fn lend(&mut self, pick: &Pick, ask: &Ask, moment: Moment) -> Lease {
        let seat = pick.seat;
        self.budget.count(ask);
        self.state
            .bucket_mut(seat)
            .spend(ask.tokens, moment.now, &moment.day);
        if pick.price > 0 {
            self.spend.reserve(pick.price, &moment.day);
        }
        let trials = pick.trials;
        self.state.pool.on_trial |= trials.pool;
        self.state.free_keys.on_trial |= trials.free_keys;
        self.state.model_mut(seat.model).on_trial |= trials.model;
        self.state.endpoint.on_trial |= trials.endpoint;
        self.state.bucket_mut(seat).on_probe |= trials.bucket;
        self.state.project_mut(seat.project).on_probe |= trials.project;
        let key = self.state.key_mut(seat.key);
        key.in_flight += 1;
        Lease {
            key: pick.names.0,
            project: pick.names.1,
            model: pick.model.clone(),
            tier: pick.tier,
            borrowed: pick.borrowed,
            paid: pick.paid,
            at: moment.now,
            tokens: ask.tokens,
            price: pick.price,
            day: moment.day.number,
            seat,
            generation: key.generation,
            is_retry: ask.attempts > 0,
            trials,
            suspects: ask.suspects.clone(),
            pages: ask.pages,
        }
    }

    /// The moment to reckon with where a question's own moments count, which no correction of the
    /// clock may touch.
    fn read(&mut self, now: impl Into<Reading>) -> Moment {
        let reading = now.into();
        let moment = self.notice(reading.now);
        self.line.clock = Reading {
            now: moment.now,
            steady: reading.to_steady(moment.now),
        };
        moment
    }

    /// The moment to reckon with.
    pub(super) fn notice(&mut self, now: Timestamp) -> Moment {
        let set_back = self.latest.since(now) > DISORDER;
        if set_back {
            self.latest = now;
            self.state.rebase(now);
            self.forget_moments(now);
            self.spend.rebase(&pacific::day_of(now));
            self.line.stir();
        }
        self.latest = self.latest.max(now);
        if !(self.day.began..self.day.ends).contains(&self.latest) {
            self.day = pacific::day_of(self.latest);
        }
        self.pass_verdicts(self.latest);
        if self.tries_at.is_some_and(|at| at <= self.latest) {
            self.limit_all();
        }
        Moment {
            now: self.latest,
            day: self.day,
        }
    }
}

#[cfg(test)]
pub(super) mod tests;

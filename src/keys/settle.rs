//! Takes a key back and draws the consequences of what the call taught us (design §4, "what is a
//! strike"; gemini-api §15). Pure. Invariants: what several projects meet alike within ten seconds
//! is no key's fault, and never more than half of the living keys are blacklisted by strikes.

use std::time::Duration;

use super::alike::{self, Kind, Reach};
use super::breaker::{self, BLOCK, Brake, OVERLOAD, REGION, STORM, THROTTLE};
use super::lease::{Suspect, Trials};
use super::pool::Moment;
use super::roster::Member;
use super::{
    Change, Counted, Effect, Fingerprint, Health, Lease, Ledger, News, Pool, Rest, Scope, Verdict,
    purse,
};
use crate::clock::Timestamp;

/// So long a model that one project does not find counts as missing.
const MISSING_FOR: Duration = Duration::from_hours(24);

/// A key whose last strike may still turn out to be a storm's.
#[derive(Debug)]
pub(super) struct Open {
    key: usize,
    since: Timestamp,
}

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
        self.release(&lease);
        self.bill(&lease, verdict);
        let key = self.state.key_mut(lease.seat.key);
        key.last = Some((verdict.effect, moment.now));
        let scope = Scope::ProjectModel(lease.project, lease.model.clone());
        let learned = self.change(scope, |health| health.learn(&verdict.learned));
        if learned.is_some() {
            self.limit(lease.seat);
        }
        let changes = self.apply(&lease, verdict.effect, moment, rng);
        if changes.iter().any(|change| change.news.is_some()) {
            self.reconsider(moment.now);
        }
        learned.into_iter().chain(changes).collect()
    }

    /// Takes a lease back whose call surely never left; returns the row to be stored.
    pub(crate) fn refund(&mut self, lease: Lease) -> ((Fingerprint, String), Ledger) {
        self.release(&lease);
        self.budget.undo(lease.is_retry);
        self.return_money(&lease, 0);
        let bucket = self.state.bucket_mut(lease.seat);
        bucket.refund(lease.tokens, lease.at);
        let row = bucket.ledger();
        ((lease.project, lease.model), row)
    }

    /// The service has begun to answer: whatever was doubted but the key itself is trusted again,
    /// long before a streamed answer ends.
    pub(crate) fn answers(&mut self, lease: &Lease) {
        self.end_trials(lease);
        let changes = self.heal_shared(lease);
        self.unsaved.extend(changes);
        self.line.stir();
    }

    fn release(&mut self, lease: &Lease) {
        let key = self.state.key_mut(lease.seat.key);
        key.in_flight = key.in_flight.saturating_sub(1);
        self.end_trials(lease);
        self.line.stir();
    }

    fn end_trials(&mut self, lease: &Lease) {
        let Trials {
            pool,
            free_keys,
            model,
        } = lease.trials;
        self.state.pool.on_trial &= !pool;
        self.state.free_keys.on_trial &= !free_keys;
        self.state.model_mut(lease.seat.model).on_trial &= !model;
    }

    /// Gives back what the service surely has not counted, and replaces the reserved price by the
    /// true one.
    fn bill(&mut self, lease: &Lease, verdict: &Verdict) {
        let bucket = self.state.bucket_mut(lease.seat);
        match verdict.counted {
            Counted::Yes => {}
            Counted::NotOfTheDay => bucket.uncount(lease.at),
            Counted::Never => bucket.refund(lease.tokens, lease.at),
        }
        match (verdict.counted, verdict.tokens) {
            (Counted::Yes, Some((input, output))) => {
                let offer = self.offer(&lease.model);
                let price = offer.map(|offer| purse::price(&offer.model, input, output));
                self.return_money(lease, price.unwrap_or(lease.price));
            }
            // It may have cost all of it.
            (Counted::Yes, None) => {}
            (Counted::NotOfTheDay | Counted::Never, _) => self.return_money(lease, 0),
        }
    }

    fn return_money(&mut self, lease: &Lease, price: u64) {
        if lease.price > 0 {
            self.spend.bill(lease.price, price, lease.day);
        }
    }

    fn apply(
        &mut self,
        lease: &Lease,
        effect: Effect,
        moment: Moment,
        rng: &mut fastrand::Rng,
    ) -> Vec<Change> {
        let now = moment.now;
        let key = || Scope::Key(lease.key);
        let project = || Scope::Project(lease.project);
        let bucket = || Scope::ProjectModel(lease.project, lease.model.clone());
        match effect {
            Effect::Innocent => Vec::new(),
            Effect::Healthy => self.heal(lease, now),
            Effect::KillKey(death) => self.one(key(), |it| it.kill(death, now)),
            Effect::KillProject(death) => self.one(project(), |it| it.kill(death, now)),
            Effect::RestKeyModel(rest) => self.rest(bucket(), jittered(rest, rng), now),
            Effect::ModelMissing(rest) => {
                let mut changes = self.rest(bucket(), rest, now);
                if self.is_missing(lease, now) {
                    changes.extend(self.rest(Scope::Model(lease.model.clone()), rest, now));
                }
                changes
            }
            Effect::Throttled(rest) => {
                // A trial of the whole pool says nothing of its key.
                let reach = self.alike.note(Kind::Throttled, lease.seat, now);
                if reach == Reach::Few && !lease.trials.pool {
                    self.rest(bucket(), jittered(rest, rng), now)
                } else {
                    self.brake(Scope::Pool, &THROTTLE, lease, now)
                }
            }
            Effect::RestKey(rest) => self.rest(key(), rest, now),
            Effect::RestProject(rest) => self.rest(project(), rest, now),
            Effect::RestModel(rest) => self.overloaded(lease, rest, now),
            Effect::RestFreeKeys(_) => self.brake(Scope::FreeKeys, &REGION, lease, now),
            Effect::RestPool(_) => self.brake(Scope::Pool, &BLOCK, lease, now),
            Effect::Suspect(rest) => {
                let pair = Scope::KeyModel(lease.key, lease.model.clone());
                let mut changes = self.rest(pair, rest, now);
                let reach = self.alike.note(Kind::Suspect, lease.seat, now);
                changes.extend(self.correlated(reach, Kind::Suspect, lease, now));
                changes
            }
            Effect::Strike(rest) => self.unexplained(lease, rest, now),
        }
    }

    /// The key answered: what was doubted is trusted, and keys that failed the same question on the
    /// same model are to blame for it, unless many failed alike then.
    fn heal(&mut self, lease: &Lease, now: Timestamp) -> Vec<Change> {
        let mut changes = self.heal_shared(lease);
        if self.state.key(lease.seat.key).generation == lease.generation {
            changes.extend(self.change(Scope::Key(lease.key), Health::heal));
        }
        for suspect in &lease.suspects {
            let seat = suspect.seat;
            let guilty = seat.model == lease.seat.model && seat.key != lease.seat.key;
            if guilty && !self.alike.was_storm(Kind::Suspect, suspect.at) {
                changes.extend(self.strike(suspect, Rest::Cooldown, Kind::Suspect, now));
            }
        }
        changes
    }

    /// What many keys stand behind is trusted again; a late answer says nothing new.
    fn heal_shared(&mut self, lease: &Lease) -> Vec<Change> {
        let free = (!lease.paid).then_some(Scope::FreeKeys);
        let shared = [
            Scope::Project(lease.project),
            Scope::Model(lease.model.clone()),
            Scope::Pool,
        ];
        let heal = |health: &mut Health| {
            if health.is_news(lease.at) {
                health.heal();
            }
        };
        let scopes = shared.into_iter().chain(free);
        scopes
            .filter_map(|scope| self.change(scope, heal))
            .collect()
    }

    /// An unexplained failure is a strike, unless many projects meet the same.
    fn unexplained(&mut self, lease: &Lease, rest: Rest, now: Timestamp) -> Vec<Change> {
        let reach = self.alike.note(Kind::Unexplained, lease.seat, now);
        match reach {
            Reach::Few => {
                let suspect = lease.attempted().into_suspect();
                let strike = self.strike(&suspect, rest, Kind::Unexplained, now);
                strike.into_iter().collect()
            }
            Reach::Model | Reach::Address => {
                let mut changes = self.rest(Scope::Key(lease.key), rest, now);
                changes.extend(self.correlated(reach, Kind::Unexplained, lease, now));
                changes
            }
        }
    }

    /// What many projects meet is taken back from the keys and counted where it belongs.
    fn correlated(
        &mut self,
        reach: Reach,
        kind: Kind,
        lease: &Lease,
        now: Timestamp,
    ) -> Vec<Change> {
        let mut changes = match reach {
            Reach::Few => return Vec::new(),
            Reach::Model => self.overloaded(lease, Rest::Cooldown, now),
            Reach::Address => self.brake(Scope::Pool, &STORM, lease, now),
        };
        for key in self.alike.wronged(kind, now) {
            changes.extend(self.forgive(key));
        }
        changes
    }

    fn forgive(&mut self, key: usize) -> Option<Change> {
        let member = self.roster.iter().find(|member| member.key == key)?;
        let scope = Scope::Key(member.spec.fingerprint);
        self.verdicts.retain(|open| open.key != key);
        self.change(scope, Health::forgive)
    }

    /// One strike, if the key is still the one that was lent. The last one rests it until it can be
    /// told from a storm, and then blacklists it, as long as half of the living keys are left.
    fn strike(
        &mut self,
        suspect: &Suspect,
        rest: Rest,
        kind: Kind,
        now: Timestamp,
    ) -> Option<Change> {
        let policy = self.policy;
        let key = suspect.seat.key;
        let until = breaker::end_of(rest, &policy, now);
        let many_projects = self.alike.reach(kind, now) != Reach::Few;
        let is_current = self.state.key(key).generation == suspect.generation;
        let may_go = self.may_eject(key, now);
        let scope = self.scope_of(key)?;
        let counts = is_current && !many_projects;
        if counts {
            self.state.key_mut(key).generation += 1;
            self.alike.struck(kind, key);
        }
        let mut is_out = false;
        let change = self.change(scope, |health| {
            health.rest(until, now);
            if counts && health.strike(&policy, may_go) {
                is_out = true;
                health.rest(now.after(alike::WINDOW), now);
            }
        });
        if is_out {
            self.verdicts.push(Open { key, since: now });
        }
        change
    }

    /// What has changed without a call that would have it stored.
    pub(crate) fn unsaved(&self) -> Vec<Change> {
        self.unsaved.clone()
    }

    /// These are stored now.
    pub(crate) fn saved(&mut self, changes: &[Change]) {
        self.unsaved.retain(|change| !changes.contains(change));
    }

    /// These could not be stored: they are as soon as something else is.
    pub(crate) fn keep_unsaved(&mut self, changes: Vec<Change>) {
        self.unsaved.extend(changes);
    }

    /// Last strikes that a restart left between a storm and a blacklisting.
    pub(super) fn reopen_verdicts(&mut self) {
        let policy = self.policy;
        let open = |member: &Member| {
            let health = &self.state.key(member.key).health;
            let is_open = health.struck_out(&policy) && health.trips == 0 && health.dead.is_none();
            let since = health.rests_since.filter(|_| is_open)?;
            Some(Open {
                key: member.key,
                since,
            })
        };
        self.verdicts = self.roster.iter().filter_map(open).collect();
    }

    /// Blacklists those whose last strike no storm has explained in time.
    pub(super) fn pass_verdicts(&mut self, now: Timestamp) {
        let policy = self.policy;
        let is_over = |open: &mut Open| open.since.after(alike::WINDOW) <= now;
        for Open { key, since } in self.verdicts.extract_if(.., is_over).collect::<Vec<_>>() {
            if let Some(scope) = self.scope_of(key) {
                let change = self.change(scope, |it| it.blacklist(&policy, since, now));
                self.unsaved.extend(change);
                self.reconsider(now);
            }
        }
    }

    /// Whether at least half of the living keys would be left without this one.
    fn may_eject(&self, place: usize, now: Timestamp) -> bool {
        let (living, listed) = self.census(now);
        let health = &self.state.key(place).health;
        let is_listed = health.struck_out(&self.policy) && health.resting(now).is_some();
        (listed + usize::from(!is_listed)) * 2 <= living
    }

    /// How many keys live, and how many of these are blacklisted.
    fn census(&self, now: Timestamp) -> (usize, usize) {
        let living = self.roster.iter().filter(|member| !self.is_dead(member));
        living.fold((0, 0), |(living, listed), member| {
            let health = &self.state.key(member.key).health;
            let out = health.struck_out(&self.policy) && health.resting(now).is_some();
            (living + 1, listed + usize::from(out))
        })
    }

    /// Looks whether deaths or new settings have left too few keys that are not blacklisted.
    pub(super) fn reconsider(&mut self, now: Timestamp) {
        let (living, listed) = self.census(now);
        self.amnesty = listed * 2 > living;
    }

    fn scope_of(&self, place: usize) -> Option<Scope> {
        let member = self.roster.iter().find(|member| member.key == place);
        member.map(|member| Scope::Key(member.spec.fingerprint))
    }

    /// Whether two projects by now do not find the model.
    fn is_missing(&mut self, lease: &Lease, now: Timestamp) -> bool {
        let seat = lease.seat;
        self.missing
            .retain(|(_, _, at)| at.after(MISSING_FOR) > now);
        let one = |(model, project, _): &(usize, usize, Timestamp)| {
            *model == seat.model && *project == seat.project
        };
        if !self.missing.iter().any(one) {
            self.missing.push((seat.model, seat.project, now));
        }
        let same = self
            .missing
            .iter()
            .filter(|(model, ..)| *model == seat.model);
        same.count() > 1
    }

    /// One failure more on the model's breaker; a time that the service named counts as soon as it
    /// opens.
    fn overloaded(&mut self, lease: &Lease, rest: Rest, now: Timestamp) -> Vec<Change> {
        let named = match rest {
            Rest::For(_) => breaker::end_of(rest, &self.policy, now),
            Rest::Cooldown | Rest::UntilPacificMidnight => now,
        };
        self.one(Scope::Model(lease.model.clone()), |health| {
            let is_news = health.is_news(lease.at);
            health.brake(&OVERLOAD, lease.at, now);
            if is_news && health.resting(now).is_some() {
                health.rest(named, now);
            }
        })
    }

    fn brake(&mut self, scope: Scope, brake: &Brake, lease: &Lease, now: Timestamp) -> Vec<Change> {
        self.one(scope, |health| health.brake(brake, lease.at, now))
    }

    fn rest(&mut self, scope: Scope, rest: Rest, now: Timestamp) -> Vec<Change> {
        let until = breaker::end_of(rest, &self.policy, now);
        self.one(scope, |health| health.rest(until, now))
    }

    fn one(&mut self, scope: Scope, edit: impl FnOnce(&mut Health)) -> Vec<Change> {
        self.change(scope, edit).into_iter().collect()
    }

    /// Edits a health; nothing when that made no difference.
    pub(super) fn change(
        &mut self,
        scope: Scope,
        edit: impl FnOnce(&mut Health),
    ) -> Option<Change> {
        let health = self.state.health_mut(&scope);
        let before = health.clone();
        edit(health);
        if *health == before {
            return None;
        }
        let news = match (before.dead, health.dead) {
            (None, Some((death, _))) => Some(News::Died(death)),
            (Some(_), None) => Some(News::Back),
            (None, None) | (Some(_), Some(_)) => None,
        };
        let health = health.clone();
        Some(Change {
            scope,
            health,
            news,
        })
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

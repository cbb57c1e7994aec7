//! Takes a key back and draws the consequences of what the call taught us (gemini-api §15): for the
//! unit it was counted with, for money, and for what rests now. Pure. Invariant: a unit is given
//! back only when the service surely has not counted it.

use std::time::Duration;

use super::alike::{Kind, Reach};
use super::breaker::{
    self, Brake, FIRST_LOOK, OVERLOAD, PAGES, REGION, SOON_LOOK, THROTTLE, THROTTLED_MODEL,
};
use super::lease::Trials;
use super::pool::{Moment, Told};
use super::{
    Change, Counted, Effect, Fingerprint, Health, Known, LONGEST_LOOK, Lease, Ledger, News, Pool,
    Rest, Scope, Verdict, missing, purse,
};
use crate::clock::Timestamp;

/// The Owner is told of what keeps all calls back so long; by then it has lasted for a minute.
const WORTH_TELLING: Duration = Duration::from_mins(1);

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
        let known = verdict.learned.iter().map(|learned| Known {
            learned: *learned,
            at: moment.now,
            paid: lease.paid,
        });
        let learned = self.change(scope, |health| health.learn(known));
        if learned.is_some() {
            self.limit(lease.seat);
        }
        let changes = self.apply(&lease, verdict.effect, moment, rng);
        self.reconsider(moment.now);
        // What the beginning of this answer has lifted is told with its end, not with another call.
        let mut all = self.take_unsaved();
        all.extend(learned.into_iter().chain(changes));
        all
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
        let changes = self.heal_shared(lease, self.latest);
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
            endpoint,
            bucket,
            project,
        } = lease.trials;
        self.state.pool.on_trial &= !pool;
        self.state.free_keys.on_trial &= !free_keys;
        self.state.model_mut(lease.seat.model).on_trial &= !model;
        self.state.endpoint.on_trial &= !endpoint;
        self.state.bucket_mut(lease.seat).on_probe &= !bucket;
        self.state.project_mut(lease.seat.project).on_probe &= !project;
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
            Effect::KillKey(death) => self.kill(key(), lease.seat, death, now),
            Effect::KillProject(death) => self.kill(project(), lease.seat, death, now),
            Effect::Refused(_) => self.refused(lease, now),
            Effect::RestKeyModel(Rest::UntilPacificMidnight) => self.day_gone(lease, moment),
            Effect::RestKeyModel(rest) => self.rest(bucket(), jittered(rest, rng), now),
            Effect::ModelMissing(rest) => self.model_missing(lease, rest, now),
            Effect::WrongEndpoint => self.misrouted(lease, now),
            Effect::SpendingCap => self.one(project(), |it| it.cap(lease.at, now)),
            Effect::Throttled(rest) => self.throttled(lease, jittered(rest, rng), now),
            Effect::RestKey(rest) => self.rest(key(), rest, now),
            Effect::RestProject(rest) => self.rest(project(), rest, now),
            Effect::RestModel(rest) => self.overloaded(lease, rest, now),
            Effect::RestFreeKeys => self.unserved(lease, now),
            Effect::Page => self.page(lease, now),
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

    /// The day's quota is gone, says the service. It is believed, and looked at sooner where our own
    /// ledger contradicts it.
    fn day_gone(&mut self, lease: &Lease, moment: Moment) -> Vec<Change> {
        let is_doubtful = self.state.bucket(lease.seat).has_most_left(&moment.day);
        let first = if is_doubtful { SOON_LOOK } else { FIRST_LOOK };
        let (policy, now) = (self.policy, moment.now);
        let bucket = Scope::ProjectModel(lease.project, lease.model.clone());
        self.one(bucket, |it| it.day_gone(first, lease.at, &policy, now))
    }

    /// The key rests until somebody has looked at it, or should have. It is nobody else's fault, however many keys
    /// share it.
    fn refused(&mut self, lease: &Lease, now: Timestamp) -> Vec<Change> {
        let changes = self.rest(Scope::Key(lease.key), Rest::For(LONGEST_LOOK), now);
        let key = self.state.key_mut(lease.seat.key);
        key.answered = Timestamp(0);
        if !changes.is_empty() {
            key.refused = Some(now);
        }
        changes
    }

    /// A 429 without a reason: the key's with this model, the model's, or our address's. A trial says
    /// nothing of its key.
    fn throttled(&mut self, lease: &Lease, rest: Rest, now: Timestamp) -> Vec<Change> {
        let reach = self.alike.note(Kind::Throttled, lease.seat, now);
        if reach == Reach::Address || lease.trials.pool {
            return self.brake(Scope::Pool, &THROTTLE, lease, now);
        }
        if reach == Reach::Model || lease.trials.model {
            let model = Scope::Model(lease.model.clone());
            return self.brake(model, &THROTTLED_MODEL, lease, now);
        }
        let bucket = Scope::ProjectModel(lease.project, lease.model.clone());
        self.rest(bucket, rest, now)
    }

    /// The region is not served: believed of two projects in a row, or of the one trial.
    fn unserved(&mut self, lease: &Lease, now: Timestamp) -> Vec<Change> {
        let alone = self.lives_alone();
        let heard = self.region_voices.hear(lease.seat.project, lease.at, alone);
        if !heard && !lease.trials.free_keys {
            return Vec::new();
        }
        let mut changes = self.brake(Scope::FreeKeys, &REGION, lease, now);
        self.told.region |= tell(&mut changes, News::Unserved, self.told.region, now);
        changes
    }

    /// A page instead of an answer: believed to be about everybody when two questions in a row meet
    /// it with keys of two projects, or the one trial does. The same question may meet it for its
    /// text alone.
    fn page(&mut self, lease: &Lease, now: Timestamp) -> Vec<Change> {
        let alone = self.lives_alone();
        let is_first = lease.pages == 0;
        let heard = is_first && self.page_voices.hear(lease.seat.project, lease.at, alone);
        if !heard && !lease.trials.pool {
            return Vec::new();
        }
        let mut changes = self.brake(Scope::Pool, &PAGES, lease, now);
        self.told.pages |= tell(&mut changes, News::Blocked, self.told.pages, now);
        changes
    }

    /// The key answered: what was doubted is trusted, and keys that failed the same question on the
    /// same model are to blame for it, unless many failed alike then.
    fn heal(&mut self, lease: &Lease, now: Timestamp) -> Vec<Change> {
        let mut changes = self.heal_shared(lease, now);
        let pair = Scope::KeyModel(lease.key, lease.model.clone());
        let key = self.state.key_mut(lease.seat.key);
        key.answered = key.answered.max(now);
        if key.generation == lease.generation {
            changes.extend(self.change(Scope::Key(lease.key), Health::heal));
        }
        let heal = |health: &mut Health| {
            if health.is_news(lease.at) {
                health.heal();
            }
        };
        changes.extend(self.change(pair, heal));
        for suspect in &lease.suspects {
            let seat = suspect.seat;
            let guilty = seat.model == lease.seat.model && seat.key != lease.seat.key;
            if guilty && !self.alike.was_storm(Kind::Suspect, seat.model, suspect.at) {
                changes.extend(self.strike(suspect, Rest::Cooldown, Kind::Suspect, now));
            }
        }
        changes
    }

    /// What many keys stand behind is trusted again; a late answer says nothing new, but that what
    /// was said of everybody meanwhile is not so.
    fn heal_shared(&mut self, lease: &Lease, now: Timestamp) -> Vec<Change> {
        self.alike.answered(lease.seat.model, lease.at);
        let pages = self.page_voices.contradict(lease.at);
        let region = !lease.paid && self.region_voices.contradict(lease.at);
        let lifted = [(pages, Scope::Pool), (region, Scope::FreeKeys)];
        let lifted = lifted.into_iter().filter(|(taken_back, _)| *taken_back);
        let lifted = lifted.filter_map(|(_, scope)| self.change(scope, Health::lift));
        let mut changes: Vec<Change> = lifted.collect();
        changes.extend(self.found(lease, now));
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
        for scope in shared.into_iter().chain(free) {
            changes.extend(self.change(scope, heal));
        }
        for change in changes.iter_mut().filter(|it| it.health.trips == 0) {
            if change.scope == Scope::Pool && std::mem::take(&mut self.told.pages) {
                change.news = Some(News::Unblocked);
            }
            if change.scope == Scope::FreeKeys && std::mem::take(&mut self.told.region) {
                change.news = Some(News::ServedAgain);
            }
        }
        changes
    }

    /// One failure more on the model's breaker; a time that the service named counts as soon as it
    /// opens.
    pub(super) fn overloaded(&mut self, lease: &Lease, rest: Rest, now: Timestamp) -> Vec<Change> {
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

    pub(super) fn brake(
        &mut self,
        scope: Scope,
        brake: &Brake,
        lease: &Lease,
        now: Timestamp,
    ) -> Vec<Change> {
        if scope == Scope::Pool {
            self.begun_by = Some(lease.seat.model);
        }
        self.one(scope, |health| health.brake(brake, lease.at, now))
    }

    pub(super) fn rest(&mut self, scope: Scope, rest: Rest, now: Timestamp) -> Vec<Change> {
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
            (None, None) | (Some(_), Some(_)) => missing::news(&scope, &before, health),
        };
        let health = health.clone();
        Some(Change {
            scope,
            health,
            news,
        })
    }
}

impl Told {
    /// What the Owner was told of before a restart: only pages, and the region, rest so long.
    pub(super) fn before(pool: &Health, free_keys: &Health) -> Self {
        let is_told = |health: &Health| {
            let rest = health.rests_since.zip(health.rests_until);
            let is_long = rest.is_some_and(|(since, until)| until.since(since) >= WORTH_TELLING);
            is_long && health.needs_trial()
        };
        Self {
            pages: is_told(pool),
            region: is_told(free_keys),
        }
    }
}

/// Makes it news, once, that all calls are held back for a minute or longer; whether it is.
fn tell(changes: &mut [Change], news: News, is_told: bool, now: Timestamp) -> bool {
    let long = |change: &&mut Change| {
        let end = change.health.resting(now);
        end.is_some_and(|end| end.since(now) >= WORTH_TELLING)
    };
    match changes.iter_mut().find(long) {
        Some(change) if !is_told => {
            change.news = Some(news);
            true
        }
        Some(_) | None => false,
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

//! The world around the pool: the clock, the data file, the people who wait, the service's own
//! account, and what must hold of every lease.

use std::collections::HashMap;

use super::*;
use crate::keys::health::cooling::Gate;
use crate::keys::limits::BINDS_FOR;
use crate::keys::{Route, Start};

mod acts;

type Bucket = (Fingerprint, String);

/// A call as the service sees it.
#[derive(Debug)]
struct Call {
    at: Timestamp,
    tokens: u64,
    /// Reserved by a pool that was stopped since: its tokens are not known any more.
    before_start: bool,
    /// Refused: not of the day.
    refused: bool,
}

/// A question whose call is under way.
#[derive(Debug)]
struct Out {
    lease: Lease,
    route: Route,
    /// When it was counted.
    day: i32,
}

#[derive(Debug)]
pub(super) struct World {
    pool: Pool,
    rng: fastrand::Rng,
    now: Timestamp,
    all: Vec<KeySpec>,
    keys: Vec<KeySpec>,
    out: Vec<Out>,
    waiting: Vec<(Place, Route)>,
    ledgers: HashMap<Bucket, Ledger>,
    healths: HashMap<Scope, Health>,
    calls: HashMap<Bucket, Vec<Call>>,
    /// Limits the service has named, and when.
    learned: HashMap<(Bucket, Quota), (u64, Timestamp)>,
    /// Reserved and not billed lower, by Pacific day.
    money: HashMap<i32, u64>,
}

impl World {
    pub(super) fn new(keys: Vec<KeySpec>, start: Timestamp) -> Self {
        let catalog = Catalog::parse(OFFERS).unwrap();
        Self {
            pool: Pool::new(THRIFTY, keys.clone(), &catalog, Saved::default(), start),
            rng: rng(),
            now: start,
            all: keys.clone(),
            keys,
            out: Vec::new(),
            waiting: Vec::new(),
            ledgers: HashMap::new(),
            healths: HashMap::new(),
            calls: HashMap::new(),
            learned: HashMap::new(),
            money: HashMap::new(),
        }
    }

    pub(super) fn run(&mut self, steps: Vec<Step>) {
        for step in steps {
            self.step(step);
            self.serve();
            let tally = self.pool.count(self.now);
            let sum = tally.available + tally.waiting + tally.blacklisted + tally.dead;
            assert_eq!((sum, tally.total), (tally.total, self.keys.len()));
        }
    }

    fn step(&mut self, step: Step) {
        match step {
            Step::Ask {
                person,
                tier,
                tokens,
                rank,
                patience,
            } => {
                let start = Start {
                    kind: TIERS[tier].into(),
                    groups: REACH[person].to_vec(),
                    tokens,
                    rank,
                    since: self.now,
                    patience: Duration::from_millis(patience),
                };
                let route = Route::new(start, &Catalog::parse(OFFERS).unwrap());
                self.reserve(route);
            }
            Step::End { which, how, limit } => {
                if let Some(out) = self.take(which) {
                    self.end(out, how, limit);
                }
            }
            Step::Leave { which } => self.leave(which),
            Step::Refund { which } => {
                if let Some(out) = self.take(which) {
                    self.refund(out);
                }
            }
            Step::GiveUp { which } => {
                if !self.waiting.is_empty() {
                    let (place, _) = self.waiting.remove(which % self.waiting.len());
                    self.pool.withdraw(place.ticket);
                    assert_eq!(self.pool.place(place.ticket, self.now), None);
                }
            }
            Step::Sleep { millis } => self.now = Timestamp(self.now.0 + millis),
            Step::UntilWake => {
                let wakes = self.waiting.iter().map(|(place, _)| place.wakes).min();
                self.now = wakes.unwrap_or(self.now).max(self.now);
            }
            Step::Retest { which, shown } => self.retest(which, shown),
            Step::Restart => self.restart(),
            Step::Reconfigure { which, how } => self.reconfigure(which, how),
        }
    }

    fn take(&mut self, which: usize) -> Option<Out> {
        (!self.out.is_empty()).then(|| self.out.remove(which % self.out.len()))
    }

    fn reserve(&mut self, route: Route) {
        let ask = route.ask().clone();
        match self.pool.reserve(&ask, self.now, &mut self.rng) {
            Reserved::Lent(lease) => {
                // Those who waited and were served by the same look went first.
                self.hand_out();
                self.lent(lease, route, None);
            }
            Reserved::Queued(place) => {
                assert!(place.wakes > self.now && place.wakes <= ask.patience);
                self.waiting.push((place, route));
            }
            Reserved::Refused(wait) => {
                assert!(wait.until.is_none_or(|until| until > self.now), "{wait:?}");
            }
        }
    }

    fn hand_out(&mut self) {
        for (ticket, lease) in self.pool.tick(self.now, &mut self.rng) {
            let found = self.waiting.iter().position(|it| it.0.ticket == ticket);
            let (_, route) = self.waiting.remove(found.expect("nobody waits for it"));
            assert!(route.ask().patience >= self.now, "it came too late");
            self.lent(lease, route, Some(ticket));
        }
    }

    /// Everybody who waits looks where they stand.
    fn serve(&mut self) {
        self.hand_out();
        let (pool, now) = (&mut self.pool, self.now);
        let hopeless = pool.take_hopeless();
        self.waiting
            .retain(|(place, _)| !hopeless.contains(&place.ticket));
        self.waiting.retain_mut(|(place, route)| {
            let next = pool.place(place.ticket, now);
            let in_time = route.ask().patience >= now;
            assert_eq!(next.is_some(), in_time, "{place:?} was forgotten");
            *place = next.unwrap_or(*place);
            assert!(
                !in_time || place.wakes > now,
                "it looks again at once: {place:?}"
            );
            in_time
        });
    }

    fn lent(&mut self, lease: Lease, route: Route, ticket: Option<Ticket>) {
        let ask = route.ask();
        let bucket = (lease.project, lease.model.clone());
        let day = pacific::day_of(self.now).number;
        if lease.paid {
            // In tenths of a millionth of a dollar; 100 tokens may come out.
            let (input, output) = match lease.model.as_str() {
                "dear" => (40, 200),
                _ => (3, 25),
            };
            let price = (ask.tokens * input + 100 * output).div_ceil(10);
            assert_eq!(lease.price, price);
            *self.money.entry(day).or_default() += lease.price;
        }
        self.calls.entry(bucket.clone()).or_default().push(Call {
            at: lease.at,
            tokens: ask.tokens,
            before_start: false,
            refused: false,
        });
        self.check_limits(&lease, ask);
        self.check_rules(&lease, ask, ticket);
        let ledger = self.pool.ledger(bucket.0, &bucket.1);
        self.ledgers.insert(bucket, ledger);
        self.out.push(Out { lease, route, day });
    }

    /// What people of this group may spend of the key: a minute, a day, tokens.
    fn limits(&self, lease: &Lease, own: Group) -> (u64, u64, u64) {
        let (rpm, rpd, tpm) = match lease.model.as_str() {
            "small" => (5, 30, 1_000),
            "mid" => (4, 14, 2_000),
            "twin" => (2, 20, 2_000),
            _ => (5, 50, 100_000),
        };
        let said = |quota, otherwise: u64| {
            let bucket = (lease.project, lease.model.clone());
            match self.learned.get(&(bucket, quota)) {
                Some((limit, at)) if at.after(BINDS_FOR) > self.now => *limit,
                // A day later more is tried, never less.
                Some((limit, _)) => otherwise.max(*limit),
                None => otherwise,
            }
        };
        let rpm = said(Quota::RequestsPerMinute, rpm).min(10);
        let rpd = said(Quota::RequestsPerDay, rpd);
        let rpd = (rpd * 3 / 10).max(u64::from(rpd > 0));
        let mates = || self.keys.iter().filter(|it| it.project == lease.project);
        let key = self.keys.iter().find(|it| it.fingerprint == lease.key);
        let foreign = key.unwrap().group.is_some_and(|group| group != own);
        if foreign || mates().any(|it| it.group.is_some_and(|group| group < own)) {
            (rpm * 6 / 10, rpd * 6 / 10, tpm * 6 / 10)
        } else {
            (rpm, rpd, tpm)
        }
    }

    fn check_limits(&self, lease: &Lease, ask: &Ask) {
        let (rpm, rpd, tpm) = self.limits(lease, ask.groups[0]);
        let calls = &self.calls[&(lease.project, lease.model.clone())];
        let minute = calls.iter().filter(|it| it.at.0 + 60_000 > self.now.0);
        let minute: Vec<&Call> = minute.collect();
        assert!(minute.len() as u64 <= rpm, "{} in a minute", minute.len());
        let known = minute.iter().filter(|it| !it.before_start);
        let tokens: u64 = known.map(|it| it.tokens).sum();
        assert!(tokens <= tpm, "{tokens} tokens in a minute");
        let began = pacific::day_of(self.now).began;
        let today = calls.iter().filter(|it| it.at >= began && !it.refused);
        let today = today.count() as u64;
        assert!(today <= rpd, "{today} of {rpd} in a day");
        let same_key = self.out.iter().filter(|it| it.lease.key == lease.key);
        assert!((same_key.count() as u64) < rpm.min(8), "no slot was free");

        let day = pacific::day_of(self.now).number;
        let spent = self.pool.spend().map_or(0, |spend| spend.micro_usd);
        assert!(!lease.paid || spent <= THRIFTY.paid_daily, "{spent}");
        self.check_money(day);
    }

    /// Never less than what was reserved and billed.
    fn check_money(&self, day: i32) {
        let spend = self.pool.spend().unwrap_or_default();
        let reserved = self.money.get(&day).copied().unwrap_or(0);
        assert!(
            reserved == 0 || (spend.day == day && spend.micro_usd >= reserved),
            "{spend:?} on {day}: {reserved}"
        );
    }

    /// What cools down in the project is passed by nobody, or by the one call that looks how it stands.
    fn check_probes(&self, lease: &Lease) {
        let of_project = |it: &Out| it.lease.project == lease.project;
        let of_bucket = |it: &Out| of_project(it) && it.lease.model == lease.model;
        let mut out = self.out.iter();
        let looked_at = out.any(|it| of_bucket(it) && it.lease.probes.bucket);
        let mut out = self.out.iter();
        let capped = out.any(|it| of_project(it) && it.lease.probes.project);
        let bucket = Scope::ProjectModel(lease.project, lease.model.clone());
        for (scope, on_probe, is_probe) in [
            (bucket, looked_at, lease.probes.bucket),
            (Scope::Project(lease.project), capped, lease.probes.project),
        ] {
            let health = self.healths.get(&scope).cloned().unwrap_or_default();
            assert_eq!(health.dead, None, "a dead project was lent");
            let expected = if is_probe { Gate::Probe } else { Gate::Open };
            assert_eq!(
                health.cooling.gate(on_probe, self.now),
                expected,
                "{scope:?}: {health:?}"
            );
        }
    }

    fn check_rules(&self, lease: &Lease, ask: &Ask, ticket: Option<Ticket>) {
        self.check_probes(lease);
        let key = self.keys.iter().find(|it| it.fingerprint == lease.key);
        let key = key.expect("the key is not configured");
        assert!(key.group.is_none_or(|group| ask.groups.contains(&group)));
        let given = key.group == Some(Group::D);
        assert!(
            !key.paid || given || ask.groups[0] != Group::D,
            "paid for a guest"
        );
        assert!(key.paid || (lease.model != "dear" && !ask.paid_only));
        assert!(ask.attempts < 3, "a fourth call");
        let mut scopes = vec![
            Scope::Key(lease.key),
            Scope::KeyModel(lease.key, lease.model.clone()),
            Scope::Model(lease.model.clone()),
            Scope::Missing(lease.model.clone()),
            Scope::Pool,
            Scope::Endpoint,
        ];
        scopes.extend((!key.paid).then_some(Scope::FreeKeys));
        for scope in scopes {
            let Some(health) = self.healths.get(&scope) else {
                continue;
            };
            assert_eq!(health.dead, None, "a dead key was lent");
            let is_key = matches!(scope, Scope::Key(_));
            let is_pardoned = self.pool.pardons(lease);
            let pardoned = is_key && is_pardoned && health.breaker.struck_out(&THRIFTY);
            let cools = health.cooling.ends(self.now).is_some();
            assert!(pardoned || !cools, "{scope:?} was cooling down");
            let others = self.out.iter().filter(|it| match &scope {
                Scope::Model(model) | Scope::Missing(model) => {
                    it.lease.probes.model && it.lease.model == *model
                }
                Scope::Pool => it.lease.probes.pool,
                Scope::Endpoint => it.lease.probes.endpoint,
                Scope::FreeKeys => it.lease.probes.free_keys,
                Scope::Key(_)
                | Scope::KeyModel(..)
                | Scope::Project(_)
                | Scope::ProjectModel(..) => false,
            });
            assert!(
                !health.breaker.needs_probe() || others.count() == 0,
                "a second probe"
            );
        }
        self.check_turn(ask, ticket);
    }

    /// Nobody who waited longer for the same was overtaken.
    fn check_turn(&self, ask: &Ask, ticket: Option<Ticket>) {
        let head_start = |ask: &Ask| Duration::from_secs(3) * u32::from(ask.rank);
        let turn_of = |ask: &Ask, ticket| (ask.since.after(head_start(ask)), ticket);
        let turn = turn_of(ask, ticket.unwrap_or(Ticket(u64::MAX)));
        for (place, route) in &self.waiting {
            let other = route.ask();
            let goes_first = turn_of(other, place.ticket) < turn;
            let in_time = other.patience >= self.now;
            let same = other.groups == ask.groups
                && other.tiers == ask.tiers
                && other.paid_only == ask.paid_only
                && other.avoid == ask.avoid;
            let tier = |ask: &Ask| ask.patience.min(ask.since.after(Duration::from_secs(3)));
            let equal = other.tokens == ask.tokens && tier(other) <= tier(ask);
            let any = other.tokens <= ask.tokens && tier(other) <= self.now;
            let could = same && (equal || any);
            assert!(!(goes_first && in_time && could), "{place:?} was overtaken");
        }
    }

    fn end(&mut self, out: Out, how: usize, limit: Option<(usize, u64)>) {
        let (effect, next) = outcome(how);
        let Out {
            lease,
            mut route,
            day,
        } = out;
        let bucket = (lease.project, lease.model.clone());
        let quotas = [
            Quota::RequestsPerMinute,
            Quota::RequestsPerDay,
            Quota::TokensPerDay,
        ];
        let learned = limit.map(|(quota, limit)| Learned {
            quota: quotas[quota],
            limit,
        });
        if let Some(one) = learned {
            self.learned
                .insert((bucket.clone(), one.quota), (one.limit, self.now));
        }
        let counted = match how {
            0..9 | 21..24 => Counted::NotOfTheDay,
            24 => Counted::Never,
            _ => Counted::Yes,
        };
        let tokens =
            (how.is_multiple_of(2) && counted == Counted::Yes).then_some((lease.tokens, 50));
        let verdict = Verdict {
            effect,
            next,
            learned: learned.into_iter().collect(),
            counted,
            tokens,
        };
        self.account(&lease, day, &verdict);
        let call = lease.attempted();
        let changes = self.pool.settle(lease, &verdict, self.now, &mut self.rng);
        self.store(changes);
        if let Effect::Refused(death) = effect {
            self.look(&call, how, death);
        }
        let ledger = self.pool.ledger(bucket.0, &bucket.1);
        self.ledgers.insert(bucket, ledger);
        self.check_money(pacific::day_of(self.now).number);
        if route.goes_on(&call, &verdict, self.now) {
            self.hand_out();
            self.reserve(route);
        }
    }

    /// The service's own account of a call that is over.
    fn account(&mut self, lease: &Lease, day: i32, verdict: &Verdict) {
        let calls = self.calls.entry((lease.project, lease.model.clone()));
        let calls = calls.or_default();
        let same = |it: &Call| it.at == lease.at && it.tokens == lease.tokens && !it.refused;
        let index = calls.iter().position(same).unwrap();
        match verdict.counted {
            Counted::Yes => {}
            Counted::NotOfTheDay => calls[index].refused = true,
            Counted::Never => drop(calls.remove(index)),
        }
        let cheap = match (verdict.counted, verdict.tokens) {
            (Counted::Yes, None) => 0,
            (Counted::Yes, Some(_)) => lease.price / 2,
            (Counted::NotOfTheDay | Counted::Never, _) => lease.price,
        };
        let money = self.money.entry(day).or_default();
        *money = money.saturating_sub(cheap);
    }

    fn store(&mut self, changes: Vec<Change>) {
        for Change { scope, health, .. } in changes {
            let old = self.healths.insert(scope.clone(), health.clone());
            let old = old.unwrap_or_default();
            // What a correlated failure has done to a key is taken back.
            if old.dead.is_none() && health.dead.is_none() {
                // Of everybody, of a key that was looked at, or of what a success has cleared.
                let taken_back = health.cooling.until.is_none();
                let kept = old.cooling.until <= health.cooling.until;
                assert!(
                    kept || taken_back,
                    "a cooldown shrank: {scope:?}, {old:?}, {health:?}"
                );
            }
            let longest = self.now.after(pacific::LONGEST_DAY);
            assert!(health.cooling.until.is_none_or(|until| until <= longest));
            let tripped = health.dead.is_none() && health.breaker.trips > old.breaker.trips;
            if tripped && matches!(scope, Scope::Key(_)) {
                self.check_half();
            }
        }
    }
}

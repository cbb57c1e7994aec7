//! The pool of this program as a [`Policy`]: it sees what the shell would tell it, and after a restart
//! what the shell would have stored.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use super::replies::{self, Said};
use super::world::World;
use super::{Decision, PATIENCE, Policy, Question, Reply};
use crate::catalog::{Catalog, Kind};
use crate::clock::Timestamp;
use crate::keys::{
    self, Attempted, Change, Counted, Death, Effect, Fingerprint, Group, Health, KeySpec, Lease,
    Ledger, LookFor, Next, Pool, Reserved, Retested, Route, Saved, Scope, Start, Ticket, Verdict,
};

/// How often keys are looked for whose time has come, as in `app::upkeep`.
const TICK: Duration = Duration::from_mins(1);

/// Keys looked at at once, as in `app::retest`.
const LOOKS_AT_ONCE: usize = 4;

/// How a refusal of a model is judged: by the edge that speaks to the service and by the shell, which
/// are given from outside.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Judge {
    /// What it means for a question of so many tokens.
    pub(crate) call: fn(&str, &Said, u64) -> Verdict,
    /// What it shows of the key that looked.
    pub(crate) look: fn(&str, &Said) -> (Retested, Option<Death>),
}

pub(crate) struct Ours {
    judge: Judge,
    policy: keys::Policy,
    specs: Vec<KeySpec>,
    catalog: Catalog,
    pool: Pool,
    /// What a restart finds.
    ledgers: HashMap<(Fingerprint, String), Ledger>,
    healths: HashMap<Scope, Health>,
    /// By question.
    routes: HashMap<usize, Route>,
    calls: HashMap<usize, Lease>,
    tickets: HashMap<usize, Ticket>,
    granted: HashMap<usize, Lease>,
    woken: Vec<usize>,
    next_tick: Timestamp,
    /// Keys whose time has come, and those of them that are being looked at.
    due: BTreeSet<Fingerprint>,
    looked_at: BTreeSet<Fingerprint>,
    /// Failed calls whose keys look at once at how things stand, as on the threads of those calls.
    to_look: Vec<(Attempted, LookFor)>,
    /// Those of them whose look is under way, by key.
    looking: HashMap<usize, (Attempted, LookFor)>,
}

impl Ours {
    pub(crate) fn new(world: &World, judge: Judge, now: Timestamp) -> Self {
        let policy = keys::Policy {
            rpm: world.owner.rpm,
            daily_percent: world.owner.daily_percent,
            cooldown: Duration::from_secs(10),
            max_errors: 3,
            blacklist: Duration::from_hours(1),
            paid_daily: 0,
        };
        let spec = |(place, key): (usize, &super::KeyFacts)| KeySpec {
            fingerprint: name(place),
            project: name(key.project),
            group: key.group,
            paid: false,
            label: place.to_string(),
        };
        let specs: Vec<KeySpec> = world.keys.iter().enumerate().map(spec).collect();
        let catalog = world.catalog.clone();
        Self {
            pool: Pool::new(policy, specs.clone(), &catalog, Saved::default(), now),
            judge,
            policy,
            specs,
            catalog,
            ledgers: HashMap::new(),
            healths: HashMap::new(),
            routes: HashMap::new(),
            calls: HashMap::new(),
            tickets: HashMap::new(),
            granted: HashMap::new(),
            woken: Vec::new(),
            next_tick: now.after(TICK),
            due: BTreeSet::new(),
            looked_at: BTreeSet::new(),
            to_look: Vec::new(),
            looking: HashMap::new(),
        }
    }

    /// Hands out what those who wait were lent.
    fn hand_out(&mut self, now: Timestamp, rng: &mut fastrand::Rng) {
        for (ticket, lease) in self.pool.tick(now, rng) {
            let owner = self.tickets.iter().find(|(_, other)| **other == ticket);
            let Some((&question, _)) = owner else {
                drop(self.pool.refund(lease));
                continue;
            };
            self.tickets.remove(&question);
            self.granted.insert(question, lease);
            self.woken.push(question);
        }
    }

    /// The unit is stored before the call leaves.
    fn call(&mut self, question: usize, lease: Lease) -> Decision {
        let row = (lease.project, lease.model.clone());
        let ledger = self.pool.ledger(lease.project, &lease.model);
        self.ledgers.insert(row, ledger);
        let key = self.place(&lease.key);
        let model = self.catalog.answering().position(|it| it.id == lease.model);
        self.calls.insert(question, lease);
        match (key, model) {
            (Some(key), Some(model)) => Decision::Call { key, model },
            (None, _) | (_, None) => panic!("a key or model that is not in the world"),
        }
    }

    fn place(&self, key: &Fingerprint) -> Option<usize> {
        (0..self.specs.len()).find(|place| name(*place) == *key)
    }

    /// A reply as the service writes it, with the model it is about; none when it is an answer.
    fn said(&self, reply: Reply, (key, model): (usize, usize)) -> Option<(&str, Said)> {
        let model = self.catalog.answering().nth(model)?;
        Some((&model.id, replies::said(reply, key, &model.id)?))
    }

    fn store(&mut self, changes: Vec<Change>) {
        for change in changes {
            let health = self.pool.health(&change.scope);
            self.healths.insert(change.scope, health);
        }
    }

    /// Asks for a key, for the first time or after a failed call.
    fn reserve(
        &mut self,
        question: &Question,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Decision {
        let catalog = &self.catalog;
        let fresh = || {
            let start = Start {
                kind: Kind::Text(question.tier),
                groups: groups(question.group),
                tokens: question.tokens,
                rank: 3,
                since: question.at,
                patience: PATIENCE,
            };
            Route::new(start, catalog)
        };
        let route = self.routes.entry(question.id).or_insert_with(fresh);
        let reserved = self.pool.reserve(route.ask(), now, rng);
        self.hand_out(now, rng);
        match reserved {
            Reserved::Lent(lease) => self.call(question.id, lease),
            Reserved::Queued(place) => {
                self.tickets.insert(question.id, place.ticket);
                Decision::Wait { until: place.look }
            }
            Reserved::Refused(_) => self.give_up(question.id),
        }
    }

    fn give_up(&mut self, question: usize) -> Decision {
        self.routes.remove(&question);
        Decision::GiveUp
    }
}

impl Policy for Ours {
    fn name(&self) -> &'static str {
        "svs-bot"
    }

    fn decide(
        &mut self,
        question: &Question,
        attempt: u32,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) -> Decision {
        self.hand_out(now, rng);
        if let Some(lease) = self.granted.remove(&question.id) {
            return self.call(question.id, lease);
        }
        if let Some(&ticket) = self.tickets.get(&question.id) {
            if let Some(place) = self.pool.place(ticket, now) {
                return Decision::Wait { until: place.wakes };
            }
            self.tickets.remove(&question.id);
            return self.give_up(question.id);
        }
        if attempt > 0 && !self.routes.contains_key(&question.id) {
            return Decision::GiveUp;
        }
        self.reserve(question, now, rng)
    }

    fn told(
        &mut self,
        question: &Question,
        call: (usize, usize),
        reply: Reply,
        now: Timestamp,
        rng: &mut fastrand::Rng,
    ) {
        let Some(lease) = self.calls.remove(&question.id) else {
            return;
        };
        let attempted = lease.attempted();
        let said = self.said(reply, call);
        let verdict = said.map_or_else(answered, |(model, said)| {
            (self.judge.call)(model, &said, question.tokens)
        });
        let changes = self.pool.settle(lease, &verdict, now, rng);
        self.store(changes);
        let look = self.pool.look_for(&attempted, verdict.effect, now);
        self.to_look
            .extend(look.map(|look| (attempted.clone(), look)));
        let goes_on = self
            .routes
            .get_mut(&question.id)
            .is_some_and(|route| route.goes_on(&attempted, &verdict, now));
        if !goes_on {
            self.routes.remove(&question.id);
        }
        self.hand_out(now, rng);
    }

    fn woken(&mut self) -> Vec<usize> {
        std::mem::take(&mut self.woken)
    }

    fn looks(&mut self, now: Timestamp) -> Vec<(usize, usize)> {
        if now >= self.next_tick {
            self.next_tick = now.after(TICK);
            self.due.extend(self.pool.due(now));
        }
        let mut found = Vec::new();
        while self.looked_at.len() < LOOKS_AT_ONCE
            && let Some(key) = self.due.pop_first()
        {
            if self.looked_at.insert(key) {
                found.extend(self.place(&key).map(|place| (place, 0)));
            }
        }
        for (call, look) in std::mem::take(&mut self.to_look) {
            let key = self.place(&call.key);
            let model = self.catalog.answering().position(|it| it.id == call.model);
            if let (Some(key), Some(model)) = (key, model) {
                found.push((key, model));
                self.looking.insert(key, (call, look));
            }
        }
        found
    }

    fn shown(&mut self, key: usize, met: Option<Reply>, now: Timestamp) {
        let said = met.and_then(|reply| self.said(reply, (key, 0)));
        let (shown, death) = match &said {
            Some((model, said)) => (self.judge.look)(model, said),
            None => (Retested::Accepted, None),
        };
        let effect = said.map(|(model, said)| (self.judge.call)(model, &said, 0).effect);
        let changes = match self.looking.remove(&key) {
            Some((call, LookFor::Key)) => self.pool.looked_at(&call, shown, death, now),
            Some((call, LookFor::Address)) if matches!(effect, Some(Effect::Throttled(_))) => {
                self.pool.address_is_throttled(&call, now)
            }
            Some((_, LookFor::Address)) => Vec::new(),
            None => {
                self.looked_at.remove(&name(key));
                self.pool.looked_again(name(key), shown, death, now)
            }
        };
        self.store(changes);
    }

    fn left(&mut self, question: usize) {
        self.routes.remove(&question);
        if let Some(ticket) = self.tickets.remove(&question) {
            self.pool.withdraw(ticket);
        }
        if let Some(lease) = self.granted.remove(&question) {
            drop(self.pool.refund(lease));
        }
    }

    fn restart(&mut self, now: Timestamp) {
        let saved = Saved {
            ledgers: self.ledgers.clone().into_iter().collect(),
            healths: self.healths.clone().into_iter().collect(),
            ..Saved::default()
        };
        self.pool = Pool::new(self.policy, self.specs.clone(), &self.catalog, saved, now);
        self.routes.clear();
        self.calls.clear();
        self.tickets.clear();
        self.granted.clear();
        self.woken.clear();
        self.due.clear();
        self.looked_at.clear();
        self.to_look.clear();
        self.looking.clear();
        self.next_tick = now.after(TICK);
    }

    fn has_blacklisted(&self, key: usize, now: Timestamp) -> bool {
        self.pool.is_dead_or_blacklisted(&name(key), now)
    }
}

fn name(place: usize) -> Fingerprint {
    let mut name = Fingerprint::default();
    let bytes = place.to_be_bytes();
    name[..bytes.len()].copy_from_slice(&bytes);
    name
}

/// The own group, then those it may borrow from.
fn groups(own: Group) -> Vec<Group> {
    let all = [Group::A, Group::B, Group::C, Group::D].into_iter();
    all.filter(|group| *group >= own).collect()
}

/// An answer's verdict.
fn answered() -> Verdict {
    Verdict {
        effect: Effect::Healthy,
        next: Next::Done,
        learned: Vec::new(),
        counted: Counted::Yes,
        tokens: None,
    }
}

//! Router B (design §4): where a question goes, and where next when a call failed or a group is empty.
//! All models of a tier in the own group, then those of lower groups within what these lend, then
//! what money buys, then the smaller tier. After a failure its kind decides: the key's → another key;
//! the model's → another model. Pure. Invariants: at most [`MOST_CALLS`] calls for a question, and
//! nothing is tried again that the service called bad.

use super::balance::{Pick, Purse};
use super::lease::Suspect;
use super::pool::Moment;
use super::roster::Offer;
use super::state::Seat;
use super::{Ask, Effect, Fingerprint, Group, Lease, Next, Pool, Repair, Verdict, Wait, Why};
use crate::catalog::Tier;
use crate::catalog::{Catalog, Model};
use crate::clock::Timestamp;

use std::time::Duration;

/// Calls for one question at the most (design §4).
const MOST_CALLS: u32 = 3;

/// A key of the wanted tier that is free so soon after the question came is worth more than a
/// smaller model at once.
const WORTH_WAITING: Duration = Duration::from_secs(3);

/// How a question begins.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) tier: Tier,
    /// The asker's own group first, then those it may borrow from.
    pub(crate) groups: Vec<Group>,
    /// Estimated input.
    pub(crate) tokens: u64,
    /// Among those who wait, lower goes first.
    pub(crate) rank: u8,
    /// When it was asked, by the steady count.
    pub(crate) since: Timestamp,
    /// How long it may wait for a key.
    pub(crate) patience: Duration,
}

/// One question's way through the pool.
#[derive(Debug)]
pub(crate) struct Route {
    ask: Ask,
    repairs: Vec<Repair>,
    /// How long each call may wait for a key.
    patience: Duration,
    /// A free key was refused for the country of our address.
    region_refused: bool,
}

/// The facts of a call that are needed after its lease has gone back.
#[derive(Debug, Clone)]
pub(crate) struct Attempted {
    pub(crate) key: Fingerprint,
    pub(crate) model: String,
    suspect: Suspect,
}

impl Attempted {
    pub(super) fn into_suspect(self) -> Suspect {
        self.suspect
    }

    pub(super) fn seat(&self) -> Seat {
        self.suspect.seat
    }

    /// When its call left.
    pub(super) fn left(&self) -> Timestamp {
        self.suspect.at
    }
}

impl Lease {
    /// What is to be remembered of the call.
    pub(crate) fn attempted(&self) -> Attempted {
        Attempted {
            key: self.key,
            model: self.model.clone(),
            suspect: Suspect {
                seat: self.seat,
                generation: self.generation,
                at: self.at,
            },
        }
    }
}

impl Route {
    pub(crate) fn new(start: Start, catalog: &Catalog) -> Self {
        let ids = |tier| -> Vec<String> {
            let models = catalog.tier(tier).iter();
            models.map(|model: &Model| model.id.clone()).collect()
        };
        let smaller = [Tier::Pro, Tier::Flash, Tier::Lite].into_iter();
        let tiers = smaller.filter(|tier| *tier <= start.tier).map(ids);
        let ask = Ask {
            groups: start.groups,
            tiers: tiers.filter(|models| !models.is_empty()).collect(),
            tokens: start.tokens,
            paid_only: false,
            avoid: Vec::new(),
            suspects: Vec::new(),
            pages: 0,
            attempts: 0,
            rank: start.rank,
            since: start.since,
            patience: start.since.after(start.patience),
        };
        Self {
            ask,
            repairs: Vec::new(),
            patience: start.patience,
            region_refused: false,
        }
    }

    /// What the next call needs.
    pub(crate) fn ask(&self) -> &Ask {
        &self.ask
    }

    /// Changes of the request that are in force.
    pub(crate) fn repairs(&self) -> &[Repair] {
        &self.repairs
    }

    /// Calls made so far.
    pub(crate) fn attempts(&self) -> u32 {
        self.ask.attempts
    }

    /// Learns from a call; `false` when there is no further one. As everywhere in a route, the moment
    /// is one of the steady count.
    pub(crate) fn goes_on(
        &mut self,
        call: &Attempted,
        verdict: &Verdict,
        steady: Timestamp,
    ) -> bool {
        self.count(steady);
        let onward = match verdict.next {
            Next::Done | Next::Nowhere => false,
            Next::AnotherKey => self.another_key(call, verdict.effect),
            Next::PaidKey => {
                self.ask.paid_only = true;
                true
            }
            Next::AnotherModel => {
                if let Effect::Throttled(_) = verdict.effect {
                    // It may be the key's after all.
                    self.ask.avoid.push(call.key);
                }
                self.model_last(&call.model);
                true
            }
            Next::FasterModel => {
                if !self.repairs.contains(&Repair::LessThinking) {
                    self.repairs.push(Repair::LessThinking);
                }
                self.model_last(&call.model);
                true
            }
            Next::Repaired(repair) => {
                let is_new = !self.repairs.contains(&repair);
                self.repairs.push(repair);
                is_new
            }
        };
        onward && self.ask.attempts < MOST_CALLS
    }

    /// It had to wait for something else than a key.
    pub(crate) fn renew_patience(&mut self, steady: Timestamp) {
        self.ask.patience = steady.after(self.patience);
    }

    /// Our own deadline ended the call; `false` when there is no further one.
    pub(crate) fn timed_out(&mut self, call: &Attempted, steady: Timestamp) -> bool {
        self.count(steady);
        self.ask.avoid.push(call.key);
        self.ask.attempts < MOST_CALLS
    }

    /// The key could not be called at all; `false` when the pool has no other.
    pub(crate) fn passes_over(&mut self, call: &Attempted) -> bool {
        let is_new = !self.ask.avoid.contains(&call.key);
        self.ask.avoid.push(call.key);
        is_new
    }

    fn count(&mut self, steady: Timestamp) {
        self.ask.attempts += 1;
        self.renew_patience(steady);
    }

    /// A second key that fails alike makes it the model's, the country's or the question's own;
    /// `false` when no further key can help.
    fn another_key(&mut self, call: &Attempted, effect: Effect) -> bool {
        let model = call.suspect.seat.model;
        let mut onward = true;
        match effect {
            Effect::Suspect(_) => {
                let before = self.ask.suspects.iter();
                let again = before.filter(|one| one.seat.model == model).count() > 0;
                self.ask.suspects.push(call.suspect.clone());
                if again {
                    self.model_last(&call.model);
                }
            }
            Effect::ModelMissing(_) | Effect::RestKeyModel(_) if !self.ask.avoid.is_empty() => {
                self.model_last(&call.model);
            }
            Effect::RestFreeKeys => {
                self.ask.paid_only = self.region_refused;
                self.region_refused = true;
            }
            Effect::Page => {
                onward = self.ask.pages == 0;
                self.ask.pages += 1;
            }
            Effect::Healthy
            | Effect::Innocent
            | Effect::KillKey(_)
            | Effect::KillProject(_)
            | Effect::Refused(_)
            | Effect::RestKeyModel(_)
            | Effect::ModelMissing(_)
            | Effect::Throttled(_)
            | Effect::RestKey(_)
            | Effect::RestProject(_)
            | Effect::WrongEndpoint
            | Effect::SpendingCap
            | Effect::RestModel(_)
            | Effect::Strike(_) => {}
        }
        self.ask.avoid.push(call.key);
        onward
    }

    /// The model comes after all others: with them resting it is still better than nothing.
    fn model_last(&mut self, model: &str) {
        for tier in &mut self.ask.tiers {
            tier.retain(|id| id != model);
        }
        self.ask.tiers.retain(|tier| !tier.is_empty());
        self.ask.tiers.push(vec![model.to_owned()]);
    }
}

impl Ask {
    /// Until then, by the steady count, a key of the wanted tier is worth more than a smaller model at
    /// once.
    pub(super) fn waits_for_its_tier(&self) -> Timestamp {
        self.since.after(WORTH_WAITING).min(self.patience)
    }
}

impl Pool {
    /// The next key for a question, or when it is free. Keys that failed it are taken only where
    /// there is no other; so is, for the trial that ends a rest of the whole pool, the model that
    /// began that rest.
    pub(super) fn find(
        &self,
        ask: &Ask,
        moment: Moment,
        rng: &mut fastrand::Rng,
    ) -> Result<Pick, Wait> {
        let begun_by = self
            .begun_by
            .filter(|_| self.state.pool.health.needs_trial());
        let failed_before = !ask.avoid.is_empty();
        for but in begun_by.map(Some).into_iter().chain([None]) {
            for only_fresh in [true, false] {
                let choice = Choice { only_fresh, but };
                let is_last = choice == Choice::default();
                if is_last || only_fresh && !failed_before {
                    continue;
                }
                if let Ok(pick) = self.walk(ask, choice, moment, rng) {
                    return Ok(pick);
                }
            }
        }
        self.walk(ask, Choice::default(), moment, rng)
    }

    fn walk(
        &self,
        ask: &Ask,
        choice: Choice,
        moment: Moment,
        rng: &mut fastrand::Rng,
    ) -> Result<Pick, Wait> {
        let mut wait = Wait::never(Why::NoKeys);
        for tier in &ask.tiers {
            let offers = tier.iter().filter_map(|id| self.offer(id));
            let offers = offers.filter(|offer| Some(offer.place) != choice.but);
            let offers: Vec<&Offer> = offers.collect();
            for (step, purse) in corners(ask) {
                let corner = self.corner(ask, step, purse, choice.only_fresh);
                for &offer in &offers {
                    match self.pick(&corner, offer, moment, rng) {
                        Ok(pick) => return Ok(pick),
                        Err(obstacle) => wait = wait.sooner(obstacle),
                    }
                }
            }
            let soon = self.line.clock.to_now(ask.waits_for_its_tier());
            if wait.until.is_some_and(|until| until <= soon) {
                break;
            }
        }
        Err(wait)
    }

    pub(super) fn offer(&self, id: &str) -> Option<&Offer> {
        let place = self.state.known_model(id)?;
        self.offers.iter().find(|offer| offer.place == place)
    }
}

/// What a question is offered; by default everything.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Choice {
    /// Only keys that did not fail it.
    only_fresh: bool,
    /// Every model but this one.
    but: Option<usize>,
}

/// The own group first, then the lower ones; with money only after them.
fn corners(ask: &Ask) -> impl Iterator<Item = (usize, Purse)> {
    let steps = 0..ask.groups.len();
    let free = (!ask.paid_only).then(|| steps.clone().map(|step| (step, Purse::Free)));
    let paid = steps.map(|step| (step, Purse::Paid));
    free.into_iter().flatten().chain(paid)
}

/// Calls beyond the first of a question come out of what all questions together put in, so that a
/// storm is not answered with a storm.
#[derive(Debug)]
pub(super) struct Budget {
    /// In tenths of a call.
    tenths: u32,
}

impl Default for Budget {
    fn default() -> Self {
        Self { tenths: Self::MOST }
    }
}

impl Budget {
    /// Sixty calls.
    const MOST: u32 = 600;
    /// What each question puts in: three tenths of a call.
    const GAIN: u32 = 3;
    const CALL: u32 = 10;

    /// Whether there is a call left, where the question needs one.
    pub(super) fn allows(&self, ask: &Ask) -> bool {
        ask.attempts == 0 || self.tenths >= Self::CALL
    }

    /// A call was not made after all.
    pub(super) fn undo(&mut self, is_retry: bool) {
        self.tenths = if is_retry {
            (self.tenths + Self::CALL).min(Self::MOST)
        } else {
            self.tenths.saturating_sub(Self::GAIN)
        };
    }

    /// A call is made.
    pub(super) fn count(&mut self, ask: &Ask) {
        self.tenths = if ask.attempts == 0 {
            (self.tenths + Self::GAIN).min(Self::MOST)
        } else {
            self.tenths.saturating_sub(Self::CALL)
        };
    }
}

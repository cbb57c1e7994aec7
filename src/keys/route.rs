//! One question's way through the pool: what its next call needs, and whether there is one after a
//! failure. The kind of failure decides (design §4): the key's → another key; the model's → another
//! model. Pure. Invariants: at most [`MOST_CALLS`] calls for a question, and nothing is tried again
//! that the service called bad.

use std::time::Duration;

use super::ask::Ask;
use super::effect::{Effect, Next, Repair, Verdict};
use super::settings::Group;
use super::suspect::Attempted;
use crate::catalog::{Catalog, Kind, Model, Tier};
use crate::clock::Timestamp;

/// Calls for one question at the most (design §4).
const MOST_CALLS: u32 = 3;

/// How a question begins.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) kind: Kind,
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

/// The kinds that will do in the place of one, the best first: smaller tiers for a tier, and nothing
/// else for pictures and speech.
fn no_better_than(kind: Kind) -> Vec<Kind> {
    let Some(highest) = kind.tier() else {
        return vec![kind];
    };
    let tiers = [Tier::Pro, Tier::Flash, Tier::Lite].into_iter();
    tiers
        .filter(|tier| *tier <= highest)
        .map(Kind::Text)
        .collect()
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

impl Route {
    pub(crate) fn new(start: Start, catalog: &Catalog) -> Self {
        let ids = |kind| -> Vec<String> {
            let models = catalog.kind(kind).iter();
            models.map(|model: &Model| model.id.clone()).collect()
        };
        let tiers = no_better_than(start.kind).into_iter().map(ids);
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
        let model = call.suspect.target.model;
        let mut onward = true;
        match effect {
            Effect::Suspect(_) => {
                let before = self.ask.suspects.iter();
                let again = before.filter(|one| one.target.model == model).count() > 0;
                self.ask.suspects.push(call.suspect.clone());
                if again {
                    self.model_last(&call.model);
                }
            }
            Effect::ModelMissing(_) | Effect::CoolKeyModel(_) if !self.ask.avoid.is_empty() => {
                self.model_last(&call.model);
            }
            Effect::Unserved => {
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
            | Effect::CoolKeyModel(_)
            | Effect::ModelMissing(_)
            | Effect::Throttled(_)
            | Effect::CoolKey(_)
            | Effect::CoolProject(_)
            | Effect::WrongEndpoint
            | Effect::SpendingCap
            | Effect::Overloaded(_)
            | Effect::Strike(_) => {}
        }
        self.ask.avoid.push(call.key);
        onward
    }

    /// The model comes after all others: with them cooling down it is still better than nothing.
    fn model_last(&mut self, model: &str) {
        for tier in &mut self.ask.tiers {
            tier.retain(|id| id != model);
        }
        self.ask.tiers.retain(|tier| !tier.is_empty());
        self.ask.tiers.push(vec![model.to_owned()]);
    }
}

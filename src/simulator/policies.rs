//! Five known ways to spread questions over keys, each written again by the rule of its original,
//! for the table of the simulator. What an original lacks and any owner would put in front of it is
//! given to all five alike: the groups of design §4 (a question may use the keys of its own group,
//! of the lower ones, and those of no group), three attempts, the list of models with the smaller
//! tiers behind it, the step to the next model after a 503 or a day's end, and our patience. They
//! know what their originals know: not who shares a project, and no limit beyond their settings.

mod random;
mod round_robin;
mod seed_rule;
#[cfg(test)]
mod trace;
mod weighted_shuffle;
mod weighted_strikes;

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Decision, KeyFacts, Policy, Question, Reply};
use crate::catalog::{Catalog, Kind, Tier};
use crate::clock::Timestamp;

/// Calls for one question (design §4).
const ATTEMPTS: u32 = 3;
/// How long a chat question may wait for a key (design §4).
const PATIENCE: Duration = Duration::from_secs(15);

/// One model as the configuration offers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Its place in the catalogue, counted through all tiers.
    pub(crate) model: usize,
    pub(crate) tier: Tier,
    /// Requests a minute.
    pub(crate) rpm: u32,
    /// Requests a day.
    pub(crate) rpd: u32,
}

/// For each tier the models to try, in their order: its own first, then those of smaller tiers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tiers {
    pub(crate) lite: Vec<Offer>,
    pub(crate) flash: Vec<Offer>,
    pub(crate) pro: Vec<Offer>,
}

impl Tiers {
    /// The free models of a catalogue: the keys of a simulated fleet are not `:paid`.
    pub(crate) fn of(catalog: &Catalog) -> Self {
        let own = |tier: Tier| -> Vec<Offer> {
            let models = catalog.answering().enumerate();
            let fitting = models.filter(|(_, model)| model.free && model.kind == Kind::Text(tier));
            let offers = fitting.map(|(place, model)| Offer {
                model: place,
                tier,
                rpm: model.rpm,
                rpd: model.rpd,
            });
            offers.collect()
        };
        let lite = own(Tier::Lite);
        let flash = [own(Tier::Flash), lite.clone()].concat();
        let pro = [own(Tier::Pro), flash.clone()].concat();
        Self { lite, flash, pro }
    }

    fn list(&self, tier: Tier) -> &[Offer] {
        match tier {
            Tier::Lite => &self.lite,
            Tier::Flash => &self.flash,
            Tier::Pro => &self.pro,
        }
    }
}

/// All five, in the order of the table.
pub(crate) fn all(fleet: &[KeyFacts], tiers: &Tiers) -> Vec<Box<dyn Policy>> {
    vec![
        Box::new(round_robin::RoundRobin::new(fleet, tiers.clone())),
        Box::new(weighted_shuffle::WeightedShuffle::new(fleet, tiers.clone())),
        Box::new(random::Random::new(fleet, tiers.clone())),
        Box::new(weighted_strikes::WeightedStrikes::new(fleet, tiers.clone())),
        Box::new(seed_rule::SeedRule::new(fleet, tiers.clone())),
    ]
}

/// What every policy starts from: the fleet, the models, and how far each open question has come.
#[derive(Debug)]
struct Common {
    fleet: Vec<KeyFacts>,
    tiers: Tiers,
    open: BTreeMap<usize, Progress>,
}

/// How far a question has come.
#[derive(Debug, Default)]
struct Progress {
    /// Models of its list that are behind it.
    skipped: usize,
    /// The calls that failed, as (key, model).
    failed: Vec<(usize, usize)>,
}

/// What there is for a question now.
#[derive(Debug, PartialEq, Eq)]
enum Choice {
    /// The first model with free keys, and those keys in the order of the fleet.
    Free(Offer, Vec<usize>),
    /// When the first key is free again; none: never.
    Later(Option<Timestamp>),
}

impl Common {
    fn new(fleet: &[KeyFacts], tiers: Tiers) -> Self {
        Self {
            fleet: fleet.to_vec(),
            tiers,
            open: BTreeMap::new(),
        }
    }

    /// The keys of the question's own group, of the lower ones and of none.
    fn keys(&self, question: &Question) -> Vec<usize> {
        let fleet = self.fleet.iter().enumerate();
        let fitting = fleet.filter(|(_, key)| key.group.is_none_or(|own| own >= question.group));
        fitting.map(|(key, _)| key).collect()
    }

    /// The models left for the question; the last one stays.
    fn offers(&self, question: &Question) -> &[Offer] {
        let list = self.tiers.list(question.tier);
        let skipped = self.open.get(&question.id).map_or(0, |open| open.skipped);
        &list[skipped.min(list.len().saturating_sub(1))..]
    }

    /// Whether this call has already failed for this question.
    fn has_failed(&self, question: &Question, call: (usize, usize)) -> bool {
        let open = self.open.get(&question.id);
        open.is_some_and(|open| open.failed.contains(&call))
    }

    /// The first model with a key that is free now, where `free_at` says from when on a key may be
    /// called with a model (none: never).
    fn choice(
        &self,
        question: &Question,
        now: Timestamp,
        free_at: impl Fn(usize, Offer) -> Option<Timestamp>,
    ) -> Choice {
        let keys = self.keys(question);
        let offers = self.offers(question).iter();
        let free = offers.clone().find_map(|&offer| {
            let is_free = |&key: &usize| free_at(key, offer).is_some_and(|at| at <= now);
            let free: Vec<usize> = keys.iter().copied().filter(is_free).collect();
            (!free.is_empty()).then_some(Choice::Free(offer, free))
        });
        free.unwrap_or_else(|| {
            let times = offers.flat_map(|&offer| keys.iter().map(move |&key| (key, offer)));
            Choice::Later(times.filter_map(|(key, offer)| free_at(key, offer)).min())
        })
    }

    /// Waits until that moment, if the person has the patience.
    fn wait(&mut self, question: &Question, until: Option<Timestamp>) -> Decision {
        match until {
            Some(until) if until <= question.at.after(PATIENCE) => Decision::Wait { until },
            Some(_) | None => self.give_up(question),
        }
    }

    fn give_up(&mut self, question: &Question) -> Decision {
        self.open.remove(&question.id);
        Decision::GiveUp
    }

    /// Keeps what the end of a call means for the question itself.
    fn told(&mut self, question: &Question, call: (usize, usize), reply: Reply) {
        let full = match reply {
            Reply::Answer => {
                self.open.remove(&question.id);
                return;
            }
            Reply::Overloaded | Reply::DayQuota { .. } | Reply::Missing => true,
            Reply::MinuteQuota { .. }
            | Reply::Throttled
            | Reply::Internal
            | Reply::Refused
            | Reply::Unexplained
            | Reply::Disowned
            | Reply::Region
            | Reply::Page
            | Reply::Blocked => false,
        };
        let open = self.open.entry(question.id).or_default();
        open.skipped += usize::from(full);
        open.failed.push(call);
    }

    fn restart(&mut self) {
        self.open.clear();
    }
}

#[cfg(test)]
mod tests;

//! What is true in a simulated world: the fleet, what the owner configured, what the service really
//! allows, and what is planned to break. The upstream lives by it, the oracle knows it, a policy is
//! told only what an owner knows.

use std::time::Duration;

use super::KeyFacts;
use crate::catalog::Catalog;
use crate::clock::Timestamp;
use crate::keys::pacific::{self, Day};

/// How many requests a (project, model) takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limits {
    /// In any 60 seconds.
    pub(crate) minute: u32,
    /// In a Pacific day.
    pub(crate) day: u32,
    /// Input tokens in any 60 seconds.
    pub(crate) tokens: u64,
}

/// The owner's numbers, as in `keys::Policy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Owner {
    /// `KEY_RPM`; unset: 10 or the catalogue's number, whichever is lower.
    pub(crate) rpm: Option<u32>,
    /// `KEY_DAILY_PERCENT`; above 100: no cap.
    pub(crate) daily_percent: u32,
}

/// The shipped settings.
pub(crate) const OWNER: Owner = Owner {
    rpm: None,
    daily_percent: 30,
};

/// Something that is planned to go wrong from one moment (included) until another (not included).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) from: Timestamp,
    pub(crate) until: Timestamp,
    pub(crate) trouble: Trouble,
}

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// The key is refused, also after the fault's end.
    KeyDies { key: usize },
    /// 503 for every call to the model.
    ModelOut { model: usize },
    /// 503, or 500 when `internal`, for that share of the calls to the model.
    ModelShaky {
        model: usize,
        percent: u8,
        internal: bool,
    },
    /// Something unexplained for that share of the calls with the key.
    KeyOdd { key: usize, percent: u8 },
    /// 429 without details for everybody.
    Throttle,
    /// The same beyond so many calls in any ten seconds.
    ThrottleAbove { calls: u32 },
    /// 429 without details for everybody who asks this model.
    ModelThrottled { model: usize },
    /// As [`Trouble::KeyDies`], in words that no table lists.
    KeyDisowned { key: usize },
    /// The key is refused in words that no table lists, and the free look accepts it.
    KeyShutOut { key: usize },
    /// One call in so many is told that our country is not served.
    Region { one_in: u32 },
    /// One call in so many to the model is told that there is no such model.
    ModelFlaps { model: usize, one_in: u32 },
    /// A firewall refuses the text of one question in so many, with a page.
    Firewall { one_in: u32 },
    /// A proxy answers everything with a page.
    ProxyDown,
    /// The model's day is said to be spent, which it is not.
    DayDenied { model: usize },
}

impl Fault {
    /// How many calls in ten seconds our address may make meanwhile.
    pub(crate) fn pace(&self) -> Option<u32> {
        if let Trouble::ThrottleAbove { calls } = self.trouble {
            Some(calls)
        } else {
            None
        }
    }
}

/// Limits that rise to [`World::truth`] at a moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Rise {
    pub(crate) at: Timestamp,
    pub(crate) before: Vec<Limits>,
}

/// A world.
#[derive(Debug, Clone)]
pub(crate) struct World {
    pub(crate) keys: Vec<KeyFacts>,
    /// What the owner believes of the models.
    pub(crate) catalog: Catalog,
    pub(crate) owner: Owner,
    /// What the service allows, by the model's place in the catalogue.
    pub(crate) truth: Vec<Limits>,
    /// It allows less at first.
    pub(crate) rise: Option<Rise>,
    /// How long after Pacific midnight a new day of the service's begins.
    pub(crate) late: Duration,
    pub(crate) faults: Vec<Fault>,
    /// The longest way of a request to the service; each takes some part of it.
    pub(crate) way: Duration,
    pub(crate) seed: u64,
}

impl World {
    /// A world whose owner knows the true limits, and where nothing breaks.
    pub(crate) fn new(keys: Vec<KeyFacts>, catalog: Catalog, seed: u64) -> Self {
        let truth = catalog.answering().map(|model| Limits {
            minute: if model.free { model.rpm } else { 0 },
            day: if model.free { model.rpd } else { 0 },
            tokens: model.tpm,
        });
        let truth = truth.collect();
        Self {
            keys,
            catalog,
            owner: OWNER,
            truth,
            rise: None,
            late: Duration::ZERO,
            faults: Vec::new(),
            way: Duration::from_millis(100),
            seed,
        }
    }

    /// What the owner lets one project do, by the model's place; nothing of a model that only paid
    /// keys may call.
    pub(crate) fn configured(&self) -> Vec<Limits> {
        let Owner { rpm, daily_percent } = self.owner;
        let models = self.catalog.answering();
        let limits = models.map(|model| match (model.free, daily_percent) {
            (false, _) => (0, 0),
            (true, 101..) => (rpm.unwrap_or(model.rpm.min(10)), u32::MAX),
            (true, _) => (
                rpm.unwrap_or(model.rpm.min(10)),
                (model.rpd * daily_percent / 100).max(1).min(model.rpd),
            ),
        });
        let tokens = self.catalog.answering().map(|model| model.tpm);
        limits
            .zip(tokens)
            .map(|((minute, day), tokens)| Limits {
                minute,
                day,
                tokens,
            })
            .collect()
    }

    pub(crate) fn projects(&self) -> usize {
        self.keys
            .iter()
            .map(|key| key.project + 1)
            .max()
            .unwrap_or(0)
    }

    /// Plans a fault.
    pub(crate) fn plan(&mut self, from: Timestamp, lasts: Duration, trouble: Trouble) {
        self.faults.push(Fault {
            from,
            until: from.after(lasts),
            trouble,
        });
    }

    /// What the service allows of a model at that moment.
    pub(crate) fn allowed(&self, model: usize, now: Timestamp) -> Limits {
        match &self.rise {
            Some(rise) if now < rise.at => rise.before[model],
            Some(_) | None => self.truth[model],
        }
    }

    /// Whether the key is refused at that moment and for ever.
    pub(crate) fn is_dead(&self, key: usize, now: Timestamp) -> bool {
        self.death(key, now).is_some()
    }

    /// What the key died of: [`Trouble::KeyDies`] or [`Trouble::KeyDisowned`].
    pub(crate) fn death(&self, key: usize, now: Timestamp) -> Option<Trouble> {
        let mut faults = self.faults.iter().filter(|fault| fault.from <= now);
        let deaths = [Trouble::KeyDies { key }, Trouble::KeyDisowned { key }];
        let found = faults.find(|fault| deaths.contains(&fault.trouble));
        found.map(|fault| fault.trouble)
    }

    /// Whether nothing is or ever was wrong with the key itself.
    pub(crate) fn is_sound(&self, key: usize, now: Timestamp) -> bool {
        let mut faults = self.faults.iter().filter(|fault| fault.from <= now);
        let its_own = |trouble| {
            matches!(
                trouble,
                Trouble::KeyDies { key: it }
                | Trouble::KeyDisowned { key: it }
                | Trouble::KeyShutOut { key: it }
                | Trouble::KeyOdd { key: it, .. } if it == key
            )
        };
        !faults.any(|fault| its_own(fault.trouble))
    }

    /// What goes wrong at that moment.
    pub(crate) fn troubles(&self, now: Timestamp) -> impl Iterator<Item = Trouble> {
        self.faults_at(now).map(|fault| fault.trouble)
    }

    /// The pace that our address may keep at that moment, and until when.
    pub(crate) fn pace(&self, now: Timestamp) -> Option<(u32, Timestamp)> {
        let faults = self.faults_at(now);
        let paces = faults.filter_map(|fault| Some((fault.pace()?, fault.until)));
        paces.min()
    }

    fn faults_at(&self, now: Timestamp) -> impl Iterator<Item = &Fault> {
        let faults = self.faults.iter();
        faults.filter(move |fault| fault.from <= now && now < fault.until)
    }

    /// Chance for that share, always the same for the same call at the same moment.
    pub(crate) fn strikes(&self, percent: u8, call: (usize, usize), now: Timestamp) -> bool {
        self.chance(call, now).u8(0..100) < percent
    }

    /// The same for one call in so many.
    pub(crate) fn hits(&self, one_in: u32, call: (usize, usize), now: Timestamp) -> bool {
        self.chance(call, now).u32(0..one_in) == 0
    }

    fn chance(&self, (key, model): (usize, usize), now: Timestamp) -> fastrand::Rng {
        let place = u64::try_from(key * 64 + model).unwrap();
        fastrand::Rng::with_seed(self.seed ^ (place << 44) ^ now.0)
    }

    /// Whether a firewall refuses the text of that question, whoever sends it.
    pub(crate) fn is_walled(&self, question: usize, now: Timestamp) -> bool {
        let seed = self.seed ^ (u64::try_from(question).unwrap() << 20);
        let meets = |one_in| fastrand::Rng::with_seed(seed).u32(0..one_in) == 0;
        self.troubles(now)
            .any(|trouble| matches!(trouble, Trouble::Firewall { one_in } if meets(one_in)))
    }
}

/// The Pacific day of moments that mostly follow each other.
#[derive(Debug)]
pub(crate) struct Calendar {
    day: Day,
}

impl Calendar {
    pub(crate) fn new(now: Timestamp) -> Self {
        let day = pacific::day_of(now);
        Self { day }
    }

    /// The number of the day.
    pub(crate) fn number(&mut self, now: Timestamp) -> i32 {
        self.day(now).number
    }

    pub(crate) fn day(&mut self, now: Timestamp) -> Day {
        if now < self.day.began || now >= self.day.ends {
            self.day = pacific::day_of(now);
        }
        self.day
    }
}

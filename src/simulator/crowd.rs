//! Who asks when: Poisson arrivals at the load of a plan, with its bursts or its night.

use std::collections::BTreeSet;
use std::time::Duration;

use super::Question;
use super::plan::{GROUPS, Plan, Span};
use super::world::World;
use crate::catalog::{Kind, Tier};
use crate::clock::Timestamp;
use crate::keys::{Group, pacific};

const DAY: Duration = Duration::from_hours(24);

/// Bursts: one of a minute in each five, so high above the rest that the mean is 1.
const CYCLE: u64 = 300_000;
const BURST: u64 = 60_000;
const HIGH: f64 = 2.5;
const LOW: f64 = 0.625;

/// Those who ask.
pub(crate) struct Crowd {
    /// Questions a millisecond, of the lite and of the flash tier.
    lite: f64,
    flash: f64,
    /// Projects of each group; all alike when the keys have no groups.
    weights: [u32; 4],
}

impl Crowd {
    pub(crate) fn of(plan: &Plan, world: &World) -> Self {
        let horizon = plan.kind.horizon();
        let projects = f64::from(u32::try_from(world.projects()).unwrap());
        let configured = world.configured();
        let rate = |tier| {
            let truth = (0..world.truth.len()).map(|model| world.allowed(model, Timestamp(0)));
            let models = world.catalog.answering().zip(&configured).zip(truth);
            let of_tier = models.filter(|((model, _), _)| model.kind == Kind::Text(tier));
            let rates = of_tier.map(|((_, own), truth)| match horizon {
                Some(span) => f64::from(own.day.min(truth.day)) / span.as_secs_f64(),
                None => f64::from(own.minute.min(truth.minute)) / 60.0,
            });
            rates.sum::<f64>() * projects * f64::from(plan.load) / 100.0 / 1000.0
        };
        let weights = GROUPS.map(|group| {
            let members = world.keys.iter().filter(|key| key.group == Some(group));
            let projects: BTreeSet<usize> = members.map(|key| key.project).collect();
            u32::try_from(projects.len()).unwrap()
        });
        let grouped = weights.iter().any(|weight| *weight > 0);
        Self {
            lite: rate(Tier::Lite),
            flash: rate(Tier::Flash),
            weights: if grouped { weights } else { [1; 4] },
        }
    }

    /// Mean number of questions a second.
    pub(crate) fn per_second(&self) -> f64 {
        (self.lite + self.flash) * 1000.0
    }

    /// Poisson arrivals, thinned to the hour's or the burst's rate.
    pub(crate) fn questions(&self, plan: &Plan, span: Span) -> Vec<Question> {
        let mut rng = fastrand::Rng::with_seed(plan.seed);
        let mut questions = Vec::new();
        let mut since = Duration::ZERO;
        loop {
            let gap = -(1.0 - rng.f64()).ln() / (self.per_second() * HIGH);
            since += Duration::from_secs_f64(gap);
            if since >= span.length() {
                return questions;
            }
            let at = span.from.after(since);
            let (factor, hot) = swing(plan, at.since(span.from), at);
            if rng.f64() * HIGH >= factor {
                continue;
            }
            let hot = hot.filter(|_| rng.f64() < (HIGH - LOW) / HIGH);
            let flash = rng.f64() * (self.lite + self.flash) < self.flash;
            questions.push(Question {
                id: questions.len(),
                at,
                group: hot.unwrap_or_else(|| self.group(&mut rng)),
                tier: if flash { Tier::Flash } else { Tier::Lite },
                tokens: rng.u64(200..4_000),
                takes: Duration::from_millis(rng.u64(1_000..8_000)),
            });
        }
    }

    fn group(&self, rng: &mut fastrand::Rng) -> Group {
        let mut left = rng.u32(0..self.weights.iter().sum());
        for (group, weight) in GROUPS.into_iter().zip(self.weights) {
            if left < weight {
                return group;
            }
            left -= weight;
        }
        Group::D
    }
}

/// How many times the mean rate it is now, at most [`HIGH`], and the group that a burst comes from:
/// every second burst comes from one group alone.
fn swing(plan: &Plan, since: Duration, at: Timestamp) -> (f64, Option<Group>) {
    if plan.kind.has_nights() {
        let ends = pacific::day_of(at).ends;
        let to_midnight = ends.since(at).as_secs_f64() / DAY.as_secs_f64();
        let wave = (to_midnight * std::f64::consts::TAU).cos();
        return (1.0 - 0.9 * wave, None);
    }
    if !plan.kind.has_bursts() {
        return (1.0, None);
    }
    let since = u64::try_from(since.as_millis()).unwrap();
    let cycle = since / CYCLE;
    let begins = fastrand::Rng::with_seed(plan.seed ^ (cycle << 32)).u64(0..CYCLE - BURST);
    if !(begins..begins + BURST).contains(&(since % CYCLE)) {
        return (LOW, None);
    }
    let hot = GROUPS[usize::try_from(cycle / 2 % 4).unwrap()];
    (HIGH, (cycle % 2 == 1).then_some(hot))
}

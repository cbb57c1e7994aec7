//! What the oracle keeps of one (project, model): what is spent there and what it still allows.

use std::collections::{BTreeMap, VecDeque};

use super::super::upstream::MINUTE;
use super::super::world::{Limits, Trouble, World};
use crate::clock::Timestamp;

/// What a lender may have spent of its minute or day and still lend; the rest is for its own people.
const LENT_PERCENT: u32 = 60;

/// A (project, model).
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) project: usize,
    pub(super) model: usize,
    pub(super) keys: Vec<usize>,
    pub(super) limits: Limits,
    /// What binds until the service's limits rise.
    pub(super) before: Limits,
    /// Starts that still fill a minute, in order; some may lie ahead.
    pub(super) starts: VecDeque<Timestamp>,
    pub(super) days: BTreeMap<i32, u32>,
    /// By the service's day, where that begins late.
    pub(super) late_days: BTreeMap<i32, u32>,
    /// No start is possible before: for its own people, and for borrowers.
    pub(super) not_before: [Timestamp; 2],
}

impl Bucket {
    pub(super) fn forget(&mut self, now: Timestamp) {
        while self
            .starts
            .front()
            .is_some_and(|at| now.since(*at) >= MINUTE)
        {
            self.starts.pop_front();
        }
    }

    pub(super) fn limits(&self, world: &World, at: Timestamp) -> &Limits {
        let rises = world.rise.as_ref().is_some_and(|rise| at < rise.at);
        if rises { &self.before } else { &self.limits }
    }

    /// Whether one more start at that moment leaves every minute within the limit.
    pub(super) fn fits(&self, world: &World, at: Timestamp, borrowed: bool) -> bool {
        let place = self.starts.partition_point(|start| *start <= at);
        let minute = self.limits(world, at).minute;
        let limit = usize::try_from(minute).unwrap();
        if borrowed {
            let before = self.starts.iter().take(place);
            let recent = before.filter(|start| at.since(**start) < MINUTE).count();
            if recent >= usize::try_from(lent(minute)).unwrap() {
                return false;
            }
        }
        if self.starts.len() < limit {
            return limit > 0;
        }
        let with = |nth: usize| match nth.cmp(&place) {
            std::cmp::Ordering::Less => self.starts[nth],
            std::cmp::Ordering::Equal => at,
            std::cmp::Ordering::Greater => self.starts[nth - 1],
        };
        let first = place.saturating_sub(limit);
        let last = place.min(self.starts.len() - limit);
        (first..=last).all(|nth| with(nth + limit).since(with(nth)) >= MINUTE)
    }

    pub(super) fn next_fit(
        &self,
        world: &World,
        (at, last): (Timestamp, Timestamp),
        borrowed: bool,
    ) -> Option<Timestamp> {
        let ends = self.starts.iter().map(|start| start.after(MINUTE));
        let mut moments = std::iter::once(at).chain(ends.filter(|end| *end > at));
        moments.find(|moment| *moment > last || self.fits(world, *moment, borrowed))
    }

    pub(super) fn share(&self, day: i32) -> f64 {
        f64::from(self.used(day)) / f64::from(self.limits.day)
    }

    pub(super) fn used(&self, day: i32) -> u32 {
        self.days.get(&day).copied().unwrap_or(0)
    }
}

pub(super) fn lent(limit: u32) -> u32 {
    u32::try_from(u64::from(limit) * u64::from(LENT_PERCENT) / 100).unwrap()
}

/// The first moment from this one at which no fault is in the way; none when all keys are dead.
pub(super) fn clear_from(world: &World, bucket: &Bucket, from: Timestamp) -> Option<Timestamp> {
    let mut at = from;
    loop {
        let mut alive = bucket.keys.iter().filter(|key| !world.is_dead(**key, at));
        alive.next()?;
        let mut in_way = world.faults.iter().filter(|fault| {
            fault.from <= at
                && at < fault.until
                && match fault.trouble {
                    Trouble::ModelOut { model }
                    | Trouble::ModelThrottled { model }
                    | Trouble::DayDenied { model } => model == bucket.model,
                    Trouble::Throttle | Trouble::ProxyDown => true,
                    Trouble::KeyOdd { key, percent: 100 } | Trouble::KeyShutOut { key } => {
                        let mut others = bucket.keys.iter().filter(|it| **it != key);
                        bucket.keys.contains(&key) && others.all(|it| world.is_dead(*it, at))
                    }
                    Trouble::KeyDies { .. }
                    | Trouble::ModelShaky { .. }
                    | Trouble::KeyOdd { .. }
                    | Trouble::ThrottleAbove { .. }
                    | Trouble::KeyDisowned { .. }
                    | Trouble::Region { .. }
                    | Trouble::ModelFlaps { .. }
                    | Trouble::Firewall { .. } => false,
                }
        });
        match in_way.next() {
            Some(fault) => at = fault.until,
            None => return Some(at),
        }
    }
}

//! The moment that every decision of the pool is told: by the clock that is corrected, by the steady
//! count, and the Pacific day it belongs to. Pure; owned by the pool. Invariant: moments never run
//! backwards, unless the clock was set back.

use std::time::Duration;

use super::pacific::{self, Day};
use crate::clock::{Reading, Timestamp};

/// Reads of the clock by several threads may reach the pool in another order; only a larger step
/// back is a clock that was set.
pub(super) const DISORDER: Duration = Duration::from_secs(2);

/// What time it is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Moment {
    /// Cooldowns, minutes and days are told in this.
    pub(super) now: Timestamp,
    /// The same by the steady count, in which a question's own moments are told: no correction of the
    /// clock may touch them.
    pub(super) steady: Timestamp,
    pub(super) day: Day,
}

impl Moment {
    fn new(clock: Reading, day: Day) -> Self {
        let Reading { now, steady } = clock;
        Self { now, steady, day }
    }

    /// A moment of the steady count by the clock that is corrected.
    pub(super) fn to_now(self, steady: Timestamp) -> Timestamp {
        self.clock().to_now(steady)
    }

    /// A moment of the clock that is corrected by the steady count.
    pub(super) fn to_steady(self, now: Timestamp) -> Timestamp {
        self.clock().to_steady(now)
    }

    fn clock(self) -> Reading {
        Reading {
            now: self.now,
            steady: self.steady,
        }
    }
}

impl From<Timestamp> for Moment {
    fn from(now: Timestamp) -> Self {
        Self::new(now.into(), pacific::day_of(now))
    }
}

/// The latest moment heard of.
#[derive(Debug)]
pub(super) struct Latest {
    now: Timestamp,
    day: Day,
}

impl Latest {
    pub(super) fn new(now: Timestamp) -> Self {
        let day = pacific::day_of(now);
        Self { now, day }
    }

    /// The moment of the last decision.
    pub(super) fn now(&self) -> Timestamp {
        self.now
    }

    /// The moment to reckon with, and whether the clock was set back to it.
    pub(super) fn notice(&mut self, clock: Reading) -> (Moment, bool) {
        let is_set_back = self.now.since(clock.now) > DISORDER;
        if is_set_back {
            self.now = clock.now;
        }
        self.now = self.now.max(clock.now);
        if !(self.day.began..self.day.ends).contains(&self.now) {
            self.day = pacific::day_of(self.now);
        }
        let clock = Reading {
            now: self.now,
            steady: clock.to_steady(self.now),
        };
        (Moment::new(clock, self.day), is_set_back)
    }
}

//! What is known of a key, a project, a model or everybody, and what becomes of it when something
//! happens: one [`Health`] per [`Scope`], made of the aspects [`Cooling`], [`Breaker`] and
//! [`LearnedLimits`]; what death is about is in `death`. Pure. Invariant: only a look that goes well
//! ends a death, so nothing else heals what is dead.

mod breaker;
pub(super) mod cooling;
mod death;

pub(crate) use breaker::Breaker;
pub(crate) use cooling::{Cause, Cooling};

use super::backoff::{Backoff, LONGEST};
use super::effect::Death;
use super::limits::LearnedLimits;
use super::settings::{Fingerprint, Policy};
use crate::clock::Timestamp;

/// Whom a cooldown, a death or a strike is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Scope {
    Key(Fingerprint),
    KeyModel(Fingerprint, String),
    Project(Fingerprint),
    /// The unit Google counts quota in.
    ProjectModel(Fingerprint, String),
    Model(String),
    /// Every key that is not `:paid`.
    FreeKeys,
    Pool,
    /// The model as one that may not exist any more.
    Missing(String),
    /// The address of the service, `GEMINI_API_URL`.
    Endpoint,
}

/// The stored health of a scope (table `key_state`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// Refused for good, since then.
    pub(crate) dead: Option<(Death, Timestamp)>,
    /// Until when it is not called; of a dead one, until when it is not looked at again.
    pub(crate) cooling: Cooling,
    /// Its failures in a row, and what they have opened.
    pub(crate) breaker: Breaker,
    /// It died within seconds of others, so it is looked at again sooner.
    pub(crate) died_together: bool,
    /// Of a model in a project.
    pub(crate) learned: LearnedLimits,
}

impl Health {
    /// One failure more of something that many keys stand behind. A call that left before the last
    /// cooldown began says nothing new.
    pub(super) fn fail(&mut self, backoff: &Backoff, left: Timestamp, now: Timestamp) {
        if self.cooling.is_news(left) {
            self.breaker.strikes = self.breaker.strikes.saturating_add(1);
            if self.breaker.strikes >= backoff.after {
                let time = self.breaker.trip(backoff.first, backoff.longest);
                self.cooling.extend(now.after(time), now);
            }
        }
    }

    /// The same, for this cause.
    pub(super) fn fail_because(
        &mut self,
        cause: Cause,
        backoff: &Backoff,
        left: Timestamp,
        now: Timestamp,
    ) {
        self.fail(backoff, left, now);
        self.cooling.cause = Some(cause);
    }

    /// Blacklisted from then on, unless it answered or was forgiven meanwhile: the first time for
    /// [`Policy::blacklist`], then twice as long each time, a day at most.
    pub(super) fn blacklist(&mut self, policy: &Policy, since: Timestamp, now: Timestamp) {
        if self.dead.is_none() && self.breaker.struck_out(policy) {
            let time = self.breaker.trip(policy.blacklist, LONGEST);
            self.cooling.extend(since.after(time), now);
        }
    }

    /// A call went well: strikes and earlier trips are forgotten. What cools down goes on doing so.
    pub(super) fn heal(&mut self) {
        if self.dead.is_none() {
            self.breaker.close();
            self.died_together = false;
        }
    }

    /// The same, unless the call that went well left before the last cooldown began.
    pub(super) fn heal_if_news(&mut self, left: Timestamp) {
        if self.cooling.is_news(left) {
            self.heal();
        }
    }

    /// What opened it is taken back.
    pub(super) fn lift(&mut self) {
        if self.dead.is_none() {
            self.cooling.end();
        }
        self.heal();
    }

    /// All is well: nothing of a cooldown is left, not even its cause.
    pub(super) fn clear(&mut self) {
        if self.dead.is_none() {
            self.cooling = Cooling::default();
            self.heal();
        }
    }

    /// Opens a cooldown that the Owner asks to be looked at: where only a call shows how it stands,
    /// for one. Strikes stay, so whoever has them together is half-open.
    pub(super) fn open(&mut self, now: Timestamp) {
        match self.cooling.cause {
            Some(Cause::Day { .. }) => {
                self.cooling.probe_at = self.cooling.probe_at.map(|due| due.min(now));
            }
            Some(Cause::Missing { .. } | Cause::Endpoint { .. }) => self.clear(),
            Some(Cause::SpendingCap) | None => self.cooling.end(),
        }
    }

    /// After the clock was set back: nothing may seem to lie ahead.
    pub(super) fn rebase(&mut self, now: Timestamp) {
        self.learned.rebase(now);
        self.cooling.rebase(now);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::keys::backoff::OVERLOAD;
    use crate::keys::pool::tests::POLICY;

    const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

    #[test]
    fn each_blacklisting_doubles_up_to_a_day() {
        let mut health = Health::default();
        let mut now = NOW;
        for _ in 0..2 {
            assert!(!health.breaker.strike(&POLICY, true));
            health.blacklist(&POLICY, now, now);
            assert_eq!(health.cooling.ends(now), None);
        }
        for hours in [1, 2, 4, 8, 16, 24, 24, 24] {
            assert!(health.breaker.strike(&POLICY, true));
            let ten = Duration::from_secs(10);
            health.blacklist(&POLICY, now, now.after(ten));
            let end = now.after(Duration::from_hours(hours));
            assert_eq!(health.cooling.ends(now), Some(end));
            now = end;
        }
        health.heal();
        assert!(
            !health.breaker.strike(&POLICY, true),
            "one answer forgives all"
        );
    }

    #[test]
    fn a_shared_breaker_doubles_up_to_its_longest_and_hears_no_late_news() {
        let mut health = Health::default();
        let mut now = NOW;
        for _ in 1..OVERLOAD.after {
            health.fail(&OVERLOAD, now, now);
            assert_eq!(health.cooling.ends(now), None);
        }
        for seconds in [2, 4, 8, 15, 15] {
            let left = now;
            health.fail(&OVERLOAD, left, now);
            let end = now.after(Duration::from_secs(seconds));
            assert_eq!(health.cooling.ends(now), Some(end));
            let before = health.clone();
            health.fail(&OVERLOAD, left, now);
            assert_eq!(health, before, "it left before the breaker opened");
            now = end;
        }
        assert!(health.breaker.needs_probe());
        health.heal();
        assert!(!health.breaker.needs_probe());
    }
}

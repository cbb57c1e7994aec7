//! The way into death and back: a refused key or project is looked at an hour later by the free
//! `models.get`, then twice as late each time (design §4, gemini-api §14). Pure.

use std::time::Duration;

use super::Health;
use crate::clock::Timestamp;
use crate::keys::backoff::LONGEST;
use crate::keys::effect::Death;
use crate::keys::settings::Policy;

/// After this long a dead key is looked at for the first time (design §4).
const FIRST_LOOK: Duration = Duration::from_hours(1);

/// The first looks at a key that died within seconds of others: perhaps it was not the keys.
const SOON: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(5)];

impl Health {
    /// Never called again, until a look goes well; the first reason stays.
    pub(in crate::keys) fn kill(&mut self, death: Death, now: Timestamp) {
        if self.dead.is_none() {
            self.dead = Some((death, now));
            self.plan_look(now);
        }
    }

    /// It died within seconds of others: the look that was planned at its death comes sooner.
    pub(in crate::keys) fn died_with_others(&mut self) {
        let Some((_, at)) = self.dead.filter(|_| !self.died_together) else {
            return;
        };
        self.died_together = true;
        if self.breaker.trips == 1 {
            self.breaker.trips = 0;
            self.plan_look(at);
        }
    }

    /// The next look, twice as far away each time; for keys that died together two earlier ones go
    /// before these.
    pub(in crate::keys) fn plan_look(&mut self, now: Timestamp) {
        let nth = usize::try_from(self.breaker.trips).unwrap_or(usize::MAX);
        let soon = SOON.get(nth).filter(|_| self.died_together);
        let before = if self.died_together { SOON.len() } else { 0 };
        let later = FIRST_LOOK.saturating_mul(1 << nth.saturating_sub(before).min(16));
        let time = soon.copied().unwrap_or(later);
        self.breaker.trips = self.breaker.trips.saturating_add(1);
        self.cooling.until = Some(now.after(time.min(LONGEST)));
        self.cooling.since = Some(now);
    }

    /// A look went well: it is half-open, and if that fails the next look is later.
    pub(in crate::keys) fn revive(&mut self, policy: &Policy) {
        self.dead = None;
        self.cooling.end();
        self.breaker.strikes = policy.max_errors.max(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::pool::tests::POLICY;

    const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

    #[test]
    fn a_dead_key_is_looked_at_after_an_hour_and_then_twice_as_late_each_time() {
        let mut health = Health::default();
        health.kill(Death::Invalid, NOW);
        let mut now = NOW;
        for hours in [1, 2, 4, 8, 16, 24, 24] {
            let due = now.after(Duration::from_hours(hours));
            assert_eq!(health.cooling.until, Some(due));
            now = due;
            health.plan_look(now);
        }
        health.heal();
        assert!(
            health.breaker.trips > 0,
            "a late answer of a dead key changes nothing"
        );
        health.revive(&POLICY);
        assert_eq!((health.dead, health.cooling.until), (None, None));
        assert!(health.breaker.struck_out(&POLICY), "it is half-open");
        health.kill(Death::Suspended, now);
        let again = now.after(Duration::from_hours(24));
        assert_eq!(
            health.cooling.until,
            Some(again),
            "what failed before is tested later"
        );
    }

    #[test]
    fn a_key_that_died_with_others_is_looked_at_after_a_minute_and_five_and_then_as_others() {
        let mut health = Health::default();
        health.kill(Death::Unlisted, NOW);
        // The others died a little later.
        health.died_with_others();
        let mut now = NOW;
        for minutes in [1, 5, 60, 120, 240, 480, 960, 1_440, 1_440] {
            let due = now.after(Duration::from_mins(minutes));
            assert_eq!(health.cooling.until, Some(due));
            now = due;
            health.died_with_others();
            health.plan_look(now);
        }
        health.revive(&POLICY);
        health.heal();
        health.kill(Death::Invalid, now);
        let hour = now.after(Duration::from_hours(1));
        assert_eq!(health.cooling.until, Some(hour), "alone this time");
    }
}

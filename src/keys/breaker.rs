//! What a scope's [`Health`] becomes when something happens to it: rests, strikes, blacklisting,
//! trials, death. Pure. Invariants: a rest only grows and never outlives its kind's maximum, unless
//! what began it is taken back; only a test that goes well ends a death.

use std::time::Duration;

use super::{Cause, Death, Fingerprint, Health, Known, Policy, Rest, pacific};
use crate::clock::Timestamp;

/// No rest that is given as a time, and no blacklisting, lasts longer (design §4).
const LONGEST: Duration = Duration::from_hours(24);

/// After this long a dead key is tested for the first time (design §4).
const FIRST_RETEST: Duration = Duration::from_hours(1);

/// The first tests of a key that died within seconds of others: perhaps it was not the keys.
const SOON: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(5)];

/// How a breaker that many keys stand behind behaves.
#[derive(Debug, Clone, Copy)]
pub(super) struct Brake {
    /// Failures in a row that open it.
    pub(super) after: u32,
    /// How long it stays open the first time; each further time doubles it.
    pub(super) first: Duration,
    /// And no longer than this.
    pub(super) longest: Duration,
}

/// A model that is overloaded: short rests, since one trial is all it costs to look again.
pub(super) const OVERLOAD: Brake = Brake {
    after: 3,
    first: Duration::from_secs(2),
    longest: Duration::from_secs(15),
};

/// Faults of many projects and models that nothing explains.
pub(super) const STORM: Brake = Brake {
    after: 5,
    first: Duration::from_secs(2),
    longest: Duration::from_secs(15),
};

/// The region is not served (gemini-api §15, row 9). The voices are counted before.
pub(super) const REGION: Brake = Brake {
    after: 1,
    first: Duration::from_secs(5),
    longest: Duration::from_hours(1),
};

/// Many projects are throttled alike on one model (row 20). The projects are counted before.
pub(super) const THROTTLED_MODEL: Brake = Brake {
    after: 1,
    first: Duration::from_secs(10),
    longest: Duration::from_mins(10),
};

/// After this part of a long rest a model is tried sooner by whoever would be refused: how long it
/// lasts nobody knows, and each doubling may oversleep as much.
const LAST_RESORT: u32 = 4;

/// No rest that the service has named is longer, and such a rest is kept to its end.
const NAMED: Duration = Duration::from_mins(2);

/// The same on several models: our address.
pub(super) const THROTTLE: Brake = Brake {
    after: 1,
    first: Duration::from_secs(2),
    longest: Duration::from_secs(15),
};

/// Something in front of the service answers with pages (row 25). The voices are counted before.
pub(super) const PAGES: Brake = Brake {
    after: 1,
    first: Duration::from_secs(5),
    longest: Duration::from_mins(15),
};

/// A key that the free look accepts and whose calls with a model are refused (rows 2 and 6).
pub(super) fn refused(policy: &Policy) -> Brake {
    Brake {
        after: 1,
        first: policy.cooldown,
        longest: Duration::from_hours(1),
    }
}

/// A model that two projects do not find (gemini-api §15, row 12).
pub(super) const MISSING: Brake = Brake {
    after: 1,
    first: Duration::from_hours(1),
    longest: LONGEST,
};

/// There is no Gemini API at the address (row 12b).
pub(super) const MISROUTED: Brake = Brake {
    after: 1,
    first: Duration::from_secs(5),
    longest: Duration::from_mins(15),
};

/// After this long it is looked whether a day's quota is gone; then twice as late each time (row 14).
pub(super) const FIRST_LOOK: Duration = Duration::from_mins(15);

/// The same where our own ledger contradicts it: such bodies pass in seconds, or the day begins late.
pub(super) const SOON_LOOK: Duration = Duration::from_mins(1);

/// How often it is looked whether a spending cap is lifted (row 18).
const CAP_LOOK: Duration = Duration::from_hours(6);

/// When a rest that begins now ends.
pub(super) fn end_of(rest: Rest, policy: &Policy, now: Timestamp) -> Timestamp {
    match rest {
        Rest::For(time) => now.after(time.min(LONGEST)),
        Rest::Cooldown => now.after(policy.cooldown.min(LONGEST)),
        Rest::UntilPacificMidnight => {
            let midnight = pacific::day_of(now).ends;
            midnight.min(now.after(pacific::LONGEST_DAY))
        }
    }
}

impl Health {
    /// Rests until then, unless it already rests longer.
    pub(super) fn rest(&mut self, until: Timestamp, now: Timestamp) {
        if self.rests_until.is_none_or(|end| end < until) {
            self.rests_until = Some(until);
            self.rests_since = Some(now);
            self.cause = None;
            self.probe_at = None;
        }
    }

    /// The service says that the day is spent: until midnight, with looks before, the first of them
    /// after this time. A call that left before the last look was due says nothing new.
    pub(super) fn day_gone(
        &mut self,
        first: Duration,
        left: Timestamp,
        policy: &Policy,
        now: Timestamp,
    ) {
        let midnight = end_of(Rest::UntilPacificMidnight, policy, now);
        let looks = match (self.cause, self.resting(now)) {
            (Some(Cause::Day { looks }), Some(_)) => {
                if self.probe_at.is_none_or(|due| left < due) {
                    return;
                }
                looks.saturating_add(1)
            }
            (_, _) => 0,
        };
        self.rest(midnight, now);
        if self.rests_until == Some(midnight) {
            let due = now.after(first.saturating_mul(1 << looks.min(16)));
            self.cause = Some(Cause::Day { looks });
            self.probe_at = Some(due.min(midnight));
        }
    }

    /// The model was not found once more: for a cooldown, then twice as long each time, and never less
    /// than this.
    pub(super) fn not_found(
        &mut self,
        at: Fingerprint,
        least: Duration,
        policy: &Policy,
        now: Timestamp,
    ) {
        let times = match self.cause {
            Some(Cause::Missing { times, .. }) if self.resting(now).is_some() => times,
            Some(Cause::Missing { times, .. }) => times.saturating_add(1),
            Some(Cause::Day { .. } | Cause::Endpoint { .. } | Cause::SpendingCap) | None => 0,
        };
        let time = policy.cooldown.saturating_mul(1 << times.min(16));
        self.rest(now.after(time.max(least).min(LONGEST)), now);
        if self.rests_since == Some(now) {
            self.cause = Some(Cause::Missing { at, times });
        }
    }

    /// Something shared failed once more, for this cause.
    pub(super) fn brake_because(
        &mut self,
        cause: Cause,
        brake: &Brake,
        left: Timestamp,
        now: Timestamp,
    ) {
        self.brake(brake, left, now);
        self.cause = Some(cause);
    }

    /// The spending cap of the month is reached, or still is. Late news change nothing.
    pub(super) fn cap(&mut self, left: Timestamp, now: Timestamp) {
        if self.cause != Some(Cause::SpendingCap) || self.is_news(left) {
            self.rest(now.after(CAP_LOOK), now);
            self.cause = Some(Cause::SpendingCap);
        }
    }

    /// All is well: nothing of a rest is left, and the next one is as short as the first.
    pub(super) fn clear(&mut self) {
        if self.dead.is_none() {
            self.rests_until = None;
            self.rests_since = None;
            self.cause = None;
            self.probe_at = None;
            self.heal();
        }
    }

    /// Ends a long rest of which a part has passed, so that a trial shows how things stand; whether it
    /// did.
    pub(super) fn wake(&mut self, now: Timestamp) -> bool {
        let rest = self.rests_since.zip(self.resting(now));
        let is_due = rest.is_some_and(|(since, until)| {
            let length = until.since(since);
            length > NAMED && since.after(length / LAST_RESORT) <= now
        });
        if is_due {
            self.rests_until = Some(now);
        }
        is_due
    }

    /// The end of the rest it is in.
    pub(crate) fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        self.rests_until.filter(|&end| end > now)
    }

    /// After the clock was set back: a rest that began in what is now the future begins now, and a
    /// limit that was learned there binds from now.
    pub(super) fn rebase(&mut self, now: Timestamp) {
        for known in &mut self.learned {
            known.at = known.at.min(now);
        }
        let Some(until) = self.rests_until else {
            return;
        };
        let since = self.rests_since.unwrap_or(now);
        let length = until.since(since.min(until)).min(pacific::LONGEST_DAY);
        if since > now || until > now.after(pacific::LONGEST_DAY) {
            self.rests_since = Some(now);
            self.rests_until = Some(now.after(length));
            let look = |due: Timestamp| now.after(due.since(since.min(due)).min(length));
            self.probe_at = self.probe_at.map(look);
        }
    }

    /// One strike more; whether it has its strikes together now. A key that may not go stays one
    /// strike before that.
    pub(super) fn strike(&mut self, policy: &Policy, may_go: bool) -> bool {
        if may_go || self.strikes.saturating_add(1) < policy.max_errors.max(1) {
            self.strikes = self.strikes.saturating_add(1);
        }
        may_go && self.struck_out(policy)
    }

    /// Blacklisted from then on, unless it answered or was forgiven meanwhile: the first time for
    /// [`Policy::blacklist`], then twice as long each time, a day at most.
    pub(super) fn blacklist(&mut self, policy: &Policy, since: Timestamp, now: Timestamp) {
        if self.dead.is_none() && self.struck_out(policy) {
            let until = since.after(self.blacklisting(policy));
            self.trips = self.trips.saturating_add(1);
            self.rest(until, now);
        }
    }

    /// How long the next blacklisting is.
    fn blacklisting(&self, policy: &Policy) -> Duration {
        let time = policy.blacklist.saturating_mul(1 << self.trips.min(16));
        time.min(LONGEST)
    }

    /// One failure more of something shared. A call that left before the last rest began says
    /// nothing new.
    pub(super) fn brake(&mut self, brake: &Brake, left: Timestamp, now: Timestamp) {
        if self.is_news(left) {
            self.strikes = self.strikes.saturating_add(1);
            if self.strikes >= brake.after {
                let time = brake.first.saturating_mul(1 << self.trips.min(16));
                self.trips = self.trips.saturating_add(1);
                self.rest(now.after(time.min(brake.longest)), now);
            }
        }
    }

    /// Whether a call that left then can say something about the state of now.
    pub(super) fn is_news(&self, left: Timestamp) -> bool {
        self.rests_since.is_none_or(|since| left > since)
    }

    /// A breaker that was open: until a call goes well, one trial at a time.
    pub(super) fn needs_trial(&self) -> bool {
        self.trips > 0
    }

    /// Takes a strike back that was not the key's fault.
    pub(super) fn forgive(&mut self) {
        self.strikes = self.strikes.saturating_sub(1);
    }

    /// It has its strikes together: blacklisted while it rests, on trial afterwards.
    pub(super) fn struck_out(&self, policy: &Policy) -> bool {
        self.strikes >= policy.max_errors.max(1)
    }

    /// It answered: strikes and earlier blacklistings are forgotten.
    pub(super) fn heal(&mut self) {
        if self.dead.is_none() {
            self.strikes = 0;
            self.trips = 0;
            self.died_together = false;
        }
    }

    /// What it rests for is taken back.
    pub(super) fn lift(&mut self) {
        if self.dead.is_none() {
            self.rests_until = None;
            self.rests_since = None;
        }
        self.heal();
    }

    /// Never again, until a test goes well; the first reason stays.
    pub(super) fn kill(&mut self, death: Death, now: Timestamp) {
        if self.dead.is_none() {
            self.dead = Some((death, now));
            self.plan_retest(now);
        }
    }

    /// It died within seconds of others: the test that was planned at its death comes sooner.
    pub(super) fn died_with_others(&mut self) {
        let Some((_, at)) = self.dead.filter(|_| !self.died_together) else {
            return;
        };
        self.died_together = true;
        if self.trips == 1 {
            self.trips = 0;
            self.plan_retest(at);
        }
    }

    /// The next test, twice as far away each time; for keys that died together two earlier ones go
    /// before these.
    pub(super) fn plan_retest(&mut self, now: Timestamp) {
        let nth = usize::try_from(self.trips).unwrap_or(usize::MAX);
        let soon = SOON.get(nth).filter(|_| self.died_together);
        let before = if self.died_together { SOON.len() } else { 0 };
        let later = FIRST_RETEST.saturating_mul(1 << nth.saturating_sub(before).min(16));
        let time = soon.copied().unwrap_or(later);
        self.trips = self.trips.saturating_add(1);
        self.rests_until = Some(now.after(time.min(LONGEST)));
        self.rests_since = Some(now);
    }

    /// A test went well: it is on trial, and if that fails the next test is later.
    pub(super) fn revive(&mut self, policy: &Policy) {
        self.dead = None;
        self.rests_until = None;
        self.rests_since = None;
        self.strikes = policy.max_errors.max(1);
    }

    /// Remembers true limits; the newest word counts.
    pub(super) fn learn(&mut self, learned: impl IntoIterator<Item = Known>) {
        for news in learned {
            let same = |old: &&mut Known| old.learned.quota == news.learned.quota;
            match self.learned.iter_mut().find(same) {
                Some(old) => *old = news,
                None => self.learned.push(news),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::Learned;

    const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

    fn policy() -> Policy {
        Policy {
            rpm: None,
            daily_percent: 30,
            cooldown: Duration::from_secs(10),
            max_errors: 3,
            blacklist: Duration::from_hours(1),
            paid_daily: 0,
        }
    }

    #[test]
    fn every_kind_of_rest_has_its_maximum() {
        let endless = Policy {
            cooldown: Duration::MAX,
            ..policy()
        };
        let cases = [
            (Rest::For(Duration::from_secs(37)), Duration::from_secs(37)),
            (Rest::For(Duration::MAX), LONGEST),
            (Rest::Cooldown, LONGEST),
        ];
        for (rest, length) in cases {
            assert_eq!(end_of(rest, &endless, NOW), NOW.after(length), "{rest:?}");
        }
        let midnight = end_of(Rest::UntilPacificMidnight, &endless, NOW);
        assert_eq!(midnight, pacific::day_of(NOW).ends);
        let cooled = end_of(Rest::Cooldown, &policy(), NOW);
        assert_eq!(cooled, NOW.after(Duration::from_secs(10)));
    }

    #[test]
    fn a_shorter_rest_changes_nothing() {
        let mut health = Health::default();
        health.rest(Timestamp(9_000), Timestamp(1_000));
        let long = health.clone();
        health.rest(Timestamp(8_000), Timestamp(2_000));
        assert_eq!(health, long);
        assert_eq!(health.resting(Timestamp(8_999)), Some(Timestamp(9_000)));
        assert_eq!(health.resting(Timestamp(9_000)), None);
    }

    #[test]
    fn a_clock_set_back_makes_no_rest_longer_than_it_was_meant() {
        let mut health = Health::default();
        let day = Duration::from_hours(24);
        let future = NOW.after(day * 300);
        health.rest(future.after(Duration::from_secs(30)), future);
        health.rebase(NOW);
        assert_eq!(health.rests_until, Some(NOW.after(Duration::from_secs(30))));

        let before = health.clone();
        health.rebase(NOW.after(Duration::from_secs(5)));
        assert_eq!(health, before, "a rest that began in the past stays");

        let mut senseless = Health {
            rests_until: Some(future),
            ..Health::default()
        };
        senseless.rebase(NOW);
        assert_eq!(senseless.rests_until, Some(NOW.after(pacific::LONGEST_DAY)));
    }

    #[test]
    fn each_blacklisting_doubles_up_to_a_day() {
        let mut health = Health::default();
        let mut now = NOW;
        for _ in 0..2 {
            assert!(!health.strike(&policy(), true));
            health.blacklist(&policy(), now, now);
            assert_eq!(health.resting(now), None);
        }
        for hours in [1, 2, 4, 8, 16, 24, 24, 24] {
            assert!(health.strike(&policy(), true));
            let ten = Duration::from_secs(10);
            health.blacklist(&policy(), now, now.after(ten));
            let end = now.after(Duration::from_hours(hours));
            assert_eq!(health.resting(now), Some(end));
            now = end;
        }
        health.heal();
        assert!(!health.strike(&policy(), true), "one answer forgives all");
    }

    #[test]
    fn a_key_that_may_not_go_stays_one_strike_before_it() {
        let mut health = Health::default();
        for _ in 0..9 {
            assert!(!health.strike(&policy(), false));
        }
        assert_eq!(health.strikes, 2);
        assert!(health.strike(&policy(), true));
    }

    #[test]
    fn a_shared_breaker_doubles_up_to_its_longest_and_hears_no_late_news() {
        let mut health = Health::default();
        let mut now = NOW;
        for _ in 1..OVERLOAD.after {
            health.brake(&OVERLOAD, now, now);
            assert_eq!(health.resting(now), None);
        }
        for seconds in [2, 4, 8, 15, 15] {
            let left = now;
            health.brake(&OVERLOAD, left, now);
            let end = now.after(Duration::from_secs(seconds));
            assert_eq!(health.resting(now), Some(end));
            let before = health.clone();
            health.brake(&OVERLOAD, left, now);
            assert_eq!(health, before, "it left before the breaker opened");
            now = end;
        }
        assert!(health.needs_trial());
        health.heal();
        assert!(!health.needs_trial());
    }

    #[test]
    fn a_dead_key_is_looked_at_after_an_hour_and_then_twice_as_late_each_time() {
        let mut health = Health::default();
        health.kill(Death::Invalid, NOW);
        let mut now = NOW;
        for hours in [1, 2, 4, 8, 16, 24, 24] {
            let due = now.after(Duration::from_hours(hours));
            assert_eq!(health.rests_until, Some(due));
            now = due;
            health.plan_retest(now);
        }
        health.heal();
        assert!(
            health.trips > 0,
            "a late answer of a dead key changes nothing"
        );
        health.revive(&policy());
        assert_eq!((health.dead, health.rests_until), (None, None));
        assert!(health.struck_out(&policy()), "it is on trial");
        health.kill(Death::Suspended, now);
        let again = now.after(Duration::from_hours(24));
        assert_eq!(
            health.rests_until,
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
            assert_eq!(health.rests_until, Some(due));
            now = due;
            health.died_with_others();
            health.plan_retest(now);
        }
        health.revive(&policy());
        health.heal();
        health.kill(Death::Invalid, now);
        let hour = now.after(Duration::from_hours(1));
        assert_eq!(health.rests_until, Some(hour), "alone this time");
    }

    #[test]
    fn the_newest_limit_replaces_the_older_one() {
        use crate::keys::Quota::{RequestsPerDay, RequestsPerMinute};
        let limit = |quota, limit| Known {
            learned: Learned { quota, limit },
            at: NOW,
            paid: false,
        };
        let mut health = Health::default();
        health.learn([limit(RequestsPerDay, 20), limit(RequestsPerMinute, 5)]);
        health.learn([limit(RequestsPerDay, 0)]);
        let expected = [limit(RequestsPerDay, 0), limit(RequestsPerMinute, 5)];
        assert_eq!(health.learned, expected);
    }
}

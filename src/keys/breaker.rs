//! What a scope's [`Health`] becomes when something happens to it: rests, strikes, blacklisting,
//! death. Pure. Invariants: a rest only grows and never outlives its kind's maximum; death is final.

use std::time::Duration;

use super::{Death, Health, Learned, Policy, Rest, pacific};
use crate::clock::Timestamp;

/// No rest that is given as a time, and no blacklisting, lasts longer (design §4).
const LONGEST: Duration = Duration::from_hours(24);

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
        }
    }

    /// The end of the rest it is in.
    pub(super) fn resting(&self, now: Timestamp) -> Option<Timestamp> {
        self.rests_until.filter(|&end| end > now)
    }

    /// After the clock was set back: a rest that began in what is now the future begins now.
    pub(super) fn rebase(&mut self, now: Timestamp) {
        let Some(until) = self.rests_until else {
            return;
        };
        let since = self.rests_since.unwrap_or(now);
        let length = until.since(since.min(until)).min(pacific::LONGEST_DAY);
        if since > now || until > now.after(pacific::LONGEST_DAY) {
            self.rests_since = Some(now);
            self.rests_until = Some(now.after(length));
        }
    }

    /// One unexplained failure more; true when it blacklists: the first time for
    /// [`Policy::blacklist`], then twice as long each time, a day at most.
    pub(super) fn strike(&mut self, policy: &Policy, now: Timestamp) -> bool {
        self.strikes = self.strikes.saturating_add(1);
        if !self.struck_out(policy) {
            return false;
        }
        let doublings = self.trips.min(16);
        let time = policy.blacklist.saturating_mul(1 << doublings);
        self.trips = self.trips.saturating_add(1);
        self.rest(now.after(time.min(LONGEST)), now);
        true
    }

    /// It has its strikes together: blacklisted while it rests, on trial afterwards.
    pub(super) fn struck_out(&self, policy: &Policy) -> bool {
        self.strikes >= policy.max_errors.max(1)
    }

    /// It answered: strikes and earlier blacklistings are forgotten.
    pub(super) fn heal(&mut self) {
        self.strikes = 0;
        self.trips = 0;
    }

    /// Never again; the first reason stays.
    pub(super) fn kill(&mut self, death: Death, now: Timestamp) {
        self.dead.get_or_insert((death, now));
    }

    /// Remembers true limits; the newest word counts.
    pub(super) fn learn(&mut self, learned: &[Learned]) {
        for &news in learned {
            match self.learned.iter_mut().find(|old| old.quota == news.quota) {
                Some(old) => *old = news,
                None => self.learned.push(news),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_secs(1_795_000_000);

    fn policy() -> Policy {
        Policy {
            rpm: None,
            daily_percent: 30,
            cooldown: Duration::from_secs(10),
            max_errors: 3,
            blacklist: Duration::from_hours(1),
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
        assert!(!health.strike(&policy(), now));
        assert!(!health.strike(&policy(), now));
        assert_eq!(health.resting(now), None);
        for hours in [1, 2, 4, 8, 16, 24, 24, 24] {
            assert!(health.strike(&policy(), now));
            let end = now.after(Duration::from_hours(hours));
            assert_eq!(health.resting(now), Some(end));
            now = end;
        }
        health.heal();
        assert!(!health.strike(&policy(), now), "one answer forgives all");
    }

    #[test]
    fn the_newest_limit_replaces_the_older_one() {
        use crate::keys::Quota::{RequestsPerDay, RequestsPerMinute};
        let limit = |quota, limit| Learned { quota, limit };
        let mut health = Health::default();
        health.learn(&[limit(RequestsPerDay, 20), limit(RequestsPerMinute, 5)]);
        health.learn(&[limit(RequestsPerDay, 0)]);
        let expected = [limit(RequestsPerDay, 0), limit(RequestsPerMinute, 5)];
        assert_eq!(health.learned, expected);
    }
}

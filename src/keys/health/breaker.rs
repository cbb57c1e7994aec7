//! Failures in a row and how often they have opened the breaker: what decides how long it stays open
//! the next time, and whether one probe at a time decides afterwards. Pure.

use std::time::Duration;

use crate::keys::settings::Policy;

/// The count of a breaker, of one key or of what many keys stand behind.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Breaker {
    /// Failures in a row: of a key the unexplained ones.
    pub(crate) strikes: u32,
    /// Times it has opened in a row: a key was blacklisted, or found dead when it was looked at
    /// again. Each doubles the next time.
    pub(crate) trips: u32,
}

impl Breaker {
    /// One strike more; whether the key has its strikes together now. A key that may not be
    /// blacklisted stays one strike before that.
    pub(in crate::keys) fn strike(&mut self, policy: &Policy, may_go: bool) -> bool {
        if may_go || self.strikes.saturating_add(1) < policy.max_errors.max(1) {
            self.strikes = self.strikes.saturating_add(1);
        }
        may_go && self.struck_out(policy)
    }

    /// The key has its strikes together: blacklisted while it cools down, half-open afterwards.
    pub(in crate::keys) fn struck_out(&self, policy: &Policy) -> bool {
        self.strikes >= policy.max_errors.max(1)
    }

    /// Takes a strike back that was not the key's fault.
    pub(in crate::keys) fn forgive(&mut self) {
        self.strikes = self.strikes.saturating_sub(1);
    }

    /// Half-open once it is not open any more: until a call goes well, one probe at a time.
    pub(in crate::keys) fn needs_probe(&self) -> bool {
        self.trips > 0
    }

    /// Opens once more; for how long, when the first time is this long.
    pub(super) fn trip(&mut self, first: Duration, longest: Duration) -> Duration {
        let time = first.saturating_mul(1 << self.trips.min(16));
        self.trips = self.trips.saturating_add(1);
        time.min(longest)
    }

    /// A call went well: closed, and the next time is as short as the first.
    pub(super) fn close(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::pool::tests::POLICY;

    #[test]
    fn a_key_that_may_not_be_blacklisted_stays_one_strike_before_it() {
        let mut breaker = Breaker::default();
        for _ in 0..9 {
            assert!(!breaker.strike(&POLICY, false));
        }
        assert_eq!(breaker.strikes, 2);
        assert!(breaker.strike(&POLICY, true));
    }
}

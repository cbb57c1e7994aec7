//! Smooth weighted round robin with strikes on any error. Follows nginx (the `upstream` module's
//! document, the messages of the commits "smooth weighted round-robin balancing" and "better recheck of
//! dead upstream servers", and "incorrect upstream `max_fails` behaviour" on nginx-devel, March 2020):
//!
//! - At each pick every eligible server gains its effective weight, the one with the most is taken,
//!   and loses the sum of what was handed out.
//! - A failure lowers the effective weight by `weight / max_fails`; each pick gives one back.
//! - After `max_fails` failures a server is out for `fail_timeout`; then one request may try it. The
//!   failures are forgotten when a success comes after `fail_timeout` without a failure.
//! - `proxy_next_upstream` hands a failed request to the next server, never twice to the same one; a
//!   group of one server is never taken out.
//!
//! The `observe layer7` with `error-limit` and `on-error` of `HAProxy` is of the same kind.
//!
//! Settings: `max_fails=3 fail_timeout=10s` (the latter is the default) and equal weights of 9, for
//! with the default of 1 the effective weight could not fall; `proxy_next_upstream` lists every error.
//!
//! Made fair: each model is an `upstream` of its own with the keys as servers, so that a key loses
//! weight only where it failed; the next model of the list stands in as its `backup`; where nginx
//! would refuse at once for want of a server, the question waits.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{ATTEMPTS, Choice, Common, Offer, Tiers};
use crate::clock::Timestamp;
use crate::simulator::{Decision, KeyFacts, Policy, Question, Reply};

const WEIGHT: i64 = 9;
/// `max_fails`.
const MAX_FAILS: u32 = 3;
/// `fail_timeout`.
const FAIL_TIMEOUT: Duration = Duration::from_secs(10);

/// The policy.
#[derive(Debug)]
pub(crate) struct WeightedStrikes {
    common: Common,
    /// By (key, model).
    servers: BTreeMap<(usize, usize), Server>,
}

/// A key in the group of one model.
#[derive(Debug, Clone, Copy)]
struct Server {
    current: i64,
    effective: i64,
    fails: u32,
    failed_at: Timestamp,
    /// When `fail_timeout` began to run: at the last failure, or at a pick after the timeout.
    checked_at: Timestamp,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            current: 0,
            effective: WEIGHT,
            fails: 0,
            failed_at: Timestamp(0),
            checked_at: Timestamp(0),
        }
    }
}

impl WeightedStrikes {
    pub(crate) fn new(fleet: &[KeyFacts], tiers: Tiers) -> Self {
        Self {
            common: Common::new(fleet, tiers),
            servers: BTreeMap::new(),
        }
    }

    fn server(&self, key: usize, offer: Offer) -> Server {
        let server = self.servers.get(&(key, offer.model));
        server.copied().unwrap_or_default()
    }

    /// One round of the smooth weighted round robin; the first key wins a tie.
    fn pick(&mut self, keys: &[usize], offer: Offer, now: Timestamp) -> usize {
        let mut total = 0;
        let mut best = (keys[0], i64::MIN);
        for &key in keys {
            let server = self.servers.entry((key, offer.model)).or_default();
            server.current += server.effective;
            total += server.effective;
            server.effective = WEIGHT.min(server.effective + 1);
            if server.current > best.1 {
                best = (key, server.current);
            }
        }
        let server = self.servers.entry((best.0, offer.model)).or_default();
        server.current -= total;
        if now.since(server.checked_at) >= FAIL_TIMEOUT {
            server.checked_at = now;
        }
        best.0
    }
}

impl Policy for WeightedStrikes {
    fn name(&self) -> &'static str {
        "smooth weighted round robin, max_fails"
    }

    fn decide(
        &mut self,
        question: &Question,
        attempt: u32,
        now: Timestamp,
        _rng: &mut fastrand::Rng,
    ) -> Decision {
        if attempt >= ATTEMPTS {
            return self.common.give_up(question);
        }
        let alone = self.common.keys(question).len() == 1;
        let free_at = |key, offer: Offer| {
            let server = self.server(key, offer);
            let out = server.fails >= MAX_FAILS && !alone;
            let until = out.then(|| server.checked_at.after(FAIL_TIMEOUT));
            let tried = self.common.has_failed(question, (key, offer.model));
            (!tried).then_some(until.unwrap_or_default())
        };
        match self.common.choice(question, now, free_at) {
            Choice::Free(offer, keys) => Decision::Call {
                key: self.pick(&keys, offer, now),
                model: offer.model,
            },
            Choice::Later(until) => self.common.wait(question, until),
        }
    }

    fn told(
        &mut self,
        question: &Question,
        call: (usize, usize),
        reply: Reply,
        now: Timestamp,
        _rng: &mut fastrand::Rng,
    ) {
        self.common.told(question, call, reply);
        let server = self.servers.entry(call).or_default();
        if reply != Reply::Answer {
            server.fails += 1;
            server.failed_at = now;
            server.checked_at = now;
            server.effective = (server.effective - WEIGHT / i64::from(MAX_FAILS)).max(0);
        } else if server.failed_at < server.checked_at {
            server.fails = 0;
        }
    }

    fn restart(&mut self, _now: Timestamp) {
        self.common.restart();
        self.servers.clear();
    }

    /// Ten seconds are a short cooldown, and nothing is kept away for longer at once.
    fn has_blacklisted(&self, _key: usize, _now: Timestamp) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::Step::{Ask, End, Out, Restart};
    use super::super::trace::{ANSWER, GIVE_UP, MINUTE, call, keys, play, tiers, wait};
    use super::*;
    use crate::catalog::Tier;

    #[test]
    fn errors_lower_the_weight_and_three_of_them_take_a_server_out() {
        let mut policy = WeightedStrikes::new(&keys(3), tiers());
        #[rustfmt::skip]
        let steps = [
            // After each line: current weights; effective weights; fails of k0, k1, k2 for model 0.
            Ask(0, 1, 0, call(0, 0)), End(1, 1, (0, 0), ANSWER), //              -18  9  9; 9 9 9; 0 0 0
            Ask(1, 2, 0, call(1, 0)), End(2, 2, (1, 0), Reply::Internal), //      -9 -9 18; 9 6 9; 0 1 0
            // k1 has failed for question 2 and is left out: k0 and k2 gain 9 each, k2 loses 18.
            Ask(2, 2, 1, call(2, 0)), End(3, 2, (2, 0), ANSWER), //                0 -9  9; 9 6 9; 0 1 0
            // They gain 9, 6 and 9; k2 has 18 and loses 24; k1 wins a point back, k2 is lowered.
            Ask(3, 3, 0, call(2, 0)), End(4, 3, (2, 0), MINUTE), //                9 -3 -6; 9 7 6; 0 1 1
            Ask(4, 3, 1, call(0, 0)), End(5, 3, (0, 0), Reply::Throttled), //      2  4 -6; 6 8 6; 1 1 1
            Ask(5, 3, 2, call(1, 0)), End(6, 3, (1, 0), Reply::Refused), //        2  4 -6; 6 6 6; 1 2 1
            Ask(6, 3, 3, GIVE_UP), // the attempts are used up
            // 8, 10 and 0: k1, whose third failure takes it out until 18.
            Ask(7, 4, 0, call(1, 0)), End(8, 4, (1, 0), Reply::Unexplained), //    8 -8  0; 7 4 7; 1 3 1
            Ask(8, 4, 1, call(0, 0)), End(9, 4, (0, 0), Reply::Overloaded), //     1 -8  7; 5 4 8; 2 3 1
            Ask(9, 4, 2, call(0, 1)), End(10, 4, (0, 1), ANSWER), // the next model, a group of its own
            Out(10, &[]),
            // Without k1. k2 last failed at 4, more than fail_timeout ago: its success clears it.
            Ask(17, 5, 0, call(2, 0)), End(18, 5, (2, 0), ANSWER), //              6 -8  2; 6 4 9; 2 3 0
            // k1 is back: 12, -4 and 11. k0 failed at 9, too recently to be cleared.
            Ask(18, 6, 0, call(0, 0)), End(19, 6, (0, 0), ANSWER), //             -7 -4 11; 7 5 9; 2 3 0
            Ask(19, 7, 0, call(2, 0)), End(20, 7, (2, 0), ANSWER), //              0  1 -1; 8 6 9; 2 3 0
            Ask(20, 8, 0, call(0, 0)), End(21, 8, (0, 0), ANSWER), //            -15  7  8; 9 7 9; 0 3 0
            Ask(21, 9, 0, call(2, 0)), End(22, 9, (2, 0), ANSWER), //             -6 14 -8; 9 8 9; 0 3 0
            Ask(22, 10, 0, call(1, 0)), //                                         3 -4  1; 9 9 9; 0 3 0
            // While question 10 tries k1, nobody else does.
            Ask(23, 11, 0, call(0, 0)), //                                        -6 -4 10; 9 9 9; 0 3 0
            End(24, 10, (1, 0), ANSWER), //                                       -6 -4 10; 9 9 9; 0 0 0
            Ask(24, 12, 0, call(2, 0)), //                                         3  5 -8; 9 9 9; 0 0 0
            Ask(25, 13, 0, call(1, 0)), //                                        12 -13 1; 9 9 9; 0 0 0
            Restart(26),
            Ask(26, 14, 0, call(0, 0)), //                                       -18  9  9; 9 9 9; 0 0 0
        ];
        play(&mut policy, Tier::Lite, 0, &steps);
    }

    #[test]
    fn a_question_waits_for_the_first_server_to_come_back() {
        let mut policy = WeightedStrikes::new(&keys(2), tiers());
        #[rustfmt::skip]
        let steps = [
            // Tier pro has one model: each question fails with both keys and has no third to try.
            // After each line: current weights; effective weights; fails of k0, k1.
            Ask(0, 1, 0, call(0, 3)), End(1, 1, (0, 3), Reply::Internal), // -9 9; 6 9; 1 0
            Ask(1, 1, 1, call(1, 3)), End(1, 1, (1, 3), Reply::Internal), // -9 9; 6 6; 1 1
            Ask(1, 1, 2, GIVE_UP),
            Ask(2, 2, 0, call(1, 3)), End(2, 2, (1, 3), Reply::Internal), // -3 3; 7 4; 1 2
            Ask(2, 2, 1, call(0, 3)), End(3, 2, (0, 3), Reply::Internal), // -3 3; 5 4; 2 2
            Ask(4, 3, 0, call(1, 3)), End(4, 3, (1, 3), Reply::Internal), //  2 -2; 6 2; 2 3, k1 until 14
            Ask(4, 3, 1, call(0, 3)), End(5, 3, (0, 3), Reply::Internal), //  2 -2; 4 2; 3 3, k0 until 15
            Ask(6, 4, 0, wait(14)),
            Ask(14, 4, 0, call(1, 3)),
        ];
        play(&mut policy, Tier::Pro, 0, &steps);
    }

    #[test]
    fn failures_are_forgotten_only_after_a_quiet_fail_timeout() {
        let mut policy = WeightedStrikes::new(&keys(2), tiers());
        #[rustfmt::skip]
        let steps = [
            // After each line: current weights; effective weights; fails of k0, k1.
            Ask(0, 1, 0, call(0, 3)), End(1, 1, (0, 3), Reply::Internal), // -9  9; 6 9; 1 0
            Ask(1, 1, 1, call(1, 3)), End(2, 1, (1, 3), ANSWER), //          -9  9; 6 9; 1 0
            Ask(2, 2, 0, call(1, 3)), End(3, 2, (1, 3), ANSWER), //          -3  3; 7 9; 1 0
            Ask(3, 3, 0, call(1, 3)), End(4, 3, (1, 3), ANSWER), //           4 -4; 8 9; 1 0
            // A success 4 s after the failure: too soon.
            Ask(4, 4, 0, call(0, 3)), End(5, 4, (0, 3), ANSWER), //          -5  5; 9 9; 1 0
            Ask(5, 5, 0, call(1, 3)), End(6, 5, (1, 3), ANSWER), //           4 -4; 9 9; 1 0
            Ask(6, 6, 0, call(0, 3)), End(7, 6, (0, 3), Reply::Internal), // -5  5; 6 9; 2 0
            Ask(7, 7, 0, call(1, 3)), End(8, 7, (1, 3), ANSWER), //           1 -1; 7 9; 2 0
            Ask(8, 8, 0, call(0, 3)), End(9, 8, (0, 3), Reply::Internal), // -8  8; 5 9; 3 0, out until 19
            Ask(9, 8, 1, call(1, 3)), End(10, 8, (1, 3), ANSWER), //         -8  8; 5 9; 3 0
            Ask(12, 9, 0, call(1, 3)), End(13, 9, (1, 3), Reply::Internal), // 3 1
            Ask(13, 9, 1, wait(19)),
            Ask(19, 9, 1, call(0, 3)),
            // While question 9 tries k0, nobody else does; its success makes k0 free for all.
            Ask(20, 10, 0, call(1, 3)), End(21, 10, (1, 3), Reply::Internal), // 3 2
            Ask(21, 10, 1, wait(29)),
            End(22, 9, (0, 3), ANSWER), // 0 2
            Ask(22, 10, 1, call(0, 3)),
        ];
        play(&mut policy, Tier::Pro, 0, &steps);
    }

    #[test]
    fn a_lone_server_is_never_out() {
        let mut policy = WeightedStrikes::new(&keys(1), tiers());
        for id in 0..5 {
            #[rustfmt::skip]
            let steps = [
                Ask(0, id, 0, call(0, 3)), End(1, id, (0, 3), Reply::Internal),
                Ask(1, id, 1, GIVE_UP), // never twice to the same server
            ];
            play(&mut policy, Tier::Pro, 0, &steps);
        }
    }
}

//! Round robin with three strikes. Follows two proxies that are much used for pools of Gemini keys:
//!
//! - gemini-balance (`snailyp/gemini-balance`, `app/service/key/key_manager.py`): keys are taken in
//!   an endless cycle; a key whose failure count has reached `MAX_FAILURES` (3) is passed over; any
//!   failed call counts, and the next key is asked, up to `MAX_RETRIES` (3). If the whole cycle is
//!   out, the key whose turn it is gets the call all the same. The counts live in memory.
//! - gpt-load (`tbphp/gpt-load`, `internal/keypool/provider.go`): the list of active keys is
//!   rotated; a success sets a key's failure count to 0 and takes it back; at
//!   `blacklist_threshold` a key leaves the list until a check at an interval finds it well.
//!
//! Made fair: an hour stands for the interval of the check; a key comes back after it with its count
//! standing, so that the next error puts it out again, as a failed check would, but without a call
//! spent on the check. The originals count per key, whatever the model, and so does this.

use std::time::Duration;

use super::{ATTEMPTS, Common, Tiers};
use crate::clock::Timestamp;
use crate::simulator::{Decision, KeyFacts, Policy, Question, Reply};

/// `MAX_FAILURES`.
const MAX_FAILURES: u32 = 3;
/// How long such a key is out.
const OUT: Duration = Duration::from_hours(1);

/// The policy.
#[derive(Debug)]
pub(crate) struct RoundRobin {
    common: Common,
    records: Vec<Record>,
    /// The key whose turn it is.
    next: usize,
}

/// What it keeps of a key.
#[derive(Debug, Clone, Copy, Default)]
struct Record {
    /// Errors in a row.
    errors: u32,
    out_until: Timestamp,
}

impl RoundRobin {
    pub(crate) fn new(fleet: &[KeyFacts], tiers: Tiers) -> Self {
        Self {
            common: Common::new(fleet, tiers),
            records: vec![Record::default(); fleet.len()],
            next: 0,
        }
    }
}

impl Policy for RoundRobin {
    fn name(&self) -> &'static str {
        "round robin, 3 strikes"
    }

    fn decide(
        &mut self,
        question: &Question,
        attempt: u32,
        now: Timestamp,
        _rng: &mut fastrand::Rng,
    ) -> Decision {
        let mut turns = self.common.keys(question);
        let passed = turns.partition_point(|&key| key < self.next);
        turns.rotate_left(passed);
        let valid = turns.iter().find(|&&key| !self.has_blacklisted(key, now));
        let key = valid.or(turns.first()).copied();
        let model = self.common.offers(question).first();
        match (key, model.map(|offer| offer.model)) {
            (Some(key), Some(model)) if attempt < ATTEMPTS => {
                self.next = key + 1;
                Decision::Call { key, model }
            }
            (Some(_) | None, Some(_) | None) => self.common.give_up(question),
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
        if reply == Reply::Answer {
            self.records[call.0] = Record::default();
        } else if !self.has_blacklisted(call.0, now) {
            let record = &mut self.records[call.0];
            record.errors += 1;
            if record.errors >= MAX_FAILURES {
                record.out_until = now.after(OUT);
            }
        }
    }

    fn restart(&mut self, _now: Timestamp) {
        self.common.restart();
        self.records.fill(Record::default());
        self.next = 0;
    }

    fn has_blacklisted(&self, key: usize, now: Timestamp) -> bool {
        now < self.records[key].out_until
    }
}

#[cfg(test)]
mod tests {
    use super::super::trace::Step::{Ask, End, Out, Restart};
    use super::super::trace::{ANSWER, GIVE_UP, MINUTE, call, keys, play, tiers};
    use super::*;
    use crate::catalog::Tier;

    #[test]
    fn three_errors_in_a_row_put_a_key_out_for_an_hour() {
        let mut policy = RoundRobin::new(&keys(3), tiers());
        #[rustfmt::skip]
        let steps = [
            // Second, question, attempt: key and model     errors of k0 k1 k2, turn after it
            Ask(0, 1, 0, call(0, 0)), End(1, 1, (0, 0), Reply::Internal), //     1 0 0  k1
            Ask(1, 1, 1, call(1, 0)), End(2, 1, (1, 0), Reply::Overloaded), //   1 1 0  k2, next model
            Ask(2, 1, 2, call(2, 1)), End(3, 1, (2, 1), ANSWER), //              1 1 0  k0
            Ask(10, 2, 0, call(0, 0)), End(11, 2, (0, 0), MINUTE), //            2 1 0  k1
            Ask(11, 2, 1, call(1, 0)), End(12, 2, (1, 0), Reply::Unexplained), // 2 2 0  k2
            Ask(12, 2, 2, call(2, 0)), End(13, 2, (2, 0), ANSWER), //            2 2 0  k0
            Ask(20, 3, 0, call(0, 0)), End(21, 3, (0, 0), Reply::Throttled), //  3 2 0  k1
            Out(21, &[0]),
            Ask(21, 3, 1, call(1, 0)), End(22, 3, (1, 0), Reply::Refused), //    3 3 0  k2
            Ask(22, 3, 2, call(2, 0)), End(23, 3, (2, 0), Reply::Internal), //   3 3 1  k0
            Ask(23, 3, 3, GIVE_UP), // the attempts are used up
            // k0 and k1 are passed over.
            Ask(30, 4, 0, call(2, 0)), End(31, 4, (2, 0), Reply::Internal), //   3 3 2  k0
            Ask(31, 4, 1, call(2, 0)), End(32, 4, (2, 0), Reply::Internal), //   3 3 3  k0
            Out(32, &[0, 1, 2]),
            // All are out: the one whose turn it is; its success takes it back.
            Ask(32, 4, 2, call(0, 0)), End(33, 4, (0, 0), ANSWER), //            0 3 3  k1
            Out(33, &[1, 2]),
            // A late error of a key that is out changes nothing.
            End(100, 4, (1, 0), Reply::Internal),
            // k1 is back an hour after its third error, on probation.
            Out(3622, &[2]),
            Ask(3622, 5, 0, call(1, 0)), End(3623, 5, (1, 0), Reply::Refused), // 0 4 3  k2
            Out(3623, &[1, 2]),
            Restart(3624), Out(3624, &[]),
            Ask(3625, 6, 0, call(0, 0)),
        ];
        play(&mut policy, Tier::Lite, 0, &steps);
    }
}

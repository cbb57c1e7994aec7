//! Claiming a bot that has no owner: the codes that were printed and are still good (design §3 "First
//! owner"). Pure. Invariant: of all codes one makes an owner, once; none does after its hour, or after
//! ten tries with something else.

use std::time::Duration;

use crate::clock::Timestamp;

/// How long a code is good.
pub(crate) const GOOD_FOR: Duration = Duration::from_hours(1);
/// Tries with something else after which no code counts any more.
const MOST_WRONG: u8 = 10;
/// Codes that are good beside each other; each start of the bot prints one, and the oldest goes first.
const MOST_CODES: usize = 8;

/// The hash of a code under the secret of the data file.
pub(crate) type Digest = [u8; 16];

/// What is kept of the codes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claim {
    /// With the moment when each was made, oldest first.
    pub(crate) codes: Vec<(Digest, Timestamp)>,
    /// Tries with something else since the codes were made.
    pub(crate) wrong: u8,
}

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tried {
    /// Whoever tried owns the bot.
    Right,
    Wrong,
    /// No code counts, or none any more.
    Void,
}

impl Claim {
    /// A new code counts from now on, beside those that are still good.
    pub(crate) fn add(&mut self, code: Digest, now: Timestamp) {
        self.drop_old(now);
        if self.codes.is_empty() {
            self.wrong = 0;
        }
        self.codes.push((code, now));
        let surplus = self.codes.len().saturating_sub(MOST_CODES);
        self.codes.drain(..surplus);
    }

    /// Somebody tries a code.
    pub(crate) fn attempt(&mut self, code: Digest, now: Timestamp) -> Tried {
        self.drop_old(now);
        if self.codes.is_empty() {
            return Tried::Void;
        }
        // All of them, to the end: how long it takes tells nothing.
        let is_right = self
            .codes
            .iter()
            .fold(false, |found, (known, _)| found | is_same(*known, code));
        self.wrong += u8::from(!is_right);
        let is_void = is_right || self.wrong >= MOST_WRONG;
        if is_void {
            *self = Self::default();
        }
        match (is_right, is_void) {
            (true, _) => Tried::Right,
            (false, true) => Tried::Void,
            (false, false) => Tried::Wrong,
        }
    }

    fn drop_old(&mut self, now: Timestamp) {
        self.codes
            .retain(|(_, made)| now.is_within(GOOD_FOR, *made));
    }
}

fn is_same(one: Digest, other: Digest) -> bool {
    let bytes = one.iter().zip(other);
    bytes.fold(0, |differences, (one, other)| differences | (one ^ other)) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000_000);

    fn code(number: u8) -> Digest {
        [number; 16]
    }

    fn with(codes: &[u8]) -> Claim {
        let mut claim = Claim::default();
        for number in codes {
            claim.add(code(*number), NOW);
        }
        claim
    }

    #[test]
    fn one_code_makes_an_owner_once() {
        let mut claim = with(&[1, 2]);
        assert_eq!(claim.attempt(code(9), NOW), Tried::Wrong);
        assert_eq!(claim.attempt(code(1), NOW), Tried::Right);
        for again in [1, 2] {
            assert_eq!(claim.attempt(code(again), NOW), Tried::Void);
        }
    }

    #[test]
    fn codes_that_differ_in_one_byte_differ() {
        for place in 0..16 {
            let mut other = code(1);
            other[place] ^= 1;
            assert_eq!(with(&[1]).attempt(other, NOW), Tried::Wrong, "{place}");
        }
    }

    #[test]
    fn a_code_is_good_for_an_hour_whichever_way_a_clock_is_set() {
        let second = Duration::from_secs(1);
        let last = NOW.after(GOOD_FOR).before(second);
        assert_eq!(with(&[1]).attempt(code(1), last), Tried::Right);
        for late in [NOW.after(GOOD_FOR), NOW.before(GOOD_FOR)] {
            assert_eq!(with(&[1]).attempt(code(1), late), Tried::Void);
        }
    }

    #[test]
    fn after_ten_wrong_tries_nothing_counts_until_there_is_a_new_code() {
        let mut claim = with(&[1]);
        for _ in 1..MOST_WRONG {
            assert_eq!(claim.attempt(code(9), NOW), Tried::Wrong);
        }
        assert_eq!(claim.attempt(code(9), NOW), Tried::Void);
        assert_eq!(claim.attempt(code(1), NOW), Tried::Void);
        claim.add(code(2), NOW);
        assert_eq!(claim.attempt(code(9), NOW), Tried::Wrong);
        assert_eq!(claim.attempt(code(2), NOW), Tried::Right);
    }

    #[test]
    fn a_new_code_forgives_no_wrong_try() {
        let mut claim = with(&[1]);
        for _ in 1..MOST_WRONG {
            assert_eq!(claim.attempt(code(9), NOW), Tried::Wrong);
        }
        claim.add(code(2), NOW);
        assert_eq!(claim.attempt(code(9), NOW), Tried::Void);
        assert_eq!(claim.attempt(code(2), NOW), Tried::Void);
    }

    #[test]
    fn of_many_codes_the_newest_are_good() {
        let all: Vec<u8> = (1..=9).collect();
        assert_eq!(with(&all).attempt(code(1), NOW), Tried::Wrong);
        assert_eq!(with(&all).attempt(code(2), NOW), Tried::Right);
        assert_eq!(with(&all).attempt(code(9), NOW), Tried::Right);
    }
}

//! Which of several keys is the least busy: the least of its day spent, then of its minute, then the
//! fewest calls in flight; ties at random. Those that were refused come last, and a question that
//! failed before goes to the key that has answered last. Pure. Invariant: the order in which keys are
//! offered has no influence.

use std::cmp::Ordering;

use crate::clock::Timestamp;

/// How busy a key is with a model: spent and allowed units of the day and of the minute.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Its last calls with this model were refused.
    pub(super) is_doubted: bool,
    /// For a question that failed before: when the key last answered.
    pub(super) answered: Timestamp,
    pub(super) day: (u32, u32),
    pub(super) minute: (u32, u32),
    pub(super) in_flight: u32,
}

impl Load {
    fn compare(&self, other: &Self) -> Ordering {
        self.is_doubted
            .cmp(&other.is_doubted)
            .then_with(|| other.answered.cmp(&self.answered))
            .then_with(|| share(self.day, other.day))
            .then_with(|| share(self.minute, other.minute))
            .then_with(|| self.in_flight.cmp(&other.in_flight))
    }
}

/// Compares two fractions without rounding.
fn share(left: (u32, u32), right: (u32, u32)) -> Ordering {
    let across = |spent: u32, allowed: u32| u64::from(spent) * u64::from(allowed);
    across(left.0, right.1).cmp(&across(right.0, left.1))
}

/// The least busy of those offered so far.
#[derive(Debug)]
pub(super) struct Lightest<T> {
    best: Option<(T, Load)>,
    /// How many were as light as the best; each of them had the same chance.
    ties: usize,
}

impl<T> Lightest<T> {
    pub(super) const fn new() -> Self {
        Self {
            best: None,
            ties: 0,
        }
    }

    pub(super) fn offer(&mut self, candidate: T, load: Load, rng: &mut fastrand::Rng) {
        let order = match &self.best {
            None => Ordering::Less,
            Some((_, best)) => load.compare(best),
        };
        match order {
            Ordering::Less => {
                self.best = Some((candidate, load));
                self.ties = 1;
            }
            Ordering::Equal => {
                self.ties += 1;
                if rng.usize(..self.ties) == 0 {
                    self.best = Some((candidate, load));
                }
            }
            Ordering::Greater => {}
        }
    }

    pub(super) fn take(self) -> Option<T> {
        self.best.map(|(candidate, _)| candidate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load(day: (u32, u32), minute: (u32, u32), in_flight: u32) -> Load {
        Load {
            is_doubted: false,
            answered: Timestamp(0),
            day,
            minute,
            in_flight,
        }
    }

    fn lightest(loads: &[Load], seed: u64) -> Option<usize> {
        let mut rng = fastrand::Rng::with_seed(seed);
        let mut lightest = Lightest::new();
        for (index, &load) in loads.iter().enumerate() {
            lightest.offer(index, load, &mut rng);
        }
        lightest.take()
    }

    #[test]
    fn shares_count_before_numbers_and_the_day_before_the_minute() {
        let cases = [
            (vec![], None),
            (
                vec![load((5, 6), (0, 5), 0), load((50, 150), (9, 10), 7)],
                Some(1),
            ),
            (
                vec![load((1, 6), (4, 5), 0), load((25, 150), (1, 10), 3)],
                Some(1),
            ),
            (
                vec![load((1, 6), (1, 5), 2), load((1, 6), (2, 10), 1)],
                Some(1),
            ),
            (
                vec![
                    load((3, u32::MAX), (1, 5), 2),
                    load((4, u32::MAX), (0, 5), 0),
                ],
                Some(0),
            ),
        ];
        for (loads, expected) in cases {
            assert_eq!(lightest(&loads, 1), expected, "{loads:?}");
        }
    }

    #[test]
    fn a_doubted_key_comes_last_and_one_that_answered_just_now_before_idle_ones() {
        let idle = load((0, 6), (0, 5), 0);
        let busy = load((5, 6), (4, 5), 3);
        let doubted = Load {
            is_doubted: true,
            ..idle
        };
        let proven = Load {
            answered: Timestamp(5),
            ..busy
        };
        let doubted_and_proven = Load {
            is_doubted: true,
            ..proven
        };
        let cases = [
            ([doubted, busy], 1),
            ([idle, proven], 1),
            ([doubted_and_proven, busy], 1),
            ([proven, doubted_and_proven], 0),
        ];
        for (loads, expected) in cases {
            assert_eq!(lightest(&loads, 1), Some(expected), "{loads:?}");
        }
    }

    #[test]
    fn ties_are_broken_evenly() {
        let same = load((1, 6), (1, 5), 0);
        let mut wins = [0_u32; 4];
        for seed in 0..4_000 {
            let loads = [same, same, load((2, 6), (1, 5), 0), same];
            wins[lightest(&loads, seed).unwrap()] += 1;
        }
        assert_eq!(wins[2], 0);
        for won in [wins[0], wins[1], wins[3]] {
            assert!((1_200..1_470).contains(&won), "{wins:?}");
        }
    }
}

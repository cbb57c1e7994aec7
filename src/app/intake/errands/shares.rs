//! Whose errand is next: the people take turns, so that nobody's flood keeps others waiting. Pure.
//!
//! Invariants: what a person sent goes in its order, and nobody has more than [`OF_ONE`] under way.

use std::collections::{HashMap, VecDeque};

use crate::chat::UserId;

/// One person's that are under way at once.
const OF_ONE: usize = 2;
/// One person's that may wait: more than anybody types, and a small part of all that may.
const WAITING_OF_ONE: usize = 64;

/// What waits, and who has something under way.
#[derive(Debug)]
pub(super) struct Shares<T> {
    persons: HashMap<UserId, Share<T>>,
    /// People with something that waits and may begin, each once; the first is next.
    turns: VecDeque<UserId>,
    waiting: usize,
}

#[derive(Debug)]
struct Share<T> {
    waiting: VecDeque<T>,
    under_way: usize,
    /// Stands in `turns`.
    has_turn: bool,
}

impl<T> Default for Shares<T> {
    fn default() -> Self {
        Self {
            persons: HashMap::new(),
            turns: VecDeque::new(),
            waiting: 0,
        }
    }
}

impl<T> Shares<T> {
    /// Whether one more of this person may wait.
    pub(super) fn has_room(&self, person: UserId) -> bool {
        let share = self.persons.get(&person);
        share.is_none_or(|share| share.waiting.len() < WAITING_OF_ONE)
    }

    /// Lets one wait.
    pub(super) fn push(&mut self, person: UserId, errand: T) {
        let share = self.persons.entry(person).or_insert_with(|| Share {
            waiting: VecDeque::new(),
            under_way: 0,
            has_turn: false,
        });
        share.waiting.push_back(errand);
        self.waiting += 1;
        self.take_turn(person);
    }

    /// The next that may begin, and whose it is; it is under way until [`Shares::is_back`].
    pub(super) fn pop(&mut self) -> Option<(UserId, T)> {
        let person = self.turns.pop_front()?;
        let share = self.persons.get_mut(&person)?;
        share.has_turn = false;
        let errand = share.waiting.pop_front()?;
        share.under_way += 1;
        self.waiting -= 1;
        self.take_turn(person);
        Some((person, errand))
    }

    /// One of this person's has ended.
    pub(super) fn is_back(&mut self, person: UserId) {
        if let Some(share) = self.persons.get_mut(&person) {
            share.under_way = share.under_way.saturating_sub(1);
        }
        self.take_turn(person);
    }

    /// How many wait.
    pub(super) const fn waiting(&self) -> usize {
        self.waiting
    }

    /// The person stands behind the others, if something of theirs may begin; whoever has nothing at
    /// all is forgotten.
    fn take_turn(&mut self, person: UserId) {
        let Some(share) = self.persons.get_mut(&person) else {
            return;
        };
        if share.waiting.is_empty() {
            if share.under_way == 0 {
                self.persons.remove(&person);
            }
        } else if !share.has_turn && share.under_way < OF_ONE {
            share.has_turn = true;
            self.turns.push_back(person);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANN: UserId = UserId(1);
    const BEN: UserId = UserId(2);
    const CYD: UserId = UserId(3);

    #[test]
    fn the_people_take_turns_and_nobody_has_more_than_a_few_under_way() {
        let mut shares = Shares::default();
        for errand in 0..WAITING_OF_ONE {
            assert!(shares.has_room(ANN));
            shares.push(ANN, errand);
        }
        assert!(!shares.has_room(ANN) && shares.has_room(BEN));
        for (person, errand) in [(BEN, 100), (BEN, 101), (BEN, 102), (CYD, 200)] {
            shares.push(person, errand);
        }
        let begun: Vec<_> = std::iter::from_fn(|| shares.pop()).collect();
        let first = [(ANN, 0), (BEN, 100), (CYD, 200), (ANN, 1), (BEN, 101)];
        assert_eq!(begun, first);
        // One that comes back lets the next of the same person go, and no other.
        shares.is_back(BEN);
        assert_eq!(shares.pop(), Some((BEN, 102)));
        assert_eq!(shares.pop(), None);
        shares.is_back(ANN);
        assert_eq!(shares.pop(), Some((ANN, 2)));
        assert_eq!(shares.waiting(), WAITING_OF_ONE - 3);
    }

    #[test]
    fn everything_begins_once_and_in_its_persons_order_and_nobody_is_remembered() {
        let mut shares = Shares::default();
        for errand in 0..WAITING_OF_ONE {
            for person in [ANN, BEN, CYD] {
                shares.push(person, errand);
            }
        }
        let mut begun: HashMap<UserId, Vec<usize>> = HashMap::new();
        while let Some((person, errand)) = shares.pop() {
            begun.entry(person).or_default().push(errand);
            shares.is_back(person);
        }
        let whole: Vec<usize> = (0..WAITING_OF_ONE).collect();
        assert!(begun.len() == 3 && begun.values().all(|errands| *errands == whole));
        assert!(shares.persons.is_empty() && shares.turns.is_empty() && shares.waiting() == 0);
    }
}

//! A fair queue: the people are served in rotation, so that nobody's flood keeps others waiting.
//! Pure.
//!
//! Invariants: what a person sent goes in its order, and nobody has more than [`PARALLEL`] items
//! under way.

use std::collections::{HashMap, VecDeque};

use crate::chat::UserId;

/// Items of one person that are under way at once.
const PARALLEL: usize = 2;
/// Items of one person that may wait: more than anybody types, and a small part of all that may.
const WAITING: usize = 64;

/// What waits, and who has something under way.
#[derive(Debug)]
pub(super) struct FairQueue<T> {
    persons: HashMap<UserId, Items<T>>,
    /// People with something that waits and may begin, each once; the first is next.
    rotation: VecDeque<UserId>,
    waiting: usize,
}

/// What one person has in the queue.
#[derive(Debug)]
struct Items<T> {
    waiting: VecDeque<T>,
    under_way: usize,
    /// Stands in `rotation`.
    is_listed: bool,
}

impl<T> Default for FairQueue<T> {
    fn default() -> Self {
        Self {
            persons: HashMap::new(),
            rotation: VecDeque::new(),
            waiting: 0,
        }
    }
}

impl<T> FairQueue<T> {
    /// Whether one item more of this person may wait.
    pub(super) fn has_room(&self, person: UserId) -> bool {
        let items = self.persons.get(&person);
        items.is_none_or(|items| items.waiting.len() < WAITING)
    }

    /// Adds an item behind the others of its person.
    pub(super) fn push(&mut self, person: UserId, item: T) {
        let items = self.persons.entry(person).or_insert_with(|| Items {
            waiting: VecDeque::new(),
            under_way: 0,
            is_listed: false,
        });
        items.waiting.push_back(item);
        self.waiting += 1;
        self.list(person);
    }

    /// The next that may begin, and whose it is; it is under way until [`FairQueue::ended`].
    pub(super) fn pop(&mut self) -> Option<(UserId, T)> {
        let person = self.rotation.pop_front()?;
        let items = self.persons.get_mut(&person)?;
        items.is_listed = false;
        let item = items.waiting.pop_front()?;
        items.under_way += 1;
        self.waiting -= 1;
        self.list(person);
        Some((person, item))
    }

    /// One of this person's items has ended.
    pub(super) fn ended(&mut self, person: UserId) {
        if let Some(items) = self.persons.get_mut(&person) {
            items.under_way = items.under_way.saturating_sub(1);
        }
        self.list(person);
    }

    /// How many wait.
    pub(super) const fn len(&self) -> usize {
        self.waiting
    }

    /// Puts the person at the end of the rotation, if something of theirs may begin; whoever has
    /// nothing at all is forgotten.
    fn list(&mut self, person: UserId) {
        let Some(items) = self.persons.get_mut(&person) else {
            return;
        };
        if items.waiting.is_empty() {
            if items.under_way == 0 {
                self.persons.remove(&person);
            }
        } else if !items.is_listed && items.under_way < PARALLEL {
            items.is_listed = true;
            self.rotation.push_back(person);
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
        let mut queue = FairQueue::default();
        for item in 0..WAITING {
            assert!(queue.has_room(ANN));
            queue.push(ANN, item);
        }
        assert!(!queue.has_room(ANN) && queue.has_room(BEN));
        for (person, item) in [(BEN, 100), (BEN, 101), (BEN, 102), (CYD, 200)] {
            queue.push(person, item);
        }
        let begun: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        let first = [(ANN, 0), (BEN, 100), (CYD, 200), (ANN, 1), (BEN, 101)];
        assert_eq!(begun, first);
        // One that has ended lets the next of the same person go, and no other.
        queue.ended(BEN);
        assert_eq!(queue.pop(), Some((BEN, 102)));
        assert_eq!(queue.pop(), None);
        queue.ended(ANN);
        assert_eq!(queue.pop(), Some((ANN, 2)));
        assert_eq!(queue.len(), WAITING - 3);
    }

    #[test]
    fn everything_begins_once_and_in_its_persons_order_and_nobody_is_remembered() {
        let mut queue = FairQueue::default();
        for item in 0..WAITING {
            for person in [ANN, BEN, CYD] {
                queue.push(person, item);
            }
        }
        let mut begun: HashMap<UserId, Vec<usize>> = HashMap::new();
        while let Some((person, item)) = queue.pop() {
            begun.entry(person).or_default().push(item);
            queue.ended(person);
        }
        let whole: Vec<usize> = (0..WAITING).collect();
        assert!(begun.len() == 3 && begun.values().all(|items| *items == whole));
        assert!(queue.persons.is_empty() && queue.rotation.is_empty() && queue.len() == 0);
    }
}

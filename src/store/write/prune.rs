//! Forgetting what is too old, step by step. A step goes on where the last one ended and begins
//! again at the front after the end, because rows do not stand in the order of their age: update
//! ids may restart anywhere, rounds stand by chat. Invariant: a step holds the writer only for a
//! moment, and whoever repeats it long enough gets round the whole table.

use super::Write;
use super::turns::messages_of;
use crate::chat::{StoredTurn, UserId};
use crate::clock::Timestamp;
use crate::people::person::Person;
use crate::store::StoreError;
use crate::store::key::Key;
use crate::store::rows::{Cursor, Seen};
use crate::store::tables;

/// Rows of `seen` that one step looks at. The table of a busy day, fourteen million rows, is gone
/// round in some hours when a minute gives it one step.
const SEEN_LOOKED: usize = 50_000;
/// Rows of `seen` that one step removes.
const SEEN_REMOVED: usize = 1000;
/// Bytes of rounds that one step looks at.
const HISTORY_BYTES: usize = 1 << 20;

/// Rows of the registry that one step looks at.
const PERSONS_LOOKED: usize = 2_000;
/// Rows of the registry that one step changes.
const PERSONS_CHANGED: usize = 500;

/// Of whom nothing is kept any longer.
#[derive(Debug, Clone)]
pub(crate) struct Unseen {
    /// Since this moment nothing was heard of them …
    pub(crate) since: Timestamp,
    /// … and they own no bot.
    pub(crate) owners: Vec<UserId>,
    /// Stale questions are no longer held of which their people were told before.
    pub(crate) held_since: Timestamp,
}

impl Write<'_> {
    /// One step of forgetting people and groups, and stale questions; returns how many rows changed.
    /// None means that there is nothing to do hereabouts.
    pub(crate) fn prune_persons(&mut self, unseen: &Unseen) -> Result<u64, StoreError> {
        let cursor = self.row(tables::PERSONS_CURSOR)?;
        let mut persons = self.table::<Person>()?;
        let from = cursor.map_or(Key::FRONT, |Cursor(key)| key);
        let (mut over, mut holding) = (Vec::new(), Vec::new());
        let mut next = Key::FRONT;
        for (looked, entry) in tables::range(&persons, &(from..))?.enumerate() {
            let (key, row) = entry?;
            if looked == PERSONS_LOOKED || over.len() + holding.len() == PERSONS_CHANGED {
                next = key.value().into();
                break;
            }
            let Some((id, person)) = self.met.read::<Person>(key.value(), row.value()) else {
                continue;
            };
            let held = person.held.as_ref();
            if person.is_over(unseen.since) && !unseen.owners.contains(&id) {
                over.push(id);
            } else if held.is_some_and(|held| held.told < unseen.held_since) {
                holding.push((id, person));
            }
        }
        let changed = over.len() + holding.len();
        for id in over {
            tables::take(&mut persons, &Key::person(id))?;
            self.touched.persons.push(id);
        }
        drop(persons);
        for (id, person) in holding {
            let held = None;
            self.put_person(id, &Person { held, ..person })?;
        }
        self.put(tables::PERSONS_CURSOR, &Cursor(next))?;
        Ok(u64::try_from(changed).unwrap_or(u64::MAX))
    }

    /// One step of forgetting updates seen before a moment; returns how many were forgotten. None
    /// means that there is nothing to do hereabouts.
    pub(crate) fn prune_seen(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let cursor = self.row(tables::SEEN_CURSOR)?;
        let mut seen = self.table::<Seen>()?;
        let from = cursor.map_or(Key::FRONT, |Cursor(key)| key);
        let mut old = Vec::new();
        let mut next = Key::FRONT;
        for (looked, entry) in tables::range(&seen, &(from..))?.enumerate() {
            let (key, row) = entry?;
            if looked == SEEN_LOOKED || old.len() == SEEN_REMOVED {
                next = key.value().into();
                break;
            }
            let read = self.met.read::<Seen>(key.value(), row.value());
            if read.is_some_and(|((), Seen(at, _))| at < before) {
                old.push(Key::from(key.value()));
            }
        }
        let mut removed = 0;
        for key in old {
            seen.remove(&*key)?;
            removed += 1;
        }
        self.put(tables::SEEN_CURSOR, &Cursor(next))?;
        Ok(removed)
    }

    /// One step of forgetting rounds asked before a moment; returns how many were forgotten. None
    /// means that there is nothing to do hereabouts.
    pub(crate) fn prune_history(&mut self, before: Timestamp) -> Result<u64, StoreError> {
        let cursor = self.row(tables::HISTORY_CURSOR)?;
        let mut rounds = self.rounds()?;
        let from = cursor.map_or(Key::FRONT, |Cursor(key)| key);
        let mut old = Vec::new();
        let mut next = Key::FRONT;
        let mut looked = 0;
        for entry in tables::range(&rounds.history, &(from..))? {
            let (key, row) = entry?;
            if looked >= HISTORY_BYTES {
                next = key.value().into();
                break;
            }
            looked += row.value().len();
            if let Some(((lane, _), turn)) = self.met.read::<StoredTurn>(key.value(), row.value())
                && turn.asked < before
            {
                self.touched.lanes.push(lane);
                old.push((Key::from(key.value()), messages_of(&turn).collect()));
            }
        }
        self.touched.lanes.dedup();
        self.put(tables::HISTORY_CURSOR, &Cursor(next))?;
        rounds.forget(old)
    }
}

//! A group that became a supergroup takes its rows along. Invariant: afterwards the old chat has no
//! round, message, waiting job, waiting part or entry in the registry (what cannot be read among
//! jobs and parts is left to the next start), and what the new chat already had is kept.

use redb::ReadableTable;

use super::Write;
use crate::chat::role::Person;
use crate::chat::{ChatId, Job, Lane, Outbound, UserId};
use crate::store::StoreError;
use crate::store::codec::Record;
use crate::store::key::{self, Key};
use crate::store::tables::{self, Rows, TurnRef};

/// Rows moved at a time, so that a long history is not in memory at once.
const MOVE_ROWS: usize = 64;

impl Write<'_> {
    /// Moves rounds, messages, entry in the registry, waiting jobs and waiting parts of a chat to its
    /// new id.
    pub(crate) fn migrate_chat(&mut self, from: ChatId, to: ChatId) -> Result<(), StoreError> {
        if from == to {
            return Ok(());
        }
        self.move_history(from, to)?;
        self.move_messages(from, to)?;
        self.move_registered(UserId(from.0), UserId(to.0))?;
        let mut inbox = self.txn.open_table(tables::INBOX)?;
        for key in keys(&inbox)? {
            if let Some(mut job) = readable::<Job>(&inbox, &key)?
                && job.lane.chat() == Some(from)
            {
                job.lane = moved(job.lane, from, to);
                tables::put(&mut inbox, &key, &job)?;
            }
        }
        let mut outbox = self.txn.open_table(tables::OUTBOX)?;
        for key in keys(&outbox)? {
            if let Some(mut outbound) = readable::<Outbound>(&outbox, &key)?
                && outbound.chat == from
            {
                outbound.chat = to;
                outbound.part_of = outbound
                    .part_of
                    .map(|(lane, job, part)| (moved(lane, from, to), job, part));
                tables::put(&mut outbox, &key, &outbound)?;
            }
        }
        Ok(())
    }

    fn move_history(&mut self, from: ChatId, to: ChatId) -> Result<(), StoreError> {
        let mut history = self.txn.open_table(tables::HISTORY)?;
        loop {
            let mut rows = Vec::new();
            for entry in tables::rows(&history, &key::rows_of(from))?.take(MOVE_ROWS) {
                let (key, row) = entry?;
                rows.push((Key::from(key.value()), row.value().to_vec()));
            }
            if rows.is_empty() {
                return Ok(());
            }
            for (key, row) in rows {
                let (lane, job) = key::turn(&key)?;
                tables::take(&mut history, &key)?;
                let (_, topic, person) = lane;
                let moved = (to.0, topic, person);
                let key = Key::turn(moved, job);
                if history.get(&*key)?.is_none() {
                    history.insert(&*key, row.as_slice())?;
                }
                self.touched.lanes.push(lane);
                self.touched.lanes.push(moved);
            }
            self.touched.lanes.dedup();
        }
    }

    fn move_messages(&mut self, from: ChatId, to: ChatId) -> Result<(), StoreError> {
        let mut by_message = self.txn.open_table(tables::BY_MESSAGE)?;
        loop {
            let mut rows = Vec::new();
            for entry in tables::rows(&by_message, &key::rows_of(from))?.take(MOVE_ROWS) {
                let (key, row) = entry?;
                rows.push((Key::from(key.value()), tables::decoded(row.value())?));
            }
            if rows.is_empty() {
                return Ok(());
            }
            for (key, TurnRef(lane, job)) in rows {
                tables::take(&mut by_message, &key)?;
                let (_, message) = key::message(&key)?;
                let key = Key::message(to, message);
                if by_message.get(&*key)?.is_none() {
                    tables::put(&mut by_message, &key, &TurnRef(moved(lane, from, to), job))?;
                }
            }
        }
    }

    fn move_registered(&mut self, from: UserId, to: UserId) -> Result<(), StoreError> {
        let Some(old) = self.person(from)? else {
            return Ok(());
        };
        let group = match self.person(to)? {
            Some(new) => joined(&old, new),
            None => old,
        };
        self.put_person(to, &group)?;
        self.touched.persons.push(from);
        let mut persons = self.txn.open_table(tables::PERSONS)?;
        tables::take(&mut persons, &Key::person(from))
    }
}

/// The group under both its ids: what the newer entry says, and what only the older one knew.
fn joined(old: &Person, new: Person) -> Person {
    Person {
        grant: new.grant.or(old.grant),
        told: new.told || old.told,
        first_seen: new.first_seen.min(old.first_seen),
        last_seen: new.last_seen.max(old.last_seen),
        ..new
    }
}

fn keys(table: &Rows<'_>) -> Result<Vec<Key>, StoreError> {
    let mut keys = Vec::new();
    for entry in table.iter()? {
        keys.push(entry?.0.value().into());
    }
    Ok(keys)
}

fn readable<R: Record>(table: &Rows<'_>, key: &[u8]) -> Result<Option<R>, StoreError> {
    let Some(row) = table.get(key)? else {
        return Ok(None);
    };
    Ok(tables::readable(key, row.value()).map(|(_, row)| row))
}

fn moved(lane: Lane, from: ChatId, to: ChatId) -> Lane {
    match lane {
        Lane::Telegram {
            chat,
            topic,
            person,
        } if chat == from => Lane::Telegram {
            chat: to,
            topic,
            person,
        },
        Lane::Telegram { .. } | Lane::Terminal => lane,
    }
}

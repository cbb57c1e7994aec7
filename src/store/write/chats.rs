//! A group that became a supergroup takes its rounds, jobs, parts and registry entry along, and none of
//! its message ids: a supergroup numbers its messages from the beginning (Bot API,
//! `migrate_to_chat_id`), so an old number would mean somebody else's message. Invariant: afterwards
//! the old chat has no round, message, waiting job, waiting part or entry in the registry (what cannot
//! be read among jobs and parts is left to the next start), nothing that moved names a message, and
//! what the new chat already had is kept.

use redb::ReadableTable;

use super::Write;
use crate::chat::{ChatId, Job, Lane, Outbound, StoredTurn, UserId};
use crate::people::person::Person;
use crate::store::StoreError;
use crate::store::codec::Record;
use crate::store::key::{self, Key};
use crate::store::tables::{self, Rows};

/// Rows moved at a time, so that a long history is not in memory at once.
const MOVE_ROWS: usize = 64;

impl Write<'_> {
    /// Moves rounds, entry in the registry, waiting jobs and waiting parts of a chat to its new id, and
    /// forgets the numbers of its messages.
    pub(crate) fn migrate_chat(&mut self, from: ChatId, to: ChatId) -> Result<(), StoreError> {
        if from == to {
            return Ok(());
        }
        self.move_history(from, to)?;
        self.forget_messages(from)?;
        self.move_registered(UserId(from.0), UserId(to.0))?;
        let mut inbox = self.txn.open_table(tables::INBOX)?;
        for key in keys(&inbox)? {
            if let Some(mut job) = readable::<Job>(&inbox, &key)?
                && job.lane.chat() == Some(from)
            {
                job.lane = moved(job.lane, from, to);
                job.messages.clear();
                job.places.clear();
                tables::put(&mut inbox, &key, &job)?;
            }
        }
        let mut outbox = self.txn.open_table(tables::OUTBOX)?;
        for key in keys(&outbox)? {
            let Some(mut outbound) = readable::<Outbound>(&outbox, &key)? else {
                continue;
            };
            if outbound.chat != from {
                continue;
            }
            outbound.chat = to;
            outbound.part_of = outbound
                .part_of
                .map(|(lane, job, part)| (moved(lane, from, to), job, part));
            match outbound.payload.without_messages() {
                Some(payload) => {
                    let outbound = Outbound {
                        payload,
                        ..outbound
                    };
                    tables::put(&mut outbox, &key, &outbound)?;
                }
                None => tables::take(&mut outbox, &key)?,
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
                    // A round that cannot be read is shown to nobody; it moves as it is.
                    match tables::decoded::<StoredTurn>(&row) {
                        Ok(mut turn) => {
                            turn.question_messages.clear();
                            turn.answer_messages.clear();
                            turn.files.clear();
                            tables::put(&mut history, &key, &turn)?;
                        }
                        Err(_) => drop(history.insert(&*key, row.as_slice())?),
                    }
                }
                self.touched.lanes.push(lane);
                self.touched.lanes.push(moved);
            }
            self.touched.lanes.dedup();
        }
    }

    fn forget_messages(&self, chat: ChatId) -> Result<(), StoreError> {
        let mut by_message = self.txn.open_table(tables::BY_MESSAGE)?;
        loop {
            let mut rows = Vec::new();
            for entry in tables::rows(&by_message, &key::rows_of(chat))?.take(MOVE_ROWS) {
                rows.push(Key::from(entry?.0.value()));
            }
            if rows.is_empty() {
                return Ok(());
            }
            for key in rows {
                tables::take(&mut by_message, &key)?;
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
        told_unread: new.told_unread.max(old.told_unread),
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

//! What may be read within one snapshot, as typed operations on rows. Owns the snapshot.
//! Invariant: everything read through one [`Read`] is of the same commit.

use std::time::Duration;

#[cfg(test)]
use redb::ReadableTableMetadata;
use redb::{ReadTransaction, ReadableTable};

#[cfg(test)]
use super::Disposition;
use super::StoreError;
use super::key::{self, Key};
#[cfg(test)]
use super::tables::SeenRow;
use super::tables::TurnRef;
use super::tables::{self, Deaths, OffsetRow, Parked};
#[cfg(test)]
use crate::chat::UpdateId;
use crate::chat::{ChatId, Job, JobId, Lane, MessageId, Outbound, OutboxId, StoredTurn, UserId};
use crate::clock::{Pause, Timestamp};
use crate::keys::{Fingerprint, Health, Ledger, Scope, Spend};
use crate::outgoing::Head;
use crate::people::person::Person;

/// One snapshot of the data file.
pub(crate) struct Read(ReadTransaction);

impl Read {
    pub(super) const fn new(txn: ReadTransaction) -> Self {
        Self(txn)
    }

    pub(crate) fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        tables::row(&self.0.open_table(tables::INBOX)?, &Key::number(id.0))
    }

    /// The oldest jobs after `after` (`JobId(0)` for all), in order, at most `limit`. One that
    /// cannot be read is passed over; the next start sets it aside.
    pub(crate) fn jobs(&self, after: JobId, limit: usize) -> Result<Vec<Job>, StoreError> {
        let inbox = self.0.open_table(tables::INBOX)?;
        let mut jobs = Vec::new();
        let later = Key::number(after.0.saturating_add(1))..;
        for entry in tables::rows(&inbox, &later)? {
            if jobs.len() == limit {
                break;
            }
            let (key, row) = entry?;
            let job = tables::readable::<Job>(key.value(), row.value());
            jobs.extend(job.map(|(_, job)| job));
        }
        Ok(jobs)
    }

    #[cfg(test)]
    pub(crate) fn inbox_len(&self) -> Result<u64, StoreError> {
        Ok(self.0.open_table(tables::INBOX)?.len()?)
    }

    /// Every outgoing part that can be read, oldest first, without its content, and the wait that it
    /// was told.
    pub(crate) fn outbox_heads(&self) -> Result<Vec<(Head, Option<Pause>)>, StoreError> {
        let outbox = self.0.open_table(tables::OUTBOX)?;
        let mut heads = Vec::new();
        for entry in outbox.iter()? {
            let (key, row) = entry?;
            let outbound = tables::readable::<Outbound>(key.value(), row.value());
            heads.extend(outbound.map(|(id, row)| (Head::of(OutboxId(id), &row), row.pause)));
        }
        Ok(heads)
    }

    pub(crate) fn outbound(&self, id: OutboxId) -> Result<Option<Outbound>, StoreError> {
        tables::row(&self.0.open_table(tables::OUTBOX)?, &Key::number(id.0))
    }

    #[cfg(test)]
    pub(crate) fn turn(&self, lane: Lane, job: JobId) -> Result<Option<StoredTurn>, StoreError> {
        let history = self.0.open_table(tables::HISTORY)?;
        tables::row(&history, &Key::turn(lane.key(), job))
    }

    /// The newest `count` rounds of a lane up to the one of `last`, oldest first.
    #[cfg(test)]
    pub(crate) fn turns(
        &self,
        lane: Lane,
        last: JobId,
        count: usize,
    ) -> Result<Vec<(JobId, StoredTurn)>, StoreError> {
        let history = self.0.open_table(tables::HISTORY)?;
        let mut turns = Vec::new();
        let rounds = tables::rows(&history, &key::turns_up_to(lane, last))?;
        for entry in rounds.rev().take(count) {
            let (key, row) = entry?;
            let (_, job) = key::turn(key.value())?;
            turns.push((job, tables::decoded(row.value())?));
        }
        turns.reverse();
        Ok(turns)
    }

    /// The newest rounds of a lane up to a job that have an answer, oldest first; those before a long
    /// row of failures are not looked for.
    pub(crate) fn answered_turns(
        &self,
        lane: Lane,
        last: JobId,
        count: usize,
    ) -> Result<Vec<StoredTurn>, StoreError> {
        let history = self.0.open_table(tables::HISTORY)?;
        let rounds = tables::rows(&history, &key::turns_up_to(lane, last))?;
        let mut turns = Vec::new();
        for entry in rounds.rev().take(count.saturating_mul(4)) {
            let (_, row) = entry?;
            let turn: StoredTurn = tables::decoded(row.value())?;
            if turn.is_answered() {
                turns.push(turn);
            }
            if turns.len() == count {
                break;
            }
        }
        turns.reverse();
        Ok(turns)
    }

    /// The round that a message asked or answered.
    pub(crate) fn by_message(
        &self,
        chat: ChatId,
        message: MessageId,
    ) -> Result<Option<(Lane, JobId)>, StoreError> {
        let by_message = self.0.open_table(tables::BY_MESSAGE)?;
        let row = tables::row(&by_message, &Key::message(chat, message))?;
        Ok(row.map(|TurnRef(lane, job)| (lane, job)))
    }

    pub(crate) fn person(&self, id: UserId) -> Result<Option<Person>, StoreError> {
        tables::row(&self.0.open_table(tables::PERSONS)?, &Key::person(id))
    }

    /// Shows every person of the registry, one at a time.
    #[cfg(test)]
    pub(crate) fn persons(&self, mut visit: impl FnMut(UserId, Person)) -> Result<(), StoreError> {
        for entry in self.0.open_table(tables::PERSONS)?.iter()? {
            let (key, row) = entry?;
            visit(key::person(key.value())?, tables::decoded(row.value())?);
        }
        Ok(())
    }

    /// Up to where a bot's updates are acknowledged, and when that was true.
    pub(crate) fn offset(&self, bot: i64) -> Result<Option<(i64, Timestamp)>, StoreError> {
        let meta = self.0.open_table(tables::META)?;
        let row = tables::row(&meta, &tables::offset_name(bot))?;
        Ok(row.map(|OffsetRow(offset, at)| (offset, at)))
    }

    #[cfg(test)]
    pub(crate) fn was_seen(
        &self,
        bot: i64,
        update: UpdateId,
    ) -> Result<Option<(Timestamp, Disposition)>, StoreError> {
        let seen = self.0.open_table(tables::SEEN)?;
        let row = tables::row(&seen, &Key::seen(bot, update))?;
        Ok(row.map(|SeenRow(at, disposition)| (at, disposition)))
    }

    /// The counters of every (project, model).
    pub(crate) fn ledgers(&self) -> Result<Vec<(Fingerprint, String, Ledger)>, StoreError> {
        let mut ledgers = Vec::new();
        for entry in self.0.open_table(tables::KEY_LEDGER)?.iter()? {
            let (key, row) = entry?;
            let (project, model) = key::ledger(key.value())?;
            ledgers.push((project, model.to_owned(), tables::decoded(row.value())?));
        }
        Ok(ledgers)
    }

    /// The health of every scope that has any.
    pub(crate) fn key_states(&self) -> Result<Vec<(Scope, Health)>, StoreError> {
        let mut states = Vec::new();
        for entry in self.0.open_table(tables::KEY_STATE)?.iter()? {
            let (scope, row) = entry?;
            states.push((
                tables::decoded(scope.value())?,
                tables::decoded(row.value())?,
            ));
        }
        Ok(states)
    }

    /// What paid keys have cost; none: they never cost anything.
    pub(crate) fn spend(&self) -> Result<Option<Spend>, StoreError> {
        tables::row(&self.0.open_table(tables::META)?, tables::SPEND)
    }

    /// Chats that Telegram told to wait, and how long.
    pub(crate) fn parked(&self) -> Result<Vec<(ChatId, Pause)>, StoreError> {
        let meta = self.0.open_table(tables::META)?;
        let parked = tables::row::<Parked>(&meta, tables::PARKED)?;
        Ok(parked.unwrap_or_default().0)
    }

    /// How often the bot was found to have died within `span` of now.
    pub(crate) fn deaths(&self, now: Timestamp, span: Duration) -> Result<u8, StoreError> {
        let meta = self.0.open_table(tables::META)?;
        let known = tables::row::<Deaths>(&meta, tables::DEATHS)?.unwrap_or_default();
        Ok(u8::try_from(known.of_late(now, span).len()).unwrap_or(u8::MAX))
    }

    pub(super) fn commits(&self) -> Result<u64, StoreError> {
        tables::counter(&self.0.open_table(tables::META)?, tables::COMMITS)
    }
}

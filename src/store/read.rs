//! What may be read within one snapshot, as typed operations on rows. Owns the snapshot.
//! Invariant: everything read through one [`Read`] is of the same commit.

#[cfg(test)]
use redb::ReadableTableMetadata;
use redb::{ReadTransaction, ReadableTable};

#[cfg(test)]
use super::Disposition;
use super::StoreError;
#[cfg(test)]
use super::tables::SeenRow;
use super::tables::TurnRef;
use super::tables::{self, OffsetRow};
#[cfg(test)]
use crate::chat::UpdateId;
use crate::chat::role::Person;
use crate::chat::{ChatId, Job, JobId, Lane, MessageId, Outbound, OutboxId, StoredTurn, UserId};
use crate::clock::Timestamp;
use crate::keys::{Fingerprint, Health, Ledger, Scope, Spend};
use crate::outgoing::Head;

/// One snapshot of the data file.
pub(crate) struct Read(ReadTransaction);

impl Read {
    pub(super) const fn new(txn: ReadTransaction) -> Self {
        Self(txn)
    }

    pub(crate) fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        tables::row(&self.0.open_table(tables::INBOX)?, id.0)
    }

    /// The oldest jobs after `after` (`JobId(0)` for all), in order, at most `limit`. One that
    /// cannot be read is passed over; the next start sets it aside.
    pub(crate) fn jobs(&self, after: JobId, limit: usize) -> Result<Vec<Job>, StoreError> {
        let inbox = self.0.open_table(tables::INBOX)?;
        let mut jobs = Vec::new();
        for entry in inbox.range(after.0.saturating_add(1)..)? {
            if jobs.len() == limit {
                break;
            }
            let (id, row) = entry?;
            jobs.extend(tables::readable::<Job>(id.value(), row.value()));
        }
        Ok(jobs)
    }

    #[cfg(test)]
    pub(crate) fn inbox_len(&self) -> Result<u64, StoreError> {
        Ok(self.0.open_table(tables::INBOX)?.len()?)
    }

    /// Every outgoing part that can be read, oldest first, without its content.
    pub(crate) fn outbox_heads(&self) -> Result<Vec<Head>, StoreError> {
        let outbox = self.0.open_table(tables::OUTBOX)?;
        let mut heads = Vec::new();
        for entry in outbox.iter()? {
            let (id, row) = entry?;
            let outbound = tables::readable::<Outbound>(id.value(), row.value());
            heads.extend(outbound.map(|outbound| Head::of(OutboxId(id.value()), &outbound)));
        }
        Ok(heads)
    }

    pub(crate) fn outbound(&self, id: OutboxId) -> Result<Option<Outbound>, StoreError> {
        tables::row(&self.0.open_table(tables::OUTBOX)?, id.0)
    }

    #[cfg(test)]
    pub(crate) fn turn(&self, lane: Lane, job: JobId) -> Result<Option<StoredTurn>, StoreError> {
        let history = self.0.open_table(tables::HISTORY)?;
        tables::row(&history, tables::turn_key(lane, job))
    }

    /// The newest `count` rounds of a lane up to the one of `last`, oldest first.
    pub(crate) fn turns(
        &self,
        lane: Lane,
        last: JobId,
        count: usize,
    ) -> Result<Vec<(JobId, StoredTurn)>, StoreError> {
        let history = self.0.open_table(tables::HISTORY)?;
        let mut turns = Vec::new();
        let up_to = tables::turn_key(lane, JobId(0))..=tables::turn_key(lane, last);
        for entry in history.range(up_to)?.rev().take(count) {
            let (key, row) = entry?;
            turns.push((JobId(key.value().3), tables::decoded(row.value())?));
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
        let row = tables::row(&by_message, tables::message_key(chat, message))?;
        Ok(row.map(|TurnRef(lane, job)| (lane, job)))
    }

    pub(crate) fn person(&self, id: UserId) -> Result<Option<Person>, StoreError> {
        tables::row(&self.0.open_table(tables::PERSONS)?, id.0)
    }

    /// Shows every person of the registry, one at a time.
    #[cfg(test)]
    pub(crate) fn persons(&self, mut visit: impl FnMut(UserId, Person)) -> Result<(), StoreError> {
        for entry in self.0.open_table(tables::PERSONS)?.iter()? {
            let (id, row) = entry?;
            visit(UserId(id.value()), tables::decoded(row.value())?);
        }
        Ok(())
    }

    /// Up to where a bot's updates are acknowledged, and when that was true.
    pub(crate) fn offset(&self, bot: i64) -> Result<Option<(i64, Timestamp)>, StoreError> {
        let meta = self.0.open_table(tables::META)?;
        let row = tables::row(&meta, tables::offset_name(bot).as_str())?;
        Ok(row.map(|OffsetRow(offset, at)| (offset, at)))
    }

    #[cfg(test)]
    pub(crate) fn was_seen(
        &self,
        bot: i64,
        update: UpdateId,
    ) -> Result<Option<(Timestamp, Disposition)>, StoreError> {
        let seen = self.0.open_table(tables::SEEN)?;
        let row = tables::row(&seen, (bot, update.0))?;
        Ok(row.map(|SeenRow(at, disposition)| (at, disposition)))
    }

    /// The counters of every (project, model).
    pub(crate) fn ledgers(&self) -> Result<Vec<(Fingerprint, String, Ledger)>, StoreError> {
        let mut ledgers = Vec::new();
        for entry in self.0.open_table(tables::KEY_LEDGER)?.iter()? {
            let (key, row) = entry?;
            let (project, model) = key.value();
            let project = tables::fingerprint(project)?;
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

    pub(super) fn commits(&self) -> Result<u64, StoreError> {
        tables::counter(&self.0.open_table(tables::META)?, tables::COMMITS)
    }
}

//! What may be changed within one transaction, as typed operations on rows. Owns the list of
//! cached things that the transaction outdates. Invariant: an operation leaves its table whole or
//! returns an error, after which the writer aborts the transaction.

mod chats;
mod divide;
mod prune;
mod turns;

use std::time::Duration;

#[cfg(test)]
use redb::ReadableTableMetadata;
use redb::{ReadableTable, WriteTransaction};

pub(crate) use self::divide::Divided;
use super::key::Key;
use super::tables::{self, Deaths, OffsetRow, Parked, SeenRow};
use super::{Disposition, StoreError};
use crate::chat::{
    ChatId, Failing, Job, JobId, MessageId, Outbound, OutboxId, Task, UpdateId, UserId,
};
use crate::clock::{Pause, Timestamp};
use crate::keys::{Fingerprint, Health, Ledger, Scope, Spend};
use crate::people::person::Person;

/// One transaction of the writer thread.
pub(crate) struct Write<'t> {
    txn: &'t WriteTransaction,
    touched: Touched,
}

/// What the cache must forget once the transaction is committed.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) persons: Vec<UserId>,
    pub(super) lanes: Vec<(i64, i64, i64)>,
}

impl<'t> Write<'t> {
    pub(super) fn new(txn: &'t WriteTransaction) -> Self {
        Self {
            txn,
            touched: Touched::default(),
        }
    }

    pub(super) fn into_touched(self) -> Touched {
        self.touched
    }

    /// The next number of a counter in `meta`; the first is 1.
    fn next(&self, name: &[u8]) -> Result<u64, StoreError> {
        let mut meta = self.txn.open_table(tables::META)?;
        let next = tables::counter(&meta, name)?.saturating_add(1);
        meta.insert(name, next.to_le_bytes().as_slice())?;
        Ok(next)
    }

    /// Numbers this commit, so that the writer can tell after a fault whether it took place.
    pub(super) fn number_commit(&self) -> Result<u64, StoreError> {
        self.next(tables::COMMITS)
    }

    /// A job number never given before in this data file.
    pub(crate) fn next_job_id(&mut self) -> Result<JobId, StoreError> {
        self.next(tables::NEXT_JOB).map(JobId)
    }

    /// Writes or replaces the job's row in the inbox.
    pub(crate) fn put_job(&mut self, job: &Job) -> Result<(), StoreError> {
        let mut inbox = self.txn.open_table(tables::INBOX)?;
        tables::put(&mut inbox, &Key::number(job.id.0), job)
    }

    pub(crate) fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        tables::row(&self.txn.open_table(tables::INBOX)?, &Key::number(id.0))
    }

    /// Ends a job; tells whether it was there.
    pub(crate) fn remove_job(&mut self, id: JobId) -> Result<bool, StoreError> {
        let mut inbox = self.txn.open_table(tables::INBOX)?;
        let removed = inbox.remove(&*Key::number(id.0))?.is_some();
        Ok(removed)
    }

    /// Sets the count of turns that did not end, of a job that is there: the crashes at which it ran,
    /// and one more while it runs.
    pub(crate) fn set_attempts(&mut self, id: JobId, attempts: u8) -> Result<(), StoreError> {
        let Some(mut job) = self.job(id)? else {
            return Ok(());
        };
        job.attempts = attempts;
        self.put_job(&job)
    }

    /// A stop of the bot broke off a turn of this job: that is not counted against it, and what the
    /// person has read of its answer is kept.
    pub(crate) fn interrupt_job(
        &mut self,
        id: JobId,
        attempts: u8,
        seen: Option<&str>,
    ) -> Result<(), StoreError> {
        let Some(mut job) = self.job(id)? else {
            return Ok(());
        };
        job.attempts = attempts;
        job.seen = seen.map(str::to_owned);
        self.put_job(&job)
    }

    /// The question of a job is another one: what became of the old one says nothing of it.
    pub(crate) fn forget_attempts(&mut self, id: JobId) -> Result<(), StoreError> {
        self.interrupt_job(id, 0, None)
    }

    /// Remembers the message in which the answer to a job grows; nothing when the job is gone, or has
    /// moved to another chat, where the number means another message.
    pub(crate) fn note_place(
        &mut self,
        id: JobId,
        chat: ChatId,
        message: MessageId,
    ) -> Result<(), StoreError> {
        let job = self.job(id)?;
        let Some(mut job) = job.filter(|job| job.lane.chat() == Some(chat)) else {
            return Ok(());
        };
        if !job.places.contains(&message) {
            job.places.insert(0, message);
        }
        self.put_job(&job)
    }

    #[cfg(test)]
    pub(crate) fn inbox_len(&self) -> Result<u64, StoreError> {
        Ok(self.txn.open_table(tables::INBOX)?.len()?)
    }

    /// Remembers an update of a bot and what became of it.
    pub(crate) fn mark_seen(
        &mut self,
        bot: i64,
        update: UpdateId,
        now: Timestamp,
        disposition: Disposition,
    ) -> Result<(), StoreError> {
        let mut seen = self.txn.open_table(tables::SEEN)?;
        let row = SeenRow(now, disposition);
        tables::put(&mut seen, &Key::seen(bot, update), &row)
    }

    pub(crate) fn was_seen(
        &self,
        bot: i64,
        update: UpdateId,
    ) -> Result<Option<(Timestamp, Disposition)>, StoreError> {
        let seen = self.txn.open_table(tables::SEEN)?;
        let row = tables::row(&seen, &Key::seen(bot, update))?;
        Ok(row.map(|SeenRow(at, disposition)| (at, disposition)))
    }

    /// Remembers a message that was taken: accepted as something that is asked, or dropped with a word.
    pub(crate) fn mark_taken(
        &mut self,
        bot: i64,
        (chat, message): (ChatId, MessageId),
        now: Timestamp,
        disposition: Disposition,
    ) -> Result<(), StoreError> {
        let mut seen = self.txn.open_table(tables::SEEN)?;
        let row = SeenRow(now, disposition);
        tables::put(&mut seen, &Key::taken(bot, chat, message), &row)
    }

    /// When a message was taken, under whatever update id, and as what.
    pub(crate) fn was_taken(
        &self,
        bot: i64,
        chat: ChatId,
        message: MessageId,
    ) -> Result<Option<(Timestamp, Disposition)>, StoreError> {
        let seen = self.txn.open_table(tables::SEEN)?;
        let row = tables::row(&seen, &Key::taken(bot, chat, message))?;
        Ok(row.map(|SeenRow(at, disposition)| (at, disposition)))
    }

    /// Puts a part at the end of the outbox.
    pub(crate) fn put_outbound(&mut self, outbound: &Outbound) -> Result<OutboxId, StoreError> {
        let id = self.next(tables::NEXT_OUTBOX)?;
        let mut outbox = self.txn.open_table(tables::OUTBOX)?;
        tables::put(&mut outbox, &Key::number(id), outbound)?;
        Ok(OutboxId(id))
    }

    /// Replaces a part that is still there; tells whether it was.
    pub(crate) fn set_outbound(
        &mut self,
        id: OutboxId,
        outbound: &Outbound,
    ) -> Result<bool, StoreError> {
        let mut outbox = self.txn.open_table(tables::OUTBOX)?;
        let key = Key::number(id.0);
        if outbox.get(&*key)?.is_none() {
            return Ok(false);
        }
        tables::put(&mut outbox, &key, outbound)?;
        Ok(true)
    }

    /// Remembers the failed tries of a part, and how long it waits now; nothing when it is gone.
    pub(crate) fn note_failing(
        &mut self,
        id: OutboxId,
        failing: Failing,
        pause: Option<Pause>,
    ) -> Result<(), StoreError> {
        let mut outbox = self.txn.open_table(tables::OUTBOX)?;
        let key = Key::number(id.0);
        let Some(outbound) = tables::row::<Outbound>(&outbox, &key)? else {
            return Ok(());
        };
        let outbound = Outbound {
            pause,
            failing,
            ..outbound
        };
        tables::put(&mut outbox, &key, &outbound)
    }

    /// Takes out a part; tells whether it was there.
    pub(crate) fn remove_outbound(&mut self, id: OutboxId) -> Result<bool, StoreError> {
        let mut outbox = self.txn.open_table(tables::OUTBOX)?;
        let removed = outbox.remove(&*Key::number(id.0))?.is_some();
        Ok(removed)
    }

    /// Takes out everything for a chat that cannot be reached, in a group also the questions that wait
    /// there: nobody would read the answers. Commands stay, as they change more than the chat.
    pub(crate) fn close_chat(&mut self, chat: ChatId) -> Result<(), StoreError> {
        self.drop_outbound_of(chat)?;
        if chat.0 > 0 {
            return Ok(());
        }
        let mut inbox = self.txn.open_table(tables::INBOX)?;
        let mut meant = Vec::new();
        for entry in inbox.iter()? {
            let (key, row) = entry?;
            let job = tables::readable::<Job>(key.value(), row.value());
            let is_meant = job.is_some_and(|(_, job)| {
                job.lane.chat() == Some(chat) && !matches!(job.task, Task::Command(_))
            });
            if is_meant {
                meant.push(Key::from(key.value()));
            }
        }
        for key in meant {
            inbox.remove(&*key)?;
        }
        Ok(())
    }

    /// Takes out all that was to be sent to a chat; returns how many parts.
    pub(crate) fn drop_outbound_of(&mut self, chat: ChatId) -> Result<u64, StoreError> {
        self.drop_outbound(|outbound| outbound.chat == chat)
    }

    fn drop_outbound(&mut self, is_meant: impl Fn(&Outbound) -> bool) -> Result<u64, StoreError> {
        let mut outbox = self.txn.open_table(tables::OUTBOX)?;
        let mut meant = Vec::new();
        for entry in outbox.iter()? {
            let (key, row) = entry?;
            let outbound = tables::readable::<Outbound>(key.value(), row.value());
            if outbound.is_some_and(|(_, outbound)| is_meant(&outbound)) {
                meant.push(Key::from(key.value()));
            }
        }
        let mut removed = 0;
        for key in meant {
            outbox.remove(&*key)?;
            removed += 1;
        }
        Ok(removed)
    }

    pub(crate) fn person(&self, id: UserId) -> Result<Option<Person>, StoreError> {
        tables::row(&self.txn.open_table(tables::PERSONS)?, &Key::person(id))
    }

    pub(crate) fn put_person(&mut self, id: UserId, person: &Person) -> Result<(), StoreError> {
        self.touched.persons.push(id);
        let mut persons = self.txn.open_table(tables::PERSONS)?;
        tables::put(&mut persons, &Key::person(id), person)
    }

    /// Remembers up to where a bot's updates are acknowledged, and when that was true.
    pub(crate) fn set_offset(
        &mut self,
        bot: i64,
        offset: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut meta = self.txn.open_table(tables::META)?;
        tables::put(
            &mut meta,
            &tables::offset_name(bot),
            &OffsetRow(offset, now),
        )
    }

    #[cfg(test)]
    pub(crate) fn ledger(
        &self,
        project: &Fingerprint,
        model: &str,
    ) -> Result<Option<Ledger>, StoreError> {
        let ledgers = self.txn.open_table(tables::KEY_LEDGER)?;
        tables::row(&ledgers, &Key::ledger(project, model))
    }

    pub(crate) fn put_ledger(
        &mut self,
        project: &Fingerprint,
        model: &str,
        ledger: &Ledger,
    ) -> Result<(), StoreError> {
        let mut ledgers = self.txn.open_table(tables::KEY_LEDGER)?;
        tables::put(&mut ledgers, &Key::ledger(project, model), ledger)
    }

    #[cfg(test)]
    pub(crate) fn key_state(&self, scope: &Scope) -> Result<Option<Health>, StoreError> {
        let states = self.txn.open_table(tables::KEY_STATE)?;
        tables::row(&states, &tables::encoded(scope)?)
    }

    pub(crate) fn put_key_state(
        &mut self,
        scope: &Scope,
        health: &Health,
    ) -> Result<(), StoreError> {
        let mut states = self.txn.open_table(tables::KEY_STATE)?;
        tables::put(&mut states, &tables::encoded(scope)?, health)
    }

    /// Telegram wants nothing for this chat before the end of the pause, which begins now.
    pub(crate) fn park(&mut self, chat: ChatId, pause: Pause) -> Result<(), StoreError> {
        let mut meta = self.txn.open_table(tables::META)?;
        let mut parked: Parked = tables::row(&meta, tables::PARKED)?.unwrap_or_default();
        let lasts = |other: Pause| !other.left(pause.since).is_zero();
        parked
            .0
            .retain(|(known, other)| *known != chat && lasts(*other));
        parked.0.push((chat, pause));
        tables::put(&mut meta, tables::PARKED, &parked)
    }

    /// Notes that the bot was found to have died, and tells how often that was of late: within `span`,
    /// this time included. Of the earliest there may be more than are kept.
    pub(crate) fn note_death(&mut self, now: Timestamp, span: Duration) -> Result<u8, StoreError> {
        const MOST: usize = 16;
        let mut meta = self.txn.open_table(tables::META)?;
        let known: Deaths = tables::row(&meta, tables::DEATHS)?.unwrap_or_default();
        let mut deaths = Deaths(known.of_late(now, span));
        deaths.0.push(now);
        let surplus = deaths.0.len().saturating_sub(MOST);
        deaths.0.drain(..surplus);
        tables::put(&mut meta, tables::DEATHS, &deaths)?;
        Ok(u8::try_from(deaths.0.len()).unwrap_or(u8::MAX))
    }

    pub(crate) fn put_spend(&mut self, spend: &Spend) -> Result<(), StoreError> {
        let mut meta = self.txn.open_table(tables::META)?;
        tables::put(&mut meta, tables::SPEND, spend)
    }
}

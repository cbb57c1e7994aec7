//! What may be changed within one transaction, as typed operations on rows. Owns the list of
//! cached things that the transaction outdates. Invariant: an operation leaves its table whole or
//! returns an error, after which the writer aborts the transaction.

mod audit;
mod chats;
mod divide;
mod forget;
mod notices;
mod owners;
mod prune;
mod reminders;
mod sessions;
mod turns;
mod usage;

use std::cell::Cell;
use std::time::Duration;

use redb::{ReadableTable, ReadableTableMetadata, WriteTransaction};

pub(crate) use self::divide::Divided;
pub(crate) use self::prune::Unseen;
use super::key::{Key, LaneKey};
use super::quarantine::{self, Met, Unreadable};
use super::rows::{BotProfile, Deaths, Offset, Parked, Record, Seen, SharedPersonas};
use super::tables::{self, Rows};
use super::{Disposition, StoreError};
use crate::chat::profile::ProfileField;
use crate::chat::{
    ChatId, Failing, Job, JobId, MessageId, Outbound, OutboxId, Rank, Task, UpdateId, UserId,
};
use crate::clock::{Pause, Timestamp};
use crate::keys::{Fingerprint, Health, Ledger, Scope, Spend};
use crate::people::person::Person;
use crate::people::preferences::SharedPersona;

/// One transaction of the writer thread.
pub(crate) struct Write<'t> {
    txn: &'t WriteTransaction,
    touched: Touched,
    met: Met,
    /// Rows were set aside, or forgotten there.
    changed_aside: Cell<bool>,
}

/// What of the file is kept in memory and must change once the transaction is committed.
#[derive(Debug, Default)]
pub(super) struct Touched {
    pub(super) persons: Vec<UserId>,
    pub(super) lanes: Vec<LaneKey>,
    /// How many rows are set aside, where that may have changed.
    pub(super) set_aside: Option<u64>,
}

impl<'t> Write<'t> {
    pub(super) fn new(txn: &'t WriteTransaction) -> Self {
        Self {
            txn,
            touched: Touched::default(),
            met: Met::default(),
            changed_aside: Cell::new(false),
        }
    }

    pub(super) fn into_touched(mut self) -> Result<Touched, StoreError> {
        if self.changed_aside.get() {
            let aside = self.txn.open_table(tables::SET_ASIDE)?;
            self.touched.set_aside = Some(aside.len()?);
        }
        Ok(self.touched)
    }

    /// Sets aside the rows that were met and could not be read.
    pub(super) fn set_met_aside(&self) -> Result<(), StoreError> {
        self.set_aside(&self.met.take())
    }

    /// Sets rows aside that could not be read.
    pub(super) fn set_aside(&self, rows: &[Unreadable]) -> Result<(), StoreError> {
        if !rows.is_empty() {
            self.changed_aside.set(true);
        }
        rows.iter().try_for_each(|row| row.set_aside(self.txn))
    }

    fn table<R: Record>(&self) -> Result<Rows<'t>, StoreError> {
        Ok(self.txn.open_table(tables::of::<R>())?)
    }

    /// The row of `key`; none where it cannot be read.
    fn row<R: Record>(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        self.met.row(&self.table::<R>()?, key)
    }

    /// Writes the row of `key`. What stood there is kept where it cannot be read.
    fn put<R: Record>(&self, key: &[u8], record: &R) -> Result<(), StoreError> {
        let mut table = self.table::<R>()?;
        let old = table.insert(key, tables::encoded(record)?.as_slice())?;
        if let Some(old) = old
            && let Err(error) = tables::decoded::<R>(old.value())
        {
            self.changed_aside.set(true);
            quarantine::keep::<R>(self.txn, key, old.value(), &error)?;
        }
        Ok(())
    }

    /// Changes the row of `key`, if there is one that can be read; hands on what the change gives.
    fn change<R: Record, T>(
        &self,
        key: &[u8],
        change: impl FnOnce(&mut R) -> T,
    ) -> Result<Option<T>, StoreError> {
        let mut table = self.table::<R>()?;
        let Some(mut record) = self.met.row(&table, key)? else {
            return Ok(None);
        };
        let given = change(&mut record);
        table.insert(key, tables::encoded(&record)?.as_slice())?;
        Ok(Some(given))
    }

    /// Shows every row of a table that can be read, in order.
    fn each<R: Record>(&self, mut visit: impl FnMut(R::Key, R)) -> Result<(), StoreError> {
        for entry in self.table::<R>()?.iter()? {
            let (key, row) = entry?;
            if let Some((key, record)) = self.met.read(key.value(), row.value()) {
                visit(key, record);
            }
        }
        Ok(())
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
        self.put(&Key::number(job.id.0), job)
    }

    pub(crate) fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.row(&Key::number(id.0))
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
        self.change(&Key::number(id.0), |job: &mut Job| job.attempts = attempts)?;
        Ok(())
    }

    /// A stop of the bot broke off a turn of this job: that is not counted against it, and what the
    /// person has read of its answer is kept.
    pub(crate) fn interrupt_job(
        &mut self,
        id: JobId,
        attempts: u8,
        seen: Option<&str>,
    ) -> Result<(), StoreError> {
        self.change(&Key::number(id.0), |job: &mut Job| {
            job.attempts = attempts;
            job.seen = seen.map(str::to_owned);
        })?;
        Ok(())
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
        self.change(&Key::number(id.0), |job: &mut Job| {
            if job.lane.chat() == Some(chat) && !job.places.contains(&message) {
                job.places.insert(0, message);
            }
        })?;
        Ok(())
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
        self.put(&Key::seen(bot, update), &Seen(now, disposition))
    }

    pub(crate) fn was_seen(
        &self,
        bot: i64,
        update: UpdateId,
    ) -> Result<Option<(Timestamp, Disposition)>, StoreError> {
        let row = self.row(&Key::seen(bot, update))?;
        Ok(row.map(|Seen(at, disposition)| (at, disposition)))
    }

    /// Remembers a message that was taken: accepted as something that is asked, or dropped with a word.
    pub(crate) fn mark_taken(
        &mut self,
        bot: i64,
        (chat, message): (ChatId, MessageId),
        now: Timestamp,
        disposition: Disposition,
    ) -> Result<(), StoreError> {
        self.put(&Key::taken(bot, chat, message), &Seen(now, disposition))
    }

    /// When a message was taken, under whatever update id, and as what.
    pub(crate) fn was_taken(
        &self,
        bot: i64,
        chat: ChatId,
        message: MessageId,
    ) -> Result<Option<(Timestamp, Disposition)>, StoreError> {
        let row = self.row(&Key::taken(bot, chat, message))?;
        Ok(row.map(|Seen(at, disposition)| (at, disposition)))
    }

    /// Puts a part at the end of the outbox.
    pub(crate) fn put_outbound(&mut self, outbound: &Outbound) -> Result<OutboxId, StoreError> {
        let id = self.next(tables::NEXT_OUTBOX)?;
        self.put(&Key::number(id), outbound)?;
        Ok(OutboxId(id))
    }

    /// Replaces a part that is still there; tells whether it was.
    pub(crate) fn set_outbound(
        &mut self,
        id: OutboxId,
        outbound: &Outbound,
    ) -> Result<bool, StoreError> {
        let key = Key::number(id.0);
        if self.table::<Outbound>()?.get(&*key)?.is_none() {
            return Ok(false);
        }
        self.put(&key, outbound)?;
        Ok(true)
    }

    /// Remembers the failed tries of a part, and how long it waits now; nothing when it is gone.
    pub(crate) fn note_failing(
        &mut self,
        id: OutboxId,
        failing: Failing,
        pause: Option<Pause>,
    ) -> Result<(), StoreError> {
        self.change(&Key::number(id.0), |row: &mut Outbound| {
            row.pause = pause;
            row.failing = failing;
        })?;
        Ok(())
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
        let is_blocked = Cell::new(false);
        self.drop_outbound(|row| {
            let is_meant = row.chat == chat;
            is_blocked.set(is_blocked.get() || (is_meant && row.rank == Rank::Broadcast));
            is_meant
        })?;
        if is_blocked.get() {
            self.count_blocked()?;
        }
        if chat.0 > 0 {
            return Ok(());
        }
        let mut meant = Vec::new();
        self.each(|id, job: Job| {
            if job.lane.chat() == Some(chat) && !matches!(job.task, Task::Command(_)) {
                meant.push(id);
            }
        })?;
        for id in meant {
            self.remove_job(id)?;
        }
        Ok(())
    }

    fn drop_outbound(&mut self, is_meant: impl Fn(&Outbound) -> bool) -> Result<u64, StoreError> {
        let mut meant = Vec::new();
        self.each(|id, outbound| meant.extend(is_meant(&outbound).then_some(id)))?;
        let mut removed = 0;
        for id in meant {
            removed += u64::from(self.remove_outbound(id)?);
        }
        Ok(removed)
    }

    pub(crate) fn person(&self, id: UserId) -> Result<Option<Person>, StoreError> {
        self.row(&Key::person(id))
    }

    pub(crate) fn put_person(&mut self, id: UserId, person: &Person) -> Result<(), StoreError> {
        self.touched.persons.push(id);
        self.put(&Key::person(id), person)
    }

    /// Remembers up to where a bot's updates are acknowledged, and when that was true.
    pub(crate) fn set_offset(
        &mut self,
        bot: i64,
        offset: i64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.put(&tables::offset_name(bot), &Offset(offset, now))
    }

    #[cfg(test)]
    pub(crate) fn ledger(
        &self,
        project: &Fingerprint,
        model: &str,
    ) -> Result<Option<Ledger>, StoreError> {
        self.row(&Key::ledger(project, model))
    }

    pub(crate) fn put_ledger(
        &mut self,
        project: &Fingerprint,
        model: &str,
        ledger: &Ledger,
    ) -> Result<(), StoreError> {
        self.put(&Key::ledger(project, model), ledger)
    }

    #[cfg(test)]
    pub(crate) fn key_state(&self, scope: &Scope) -> Result<Option<Health>, StoreError> {
        self.row(&Key::scope(scope)?)
    }

    pub(crate) fn put_key_state(
        &mut self,
        scope: &Scope,
        health: &Health,
    ) -> Result<(), StoreError> {
        self.put(&Key::scope(scope)?, health)
    }

    /// Telegram wants nothing for this chat before the end of the pause, which begins now.
    pub(crate) fn park(&mut self, chat: ChatId, pause: Pause) -> Result<(), StoreError> {
        let mut parked: Parked = self.row(tables::PARKED)?.unwrap_or_default();
        let lasts = |other: Pause| !other.left(pause.since).is_zero();
        parked
            .0
            .retain(|(known, other)| *known != chat && lasts(*other));
        parked.0.push((chat, pause));
        self.put(tables::PARKED, &parked)
    }

    /// Notes that the bot was found to have died, and tells how often that was of late: within `span`,
    /// this time included. Of the earliest there may be more than are kept.
    pub(crate) fn note_death(&mut self, now: Timestamp, span: Duration) -> Result<u8, StoreError> {
        const MOST: usize = 16;
        let known: Deaths = self.row(tables::DEATHS)?.unwrap_or_default();
        let mut deaths = Deaths(known.of_late(now, span));
        deaths.0.push(now);
        let surplus = deaths.0.len().saturating_sub(MOST);
        deaths.0.drain(..surplus);
        self.put(tables::DEATHS, &deaths)?;
        Ok(u8::try_from(deaths.0.len()).unwrap_or(u8::MAX))
    }

    /// Notes what a field of a bot's profile shows; none: it was taken back. What was noted of another
    /// bot is forgotten.
    pub(crate) fn note_profile(
        &mut self,
        bot: UserId,
        field: ProfileField,
        shows: Option<Fingerprint>,
    ) -> Result<(), StoreError> {
        let known: Option<BotProfile> = self.row(tables::PROFILE)?;
        let known = known.filter(|known| known.bot == bot);
        let mut fields = known.map_or_else(Vec::new, |known| known.shown);
        fields.retain(|(known, _)| *known != field);
        fields.extend(shows.map(|text| (field, text)));
        self.put(tables::PROFILE, &BotProfile { bot, shown: fields })
    }

    pub(crate) fn shared_personas(&self) -> Result<Vec<SharedPersona>, StoreError> {
        let all: Option<SharedPersonas> = self.row(tables::SHARED_PERSONAS)?;
        Ok(all.unwrap_or_default().0)
    }

    pub(crate) fn put_shared_personas(&mut self, all: &[SharedPersona]) -> Result<(), StoreError> {
        self.put(tables::SHARED_PERSONAS, &SharedPersonas(all.to_vec()))
    }

    pub(crate) fn put_spend(&mut self, spend: &Spend) -> Result<(), StoreError> {
        self.put(tables::SPEND, spend)
    }
}

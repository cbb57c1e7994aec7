//! What the bot sends without being asked: texts of an Owner to many people, and alerts to the Owners.
//! Invariant: a row of the outbox of rank [`Rank::Broadcast`] is of the one broadcast that is being
//! sent.

use super::Write;

use crate::alerts::Alerts;
use crate::chat::broadcast::{Broadcast, Stage};
use crate::chat::long_job::LongJob;
use crate::chat::{Failing, JobId, MessageId, Outbound, OutboxId, Rank, UserId};
use crate::people::person::Person;
use crate::store::StoreError;
use crate::store::key::{self, Key};
use crate::store::tables;

impl Write<'_> {
    pub(crate) fn alerts(&self) -> Result<Alerts, StoreError> {
        Ok(self.row(tables::ALERTS)?.unwrap_or_default())
    }

    pub(crate) fn put_alerts(&mut self, alerts: &Alerts) -> Result<(), StoreError> {
        self.put(tables::ALERTS, alerts)
    }

    pub(crate) fn broadcast(&self, id: JobId) -> Result<Option<Broadcast>, StoreError> {
        let job: Option<LongJob> = self.row(&Key::number(id.0))?;
        Ok(job.and_then(LongJob::broadcast))
    }

    /// The broadcast that is being sent.
    pub(crate) fn sending(&self) -> Result<Option<(JobId, Broadcast)>, StoreError> {
        let mut all = self.broadcasts()?.into_iter();
        Ok(all.find(|(_, job)| job.stage == Stage::Sending))
    }

    /// Keeps a new broadcast, in the place of those that are not being sent.
    pub(crate) fn begin_broadcast(&mut self, broadcast: &Broadcast) -> Result<JobId, StoreError> {
        for (id, job) in self.broadcasts()? {
            if job.stage != Stage::Sending {
                self.remove_broadcast(id)?;
            }
        }
        let id = self.next_job_id()?;
        self.put_broadcast(id, broadcast)?;
        Ok(id)
    }

    pub(crate) fn put_broadcast(
        &mut self,
        id: JobId,
        broadcast: &Broadcast,
    ) -> Result<(), StoreError> {
        self.put(&Key::number(id.0), &LongJob::Broadcast(broadcast.clone()))
    }

    pub(crate) fn remove_broadcast(&mut self, id: JobId) -> Result<(), StoreError> {
        let mut jobs = self.table::<LongJob>()?;
        jobs.remove(&*Key::number(id.0))?;
        Ok(())
    }

    fn broadcasts(&self) -> Result<Vec<(JobId, Broadcast)>, StoreError> {
        let jobs = self.table::<LongJob>()?;
        let mut found = Vec::new();
        for entry in tables::range(&jobs, &key::numbers(&key::BROADCASTS))? {
            let (key, row) = entry?;
            let job = self.met.read::<LongJob>(key.value(), row.value());
            found.extend(job.and_then(|(id, job)| Some((id, job.broadcast()?))));
        }
        Ok(found)
    }

    /// What of a broadcast was not sent yet is not sent any more.
    pub(crate) fn drop_broadcast_rows(&mut self) -> Result<u64, StoreError> {
        self.drop_outbound(|row| row.rank == Rank::Broadcast)
    }

    /// The next people of the registry behind this one, in the order of their ids, and whether these
    /// were the last.
    pub(crate) fn people_after(
        &self,
        last: UserId,
        most: usize,
    ) -> Result<(Vec<(UserId, Person)>, bool), StoreError> {
        let persons = self.table::<Person>()?;
        let behind = Key::person(UserId(last.0.saturating_add(1)))..;
        let mut found = Vec::new();
        for (count, entry) in tables::range(&persons, &behind)?.enumerate() {
            if count == most {
                return Ok((found, false));
            }
            let (key, row) = entry?;
            found.extend(self.met.read(key.value(), row.value()));
        }
        Ok((found, true))
    }

    /// The failed tries of a row that is still in the outbox.
    pub(crate) fn failing(&self, id: OutboxId) -> Result<Option<Failing>, StoreError> {
        let row: Option<Outbound> = self.row(&Key::number(id.0))?;
        Ok(row.map(|row| row.failing))
    }

    /// A row that is no part of an answer was sent, as this message where that is known. It leaves the
    /// outbox, and who counts such rows or is to change the message later learns of it.
    pub(crate) fn acknowledge(
        &mut self,
        id: OutboxId,
        (rank, text): (Rank, Option<&str>),
        message: Option<MessageId>,
    ) -> Result<(), StoreError> {
        if !self.remove_outbound(id)? {
            return Ok(());
        }
        if rank == Rank::Broadcast {
            return self.count(|job| job.delivered += 1);
        }
        self.acknowledge_card(id, message)?;
        let mut alerts = self.alerts()?;
        if let Some(text) = text
            && alerts.acknowledge(id, message, text)
        {
            self.put_alerts(&alerts)?;
        }
        Ok(())
    }

    /// Somebody who has a row lets the bot write to them no more.
    pub(super) fn count_blocked(&mut self) -> Result<(), StoreError> {
        self.count(|job| job.blocked += 1)
    }

    fn count(&mut self, change: impl FnOnce(&mut Broadcast)) -> Result<(), StoreError> {
        let Some((id, mut job)) = self.sending()? else {
            return Ok(());
        };
        change(&mut job);
        self.put_broadcast(id, &job)
    }
}

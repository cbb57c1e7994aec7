//! Changes of the reminders. Invariant: one that is due leaves in the commit that puts what is said into
//! the outbox, so whatever ends the process, it is said, and not twice.

use super::Write;
use crate::chat::long_job::LongJob;
use crate::chat::reminder::Reminder;
use crate::chat::{ChatId, UserId};
use crate::clock::Timestamp;
use crate::store::StoreError;
use crate::store::key::{self, Key};
use crate::store::tables;

/// Reminders that are said in one commit.
const AT_ONCE: usize = 100;

impl Write<'_> {
    pub(crate) fn add_reminder(&mut self, reminder: &Reminder) -> Result<(), StoreError> {
        let number = key::of_reminder(reminder.at, self.next_job_id()?);
        let row = LongJob::Reminder(reminder.clone());
        self.put(&Key::number(number), &row)
    }

    /// Takes back those of a person that are for this moment; how many that were.
    pub(crate) fn cancel_reminders(
        &mut self,
        person: UserId,
        at: Timestamp,
    ) -> Result<usize, StoreError> {
        let gone = self.take_reminders(|it| it.person == person && it.at == at)?;
        Ok(gone.len())
    }

    pub(crate) fn forget_reminders(&mut self, person: UserId) -> Result<(), StoreError> {
        self.take_reminders(|it| it.person == person).map(drop)
    }

    /// Takes out those whose moment has come, the earliest first and not too many at once, and tells
    /// when the next one comes.
    pub(crate) fn take_due_reminders(
        &mut self,
        now: Timestamp,
    ) -> Result<(Vec<Reminder>, Option<Timestamp>), StoreError> {
        let mut due = Vec::new();
        let mut next = None;
        for (key, reminder) in self.reminders(AT_ONCE + 1)? {
            if reminder.at > now || due.len() == AT_ONCE {
                next = Some(reminder.at);
                break;
            }
            tables::take(&mut self.table::<LongJob>()?, &key)?;
            due.push(reminder);
        }
        Ok((due, next))
    }

    /// A group that has a new id takes its reminders along.
    pub(super) fn move_reminders(&mut self, from: ChatId, to: ChatId) -> Result<(), StoreError> {
        for reminder in self.take_reminders(|it| it.chat == from)? {
            self.add_reminder(&Reminder {
                chat: to,
                message: None,
                ..reminder
            })?;
        }
        Ok(())
    }

    fn take_reminders(
        &mut self,
        is_meant: impl Fn(&Reminder) -> bool,
    ) -> Result<Vec<Reminder>, StoreError> {
        let mut meant = self.reminders(usize::MAX)?;
        meant.retain(|(_, reminder)| is_meant(reminder));
        let mut jobs = self.table::<LongJob>()?;
        for (key, _) in &meant {
            tables::take(&mut jobs, key)?;
        }
        Ok(meant.into_iter().map(|(_, reminder)| reminder).collect())
    }

    /// So many at the most, the earliest first.
    fn reminders(&self, most: usize) -> Result<Vec<(Key, Reminder)>, StoreError> {
        let jobs = self.table::<LongJob>()?;
        let mut found = Vec::new();
        for entry in tables::range(&jobs, &key::numbers(&key::REMINDERS))?.take(most) {
            let (key, row) = entry?;
            let job = self.met.read::<LongJob>(key.value(), row.value());
            let reminder = job.and_then(|(_, job)| job.reminder());
            found.extend(reminder.map(|reminder| (Key::from(key.value()), reminder)));
        }
        Ok(found)
    }
}

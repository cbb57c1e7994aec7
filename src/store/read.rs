//! What may be read within one snapshot, as typed operations on rows. Owns the snapshot.
//! Invariant: everything read through one [`Read`] is of the same commit. A row that cannot be read is
//! passed over as if it were not there, and left to the writer (`quarantine`).

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::time::Duration;

use redb::{ReadTransaction, ReadableTable, ReadableTableMetadata};

#[cfg(test)]
use super::Disposition;
use super::StoreError;
use super::key::{self, Key};
use super::own_rounds::{self, OwnRounds, Walked};
use super::quarantine::{Met, Unreadable};
#[cfg(test)]
use super::rows::Seen;
use super::rows::{BotProfile, Deaths, Offset, Owner, Parked, Record, SharedPersonas, TurnRef};
use super::tables::{self, ReadOnlyRows};
use crate::alerts::Alerts;
#[cfg(test)]
use crate::chat::UpdateId;
use crate::chat::broadcast::Broadcast;
use crate::chat::long_job::LongJob;
use crate::chat::profile::ProfileField;
use crate::chat::reminder::Reminder;
use crate::chat::{
    ChatId, Job, JobId, Lane, MessageId, Outbound, OutboxId, StoredTurn, Task, UserId,
};
use crate::clock::{Pause, Timestamp};
use crate::keys::{Fingerprint, Health, Ledger, Scope, Spend};
use crate::outgoing::Head;
use crate::people::audit::Audited;
use crate::people::person::Person;
use crate::people::preferences::SharedPersona;
use crate::people::seats::Session;

mod conversation;
mod usage;

/// What a step through the registry has found.
pub(crate) struct GrantsOver {
    pub(crate) over: Vec<(UserId, Person)>,
    /// Where to go on; `None`: that was the last.
    pub(crate) next: Option<UserId>,
}

/// One snapshot of the data file.
pub(crate) struct Read {
    txn: ReadTransaction,
    met: Met,
}

impl Read {
    pub(super) fn new(txn: ReadTransaction) -> Self {
        Self {
            txn,
            met: Met::default(),
        }
    }

    /// The rows that it has met and could not read.
    pub(super) fn into_unreadable(self) -> Vec<Unreadable> {
        self.met.take()
    }

    fn table<R: Record>(&self) -> Result<ReadOnlyRows, StoreError> {
        Ok(self.txn.open_table(tables::of::<R>())?)
    }

    fn row<R: Record>(&self, key: &[u8]) -> Result<Option<R>, StoreError> {
        self.met.row(&self.table::<R>()?, key)
    }

    /// Every row of a table, in order.
    fn each<R: Record>(&self, mut visit: impl FnMut(R::Key, R)) -> Result<(), StoreError> {
        for entry in self.table::<R>()?.iter()? {
            let (key, row) = entry?;
            if let Some((key, record)) = self.met.read(key.value(), row.value()) {
                visit(key, record);
            }
        }
        Ok(())
    }

    /// How many rows were set aside because they could not be read.
    pub(super) fn set_aside(&self) -> Result<u64, StoreError> {
        Ok(self.txn.open_table(tables::SET_ASIDE)?.len()?)
    }

    pub(crate) fn job(&self, id: JobId) -> Result<Option<Job>, StoreError> {
        self.row(&Key::number(id.0))
    }

    /// The oldest jobs after `after` (`JobId(0)` for all), in order, at most `limit`.
    pub(crate) fn jobs(&self, after: JobId, limit: usize) -> Result<Vec<Job>, StoreError> {
        let inbox = self.table::<Job>()?;
        let mut jobs = Vec::new();
        let later = Key::number(after.0.saturating_add(1))..;
        for entry in tables::range(&inbox, &later)? {
            if jobs.len() == limit {
                break;
            }
            let (key, row) = entry?;
            let job = self.met.read(key.value(), row.value());
            jobs.extend(job.map(|(_, job)| job));
        }
        Ok(jobs)
    }

    #[cfg(test)]
    pub(crate) fn inbox_len(&self) -> Result<u64, StoreError> {
        Ok(self.table::<Job>()?.len()?)
    }

    /// Every outgoing part, oldest first, without its content, and the wait that it was told.
    pub(crate) fn outbox_heads(&self) -> Result<Vec<(Head, Option<Pause>)>, StoreError> {
        let mut heads = Vec::new();
        self.each(|id, row: Outbound| heads.push((Head::of(id, &row), row.pause)))?;
        Ok(heads)
    }

    /// The names of the spooled files that outgoing parts hold.
    pub(crate) fn outgoing_files(&self) -> Result<HashSet<String>, StoreError> {
        let mut names = HashSet::new();
        self.each(|_, row: Outbound| names.extend(row.payload.spooled().map(str::to_owned)))?;
        Ok(names)
    }

    pub(crate) fn has_outbound(&self, id: OutboxId) -> Result<bool, StoreError> {
        let outbox = self.table::<Outbound>()?;
        Ok(outbox.get(&*Key::number(id.0))?.is_some())
    }

    pub(crate) fn outbound(&self, id: OutboxId) -> Result<Option<Outbound>, StoreError> {
        self.row(&Key::number(id.0))
    }

    #[cfg(test)]
    pub(crate) fn turn(&self, lane: Lane, job: JobId) -> Result<Option<StoredTurn>, StoreError> {
        self.row(&Key::turn(key::of_lane(lane), job))
    }

    /// The newest `count` rounds of a lane up to the one of `last`, oldest first.
    #[cfg(test)]
    pub(crate) fn turns(
        &self,
        lane: Lane,
        last: JobId,
        count: usize,
    ) -> Result<Vec<(JobId, StoredTurn)>, StoreError> {
        let history = self.table::<StoredTurn>()?;
        let mut turns = Vec::new();
        let rounds = tables::range(&history, &key::turns_up_to(key::of_lane(lane), last))?;
        for entry in rounds.rev().take(count) {
            let (key, row) = entry?;
            let round = self.met.read(key.value(), row.value());
            turns.extend(round.map(|((_, job), turn)| (job, turn)));
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
        let row = self.row(&Key::message(chat, message))?;
        Ok(row.map(|TurnRef(lane, job)| (lane, job)))
    }

    /// Some of the rounds that a person asked, in no more than a few more bytes than these.
    pub(crate) fn rounds_of(
        &self,
        person: UserId,
        walked: &Walked,
        bytes: usize,
    ) -> Result<OwnRounds, StoreError> {
        let history = self.table::<StoredTurn>()?;
        let mut walked = walked.clone();
        let mut rounds = Vec::new();
        let mut read = 0;
        while read < bytes {
            let Some(found) = own_rounds::next(&history, person, &walked)? else {
                return Ok(OwnRounds {
                    rounds,
                    walked: None,
                });
            };
            read += found.row.len();
            walked = found.walked;
            let round = self.met.read::<StoredTurn>(&found.key, &found.row);
            let round = round.filter(|(_, turn)| !turn.is_beginning());
            rounds.extend(round.map(|(((chat, ..), _), turn)| (ChatId(chat), turn)));
        }
        Ok(OwnRounds {
            rounds,
            walked: Some(walked),
        })
    }

    /// The lanes in which a person has jobs in the inbox that are not commands.
    pub(crate) fn lanes_of(&self, person: UserId) -> Result<Vec<Lane>, StoreError> {
        let mut lanes = Vec::new();
        self.each(|_, job: Job| {
            let is_own = job.sender.id == person && !matches!(job.task, Task::Command(_));
            if is_own && !lanes.contains(&job.lane) {
                lanes.push(job.lane);
            }
        })?;
        Ok(lanes)
    }

    pub(crate) fn person(&self, id: UserId) -> Result<Option<Person>, StoreError> {
        self.row(&Key::person(id))
    }

    /// How many people and groups wait to be let in, and the first of them after this one, in the order
    /// of their ids and from the beginning where there is none further on. Looks through the registry.
    pub(crate) fn waiting(
        &self,
        after: Option<UserId>,
    ) -> Result<(usize, Option<(UserId, Person)>), StoreError> {
        let mut count = 0;
        let (mut first, mut next) = (None, None);
        self.each(|id: UserId, person: Person| {
            if !person.waits() {
                return;
            }
            count += 1;
            let is_earlier = |than: &Option<(UserId, Person)>| {
                than.as_ref().is_none_or(|(other, _)| id < *other)
            };
            let is_after = after.is_none_or(|after| id > after);
            if is_after && is_earlier(&next) {
                next = Some((id, person));
            } else if is_earlier(&first) {
                first = Some((id, person));
            }
        })?;
        Ok((count, next.or(first)))
    }

    /// Shows every person of the registry, one at a time.
    pub(crate) fn persons(&self, visit: impl FnMut(UserId, Person)) -> Result<(), StoreError> {
        self.each(visit)
    }

    /// Who has a grant whose days are over, among so many people of the registry from there on; `None`:
    /// from its front.
    pub(crate) fn grants_over(
        &self,
        from: Option<UserId>,
        looked: usize,
        now: Timestamp,
    ) -> Result<GrantsOver, StoreError> {
        let registry = self.table::<Person>()?;
        let from = from.map_or(Key::FRONT, Key::person);
        let mut over = Vec::new();
        for (at, entry) in tables::range(&registry, &(from..))?.enumerate() {
            let (key, row) = entry?;
            // A key that cannot be read is no place to go on from.
            if at >= looked
                && let Ok(next) = key::person(key.value())
            {
                let next = Some(next);
                return Ok(GrantsOver { over, next });
            }
            let read = self.met.read::<Person>(key.value(), row.value());
            over.extend(
                read.filter(|(_, row)| row.grant.is_some_and(|grant| grant.has_expired(now))),
            );
        }
        Ok(GrantsOver { over, next: None })
    }

    /// Who has a VIP seat or is kept off one.
    pub(crate) fn sessions(&self) -> Result<Vec<(UserId, Session)>, StoreError> {
        let mut sessions = Vec::new();
        self.each(|person, session| sessions.push((person, session)))?;
        Ok(sessions)
    }

    /// What Owners did, newest first: `limit` entries after the newest `skip`, and how many there are.
    pub(crate) fn audit(
        &self,
        skip: usize,
        limit: usize,
    ) -> Result<(Vec<Audited>, u64), StoreError> {
        let audit = self.table::<Audited>()?;
        let mut entries = Vec::new();
        for entry in audit.iter()?.rev().skip(skip).take(limit) {
            let (key, row) = entry?;
            let read = self.met.read::<Audited>(key.value(), row.value());
            entries.extend(read.map(|(_, entry)| entry));
        }
        Ok((entries, audit.len()?))
    }

    /// Up to where a bot's updates are acknowledged, and when that was true.
    pub(crate) fn offset(&self, bot: i64) -> Result<Option<(i64, Timestamp)>, StoreError> {
        let row = self.row(&tables::offset_name(bot))?;
        Ok(row.map(|Offset(offset, at)| (offset, at)))
    }

    #[cfg(test)]
    pub(crate) fn was_seen(
        &self,
        bot: i64,
        update: UpdateId,
    ) -> Result<Option<(Timestamp, Disposition)>, StoreError> {
        let row = self.row(&Key::seen(bot, update))?;
        Ok(row.map(|Seen(at, disposition)| (at, disposition)))
    }

    /// The counters of every (project, model).
    pub(crate) fn ledgers(&self) -> Result<Vec<(Fingerprint, String, Ledger)>, StoreError> {
        let mut ledgers = Vec::new();
        self.each(|(project, model), ledger| ledgers.push((project, model, ledger)))?;
        Ok(ledgers)
    }

    /// The health of every scope that has any.
    pub(crate) fn key_states(&self) -> Result<Vec<(Scope, Health)>, StoreError> {
        let mut states = Vec::new();
        self.each(|scope, health| states.push((scope, health)))?;
        Ok(states)
    }

    /// What paid keys have cost; none: they never cost anything.
    pub(crate) fn spend(&self) -> Result<Option<Spend>, StoreError> {
        self.row(tables::SPEND)
    }

    /// Chats that Telegram told to wait, and how long.
    pub(crate) fn parked(&self) -> Result<Vec<(ChatId, Pause)>, StoreError> {
        let parked: Option<Parked> = self.row(tables::PARKED)?;
        Ok(parked.unwrap_or_default().0)
    }

    /// Who claimed the bot.
    pub(crate) fn owner(&self) -> Result<Option<UserId>, StoreError> {
        let row = self.row(tables::OWNER)?;
        Ok(row.map(|Owner(owner)| owner))
    }

    /// What Telegram shows of this bot: the fingerprint of each text that was set.
    pub(crate) fn profile(
        &self,
        bot: UserId,
    ) -> Result<Vec<(ProfileField, Fingerprint)>, StoreError> {
        let shown: Option<BotProfile> = self.row(tables::PROFILE)?;
        let shown = shown.filter(|shown| shown.bot == bot);
        Ok(shown.map_or_else(Vec::new, |known| known.shown))
    }

    /// The personas that the Owners have added.
    pub(crate) fn shared_personas(&self) -> Result<Vec<SharedPersona>, StoreError> {
        let all: Option<SharedPersonas> = self.row(tables::SHARED_PERSONAS)?;
        Ok(all.unwrap_or_default().0)
    }

    /// How often the bot was found to have died within `span` of now.
    pub(crate) fn deaths(&self, now: Timestamp, span: Duration) -> Result<u8, StoreError> {
        let known: Deaths = self.row(tables::DEATHS)?.unwrap_or_default();
        Ok(u8::try_from(known.of_late(now, span).len()).unwrap_or(u8::MAX))
    }

    /// What the Owners were told without asking.
    pub(crate) fn alerts(&self) -> Result<Alerts, StoreError> {
        Ok(self.row(tables::ALERTS)?.unwrap_or_default())
    }

    /// Texts to many people: the one that is being sent, and the newest.
    pub(crate) fn broadcasts(&self) -> Result<Vec<(JobId, Broadcast)>, StoreError> {
        let rows = self.long_jobs(&key::BROADCASTS)?.into_iter();
        let broadcast = |(id, job): (JobId, LongJob)| Some((id, job.broadcast()?));
        Ok(rows.filter_map(broadcast).collect())
    }

    /// What somebody wants to be reminded of, the next first.
    pub(crate) fn reminders_of(&self, person: UserId) -> Result<Vec<Reminder>, StoreError> {
        let rows = self.long_jobs(&key::REMINDERS)?.into_iter();
        let reminders = rows.filter_map(|(_, job)| job.reminder());
        Ok(reminders.filter(|it| it.person == person).collect())
    }

    fn long_jobs(&self, keys: &RangeInclusive<u64>) -> Result<Vec<(JobId, LongJob)>, StoreError> {
        let jobs = self.table::<LongJob>()?;
        let mut found = Vec::new();
        for entry in tables::range(&jobs, &key::numbers(keys))? {
            let (key, row) = entry?;
            found.extend(self.met.read(key.value(), row.value()));
        }
        Ok(found)
    }

    pub(super) fn commits(&self) -> Result<u64, StoreError> {
        tables::counter(&self.txn.open_table(tables::META)?, tables::COMMITS)
    }
}

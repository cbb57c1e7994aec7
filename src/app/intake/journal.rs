//! Turns a batch of updates into inbox rows: each is decoded alone and sorted, and one commit
//! stores all.
//!
//! Invariant: the commit that stores the jobs also stores the offset and marks every update seen,
//! also those that are dropped or not understood.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::app::Ctx;
use crate::app::ticks::upkeep::SEEN_FOR;
use crate::chat::pieces::{Piece, Seam};
use crate::chat::{ChatId, Job, JobId, Lane, MessageId, Outbound, Task, UpdateId, UserId};
use crate::clock::Timestamp;
use crate::outgoing::Head;
use crate::people::person::{Grant, Person};
use crate::store::{Disposition, StoreError, Write};
use crate::telegram::Me;
use crate::telegram::decode::decode;
use crate::telegram::poll::Batch;

use super::person_limits::PersonLimits;
use super::reask::{Edit, Press};
use super::sorter::Sorter;

/// What one update is to the bot.
pub(super) enum Entry {
    Job(Draft),
    /// A press that needs no look at earlier rounds, with the stale question that it has answered
    /// now.
    Pressed {
        acknowledge: Outbound,
        job: Option<Job>,
    },
    /// A press of a button under an answer.
    Reask(Press),
    Edited(Edit),
    /// The native Stop of a draft.
    Stopped {
        lane: Lane,
        draft: i32,
    },
    Dropped,
    Skipped,
    Reachable {
        chat: ChatId,
        reachable: bool,
    },
    Migrated {
        from: ChatId,
        to: ChatId,
    },
}

/// A job as one message makes it; its number is given by the commit.
pub(super) struct Draft {
    pub(super) job: Job,
    /// The message of the bot that it replies to.
    pub(super) replies_to: Option<MessageId>,
    /// The person chose the words that are quoted.
    pub(super) chose_quote: bool,
    /// What kind of piece of another question it may be.
    pub(super) piece: Option<Piece>,
    /// It was said to others in a group: it counts only as a piece of a question.
    pub(super) is_aside: bool,
    /// Jobs that wait or run in its lane, where it matters: they will be newer rounds than any that is
    /// kept now.
    pub(super) known: Vec<JobId>,
    /// The newest question of its lane, also when it was answered already.
    pub(super) recent: Option<Arc<Job>>,
    /// The bot that it was sent to.
    pub(super) bot: i64,
}

/// What a batch left on disk.
#[derive(Default)]
pub(super) struct Journaled {
    /// Jobs in the order of their updates.
    pub(super) jobs: Vec<Job>,
    /// Outbox rows that are to be sent.
    pub(super) rows: Vec<Head>,
    /// Questions of this batch, or from before it, that wait for a further piece.
    pub(super) seams: HashMap<Lane, Seam>,
    /// Jobs whose question was changed.
    pub(super) changed: Vec<JobId>,
    /// Jobs to be stopped, by their drafts.
    pub(super) stopped: Vec<(Lane, i32)>,
    /// The first question that the full inbox left to Telegram, to be fetched again.
    pub(super) left: Option<UpdateId>,
    /// People who are told that they ask too much at once.
    pub(super) told: Vec<UserId>,
    /// Questions that the inbox still took when the batch came.
    pub(super) room: usize,
    pub(super) limits: PersonLimits,
    /// Questions that were not let in.
    pub(super) refused: usize,
}

/// What the intake knows when a batch comes.
pub(super) struct Before {
    /// Questions that the inbox still takes.
    pub(super) room: usize,
    /// Questions that wait for a further piece.
    pub(super) seams: HashMap<Lane, Seam>,
    /// The newest question of a lane, for a while after it was asked.
    pub(super) recent: HashMap<Lane, Arc<Job>>,
    /// People who were told within a minute that they ask too much at once.
    pub(super) told: HashSet<UserId>,
}

/// Stores a batch, with at most as many questions as there is room for: the first one that does not
/// fit, and all updates after it that need room, are left to Telegram. Commands, presses and
/// notices need none.
pub(super) async fn store(
    ctx: &Ctx,
    batch: &Batch,
    me: &Me,
    before: Before,
) -> Result<Journaled, StoreError> {
    let bot = me.id.0;
    let mut sorter = Sorter::new(ctx, bot, &before, batch.date);
    let mut entries = Vec::with_capacity(batch.updates.len());
    for update in &batch.updates {
        entries.push((
            update.id,
            sorter
                .sort(update.id, decode(update.id, update.json.get(), me))
                .await?,
        ));
    }
    let Sorter {
        now, rows, expired, ..
    } = sorter;
    let changed: Vec<(UserId, Person)> = rows
        .into_iter()
        .filter(|(_, row)| row.is_changed)
        .filter_map(|(id, row)| Some((id, row.person?)))
        .collect();
    let Before {
        room, seams, told, ..
    } = before;
    let all = entries.iter().map(|(_, entry)| entry);
    let limits = PersonLimits::of_batch(ctx, all, &seams, told).await?;
    let stored = ctx.engine.store.write(move |rows| {
        let mut journaled = Journaled {
            seams: seams.clone(),
            limits: limits.clone(),
            room,
            ..Journaled::default()
        };
        put_people(rows, &changed)?;
        for ended in &expired {
            ended.enter(rows, &mut journaled)?;
        }
        for (update, entry) in &entries {
            take(rows, (bot, now), (*update, entry), &mut journaled)?;
        }
        if let Some((last, _)) = entries.last() {
            let next = journaled.left.map_or(last.0 + 1, |left| left.0);
            rows.set_offset(bot, next, now)?;
        }
        Ok(journaled)
    });
    stored.await
}

/// Whether this is a message that was taken in the last day and comes under another update id: it is
/// neither answered nor counted a second time.
pub(super) fn is_repeated(
    rows: &Write<'_>,
    bot: i64,
    entry: &Entry,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Entry::Job(draft) = entry else {
        return Ok(false);
    };
    let Some((chat, message)) = draft.place_of_message() else {
        return Ok(false);
    };
    let taken = rows.was_taken(bot, chat, message)?;
    Ok(taken.is_some_and(|(at, _)| now.is_within(SEEN_FOR, at)))
}

/// Takes one update, unless it was seen before or has to wait at Telegram.
pub(super) fn take(
    rows: &mut Write<'_>,
    (bot, now): (i64, Timestamp),
    (update, entry): (UpdateId, &Entry),
    into: &mut Journaled,
) -> Result<(), StoreError> {
    let seen = rows.was_seen(bot, update)?;
    if seen.is_some_and(|(at, _)| now.is_within(SEEN_FOR, at)) {
        return Ok(());
    }
    if is_repeated(rows, bot, entry, now)? {
        return rows.mark_seen(bot, update, now, Disposition::Dropped);
    }
    let is_full = into.left.is_some() || into.questions() >= into.room;
    // A change may be about one of the questions that were left.
    let is_change = matches!(entry, Entry::Edited(_));
    if (into.takes_room(entry) && is_full) || (is_change && into.left.is_some()) {
        into.left.get_or_insert(update);
        return Ok(());
    }
    let refused = into.refused;
    let entered = enter(rows, entry, into)?;
    let disposition = if into.refused > refused {
        Disposition::Dropped
    } else {
        entered
    };
    rows.mark_seen(bot, update, now, disposition)
}

/// Stores what the batch learned of people. A command may have changed a grant since it was read:
/// what is stored stands.
pub(super) fn put_people(
    rows: &mut Write<'_>,
    people: &[(UserId, Person)],
) -> Result<(), StoreError> {
    for (id, person) in people {
        let grant = rows
            .person(*id)?
            .map_or(person.grant, |stored| stored.grant);
        let person = Person {
            grant,
            ..person.clone()
        };
        rows.put_person(*id, &person)?;
    }
    Ok(())
}

impl Journaled {
    /// Questions of this batch; commands and notices need no room.
    pub(super) fn questions(&self) -> usize {
        let is_question = |job: &&Job| matches!(job.task, Task::Question { .. });
        self.jobs.iter().filter(is_question).count()
    }

    /// Whether it takes a place in the queue: a question within the limits of its person.
    pub(super) fn takes_room(&self, entry: &Entry) -> bool {
        match entry {
            Entry::Job(draft) => {
                let is_question = matches!(draft.job.task, Task::Question { .. });
                is_question && !draft.is_aside && self.limits.admits(&draft.job)
            }
            Entry::Pressed { .. }
            | Entry::Reask(_)
            | Entry::Edited(_)
            | Entry::Stopped { .. }
            | Entry::Dropped
            | Entry::Skipped
            | Entry::Reachable { .. }
            | Entry::Migrated { .. } => false,
        }
    }

    /// Stores a new job. A question of its lane that was held back gets no further pieces after it.
    pub(super) fn add(&mut self, rows: &mut Write<'_>, draft: Job) -> Result<JobId, StoreError> {
        let id = rows.next_job_id()?;
        let job = Job { id, ..draft };
        rows.put_job(&job)?;
        self.seams.remove(&job.lane);
        if let Task::Question { .. } = job.task {
            self.limits.count(job.lane);
        }
        self.jobs.push(job);
        Ok(id)
    }

    /// Whether it waits for a further piece and is not in the queue.
    pub(super) fn is_held_back(&self, job: &Job) -> bool {
        let seam = self.seams.get(&job.lane);
        seam.is_some_and(|seam| seam.job == job.id)
    }

    /// Re-asks a job that may be running with the words it had before.
    pub(super) fn note_change(&mut self, job: &Job) {
        let is_new = self.jobs.iter().any(|new| new.id == job.id);
        if !is_new && !self.is_held_back(job) && !self.changed.contains(&job.id) {
            self.changed.push(job.id);
        }
    }

    /// Replaces the row of a job that waits.
    pub(super) fn change(&mut self, rows: &mut Write<'_>, job: Job) -> Result<(), StoreError> {
        rows.put_job(&job)?;
        if let Some(known) = self.jobs.iter_mut().find(|known| known.id == job.id) {
            *known = job;
        }
        Ok(())
    }
}

pub(super) fn enter(
    rows: &mut Write<'_>,
    entry: &Entry,
    into: &mut Journaled,
) -> Result<Disposition, StoreError> {
    match entry {
        Entry::Job(draft) => return draft.enter(rows, into),
        Entry::Pressed { acknowledge, job } => {
            let id = rows.put_outbound(acknowledge)?;
            into.rows.push(Head::of(id, acknowledge));
            if let Some(job) = job {
                into.add(rows, job.clone())?;
            }
        }
        Entry::Reask(press) => press.enter(rows, into)?,
        Entry::Edited(edit) => edit.enter(rows, into)?,
        Entry::Stopped { lane, draft } => into.stopped.push((*lane, *draft)),
        Entry::Reachable { chat, reachable } => {
            set_reachable(rows, *chat, *reachable)?;
            if !reachable {
                rows.close_chat(*chat)?;
            }
        }
        Entry::Migrated { from, to } => rows.migrate_chat(*from, *to)?,
        Entry::Dropped => return Ok(Disposition::Dropped),
        Entry::Skipped => return Ok(Disposition::Skipped),
    }
    Ok(Disposition::Accepted)
}

/// A grant that ended, and who is told of it in which words.
pub(super) struct Expired {
    pub(super) person: UserId,
    pub(super) grant: Grant,
    pub(super) falls_to: Grant,
    pub(super) tell: Vec<(UserId, String)>,
}

impl Expired {
    pub(super) fn enter(
        &self,
        rows: &mut Write<'_>,
        into: &mut Journaled,
    ) -> Result<(), StoreError> {
        let Some(person) = rows.person(self.person)? else {
            return Ok(());
        };
        // Told already, or another grant was given in the meantime.
        if person.grant != Some(self.grant) {
            return Ok(());
        }
        rows.put_person(
            self.person,
            &Person {
                grant: Some(self.falls_to),
                ..person
            },
        )?;
        for (to, text) in &self.tell {
            let row = Outbound::message(ChatId(to.0), None, text.clone());
            into.rows.push(Head::of(rows.put_outbound(&row)?, &row));
        }
        Ok(())
    }
}

/// Stores whether the bot may write to somebody; nothing is stored of people who never wrote to it.
pub(in crate::app) fn set_reachable(
    rows: &mut Write<'_>,
    chat: ChatId,
    reachable: bool,
) -> Result<(), StoreError> {
    let id = UserId(chat.0);
    match rows.person(id)? {
        Some(person) => rows.put_person(
            id,
            &Person {
                reachable,
                ..person
            },
        ),
        None => Ok(()),
    }
}

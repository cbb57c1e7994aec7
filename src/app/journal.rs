//! A batch of updates to inbox rows: decode each alone, ask the gate, one commit for all.
//!
//! Invariant: the commit that stores the jobs also stores the offset and marks every update seen,
//! also those that are dropped or not understood.

mod sorter;

use crate::app::Ctx;
use crate::app::upkeep::SEEN_FOR;
use crate::chat::role::{Grant, Person};
use crate::chat::{ChatId, Job, Outbound, Task, UpdateId, UserId};
use crate::outgoing::Head;
use crate::store::{Disposition, StoreError, Write};
use crate::telegram::Me;
use crate::telegram::decode::decode;
use crate::telegram::poll::Batch;

use sorter::Sorter;

/// What the button under the notice of old mail says to us.
pub(super) const HELD: &str = "held";

/// What one update comes to.
enum Entry {
    /// A job; its number is given by the commit.
    Job(Job),
    /// A button, with what it asks for.
    Pressed {
        acknowledge: Outbound,
        job: Option<Job>,
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

impl Entry {
    /// Whether it takes a place in the queue.
    const fn is_question(&self) -> bool {
        match self {
            Self::Job(job) => matches!(job.task, Task::Question { .. }),
            Self::Pressed { .. }
            | Self::Dropped
            | Self::Skipped
            | Self::Reachable { .. }
            | Self::Migrated { .. } => false,
        }
    }
}

/// What a batch left on disk.
#[derive(Default)]
pub(super) struct Journaled {
    /// Jobs in the order of their updates.
    pub(super) jobs: Vec<Job>,
    /// Rows that leave at once.
    pub(super) rows: Vec<Head>,
    /// The first question that the full inbox left to Telegram, to be fetched again.
    pub(super) left: Option<UpdateId>,
}

/// Stores a batch, with at most `room` questions: the first one that does not fit, and all after it,
/// stay with Telegram. Control needs no room.
pub(super) async fn store(
    ctx: &Ctx,
    batch: &Batch,
    me: &Me,
    room: usize,
) -> Result<Journaled, StoreError> {
    let mut sorter = Sorter::new(ctx);
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
    let bot = me.id.0;
    let stored = ctx.engine.store.write(move |rows| {
        let mut journaled = Journaled::default();
        for (id, person) in &changed {
            // A command may have changed the grant since it was read: what is stored stands.
            let grant = rows
                .person(*id)?
                .map_or(person.grant, |stored| stored.grant);
            rows.put_person(
                *id,
                &Person {
                    grant,
                    ..person.clone()
                },
            )?;
        }
        for ended in &expired {
            ended.enter(rows, &mut journaled)?;
        }
        for (update, entry) in &entries {
            if rows
                .was_seen(bot, *update)?
                .is_some_and(|(at, _)| now.since(at) < SEEN_FOR)
            {
                continue;
            }
            if entry.is_question() && (journaled.left.is_some() || journaled.jobs.len() >= room) {
                journaled.left.get_or_insert(*update);
                continue;
            }
            enter(rows, entry, &mut journaled)?;
            rows.mark_seen(bot, *update, now, disposition(entry))?;
        }
        if let Some((last, _)) = entries.last() {
            let next = journaled.left.map_or(last.0 + 1, |left| left.0);
            rows.set_offset(bot, next, now)?;
        }
        Ok(journaled)
    });
    stored.await
}

fn enter(rows: &mut Write<'_>, entry: &Entry, into: &mut Journaled) -> Result<(), StoreError> {
    match entry {
        Entry::Job(draft) => {
            let job = Job {
                id: rows.next_job_id()?,
                ..draft.clone()
            };
            rows.put_job(&job)?;
            into.jobs.push(job);
        }
        Entry::Pressed { acknowledge, job } => {
            let id = rows.put_outbound(acknowledge)?;
            into.rows.push(Head::of(id, acknowledge));
            if let Some(job) = job {
                enter(rows, &Entry::Job(job.clone()), into)?;
            }
        }
        Entry::Reachable { chat, reachable } => {
            set_reachable(rows, *chat, *reachable)?;
            if !reachable {
                rows.drop_outbound_of(*chat)?;
            }
        }
        Entry::Migrated { from, to } => rows.migrate_chat(*from, *to)?,
        Entry::Dropped | Entry::Skipped => {}
    }
    Ok(())
}

const fn disposition(entry: &Entry) -> Disposition {
    match entry {
        Entry::Job(_)
        | Entry::Pressed { .. }
        | Entry::Reachable { .. }
        | Entry::Migrated { .. } => Disposition::Accepted,
        Entry::Dropped => Disposition::Dropped,
        Entry::Skipped => Disposition::Skipped,
    }
}

/// A grant that ended, and what is said of it to whom.
struct Expired {
    person: UserId,
    grant: Grant,
    falls_to: Grant,
    tell: Vec<(UserId, String)>,
}

impl Expired {
    fn enter(&self, rows: &mut Write<'_>, into: &mut Journaled) -> Result<(), StoreError> {
        let Some(person) = rows.person(self.person)? else {
            return Ok(());
        };
        // Told already, or granted anew in the meantime.
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

/// Whether we may write to somebody; nothing is remembered of people who never wrote.
pub(super) fn set_reachable(
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

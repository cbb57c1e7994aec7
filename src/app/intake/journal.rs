//! Turns a batch of updates into inbox rows: each is decoded alone and sorted, and one commit
//! stores all.
//!
//! Invariant: the commit that stores the jobs also stores the offset and marks every update seen,
//! also those that are dropped or not understood.

use std::sync::Arc;
use std::time::Duration;

use super::BATCH;
use super::before::Before;
use super::journal_entry::Entry;
use super::journaled::Journaled;
use super::person_limits::PersonLimits;
use super::sorter::Sorter;
use crate::app::Ctx;
use crate::chat::{UpdateId, UserId};
use crate::clock::Timestamp;
use crate::outgoing::Head;
use crate::people::person::Person;
use crate::store::{Disposition, StoreError, Write};
use crate::telegram::Me;
use crate::telegram::decode::decode;
use crate::telegram::poll::Batch;

/// Update ids are remembered for a day (design §2).
pub(in crate::app) const SEEN_FOR: Duration = Duration::from_hours(24);

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
    let entries = sorted(&mut sorter, batch, me).await?;
    let Sorter {
        now,
        rows,
        expired,
        asked_for_seats,
        knocking,
        aside,
        ..
    } = sorter;
    let changed: Vec<(UserId, Person)> = rows
        .into_iter()
        .filter(|(_, row)| row.is_changed)
        .filter_map(|(id, row)| Some((id, row.person?)))
        .collect();
    let Before {
        room,
        seams,
        told,
        heard,
        ..
    } = before;
    let askers = entries.iter().filter_map(|(_, entry)| entry.asker());
    let limits = PersonLimits::of_batch(ctx, askers, &seams, told, now).await?;
    let (engine, settings) = (Arc::clone(&ctx.engine), ctx.engine.settings());
    let stored = ctx.engine.store.write(move |rows| {
        let mut journaled = Journaled::new(limits.clone(), seams.clone(), room);
        put_people(rows, &changed)?;
        for ended in &expired {
            journaled.rows.extend(ended.enter(rows, &settings)?);
        }
        if asked_for_seats {
            engine.put_seats(rows)?;
        }
        for knocking in &knocking {
            knocking.enter(rows, now, &mut journaled)?;
        }
        for (update, entry) in &entries {
            take(rows, (bot, now), (*update, entry), &mut journaled)?;
        }
        // Behind the entries: one of them may take out all that waits for a chat.
        for row in &aside {
            journaled.rows.push(Head::of(rows.put_outbound(row)?, row));
        }
        if let Some((last, _)) = entries.last() {
            let next = journaled.left.map_or(last.0 + 1, |left| left.0);
            // Nothing is left of what waited.
            let is_all = journaled.left.is_none() && entries.len() < usize::from(BATCH);
            rows.set_offset(bot, next, if is_all { now } else { heard })?;
        }
        Ok(journaled)
    });
    stored.await
}

/// What each update of a batch becomes.
async fn sorted(
    sorter: &mut Sorter<'_>,
    batch: &Batch,
    me: &Me,
) -> Result<Vec<(UpdateId, Entry)>, StoreError> {
    let mut entries = Vec::with_capacity(batch.updates.len());
    for update in &batch.updates {
        let decoded = decode(update.id, update.json.get(), me);
        entries.push((update.id, sorter.sort(update.id, decoded).await?));
    }
    Ok(entries)
}

/// Whether this is a message that was taken in the last day and comes under another update id: it is
/// neither answered nor counted a second time.
fn is_repeated(
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
fn take(
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
    if (is_full && entry.takes_room(rows, &into.limits)?) || (is_change && into.left.is_some()) {
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

/// Stores what the batch learned of people.
fn put_people(rows: &mut Write<'_>, people: &[(UserId, Person)]) -> Result<(), StoreError> {
    for (id, person) in people {
        let person = match rows.person(*id)? {
            Some(stored) => stored.noticed(person),
            None => person.clone(),
        };
        rows.put_person(*id, &person)?;
    }
    Ok(())
}

fn enter(
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
        Entry::Asked(asked) => asked.enter(rows, into)?,
        Entry::Reask(press) => press.enter(rows, into)?,
        Entry::Edited(edit) => edit.enter(rows, into)?,
        Entry::Stopped { lane, draft } => into.stopped.push((*lane, *draft)),
        Entry::Reachable { chat, reachable } => {
            rows.set_reachable(*chat, *reachable)?;
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

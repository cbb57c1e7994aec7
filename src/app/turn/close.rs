//! What the end of a turn changes in the chat and in the lane's history, as part of its one commit.

use super::Reply;
use crate::chat::rich::Rich;
use crate::chat::{
    Basis, Button, ChatKind, Job, Lane, MessageId, Outbound, Parcel, StoredTurn, Task, render,
};
use crate::outgoing::Head;
use crate::store::{StoreError, Write};

/// How a job was closed.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// It left the inbox; these rows entered the outbox.
    Said(Vec<Head>),
    /// Its question is another one now: it stays, and nothing was said.
    AskedAnew,
}

/// Takes the job out of the inbox, keeps its round, and puts the reply into the outbox.
pub(super) fn close(
    store: &mut Write<'_>,
    asked: &Job,
    reply: &Reply,
) -> Result<Closed, StoreError> {
    let Some(job) = store.job(asked.id)? else {
        return Ok(Closed::Said(Vec::new()));
    };
    if reply.again || job.task != asked.task {
        store.reset_attempts(job.id)?;
        return Ok(Closed::AskedAnew);
    }
    store.remove_job(job.id)?;
    // A turn that was taken back says nothing, and what was there before it stays.
    if reply.text.is_empty() {
        return Ok(Closed::Said(Vec::new()));
    }
    say(store, &job, reply).map(Closed::Said)
}

fn say(store: &mut Write<'_>, job: &Job, reply: &Reply) -> Result<Vec<Head>, StoreError> {
    let answer = match replaced(store, job, reply)? {
        Some(places) => Shown {
            places,
            buttons: &reply.buttons,
            round: reply.round.as_ref(),
        },
        None => Shown::default(),
    };
    let parts = render::parts(&reply.text);
    if let Some(round) = answer.round {
        let round = StoredTurn {
            answer_messages: (0..)
                .zip(answer.places.iter().copied().take(parts.len()))
                .collect(),
            ..round.clone()
        };
        store.append_turn(job.lane, job.id, &round)?;
    }
    let rows = outbound(job, parts, &answer);
    let put = |row| Ok(Head::of(store.put_outbound(row)?, row));
    rows.iter().map(put).collect()
}

/// How a reply is shown.
#[derive(Default)]
struct Shown<'a> {
    /// Messages of ours that it takes over.
    places: Vec<MessageId>,
    /// Under its last part.
    buttons: &'a [Button],
    round: Option<&'a StoredTurn>,
}

/// Takes out the round in whose place this one stands; the messages that the reply takes over. `None`
/// when the older answer to the same question stays, because there is no better one.
fn replaced(
    store: &mut Write<'_>,
    job: &Job,
    reply: &Reply,
) -> Result<Option<Vec<MessageId>>, StoreError> {
    let mut places = job.places.clone();
    let Task::Question {
        text,
        basis: Basis::InsteadOf(round),
        ..
    } = &job.task
    else {
        return Ok(Some(places));
    };
    let old = store.turn(job.lane, *round)?;
    let is_better = |old: &StoredTurn| old.is_answered() && old.asked_text() == *text;
    if reply.is_apology && old.as_ref().is_some_and(is_better) {
        return Ok(None);
    }
    // Parts that were on their way when this was asked have arrived since.
    if let Some(old) = store.remove_turn(job.lane, *round)? {
        let arrived = old.answer_messages.iter().map(|(_, message)| *message);
        let new: Vec<MessageId> = arrived
            .filter(|message| !places.contains(message))
            .collect();
        places.extend(new);
    }
    Ok(Some(places))
}

/// The parts of a reply as outbox rows; an origin without a chat has none.
fn outbound(job: &Job, parts: Vec<String>, shown: &Shown<'_>) -> Vec<Outbound> {
    let Lane::Telegram { chat, topic, .. } = job.lane else {
        return Vec::new();
    };
    let reply_to = match job.kind {
        ChatKind::Private => None,
        ChatKind::Group => job.messages.first().copied(),
    };
    let row = |parcel| Outbound {
        parcel,
        ..Outbound::message(chat, topic, String::new())
    };
    let last = parts.len().saturating_sub(1);
    let surplus = shown.places.iter().skip(parts.len());
    let surplus: Vec<Outbound> = surplus
        .map(|message| row(Parcel::Delete { message: *message }))
        .collect();
    let part = |(at, text): (usize, String)| {
        let body = Rich::plain(text);
        let buttons = shown
            .buttons
            .iter()
            .filter(|_| at == last)
            .cloned()
            .collect();
        let parcel = match shown.places.get(at) {
            Some(&message) => Parcel::Edit {
                message,
                body,
                buttons,
            },
            None => Parcel::Send {
                body,
                reply_to: reply_to.filter(|_| at == 0),
                buttons,
            },
        };
        Outbound {
            part_of: u16::try_from(at).ok().map(|at| (job.lane, job.id, at)),
            ..row(parcel)
        }
    };
    parts
        .into_iter()
        .enumerate()
        .map(part)
        .chain(surplus)
        .collect()
}

#[cfg(test)]
mod tests;

//! What the end of a turn changes in the chat and in the lane's history, as part of its one commit.

use super::Reply;
use super::said::Said;
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
    said: &Said,
    shown: Option<MessageId>,
) -> Result<Closed, StoreError> {
    let Some(mut job) = store.job(asked.id)? else {
        return Ok(Closed::Said(Vec::new()));
    };
    if reply.again || job.task != asked.task {
        store.reset_attempts(job.id)?;
        return Ok(Closed::AskedAnew);
    }
    store.remove_job(job.id)?;
    if let Some(shown) = shown.filter(|shown| !job.places.contains(shown)) {
        job.places.insert(0, shown);
    }
    if reply.text.is_empty() {
        return put(store, &taken_back(&job)).map(Closed::Said);
    }
    say(store, &job, reply, said, shown).map(Closed::Said)
}

fn put(store: &mut Write<'_>, rows: &[Outbound]) -> Result<Vec<Head>, StoreError> {
    let put = |row| Ok(Head::of(store.put_outbound(row)?, row));
    rows.iter().map(put).collect()
}

/// A turn that was taken back says nothing: what it has shown goes, what was there before it stays.
fn taken_back(job: &Job) -> Vec<Outbound> {
    let Lane::Telegram { chat, topic, .. } = job.lane else {
        return Vec::new();
    };
    match &job.task {
        Task::Question {
            basis: Basis::Newest | Basis::Round(_),
            ..
        } => {
            let row = |message: &MessageId| Outbound {
                parcel: Parcel::Delete { message: *message },
                ..Outbound::message(chat, topic, String::new())
            };
            job.places.iter().map(row).collect()
        }
        Task::Question {
            basis: Basis::InsteadOf(_),
            ..
        }
        | Task::Command(_)
        | Task::Tell(_) => Vec::new(),
    }
}

fn say(
    store: &mut Write<'_>,
    job: &Job,
    reply: &Reply,
    said: &Said,
    shown: Option<MessageId>,
) -> Result<Vec<Head>, StoreError> {
    let (answer, restored) = match replaced(store, job, reply)? {
        Replaced::By(places) => {
            let answer = Shown {
                places,
                buttons: &reply.buttons,
                round: reply.round.as_ref(),
            };
            (answer, None)
        }
        Replaced::Stays(old) => {
            let restored = shown.and_then(|message| restored(job, reply, &old, message));
            (Shown::default(), restored)
        }
    };
    if let Some(round) = answer.round {
        let round = StoredTurn {
            answer_messages: (0..)
                .zip(answer.places.iter().copied().take(said.parts.len()))
                .collect(),
            ..round.clone()
        };
        store.append_turn(job.lane, job.id, &round)?;
    }
    let rows = outbound(job, said, &answer);
    let rows: Vec<Outbound> = restored.into_iter().chain(rows).collect();
    put(store, &rows)
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

/// What becomes of the messages of an older answer.
enum Replaced {
    /// The reply takes these messages over.
    By(Vec<MessageId>),
    /// The older answer to the same question stays, because there is no better one.
    Stays(Box<StoredTurn>),
}

/// An answer that stays, as it was before a new one began to grow in its place.
fn restored(job: &Job, reply: &Reply, old: &StoredTurn, message: MessageId) -> Option<Outbound> {
    let Lane::Telegram { chat, topic, .. } = job.lane else {
        return None;
    };
    let mut parts = render::parts(&render::answer(&old.answer_text(), &old.asked_text()));
    let is_last = parts.len() == 1;
    let parcel = Parcel::Edit {
        message,
        body: (!parts.is_empty()).then(|| parts.swap_remove(0))?,
        buttons: reply.buttons.iter().filter(|_| is_last).cloned().collect(),
    };
    Some(Outbound {
        parcel,
        ..Outbound::message(chat, topic, String::new())
    })
}

/// Takes out the round in whose place this one stands.
fn replaced(store: &mut Write<'_>, job: &Job, reply: &Reply) -> Result<Replaced, StoreError> {
    let mut places = job.places.clone();
    let Task::Question {
        text,
        basis: Basis::InsteadOf(round),
        ..
    } = &job.task
    else {
        return Ok(Replaced::By(places));
    };
    let is_better = |old: &StoredTurn| old.is_answered() && old.asked_text() == *text;
    let old = store.turn(job.lane, *round)?;
    if let Some(old) = old.filter(|old| reply.is_apology && is_better(old)) {
        return Ok(Replaced::Stays(Box::new(old)));
    }
    // Parts that were on their way when this was asked have arrived since.
    if let Some(old) = store.remove_turn(job.lane, *round)? {
        let arrived = old.answer_messages.iter().map(|(_, message)| *message);
        let new: Vec<MessageId> = arrived
            .filter(|message| !places.contains(message))
            .collect();
        places.extend(new);
    }
    Ok(Replaced::By(places))
}

/// The parts of a reply as outbox rows; an origin without a chat has none.
fn outbound(job: &Job, said: &Said, shown: &Shown<'_>) -> Vec<Outbound> {
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
    let last = said.parts.len().saturating_sub(1);
    let surplus = shown.places.iter().skip(said.parts.len());
    let surplus: Vec<Outbound> = surplus
        .map(|message| row(Parcel::Delete { message: *message }))
        .collect();
    let part_of = |at: usize| u16::try_from(at).ok().map(|at| (job.lane, job.id, at));
    let part = |(at, body): (usize, &Rich)| {
        let body = body.clone();
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
            part_of: part_of(at),
            ..row(parcel)
        }
    };
    let document = said.document.clone().map(|text| Outbound {
        part_of: part_of(said.parts.len()),
        ..row(Parcel::Document {
            name: "answer.md".to_owned(),
            text,
            reply_to: None,
        })
    });
    let parts = said.parts.iter().enumerate().map(part);
    parts.chain(document).chain(surplus).collect()
}

#[cfg(test)]
mod tests;

//! What the end of a turn changes in the chat and in the lane's history, as part of its one commit.

use super::reply::Reply;
use crate::app::ending::Ending;
use crate::app::engine::Settings;
use crate::chat::callback::Callback;
use crate::chat::{
    Basis, Button, ChatKind, Job, JobId, Lane, MessageId, Outbound, Payload, StoredTurn, Task,
};
use crate::keys::GroupDay;
use crate::locale::Locale;
use crate::outgoing::Head;
use crate::store::{StoreError, Write};

/// What the end of a turn is made of.
pub(super) struct Close<'a> {
    pub(super) reply: &'a Reply,
    /// What the chat gets of the reply, in order.
    pub(super) said: &'a [Payload],
    /// The message of ours in which the answer has grown.
    pub(super) shown: Option<MessageId>,
    pub(super) locale: &'static Locale,
    /// Number of the day on which an answer counts.
    pub(super) today: i32,
}

/// Stores what an ending leaves behind: the job goes, its round is kept, the reply enters the
/// outbox. How the turn ended in truth, and the rows of the outbox.
pub(super) fn close(
    store: &mut Write<'_>,
    asked: &Job,
    end: &Close<'_>,
) -> Result<(Ending, Vec<Head>), StoreError> {
    let Some(mut job) = store.job(asked.id)? else {
        return Ok((Ending::Gone, Vec::new()));
    };
    // A group that became a supergroup meanwhile has other message ids.
    let shown = end.shown.filter(|_| job.lane == asked.lane);
    let end = &Close { shown, ..*end };
    let ending = if job.task == asked.task {
        end.reply.ending
    } else {
        Ending::Changed
    };
    let rows = match ending {
        Ending::Answered
        | Ending::Broken
        | Ending::Stopped
        | Ending::Failed(_)
        | Ending::GivenUp
        | Ending::Told
        | Ending::Unkept(_) => {
            store.remove_job(job.id)?;
            count(store, job.lane, end)?;
            for reminder in &end.reply.reminders {
                store.add_reminder(reminder)?;
            }
            if let Some(shown) = end.shown.filter(|shown| !job.places.contains(shown)) {
                job.places.insert(0, shown);
            }
            say(store, &job, end)?
        }
        Ending::Discarded => {
            store.remove_job(job.id)?;
            undo(store, &job, end.shown, end.locale)?
        }
        Ending::Changed => {
            store.forget_attempts(job.id)?;
            Vec::new()
        }
        Ending::Gone | Ending::Panicked | Ending::NotStored | Ending::Interrupted => {
            debug_assert!(
                false,
                "there is nothing to store of a turn that ended as {ending:?}"
            );
            Vec::new()
        }
    };
    Ok((ending, rows))
}

/// Counts an answer among what its person has used.
fn count(store: &mut Write<'_>, lane: Lane, end: &Close<'_>) -> Result<(), StoreError> {
    let (Some(person), Some(tier)) = (store.counted_as(lane)?, end.reply.tier) else {
        return Ok(());
    };
    let mut day = store.day_of(end.today, person)?;
    day.usage.answered(tier);
    if end.reply.grounding.is_used() {
        day.usage.searched();
    }
    store.put_day_of(end.today, person, &day)?;
    match end.reply.shared {
        Some(GroupDay { number, pot, .. }) => store.add_had(number, pot, (person, tier)),
        None => Ok(()),
    }
}

/// A job that does not run and is not wanted any more leaves the inbox; rows that undo what an
/// earlier run of it has shown.
pub(crate) fn discard(
    store: &mut Write<'_>,
    settings: &Settings,
    id: JobId,
) -> Result<Vec<Head>, StoreError> {
    let Some(job) = store.job(id)? else {
        return Ok(Vec::new());
    };
    store.remove_job(id)?;
    let locale = settings.locale_for(&job.sender);
    undo(store, &job, job.places.first().copied(), locale)
}

fn put(store: &mut Write<'_>, rows: &[Outbound]) -> Result<Vec<Head>, StoreError> {
    let put = |row| Ok(Head::of(store.put_outbound(row)?, row));
    rows.iter().map(put).collect()
}

/// A turn that was discarded says nothing: what it has shown goes, what was there before it comes
/// back.
fn undo(
    store: &mut Write<'_>,
    job: &Job,
    shown: Option<MessageId>,
    locale: &Locale,
) -> Result<Vec<Head>, StoreError> {
    let Task::Question { basis, .. } = &job.task else {
        return Ok(Vec::new());
    };
    let old = match basis {
        Basis::Newest | Basis::Round(_) => None,
        Basis::InsteadOf(round) => store.turn(job.lane, *round)?,
    };
    let places = match basis {
        Basis::Newest | Basis::Round(_) => job.places.as_slice(),
        Basis::InsteadOf(_) => &[],
    };
    let grown = shown.filter(|shown| !places.contains(shown));
    let undone = places.iter().copied().chain(grown);
    let undone =
        undone.filter_map(
            |message| match old.as_ref().filter(|old| old.is_shown_in(message)) {
                Some(old) => restored(job, old, message, locale),
                None => row(job, Payload::Delete { message }),
            },
        );
    put(store, &undone.collect::<Vec<_>>())
}

fn say(store: &mut Write<'_>, job: &Job, end: &Close<'_>) -> Result<Vec<Head>, StoreError> {
    let (answer, restored) = match replaced(store, job, end.reply)? {
        Replaced::By(places, files) => {
            let answer = Shown {
                places,
                files,
                buttons: &end.reply.buttons,
                round: end.reply.round.as_ref(),
            };
            (answer, None)
        }
        Replaced::Stays(old) => {
            let shown = end.shown;
            let restored = shown.and_then(|message| restored(job, &old, message, end.locale));
            (Shown::default(), restored)
        }
    };
    // Half an answer is not worth a message beside the whole one that stays.
    let said = if restored.is_some() && end.reply.ending.is_answer() {
        &[]
    } else {
        end.said
    };
    if let Some(round) = answer.round {
        let round = StoredTurn {
            answer_messages: (0..)
                .zip(answer.places.iter().copied().take(in_places(said)))
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
    /// Files of ours that go.
    files: Vec<MessageId>,
    /// Under its last message.
    buttons: &'a [Button],
    round: Option<&'a StoredTurn>,
}

/// What becomes of the messages of an older answer.
enum Replaced {
    /// The reply takes these messages over, and these files go.
    By(Vec<MessageId>, Vec<MessageId>),
    /// The older answer to the same question stays, because there is no better one.
    Stays(Box<StoredTurn>),
}

/// The beginning of an answer that stays, as it was before a new one began to grow in its place.
fn restored(job: &Job, old: &StoredTurn, message: MessageId, locale: &Locale) -> Option<Outbound> {
    let payload = match old.beginning.clone() {
        Some(body) => Payload::Edit {
            message,
            body,
            buttons: Vec::new(),
        },
        None => Payload::Restore {
            message: Some(message),
            answer: old.first_text().to_owned(),
            asked: old.asked_text(),
            buttons: vec![locale.button(Callback::Retry)],
        },
    };
    row(job, payload)
}

fn row(job: &Job, payload: Payload) -> Option<Outbound> {
    let Lane::Telegram { chat, topic, .. } = job.lane else {
        return None;
    };
    Some(Outbound::new(chat, topic, payload))
}

/// Takes out the round in whose place this one stands.
fn replaced(store: &mut Write<'_>, job: &Job, reply: &Reply) -> Result<Replaced, StoreError> {
    let mut places = job.places.clone();
    if let Ending::Unkept(_) = reply.ending {
        return Ok(Replaced::By(places, Vec::new()));
    }
    let Task::Question {
        text,
        basis: Basis::InsteadOf(round),
        ..
    } = &job.task
    else {
        return Ok(Replaced::By(places, Vec::new()));
    };
    let is_better = |old: &StoredTurn| old.is_answered() && old.asked_text() == *text;
    let old = store.turn(job.lane, *round)?;
    let is_whole = reply.ending == Ending::Answered;
    if let Some(old) = old.filter(|old| !is_whole && is_better(old)) {
        return Ok(Replaced::Stays(Box::new(old)));
    }
    let mut files = Vec::new();
    // Parts that were on their way when this was asked have arrived since.
    if let Some(old) = store.remove_turn(job.lane, *round)? {
        let arrived = old.answer_messages.iter().map(|(_, message)| *message);
        let new: Vec<MessageId> = arrived
            .filter(|message| !places.contains(message))
            .collect();
        places.extend(new);
        places.retain(|message| !old.files.contains(message));
        files = old.files;
    }
    Ok(Replaced::By(places, files))
}

/// How many of these may take over messages that are there already: what stands below something new
/// is new as well.
fn in_places(said: &[Payload]) -> usize {
    said.iter().take_while(|part| part.is_message()).count()
}

/// What is said as outbox rows; an origin without a chat has none.
fn outbound(job: &Job, said: &[Payload], shown: &Shown<'_>) -> Vec<Outbound> {
    let Lane::Telegram { chat, topic, .. } = job.lane else {
        return Vec::new();
    };
    let reply_to = match job.kind {
        ChatKind::Private => None,
        ChatKind::Group => job.messages.first().copied(),
    };
    let row = |payload| Outbound::new(chat, topic, payload);
    let last = said.iter().rposition(Payload::takes_buttons);
    let in_places = in_places(said);
    let part = |(at, part): (usize, &Payload)| {
        let mut payload = part.clone();
        if let Some(to) = payload.reply_to_mut().filter(|_| at == 0) {
            *to = reply_to;
        }
        if let Some(buttons) = payload.buttons_mut().filter(|_| Some(at) == last) {
            *buttons = shown.buttons.to_vec();
        }
        if let Some(&message) = shown.places.get(at).filter(|_| at < in_places) {
            payload = payload.taking_over(message);
        }
        Outbound {
            part_of: u16::try_from(at).ok().map(|at| (job.lane, job.id, at)),
            ..row(payload)
        }
    };
    let surplus = shown.places.iter().skip(in_places).chain(&shown.files);
    let surplus = surplus.map(|message| row(Payload::Delete { message: *message }));
    said.iter().enumerate().map(part).chain(surplus).collect()
}

#[cfg(test)]
mod tests;

//! The conversation itself: `/new` begins another one, `/stop` ends what is being answered.

use std::sync::Arc;

use super::entry::{EVERYBODY, Entry, Given, Reply};
use crate::app::ending::Request;
use crate::app::engine::Settings;
use crate::app::scheduler::Cancelled;
use crate::app::turn;
use crate::chat::JobId;
use crate::clock;
use crate::locale::commands::texts;
use crate::outgoing::Head;
use crate::store::{StoreError, Write};

pub(super) const COMMANDS: &[Entry] = &[
    Entry {
        names: &["new", "reset", "clear"],
        rights: EVERYBODY,
        ends: Some(Request::Discarded),
        run: |given| new(given).at_once(),
    },
    Entry {
        names: &["stop"],
        rights: EVERYBODY,
        ends: Some(Request::Stopped),
        run: |given| stop(given).at_once(),
    },
];

texts! {
    "new" { NEW_DONE = "done" }
    "stop" { STOPPED = "done", NOTHING_TO_STOP = "nothing" }
}

/// The lane forgets its rounds, and the questions that waited in it. In a group that is so for whoever
/// asks for it, and for nobody else.
fn new(given: Given<'_>) -> Reply {
    let (lane, settings) = (given.lane, given.engine.settings());
    let waiting = given.cancelled.waiting;
    Reply::say(given.locale.command(NEW_DONE, &[])).with_effect(move |store| {
        let undone = discard(store, &settings, &waiting)?;
        store.begin_anew(lane, clock::now())?;
        Ok(undone)
    })
}

/// The questions that waited are discarded; what the running one has said is kept.
fn stop(given: Given<'_>) -> Reply {
    let (settings, cancelled) = (given.engine.settings(), given.cancelled);
    let Cancelled { waiting, running } = cancelled;
    let text = if waiting.is_empty() && !running {
        NOTHING_TO_STOP
    } else {
        STOPPED
    };
    let reply = Reply::say(given.locale.command(text, &[]));
    if waiting.is_empty() {
        return reply;
    }
    reply.with_effect(move |store| discard(store, &settings, &waiting))
}

/// Takes questions that waited out of the inbox; rows that undo what earlier runs of them have
/// shown.
fn discard(
    store: &mut Write<'_>,
    settings: &Arc<Settings>,
    jobs: &[JobId],
) -> Result<Vec<Head>, StoreError> {
    let undone: Result<Vec<Vec<Head>>, StoreError> = jobs
        .iter()
        .map(|job| turn::discard(store, settings, *job))
        .collect();
    Ok(undone?.concat())
}

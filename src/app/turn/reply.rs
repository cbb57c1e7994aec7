//! What comes of a turn before it is stored, and what is left of it where that cannot be.

use crate::app::ending::Ending;
use crate::app::engine::Engine;
use crate::chat::answer::Failure;
use crate::chat::callback::Callback;
use crate::chat::{Button, Job, Part, StoredTurn};
use crate::keys::Change;
use crate::store::StoreError;

/// What the person gets, and what is kept of it.
#[derive(Clone)]
pub(super) struct Reply {
    pub(super) ending: Ending,
    /// What is to be seen: the model's parts, in order, or the bot's own words. None where nothing is
    /// said.
    pub(super) parts: Vec<Part>,
    /// Sentences of the bot under the answer.
    pub(super) notes: Vec<String>,
    /// The round, where it is remembered.
    pub(super) round: Option<StoredTurn>,
    pub(super) buttons: Vec<Button>,
    pub(super) changes: Vec<Change>,
}

impl Reply {
    /// These parts and nothing more.
    pub(super) const fn new(ending: Ending, parts: Vec<Part>) -> Self {
        Self {
            ending,
            parts,
            notes: Vec::new(),
            round: None,
            buttons: Vec::new(),
            changes: Vec::new(),
        }
    }

    /// These words and nothing more.
    pub(super) fn say(ending: Ending, text: impl Into<String>) -> Self {
        Self::new(ending, vec![Part::Text(text.into())])
    }
}

/// A job with what came of it, to be concluded.
#[derive(Clone)]
pub(crate) struct Finished {
    pub(super) job: Job,
    pub(super) reply: Reply,
}

impl Finished {
    /// A turn that cannot go on because of an error that does not pass.
    pub(crate) fn apology(engine: &Engine, job: &Job, error: &StoreError) -> Self {
        let locale = engine.settings().locale_for(&job.sender);
        let reason = reason(error);
        Self {
            job: job.clone(),
            reply: Reply::say(Ending::Failed(reason), locale.failure(reason)),
        }
    }

    /// The same turn with less to store, after an error that does not pass: an apology in place of
    /// the answer, then words and nothing else. `None` where there is nothing less.
    pub(crate) fn lesser(&self, engine: &Engine, error: &StoreError) -> Option<Self> {
        let Self { job, reply } = self;
        let answered = match reply.ending {
            Ending::Answered | Ending::Broken | Ending::Stopped => reply.round.clone(),
            Ending::Failed(_) | Ending::GivenUp | Ending::Told => None,
            Ending::Unkept(_)
            | Ending::Discarded
            | Ending::Gone
            | Ending::Changed
            | Ending::Panicked
            | Ending::NotStored
            | Ending::Interrupted => return None,
        };
        let mut lesser = Self::apology(engine, job, error);
        lesser.reply.changes.clone_from(&reply.changes);
        match answered {
            Some(round) => {
                let locale = engine.settings().locale_for(&job.sender);
                lesser.reply.buttons = vec![locale.button(Callback::Retry)];
                lesser.reply.round = Some(round.without_answer());
            }
            None => lesser.reply.ending = Ending::Unkept(reason(error)),
        }
        Some(lesser)
    }
}

/// What the person is told of an error that does not pass.
const fn reason(error: &StoreError) -> Failure {
    if error.is_too_large() {
        Failure::Unkept
    } else {
        Failure::Unexplained
    }
}

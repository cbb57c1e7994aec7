//! What comes of a turn before it is stored, and what is left of it where that cannot be.

use crate::app::engine::Engine;
use crate::chat::answer::Failure;
use crate::chat::callback::Callback;
use crate::chat::{Button, Job, Part, StoredTurn};
use crate::keys::Change;
use crate::store::StoreError;

/// Whose words a reply is.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// The model's.
    #[default]
    Answer,
    /// There is no answer: the bot's own.
    Apology,
    /// The same, and nothing else is done: no older answer is looked for, none is taken out.
    Bare,
}

/// What the person gets, and what is kept of it.
#[derive(Default, Clone)]
pub(super) struct Reply {
    /// What is to be seen: the model's parts, in order; of an apology, its words. None where nothing is
    /// said.
    pub(super) parts: Vec<Part>,
    /// Sentences of the bot under the answer.
    pub(super) notes: Vec<String>,
    /// The round, where it is remembered.
    pub(super) round: Option<StoredTurn>,
    pub(super) buttons: Vec<Button>,
    pub(super) changes: Vec<Change>,
    pub(super) kind: Kind,
    /// The answer broke off or was stopped.
    pub(super) is_partial: bool,
    pub(super) again: bool,
}

impl Reply {
    pub(super) fn say(text: impl Into<String>) -> Self {
        Self {
            parts: vec![Part::Text(text.into())],
            kind: Kind::Apology,
            ..Self::default()
        }
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
        Self {
            job: job.clone(),
            reply: Reply::say(locale.failure(reason(error))),
        }
    }

    /// The same turn with less to store, after an error that does not pass: an apology in place of
    /// the answer, then words and nothing else. `None` where there is nothing less.
    pub(crate) fn lesser(&self, engine: &Engine, error: &StoreError) -> Option<Self> {
        let Self { job, reply } = self;
        if reply.kind == Kind::Bare || reply.parts.is_empty() {
            return None;
        }
        let mut lesser = Self::apology(engine, job, error);
        lesser.reply.changes.clone_from(&reply.changes);
        let round = reply.round.clone().filter(|_| reply.kind == Kind::Answer);
        match round {
            Some(round) => {
                let locale = engine.settings().locale_for(&job.sender);
                lesser.reply.buttons = vec![locale.button(Callback::Retry)];
                lesser.reply.round = Some(round.without_answer());
            }
            None => lesser.reply.kind = Kind::Bare,
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

//! A round of a conversation, as it is stored and shown to the model again. Pure.

use std::ops::Deref;
use std::sync::Arc;

use super::enclosed::is_untrusted;
use super::part::{Part, text_of};
use super::rich::Rich;
use super::{Enclosed, JobId, MessageId, UserId};
use crate::catalog::TierReason;
use crate::clock::Timestamp;

/// A finished round: one question with its answer. One that ended without an answer is kept with
/// none, so that it can be asked again; no later question sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredTurn {
    pub(crate) asked: Timestamp,
    pub(crate) question_messages: Vec<MessageId>,
    /// Number and message id of every row of the answer that Telegram acknowledged; filled in by
    /// delivery. A part may take several rows, or none.
    pub(crate) answer_messages: Vec<(u16, MessageId)>,
    /// Those of them that are files: they can be deleted, and not be edited.
    pub(crate) files: Vec<MessageId>,
    /// What the first row became where Telegram took it only in pieces.
    pub(crate) beginning: Option<Rich>,
    pub(crate) model: String,
    pub(crate) reason: TierReason,
    pub(crate) question: Vec<Part>,
    /// What the model said, in order; none where there is no answer.
    pub(crate) answer: Vec<Part>,
}

/// A round that a later question builds on, and who asked it.
#[derive(Debug, Clone)]
pub(crate) struct Remembered {
    pub(crate) person: UserId,
    pub(crate) job: JobId,
    pub(crate) turn: Arc<StoredTurn>,
}

impl Deref for Remembered {
    type Target = StoredTurn;

    fn deref(&self) -> &StoredTurn {
        &self.turn
    }
}

impl StoredTurn {
    /// A question that has no answer yet.
    pub(crate) const fn unanswered(
        asked: Timestamp,
        question_messages: Vec<MessageId>,
        question: Vec<Part>,
    ) -> Self {
        Self {
            asked,
            question_messages,
            answer_messages: Vec::new(),
            files: Vec::new(),
            beginning: None,
            model: String::new(),
            reason: TierReason::Smalltalk,
            question,
            answer: Vec::new(),
        }
    }

    /// Whether there is an answer that later questions build on.
    pub(crate) const fn is_answered(&self) -> bool {
        !self.answer.is_empty()
    }

    /// Where somebody begins a conversation of their own in a group: what anybody said there before is
    /// not shown to the model for them. It asks nothing and has no answer.
    pub(crate) const fn beginning(at: Timestamp) -> Self {
        Self::unanswered(at, Vec::new(), Vec::new())
    }

    /// Whether it is a [`Self::beginning`].
    pub(crate) const fn is_beginning(&self) -> bool {
        self.question.is_empty() && self.answer.is_empty()
    }

    /// The model that made all of these, if it was one: only to it do their signatures mean anything.
    pub(crate) fn only_model(turns: &[impl Deref<Target = Self>]) -> Option<String> {
        let first = turns.first()?;
        let is_one = turns.iter().all(|turn| turn.model == first.model);
        is_one.then(|| first.model.clone())
    }

    /// The person's own words.
    pub(crate) fn asked_text(&self) -> String {
        text_of(&self.question)
    }

    /// What belonged to the question.
    pub(crate) fn enclosed(&self) -> Vec<Enclosed> {
        let enclosed = self.question.iter().filter_map(Part::enclosed);
        enclosed.cloned().collect()
    }

    /// As [`crate::chat::Task::is_untrusted`], for a round that the model is shown again.
    pub(crate) fn is_untrusted(&self) -> bool {
        is_untrusted(self.quote().is_some(), self.enclosed().iter())
    }

    /// The same round, with its question only.
    pub(crate) fn without_answer(self) -> Self {
        Self::unanswered(self.asked, self.question_messages, self.question)
    }

    /// Whether this message holds a part of the answer.
    pub(crate) fn is_shown_in(&self, message: MessageId) -> bool {
        self.answer_messages.iter().any(|(_, of)| *of == message)
    }

    /// The first text of the answer: with it its first message begins.
    pub(crate) fn first_text(&self) -> &str {
        let first = self.answer.iter().find_map(Part::text);
        first.unwrap_or_default()
    }

    /// What was said up to its end, in short, where that was summed up.
    pub(crate) fn summary(&self) -> Option<&str> {
        self.answer.iter().find_map(|part| match part {
            Part::Summary(text) => Some(text.as_str()),
            Part::Text(_)
            | Part::File { .. }
            | Part::Made { .. }
            | Part::Signed(_)
            | Part::Quote(_)
            | Part::Enclosed(_) => None,
        })
    }

    /// The words of somebody else that it was about.
    pub(crate) fn quote(&self) -> Option<&str> {
        self.question.iter().find_map(Part::quote)
    }
}

//! What a model needs its request to look like, and how a verdict may change that. Pure.
//!
//! Owner: the shell makes one from the catalogue and from what was learned about the model.
//! Invariant: nothing here depends on the question.

use crate::keys::Repair;

/// What a model needs its request to look like; from the catalogue and what was learned.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The model's id, without `models/`.
    pub(crate) model: String,
    /// `thinkingLevel` to send; `None` leaves the model at its default, which is always legal.
    pub(crate) thinking: Option<String>,
    /// The level to fall back to when an answer took too long or thought its length away.
    pub(crate) less_thinking: Option<String>,
    /// Gemma knows no system instruction: it goes before the first question.
    pub(crate) system_in_first_turn: bool,
    pub(crate) max_output: Option<u32>,
    pub(crate) signatures: Signatures,
    pub(crate) wording: Wording,
}

/// What to do with the signatures of the history.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Signatures {
    /// Replay them: the same model made them.
    #[default]
    Kept,
    /// Put the documented placeholder in their place: another model made them, or they are refused.
    Placeholder,
}

/// How the model is asked to put its answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Wording {
    #[default]
    Free,
    /// After an answer was withheld as a verbatim quotation.
    Own,
}

impl Shape {
    /// The same shape, changed as a verdict asked.
    pub(crate) fn repaired(&self, repair: Repair) -> Self {
        let mut shape = self.clone();
        match repair {
            Repair::NoThinkingConfig => shape.thinking = None,
            Repair::LessThinking => shape.thinking.clone_from(&self.less_thinking),
            Repair::OwnWords => shape.wording = Wording::Own,
            Repair::PlainSignatures => shape.signatures = Signatures::Placeholder,
            // We send no tools yet.
            Repair::NoTools | Repair::Same => {}
        }
        shape
    }
}

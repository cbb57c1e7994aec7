//! What a model needs its request to look like, and how a verdict may change that. Pure.
//!
//! Owner: the shell makes one from the catalogue and from what was learned about the model.
//! Invariant: nothing here depends on the words of the question.

use crate::catalog::ToolKind;
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
    /// It takes no system instruction: the text goes before the first question.
    pub(crate) system_in_first_turn: bool,
    pub(crate) max_output: Option<u32>,
    pub(crate) signatures: Signatures,
    pub(crate) wording: Wording,
    /// The tools it takes.
    pub(crate) tools: Vec<ToolKind>,
    pub(crate) output: Output,
}

/// What the model is asked to make.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Output {
    #[default]
    Text,
    /// A picture, of this shape; none: of the model's own.
    Picture { ratio: Option<&'static str> },
    /// The question, spoken as it is written.
    Speech,
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
    /// After there was no picture.
    Picture,
}

impl Shape {
    /// The same shape, changed as a verdict asked.
    pub(crate) fn repaired(&self, repair: Repair) -> Self {
        let mut shape = self.clone();
        match repair {
            Repair::NoThinkingConfig => {
                shape.thinking = None;
                shape.less_thinking = None;
            }
            Repair::LessThinking => shape.think_less(),
            Repair::OwnWords => shape.wording = Wording::Own,
            Repair::SystemInFirstTurn => shape.system_in_first_turn = true,
            Repair::InsistOnPicture => shape.wording = Wording::Picture,
            Repair::PlainSignatures => shape.signatures = Signatures::Placeholder,
            Repair::NoTools => shape.tools.clear(),
            Repair::Without(kind) => shape.tools.retain(|it| *it != kind),
            Repair::NoSearchToday => shape.tools.retain(|it| !it.searches()),
            Repair::Same => {}
        }
        shape
    }

    /// The lower level of the catalogue. Where there is none the level stays as it is: leaving the
    /// field out would mean the model's default, which may be higher.
    fn think_less(&mut self) {
        if let Some(less) = &self.less_thinking {
            self.thinking = Some(less.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_thinking_lowers_the_level_or_leaves_it_as_it_is() {
        let level = |name: &str| Some(name.to_owned());
        let cases = [
            // (sent, the lower one, sent after the repair)
            (level("LOW"), level("MINIMAL"), level("MINIMAL")),
            (level("LOW"), None, level("LOW")),
            // Lower than the default, the catalogue says.
            (None, level("LOW"), level("LOW")),
            (None, None, None),
        ];
        for (thinking, less_thinking, expected) in cases {
            let shape = Shape {
                thinking,
                less_thinking,
                ..Shape::default()
            };
            let repaired = shape.repaired(Repair::LessThinking);
            assert_eq!(repaired.thinking, expected, "{shape:?}");
            let twice = repaired.repaired(Repair::LessThinking);
            assert_eq!(twice.thinking, expected, "{shape:?}, twice");
            let refused = shape.repaired(Repair::NoThinkingConfig);
            let both = refused.repaired(Repair::LessThinking);
            assert_eq!(both.thinking, None, "a refused field comes back: {shape:?}");
        }
    }
}

//! Words of the buttons under an answer, and of what a press is told. Pure.

use super::Locale;
use crate::chat::Button;
use crate::chat::callback::{Callback, Example};
use crate::people::limits::Refusal;

/// Why a press does nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Denied {
    /// Somebody else asked.
    NotYours,
    /// There is a newer answer.
    NotNewest,
    /// The round is not kept any more.
    Forgotten,
    /// It may have been made while the bot was away.
    Stale,
    /// It would be one question too many.
    Refused(Refusal),
}

impl Locale {
    /// The button that asks for this.
    pub(crate) fn button(&self, callback: Callback) -> Button {
        let texts = &self.sentences.button;
        let label = match callback {
            Callback::Held => &self.sentences.notice.answer_held,
            Callback::Example(example) => self.example(example),
            Callback::Retry => &texts.retry,
            Callback::Continue => &texts.go_on,
            Callback::Again => &texts.again,
            Callback::Vary => &texts.vary,
            Callback::Stop(_) => &texts.stop,
        };
        Button::callback(label, callback.data())
    }

    /// The question that an example asks, which is its label too.
    pub(crate) fn example(&self, example: Example) -> &str {
        let texts = &self.sentences.button;
        match example {
            Example::First => &texts.example_1,
            Example::Second => &texts.example_2,
        }
    }

    /// What stands under the beginning of an answer that is attached as a file.
    pub(crate) fn goes_on_in_file(&self) -> &str {
        &self.sentences.button.goes_on_in_file
    }

    /// What the model is asked when somebody presses Continue.
    pub(crate) fn go_on_question(&self) -> &str {
        &self.sentences.button.go_on_question
    }

    /// What a model that draws is asked when somebody presses Vary, before the words of the picture.
    pub(crate) fn vary_request(&self) -> &str {
        &self.sentences.button.vary_request
    }

    /// What a press is told that does nothing; at most 200 characters (Bot API,
    /// `answerCallbackQuery`).
    pub(crate) fn denied(&self, why: Denied) -> String {
        let texts = &self.sentences.button;
        let text = match why {
            Denied::NotYours => &texts.not_yours,
            Denied::NotNewest => &texts.not_newest,
            Denied::Stale => &texts.stale,
            Denied::Forgotten => &texts.forgotten,
            Denied::Refused(Refusal::AtOnce) => &texts.too_many,
            Denied::Refused(refusal) => return self.refusal(refusal),
        };
        text.clone()
    }
}

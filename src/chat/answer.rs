//! How a question ended: with an [`Answer`], or with a [`Failure`] the person is told of. Pure.

use std::time::Duration;

use super::Part;
use super::grounding::Grounding;
use super::tool::ToolCall;

/// What the model said.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    /// In the order in which they came. A signed part whose text is shown too stands behind the part
    /// that holds that text; one that comes before any text is the first.
    pub(crate) parts: Vec<Part>,
    /// Functions that it wants to have called, in order; the parts hold each as it came.
    pub(crate) calls: Vec<ToolCall>,
    /// Where it has its facts from.
    pub(crate) grounding: Grounding,
    pub(crate) finish: Finish,
    /// The id that was asked. An alias is answered under the name of the model behind it, and
    /// signatures are replayed to whoever is asked by the same id.
    pub(crate) model: String,
    pub(crate) usage: Usage,
}

impl Answer {
    /// Whether it is to be answered with what comes of its calls; one that broke off may not mean them.
    pub(crate) fn asks(&self) -> bool {
        let is_whole = matches!(self.finish, Finish::Complete | Finish::Unnamed);
        is_whole && !self.calls.is_empty()
    }

    /// An answer of one text, whose tokens nobody has counted.
    pub(crate) fn of_text(text: String, finish: Finish, model: &str) -> Self {
        Self {
            parts: vec![Part::Text(text)],
            calls: Vec::new(),
            grounding: Grounding::default(),
            finish,
            model: model.to_owned(),
            usage: Usage::default(),
        }
    }
}

/// Whether somebody reads the text as it comes, where nothing can be taken back (a terminal): then a
/// broken answer is not begun again. In a chat another answer can take the place of what was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Viewer {
    Watching,
    Nobody,
}

/// Whether the text is whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finish {
    /// `STOP`.
    Complete,
    /// `MAX_TOKENS`: the length limit was reached.
    LengthLimit,
    /// `CONTINUATION`: the model can go on.
    Continuation,
    /// `OTHER`, or a reason that we do not know: the model ended, and nothing says that the text is
    /// cut.
    Unnamed,
    /// The stream broke after a person had seen text.
    Broken,
    /// The person stopped it.
    Stopped,
}

impl Finish {
    /// Whether the model has more to say.
    pub(crate) const fn goes_on(self) -> bool {
        match self {
            Self::Complete => false,
            Self::LengthLimit
            | Self::Continuation
            | Self::Unnamed
            | Self::Broken
            | Self::Stopped => true,
        }
    }
}

/// Tokens of one call, as the service counted them.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Usage {
    pub(crate) prompt: u64,
    pub(crate) answer: u64,
    pub(crate) thoughts: u64,
}

/// Why there is no answer; `locale` has one human sentence for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Failure {
    /// Every key cools down; the first is back after this long.
    CoolingDown { wakes: Option<Duration> },
    /// There is no Gemini API at the address in the settings.
    Misconfigured,
    /// No usable key at all is left for this person's role.
    NoKeys,
    /// The model is overloaded, or our address is throttled.
    Busy,
    /// The same, while a breaker keeps all calls back; it looks again after this long.
    Overloaded { wakes: Option<Duration> },
    /// The service is not offered where this bot runs.
    Region,
    /// The question is larger than a model's minute, which is this many tokens.
    OverMinute { limit: u64 },
    /// The question is longer than the model takes.
    TooLong,
    /// A file is larger than the model takes.
    FileTooLarge,
    /// The request was refused as malformed or unsupported.
    BadRequest,
    /// The service's filter refused the question itself.
    PromptBlocked,
    /// `SAFETY`: the answer was withheld.
    Safety,
    /// `PROHIBITED_CONTENT`, `BLOCKLIST`: the topic is not allowed.
    Prohibited,
    /// `SPII`: the answer held personal data.
    PersonalData,
    /// `RECITATION`: a verbatim quotation.
    Recitation,
    /// `LANGUAGE`.
    Language,
    /// `IMAGE_SAFETY`, `IMAGE_PROHIBITED_CONTENT`.
    PictureWithheld,
    /// `NO_IMAGE`, `IMAGE_OTHER`.
    NoPicture,
    /// `ESCALATION`.
    Declined,
    /// The model said nothing.
    Empty,
    /// The model stopped for an unknown reason, or slipped.
    Stopped,
    /// Nothing came within the deadline.
    TooSlow,
    /// The answer is larger than what the data file takes in one piece.
    Unkept,
    /// Anything else.
    Unexplained,
}

/// What keeps people from answers that only an Owner can put right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// No usable key.
    Keys,
    /// The address in the settings.
    Endpoint,
    Region,
}

impl Failure {
    /// The obstacle that it is about, if it is about one.
    pub(crate) const fn obstacle(self) -> Option<Obstacle> {
        match self {
            Self::NoKeys => Some(Obstacle::Keys),
            Self::Misconfigured => Some(Obstacle::Endpoint),
            Self::Region => Some(Obstacle::Region),
            Self::CoolingDown { .. }
            | Self::Busy
            | Self::Overloaded { .. }
            | Self::OverMinute { .. }
            | Self::TooLong
            | Self::FileTooLarge
            | Self::BadRequest
            | Self::PromptBlocked
            | Self::Safety
            | Self::Prohibited
            | Self::PersonalData
            | Self::Recitation
            | Self::Language
            | Self::PictureWithheld
            | Self::NoPicture
            | Self::Declined
            | Self::Empty
            | Self::Stopped
            | Self::TooSlow
            | Self::Unkept
            | Self::Unexplained => None,
        }
    }

    /// Whether a filter has decided it: then nothing of the answer that was seen stays.
    pub(crate) const fn withdraws(self) -> bool {
        match self {
            Self::PromptBlocked
            | Self::Safety
            | Self::Prohibited
            | Self::PersonalData
            | Self::Recitation
            | Self::Language
            | Self::PictureWithheld
            | Self::Declined => true,
            Self::CoolingDown { .. }
            | Self::Misconfigured
            | Self::NoKeys
            | Self::Busy
            | Self::Overloaded { .. }
            | Self::Region
            | Self::OverMinute { .. }
            | Self::TooLong
            | Self::FileTooLarge
            | Self::BadRequest
            | Self::NoPicture
            | Self::Empty
            | Self::Stopped
            | Self::TooSlow
            | Self::Unkept
            | Self::Unexplained => false,
        }
    }

    /// Whether the same question may fare better the next time.
    pub(crate) const fn may_pass(self) -> bool {
        match self {
            Self::CoolingDown { .. }
            | Self::Misconfigured
            | Self::NoKeys
            | Self::Busy
            | Self::Overloaded { .. }
            | Self::Safety
            | Self::PersonalData
            | Self::Recitation
            | Self::Language
            | Self::PictureWithheld
            | Self::NoPicture
            | Self::Empty
            | Self::Stopped
            | Self::TooSlow
            | Self::Unkept
            | Self::Unexplained => true,
            Self::Region
            | Self::OverMinute { .. }
            | Self::TooLong
            | Self::FileTooLarge
            | Self::BadRequest
            | Self::PromptBlocked
            | Self::Prohibited
            | Self::Declined => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_is_offered_again_unless_its_own_words_are_in_the_way() {
        for failure in [
            Failure::Busy,
            Failure::Misconfigured,
            Failure::NoKeys,
            Failure::CoolingDown { wakes: None },
            Failure::Overloaded { wakes: None },
            Failure::Empty,
            Failure::TooSlow,
            Failure::Recitation,
            Failure::Unexplained,
        ] {
            assert!(failure.may_pass(), "{failure:?}");
        }
        for failure in [
            Failure::TooLong,
            Failure::OverMinute { limit: 1 },
            Failure::FileTooLarge,
            Failure::BadRequest,
            Failure::PromptBlocked,
            Failure::Prohibited,
            Failure::Declined,
            Failure::Region,
        ] {
            assert!(!failure.may_pass(), "{failure:?}");
        }
    }

    #[test]
    fn only_an_answer_that_was_cut_goes_on() {
        assert!(!Finish::Complete.goes_on());
        for finish in [Finish::LengthLimit, Finish::Continuation, Finish::Broken] {
            assert!(finish.goes_on(), "{finish:?}");
        }
    }
}

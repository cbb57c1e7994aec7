//! How far an answer is, and how often that is worth a frame. Pure.

use std::time::Duration;

use crate::app::call::Visible;

/// An answer that is there so soon needs no sign that it comes.
const BEFORE_SIGN: Duration = Duration::from_millis(250);
/// Nor is its beginning worth showing when the rest follows at once.
const BEFORE_TEXT: Duration = Duration::from_millis(120);
/// A wait that is over by then is not worth a word.
const BEFORE_NOTICE: Duration = Duration::from_secs(2);
/// A place in the line is told anew this often.
const NOTICE_AGE: Duration = Duration::from_secs(5);
/// A draft vanishes 30 seconds after its last frame (Bot API, `sendMessageDraft`).
pub(super) const DRAFT_AGE: Duration = Duration::from_secs(20);
/// "Typing" is shown for five seconds (Bot API, `sendChatAction`).
pub(super) const TYPING_AGE: Duration = Duration::from_millis(4500);
/// Pauses between two states of a text; they grow with its age, so that their number is bounded.
const DRAFT_PAUSE: Duration = Duration::from_millis(500);
const EDIT_PAUSE: Duration = Duration::from_millis(1500);
const GROUP_PAUSE: Duration = Duration::from_secs(5);
const PAUSE_SHARE: u32 = 25;

/// How an answer grows in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Draft,
    Message,
}

/// How far an answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Thinking,
    Queued,
    Text,
}

impl Stage {
    pub(super) fn of(visible: &Visible) -> Self {
        match visible {
            Visible {
                queued: Some(_), ..
            } => Self::Queued,
            Visible { text, .. } if !text.is_empty() => Self::Text,
            Visible { .. } => Self::Thinking,
        }
    }

    /// How long a stage waits before it is shown at all.
    pub(super) const fn grace(self) -> Duration {
        match self {
            Self::Thinking => BEFORE_SIGN,
            Self::Queued => BEFORE_NOTICE,
            Self::Text => BEFORE_TEXT,
        }
    }

    /// When what stands on the screen is shown again though nothing is new.
    pub(super) const fn age(self, way: Way) -> Duration {
        match (self, way) {
            (Self::Queued, _) => NOTICE_AGE,
            (Self::Thinking, Way::Message) => TYPING_AGE,
            (Self::Thinking | Self::Text, Way::Draft) => DRAFT_AGE,
            (Self::Text, Way::Message) => Duration::from_mins(1),
        }
    }

    /// Between two states of what is shown, in a group or not, when the answer was begun so long ago.
    pub(super) fn pause(self, way: Way, in_group: bool, age: Duration) -> Duration {
        let least = match (self, way) {
            (Self::Thinking, Way::Message) => TYPING_AGE,
            (Self::Thinking, Way::Draft) => DRAFT_AGE,
            (Self::Queued, _) => NOTICE_AGE,
            (Self::Text, Way::Draft) => DRAFT_PAUSE,
            (Self::Text, Way::Message) if in_group => GROUP_PAUSE,
            (Self::Text, Way::Message) => EDIT_PAUSE,
        };
        least.max(age / PAUSE_SHARE)
    }
}

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
const TYPING_AGE: Duration = Duration::from_millis(4500);
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of a text that grows all the time.
    fn frames(way: Way, in_group: bool, lasts: Duration) -> u32 {
        let (mut age, mut frames) = (Duration::ZERO, 0);
        while age < lasts {
            age += Stage::Text.pause(way, in_group, age);
            frames += 1;
        }
        frames
    }

    #[test]
    fn however_long_a_text_grows_its_frames_are_few() {
        for (way, in_group) in [
            (Way::Draft, false),
            (Way::Message, false),
            (Way::Message, true),
        ] {
            let (short, long) = (Duration::from_mins(1), Duration::from_mins(5));
            let (of_short, of_long) = (frames(way, in_group, short), frames(way, in_group, long));
            assert!(
                of_short >= 10 && of_long <= 150,
                "{way:?}: {of_short}, {of_long}"
            );
        }
    }

    #[test]
    fn what_vanishes_is_shown_again_before_it_does() {
        let draft = Duration::from_secs(30);
        let typing = Duration::from_secs(5);
        for stage in [Stage::Thinking, Stage::Queued, Stage::Text] {
            assert!(stage.age(Way::Draft) < draft);
        }
        assert!(Stage::Thinking.age(Way::Message) < typing);
    }
}

//! What a frame of a growing answer shows, and how often one is worth sending. Pure.

use std::time::Duration;

use crate::app::call::Visible;

/// An answer that is there so soon needs no sign that it comes.
const BEFORE_SIGN: Duration = Duration::from_millis(250);
/// Nor is its beginning worth showing when the rest follows at once.
const BEFORE_TEXT: Duration = Duration::from_millis(120);
/// A wait that is over by then is not worth a word.
const BEFORE_NOTICE: Duration = Duration::from_secs(2);
/// A place in the line is told again this often.
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

/// In what an answer grows in a chat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Medium {
    Draft,
    Message,
}

/// What a frame shows, by how far the answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FrameKind {
    Thinking,
    Queued,
    Text,
}

impl FrameKind {
    pub(super) fn of(visible: &Visible) -> Self {
        match visible {
            Visible {
                queued: Some(_), ..
            } => Self::Queued,
            Visible { text, .. } if !text.is_empty() => Self::Text,
            Visible { .. } => Self::Thinking,
        }
    }

    /// How long such a frame waits before it is shown at all.
    pub(super) const fn grace(self) -> Duration {
        match self {
            Self::Thinking => BEFORE_SIGN,
            Self::Queued => BEFORE_NOTICE,
            Self::Text => BEFORE_TEXT,
        }
    }

    /// When what stands on the screen is shown again though nothing is new.
    pub(super) const fn age(self, medium: Medium) -> Duration {
        match (self, medium) {
            (Self::Queued, _) => NOTICE_AGE,
            (Self::Thinking, Medium::Message) => TYPING_AGE,
            (Self::Thinking | Self::Text, Medium::Draft) => DRAFT_AGE,
            (Self::Text, Medium::Message) => Duration::from_mins(1),
        }
    }

    /// Between two states of what is shown, in a group or not, when the answer was begun so long ago.
    pub(super) fn pause(self, medium: Medium, in_group: bool, age: Duration) -> Duration {
        let least = match (self, medium) {
            (Self::Thinking, Medium::Message) => TYPING_AGE,
            (Self::Thinking, Medium::Draft) => DRAFT_AGE,
            (Self::Queued, _) => NOTICE_AGE,
            (Self::Text, Medium::Draft) => DRAFT_PAUSE,
            (Self::Text, Medium::Message) if in_group => GROUP_PAUSE,
            (Self::Text, Medium::Message) => EDIT_PAUSE,
        };
        least.max(age / PAUSE_SHARE)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames of a text that grows all the time.
    fn frames(medium: Medium, in_group: bool, lasts: Duration) -> u32 {
        let (mut age, mut frames) = (Duration::ZERO, 0);
        while age < lasts {
            age += FrameKind::Text.pause(medium, in_group, age);
            frames += 1;
        }
        frames
    }

    #[test]
    fn however_long_a_text_grows_its_frames_are_few() {
        for (medium, in_group) in [
            (Medium::Draft, false),
            (Medium::Message, false),
            (Medium::Message, true),
        ] {
            let (short, long) = (Duration::from_mins(1), Duration::from_mins(5));
            let (of_short, of_long) = (
                frames(medium, in_group, short),
                frames(medium, in_group, long),
            );
            assert!(
                of_short >= 10 && of_long <= 150,
                "{medium:?}: {of_short}, {of_long}"
            );
        }
    }

    #[test]
    fn what_vanishes_is_shown_again_before_it_does() {
        let draft = Duration::from_secs(30);
        let typing = Duration::from_secs(5);
        for kind in [FrameKind::Thinking, FrameKind::Queued, FrameKind::Text] {
            assert!(kind.age(Medium::Draft) < draft);
        }
        assert!(FrameKind::Thinking.age(Medium::Message) < typing);
    }
}
